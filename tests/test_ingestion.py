"""What becomes of files and pages that are ingested, by what is known of them already."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from massilia.index.change import Outcome
from massilia.index.encoder import Advance
from massilia.index.errors import LibraryError
from massilia.index.library import Library
from massilia.ingest.extraction import DocumentKind
from massilia.ingest.fetching import Fetcher
from massilia.service import ingestion, web_jobs
from massilia.service.ingested import Ingested
from massilia.service.ingestion import BATCH, FEW, IngestOptions, ingest_inputs
from tests.bench.kill import dump_library, kill_ingests
from tests.bench.press_files import write_files
from tests.made_documents import (
    encrypt_pdf,
    make_docx,
    make_pdf,
    make_zip_bomb,
    write_document,
    write_line,
    write_lines,
    write_paragraph,
)
from tests.web_server import WebServer, redirect, reply

TODAY = date(2026, 11, 28)
PROGRAM = Path(sys.executable).with_name("massilia")
SECONDS = 120
Told = list[tuple[Outcome, str]]
Ingest = Callable[..., Ingested]


@pytest.fixture
def ingest(library: Library, monkeypatch: pytest.MonkeyPatch) -> Ingest:
    """Ingest inputs into an empty library, in a real child process, and watch the progress."""
    monkeypatch.setattr(ingestion, "FEW", 0)

    def ingest(*inputs: object, **options: object) -> Ingested:
        chosen = IngestOptions(TODAY, **{"workers": 1, "keep_documents": True, **options})  # type: ignore[arg-type]
        return ingest_inputs(library, [str(each) for each in inputs], chosen, show)

    return ingest


def test_what_was_read_is_kept_only_where_it_is_asked_for(ingest: Ingest, tmp_path: Path) -> None:
    path = write(tmp_path / "ship.txt", "The ship is old.")
    assert ingest(path, keep_documents=False).documents == []
    write(path, "The ship is new.", seconds_ago=5)
    assert len(ingest(path).documents) == 1


@contextmanager
def show(label: str, total: int) -> Iterator[Advance]:
    """See that no more is shown to be done than there is."""
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        assert done <= total, f"{label}: {done} of {total}"

    yield advance
    assert done == total


def tell(ingested: Ingested) -> Told:
    """Give what became of each document, by the last part of its location."""
    return [(each.outcome, each.location.rpartition("/")[2]) for each in ingested.changes]


def count(ingested: Ingested) -> dict[Outcome, int]:
    return dict(Counter(each.outcome for each in ingested.changes))


def write(path: Path, text: str | bytes, seconds_ago: float = 10.0) -> Path:
    """Write a file as if some time ago: one that was changed just now is always read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    then = time.time() - seconds_ago
    os.utime(path, (then, then))
    return path


def say(number: int) -> str:
    return (
        f"Ship {number} came into the old harbour with {number} crates of soap on board.\n\n"
        f"It left for Tunis {number} days later, loaded with {number + 1} tonnes of salt.\n"
    )


def replace_unseen(path: Path, text: str) -> None:
    """Change the bytes of a file, and nothing else that can be seen of it from outside."""
    status = path.stat()
    assert len(text.encode()) == status.st_size
    with path.open("r+b") as file:
        file.write(text.encode())
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_ino == status.st_ino


def read_text(library: Library, article_id: str) -> str:
    article = library.store.article(article_id)
    assert article is not None
    return article.text


