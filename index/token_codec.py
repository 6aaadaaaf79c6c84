"""The tokens of passages made small: fewer of them, and two bits for each number of a vector."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from massilia.corpus.article import Language
from massilia.index.background import read_reference_sentences
from massilia.index.encoder import TokenEncoder, Vectors

# Bits were swept over 1, 2, 3, 4 on the 50 nearest for 400 questions each of PIAF and AfriQA (en):
# nDCG@10 .852, .852, .855, .858 and .887, .900, .899, .900; float16, not centred, .854 and .898.
# 192 singular vectors of the reference sentences lose more, in twice the bytes: .844 and .875.
# The step that loses least of a normal variable on four levels, in standard deviations (Max,
# "Quantizing for minimum distortion", 1960).
_STEP = np.float32(0.996)
# In how many of the 120 reference sentences a token is frequent. Swept over 2, 3, 5 on the same
# questions, in 4 bits: .860, .858, .862 and .898, .899, .901; of 188 and 154 tokens, 125 and 104
# are left at 5, which unlike 3 keeps numerals (deux, three). Those frequent in the set itself, in
# over 30 % of passages, leave 115 and 102, for .859 and .901.
_FREQUENT = 5
_MARKS = "().,;:!?…'’‘\"“”«»‹›[]{}/-–—·•*%&+=<>|_"


@dataclass(frozen=True, slots=True, eq=False)
class TokenCodec:
    """Turn the vectors of tokens into bits whose products with a question's are about cosines.

    Vectors are centred by `mean` and brought to unit length again; each number then becomes one of
    four levels around 0, `steps` apart. Both have shape (width,). `dropped`, ascending, names the
    tokens that aren't kept of a passage.
    """

    mean: Vectors
    steps: Vectors
    dropped: NDArray[np.int64]

    @classmethod
    def fit(cls, vectors: Vectors, dropped: NDArray[np.int64]) -> "TokenCodec":
        """Learn from the vectors of some tokens, of shape (tokens, width)."""
        if not len(vectors):
            raise ValueError("there are no tokens to learn from")
        mean: Vectors = vectors.mean(axis=0)
        deviations = _centre(vectors, mean).std(axis=0)
        # A number that never varies here may elsewhere.
        deviations[deviations == 0] = deviations.mean() or 1
        return cls(mean, _STEP * deviations, np.unique(dropped))

    def equals(self, other: "TokenCodec") -> bool:
        """Tell whether what one encodes can be multiplied with what the other projects."""
        return (
            np.array_equal(self.mean, other.mean)
            and np.array_equal(self.steps, other.steps)
            and np.array_equal(self.dropped, other.dropped)
        )

    @property
    def size(self) -> int:
        """Give how many bytes the vector of a token takes."""
        return -(-len(self.mean) // 4)

    def encode(self, vectors: Vectors) -> NDArray[np.uint8]:
        """Return the vectors of a passage's tokens in bytes, of shape (tokens, size).

        A byte holds four numbers that are `size` apart in the vector, the first in its lowest bits.
        """
        numbers = np.floor(_centre(vectors, self.mean) / self.steps) + 2
        levels = self._pad(numbers.clip(0, 3)).astype(np.uint8).reshape(-1, 4, self.size)
        shifts = np.array([0, 2, 4, 6], dtype=np.uint8).reshape(4, 1)
        packed: NDArray[np.uint8] = np.bitwise_or.reduce(levels << shifts, axis=1)
        return packed

    def project(self, vectors: Vectors) -> Vectors:
        """Return what levels are multiplied with, for a question's tokens: (tokens, 4 x size).

        The product with a token's levels, `unpack`ed, is about the cosine of the centred vectors.
        """
        return self._pad(_centre(vectors, self.mean) * self.steps)

    def _pad(self, numbers: Vectors) -> Vectors:
        return np.pad(numbers, ((0, 0), (0, 4 * self.size - numbers.shape[1])))


def unpack(packed: NDArray[np.uint8]) -> Vectors:
    """Return the levels in bytes of shape (tokens, size): -1.5, -0.5, 0.5 or 1.5."""
    levels = np.concatenate([packed & 3, packed >> 2 & 3, packed >> 4 & 3, packed >> 6], axis=1)
    unpacked: Vectors = levels - np.float32(1.5)
    return unpacked


def learn_codec(encoder: TokenEncoder) -> TokenCodec:
    """Return the codec of an encoder: the same for every library, whatever that grows to be.

    It is learnt from the reference sentences of all languages. Tokens that are frequent in them are
    dropped, and so are punctuation marks.
    """
    sentences = [each for language in Language for each in read_reference_sentences(language)]
    *read, spaced, joined = (
        encoded.tokens
        for encoded in encoder.encode_passage_tokens([*sentences, " ".join(_MARKS), _MARKS])
    )
    ids, counts = np.unique(
        np.concatenate([np.unique(each.ids) for each in read]), return_counts=True
    )
    return TokenCodec.fit(
        np.concatenate([each.vectors for each in read]),
        np.concatenate([ids[counts >= _FREQUENT], spaced.ids, joined.ids]),
    )


def _centre(vectors: Vectors, mean: Vectors) -> Vectors:
    centred = vectors - mean
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    # A vector that is the mean has no direction.
    unit: Vectors = centred / np.maximum(lengths, np.finfo(np.float32).tiny)
    return unit
