"""The id of an article whose document gives it none."""

import hashlib
import unicodedata
from typing import Final

from massilia.corpus.pattern import Pattern

MAX_CHARACTERS: Final = 100
"""As in article files."""
_NOT_IN_ID: Final = Pattern(r"[^a-z0-9._-]+")


def derive_id(name: str) -> str:
    """Return an id made of a file's name or a title, folded to an id's letters."""
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    derived = _NOT_IN_ID.sub("-", folded.lower()).strip("-._")[:MAX_CHARACTERS].rstrip("-._")
    return derived or f"article-{hashlib.sha256(name.encode()).hexdigest()[:12]}"
