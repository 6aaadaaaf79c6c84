"""The blocks of a DOCX document's own part: paragraphs, with their level, and tables.

The elements are those of WordprocessingML (ECMA-376, part 1, 17), told by their local names: the
strict and the transitional form of the format differ in the names' namespaces alone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from massilia.corpus.article import normalise_text
from massilia.corpus.pattern import Pattern
from massilia.ingest.docx_styles import Styles, find_child, get_value, is_on
from massilia.ingest.extraction import Dropped
from massilia.ingest.xml_part import split_name

if TYPE_CHECKING:
    from massilia.ingest.xml_part import Element

# What holds blocks, or parts of a paragraph, in their order.
_WRAPPERS: Final = frozenset(
    ["bdo", "customXml", "dir", "fldSimple", "hyperlink", "ins", "moveTo", "sdtContent", "smartTag"]
)
_DELETED: Final = frozenset(["del", "moveFrom"])
MAX_COLUMNS: Final = 100

_BREAKS: Final = {"tab": " ", "ptab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_CONTENTS: Final = "Table of Contents"
_SPACES = Pattern(r"[^\S\u00a0\u202f\n]+")
_LINE_ENDS = Pattern(r" ?\n[ \n]*")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Hold a paragraph's text; `level` is 0 unless it is a heading."""

    text: str
    level: int = 0
    is_title: bool = False
    is_bold: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """Hold a cell of a table: what is in it, how many columns wide it is, and its looks.

    A cell that `continues` belongs to the one above it.
    """

    blocks: tuple[Paragraph | Table, ...]
    width: int = 1
    continues: bool = False
    is_shaded: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Hold a table's rows; `headed` says whether the document marks the first as names."""

    rows: tuple[tuple[Cell, ...], ...]
    headed: bool


Block = Paragraph | Table


class BlockReader:
    """Read the blocks of parts, and note in `dropped` what of them is left out."""

    def __init__(self, styles: Styles) -> None:
        self.dropped: list[Dropped] = []
        self._styles = styles

    def read(self, container: Element) -> Iterator[Block]:
        """Yield the blocks in an element, in their order; those of a text box after its anchor."""
        for child in container:
            match split_name(str(child.tag)):
                case "p":
                    yield from self._read_paragraph(child)
                case "tbl":
                    yield self._read_table(child)
                case "sdt":
                    yield from self._read_control(child)
                case "AlternateContent":
                    for choice in _choose(child):
                        yield from self.read(choice)
                case name if name in _WRAPPERS:
                    yield from self.read(child)
                case name if name in _DELETED:
                    self._drop(child, "a tracked deletion")

    def read_notes(self, part: Element, reason: str) -> None:
        """Note the text of a part that is left out, paragraph by paragraph."""
        self._drop(part, reason)

    def _drop(self, element: Element, reason: str) -> None:
        for paragraph in element.iter("{*}p"):
            text = _clean("".join(each.text or "" for each in paragraph.iter("{*}t", "{*}delText")))
            if text:
                self.dropped.append(Dropped(text, reason))

    def _read_control(self, control: Element) -> Iterator[Block]:
        part = find_child(find_child(control, "sdtPr"), "docPartObj")
        if get_value(find_child(part, "docPartGallery")) == _CONTENTS:
            self._drop(control, "a table of contents")
            return
        for child in control:
            if split_name(str(child.tag)) == "sdtContent":
                yield from self.read(child)

    def _read_paragraph(self, element: Element) -> Iterator[Block]:
        style = self._styles.find(find_child(element, "pPr"))
        content = _Content()
        self._read_inline(element, content)
        text = _clean("".join(content.pieces))
        for reason, pieces in content.left_out.items():
            if left_out := _clean("".join(pieces)):
                self.dropped.append(Dropped(left_out, reason))
        if text and style.is_contents:
            self.dropped.append(Dropped(text, "a line of a table of contents"))
        elif text:
            yield Paragraph(text, style.level, style.is_title, content.is_bold)
        for box in content.boxes:
            yield from self.read(box)

    def _read_inline(self, element: Element, content: _Content) -> None:
        for child in element:
            match split_name(str(child.tag)):
                case "r":
                    self._read_run(child, content)
                case "oMath" | "oMathPara":
                    content.pieces += (each.text or "" for each in child.iter("{*}t"))
                case "sdt":
                    self._read_inline(child, content)
                case "AlternateContent":
                    for choice in _choose(child):
                        self._read_inline(choice, content)
                case name if name in _WRAPPERS:
                    self._read_inline(child, content)
                case name if name in _DELETED:
                    deleted = (each.text or "" for each in child.iter("{*}t", "{*}delText"))
                    content.leave_out("".join(deleted), "a tracked deletion")

    def _read_run(self, run: Element, content: _Content) -> None:
        properties = find_child(run, "rPr")
        pieces: list[str] = []
        for child in run:
            name = split_name(str(child.tag))
            if name == "t":
                pieces.append(child.text or "")
            elif name in _BREAKS:
                pieces.append(_BREAKS[name])
            elif name == "ruby":
                base = find_child(child, "rubyBase")
                pieces += (each.text or "" for each in ([] if base is None else base.iter("{*}t")))
            else:
                content.boxes += _find_boxes(child)
        text = "".join(pieces)
        if is_on(properties, "vanish"):
            content.leave_out(text, "hidden text")
            return
        if text.strip() and not is_on(properties, "b"):
            content.is_bold = False
        content.pieces.append(text)

    def _read_table(self, table: Element) -> Table:
        properties = find_child(table, "tblPr")
        rows: list[tuple[Cell, ...]] = []
        marked = False
        for row in _find_rows(table):
            cells = tuple(self._read_cell(cell) for cell in _find_cells(row))
            if not rows:
                marked = is_on(find_child(row, "trPr"), "tblHeader")
            rows.append(cells)
        return Table(tuple(rows), marked or self._styles.names_columns(properties))

    def _read_cell(self, cell: Element) -> Cell:
        properties = find_child(cell, "tcPr")
        width = get_value(find_child(properties, "gridSpan")) or ""
        merged = find_child(properties, "vMerge")
        shading = find_child(properties, "shd")
        fill = "" if shading is None else get_value(shading, "fill") or ""
        return Cell(
            tuple(self.read(cell)),
            int(width) if width.isdecimal() and 0 < int(width) <= MAX_COLUMNS else 1,
            merged is not None and get_value(merged) != "restart",
            fill not in {"", "auto", "FFFFFF"},
        )


