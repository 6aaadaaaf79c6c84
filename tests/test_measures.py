"""The measures of a run, each against outcomes that are counted by hand."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from massilia.corpus.article import Language
from massilia.eval.bootstrap import Estimate
from massilia.eval.measures import (
    INTEGRITY,
    LOWER_IS_BETTER,
    RETRIEVAL,
    Scores,
    list_measures,
    make_statistic,
    measure_scores,
    overlaps_mark,
    score_outcomes,
)
from massilia.eval.question_set import GoldSpan, Judgement
from massilia.eval.run import CheckedQuote, Outcome, RankedArticle
from massilia.eval.run_file import Run
from massilia.eval.selective import false_answer_rate_at, wrong_answer_rate_at
from massilia.eval.summary import summarise_run
from massilia.ingest.sentences import Span

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH
SECOND = 1 / math.log2(3)
"""The discount of rank 2; that of rank 3 is 1/2."""

MakeOutcome = Callable[..., Outcome]
MakeQuote = Callable[..., CheckedQuote]
MakeRun = Callable[..., Run]


def measure(*outcomes: Outcome) -> dict[str, float | None]:
    measured = measure_scores(score_outcomes(outcomes), resamples=0)
    return {name: estimate.value for name, estimate in measured.items()}


def judge(**relevance: int) -> tuple[Judgement, ...]:
    return tuple(Judgement(*pair) for pair in relevance.items())


def pick(measures: Mapping[str, float | None], names: Iterable[str]) -> dict[str, float | None]:
    return {name: measures[name] for name in names}


def check(measures: Mapping[str, float | None], expected: Mapping[str, float]) -> None:
    assert pick(measures, expected) == pytest.approx(expected)


# Rankings


def test_retrieval_measures_are_those_worked_out_by_hand(make_outcome: MakeOutcome) -> None:
    """The gold stands 1st, 2nd, 5th, 11th and nowhere: RR@10 is (1 + 1/2 + 1/5 + 0 + 0) / 5.

    R@10 is 3/5 and R@100 4/5; AP, which looks at all ranks, (1 + 1/2 + 1/5 + 1/11) / 5. The sixth
    is unanswerable, and in none of them.
    """
    found = measure(
        make_outcome("q1", "abcde", qrels=judge(a=1)),
        make_outcome("q2", "abcde", qrels=judge(b=1)),
        make_outcome("q3", "abcde", qrels=judge(e=1)),
        make_outcome("q4", "abcdefghijk", qrels=judge(k=1)),
        make_outcome("q5", "", qrels=judge(z=1)),
        make_outcome("q6", "a", answerable=False),
    )
    check(
        found,
        {
            "Success@1": 1 / 5,
            "Success@3": 2 / 5,
            "Success@5": 3 / 5,
            "RR@10": 1.7 / 5,
            "R@10": 3 / 5,
            "R@100": 4 / 5,
            "AP": (1.7 + 1 / 11) / 5,
            "nDCG@10": (1 + SECOND + 1 / math.log2(6)) / 5,
        },
    )


def test_several_relevant_articles_share_a_question(make_outcome: MakeOutcome) -> None:
    """b is 2nd, d 4th, z isn't found: AP = (1/2 + 2/4) / 3, and the ideal has all three on top."""
    found = measure(make_outcome("q1", "abcd", qrels=judge(b=1, d=1, z=1)))
    ideal = 1 + SECOND + 1 / 2
    check(
        found,
        {
            "Success@1": 0,
            "Success@3": 1,
            "RR@10": 1 / 2,
            "R@10": 2 / 3,
            "AP": 1 / 3,
            "nDCG@10": (SECOND + 1 / math.log2(5)) / ideal,
        },
    )


def test_a_grade_is_a_gain_and_any_above_0_is_relevant(make_outcome: MakeOutcome) -> None:
    """The gain is the grade, as in trec_eval, not 2^grade - 1: (1/log2 3 + 2/2) / (2 + 1/log2 3).

    AP = (1/2 + 2/3) / 2.
    """
    found = measure(make_outcome("q1", "cba", qrels=judge(a=2, b=1, c=0)))
    check(
        found,
        {
            "nDCG@10": (SECOND + 1) / (2 + SECOND),
            "Success@1": 0,
            "RR@10": 1 / 2,
            "R@10": 1,
            "AP": 7 / 12,
        },
    )


def test_what_is_found_past_a_cutoff_does_not_count(make_outcome: MakeOutcome) -> None:
    """a is 1st and k 11th: the ideal of nDCG@10 has both, R@10 is one of two."""
    found = measure(make_outcome("q1", "abcdefghijk", qrels=judge(a=1, k=1)))
    check(found, {"nDCG@10": 1 / (1 + SECOND), "R@10": 1 / 2, "R@100": 1, "AP": (1 + 2 / 11) / 2})


