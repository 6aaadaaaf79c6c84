"""Lines of a page's text, with what is told of each before it is decided what they are."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern
from massilia.ingest.boilerplate import PICTURE, Wording, read_wording
from massilia.ingest.bylines import read_byline
from massilia.ingest.datelines import Mark, read_dateline
from massilia.ingest.edits import Edit, apply_to_span
from massilia.ingest.folding import fold
from massilia.ingest.sentences import ends_sentence, starts_list_item

MIN_TEXT: Final = 100
"""A line of so many characters is text even if it doesn't end as a sentence does."""
MIN_WORDS: Final = 4
MIN_WORDS_AND_PERIOD: Final = 2
"""A line of fewer words is text only as one of many: names and menus end with no full stop."""
MAX_TITLE: Final = 250
MAX_SHORT: Final = 100

_BORDER: Final = Pattern("[\n\u2028\u2029]")
_PERIOD: Final = Pattern(r"""[^\W\d_A-Z]\.[»”")]*\Z""")
_ASKS: Final = Pattern(r"[?!][^\w.…]*\Z")
_TWO: Final = Pattern(r"""\w[.!?…][»”")]*\s+[«“"(]?\s?[A-ZÀ-Þ]""")
_NO_LETTER: Final = Pattern(r"[\W_]+")
MAX_LEFT_BEHIND: Final = 160
_LAST_SENTENCE: Final = Pattern(r"(?s).*[.!?…][»”\")\]]*\s+(?=\S)")
_PICTURES: Final = Pattern(
    r"(?:\A|\s)(?P<names>[\w%()+,.-]+\.(?:jpe?g|png|gif|webp|svg|JPE?G|PNG)"
    r"(?:\s+(?:[\w-]+\.)+(?:fr|com|org|net|eu|info|jpe?g|png|gif|webp))*)\Z"
)
_CUT: Final = Pattern(r"(?:…|\.\.\.|\[(?:…|\.\.\.)\]|\((?:…|\.\.\.)\))\Z")


@dataclass(slots=True, eq=False)
class PageLine:
    """Hold a line that isn't blank: `text[start:end]`, without white space at its ends.

    `number` counts the lines of the original from 1. `shown` is the line once mended; it may
    span several lines of the original, broken at a width. `parted` tells that a blank line is
    above, `mended` that `shown` isn't the line as it was. A line that `is_sentence` is text and no
    title. One with a `reason` is left out.
    """

    number: int
    start: int
    end: int
    shown: str
    parted: bool
    mended: bool
    language: Language
    reason: str | None = None
    wording: Wording | None = field(init=False)
    dates: tuple[Mark, ...] = field(init=False)
    authors: tuple[str, ...] = field(init=False)
    is_sentence: bool = field(init=False)
    _key: str | None = None

    def __post_init__(self) -> None:
        self.dates = read_dateline(self.shown, self.language)
        self.authors = read_byline(self.shown, dated=bool(self.dates))
        self.wording = None if self.dates or self.authors else read_wording(self.shown)
        self.is_sentence = _is_sentence(self.shown)

    @property
    def key(self) -> str:
        """Give the letters and digits of the line, folded, to compare it with others."""
        if self._key is None:
            self._key = make_key(self.shown)
        return self._key

    @property
    def words(self) -> int:
        """Count the words of the line."""
        return len(self.shown.split())

    @property
    def is_item(self) -> bool:
        """Tell whether the line is an item of a list."""
        return starts_list_item(self.shown)

    @property
    def is_cut(self) -> bool:
        """Tell whether the line ends with an ellipsis, as the beginnings of other articles do."""
        return _CUT.search(self.shown) is not None

    @property
    def is_short(self) -> bool:
        """Tell whether the line may be a title, a menu's entry, a name."""
        return not self.is_sentence and len(self.shown) < MAX_SHORT

    @property
    def is_text(self) -> bool:
        """Tell whether the line is text that nothing has been found against."""
        known = self.reason or self.dates or self.authors
        return not known and (self.wording is None or self.wording.weak) and self.is_sentence


def _is_sentence(line: str) -> bool:
    """Tell whether a line is text, and no title: a question alone may be either."""
    if len(line) >= MIN_TEXT:
        return True
    fewest = MIN_WORDS_AND_PERIOD if _PERIOD.search(line) else MIN_WORDS
    if line.count(" ") + 1 < fewest or not ends_sentence(line):
        return False
    return _ASKS.search(line) is None or _TWO.search(line) is not None


def make_key(line: str) -> str:
    """Return the letters and digits of a line, folded, to compare it with others."""
    return _NO_LETTER.sub("", fold(line))


def split_lines(text: str, mends: Sequence[Edit], language: Language) -> list[PageLine]:
    """Return the lines of a text that aren't blank; `mends` are its edits, in order."""
    lines: list[PageLine] = []
    parted = False
    number = 1
    for start, end in _find_spans(text, mends):
        first = start + len(text[start:end]) - len(text[start:end].lstrip())
        last = start + len(text[start:end].rstrip())
        for piece_start, piece_end, reason in _find_pieces(text, first, last):
            shown = apply_to_span(text, piece_start, piece_end, mends)
            if not shown.strip():
                continue
            mended = shown != text[piece_start:piece_end]
            line = PageLine(number, piece_start, piece_end, shown, parted, mended, language)
            line.reason = reason
            lines.append(line)
            parted = False
        parted = first >= last
        number += text.count("\n", start, end + 1)
    return lines


def _find_pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int, str | None]]:
    """Yield a line, or its text and what a page's boxes have left behind the last sentence.

    These are the names of pictures, addresses, and who wrote the text: "Reportage Joël BARCY
    img_7071.jpg numeum.fr".
    """
    if start == end:
        return
    border = _LAST_SENTENCE.match(text, max(start, end - MAX_LEFT_BEHIND), end)
    if border is None or end - start < MIN_TEXT:
        yield start, end, None
        return
    pictures = _PICTURES.search(text, border.end(), end)
    byline = text[border.end() : pictures.start() if pictures else end].strip()
    if pictures is None and not read_byline(byline):
        yield start, end, None
        return
    yield start, start + len(text[start : border.end()].rstrip()), None
    if byline:
        yield border.end(), border.end() + len(byline), None
    if pictures:
        yield pictures.start("names"), end, PICTURE


def _find_spans(text: str, mends: Sequence[Edit]) -> Iterator[tuple[int, int]]:
    """Yield the lines of a text; those that an edit joins are one."""
    position = 0
    for border in _BORDER.finditer(text):
        place = bisect_right(mends, border.start(), key=lambda edit: edit.start) - 1
        if place >= 0 and mends[place].end > border.start():
            continue
        yield position, border.start()
        position = border.end()
    yield position, len(text)
