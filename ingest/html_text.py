"""Text put together from stretches of a page's source, with the map between the two.

Runs are true by construction: a character is copied from the source or its run says that
something was mended. A character whose like isn't in the source has no run.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from massilia.corpus.pattern import Pattern
from massilia.ingest.extraction import Run
from massilia.ingest.html_tokens import REFERENCE, resolve_reference

# French sets no-break spaces, wide or narrow, before "?" and within "«  »": they are kept.
_SPACE = r"[^\S\u00a0\u202f]"
# Control characters, what shows nothing (soft hyphens, zero width spaces), and what no database
# can hold.
_UNSEEN = r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b\u2060\ufeff\ud800-\udfff\ufffe\uffff]+"
_MENDED = Pattern(
    rf"(?P<space>{_SPACE}{{2,}}|(?! ){_SPACE})|(?P<reference>{REFERENCE})|(?P<unseen>{_UNSEEN})"
)
_MENDED_AS_IT_STANDS = Pattern(
    rf"(?P<space>\r\n?|(?![ \t\n]){_SPACE})|(?P<reference>{REFERENCE})|(?P<unseen>{_UNSEEN})"
)
_ONLY_UNSEEN = Pattern(_UNSEEN)
_NO_BREAK: Final = "\u00a0\u202f"
_BLANK: Final = f" \t\n{_NO_BREAK}"
# No character below U+0300 ever composes with the one before it, nor changes by itself.
_COMPOSABLE = Pattern("[\x00-\u02ff]?[^\x00-\u02ff]+")
MAX_COMPOSED: Final = 400_000
"""Each such letter is a run of its own, which takes half a kilobyte."""

Piece = tuple[int, int, int, int]
"""The start and the end of a run in a text, then those in the source."""


@dataclass(frozen=True, slots=True)
class PlacedText:
    """Pair a text with its runs, in order."""

    text: str
    pieces: tuple[Piece, ...]


class TextBuilder:
    """Put the text of one element together, white space collapsed as browsers do."""

    def __init__(self, source: str) -> None:
        self._source = source
        self.clear()

    def clear(self) -> None:
        """Begin anew, whatever was added."""
        self._parts: list[str] = []
        self._pieces: list[Piece] = []
        self.length = 0
        """How many characters there are, white space at the end not counted."""
        self._space: tuple[int, int] | None = None
        self._breaks = 0
        self._has_gap = False

    def add(self, start: int, end: int, *, as_it_stands: bool = False) -> None:
        """Add a stretch of the source in which there are no tags."""
        source = self._source
        pattern = _MENDED_AS_IT_STANDS if as_it_stands else _MENDED
        position = start
        for match in pattern.finditer(source, start, end):
            self._copy(position, match.start(), as_it_stands)
            position = match.end()
            if match["space"]:
                if as_it_stands:
                    is_line_end = match["space"].startswith("\r")
                    self._emit("\n" if is_line_end else " ", match.start(), position)
                elif self._space is None:
                    self._space = (match.start(), position)
            elif match["reference"]:
                self._add_reference(match["reference"], match.start(), as_it_stands)
        self._copy(position, end, as_it_stands)

    def add_gap(self) -> None:
        """Part two words that no white space parts, where the page's style does."""
        self._has_gap = True

    def add_break(self) -> None:
        """Begin a new line; two breaks in a row begin a new paragraph."""
        self._breaks += 1
        self._space = None

    def finish(self) -> Iterator[PlacedText]:
        """Yield the paragraphs that were added, and begin anew.

        Raises `ValueError` where more than MAX_COMPOSED letters and accents are to be composed.
        """
        text = "".join(self._parts)
        pieces = self._pieces
        self.clear()
        start = 0
        while start <= len(text):
            end = text.find("\n\n", start)
            end = len(text) if end < 0 else end
            if placed := _cut(text, pieces, start, end):
                yield _compose(placed)
            start = end + 2

    def _copy(self, start: int, end: int, as_it_stands: bool) -> None:
        if start == end:
            return
        source = self._source
        if not as_it_stands:
            # Single spaces are no part of the pattern, but may stand beside other white space.
            if source[start] == " ":
                if self._space is None:
                    self._space = (start, start + 1)
                start += 1
            ends_with_space = start < end and source[end - 1] == " "
            self._emit(source[start : end - ends_with_space], start, end - ends_with_space)
            if ends_with_space:
                self._space = (end - 1, end)
            return
        self._emit(source[start:end], start, end)

    def _add_reference(self, reference: str, start: int, as_it_stands: bool) -> None:
        characters = resolve_reference(reference)
        end = start + len(reference)
        # "&AMPère" names a character by its beginning.
        if not reference.endswith(";") and len(characters) > 2:
            kept = _count_common_end(reference, characters)
            if kept == len(characters):
                self._emit(characters, start, end)
                return
            self._emit(characters[: len(characters) - kept], start, end - kept)
            self._emit(reference[len(reference) - kept :], end - kept, end)
        elif characters.isspace() and characters not in _NO_BREAK:
            if as_it_stands:
                self._emit(characters if characters in _BLANK else " ", start, end)
            elif self._space is None:
                self._space = (start, end)
        elif not _ONLY_UNSEEN.fullmatch(characters):
            self._emit(characters, start, end)

    def _emit(self, characters: str, start: int, end: int) -> None:
        """Add characters that stand in the source, or for what stands there."""
        if not self._parts or self._breaks:
            # Nothing to be seen stands at the start of a line.
            visible = characters.lstrip(_BLANK)
            if not self._parts:
                self._breaks = 0
            if not visible:
                return
            if len(characters) == end - start:
                start += len(characters) - len(visible)
            characters = visible
            self._space = None
        elif not characters:
            return
        if self._breaks:
            self._append("\n\n" if self._breaks > 1 else "\n")
            self._breaks = 0
        elif self._space is not None:
            self._place(" ", *self._space)
            self._space = None
        elif self._has_gap and self._ends_word() and characters[0].isalnum():
            self._append(" ")
        self._has_gap = False
        self._place(characters, start, end)

    def _ends_word(self) -> bool:
        return bool(self._parts) and self._parts[-1][-1].isalnum()

    def _place(self, characters: str, start: int, end: int) -> None:
        length, added = self.length, len(characters)
        is_copy = added == end - start
        self._append(characters)
        if is_copy and self._source[start] != characters[0]:
            return  # "\n" for " ": as long, and no copy
        pieces = self._pieces
        if is_copy and pieces:
            first, last, original, original_end = pieces[-1]
            if last == length and original_end == start and last - first == start - original:
                pieces[-1] = (first, length + added, original, end)
                return
        pieces.append((length, length + added, start, end))

    def _append(self, characters: str) -> None:
        self._parts.append(characters)
        self.length += len(characters)


