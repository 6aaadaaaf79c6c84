"""Filters: which articles a question is put to."""

from dataclasses import dataclass
from datetime import date

from massilia.corpus.article import Language


@dataclass(frozen=True, slots=True)
class Filter:
    """Say which articles are searched: those that pass every condition that is given.

    An empty set lets every article pass. An article's publication date must lie from
    `published_from` to `published_to`, both included; one without a date passes no such range.
    Publishers and kinds are compared without regard to case and accents.
    """

    languages: frozenset[Language] = frozenset()
    articles: frozenset[str] = frozenset()
    publishers: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    published_from: date | None = None
    published_to: date | None = None

    @property
    def is_empty(self) -> bool:
        """Tell whether every article passes."""
        return self == Filter()


EVERYTHING = Filter()
"""The filter that every article passes."""
