"""The statistics of the evaluation, against examples worked out by hand.

Where a test shows no sum, its expected value is that of the same questions written out: a weight
of 3 is three equal questions, and ties are tried in every order.
"""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massilia.eval import bootstrap, paired
from massilia.eval.bootstrap import (
    Estimate,
    Statistic,
    Weights,
    draw_weights,
    estimate,
    estimate_all,
    mean,
    quantile,
    ratio,
)
from massilia.eval.calibration import Bin, brier, ece, reliability
from massilia.eval.paired import estimate_difference, randomisation_test
from massilia.eval.selective import aurc, risk_at_coverage, risk_coverage_curve

ERRORS = [0.0, 1.0, 0.0, 1.0]
CONFIDENCES = [0.9, 0.8, 0.7, 0.6]
TIED = [0.5, 0.9, 0.5, 0.5]
"""The second question first, then three in no order."""
PAIRS = ["a", "a", "b", "b"]

# Each is made from outcomes, or errors, and confidences.
FACTORIES: dict[str, Callable[[Sequence[float], Sequence[float]], Statistic]] = {
    "mean": lambda outcomes, confidences: mean(confidences),
    "ratio": ratio,
    "median": lambda outcomes, confidences: quantile(confidences, 0.5),
    "95th percentile": lambda outcomes, confidences: quantile(confidences, 0.95),
    "aurc": aurc,
    "risk at 30 %": lambda errors, confidences: risk_at_coverage(errors, confidences, 0.3),
    "risk at 80 %": lambda errors, confidences: risk_at_coverage(errors, confidences, 0.8),
    "brier": brier,
    "ece": lambda outcomes, confidences: ece(outcomes, confidences, 4),
}

# Few confidences, so that many are equal; one that isn't a sum of powers of 2.
QUESTIONS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.1, 0.25, 0.5, 1.0])),
    min_size=1,
    max_size=8,
)


def value(statistic: Statistic, questions: int) -> float:
    return float(statistic(np.ones((1, questions)))[0])


def weigh(statistic: Statistic, *rows: Sequence[float]) -> list[float]:
    return statistic(np.array(rows, dtype=np.float64)).tolist()


def draw_all(clusters: Sequence[str], resamples: int, seed: int) -> Weights:
    return np.concatenate(list(draw_weights(clusters, resamples, seed)))


def enumerate_swaps(totals: Sequence[float]) -> float:
    """Return the share of all swaps of clusters whose sum is as far from 0 as the one observed."""
    signs = np.array(list(itertools.product([1, -1], repeat=len(totals))))
    sums = np.abs(signs @ np.array(totals))
    return float(np.mean(sums >= abs(sum(totals)) - 1e-9))


# Means, ratios and quantiles


def test_a_mean_weighs_its_values() -> None:
    """(1 + 2 + 6) / 3 = 3; with weights 2, 1, 0: (2 + 2) / 3; with 0, 0, 5: 6."""
    statistic = mean([1, 2, 6])
    assert value(statistic, 3) == pytest.approx(3)
    assert weigh(statistic, [2, 1, 0], [0, 0, 5]) == pytest.approx([4 / 3, 6])


def test_a_ratio_divides_sums_and_is_undefined_where_nothing_counts() -> None:
    """(1 + 3) / (2 + 4) = 2/3; the first twice: (2 + 3) / (4 + 4); the third alone: 0 / 0."""
    statistic = ratio([1, 3, 0], [2, 4, 0])
    assert value(statistic, 3) == pytest.approx(2 / 3)
    assert weigh(statistic, [2, 1, 1], [0, 0, 1]) == pytest.approx([5 / 8, np.nan], nan_ok=True)


def test_a_quantile_interpolates_between_the_values_next_to_it() -> None:
    """Of 4 values 0.5 lies at place 1.5: 20 + 0.5 * 10; 0.95 at 2.85: 30 + 0.85 * 10."""
    values = [40, 10, 30, 20]
    assert value(quantile(values, 0.5), 4) == pytest.approx(25)
    assert value(quantile(values, 0.95), 4) == pytest.approx(38.5)
    assert [value(quantile(values, q), 4) for q in (0, 1)] == [10, 40]