@pytest.mark.parametrize("found", ["ab", "ba"])
def test_articles_with_equal_scores_count_in_the_order_they_are_shown_in(
    make_outcome: MakeOutcome, found: str
) -> None:
    """`found` is the ranking; a is relevant, 1st or 2nd of it."""
    ranking = [RankedArticle(each, 0.5) for each in found]
    rank = found.index("a") + 1
    check(
        measure(make_outcome("q1", ranking)),
        {
            "Success@1": 2 - rank,
            "RR@10": 1 / rank,
            "AP": 1 / rank,
            "nDCG@10": 1 / math.log2(1 + rank),
        },
    )


def test_scores_that_differ_little_still_rank(make_outcome: MakeOutcome) -> None:
    """Single precision can't tell them apart, and would take the last id first."""
    ranking = [RankedArticle("a", 30.000001), RankedArticle("b", 30.0)]
    check(measure(make_outcome("q1", ranking)), {"Success@1": 1, "RR@10": 1})


@pytest.mark.parametrize(
    ("ranking", "qrels"), [("", {"a": 1}), ("ab", {"a": 0}), ("", {"a": 0}), ("b", {"a": 1})]
)
def test_a_question_for_which_nothing_is_found_stays_in_the_mean_as_0(
    make_outcome: MakeOutcome, ranking: str, qrels: dict[str, int]
) -> None:
    """One of two questions: an empty ranking, or none but judgements of no relevance."""
    found = measure(
        make_outcome("q1", "a", qrels=judge(a=1)), make_outcome("q2", ranking, qrels=judge(**qrels))
    )
    check(found, dict.fromkeys(map(str, RETRIEVAL), 1 / 2))


def test_finding_nothing_for_any_question_is_0(make_outcome: MakeOutcome) -> None:
    found = measure(make_outcome("q1"), make_outcome("q2"))
    assert [found[str(each)] for each in RETRIEVAL] == [0] * len(RETRIEVAL)


def test_the_order_of_the_questions_changes_no_score(make_outcome: MakeOutcome) -> None:
    """Each question's row is its own."""
    outcomes = [
        make_outcome("q10", "ba", need="n1"),
        make_outcome("q2", "a"),
        make_outcome("q1", answerable=False),
        make_outcome("q3", ""),
    ]
    scores = score_outcomes(outcomes)
    assert scores.ids == ("q10", "q2", "q1", "q3")
    assert scores["RR@10"].tolist() == [1 / 2, 1, 0, 0]
    assert scores["answerable"].tolist() == [1, 1, 0, 1]
    picked = scores.select(np.array([3, 0]))
    assert (picked.ids, picked["RR@10"].tolist()) == (("q3", "q10"), [0, 1 / 2])
    assert picked.clusters == ("q3", "n1")


# First quotes


def test_an_accepted_string_counts_in_the_first_quote_and_in_the_first_three(
    make_outcome: MakeOutcome,
) -> None:
    """Hits: in quote 1; in quote 3; in quote 4, too late; nowhere; abstained.

    That makes 1/5 and 2/5: an unanswerable question doesn't count.
    """
    found = measure(
        make_outcome("q1", quotes=["Two cables."]),
        make_outcome("q2", quotes=["x", "y", "the Two"]),
        make_outcome("q3", quotes=["x", "y", "z", "Two"]),
        make_outcome("q4", quotes=["Two"], answers=("deux", "Three")),
        make_outcome("q5"),
        make_outcome("q6", quotes=["Two"], answerable=False),
    )
    check(found, {"answer_hit@1": 1 / 5, "answer_hit@3": 2 / 5})


def test_any_of_the_accepted_strings_is_enough_and_to_the_letter(make_outcome: MakeOutcome) -> None:
    """Right, right, wrong for its capital."""
    found = measure(
        make_outcome("q1", quotes=["Two"], answers=("Deux", "Two")),
        make_outcome("q2", quotes=["Deux"], answers=("Deux", "Two")),
        make_outcome("q3", quotes=["two"], answers=("Deux", "Two")),
    )
    check(found, {"answer_hit@1": 2 / 3})


@pytest.mark.parametrize(
    ("quotes", "early"),
    [
        ([], False),
        (["Two cables."], True),
        (["x" * 297 + "Two"], True),
        (["x" * 298 + "Two"], False),
        (["x" * 200, "y" * 97 + "Two"], True),
        (["x" * 200, "y" * 98 + "Two"], False),
        (["x" * 300, "Two"], False),
        (["x" * 301, "Two"], False),
        (["x" * 400, "y", "Two"], False),
        (["T", "wo"], False),
        (["One", "Three", "Two"], True),
        (["two"], False),
    ],
)
def test_an_early_hit_ends_within_300_characters(
    make_outcome: MakeOutcome, quotes: list[str], early: bool
) -> None:
    assert make_outcome("q1", quotes=quotes).hit_within(300) is early


