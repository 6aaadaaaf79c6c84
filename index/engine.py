"""Where the passages of a library's generations are searched."""

from typing import Protocol

from massilia.index.local import LocalIndex
from massilia.index.passage_index import PassageIndex
from massilia.index.store import Snapshot


class Engine(Protocol):
    """Hold passages for searching, under the ids of their generations.

    A generation's folder has its local index whatever the engine: builds take over from it, and an
    engine is filled from it without encoding anything. Methods raise `LibraryError` where the
    engine can't be reached.
    """

    @property
    def name(self) -> str:
        """Name the kind of engine, as manifests do."""

    def check(self) -> None:
        """Raise `LibraryError` unless the engine can be reached."""

    def fill(self, generation_id: str, snapshot: Snapshot, local: LocalIndex) -> None:
        """Hold the passages of `snapshot`, which `local` is the index of."""

    def open(self, generation_id: str, local: LocalIndex) -> PassageIndex:
        """Return what finds the passages of a generation."""

    def drop(self, generation_id: str) -> None:
        """Forget a generation, held or not."""


class LocalEngine:
    """Search passages in the files of their generation's folder."""

    name = "local"

    def check(self) -> None:
        """Do nothing: there is nothing to reach."""

    def fill(self, generation_id: str, snapshot: Snapshot, local: LocalIndex) -> None:
        """Do nothing: the files are all there is."""

    def open(self, generation_id: str, local: LocalIndex) -> PassageIndex:
        """Return the index in the files."""
        return local

    def drop(self, generation_id: str) -> None:
        """Do nothing: the files go with their folder."""


LOCAL = LocalEngine()
