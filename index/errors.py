"""What can go wrong with a library on disk."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from massilia.corpus.errors import MassiliaError


class LibraryError(MassiliaError):
    """A library can't be opened, read or written."""


class OutdatedError(LibraryError):
    """A library was built by another version or for another engine, and has to be built anew."""


@contextmanager
def name_library(path: Path) -> Iterator[None]:
    """Turn the errors of files and of SQLite into a `LibraryError` that names the library."""
    try:
        yield
    except sqlite3.Error as error:
        raise LibraryError(f"The library {path}: {error}.") from error
    except OSError as error:
        reason = error.strerror or str(error)
        place = f" ({error.filename})" if error.filename else ""
        raise LibraryError(f"The library {path}: {reason}{place}.") from error
