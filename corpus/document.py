"""Bytes of a document, as text that can be stored and quoted."""

from pathlib import Path

from massilia.corpus.article import normalise_text
from massilia.corpus.errors import ArticleError

MAX_BYTES = 20_000_000
"""A larger file is no article: War and Peace, in UTF-8, is 3.2 MB."""


def read_document(path: Path, origin: str) -> str:
    """Return the text of a file in the form that is stored (see `normalise_text`).

    Raises `ArticleError` when the file can't be read, is too large, or isn't UTF-8 text.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ArticleError(origin, f"{size:,} bytes, more than the limit of {MAX_BYTES:,}")
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
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"not UTF-8 text: byte 0x{data[error.start]:02x} at offset {error.start}"
        raise ArticleError(origin, reason, line) from error
    return normalise_text(text)