def test_early_hits_are_a_share_of_the_answerable(make_outcome: MakeOutcome) -> None:
    """Of four one is hit at once, one in time, one too late; the last abstains."""
    found = measure(
        make_outcome("q1", quotes=["Two"]),
        make_outcome("q2", quotes=["x" * 297, "Two"]),
        make_outcome("q3", quotes=["x" * 298, "Two"]),
        make_outcome("q4", best="Two"),
        make_outcome("q5", quotes=["Two"], answerable=False),
    )
    check(found, {"answer_hit@300c": 2 / 4, "answer_hit@3": 3 / 4})


def mark(quote: CheckedQuote, words: str) -> CheckedQuote:
    """Mark the last words of a quote that are those given."""
    start = quote.start + quote.text.rindex(words)
    return replace(quote, mark=Span(start, start + len(words)))


def test_what_is_marked_is_compared_with_the_accepted_strings(
    make_outcome: MakeOutcome, make_quote: MakeQuote
) -> None:
    """The quotes stand at 100 in the article, so that places in the two differ.

    q1 marks the answer but for its article: 1 and 1. q2 marks one word of two and another: 0 and
    2 * 1 / (2 + 2), and touches the answer. q3 marks what ends where the answer begins: nothing.
    q4 marks nothing, and is the answer. q5 abstains. So exact matches are 2 of 5; marks, of q1 to
    q3, exact in 1 and overlapping in 2. q6 and q7 are unanswerable, and q6 has one of the four
    marks of six answers. In q8, which no string is accepted for, a mark says nothing but that it is
    there.
    """

    def make(name: str, text: str, marked: str, *answers: str, **more: object) -> Outcome:
        quote = mark(make_quote(text, start=100), marked)
        return make_outcome(name, quotes=[quote], answers=answers, **more)

    outcomes = [
        make("q1", "Now the two cables land.", "two cables", "the two cables"),
        make("q2", "Two old cables land.", "old cables", "Two old"),
        make("q3", "Two cables land.", "Two ", "cables"),
        make_outcome("q4", quotes=["Two"]),
        make_outcome("q5"),
        make("q6", "Two cables land.", "Two", answerable=False),
        make_outcome("q7", quotes=["Two"], answerable=False),
    ]
    expected = {
        "exact_match": 2 / 5,
        "token_f1": (1 + 1 / 2 + 0 + 1) / 5,
        "mark_rate": 4 / 6,
        "mark_exact": 1 / 3,
        "mark_overlap": 2 / 3,
    }
    check(measure(*outcomes), expected)
    unjudged = make("q8", "Two cables land.", "Two")
    check(measure(*outcomes, unjudged), expected | {"mark_rate": 5 / 7})


def test_only_the_first_quotes_mark_counts(
    make_outcome: MakeOutcome, make_quote: MakeQuote
) -> None:
    found = measure(make_outcome(quotes=["Three cables.", mark(make_quote("Two."), "Two")]))
    assert found["mark_rate"] == 0
    assert found["mark_exact"] is None
    assert found["exact_match"] == 0


@pytest.mark.parametrize(
    ("text", "marked", "accepted", "overlaps"),
    [
        ("Two cables, two ships", "two", ["two ships"], True),
        ("one two one two", "two", ["two"], True),
        ("two, one two", "two", ["one"], False),
        ("one two", "two", ["one"], False),
        ("onetwo", "two", ["one"], False),
        ("onetwo", "two", ["onet"], True),
        ("two one", "two ", ["one"], False),
        ("the two of them", "two", ["the two of them"], True),
        ("Two cables", "cables", ["two cables"], False),
        ("Two cables", "Two", ["ships", "Two cables"], True),
        ("Two cables", "Two", [], False),
    ],
)
def test_a_mark_overlaps_what_it_shares_a_character_with(
    make_quote: MakeQuote, text: str, marked: str, accepted: list[str], overlaps: bool
) -> None:
    quote = make_quote(text, start=7)
    assert overlaps_mark(mark(quote, marked), accepted) is overlaps
    assert not overlaps_mark(quote, accepted), "nothing is marked"


