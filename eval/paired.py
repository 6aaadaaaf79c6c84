"""Comparisons of two systems on the same questions."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from massilia.eval.bootstrap import (
    BLOCK_WEIGHTS,
    RESAMPLES,
    SEED,
    Estimate,
    Values,
    check_values,
    estimate,
    mean,
    number_clusters,
)

PERMUTATIONS: Final = 10_000
# Relative to the sum of all values: far above what rounding adds, far below one question's worth.
TOLERANCE: Final = 1e-12


def randomisation_test(
    first: Values,
    second: Values,
    clusters: Sequence[str],
    permutations: int = PERMUTATIONS,
    seed: int = SEED,
) -> float:
    """Return the two-sided p-value of the paired randomisation test on the mean difference.

    Were the systems alike, their values on a question could as well be swapped (Fisher 1935;
    Smucker, Allan & Carterette 2007, "A comparison of statistical significance tests for
    information retrieval evaluation"). The questions of a cluster are swapped together. Of
    `permutations` random swaps, those whose mean difference is as far from 0 as the one observed,
    or farther, are hits, and p is (1 + hits) / (1 + permutations): never 0, and 1 where nothing
    differs. Raises `ValueError` for values that `check_values` refuses, and unless each question
    has a cluster.
    """
    before, after = check_values(first, second)
    if len(clusters) != len(before):
        raise ValueError(f"{len(clusters)} clusters for {len(before)} questions")
    # The number of questions is the same after any swap, so that sums stand for means.
    totals = np.bincount(number_clusters(clusters), weights=after - before)
    scale = float(np.abs(before).sum() + np.abs(after).sum())
    threshold = abs(float(totals.sum())) - TOLERANCE * scale
    generator = np.random.default_rng(seed)
    block = max(1, BLOCK_WEIGHTS // max(1, len(totals)))
    hits = 0
    for start in range(0, permutations, block):
        rows = min(block, permutations - start)
        swapped = generator.integers(2, size=(rows, len(totals)), dtype=np.int8)
        sums = (1.0 - 2.0 * swapped) @ totals
        hits += int(np.count_nonzero(np.abs(sums) >= threshold))
    return (1 + hits) / (1 + permutations)


def estimate_difference(
    first: Values,
    second: Values,
    clusters: Sequence[str],
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Estimate:
    """Return the mean of second - first, with the interval of its paired cluster bootstrap.

    Raises `ValueError` for values that `check_values` refuses, and unless each question has a
    cluster.
    """
    before, after = check_values(first, second)
    return estimate(mean(after - before), clusters, resamples, seed)
