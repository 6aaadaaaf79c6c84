import json
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from massilia.corpus.article import Article, Language
from massilia.eval.cli import cli
from massilia.eval.measures import measure_run
from massilia.eval.question_set import ExpectedAnswer, QuestionSetError, read_question_set
from massilia.eval.run import CheckedCitation, Outcome, check_citation, run_questions
from massilia.service.answer import (
    Answer,
    Bucket,
    Citation,
    Confidence,
    Quote,
    SkippedReason,
    Timings,
)
from massilia.service.answerer import Answerer
from massilia.service.cli import run_command_line
from massilia.service.question import Question, read_question

QUESTIONS = Path(__file__).parent.parent / "corpus" / "questions" / "dev.jsonl"
LINES = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
ARTICLE = Article("port-en", Language.ENGLISH, "The port", "One cable. Two cables.", "port.md")
GOOD = CheckedCitation(verbatim=True, offset_exact=True)


def make_line(**changes: object) -> str:
    values: dict[str, object] = {
        "id": "q1",
        "language": "en",
        "question": "How many cables?",
        "answerable": True,
        "article_ids": ["port-en"],
        "answers": ["Two"],
    }
    return json.dumps(values | changes)


def make_expected(number: int, gold: str = "", *accepted: str) -> ExpectedAnswer:
    return ExpectedAnswer(
        f"q{number}",
        Language.ENGLISH,
        "How many?",
        bool(gold),
        (gold,) if gold else (),
        accepted or (("Two",) if gold else ()),
    )


def make_citation(**changes: object) -> Citation:
    values: dict[str, object] = {
        "id": "c1",
        "article_id": ARTICLE.id,
        "title": ARTICLE.title,
        "origin": ARTICLE.origin,
        "language": ARTICLE.language,
        "cited_text": "Two cables.",
        "start": 11,
        "end": 22,
        "text_sha256": ARTICLE.text_sha256,
        "url": None,
        "publisher": None,
        "date_published": None,
        "sources": (),
    }
    return Citation(**(values | changes))  # type: ignore[arg-type]


def make_answer(ranked: str = "", quotes: tuple[str, ...] = (), total: float = 1.0) -> Answer:
    """Rank the articles named by the letters of `ranked`, and quote `quotes`."""
    return Answer(
        id="ans_1",
        question=Question("How many?", Language.ENGLISH),
        quotes=tuple(Quote(text, 0.9, make_citation(cited_text=text)) for text in quotes),
        confidence=Confidence(0.9, Bucket.HIGH),
        skipped_reasons=() if quotes else (SkippedReason.NO_RELEVANT_CONTENT,),
        ranked_article_ids=tuple(ranked),
        generation_id="gen-1",
        timings=Timings(0.0, 0.0, 0.0, total),
    )


def measure(*outcomes: Outcome) -> dict[str, float | None]:
    return {measure.name: measure.value for measure in measure_run(outcomes)}


def test_retrieval_measures_are_those_worked_out_by_hand() -> None:
    """The gold stands 1st, 2nd, 5th, 11th and nowhere: RR@10 is (1 + 1/2 + 1/5 + 0 + 0) / 5."""
    measures = measure(
        Outcome(make_expected(1, "a"), make_answer("abcde"), ()),
        Outcome(make_expected(2, "b"), make_answer("abcde"), ()),
        Outcome(make_expected(3, "e"), make_answer("abcde"), ()),
        Outcome(make_expected(4, "k"), make_answer("abcdefghijk"), ()),
        Outcome(make_expected(5, "z"), make_answer(""), ()),
        Outcome(make_expected(6), make_answer("a"), ()),
    )
    assert measures["questions"] == 6
    assert measures["Success@1"] == pytest.approx(1 / 5)
    assert measures["Success@3"] == pytest.approx(2 / 5)
    assert measures["Success@5"] == pytest.approx(3 / 5)
    assert measures["RR@10"] == pytest.approx(1.7 / 5)


