"""The lines of PDF pages made a text again: paragraphs, headings, and what is no part of either.

A PDF places letters on pages and knows no paragraphs. They are told from where the lines stand, how
large their letters are, and how far they reach.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Final

from massilia.corpus.article import Heading
from massilia.corpus.pattern import Pattern
from massilia.ingest.extraction import Dropped
from massilia.ingest.pdf_line import Line
from massilia.ingest.pdf_running_lines import drop_running_lines
from massilia.ingest.sentences import ends_sentence, starts_list_item

# All in units of the size of the letters, or ratios of sizes.
_SAME_SIZE = 0.04
_SAME_BASELINE = 0.3
_MAX_LEADING = 1.25
_INDENT = 0.7
_SAME_COLUMN = 3.5
_MIN_HEADING_SIZE = 1.12
_DROP_CAPITAL_SIZE = 1.8
# Of the width of a column.
_MAX_GAP = 0.25
# How many lines on either side show how wide a column is.
_NEIGHBOURS = 4
_MAX_HEADING_CHARACTERS = 150
_MAX_HEADING_LINES = 6
_HEADING_LEVELS = 6

_WORD = Pattern(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LAST_WORD = Pattern(r"[^\W\d_]+(?:-[^\W\d_]+)*-?\Z")
_FIRST_WORD = Pattern(r"[^\W\d_]+")

# What French and English join to a word by a hyphen, with the letters before it or after.
_PREFIXES = (
    "après arrière avant celle celles celui ceux demi dix ex high low mid non nord peut quasi "
    "quatre rendez self semi soixante sous sud vice vingt well"
)
_BEFORE_HYPHEN: Final = frozenset(_PREFIXES.split())
_ENCLITICS = (
    "ce ci delà dehors dessous dessus elle elles en il ils je leur lui là moi même mêmes nous on t "
    "toi tu vous y"
)
_AFTER_HYPHEN: Final = frozenset(_ENCLITICS.split())


@dataclass(slots=True)
class _Block:
    lines: list[Line]
    level: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """Hold the text of pages, its headings, where each page begins in it, and what is left out.

    `largest` is the heading in the largest letters on the first page with text, which ends at
    `first_page_end`.
    """

    text: str
    headings: tuple[Heading, ...]
    pages: tuple[int, ...]
    dropped: tuple[Dropped, ...]
    largest: Heading | None = None
    first_page_end: int = 0


def lay_out(pages: Sequence[Sequence[Line]]) -> Layout:
    """Return the text that the lines of all pages make, in their order."""
    kept, dropped = drop_running_lines(pages)
    lines = [line for page in kept for line in page]
    if not lines:
        return Layout("", (), (0,) * len(pages), dropped)
    blocks = list(_find_blocks(lines, _measure_body(lines)))
    _find_headings(blocks, _measure_body(lines))
    return _render(blocks, len(pages), dropped)


def _measure_body(lines: Iterable[Line]) -> float:
    """Return the size that most letters have."""
    letters: Counter[float] = Counter()
    for line in lines:
        letters[round(line.size, 1)] += len(line.text)
    return max(letters, key=lambda size: letters[size]) or 1.0


def _find_blocks(lines: Sequence[Line], body: float) -> Iterator[_Block]:
    leading = _measure_leading(lines)
    rights = _measure_columns(lines)
    block = _Block([lines[0]])
    for number, (line, following) in enumerate(pairwise(lines)):
        if _continues(block, line, following, rights[number], leading, body):
            block.lines.append(following)
        else:
            yield block
            block = _Block([following])
    yield block


def _measure_leading(lines: Sequence[Line]) -> float:
    """Return the usual distance of two lines, in units of their size."""
    steps = [
        (line.baseline - following.baseline) / line.size
        for line, following in pairwise(lines)
        if line.page == following.page and _have_same_size(line, following)
    ]
    # More is the space between paragraphs, or a jump.
    usual = [step for step in steps if _SAME_BASELINE < step < 2.5]
    return median(usual) if usual else 1.2


def _measure_columns(lines: Sequence[Line]) -> list[float]:
    """Return for each line how far its column reaches, as its neighbours show."""
    rights: list[float] = []
    for number, line in enumerate(lines):
        near = lines[max(number - _NEIGHBOURS, 0) : number + _NEIGHBOURS + 1]
        rights.append(
            max(
                each.right
                for each in near
                if each is line
                or (
                    _have_same_size(each, line)
                    and abs(each.left - line.left) < _SAME_COLUMN * line.size
                )
            )
        )
    return rights


def _have_same_size(line: Line, other: Line) -> bool:
    return abs(line.size - other.size) <= _SAME_SIZE * line.size


def _continues(
    block: _Block, line: Line, following: Line, right: float, leading: float, body: float
) -> bool:
    """Tell whether a line goes on in the one that follows it, in the same paragraph."""
    is_capital = len(line.text) == 1 and line.size >= _DROP_CAPITAL_SIZE * following.size
    if is_capital and line.text.isupper() and following.text[0].islower():
        return True
    if not _have_same_size(line, following) or starts_list_item(following.text):
        return False
    step = (line.baseline - following.baseline) / line.size
    if line.page != following.page or step < -_SAME_BASELINE:
        # The top of a page or of a column.
        goes_on = following.text[0].islower()
        ends = ends_sentence(line.text) or (line.text[-1] in ";:" and not goes_on)
        is_body = line.size <= _MIN_HEADING_SIZE * body
        is_full = right - line.right < _MAX_GAP * (right - line.left)
        return line.hyphen or (is_body and not ends and (is_full or goes_on))
    if abs(step) <= _SAME_BASELINE:
        return True
    if step > _MAX_LEADING * leading:
        return False
    if line.hyphen:
        return True
    if line.size > _MIN_HEADING_SIZE * body:
        # Lines of a heading are broken where it pleases.
        return True
    if _is_indented(block, line, following):
        return False
    # A line is full where the next word would not have fitted; a no-break space, which looks like
    # any other here, may have kept several together.
    gap = right - line.right
    word = following.text.split(maxsplit=1)[0]
    width = (line.right - line.left) / max(len(line.text), 1) * (len(word) + 1)
    return gap < width or (not ends_sentence(line.text) and gap < _MAX_GAP * (right - line.left))


def _is_indented(block: _Block, line: Line, following: Line) -> bool:
    """Tell whether a line begins a paragraph, which is seen from where it begins."""
    shift = (following.left - line.left) / line.size
    if shift > _INDENT:
        # The lines of a list's item stand below its text.
        return not (len(block.lines) == 1 and starts_list_item(line.text))
    # Only the first line of a paragraph stands further in.
    return shift < -_INDENT and len(block.lines) > 1


def _find_headings(blocks: Sequence[_Block], body: float) -> None:
    """Give a level to each block in letters larger than the body's, by their size."""
    found = [block for block in blocks if _looks_like_heading(block, body)]
    sizes = sorted({_round_size(block) for block in found}, reverse=True)
    for block in found:
        block.level = min(sizes.index(_round_size(block)) + 1, _HEADING_LEVELS)