def test_where_nothing_is_marked_the_whole_first_quote_is_compared(
    make_outcome: MakeOutcome, make_quote: MakeQuote
) -> None:
    """Of four answerable questions.

    The quotes "The two cables." and "two cables" are one: 1 and 1. "two old cables" has two words
    of three, of two: 0 and 2 * 2 / (3 + 2). The French one, l' aside, is the same: 1 and 1. One
    abstains, and of one only the second quote would do: 0 and 0.
    """
    french = make_quote("L'un des câbles.", language=FRENCH)
    found = measure(
        make_outcome("q1", quotes=["The two cables."], answers=("two cables",)),
        make_outcome("q2", quotes=["two old cables"], answers=("two cables",)),
        make_outcome("q3", quotes=[french], answers=("câbles",)),
        make_outcome("q4", best="Two"),
        make_outcome("q5", quotes=["x", "Two"]),
        make_outcome("q6", quotes=["Two"], answerable=False),
    )
    check(found, {"exact_match": 2 / 5, "token_f1": (1 + 4 / 5 + 1) / 5})


# Quotes


def test_quote_precision_is_the_share_of_quoted_characters_in_gold_sentences(
    make_outcome: MakeOutcome, make_quote: MakeQuote
) -> None:
    """Quoted of article a, with the gold that counts.

    0 to 10 with gold 5 to 20: 5 of 10. 0 to 20 with gold 2 to 10 and 5 to 15, which overlap: 13 of
    20, not 18. 0 to 10 with gold in article b: 0 of 10. 10 to 20 with gold 0 to 10 and 20 to 30,
    which it touches: 0 of 10; its second quote, 3 to 5, lies in the gold: 2 of 2. For an
    unanswerable question: 0 of 8. In all 20 of 60.
    """
    found = measure(
        make_outcome("q1", quotes=["x" * 10], gold=(GoldSpan("a", 5, 20),)),
        make_outcome("q2", quotes=["x" * 20], gold=(GoldSpan("a", 2, 10), GoldSpan("a", 5, 15))),
        make_outcome("q3", quotes=["x" * 10], gold=(GoldSpan("b", 0, 10),)),
        make_outcome(
            "q4",
            quotes=[make_quote("x" * 10, start=10), make_quote("x" * 2, start=3)],
            gold=(GoldSpan("a", 0, 10), GoldSpan("a", 20, 30)),
        ),
        make_outcome("q5", quotes=["x" * 8], answerable=False),
    )
    check(found, {"quote_precision": 20 / 60})


def test_an_unanswerable_question_that_is_quoted_for_lowers_quote_precision(
    make_outcome: MakeOutcome,
) -> None:
    """10 of 10, then 10 of 15; refusing it changes nothing."""
    good = make_outcome("q1", quotes=["x" * 10], gold=(GoldSpan("a", 0, 10),))
    assert measure(good)["quote_precision"] == 1
    quoted = make_outcome("q2", quotes=["x" * 5], answerable=False)
    assert measure(good, quoted)["quote_precision"] == pytest.approx(10 / 15)
    assert measure(good, make_outcome("q2", answerable=False))["quote_precision"] == 1


def test_quotes_for_a_question_without_gold_sentences_say_nothing_of_precision(
    make_outcome: MakeOutcome,
) -> None:
    """4 of 10 characters; the second question's set has no sentences for it."""
    found = measure(
        make_outcome("q1", quotes=["x" * 10], gold=(GoldSpan("a", 0, 4),)),
        make_outcome("q2", quotes=["x" * 90]),
    )
    check(found, {"quote_precision": 4 / 10})
    assert measure(make_outcome("q2", quotes=["x" * 90]))["quote_precision"] is None


def test_quotes_are_counted_over_the_questions_that_have_any(make_outcome: MakeOutcome) -> None:
    """Three quotes of 2, 4 and 6 characters in two answers; a third question is refused."""
    found = measure(
        make_outcome("q1", quotes=["x" * 2, "x" * 4]),
        make_outcome("q2", quotes=["x" * 6]),
        make_outcome("q3"),
    )
    check(found, {"quote_characters": 12 / 3, "quotes_per_answer": 3 / 2})


def test_the_median_length_is_that_of_all_quotes(make_outcome: MakeOutcome) -> None:
    """Quotes of 2, 4; 6; 9 characters: (4 + 6) / 2. Their questions 2, 1 and 0 times: 2 2 4 4 6."""
    outcomes = [
        make_outcome("q1", quotes=["x" * 2, "x" * 4]),
        make_outcome("q2", quotes=["x" * 6], answerable=False),
        make_outcome("q3", quotes=["x" * 9]),
        make_outcome("q4"),
    ]
    check(measure(*outcomes), {"quote_characters_p50": 5})
    statistic = make_statistic("quote_characters_p50", score_outcomes(outcomes))
    weights = np.array([[2, 1, 0, 7], [0, 0, 1, 0], [0, 0, 0, 1]], dtype=np.float64)
    assert statistic(weights).tolist() == pytest.approx([4, 9, np.nan], nan_ok=True)


