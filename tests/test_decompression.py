import gzip
from collections.abc import Iterable
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massilia.ingest.decompression import decompress_gzip, read_gzip


def refuse(chunks: Iterable[bytes]) -> str:
    with pytest.raises(ValueError) as caught:
        list(decompress_gzip(chunks))
    return str(caught.value)


def split(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(1, 40))
def test_members_are_read_one_after_another_however_they_are_cut(
    contents: list[bytes], size: int
) -> None:
    data = b"".join(map(gzip.compress, contents))
    assert b"".join(decompress_gzip(split(data, size))) == b"".join(contents)


@pytest.mark.parametrize("size", [1, 65_535, 65_536, 65_537, 131_072, 1_000_000])
def test_contents_of_any_size_are_read_in_pieces_of_64_kib(size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    for level in (0, 9):
        pieces = list(decompress_gzip([gzip.compress(content[:size], level)]))
        assert b"".join(pieces) == content[:size]
        assert max(map(len, pieces)) <= 65_536


def test_a_bomb_is_taken_apart_no_further_than_it_is_read() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    chunks = iter(split(bomb, 1_000))
    read = sum(map(len, islice(decompress_gzip(chunks), 20)))
    assert read <= 20 * 65_536
    # A thousand bytes of it are a million.
    assert len(list(chunks)) >= 46
    with pytest.raises(ValueError, match=r"more than the limit of 1,000,000 bytes"):
        read_gzip(bomb, 1_000_000)
    assert read_gzip(bomb, 50_000_000) == bytes(50_000_000)


@pytest.mark.parametrize("rest", [b"\0" * 200_000, b"not gzip"])
def test_what_follows_the_last_member_is_left_out(rest: bytes) -> None:
    data = gzip.compress(b"text") + rest
    assert b"".join(decompress_gzip([data])) == b"text"
    assert b"".join(decompress_gzip(split(data, 7))) == b"text"


def test_damaged_data_is_refused() -> None:
    data = gzip.compress(bytes(range(256)) * 10)
    assert refuse([]) == refuse([b""]) == "gzip data that breaks off"
    for end in (1, 9, 10, len(data) // 2, len(data) - 1):
        assert refuse([data[:end]]) == "gzip data that breaks off"
    assert refuse([data[:-5] + b"\0" + data[-4:]]) == "damaged gzip data"
    assert refuse([b"plain text"]) == refuse([data, b"\x1f\0"]) == "damaged gzip data"
    assert refuse([data, data[:20]]) == "gzip data that breaks off"


def test_a_flood_of_empty_members_is_refused() -> None:
    member = gzip.compress(b"")
    assert list(decompress_gzip([member * 1_000])) == []
    assert refuse([member * 1_001]) == "gzip data of more than 1,000 members"
