"""What the rest of Massilia asks of an embedding model."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from massilia.corpus.errors import MassiliaError

Vectors: TypeAlias = NDArray[np.float32]
Advance: TypeAlias = Callable[[int], None]
"""A progress callback: called with how many texts have been encoded since the last call."""


class ModelError(MassiliaError):
    """A model can't be found, opened or trusted."""


class TooManyTokensError(MassiliaError):
    """A question has more tokens than the encoder reads; what it can't read is never cut off."""

    def __init__(self, name: str, tokens: int, limit: int) -> None:
        super().__init__(
            f"The question has {tokens:,} tokens; the model {name} reads {limit:,} at most."
        )
        self.tokens = tokens
        self.limit = limit


class Encoder(Protocol):
    """Turn texts into unit-length vectors whose inner product is their similarity.

    `fingerprint` changes whenever the vectors of the same text would: an index built under one
    fingerprint is never searched under another.
    """

    @property
    def name(self) -> str:
        """Name the model for people, as it was asked for."""

    @property
    def fingerprint(self) -> str:
        """Identify the weights and the way they are used."""

    @property
    def dimension(self) -> int:
        """Give the length of a vector."""

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        """Return one unit vector a question, as an array of shape (len(questions), dimension).

        Raises `TooManyTokensError` for a question that would not be read whole.
        """

    def encode_passages(self, passages: Sequence[str], advance: Advance | None = None) -> Vectors:
        """Return one unit vector a passage, as an array of shape (len(passages), dimension)."""


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """Hold the tokens of a text, those of it alone: no special tokens, none of a prompt.

    `ids`, of shape (tokens,), name them in the encoder's vocabulary; `vectors`, of shape (tokens,
    width), have unit length. The width needn't be the dimension of a text's vector. `ends`, of
    shape (tokens,), are the offsets, in code points of the text, just after their last characters.
    """

    ids: NDArray[np.int64]
    vectors: Vectors
    ends: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class EncodedText:
    """Hold the vector of a text, of shape (dimension,), and those of its tokens."""

    vector: Vectors
    tokens: TokenVectors


@runtime_checkable
class TokenEncoder(Encoder, Protocol):
    """Give a vector to each token of a text too, made of the token and of what surrounds it."""

    def encode_question_tokens(self, question: str) -> EncodedText:
        """Return the vectors of a question and of its tokens; raises as `encode_questions` does."""

    def encode_passage_tokens(
        self, passages: Sequence[str], advance: Advance | None = None
    ) -> Iterator[EncodedText]:
        """Yield the vectors of each passage and of its tokens, in the passages' order.

        They are encoded as they are asked for: the tokens of all would not fit in memory.
        """
