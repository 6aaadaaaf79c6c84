"""The turns of a conversation: what was asked before, and what a question takes from it."""

import re
from dataclasses import dataclass
from enum import StrEnum

from massilia.corpus.article import Language


class CarriedKind(StrEnum):
    """Name what a question takes from the one before."""

    NAME = "name"
    DATE = "date"
    QUESTION = "question"
    """All that was asked, where it has no name."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Hold an earlier question as it was asked and as it was searched with, and its answer.

    `names` are those of its `Resumed`; `quote` is the first quote's text and `title` that of its
    article, both None for an abstention.
    """

    question: str
    text: str
    language: Language
    names: tuple[str, ...] = ()
    quote: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """Hold what a question takes from the one before, and where it stands in the rewritten text.

    `start` and `end` are offsets in code points; `instead` is what stood there, if anything.
    """

    kind: CarriedKind
    text: str
    start: int
    end: int
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Resumed:
    """Hold the text to search with, and what of it comes from the question before.

    `names` are to be kept in its `Turn`. A question on a new topic carries nothing.
    """

    asked: str
    text: str
    carried: tuple[Carried, ...] = ()
    new_topic: bool = False
    names: tuple[str, ...] = ()

    @property
    def rewritten(self) -> bool:
        """Tell whether the text isn't what was asked."""
        return self.text != self.asked

    def without(self, carried: Carried) -> str:
        """Return the text with one of `carried` taken off; what was asked if it was the last."""
        if self.carried == (carried,):
            return self.asked
        return _tidy(self.text[: carried.start] + carried.instead + self.text[carried.end :])


def _tidy(text: str) -> str:
    text = re.sub(r"\(\s*,\s*", "(", re.sub(r",\s*(?=[,)])", "", text))
    text = re.sub(r"\s*\(\s*\)", "", text).strip()
    return text[:1].upper() + text[1:]
