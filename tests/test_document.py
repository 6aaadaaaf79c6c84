"""The bytes of an article file, as text that can be stored."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from massilia.corpus.document import MAX_BYTES, decode_document, normalise_line, read_document
from massilia.corpus.errors import ArticleError


def refuse(read: Callable[[], object]) -> ArticleError:
    with pytest.raises(ArticleError) as caught:
        read()
    return caught.value


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"a\nb\n\0", 3, "not a text file: it holds a NUL byte"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 3, "not a text file: it holds a NUL byte"),
        ("le café".encode("utf-16"), 1, "not a text file: it holds a NUL byte"),
        ("a\nle café".encode("cp1252"), 2, "not UTF-8 text: byte 0xe9 at offset 8"),
        (b"\xef\xbb\xbf\n\xe9", 2, "not UTF-8 text: byte 0xe9 at offset 4"),
        (b"a\n\xed\xa0\x80", 2, "not UTF-8 text: byte 0xed at offset 2"),
    ],
)
def test_bytes_that_are_no_utf8_text_are_refused(data: bytes, line: int, reason: str) -> None:
    error = refuse(lambda: decode_document(data, "port.md"))
    assert (error.line, error.reason) == (line, reason)


def test_byte_order_marks_line_ends_and_accents_are_normalised() -> None:
    assert decode_document("\ufeffe\u0301\r\na\rb\u2028".encode(), "port.md") == "é\na\nb\u2028"
    assert normalise_line(" e\u0301 \n\t a\u00a0? \u00a0") == "é a\u00a0?"
    assert normalise_line(" \n\u202f") is None


@pytest.mark.parametrize("character", ["\0", "\x1b", "\ud800", "\udfff"])
def test_what_cannot_be_stored_is_told(character: str) -> None:
    with pytest.raises(ValueError, match=f"U\\+{ord(character):04X} cannot be stored"):
        normalise_line(f"a{character}b")


def test_a_file_of_twenty_million_bytes_is_read_and_one_byte_more_is_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "port.md"
    path.write_bytes(b"a\n" * (MAX_BYTES // 2))
    assert len(read_document(path, "port.md")) == 20_000_000
    with path.open("ab") as file:
        file.write(b"a")
    error = refuse(lambda: read_document(path, "port.md"))
    assert error.reason == "20,000,001 bytes, more than the limit of 20,000,000"


def test_what_is_no_readable_file_is_refused(tmp_path: Path) -> None:
    loop = tmp_path / "loop.md"
    loop.symlink_to(loop)
    for path, reason in [
        (tmp_path, "cannot be read: not a regular file"),
        (Path(os.devnull), "cannot be read: not a regular file"),
        (tmp_path / "none.md", "cannot be read: No such file or directory"),
        (loop, "cannot be read: Too many levels of symbolic links"),
    ]:
        assert refuse(partial(read_document, path, "port.md")).reason == reason


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "port.md"
    path.touch(mode=0)
    error = refuse(lambda: read_document(path, "port.md"))
    assert error.reason == "cannot be read: Permission denied"
