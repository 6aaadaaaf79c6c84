"""Passages ranked by the similarity of their vector with the question's."""

from massilia.index.filter import EVERYTHING, Filter
from massilia.index.passage_index import PassageIndex
from massilia.index.ranker import EncodedQuestion
from massilia.index.vectors import Hit


class DenseRanker:
    """Rank passages by the inner product of unit vectors."""

    def __init__(self, index: PassageIndex) -> None:
        self._index = index

    def rank(self, question: EncodedQuestion, limit: int, within: Filter = EVERYTHING) -> list[Hit]:
        """Return up to `limit` passage ids with their similarities, best first."""
        return self._index.search_vectors(question.vector, limit, within)
