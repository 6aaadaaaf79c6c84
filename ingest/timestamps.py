"""Dates as machines write them, in feeds and sitemaps."""

from datetime import date
from email.utils import parsedate_tz
from typing import Final

from massilia.corpus.pattern import Pattern

_ISO = Pattern(r"\s*(\d{4})-(\d{2})-(\d{2})(?!\d)")
_LONGEST: Final = 100


def read_timestamp(text: str) -> date | None:
    """Return the day in a date of RFC 822 or ISO 8601, or None for anything else.

    The day is the one that is written, in whatever time zone: a publisher's own is the one that
    its readers saw.
    """
    if len(text) > _LONGEST:
        return None
    if found := _ISO.match(text):
        year, month, day = map(int, found.groups())
    elif parts := parsedate_tz(text):
        year, month, day, *_ = parts
    else:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None
