"""Gzip data, taken apart in small pieces so that a bomb is seen before it fills the memory."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

GZIP_MAGIC: Final = b"\x1f\x8b"

_PIECE: Final = 65_536
_GZIP_WINDOW: Final = zlib.MAX_WBITS | 16
# Appending to a log or `cat a.gz b.gz` makes a few members; millions of empty ones only cost time.
_MAX_MEMBERS: Final = 1_000


def decompress_gzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what gzip data holds (RFC 1952), in pieces of at most 64 KiB.

    Raises `ValueError` where the data isn't gzip, breaks off, or has more than 1,000 members. What
    follows the last member and is no other is left out.
    """
    inflater = zlib.decompressobj(_GZIP_WINDOW)
    members = 1
    for piece in _cut(chunks):
        rest = piece
        while True:
            if inflater.eof:
                rest = inflater.unused_data or rest
                if not rest.startswith(GZIP_MAGIC[:1]):
                    break
                if (members := members + 1) > _MAX_MEMBERS:
                    raise ValueError(f"gzip data of more than {_MAX_MEMBERS:,} members")
                inflater = zlib.decompressobj(_GZIP_WINDOW)
            try:
                inflated = inflater.decompress(rest, _PIECE)
            except zlib.error as error:
                raise ValueError("damaged gzip data") from error
            if inflated:
                yield inflated
            rest = inflater.unconsumed_tail
            if not inflater.eof and not rest:
                break
    if not inflater.eof:
        raise ValueError("gzip data that breaks off")


def read_gzip(data: bytes, limit: int) -> bytes:
    """Return what gzip data holds.

    Raises `ValueError` as `decompress_gzip` does, and when it holds more than `limit` bytes.
    """
    content = bytearray()
    for piece in decompress_gzip([data]):
        content += piece
        if len(content) > limit:
            raise ValueError(f"more than the limit of {limit:,} bytes when decompressed")
    return bytes(content)


def _cut(chunks: Iterable[bytes]) -> Iterator[bytes]:
    # zlib copies what it leaves of its input, each time.
    for chunk in chunks:
        for start in range(0, len(chunk), _PIECE):
            yield chunk[start : start + _PIECE]
