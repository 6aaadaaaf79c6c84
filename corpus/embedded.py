"""The corpus that comes with the package."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent
"""Where the package's own articles, sources and questions lie."""
LOCATION = "massilia:corpus/"
"""Where an embedded article is said to come from: no path, which would change at each install."""


def list_embedded_articles() -> list[Path]:
    """Return the article files of the embedded corpus, in a fixed order."""
    return sorted((FOLDER / "articles").glob("*/*.md"))


def hash_embedded_corpus() -> str:
    """Return a SHA-256 that changes whenever a file of the embedded corpus does."""
    digest = hashlib.sha256()
    for path in _list_files():
        digest.update(path.relative_to(FOLDER).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _list_files() -> Iterator[Path]:
    yield FOLDER / "sources.json"
    yield from list_embedded_articles()
