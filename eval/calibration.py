"""Calibration: how near confidences come to the share of the answers that are right.

An outcome is 1 for a right answer and 0 for a wrong one; a confidence lies between 0 and 1. Bins
are equally wide and hold their lower end; the last one holds 1 too.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massilia.eval.bootstrap import (
    Statistic,
    Values,
    Vectors64,
    Weights,
    check_values,
    divide,
    mean,
)

BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Describe the answers with a confidence between `low` and `high`; None where there is none.

    `share_right` is the mean of their outcomes.
    """

    low: float
    high: float
    count: int
    mean_confidence: float | None
    share_right: float | None


def brier(outcomes: Values, confidences: Values) -> Statistic:
    """Return the statistic that is the mean squared difference of confidence and outcome.

    From 0, the best, to 1: half the score of Brier (1950), which counts being right and being
    wrong as two classes. Raises `ValueError` for outcomes or confidences out of range, and for
    values that `check_values` refuses.
    """
    outcome, confidence = _check(outcomes, confidences)
    return mean((confidence - outcome) ** 2)


def ece(outcomes: Values, confidences: Values, bins: int = BINS) -> Statistic:
    """Return the statistic that is the expected calibration error (Naeini et al. 2015).

    It is the mean over the bins, each weighted by its share of the answers, of the distance between
    mean confidence and share right (Guo et al. 2017, equation 3). Raises as `brier` does, and
    `ValueError` for fewer than one bin.
    """
    outcome, confidence = _check(outcomes, confidences)
    places = _place(confidence, bins)
    excess = np.zeros((len(places), bins))
    excess[np.arange(len(places)), places] = confidence - outcome

    def measure(weights: Weights) -> Vectors64:
        # A bin's share of the answers times its distance is |sum of excess| / all the answers.
        return divide(np.abs(weights @ excess).sum(axis=1), weights.sum(axis=1))

    return measure


def reliability(outcomes: Values, confidences: Values, bins: int = BINS) -> tuple[Bin, ...]:
    """Describe every bin, empty ones included, for a reliability diagram; raises as `ece` does."""
    outcome, confidence = _check(outcomes, confidences)
    places = _place(confidence, bins)
    described = []
    for place in range(bins):
        inside = places == place
        low, high = place / bins, (place + 1) / bins
        described.append(_describe(low, high, outcome[inside], confidence[inside]))
    return tuple(described)


def _describe(low: float, high: float, outcomes: Vectors64, confidences: Vectors64) -> Bin:
    if not len(outcomes):
        return Bin(low, high, 0, None, None)
    return Bin(low, high, len(outcomes), float(confidences.mean()), float(outcomes.mean()))


def _check(outcomes: Values, confidences: Values) -> tuple[Vectors64, Vectors64]:
    outcome, confidence = check_values(outcomes, confidences)
    for name, array in (("outcome", outcome), ("confidence", confidence)):
        wrong = np.flatnonzero((array < 0) | (array > 1))
        if wrong.size:
            question = wrong[0]
            raise ValueError(f"the {name} of question {question} is {array[question]}, not 0 to 1")
    return outcome, confidence


def _place(confidences: Vectors64, bins: int) -> NDArray[np.intp]:
    """Return the bin of each confidence, from 0; the ends of the bins are k / `bins`."""
    if bins < 1:
        raise ValueError(f"at least one bin is needed, not {bins}")
    # Not floor(confidence * bins): 0.57 * 100 is less than 57 in floating point.
    return np.searchsorted(np.arange(1, bins) / bins, confidences, side="right")
