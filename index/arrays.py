"""NumPy arrays on disk: one file each, on the disk once written, memory-mapped once read."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


def save_array(path: Path, values: NDArray[Any]) -> None:
    """Write an array to a `.npy` file, and the file to the disk; raises `OSError`."""
    with path.open("wb") as file:
        np.save(file, values, allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())


def map_array(path: Path, dtype: DTypeLike) -> NDArray[Any]:
    """Map a vector that `save_array` wrote, to be read only.

    Raises `RuntimeError`, naming the file, when it isn't there or isn't a vector of `dtype`.
    """
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise RuntimeError(f"{path} is not an array: {error}") from error
    if values.ndim != 1 or values.dtype != dtype:
        raise RuntimeError(
            f"{path} holds {values.dtype} of shape {values.shape}, not a vector of {dtype}"
        )
    # A plain array over the same memory: slices of a `memmap` cost several times as much.
    return np.asarray(values)


def sync_folder(folder: Path) -> None:
    """Write the folder's list of files to the disk; raises `OSError`."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