def test_a_wrong_citation_lowers_the_rates(
    make_outcome: MakeOutcome, make_quote: MakeQuote
) -> None:
    """Of 4 citations in two answers, 3 are verbatim, 2 have exact offsets and 1 resolves."""
    wrong = [
        make_quote(offset_exact=False),
        make_quote(verbatim=False, offset_exact=False, resolves=False),
        make_quote(resolves=False),
    ]
    found = measure(
        make_outcome("q1", quotes=wrong),
        make_outcome("q2", quotes=[make_quote(resolves=False)]),
    )
    check(
        found, {"verbatim_rate": 3 / 4, "offset_exact_rate": 2 / 4, "citation_resolves_rate": 1 / 4}
    )
    assert set(INTEGRITY) < set(found)


# Confidence and refusals


@pytest.fixture
def six(make_outcome: MakeOutcome, make_quote: MakeQuote) -> list[Outcome]:
    """Six questions by falling confidence: right, wrong, unanswerable but answered; refused are
    one whose best quote is right, an unanswerable one, and one that nothing is found for."""
    return [
        make_outcome("q1", quotes=[make_quote("Two", 0.9)]),
        make_outcome("q2", quotes=[make_quote("Three", 0.8)]),
        make_outcome("q3", quotes=[make_quote("Two", 0.6)], answerable=False),
        make_outcome("q4", best=make_quote("Two", 0.4)),
        make_outcome("q5", best=make_quote("Two", 0.2), answerable=False),
        make_outcome("q6"),
    ]


def test_answering_and_refusing_are_measured_over_all_questions(six: list[Outcome]) -> None:
    """3 of 6 are answered, 2 of them wrongly. 3 are refused, 1 of them rightly, of 2 to be refused.

    Errors by falling confidence: 0 1 1 0 1 1. Risks: 0, 1/2, 2/3, 1/2, 3/5, 2/3; their sum is
    44/15 and their mean 44/90. At 50 % the 3 first are answered, at 70 % 5 (4.2, rounded up), at
    90 % all 6 (5.4). Each confidence has a bin of its own: distances 0.1, 0.8, 0.6, 0.6, 0.2 and
    0, which sum to 2.3; their squares 0.01, 0.64, 0.36, 0.36, 0.04 and 0, to 1.41.
    """
    check(
        measure(*six),
        {
            "coverage": 3 / 6,
            "selective_risk": 2 / 3,
            "refusal_precision": 1 / 3,
            "refusal_recall": 1 / 2,
            "false_answer_rate": 1 / 2,
            "AURC": 44 / 90,
            "risk@50": 2 / 3,
            "risk@70": 3 / 5,
            "risk@90": 4 / 6,
            "ECE": 2.3 / 6,
            "Brier": 1.41 / 6,
            "answer_hit@1": 1 / 4,
        },
    )


@pytest.fixture
def nine(make_outcome: MakeOutcome, make_quote: MakeQuote) -> list[Outcome]:
    """Five questions with an answer, of falling confidence, and four without one.

    Right are the 1st, 3rd and 5th; the 4th is refused, as are all but the surest of the four. For
    the last nothing is found.
    """
    return [
        make_outcome("a1", quotes=[make_quote("Two", 0.9)]),
        make_outcome("a2", quotes=[make_quote("Three", 0.8)]),
        make_outcome("a3", quotes=[make_quote("Two", 0.7)]),
        make_outcome("a4", best=make_quote("Three", 0.6)),
        make_outcome("a5", quotes=[make_quote("Two", 0.5)]),
        make_outcome("u1", quotes=[make_quote("Two", 0.95)], answerable=False),
        make_outcome("u2", best=make_quote("Two", 0.6), answerable=False),
        make_outcome("u3", best=make_quote("Two", 0.55), answerable=False),
        make_outcome("u4", answerable=False),
    ]


def test_rates_are_at_the_threshold_that_answers_80_percent_of_the_answerable(
    nine: list[Outcome], make_outcome: MakeOutcome, make_quote: MakeQuote
) -> None:
    """4 of 5 are answered from 0.6 up, 2 of them wrongly; of the four without an answer 0.95 and
    0.6 are. A sixth question, of 0.4, means ceil(4.8) = 5 answers: 2 of 5 wrong, and 3 of 4.

    One that no string is accepted for moves no threshold.
    """
    names = ("false_answer_rate@80", "wrong_quote_rate@80")
    check(measure(*nine), dict(zip(names, (2 / 4, 2 / 4), strict=True)))
    sixth = make_outcome("a6", quotes=[make_quote("Two", 0.4)])
    check(measure(*nine, sixth), dict(zip(names, (3 / 4, 2 / 5), strict=True)))
    unjudged = make_outcome("a7", quotes=[make_quote("Two", 0.1)], answers=())
    assert pick(measure(*nine, unjudged), names) == pick(measure(*nine), names)


