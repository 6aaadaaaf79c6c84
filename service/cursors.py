"""Long lists a page at a time: a cursor names what the page before ended with."""

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

MAX_PAGE = 1000
"""How many things a page may have."""
DEFAULT_PAGE = 100

Item = TypeVar("Item")
Key = tuple[float, str, str]
"""Puts things in order: by a number, then by a text, then by what no two of them share."""


class CursorError(Exception):
    """A cursor is none that a page in this order has given."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Hold a page of a list, how long the list is, and where the next page begins."""

    items: tuple[Item, ...]
    total: int
    next_cursor: str | None


def cut_page(
    keyed: Iterable[tuple[Key, Item]], order: str, limit: int, cursor: str | None
) -> Page[Item]:
    """Return the page of a list that follows `cursor`, or the first; keys are in ascending order.

    What comes or goes in between shifts nothing. Raises `CursorError` for a cursor of another
    order.
    """
    after = None if cursor is None else _read_cursor(cursor, order)
    keyed = list(keyed)
    left = [(key, item) for key, item in keyed if after is None or key > after]
    shown = left[:limit]
    more = len(left) > len(shown)
    return Page(
        items=tuple(item for _, item in shown),
        total=len(keyed),
        next_cursor=_write_cursor(shown[-1][0], order) if more else None,
    )


def _write_cursor(key: Key, order: str) -> str:
    content = json.dumps([order, *key], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def _read_cursor(cursor: str, order: str) -> Key:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise CursorError(cursor) from error
    match values:
        case [str(named), int() | float() as number, str(text), str(last)] if named == order:
            return number, text, last
    raise CursorError(cursor)
