"""How sentences are ranked by their evidence, and how sure it is that one answers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from massilia.service.confidence import THRESHOLD, estimate_probability
from massilia.service.evidence import FIGURES, QUESTION_FIGURES, Matrix

COEFFICIENTS: Final = "judge.json"
"""Written by `python -m massilia.eval.fit_judge`, which says what is fitted on what."""
RELATIVE: Final = ("similarity", "late", "own")
"""Figures that count once more by how far they lie below the best of the question's sentences."""
RANKING_FIGURES: Final = (*FIGURES, *(f"{name}_below" for name in RELATIVE))
"""The names of the columns that a ranking is fitted on."""
PASSAGE_WEIGHT = 0.3
"""What a passage's similarity adds to that of its sentences, without fitted coefficients. Swept
over 0, 0.3, 0.5 and 1 on our first forty questions and 22 on the press texts: an accepted answer is
among the first three sentences for 77, 83, 83 and 77 % of the former, and for all of the latter."""

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """Hold what is thought of each sentence: its score, to rank it by, and its probability.

    Both are of shape (sentences,). The probability is that of answering.
    """

    scores: Scores
    probabilities: Scores


class Judge(Protocol):
    """Rank sentences by their evidence and say how sure each is to answer.

    From `threshold` on, a probability is enough to quote.
    """

    @property
    def threshold(self) -> float:
        """Give the probability from which on a sentence is quoted."""

    def judge(self, evidence: Matrix, question: NDArray[np.float32]) -> Judgement:
        """Return what is thought of sentences with `evidence`, in its order.

        `question` is what `describe_question` says of the question.
        """


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """Hold a linear function of named figures, each brought to zero mean and unit deviation."""

    means: Scores
    deviations: Scores
    weights: Scores
    intercept: float = 0.0

    def apply(self, columns: NDArray[np.floating]) -> Scores:
        """Return its value for each row of `columns`, of shape (rows, figures)."""
        scores: Scores = (columns - self.means) / self.deviations @ self.weights + self.intercept
        return scores


@dataclass(frozen=True, slots=True, eq=False)
class FittedJudge:
    """Judge with coefficients that were fitted for one encoder.

    The score of a sentence is linear in its evidence. Its probability is a logistic function of
    `derive_confidence`'s figures.
    """

    ranking: Linear
    confidence: Linear
    threshold: float

    def judge(self, evidence: Matrix, question: NDArray[np.float32]) -> Judgement:
        """Return what is thought of each sentence."""
        if not len(evidence):
            return Judgement(np.zeros(0), np.zeros(0))
        scores = self.ranking.apply(add_relative(evidence))
        logits = self.confidence.apply(derive_confidence(evidence, scores, question))
        # Beyond this the exponential overflows, and the probability is 0 or 1 to any digit shown.
        return Judgement(scores, 1 / (1 + np.exp(-np.clip(logits, -500, 500))))


@dataclass(frozen=True, slots=True)
class SimilarityJudge:
    """Judge by similarities alone, for an encoder that nothing has been fitted for."""

    threshold: float = THRESHOLD

    def judge(self, evidence: Matrix, question: NDArray[np.float32]) -> Judgement:
        """Return what is thought of each sentence."""
        similarity, passage, chance, reference = (
            evidence[:, FIGURES.index(name)].astype(np.float64)
            for name in (
                *("similarity", "passage_similarity"),
                *("exceeds_chance", "exceeds_reference"),
            )
        )
        probabilities = estimate_probability(chance, reference)
        return Judgement(similarity + PASSAGE_WEIGHT * passage, probabilities)


def open_judge(encoder_fingerprint: str) -> Judge:
    """Return the judge for an encoder: a fitted one if its coefficients are of that encoder."""
    fitted = _read_coefficients()
    if fitted is None or fitted[0] != encoder_fingerprint:
        return SimilarityJudge()
    return fitted[1]


def add_relative(evidence: Matrix) -> Scores:
    """Return the evidence with the columns that `RELATIVE` names once more, less their highest."""
    relative = evidence[:, [FIGURES.index(name) for name in RELATIVE]]
    return np.hstack([evidence, relative - relative.max(axis=0)]).astype(np.float64)


CONFIDENCE_FIGURES: Final = (
    *FIGURES,
    "score",
    "lead",  # over the next sentence, or of the first over this one, which is then negative
    "share",  # of all the sentences' exponentials of scores
    "best_terms",  # the highest `terms` of any sentence found
    "best_late",
    *QUESTION_FIGURES,
)
"""The names of the columns that a probability is fitted on."""


def derive_confidence(evidence: Matrix, scores: Scores, question: NDArray[np.float32]) -> Scores:
    """Return what is known of each sentence beside the others: (sentences, CONFIDENCE_FIGURES)."""
    count = len(scores)
    order = np.argsort(-scores, kind="stable")
    best, second = scores[order[0]], scores[order[1]] if count > 1 else scores[order[0]] - 1
    lead = scores - np.where(np.arange(count) == order[0], second, best)
    exponentials = np.exp(scores - best)
    best_of = [np.full(count, evidence[:, FIGURES.index(name)].max()) for name in ("terms", "late")]
    columns = [scores, lead, exponentials / exponentials.sum(), *best_of]
    known = np.broadcast_to(question, (count, len(question)))
    return np.hstack([evidence, np.stack(columns, axis=1), known]).astype(np.float64)


@cache
def _read_coefficients() -> tuple[str, FittedJudge] | None:
    path = files("massilia.service").joinpath(COEFFICIENTS)
    if not path.is_file():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    return content["encoder_fingerprint"], FittedJudge(
        ranking=_read_linear(content["ranking"], RANKING_FIGURES),
        confidence=_read_linear(content["confidence"], CONFIDENCE_FIGURES),
        threshold=content["threshold"],
    )


def _read_linear(content: dict[str, object], names: Sequence[str]) -> Linear:
    figures = content["figures"]
    if not isinstance(figures, dict) or list(figures) != list(names):
        raise ValueError(f"{COEFFICIENTS} was fitted on other figures than {', '.join(names)}")
    columns = np.array([figures[name] for name in names], dtype=np.float64)
    means, deviations, weights = columns.T
    return Linear(means, deviations, weights, float(str(content.get("intercept", 0.0))))