def test_kinds_are_told_by_content_in_one_folder(
    ingest: Ingest, library: Library, tmp_path: Path
) -> None:
    folder = tmp_path / "press"
    paragraphs = {number: say(number).strip().split("\n\n") for number in range(9)}
    page = "".join(f"<p>{each}</p>" for each in paragraphs[1])
    body = "".join(map(write_paragraph, paragraphs[3]))
    head = "---\nid: own-id\nlanguage: en\ntitle: The ship\n---\n"
    write(folder / "a.txt", say(0))
    write(folder / "b.pdf", f"<!doctype html><title>Ship one</title><h1>Ship one</h1>{page}")
    write(folder / "c.html", f"# Ship two\n\n{say(2)}**Bold** [link](https://example.org/).")
    write(folder / "sub" / "d", make_docx(write_document(body)))
    write(folder / "sub" / "e.bin", make_pdf(write_lines(paragraphs[4])))
    write(folder / "f.md", f"{head}{say(5)}")
    write(folder / "g.json", '{"_id": "one", "text": "Six."}\n{"_id": "two", "text": "Seven."}\n')
    others = {"h.jpg": b"\xff\xd8\xff\xe0", "i.css": b"p { color: red }", "j.json": b'{"a": 1}'}
    for name, data in others.items():
        write(folder / name, data)
    ingested = ingest(folder, workers=2)
    assert tell(ingested) == [
        (Outcome.ADDED, name)
        for name in ("a.txt", "b.pdf", "c.html", "f.md", "g.json#one", "g.json#two", "d", "e.bin")
    ]
    assert ingested.passed == 3
    assert [document.article.id for document in ingested.documents] == [
        *("a", "b", "c", "own-id", "one", "two", "d", "e")
    ]
    kinds = {}
    for document in ingested.documents:
        original = library.store.original(document.article.id)
        assert original is not None
        kinds[document.article.id] = original.kind
    assert kinds == {
        "a": DocumentKind.TEXT,
        "b": DocumentKind.HTML,
        "c": DocumentKind.MARKDOWN,
        "own-id": DocumentKind.MARKDOWN,
        "one": DocumentKind.JSONL,
        "two": DocumentKind.JSONL,
        "d": DocumentKind.DOCX,
        "e": DocumentKind.PDF,
    }
    again = ingest(folder)
    assert count(again) == {Outcome.UNCHANGED: 8}
    assert again.documents == []
    # What is passed over in a folder is refused when it is named.
    named = ingest(*(folder / name for name in others if name != "i.css"))
    assert [change.reason for change in named.changes] == [
        "h.jpg: it is a JPEG image",
        "j.json: JSON, but not JSON lines with an article in each",
    ]


def test_a_file_with_its_stamp_is_not_opened(
    ingest: Ingest, library: Library, tmp_path: Path
) -> None:
    path = write(tmp_path / "ship.txt", say(1))
    ingest(path)
    replace_unseen(path, say(2))
    assert tell(ingest(path)) == [(Outcome.UNCHANGED, "ship.txt")]
    assert "Ship 1" in read_text(library, "ship")
    # It would be refused if it were opened.
    os.utime(path, (1, 1))
    assert tell(ingest(path)) == [(Outcome.CHANGED, "ship.txt")]
    assert "Ship 2" in read_text(library, "ship")


def test_a_file_that_was_touched_is_read_once_more(
    ingest: Ingest, library: Library, tmp_path: Path
) -> None:
    path = write(tmp_path / "ship.txt", say(1))
    ingest(path)
    before = library.store.known_places()[str(path)]
    write(path, say(1), seconds_ago=5)
    ingested = ingest(path)
    assert tell(ingested) == [(Outcome.UNCHANGED, "ship.txt")]
    assert ingested.documents == []
    after = library.store.known_places()[str(path)]
    assert (after.sha256, after.articles) == (before.sha256, before.articles)
    assert after.stamp is not None and after.stamp != before.stamp


def test_a_file_changed_just_before_it_was_read_is_not_trusted(
    ingest: Ingest, library: Library, tmp_path: Path
) -> None:
    # Of the moment at which it is read, whenever that is.
    path = write(tmp_path / "ship.txt", say(1), seconds_ago=-SECONDS)
    ingest(path)
    assert library.store.known_places()[str(path)].stamp is None
    replace_unseen(path, say(2))
    assert tell(ingest(path)) == [(Outcome.CHANGED, "ship.txt")]


def test_files_that_are_gone_are_told_and_removed_only_if_asked(
    ingest: Ingest, library: Library, tmp_path: Path
) -> None:
    folder = tmp_path / "press"
    for name in ("a.txt", "b.txt", "sub/c.jsonl", "d.pdf"):
        write(folder / name, say(ord(name[0])))
    lines = [f'{{"_id": "line-{number}", "text": "Ship {number}."}}' for number in range(2)]
    write(folder / "sub" / "c.jsonl", "\n".join(lines))
    write(folder / "d.pdf", b"%PDF-1.7 damaged")
    elsewhere = write(tmp_path / "press-2" / "e.txt", say(5))
    assert count(ingest(folder, elsewhere)) == {Outcome.ADDED: 5, Outcome.REFUSED: 1}
    for path in (folder / "a.txt", folder / "d.pdf", elsewhere):
        path.unlink()
    shutil.rmtree(folder / "sub")
    gone = [
        (Outcome.UNCHANGED, "b.txt"),
        (Outcome.GONE, "a.txt"),
        (Outcome.GONE, "d.pdf"),
        (Outcome.GONE, "c.jsonl"),
        (Outcome.GONE, "c.jsonl"),
    ]
    for _ in range(2):
        assert tell(ingest(folder)) == gone
    assert library.store.count_articles() == 5
    # No folder was named: nothing is known to be gone.
    assert tell(ingest(folder / "b.txt", prune=True)) == [(Outcome.UNCHANGED, "b.txt")]
    pruned = ingest(folder, prune=True)
    assert tell(pruned) == [
        (Outcome.UNCHANGED, "b.txt"),
        (Outcome.REMOVED, "a.txt"),
        (Outcome.REMOVED, "d.pdf"),
        (Outcome.REMOVED, "c.jsonl#line-0"),
        (Outcome.REMOVED, "c.jsonl#line-1"),
    ]
    assert set(library.store.locations()) == {"b", "e"}
    assert tell(ingest(folder, prune=True)) == [(Outcome.UNCHANGED, "b.txt")]


