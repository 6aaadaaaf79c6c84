"""Bytes of a document, as text that can be stored and quoted."""

import re
import stat
import unicodedata
from pathlib import Path

from massilia.corpus.article import normalise_text
from massilia.corpus.errors import ArticleError

MAX_BYTES = 20_000_000
"""A larger file is no article: War and Peace, in UTF-8, is 3.2 MB."""
# French puts a no-break space, wide or narrow, before "?" and within "«  »".
_SPACES = re.compile(r"[^\S\u00a0\u202f]+")


def read_document(path: Path, origin: str) -> str:
    """Return the text of a file in the form that is stored (see `normalise_text`).

    Raises `ArticleError` when the file can't be read, is too large, or isn't UTF-8 text.
    """
    try:
        status = path.stat()
        # Reading a pipe or a device might never end.
        if not stat.S_ISREG(status.st_mode):
            raise ArticleError(origin, "cannot be read: not a regular file")
        if status.st_size > MAX_BYTES:
            reason = f"{status.st_size:,} bytes, more than the limit of {MAX_BYTES:,}"
            raise ArticleError(origin, reason)
        data = path.read_bytes()
    except OSError as error:
        raise ArticleError(origin, f"cannot be read: {error.strerror or error}") from error
    return decode_document(data, origin)


def decode_document(data: bytes, origin: str) -> str:
    """Return UTF-8 `data` as text in the form that is stored.

    Raises `ArticleError`, naming the line, for a NUL (a binary file) or a byte that isn't UTF-8.
    """
    if (position := data.find(b"\0")) >= 0:
        line = data.count(b"\n", 0, position) + 1
        raise ArticleError(origin, "not a text file: it holds a NUL byte", line)
    try:
        # Not "utf-8-sig": with a byte order mark, the offset in its error is three bytes short.
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"not UTF-8 text: byte 0x{data[error.start]:02x} at offset {error.start}"
        raise ArticleError(origin, reason, line) from error
    return normalise_text(text)


def normalise_line(value: str) -> str | None:
    """Return a short text as one line in the form that is stored, or None if it is blank.

    Raises `ValueError` for a control character or half a surrogate pair, which YAML and JSON can
    escape but no database or page can hold.
    """
    line = _SPACES.sub(" ", normalise_text(value)).strip()
    for character in line:
        if unicodedata.category(character) in {"Cc", "Cs"}:
            raise ValueError(f"the character U+{ord(character):04X} cannot be stored")
    return line or None
