"""Web pages as documents: the text of the article, its metadata, and what was left out.

Every character of the text is copied from the page's source, where its runs lead back to; white
space, character references and composed accents are mended, and names of columns repeated on each
row of a table are added (html_tables).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby
from typing import Final

from massilia.corpus.article import Heading, Language
from massilia.corpus.document import MAX_BYTES
from massilia.corpus.errors import ArticleError
from massilia.corpus.pattern import Pattern
from massilia.ingest.datelines import Datelines, find_dates, is_prose
from massilia.ingest.decoding import decode_bytes
from massilia.ingest.extraction import Certainty, DocumentKind, Dropped, Extraction, Found
from massilia.ingest.html_article import choose_blocks
from massilia.ingest.html_blocks import Block, Page, read_page
from massilia.ingest.html_dates import find_page_dates
from massilia.ingest.html_metadata import Metadata
from massilia.ingest.html_regions import Reason
from massilia.ingest.html_tables import find_layout_tables, render_rows
from massilia.ingest.html_text import Piece, PlacedText, make_runs, shift_pieces
from massilia.ingest.language import detect_language

PRESCAN_BYTES: Final = 1024
"""Where a page must declare its charset (the HTML standard, 13.2.3.2)."""
# How many blocks before the title, or after the text, are looked at for a date or an author.
NEAR_TITLE: Final = 4
NEAR_END: Final = 6
# What stands in a byline, by its element or its words, or in no region at all.
_MAY_BE_BYLINE = frozenset({Reason.BYLINE, Reason.KEYWORDS, Reason.UNRELATED, Reason.FOOTER})
MAX_BYLINE: Final = 300
# Of the text itself, how many paragraphs are read for a date: "MARSEILLE, le 12 juin 2014 -".
MAX_OPENING: Final = 3
MAX_OPENING_LINES: Final = 6
# Below so many characters, the words of a text tell its language less well than its page does.
MIN_DETECTABLE: Final = 200

_LINE_NUMBER = Pattern(r"\Aline \d+: ")
_META = Pattern(r"(?is)<meta\s[^>]*>|<!--.*?-->|<\?xml\s[^>]*\?>")
_CHARSET = Pattern(r"""(?i)(?:charset|encoding)\s*=\s*["']?\s*([a-z0-9][\w.:-]*)""")


def extract_html(
    data: bytes,
    origin: str,
    url: str | None = None,
    charset: str | None = None,
    *,
    today: date | None = None,
) -> Extraction:
    """Return what a web page says: its article's text, with headings and runs, and its metadata.

    `charset` is the one that the server declared, `url` the address that the page came from, which
    relative addresses in it are resolved against. No date after `today`, which is this day's by
    default, is taken for one of the article. Raises `ArticleError` where there are too many
    bytes or tags, the bytes are no text, or no article was found.
    """
    if len(data) > MAX_BYTES:
        raise ArticleError(origin, f"{len(data):,} bytes, more than the limit of {MAX_BYTES:,}")
    source = decode_bytes(data, charset or find_charset(data), origin=origin).text
    try:
        page = read_page(source)
    except ValueError as error:
        raise ArticleError(origin, f"not a page that is read: {error}") from error
    metadata = Metadata(page, url)
    layout = find_layout_tables(page)
    title = metadata.title.value if metadata.title else None
    reasons = choose_blocks(page, layout, title, _list_names(metadata))
    kept = [number for number, reason in enumerate(reasons) if reason is None]
    prose = "\n".join(page.blocks[number].text for number in kept) or metadata.body
    if not prose:
        raise ArticleError(origin, "no article text was found")
    language = _find_language(metadata.find_language(), prose)
    if kept:
        text, pieces, headings = _assemble(page, kept, layout, language.value)
    else:
        text, pieces, headings = prose, _place_body(prose, source), ()
    near = _list_near(page, reasons, kept)
    bylines = [page.blocks[number].text for number in near]
    today = today or date.today()
    dates = find_page_dates(
        page,
        metadata.data,
        metadata.node,
        visible=_read_datelines(page, near, kept, language.value, today),
        span=range(near[0] if near else 0, kept[0] + 1 if kept else 0),
        language=language.value,
        today=today,
    )
    return Extraction(
        kind=DocumentKind.HTML,
        text=text,
        headings=headings,
        runs=make_runs(pieces),
        title=metadata.title,
        publisher=metadata.publisher,
        authors=metadata.find_authors(bylines),
        language=language,
        date_published=dates.published,
        date_modified=dates.modified,
        url=metadata.url,
        dropped=tuple(_list_dropped(page, reasons)),
    )


def find_charset(data: bytes) -> str | None:
    """Return the charset that a page declares for itself at its beginning, or None.

    A page whose `meta` could be read isn't in UTF-16, whatever it says.
    """
    beginning = data[:PRESCAN_BYTES].decode("latin-1")
    for match in _META.finditer(beginning):
        if match[0].startswith("<!--"):
            continue
        if found := _CHARSET.search(match[0]):
            name = found[1].lower()
            return "utf-8" if name.startswith("utf-16") else name
    return None


