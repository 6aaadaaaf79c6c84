"""How sure it is that a sentence answers a question."""

import math

from massilia.index.background import Spread
from massilia.service.answer import Bucket, Confidence

NO_CONFIDENCE = Confidence(0.0, Bucket.NOT_AVAILABLE)

# A logistic regression of "this sentence of the gold passage holds the accepted answer" on how far
# the best sentence stands out (see `Spread.stand_out`). Fitted on PIAF (French, 300 articles and
# 300 questions), AfriQA in English (300, 300) and in French (200, 200), each set cut by k-means
# into eight libraries of one subject, as ours is: every question once with its gold passage, once
# without it (a near miss), and once put to another library (off topic), weighted 65 : 20 : 15.
# Area under the ROC curve .927, .923 and .920 (the bare similarity: .897, .920, .947, but with a
# threshold that differs from one library to the next). Of numbers missing from the sentence,
# margin to the second, raw lift and shared rare words none added more than .02.
WEIGHT = 1.225
INTERCEPT = -1.170
# Below it nothing is quoted. On the same sets .2, .3, .4, .5 quote for 92, 84, 76 and 65 % of the
# answerable questions, and for 14, 6, 4 and 3 % of the near misses. On the press texts and our
# first forty questions .3 loses a third more of the right quotes than .2 for no fewer wrong ones.
THRESHOLD = 0.25
BUCKETS = (
    (0.8, Bucket.VERY_HIGH),
    (0.6, Bucket.HIGH),
    (0.4, Bucket.MEDIUM),
    (0.0, Bucket.LOW),
)


def estimate_confidence(similarity: float, spread: Spread) -> Confidence:
    """Return the probability that a sentence of this similarity with the question answers it.

    `spread` is that of the question's similarities with sentences of the same language.
    """
    value = 1 / (1 + math.exp(-(WEIGHT * spread.stand_out(similarity) + INTERCEPT)))
    return Confidence(value, next(bucket for floor, bucket in BUCKETS if value >= floor))