def test_a_weighted_quantile_counts_each_value_as_often_as_it_is_drawn() -> None:
    """10, 10, 10, 20: 0.75 is at place 2.25: 10 + 0.25 * 10. Then 30 alone, and nothing."""
    statistic = quantile([40, 10, 30, 20], 0.75)
    rows = [[0, 3, 0, 1], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert weigh(statistic, *rows) == pytest.approx([12.5, 30, np.nan], nan_ok=True)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), st.floats(0, 1))
def test_a_quantile_is_numpys(values: list[float], q: float) -> None:
    expected = float(np.quantile(values, q))
    assert value(quantile(values, q), len(values)) == pytest.approx(expected, abs=1e-6)


# Selective answering


def test_the_area_is_the_mean_of_the_risks_at_every_coverage() -> None:
    """Wrong are the 2nd and the 4th: risks 0, 1/2, 1/3 and 1/2, whose mean is 1/3."""
    coverages, risks = risk_coverage_curve(ERRORS, CONFIDENCES)
    assert coverages.tolist() == [0.25, 0.5, 0.75, 1]
    assert risks.tolist() == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert value(aurc(ERRORS, CONFIDENCES), 4) == pytest.approx(1 / 3)


def test_questions_are_ranked_whatever_their_order() -> None:
    """By falling confidence the errors are 1, 0, 0, 1: risks 1, 1/2, 1/3, 1/2; mean 7/12."""
    confidences = [0.6, 0.9, 0.8, 0.1]
    assert value(aurc(ERRORS, confidences), 4) == pytest.approx(7 / 12)


def test_questions_of_equal_confidence_share_their_errors() -> None:
    """One right answer, then three of mean 1/3.

    Risks 0, (1/3)/2 = 1/6, (2/3)/3 = 2/9 and 1/4; their mean is (6 + 8 + 9) / 36 / 4 = 23/144.
    """
    errors = [0, 0, 1, 0]
    _, risks = risk_coverage_curve(errors, TIED)
    assert risks.tolist() == pytest.approx([0, 1 / 6, 2 / 9, 1 / 4])
    assert value(aurc(errors, TIED), 4) == pytest.approx(23 / 144)
    assert value(risk_at_coverage(errors, TIED, 0.5), 4) == pytest.approx(1 / 6)


def test_a_question_of_weight_two_is_two_steps_of_coverage() -> None:
    """Errors 1, 1, 0: risks 1, 1, 2/3, mean 8/9. Then 0, 0, 0, and nothing."""
    statistic = aurc([1, 0], [0.9, 0.8])
    assert weigh(statistic, [2, 1], [0, 3], [0, 0]) == pytest.approx(
        [8 / 9, 0, np.nan], nan_ok=True
    )


@given(QUESTIONS.filter(lambda questions: len(questions) <= 6))
def test_the_risks_with_ties_are_their_mean_over_all_orders(
    questions: list[tuple[float, float]],
) -> None:
    errors, confidences = zip(*questions, strict=True)
    ranked = [
        order
        for order in itertools.permutations(range(len(questions)))
        if all(confidences[a] >= confidences[b] for a, b in itertools.pairwise(order))
    ]
    answered = np.arange(1, len(questions) + 1)
    expected = np.mean([np.cumsum(np.array(errors)[list(o)]) / answered for o in ranked], axis=0)
    _, risks = risk_coverage_curve(errors, confidences)
    assert risks.tolist() == pytest.approx(expected.tolist())
    assert value(aurc(errors, confidences), len(errors)) == pytest.approx(expected.mean())


