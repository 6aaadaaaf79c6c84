"""Where ids stand in a sorted array of ids, and whether, found for many of them at once."""

from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

ABSENT = -1

Integer = TypeVar("Integer", np.int32, np.int64, np.uint64)


def find_rows(ids: NDArray[np.int64], wanted: ArrayLike) -> NDArray[np.int64]:
    """Return the row of each of the `wanted` in the sorted `ids`, or `ABSENT`."""
    wanted = np.asarray(wanted, dtype=np.int64)
    rows = np.searchsorted(ids, wanted)
    inside = rows < len(ids)
    found = np.zeros(len(wanted), dtype=np.bool_)
    found[inside] = ids[rows[inside]] == wanted[inside]
    return np.where(found, rows, ABSENT)


def are_among(wanted: NDArray[Integer], ids: NDArray[Integer]) -> NDArray[np.bool_]:
    """Tell which of the `wanted` are among the sorted `ids`.

    `numpy.isin` does that too, but loads masked arrays first, as `numpy.unique` does.
    """
    if not len(ids):
        return np.zeros(len(wanted), dtype=np.bool_)
    rows = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    found: NDArray[np.bool_] = ids[rows] == wanted
    return found


def drop_repeats(ids: NDArray[Integer]) -> NDArray[Integer]:
    """Return sorted ids, each once.

    `numpy.unique` does that too, but loads masked arrays first, which slows a start down.
    """
    kept = np.ones(len(ids), dtype=np.bool_)
    kept[1:] = ids[1:] != ids[:-1]
    return ids[kept]
