"""Measures as functions of the questions' weights, and their bootstrap intervals."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Vectors64: TypeAlias = NDArray[np.float64]
Weights: TypeAlias = NDArray[np.float64]
"""How many times each question counts, of shape (resamples, questions)."""
Values: TypeAlias = Sequence[float] | Vectors64
"""One finite number a question."""
Statistic: TypeAlias = Callable[[Weights], Vectors64]
"""Measure every row of weights: shape (resamples,), NaN where there is nothing to count."""

RESAMPLES: Final = 1000
SEED: Final = 1899
PERCENTILES: Final = (2.5, 97.5)
# Bounds the memory: a block is 16 MB, and a statistic makes a few arrays of its size.
BLOCK_WEIGHTS: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """Hold a measure's value and its 95 % interval; None where they are not defined."""

    value: float | None
    low: float | None
    high: float | None


def draw_weights(clusters: Sequence[str], resamples: int, seed: int) -> Iterator[Weights]:
    """Yield the weights of `resamples` cluster bootstrap resamples, a block of them at a time.

    `clusters` names the cluster of each question. As many clusters as there are get drawn, with
    replacement, and each brings all its questions (Field & Welsh 2007), so that a resample may
    hold more or fewer questions than the set. Without questions nothing is drawn. The same seed
    draws the same clusters whatever order the questions come in.
    """
    if not clusters:
        return
    members = number_clusters(clusters)
    number = int(members.max()) + 1
    generator = np.random.default_rng(seed)
    block = max(1, BLOCK_WEIGHTS // len(clusters))
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        drawn = generator.integers(number, size=(rows, number))
        # One count for every cluster of every row.
        drawn += np.arange(rows)[:, np.newaxis] * number
        counts = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape)
        yield counts[:, members].astype(np.float64)


def number_clusters(clusters: Sequence[str]) -> NDArray[np.intp]:
    """Return the number of each question's cluster, from 0, in the order of their names."""
    numbers = {name: number for number, name in enumerate(sorted(set(clusters)))}
    return np.array([numbers[name] for name in clusters], dtype=np.intp)


def estimate(
    statistic: Statistic, clusters: Sequence[str], resamples: int = RESAMPLES, seed: int = SEED
) -> Estimate:
    """Return the value of one statistic and its interval, as `estimate_all` does."""
    return estimate_all({"": statistic}, clusters, resamples, seed)[""]


def estimate_all(
    statistics: Mapping[str, Statistic],
    clusters: Sequence[str],
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> dict[str, Estimate]:
    """Return the value and interval of each statistic, all of them on the same resamples.

    The interval is the percentile interval (Efron & Tibshirani 1993, chapter 13), 2.5 % to 97.5 %,
    over those resamples in which the statistic is defined: a rare kind of question may be missing
    from some.
    """
    ones = np.ones((1, len(clusters)))
    values = {name: float(statistic(ones)[0]) for name, statistic in statistics.items()}
    resampled = {name: np.full(resamples, np.nan) for name in statistics}
    done = 0
    for weights in draw_weights(clusters, resamples, seed):
        for name, statistic in statistics.items():
            resampled[name][done : done + len(weights)] = statistic(weights)
        done += len(weights)
    return {name: _summarise(values[name], resampled[name]) for name in statistics}


def _summarise(value: float, resampled: Vectors64) -> Estimate:
    defined = resampled[~np.isnan(resampled)]
    low, high = np.percentile(defined, PERCENTILES).tolist() if defined.size else (None, None)
    return Estimate(None if np.isnan(value) else value, low, high)


def ratio(numerators: Values, denominators: Values) -> Statistic:
    """Return the statistic that divides one weighted sum by another.

    Denominators of 1 and 0 make a mean over some of the questions; the numerators of the others
    must then be 0. Raises `ValueError` for values that `check_values` refuses.
    """
    above, below = check_values(numerators, denominators)
    return lambda weights: divide(weights @ above, weights @ below)


def mean(values: Values) -> Statistic:
    """Return the statistic that is the weighted mean of `values`; raises as `ratio` does."""
    return ratio(values, np.ones(len(values)))


def quantile(values: Values, q: float) -> Statistic:
    """Return the statistic that is the quantile `q`, from 0 to 1, of `values`.

    It interpolates between order statistics as `numpy.quantile` does by default (type 7 of Hyndman
    & Fan 1996), on the values repeated as often as their weights say. Raises `ValueError` for a
    `q` out of range and for values that `check_values` refuses; the statistic does for weights
    that `check_counts` refuses.
    """
    if not 0 <= q <= 1:
        raise ValueError(f"a quantile lies between 0 and 1, not at {q}")
    (unordered,) = check_values(values)
    order = np.argsort(unordered, kind="stable")
    ordered = unordered[order]

    def measure(weights: Weights) -> Vectors64:
        check_counts(weights, len(ordered))
        counted = np.cumsum(weights[:, order], axis=1)
        totals = weights.sum(axis=1)
        result = np.full(len(weights), np.nan)
        held = totals > 0
        place = (totals[held] - 1) * q
        before = np.floor(place)
        after = np.minimum(before + 1, totals[held] - 1)
        # The one at place k, from 0, is the first with more than k up to and including it.
        low = ordered[(counted[held] <= before[:, np.newaxis]).sum(axis=1)]
        high = ordered[(counted[held] <= after[:, np.newaxis]).sum(axis=1)]
        result[held] = low + (high - low) * (place - before)
        return result

    return measure


def divide(numerators: Vectors64, denominators: Vectors64) -> Vectors64:
    """Divide element by element, with NaN where the denominator is 0."""
    undefined = np.full_like(denominators, np.nan)
    return np.divide(numerators, denominators, out=undefined, where=denominators != 0)


def check_values(*columns: Values) -> tuple[Vectors64, ...]:
    """Return the columns as arrays of shape (questions,).

    Raises `ValueError` unless they are equally long and finite: a NaN would make every resample
    undefined, even those where its weight is 0.
    """
    arrays = tuple(np.asarray(column, dtype=np.float64) for column in columns)
    shapes = [array.shape for array in arrays]
    if any(len(shape) != 1 or shape != shapes[0] for shape in shapes):
        raise ValueError(f"one value a question is needed, not arrays of shapes {shapes}")
    for array in arrays:
        wrong = np.flatnonzero(~np.isfinite(array))
        if wrong.size:
            raise ValueError(f"the value of question {wrong[0]} is {array[wrong[0]]}")
    return arrays


def check_counts(weights: Weights, questions: int) -> None:
    """Raise `ValueError` unless `weights` are whole, and as many a row as there are questions."""
    if weights.ndim != 2 or weights.shape[1] != questions:
        raise ValueError(f"weights of shape {weights.shape} for {questions} questions")
    if (weights < 0).any() or (weights != np.floor(weights)).any():
        raise ValueError("weights must be whole numbers, 0 or more: they count repetitions")
