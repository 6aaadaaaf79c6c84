"""Unit vectors under integer ids, searched with FAISS: exactly, unless they are very many."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from struct import Struct

import faiss
import numpy as np
from numpy.typing import NDArray

from massilia.index.encoder import Vectors
from massilia.index.sorted_ids import ABSENT, find_rows

MOST_EXACT = 50_000
"""Up to how many vectors every one is compared with the question: that takes time in proportion to
their bytes. At 100,000 it takes thirty times as long as what follows, which finds .98 of the best
fifty. Measured, like the constants below, by tests/bench/vectors.py with the vectors of PIAF and
AfriQA."""
MOST_COMPARED = 50_000
"""Up to how many vectors that a filter leaves, of more than `MOST_EXACT`, are all compared: for
more, of a million, searching the lists takes less time."""
PROBED = 0.3
"""What share of the lists is searched without a filter. Of the best fifty of a million, shares of
.04, .08, .16 and .25 found .925, .968, .986 and .990. A filter that leaves the passages on one
subject, a tenth of all, needs more: with .25, .967, and .984 where the share grows with the fourth
root of how few are left."""
REFINED = 12
"""How many times as many as are asked for are found by their codes, to be compared exactly. At a
share of .16, 6, 12 and 20 found .971, .986 and .989 of the best fifty."""
_TRAINED = 50
"""How many vectors a list's centroid is learnt from; FAISS warns of fewer than 39."""
_ITERATIONS = 8
_CHUNK = 50_000
_END = Struct("<8sQ")
"""What ends a file: a mark and the file's length."""
_MAGIC = b"MASSVECT"


@dataclass(frozen=True, slots=True)
class Hit:
    """Pair the id of what was found with its score: here, the inner product of two vectors."""

    id: int
    score: float


