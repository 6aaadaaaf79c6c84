"""Linear functions fitted to judged sentences: which one ranks first, and how sure it is.

A ranking is fitted by the softmax over the sentences of a question (ListNet: Cao et al. 2007), the
right ones taken together; a confidence by logistic regression. Both have a quadratic penalty, and
are minimised by L-BFGS.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from massilia.service.judge import Linear

Matrix64 = NDArray[np.float64]
_LEAST_DEVIATION = 1e-6
_MASKED = -1e9


@dataclass(frozen=True, slots=True, eq=False)
class JudgedList:
    """Hold the figures of a question's sentences, (sentences, figures), and which of them answer.

    `weight` is how much the question counts.
    """

    figures: Matrix64
    right: NDArray[np.bool_]
    weight: float = 1.0

    @property
    def tells(self) -> bool:
        """Tell whether some of the sentences answer and others don't."""
        return bool(self.right.any() and not self.right.all())


def standardise(figures: Matrix64) -> Linear:
    """Return the means and deviations of figures, with weights of 0.

    One that is always the same has a deviation of 1: it tells nothing, and must divide nothing.
    """
    deviations = figures.std(axis=0)
    deviations[deviations < _LEAST_DEVIATION] = 1.0
    return Linear(figures.mean(axis=0), deviations, np.zeros(figures.shape[1]))


def fit_ranking(lists: Sequence[JudgedList], penalty: float) -> Linear:
    """Return the function that best puts a right sentence first, of lists that tell."""
    telling = [each for each in lists if each.tells]
    scale = standardise(np.concatenate([each.figures for each in telling]))
    length = max(len(each.right) for each in telling)
    figures = np.zeros((len(telling), length, len(scale.means)))
    absent = np.full((len(telling), length), _MASKED)
    wrong = np.full((len(telling), length), _MASKED)
    for row, each in enumerate(telling):
        figures[row, : len(each.right)] = (each.figures - scale.means) / scale.deviations
        absent[row, : len(each.right)] = 0
        wrong[row, : len(each.right)][each.right] = 0
    shares = np.array([each.weight for each in telling])
    shares /= shares.sum()

    def lose(weights: Matrix64) -> tuple[float, Matrix64]:
        scores = figures @ weights
        loss, gradient = penalty * weights @ weights, 2 * penalty * weights
        for mask, sign in ((absent, 1.0), (wrong, -1.0)):
            totals, softmax = _normalise(scores + mask)
            loss += sign * shares @ totals
            gradient = gradient + sign * np.einsum("q,qs,qsf->f", shares, softmax, figures)
        return float(loss), gradient

    return Linear(scale.means, scale.deviations, _minimise(lose, len(scale.means)))


def fit_confidence(
    figures: Matrix64, right: NDArray[np.bool_], counts: Matrix64, penalty: float
) -> Linear:
    """Return the logistic function of `figures` that predicts which rows are right.

    `counts`, of shape (rows,), are how much each row counts.
    """
    scale = standardise(figures)
    scaled = (figures - scale.means) / scale.deviations
    signs = np.where(right, 1.0, -1.0)
    shares = counts / counts.sum()

    def lose(weights: Matrix64) -> tuple[float, Matrix64]:
        logits = signs * (scaled @ weights[:-1] + weights[-1])
        loss = shares @ np.logaddexp(0, -logits) + penalty * weights[:-1] @ weights[:-1]
        slopes = -shares * signs / (1 + np.exp(np.clip(logits, -500, 500)))
        gradient = np.append(scaled.T @ slopes + 2 * penalty * weights[:-1], slopes.sum())
        return float(loss), gradient

    weights = _minimise(lose, len(scale.means) + 1)
    return Linear(scale.means, scale.deviations, weights[:-1], float(weights[-1]))


def split_folds(groups: Sequence[str], folds: int, seed: int = 0) -> NDArray[np.intp]:
    """Return the fold of each row, rows of one group being in one; the same for the same seed."""
    names = sorted(set(groups))
    np.random.default_rng(seed).shuffle(names)
    fold = {name: number % folds for number, name in enumerate(names)}
    return np.array([fold[group] for group in groups], dtype=np.intp)


def _normalise(scores: Matrix64) -> tuple[Matrix64, Matrix64]:
    """Return the logarithms of the sums of the rows' exponentials, and the softmax of the rows."""
    highest = scores.max(axis=1, keepdims=True)
    exponentials = np.exp(scores - highest)
    sums = exponentials.sum(axis=1, keepdims=True)
    return (highest + np.log(sums))[:, 0], exponentials / sums


def _minimise(lose: Callable[[Matrix64], tuple[float, Matrix64]], size: int) -> Matrix64:
    found: Matrix64 = minimize(lose, np.zeros(size), jac=True, method="L-BFGS-B").x
    return found
