"""What PDF and DOCX files say of themselves, and how far that is to be believed.

Programs fill these properties in by themselves: the file's name as a title, whoever is logged in as
the author, those of the file that this one began as a copy of.
"""

from contextlib import suppress
from datetime import date
from typing import Final

from massilia.corpus.document import normalise_line
from massilia.corpus.pattern import Pattern
from massilia.ingest.extraction import Certainty, Found

MAX_VALUE: Final = 300
"""How many characters a title or a name may have."""
FIRST_YEAR: Final = 1990
"""Files of an earlier day are of a clock that wasn't set."""

_DATE = Pattern(r"(?:D:)?\s*(\d{4})[-/:]?(\d\d)[-/:]?(\d\d)")
_FILE_NAME = Pattern(
    r"(?i).*\.(?:docx?|odt|indd|qxd|pdf|pptx?|rtf|tex|dvi|txt|html?|xlsx?|pages|pub)"
)
_MADE_BY = Pattern(r"(?i)(?:Microsoft )?(?:Word|PowerPoint|Publisher) - ")
# Names that programs give to what nobody has named.
_UNNAMED = (
    "document|document1|présentation powerpoint|sans titre|title|titre|untitled|word document"
)
_NO_TITLES: Final = frozenset(_UNNAMED.split("|"))
_ACCOUNTS = (
    "admin|administrateur|administrator|auteur|author|microsoft office user|python-docx|root|"
    "unknown|user|utilisateur|utilisateur windows|windows user"
)
_NO_AUTHORS: Final = frozenset(_ACCOUNTS.split("|"))
_WORD = Pattern(r"\w+")


def find_title(value: str | None, how: str, beginning: str) -> Found[str] | None:
    """Return a title that isn't one of a program's own making; `beginning` is that of the text."""
    title = clean_value(value)
    title = title and _MADE_BY.sub("", title, 1)
    if not title or _FILE_NAME.fullmatch(title) or title.casefold() in _NO_TITLES:
        return None
    return Found(title, how, _judge(title, beginning))


def find_authors(
    values: tuple[str, ...], how: str, beginning: str
) -> Found[tuple[str, ...]] | None:
    """Return the names in some values, several in one parted by semicolons, without accounts'."""
    parts = (part for value in values if len(value) <= MAX_VALUE for part in value.split(";"))
    names = [name for part in parts if (name := clean_value(part))]
    names = [name for name in names if name.casefold() not in _NO_AUTHORS]
    return Found(tuple(names), how, _judge(" ".join(names), beginning)) if names else None


def find_day(value: str | None, how: str, certainty: Certainty) -> Found[date] | None:
    """Return the day of a date of PDF (ISO 32000-1, 7.9.4), of XMP or of Dublin Core."""
    match = _DATE.match(value or "")
    if match is None:
        return None
    with suppress(ValueError):
        day = date(*map(int, match.groups()))
        return Found(day, how, certainty) if day.year >= FIRST_YEAR else None
    return None


def find_change(created: str | None, modified: str | None, how: str) -> Found[date] | None:
    """Return the day of the last change, where it is later than that of the creation."""
    change = find_day(modified, how, Certainty.LIKELY)
    creation = find_day(created, how, Certainty.LIKELY)
    return None if change and creation and change.value <= creation.value else change


def clean_value(value: str | None) -> str | None:
    """Return a value as one line; None where it is blank, too long or can't be stored."""
    if value is None or len(value) > MAX_VALUE:
        return None
    with suppress(ValueError):
        return normalise_line(value)
    return None


def _judge(value: str, beginning: str) -> Certainty:
    """Say how sure a value is: what the text begins with too is no left-over of another file."""
    words = set(_WORD.findall(value.casefold()))
    said = set(_WORD.findall(beginning.casefold()))
    return Certainty.STATED if words and words <= said else Certainty.LIKELY
