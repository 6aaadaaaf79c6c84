"""Unit vectors under integer ids, searched exactly with FAISS."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np

from massilia.index.encoder import Vectors


@dataclass(frozen=True, slots=True)
class Hit:
    """Pair the id of what was found with its score: here, the inner product of two vectors."""

    id: int
    score: float


class VectorIndex:
    """Hold unit vectors under ids, and find those nearest to a question's vector."""

    def __init__(self, index: faiss.IndexIDMap2) -> None:
        self._index = index
        self.ids: frozenset[int] = frozenset(faiss.vector_to_array(index.id_map).tolist())

    @classmethod
    def build(cls, ids: Sequence[int], vectors: Vectors) -> "VectorIndex":
        """Index `vectors`, of shape (len(ids), dimension), under `ids`."""
        if len(ids) != len(vectors):
            raise ValueError(f"{len(ids)} ids for {len(vectors)} vectors")
        # Exact search: at this size a flat index answers in well under a millisecond.
        index = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
        if len(ids):
            index.add_with_ids(vectors, np.asarray(ids, dtype=np.int64))
        return cls(index)

    @classmethod
    def load(cls, path: Path) -> "VectorIndex":
        """Read an index that `save` wrote; raises `RuntimeError` when the file isn't one."""
        try:
            index = faiss.read_index(str(path))
        except RuntimeError as error:
            raise RuntimeError(f"{path} is not an index: {error}") from error
        if not isinstance(index, faiss.IndexIDMap2):
            raise RuntimeError(f"{path} holds a {type(index).__name__}, not vectors under ids")
        return cls(index)

    def save(self, path: Path) -> None:
        """Write the index to a file, and the file to the disk; raises `OSError`."""
        with path.open("wb") as file:
            # FAISS's own writer says nothing when the disk turns out to be full as it closes.
            writer = faiss.PyCallbackIOWriter(file.write)  # type: ignore[attr-defined] # no stub
            faiss.write_index(self._index, writer)
            file.flush()
            os.fsync(file.fileno())

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def dimension(self) -> int:
        """Give the length of a vector."""
        return int(self._index.d)

    def search(
        self, question: Vectors, limit: int, among: Collection[int] | None = None
    ) -> list[Hit]:
        """Return the `limit` vectors nearest to `question`, of shape (dimension,), best first.

        Given `among`, only vectors with these ids are looked at. Those that are equally near come
        in the order of their ids.
        """
        limit = min(limit, len(self) if among is None else len(among))
        if limit < 1:
            return []
        parameters = None
        if among is not None:
            selected = np.fromiter(among, dtype=np.int64, count=len(among))
            selector = faiss.IDSelectorBatch(selected)
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg] # no stub
        scores, ids = self._index.search(question.reshape(1, -1), limit, params=parameters)
        hits = [
            Hit(int(vector_id), float(score))
            for vector_id, score in zip(ids[0], scores[0], strict=True)
            # FAISS fills up with -1 where fewer are selected than asked for.
            if vector_id >= 0
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))

    def score(self, question: Vectors, ids: Sequence[int]) -> list[Hit]:
        """Return the inner products with the vectors of `ids`, leaving out ids it doesn't hold."""
        known = [vector_id for vector_id in ids if vector_id in self.ids]
        scores = self.vectors(known) @ question
        return [
            Hit(vector_id, float(score)) for vector_id, score in zip(known, scores, strict=True)
        ]

    def vectors(self, ids: Sequence[int]) -> Vectors:
        """Return the vectors of `ids`, all of which it must hold: (len(ids), dimension)."""
        if not len(ids):
            return np.zeros((0, self.dimension), dtype=np.float32)
        vectors: Vectors = self._index.reconstruct_batch(np.asarray(ids, dtype=np.int64))
        return vectors
