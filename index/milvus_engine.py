"""Milvus as the engine of a library."""

from collections.abc import Mapping

import numpy as np

from massilia.index.encoder_input import compose_passage
from massilia.index.local import LocalIndex
from massilia.index.milvus import EncodedPassage, MilvusIndex, check_connection, name_collection
from massilia.index.store import Snapshot


class MilvusEngine:
    """Hold each generation in collections of Milvus that are named after it.

    `uri` is a server's address or, for Milvus Lite, a file whose name ends in `.db`.
    """

    name = "milvus"

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def check(self) -> None:
        """Raise `LibraryError` unless Milvus answers."""
        check_connection(self._uri)

    def fill(self, generation_id: str, snapshot: Snapshot, local: LocalIndex) -> None:
        """Write the passages of `snapshot` into collections; raises `LibraryError`."""
        ids = [passage.id for passage in snapshot.passages]
        tokens = local.read_tokens(ids)
        passages = [
            EncodedPassage(row, compose_passage(text).text, vector, own)
            for row, text, vector, own in zip(
                snapshot.rows, snapshot.passages, local.read_vectors(ids), tokens, strict=True
            )
        ]
        counts: Mapping[int, int] = {}
        if local.codec is not None:
            seen = [each.ids for each in tokens if each is not None]
            token_ids = np.unique(np.concatenate([local.codec.dropped, *seen]))
            counts = local.count_passages_with(token_ids.tolist())
        MilvusIndex.build(
            self._uri,
            name_collection(generation_id),
            local.passage_vectors.dimension,
            passages,
            local.codec,
            counts,
        )

    def open(self, generation_id: str, local: LocalIndex) -> MilvusIndex:
        """Open the collections of a generation; raises `LibraryError` unless they are whole."""
        return MilvusIndex.open(self._uri, name_collection(generation_id))

    def drop(self, generation_id: str) -> None:
        """Delete the collections of a generation, if there are any; raises `LibraryError`."""
        MilvusIndex.drop(self._uri, name_collection(generation_id))
