"""Passages ranked by the words that they share with the question."""

from massilia.index.filter import EVERYTHING, Filter
from massilia.index.passage_index import PassageIndex
from massilia.index.ranker import EncodedQuestion
from massilia.index.vectors import Hit


class LexicalRanker:
    """Rank passages by BM25."""

    def __init__(self, index: PassageIndex) -> None:
        self._index = index

    def rank(self, question: EncodedQuestion, limit: int, within: Filter = EVERYTHING) -> list[Hit]:
        """Return up to `limit` ids of passages that share a term with the question, best first."""
        return self._index.search_terms(question.text, limit, within)
