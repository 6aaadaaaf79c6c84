"""What filters, diversity and translations need to know of each passage, in columns."""

import io
import json
import os
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from massilia.corpus.article import Language
from massilia.index.filter import Filter
from massilia.index.sorted_ids import ABSENT, find_rows

_UNDATED = 0
"""Stands for no date: the ordinal of the first day of year 1 is 1."""
_SPOKEN = "passage_languages"


@dataclass(frozen=True, slots=True)
class PassageRow:
    """Describe a passage by its id, its language, and what is alike in all of its article."""

    id: int
    article_id: str
    language: Language
    publisher: str | None = None
    kind: str | None = None
    date_published: date | None = None
    translation_of: str | None = None


@dataclass(frozen=True, slots=True)
class _Category:
    """Hold a column of folded names: `names[codes[n]]` is that of row n, -1 stands for none."""

    names: Sequence[str]
    codes: NDArray[np.int32]

    @classmethod
    def build(cls, values: Iterable[str | None]) -> "_Category":
        values = [None if value is None else fold_name(value) for value in values]
        names = sorted({value for value in values if value is not None})
        numbers = {name: number for number, name in enumerate(names)}
        codes = [-1 if value is None else numbers[value] for value in values]
        return cls(names, np.array(codes, dtype=np.int32))

    def match(self, wanted: Iterable[str]) -> NDArray[np.bool_]:
        """Tell which rows bear one of the names wanted."""
        folded = {fold_name(name) for name in wanted}
        # One more than there are names, for the code -1 to stand for.
        passes = np.array([name in folded for name in self.names] + [False])
        matches: NDArray[np.bool_] = passes[self.codes]
        return matches