@pytest.mark.parametrize(
    ("coverage", "risk"),
    [(1e-12, 0), (0.25, 0), (0.26, 1 / 2), (0.5, 1 / 2), (0.51, 1 / 3), (0.75, 1 / 3), (1, 1 / 2)],
)
def test_the_risk_at_a_coverage_is_that_of_as_many_answers_rounded_up(
    coverage: float, risk: float
) -> None:
    """Risks of 1 to 4 answers: 0, 1/2, 1/3, 1/2. At least one question is answered."""
    statistic = risk_at_coverage(ERRORS, CONFIDENCES, coverage)
    assert value(statistic, 4) == pytest.approx(risk)


def test_rounding_up_does_not_take_the_error_of_a_product_for_a_question() -> None:
    """0.07 * 100 is 7.000000000000001 in floating point; the eighth answer is the wrong one."""
    errors = [float(rank == 7) for rank in range(100)]
    statistic = risk_at_coverage(errors, [1 - rank / 100 for rank in range(100)], 0.07)
    assert value(statistic, 100) == 0


def test_the_risk_at_a_coverage_counts_the_questions_of_the_resample() -> None:
    """Errors 0, 0, 0, 1, 1, 1 of which 4 are answered: 1/4. Then 0, 1 with 2 answered: 1/2."""
    statistic = risk_at_coverage([0, 1], [0.9, 0.8], 0.6)
    assert weigh(statistic, [3, 3], [1, 1]) == pytest.approx([1 / 4, 1 / 2])


# Calibration


def test_the_brier_score_is_the_mean_squared_difference() -> None:
    """(0.2² + 0.3² + 0.6²) / 3 = (0.04 + 0.09 + 0.36) / 3 = 0.49 / 3; the first alone: 0.04."""
    statistic = brier([1, 0, 0], [0.8, 0.3, 0.6])
    assert value(statistic, 3) == pytest.approx(0.49 / 3)
    assert weigh(statistic, [4, 0, 0]) == pytest.approx([0.04])


OUTCOMES = [1.0, 0.0, 1.0, 0.0, 0.0]
FILLED = [0.92, 0.98, 0.55, 0.12, 0.18]
"""Three bins of ten: mean 0.95 and share 1/2; 0.55 and 1; 0.15 and 0."""


def test_the_calibration_error_weighs_the_distance_of_each_bin() -> None:
    """(2 * 0.45 + 1 * 0.45 + 2 * 0.15) / 5 = 1.65 / 5; too low and too high don't cancel.

    Twice the third and once the fourth: (2 * 0.45 + 1 * 0.12) / 3 = 0.34.
    """
    statistic = ece(OUTCOMES, FILLED)
    assert value(statistic, 5) == pytest.approx(0.33)
    assert weigh(statistic, [0, 0, 2, 1, 0]) == pytest.approx([0.34])


def test_bins_tell_what_a_reliability_diagram_shows() -> None:
    bins = reliability(OUTCOMES, FILLED)
    assert [(each.low, each.high) for each in bins[:2]] == [(0, 0.1), (0.1, 0.2)]
    assert [each.count for each in bins] == [0, 2, 0, 0, 0, 1, 0, 0, 0, 2]
    assert bins[0] == Bin(0, 0.1, 0, None, None)
    assert bins[5] == Bin(0.5, 0.6, 1, 0.55, 1)
    assert (bins[1].mean_confidence, bins[1].share_right) == (pytest.approx(0.15), 0)
    assert (bins[9].mean_confidence, bins[9].share_right) == (pytest.approx(0.95), 0.5)


def test_the_error_of_the_bins_is_the_calibration_error() -> None:
    outcomes, confidences = [1, 0, 1, 1, 0, 1, 0], [0.1, 0.3, 0.33, 0.34, 0.7, 1, 0]
    gaps = [
        each.count * abs(each.mean_confidence - each.share_right)
        for each in reliability(outcomes, confidences, 3)
        if each.mean_confidence is not None and each.share_right is not None
    ]
    assert value(ece(outcomes, confidences, 3), 7) == pytest.approx(sum(gaps) / 7)


