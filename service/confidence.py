"""How sure it is that a sentence answers a question."""

import numpy as np
from numpy.typing import NDArray

from massilia.service.answer import Bucket, Confidence

NO_CONFIDENCE = Confidence(0.0, Bucket.NOT_AVAILABLE)

# A logistic regression of "this sentence of the gold passage holds the accepted answer" on two
# figures (see `Spread`). Fitted on PIAF (French, 300 articles and 300 questions), AfriQA in English
# (300, 300) and in French (200, 200), each set cut by k-means into eight libraries of one subject,
# as ours is: every question once with its gold passage, once without it (a near miss), and once
# put to another library (off topic), weighted 65 : 20 : 15. Area under the ROC curve .927, .929 and
# .941 there; LOG.md has what else was tried.
CHANCE_WEIGHT = 0.924
REFERENCE_WEIGHT = 0.174
INTERCEPT = -2.371
# Below it nothing is quoted. On the same sets .25, .3, .4 and .5 quote for 89, 85, 76 and 66 % of
# the answerable questions, for 10, 7, 3 and 2 % of the near misses, and for 10, 7, 4 and 2 % off
# topic. On 48 plain questions that our first four articles answer, .25 quotes for 83 % and .3 for
# 67 %; on 24 that they don't, for three and for two.
THRESHOLD = 0.25
BUCKETS = (
    (0.8, Bucket.VERY_HIGH),
    (0.6, Bucket.HIGH),
    (0.4, Bucket.MEDIUM),
    (0.0, Bucket.LOW),
)


def estimate_probability(
    exceeds_chance: NDArray[np.float64], exceeds_reference: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the probability that sentences answer, by how far their similarities stand out.

    The figures are those of `Spread`, of shape (sentences,) each.
    """
    logits = CHANCE_WEIGHT * exceeds_chance + REFERENCE_WEIGHT * exceeds_reference + INTERCEPT
    # Beyond this the exponential overflows, and the probability is 0 or 1 to any digit shown.
    probabilities: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(logits, -500, 500)))
    return probabilities


def make_confidence(value: float) -> Confidence:
    """Put a probability in words."""
    return Confidence(value, next(bucket for floor, bucket in BUCKETS if value >= floor))
