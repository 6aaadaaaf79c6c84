"""What every way of ranking passages has in common."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from massilia.corpus.article import Language
from massilia.index.encoder import Encoder, TokenEncoder, TokenVectors, Vectors
from massilia.index.filter import EVERYTHING, Filter
from massilia.index.vectors import Hit


class RankerName(StrEnum):
    """Name a way of ranking passages; the default is what questions are answered with."""

    DEFAULT = "default"
    DENSE = "dense"
    LEXICAL = "lexical"
    FUSED = "fused"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class EncodedQuestion:
    """Hold a question with its vector, of shape (dimension,), and those of its tokens.

    `tokens` is None where the encoder gives none.
    """

    text: str
    language: Language
    vector: Vectors
    tokens: TokenVectors | None

    @classmethod
    def encode(cls, text: str, language: Language, encoder: Encoder) -> "EncodedQuestion":
        """Return the question with the vectors that `encoder` gives it, in one pass."""
        if isinstance(encoder, TokenEncoder):
            encoded = encoder.encode_question_tokens(text)
            return cls(text, language, encoded.vector, encoded.tokens)
        return cls(text, language, encoder.encode_questions([text])[0], None)


class Ranker(Protocol):
    """Rank the passages of one generation of a library for a question."""

    def rank(self, question: EncodedQuestion, limit: int, within: Filter = EVERYTHING) -> list[Hit]:
        """Return up to `limit` passage ids with their scores, best first.

        Only passages of articles that pass the filter are ranked. Equal scores come in the order
        of ids.
        """
