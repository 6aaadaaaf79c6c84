import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TextIO

import pytest

from massilia.corpus.article import Language
from massilia.eval.cold_start import ColdStart
from massilia.eval.question_set import GoldSpan, Judgement
from massilia.eval.run import CheckedQuote, Outcome, Outcomes, PassagePlace, RankedArticle
from massilia.eval.run_file import (
    Run,
    RunFileError,
    describe_machine,
    list_passages,
    name_passage,
    read_run,
    seal_data,
    write_run,
)
from massilia.eval.summary import summarise_run
from massilia.ingest.sentences import Span
from massilia.service.answer import SkippedReason
from massilia.service.turns import Carried, CarriedKind

MakeOutcome = Callable[..., Outcome]
MakeQuote = Callable[..., CheckedQuote]
MakeRun = Callable[..., Run]

NON_ASCII = "« Où ? » — l’œuvre\u00a0: 🌊\u2028fin"


@pytest.fixture
def run(make_outcome: MakeOutcome, make_quote: MakeQuote, make_run: MakeRun) -> Run:
    """A run with all that a run can hold."""
    french = make_quote("Deux câbles\u00a0!", 0.75, language=Language.FRENCH, resolves=False)
    french = replace(french, mark=Span(0, 4))
    answered = make_outcome(
        "q1",
        [RankedArticle("a", 0.912345), RankedArticle("b", -1e-06)],
        [french, make_quote("Two", 0.1, start=7)],
        passages=[PassagePlace("a", 0, 13), PassagePlace("b", 5, 9)],
        milliseconds=12.5,
        language=Language.FRENCH,
        question=NON_ASCII,
        qrels=(Judgement("a", 2), Judgement("b", 0)),
        answers=("Deux", NON_ASCII),
        gold=(GoldSpan("a", 0, 13),),
        need="n1",
        topic="port",
        type="number",
        form="plain",
        difficulty="hard",
        split="dev",
        conversation="c1",
        turn=2,
    )
    answered = replace(
        answered,
        rewritten=f"{NON_ASCII} (Medusa)",
        carried=(Carried(CarriedKind.NAME, "Medusa", 25, 31), Carried(CarriedKind.DATE, "", 0, 0)),
    )
    refused = make_outcome(
        "q2", "ab", best="Two", answerable=False, unanswerable_kind="false premise"
    )
    refused = replace(
        refused, reasons=(SkippedReason.NAME_NOT_FOUND, SkippedReason.NO_RELEVANT_CONTENT)
    )
    made = make_run(
        [answered, refused, make_outcome("q3")],
        directions={"fr-en": [answered], "en-en": [refused]},
        passages={"a:0-13": "Deux câbles\u00a0!", "b:5-9": NON_ASCII},
        corpus_language=Language.ENGLISH,
    )
    return replace(
        made,
        data=replace(made.data, unjudged=3),
        setup=replace(made.setup, today=date(2026, 11, 28)),
        cold_start=ColdStart(seconds=1.5, peak_mebibytes=2),
    )