def test_a_threshold_does_not_part_questions_that_are_equally_sure(
    make_outcome: MakeOutcome, make_quote: MakeQuote
) -> None:
    """The threshold must let one of two pass, and so lets both, and the third."""
    outcomes = [
        make_outcome("a1", quotes=[make_quote("Two", 0.5)]),
        make_outcome("a2", quotes=[make_quote("Three", 0.5)]),
        make_outcome("u1", quotes=[make_quote("Two", 0.5)], answerable=False),
    ]
    check(measure(*outcomes), {"false_answer_rate@80": 1, "wrong_quote_rate@80": 1 / 2})


def test_a_threshold_is_moved_anew_for_each_resample(nine: list[Outcome]) -> None:
    """a5 five times: 8 of 9 are needed, and the threshold is 0.5: u1 to u3; 2 of 9 are wrong.

    a1 five times, a2 once: 5 of 6 are needed, from 0.9 up: u1 once, not u3 thrice; none is wrong.
    None with an answer: no threshold. None without one: 2 of 4 wrong as before.
    """
    scores = score_outcomes(nine)
    weights = np.array(
        [
            [1, 1, 1, 1, 5, 1, 1, 1, 1],
            [5, 1, 0, 0, 0, 1, 0, 3, 0],
            [0, 0, 0, 0, 0, 1, 1, 1, 1],
            [1, 1, 1, 1, 1, 0, 0, 0, 0],
        ],
        dtype=np.float64,
    )
    found = [
        make_statistic(name, scores)(weights).tolist()
        for name in ("false_answer_rate@80", "wrong_quote_rate@80")
    ]
    assert found[0] == pytest.approx([3 / 4, 1 / 4, np.nan, np.nan], nan_ok=True)
    assert found[1] == pytest.approx([2 / 9, 0, np.nan, 2 / 4], nan_ok=True)


@pytest.mark.parametrize("share", [0, -0.1, 1.1])
def test_a_threshold_answers_some_share_of_the_answerable(share: float) -> None:
    for make in (
        lambda: false_answer_rate_at([1], [0.5], share),
        lambda: wrong_answer_rate_at([1], [0], [0.5], share),
    ):
        with pytest.raises(ValueError, match="above 0, up to 1"):
            make()


def test_answers_in_one_bin_of_confidence_are_compared_with_their_mean(
    make_outcome: MakeOutcome, make_quote: MakeQuote
) -> None:
    """0.8 right and 0.86 wrong: |1.66 - 1| / 2; 0.3 right, alone: 0.7. Weighted 2 to 1: 1.36 / 3.

    Squares 0.04, 0.7396 and 0.49 sum to 1.2696.
    """
    found = measure(
        make_outcome("q1", quotes=[make_quote("Two", 0.8)]),
        make_outcome("q2", quotes=[make_quote("Three", 0.86)]),
        make_outcome("q3", best=make_quote("Two", 0.3)),
    )
    check(found, {"ECE": 1.36 / 3, "Brier": 1.2696 / 3})


def test_the_first_quote_is_what_is_right_or_wrong(make_outcome: MakeOutcome) -> None:
    """A later quote doesn't make an answer right, nor does it count for the risk."""
    found = measure(make_outcome("q1", quotes=["Three", "Two"]), make_outcome("q2", quotes=["Two"]))
    check(found, {"selective_risk": 1 / 2, "answer_hit@3": 1})


def test_questions_that_no_string_is_accepted_for_say_nothing_of_answers(
    make_outcome: MakeOutcome, make_quote: MakeQuote, six: list[Outcome]
) -> None:
    """As in sets of topics and judgements: they count for rankings, and for quotes alone."""
    names = [
        *("answer_hit@1", "answer_hit@3", "exact_match", "token_f1", "selective_risk", "AURC"),
        *("risk@50", "risk@70", "risk@90", "refusal_precision", "ECE", "Brier"),
        *("answer_hit@300c", "mark_exact", "false_answer_rate@80", "wrong_quote_rate@80"),
    ]
    quoted = make_outcome("t1", "a", quotes=[make_quote("Four", 0.5)], answers=())
    refused = make_outcome("t2", "a", best=make_quote("Four", 0.5), answers=())
    alone, mixed = measure(quoted, refused), measure(*six, quoted, refused)
    assert pick(alone, names) == dict.fromkeys(names)
    assert pick(mixed, names) == pytest.approx(pick(measure(*six), names))
    assert alone["coverage"] == 1 / 2
    assert alone["RR@10"] == 1
    assert mixed["RR@10"] == pytest.approx(2 / 6)
    assert alone["verbatim_rate"] == 1