def test_one_of_several_gold_articles_is_enough() -> None:
    both = ExpectedAnswer("q1", Language.ENGLISH, "?", True, ("x", "b"), ("Two",))
    measures = measure(Outcome(both, make_answer("ab"), ()))
    assert (measures["Success@1"], measures["Success@3"]) == (0, 1)
    assert measures["RR@10"] == pytest.approx(1 / 2)


def test_retrieval_that_finds_nothing_at_all_scores_nought() -> None:
    measures = measure(Outcome(make_expected(1, "a"), make_answer(""), ()))
    assert [measures[name] for name in ("Success@1", "Success@5", "RR@10")] == [0, 0, 0]


def test_an_accepted_string_counts_in_the_first_quote_and_in_the_first_three() -> None:
    """Hits: in quote 1; in quote 3; in quote 4, too late; nowhere; abstained. An unanswerable
    question doesn't count."""
    measures = measure(
        Outcome(make_expected(1, "a"), make_answer("a", ("Two cables.",)), (GOOD,)),
        Outcome(make_expected(2, "a"), make_answer("a", ("x", "y", "the Two")), (GOOD,)),
        Outcome(make_expected(3, "a"), make_answer("a", ("x", "y", "z", "Two")), (GOOD,)),
        Outcome(make_expected(4, "a", "deux", "Three"), make_answer("a", ("Two",)), (GOOD,)),
        Outcome(make_expected(5, "a"), make_answer("a"), ()),
        Outcome(make_expected(6), make_answer("a", ("Two",)), (GOOD,)),
    )
    assert measures["answer_hit@1"] == pytest.approx(1 / 5)
    assert measures["answer_hit@3"] == pytest.approx(2 / 5)


def test_abstaining_is_scored_as_finding_the_unanswerable() -> None:
    """3 abstain, 2 of them rightly; of 4 unanswerable questions, 2 are found."""
    quoted = make_answer("a", ("Two",))
    measures = measure(
        Outcome(make_expected(1), make_answer(), ()),
        Outcome(make_expected(2), make_answer(), ()),
        Outcome(make_expected(3), quoted, (GOOD,)),
        Outcome(make_expected(4), quoted, (GOOD,)),
        Outcome(make_expected(5, "a"), make_answer(), ()),
        Outcome(make_expected(6, "a"), quoted, (GOOD,)),
    )
    assert measures["abstention_precision"] == pytest.approx(2 / 3)
    assert measures["abstention_recall"] == pytest.approx(2 / 4)


def test_what_there_is_nothing_to_count_for_is_not_defined() -> None:
    answered = measure(
        Outcome(make_expected(1, "a"), make_answer("a", ("Two",)), (GOOD,)),
    )
    assert answered["abstention_precision"] is None
    assert answered["abstention_recall"] is None
    abstained = measure(Outcome(make_expected(1), make_answer(), ()))
    assert abstained["abstention_precision"] == 1
    for name in ("Success@1", "RR@10", "answer_hit@1", "verbatim_rate", "offset_exact_rate"):
        assert abstained[name] is None
    empty = measure()
    assert empty.pop("questions") == 0
    assert set(empty.values()) == {None}


def test_latency_is_given_as_the_median_and_the_95th_percentile() -> None:
    """Of 10, 20, 30, 40, 50 ms: 30, and four fifths of the way from 40 to 50."""
    outcomes = [
        Outcome(make_expected(number), make_answer(total=10.0 * number), ())
        for number in range(1, 6)
    ]
    measures = measure(*outcomes)
    assert measures["latency_p50_ms"] == pytest.approx(30)
    assert measures["latency_p95_ms"] == pytest.approx(48)


