"""The names and years of a question, and what the library has of them."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property, lru_cache, reduce
from importlib.resources import files
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern
from massilia.index.analysis import find_terms, split_words
from massilia.index.filter import Filter
from massilia.index.passage_table import PassageTable
from massilia.index.postings import InvertedIndex
from massilia.index.sorted_ids import are_among, drop_repeats
from massilia.index.spelling import spell_words
from massilia.service.written_dates import YEARS, days_of_year, fold, read_written_dates

Ids = NDArray[np.int64]

LISTS = "known_names.toml"
MOST_PASSAGES = 2_000
"""What more passages have is everywhere, and tells no article from another."""
SHORTEST = 4
"""The letters of the shortest word that is named as unknown."""
MOST_ARTICLES = 10
"""How many articles are named that have all the names of a question, translations once."""


class NameReason(StrEnum):
    """Say why the library can't answer, by the names and years of the question."""

    NAME_NOT_FOUND = "NAME_NOT_FOUND"
    """A name is in no article, nor is a word that is spelt much like it."""
    OUT_OF_DATE_RANGE = "OUT_OF_DATE_RANGE"
    """The years lie before or after all those that articles mention or were published in."""
    YEAR_NOT_WITH_NAMES = "YEAR_NOT_WITH_NAMES"
    """No article with the names mentions one of the years, or was published in it.

    Of 36 development questions that name a wrong year 4 have this reason, of 396 that have an
    answer none. That no article has all the names together is no reason: 3 of 34 on a wrong
    entity, 7 of the 396."""


@dataclass(frozen=True, slots=True)
class Name:
    """Hold a name as a question writes it, `question[start:end]`, and its words as indexed."""

    text: str
    start: int
    end: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnownName:
    """Hold a name of a question, `question[start:end]`, and how many passages have it.

    Where none has, `nearest` are the library's words that are spelt most like it, if any are.
    """

    text: str
    start: int
    end: int
    passages: int
    nearest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NameFindings:
    """Hold the names and years of a question and what articles have of them together.

    `works` counts the articles that have all the names found, with their translations once: None
    where no name was found, or only some that are everywhere. `passages` are the ids of one
    passage of each of these articles. `covered` are the first and last year that any passage
    mentions.
    """

    names: tuple[KnownName, ...]
    years: tuple[int, ...]
    reasons: tuple[NameReason, ...]
    works: int | None
    passages: tuple[int, ...]
    covered: tuple[int, int] | None = None


_REACH: Final = 6
"""Characters read before a word for the mark that ends a sentence."""


@dataclass(frozen=True, slots=True)
class _Lists:
    openings: frozenset[str]
    common: frozenset[str]


_TOKEN: Final = Pattern(r"[^\W_]+(?:(?:['’.+-]|(?<=[A-Z])&(?=[A-Z]))[^\W_]+)*")
_ELIDED: Final = Pattern(r"(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu)'(?=[^\W_])")
_POSSESSIVE: Final = Pattern(r"'(?:s|re|ve|ll|d|m|t)?\Z")
# Verbs that open a sentence: "existe-t-il", "intégrer", "connaissez-vous", "concernant".
_VERB: Final = Pattern(
    r"(?:-(?:t-)?(?:ils?|elles?|on|ce|je|tu|nous|vous|moi|les?|la|y|en)|[ei]r|ez|ant|ing)\Z"
)
_LETTER: Final = Pattern(r"[^\W\d_]")
_NUMBERED: Final = Pattern(r"[^\W\d_][.-]?[0-9]|[0-9][^\W\d_]")  # SeaMeWe-6, MRS3, 2Africa
# 2e, 21st, 10h30, 26MW, 2000s: a number with what it counts.
_QUANTITY: Final = Pattern(
    r"(?:(?:mid|early|late|pre|post|mi)-)?[0-9][0-9.,]*-?(?:ers?|eres?|res?|e|emes?|nd|st|th|rd|d"
    r"|h[0-9]*|k|k?m[0-9]?|bn|md|ans?|x"
    r"|[kmgt]?w[hc]?|[kmgt]?v|[kmgt]bps|ha|am|pm|g)?s?"
)
_SENTENCE_OPENING: Final = Pattern(r"(?:\A|[.?!:;…]\s|[«“\"(])\W*\Z")
_MODEL_NUMBER: Final = Pattern(r"\s([0-9]{1,2})(?![^\W_]|[.,][0-9]|\s?[%€$])")


