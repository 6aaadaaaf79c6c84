"""The vectors of passages' tokens in a file: written as it grows, mapped into memory to be read.

The file is a mark, a record for each passage, a directory of the records, and an end that says
where the directory lies. The end is written last: a file that lacks it is refused.
"""

import io
import mmap
import os
import struct
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from massilia.index.encoder import TokenVectors
from massilia.index.sorted_ids import ABSENT, find_rows
from massilia.index.token_codec import TokenCodec

LEAD = 255
"""Stands in the place of a sentence for tokens of the title and heading, which lead the text."""
REMEMBERED = 4_096
"""Of how many passages the arrays are remembered, half a kilobyte each: making them takes 4 µs, and
a question needs those of some fifty."""
_MARK = b"MASSTOK1"
# Where the directory starts, its CRC-32, and the mark again.
_END = struct.Struct("<QI8s")


@dataclass(frozen=True, slots=True, eq=False)
class PassageTokens:
    """Hold the tokens that are kept of a passage, in their order.

    `ids`, of shape (tokens,), name them in the encoder's vocabulary; `vectors`, of shape (tokens,
    size), are what the codec made of theirs; `sentences`, of shape (tokens,), say in which sentence
    of the passage each stands, counted from 0, or `LEAD`.
    """

    ids: NDArray[np.int32]
    vectors: NDArray[np.uint8]
    sentences: NDArray[np.uint8]

    def pack(self) -> bytes:
        """Return the tokens as bytes, which `unpack` reads."""
        return self.ids.tobytes() + self.sentences.tobytes() + self.vectors.tobytes()

    @classmethod
    def unpack(cls, content: bytes | memoryview, size: int) -> "PassageTokens":
        """Return the tokens that `pack` made bytes of, without copying them.

        `size` is that of a token's vector. Raises `ValueError` for bytes of another size.
        """
        count, rest = divmod(len(content), 5 + size)
        if rest:
            raise ValueError(f"{len(content)} bytes are no whole number of tokens of {5 + size}")
        ids = np.frombuffer(content, np.int32, count)
        sentences = np.frombuffer(content, np.uint8, count, offset=4 * count)
        vectors = np.frombuffer(content, np.uint8, offset=5 * count)
        return cls(ids, vectors.reshape(count, size), sentences)


class TokenWriter:
    """Write a token store, passage by passage; leaving the context completes the file.

    Left by an exception, the file stays incomplete, and `TokenStore.open` refuses it.
    """

    def __init__(self, path: Path, codec: TokenCodec) -> None:
        self._codec = codec
        self._ids: list[int] = []
        self._starts: list[int] = []
        self._checksums: list[int] = []
        self._counts: Counter[int] = Counter()
        self._file = path.open("wb")
        self._file.write(_MARK)

    def __enter__(self) -> "TokenWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._file:
            if error is None:
                self._complete()

    def append(
        self, passage_id: int, tokens: TokenVectors, start: int, sentence_ends: Sequence[int]
    ) -> None:
        """Add the tokens of what the encoder was given for a passage.

        The passage's own text starts there at `start`, after title and heading, and its sentences
        end at `sentence_ends`, ascending, all in code points. Raises `ValueError` where there is
        no sentence, or an id doesn't fit into 32 bits.
        """
        if not len(sentence_ends):
            raise ValueError(f"the passage {passage_id} has no sentence")
        if len(tokens.ids) and not -(2**31) <= tokens.ids.min() <= tokens.ids.max() < 2**31:
            raise ValueError(f"the passage {passage_id} has a token whose id exceeds 32 bits")
        kept = np.isin(tokens.ids, self._codec.dropped, invert=True)
        ends = tokens.ends[kept]
        # White space before a sentence belongs to it, as it does for the tokenizer.
        sentences = np.searchsorted(sentence_ends, ends).clip(max=len(sentence_ends) - 1)
        sentences = np.where(ends <= start, LEAD, sentences.clip(max=LEAD - 1))
        passage = PassageTokens(
            tokens.ids[kept].astype(np.int32),
            self._codec.encode(tokens.vectors[kept]),
            sentences.astype(np.uint8),
        )
        dropped = np.packbits(np.isin(self._codec.dropped, tokens.ids))
        self._add(passage_id, dropped.tobytes() + passage.pack(), set(tokens.ids.tolist()))

    def copy(self, passage_id: int, store: "TokenStore") -> None:
        """Add a passage as `store`, of this writer's own codec, holds it.

        Raises `KeyError` where it doesn't, and `RuntimeError` where the file is damaged.
        """
        if not store.codec.equals(self._codec):
            raise ValueError("the tokens of another codec can't be copied")
        record, dropped = store.read_record(passage_id)
        passage = PassageTokens.unpack(record[len(dropped) :], self._codec.size)
        seen = np.unpackbits(np.frombuffer(dropped, np.uint8), count=len(self._codec.dropped))
        ids = {*passage.ids.tolist(), *self._codec.dropped[seen.astype(bool)].tolist()}
        self._add(passage_id, record, ids)

    def _add(self, passage_id: int, record: bytes | memoryview, ids: set[int]) -> None:
        self._ids.append(passage_id)
        self._starts.append(self._file.tell())
        self._checksums.append(zlib.crc32(record))
        self._counts.update(ids)
        self._file.write(record)

    def _complete(self) -> None:
        end = self._file.tell()
        ids = np.array(self._ids, dtype=np.int64)
        order = np.argsort(ids, kind="stable")
        twice = ids[order][1:][np.diff(ids[order]) == 0]
        if len(twice):
            raise ValueError(f"the passage {twice[0]} was added twice")
        starts = np.array(self._starts, dtype=np.int64)
        counted = np.array(sorted(self._counts.items()), dtype=np.int64).reshape(-1, 2)
        directory = io.BytesIO()
        for values in (
            ids[order],
            starts[order],
            np.append(starts[1:], end)[order] if len(starts) else starts,
            np.array(self._checksums, dtype=np.uint32)[order],
            *counted.T,
            self._codec.mean,
            self._codec.steps,
            self._codec.dropped,
        ):
            np.save(directory, values)
        content = directory.getbuffer()
        self._file.write(content)
        self._file.write(_END.pack(end, zlib.crc32(content), _MARK))
        self._file.flush()
        os.fsync(self._file.fileno())