@pytest.mark.parametrize(
    ("changes", "verbatim", "offset_exact"),
    [
        ({}, True, True),
        ({"cited_text": "Two cable."}, False, False),
        ({"cited_text": "two cables."}, False, False),
        ({"cited_text": "Two\u00a0cables."}, False, False),
        ({"cited_text": ""}, False, False),
        ({"cited_text": "", "start": 22}, False, False),
        ({"cited_text": "One cable."}, True, False),
        ({"start": 10}, True, False),
        ({"end": 21}, True, False),
        ({"end": 23}, True, False),
        ({"start": -11}, True, False),
        ({"text_sha256": "0" * 64}, True, False),
    ],
)
def test_a_citation_is_checked_against_its_article(
    changes: dict[str, object], verbatim: bool, offset_exact: bool
) -> None:
    assert check_citation(make_citation(**changes), ARTICLE) == CheckedCitation(
        verbatim, offset_exact
    )


def test_a_citation_of_an_article_that_is_gone_fails_both_checks() -> None:
    assert check_citation(make_citation(), None) == CheckedCitation(False, False)


def test_a_wrong_citation_lowers_the_rates() -> None:
    """Of 4 citations in two answers, 3 are verbatim and 2 have exact offsets."""
    wrong = [{}, {"start": 10}, {"cited_text": "Three cables."}, {}]
    checked = [check_citation(make_citation(**changes), ARTICLE) for changes in wrong]
    measures = measure(
        Outcome(make_expected(1, "a"), make_answer("a", ("Two",) * 3), tuple(checked[:3])),
        Outcome(make_expected(2, "a"), make_answer("a", ("Two",)), tuple(checked[3:])),
    )
    assert measures["verbatim_rate"] == pytest.approx(3 / 4)
    assert measures["offset_exact_rate"] == pytest.approx(2 / 4)


def test_a_run_asks_in_order_in_the_language_of_the_set_and_checks_every_citation(
    answerer: Answerer,
) -> None:
    asked = read_question_set(QUESTIONS)[:4]
    told: list[int] = []
    outcomes = run_questions(answerer, asked, told.append)
    assert [outcome.expected for outcome in outcomes] == list(asked)
    assert told == [1, 1, 1, 1]
    for outcome in outcomes:
        expected = outcome.expected
        assert outcome.answer.question == read_question(expected.question, expected.language)
        assert outcome.citations == (GOOD,) * len(outcome.answer.quotes)


def test_the_question_set_of_the_package_is_read_whole() -> None:
    questions = read_question_set(QUESTIONS)
    assert [question.id for question in questions] == [line["id"] for line in LINES]
    for question, line in zip(questions, LINES, strict=True):
        assert asdict(question) == {
            name: tuple(value) if isinstance(value, list) else value for name, value in line.items()
        }


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not valid JSON: Expecting property name"),
        ("[1]", "not a JSON object"),
        ("null", "not a JSON object"),
        ("[" * 100_000, "not valid JSON: nested too deep"),
        ("{}", "no id, language, question, answerable, article_ids, answers"),
        (make_line(id=""), "'id' must be a text, not ''"),
        (make_line(id=7), "'id' must be a text, not 7"),
        (make_line(language="de"), "'language' must be fr or en, not 'de'"),
        (make_line(language=None), "'language' must be fr or en, not None"),
        (make_line(question=" "), "'question' must be a text, not ' '"),
        (make_line(question="x" * 501), "has 501 characters; the limit is 500"),
        (make_line(question="a\0"), r"holds the control character U\+0000"),
        (make_line(question="\ud800"), r"holds the control character U\+D800"),
        (make_line(answerable=1), "'answerable' must be true or false, not 1"),
        (make_line(answerable="false"), "'answerable' must be true or false, not 'false'"),
        (make_line(article_ids="port-en"), "'article_ids' must be a list of texts"),
        (make_line(article_ids=[""]), "'article_ids' must be a list of texts"),
        (make_line(answers=[2]), "'answers' must be a list of texts"),
        (make_line(answers=None), "'answers' must be a list of texts"),
        (make_line(answers=[]), "an answerable question needs article_ids and answers"),
        (make_line(article_ids=[]), "an answerable question needs article_ids and answers"),
        (make_line(answerable=False), "an unanswerable question has no article_ids"),
        (make_line(answerable=False, answers=[]), "an unanswerable question has no article_ids"),
    ],
)
def test_a_bad_line_is_refused_by_its_number_and_reason(
    tmp_path: Path, line: str, reason: str
) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(f"{make_line(id='q0')}\n{line}\n", encoding="utf-8")
    with pytest.raises(QuestionSetError, match=f"^set.jsonl, line 2: .*{reason}"):
        read_question_set(path)


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    """Blank lines are passed over, but counted."""
    path = tmp_path / "set.jsonl"
    lines = [make_line(), "", "{", make_line(), make_line(id="q2", answers=[]), "  "]
    path.write_text("\r\n".join(lines), encoding="utf-8")
    with pytest.raises(QuestionSetError) as refusal:
        read_question_set(path)
    first, second, third = str(refusal.value).split("\n")
    assert first.startswith("set.jsonl, line 3: not valid JSON")
    assert second == "set.jsonl, line 4: the id 'q1' stands on an earlier line too"
    assert third.startswith("set.jsonl, line 5: an answerable question needs")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "set.jsonl holds no question"),
        (b"\n \n", "set.jsonl holds no question"),
        (b"\xff\n", "is not UTF-8 text"),
    ],
)
def test_a_file_without_questions_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "set.jsonl"
    path.write_bytes(content)
    with pytest.raises(QuestionSetError, match=message):
        read_question_set(path)


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(QuestionSetError, match="can't be read") as refusal:
        read_question_set(tmp_path / name)
    assert str(tmp_path / name) in str(refusal.value)


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85"])
def test_a_line_ends_where_json_says(tmp_path: Path, separator: str) -> None:
    """A JSON text may hold, unescaped, what other standards take for the end of a line."""
    path = tmp_path / "set.jsonl"
    accepted = f"Two{separator}cables"
    line = make_line(answers=[accepted])
    path.write_text(json.dumps(json.loads(line), ensure_ascii=False), encoding="utf-8")
    assert read_question_set(path)[0].answers == (accepted,)


