"""Late interaction: each token of a question finds its best match among those of a passage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from massilia.index.encoder import Vectors
from massilia.index.token_codec import unpack
from massilia.index.token_store import LEAD, PassageTokens

Scores: TypeAlias = NDArray[np.float32]

NEAR = 0.3
"""The product of two centred tokens from which on they mean much the same. Of .3, .5 and .7, the
share of tokens beyond .3 tells most of whether a sentence answers: see `service/evidence.py`."""

# Tokens that are unpacked at once: what they become stays in the processor's cache. Of 4,000
# tokens of 384 numbers, with a question of 15: 2.0 ms in blocks of 256, 2.5 ms all at once.
_BLOCK = 256
# What each byte becomes, four numbers taken as one: 3.6 ms for 8,000 tokens, where shifting and
# masking the bytes takes 5.2.
_LEVELS = unpack(np.arange(256, dtype=np.uint8)[:, np.newaxis]).view(np.complex128)[:, 0]


def weigh_tokens(ids: NDArray[np.int64], counts: Mapping[int, int], total: int) -> Scores:
    """Return how much each token of a question counts: log((N + 1) / (n + 1/2)).

    n is in how many of N passages it occurs, as `counts` says; 0 where that leaves it out.
    """
    found = np.array([counts.get(each, 0) for each in ids.tolist()], dtype=np.float32)
    # Never 0, however many passages a token occurs in.
    weights: Scores = np.log((total + 1) / (found + np.float32(0.5)))
    return weights


def multiply(question: Vectors, passages: Sequence[PassageTokens]) -> list[Scores]:
    """Return the products of each passage's tokens with the question's: (tokens, of the question).

    `question` is what the passages' codec projected, of shape (tokens, 4 x size).
    """
    if not passages:
        return []
    # The numbers of a vector that share a byte stand side by side here, so those of the question
    # are put into the same order.
    packed = np.concatenate([passage.vectors for passage in passages])
    size = packed.shape[1]
    ordered = np.ascontiguousarray(
        question.reshape(len(question), 4, size).transpose(2, 1, 0).reshape(4 * size, -1)
    )
    products = np.empty((len(packed), len(question)), dtype=np.float32)
    for start in range(0, len(packed), _BLOCK):
        block = slice(start, start + _BLOCK)
        products[block] = _LEVELS.take(packed[block]).view(np.float32) @ ordered
    ends = np.cumsum([len(passage.ids) for passage in passages]).tolist()
    return [products[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def score_passages(products: Sequence[Scores], weights: Scores) -> Scores:
    """Return the score of each passage: MaxSim, the question's tokens weighted.

    It is the mean, over the question's tokens, of the highest product with a token of the passage
    (Khattab & Zaharia, "ColBERT", 2020); `products` are what `multiply` returns. A passage without
    tokens has a score of 0, and so have all for a question without tokens.
    """
    lengths = np.array([len(each) for each in products], dtype=np.intp)
    scores = np.zeros(len(products), dtype=np.float32)
    filled = np.flatnonzero(lengths)
    if len(filled) and len(weights):
        starts = (lengths.cumsum() - lengths)[filled]
        best = np.maximum.reduceat(np.concatenate(products), starts, axis=0)
        scores[filled] = _average(best, weights)
    return scores


@dataclass(frozen=True, slots=True, eq=False)
class SentenceScores:
    """Hold the scores of the sentences of one passage, of shape (sentences,) each.

    `own` is by a sentence's own tokens, `led` by those and the tokens of the title and heading that
    lead the passage. `near` is the share of the question's tokens, weighted, that one of the
    sentence's own comes nearer to than `NEAR`.
    """

    own: Scores
    led: Scores
    near: Scores


def score_sentences(
    products: Sequence[Scores], weights: Scores, passages: Sequence[PassageTokens]
) -> list[SentenceScores]:
    """Return the scores of each passage's sentences: MaxSim, as for passages.

    `products` are what `multiply` returns for the same passages. There are as many scores as the
    last sentence that has tokens says; one without tokens has 0.
    """
    # With title and heading, the right sentence of the right passage comes first in .734 of 891
    # questions of PIAF and .566 of 798 of AfriQA (English); by its own tokens in .715 and .556.
    counts = [
        max(own.tolist(), default=-1) + 1
        for own in (passage.sentences[passage.sentences != LEAD] for passage in passages)
    ]
    scores = [
        SentenceScores(*(np.zeros(count, dtype=np.float32) for _ in range(3))) for count in counts
    ]
    if not len(weights) or not any(len(passage.ids) for passage in passages):
        return scores
    passage_rows = np.repeat(np.arange(len(passages)), [len(each.ids) for each in passages])
    sentences = np.concatenate([passage.sentences for passage in passages])
    starts = np.flatnonzero(np.diff(passage_rows * (LEAD + 1) + sentences, prepend=-1))
    best = np.maximum.reduceat(np.concatenate(products), starts, axis=0)
    rows, leads = passage_rows[starts], sentences[starts] == LEAD
    best_of_leads = np.full((len(passages), len(weights)), -np.inf, dtype=np.float32)
    best_of_leads[rows[leads]] = best[leads]
    own = _average(best, weights)
    led = _average(np.maximum(best, best_of_leads[rows]), weights)
    near = _average((best > NEAR).astype(np.float32), weights)
    for run in np.flatnonzero(~leads).tolist():
        found, place = scores[rows[run]], sentences[starts[run]]
        found.own[place], found.led[place], found.near[place] = own[run], led[run], near[run]
    return scores


def _average(best: Scores, weights: Scores) -> Scores:
    scores: Scores = best @ weights / weights.sum()
    return scores
