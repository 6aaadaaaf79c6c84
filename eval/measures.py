"""Measures of a run, named as the field names them, with their intervals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import ir_measures
import numpy as np
from ir_measures import AP, RR, Qrel, R, ScoredDoc, Success, nDCG
from numpy.typing import NDArray

from massilia.eval.answer_text import score_exact_match, score_token_f1
from massilia.eval.bootstrap import (
    RESAMPLES,
    Estimate,
    Statistic,
    Vectors64,
    estimate_all,
    quantile,
    ratio,
)
from massilia.eval.calibration import ece
from massilia.eval.question_set import GoldSpan
from massilia.eval.run import CheckedQuote, Outcome
from massilia.eval.selective import (
    aurc,
    false_answer_rate_at,
    risk_at_coverage,
    wrong_answer_rate_at,
)

RETRIEVAL = (nDCG @ 10, RR @ 10, R @ 10, R @ 100, Success @ 1, Success @ 3, Success @ 5, AP)
ANSWER_DEPTHS = (1, 3)
EARLY_CHARACTERS = 300
EARLY_HIT = f"answer_hit@{EARLY_CHARACTERS}c"
COVERAGES = (50, 70, 90)
ANSWERED_SHARE = 80
"""Per cent of the answerable questions that are answered where two thresholds are compared."""
FALSE_ANSWERS = f"false_answer_rate@{ANSWERED_SHARE}"
WRONG_QUOTES = f"wrong_quote_rate@{ANSWERED_SHARE}"
LATENCIES = (50, 95, 99)
INTEGRITY = ("verbatim_rate", "offset_exact_rate", "citation_resolves_rate")
"""What must be exactly 1."""
LOWER_IS_BETTER = frozenset(
    {
        "selective_risk",
        "AURC",
        *(f"risk@{coverage}" for coverage in COVERAGES),
        "false_answer_rate",
        FALSE_ANSWERS,
        WRONG_QUOTES,
        "ECE",
        "Brier",
        *(f"latency_p{percent}_ms" for percent in LATENCIES),
    }
)


@dataclass(frozen=True, slots=True)
class Scores:
    """Hold what is counted of each question of a run: columns of one number a question.

    Questions of one cluster are wordings of one need, and are drawn together.
    """

    ids: tuple[str, ...]
    clusters: tuple[str, ...]
    columns: Mapping[str, Vectors64]

    def __getitem__(self, column: str) -> Vectors64:
        return self.columns[column]

    def select(self, rows: NDArray[np.intp]) -> "Scores":
        """Return the scores of some of the questions."""
        return Scores(
            ids=tuple(self.ids[row] for row in rows),
            clusters=tuple(self.clusters[row] for row in rows),
            columns={name: column[rows] for name, column in self.columns.items()},
        )


def score_outcomes(outcomes: Sequence[Outcome]) -> Scores:
    """Count, for every question, what the measures are made of."""
    rows = [_score_answer(outcome) for outcome in outcomes]
    names = rows[0] if rows else ()
    columns = {name: np.array([row[name] for row in rows], dtype=np.float64) for name in names}
    return Scores(
        ids=tuple(outcome.expected.id for outcome in outcomes),
        clusters=tuple(outcome.expected.need or outcome.expected.id for outcome in outcomes),
        columns={**columns, **_list_lengths(outcomes), **_score_rankings(outcomes)},
    )


def list_measures() -> list[str]:
    """Return the names of all measures, in the order that they are shown in.

    Over the answerable questions, abstentions counting as nothing found: the measures of ranking,
    `answer_hit@k` (an accepted string stands in one of the first k quotes), `answer_hit@300c` (it
    stands whole in the first 300 characters quoted), `exact_match` and `token_f1` of what is marked
    in the first quote, or of all of it where nothing is. Over all quotes: `quote_precision` (share
    of the quoted characters that lie in gold sentences; what is quoted for an unanswerable question
    lies in none), `quote_characters` and their median, and the rates of citations that hold.
    `mark_rate` is the share of the answered questions whose first quote has a mark. Over those of
    them that are answerable: `mark_exact` (the marked words are those of an accepted string, as
    SQuAD compares them) and `mark_overlap` (they share a character with one, in its place).

    Over all questions: coverage (share answered), the risks (share of the answered whose first
    quote doesn't answer; an unanswerable one that is answered is an error), AURC, ECE and Brier of
    the confidence. Refusing is scored as finding the unanswerable. Two rates are at the threshold
    that would answer 80 % of the answerable: `false_answer_rate@80` is the share of the
    unanswerable that it would answer, `wrong_quote_rate@80` the share of the answered answerable
    whose first quote holds no accepted string; what was refused counts with the quote that it
    would have got, and what gets none at any threshold as wrong and least sure.
    """
    return list(_STATISTICS)


def make_statistic(name: str, scores: Scores) -> Statistic:
    """Return a measure as a statistic of the questions' weights; it leaves no question out.

    It is NaN where there is nothing to count, as where a data set gives no accepted strings or no
    gold sentences.
    """
    return _STATISTICS[name](scores)


def read_values(name: str, scores: Scores) -> tuple[Vectors64, Vectors64] | None:
    """Return each question's value of a measure that is a mean, and which questions it is over.

    None for a measure that is no mean over questions that are known beforehand.
    """
    if name in {str(each) for each in RETRIEVAL}:
        return scores[name], scores["answerable"]
    if name in _OF_FIRST_QUOTES:
        return scores[name], scores["answerable"] * scores["judged"]
    if name in {"refusal_recall", "false_answer_rate"}:
        refused = scores["abstained"] if name == "refusal_recall" else 1 - scores["abstained"]
        return refused, 1 - scores["answerable"]
    if name == "coverage":
        return 1 - scores["abstained"], np.ones(len(scores.ids))
    if name == "Brier":
        return (scores["confidence"] - scores["right"]) ** 2, scores["judged"]
    return None


def measure_scores(scores: Scores, resamples: int = RESAMPLES) -> dict[str, Estimate]:
    """Return every measure with its 95 % interval, by cluster bootstrap."""
    if not scores.ids:
        return {}
    statistics = {name: make_statistic(name, scores) for name in list_measures()}
    return estimate_all(statistics, scores.clusters, resamples)


def _score_answer(outcome: Outcome) -> dict[str, float]:
    expected, quotes = outcome.expected, outcome.quotes
    citations = [quote.citation for quote in quotes]
    first = quotes[0] if quotes else None
    with_gold = bool(expected.gold) or not expected.answerable
    inside = sum(count_gold_characters(quote, expected.gold) for quote in quotes)
    scores = {
        "answerable": expected.answerable,
        "judged": bool(expected.answers) or not expected.answerable,
        "with_gold": with_gold,
        "abstained": outcome.abstained,
        "confidence": outcome.confidence,
        "right": outcome.best_is_right,
        "quotes": len(quotes),
        "quoted_characters": sum(quote.end - quote.start for quote in quotes),
        "gold_characters": inside if with_gold else 0,
        "verbatim": sum(citation.verbatim for citation in citations),
        "offset_exact": sum(citation.offset_exact for citation in citations),
        "resolves": sum(citation.resolves for citation in citations),
        "milliseconds": outcome.milliseconds,
        "marked": False,
        "mark_exact": 0.0,
        "mark_overlap": False,
        "exact_match": 0.0,
        "token_f1": 0.0,
        **{f"answer_hit@{depth}": outcome.hit(depth) for depth in ANSWER_DEPTHS},
        EARLY_HIT: outcome.hit_within(EARLY_CHARACTERS),
    }
    if first is not None:
        accepted, marked = expected.answers, first.mark_text
        compared = first.text if marked is None else marked
        scores["exact_match"] = score_exact_match(compared, accepted, first.language)
        scores["token_f1"] = score_token_f1(compared, accepted, first.language)
        if marked is not None:
            scores["marked"] = True
            scores["mark_exact"] = scores["exact_match"]
            scores["mark_overlap"] = overlaps_mark(first, accepted)
    return {name: float(value) for name, value in scores.items()}


def overlaps_mark(quote: CheckedQuote, accepted: Sequence[str]) -> bool:
    """Tell whether the mark of a quote shares a character with an accepted string in the quote."""
    if quote.mark is None:
        return False
    start, end = quote.mark.start - quote.start, quote.mark.end - quote.start
    for string in accepted:
        # The first that ends within the mark or after it; those that follow begin later still.
        found = quote.text.find(string, max(0, start - len(string) + 1))
        if 0 <= found < end:
            return True
    return False


def count_gold_characters(quote: CheckedQuote, gold: Sequence[GoldSpan]) -> int:
    """Return how many of a quote's characters lie in gold spans, each counted once."""
    inside: set[int] = set()
    for span in gold:
        if span.article_id == quote.article_id:
            inside.update(range(max(span.start, quote.start), min(span.end, quote.end)))
    return len(inside)


def _list_lengths(outcomes: Sequence[Outcome]) -> dict[str, Vectors64]:
    """Return the characters of the first quotes, of the second, and so on; 0 where there is none.

    A column holds one number a question, and a median needs that of every quote.
    """
    most = max((len(outcome.quotes) for outcome in outcomes), default=0)
    columns = {f"{_LENGTH}{number}": np.zeros(len(outcomes)) for number in range(1, most + 1)}
    for row, outcome in enumerate(outcomes):
        for number, quote in enumerate(outcome.quotes, start=1):
            columns[f"{_LENGTH}{number}"][row] = quote.end - quote.start
    return columns


def _score_rankings(outcomes: Sequence[Outcome]) -> dict[str, Vectors64]:
    """Score the ranked articles of the answerable questions; the others get nothing."""
    rows = {outcome.expected.id: row for row, outcome in enumerate(outcomes)}
    columns = {str(measure): np.zeros(len(outcomes)) for measure in RETRIEVAL}
    qrels = [
        Qrel(outcome.expected.id, judgement.article_id, judgement.relevance)
        for outcome in outcomes
        for judgement in outcome.expected.qrels
    ]
    # Not by score: of articles with equal scores, trec_eval's code takes the last id first, and
    # that of RR@10 the first id.
    run = [
        ScoredDoc(outcome.expected.id, ranked.article_id, -float(rank))
        for outcome in outcomes
        for rank, ranked in enumerate(outcome.ranking)
    ]
    if qrels and run:
        for metric in ir_measures.iter_calc(RETRIEVAL, qrels, run):
            columns[str(metric.measure)][rows[metric.query_id]] = metric.value
    return columns


def _mean(name: str) -> Callable[[Scores], Statistic]:
    def make(scores: Scores) -> Statistic:
        values = read_values(name, scores)
        assert values is not None
        return ratio(values[0] * values[1], values[1])

    return make


def _share_of_quotes(column: str) -> Callable[[Scores], Statistic]:
    return lambda scores: ratio(scores[column], scores["quotes"])


def _among_judged(make: Callable[[Scores], Statistic]) -> Callable[[Scores], Statistic]:
    """Make a statistic of those questions alone of which one can tell what is right."""

    def make_of(scores: Scores) -> Statistic:
        rows = np.flatnonzero(scores["judged"])
        if not rows.size:
            return lambda weights: np.full(len(weights), np.nan)
        statistic = make(scores.select(rows))
        return lambda weights: statistic(weights[:, rows])

    return make_of


def _aurc(scores: Scores) -> Statistic:
    return aurc(1 - scores["right"], scores["confidence"])


def _risk_at(scores: Scores, percent: int) -> Statistic:
    return risk_at_coverage(1 - scores["right"], scores["confidence"], percent / 100)


def _ece(scores: Scores) -> Statistic:
    return ece(scores["right"], scores["confidence"])


def _false_answers(scores: Scores) -> Statistic:
    share = ANSWERED_SHARE / 100
    return false_answer_rate_at(scores["answerable"], scores["confidence"], share)


def _wrong_quotes(scores: Scores) -> Statistic:
    share, errors = ANSWERED_SHARE / 100, 1 - scores["right"]
    return wrong_answer_rate_at(scores["answerable"], errors, scores["confidence"], share)


def _precision_of_quotes(scores: Scores) -> Statistic:
    return ratio(scores["gold_characters"], scores["quoted_characters"] * scores["with_gold"])


def _median_of_quotes(scores: Scores) -> Statistic:
    lengths = [column for name, column in scores.columns.items() if name.startswith(_LENGTH)]
    joined = np.concatenate(lengths) if lengths else np.zeros(0)
    held = np.flatnonzero(joined)
    if not held.size:
        return lambda weights: np.full(len(weights), np.nan)
    statistic = quantile(joined[held], 0.5)
    # The columns follow one another: a quote counts as often as its question.
    rows = held % len(scores.ids)
    return lambda weights: statistic(weights[:, rows])


def _share_of_marks(column: str) -> Callable[[Scores], Statistic]:
    """Make the share of the marks for answerable questions that `column` counts."""

    def make(scores: Scores) -> Statistic:
        counted = scores["marked"] * scores["answerable"] * scores["judged"]
        return ratio(scores[column] * counted, counted)

    return make


def _precision_of_refusals(scores: Scores) -> Statistic:
    refused = scores["abstained"] * scores["judged"]
    return ratio(refused * (1 - scores["answerable"]), refused)


def _selective_risk(scores: Scores) -> Statistic:
    answered = (1 - scores["abstained"]) * scores["judged"]
    return ratio(answered * (1 - scores["right"]), answered)


def _latency(percent: int) -> Callable[[Scores], Statistic]:
    return lambda scores: quantile(scores["milliseconds"], percent / 100)


_LENGTH = "characters_of_quote_"
_OF_FIRST_QUOTES = (
    *(f"answer_hit@{depth}" for depth in ANSWER_DEPTHS),
    EARLY_HIT,
    "exact_match",
    "token_f1",
)
_STATISTICS: Mapping[str, Callable[[Scores], Statistic]] = {
    **{name: _mean(name) for name in (*map(str, RETRIEVAL), *_OF_FIRST_QUOTES)},
    "quote_precision": _precision_of_quotes,
    "mark_rate": lambda scores: ratio(scores["marked"], 1 - scores["abstained"]),
    "mark_exact": _share_of_marks("mark_exact"),
    "mark_overlap": _share_of_marks("mark_overlap"),
    "quote_characters": _share_of_quotes("quoted_characters"),
    "quote_characters_p50": _median_of_quotes,
    "quotes_per_answer": lambda scores: ratio(scores["quotes"], 1 - scores["abstained"]),
    "verbatim_rate": _share_of_quotes("verbatim"),
    "offset_exact_rate": _share_of_quotes("offset_exact"),
    "citation_resolves_rate": _share_of_quotes("resolves"),
    "coverage": _mean("coverage"),
    "selective_risk": _selective_risk,
    "AURC": _among_judged(_aurc),
    **{
        f"risk@{percent}": _among_judged(partial(_risk_at, percent=percent))
        for percent in COVERAGES
    },
    "refusal_precision": _precision_of_refusals,
    "refusal_recall": _mean("refusal_recall"),
    "false_answer_rate": _mean("false_answer_rate"),
    FALSE_ANSWERS: _among_judged(_false_answers),
    WRONG_QUOTES: _among_judged(_wrong_quotes),
    "ECE": _among_judged(_ece),
    "Brier": _mean("Brier"),
    **{f"latency_p{percent}_ms": _latency(percent) for percent in LATENCIES},
    "questions_per_second": lambda scores: ratio(
        np.full(len(scores.ids), 1000.0), scores["milliseconds"]
    ),
}