def test_the_command_prints_the_measures_and_writes_the_run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    model_cache: Path,
    corpus_path: Path,
) -> None:
    """Every citation of the answers is verbatim and exactly placed."""
    (tmp_path / "massilia").symlink_to(model_cache)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    output = tmp_path / "run.json"
    words = ["run", "--questions", str(QUESTIONS), "--library", str(corpus_path)]
    monkeypatch.setattr(sys, "argv", ["massilia-eval", *words, "--json", str(output)])
    with pytest.raises(SystemExit) as ending:
        run_command_line(cli, "massilia-eval")
    printed = capsys.readouterr()
    assert not ending.value.code, printed.err
    table = dict(line.split(maxsplit=1) for line in printed.out.splitlines() if line.strip())
    assert table.pop("measure").split() == ["all", "fr", "en"]
    half = str(len(LINES) // 2)
    assert table["questions"].split() == [str(len(LINES)), half, half]
    assert table["verbatim_rate"].split() == ["1.0000"] * 3
    assert table["offset_exact_rate"].split() == ["1.0000"] * 3
    run = json.loads(output.read_text(encoding="utf-8"))
    assert set(run["measures"]) == set(table) == set(run["by_language"]["fr"])
    assert run["measures"]["verbatim_rate"] == run["measures"]["offset_exact_rate"] == 1
    assert set(run["by_language"]) == {"fr", "en"}
    assert [each["id"] for each in run["questions"]] == [line["id"] for line in LINES]
    assert printed.err.splitlines()[-1] == f"Asking: {len(LINES)} of {len(LINES)}"


def test_a_bad_question_set_ends_the_command_with_status_2_and_no_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text("{\n[]\n")
    words = ["run", "--questions", str(path), "--library", str(tmp_path / "none")]
    monkeypatch.setattr(sys, "argv", ["massilia-eval", *words])
    with pytest.raises(SystemExit) as ending:
        run_command_line(cli, "massilia-eval")
    printed = capsys.readouterr()
    assert ending.value.code == 2
    assert printed.out == ""
    assert printed.err.startswith("Error: set.jsonl, line 1: ")
    assert printed.err.splitlines()[1] == "set.jsonl, line 2: not a JSON object"
