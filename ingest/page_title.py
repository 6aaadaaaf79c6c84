"""The title of a page's article, and the name of the site that stands beside it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from massilia.corpus.article import Certainty
from massilia.corpus.pattern import Pattern
from massilia.ingest.datelines import show_line
from massilia.ingest.extraction import Found
from massilia.ingest.folding import fold
from massilia.ingest.page_lines import MAX_TITLE, PageLine, make_key

WITHIN_LINES: Final = 80
"""A title further down than so many lines is another article's: menus that were met had 60."""
MIN_TITLE_WORDS: Final = 4
"""A shorter line above a longer one is the name of the site or of a section."""
MIN_REPEATED_WORDS: Final = 3
MOST_SITE_WORDS: Final = 5
_MOST_BEFORE: Final = 3
"""How many letters may stand before the title on its first line: what was left of an icon."""

_COLON: Final = Pattern(r"\s?:\s+")
_TIME: Final = Pattern(r"[0-9]{1,2}\s?[:h]\s?[0-9]{2}\b")
_LABEL: Final = Pattern(r"(?:titre|title|headline|objet|subject)\s?:\s+(?P<title>\S.*)")
_SITE: Final = Pattern(r"\s*(?:\||\s[–—-]\s|\s[·•»]\s)\s*")
_MOST_PAIRED: Final = 5
"""How many lines are looked at for a title with the name of its site."""
_MENUS: Final = frozenset({"menu", "login", "newsletter", "cookie notice", "comments"})
_FIRST: Final = Pattern(r"[\W_]*[a-zà-ÿ]")


@dataclass(frozen=True, slots=True)
class PageTitle:
    """Hold a title, the name of the site if a line pairs them, and the lines that repeat the title.

    `lines` are indices, in order; they are empty where the title is not left out of the text.
    """

    title: Found[str]
    site: Found[str] | None
    lines: tuple[int, ...]


def find_title(lines: Sequence[PageLine]) -> PageTitle | None:
    """Find the title: a line that says so, one that is repeated, or the first above the text."""
    window = range(min(WITHIN_LINES, len(lines)))
    for place in window:
        if match := _LABEL.fullmatch(fold(lines[place].shown)):
            return _complete(lines, place, match.start("title"), Certainty.STATED)
    repeated = _find_repeated(lines, window)
    if repeated is not None:
        return _complete(lines, repeated, 0, Certainty.LIKELY)
    first = _find_first(lines, window)
    return None if first is None else _complete(lines, first, 0, Certainty.LIKELY)


def _may_be_title(line: PageLine) -> bool:
    unknown = not line.reason and not line.dates and not line.authors and line.wording is None
    return (
        unknown
        and len(line.shown) <= MAX_TITLE
        and 2 * sum(map(str.isalpha, line.shown)) > len(line.shown)
        and line.shown[-1] not in ".,;:"
        and not line.is_item
        and not line.is_cut
        and _TIME.match(line.shown) is None
    )


def _find_repeated(lines: Sequence[PageLine], window: range) -> int | None:
    """Return the line with the most words of those that are repeated, alone or beside a site."""
    # Below the text the name of the site is repeated.
    last = max((place for place, line in enumerate(lines) if line.is_text), default=len(lines))
    counts = Counter(line.key for line in lines[: last + 1])
    paired = [key for _, key, _ in _list_paired(lines)]
    best: int | None = None
    for place in window:
        line = lines[place]
        # What is repeated below the text is of other articles, unless it stands above it too.
        if line.is_text and not _may_be_title(line):
            break
        if not _may_be_title(line) or line.words < MIN_REPEATED_WORDS:
            continue
        twice = counts[line.key] > 1 or any(_is_same(key, line.key) for key in paired)
        if twice and (best is None or line.words > lines[best].words):
            best = place
    return best


def _find_first(lines: Sequence[PageLine], window: range) -> int | None:
    """Return the first line that may be a title of those between the menus and the text."""
    if len(lines) > 1 and not any(line.is_text for line in lines) and not lines[1].parted:
        return None
    groups = _group_candidates(lines, window)
    for fewest in (MIN_TITLE_WORDS, MIN_REPEATED_WORDS, 1):
        for place in chain.from_iterable(reversed(groups)):
            if lines[place].words >= fewest and not _FIRST.match(lines[place].shown):
                return place
    return None


def _group_candidates(lines: Sequence[PageLine], window: range) -> list[list[int]]:
    """Return the lines above the text, or above its date, that may be titles, parted by menus."""
    groups: list[list[int]] = [[]]
    for place in window:
        line = lines[place]
        if line.is_text and (place or not _stands_above(lines)):
            break
        if (line.dates or line.authors) and groups[-1]:
            break
        if line.wording is not None and line.wording.reason in _MENUS:
            groups.append([])
        elif _may_be_title(line):
            groups[-1].append(place)
    return groups


def _stands_above(lines: Sequence[PageLine]) -> bool:
    """Tell whether the first line is long, but stands above others as titles do."""
    return len(lines) > 1 and lines[1].parted and _may_be_title(lines[0])


def _list_paired(lines: Sequence[PageLine]) -> list[tuple[int, str, str]]:
    """Return what may be a title beside the name of a site, from the first lines of a page.

    Of each, the line, the key of the title, and the name. Only another line shows which is which.
    """
    keys = {line.key for line in lines[:WITHIN_LINES]}
    paired = []
    for place, line in enumerate(lines[:_MOST_PAIRED]):
        for pattern in (_SITE, _COLON):
            for border in pattern.finditer(line.shown):
                left, right = line.shown[: border.start()], line.shown[border.end() :]
                # A colon is in titles too, so the name must stand alone elsewhere.
                for title, site in ((left, right), (right, left)):
                    known = pattern is _SITE or make_key(site) in keys
                    if known and 0 < len(site.split()) <= MOST_SITE_WORDS:
                        paired.append((place, make_key(title), site))
    return paired


def _is_same(paired: str, key: str) -> bool:
    return paired.endswith(key) and len(paired) - len(key) <= _MOST_BEFORE


def _complete(lines: Sequence[PageLine], place: int, start: int, certainty: Certainty) -> PageTitle:
    """Add the lines that repeat a title, and the site that one of them names."""
    line = lines[place]
    title = line.shown[start:]
    site: Found[str] | None = None
    bar = title.rfind("|")
    if bar > 0 and 0 < len(title[bar + 1 :].split()) <= MOST_SITE_WORDS:
        title, name = title[:bar].strip(), title[bar + 1 :].strip()
        site = Found(name, f"line {line.number}, beside the title", Certainty.LIKELY)
    key = make_key(title)
    repeated = [other for other, each in enumerate(lines) if each.key == key]
    for other, title_key, name in _list_paired(lines):
        if _is_same(title_key, key) and lines[other].key != key:
            repeated.append(other)
            how = f"line {lines[other].number}, beside the title"
            site = site or Found(name, how, Certainty.LIKELY)
    found = sorted({place, *repeated})
    others = [str(lines[other].number) for other in found if other != place]
    how = f"line {line.number}"
    if certainty is Certainty.STATED:
        how = show_line(line.number, line.shown)
    elif others:
        how += f", repeated on line{'s' * (len(others) > 1)} {', '.join(others)}"
    else:
        how += ", above the text"
    return PageTitle(Found(title, how, certainty), site, tuple(found))
