"""Comparisons of two runs; what is planted is counted by hand."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

import pytest

from massilia.corpus.errors import MassiliaError
from massilia.eval.bootstrap import Estimate
from massilia.eval.comparison import (
    ChangedQuestion,
    Difference,
    Verdict,
    compare_runs,
    judge_outcome,
)
from massilia.eval.measures import list_measures
from massilia.eval.run import CheckedQuote, Outcome
from massilia.eval.run_file import Run

MakeOutcome = Callable[..., Outcome]
MakeQuote = Callable[..., CheckedQuote]
MakeRun = Callable[..., Run]

RIGHT, WRONG, REFUSED = Verdict.RIGHT, Verdict.WRONG, Verdict.REFUSED


def compare(first: Run, second: Run) -> dict[str, Difference]:
    comparison = compare_runs(first, second)
    assert [each.measure for each in comparison.differences] == list_measures()
    return {each.measure: each for each in comparison.differences}


@pytest.fixture
def make_many(make_outcome: MakeOutcome) -> Callable[..., list[Outcome]]:
    """Make questions q00, q01, ..., of which those numbered in `wrong` are answered wrongly, and
    have their article second."""

    def make(
        count: int, wrong: Sequence[int] = (), needs: Sequence[str | None] = (None,)
    ) -> list[Outcome]:
        return [
            make_outcome(
                f"q{number:02}",
                "ba" if number in wrong else "ab",
                ["Three" if number in wrong else "Two"],
                need=needs[number % len(needs)],
            )
            for number in range(count)
        ]

    return make


MakeMany = Callable[..., list[Outcome]]


def test_a_run_does_not_differ_from_itself(
    make_outcome: MakeOutcome, make_many: MakeMany, make_run: MakeRun
) -> None:
    """Its values are undefined where there is nothing to count, and so is the difference."""
    run = make_run([*make_many(10, wrong=[2, 3]), make_outcome("u1", answerable=False)])
    comparison = compare_runs(run, run)
    assert comparison.changed == ()
    for each in comparison.differences:
        assert each.first == each.second
        value = None if each.first is None else 0
        assert each.difference == Estimate(value, value, value)
        assert each.p in (None, 1)
    by_name = {each.measure: each for each in comparison.differences}
    assert (by_name["RR@10"].first, by_name["RR@10"].p) == (0.9, 1)
    assert by_name["quote_precision"].first is None
    # No mean over the same questions of both: there is nothing to swap.
    assert {name for name, each in by_name.items() if each.p is None} == {
        *("mark_rate", "mark_exact", "mark_overlap"),
        *("quote_precision", "quote_characters", "quote_characters_p50", "quotes_per_answer"),
        *("verbatim_rate", "offset_exact_rate", "citation_resolves_rate"),
        *("selective_risk", "AURC", "risk@50", "risk@70", "risk@90", "refusal_precision", "ECE"),
        *("false_answer_rate@80", "wrong_quote_rate@80"),
        *("latency_p50_ms", "latency_p95_ms", "latency_p99_ms", "questions_per_second"),
    }


def test_a_difference_is_the_second_less_the_first(make_many: MakeMany, make_run: MakeRun) -> None:
    """15 of 40 questions are made right and none wrong: 25/40, then 40/40.

    RR@10 of those was 1/2: 32.5/40 before. All swaps but 1 in 2^14 make a smaller difference, so
    that of 10,000 about one is as large. The interval of 15/40 has a standard deviation of 0.077.
    """
    found = compare(make_run(make_many(40, wrong=range(15))), make_run(make_many(40)))
    hits = found["answer_hit@1"]
    assert (hits.first, hits.second) == (25 / 40, 1)
    assert hits.difference.value == pytest.approx(15 / 40)
    assert hits.difference.low is not None
    assert hits.difference.high is not None
    assert 0.18 < hits.difference.low < 0.28
    assert 0.47 < hits.difference.high < 0.57
    assert hits.p is not None
    assert hits.p < 0.002
    assert found["RR@10"].difference.value == pytest.approx(7.5 / 40)
    assert found["Brier"].difference.value == pytest.approx(15 / 40 * (0.1**2 - 0.9**2))
    assert found["coverage"].difference == Estimate(0, 0, 0)
    assert found["coverage"].p == 1


def test_a_loss_is_below_nought(make_many: MakeMany, make_run: MakeRun) -> None:
    found = compare(make_run(make_many(40)), make_run(make_many(40, wrong=range(15))))
    assert found["answer_hit@1"].difference.value == pytest.approx(-15 / 40)
    assert found["answer_hit@1"].difference.high is not None
    assert found["answer_hit@1"].difference.high < 0
    # All risk is the share of wrong answers, which have equal confidence.
    assert found["AURC"].difference.value == pytest.approx(15 / 40)
    assert found["AURC"].difference.low is not None
    assert found["AURC"].difference.low > 0


def test_a_few_changes_may_be_by_chance(make_many: MakeMany, make_run: MakeRun) -> None:
    """Two of 40: half of the swaps of those two make as large a difference, and p is near 1/2."""
    hits = compare(make_run(make_many(40)), make_run(make_many(40, wrong=[7, 8])))["answer_hit@1"]
    assert hits.difference.value == pytest.approx(-2 / 40)
    assert hits.difference.high == 0
    assert hits.p == pytest.approx(1 / 2, abs=0.02)


def test_changes_both_ways_cancel_out(make_many: MakeMany, make_run: MakeRun) -> None:
    first, second = make_many(20, wrong=range(5)), make_many(20, wrong=range(5, 10))
    comparison = compare_runs(make_run(first), make_run(second))
    hits = next(each for each in comparison.differences if each.measure == "answer_hit@1")
    assert (hits.first, hits.second, hits.p) == (0.75, 0.75, 1)
    assert [each.id for each in comparison.changed if each.better] == [f"q0{n}" for n in range(5)]
    assert [each.id for each in comparison.changed if each.worse] == [
        f"q0{n}" for n in range(5, 10)
    ]


def test_the_wordings_of_a_need_are_swapped_together(
    make_many: MakeMany, make_run: MakeRun
) -> None:
    """All of one need: every swap makes the same difference, and p is 1. So it is where one of two
    needs is lost, and a resample may have that alone, the other alone, or both."""
    needs = ["n1"]
    first = make_run(make_many(20, needs=needs))
    second = make_run(make_many(20, wrong=range(20), needs=needs))
    hits = compare(first, second)["answer_hit@1"]
    assert (hits.difference, hits.p) == (Estimate(-1, -1, -1), 1)
    needs = ["n1", "n2"]
    first = make_run(make_many(20, needs=needs))
    second = make_run(make_many(20, wrong=range(0, 20, 2), needs=needs))
    hits = compare(first, second)["answer_hit@1"]
    assert (hits.difference, hits.p) == (Estimate(-0.5, -1, 0), 1)


def test_only_questions_that_a_measure_is_over_are_swapped(
    make_many: MakeMany, make_outcome: MakeOutcome, make_run: MakeRun
) -> None:
    """15 answerable questions are no longer answered, and the one to be refused is, as before."""
    refused = make_outcome("u1", answerable=False)
    answered = make_many(20)
    silent = [replace(each, quotes=()) for each in answered[:15]]
    first, second = make_run([*answered, refused]), make_run([*silent, *answered[15:], refused])
    found = compare(first, second)
    assert (found["refusal_recall"].first, found["refusal_recall"].second) == (1, 1)
    assert (found["refusal_recall"].difference, found["refusal_recall"].p) == (Estimate(0, 0, 0), 1)
    assert found["coverage"].difference.value == pytest.approx(-15 / 21)
    assert found["coverage"].p is not None
    assert found["coverage"].p < 0.002


def test_questions_that_changed_are_told_with_what_became_of_them(
    make_outcome: MakeOutcome, make_run: MakeRun
) -> None:
    """Of an answerable question right is wanted, of another a refusal; a change between two that
    are not wanted is neither better nor worse."""
    answerable = [
        ("q1", WRONG, RIGHT, True, False),
        ("q2", REFUSED, RIGHT, True, False),
        ("q3", RIGHT, WRONG, False, True),
        ("q4", RIGHT, REFUSED, False, True),
        ("q5", WRONG, REFUSED, False, False),
        ("q6", REFUSED, WRONG, False, False),
        ("q7", RIGHT, RIGHT, False, False),
    ]
    unanswerable = [
        ("u1", WRONG, REFUSED, True, False),
        ("u2", REFUSED, WRONG, False, True),
        ("u3", REFUSED, REFUSED, False, False),
    ]
    quotes = {RIGHT: ["Two"], WRONG: ["Three", "Two"], REFUSED: []}

    def make(side: Literal[1, 2]) -> list[Outcome]:
        return [
            make_outcome(
                row[0], "a", quotes[row[side]], answerable=row in answerable, question=f"{row[0]}?"
            )
            for row in (*answerable, *unanswerable)
        ]

    changed = compare_runs(make_run(make(1)), make_run(make(2))).changed
    assert changed == tuple(
        ChangedQuestion(row[0], f"{row[0]}?", row in answerable, row[1], row[2])
        for row in (*answerable, *unanswerable)
        if row[1] is not row[2]
    )
    wanted = {row[0]: (row[3], row[4]) for row in (*answerable, *unanswerable)}
    assert {each.id: (each.better, each.worse) for each in changed} == {
        each.id: wanted[each.id] for each in changed
    }


def test_a_refused_question_is_refused_however_right_its_best_quote(
    make_outcome: MakeOutcome, make_quote: MakeQuote
) -> None:
    assert judge_outcome(make_outcome(best=make_quote("Two"))) is REFUSED
    assert judge_outcome(make_outcome(quotes=["Two"])) is RIGHT
    assert judge_outcome(make_outcome(quotes=["Three", "Two"])) is WRONG
    assert judge_outcome(make_outcome(quotes=["Two"], answerable=False)) is WRONG


def test_a_measure_that_one_run_lacks_has_no_difference(
    make_outcome: MakeOutcome, make_run: MakeRun
) -> None:
    """The second refuses everything: no answer of it is at risk."""
    first = make_run([make_outcome("q1", "a", ["Two"])])
    second = make_run([make_outcome("q1", "a", best="Two")])
    found = compare(first, second)
    risk = found["selective_risk"]
    assert (risk.first, risk.second) == (0, None)
    assert risk.difference == Estimate(None, None, None)
    # Neither has a question that should be refused.
    nothing = Difference("refusal_recall", None, None, Estimate(None, None, None), None)
    assert found["refusal_recall"] == nothing


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ({"question_id": "q1", "question": "How many?"}, "the ids are the same, but not"),
        ({"question_id": "q1", "answers": ("Three",)}, "the ids are the same, but not"),
        ({"question_id": "q3"}, r"2 are in the first \(dev\) alone, 1 in the second \(test\)"),
    ],
)
def test_runs_on_different_questions_are_refused_by_what_differs(
    make_outcome: MakeOutcome, make_run: MakeRun, second: dict[str, object], told: str
) -> None:
    asked = [make_outcome("q1"), make_outcome("q2")]
    others = [make_outcome(**second), *asked[1:]] if second["question_id"] == "q1" else None
    first_run = make_run(asked, name="dev")
    second_run = make_run(others or [make_outcome(**second)], name="test")
    with pytest.raises(MassiliaError, match=f"^The runs were asked different questions: {told}"):
        compare_runs(first_run, second_run)


def test_other_articles_may_be_compared(make_outcome: MakeOutcome, make_run: MakeRun) -> None:
    """That is how a change of the articles' text is measured."""
    asked = [make_outcome("q1", "a")]
    found = compare(make_run(asked, texts={"a": "One."}), make_run(asked, texts={"a": "Two."}))
    assert found["RR@10"].difference.value == 0
