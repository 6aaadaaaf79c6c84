"""A line of a PDF page: where it stands, and its characters made those of a text."""

import unicodedata
from dataclasses import dataclass
from typing import Final

from massilia.corpus.pattern import Pattern

LIGATURES: Final = {
    "ﬀ": "ff",
    "ﬁ": "fi",
    "ﬂ": "fl",
    "ﬃ": "ffi",
    "ﬄ": "ffl",
    "ﬅ": "st",
    "ﬆ": "st",
}
# Of the fonts Symbol and Wingdings, whose characters have no other names.
_SYMBOLS: Final = {"\uf0b7": "•", "\uf0a7": "▪", "\uf0d8": "➢", "\uf0fc": "✓", "\uf02d": "-"}
_TRANSLATION = str.maketrans(LIGATURES | _SYMBOLS | {"\u00ad": "", "\ufffd": "", "\u2010": "-"})
_WHITE = Pattern(r"[^\S\u00a0\u202f]+")


@dataclass(frozen=True, slots=True)
class Line:
    """Hold a line of a page: its text, and in points where it stands and how large it is.

    `page` counts from 0; `right` is where the line ends, `baseline` grows towards the top. `hyphen`
    tells that the line ends in a hyphen, which `text` doesn't hold; a `soft` one is in no word.
    """

    text: str
    page: int
    left: float
    right: float
    baseline: float
    size: float
    hyphen: bool = False
    soft: bool = False


def clean_characters(text: str) -> str:
    """Return a line of a page in NFC, with ligatures as letters and without what shows nothing."""
    text = unicodedata.normalize("NFC", text.translate(_TRANSLATION))
    if not text.isprintable():
        text = "".join(each for each in text if each.isspace() or _shows(each))
    text = _WHITE.sub(" ", text).strip()
    # It would combine with the line before.
    while text and unicodedata.combining(text[0]):
        text = text[1:]
    return text


def _shows(character: str) -> bool:
    # Not controls, halves of surrogate pairs, characters of one font alone, and unassigned ones.
    return not unicodedata.category(character).startswith("C")


def is_mapped(character: str) -> bool:
    """Tell whether a font says what character it shows, rather than one of its own numbering."""
    shown = character.isprintable() and character != "\ufffd"
    return shown or character.isspace() or character in _SYMBOLS
