import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from massilia.corpus.article import Language
from massilia.corpus.embedded import list_embedded_articles
from massilia.eval.cli import cli as eval_cli
from massilia.index.filter import EVERYTHING, Filter
from massilia.index.library import Library
from massilia.service.answer import Answer, SkippedReason, Timings
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.cli import cli, run_command_line
from massilia.service.confidence import NO_CONFIDENCE
from massilia.service.messages import load_messages
from massilia.service.question import Question
from massilia.service.question_dates import DateUse

PROGRAM = Path(sys.executable).with_name("massilia")
SECONDS = 120
CAPACITY = "What is the design capacity of 2Africa?"
EMBEDDED = sorted(f"{path.stem}-{path.parent.name}" for path in list_embedded_articles())


@dataclass(frozen=True, slots=True)
class Ended:
    """Hold what a command printed, and the status it ended with."""

    status: int
    output: str
    errors: str


Run = Callable[..., Ended]


@pytest.fixture
def home(tmp_path: Path, cache_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point everything of the user's into a temporary folder, but for the converted model."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home))
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    monkeypatch.delenv("MASSILIA_LIBRARY", raising=False)
    monkeypatch.delenv("MASSILIA_ENCODER", raising=False)
    return folder


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `massilia` with some words, in this process: torch is loaded once for all of them."""

    def run(*words: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["massilia", *map(str, words)])
        with pytest.raises(SystemExit) as ending:
            run_command_line(cli, "massilia")
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return Ended(int(ending.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def copied(tmp_path: Path, corpus_path: Path) -> Path:
    """Give a copy of the built library of the embedded corpus."""
    return shutil.copytree(corpus_path, tmp_path / "copied")


def check_failed(ended: Ended, *named: object) -> None:
    """See that a command ended with status 2, one line of error that names things, no output."""
    assert ended.status == 2
    assert ended.output == ""
    (line,) = ended.errors.splitlines()
    assert line.startswith("Error: ")
    for name in named:
        assert str(name) in line


def list_ids(ended: Ended) -> list[str]:
    return [line.split("\t")[0] for line in ended.output.splitlines()]


def test_files_are_added_left_alone_changed_and_refused(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "quay.txt").write_text("The quay\n\nThe quay is long and made of stone.\n")
    (folder / "ferry.md").write_text("# The ferry\n\nThe ferry crosses the old harbour.\n")
    (folder / "notes.odt").write_text("of another kind")
    library = tmp_path / "library"
    ingest = ("ingest", folder, "--no-build", "--library", library)

    first = run(*ingest)
    assert first.status == 0
    assert "2 added, 0 changed, 0 unchanged, 0 refused; 1 of other kinds skipped" in first.output
    assert first.errors == ""

    (folder / "ferry.md").write_text("# The ferry\n\nThe ferry crosses it every ten minutes.\n")
    (folder / "binary.txt").write_bytes(b"\0\1")
    second = run(*ingest)
    assert second.status == 1
    assert "0 added, 1 changed, 1 unchanged, 1 refused" in second.output
    assert "binary.txt" in second.errors
    assert "binary data" in second.errors

    third = run("ingest", folder / "binary.txt", "--no-build", "--library", library)
    assert third.status == 2
    assert "0 added, 0 changed, 0 unchanged, 1 refused" in third.output

    fourth = run(*ingest, "--json")
    assert fourth.status == 1
    told = json.loads(fourth.output)
    assert told["skipped"] == 1
    assert sorted(each["outcome"] for each in told["documents"]) == [
        "refused",
        "unchanged",
        "unchanged",
    ]
    for each in told["documents"]:
        refused = each["outcome"] == "refused"
        assert (each["id"] is None) == (each["reason"] is not None) == refused
        assert Path(each["location"]).parent == folder

    asked = run("ask", "Where is the ferry?", "--library", library)
    check_failed(asked, library, "has not been built; run `massilia build`")


def test_a_file_that_is_not_there_is_refused_and_the_others_are_added(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "quay.txt").write_text("The quay is long and made of stone.\n")
    library = tmp_path / "library"
    ended = run(
        "ingest", tmp_path / "quay.txt", tmp_path / "none.md", "--no-build", "--library", library
    )
    assert ended.status == 1
    assert "none.md: there is no such file or folder" in ended.errors
    assert len(run("articles", "--library", library).output.splitlines()) == 1


def test_what_is_ingested_is_built_then_quoted_then_removed(run: Run, tmp_path: Path) -> None:
    sentence = "Zephyrin Kowalczyk painted the lighthouse of Planier in 1959."
    (tmp_path / "lighthouse.txt").write_text(f"The lighthouse\n\n{sentence}\n")
    library = tmp_path / "library"
    added = run("ingest", tmp_path / "lighthouse.txt", "--library", library)
    assert added.status == 0
    assert "Built gen-" in added.errors
    assert run("ingest", tmp_path / "lighthouse.txt", "--library", library).errors == ""

    (article_id,) = list_ids(run("articles", "--library", library))
    question = "Who painted the lighthouse of Planier in 1959?"
    found = json.loads(run("ask", question, "--json", "--library", library).output)
    assert found["index"]["id"] in added.errors
    quoted = [citation["cited_text"] for citation in found["citations"]]
    assert quoted == [sentence]

    removed = run("remove", article_id, "absent", "--no-build", "--library", library)
    assert removed.status == 2
    assert removed.output == f"removed    {article_id}\n"
    assert removed.errors == f"Error: The library {library} has no absent.\n"
    assert run("articles", "--library", library).output == ""
    emptied = run("ask", question, "--json", "--library", library)
    assert json.loads(emptied.output)["abstained"] is True
    assert emptied.errors.startswith("Articles have changed since the library was built")
    assert run("build", "--library", library).errors.endswith("0 passages, 0 sentences.\n")


def test_the_default_library_is_filled_from_the_corpus_on_first_use(run: Run, home: Path) -> None:
    listed = run("articles")
    assert listed.status == 0
    assert list_ids(listed) == EMBEDDED
    assert "Built gen-" in listed.errors
    assert (home / "data" / "massilia" / "library" / "library.sqlite").is_file()
    again = run("articles")
    assert (again.output, again.errors) == (listed.output, "")


@pytest.mark.parametrize(
    ("question", "language", "marks"),
    [
        (CAPACITY, Language.ENGLISH, "“”"),
        ("Quelle est la longueur de Medusa jusqu'à Bizerte ?", Language.FRENCH, "«»"),
    ],
)
def test_an_answer_is_printed_in_the_language_of_the_question(
    run: Run, corpus_path: Path, answerer: Answerer, question: str, language: Language, marks: str
) -> None:
    """The quotes stand between the quotation marks of their own language, to the letter."""
    ended = run("ask", question, "--language", language, "--library", corpus_path)
    assert ended.status == 0
    assert ended.errors == ""
    told = json.loads(
        run("ask", question, "--language", language, "--json", "--library", corpus_path).output
    )
    messages = load_messages(language)
    assert told["language"] == language
    assert told["citations"][0]["in_language"] == language
    assert messages.text("answer.confidence") in ended.output
    opening, closing = marks
    assert ended.output.startswith(opening)
    assert closing in ended.output
    for citation in told["citations"]:
        article = answerer.store.article(citation["document_id"])
        assert article is not None
        start, end = citation["start_char_index"], citation["end_char_index"]
        assert article.text[start:end] in ended.output
        assert f"{start}–{end}" in ended.output
        for source in citation["sources"]:
            assert source["title"] in ended.output


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Question]:
    """Answer nothing, without a library, and give the questions that come; prefer their dates."""
    questions: list[Question] = []

    class Listener(Answerer):
        def __init__(self) -> None:
            pass

        def answer(self, question: Question, top_k: int = 3) -> Answer:
            questions.append(question)
            return Answer(
                id="ans_1",
                question=question,
                quotes=(),
                confidence=NO_CONFIDENCE,
                skipped_reasons=(SkippedReason.NO_MATCHING_ARTICLES,),
                ranked_article_ids=(),
                generation_id=None,
                timings=Timings(0, 0, 0, 0),
                dates=tuple(
                    replace(span, use=DateUse.PREFERENCE) if span.start else span
                    for span in question.dates
                ),
            )

    monkeypatch.setattr("massilia.service.cli.open_answerer", lambda _: nullcontext(Listener()))
    return questions


def test_every_part_of_a_filter_has_its_option(run: Run, asked: list[Question]) -> None:
    words = "--from 2016-01-01 --to 2016-12-31 --publisher A --publisher B --article a --article b"
    assert run("ask", "Who?", *words.split(), "--kind", "press", "--in", "fr").status == 0
    assert run("ask", "Who?", "--in", "fr", "--in", "en").status == 0
    assert run("ask", "Who?").status == 0
    assert [question.within for question in asked] == [
        Filter(
            languages=frozenset({Language.FRENCH}),
            articles=frozenset({"a", "b"}),
            publishers=frozenset({"A", "B"}),
            kinds=frozenset({"press"}),
            published_from=date(2016, 1, 1),
            published_to=date(2016, 12, 31),
        ),
        Filter(languages=frozenset(Language)),
        EVERYTHING,
    ]


def test_the_dates_of_a_question_are_printed_with_their_use_or_ignored(
    run: Run, asked: list[Question]
) -> None:
    french = "Qui est venu en 2016, et qui est là actuellement ?"
    first, blank, abstention, reason = run("ask", french).output.splitlines()
    assert first == (
        "Dates de la question\u00a0: 2016\u00a0: préféré\u202f; "
        "«\u00a0actuellement\u00a0»\u00a0: le plus récent d’abord"
    )
    assert blank == ""
    assert abstention == "La bibliothèque ne le dit pas."
    assert reason.startswith("Aucun article ne remplit les conditions")
    english = run("ask", "What did newspapers of 2016 say?").output
    assert english.startswith("Date in the question: 2016: preferred\n\n")
    ignored = run("ask", french, "--ignore-dates").output
    assert ignored.startswith("La bibliothèque ne le dit pas.\n")
    assert [len(question.dates) for question in asked] == [2, 1, 0]


def test_a_third_language_is_printed(run: Run, asked: list[Question]) -> None:
    spanish = "¿Cuándo llegó el cable a Marsella?"
    assert run("ask", spanish).output.startswith("Your question seems to be in Spanish; ")
    french = run("ask", spanish, "--language", "fr").output
    assert french.startswith("Votre question semble être en espagnol\u202f; ")
    assert [question.other_language for question in asked] == ["es", "es"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--from", "2017-01-01", "--to", "2016-12-31"), "from 2017-01-01 to 2016-12-31"),
        (("--publisher", "x" * 501), "501 characters"),
        (("--kind", "caf\udce9"), "U+DCE9 at position 3"),
    ],
)
def test_a_filter_that_cannot_be_applied_is_refused_before_anything_is_opened(
    run: Run, tmp_path: Path, words: tuple[str, ...], named: str
) -> None:
    check_failed(run("ask", "Who?", *words, "--library", tmp_path / "none"), named)


def test_only_what_passes_the_filter_is_quoted(run: Run, corpus_path: Path) -> None:
    asking = ("ask", CAPACITY, "--json", "--library", corpus_path)
    told = json.loads(run(*asking, "--in", "fr", "--top-k", 10).output)
    assert {citation["in_language"] for citation in told["citations"]} == {"fr"}
    assert told["filters"]["languages"] == ["fr"]
    none = json.loads(run(*asking, "--publisher", "Nobody").output)
    assert none["answer_skipped_reasons"] == ["NO_MATCHING_ARTICLES"]


@pytest.mark.parametrize("language", list(Language))
def test_an_abstention_is_said_in_either_language_and_is_no_failure(
    run: Run, corpus_path: Path, language: Language
) -> None:
    question = "How long should I boil an egg?"
    ended = run("ask", question, "--language", language, "--library", corpus_path)
    assert ended.status == 0
    assert ended.errors == ""
    heading, *reasons = ended.output.splitlines()
    assert heading == load_messages(language).text("abstention.heading")
    assert reasons


@pytest.mark.parametrize("question", [CAPACITY, "Combien de câbles à Marseille ?", "?" * 50])
def test_json_is_the_object_that_the_interface_returns(
    run: Run, corpus_path: Path, answerer: Answerer, question: str
) -> None:
    printed = json.loads(
        run("ask", question, "--json", "--top-k", 2, "--library", corpus_path).output
    )
    with TestClient(create_app(answerer)) as client:
        returned = client.post("/v1/answer", json={"question": question, "top_k": 2}).json()
        listed = client.get("/v1/articles").json()
    for each in (printed, returned):
        del each["id"]
        each["timings_ms"] = sorted(each["timings_ms"])
    assert printed == returned
    assert json.loads(run("articles", "--json", "--library", corpus_path).output) == listed


def test_the_library_is_named_before_or_after_the_command_or_by_the_environment(
    run: Run, corpus_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last word wins: after the command, before it, the environment."""
    none = tmp_path / "none"
    assert list_ids(run("articles", "--library", corpus_path)) == EMBEDDED
    assert list_ids(run("--library", corpus_path, "articles")) == EMBEDDED
    assert list_ids(run("--library", none, "articles", "--library", corpus_path)) == EMBEDDED
    monkeypatch.setenv("MASSILIA_LIBRARY", str(corpus_path))
    assert list_ids(run("articles")) == EMBEDDED
    check_failed(run("--library", none, "articles"), none)
    check_failed(run("articles", "--library", none), none)
    monkeypatch.setenv("MASSILIA_LIBRARY", str(none))
    check_failed(run("articles"), none)
    assert list_ids(run("articles", "--library", corpus_path)) == EMBEDDED


@pytest.mark.parametrize(
    "words", [("articles",), ("ask", "Who?"), ("remove", "a"), ("build",), ("serve", "--port", 0)]
)
def test_a_library_that_is_not_there_is_named_and_not_made(
    run: Run, tmp_path: Path, words: tuple[object, ...]
) -> None:
    none = tmp_path / "none"
    check_failed(run(*words, "--library", none), none, "there is no such folder")
    assert not none.exists()


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("", "The question is empty."),
        (" \n", "The question is empty."),
        ("x" * 10_000, "10,000 characters"),
        ("\x1b[2J", "U+001B at position 0"),
        ("caf\udce9", "U+DCE9 at position 3"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_before_anything_is_opened(
    run: Run, tmp_path: Path, question: str, named: str
) -> None:
    check_failed(run("ask", question, "--library", tmp_path / "none"), named)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("ask",), "Missing argument 'QUESTION'"),
        (("ask", "a", "--top-k", 0), "0 is not in the range 1<=x<=10"),
        (("ask", "a", "--top-k", 11), "11 is not in the range 1<=x<=10"),
        (("ask", "a", "--language", "de"), "'de' is not one of 'fr', 'en'"),
        (("ask", "a", "--in", "de"), "'de' is not one of 'fr', 'en'"),
        (("ask", "a", "--from", "2016-02-30"), "'2016-02-30' does not match"),
        (("ask", "a", "--to", "2016"), "'2016' does not match"),
        (("ingest",), "Name a file, a folder or an address, or give --corpus."),
        (("remove",), "Missing argument 'ID...'"),
        (("serve", "--port", 65_536), "65536 is not in the range"),
        (("sing",), "No such command 'sing'"),
    ],
)
def test_a_misuse_is_told_with_status_2(run: Run, words: tuple[object, ...], named: str) -> None:
    ended = run(*words)
    assert ended.status == 2
    assert ended.output == ""
    assert ended.errors.startswith("Usage: massilia")
    assert named in ended.errors.splitlines()[-1]


