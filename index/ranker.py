"""What every way of ranking passages has in common."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from massilia.corpus.article import Language
from massilia.index.encoder import Encoder, Vectors
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
    """Hold a question with its vector, of shape (dimension,)."""

    text: str
    language: Language
    vector: Vectors

    @classmethod
    def encode(cls, text: str, language: Language, encoder: Encoder) -> "EncodedQuestion":
        """Return the question with the vector that `encoder` gives it."""
        return cls(text, language, encoder.encode_questions([text])[0])


class Ranker(Protocol):
    """Rank the passages of one generation of a library for a question."""

    def rank(
        self, question: EncodedQuestion, limit: int, language: Language | None = None
    ) -> list[Hit]:
        """Return up to `limit` passage ids with their scores, best first.

        Given a language, only passages in it are ranked. Equal scores come in the order of ids.
        """
