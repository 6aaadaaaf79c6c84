"""A library on disk: its articles, and the generation that answers are found with."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from massilia.corpus.embedded import (
    FOLDER,
    LOCATION,
    hash_embedded_corpus,
    list_embedded_articles,
)
from massilia.index.change import Change
from massilia.index.encoder import Advance, Encoder
from massilia.index.engine import LOCAL, Engine
from massilia.index.errors import LibraryError, OutdatedError, name_library
from massilia.index.generation import (
    POINTER,
    Generation,
    Manifest,
    build_generation,
    current_generation_id,
    open_generation,
    read_generation,
)
from massilia.index.store import Store
from massilia.ingest.document import Document, Reading
from massilia.ingest.job import Same

LOCK = "write.lock"
LOCK_SECONDS = 10.0
_CORPUS_HASH = "embedded_corpus_sha256"

Progress = Callable[[int], AbstractContextManager[Advance]]
"""Given how many texts will be encoded, opens a progress display and yields its callback."""


class Library:
    """Open a library: change its articles, build generations, follow the current one.

    Generations are built for `engine`, and searched there.
    """

    def __init__(self, store: Store, engine: Engine = LOCAL) -> None:
        self.store = store
        self._engine = engine
        self.path = store.folder
        self._generation: Generation | None = None
        self._opening = threading.Lock()

    @classmethod
    def create(cls, path: Path, engine: Engine = LOCAL) -> "Library":
        """Open the library in the folder `path`, making an empty one where there is none."""
        with suppress(LibraryError):
            # Where there is one, this doesn't wait for a build that holds the lock.
            return cls.open(path, engine)
        with name_library(path):
            path.mkdir(parents=True, exist_ok=True)
        with _lock(path):
            return cls(Store.create(path), engine)

    @classmethod
    def open(cls, path: Path, engine: Engine = LOCAL) -> "Library":
        """Open the library in the folder `path`; raises `LibraryError` when there is none."""
        return cls(Store.open(path), engine)

    def close(self) -> None:
        """Close the library's files."""
        self.store.close()

    def put(self, documents: Iterable[Document]) -> list[Change]:
        """Add or replace articles; they are found after the next `build`."""
        with _lock(self.path):
            return self.store.put(documents)

    def put_readings(self, readings: Sequence[Reading]) -> list[Change]:
        """Add or replace what was read from some places; it is found after the next `build`."""
        with _lock(self.path):
            return self.store.put_readings(readings)

    def stamp_places(self, places: Iterable[Same]) -> None:
        """Keep the stamps and validators that places have now which hold what they held."""
        with _lock(self.path):
            self.store.stamp_places(places)

    def forget_places(self, places: Iterable[str]) -> list[Change]:
        """Delete the articles of places, and what is known of these."""
        with _lock(self.path):
            return self.store.forget_places(places)

    def mark_near_duplicates(self) -> None:
        """Find out which articles say nearly the same; `build` needs it done."""
        with _lock(self.path):
            self.store.mark_near_duplicates()

    def put_embedded_corpus(self) -> list[Change]:
        """Add the articles that come with the package, or bring them up to date.

        Those that an earlier version of the package brought and this one doesn't are removed.
        """
        # Imported here: what reads Markdown takes a tenth of a second to load, seldom needed.
        from massilia.ingest.documents import read_article

        documents = [
            Document(read_article(path), LOCATION + path.relative_to(FOLDER).as_posix())
            for path in list_embedded_articles()
        ]
        current = {document.location for document in documents}
        with _lock(self.path):
            gone = [
                article_id
                for article_id, location in self.store.locations().items()
                if location.startswith(LOCATION) and location not in current
            ]
            if gone:
                self.store.remove(gone)
            changes = self.store.put(documents)
            self.store.remember(_CORPUS_HASH, hash_embedded_corpus())
        return changes

    def holds_embedded_corpus(self) -> bool:
        """Tell whether this version's embedded corpus has been put into the library."""
        return self.store.recall(_CORPUS_HASH) == hash_embedded_corpus()

    def remove(self, article_ids: Iterable[str]) -> list[str]:
        """Delete articles, which can't be quoted from then on; returns the ids not found."""
        with _lock(self.path):
            return self.store.remove(article_ids)

    def build(self, encoder: Encoder, progress: Progress | None = None) -> Manifest:
        """Build a generation from the articles as they are now, and switch to it."""
        with _lock(self.path):
            try:
                current = current_generation_id(self.path)
                previous = None if current is None else read_generation(self.path, current)
            except LibraryError:
                # A damaged generation holds nothing to take over; it is left where it is.
                previous = None
            snapshot = self.store.snapshot()
            show = progress or _show_nothing
            with show(len(snapshot.passages) + len(snapshot.sentences)) as advance:
                return build_generation(
                    self.path, snapshot, encoder, previous, advance, self._engine
                )

    def generation(self) -> Generation | None:
        """Return the current generation, or None before the first build.

        The pointer is read each time, so a running service follows a build without a restart.
        """
        current = current_generation_id(self.path)
        generation = self._generation
        if current is None:
            if generation is not None:
                raise LibraryError(f"The library {self.path} is gone: it has no {POINTER}.")
            return None
        if generation is not None and generation.id == current:
            return generation
        with self._opening:
            while self._generation is None or self._generation.id != current:
                try:
                    self._generation = open_generation(self.path, current, self._engine)
                except LibraryError:
                    # Builds may have replaced and pruned it since the pointer was read.
                    newer = current_generation_id(self.path)
                    if newer is None or newer == current:
                        raise
                    current = newer
            return self._generation

    def is_built(self, encoder: Encoder | None = None) -> bool:
        """Tell whether the current generation was built from the articles as they are now.

        It isn't where another version built it, or where it was built for another engine. Given
        `encoder`, it must have been built with that.
        """
        try:
            generation = self.generation()
        except OutdatedError:
            return False
        if generation is None or generation.manifest.library_state != self.store.state():
            return False
        return encoder is None or generation.manifest.encoder_fingerprint == encoder.fingerprint


@contextmanager
def _show_nothing(total: int) -> Iterator[Advance]:
    yield lambda count: None


@contextmanager
def _lock(library: Path) -> Iterator[None]:
    # Imported here: most commands only read.
    from filelock import FileLock, Timeout

    lock = FileLock(library / LOCK, timeout=LOCK_SECONDS)
    with name_library(library):
        try:
            lock.acquire()
        except Timeout as error:
            raise LibraryError(
                f"The library {library} is being written by another process "
                f"(waited {LOCK_SECONDS:g} s for {lock.lock_file})."
            ) from error
    try:
        yield
    finally:
        lock.release()
