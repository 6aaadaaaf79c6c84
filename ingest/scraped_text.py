"""Articles out of plain text that was taken from a page of the web, with all that stands around."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from massilia.corpus.article import Certainty
from massilia.corpus.document import normalise_line
from massilia.corpus.errors import ArticleError
from massilia.ingest.datelines import FILE_DAY, find_dates
from massilia.ingest.decoding import decode_bytes
from massilia.ingest.edits import (
    Edit,
    apply_edits,
    compose_runs,
    find_normalisations,
    take_edits,
)
from massilia.ingest.extraction import DocumentKind, Dropped, Extraction, Found
from massilia.ingest.headings import find_headings
from massilia.ingest.language import detect_language
from massilia.ingest.mending import find_mends
from massilia.ingest.page_lines import MIN_TEXT, PageLine, split_lines
from massilia.ingest.page_parts import sort_lines
from massilia.ingest.sentences import ends_sentence

MAX_LINES: Final = 200_000
"""A text of more lines is no page but a book or a log: it is taken as it is."""
PARAGRAPHS: Final = "\n\n"
_OF_ARTICLE: Final = ("title", "date", "author", "section")


def extract_text(
    data: bytes,
    origin: str,
    *,
    charset: str | None = None,
    today: date | None = None,
    hint: date | None = None,
    hint_of: str = FILE_DAY,
) -> Extraction:
    """Return what plain text says, without what a page has around its article.

    `charset` is the one declared for `data`, `today` the day beyond which no date lies (by default
    this day), `hint` a day soon after the text was written, from which a year that isn't written
    may be inferred, and `hint_of` what that day is called where it is told how.
    White space, quotes and spelling stay as they are: a text with nothing around it comes out to
    the letter. Raises `ArticleError` for what isn't text, or holds none.
    """
    decoded = decode_bytes(data, charset, origin=origin)
    normalisations = find_normalisations(decoded.text)
    text, inner = apply_edits(decoded.text, normalisations)
    if not text.strip():
        raise ArticleError(origin, "the file holds no text")
    language = detect_language(text)
    mends: Sequence[Edit] = ()
    lines: list[PageLine] = []
    if text.count("\n") <= MAX_LINES:
        mends = find_mends(text, language)
        lines = split_lines(text, mends, language)
    parts = sort_lines(lines)
    if lines and all(line.reason for line in lines):
        reason = f"no article in it: its {len(lines):,} lines are menus, forms and the like"
        raise ArticleError(origin, reason)
    cleaned, outer = apply_edits(text, _list_edits(text, lines, mends))
    if cleaned != text:
        language = detect_language(cleaned)
    dates = find_dates(
        _list_dated(text, lines),
        language,
        today=today or date.today(),
        hint=hint,
        hint_of=hint_of,
    )
    headings = find_headings(cleaned)
    title = parts.title
    if title is not None and title.lines:
        headings = tuple(replace(heading, level=2) for heading in headings)
    return Extraction(
        kind=DocumentKind.TEXT,
        text=cleaned,
        headings=headings,
        runs=tuple(compose_runs(outer, inner)) if normalisations else outer,
        title=None if title is None else _as_line(title.title),
        publisher=parts.publisher,
        authors=parts.authors,
        language=Found(language, "the words of the text", Certainty.LIKELY),
        date_published=dates.published,
        date_modified=dates.modified,
        url=parts.url,
        dropped=tuple(
            Dropped(text[line.start : line.end], line.reason) for line in lines if line.reason
        ),
    )


def _list_edits(text: str, lines: Sequence[PageLine], mends: Sequence[Edit]) -> Iterator[Edit]:
    """Yield the edits that leave the article, mended, with an empty line between paragraphs."""
    kept = [place for place, line in enumerate(lines) if not line.reason]
    if not kept:
        yield from mends
        return
    scraped = bool(mends) or any(line.reason not in (None, "title") for line in lines)
    if kept[0]:
        yield Edit(0, lines[kept[0]].start, "")
    for place, following in zip(kept, [*kept[1:], None], strict=True):
        line = lines[place]
        yield from take_edits(mends, line.start, line.end)
        if following is None:
            if place + 1 < len(lines):
                yield Edit(line.end, len(text), "")
        elif following > place + 1:
            in_list = line.is_item and lines[following].is_item
            yield Edit(line.end, lines[following].start, "\n" if in_list else PARAGRAPHS)
        elif scraped and _are_paragraphs(line, lines[following]):
            border = text.index("\n", line.end)
            yield Edit(border, border + 1, PARAGRAPHS)


def _are_paragraphs(line: PageLine, following: PageLine) -> bool:
    """Tell whether two lines without an empty one between them are a paragraph each."""
    apart = not following.parted and following.number > line.number
    long = min(len(line.shown), len(following.shown)) >= MIN_TEXT
    return apart and long and ends_sentence(line.shown) and not following.is_item


def _list_dated(text: str, lines: Sequence[PageLine]) -> list[str]:
    """Return the lines of the file, those blank that can't date the article."""
    listed = text.split("\n")
    kept = {line.number for line in lines if line.reason in (None, *_OF_ARTICLE)}
    for line in lines:
        if line.number not in kept:
            for number in range(text.count("\n", line.start, line.end) + 1):
                listed[line.number - 1 + number] = ""
    return listed


def _as_line(title: Found[str]) -> Found[str]:
    """Return a title as one line that can be stored: without controls, its spaces single."""
    written = "".join(
        " " if unicodedata.category(character) == "Cc" else character for character in title.value
    )
    return replace(title, value=normalise_line(written) or title.value)