@dataclass(frozen=True, slots=True)
class PassageTable:
    """Hold the passages of a generation: their ids, sorted, and the numbers of their articles.

    The languages are the passages' own, the other columns are of the articles. These are numbered
    from 0 in the order of their ids. Articles that are linked as translations of each other, or of
    a third, are one work; a work is named by a number too.
    """

    ids: NDArray[np.int64]
    _articles: NDArray[np.int32]
    _article_ids: Sequence[str]
    _works: NDArray[np.int32]
    _dates: NDArray[np.int32]
    _languages: _Category
    _publishers: _Category
    _kinds: _Category

    @classmethod
    def build(cls, rows: Sequence[PassageRow]) -> "PassageTable":
        """Make a table of passages in whatever order.

        Raises `ValueError` for an id that two passages have, or where two passages of an article
        tell different things of it.
        """
        ids = np.array([row.id for row in rows], dtype=np.int64)
        order = np.argsort(ids)
        ids = ids[order]
        repeated = ids[1:][ids[1:] == ids[:-1]]
        if len(repeated):
            raise ValueError(f"two passages have the id {repeated[0]}")
        described: dict[str, PassageRow] = {}
        for row in rows:
            first = described.setdefault(row.article_id, row)
            if first is not row and _describe_article(first) != _describe_article(row):
                raise ValueError(f"the passages of the article {row.article_id} don't agree on it")
        article_ids = sorted(described)
        numbers = {article_id: number for number, article_id in enumerate(article_ids)}
        articles = np.array([numbers[row.article_id] for row in rows], dtype=np.int32)
        described_in_order = [described[article_id] for article_id in article_ids]
        return cls(
            ids,
            articles[order],
            article_ids,
            _number_works(described_in_order),
            np.array([_to_ordinal(each.date_published) for each in described_in_order], np.int32),
            _Category.build(str(rows[place].language) for place in order.tolist()),
            _Category.build(each.publisher for each in described_in_order),
            _Category.build(each.kind for each in described_in_order),
        )

    @classmethod
    def load(cls, path: Path) -> "PassageTable":
        """Read what `save` wrote; raises `ValueError` or `KeyError` for another file."""
        try:
            # NumPy leaves a file that it opens itself, and can't read, open.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                names = json.loads(arrays["names"].tobytes())
                if _SPOKEN in arrays:
                    languages = arrays[_SPOKEN]
                else:
                    # Of an earlier version, in which passages were in their articles' language.
                    languages = arrays["languages"][arrays["articles"]]
                table = cls(
                    arrays["ids"],
                    arrays["articles"],
                    names["articles"],
                    arrays["works"],
                    arrays["dates"],
                    _Category(names["languages"], languages),
                    _Category(names["publishers"], arrays["publishers"]),
                    _Category(names["kinds"], arrays["kinds"]),
                )
        except (ValueError, EOFError, BadZipFile, TypeError) as error:
            raise ValueError(f"{path} is not a table of passages: {error}") from error
        return table

    def save(self, path: Path) -> None:
        """Write the table to a file, and the file to the disk; raises `OSError`."""
        names = {
            "articles": self._article_ids,
            "languages": self._languages.names,
            "publishers": self._publishers.names,
            "kinds": self._kinds.names,
        }
        # In memory first: on a full disk a half-written ZIP file raises more than the disk's error.
        content = io.BytesIO()
        np.savez(
            content,
            allow_pickle=False,
            names=np.frombuffer(json.dumps(names).encode(), dtype=np.uint8),
            ids=self.ids,
            articles=self._articles,
            works=self._works,
            dates=self._dates,
            **{_SPOKEN: self._languages.codes},
            publishers=self._publishers.codes,
            kinds=self._kinds.codes,
        )
        with path.open("wb") as file:
            file.write(content.getbuffer())
            file.flush()
            os.fsync(file.fileno())

    def __len__(self) -> int:
        return len(self.ids)

    def select(self, within: Filter) -> NDArray[np.int64] | None:
        """Return the ids of the passages that pass, sorted; None where the filter is empty."""
        if within.is_empty:
            return None
        passes = np.ones(len(self._article_ids), dtype=np.bool_)
        if within.articles:
            passes &= self._match_articles(within.articles)
        for category, wanted in (
            (self._publishers, within.publishers),
            (self._kinds, within.kinds),
        ):
            if wanted:
                passes &= category.match(wanted)
        if within.published_from or within.published_to:
            passes &= self._dates != _UNDATED
        if within.published_from:
            passes &= self._dates >= within.published_from.toordinal()
        if within.published_to:
            passes &= self._dates <= within.published_to.toordinal()
        # `take` is twice as fast as indexing with 32-bit numbers.
        passing = passes.take(self._articles)
        if within.languages:
            passing &= self._languages.match(within.languages)
        selected: NDArray[np.int64] = self.ids[passing]
        return selected

    def article_numbers(self, ids: Sequence[int]) -> NDArray[np.int32]:
        """Return the numbers of the articles of passages; raises `KeyError` for an unknown id."""
        rows = find_rows(self.ids, ids)
        if ABSENT in rows:
            raise KeyError(f"no passage has the id {ids[rows.tolist().index(ABSENT)]}")
        return self._articles[rows]

    def works(self, ids: Sequence[int]) -> NDArray[np.int32]:
        """Return the numbers of the works of passages; raises `KeyError` for an unknown id."""
        return self._works[self.article_numbers(ids)]

    def _match_articles(self, wanted: Iterable[str]) -> NDArray[np.bool_]:
        matches = np.zeros(len(self._article_ids), dtype=np.bool_)
        for article_id in wanted:
            number = bisect_left(self._article_ids, article_id)
            if number < len(matches) and self._article_ids[number] == article_id:
                matches[number] = True
        return matches


def _describe_article(row: PassageRow) -> tuple[object, ...]:
    return (row.publisher, row.kind, row.date_published, row.translation_of)


def _number_works(articles: Sequence[PassageRow]) -> NDArray[np.int32]:
    # What is linked may be missing from the table, and two articles may name each other.
    links: dict[str, str] = {}

    def follow(article_id: str) -> str:
        while (linked := links.get(article_id, article_id)) != article_id:
            article_id = linked
        return article_id

    for article in articles:
        if article.translation_of is not None:
            links[follow(article.article_id)] = follow(article.translation_of)
    originals = [follow(article.article_id) for article in articles]
    numbers = {original: number for number, original in enumerate(dict.fromkeys(originals))}
    return np.array([numbers[original] for original in originals], dtype=np.int32)


def _to_ordinal(day: date | None) -> int:
    return _UNDATED if day is None else day.toordinal()


def fold_name(name: str) -> str:
    """Return a name without case, accents and needless white space."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    bare = "".join(each for each in decomposed if not unicodedata.combining(each))
    return " ".join(bare.split())
