"""Comparisons of two runs on the same questions: what differs, and whether by chance."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from massilia.corpus.errors import MassiliaError
from massilia.eval.bootstrap import Estimate, Statistic, estimate_all
from massilia.eval.measures import (
    Scores,
    list_measures,
    make_statistic,
    read_values,
    score_outcomes,
)
from massilia.eval.paired import randomisation_test
from massilia.eval.run import Outcome
from massilia.eval.run_file import Run


class Verdict(StrEnum):
    """Say what became of a question: the first quote is right or wrong, or nothing is quoted."""

    RIGHT = "right"
    WRONG = "wrong"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Difference:
    """Hold a measure of both runs, the second less the first, and the p-value of that.

    The interval is that of the paired bootstrap. `p` is that of the paired randomisation test,
    None for a measure that isn't a mean over the same questions of both.
    """

    measure: str
    first: float | None
    second: float | None
    difference: Estimate
    p: float | None


@dataclass(frozen=True, slots=True)
class ChangedQuestion:
    """Name a question that the runs differ in, and what each made of it."""

    id: str
    question: str
    answerable: bool
    first: Verdict
    second: Verdict

    @property
    def better(self) -> bool:
        """Tell whether the second run did what it should, which the first then didn't."""
        wanted = Verdict.RIGHT if self.answerable else Verdict.REFUSED
        return self.second is wanted

    @property
    def worse(self) -> bool:
        """Tell whether the first run did what it should, which the second then doesn't."""
        wanted = Verdict.RIGHT if self.answerable else Verdict.REFUSED
        return self.first is wanted


@dataclass(frozen=True, slots=True)
class Comparison:
    """Hold every difference of two runs."""

    differences: tuple[Difference, ...]
    changed: tuple[ChangedQuestion, ...]


def compare_runs(first: Run, second: Run) -> Comparison:
    """Compare two runs; raises `MassiliaError` unless they were asked the same questions."""
    if first.data.questions_sha256 != second.data.questions_sha256:
        raise MassiliaError(
            f"The runs were asked different questions: {_describe_questions(first, second)}."
        )
    before, after = score_outcomes(first.outcomes), score_outcomes(second.outcomes)
    statistics = {
        name: _subtract(make_statistic(name, before), make_statistic(name, after))
        for name in list_measures()
    }
    estimates = estimate_all(statistics, before.clusters)
    values = [
        estimate_all(
            {name: make_statistic(name, scores) for name in list_measures()},
            scores.clusters,
            resamples=0,
        )
        for scores in (before, after)
    ]
    return Comparison(
        differences=tuple(
            Difference(
                measure=name,
                first=values[0][name].value,
                second=values[1][name].value,
                difference=estimates[name],
                p=_test(name, before, after),
            )
            for name in list_measures()
        ),
        changed=tuple(_list_changed(first, second)),
    )


def judge_outcome(outcome: Outcome) -> Verdict:
    """Say what became of a question."""
    if outcome.abstained:
        return Verdict.REFUSED
    return Verdict.RIGHT if outcome.best_is_right else Verdict.WRONG


def _subtract(first: Statistic, second: Statistic) -> Statistic:
    return lambda weights: second(weights) - first(weights)


def _test(name: str, before: Scores, after: Scores) -> float | None:
    old, new = read_values(name, before), read_values(name, after)
    if old is None or new is None or not old[1].any():
        return None
    # The denominators say what is expected of the questions, which is the same for both.
    return randomisation_test(old[0] * old[1], new[0] * new[1], before.clusters)


def _list_changed(first: Run, second: Run) -> list[ChangedQuestion]:
    after: Mapping[str, Outcome] = {each.expected.id: each for each in second.outcomes}
    changed = []
    for outcome in first.outcomes:
        expected = outcome.expected
        verdicts = judge_outcome(outcome), judge_outcome(after[expected.id])
        if verdicts[0] is not verdicts[1]:
            changed.append(
                ChangedQuestion(expected.id, expected.question, expected.answerable, *verdicts)
            )
    return changed


def _describe_questions(first: Run, second: Run) -> str:
    ids = [{outcome.expected.id for outcome in run.outcomes} for run in (first, second)]
    only_first, only_second = ids[0] - ids[1], ids[1] - ids[0]
    if not only_first and not only_second:
        return (
            "the ids are the same, but not their order, or not what is asked or expected under them"
        )
    return (
        f"{len(only_first):,} are in the first ({first.data.name}) alone, "
        f"{len(only_second):,} in the second ({second.data.name})"
    )