def test_a_file_that_was_moved_takes_its_article_along(
    ingest: Ingest, library: Library, tmp_path: Path
) -> None:
    folder = tmp_path / "press"
    path = write(folder / "ship.txt", say(1))
    ingest(folder)
    path.rename(folder / "vessel.txt")
    assert tell(ingest(folder)) == [(Outcome.ADDED, "vessel.txt")]
    assert set(library.store.locations()) == {"vessel"}
    assert tell(ingest(folder)) == [(Outcome.UNCHANGED, "vessel.txt")]


def test_the_same_text_in_other_formats_and_folders_is_one_article(
    ingest: Ingest, library: Library, tmp_path: Path
) -> None:
    folder = tmp_path / "press"
    text = say(1).strip()
    paragraphs = text.split("\n\n")
    page = "".join(f"<p>{each}</p>" for each in paragraphs)
    write(folder / "a" / "ship.txt", text)
    write(folder / "b" / "ship.html", f"<!doctype html><title>A ship</title>{page}")
    body = "".join(map(write_paragraph, paragraphs))
    write(folder / "c" / "other.docx", make_docx(write_document(body)))
    told = [
        (Outcome.ADDED, "ship.txt"),
        (Outcome.DUPLICATE, "ship.html"),
        (Outcome.DUPLICATE, "other.docx"),
    ]
    ingested = ingest(folder)
    assert tell(ingested) == told
    assert [change.article_id for change in ingested.changes] == ["ship"] * 3
    assert ingested.changes[1].reason == "ship.html: the article 'ship' has the same text"
    assert [copy.origin for copy in library.store.copies(["ship"])["ship"]] == [
        "ship.html",
        "other.docx",
    ]
    assert tell(ingest(folder)) == [(Outcome.UNCHANGED, "ship.txt"), *told[1:]]
    # Another folder is no reason to read it again.
    assert tell(ingest(folder / "c")) == told[2:]


def test_a_copy_becomes_an_article_once_its_original_says_something_else(
    ingest: Ingest, library: Library, tmp_path: Path
) -> None:
    """Whether it was left alone, read before in the same run, or isn't among the inputs."""
    original = write(tmp_path / "press" / "m.txt", say(1))
    ingest(original)
    left_alone = write(tmp_path / "press" / "n.txt", say(1))
    outside = write(tmp_path / "elsewhere" / "o.txt", say(1))
    assert count(ingest(left_alone, outside)) == {Outcome.DUPLICATE: 2}
    write(original, say(2), seconds_ago=5)
    write(tmp_path / "press" / "a.txt", say(1))
    assert tell(ingest(tmp_path / "press")) == [
        (Outcome.CHANGED, "m.txt"),
        (Outcome.ADDED, "o.txt"),
        (Outcome.DUPLICATE, "a.txt"),
        (Outcome.DUPLICATE, "n.txt"),
    ]
    assert "Ship 2" in read_text(library, "m")
    assert "Ship 1" in read_text(library, "o")
    assert len(library.store.copies(["o"])["o"]) == 2


def test_a_line_becomes_an_article_once_what_it_was_a_copy_of_says_something_else(
    ingest: Ingest, library: Library, tmp_path: Path
) -> None:
    path = write(tmp_path / "z.txt", "The ship is old.")
    ingest(path)
    lines = [f'{{"_id": "{name}", "text": "The {name} is old."}}' for name in ("ship", "ferry")]
    write(tmp_path / "a.jsonl", "\n".join(lines))
    write(path, "The ship is new.", seconds_ago=5)
    assert sorted(tell(ingest(tmp_path))) == [
        (Outcome.ADDED, "a.jsonl#ferry"),
        (Outcome.ADDED, "a.jsonl#ship"),
        (Outcome.CHANGED, "z.txt"),
    ]


