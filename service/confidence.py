"""How sure it is that a sentence answers a question."""

from collections.abc import Sequence
from dataclasses import dataclass

from massilia.corpus.article import Article
from massilia.index.retriever import ScoredSentence
from massilia.service.answer import Bucket, Confidence
from massilia.service.question import Question

NO_CONFIDENCE = Confidence(0.0, Bucket.NOT_AVAILABLE)
THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Evidence:
    x: float


def weigh_evidence(
    question: Question,
    article: Article,
    scored: ScoredSentence,
    sentences: Sequence[ScoredSentence],
) -> Evidence:
    return Evidence(scored.score)


def estimate_confidence(evidence: Evidence) -> Confidence:
    return Confidence(evidence.x, Bucket.LOW)