def test_a_library_in_a_bad_place_is_told_in_one_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a library")
    check_failed(run("ingest", "--corpus", "--library", file / "library"), file)
    check_failed(run("articles", "--library", file), file)
    folder = tmp_path / "foreign"
    folder.mkdir()
    (folder / "library.sqlite").write_text("not a database at all, but long enough to be read" * 99)
    check_failed(run("articles", "--library", folder), folder)


@pytest.mark.parametrize(
    ("host", "reason"),
    [("nowhere.invalid", ""), ("é" * 70, "encoding of hostname failed"), ("203.0.113.1", "")],
)
def test_a_host_that_cannot_be_listened_on_is_told(run: Run, host: str, reason: str) -> None:
    check_failed(run("serve", "--host", host, "--port", 0), f"Can't listen on {host}:0", reason)


def test_a_port_in_use_is_told_before_the_model_is_loaded(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("serve", "--port", port)
        check_failed(ended, f"127.0.0.1:{port}", "Address already in use")


@pytest.mark.parametrize("command", ["", "ingest", "remove", "build", "ask", "articles", "serve"])
def test_every_command_explains_itself(run: Run, command: str) -> None:
    words = [command] if command else []
    ended = run(*words, "--help")
    assert ended.status == 0
    assert ended.errors == ""
    usage, _, summary, *_ = ended.output.splitlines()
    assert usage.startswith(f"Usage: massilia {command}".rstrip())
    assert summary.strip()
    assert "--library" in ended.output
    assert run(*words, "-h") == ended


def test_the_version_is_printed(run: Run) -> None:
    assert run("--version").output.startswith("massilia, version ")


def test_the_evaluation_explains_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["--help"], ["run", "--help"]):
        monkeypatch.setattr(sys, "argv", ["massilia-eval", *words])
        with pytest.raises(SystemExit) as ending:
            run_command_line(eval_cli, "massilia-eval")
        assert not ending.value.code
        assert capsys.readouterr().out.startswith("Usage: massilia-eval")


