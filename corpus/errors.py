"""The errors that people are shown."""

from datetime import date

SHOWN_CHARACTERS = 200


class MassiliaError(Exception):
    """Say what is wrong, naming the thing and the value, in words that are shown as they are."""


class ArticleError(MassiliaError):
    """A file cannot be read as an article."""

    def __init__(self, origin: str, reason: str, line: int | None = None) -> None:
        place = origin if line is None else f"{origin}, line {line}"
        super().__init__(f"{place}: {reason}")
        self.origin = origin
        self.reason = reason
        self.line = line


def show_value(value: object) -> str:
    """Return `value` as Python writes it, cut where it is too long for a message."""
    try:
        text = str(value) if isinstance(value, date) else repr(value)
    except ValueError:  # an integer of more than 4,300 digits
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
