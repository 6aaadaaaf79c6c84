"""What is known of a place before it is read, and how people call it."""

import os
import time
from pathlib import Path

import pytest

from massilia.ingest.job import has_stamp, join_stamps, name_place, stamp_file


def write(path: Path, text: str = "The quay.", seconds_ago: float = 10.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    then = time.time() - seconds_ago
    os.utime(path, (then, then))
    return path


def test_a_stamp_changes_with_the_size_the_time_and_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "quay.txt")
    stamp = stamp_file(path)
    assert stamp is not None and stamp_file(path) == stamp
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert stamp_file(path) != stamp
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert stamp_file(path) == stamp
    path.write_text("The quays.")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert stamp_file(path) != stamp
    # Another file that was moved here, as old and as large.
    other = tmp_path / "other.txt"
    other.write_text("The crane")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.rename(path)
    assert path.stat().st_size == status.st_size
    assert stamp_file(path) != stamp


def test_a_file_just_written_or_not_there_has_no_stamp(tmp_path: Path) -> None:
    assert stamp_file(write(tmp_path / "new.txt", seconds_ago=1)) is None
    assert stamp_file(write(tmp_path / "tomorrow.txt", seconds_ago=-86_400)) is None
    assert stamp_file(tmp_path / "none.txt") is None
    loop = tmp_path / "loop.txt"
    loop.symlink_to(loop)
    assert stamp_file(loop) is None


def test_a_stamp_is_of_a_file_and_of_its_sources(tmp_path: Path) -> None:
    path = write(tmp_path / "fr" / "quay.md")
    alone = stamp_file(path)
    assert alone and has_stamp(path, alone)
    catalogue = write(tmp_path / "sources.json", "[]")
    # It had none when it was read.
    assert has_stamp(path, alone)
    both = join_stamps(alone, stamp_file(catalogue))
    assert both and has_stamp(path, both)
    nearer = write(tmp_path / "fr" / "sources.json", "[]")
    assert not has_stamp(path, both)
    nearer.unlink()
    assert has_stamp(path, both)
    write(catalogue, "[ ]")
    assert not has_stamp(path, both)
    catalogue.unlink()
    assert not has_stamp(path, both)


@pytest.mark.parametrize("stamps", [("a", None), (None, "b"), (None, None)])
def test_a_stamp_that_lacks_one_of_two_is_none(stamps: tuple[str | None, str | None]) -> None:
    assert join_stamps(*stamps) is None


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("/press/2022/Le port.txt", "Le port.txt"),
        ("/press/-a\nadded b\x1b[2J.txt", "-a\ufffdadded b\ufffd[2J.txt"),
        ("https://example.org/a/b.html", "https://example.org/a/b.html"),
        ("-0123456789abcdef", "standard input"),
        ("-", "standard input"),
    ],
)
def test_a_place_has_a_name_for_people_on_one_line(place: str, name: str) -> None:
    assert name_place(place) == name
