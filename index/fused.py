"""Passages ranked by their ranks in several rankings."""

from collections import defaultdict
from collections.abc import Sequence

from massilia.index.filter import EVERYTHING, Filter
from massilia.index.ranker import EncodedQuestion, Ranker
from massilia.index.vectors import Hit

DEPTH = 100
"""How far down each ranking is read, unless more passages than that are asked for."""
_CONSTANT = 60


class FusedRanker:
    """Rank passages by reciprocal rank fusion (Cormack, Clarke & Büttcher, SIGIR 2009).

    A passage's score is the sum of 1 / (60 + rank) over the rankings that it stands in, the best
    rank being 1: no scale of scores has to be compared with another.
    """

    def __init__(self, rankers: Sequence[Ranker]) -> None:
        self._rankers = tuple(rankers)

    def rank(self, question: EncodedQuestion, limit: int, within: Filter = EVERYTHING) -> list[Hit]:
        """Return up to `limit` passage ids with their scores, best first."""
        scores: defaultdict[int, float] = defaultdict(float)
        for ranker in self._rankers:
            hits = ranker.rank(question, max(limit, DEPTH), within)
            for rank, hit in enumerate(hits, start=1):
                scores[hit.id] += 1 / (_CONSTANT + rank)
        fused = [Hit(passage_id, score) for passage_id, score in scores.items()]
        return sorted(fused, key=lambda hit: (-hit.score, hit.id))[: max(limit, 0)]
