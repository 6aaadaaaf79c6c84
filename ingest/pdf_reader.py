"""The lines of a PDF's pages and its own words about itself, read with PDFium.

pypdfium2 (Google's PDFium) was chosen over pypdf on French texts that Chromium printed, on 11 pages
in one column and 10 pages in two justified ones: it took 0.035 s for each against 0.60 and 0.70 s,
and found 99.5 % of the words of the second, which is hyphenated (pypdf takes soft hyphens for
spaces: 76 %). It makes no-break spaces plain ones, which pypdf doesn't, and ends the process where
the memory runs out: read strangers' files with `run_confined`.
"""

from __future__ import annotations

import ctypes
import math
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from massilia.corpus.errors import ArticleError
from massilia.ingest.extraction import Dropped
from massilia.ingest.pdf_line import Line, clean_characters, is_mapped

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

MAX_PAGES: Final = 5_000
"""War and Peace has 1,500. A file of 6 MB can claim a million."""
MAX_CHARACTERS: Final = 20_000_000
"""As many as a text file may have bytes."""
INFORMATION: Final = ("Title", "Author", "CreationDate", "ModDate")
"""What is read of the document information (ISO 32000-1, 14.3.3)."""

# PDFium puts it for a hyphen at the end of a line, and drops the line's end.
_HYPHEN: Final = "\x02"
_HYPHEN_PROPER: Final = "\u2010"
_SOFT_HYPHEN: Final = "\u00ad"
_HYPHENS: Final = frozenset(["-", _HYPHEN, _HYPHEN_PROPER, _SOFT_HYPHEN])
_LINE_ENDS: Final = frozenset(["\r", "\n", _HYPHEN])
# Not among the quarters of a turn; in these, a letter may be off by so much.
_SLANTED: Final = -1
_MAX_SLANT = 0.1
_MIN_SIZE = 0.1
# Where so many characters are none, the fonts number their letters as they please.
_MAX_UNMAPPED = 0.2
_SAMPLED = 5


@dataclass(slots=True)
class PdfContent:
    """Hold the lines of each page, from the first, and the values of INFORMATION, often empty."""

    pages: list[list[Line]] = field(default_factory=list)
    information: dict[str, str] = field(default_factory=dict)
    dropped: list[Dropped] = field(default_factory=list)


def read_pdf(data: bytes, origin: str) -> PdfContent:
    """Return what a PDF holds, in the order in which its pages draw it.

    Raises `ArticleError` for a file that is damaged, needs a password, has more than MAX_PAGES, or
    shows no text. Not for several threads at once, which PDFium isn't made for.
    """
    import pypdfium2

    reader = _Reader(origin, pypdfium2.raw, pypdfium2.PdfiumError)
    # PDFium tells the fault of the file before where it finds no page in this one.
    with suppress(pypdfium2.PdfiumError):
        pypdfium2.PdfDocument(b"")
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise ArticleError(origin, reader.explain(error.err_code)) from error
    with document:
        return reader.read(document)


