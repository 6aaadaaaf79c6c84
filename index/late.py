"""Passages ranked by late interaction: each token of the question finds its best match."""

from collections.abc import Sequence

import numpy as np

from massilia.index.encoder import Vectors
from massilia.index.filter import EVERYTHING, Filter
from massilia.index.late_interaction import (
    SentenceScores,
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
    held, passages = _read_held(index, ids)
    projected, weights = _prepare(index, question)
    if not len(weights):
        return []
    scores = score_passages(projected, weights, passages)
    return [Hit(*pair) for pair in zip(held, scores.tolist(), strict=True)]


def score_passage_sentences(
    index: PassageIndex, question: EncodedQuestion, ids: Sequence[int]
) -> dict[int, SentenceScores]:
    """Return the scores of the sentences of each passage, in their order, by late interaction.

    There may be fewer than the passage has sentences: the last of them may have no tokens. Passages
    are left out as in `score_candidates`.
    """
    held, passages = _read_held(index, ids)
    projected, weights = _prepare(index, question)
    if not len(weights):
        return {}
    return dict(zip(held, score_sentences(projected, weights, passages), strict=True))


def _read_held(index: PassageIndex, ids: Sequence[int]) -> tuple[list[int], list[PassageTokens]]:
    found = zip(ids, index.read_tokens(ids), strict=True)
    held = [(passage_id, passage) for passage_id, passage in found if passage is not None]
    return [passage_id for passage_id, _ in held], [passage for _, passage in held]


def _prepare(index: PassageIndex, question: EncodedQuestion) -> tuple[Vectors, Vectors]:
    """Return the question's tokens as they are multiplied with those of passages, and weights."""
    tokens = question.tokens
    if index.codec is None or tokens is None:
        return np.zeros((0, 0), dtype=np.float32), np.zeros(0, dtype=np.float32)
    counts = index.count_passages_with(tokens.ids.tolist())
    weights = weigh_tokens(tokens.ids, counts, len(index))
    return index.codec.project(tokens.vectors), weights


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
