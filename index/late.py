"""Passages ranked by late interaction: each token of the question finds its best match."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import log

import numpy as np
from numpy.typing import NDArray

from massilia.corpus.article import Language
from massilia.index.encoder import (
    Advance,
    Encoder,
    ModelError,
    TokenEncoder,
    TokenVectors,
    Vectors,
)
from massilia.index.generation import compose_passage
from massilia.index.ranker import EncodedQuestion, Ranker
from massilia.index.store import IndexedText
from massilia.index.vectors import Hit

RERANKED = 50
"""How many of another ranking's best are ranked anew."""


class LateRanker:
    """Rank the best passages of another ranking anew, by the vectors of their tokens.

    A passage's score is the mean, over the question's tokens, of the highest cosine with a token
    of the passage (MaxSim: Khattab & Zaharia, ColBERT, 2020), each weighted by how few passages
    the token occurs in: log((N + 1) / (n + 1/2)), for a token in n of N passages.
    """

    def __init__(
        self,
        vectors: Mapping[int, NDArray[np.float16]],
        frequencies: Mapping[int, int],
        encoder: TokenEncoder,
        candidates: Ranker,
    ) -> None:
        self._vectors = vectors
        self._frequencies = frequencies
        self._encoder = encoder
        self._candidates = candidates

    @classmethod
    def build(
        cls,
        passages: Sequence[IndexedText],
        encoder: Encoder,
        candidates: Ranker,
        advance: Advance | None = None,
    ) -> "LateRanker":
        """Encode the tokens of every passage, into memory: 768 bytes a token at a width of 384.

        `candidates` ranks the same passages. Raises `ModelError` where the encoder has no vectors
        of single tokens.
        """
        if not isinstance(encoder, TokenEncoder):
            raise ModelError(f"the model {encoder.name} gives no vectors of single tokens")
        texts = [compose_passage(passage) for passage in passages]
        vectors: dict[int, NDArray[np.float16]] = {}
        frequencies: Counter[int] = Counter()
        encoded = encoder.encode_passage_tokens(texts, advance)
        for passage, tokens in zip(passages, encoded, strict=True):
            vectors[passage.id] = tokens.vectors.astype(np.float16)
            frequencies.update(set(tokens.ids.tolist()))
        return cls(vectors, frequencies, encoder, candidates)

    def rank(
        self, question: EncodedQuestion, limit: int, language: Language | None = None
    ) -> list[Hit]:
        """Return up to `limit` passage ids with their scores, best first.

        Those that aren't ranked anew follow in the order they had. They keep their scores but for
        a shift, the same for all, that puts the first of them 1 below the last ranked anew.
        """
        candidates = self._candidates.rank(question, max(limit, RERANKED), language)
        tokens = self._encoder.encode_question_tokens(question.text)
        if not len(tokens.ids):
            return candidates[: max(limit, 0)]
        weights = self._weigh(tokens)
        # A passage that was removed before its tokens were encoded has no vectors.
        reranked = [
            Hit(hit.id, _score(tokens.vectors, weights, self._vectors[hit.id]))
            for hit in candidates[:RERANKED]
            if hit.id in self._vectors
        ]
        reranked.sort(key=lambda hit: (-hit.score, hit.id))
        found = {hit.id for hit in reranked}
        rest = [hit for hit in candidates if hit.id not in found]
        if rest and reranked:
            shift = reranked[-1].score - 1 - rest[0].score
            rest = [Hit(hit.id, hit.score + shift) for hit in rest]
        return [*reranked, *rest][: max(limit, 0)]

    def _weigh(self, tokens: TokenVectors) -> NDArray[np.float64]:
        total = len(self._vectors)
        # Never 0, however many passages a token occurs in.
        return np.array(
            [
                log((total + 1) / (self._frequencies.get(each, 0) + 0.5))
                for each in tokens.ids.tolist()
            ]
        )


def _score(question: Vectors, weights: NDArray[np.float64], passage: NDArray[np.float16]) -> float:
    if not len(passage):
        return 0.0
    best = (question @ passage.astype(np.float32).T).max(axis=1)
    return float(weights @ best / weights.sum())
