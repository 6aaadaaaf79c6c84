"""Libraries made for a run: of a data set's articles, or of another library's with another encoder.

They are made by the code that makes every other library, and deleted after the run.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from massilia.corpus.article import Article
from massilia.corpus.errors import MassiliaError
from massilia.index.change import Outcome
from massilia.index.encoder import Encoder
from massilia.index.library import Library
from massilia.index.store import Store
from massilia.ingest.document import Document
from massilia.service.cli import build_library

LOCATION = "massilia-eval:"
"""Where the articles of a library made for a run are said to come from."""


@contextmanager
def open_temporary_library(
    articles: Sequence[Article], encoder: Encoder, folder: Path | None = None
) -> Iterator[Library]:
    """Make a library of `articles`, and delete it afterwards unless a `folder` is given for it.

    A folder that holds such a library from an earlier run is brought up to date, and only what has
    changed is encoded again. Raises `MassiliaError` for one that holds any other library.
    """
    with TemporaryDirectory(prefix="massilia-eval-") as temporary:
        library = Library.create(folder or Path(temporary) / "library")
        try:
            _fill(library, articles)
            generation = library.generation()
            stale = generation and generation.manifest.encoder_fingerprint != encoder.fingerprint
            if stale or not library.is_built():
                build_library(library, encoder)
            yield library
        finally:
            library.close()


def list_articles(store: Store) -> list[Article]:
    """Return every article of a library."""
    articles = (store.article(entry.id) for entry in store.entries())
    return [article for article in articles if article is not None]


def _fill(library: Library, articles: Sequence[Article]) -> None:
    locations = library.store.locations()
    foreign = [name for name, place in locations.items() if not place.startswith(LOCATION)]
    if foreign:
        raise MassiliaError(
            f"The library {library.path} holds articles of its own, such as {foreign[0]!r}; "
            "name a folder that isn't there yet."
        )
    gone = set(locations) - {article.id for article in articles}
    if gone:
        library.remove(sorted(gone))
    changes = library.put([Document(article, LOCATION + article.id) for article in articles])
    refused = [change for change in changes if change.outcome is Outcome.REFUSED]
    if refused:
        raise MassiliaError(f"The article {refused[0].article_id!r}: {refused[0].reason}.")