class VectorIndex:
    """Hold unit vectors under ids, and find those nearest to a question's vector.

    `ids`, of shape (vectors,), are sorted. Above `MOST_EXACT` vectors not all are compared with the
    question: they lie in lists, each around a centroid, and have codes of a bit a dimension
    (RaBitQ: Gao & Long, 2024). The codes in the lists nearest to the question are searched, and the
    best of them compared by their vectors, which are then kept as float16.
    """

    def __init__(self, index: faiss.IndexIDMap) -> None:
        self.ids: NDArray[np.int64] = faiss.vector_to_array(index.id_map)
        self._file = index
        # Searched without the map of ids: FAISS would translate those of a filter one by one.
        self._index = faiss.downcast_index(index.index)
        self._vectors = self._index
        self._lists: faiss.IndexIVF | None = None
        if isinstance(self._index, faiss.IndexRefine):
            self._vectors = faiss.downcast_index(self._index.refine_index)
            self._lists = faiss.downcast_index(self._index.base_index)  # type: ignore[assignment]

    @classmethod
    def build(cls, ids: Sequence[int], vectors: Vectors) -> "VectorIndex":
        """Index `vectors`, of shape (len(ids), dimension), under `ids`.

        Raises `ValueError` where two have one id.
        """
        if len(ids) != len(vectors):
            raise ValueError(f"{len(ids)} ids for {len(vectors)} vectors")
        unsorted = np.asarray(ids, dtype=np.int64)
        order = np.argsort(unsorted)
        repeated = np.flatnonzero(np.diff(unsorted[order]) == 0)
        if len(repeated):
            raise ValueError(f"two vectors have the id {unsorted[order[repeated[0]]]}")
        faiss.omp_set_num_threads(os.cpu_count() or 1)
        exact = len(vectors) <= MOST_EXACT
        index = faiss.IndexIDMap(faiss.IndexFlatIP(vectors.shape[1]) if exact else _train(vectors))
        for start in range(0, len(order), _CHUNK):
            rows = order[start : start + _CHUNK]
            index.add_with_ids(vectors[rows], unsorted[rows])
        return cls(index)

    @classmethod
    def load(cls, path: Path) -> "VectorIndex":
        """Open an index that `save` wrote; raises `RuntimeError` when the file isn't one.

        The vectors stay in the file, which is read where they are.
        """
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _END.size, 0))
            end = file.read()
        # FAISS doesn't look where a file ends that it maps: one that was cut crashes the program.
        if end != _END.pack(_MAGIC, size):
            raise RuntimeError(f"{path} is not an index, or not the whole of one")
        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise RuntimeError(f"{path} can't be read by this version of FAISS: {error}") from error
        return cls(index)  # type: ignore[arg-type] # of a file that `save` has marked

    def save(self, path: Path) -> None:
        """Write the index to a file, and the file to the disk; raises `OSError`."""
        with path.open("wb") as file:
            # FAISS's own writer says nothing when the disk turns out to be full as it closes.
            writer = faiss.PyCallbackIOWriter(file.write)  # type: ignore[attr-defined] # no stub
            faiss.write_index(self._file, writer)
            file.write(_END.pack(_MAGIC, file.tell() + _END.size))
            file.flush()
            os.fsync(file.fileno())

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def dimension(self) -> int:
        """Give the length of a vector."""
        return int(self._index.d)

    def search(
        self, question: Vectors, limit: int, among: NDArray[np.int64] | None = None
    ) -> list[Hit]:
        """Return the `limit` vectors nearest to `question`, of shape (dimension,), best first.

        Given `among`, which are sorted, only vectors with these ids are looked at. Those that are
        equally near come in the order of their ids.
        """
        # It holds for the calling thread. Where others keep the cores busy, waiting for threads
        # that share the work makes a search of 10,000 vectors take 30 ms instead of 0.5.
        faiss.omp_set_num_threads(1)
        selected = None
        count = len(self)
        if among is not None:
            selected = np.isin(self.ids, among, assume_unique=True)
            count = int(np.count_nonzero(selected))
        rows, scores = self._find(question, min(limit, count), selected, count)
        hits = [
            Hit(vector_id, score)
            for vector_id, score in zip(self.ids[rows].tolist(), scores.tolist(), strict=True)
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))[: max(limit, 0)]

    def score(self, question: Vectors, ids: Sequence[int]) -> list[Hit]:
        """Return the inner products with the vectors of `ids`, leaving out ids it doesn't hold."""
        rows = find_rows(self.ids, ids)
        rows = rows[rows != ABSENT]
        scores = np.vecdot(self._read(rows), question)
        return [
            Hit(vector_id, score)
            for vector_id, score in zip(self.ids[rows].tolist(), scores.tolist(), strict=True)
        ]

    def vectors(self, ids: Sequence[int]) -> Vectors:
        """Return the vectors of `ids`, of shape (len(ids), dimension).

        Raises `KeyError` for an id that it doesn't hold. A vector that went through float16 once
        isn't changed by going through it again.
        """
        rows = find_rows(self.ids, ids)
        if ABSENT in rows:
            raise KeyError(f"no vector has the id {ids[rows.tolist().index(ABSENT)]}")
        return self._read(rows)

    def _read(self, rows: NDArray[np.int64]) -> Vectors:
        if not len(rows):
            return np.zeros((0, self.dimension), dtype=np.float32)
        vectors: Vectors = self._vectors.reconstruct_batch(rows)
        return vectors

    def _find(
        self, question: Vectors, limit: int, selected: NDArray[np.bool_] | None, count: int
    ) -> tuple[NDArray[np.int64], Vectors]:
        """Return the rows of the nearest vectors, with their scores: `limit` of the `count`.

        Where all are compared, there are as many more as it takes to have all that are as near as
        the last of them.
        """
        if limit < 1:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        selector = None
        if selected is not None:
            bits = np.packbits(selected, bitorder="little")
            selector = faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg,arg-type] # no stub
        asked = question.reshape(1, -1)
        if self._lists is not None and count > MOST_COMPARED:
            share = PROBED * (len(self) / count) ** 0.25
            probed = faiss.SearchParametersIVF(  # type: ignore[call-arg] # no stub
                nprobe=math.ceil(self._lists.nlist * min(share, 1)), sel=selector
            )
            scores, rows = self._index.search(
                asked,
                limit,
                params=faiss.IndexRefineSearchParameters(  # type: ignore[call-arg] # no stub
                    k_factor=REFINED, base_index_params=probed
                ),
            )
            # Where the lists held fewer, the rest of the rows are -1.
            if rows[0, -1] >= 0:
                return rows[0], scores[0]
        compared = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg] # no stub
        wanted = min(limit + 1, count)
        while True:
            scores, rows = self._vectors.search(asked, wanted, params=compared)
            # Of vectors that are equally near, FAISS finds any.
            if wanted == count or scores[0, -1] < scores[0, limit - 1]:
                return rows[0], scores[0]
            wanted = min(2 * wanted, count)


def _train(vectors: Vectors) -> faiss.IndexRefine:
    """Return an empty index whose lists suit `vectors`."""
    dimension = vectors.shape[1]
    lists = 2 ** round(math.log2(math.sqrt(len(vectors))))
    coded = faiss.IndexIVFRaBitQFastScan(
        faiss.IndexFlatIP(dimension), dimension, lists, faiss.METRIC_INNER_PRODUCT
    )
    coded.cp.niter = _ITERATIONS
    coded.train(vectors[:: max(len(vectors) // (_TRAINED * lists), 1)])
    exact = faiss.IndexScalarQuantizer(
        dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    return faiss.IndexRefine(coded, exact)