@dataclass(slots=True)
class _Content:
    """Hold the pieces of a paragraph as they are read."""

    pieces: list[str] = field(default_factory=list)
    boxes: list[Element] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    is_bold: bool = True

    def leave_out(self, text: str, reason: str) -> None:
        self.left_out.setdefault(reason, []).append(text)


def _choose(alternatives: Element) -> Iterator[Element]:
    """Yield the first of several forms of one content: the others say the same."""
    for form in alternatives:
        if split_name(str(form.tag)) in {"Choice", "Fallback"}:
            yield form
            return


def _find_boxes(element: Element) -> Iterator[Element]:
    """Yield the contents of the text boxes in an element, but not of those within others."""
    name = split_name(str(element.tag))
    if name == "txbxContent":
        yield element
        return
    for child in _choose(element) if name == "AlternateContent" else element:
        yield from _find_boxes(child)


def _find_rows(table: Element) -> Iterator[Element]:
    yield from _find_in_wrappers(table, "tr")


def _find_cells(row: Element) -> Iterator[Element]:
    yield from _find_in_wrappers(row, "tc")


def _find_in_wrappers(element: Element, name: str) -> Iterator[Element]:
    for child in element:
        tag = split_name(str(child.tag))
        if tag == name:
            if not _is_deleted(child):
                yield child
        elif tag in _WRAPPERS or tag == "sdt":
            yield from _find_in_wrappers(child, name)


def _is_deleted(row: Element) -> bool:
    return find_child(find_child(row, "trPr"), "del") is not None


def _clean(text: str) -> str:
    """Return text in NFC with single spaces, without what isn't seen."""
    text = normalise_text(text).replace("\u00ad", "")
    text = "".join(each for each in text if each == "\n" or unicodedata.category(each) != "Cc")
    return _LINE_ENDS.sub("\n", _SPACES.sub(" ", text)).strip()