def test_a_run_is_read_as_it_was_written(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_run(run, path, {})
    assert read_run(path) == run
    without = replace(run, cold_start=None, corpus_language=None, directions={})
    write_run(without, path, {})
    assert read_run(path) == without
    assert [each.name for each in tmp_path.iterdir()] == ["run.json"]


def test_what_was_measured_stands_at_the_top_as_plain_numbers(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    summary = summarise_run(run, resamples=10)
    write_run(run, path, summary.as_json())
    content = json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert list(content)[:2] == ["measures", "intervals"]
    assert content["measures"] == {name: each.value for name, each in summary.measures.items()}
    assert {type(value) for value in content["measures"].values()} == {float}
    # One of two answerable questions is quoted for, rightly.
    assert content["measures"]["answer_hit@1"] == 0.5
    assert set(content["by_direction"]) == {"fr-en", "en-en"}
    assert content["by_direction"]["fr-en"]["answer_hit@1"] == 1.0
    # What is measured is worked out anew: the file's own numbers are for other readers.
    assert read_run(path) == run


def test_the_file_is_utf_8_as_people_read_it(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_run(run, path, {})
    text = path.read_bytes().decode("utf-8")
    assert NON_ASCII in text
    assert "\\u" not in text
    assert text.endswith("}\n")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails in the middle: what was written by then must not stand in the place of the old."""
    path = tmp_path / "run.json"
    write_run(run, path, {})

    def fail(content: dict[str, object], file: TextIO, **_: object) -> None:
        file.write('{"measures": {')
        file.flush()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(json, "dump", fail)
    with pytest.raises(OSError, match="No space left"):
        write_run(replace(run, created="later"), path, {})
    monkeypatch.undo()
    assert read_run(path) == run
    assert [each.name for each in tmp_path.iterdir()] == ["run.json"]


def test_the_file_of_a_run_replaces_an_older_one(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_run(run, path, {})
    later = replace(run, created="2026-02-02T00:00:00+00:00")
    write_run(later, path, {})
    assert read_run(path) == later


def test_a_folder_that_is_missing_is_an_error_of_the_system(run: Run, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_run(run, tmp_path / "none" / "run.json", {})


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunFileError, match="can't be read: ") as refusal:
        read_run(tmp_path / name)
    assert str(refusal.value).startswith(str(tmp_path / name))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not valid JSON: Expecting value"),
        (b'{"format": 2', "is not valid JSON: Expecting ',' delimiter"),
        (b"\xff", "is not valid JSON: 'utf-8' codec can't decode byte 0xff"),
        (b"[" * 100_000, "is not valid JSON: "),
        (b"[]", "of format 2: found 'list'"),
        (b"null", "of format 2: found 'NoneType'"),
        (b"{}", "of format 2: found None"),
        (b'{"format": 1}', "of format 2: found 1"),
        (b'{"format": "2"}', "of format 2: found '2'"),
        (b'{"format": 2}', "fault 1 of 8, at created: Field required"),
    ],
)
def test_what_is_no_run_file_is_refused_with_its_name_and_the_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(content)
    with pytest.raises(RunFileError, match="is not a run file") as refusal:
        read_run(path)
    assert str(refusal.value).startswith(f"{path} is not a run file")
    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    ("keys", "value", "place"),
    [
        (("data", "questions_sha256"), None, "data.questions_sha256: Field required"),
        (("outcomes", 1, "expected", "question"), None, "outcomes.1.expected.question: Field"),
        (("outcomes", 0, "quotes", 1, "citation"), None, "outcomes.0.quotes.1.citation: Field"),
        (("directions", "fr-en", 0, "ranking"), None, "directions.fr-en.0.ranking: Field"),
        (("outcomes", 0, "expected", "language"), "de", "outcomes.0.expected.language: Input"),
        (("outcomes", 0, "milliseconds"), "soon", "outcomes.0.milliseconds: Input should be"),
        (("setup",), [], "setup: Input should be"),
        (("setup", "today"), "soon", "setup.today: Input should be a valid date"),
        (("outcomes", 1, "reasons", 0), "BORED", "outcomes.1.reasons.0: Input should be"),
        (("outcomes", 0, "carried", 0, "kind"), "song", "outcomes.0.carried.0.kind: Input"),
        (("outcomes", 0, "quotes", 0, "mark", "end"), None, "outcomes.0.quotes.0.mark.end: Field"),
    ],
)
def test_a_missing_or_wrong_field_is_placed(
    run: Run, tmp_path: Path, keys: tuple[str | int, ...], value: object, place: str
) -> None:
    """None takes the field away."""
    path = tmp_path / "run.json"
    write_run(run, path, {})
    content = json.loads(path.read_text(encoding="utf-8"))
    within = content
    for key in keys[:-1]:
        within = within[key]
    del within[keys[-1]]
    if value is not None:
        within[keys[-1]] = value
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(RunFileError, match="fault 1 of 1, at ") as refusal:
        read_run(path)
    assert str(refusal.value).startswith(f"{path} is not a run file: ")
    assert place in str(refusal.value)


def test_a_run_without_questions_is_refused(make_run: MakeRun, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_run(make_run([]), path, {})
    with pytest.raises(RunFileError, match="is an empty run: it holds no question") as refusal:
        read_run(path)
    assert str(refusal.value).startswith(str(path))


# What a run says of its data


def test_a_seal_counts_what_it_names(run: Run) -> None:
    made = seal_data("dev.jsonl", [each.expected for each in run.outcomes], [], unjudged=4)
    assert (made.name, made.questions, made.articles, made.unjudged) == ("dev.jsonl", 3, 0, 4)
    assert len(made.questions_sha256) == len(made.articles_sha256) == 64


@pytest.mark.parametrize(
    "change",
    [
        {"question": "How many?"},
        {"question_id": "q2"},
        {"language": Language.FRENCH},
        {"answers": ("Three",)},
        {"answers": ("Two", "Three")},
        {"qrels": (Judgement("a", 2),)},
        {"gold": (GoldSpan("a", 0, 3),)},
        {"need": "n1"},
    ],
)
def test_questions_are_sealed_with_all_that_is_expected(
    make_outcome: MakeOutcome, change: dict[str, object]
) -> None:
    before = seal_data("x", [make_outcome().expected], [])
    assert seal_data("x", [make_outcome().expected], []) == before
    after = seal_data("x", [make_outcome(**change).expected], [])
    assert after.questions_sha256 != before.questions_sha256
    assert after.articles_sha256 == before.articles_sha256


def test_the_order_of_the_questions_is_sealed_and_that_of_the_articles_is_not(
    make_outcome: MakeOutcome, make_run: MakeRun
) -> None:
    asked = [make_outcome("q1"), make_outcome("q2")]
    texts = {"a": "One.", "b": "Two."}
    before = make_run(asked, texts=texts).data
    assert make_run(asked, texts=dict(reversed(texts.items()))).data == before
    assert make_run(asked[::-1], texts=texts).data.questions_sha256 != before.questions_sha256


@pytest.mark.parametrize(
    "texts", [{"a": "One.", "b": "Two!"}, {"a": "Two.", "b": "One."}, {"a": "One."}]
)
def test_articles_are_sealed_with_their_texts(
    make_outcome: MakeOutcome, make_run: MakeRun, texts: dict[str, str]
) -> None:
    before = make_run([make_outcome()], texts={"a": "One.", "b": "Two."}).data
    after = make_run([make_outcome()], texts=texts).data
    assert after.articles_sha256 != before.articles_sha256
    assert after.questions_sha256 == before.questions_sha256


def test_passages_are_listed_once_under_names_that_tell_them_apart(
    make_outcome: MakeOutcome,
) -> None:
    """The places of all questions, then of the directions."""
    first, second, third = (
        PassagePlace("a", 0, 4),
        PassagePlace("a", 0, 9),
        PassagePlace("b", 0, 4),
    )
    outcomes = Outcomes(
        whole=(
            make_outcome("q1", passages=[second, first]),
            make_outcome("q2", passages=[first]),
        ),
        directions={"en-en": (make_outcome("q1", passages=[first, third]),)},
    )
    places = list_passages(outcomes)
    assert places == [second, first, third]
    assert [name_passage(place) for place in places] == ["a:0-9", "a:0-4", "b:0-4"]


def test_the_machine_is_described() -> None:
    processor, cores, python = describe_machine()
    assert processor
    assert cores >= 1
    assert python.startswith("3.")
