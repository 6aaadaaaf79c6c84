"""Filters as they are given: in an address, and with what limits anywhere."""

from collections.abc import Iterable
from datetime import date, datetime

from massilia.corpus.article import Language
from massilia.index.filter import Filter
from massilia.service.question import QuestionError, find_unreadable

MAX_NAMES = 100
"""How many articles, publishers or kinds a filter may name."""
MAX_NAME_CHARACTERS = 500
PARAMETERS = ("in", "article", "publisher", "kind", "from", "to")
"""What an address names the parts of a filter by."""


class FilterError(QuestionError):
    """A filter can't be applied as it stands."""


def read_filter(parameters: Iterable[tuple[str, str]]) -> Filter:
    """Return the filter that an address's parameters make; those that are empty count as absent.

    Of several dates of one name the last counts. Raises `FilterError`.
    """
    given: dict[str, list[str]] = {name: [] for name in PARAMETERS}
    for name, value in parameters:
        if name in given and value.strip():
            given[name].append(value.strip())
    within = Filter(
        languages=frozenset(_read_language(value) for value in given["in"]),
        articles=frozenset(given["article"]),
        publishers=frozenset(given["publisher"]),
        kinds=frozenset(given["kind"]),
        published_from=_read_last_date("from", given["from"]),
        published_to=_read_last_date("to", given["to"]),
    )
    check_filter(within)
    return within


def read_date(text: str) -> date:
    """Return the day that is written YYYY-MM-DD; raises `ValueError` for anything else."""
    return datetime.strptime(text, "%Y-%m-%d").date()


def check_filter(within: Filter) -> None:
    """Raise `FilterError` for too many names, one too long or unreadable, or dates reversed."""
    first, last = within.published_from, within.published_to
    if first and last and first > last:
        raise FilterError(
            "filter_range",
            f"Nothing is published from {first} to {last}: the first day comes after the last.",
            first=first.isoformat(),
            last=last.isoformat(),
        )
    for names in (within.articles, within.publishers, within.kinds):
        _check_names(names)


def _check_names(names: frozenset[str]) -> None:
    if len(names) > MAX_NAMES:
        raise FilterError(
            "filter_names",
            f"A filter names {len(names):,} values; the limit is {MAX_NAMES}.",
            count=len(names),
            limit=MAX_NAMES,
        )
    for name in names:
        if len(name) > MAX_NAME_CHARACTERS:
            raise FilterError(
                "filter_name",
                f"A name in a filter has {len(name):,} characters; "
                f"the limit is {MAX_NAME_CHARACTERS}.",
                length=len(name),
                limit=MAX_NAME_CHARACTERS,
            )
        if unreadable := find_unreadable(name):
            character, position = unreadable
            raise FilterError(
                "filter_character",
                f"A name in a filter holds the control character {character} "
                f"at position {position}.",
                character=character,
                position=position,
            )


def _read_language(value: str) -> Language:
    try:
        return Language(value)
    except ValueError:
        raise FilterError(
            "filter_language", f"No article is in the language {value!r}.", value=value
        ) from None


def _read_last_date(name: str, values: list[str]) -> date | None:
    if not values:
        return None
    try:
        return read_date(values[-1])
    except ValueError:
        raise FilterError(
            "filter_date",
            f"{name}={values[-1]} is not a date written YYYY-MM-DD.",
            value=values[-1],
        ) from None
