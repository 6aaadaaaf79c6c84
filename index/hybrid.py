"""Passages ranked by late interaction and by words, of those that either vectors or words find."""

from massilia.index.filter import EVERYTHING, Filter
from massilia.index.late import append_rest, score_candidates
from massilia.index.passage_index import PassageIndex
from massilia.index.ranker import EncodedQuestion
from massilia.index.vectors import Hit

DENSE_CANDIDATES = 25
LEXICAL_CANDIDATES = 25
"""How many are ranked anew: the best by vector, and the best by words. With 50 and 50, nDCG@10 is
the same (PIAF .878, CasiMedicos ±.003, the development set ±.002 but for English questions on
French articles, .810 instead of .795), and ranking takes twice as long."""
WORDS_WEIGHT = 0.003
"""What a point of BM25 adds to a score by late interaction. Swept over 0, .0015, .002, .0025, .003,
.004 and .005 on 1,262 questions of PIAF, 366 of CasiMedicos and 198 of the development set in each
direction: LOG.md has the table. It is the same whether the question and the passage share a
language or not: across languages they share few words, names mostly, so that their BM25 is small by
itself."""


class HybridRanker:
    """Rank the best by vector and the best by words anew.

    A passage's score is that of late interaction and, where it is among the best by words, its
    BM25 times `WORDS_WEIGHT`. Those that aren't ranked anew follow in the order of their vectors.
    """

    def __init__(self, index: PassageIndex) -> None:
        self._index = index

    def rank(self, question: EncodedQuestion, limit: int, within: Filter = EVERYTHING) -> list[Hit]:
        """Return up to `limit` passage ids with their scores, best first."""
        dense = self._index.search_vectors(question.vector, max(limit, DENSE_CANDIDATES), within)
        words = self._index.search_terms(question.text, LEXICAL_CANDIDATES, within)
        by_words = {hit.id: hit.score for hit in words}
        ids = dict.fromkeys([hit.id for hit in dense[:DENSE_CANDIDATES]] + list(by_words))
        ranked = [
            Hit(hit.id, hit.score + WORDS_WEIGHT * by_words.get(hit.id, 0.0))
            for hit in score_candidates(self._index, question, list(ids))
        ]
        ranked.sort(key=lambda hit: (-hit.score, hit.id))
        return append_rest(ranked, dense)[: max(limit, 0)]