def test_a_copy_becomes_an_article_once_its_original_is_pruned(
    ingest: Ingest, library: Library, tmp_path: Path
) -> None:
    folder = tmp_path / "press"
    original = write(folder / "a.txt", say(1))
    write(folder / "b.txt", say(1))
    ingest(folder)
    original.unlink()
    assert tell(ingest(folder)) == [(Outcome.DUPLICATE, "b.txt"), (Outcome.GONE, "a.txt")]
    assert tell(ingest(folder, prune=True)) == [
        (Outcome.ADDED, "b.txt"),
        (Outcome.REMOVED, "a.txt"),
    ]
    assert set(library.store.locations()) == {"b"}
    assert tell(ingest(folder)) == [(Outcome.UNCHANGED, "b.txt")]


def test_a_line_that_was_a_copy_is_an_article_once_the_other_line_changes(
    ingest: Ingest, library: Library, tmp_path: Path
) -> None:
    first, second = (f'{{"_id": "{name}", "text": "The ship."}}' for name in ("first", "second"))
    path = write(tmp_path / "lines.jsonl", f"{first}\n{second}")
    assert count(ingest(path)) == {Outcome.ADDED: 1, Outcome.DUPLICATE: 1}
    # It is read before the article that it was a copy of.
    write(path, f"{second}\n{first.replace('ship', 'ferry')}", seconds_ago=5)
    assert tell(ingest(path)) == [
        (Outcome.ADDED, "lines.jsonl#second"),
        (Outcome.CHANGED, "lines.jsonl#first"),
    ]
    assert read_text(library, "second") == "The ship."
    assert read_text(library, "first") == "The ferry."


def test_an_article_file_is_read_again_when_its_sources_change(
    ingest: Ingest, library: Library, tmp_path: Path
) -> None:
    folder = tmp_path / "press"
    catalogue = write(folder / "sources.json", '[{"id": "insee", "title": "Insee"}]')
    head = "---\nid: port\nlanguage: en\ntitle: The port\nsources: [insee]\n---\n"
    write(folder / "en" / "port.md", f"{head}The port is old.[^insee]")
    write(folder / "en" / "ship.txt", say(1))
    # Markdown by its front matter, whatever its name.
    other = head.replace("id: port", "id: quay")
    write(folder / "en" / "quay.text", f"{other}The quay is old.[^insee]")
    assert count(ingest(folder)) == {Outcome.ADDED: 3}
    assert count(ingest(folder)) == {Outcome.UNCHANGED: 3}
    write(catalogue, '[{"id": "insee", "title": "Institute"}]', seconds_ago=5)
    ingested = ingest(folder)
    assert sorted(tell(ingested)) == [
        (Outcome.CHANGED, "port.md"),
        (Outcome.CHANGED, "quay.text"),
        (Outcome.UNCHANGED, "ship.txt"),
    ]
    article = library.store.article("port")
    assert article is not None and article.sources[0].title == "Institute"
    catalogue.unlink()
    refused = ingest(folder)
    assert count(refused) == {Outcome.REFUSED: 2, Outcome.UNCHANGED: 1}
    assert library.store.count_articles() == 3


def test_files_of_one_name_in_several_folders_are_articles_of_their_own(
    ingest: Ingest, library: Library, tmp_path: Path
) -> None:
    folder = tmp_path / "press"
    paths = [write(folder / name / "index.html", say(place)) for place, name in enumerate("abc")]
    assert count(ingest(folder)) == {Outcome.ADDED: 3}
    before = library.store.locations()
    assert len(before) == 3 and "index" in before
    assert set(before.values()) == set(map(str, paths))
    # The id stays with the file, whatever becomes of the others.
    paths[0].unlink()
    write(paths[1], say(7), seconds_ago=5)
    assert tell(ingest(folder, prune=True)) == [
        (Outcome.CHANGED, "index.html"),
        (Outcome.UNCHANGED, "index.html"),
        (Outcome.REMOVED, "index.html"),
    ]
    del before["index"]
    assert library.store.locations() == before


def test_what_an_unreadable_version_of_a_file_replaces_stays_with_its_original(
    ingest: Ingest, library: Library, tmp_path: Path
) -> None:
    path = write(tmp_path / "ship.txt", say(1))
    ingest(path)
    write(path, b"Ship\0", seconds_ago=5)
    assert tell(ingest(path)) == [(Outcome.REFUSED, "ship.txt")]
    original = library.store.original("ship")
    assert original is not None and original.data == say(1).encode()
    assert original.runs
    write(path, say(2), seconds_ago=4)
    assert tell(ingest(path)) == [(Outcome.CHANGED, "ship.txt")]
    original = library.store.original("ship")
    assert original is not None and original.data == say(2).encode()