def test_a_bin_holds_its_lower_end_and_the_last_one_holds_1() -> None:
    """0.57 * 100 and 0.29 * 100 are less than 57 and 29 in floating point."""
    bins = reliability([0] * 6, [0, 0.29, 0.5, 0.57, 0.99, 1], 100)
    assert {place: each.count for place, each in enumerate(bins) if each.count} == {
        0: 1,
        29: 1,
        50: 1,
        57: 1,
        99: 2,
    }


# Weights


@pytest.mark.parametrize("name", FACTORIES)
@given(questions=QUESTIONS, data=st.data())
def test_a_weight_is_a_number_of_equal_questions(
    name: str, questions: list[tuple[float, float]], data: st.DataObject
) -> None:
    outcomes, confidences = (list(column) for column in zip(*questions, strict=True))
    size = len(questions)
    row = st.lists(st.integers(0, 3), min_size=size, max_size=size)
    rows = data.draw(st.lists(row, min_size=1, max_size=3))
    weighted = weigh(FACTORIES[name](outcomes, confidences), *rows)
    for counts, found in zip(rows, weighted, strict=True):
        repeated = np.repeat(outcomes, counts).tolist(), np.repeat(confidences, counts).tolist()
        expected = value(FACTORIES[name](*repeated), sum(counts))
        assert found == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("name", FACTORIES)
def test_no_question_leaves_a_statistic_undefined(name: str) -> None:
    statistic = FACTORIES[name]([], [])
    assert np.isnan(statistic(np.ones((2, 0)))).tolist() == [True, True]
    assert estimate(statistic, [], resamples=10) == Estimate(None, None, None)


def test_no_question_leaves_nothing_to_draw_plot_or_tell_apart() -> None:
    assert [curve.tolist() for curve in risk_coverage_curve([], [])] == [[], []]
    assert reliability([], [], 2) == (Bin(0, 0.5, 0, None, None), Bin(0.5, 1, 0, None, None))
    assert randomisation_test([], [], []) == 1
    assert estimate_difference([], [], []) == Estimate(None, None, None)
    assert list(draw_weights([], 10, 1)) == []


# The bootstrap


def test_the_questions_of_a_cluster_are_drawn_together() -> None:
    """Two clusters drawn twice: a twice, b twice, or each once, in 1/4, 1/4 and 1/2 of the cases.

    Of 4,000 resamples the share of the last has a standard deviation below 0.008.
    """
    weights = draw_all(PAIRS, 4000, 5)
    rows, counts = np.unique(weights, axis=0, return_counts=True)
    assert rows.tolist() == [[0, 0, 2, 2], [1, 1, 1, 1], [2, 2, 0, 0]]
    assert (counts / 4000).tolist() == pytest.approx([0.25, 0.5, 0.25], abs=0.03)


def test_as_many_clusters_are_drawn_as_there_are_whatever_their_sizes() -> None:
    """Of a cluster of 3 and one of 1, resamples hold 6, 4 or 2 questions."""
    weights = draw_all(["a", "b", "a", "a"], 200, 5)
    assert np.array_equal(weights[:, [0, 0]], weights[:, [2, 3]])
    assert set((weights[:, 0] + weights[:, 1]).tolist()) == {2}
    assert set(weights.sum(axis=1).tolist()) == {2, 4, 6}


def test_every_cluster_is_as_likely_as_the_others() -> None:
    """The mean weight is 1; over 20,000 resamples its standard deviation is below 0.008."""
    weights = draw_all(list("abcde"), 20_000, 5)
    assert weights.mean(axis=0).tolist() == pytest.approx([1] * 5, abs=0.03)


def test_an_interval_is_cut_at_the_percentiles_of_the_resamples() -> None:
    """The mean of a resample is 0, 1/2 or 1 by whether b, both or a is drawn.

    0 and 1 each come about in a quarter of the resamples, far more than 2.5 %.
    """
    assert estimate(mean([1, 1, 0, 0]), PAIRS) == Estimate(0.5, 0, 1)


