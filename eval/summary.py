"""Summaries: the measures of a run, of all its questions and of each kind of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from massilia.eval.bootstrap import RESAMPLES, Estimate
from massilia.eval.measures import Scores, measure_scores, score_outcomes
from massilia.eval.question_set import ExpectedAnswer
from massilia.eval.run import Outcome
from massilia.eval.run_file import Run

Measures = dict[str, Estimate]

FIELDS = ("language", "type", "form", "difficulty", "turn", "unanswerable_kind", "topic")
"""What questions are grouped by, where the set says it of them."""
DIRECTION = "direction"


@dataclass(frozen=True, slots=True)
class Summary:
    """Hold the measures of a whole run, and of groups of its questions by field and value.

    The groups of the field "direction" are those of the library restricted to one language.
    """

    questions: int
    measures: Measures
    groups: dict[str, dict[str, Measures]]
    counts: dict[str, dict[str, int]]

    def as_json(self) -> dict[str, object]:
        """Return the values by name, with the intervals beside those of the whole run."""
        return {
            "measures": _values(self.measures),
            "intervals": {name: [each.low, each.high] for name, each in self.measures.items()},
            **{
                f"by_{field}": {value: _values(measures) for value, measures in groups.items()}
                for field, groups in self.groups.items()
            },
        }


def summarise_run(run: Run, resamples: int = RESAMPLES) -> Summary:
    """Measure a run, as a whole and by every field that its questions have."""
    scores = score_outcomes(run.outcomes)
    groups: dict[str, dict[str, Measures]] = {}
    counts: dict[str, dict[str, int]] = {}

    def add(field: str, value: str, group: Scores) -> None:
        groups.setdefault(field, {})[value] = measure_scores(group, resamples)
        counts.setdefault(field, {})[value] = len(group.ids)

    for field in FIELDS:
        values = [read_field(outcome.expected, field) for outcome in run.outcomes]
        for value in sorted({value for value in values if value is not None}):
            rows = np.flatnonzero([each == value for each in values])
            add(field, value, scores.select(rows))
    for direction, outcomes in list_directions(run).items():
        add(DIRECTION, direction, score_outcomes(outcomes))
    return Summary(len(run.outcomes), measure_scores(scores, resamples), groups, counts)


def list_directions(run: Run) -> dict[str, Sequence[Outcome]]:
    """Return the outcomes by the languages of question and articles, such as "fr-en".

    Where the run has none of its own, since all that was searched is in one language, they are
    those of the run; none where the articles' language can't be told.
    """
    if run.directions:
        return dict(run.directions)
    if run.corpus_language is None:
        return {}
    directions: dict[str, list[Outcome]] = {}
    for outcome in run.outcomes:
        name = f"{outcome.expected.language}-{run.corpus_language}"
        directions.setdefault(name, []).append(outcome)
    return {name: directions[name] for name in sorted(directions)}


def read_field(expected: ExpectedAnswer, field: str) -> str | None:
    """Return what a question says of itself, or None where it doesn't."""
    value = getattr(expected, field)
    return None if value is None else str(value)


def _values(measures: Measures) -> dict[str, float | None]:
    return {name: each.value for name, each in measures.items()}
