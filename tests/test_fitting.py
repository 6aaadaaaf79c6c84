"""What is fitted, against optima that are worked out by hand."""

from collections.abc import Callable, Sequence
from math import e, exp, log

import numpy as np
import pytest
from numpy.testing import assert_allclose

from massilia.eval import fitting
from massilia.eval.fitting import (
    JudgedList,
    Matrix64,
    fit_confidence,
    fit_ranking,
    split_folds,
    standardise,
)

Lose = Callable[[Matrix64], tuple[float, Matrix64]]
CLOSE = 1e-4
"""How near L-BFGS comes to an optimum."""


def make_list(
    figures: Sequence[float | Sequence[float]], right: Sequence[int], weight: float = 1.0
) -> JudgedList:
    """Make a list of sentences, those of them right whose numbers are given."""
    columns = np.array(figures, dtype=np.float64).reshape(len(figures), -1)
    return JudgedList(columns, np.isin(np.arange(len(figures)), right), weight)


def draw_lists(count: int, noise: float = 0.0) -> list[JudgedList]:
    """Draw lists of different lengths, the right sentence of each highest in figure 1 of 0 to 2."""
    generator = np.random.default_rng(11)
    lists = []
    for length in generator.integers(2, 7, size=count).tolist():
        figures = generator.standard_normal((length, 3)) * [1, 10, 100] + [0, 5, 1000]
        heights = figures[:, 1] + noise * generator.standard_normal(length)
        lists.append(JudgedList(figures, heights == heights.max()))
    return lists


def catch_loss(monkeypatch: pytest.MonkeyPatch, fit: Callable[[], object]) -> Lose:
    """Return what a fit would have minimised."""
    caught: list[Lose] = []

    def minimise(lose: Lose, size: int) -> Matrix64:
        caught.append(lose)
        return np.zeros(size)

    monkeypatch.setattr(fitting, "_minimise", minimise)
    fit()
    return caught[0]


def check_gradient(lose: Lose, size: int) -> None:
    step = 1e-6
    for weights in np.random.default_rng(3).standard_normal((5, size)):
        differences = [
            (lose(weights + step * axis)[0] - lose(weights - step * axis)[0]) / (2 * step)
            for axis in np.eye(size)
        ]
        assert_allclose(lose(weights)[1], differences, rtol=1e-5, atol=1e-7)


def test_figures_are_brought_to_zero_mean_and_unit_deviation() -> None:
    scale = standardise(np.array([[1.0, 10.0], [3.0, 30.0], [5.0, 20.0], [3.0, 20.0]]))
    assert_allclose(scale.means, [3, 20])
    assert_allclose(scale.deviations, [2**0.5, 50**0.5])
    assert scale.weights.tolist() == [0, 0]
    assert scale.intercept == 0


def test_a_figure_that_is_always_the_same_divides_nothing() -> None:
    scale = standardise(np.array([[0.1, 1.0], [0.1, 2.0], [0.1, 3.0]]))
    assert scale.deviations[0] == 1
    assert scale.deviations[1] != 1


@pytest.mark.parametrize(("right", "tells"), [([], False), ([1], True), ([0, 1], False)])
def test_a_list_tells_something_if_some_of_it_is_right_and_some_is_not(
    right: list[int], tells: bool
) -> None:
    assert make_list([1, 2], right).tells is tells


def test_a_ranking_puts_the_right_sentence_first() -> None:
    lists = draw_lists(40)
    ranking = fit_ranking(lists, 1e-3)
    for each in lists:
        assert each.right[ranking.apply(each.figures).argmax()]
    others = np.abs(ranking.weights[[0, 2]])
    assert ranking.weights[1] > 5 * others.max()


def test_a_ranking_is_as_steep_as_its_penalty_lets_it_be() -> None:
    # The loss is log(1 + exp(-2w)) + penalty * w², least where penalty * w * (1 + exp(2w)) = 1.
    ranking = fit_ranking([make_list([1, -1], [0])], 1 / (1 + e**2))
    assert_allclose(ranking.weights, [1], atol=CLOSE)
    assert_allclose(ranking.apply(np.array([[1.0], [-1.0]])), [1, -1], atol=CLOSE)