class _Reader:
    """Read one document; `raw` are PDFium's own functions."""

    def __init__(self, origin: str, raw: Any, failure: type[Exception]) -> None:  # noqa: ANN401
        self._origin = origin
        self._raw = raw
        self._failure = failure
        self._content = PdfContent()
        self._characters = 0
        self._unmapped = 0
        self._images = 0
        self._damaged = 0
        self._has_hyphens = False
        self._matrix = raw.FS_MATRIX()
        self._doubles = [ctypes.c_double() for _ in range(4)]

    def explain(self, code: int | None) -> str:
        if code == self._raw.FPDF_ERR_PASSWORD:
            return "encrypted: it can't be opened without its password"
        if code == self._raw.FPDF_ERR_SECURITY:
            return "encrypted in a way that isn't read"
        return "damaged: no PDF can be read in it"

    def read(self, document: PdfDocument) -> PdfContent:
        content = self._content
        count = len(document)
        if count > MAX_PAGES:
            self._refuse(f"{count:,} pages, more than the limit of {MAX_PAGES:,}")
        for key in INFORMATION:
            content.information[key] = document.get_metadata_value(key)
        for number in range(count):
            try:
                lines = self._read_page(document, number)
            except self._failure:
                self._damaged += 1
                lines = []
                content.dropped.append(Dropped(f"page {number + 1}", "the page is damaged"))
            content.pages.append(lines)
            if self._characters > MAX_CHARACTERS:
                self._refuse(f"more than {MAX_CHARACTERS:,} characters of text")
        self._check()
        if self._has_hyphens:
            # A file that writes words with it doesn't keep it for the ends of lines.
            content.pages = [
                [replace(line, soft=False) for line in lines] for lines in content.pages
            ]
        return content

    def _refuse(self, reason: str) -> None:
        raise ArticleError(self._origin, reason)

    def _check(self) -> None:
        if self._unmapped > _MAX_UNMAPPED * self._characters:
            self._refuse("its fonts don't say which characters they show: run OCR first")
        if any(self._content.pages):
            return
        if self._images:
            self._refuse("page images without text: run OCR first")
        if self._damaged:
            self._refuse("damaged: none of its pages can be read")
        self._refuse("its pages show no text")

    def _read_page(self, document: PdfDocument, number: int) -> list[Line]:
        page = document[number]
        try:
            text_page = page.get_textpage()
            try:
                lines = self._read_lines(text_page, number)
            finally:
                text_page.close()
            objects = [] if lines else page.get_objects([self._raw.FPDF_PAGEOBJ_IMAGE])
            if any(True for _ in objects):
                self._images += 1
                reason = "a page image without text"
                self._content.dropped.append(Dropped(f"page {number + 1}", reason))
        finally:
            page.close()
        return lines

    def _read_lines(self, text_page: Any, number: int) -> list[Line]:  # noqa: ANN401 # ctypes
        characters = self._read_characters(text_page)
        self._characters += len(characters)
        self._unmapped += sum(1 for each in characters if not is_mapped(each) and each != _HYPHEN)
        turned: dict[int, list[Line]] = {}
        start = 0
        for is_end, group in groupby(characters, key=_LINE_ENDS.__contains__):
            part = "".join(group)
            end = start + len(part)
            if not is_end and part.strip():
                hyphen = _HYPHEN if characters[end : end + 1] == [_HYPHEN] else ""
                self._add_line(text_page, number, part + hyphen, start, turned)
            start = end
        return self._keep_level(turned)

    def _read_characters(self, text_page: Any) -> list[str]:  # noqa: ANN401 # ctypes
        """Return the characters of a page, for one that its font doesn't name U+FFFD."""
        raw = self._raw
        count = raw.FPDFText_CountChars(text_page)
        characters = [chr(raw.FPDFText_GetUnicode(text_page, place)) for place in range(count)]
        is_unnamed = raw.FPDFText_HasUnicodeMapError
        # Fonts that don't name one character name few.
        if any(is_unnamed(text_page, place) for place in range(0, count, _SAMPLED)):
            for place in range(count):
                if is_unnamed(text_page, place):
                    characters[place] = "\ufffd"
        return characters

    def _add_line(
        self,
        text_page: Any,  # noqa: ANN401 # ctypes
        number: int,
        text: str,
        start: int,
        turned: dict[int, list[Line]],
    ) -> None:
        """Add the line of text that starts at a place to those of its direction."""
        text = text.rstrip()
        # A dash has a space before it.
        mark = text[-1] if text[-1] in _HYPHENS and text[-2:-1].isalnum() else ""
        self._has_hyphens |= _HYPHEN_PROPER in text[:-1]
        cleaned = clean_characters(text.removesuffix(mark))
        if not cleaned:
            return
        seen = [place for place, each in enumerate(text, start) if not each.isspace()]
        # What stands at the ends may be raised, or the number of a note.
        middle = seen[len(seen) // 2]
        turn, size = self._measure_letter(text_page, middle)
        left, _ = self._place_letter(text_page, seen[0], turn)
        _, baseline = self._place_letter(text_page, middle, turn)
        line = Line(
            cleaned,
            number,
            left,
            self._find_right(text_page, seen[-1], turn),
            baseline,
            size,
            hyphen=bool(mark),
            soft=mark in (_SOFT_HYPHEN, _HYPHEN_PROPER) and bool(mark),
        )
        turned.setdefault(turn, []).append(line)

    def _measure_letter(self, text_page: Any, place: int) -> tuple[int, float]:  # noqa: ANN401
        """Return the direction of a letter, in quarters of a turn or _SLANTED, and its size."""
        matrix = self._matrix
        self._raw.FPDFText_GetMatrix(text_page, place, matrix)
        quarters = math.atan2(matrix.b, matrix.a) / (math.pi / 2)
        size = self._raw.FPDFText_GetFontSize(text_page, place) * math.hypot(matrix.c, matrix.d)
        if abs(quarters - round(quarters)) > _MAX_SLANT:
            return _SLANTED, size
        return round(quarters) % 4, max(size, _MIN_SIZE)

    def _place_letter(self, text_page: Any, place: int, turn: int) -> tuple[float, float]:  # noqa: ANN401
        """Return where a letter stands on a page turned so that its text runs to the right."""
        x, y, *_ = self._doubles
        self._raw.FPDFText_GetCharOrigin(text_page, place, x, y)
        return _turn(x.value, y.value, turn)

    def _find_right(self, text_page: Any, place: int, turn: int) -> float:  # noqa: ANN401
        left, right, bottom, top = self._doubles
        self._raw.FPDFText_GetCharBox(text_page, place, left, right, bottom, top)
        corners = ((left.value, bottom.value), (right.value, top.value))
        return max(_turn(x, y, turn)[0] for x, y in corners)

    def _keep_level(self, turned: dict[int, list[Line]]) -> list[Line]:
        """Return the lines in the direction of most text of a page."""
        letters = {turn: sum(len(line.text) for line in turned[turn]) for turn in turned}
        main = max(letters, key=lambda turn: letters[turn], default=0)
        for turn, lines in turned.items():
            if turn != main:
                self._content.dropped += (
                    Dropped(line.text, "text that stands at an angle to the rest of its page")
                    for line in lines
                )
        return turned.get(main, [])


def _turn(x: float, y: float, turn: int) -> tuple[float, float]:
    """Turn a point back by quarters of a turn."""
    return ((x, y), (y, -x), (-x, -y), (-y, x))[turn % 4]
