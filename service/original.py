"""The document that an article was read from, and where a part of the article stands in it."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from massilia.index.readings import StoredOriginal
from massilia.index.store import Store
from massilia.ingest.decoding import byte_offsets, decode_bytes
from massilia.ingest.extraction import Run
from massilia.service.marked_text import Span

CONTEXT: Final = 50_000
"""How many characters of a long original are shown before and after what is marked in it."""


@dataclass(frozen=True, slots=True)
class OriginalPart:
    """Hold an original, and the part of it that a part of the article was read from.

    `text` is the original as it is decoded, None where its bytes are no text (PDF, DOCX). `part`
    counts its code points, `part_bytes` the bytes; both are None where no part was asked for, or
    it can't be placed: a table's row, an element that was put together from several.
    """

    original: StoredOriginal
    text: str | None
    part: Span | None
    part_bytes: Span | None

    def cut(self) -> tuple[str, str, str]:
        """Return the text before the part, the part and the text after it, long ones cut."""
        text = self.text or ""
        start, end = (self.part.start, self.part.end) if self.part else (0, 0)
        return (
            text[max(0, start - CONTEXT) : start],
            text[start:end],
            text[end : end + CONTEXT],
        )


def find_original_part(store: Store, article_id: str, span: Span | None) -> OriginalPart | None:
    """Return what an article was read from, or None where that was not kept.

    `span` is the part of the article's text to be found in it.
    """
    original = store.original(article_id)
    if original is None:
        return None
    if original.charset is None:
        return OriginalPart(original, None, None, None)
    decoded = decode_bytes(original.data, original.charset, origin=article_id)
    part = place_in_original(original.runs, span) if span else None
    if part is None:
        return OriginalPart(original, decoded.text, None, None)
    start, end = byte_offsets(original.data, decoded, (part.start, part.end))
    return OriginalPart(original, decoded.text, part, Span(start, end))


def place_in_original(runs: Sequence[Run], span: Span) -> Span | None:
    """Return where a part of the text stands in the original, or None if nothing of it does.

    Of a run that isn't a copy, character by character, the part takes in the whole. A row of a
    table has the names of its columns from further up: what lies between is a part of it too.
    """
    first = bisect_right(runs, span.start, key=lambda run: run.end)
    last = bisect_right(runs, span.end - 1, key=lambda run: run.start) - 1
    if first > last:
        return None
    places = [_place_run(run, span) for run in runs[first : last + 1]]
    return Span(min(place.start for place in places), max(place.end for place in places))


def _place_run(run: Run, span: Span) -> Span:
    start, end = run.original_start, run.original_end
    if _is_copy(run):
        start += max(0, span.start - run.start)
        end -= max(0, run.end - span.end)
    return Span(start, end)


def _is_copy(run: Run) -> bool:
    return run.end - run.start == run.original_end - run.original_start
