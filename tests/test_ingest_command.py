"""What `massilia ingest` prints and leaves behind, and the status that it ends with."""

import fcntl
import hashlib
import io
import json
import os
import pty
import re
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from massilia.index.change import Change, Outcome
from massilia.ingest.fetching import Fetcher
from massilia.service import web_jobs
from massilia.service.cli import cli, run_command_line
from massilia.service.ingested import Ingested
from massilia.service.printing import print_ingested
from tests.made_documents import encrypt_pdf, make_pdf, make_zip_bomb, write_line
from tests.web_server import WebServer, reply

PROGRAM = Path(sys.executable).with_name("massilia")
SECONDS = 120
STYLE = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Ended:
    """Hold what the command printed, and the status it ended with."""

    status: int
    output: str
    errors: str

    @property
    def lines(self) -> list[str]:
        return self.output.splitlines()


Ingest = Callable[..., Ended]


class Terminal(io.StringIO):
    """Take what is printed as a terminal would."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point everything of the user's into a temporary folder."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    monkeypatch.delenv("MASSILIA_LIBRARY", raising=False)
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Name the folder of a library that isn't there yet."""
    return tmp_path / "library"


@pytest.fixture
def ingest(
    home: Path, library: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Ingest:
    """Run `massilia ingest` with some words, in this process, and leave the index unbuilt."""

    def ingest(*words: object) -> Ended:
        said = ("massilia", "ingest", *words, "--no-build", "--library", library)
        monkeypatch.setattr(sys, "argv", [*map(str, said)])
        with pytest.raises(SystemExit) as ending:
            run_command_line(cli, "massilia")
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return Ended(int(ending.value.code or 0), printed.out, printed.err)

    return ingest


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    """Give a web server that is asked without the pause that is polite elsewhere."""
    monkeypatch.setattr(web_jobs, "Fetcher", partial(Fetcher, interval=0.0))
    with WebServer() as started:
        yield started


def say(name: object) -> str:
    return f"Ship {name} came into the old harbour with soap on board.\n"


def write(path: Path, content: str | bytes) -> Path:
    """Write a file as if a long time ago: one that was changed just now is always read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.utime(path, (1, 1))
    return path


def write_ships(folder: Path, *names: str) -> Path:
    for name in names:
        write(folder / f"{name}.txt", say(name))
    return folder


def hash_files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def list_children() -> set[int]:
    own = Path("/proc", str(os.getpid()), "task", str(os.getpid()), "children")
    return {int(child) for child in own.read_text().split()}


def list_articles(library: Path) -> list[str]:
    """List the articles, in a library that is whole."""
    with closing(sqlite3.connect(f"file:{library}/library.sqlite?mode=ro", uri=True)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert opened.execute("PRAGMA foreign_key_check").fetchall() == []
        return [str(row[0]) for row in opened.execute("SELECT id FROM articles ORDER BY id")]


# Statuses.


def test_the_status_is_0_when_nothing_was_refused(ingest: Ingest, tmp_path: Path) -> None:
    folder = write_ships(tmp_path / "texts", "one", "two")
    added = ingest(folder)
    assert (added.status, added.errors) == (0, "")
    assert added.lines == [
        "added      one",
        "added      two",
        "2 added, 0 changed, 0 unchanged, 0 refused",
    ]
    same = ingest(folder)
    assert (same.status, same.lines[-1]) == (0, "0 added, 0 changed, 2 unchanged, 0 refused")
    write(folder / "one.txt", say("three"))
    (folder / "two.txt").unlink()
    gone = ingest(folder)
    assert (gone.status, gone.lines) == (
        0,
        ["changed    one", "gone       two", "0 added, 1 changed, 0 unchanged, 1 gone, 0 refused"],
    )


def test_the_status_is_1_when_some_were_refused(ingest: Ingest, tmp_path: Path) -> None:
    folder = write_ships(tmp_path / "texts", "one")
    write(folder / "binary.txt", b"A\n\0\1")
    refusal = "refused    binary.txt, line 2: not a text file: it holds a NUL byte\n"
    for told in ("1 added, 0 changed, 0 unchanged", "0 added, 0 changed, 1 unchanged"):
        ended = ingest(folder)
        assert (ended.status, ended.errors) == (1, refusal)
        assert ended.lines[-1] == f"{told}, 1 refused"
    (folder / "one.txt").unlink()
    assert ingest(folder).status == 1


def test_the_status_is_2_when_all_were_refused(ingest: Ingest, tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{name}.txt", b"A\n\0\1") for name in "ab"]
    ended = ingest(*paths, tmp_path / "none.txt")
    assert ended.status == 2
    assert ended.output == "0 added, 0 changed, 0 unchanged, 3 refused\n"
    assert len(ended.errors.splitlines()) == 3


@pytest.mark.parametrize(
    ("name", "others"),
    [("photo.jpg", "; 1 of other kinds skipped"), (".hidden.txt", ""), (None, "")],
)
def test_the_status_is_2_when_there_was_nothing_to_do(
    ingest: Ingest, tmp_path: Path, name: str | None, others: str
) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    if name:
        write(folder / name, b"\xff\xd8\xff\xe0")
    ended = ingest(folder)
    assert (ended.status, ended.errors) == (2, "")
    assert ended.output == f"0 added, 0 changed, 0 unchanged, 0 refused{others}\n"


# What is done.


def test_a_dry_run_tells_what_would_be_done_and_touches_nothing(
    ingest: Ingest, library: Path, tmp_path: Path
) -> None:
    folder = write_ships(tmp_path / "texts", "one", "two", "three")
    dry = ingest(folder, "--dry-run")
    assert not library.exists()
    added = ingest(folder)
    assert (dry.status, dry.output) == (added.status, added.output)
    assert dry.lines[0] == "added      one"
    write(folder / "one.txt", "Ship one has left the harbour.")
    write(folder / "bad.txt", b"A\n\0\1")
    (folder / "two.txt").unlink()
    before = hash_files(library)
    dry = ingest(folder, "--dry-run", "--prune")
    assert hash_files(library) == before
    assert list_articles(library) == ["one", "three", "two"]
    done = ingest(folder, "--prune")
    assert dry == done
    assert done.status == 1
    assert done.lines[-1] == "0 added, 1 changed, 1 unchanged, 1 removed, 1 refused"
    assert list_articles(library) == ["one", "three"]


def test_a_dry_run_hides_no_fault_of_the_library(
    ingest: Ingest, library: Path, tmp_path: Path
) -> None:
    folder = write_ships(tmp_path / "texts", "one")
    ingest(folder)
    (library / "library.sqlite").write_text("not a database at all, but long enough to be read" * 9)
    before = hash_files(library)
    ended = ingest(folder, "--dry-run")
    assert (ended.status, ended.output) == (2, "")
    assert str(library) in ended.errors and "file is not a database" in ended.errors
    assert hash_files(library) == before


def test_what_is_gone_is_removed_only_when_asked(
    ingest: Ingest, library: Path, tmp_path: Path
) -> None:
    folder = write_ships(tmp_path / "texts", "one", "two")
    write(folder / "again.txt", say("two"))
    added = ingest(folder)
    assert added.lines == [
        "added      again",
        "added      one",
        "duplicate  again  (two.txt: the article 'again' has the same text)",
        "2 added, 0 changed, 0 unchanged, 1 duplicate, 0 refused",
    ]
    (folder / "one.txt").unlink()
    for _ in range(2):
        gone = ingest(folder)
        assert (gone.status, gone.lines[-2:]) == (
            0,
            ["gone       one", "0 added, 0 changed, 1 unchanged, 1 duplicate, 1 gone, 0 refused"],
        )
    assert list_articles(library) == ["again", "one"]
    removed = ingest(folder, "--prune")
    assert (removed.status, removed.lines[-2:]) == (
        0,
        ["removed    one", "0 added, 0 changed, 1 unchanged, 1 duplicate, 1 removed, 0 refused"],
    )
    assert list_articles(library) == ["again"]
    again = ingest(folder, "--prune").lines
    assert again[-1] == "0 added, 0 changed, 1 unchanged, 1 duplicate, 0 refused"


def test_folders_and_patterns_are_read_and_what_matches_nothing_is_refused(
    ingest: Ingest, library: Path, tmp_path: Path
) -> None:
    folder = write_ships(tmp_path / "texts", "one", "two")
    write_ships(folder / "sub", "three")
    ended = ingest(f"{folder}/**/t*.txt")
    assert (ended.status, ended.lines[:-1]) == (0, ["added      three", "added      two"])
    ended = ingest(f"{folder}/*.pdf")
    assert (ended.status, ended.errors) == (
        2,
        f"refused    {folder}/*.pdf: no file matches this\n",
    )
    ended = ingest(folder)
    assert (ended.status, ended.lines[-1]) == (0, "1 added, 0 changed, 2 unchanged, 0 refused")
    assert list_articles(library) == ["one", "three", "two"]


@pytest.mark.parametrize("scheme", ["ftp", "file", "gopher"])
def test_other_schemes_are_refused_and_the_rest_is_read(
    ingest: Ingest, library: Path, tmp_path: Path, scheme: str
) -> None:
    folder = write_ships(tmp_path / "texts", "one")
    named = f"{scheme}://{folder / 'one.txt'}"
    refusal = f"refused    {named}: only http and https addresses are read\n"
    alone = ingest(named)
    assert (alone.status, alone.errors) == (2, refusal)
    assert list_articles(library) == []
    beside = ingest(named, folder)
    assert (beside.status, beside.errors) == (1, refusal)
    assert list_articles(library) == ["one"]


def test_documents_on_standard_input_are_read_one_after_the_other(
    ingest: Ingest, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def feed(content: str) -> Ended:
        with write(tmp_path / "input", content).open() as file:
            monkeypatch.setattr(sys, "stdin", file)
            return ingest("-")

    for name, text in {"quay": "The quay is long.", "ferry": "The ferry is slow."}.items():
        ended = feed(f"# The {name}\n\n{text}")
        assert (ended.status, ended.lines[0]) == (0, f"added      the-{name}")
    again = feed("# The quay\n\nThe quay is long.")
    assert (again.status, again.lines[0]) == (0, "unchanged  the-quay")
    assert list_articles(library) == ["the-ferry", "the-quay"]
    empty = feed("")
    assert empty.status == 2
    assert empty.errors.startswith("refused    standard input: ")


def test_of_a_folder_of_good_and_bad_files_each_bad_one_is_refused_by_name_and_reason(
    ingest: Ingest, library: Path, tmp_path: Path
) -> None:
    folder = write_ships(tmp_path / "press", "one", "two")
    page = make_pdf(write_line(say("three").strip()))
    write(folder / "three.pdf", page)
    write(folder / "four.html", f"<!doctype html><title>Four</title><p>{say(4)}</p>")
    bad = {
        "[red]x.txt": (b"A\n\0\1", "not a text file: it holds a NUL byte"),
        "bomb.docx": (make_zip_bomb(gigabytes=1), "unpacks to"),
        "cut.pdf": (page[:200], "damaged"),
        "empty.txt": (b"", "empty"),
        "locked.pdf": (encrypt_pdf(write_line(say(5)), "secret"), "password"),
    }
    for name, (content, _) in bad.items():
        write(folder / name, content)
    ended = ingest(folder)
    assert ended.status == 1
    assert ended.lines[-1] == "4 added, 0 changed, 0 unchanged, 5 refused"
    refused = sorted(ended.errors.splitlines())
    for line, (name, (_, reason)) in zip(refused, sorted(bad.items()), strict=True):
        assert line.startswith(f"refused    {name}"), line
        assert reason in line
    assert list_articles(library) == ["four", "one", "three", "two"]


def test_json_tells_what_was_found_and_how_and_what_was_left_out(
    ingest: Ingest, tmp_path: Path
) -> None:
    page = (
        "<!doctype html><html lang='en'><title>The quay</title>"
        '<meta property="article:published_time" content="2022-04-01T12:24:00+02:00">'
        "<nav><a href='/'>Home</a><a href='/eco'>Economy</a></nav><article><h1>The quay</h1>"
        "<p>The quay is long and made of stone.</p><p>Ships are welcome at it.</p></article>"
    )
    folder = tmp_path / "press"
    write(folder / "quay.html", page)
    write(folder / "photo.jpg", b"\xff\xd8\xff\xe0")
    none = tmp_path / "none.html"
    ended = ingest(folder, none, "--json")
    assert (ended.status, ended.errors) == (1, "")
    told = json.loads(ended.output)
    assert told.keys() == {"documents", "skipped"}
    assert told["skipped"] == 1
    refused, added = told["documents"]
    assert refused == {
        "id": None,
        "location": str(none),
        "outcome": "refused",
        "reason": f"{none}: there is no such file or folder",
    }
    found, dropped = added.pop("found"), added.pop("dropped")
    assert added == {
        "id": "quay",
        "location": str(folder / "quay.html"),
        "outcome": "added",
        "reason": None,
        "title": "The quay",
        "language": "en",
        "publisher": None,
        "authors": [],
        "date_published": "2022-04-01",
        "date_modified": None,
        "url": None,
        "characters": 61,
    }
    assert set(found) == {"title", "language", "date_published"}
    assert found["date_published"] == {"how": "meta article:published_time", "certainty": "stated"}
    assert "Home Economy" in {each["line"] for each in dropped}
    assert all(each["reason"] for each in dropped)


def test_a_feed_that_is_a_bomb_is_refused_and_the_rest_is_read(
    ingest: Ingest, library: Path, server: WebServer, tmp_path: Path
) -> None:
    """Its namespace of 100,000 characters is written anew for each of 800 elements."""
    item = f"<item><description>{'<x:a/>' * 40}</description></item>"
    bomb = f'<rss xmlns:x="{"u" * 100_000}"><channel>{item * 20}</channel></rss>'
    server.answers["/feed"] = reply(bomb.encode())
    server.answers["/good"] = reply(
        "<rss><channel><item><title>Four</title><guid>4</guid>"
        f"<description>{say(4)}</description></item></channel></rss>".encode()
    )
    folder = write_ships(tmp_path / "texts", "one")
    urls = [server.url(target) for target in ("/feed", "/good")]
    before = list_children()
    ended = ingest(*urls, folder, "--allow-loopback")
    assert list_children() == before
    reason = "gives 80 MB, more than the limit of 50 MB"
    assert (ended.status, ended.errors) == (1, f"refused    {urls[0]}: {reason}\n")
    assert list_articles(library) == ["four", "one"]


# Where it is printed.


def test_a_documents_line_is_one_line_whatever_it_is_called(ingest: Ingest, tmp_path: Path) -> None:
    name = "a\nadded      forged\x1b[2J.txt"
    folder = tmp_path / "texts"
    good, bad = write(folder / "good" / name, say(1)), write(folder / name, b"A\n\0\1")
    ended = ingest(folder)
    good.unlink()
    # Of what was refused there is no article to name.
    bad.unlink()
    gone = ingest(folder, tmp_path / "none\n")
    assert [ended.status, gone.status] == [1, 1]
    assert sum(line.startswith("gone ") for line in gone.lines) == 2
    for line in f"{ended.output}{ended.errors}{gone.output}{gone.errors}".splitlines():
        assert not line.startswith("added      forged")
        assert line.isprintable()


REFUSED = {
    "/press/[red]x.txt": ("[red]x.txt, line 2: not [b]text[/b]", "line 2: not [b]text[/b]"),
    "/press/[/]:smile:.txt": ("]:smile:.txt: empty", "empty"),
    "/press/a#b.jsonl#7": ("a#b.jsonl, line 7: no text", "a#b.jsonl, line 7: no text"),
    "/press/b.jsonl#7": ("b.jsonl, line 7: no text", "line 7: no text"),
    "/press/c\nadded \x1b[2J\t\u202etxt": ("c\ufffdadded \ufffd[2J\ufffd\u202etxt: bad", "bad"),
    "-0123456789abcdef": ("standard input: empty", "empty"),
    "https://port.example/a?b=[1]": ("https://port.example/a?b=[1]: 404", "404"),
    "ftp://port.example/a": ("ftp://port.example/a: not read", "not read"),
    f"/press/{'0123456789' * 20}.pdf": (f"{'0123456789' * 20}.pdf: {'scanned ' * 30}", None),
    "/press/漢字.txt": ("漢字.txt: 漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字", None),
}


def print_on_terminal(monkeypatch: pytest.MonkeyPatch, ingested: Ingested, columns: int) -> str:
    output = Terminal()
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys, "stdout", output)
    monkeypatch.setattr(sys, "stderr", Terminal())
    print_ingested(ingested, as_json=False)
    assert sys.stderr.getvalue() == ""  # type: ignore[attr-defined]
    return STYLE.sub("", output.getvalue())


def read_tables(drawn: str) -> list[list[tuple[str, str]]]:
    """Read the cells of two columns, the lines that they take put together without spaces."""
    tables: list[list[tuple[str, str]]] = []
    for line in drawn.splitlines():
        if line.startswith("╭"):
            tables.append([("", "")])
        elif line.startswith("├"):
            tables[-1].append(("", ""))
        elif line.startswith("│"):
            left, right = (cell.replace(" ", "") for cell in line[1:-1].split("│"))
            before = tables[-1].pop()
            tables[-1].append((before[0] + left, before[1] + right))
    return tables


@pytest.mark.parametrize("columns", [200, 80, 40, 24, 10, 1])
def test_on_a_terminal_the_tables_lose_nothing_and_obey_nothing(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    changes = [Change("", place, Outcome.REFUSED, reason) for place, (reason, _) in REFUSED.items()]
    drawn = print_on_terminal(monkeypatch, Ingested(changes, [], 1), columns)
    for line in drawn.splitlines():
        assert line.isprintable()
        # A wide character takes two columns; what is narrower still is no width for a table.
        assert len(line) + len(re.findall("[漢字]", line)) <= max(columns, 24)
    _, refused = read_tables(drawn)
    expected = [("refused", "why")]
    for place, (reason, shown) in REFUSED.items():
        name = re.sub("[\x1b\u202e]", "\ufffd", re.sub(r"\s", "", place))
        name = "standardinput" if place.startswith("-") else name
        why = shown if shown is not None else reason.partition(": ")[2]
        expected.append((name, why.replace(" ", "")))
    assert refused == expected


def test_on_a_terminal_it_ends_with_the_counts_and_then_the_refusals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changes = [Change(str(each), str(each), Outcome.ADDED) for each in range(1_200)]
    changes += [Change("a", "/a", Outcome.DUPLICATE, "a: the same")]
    drawn = print_on_terminal(monkeypatch, Ingested(changes, [], 3), 80)
    lines = drawn.splitlines()
    assert lines[:2] == ["added      0", "added      1"]
    assert lines[1_200] == "duplicate  a  (a: the same)"
    assert lines[1_201:] == [
        "╭─────────────────────────┬───────────╮",
        "│ outcome                 │ documents │",
        "├─────────────────────────┼───────────┤",
        "│ added                   │     1,200 │",
        "│ changed                 │         0 │",
        "│ unchanged               │         0 │",
        "│ duplicate               │         1 │",
        "│ refused                 │         0 │",
        "│ skipped, of other kinds │         3 │",
        "╰─────────────────────────┴───────────╯",
    ]
    every = [Change(each, f"/{each}", each, "why") for each in Outcome]
    counted, refused = read_tables(print_on_terminal(monkeypatch, Ingested(every), 80))
    assert counted == [
        ("outcome", "documents"),
        # They lie between the same two lines.
        ("".join(Outcome), "1" * len(Outcome)),
    ]
    assert refused == [("refused", "why"), ("/refused", "why")]


def test_refusals_go_to_a_file_of_errors_though_the_table_has_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output, errors = Terminal(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    monkeypatch.setattr(sys, "stderr", errors)
    print_ingested(Ingested([Change("", "/a", Outcome.REFUSED, "a: bad")]), as_json=False)
    assert errors.getvalue() == "refused    a: bad\n"
    assert "│ /a " in output.getvalue()
    printed = Terminal()
    monkeypatch.setattr(sys, "stdout", printed)
    print_ingested(Ingested([Change("", "/a", Outcome.REFUSED, "a: bad")]), as_json=True)
    assert json.loads(printed.getvalue())["documents"][0]["reason"] == "a: bad"


def test_a_real_terminal_is_drawn_to_in_its_width(
    home: Path, library: Path, tmp_path: Path
) -> None:
    folder = write_ships(tmp_path / "texts", "one")
    bad = write(folder / "[red]bad.txt", b"A\n\0\1")
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 50, 0, 0))
    unset = {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"}
    with subprocess.Popen(
        [PROGRAM, "ingest", folder, "--no-build", "--library", library],
        stdin=subprocess.DEVNULL,
        stdout=end,
        stderr=end,
        env={name: value for name, value in os.environ.items() if name not in unset}
        | {"TERM": "xterm", "PYTHONIOENCODING": "utf-8"},
    ) as process:
        os.close(end)
        printed = b""
        # Its end is told by an error.
        with suppress(OSError):
            while piece := os.read(terminal, 65_536):
                printed += piece
        os.close(terminal)
        assert process.wait(SECONDS) == 1
    drawn = STYLE.sub("", printed.decode())
    counted, refused = read_tables(drawn)
    assert counted[1] == ("addedchangedunchangedrefused", "1001")
    assert refused[1:] == [(str(bad), "line2:notatextfile:itholdsaNULbyte")]
    lines = [line for line in drawn.splitlines() if line.startswith("│")]
    assert {len(line) for line in lines[-4:]} == {50}
    assert "refused    [red]bad.txt" not in drawn


# Interrupts.


def interrupt(server: WebServer, folder: Path, *words: object) -> Ended:
    """Ingest a folder, press Ctrl-C while a server lets the program wait, and see how it ends.

    By then more files were read than are put into the library at a time.
    """
    server.answers["/slow"] = lambda _: server.pause(SECONDS)
    named = (folder, server.url("/slow"), "--allow-loopback", "--workers", 1)
    with subprocess.Popen(
        [PROGRAM, "ingest", *map(str, (*named, *words))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Where the tests themselves run in the background, interrupts are ignored, and a child
        # would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        end = time.monotonic() + SECONDS
        while "/slow" not in server.targets and time.monotonic() < end:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=SECONDS)
        return Ended(process.returncode, output, errors)


def test_an_interrupted_ingest_says_so_keeps_what_was_put_and_goes_on_later(
    ingest: Ingest, library: Path, server: WebServer, tmp_path: Path
) -> None:
    folder = write_ships(tmp_path / "texts", *(f"ship-{number:02}" for number in range(80)))
    ended = interrupt(server, folder, "--no-build", "--library", library)
    assert ended.status == 130
    assert ended.output == ""
    *progress, last = ended.errors.splitlines()
    assert last == "Stopped."
    assert all(line.startswith("Reading: ") for line in progress)
    kept = list_articles(library)
    assert 0 < len(kept) < 80
    again = ingest(folder)
    assert again.lines[-1] == f"{80 - len(kept)} added, 0 changed, {len(kept)} unchanged, 0 refused"
    assert len(list_articles(library)) == 80


def test_an_interrupted_dry_run_changes_nothing(
    ingest: Ingest, library: Path, server: WebServer, tmp_path: Path
) -> None:
    folder = write_ships(tmp_path / "texts", "one")
    ingest(folder)
    write_ships(folder, *(f"ship-{number:02}" for number in range(80)))
    before = hash_files(library)
    ended = interrupt(server, folder, "--dry-run", "--library", library)
    assert (ended.status, ended.output) == (130, "")
    assert ended.errors.endswith("Stopped.\n")
    assert hash_files(library) == before