class TokenStore:
    """Read the tokens of passages from a file that stays on the disk.

    A passage is checked against its CRC-32 when it is read for the first time.
    """

    def __init__(self, path: Path, content: mmap.mmap, directory: Sequence[NDArray[Any]]) -> None:
        self._path = path
        self._content = memoryview(content)
        (
            self.ids,
            self._starts,
            self._ends,
            self._checksums,
            self._counted_ids,
            self._counts,
            mean,
            steps,
            dropped,
        ) = directory
        self.codec = TokenCodec(mean, steps, dropped)
        self._flags = -(-len(dropped) // 8)
        self._checked = np.zeros(len(self.ids), dtype=bool)
        self._unpack_often = lru_cache(REMEMBERED)(self._unpack)

    @classmethod
    def open(cls, path: Path) -> "TokenStore":
        """Map a file that `TokenWriter` completed.

        Raises `OSError`, and `RuntimeError` where the file is anything else.
        """
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size < len(_MARK) + _END.size:
                raise RuntimeError(f"{path} is no token store: it has {size} bytes")
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        start, checksum, mark = _END.unpack_from(content, size - _END.size)
        if not content[: len(_MARK)] == mark == _MARK:
            raise RuntimeError(f"{path} is no token store, or not a complete one")
        directory = content[start : size - _END.size]
        if zlib.crc32(directory) != checksum:
            raise RuntimeError(f"{path} is damaged: its directory is not what was written")
        stream = io.BytesIO(directory)
        return cls(path, content, [np.load(stream) for _ in range(9)])

    def __len__(self) -> int:
        return len(self.ids)

    def read(self, passage_ids: Sequence[int]) -> list[PassageTokens | None]:
        """Return the tokens of each passage, None for one that it doesn't hold.

        The arrays are views of the file. Raises `RuntimeError` where the file is damaged.
        """
        rows = find_rows(self.ids, passage_ids).tolist()
        return [None if row == ABSENT else self._unpack_often(row) for row in rows]

    def count_passages_with(self, token_ids: Sequence[int]) -> dict[int, int]:
        """Return in how many passages each token occurs, those that are dropped as well."""
        rows = find_rows(self._counted_ids, token_ids).tolist()
        return {
            token_id: 0 if row == ABSENT else int(self._counts[row])
            for token_id, row in zip(token_ids, rows, strict=True)
        }

    def read_record(self, passage_id: int) -> tuple[memoryview, memoryview]:
        """Return the record of a passage, and the part of it that says what was dropped.

        Raises `KeyError` where it isn't held, and `RuntimeError` where the file is damaged.
        """
        (row,) = find_rows(self.ids, [passage_id]).tolist()
        if row == ABSENT:
            raise KeyError(f"{self._path} holds no passage {passage_id}")
        record = self._read_record(row)
        return record, record[: self._flags]

    def _unpack(self, row: int) -> PassageTokens:
        return PassageTokens.unpack(self._read_record(row)[self._flags :], self.codec.size)

    def _read_record(self, row: int) -> memoryview:
        record = self._content[self._starts[row] : self._ends[row]]
        if not self._checked[row]:
            if zlib.crc32(record) != self._checksums[row]:
                raise RuntimeError(
                    f"{self._path} is damaged: the tokens of the passage {self.ids[row]} are not "
                    "what was written"
                )
            self._checked[row] = True
        return record