# What isn't defined


def test_every_measure_is_given_even_where_there_is_nothing_to_count(
    make_outcome: MakeOutcome,
) -> None:
    answered = measure(make_outcome("q1", "a", ["Two"]))
    assert list(answered) == list_measures()
    assert {name for name, value in answered.items() if value is None} == {
        "quote_precision",
        "mark_exact",
        "mark_overlap",
        "refusal_precision",
        "refusal_recall",
        "false_answer_rate",
        "false_answer_rate@80",
    }
    refused = measure(make_outcome("q1", answerable=False))
    assert list(refused) == list_measures()
    assert {name for name, value in refused.items() if value is None} == {
        *map(str, RETRIEVAL),
        *("answer_hit@1", "answer_hit@3", "answer_hit@300c", "exact_match", "token_f1"),
        *("mark_rate", "mark_exact", "mark_overlap", "quote_characters_p50"),
        *("quote_precision", "quote_characters", "quotes_per_answer", *INTEGRITY),
        *("selective_risk", "false_answer_rate@80", "wrong_quote_rate@80"),
    }
    check(
        refused,
        {"refusal_precision": 1, "refusal_recall": 1, "coverage": 0, "false_answer_rate": 0},
    )


def test_no_outcome_has_no_measure() -> None:
    assert measure() == {}


def test_what_is_better_lower_is_among_the_measures() -> None:
    assert set(list_measures()) >= LOWER_IS_BETTER
    assert {
        *("selective_risk", "AURC", "risk@50", "risk@70", "risk@90", "false_answer_rate"),
        *("ECE", "Brier", "latency_p50_ms", "latency_p95_ms", "latency_p99_ms"),
        *("false_answer_rate@80", "wrong_quote_rate@80"),
    } == LOWER_IS_BETTER


# Time


def test_latency_is_given_by_percentiles_and_the_rate_by_the_mean(
    make_outcome: MakeOutcome,
) -> None:
    """Of 10, 20, 30, 40, 50 ms: 30, four fifths of the way from 40 to 50, and 0.96 of it.

    5 questions in 150 ms are 100/3 a second.
    """
    found = measure(
        *(make_outcome(f"q{each}", milliseconds=10.0 * each) for each in (5, 3, 1, 2, 4))
    )
    check(
        found,
        {
            "latency_p50_ms": 30,
            "latency_p95_ms": 48,
            "latency_p99_ms": 49.6,
            "questions_per_second": 100 / 3,
        },
    )


# Intervals and groups


def test_the_wordings_of_a_need_are_drawn_together(make_outcome: MakeOutcome) -> None:
    """Ten wordings that are right, ten that are wrong: of two needs, or of twenty.

    Drawn as two, a resample has 0, 1/2 or 1, the ends a quarter of the time each. Drawn apart, its
    standard deviation is 0.11: the ends of the interval lie near 0.28 and 0.72.
    """

    def score(needs: Sequence[str | None]) -> Scores:
        outcomes = [
            make_outcome(f"q{number}", quotes=["Two" if number < 10 else "Three"], need=need)
            for number, need in enumerate(needs)
        ]
        return score_outcomes(outcomes)

    together = score(["n1"] * 10 + ["n2"] * 10)
    assert together.clusters == ("n1",) * 10 + ("n2",) * 10
    assert measure_scores(together)["answer_hit@1"] == Estimate(0.5, 0, 1)
    without_need = score([None] * 20)
    assert without_need.clusters == without_need.ids
    apart = measure_scores(without_need)["answer_hit@1"]
    assert apart.low is not None
    assert apart.high is not None
    assert 0.2 < apart.low < 0.35
    assert 0.65 < apart.high < 0.8