def test_the_places_of_a_text_follow_what_changes_around_it(
    ingest: Ingest, library: Library, tmp_path: Path
) -> None:
    page = "<!doctype html><title>A ship</title>{}<p>" + say(1).replace("\n\n", "<p>")
    path = write(tmp_path / "ship.html", page.format(""))
    ingest(path)
    for menu in ("", "<nav><a href='/'>Home</a></nav>"):
        data = page.format(menu)
        write(path, data, seconds_ago=5)
        assert tell(ingest(path)) == [(Outcome.UNCHANGED, "ship.html")]
        original = library.store.original("ship")
        assert original is not None and original.data == data.encode()
        run = original.runs[0]
        assert data[run.original_start : run.original_end].startswith("Ship 1 came")


def test_a_library_of_the_version_before_knows_its_files_once_they_are_read(
    ingest: Ingest, library: Library, tmp_path: Path
) -> None:
    head = "---\nid: ship\nlanguage: en\ntitle: The ship\n---\n"
    path = write(tmp_path / "ship.md", f"{head}{say(1)}")
    ingest(path)
    with closing(sqlite3.connect(library.store.path)) as connection:
        connection.execute("UPDATE articles SET place = NULL, runs = '[]'")
        connection.execute("DELETE FROM documents")
        connection.commit()
    for _ in range(2):
        assert tell(ingest(path)) == [(Outcome.UNCHANGED, "ship.md")]
    original = library.store.original("ship")
    assert original is not None and original.runs


