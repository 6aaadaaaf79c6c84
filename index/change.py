"""What became of a document that was put into a library."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """Say what became of a document.

    DUPLICATE: its text is an article's already. GONE: its file is not there any more; REMOVED: so
    it was removed from the library.
    """

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    GONE = "gone"
    REMOVED = "removed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Change:
    """Say what became of one document; `reason` is given when it was refused or is a duplicate."""

    article_id: str
    location: str
    outcome: Outcome
    reason: str | None = None