class NameIndex:
    """Look names up among the passages of a generation; threads may share one."""

    def __init__(self, indexes: Sequence[InvertedIndex], table: PassageTable) -> None:
        self._indexes = tuple(indexes)
        self._table = table

    @cached_property
    def _years(self) -> list[int]:
        """The years that passages mention; looked for when a question first names one."""
        return [
            year
            for year in YEARS
            if any(index.count_passages(str(year)) for index in self._indexes)
        ]

    def look_up(self, question: str, language: Language) -> NameFindings:
        """Return what the library has of the names and years in `question`."""
        names, together = [], []
        for name, ids in self._find_names(question):
            nearest = () if len(ids) else self._find_nearest(name.words)
            names.append(KnownName(name.text, name.start, name.end, len(ids), nearest))
            if 0 < len(ids) <= MOST_PASSAGES:
                together.append(ids)
        years = read_years(question, language)
        works = self._intersect_works(together)
        reasons = []
        if any(_is_missing(name) for name in names):
            reasons.append(NameReason.NAME_NOT_FOUND)
        if years and self._lie_outside(years):
            reasons.append(NameReason.OUT_OF_DATE_RANGE)
        elif years and len(works) and not self._are_dated(works, years):
            reasons.append(NameReason.YEAR_NOT_WITH_NAMES)
        return NameFindings(
            names=tuple(names),
            years=years,
            reasons=tuple(reasons),
            works=len(works) if together else None,
            passages=self._name_articles(together[0], works) if together else (),
            covered=(self._years[0], self._years[-1]) if years and self._years else None,
        )

    def find_unknown(self, question: str) -> tuple[str, ...]:
        """Return the words that no passage has in any form or spelling, to be named in a hint.

        They are no reason to abstain: of 396 questions that the library answers, 145 have one.
        """
        unknown = [
            word
            for word in split_words(question)
            if len(word) >= SHORTEST and not _is_stop_word(word) and not len(self._find((word,)))
        ]
        corrected = {each.written for each in spell_words(unknown, self._indexes).corrections}
        return tuple(word for word in dict.fromkeys(unknown) if word not in corrected)

    def _find_names(self, question: str) -> Iterator[tuple[Name, Ids]]:
        """Yield names with the passages that have them: one that none has whole, by its words."""
        for name in read_names(question):
            ids = self._find(name.words)
            tokens = list(_TOKEN.finditer(question, name.start, name.end))
            if len(ids) or len(tokens) == 1:
                yield name, ids
                continue
            for token in tokens:
                part = _cut(question, *token.span())
                yield part, self._find(part.words)

    def _find(self, words: Sequence[str]) -> Ids:
        """Return the ids of the passages that have `words` side by side, or spelt as one or two."""
        ids = self._find_words(words)
        if len(ids):
            return ids
        spelling = spell_words(words, self._indexes)
        others = [*((joined,) for joined in spelling.joined), *spelling.split]
        return drop_repeats(np.sort(np.concatenate([ids, *map(self._find_words, others)])))

    def _find_words(self, words: Sequence[str]) -> Ids:
        return np.concatenate([index.ids[_find_rows(index, words)] for index in self._indexes])

    def _find_nearest(self, words: Sequence[str]) -> tuple[str, ...]:
        corrections = spell_words(words, self._indexes).corrections
        return tuple(word for correction in corrections for word in correction.read)

    def _intersect_works(self, together: Sequence[Ids]) -> NDArray[np.int32]:
        """Return the works that have a passage among each of `together`."""
        works = [drop_repeats(np.sort(self._table.works(ids.tolist()))) for ids in together]
        return reduce(_intersect, works) if works else np.zeros(0, np.int32)

    def _name_articles(self, ids: Ids, works: NDArray[np.int32]) -> tuple[int, ...]:
        # Of each work in all its languages: which one is told is for the question's to decide.
        kept = ids[are_among(self._table.works(ids.tolist()), works)]
        kept_works = self._table.works(kept.tolist())
        _, first = np.unique(kept_works, return_index=True)
        kept = kept[np.isin(kept_works, kept_works[np.sort(first)][:MOST_ARTICLES])]
        _, first = np.unique(self._table.article_numbers(kept.tolist()), return_index=True)
        return tuple(kept[np.sort(first)].tolist())

    def _lie_outside(self, years: Sequence[int]) -> bool:
        first, last = days_of_year(years[0], years[-1])
        if self._years and years[0] > self._years[-1]:
            return not len(self._select(Filter(published_from=first)))
        if self._years and years[-1] < self._years[0]:
            return not len(self._select(Filter(published_to=last)))
        return False

    def _are_dated(self, works: NDArray[np.int32], years: Sequence[int]) -> bool:
        for year in years:
            ids = self._find_words((str(year),))
            if len(ids) > MOST_PASSAGES or are_among(self._table.works(ids.tolist()), works).any():
                return True
        first, last = days_of_year(years[0], years[-1])
        published = self._select(Filter(published_from=first, published_to=last))
        return bool(are_among(self._table.works(published.tolist()), works).any())

    def _select(self, within: Filter) -> Ids:
        """Return the ids of the passages that pass; few questions come so far."""
        ids = self._table.select(within)
        return self._table.ids if ids is None else ids


