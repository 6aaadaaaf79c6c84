"""Measures of a run, named as the field names them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import ir_measures
import numpy as np
from ir_measures import RR, Qrel, ScoredDoc, Success

from massilia.eval.run import Outcome

RETRIEVAL = (Success @ 1, Success @ 3, Success @ 5, RR @ 10)
ANSWER_DEPTHS = (1, 3)


@dataclass(frozen=True, slots=True)
class Measure:
    """Hold a measure's value; None where it is not defined, for want of anything to count."""

    name: str
    value: float | None


def measure_run(outcomes: Sequence[Outcome]) -> list[Measure]:
    """Return every measure of a run; no question leaves a mean."""
    return [
        Measure("questions", float(len(outcomes))),
        *_measure_retrieval(outcomes),
        *_measure_answers(outcomes),
        *_measure_citations(outcomes),
        *_measure_abstention(outcomes),
        *_measure_latency(outcomes),
    ]


def _measure_retrieval(outcomes: Sequence[Outcome]) -> list[Measure]:
    """Score the ranked articles of the answerable questions, abstentions included."""
    answerable = [outcome for outcome in outcomes if outcome.expected.answerable]
    if not answerable:
        return [Measure(str(measure), None) for measure in RETRIEVAL]
    qrels = [
        Qrel(outcome.expected.id, article_id, 1)
        for outcome in answerable
        for article_id in outcome.expected.article_ids
    ]
    run = [
        # Only the order counts.
        ScoredDoc(outcome.expected.id, article_id, -float(rank))
        for outcome in answerable
        for rank, article_id in enumerate(outcome.answer.ranked_article_ids)
    ]
    values = ir_measures.calc_aggregate(RETRIEVAL, qrels, run)
    return [Measure(str(measure), float(values[measure])) for measure in RETRIEVAL]


def _measure_answers(outcomes: Sequence[Outcome]) -> list[Measure]:
    """Count the answerable questions with an accepted string in one of the first quotes."""
    answerable = [outcome for outcome in outcomes if outcome.expected.answerable]
    return [
        Measure(f"answer_hit@{depth}", _share(outcome.hit(depth) for outcome in answerable))
        for depth in ANSWER_DEPTHS
    ]


def _measure_citations(outcomes: Sequence[Outcome]) -> list[Measure]:
    citations = [citation for outcome in outcomes for citation in outcome.citations]
    return [
        Measure("verbatim_rate", _share(citation.verbatim for citation in citations)),
        Measure("offset_exact_rate", _share(citation.offset_exact for citation in citations)),
    ]


def _measure_abstention(outcomes: Sequence[Outcome]) -> list[Measure]:
    """Score abstaining as the retrieval of the unanswerable questions."""
    abstained = [outcome for outcome in outcomes if outcome.answer.abstained]
    unanswerable = [outcome for outcome in outcomes if not outcome.expected.answerable]
    return [
        Measure(
            "abstention_precision",
            _share(not outcome.expected.answerable for outcome in abstained),
        ),
        Measure("abstention_recall", _share(outcome.answer.abstained for outcome in unanswerable)),
    ]


def _measure_latency(outcomes: Sequence[Outcome]) -> list[Measure]:
    totals = [outcome.answer.timings.total for outcome in outcomes]
    if not totals:
        return [Measure("latency_p50_ms", None), Measure("latency_p95_ms", None)]
    p50, p95 = np.percentile(totals, [50, 95])
    return [Measure("latency_p50_ms", float(p50)), Measure("latency_p95_ms", float(p95))]


def _share(hits: Iterable[bool]) -> float | None:
    counted = list(hits)
    return sum(counted) / len(counted) if counted else None