def _list_names(metadata: Metadata) -> list[str]:
    authors = metadata.find_authors(())
    names = [*authors.value] if authors else []
    return [*names, metadata.publisher.value] if metadata.publisher else names


def _find_language(declared: Found[str] | None, text: str) -> Found[Language]:
    """Return the language of a text; the words of one long enough outweigh what its page says.

    Themes of blogs declare English for pages in all languages.
    """
    detected = detect_language(text)
    if declared is None:
        return Found(detected, "the words of the text", Certainty.LIKELY)
    stated = declared.value
    if stated == detected.value:
        return Found(detected, declared.how, declared.certainty)
    if stated in tuple(Language) and len(text) < MIN_DETECTABLE:
        return Found(Language(stated), declared.how, declared.certainty)
    how = f"the words of the text, though {declared.how} says {stated!r}"
    known = stated in tuple(Language)
    return Found(detected, how, Certainty.LIKELY if known else Certainty.INFERRED)


def _assemble(
    page: Page, kept: Sequence[int], layout: Sequence[bool], language: Language
) -> tuple[str, list[Piece], tuple[Heading, ...]]:
    """Join the blocks kept, each a paragraph of its own, and each row of a table."""
    parts: list[str] = []
    pieces: list[Piece] = []
    headings: list[Heading] = []
    length = 0
    for level, placed in _list_paragraphs(page, kept, layout, language):
        if parts:
            parts.append("\n\n")
            length += 2
        if level:
            headings.append(Heading(level, length, length + len(placed.text)))
        parts.append(placed.text)
        pieces += shift_pieces(placed.pieces, length)
        length += len(placed.text)
    return "".join(parts), pieces, tuple(headings)


def _list_paragraphs(
    page: Page, kept: Sequence[int], layout: Sequence[bool], language: Language
) -> Iterator[tuple[int, PlacedText]]:
    def find_table(block: Block) -> int:
        table = page.cells[block.cell].table if block.cell >= 0 else -1
        return -1 if table < 0 or layout[table] else table

    blocks = [page.blocks[number] for number in kept]
    for table, group in groupby(blocks, find_table):
        if table < 0:
            yield from ((block.level, block.placed) for block in group)
        else:
            yield from ((0, row) for row in render_rows(page, list(group), language))


def _place_body(body: str, source: str) -> list[Piece]:
    """Return the pieces of a text given in JSON-LD, for paragraphs written there as they are."""
    pieces: list[Piece] = []
    start = position = 0
    for paragraph in body.split("\n\n"):
        if (found := source.find(paragraph, position)) >= 0:
            position = found + len(paragraph)
            pieces.append((start, start + len(paragraph), found, position))
        start += len(paragraph) + 2
    return pieces


def _list_near(page: Page, reasons: Sequence[Reason | None], kept: Sequence[int]) -> list[int]:
    """Return the blocks about the title and below the text that may say who wrote it and when."""
    if not kept:
        return []
    first, last = kept[0], kept[-1]
    title = next(
        (n for n, reason in enumerate(reasons) if reason is Reason.TITLE and n < first), -1
    )
    begins = max(0, (title if title >= 0 else first) - NEAR_TITLE)
    # A date may stand below the lead.
    opening = kept[min(len(kept), MAX_OPENING) - 1]
    places = [*range(begins, opening), *range(last + 1, min(len(reasons), last + 1 + NEAR_END))]
    return [
        number
        for number in places
        if reasons[number] in _MAY_BE_BYLINE
        and len(page.blocks[number].text) <= MAX_BYLINE
        and (number < first or reasons[number] is Reason.BYLINE)
    ]


def _read_datelines(
    page: Page, near: Sequence[int], kept: Sequence[int], language: Language, today: date
) -> Datelines:
    """Return the dates that the lines near the title say, or those that open the text."""
    opening = [number for number in kept[:MAX_OPENING] if is_prose(page.blocks[number].text)]
    lines = [
        line
        for number in sorted([*near, *opening])
        for line in page.blocks[number].text.split("\n", MAX_OPENING_LINES)[:MAX_OPENING_LINES]
    ]
    found = find_dates(lines, language, today=today)
    return Datelines(_leave_out_number(found.published), _leave_out_number(found.modified))


def _leave_out_number(found: Found[date] | None) -> Found[date] | None:
    """Leave out the number of a line: these lines aren't those of the page's source."""
    return found and replace(found, how=_LINE_NUMBER.sub("line: ", found.how))


def _list_dropped(page: Page, reasons: Sequence[Reason | None]) -> Iterator[Dropped]:
    for block, reason in zip(page.blocks, reasons, strict=True):
        if reason is not None:
            yield Dropped(block.text.replace("\n", " "), reason.value)
