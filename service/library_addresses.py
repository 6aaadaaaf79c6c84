"""The addresses of the library's page: they say which articles it lists, and which page of them."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from massilia.corpus.article import Language
from massilia.service.article_selection import Order, Selection
from massilia.service.filters import read_filter
from massilia.service.library_topics import fold_topic

MAX_TOPIC_CHARACTERS = 100
ORDERS: Final = (Order.RELEVANCE, Order.TITLE, Order.NEWEST, Order.OLDEST)
"""Those that a reader is offered: an id says nothing to one."""


def read_selection(parameters: Sequence[tuple[str, str]]) -> Selection:
    """Return the selection that an address's parameters make; raises `FilterError`.

    What can't be a year, an order or a topic counts as absent.
    """
    given = dict(parameters)
    words = " ".join(given.get("q", "").split())
    usual = _choose_order(words)
    order = given.get("sort", "")
    chosen = Order(order) if order in set(ORDERS) else usual
    topics = {
        fold_topic(value)
        for name, value in parameters
        if name == "topic" and 0 < len(value.strip()) <= MAX_TOPIC_CHARACTERS
    }
    return Selection(
        words=words,
        within=read_filter(parameters),
        topics=frozenset(topics),
        year=_read_number(given.get("year", "")),
        # Without words nothing is more relevant than anything else.
        order=usual if chosen is Order.RELEVANCE else chosen,
    )


def read_page_number(parameters: Sequence[tuple[str, str]]) -> int:
    """Return the number of the page that an address asks for, the first where it asks for none."""
    return _read_number(dict(parameters).get("page", "")) or 1


def write_address(selection: Selection, language: Language, page: int = 1) -> str:
    """Return the address of the page that lists the selection."""
    within = selection.within
    parameters = [
        ("q", selection.words),
        *(("in", each) for each in sorted(within.languages)),
        *(("publisher", each) for each in sorted(within.publishers)),
        *(("kind", each) for each in sorted(within.kinds)),
        *(("article", each) for each in sorted(within.articles)),
        *(("topic", each) for each in sorted(selection.topics)),
        ("year", str(selection.year or "")),
        ("from", within.published_from.isoformat() if within.published_from else ""),
        ("to", within.published_to.isoformat() if within.published_to else ""),
        ("sort", "" if selection.order is _choose_order(selection.words) else selection.order),
        ("page", "" if page == 1 else str(page)),
    ]
    query = urlencode([(name, str(value)) for name, value in parameters if value])
    return f"/{language}/articles" + (f"?{query}" if query else "")


def _choose_order(words: str) -> Order:
    return Order.RELEVANCE if words else Order.TITLE


def _read_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None