def _round_size(block: _Block) -> int:
    return round(block.lines[0].size * 2)


def _looks_like_heading(block: _Block, body: float) -> bool:
    if block.lines[0].size < _MIN_HEADING_SIZE * body or len(block.lines) > _MAX_HEADING_LINES:
        return False
    text = " ".join(line.text for line in block.lines)
    letters = sum(1 for character in text if character.isalpha())
    return letters > 1 and len(text) <= _MAX_HEADING_CHARACTERS and text[-1] not in ".,;:"


def _render(blocks: Sequence[_Block], page_count: int, dropped: tuple[Dropped, ...]) -> Layout:
    joiner = _Joiner(blocks)
    texts: list[str] = []
    headings: list[Heading] = []
    starts: dict[int, int] = {}
    start = 0
    for block in blocks:
        pieces = joiner.join(block)
        position = start
        for line, piece in pieces:
            starts.setdefault(line.page, position)
            position += len(piece)
        text = "".join(piece for _, piece in pieces)
        if block.level:
            headings.append(Heading(block.level, start, start + len(text)))
        texts.append(text)
        start += len(text) + 2
    text = "\n\n".join(texts)
    begins = sorted(starts.items())
    first_page_end = begins[1][1] if len(begins) > 1 else len(text)
    on_first = [heading for heading in headings if heading.start < first_page_end]
    return Layout(
        text,
        tuple(headings),
        _place_pages(starts, page_count, len(text)),
        dropped,
        min(on_first, key=lambda heading: heading.level, default=None),
        first_page_end,
    )


def _place_pages(starts: dict[int, int], page_count: int, end: int) -> tuple[int, ...]:
    """Return where each page begins; one without text where the next one does."""
    places: list[int] = []
    for page in reversed(range(page_count)):
        end = starts.get(page, end)
        places.append(end)
    return tuple(reversed(places))


@dataclass(slots=True)
class _Joiner:
    """Join lines, and mend the words that were hyphenated at their ends.

    A hyphen there may be the word's own. The words of all other places decide; then those that
    French and English write with one, and names. On the 90 articles of the embedded corpus, set in
    lines of 48 characters that end in 1,277 hyphens, 68 of them the words' own, 11 words come out
    wrong. Hyphens between parts that are words by themselves are mostly not the words' own.
    """

    blocks: Sequence[_Block]
    _words: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        for block in self.blocks:
            for line in block.lines:
                self._words.update(_WORD.findall(line.text.casefold()))

    def join(self, block: _Block) -> list[tuple[Line, str]]:
        """Return the lines with what each adds to the text of the block."""
        pieces: list[tuple[Line, str]] = []
        for line, following in pairwise(block.lines):
            pieces.append((line, line.text + self._choose_joint(line, following)))
        last = block.lines[-1]
        end = "-" if last.hyphen and not last.soft else ""
        return [*pieces, (last, last.text + end)]

    def _choose_joint(self, line: Line, following: Line) -> str:
        if not line.hyphen:
            is_capital = len(line.text) == 1 and line.size >= _DROP_CAPITAL_SIZE * following.size
            return "" if is_capital else " "
        if line.soft:
            return ""
        before, after = _LAST_WORD.search(line.text), _FIRST_WORD.match(following.text)
        if before is None or after is None:
            return "-"  # "2021-2022"
        first, second = before[0].casefold(), after[0].casefold()
        joined, compound = self._words[first + second], self._words[f"{first}-{second}"]
        if joined != compound:
            return "-" if compound > joined else ""
        is_name = not after[0][0].islower()  # "Aix-Marseille"
        keeps = is_name or first in _BEFORE_HYPHEN or second in _AFTER_HYPHEN
        return "-" if keeps else ""
