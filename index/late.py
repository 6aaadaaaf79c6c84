"""Passages ranked by late interaction: each token of the question finds its best match."""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import local

import numpy as np

from massilia.index.filter import EVERYTHING, Filter
from massilia.index.late_interaction import (
    Scores,
    SentenceScores,
    multiply,
    score_passages,
    score_sentences,
    weigh_tokens,
)
from massilia.index.passage_index import PassageIndex
from massilia.index.ranker import EncodedQuestion, Ranker
from massilia.index.token_store import PassageTokens
from massilia.index.vectors import Hit

RERANKED = 50
"""How many of another ranking's best are ranked anew."""


class LateRanker:
    """Rank the best passages of another ranking anew, by the vectors of their tokens.

    Those that aren't ranked anew follow in the order they had.
    """

    def __init__(self, index: PassageIndex, candidates: Ranker) -> None:
        self._index = index
        self._candidates = candidates

    def rank(self, question: EncodedQuestion, limit: int, within: Filter = EVERYTHING) -> list[Hit]:
        """Return up to `limit` passage ids with their scores, best first."""
        candidates = self._candidates.rank(question, max(limit, RERANKED), within)
        ids = [hit.id for hit in candidates[:RERANKED]]
        reranked = score_candidates(self._index, question, ids)
        reranked.sort(key=lambda hit: (-hit.score, hit.id))
        return append_rest(reranked, candidates)[: max(limit, 0)]


def score_candidates(
    index: PassageIndex, question: EncodedQuestion, ids: Sequence[int]
) -> list[Hit]:
    """Return the passages with their scores by late interaction, in the order of `ids`.

    Passages whose tokens aren't held are left out; all are, for a question without tokens.
    """
    compared = _compare(index, question)
    held = compared.read(ids)
    scores = score_passages([each.products for each in held.values()], compared.weights)
    return [Hit(*pair) for pair in zip(held, scores.tolist(), strict=True)]


def score_passage_sentences(
    index: PassageIndex, question: EncodedQuestion, ids: Sequence[int]
) -> dict[int, SentenceScores]:
    """Return the scores of the sentences of each passage, in their order, by late interaction.

    There may be fewer than the passage has sentences: the last of them may have no tokens. Passages
    are left out as in `score_candidates`.
    """
    compared = _compare(index, question)
    held = compared.read(ids)
    scores = score_sentences(
        [each.products for each in held.values()],
        compared.weights,
        [each.tokens for each in held.values()],
    )
    return dict(zip(held, scores, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class _Compared:
    """Hold the tokens of a passage with their products with those of a question."""

    tokens: PassageTokens
    products: Scores


class _Comparison:
    """Compare the tokens of one question with those of passages, each passage once."""

    def __init__(self, index: PassageIndex, question: EncodedQuestion) -> None:
        self.index = index
        self.question = question
        self.weights = np.zeros(0, dtype=np.float32)
        self._compared: dict[int, _Compared] = {}
        if index.codec is not None and question.tokens is not None:
            ids = question.tokens.ids
            self.weights = weigh_tokens(ids, index.count_passages_with(ids.tolist()), len(index))
            self._projected = index.codec.project(question.tokens.vectors)

    def read(self, ids: Sequence[int]) -> dict[int, _Compared]:
        """Return those of the passages whose tokens are held; none for one without tokens."""
        if not len(self.weights):
            return {}
        missing = [each for each in dict.fromkeys(ids) if each not in self._compared]
        found = zip(missing, self.index.read_tokens(missing), strict=True)
        held = {each: tokens for each, tokens in found if tokens is not None}
        products = multiply(self._projected, list(held.values()))
        for (passage_id, tokens), product in zip(held.items(), products, strict=True):
            self._compared[passage_id] = _Compared(tokens, product)
        return {each: self._compared[each] for each in ids if each in self._compared}


_last = local()
"""Of each thread the last comparison: sentences are scored after the passages they are in."""


def _compare(index: PassageIndex, question: EncodedQuestion) -> _Comparison:
    comparison: _Comparison | None = getattr(_last, "comparison", None)
    if comparison is None or comparison.index is not index or comparison.question is not question:
        comparison = _last.comparison = _Comparison(index, question)
    return comparison


def append_rest(ranked: Sequence[Hit], candidates: Sequence[Hit]) -> list[Hit]:
    """Return `ranked`, followed by the other candidates in their order.

    These keep their scores but for a shift, the same for all, that puts the first of them 1 below
    the last that is ranked.
    """
    found = {hit.id for hit in ranked}
    rest = [hit for hit in candidates if hit.id not in found]
    if rest and ranked:
        shift = ranked[-1].score - 1 - rest[0].score
        rest = [Hit(hit.id, hit.score + shift) for hit in rest]
    return [*ranked, *rest]