def test_questions_count_by_their_weights_and_right_sentences_together() -> None:
    # Of three questions and one that says the opposite, exp(w) / (exp(w) + exp(-w)) is 3/4. That
    # the latter has twice as many sentences of either kind changes nothing.
    lists = [make_list([1, -1], [0], 3.0), make_list([1, -1, 1, -1], [1, 3], 1.0)]
    assert_allclose(fit_ranking(lists, 0.0).weights, [log(3) / 2], atol=CLOSE)
    evenly = [make_list([1, -1], [0], 2.0), make_list([1, -1, 1, -1], [1, 3], 2.0)]
    assert_allclose(fit_ranking(evenly, 0.0).weights, [0], atol=CLOSE)


def test_lists_that_tell_nothing_are_left_out() -> None:
    lists = draw_lists(10)
    wild = [[9e3, 9e3, 9e3], [0.0, 0.0, 0.0]]
    with_others = [make_list(wild, []), *lists, make_list(wild, [0, 1])]
    alone, among = fit_ranking(lists, 0.01), fit_ranking(with_others, 0.01)
    assert_allclose(among.means, alone.means)
    assert_allclose(among.deviations, alone.deviations)
    assert_allclose(among.weights, alone.weights)


def test_the_gradient_of_a_ranking_is_that_of_its_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    lists = draw_lists(6, noise=5)
    lists.append(make_list([[1, 5, 900], [0, 2, 990], [2, 8, 950]], [0, 2], 2.5))
    lose = catch_loss(monkeypatch, lambda: fit_ranking(lists, 0.2))
    check_gradient(lose, 3)


def test_a_confidence_is_the_share_that_is_right() -> None:
    # 1 of 4 without the figure, 9 of 10 with it: their odds are 1/3 and 9.
    figures = np.array([[0.0], [0.0], [1.0], [1.0]])
    right = np.array([True, False, True, False])
    fitted = fit_confidence(figures, right, np.array([1.0, 3.0, 9.0, 1.0]), 0.0)
    assert_allclose(fitted.apply(np.array([[0.0], [1.0]])), [-log(3), log(9)], atol=CLOSE)


def test_a_confidence_is_as_steep_as_its_penalty_lets_it_be() -> None:
    # The loss is log(1 + exp(-w)) + penalty * w², least where 2 * penalty * w * (1 + exp(w)) = 1.
    figures, right = np.array([[1.0], [-1.0]]), np.array([True, False])
    fitted = fit_confidence(figures, right, np.ones(2), 1 / (2 * (1 + e)))
    assert_allclose(fitted.weights, [1], atol=CLOSE)
    assert fitted.intercept == pytest.approx(0, abs=CLOSE)


def test_what_is_right_in_all_is_not_penalised() -> None:
    figures = np.array([[0.0], [0.0], [1.0], [1.0]])
    right = np.array([True, False, True, False])
    fitted = fit_confidence(figures, right, np.array([1.0, 3.0, 9.0, 1.0]), 1e6)
    assert_allclose(fitted.weights, [0], atol=CLOSE)
    assert 1 / (1 + exp(-fitted.intercept)) == pytest.approx(10 / 14, abs=CLOSE)


def test_the_gradient_of_a_confidence_is_that_of_its_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(4)
    figures, counts = generator.standard_normal((12, 3)), generator.random(12)
    right = generator.random(12) < 0.5
    lose = catch_loss(monkeypatch, lambda: fit_confidence(figures, right, counts, 0.2))
    check_gradient(lose, 4)


GROUPS = [f"topic {number % 13}" for number in range(60)]


def test_folds_keep_groups_together_and_are_all_used() -> None:
    folds = split_folds(GROUPS, 5)
    assert len(folds) == len(GROUPS)
    assert set(folds.tolist()) == set(range(5))
    assert len(set(zip(GROUPS, folds.tolist(), strict=True))) == 13
    # Of thirteen groups, two or three are in each.
    of_groups = np.bincount(list(dict(zip(GROUPS, folds.tolist(), strict=True)).values()))
    assert sorted(of_groups.tolist()) == [2, 2, 3, 3, 3]


def test_folds_are_the_same_for_the_same_seed_whatever_the_order_of_the_rows() -> None:
    folds = split_folds(GROUPS, 5, seed=2).tolist()
    assert folds == split_folds(GROUPS, 5, seed=2).tolist()
    assert folds[::-1] == split_folds(GROUPS[::-1], 5, seed=2).tolist()
    assert folds != split_folds(GROUPS, 5, seed=3).tolist()
