"""What a sentence says by itself, whatever is asked: its words, values and names."""

from dataclasses import dataclass
from functools import lru_cache

from massilia.corpus.article import Language
from massilia.index.analysis import find_terms, split_words
from massilia.service.names import Name, find_names
from massilia.service.values import Value, ValueKind, find_values
from massilia.service.written_dates import fold

MOST_KEPT = 20_000
"""How many sentences' readings are kept: one takes about 3 KB, and 0.4 ms to make."""
_LONGEST_PERIOD = 30
"""A period of more years says of none of them that it is spoken of."""


@dataclass(frozen=True, slots=True)
class SentenceReading:
    """Hold the words of a sentence, its terms in its language, its values, names and years."""

    words: frozenset[str]
    terms: frozenset[str]
    values: tuple[Value, ...]
    names: tuple[Name, ...]
    years: frozenset[int]
    folded: str


@lru_cache(MOST_KEPT)
def read_sentence(text: str, language: Language) -> SentenceReading:
    """Return what a sentence says."""
    words = split_words(text)
    values = find_values(text, language)
    return SentenceReading(
        words=frozenset(words),
        terms=frozenset(term for term in find_terms(words, language) if term),
        values=values,
        names=find_names(text, language),
        years=frozenset(year for value in values for year in _list_years(value)),
        folded=fold(text),
    )


def _list_years(value: Value) -> range:
    if value.kind is not ValueKind.DATE or value.first is None or value.last is None:
        return range(0)
    years = range(value.first.year, value.last.year + 1)
    return years if len(years) < _LONGEST_PERIOD else range(0)
