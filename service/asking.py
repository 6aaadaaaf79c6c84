"""What a question asks, read once: the kind of its answer, its values, names, years and words."""

from collections.abc import Mapping
from dataclasses import dataclass

from massilia.corpus.article import Language
from massilia.index.analysis import find_terms, split_words
from massilia.service.answer_kind import AskedAnswer, read_answer_kind
from massilia.service.known_names import Name, read_names, read_years
from massilia.service.values import find_values
from massilia.service.written_dates import fold


@dataclass(frozen=True, slots=True)
class Asking:
    """Hold what a question asks for and what it says of it.

    `values` are the keys of the values in it (`Value.key`), which no answer to it repeats, `folded`
    is its text without case and accents, and `terms` are those of its words in each language.
    """

    text: str
    language: Language
    asked: AskedAnswer
    values: frozenset[tuple[object, ...]]
    names: tuple[Name, ...]
    years: frozenset[int]
    terms: Mapping[Language, tuple[str, ...]]
    folded: str


def read_asking(text: str, language: Language) -> Asking:
    """Return what the question in `text` asks."""
    words = split_words(text)
    return Asking(
        text=text,
        language=language,
        asked=read_answer_kind(text, language),
        values=frozenset(value.key for value in find_values(text, language)),
        names=read_names(text),
        years=frozenset(read_years(text, language)),
        terms={
            each: tuple(dict.fromkeys(term for term in find_terms(words, each) if term))
            for each in Language
        },
        folded=fold(text),
    )
