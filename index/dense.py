"""Passages ranked by the similarity of their vector with the question's."""

from massilia.corpus.article import Language
from massilia.index.ranker import EncodedQuestion
from massilia.index.store import Store
from massilia.index.vectors import Hit, VectorIndex


class DenseRanker:
    """Rank passages by the inner product of unit vectors."""

    def __init__(self, store: Store, passages: VectorIndex) -> None:
        self._store = store
        self._passages = passages

    def rank(
        self, question: EncodedQuestion, limit: int, language: Language | None = None
    ) -> list[Hit]:
        """Return up to `limit` passage ids with their similarities, best first."""
        among = None if language is None else self._store.passage_ids(language)
        return self._passages.search(question.vector, limit, among)