def join_texts(texts: Sequence[PlacedText], separators: Sequence[str]) -> PlacedText:
    """Join texts with what stands between them, which has no run."""
    parts: list[str] = []
    pieces: list[Piece] = []
    length = 0
    for text, separator in zip(texts, [*separators, ""], strict=True):
        parts += [text.text, separator]
        pieces += shift_pieces(text.pieces, length)
        length += len(text.text) + len(separator)
    return PlacedText("".join(parts), tuple(pieces))


def shift_pieces(pieces: Sequence[Piece], offset: int) -> Iterator[Piece]:
    """Yield pieces for a text that stands at `offset` in another."""
    for start, end, original, original_end in pieces:
        yield start + offset, end + offset, original, original_end


def make_runs(pieces: Sequence[Piece]) -> tuple[Run, ...]:
    """Return pieces as the runs of an extraction."""
    return tuple(Run(*piece) for piece in pieces)


def _cut(text: str, pieces: Sequence[Piece], start: int, end: int) -> PlacedText | None:
    """Return a stretch of a text without the white space around it, or None if it's blank."""
    while start < end and text[start] in _BLANK:
        start += 1
    while end > start and text[end - 1] in _BLANK:
        end -= 1
    if start == end:
        return None
    return PlacedText(text[start:end], tuple(_cut_pieces(pieces, start, end)))


def _cut_pieces(pieces: Sequence[Piece], start: int, end: int) -> Iterator[Piece]:
    for first, last, original, original_end in pieces:
        if last <= start or first >= end:
            continue
        if last - first == original_end - original:
            original, original_end = (
                original + max(0, start - first),
                original_end - max(0, last - end),
            )
        yield max(first, start) - start, min(last, end) - start, original, original_end


def _compose(placed: PlacedText) -> PlacedText:
    """Return a text in NFC; pieces whose characters change become mended ones, or none."""
    if unicodedata.is_normalized("NFC", placed.text):
        return placed
    text = placed.text
    parts: list[str] = []
    changes: list[tuple[int, int, int]] = []
    position = 0
    for match in _COMPOSABLE.finditer(text):
        composed = unicodedata.normalize("NFC", match[0])
        if composed == match[0]:
            continue
        if len(changes) == MAX_COMPOSED:
            raise ValueError(f"more than {MAX_COMPOSED:,} letters apart from their accents")
        changes.append((match.start(), match.end(), len(composed)))
        parts += (text[position : match.start()], composed)
        position = match.end()
    parts.append(text[position:])
    return PlacedText("".join(parts), tuple(_follow_changes(placed.pieces, changes)))


def _follow_changes(
    pieces: Sequence[Piece], changes: Sequence[tuple[int, int, int]]
) -> Iterator[Piece]:
    """Yield pieces as they are after the stretches in `changes` got their new lengths."""
    remaining = list(reversed(pieces))
    shift = 0
    for start, end, length in changes:
        originals: list[tuple[int, int]] = []
        while remaining and remaining[-1][0] < end:
            first, last, original, original_end = remaining.pop()
            if last > start:
                is_copy = last - first == original_end - original
                below, above = max(0, start - first), max(0, last - end)
                if not is_copy and (below or above):
                    # A mended piece that reaches beyond: what is left of it can't be told.
                    originals.append((original, original_end))
                    continue
                if below:
                    yield first + shift, start + shift, original, original + below
                originals.append((original + below, original_end - above))
                if above:
                    remaining.append((end, last, original_end - above, original_end))
                    break
            else:
                yield first + shift, last + shift, original, original_end
        if originals and originals[-1][1] - originals[0][0] != length:
            yield start + shift, start + length + shift, originals[0][0], originals[-1][1]
        shift += length - (end - start)
    yield from shift_pieces(tuple(reversed(remaining)), shift)


def _count_common_end(one: str, other: str) -> int:
    count = 0
    while count < min(len(one), len(other)) and one[-1 - count] == other[-1 - count]:
        count += 1
    return count