@lru_cache(64)
def read_names(question: str) -> tuple[Name, ...]:
    """Return what is written like a name in `question`: capitals, acronyms, model numbers.

    Words that follow each other are one name ("Digital Realty", "SeaMeWe 6"). What opens a
    sentence is one unless it is a word that sentences open with. Where each word has a capital,
    none tells a name.
    """
    # Remembered, since all that reads a question asks for them.
    return tuple(_read_names(question))


def _read_names(question: str) -> Iterator[Name]:
    tokens = list(_TOKEN.finditer(question))
    inner = [each for each in tokens if not _opens_sentence(question, each.start())]
    cased = len(inner) < 3 or any(each[0][0].islower() for each in inner)
    pending: Name | None = None
    for token in tokens:
        name = _cut(question, *token.span())
        if not _is_name(question, name, cased):
            continue
        if number := _MODEL_NUMBER.match(question, name.end):
            name = _cut(question, name.start, number.end())
        if pending and question[pending.end : name.start] == " ":
            name = _cut(question, pending.start, name.end)
        elif pending:
            yield pending
        pending = name
    if pending:
        yield pending


def read_years(question: str, language: Language) -> tuple[int, ...]:
    """Return the years that `question` names, those of a span one by one, in order."""
    dates = read_written_dates(question, language)
    return tuple(
        sorted({year for date in dates for year in range(date.first.year, date.last.year + 1)})
    )


def _cut(question: str, start: int, end: int) -> Name:
    """Return a name without what is elided before and after it."""
    folded = fold(question[start:end])
    if elided := _ELIDED.match(folded):
        start += elided.end()
    if ending := _POSSESSIVE.search(folded):
        end -= len(ending[0])
    text = question[start:end]
    return Name(text, start, end, tuple(split_words(text)))


def _is_name(question: str, name: Name, cased: bool) -> bool:
    text, folded = name.text, fold(name.text)
    lists = _load_lists()
    if folded in lists.common or not _LETTER.search(text) or _QUANTITY.fullmatch(folded):
        return False
    if _NUMBERED.search(text):
        return True
    if not cased or len(text) < 2 or text.islower():
        return False
    if not text[1:].islower():
        return True  # ADEME, iCloud, NetAngels
    if not _opens_sentence(question, name.start):
        return True
    return not (
        folded in lists.openings or _VERB.search(folded) or any(map(_is_stop_word, name.words))
    )


def _opens_sentence(question: str, start: int) -> bool:
    return _SENTENCE_OPENING.search(question, max(0, start - _REACH), start) is not None


def _is_stop_word(word: str) -> bool:
    return any(None in find_terms([word], language) for language in Language)


def _is_missing(name: KnownName) -> bool:
    # Of an abbreviation ("SMW5", "PhD", "CA") articles may have the whole.
    abbreviated = sum(map(str.islower, name.text)) < 3
    return not (name.passages or name.nearest or abbreviated)


def _find_rows(index: InvertedIndex, words: Sequence[str]) -> NDArray[np.int32]:
    """Return the rows where each two of `words` that follow each other do so too."""
    if len(words) == 1:
        term = index.find_term(words[0])
        postings = index.find(term) if term else None
        return np.zeros(0, np.int32) if postings is None else postings.rows
    rows = []
    for one, other in pairwise(words):
        phrase = index.find_phrase(one, other)
        rows.append(np.zeros(0, np.int32) if phrase is None else phrase.rows)
    return reduce(_intersect, rows)


def _intersect(one: NDArray[np.int32], other: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return what stands in both of two sorted arrays that repeat nothing."""
    common: NDArray[np.int32] = np.intersect1d(one, other, assume_unique=True)
    return common


@cache
def _load_lists() -> _Lists:
    table = tomllib.loads(files("massilia.service").joinpath(LISTS).read_text(encoding="utf-8"))
    return _Lists(frozenset(table["openings"].split()), frozenset(table["common"].split()))
