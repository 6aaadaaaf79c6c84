"""Where ids stand in a sorted array of ids, found for many of them at once."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

ABSENT = -1


def find_rows(ids: NDArray[np.int64], wanted: ArrayLike) -> NDArray[np.int64]:
    """Return the row of each of the `wanted` in the sorted `ids`, or `ABSENT`."""
    wanted = np.asarray(wanted, dtype=np.int64)
    rows = np.searchsorted(ids, wanted)
    inside = rows < len(ids)
    found = np.zeros(len(wanted), dtype=np.bool_)
    found[inside] = ids[rows[inside]] == wanted[inside]
    return np.where(found, rows, ABSENT)