def test_a_character_that_the_output_cannot_hold_is_told(
    run: Run, corpus_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The en dash between two offsets, and the quotation marks, are not in Latin-1."""
    with (tmp_path / "output").open("w", encoding="latin-1") as output:
        monkeypatch.setattr(sys, "stdout", output)
        ended = run("ask", CAPACITY, "--library", corpus_path)
    check_failed(ended, "latin-1", "PYTHONIOENCODING=utf-8")


def test_help_and_lists_do_without_torch_and_the_web(home: Path, corpus_path: Path) -> None:
    script = f"""
import sys
from massilia.service.cli import cli
for words in (["--help"], ["articles", "--library", {str(corpus_path)!r}]):
    cli.main(words, standalone_mode=False)
heavy = {{"torch", "transformers", "sentence_transformers", "uvicorn"}}
sys.exit(", ".join(sorted(heavy & sys.modules.keys())) or 0)
"""
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=SECONDS
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "medusa-cable-en" in ended.stdout


def test_an_output_that_is_full_closed_or_left_is_no_traceback(
    home: Path, corpus_path: Path
) -> None:
    command = f'"{PROGRAM}" articles --library "{corpus_path}"'
    full, closed, left = (
        subprocess.run(
            ["bash", "-o", "pipefail", "-c", f"{command} {where}"],
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        for where in ("> /dev/full", ">&-", "| head -0")
    )
    assert full.returncode == 2
    assert full.stderr == "Error: output: No space left on device\n"
    assert (closed.returncode, closed.stderr) == (0, "")
    # Which comes first, the end of `head` or the writing, is not for us to say.
    assert left.returncode in {0, 1}
    assert left.stderr == ""


def test_an_interrupted_ingest_stops_and_leaves_the_library_as_it_answered(
    home: Path, copied: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(25):
        paragraphs = (
            f"Ship {number}-{each} came into the harbour with {each} crates of soap on board, "
            f"and left it {each} days later with {number} tonnes of salt.\n\n"
            for each in range(20)
        )
        (folder / f"ship-{number}.txt").write_text("".join(paragraphs))
    opened = Library.open(copied)
    before = opened.generation()
    opened.close()
    assert before is not None
    with subprocess.Popen(
        [PROGRAM, "ingest", folder, "--library", copied],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
        # Where the tests themselves run in the background, interrupts are ignored, and a child
        # would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        lines = iter(process.stderr.readline, "")
        first = next(line for line in lines if not line.startswith("Reading: "))
        process.send_signal(signal.SIGINT)
        errors = process.stderr.read()
        output = process.stdout.read()
        assert process.wait(SECONDS) == 130
    assert first.startswith("Encoding the library: ")
    assert errors.splitlines()[-1] == "Stopped."
    assert "Traceback" not in errors
    assert output == ""
    left = Library.open(copied)
    after = left.generation()
    assert after is not None
    assert after.id == before.id
    assert left.store.article("medusa-cable-en") is not None
    left.close()
    assert [path.name for path in (copied / "generations").iterdir()] == [before.id]
