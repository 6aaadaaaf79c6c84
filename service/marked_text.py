"""An article's text as it is read on a page: blocks, the quote marked in them, source numbers."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from massilia.corpus.article import Article, Language, Source
from massilia.ingest.sentences import Stretch, find_language

_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")
_OFFSET = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Span:
    """Place a piece of text: 0-based, end-exclusive code point offsets."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Run:
    """Hold a piece of a block's text, and the numbers of the sources marked at its end.

    `page` is the number of the page that begins with it, in a paged document.
    """

    text: str
    quoted: bool
    source_numbers: tuple[int, ...]
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """Hold a paragraph or a heading; `heading_level` is 1 for the highest, 0 for a paragraph."""

    heading_level: int
    runs: tuple[Run, ...]
    language: Language

    @property
    def quoted(self) -> bool:
        """Tell whether a part of the quote stands in the block."""
        return any(run.quoted for run in self.runs)


def read_span(start: str | None, end: str | None, length: int) -> Span | None:
    """Return the span that `start` and `end` write in digits, or None.

    There is none unless both are numbers and mark out some of a text of `length` code points.
    """
    if start is None or end is None:
        return None
    if not (_OFFSET.fullmatch(start) and _OFFSET.fullmatch(end)):
        return None
    span = Span(int(start), int(end))
    return span if span.start < span.end <= length else None


def number_sources(article: Article) -> tuple[Source, ...]:
    """Return the article's sources in the order of their numbers, which count from 1.

    That is the order in which the text first marks them; those that it never marks come last.
    """
    marks = sorted(article.marks, key=lambda mark: mark.position)
    marked = dict.fromkeys(mark.source_id for mark in marks)
    places = {source_id: place for place, source_id in enumerate(marked)}
    return tuple(sorted(article.sources, key=lambda source: places.get(source.id, len(places))))


def mark_text(
    article: Article, quote: Span | None = None, stretches: Sequence[Stretch] = ()
) -> tuple[Block, ...]:
    """Return the text of `article` in blocks, with the runs that lie within `quote` marked.

    Together the runs of a block are its text; only the blank lines between blocks are left out,
    so the quoted runs of a block are the quote to the letter. `stretches`, in order, are those in
    another language than the article's.
    """
    numbers = {source.id: number for number, source in enumerate(number_sources(article), 1)}
    waiting = [
        (mark.position, numbers[mark.source_id])
        for mark in sorted(article.marks, key=lambda mark: mark.position)
    ]
    highest = min((heading.level for heading in article.headings), default=1)
    blocks = []
    pages = [(start, number) for number, start in enumerate(article.pages, 1)]
    spans = list(_split_blocks(article))
    for place, (level, span) in enumerate(spans, 1):
        # A mark belongs to the first block that reaches it: to the sentence before it.
        reached = [mark for mark in waiting if mark[0] <= span.end or place == len(spans)]
        waiting = waiting[len(reached) :]
        runs = tuple(_split_runs(article.text, span, quote, reached, pages))
        pages = [page for page in pages if page[0] >= span.end]
        language = find_language(span.start, article.language, stretches)
        blocks.append(Block(level - highest + 1 if level else 0, runs, language))
    return tuple(blocks)


def _split_blocks(article: Article) -> Iterator[tuple[int, Span]]:
    end = 0
    for heading in sorted(article.headings, key=lambda heading: heading.start):
        yield from _split_paragraphs(article.text, Span(end, heading.start))
        yield heading.level, Span(heading.start, heading.end)
        end = heading.end
    yield from _split_paragraphs(article.text, Span(end, len(article.text)))


def _split_paragraphs(text: str, span: Span) -> Iterator[tuple[int, Span]]:
    start = span.start
    for separator in _BLANK_LINES.finditer(text, span.start, span.end):
        yield from _trim(text, Span(start, separator.start()))
        start = separator.end()
    yield from _trim(text, Span(start, span.end))


def _trim(text: str, span: Span) -> Iterator[tuple[int, Span]]:
    piece = text[span.start : span.end]
    if piece.strip():
        start = span.start + len(piece) - len(piece.lstrip("\n"))
        yield 0, Span(start, span.start + len(piece.rstrip("\n")))


def _split_runs(
    text: str,
    span: Span,
    quote: Span | None,
    marks: list[tuple[int, int]],
    pages: list[tuple[int, int]],
) -> Iterator[Run]:
    # A page that begins between two blocks begins with the second; one without any text is lost.
    begins = {max(start, span.start): number for start, number in pages if start < span.end}
    numbers: dict[int, list[int]] = {}
    for position, number in marks:
        place = min(max(position, span.start), span.end)
        numbers.setdefault(place, []).append(number)
    cuts = {span.end, *numbers, *(start for start in begins if start > span.start)}
    if quote is not None:
        cuts |= {cut for cut in (quote.start, quote.end) if span.start < cut < span.end}
    start = span.start
    for cut in sorted(cuts):
        quoted = quote is not None and quote.start <= start < cut <= quote.end
        marked = tuple(dict.fromkeys(numbers.get(cut, ())))
        yield Run(text[start:cut], quoted, marked, begins.get(start))
        start = cut