def test_a_resample_counts_a_question_as_often_as_it_is_drawn(
    make_outcome: MakeOutcome, make_quote: MakeQuote
) -> None:
    """Of a question that isn't judged, a right one of 0.9 and a wrong one of 0.8, after it.

    The right one alone; the wrong one alone; both; the right one twice, the wrong one once: risks
    0, 0 and 1/3; only the one that isn't judged.
    """
    scores = score_outcomes(
        [
            make_outcome("q1", "a", quotes=[make_quote("Four", 0.5)], answers=()),
            make_outcome("q2", "a", quotes=[make_quote("Two", 0.9)]),
            make_outcome("q3", "ba", quotes=[make_quote("Three", 0.8)]),
        ]
    )
    weights = np.array([[5, 1, 0], [0, 0, 1], [0, 1, 1], [1, 2, 1], [7, 0, 0]], dtype=np.float64)
    expected = {
        "AURC": [0, 1, 1 / 4, 1 / 9, np.nan],
        "risk@50": [0, 1, 0, 0, np.nan],
        "selective_risk": [0, 1, 1 / 2, 1 / 3, np.nan],
        "ECE": [0.1, 0.8, 0.9 / 2, 1 / 3, np.nan],
        "Brier": [0.01, 0.64, 0.65 / 2, 0.66 / 3, np.nan],
        "answer_hit@1": [1, 0, 1 / 2, 2 / 3, np.nan],
        "RR@10": [1, 1 / 2, 3 / 4, 3.5 / 4, 1],
    }
    found = {name: make_statistic(name, scores)(weights).tolist() for name in expected}
    assert found == {name: pytest.approx(values, nan_ok=True) for name, values in expected.items()}


def test_groups_have_the_measures_of_their_questions(
    make_outcome: MakeOutcome, make_run: MakeRun
) -> None:
    """In French one of two is right, in English the only one; one of them has no type."""
    outcomes = [
        make_outcome("q1", "a", ["Two"], language=FRENCH, type="number", turn=1),
        make_outcome("q2", "ba", ["Three"], language=FRENCH, turn=2),
        make_outcome("q3", "ba", ["Two"], language=ENGLISH, type="number"),
    ]
    summary = summarise_run(make_run(outcomes), resamples=0)
    assert summary.questions == 3
    check(
        {name: each.value for name, each in summary.measures.items()},
        {"answer_hit@1": 2 / 3, "RR@10": 2 / 3},
    )
    assert summary.counts == {
        "language": {"en": 1, "fr": 2},
        "type": {"number": 2},
        "turn": {"1": 1, "2": 1},
    }
    groups = {
        field: {
            value: (measures["answer_hit@1"].value, measures["RR@10"].value)
            for value, measures in groups.items()
        }
        for field, groups in summary.groups.items()
    }
    assert groups == {
        "language": {"en": (1, 1 / 2), "fr": (1 / 2, 3 / 4)},
        "type": {"number": (1, 3 / 4)},
        "turn": {"1": (1, 1), "2": (0, 1 / 2)},
    }


def test_directions_are_those_of_the_run(make_outcome: MakeOutcome, make_run: MakeRun) -> None:
    """The library whole finds it first; its French articles alone, second."""
    run = make_run(
        [make_outcome("q1", "a")],
        directions={"en-en": [make_outcome("q1", "a")], "en-fr": [make_outcome("q1", "ba")]},
    )
    summary = summarise_run(run, resamples=0)
    found = {name: each["RR@10"].value for name, each in summary.groups["direction"].items()}
    assert found == {"en-en": 1, "en-fr": 1 / 2}
    assert summary.counts["direction"] == {"en-en": 1, "en-fr": 1}
    assert summary.measures["RR@10"].value == 1


def test_directions_of_a_library_of_one_language_are_those_of_its_questions(
    make_outcome: MakeOutcome, make_run: MakeRun
) -> None:
    outcomes = [
        make_outcome("q1", "a", language=FRENCH),
        make_outcome("q2", "ba", language=ENGLISH),
        make_outcome("q3", "", language=FRENCH),
    ]
    told = summarise_run(make_run(outcomes, corpus_language=FRENCH), resamples=0)
    found = {name: each["RR@10"].value for name, each in told.groups["direction"].items()}
    assert found == {"en-fr": 1 / 2, "fr-fr": 1 / 2}
    assert told.counts["direction"] == {"en-fr": 1, "fr-fr": 2}
    untold = summarise_run(make_run(outcomes), resamples=0)
    assert "direction" not in untold.groups


def test_a_summary_as_json_has_values_by_name_with_intervals_beside_them(
    make_outcome: MakeOutcome, make_run: MakeRun
) -> None:
    """One of two is right: a resample of both has 0, 1/2 or 1."""
    outcomes = [make_outcome("q1", "a", ["Two"]), make_outcome("q2", "a", ["Three"])]
    content = summarise_run(make_run(outcomes), resamples=100).as_json()
    assert set(content) == {"measures", "intervals", "by_language"}
    measures, intervals = content["measures"], content["intervals"]
    assert isinstance(measures, dict)
    assert isinstance(intervals, dict)
    assert list(measures) == list(intervals) == list_measures()
    assert (measures["answer_hit@1"], intervals["answer_hit@1"]) == (0.5, [0.0, 1.0])
    assert (measures["refusal_recall"], intervals["refusal_recall"]) == (None, [None, None])
    assert content["by_language"] == {"en": measures}
    assert {type(value) for value in measures.values()} == {float, type(None)}
