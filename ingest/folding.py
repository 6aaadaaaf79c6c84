"""Texts folded for comparison: no case, no accents, one kind of apostrophe, dash and space."""

import unicodedata
from typing import Final

from massilia.corpus.pattern import Pattern


class _Folds(dict[int, str]):
    """Fold characters when they are first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        folded = unicodedata.normalize("NFD", character)[0].lower()
        self[code] = folded if len(folded) == 1 else character
        return self[code]


_FOLDS: Final = _Folds(
    {
        **{ord(character): "'" for character in "’‘ʼ`´"},
        **{ord(character): "-" for character in "\u2010\u2011\u2012–—−"},
        **{ord(character): " " for character in "\u00a0\u202f\u2009\u3000\t"},
        **{ord(character): "o" for character in "œŒ"},
    }
)
_WHITE: Final = Pattern(r"\s+")


def fold(text: str) -> str:
    """Return `text` in lower case without accents, each character in its place.

    What isn't one character in lower case without its accent stays as it is.
    """
    return text.translate(_FOLDS)


def fold_line(line: str) -> str:
    """Return a line folded and with single spaces, for comparison: characters change places."""
    return _WHITE.sub(" ", fold(line)).strip()
