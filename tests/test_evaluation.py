"""The commands of the evaluation, as their users run them, with the real model."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from massilia.eval.cli import cli
from massilia.service.cli import run_command_line

QUESTIONS = Path(__file__).parent.parent / "corpus" / "questions" / "dev.jsonl"
# Both wordings of two needs, all of which are answered.
IDS = ("announced-cables-7", "announced-cables-8", "medusa-cable-5", "medusa-cable-6")
LINES = [
    line
    for line in QUESTIONS.read_text(encoding="utf-8").splitlines()
    if json.loads(line)["id"] in IDS
]
CORPUS = {
    "medusa": ("en", "Medusa", "The Medusa cable landed at Marseille on 8 October 2025."),
    "meduse": ("fr", "Méduse", "La méduse est un animal marin au corps gélatineux."),
    "tram": ("en", "Tram", "The tram of Marseille has three lines. Line two runs to the port."),
}
ASKED = {
    "q1": ("en", "When did Medusa land?", {"medusa": 1}, ["8 October 2025"]),
    "q2": (
        "fr",
        "À quelle date le câble Medusa est-il arrivé à Marseille ?",
        {"medusa": 1},
        ["8 October 2025"],
    ),
    "q3": ("en", "Where does line two of the tram go?", {"tram": 2, "medusa": 0}, ["port"]),
}

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    cache_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Give what runs a command and returns its status, output and errors."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home))
    monkeypatch.setenv("COLUMNS", "200")

    def run_command(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["massilia-eval", *map(str, words)])
        with pytest.raises(SystemExit) as ending:
            run_command_line(cli, "massilia-eval")
        printed = capsys.readouterr()
        return int(ending.value.code or 0), printed.out, printed.err

    return run_command


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Write a BEIR folder."""
    folder = tmp_path / "beir"
    (folder / "qrels").mkdir(parents=True)
    articles = [
        {"_id": name, "title": title, "text": text, "lang": language}
        for name, (language, title, text) in CORPUS.items()
    ]
    questions = [
        {"_id": name, "text": text, "lang": language, "answers": answers}
        for name, (language, text, _, answers) in ASKED.items()
    ]
    for name, rows in (("corpus", articles), ("queries", questions)):
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    judged = "".join(
        f"{name}\t{article}\t{relevance}\n"
        for name, (_, _, qrels, _) in ASKED.items()
        for article, relevance in qrels.items()
    )
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + judged)
    return folder


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "set.jsonl"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return path


def read_table(printed: str) -> dict[str, list[str]]:
    rows = (line.split() for line in printed.splitlines() if line.strip())
    return {name: cells for name, *cells in rows}


