"""Faults: what is wrong with the files of a data set, collected to be told all at once."""

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from massilia.corpus.errors import show_value
from massilia.eval.dataset import DatasetError

SHOWN_FAULTS = 20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Place = str
"""Where something stands in a data set, as people are told it: "corpus.jsonl, line 3"."""

_Entry = TypeVar("_Entry")
_Values = TypeVar("_Values")
_Row = TypeVar("_Row")


class Faults:
    """Collect faults in the order in which they are found; `count` is how many there are."""

    def __init__(self) -> None:
        self.count = 0
        self._shown: list[str] = []

    def add(self, place: Place, reason: object) -> None:
        """Note what is wrong at a place: a file, mostly with a line of it."""
        self.count += 1
        if self.count <= SHOWN_FAULTS:
            self._shown.append(f"{place}: {reason}")

    def raise_any(self) -> None:
        """Raise `DatasetError` if there are faults, with the first SHOWN_FAULTS, one a line."""
        if not self.count:
            return
        hidden = self.count - len(self._shown)
        raise DatasetError("\n".join(self._shown + [f"and {hidden} more"] * bool(hidden)))


@dataclass(frozen=True, slots=True)
class Rows(Generic[_Row]):
    """Hold the good rows of a file by id, and the place of every id, those of bad rows included.

    `all_named` is false where a row's id couldn't be read.
    """

    by_id: dict[str, _Row]
    places: dict[str, Place]
    all_named: bool

    @property
    def known_ids(self) -> Container[str] | None:
        """Give the ids that others may name, or None where that can't be told."""
        return self.places if self.places and self.all_named else None


def collect_rows(
    entries: Iterable[tuple[Place, _Entry]],
    parse: Callable[[_Entry], tuple[str, _Values]],
    read: Callable[[str, _Values], _Row],
    faults: Faults,
) -> Rows[_Row]:
    """Return the rows that entries make: `parse` finds the id of one, and `read` makes the row.

    A `ValueError` of either is a fault, and so is an id that an earlier entry has.
    """
    by_id: dict[str, _Row] = {}
    places: dict[str, Place] = {}
    all_named = True
    for place, entry in entries:
        try:
            row_id, values = parse(entry)
        except ValueError as error:
            faults.add(place, error)
            all_named = False
            continue
        if row_id in places:
            faults.add(place, f"the id {show_value(row_id)} stands in {places[row_id]} too")
            continue
        places[row_id] = place
        try:
            by_id[row_id] = read(row_id, values)
        except ValueError as error:
            faults.add(place, error)
    return Rows(by_id, places, all_named)


def read_lines(path: Path, faults: Faults) -> Iterator[tuple[Place, bytes]]:
    r"""Yield each line of a file that isn't blank, with its place; only \n ends a line.

    A file that can't be read is a fault, and yields nothing.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if number == 1:
                    line = line.removeprefix(_BYTE_ORDER_MARK)
                if line.strip():
                    yield f"{path.name}, line {number}", line.rstrip(b"\r\n")
    except OSError as error:
        faults.add(str(path), f"can't be read: {error.strerror}")


def decode_line(line: bytes) -> str:
    """Return UTF-8 `line` as text; raises `ValueError` naming the first byte that isn't."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(_describe_byte(error)) from error


def read_text(path: Path, faults: Faults) -> str:
    """Return the text of a file; one that can't be read or isn't UTF-8 is a fault, and empty."""
    try:
        data = path.read_bytes().removeprefix(_BYTE_ORDER_MARK)
    except OSError as error:
        faults.add(str(path), f"can't be read: {error.strerror}")
        return ""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        faults.add(f"{path.name}, line {line}", _describe_byte(error))
        return ""


def _describe_byte(error: UnicodeDecodeError) -> str:
    return f"not UTF-8 text: byte 0x{error.object[error.start]:02x}"
