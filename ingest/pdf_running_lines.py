"""What stands on the pages of a PDF besides its text: headers, footers, page numbers, contents."""

import re
from collections.abc import Iterator, Sequence

from massilia.corpus.pattern import Pattern
from massilia.ingest.extraction import Dropped
from massilia.ingest.pdf_line import Line

# Running lines stand among so many at the top or the bottom of a page, at the same height.
_MARGIN_LINES = 3
_HEIGHT_TOLERANCE = 4.0
_MIN_PAGES = 2
# Lines whose figures differ may be the rows of tables.
_MIN_PAGES_OF_NUMBERED = 3
# Four are a year.
_MAX_DIGITS = 3
_PAGE_NUMBER = Pattern(
    r"(?:[-–—|•(]\s*)?(?:(?:page|p\.?|seite)\s*)?#(?:\s*(?:/|sur|of|de|\|)\s*#)?(?:\s*[-–—|•)])?",
    re.IGNORECASE,
)
_NUMBERED_PAGE = Pattern(r"page\s*#(?:\s*(?:/|sur|of|de)\s*#)?|#\s*(?:/|sur|of)\s*#", re.IGNORECASE)
_ROMAN = Pattern(r"[ivxlc]{1,7}", re.IGNORECASE)
_CONTENTS_LINE = Pattern(r".*?(?:\.\s?){5,}\s*(?:\d+|[ivxlc]+)?")
_MAX_CONTENTS_LINE = 400
_FIGURES = Pattern(r"\d+")


def drop_running_lines(
    pages: Sequence[Sequence[Line]],
) -> tuple[list[list[Line]], tuple[Dropped, ...]]:
    """Return the pages without headers, footers, page numbers and tables of contents, and these.

    Of lines that are alike but for their figures, the first stands for all.
    """
    reasons = _find_reasons(pages)
    kept: list[list[Line]] = []
    dropped: dict[tuple[str, str], Dropped] = {}
    for page in pages:
        rest: list[Line] = []
        for line in page:
            reason = reasons.get(id(line))
            if reason is None and _is_contents_line(line):
                reason = "a line of a table of contents"
            if reason is None:
                rest.append(line)
            else:
                dropped.setdefault((reason, _fold(line)), Dropped(line.text, reason))
        kept.append(rest)
    return kept, tuple(dropped.values())


def _find_reasons(pages: Sequence[Sequence[Line]]) -> dict[int, str]:
    """Return why lines in the margins are left out, by their identity."""
    margins = [line for page in pages for line in _find_margins(page)]
    alike: dict[str, list[Line]] = {}
    for line in margins:
        alike.setdefault(_fold(line), []).append(line)
    reasons: dict[int, str] = {}
    numbering: set[tuple[int, int]] = set()
    for folded, lines in alike.items():
        for group, reason in _find_running_lines(folded, lines, len(pages)):
            reasons.update((id(line), reason) for line in group)
            if len(group) >= _MIN_PAGES_OF_NUMBERED:
                numbering |= _find_numbering(group)
    for line in margins:
        # The title of a chapter of one page, with the number that all pages have there.
        if id(line) not in reasons and numbering & _find_numbering([line], at_ends=True):
            reasons[id(line)] = "a running line, with the page's number"
    return reasons


def _is_contents_line(line: Line) -> bool:
    return len(line.text) <= _MAX_CONTENTS_LINE and bool(_CONTENTS_LINE.fullmatch(line.text))


def _fold(line: Line) -> str:
    return _FIGURES.sub("#", line.text).casefold()


def _find_margins(page: Sequence[Line]) -> list[Line]:
    """Return the first and last lines of a page, by height."""
    by_height = sorted(page, key=lambda line: -line.baseline)
    if len(by_height) <= 2 * _MARGIN_LINES:
        return by_height
    return by_height[:_MARGIN_LINES] + by_height[-_MARGIN_LINES:]


def _find_running_lines(
    folded: str, lines: Sequence[Line], page_count: int
) -> Iterator[tuple[Sequence[Line], str]]:
    """Yield those of the lines that are alike but for their figures and run on, with the reason."""
    if _NUMBERED_PAGE.fullmatch(folded):
        yield lines, "a page number"
        return
    is_number = _PAGE_NUMBER.fullmatch(folded) or (page_count > 1 and _ROMAN.fullmatch(folded))
    for group in _group_by_height(lines):
        count = len({line.page for line in group})
        if count < _MIN_PAGES:
            continue
        if is_number:
            yield group, "a page number"
        elif (
            count >= _MIN_PAGES_OF_NUMBERED
            or len({line.text.casefold() for line in group}) < count
            or _find_numbering(group)
        ):
            yield group, f"a running line, on {count:,} pages"


def _find_numbering(lines: Sequence[Line], *, at_ends: bool = False) -> set[tuple[int, int]]:
    """Return by how much the figures of lines exceed the number of their pages, and at what height.

    Only a figure that does so by as much in all lines counts.
    """
    height = round(lines[0].baseline / _HEIGHT_TOLERANCE)
    found: list[set[int]] = []
    for line in lines:
        figures = _FIGURES.findall(line.text)
        if at_ends:
            figures = [
                each for each in figures if line.text.startswith(each) or line.text.endswith(each)
            ]
        found.append({int(each) - line.page for each in figures if len(each) <= _MAX_DIGITS})
    excesses = set.intersection(*found)
    return {(height, excess) for excess in excesses}


def _group_by_height(lines: Sequence[Line]) -> Iterator[list[Line]]:
    group: list[Line] = []
    for line in sorted(lines, key=lambda line: line.baseline):
        if group and line.baseline - group[-1].baseline > _HEIGHT_TOLERANCE:
            yield group
            group = []
        group.append(line)
    yield group
