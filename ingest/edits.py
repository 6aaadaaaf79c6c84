"""Changes to a text that keep track of where each character comes from."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from massilia.corpus.pattern import Pattern
from massilia.ingest.extraction import Run

MOST_EDITS: Final = 100_000
"""Each is two runs that are kept; a page has hundreds, and a book a hundred thousand accents."""

_CARRIAGE_RETURN: Final = Pattern(r"\r\n?")
# Nothing before a character of ASCII combines with it, so a text may be cut there.
_NOT_ASCII: Final = Pattern(r"[\x00-\x7f]?[^\x00-\x7f]+")


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace `text[start:end]`; with an empty `replacement`, leave it out."""

    start: int
    end: int
    replacement: str


def apply_edits(text: str, edits: Iterable[Edit]) -> tuple[str, tuple[Run, ...]]:
    """Return the text with `edits`, which are in order, and the runs that lead back from it.

    The runs cover the new text. What is only left out has none. What is replaced by as many
    characters has two, one for what is added and one for what is left out: a run of two sides of
    one length is a copy. Raises `ValueError` for edits that overlap or leave the text.
    """
    pieces: list[str] = []
    runs: list[Run] = []
    position = length = 0
    for edit in [*edits, Edit(len(text), len(text), "")]:
        if not position <= edit.start <= edit.end <= len(text):
            raise ValueError(f"{edit} overlaps the edit before it or leaves the text")
        if copied := edit.start - position:
            runs.append(Run(length, length + copied, position, edit.start))
            pieces.append(text[position : edit.start])
            length += copied
        if edit.replacement:
            end = length + len(edit.replacement)
            runs += _make_change(length, end, edit.start, edit.end)
            pieces.append(edit.replacement)
            length = end
        position = edit.end
    return "".join(pieces), tuple(runs)


def _make_change(start: int, end: int, original_start: int, original_end: int) -> Iterator[Run]:
    if end - start == original_end - original_start > 0:
        yield Run(start, end, original_start, original_start)
        yield Run(end, end, original_start, original_end)
    elif end - start != original_end - original_start:
        yield Run(start, end, original_start, original_end)


def take_edits(edits: Sequence[Edit], start: int, end: int) -> Iterator[Edit]:
    """Yield those of `edits`, which are in order, that lie in a stretch of their text."""
    first = bisect_left(edits, start, key=lambda edit: edit.start)
    for place in range(first, len(edits)):
        if edits[place].end > end:
            return
        yield edits[place]


def apply_to_span(text: str, start: int, end: int, edits: Sequence[Edit]) -> str:
    """Return `text[start:end]` with those of `edits` that lie in it."""
    within = [
        Edit(edit.start - start, edit.end - start, edit.replacement)
        for edit in take_edits(edits, start, end)
    ]
    return apply_edits(text[start:end], within)[0] if within else text[start:end]


def merge_edits(text: str, edits: Sequence[Edit]) -> Sequence[Edit]:
    """Return `edits`; or, of more than MOST_EDITS, one for all those of each line."""
    if len(edits) <= MOST_EDITS:
        return edits
    merged: list[Edit] = []
    pieces: list[str] = []
    start = end = -1
    for edit in edits:
        if start >= 0 and text.find("\n", end, edit.start) < 0:
            pieces += [text[end : edit.start], edit.replacement]
        else:
            if start >= 0:
                merged.append(Edit(start, end, "".join(pieces)))
            start, pieces = edit.start, [edit.replacement]
        end = edit.end
    return [*merged, Edit(start, end, "".join(pieces))]


def find_normalisations(text: str) -> Sequence[Edit]:
    """Return the edits that bring a text into the form that is stored (see `normalise_text`)."""
    edits = [Edit(match.start(), match.end(), "\n") for match in _CARRIAGE_RETURN.finditer(text)]
    if unicodedata.is_normalized("NFC", text):
        return merge_edits(text, edits)
    for match in _NOT_ASCII.finditer(text):
        composed = unicodedata.normalize("NFC", match.group())
        if composed != match.group():
            edits.append(_narrow(match, composed))
    return merge_edits(text, sorted(edits, key=lambda edit: edit.start))


def _narrow(match: re.Match[str], replacement: str) -> Edit:
    """Leave out of an edit what both sides begin and end with."""
    written = match.group()
    head = _count_common(written, replacement)
    tail = _count_common(written[head:][::-1], replacement[head:][::-1])
    end = len(replacement) - tail
    return Edit(match.start() + head, match.end() - tail, replacement[head:end])


def _count_common(first: str, second: str) -> int:
    pairs = enumerate(zip(first, second, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(first), len(second)))


def compose_runs(outer: Iterable[Run], inner: Sequence[Run]) -> Iterator[Run]:
    """Yield the runs of a text that lead back through a second one to the third it was made of.

    `inner` are the runs of the second text, and cover it.
    """
    position = 0
    for run in outer:
        if not _is_copy(run):
            start, end = find_original(inner, run.original_start, run.original_end)
            # An edit may cut in two what was changed before; the first part has it all.
            start = max(start, position)
            position = max(start, end)
            yield from _make_change(run.start, run.end, start, position)
            continue
        shift = run.start - run.original_start
        place = bisect_right(inner, run.original_start, key=lambda each: each.end)
        while place < len(inner) and inner[place].start <= run.original_end:
            each = inner[place]
            start, end = max(each.start, run.original_start), min(each.end, run.original_end)
            place += 1
            if _is_copy(each) and start < end:
                position = each.original_start + end - each.start
                original = each.original_start + start - each.start
                yield Run(start + shift, end + shift, original, position)
            elif not _is_copy(each) and (start < end or each.start == each.end):
                original = max(each.original_start, position)
                position = max(each.original_end, original)
                yield from _make_change(start + shift, end + shift, original, position)


def find_original(runs: Sequence[Run], start: int, end: int) -> tuple[int, int]:
    """Return where `text[start:end]` stands in the original, as the text's `runs` tell.

    What was changed is taken whole. An empty stretch stands before the character that follows it.
    """
    place = bisect_right(runs, start, key=lambda run: run.end)
    if place == len(runs):
        last = runs[-1].original_end if runs else 0
        return last, last
    first = runs[place]
    original_start = first.original_start + (start - first.start) * _is_copy(first)
    original_end = original_start
    while place < len(runs) and (runs[place].start < end or runs[place].end == end > start):
        run = runs[place]
        left = run.end - min(run.end, end)
        original_end = run.original_end - left * _is_copy(run)
        place += 1
    return original_start, original_end


def _is_copy(run: Run) -> bool:
    return run.end - run.start == run.original_end - run.original_start