def test_names_that_play_tricks_are_names(ingest: Ingest, library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "press"
    names = ["a\nadded b.txt", "a#b.txt", "a?b.txt", "a%20b.txt", "-rf.txt", "--help.txt"]
    names += [
        "[ab].txt",
        "*.txt",
        "é" * 125 + ".html",
        "e\u0301.txt",
        "é.txt",
        "~.txt",
        "' OR 1.txt",
    ]
    names += ["<script>.txt", "%s.txt", "{0}.txt", "a\\b.txt", "con.txt", "a.txt.txt", " .txt"]
    for number, name in enumerate(names):
        write(folder / name, say(number))
    assert max(len(os.fsencode(name)) for name in names) == 255
    (folder / "again").symlink_to(folder)
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    (folder / "none.txt").symlink_to(folder / "nowhere.txt")
    with open(os.fsencode(folder) + b"/caf\xe9.txt", "wb") as file:
        file.write(say(99).encode())
    ingested = ingest(folder)
    assert count(ingested) == {Outcome.ADDED: len(names), Outcome.REFUSED: 3}
    assert set(library.store.locations().values()) == {str(folder / name) for name in names}
    refused = [str(each.reason) for each in ingested.changes if each.outcome is Outcome.REFUSED]
    shown = ascii(str(folder))[:-1]
    assert sorted(refused) == [
        f"{shown}/caf\\udce9.txt': the file's name is not valid UTF-8",
        "loop.txt: cannot be read: Too many levels of symbolic links",
        "nowhere.txt: cannot be read: No such file or directory",
    ]
    # All of it can be printed, stored and found again.
    for change in ingested.changes:
        assert f"{change.location}{change.reason}".encode()
    assert count(ingest(folder)) == {Outcome.UNCHANGED: len(names), Outcome.REFUSED: 3}


def test_pipes_and_sockets_are_not_waited_for(
    ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "press"
    write(folder / "z.txt", say(1))
    for name in ("pipe", "pipe.txt"):
        os.mkfifo(folder / name)
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.txt")
        server.listen()
        ingested = ingest(folder)
    assert tell(ingested) == [
        (Outcome.REFUSED, "pipe.txt"),
        (Outcome.REFUSED, "socket.txt"),
        (Outcome.ADDED, "z.txt"),
    ]
    assert ingested.passed == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_refused(ingest: Ingest, tmp_path: Path) -> None:
    path = write(tmp_path / "ship.txt", say(1))
    path.chmod(0)
    (change,) = ingest(path).changes
    assert change.reason == "ship.txt: cannot be read: Permission denied"


def test_bad_documents_are_refused_and_the_others_go_through(
    ingest: Ingest, library: Library, tmp_path: Path
) -> None:
    folder = tmp_path / "press"
    bad = {
        "bomb.docx": (make_zip_bomb(), "unpacks to 4,294,968,062 bytes, more than the limit"),
        "secret.pdf": (
            encrypt_pdf(write_line("Secret."), user_password="secret"),
            "encrypted: it can't be opened without its password",
        ),
        "nul.txt": (b"Ship\0", "not a text file: it holds a NUL byte"),
        "half.txt": (b"Ship \xed\xa0\x80", "half a surrogate pair, 0xed 0xa0 0x80"),
        "laughs.xml": (
            b'<!DOCTYPE rss [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rss><channel>'
            b"<title>&b;</title></channel></rss>",
            "declares entities",
        ),
        "empty.pdf": (make_pdf(b""), "its pages show no text"),
        "broken.md": (b"---\ntitle: [\n---\nText", "not valid YAML"),
    }
    for name, (data, _) in bad.items():
        write(folder / name, data)
    huge = write(folder / "huge.txt", "a")
    os.truncate(huge, 1_000_000_000)
    for number in range(3):
        write(folder / f"{'amz'[number]}.txt", say(number))
    ingested = ingest(folder)
    assert count(ingested) == {Outcome.ADDED: 3, Outcome.REFUSED: len(bad) + 1}
    reasons = {
        Path(each.location).name: str(each.reason)
        for each in ingested.changes
        if each.outcome is Outcome.REFUSED
    }
    for name, (_, reason) in bad.items():
        assert reasons[name].startswith(name), reasons[name]
        assert reason in reasons[name]
    assert "1,000,000,000 bytes, more than the limit" in reasons["huge.txt"]
    assert set(library.store.locations()) == {"a", "m", "z"}


def test_faulty_lines_are_told_each_time_and_the_others_kept(
    ingest: Ingest, library: Library, tmp_path: Path
) -> None:
    lines = ['{"_id": "a", "text": "The ship."}', "{", '{"_id": "b", "text": "The ferry."}', "[]"]
    path = write(tmp_path / "lines.jsonl", "\n".join(lines))
    refused = [(Outcome.REFUSED, "lines.jsonl#line 2"), (Outcome.REFUSED, "lines.jsonl#line 4")]
    first = ingest(path)
    assert tell(first) == [
        (Outcome.ADDED, "lines.jsonl#a"),
        (Outcome.ADDED, "lines.jsonl#b"),
        *refused,
    ]
    again = ingest(path)
    assert count(again) == {Outcome.UNCHANGED: 2, Outcome.REFUSED: 2}
    assert tell(again)[2:] == refused
    assert [each.reason for each in again.changes[2:]] == [
        each.reason for each in first.changes[2:]
    ]


def test_a_batch_that_fails_leaves_nothing_and_what_was_put_before_stays(
    ingest: Ingest, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingestion, "BATCH", 2)
    folder = tmp_path / "press"
    for number in range(6):
        write(folder / f"{number}.txt", say(number))
    with closing(sqlite3.connect(library.store.path)) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON articles WHEN NEW.id = '3' "
            "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
        connection.commit()
        with pytest.raises(LibraryError, match="the disk is full"):
            ingest(folder)
        assert set(library.store.locations()) == {"0", "1"}
        assert set(library.store.known_places()) == {str(folder / f"{each}.txt") for each in "01"}
        connection.execute("DROP TRIGGER full")
        connection.commit()
    assert count(ingest(folder)) == {Outcome.UNCHANGED: 2, Outcome.ADDED: 4}


def test_a_few_places_are_read_without_a_word(library: Library, tmp_path: Path) -> None:
    told = []

    @contextmanager
    def note(label: str, total: int) -> Iterator[Advance]:
        told.append((label, total))
        yield told.append

    options = IngestOptions(TODAY, workers=1)
    for places in (FEW, FEW + 1):
        write(tmp_path / "press" / "ship.txt", say(0))
        for number in range(places - 1):
            write(tmp_path / "press" / f"{number}.jpg", b"\xff\xd8\xff\xe0")
        ingest_inputs(library, [str(tmp_path / "press")], options, note)
    assert told == [("Reading", FEW + 1)] + [1] * (FEW + 1)


def test_what_stood_on_standard_input_stays_when_something_else_does(
    ingest: Ingest, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [
        "# A ship\n\nIt came in 1959.",
        "# A ship\n\nIt left in 1961.",
        "# A ferry\n\nIt came.",
    ]
    outcomes = []
    for text in (*texts, texts[0]):
        written = write(tmp_path / "input", text)
        with written.open() as file:
            monkeypatch.setattr(sys, "stdin", file)
            (change,) = ingest("-").changes
        outcomes.append(change.outcome)
    assert outcomes == [Outcome.ADDED] * 3 + [Outcome.UNCHANGED]
    articles = [library.store.article(each) for each in library.store.locations()]
    assert sorted(each.text for each in articles if each) == [
        text.removeprefix("# ") for text in sorted(texts)
    ]


def test_killed_ingests_end_as_one_that_was_left_in_peace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    # More than a batch, so that a part of them may have been put.
    assert kill_ingests(tmp_path, files=100, kills=3) == [True] * 3


def test_an_interrupted_ingest_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    press = tmp_path / "press"
    write_files(press, BATCH + 6)
    for path in press.rglob("*.*"):
        os.utime(path, (1, 1))
    libraries = [tmp_path / "interrupted", tmp_path / "undisturbed"]
    commands = [[PROGRAM, "ingest", press, "--no-build", "--library", each] for each in libraries]
    with subprocess.Popen(
        # It waits for standard input once the files are read.
        [*commands[0], "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Where the tests themselves run in the background, interrupts are ignored, and a child
        # would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        end = time.monotonic() + SECONDS
        while count_articles(libraries[0]) < BATCH:
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 130
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.read() == ""
        errors = process.stderr.read()
    assert errors.startswith("Reading: ")
    assert errors.endswith("\nStopped.\n")
    assert "Traceback" not in errors
    assert count_articles(libraries[0]) == BATCH
    for command in commands:
        subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)
    assert count_articles(libraries[0]) == BATCH + 6
    assert dump_library(libraries[0]) == dump_library(libraries[1])


def count_articles(folder: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{folder}/library.sqlite?mode=ro", uri=True)) as library:
            return int(library.execute("SELECT count(*) FROM articles").fetchone()[0])
    except sqlite3.OperationalError:
        # It is being made.
        return 0


# Web addresses.

PAGE = "<!doctype html><title>Ship {0}</title><h1>Ship {0}</h1><p>" + say(0).replace("0", "{0}")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    """Give a web server that is asked without the pause that is polite elsewhere."""
    monkeypatch.setattr(web_jobs, "Fetcher", partial(Fetcher, interval=0.0))
    with WebServer() as started:
        yield started


def write_page(number: int, **fields: str) -> bytes:
    return reply(PAGE.format(number).encode(), Content_Type="text/html; charset=utf-8", **fields)


def test_a_page_is_named_by_its_address(
    ingest: Ingest, library: Library, server: WebServer
) -> None:
    server.answers["/ships/one.html"] = write_page(1)
    address = server.url("/ships/one.html")
    ingested = ingest(address, allow_loopback=True)
    (change,) = ingested.changes
    assert (change.outcome, change.article_id, change.location) == (Outcome.ADDED, "one", address)
    article = library.store.article("one")
    assert article is not None
    assert (article.title, article.origin, article.url) == ("Ship 1", address, address)
    original = library.store.original("one")
    assert original is not None and original.data == PAGE.format(1).encode()
    assert library.store.known_places().keys() == {address}


def test_a_page_is_asked_for_only_if_it_has_changed(
    ingest: Ingest, library: Library, server: WebServer
) -> None:
    address = server.url("/ship")
    day = "Sat, 28 Nov 2026 08:00:00 GMT"
    server.answers["/ship"] = write_page(1, ETag='"v1"', Last_Modified=day)
    ingest(address, allow_loopback=True)
    server.answers["/ship"] = reply(status="304 Not Modified")
    assert tell(ingest(address, allow_loopback=True)) == [(Outcome.UNCHANGED, "ship")]
    sent = server.asked[-1].fields
    assert (sent["if-none-match"], sent["if-modified-since"]) == ('"v1"', day)
    # The same page with another mark: the next time that is asked with.
    server.answers["/ship"] = write_page(1, ETag='"v2"')
    ingested = ingest(address, allow_loopback=True)
    assert tell(ingested) == [(Outcome.UNCHANGED, "ship")]
    assert ingested.documents == []
    server.answers["/ship"] = write_page(2, ETag='"v3"')
    assert tell(ingest(address, allow_loopback=True)) == [(Outcome.CHANGED, "ship")]
    sent = server.asked[-1].fields
    assert sent["if-none-match"] == '"v2"'
    assert "if-modified-since" not in sent
    assert "Ship 2" in read_text(library, "ship")
    # Once its article is removed, it is asked for whatever it was.
    library.remove(["ship"])
    assert tell(ingest(address, allow_loopback=True)) == [(Outcome.ADDED, "ship")]
    assert "if-none-match" not in server.asked[-1].fields


def test_a_page_that_fails_keeps_its_article(
    ingest: Ingest, library: Library, server: WebServer
) -> None:
    address = server.url("/ship")
    server.answers["/ship"] = write_page(1, ETag='"v1"')
    ingest(address, allow_loopback=True)
    for answer, reason in [
        (reply(b"", "500 Internal Server Error"), "the server answers 500"),
        (reply(b"\x89PNG\r\n\x1a\n", ETag='"v2"'), "it is a PNG image"),
    ]:
        server.answers["/ship"] = answer
        (change,) = ingest(address, allow_loopback=True).changes
        assert change.outcome is Outcome.REFUSED
        assert str(change.reason).startswith(address) and reason in str(change.reason)
        assert "Ship 1" in read_text(library, "ship")


def test_a_feed_gives_the_pages_that_it_links_to_and_what_it_holds(
    ingest: Ingest, library: Library, server: WebServer
) -> None:
    links = "".join(
        f"<item><title>Ship {number}</title><link>/ships/{number}</link>"
        f"<pubDate>1 Apr 2022 10:24 +0200</pubDate></item>"
        for number in (1, 2, 3)
    )
    held = (
        "<item><title>A ferry</title><guid isPermaLink='false'>ferry-4</guid>"
        f"<description>&lt;p&gt;{say(4)}&lt;/p&gt;</description></item>"
    )
    feed = f"<rss version='2.0'><channel><title>Ships</title>{links}{held}</channel></rss>"
    server.answers["/feed.xml"] = reply(feed.encode(), Content_Type="application/rss+xml")
    server.answers["/ships/1"] = write_page(1)
    server.answers["/ships/3"] = write_page(3, ETag='"v3"')
    ingested = ingest(server.url("/feed.xml"), allow_loopback=True)
    assert sorted(tell(ingested)) == [
        (Outcome.ADDED, "1"),
        (Outcome.ADDED, "3"),
        (Outcome.ADDED, "feed.xml#ferry-4"),
        (Outcome.REFUSED, "2"),
    ]
    (refused,) = (each for each in ingested.changes if each.outcome is Outcome.REFUSED)
    assert refused.reason == f"{server.url('/ships/2')}: the server answers 404 Not Found"
    assert set(library.store.locations()) == {"ship-1", "ship-3", "a-ferry"}
    article = library.store.article("ship-1")
    assert article is not None and article.date_published == date(2022, 4, 1)
    server.answers["/ships/2"] = write_page(2)
    server.answers["/ships/3"] = reply(status="304 Not Modified")
    again = ingest(server.url("/feed.xml"), allow_loopback=True)
    assert sorted(tell(again)) == [
        (Outcome.ADDED, "2"),
        (Outcome.UNCHANGED, "1"),
        (Outcome.UNCHANGED, "3"),
        (Outcome.UNCHANGED, "feed.xml#ferry-4"),
    ]


def test_a_sitemap_gives_the_pages_that_it_names_up_to_a_limit(
    ingest: Ingest, server: WebServer
) -> None:
    urls = "".join(f"<url><loc>{server.url(f'/{each}.html')}</loc></url>" for each in range(4))
    server.answers["/sitemap.xml"] = reply(f"<urlset>{urls}</urlset>".encode())
    for number in range(4):
        server.answers[f"/{number}.html"] = write_page(number)
    address = server.url("/sitemap.xml")
    ingested = ingest(address, allow_loopback=True, max_articles=3)
    assert tell(ingested) == [(Outcome.ADDED, f"{number}.html") for number in range(3)]
    assert server.targets == ["/sitemap.xml", *(f"/{number}.html" for number in range(3))]


def test_what_must_not_be_asked_for_is_not(ingest: Ingest, server: WebServer) -> None:
    server.answers["/robots.txt"] = reply(b"User-agent: *\nDisallow: /private/\n")
    server.answers["/private/ship"] = server.answers["/ship"] = write_page(1)
    private = server.url("/private/ship")
    (change,) = ingest(private, allow_loopback=True).changes
    assert change.reason == f"{private}: {server.url('')}/robots.txt forbids it"
    server.asked.clear()
    (change,) = ingest(server.url("/ship")).changes
    assert change.outcome is Outcome.REFUSED
    assert "a loopback address" in str(change.reason)
    assert server.asked == []


def test_a_page_with_the_text_of_a_file_is_its_copy(
    ingest: Ingest, library: Library, server: WebServer, tmp_path: Path
) -> None:
    path = write(tmp_path / "ship.txt", say(1).strip())
    server.answers["/a"] = reply(
        f"<!doctype html><title>Ship</title><p>{say(1).replace(chr(10) * 2, '<p>')}".encode()
    )
    server.answers["/moved"] = redirect("/a")
    ingested = ingest(path, server.url("/moved"), allow_loopback=True)
    assert tell(ingested) == [(Outcome.ADDED, "ship.txt"), (Outcome.DUPLICATE, "moved")]
    (copy,) = library.store.copies(["ship"])["ship"]
    assert (copy.title, copy.origin) == ("Ship", server.url("/moved"))
