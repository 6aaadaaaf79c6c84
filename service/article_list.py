"""The articles of a library as a list: filtered, sorted, a page at a time."""

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from massilia.index.filter import Filter
from massilia.index.passage_table import fold_name
from massilia.index.store import ArticleEntry

MAX_PAGE = 1000
"""How many articles a page may have."""
DEFAULT_PAGE = 100

_Key = tuple[str, str]


class ArticleOrder(StrEnum):
    """Name what articles are sorted by; those without a date come last."""

    ID = "id"
    TITLE = "title"
    OLDEST = "date"
    NEWEST = "-date"


class CursorError(Exception):
    """A cursor is none that a page of this order has given."""


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """Hold a page of articles, how many pass in all, and where the next page begins."""

    entries: tuple[ArticleEntry, ...]
    total: int
    next_cursor: str | None


def list_page(
    entries: Iterable[ArticleEntry],
    within: Filter,
    words: str,
    order: ArticleOrder,
    limit: int,
    cursor: str | None,
) -> ArticlePage:
    """Return a page of the articles that pass a filter and have all of `words` in their titles.

    A cursor names the last article of the page before, so that articles that come or go in between
    shift nothing. Raises `CursorError`.
    """
    after = None if cursor is None else _read_cursor(cursor, order)
    wanted = fold_name(words).split()
    folded = Filter(
        languages=within.languages,
        articles=within.articles,
        publishers=frozenset(map(fold_name, within.publishers)),
        kinds=frozenset(map(fold_name, within.kinds)),
        published_from=within.published_from,
        published_to=within.published_to,
    )
    passing = [each for each in entries if _passes(each, folded, wanted)]
    ranked = sorted((_make_key(each, order), position) for position, each in enumerate(passing))
    left = [(key, position) for key, position in ranked if after is None or key > after]
    shown = left[:limit]
    more = len(left) > len(shown)
    return ArticlePage(
        entries=tuple(passing[position] for _, position in shown),
        total=len(passing),
        next_cursor=_write_cursor(shown[-1][0], order) if more else None,
    )


def _passes(entry: ArticleEntry, folded: Filter, words: list[str]) -> bool:
    published, first, last = entry.date_published, folded.published_from, folded.published_to
    if (first or last) and published is None:
        return False
    title = fold_name(entry.title) if words else ""
    return (
        (not folded.languages or entry.language in folded.languages)
        and (not folded.articles or entry.id in folded.articles)
        and (not folded.publishers or fold_name(entry.publisher or "") in folded.publishers)
        and (not folded.kinds or fold_name(entry.kind or "") in folded.kinds)
        and (first is None or (published or date.min) >= first)
        and (last is None or (published or date.max) <= last)
        and all(word in title for word in words)
    )


def _make_key(entry: ArticleEntry, order: ArticleOrder) -> _Key:
    if order is ArticleOrder.ID:
        return "", entry.id
    if order is ArticleOrder.TITLE:
        return fold_name(entry.title), entry.id
    if entry.date_published is None:
        return "~", entry.id  # after every digit
    day = entry.date_published.toordinal()
    if order is ArticleOrder.NEWEST:
        day = date.max.toordinal() - day
    return f"{day:07}", entry.id


def _write_cursor(key: _Key, order: ArticleOrder) -> str:
    content = json.dumps([order, *key], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def _read_cursor(cursor: str, order: ArticleOrder) -> _Key:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise CursorError(cursor) from error
    match values:
        case [str(named), str(first), str(second)] if named == order:
            return first, second
    raise CursorError(cursor)