def test_an_interval_leaves_out_a_fortieth_on_either_side() -> None:
    statistic = mean(list(range(20)))
    clusters = [str(number) for number in range(20)]
    means = np.sort(statistic(draw_all(clusters, 1001, 3)))
    # Of 1,001 ordered values, the percentiles are those at 0.025 * 1000 and 0.975 * 1000, from 0.
    found = estimate(statistic, clusters, resamples=1001, seed=3)
    assert found == Estimate(9.5, pytest.approx(means[25]), pytest.approx(means[975]))


def test_wordings_that_fail_together_widen_the_interval() -> None:
    values = [0.0, 0.0, 1.0, 1.0] * 10
    needs = [str(number // 2) for number in range(40)]
    apart = estimate(mean(values), [str(number) for number in range(40)])
    together = estimate(mean(values), needs)
    assert apart.low is not None
    assert together.low is not None
    # The standard error grows by √2: 0.112 for 20 of them, against 0.079 for 40.
    assert together.low < apart.low - 0.03


def test_one_cluster_has_an_interval_without_width() -> None:
    assert estimate(mean([1, 2]), ["a", "a"], resamples=50) == Estimate(1.5, 1.5, 1.5)


def test_resamples_in_which_a_statistic_is_undefined_are_left_out() -> None:
    """Only b counts, so that a quarter of the resamples, a drawn twice, has nothing to count."""
    statistic = ratio([0, 0, 3, 1], [0, 0, 1, 1])
    assert np.isnan(statistic(draw_all(PAIRS, 100, 1))).any()
    assert estimate(statistic, PAIRS, resamples=100, seed=1) == Estimate(2, 2, 2)


def test_an_undefined_value_has_no_interval_and_no_resample_leaves_none() -> None:
    assert estimate(ratio([0, 0], [0, 0]), ["a", "b"], 10) == Estimate(None, None, None)
    assert estimate(mean([0, 1]), ["a", "b"], resamples=0) == Estimate(0.5, None, None)


def test_a_seed_draws_the_same_weights_and_another_does_not() -> None:
    clusters = [str(number) for number in range(30)]
    assert np.array_equal(draw_all(clusters, 20, 1), draw_all(clusters, 20, 1))
    assert not np.array_equal(draw_all(clusters, 20, 1), draw_all(clusters, 20, 2))
    statistic = mean(list(range(30)))
    assert estimate(statistic, clusters, 50, 1) == estimate(statistic, clusters, 50, 1)
    assert estimate(statistic, clusters, 50, 1) != estimate(statistic, clusters, 50, 2)


def test_the_order_of_the_questions_does_not_change_the_resamples() -> None:
    clusters = ["d", "a", "c", "a", "b"]
    order = [3, 0, 4, 2, 1]
    shuffled = draw_all([clusters[number] for number in order], 20, 1)
    assert np.array_equal(shuffled, draw_all(clusters, 20, 1)[:, order])


@pytest.mark.parametrize("size", [1, 12, 13, 60])
def test_blocks_bound_the_memory_and_change_nothing(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Six questions in blocks of 1 (one row at least), 2, 2 and 10 rows."""
    clusters = ["a", "b", "c", "c", "d", "e"]
    whole = draw_all(clusters, 25, 1)
    intervals = estimate_all({"mean": mean([1, 2, 3, 4, 5, 6])}, clusters, 25, 1)
    monkeypatch.setattr(bootstrap, "BLOCK_WEIGHTS", size)
    blocks = [len(block) for block in draw_weights(clusters, 25, 1)]
    assert max(blocks) == max(1, size // 6)
    assert sum(blocks) == 25
    assert np.array_equal(draw_all(clusters, 25, 1), whole)
    found = estimate_all({"mean": mean([1, 2, 3, 4, 5, 6])}, clusters, 25, 1)["mean"]
    assert found.low == pytest.approx(intervals["mean"].low)
    assert found.high == pytest.approx(intervals["mean"].high)


def test_statistics_are_estimated_under_their_names_on_the_same_resamples() -> None:
    clusters = [str(number) for number in range(8)]
    statistics = {"mean": mean(list(range(8))), "aurc": aurc(ERRORS * 2, CONFIDENCES * 2)}
    found = estimate_all(statistics, clusters, 60, 4)
    assert list(found) == ["mean", "aurc"]
    assert found == {
        name: estimate(statistic, clusters, 60, 4) for name, statistic in statistics.items()
    }
    assert found["mean"].value == 3.5


# Pairs


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        # ±1 ±1 ±1: 3 and -3 of eight.
        ([1, 1, 1], 2 / 8),
        # Observed 3; as far are ±7, ±5, ±3 of ±4 ±2 ±1 but not ±1.
        ([4, -2, 1], 6 / 8),
        # Observed 0.2, in floating point 0.20000000000000004; ±0.4 and ±0.2, twice, of eight.
        ([0.1, 0.2, -0.1], 6 / 8),
        # 31, 29 and 27 of the sums of ±16 ±8 ±4 ±2 ±1, and their opposites, of 32.
        ([16, 8, 4, -2, 1], 6 / 32),
    ],
)
def test_p_is_the_share_of_swaps_that_differ_as_much(differences: list[float], p: float) -> None:
    """Of 10,000 swaps the share has a standard deviation of at most 0.005."""
    assert enumerate_swaps(differences) == pytest.approx(p)
    clusters = [str(number) for number in range(len(differences))]
    zeros = [0.0] * len(differences)
    assert randomisation_test(zeros, differences, clusters) == pytest.approx(p, abs=0.02)
    assert randomisation_test(differences, zeros, clusters) == pytest.approx(p, abs=0.02)


def test_p_agrees_with_all_swaps_of_ten_questions() -> None:
    generator = np.random.default_rng(2)
    first, second = generator.random(10), generator.random(10) + 0.15
    clusters = [str(number) for number in range(10)]
    expected = enumerate_swaps((second - first).tolist())
    assert 0.02 < expected < 0.5
    assert randomisation_test(first, second, clusters) == pytest.approx(expected, abs=0.02)


def test_the_questions_of_a_cluster_are_swapped_together() -> None:
    """Three differences of 1 make 2/8 apart; one cluster can only make ±3, and two of them ±4."""
    zeros, ones = [0.0] * 3, [1.0] * 3
    assert randomisation_test(zeros, ones, ["a", "a", "a"]) == 1
    assert randomisation_test(zeros, ones, ["a", "b", "a"]) == pytest.approx(2 / 4, abs=0.02)
    # 1 - 1 within each cluster: no swap makes a difference.
    assert randomisation_test([0] * 4, [1, -1, 1, -1], PAIRS) == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_p_is_1_where_nothing_differs_but_by_rounding(seed: int) -> None:
    """0.2 - 0.3 + 0.2 - 0.1 is not 0 in floating point, in any of the 12 clusters."""
    first, second = [0.3, 0.1] * 12, [0.2, 0.2] * 12
    clusters = [str(number // 2) for number in range(24)]
    assert randomisation_test(first, first, clusters, 200, seed) == 1
    assert randomisation_test(first, second, clusters, 200, seed) == 1


def test_p_is_never_0() -> None:
    """Only 2 of 2^40 swaps are as far from 0: none of 99 is, and 1 / 100 is left."""
    clusters = [str(number) for number in range(40)]
    assert randomisation_test([0] * 40, [1] * 40, clusters, permutations=99) == 1 / 100


def test_a_seed_gives_one_p_whatever_the_order_of_questions_or_systems() -> None:
    generator = np.random.default_rng(8)
    first, second = generator.random(12), generator.random(12)
    clusters = [chr(ord("a") + number) for number in range(12)]
    p = randomisation_test(first, second, clusters, 500, 1)
    assert randomisation_test(first, second, clusters, 500, 1) == p
    assert randomisation_test(second, first, clusters, 500, 1) == p
    assert randomisation_test(first[::-1], second[::-1], clusters[::-1], 500, 1) == p
    others = {randomisation_test(first, second, clusters, 500, seed) for seed in range(2, 8)}
    assert others != {p}


@pytest.mark.parametrize("size", [1, 13])
def test_swaps_in_blocks_are_as_many(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Blocks of 1 or 3 rows of 4 clusters, 100 swaps in all: p is a number of 101sts."""
    monkeypatch.setattr(paired, "BLOCK_WEIGHTS", size)
    found = randomisation_test([0] * 4, [1, 2, 3, 4], list("abcd"), 100, 1)
    # 2 of 16 swaps are as far from 0: about 13 hits.
    assert 4 <= found * 101 - 1 <= 25
    assert found * 101 == pytest.approx(round(found * 101))
    assert randomisation_test([1] * 4, [1] * 4, list("abcd"), 100, 1) == 1


def test_a_difference_is_of_the_second_to_the_first() -> None:
    """(1 + 1 - 1 + 1) / 4 = 1/2; by cluster 1 and 0, so that resamples have 0, 1/2 or 1."""
    assert estimate_difference([0, 0, 1, 0], [1, 1, 0, 1], PAIRS) == Estimate(0.5, 0, 1)


def test_a_difference_is_paired() -> None:
    """Values vary but their difference doesn't: no resample can have another."""
    first = [0.0, 8.0, 1.0, 4.0]
    second = [each - 2 for each in first]
    assert estimate_difference(first, second, list("abcd"), 50) == Estimate(-2, -2, -2)


# What is refused


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (lambda: mean([1, np.nan]), "the value of question 1 is nan"),
        (lambda: quantile([np.inf], 0.5), "the value of question 0 is inf"),
        (lambda: ratio([1, 2], [1]), r"shapes \[\(2,\), \(1,\)\]"),
        (lambda: quantile(np.ones((2, 2)), 0.5), "one value a question"),
        (lambda: quantile([1], 1.1), "quantile lies between 0 and 1, not at 1.1"),
        (lambda: quantile([1], -0.1), "not at -0.1"),
        (lambda: risk_at_coverage([1], [1], 0), "coverage lies above 0, up to 1, not at 0"),
        (lambda: risk_at_coverage([1], [1], 1.5), "not at 1.5"),
        (lambda: aurc([1], [np.nan]), "the value of question 0 is nan"),
        (lambda: brier([0, 2], [0, 1]), "the outcome of question 1 is 2.0, not 0 to 1"),
        (lambda: ece([0], [-0.5]), "the confidence of question 0 is -0.5"),
        (lambda: reliability([0, 1], [0, 1.01]), "the confidence of question 1 is 1.01"),
        (lambda: ece([0], [0], 0), "at least one bin is needed, not 0"),
        (lambda: randomisation_test([1, 2], [1], ["a", "b"]), "one value a question"),
        (lambda: randomisation_test([1, 2], [1, 2], ["a"]), "1 clusters for 2 questions"),
        (lambda: estimate_difference([1, 2], [1], ["a", "b"]), "one value a question"),
        (lambda: estimate_difference([1, 2], [1, 2], ["a"]), "size 2 is different from 1"),
    ],
)
def test_values_that_make_no_sense_are_refused(refused: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        refused()


@pytest.mark.parametrize("name", FACTORIES)
@pytest.mark.parametrize("questions", [1, 3])
def test_weights_are_as_many_as_the_questions(name: str, questions: int) -> None:
    statistic = FACTORIES[name]([0, 1], [0.5, 1])
    with pytest.raises(ValueError, match=f"shape .*{questions}|size 2 is different"):
        statistic(np.ones((1, questions)))


@pytest.mark.parametrize("name", ["median", "aurc", "risk at 30 %"])
@pytest.mark.parametrize("weight", [0.5, -1])
def test_ranked_questions_are_counted_in_whole_numbers(name: str, weight: float) -> None:
    statistic = FACTORIES[name]([0, 1], [0.5, 1])
    with pytest.raises(ValueError, match="whole numbers"):
        statistic(np.array([[1, weight]]))
