"""Selective answering: the error rate among the questions answered with most confidence.

An error is 1 for a wrong answer and 0 for a right one, or a loss between them. Coverage is the
share of the questions that are answered; the risk at a coverage is the mean error of those (Geifman
& El-Yaniv 2017, "Selective classification for deep neural networks").

Questions with equal confidence have no order of their own. The risks here are their expectation
over all orders of such questions, each as likely: exactly what results when every one of them is
given the mean error of all.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from massilia.eval.bootstrap import (
    Statistic,
    Values,
    Vectors64,
    Weights,
    check_counts,
    check_values,
    divide,
)


@dataclass(frozen=True, slots=True)
class _Ranking:
    """Order questions by confidence, highest first, and say where each group of equals starts."""

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    errors: Vectors64

    def group(self, weights: Weights) -> "_Groups":
        """Count the questions of each group, as often as they are weighted."""
        check_counts(weights, len(self.order))
        ordered = weights[:, self.order]
        sizes = np.add.reduceat(ordered, self.starts, axis=1)
        sums = np.add.reduceat(ordered * self.errors, self.starts, axis=1)
        # A group that a resample leaves out weighs nothing, whatever its mean.
        return _Groups(np.cumsum(sizes, axis=1) - sizes, sizes, np.nan_to_num(divide(sums, sizes)))


@dataclass(frozen=True, slots=True)
class _Groups:
    """Count the questions before and in each group, and give its mean error.

    All are of shape (resamples, groups).
    """

    before: Vectors64
    sizes: Vectors64
    means: Vectors64


def aurc(errors: Values, confidences: Values) -> Statistic:
    """Return the statistic that is the area under the risk-coverage curve (Geifman et al. 2019).

    It is the mean, over k from 1 to n, of the risk when the k most confident are answered; lower
    is better. A question of weight w counts as w questions of the same confidence. Raises
    `ValueError` for values that `check_values` refuses; the statistic does for weights that
    `check_counts` refuses.
    """
    ranking = _rank(errors, confidences)

    def measure(weights: Weights) -> Vectors64:
        groups = ranking.group(weights)
        totals = groups.sizes.sum(axis=1)
        sums = groups.means * groups.sizes
        # At k within a group the risk is (errors before + (k - count before) * mean) / k, which is
        # mean + (errors before - count before * mean) / k: only 1 / k varies.
        excess = np.cumsum(sums, axis=1) - sums - groups.before * groups.means
        harmonic = _sum_reciprocals(int(totals.max(initial=0)))
        before = groups.before.astype(np.intp)
        after = before + groups.sizes.astype(np.intp)
        areas = sums + excess * (harmonic[after] - harmonic[before])
        return divide(areas.sum(axis=1), totals)

    return measure


def risk_at_coverage(errors: Values, confidences: Values, coverage: float) -> Statistic:
    """Return the statistic that is the risk when a share of the questions is answered.

    `coverage` is above 0, up to 1: of n questions the ceil(coverage * n) most confident are
    answered. Raises `ValueError` for another coverage, and as `aurc` does.
    """
    if not 0 < coverage <= 1:
        raise ValueError(f"a coverage lies above 0, up to 1, not at {coverage}")
    ranking = _rank(errors, confidences)

    def measure(weights: Weights) -> Vectors64:
        groups = ranking.group(weights)
        totals = groups.sizes.sum(axis=1)
        # Rounded first: 0.07 * 100 is a little more than 7 in floating point.
        share = np.ceil(np.round(coverage * totals, 9))
        answered = np.minimum(np.maximum(share, 1), totals)
        taken = np.clip(answered[:, np.newaxis] - groups.before, 0, groups.sizes)
        return divide((taken * groups.means).sum(axis=1), answered)

    return measure


def false_answer_rate_at(answerable: Values, confidences: Values, share: float) -> Statistic:
    """Return the share of the unanswerable questions that a threshold on confidence answers.

    `answerable` is 1 for a question that has an answer and 0 for one that hasn't. The threshold is
    the highest that answers a `share` of the former, above 0, up to 1: of n of them, at least
    ceil(share * n). It answers all questions that are as confident, so that equals aren't parted.
    Raises `ValueError` for another share, and as `aurc` does.
    """
    threshold = _Threshold.move(answerable, confidences, share)
    (wanted,) = check_values(answerable)
    return threshold.measure(1 - wanted, 1 - wanted, of_all=True)


def wrong_answer_rate_at(
    answerable: Values, errors: Values, confidences: Values, share: float
) -> Statistic:
    """Return the mean error of the answerable questions that a threshold on confidence answers.

    The threshold is that of `false_answer_rate_at`; raises as it does.
    """
    threshold = _Threshold.move(answerable, confidences, share)
    wanted, error = check_values(answerable, errors)
    return threshold.measure(wanted * error, wanted, of_all=False)


@dataclass(frozen=True, slots=True)
class _Threshold:
    """Move a threshold on confidence until a share of the answerable questions is answered."""

    ranking: "_Ranking"
    answerable: Vectors64
    share: float

    @classmethod
    def move(cls, answerable: Values, confidences: Values, share: float) -> "_Threshold":
        if not 0 < share <= 1:
            raise ValueError(f"a share of the questions lies above 0, up to 1, not at {share}")
        ranking = _rank(answerable, confidences)
        return cls(ranking, ranking.errors, share)

    def measure(self, numerators: Vectors64, denominators: Vectors64, of_all: bool) -> Statistic:
        """Return the ratio of two sums over what is answered; the second over all if `of_all`."""
        ranking = self.ranking
        above, below = numerators[ranking.order], denominators[ranking.order]

        def measure(weights: Weights) -> Vectors64:
            check_counts(weights, len(ranking.order))
            ordered = weights[:, ranking.order]

            def accumulate(values: Vectors64) -> Vectors64:
                return np.cumsum(np.add.reduceat(ordered * values, ranking.starts, axis=1), axis=1)

            reached = accumulate(self.answerable)
            # Rounded first: 0.07 * 100 is a little more than 7 in floating point.
            needed = np.ceil(np.round(self.share * reached[:, -1:], 9))
            # The first group that reaches it.
            last = (reached < needed).sum(axis=1)
            rows = np.arange(len(weights))
            counted = accumulate(below)
            found = divide(
                accumulate(above)[rows, last], counted[:, -1] if of_all else counted[rows, last]
            )
            # Where none is answerable, nothing tells where the threshold lies.
            return np.where(reached[:, -1] > 0, found, np.nan)

        return measure


def risk_coverage_curve(errors: Values, confidences: Values) -> tuple[Vectors64, Vectors64]:
    """Return the coverages k / n, for k from 1 to n, and the risk at each; both of shape (n,).

    The mean of the risks is the `aurc` of the questions. Raises `ValueError` for values that
    `check_values` refuses.
    """
    ranking = _rank(errors, confidences)
    questions = len(ranking.order)
    groups = ranking.group(np.ones((1, questions)))
    answered = np.arange(1, questions + 1, dtype=np.float64)
    expected = np.repeat(groups.means[0], groups.sizes[0].astype(np.intp))
    return answered / questions, np.cumsum(expected) / answered


def _rank(errors: Values, confidences: Values) -> _Ranking:
    unordered, confidence = check_values(errors, confidences)
    order = np.argsort(-confidence, kind="stable")
    starts = np.flatnonzero(np.diff(confidence[order], prepend=np.inf))
    return _Ranking(order, starts, unordered[order])


def _sum_reciprocals(limit: int) -> Vectors64:
    """Return the harmonic numbers 0, 1, 1 + 1/2, ... up to that of `limit`."""
    return np.concatenate(([0.0], np.cumsum(1 / np.arange(1, limit + 1))))
