"""The distinct words, or terms, of indexed passages: looked up on disk, the nearest ones too."""

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massilia.index.arrays import map_array, save_array

REMEMBERED: Final = 4_096
"""How many words' numbers are remembered: a question has some forty looked up, most often met."""

# A bit for each ASCII character, some shared by two; letters of other alphabets have none.
_BITS: Final = np.array(
    [1 << code % 64 if code < 128 else 0 for code in range(256)], dtype=np.uint64
)


class Vocabulary:
    """Hold distinct strings, numbered from 0 in their order by code points.

    Memory-mapped: opening reads nothing, and finding one reads what a binary search looks at.
    """

    def __init__(
        self,
        characters: NDArray[np.uint8],
        starts: NDArray[np.int64],
        letters: NDArray[np.uint64],
    ) -> None:
        self._letters = letters
        # Items of a memory view are plain numbers and bytes, several times faster to come by.
        self._characters = characters.data
        self._starts = starts.data
        self._look_up_often = lru_cache(REMEMBERED)(self._look_up)

    @classmethod
    def build(cls, sorted_words: Sequence[str]) -> "Vocabulary":
        """Hold `sorted_words`, which must be distinct and in order."""
        encoded = [word.encode() for word in sorted_words]
        starts = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(word) for word in encoded], out=starts[1:])
        characters = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        # What letters a word has, as bits: most words far from another are told by it.
        letters = np.bitwise_or.reduceat(_BITS[characters], starts[:-1]) if encoded else _BITS[:0]
        return cls(characters, starts, letters)

    @classmethod
    def open(cls, folder: Path, name: str) -> "Vocabulary":
        """Map the files that `save` wrote; raises `RuntimeError` when they aren't such files."""
        characters = map_array(folder / f"{name}.npy", np.uint8)
        starts = map_array(folder / f"{name}_starts.npy", np.int64)
        letters = map_array(folder / f"{name}_letters.npy", np.uint64)
        if len(starts) - 1 != len(letters) or starts[0] != 0 or starts[-1] != len(characters):
            raise RuntimeError(f"the files {folder / name}*.npy don't belong together")
        return cls(characters, starts, letters)

    def save(self, folder: Path, name: str) -> None:
        """Write three files, and all to the disk; raises `OSError`."""
        save_array(folder / f"{name}.npy", np.asarray(self._characters))
        save_array(folder / f"{name}_starts.npy", np.asarray(self._starts))
        save_array(folder / f"{name}_letters.npy", self._letters)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, number: int) -> str:
        if not 0 <= number < len(self):
            raise IndexError(number)
        return self._read(number).decode()

    def find(self, word: str) -> int | None:
        """Return the number of `word`, or None."""
        return self._look_up_often(word)

    def _look_up(self, word: str) -> int | None:
        wanted = word.encode()
        # UTF-8 keeps the order of code points.
        number = bisect_left(range(len(self)), wanted, key=self._read)
        return number if number < len(self) and self._read(number) == wanted else None

    def find_nearest(self, word: str, distance: int) -> tuple[list[str], int]:
        """Return the words nearest to `word`, in their order, and how far they are from it.

        None are found that are farther than `distance`, by Damerau & Levenshtein: letters left
        out, put in, changed, or swapped with the next one. Only words whose UTF-8 has at most
        `distance` bytes more or less are compared.
        """
        # Imported here: few questions hold a word that no passage has.
        from rapidfuzz import process
        from rapidfuzz.distance import DamerauLevenshtein

        encoded = np.frombuffer(word.encode(), dtype=np.uint8)
        lengths = np.diff(np.asarray(self._starts))
        # Each edit makes at most one letter appear and one disappear.
        unlike = np.bitwise_count(self._letters ^ np.bitwise_or.reduce(_BITS[encoded]))
        near = (np.abs(lengths - len(encoded)) <= distance) & (unlike <= 2 * distance)
        found = process.extract(
            word,
            [self[number] for number in np.flatnonzero(near).tolist()],
            scorer=DamerauLevenshtein.distance,
            score_cutoff=distance,
            limit=None,
        )
        nearest = min((each for _, each, _ in found), default=distance)
        return sorted(other for other, each, _ in found if each == nearest), nearest

    def _read(self, number: int) -> bytes:
        return bytes(self._characters[self._starts[number] : self._starts[number + 1]])
