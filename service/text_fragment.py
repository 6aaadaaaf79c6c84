"""Text fragments: addresses at which a browser scrolls to the words that are quoted.

As of https://wicg.github.io/scroll-to-text-fragment/: `#:~:text=[prefix-,]start[,end][,-suffix]`.
A browser looks for them in the blocks of a page, whole words only, whatever the case; of several
places it takes the first. A term never reaches over the end of a block.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote as quote_for_url

from massilia.corpus.pattern import Pattern

LONGEST_WHOLE = 200
"""A quote of more characters is named by its first and last words: addresses stay short, and a
figure or an advertisement that the page has in the middle of it does no harm."""
EDGE_WORDS = (5, 10, 20)
"""How many words name the start of a long quote, and its end: the fewest that stand nowhere else
in the text."""
CONTEXT_WORDS = (2, 4, 8)
"""How many words before and after tell one place from another, the fewest that do."""

# A browser makes the marker of a list item: it is no text of the page.
_LIST_MARKER: Final = Pattern(r"(?:[-*•–—]|[0-9]{1,3}[.)])\s+")
_BREAK: Final = Pattern(rf"[^\S\n]*\n\s*(?:{_LIST_MARKER.pattern})?")
_SPACES: Final = Pattern(r"[^\S\n]{2,}|[^\S\n ]")
# Word boundaries don't fall between a letter or digit and such a mark before another (UAX #29).
_MIDDLE: Final = "'’.,:;·_"


@dataclass(frozen=True, slots=True)
class Terms:
    """Hold the terms of a text directive, each within one block; those not needed are empty."""

    start: str
    end: str = ""
    prefix: str = ""
    suffix: str = ""

    def __str__(self) -> str:
        """Write the directive; what has a meaning in it is encoded in the terms."""
        parts = [_encode(self.start)]
        if self.prefix:
            parts.insert(0, f"{_encode(self.prefix)}-")
        if self.end:
            parts.append(_encode(self.end))
        if self.suffix:
            parts.append(f"-{_encode(self.suffix)}")
        return f"text={','.join(parts)}"


def address_fragment(url: str, text: str, start: int, end: int, page: int | None = None) -> str:
    """Return the address of a page at the words `text[start:end]`, `text` being what it says.

    `page` is the number of that on which they stand in a paged document (PDF). An address that
    isn't of the web is returned as it is.
    """
    if not url.lower().startswith(("http://", "https://")):
        return url
    address, _, fragment = url.partition("#")
    terms = choose_terms(text, start, end)
    if not terms.start:
        return url
    # A browser keeps what is after ":~:" from the page, so the rest of the fragment still works.
    fragment = fragment.partition(":~:")[0] or (f"page={page}" if page else "")
    return f"{address}#{fragment}:~:{terms}"


def choose_terms(text: str, start: int, end: int) -> Terms:
    """Return terms that find `text[start:end]` in `text`, and nothing else there if it can be.

    Words that the span cuts are taken in whole. Of white space alone there are no terms.
    """
    start, end = _widen(text, start, end)
    if start == end:
        return Terms("")
    before, quoted, after = (
        _collapse(part) for part in (text[:start], text[start:end], text[end:])
    )
    first, middle, last = _fold(before), _fold(quoted), _fold(after)
    page, span = first + middle + last, (len(first), len(first) + len(middle))
    proposed = list(_propose(before, quoted, after))
    # Found alone; else found first; else found where it begins, if not as far as it goes.
    for limit in (2, 1):
        for terms in proposed:
            if list(_find(page, terms, limit)) == [span]:
                return terms
    for terms in proposed:
        if [start for start, _ in _find(page, terms, limit=1)] == [span[0]]:
            return terms
    return proposed[0]


def _collapse(text: str) -> str:
    """Return the text with a line for each block, and single spaces in it."""
    return _SPACES.sub(" ", _BREAK.sub("\n", text))


def _fold(text: str) -> str:
    return text.casefold().replace("’", "'")


def _widen(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span with the words whole that it begins or ends within, without outer spaces."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    if start == 0 or text[start - 1] == "\n":
        marker = _LIST_MARKER.match(text, start, end)
        start = marker.end() if marker and marker.end() < end else start
    while _is_within_word(text, start):
        start -= 1
    while _is_within_word(text, end):
        end += 1
    return start, end


def _is_within_word(text: str, position: int) -> bool:
    if not 0 < position < len(text):
        return False
    before, after = text[position - 1], text[position]
    if _is_word(before) and _is_word(after):
        return True
    if before in _MIDDLE:
        return position > 1 and _is_word(text[position - 2]) and _is_word(after)
    if after in _MIDDLE:
        return position + 1 < len(text) and _is_word(before) and _is_word(text[position + 1])
    return False


def _is_word(character: str) -> bool:
    # Combining marks belong to the letter before them.
    return unicodedata.category(character)[0] in "LNM"


def _propose(before: str, quoted: str, after: str) -> Iterator[Terms]:
    """Yield terms for a quote, the shortest first."""
    if "\n" not in quoted and len(quoted) <= LONGEST_WHOLE:
        plain = [Terms(quoted)]
    else:
        plain = [_name_ends(quoted, words) for words in EDGE_WORDS]
    yield from plain
    # Context of the same block first: between blocks, a page has more than its text.
    for across in (False, True):
        for words in CONTEXT_WORDS:
            prefix = _take_last(before, words, across=across)
            suffix = _take_first(after, words, across=across)
            if prefix:
                yield replace(plain[-1], prefix=prefix)
            if suffix:
                yield replace(plain[-1], suffix=suffix)
            if prefix and suffix:
                yield replace(plain[-1], prefix=prefix, suffix=suffix)


def _name_ends(quoted: str, count: int) -> Terms:
    lines = quoted.split("\n")
    first, last = lines[0].split(), lines[-1].split()
    if len(lines) == 1:
        count = min(count, len(first) // 2)
        if count == 0:
            return Terms(quoted)
    return Terms(" ".join(first[:count]), " ".join(last[-count:]))


def _take_last(before: str, words: int, *, across: bool) -> str:
    line = before.rstrip() if across else before
    return " ".join(line.rpartition("\n")[2].split()[-words:])


def _take_first(after: str, words: int, *, across: bool) -> str:
    line = after.lstrip() if across else after
    return " ".join(line.partition("\n")[0].split()[:words])


def _find(page: str, terms: Terms, limit: int) -> Iterator[tuple[int, int]]:
    """Yield up to `limit` places of terms in a folded page, as a browser would find them."""
    start, end, prefix, suffix = (
        _fold(term) for term in (terms.start, terms.end, terms.prefix, terms.suffix)
    )
    for place in _find_words(page, start):
        if limit == 0:
            return
        if prefix and not _ends_with(page[:place], prefix):
            continue
        for stop in _find_ends(page, end, place + len(start)):
            if not suffix or _begins_with(page[stop:], suffix):
                yield place, stop
                limit -= 1
                break


def _find_words(page: str, term: str, position: int = 0) -> Iterator[int]:
    while (position := page.find(term, position)) >= 0:
        stop = position + len(term)
        if not (_is_cut(page, position) or _is_cut(page, stop)):
            yield position
        position += 1


def _find_ends(page: str, end: str, position: int) -> Iterator[int]:
    if not end:
        yield position
        return
    for place in _find_words(page, end, position):
        yield place + len(end)


def _is_cut(page: str, position: int) -> bool:
    """Tell whether a word goes on at `position`; less strictly than `_is_within_word`."""
    return 0 < position < len(page) and _is_word(page[position - 1]) and _is_word(page[position])


def _ends_with(head: str, prefix: str) -> bool:
    head = head.rstrip(" \n")
    return head.endswith(prefix) and not _is_cut(head, len(head) - len(prefix))


def _begins_with(tail: str, suffix: str) -> bool:
    tail = tail.lstrip(" \n")
    return tail.startswith(suffix) and not _is_cut(tail, len(suffix))


def _encode(term: str) -> str:
    # A dash would be read as the mark of a prefix or suffix; & and , are encoded by `quote`.
    return quote_for_url(term, safe="").replace("-", "%2D")