def score_with_ir_measures(folder: Path, *measures: str) -> dict[str, str]:
    """Run the command line of ir_measures on exported files."""
    files = [folder / "qrels.txt", folder / "run.txt"]
    printed = subprocess.run(
        [sys.executable, "-m", "ir_measures", *files, *measures],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return {name: value for name, value in (line.split() for line in printed.splitlines())}


def test_a_question_set_is_run_on_the_library_and_all_that_follows_works_on_its_file(
    run: Command, tmp_path: Path, questions: Path, corpus_path: Path
) -> None:
    """One run, then: its file, its export, a comparison with itself, its floors, its report."""
    output = tmp_path / "run.json"
    words = ["run", "--questions", questions, "--library", corpus_path, "--json", output]
    status, printed, errors = run(*words, "--by", "type")
    assert status == 0, errors
    table = read_table(printed)
    assert printed.splitlines()[0].startswith("set.jsonl: 4 questions, 88 articles; default, ")
    for name in ("verbatim_rate", "offset_exact_rate", "citation_resolves_rate"):
        # All, its interval, and the two languages.
        assert table[name] == ["1.0000", "1.0000", "to", "1.0000", "1.0000", "1.0000"]
    assert {"en-en", "en-fr", "fr-en", "fr-fr", "who", "how"} <= set(table)
    assert float(table["cold_start_s"][0]) > 0
    assert float(table["peak_memory_mib"][0].replace(",", "")) > 100
    assert errors.splitlines()[-1].startswith("Measuring: ")
    written = json.loads(output.read_text(encoding="utf-8"))
    assert table["nDCG@10"][0] == f"{written['measures']['nDCG@10']:.4f}"
    assert set(written["by_direction"]) == {"en-en", "en-fr", "fr-en", "fr-fr"}
    assert [each["expected"]["id"] for each in written["outcomes"]] == [
        json.loads(line)["id"] for line in LINES
    ]

    trec = tmp_path / "trec"
    assert run("export", output, "--trec", trec)[0] == 0
    for folder, measures in (
        (trec, written["measures"]),
        (trec / "fr-en", written["by_direction"]["fr-en"]),
    ):
        names = ("nDCG@10", "RR@10", "R@10", "R@100", "AP", "Success@1")
        expected = {name: f"{measures[name]:.4f}" for name in names}
        assert score_with_ir_measures(folder, *names) == expected

    status, printed, _ = run("compare", output, output)
    assert status == 0
    assert read_table(printed)["nDCG@10"][2] == "+0.0000"
    assert "0 questions better" in printed

    floors = tmp_path / "floors.json"
    assert run("gate", output, "--floors", floors, "--pin")[0] == 0
    status, printed, _ = run("gate", output, "--floors", floors)
    assert status == 0
    assert printed.splitlines()[-1] == "The gate is open."

    page = tmp_path / "report.html"
    status, printed, _ = run("report", output, "--output", page)
    assert (status, printed.strip()) == (0, str(page))
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_gate_is_shut_by_a_worse_run_and_by_other_data(
    run: Command, tmp_path: Path, questions: Path, corpus_path: Path
) -> None:
    output, floors = tmp_path / "run.json", tmp_path / "floors.json"
    words = ["--questions", questions, "--library", corpus_path, "--retriever", "dense"]
    run("run", *words, "--json", output)
    run("gate", output, "--floors", floors, "--pin")
    content = json.loads(output.read_text(encoding="utf-8"))
    for outcome in content["outcomes"]:
        outcome["ranking"] = []
    output.write_text(json.dumps(content), encoding="utf-8")
    status, printed, errors = run("gate", output, "--floors", floors)
    assert status == 1
    assert "nDCG@10 (whole) is worse than pinned by more than chance explains" in errors
    assert "open" not in printed
    content["data"]["articles_sha256"] = "0" * 64
    output.write_text(json.dumps(content), encoding="utf-8")
    status, printed, errors = run("gate", output, "--floors", floors)
    assert (status, printed) == (1, "")
    assert "the articles of the library have changed" in errors
    status, _, errors = run("gate", output, "--floors", floors, "--pin")
    assert status == 2
    assert "--new-data" in errors
    status, _, errors = run("gate", output, "--floors", floors, "--pin", "--new-data")
    assert status == 2
    assert "--lower" in errors
    assert run("gate", output, "--floors", floors, "--pin", "--new-data", "--lower")[0] == 0


@pytest.mark.parametrize("retriever", ["dense", "lexical", "fused", "late"])
def test_a_beir_folder_is_run_in_a_library_of_its_own_with_every_retriever(
    run: Command, tmp_path: Path, dataset: Path, retriever: str
) -> None:
    output = tmp_path / "run.json"
    words = ("run", "--dataset", dataset, "--retriever", retriever, "--json", output)
    status, printed, errors = run(*words)
    assert status == 0, errors
    assert printed.splitlines()[0].startswith(f"beir: 3 questions, 3 articles; {retriever}, ")
    written = json.loads(output.read_text(encoding="utf-8"))
    assert written["setup"]["retriever"] == retriever
    assert written["measures"]["Success@1"] == 1
    assert written["measures"]["nDCG@10"] == 1
    # There is no answer in French: nothing is asked of the French article alone.
    assert {name: len(group) for name, group in written["directions"].items()} == {
        "en-en": 2,
        "fr-en": 1,
    }


def test_a_data_sets_library_is_kept_where_one_is_named_and_no_other_is_touched(
    run: Command, tmp_path: Path, dataset: Path, corpus_path: Path
) -> None:
    kept = tmp_path / "kept"
    words = ("run", "--dataset", dataset, "--corpus-language", "en", "--retriever", "dense")
    status, printed, errors = run(*words, "--library", kept)
    assert status == 0, errors
    assert "Encoding the library" in errors
    assert "2 articles" in printed.splitlines()[0]
    status, again, errors = run(*words, "--library", kept)
    assert status == 0, errors
    assert "Encoding the library" not in errors
    assert read_table(again)["nDCG@10"] == read_table(printed)["nDCG@10"]
    status, printed, errors = run(*words, "--library", corpus_path)
    assert (status, printed) == (2, "")
    assert "holds articles of its own" in errors


def test_topics_are_asked_of_the_library(run: Command, tmp_path: Path, corpus_path: Path) -> None:
    topics, qrels = tmp_path / "topics.tsv", tmp_path / "qrels.txt"
    topics.write_text("1\tWho owns Atlas Offshore?\n")
    qrels.write_text("1 0 cable-2africa-en 1\n1 0 nothing-en 1\n")
    words = ["run", "--questions", topics, "--qrels", qrels, "--library", corpus_path]
    words += ["--question-language", "en", "--retriever", "dense"]
    status, printed, errors = run(*words)
    assert (status, printed) == (2, "")
    assert "qrels.txt, line 2: " in errors
    assert "nothing-en" in errors
    qrels.write_text(f"1 0 {json.loads(LINES[0])['article_ids'][1]} 1\n")
    status, printed, errors = run(*words)
    assert status == 0, errors
    assert printed.splitlines()[0].startswith("topics.tsv: 1 questions, 88 articles")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run"], "either --questions or --dataset"),
        (["run", "--questions", "a", "--dataset", "b"], "either --questions or --dataset"),
        (["run", "--questions", "none.jsonl"], "none.jsonl can't be read"),
        (["run", "--dataset", "none"], "none"),
        (["run", "--dataset", "set.json", "--qrels", "q"], "--qrels"),
        (["run", "--questions", "a", "--retriever", "best"], "best"),
        (["run", "--questions", "a", "--json", "none/run.json"], "There is no folder none"),
        (["export", "none.json"], "--trec, --ragchecker or both"),
        (["export", "none.json", "--trec", "x"], "none.json can't be read"),
        (["compare", "none.json", "none.json"], "none.json can't be read"),
        (["report", "none.json"], "none.json can't be read"),
        (["gate", "none.json"], "none.json can't be read"),
        (["gate", "none.json", "--lower"], "go with --pin"),
    ],
)
def test_what_cannot_be_done_is_said_with_status_2(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    status, printed, errors = run(*words)
    assert (status, printed) == (2, "")
    assert message in errors
    assert list(tmp_path.iterdir()) == []


def test_a_bad_question_set_is_refused_before_there_is_a_library(
    run: Command, tmp_path: Path
) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text("{\n[]\n")
    status, printed, errors = run("run", "--questions", path, "--library", tmp_path / "none")
    assert (status, printed) == (2, "")
    assert errors.startswith("Error: set.jsonl, line 1: ")
    assert errors.splitlines()[1] == "set.jsonl, line 2: not a JSON object"


def test_a_question_set_of_another_library_is_refused_by_line(
    run: Command, tmp_path: Path, questions: Path, corpus_path: Path
) -> None:
    lines = [json.loads(line) for line in LINES]
    lines[1]["article_ids"] = ["nothing-en"]
    lines[2]["gold"][0]["end"] = 1_000_000
    questions.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    status, printed, errors = run("run", "--questions", questions, "--library", corpus_path)
    assert (status, printed) == (2, "")
    first, second = errors.removeprefix("Error: ").splitlines()
    assert first == "set.jsonl, line 2: the library has no article 'nothing-en'"
    assert second.startswith("set.jsonl, line 3: 'gold' ends at 1000000, and ")
