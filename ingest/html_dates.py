"""When an article was published and modified, by what its page says; never the one for the other.

A day is the day where the page was written: 2022-04-01T00:30:00+02:00 is the first of April.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from email.utils import parsedate
from typing import Final

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern
from massilia.ingest.datelines import Datelines
from massilia.ingest.extraction import Certainty, Found
from massilia.ingest.folding import fold
from massilia.ingest.html_blocks import Marked, Page
from massilia.ingest.html_metadata import is_suspect
from massilia.ingest.json_ld import JsonLd, Node, read_string

# What a field is filled with that has no value: the epoch, the year 1.
FIRST_YEAR: Final = 1605  # the first newspaper
_EPOCH: Final = date(1970, 1, 1)

_ISO = Pattern(
    r"\s*(\d{4})-?(\d{2})-?(\d{2})(?!\d)"
    r"(?:[T\s]+(?:\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?|\d{6})?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?.*)?\s*",
)
_YEAR_FIRST = Pattern(r"\s*(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?:\s.*)?")
_YEAR_LAST = Pattern(r"\s*(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[\s,T-].*)?")
_TAG = Pattern(r"<[^<>]*>|\A[^<>]*>")
LABEL_CHARACTERS: Final = 150
_UTC: Final = frozenset({"Z", "UTC", "GMT", "+00:00", "+0000", "-00:00"})

_PUBLISHED: Final = (
    "article:published_time", "og:article:published_time", "og:published_time",
    "article:published", "datepublished", "rnews:datepublished", "citation_publication_date",
    "citation_online_date", "dcterms.issued", "dc.date.issued", "dcterms.created",
    "dc.date.created", "publication_date", "publish-date", "publish_date", "publishdate",
    "published_time", "pubdate", "parsely-pub-date", "sailthru.date", "ptime",
    "cxenseparse:recs:publishtime", "article_date_original", "article.published",
    "originalpublicationdate",
)  # fmt: skip
# Fields for a date of any kind.
_DATES: Final = ("citation_date", "dc.date", "dcterms.date", "date", "datecreated", "dc.created")
_MODIFIED: Final = (
    "article:modified_time", "og:updated_time", "og:article:modified_time", "article:modified",
    "article:updated_time", "datemodified", "rnews:datemodified", "dcterms.modified",
    "dc.date.modified", "dc.modified", "modified_time", "article.updated", "updated_time",
    "article:updated", "lastmod", "utime",
)  # fmt: skip
_CHANGED: Final = ("last-modified", "last_modified", "revised", "date.modified")
_SAYS_PUBLISHED = Pattern(r"publi|posted|pubdate|entry-date|date-created|creat|issued|en.ligne")
_SAYS_MODIFIED = Pattern(r"updat|modif|\bmaj\b|mise?.a.jour|edited|revis")


@dataclass(frozen=True, slots=True)
class Stamp:
    """Hold a day, and whether it's the day in UTC, which may not be that of the readers."""

    day: date
    is_utc: bool = False


@dataclass(frozen=True, slots=True)
class _Candidate:
    stamp: Stamp
    how: str
    certainty: Certainty


def find_page_dates(
    page: Page,
    data: JsonLd,
    node: Node,
    *,
    visible: Datelines,
    span: range,
    language: Language,
    today: date,
) -> Datelines:
    """Return the dates of the article that `node` of `data` describes.

    `visible` are those that the lines around the title say; `span` the blocks from the title to
    the first paragraph, where a `time` element is likely the article's. No date may lie after
    `today`, by a day at most for other time zones.
    """
    finder = _Finder(page, data, node, span, language, today + timedelta(days=1))
    published = _choose(finder.list_published(), visible.published)
    modified = _choose(finder.list_modified(), visible.modified)
    if modified and published and modified.value < published.value:
        # Nothing is modified before it's published; such a field holds when a draft was saved.
        modified = None
    return Datelines(published, modified)


def read_stamp(value: str | None, language: Language) -> Stamp | None:
    """Return the day that a field for machines holds, or None where it holds none.

    Where the order of day and month can't be told from the numbers, it's that of `language`.
    """
    if not value or len(value) > 100:
        return None
    if match := _ISO.fullmatch(value):
        return _make_stamp(match[1], match[2], match[3], is_utc=(match[4] or "") in _UTC)
    if match := _YEAR_FIRST.fullmatch(value):
        return _make_stamp(match[1], match[2], match[3])
    if match := _YEAR_LAST.fullmatch(value):
        first, second, year = match.groups()
        if int(second) > 12:
            return _make_stamp(year, first, second)
        if int(first) > 12 or language is Language.FRENCH:
            return _make_stamp(year, second, first)
        return None
    try:
        parsed = parsedate(value)
    except (ValueError, IndexError, TypeError):
        return None
    if parsed is None:
        return None
    return _make_stamp(*map(str, parsed[:3]), is_utc=value.rstrip().endswith(tuple(_UTC)))


def _make_stamp(year: str, month: str, day: str, *, is_utc: bool = False) -> Stamp | None:
    try:
        value = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return Stamp(value, is_utc) if value.year >= FIRST_YEAR and value != _EPOCH else None


class _Finder:
    """List the dates that a page states, the surest first."""

    def __init__(
        self,
        page: Page,
        data: JsonLd,
        node: Node,
        span: range,
        language: Language,
        latest: date,
    ) -> None:
        self._page = page
        self._data = data
        self._node = node
        self._span = span
        self._language = language
        self._latest = latest

    def list_published(self) -> Iterator[_Candidate]:
        yield from self._read_node(self._node, "datePublished", Certainty.STATED)
        yield from self._read_metas(_PUBLISHED, Certainty.STATED)
        yield from self._read_marked("datepublished")
        yield from self._read_node(self._node, "dateCreated", Certainty.LIKELY)
        yield from self._read_times(_SAYS_PUBLISHED, _SAYS_MODIFIED, Certainty.STATED)
        for page in self._data.pages:
            yield from self._read_node(page, "datePublished", Certainty.LIKELY)
        yield from self._read_metas(_DATES, Certainty.LIKELY)
        yield from self._read_marked("datecreated")
        yield from self._read_times(None, _SAYS_MODIFIED, Certainty.LIKELY)

    def list_modified(self) -> Iterator[_Candidate]:
        yield from self._read_node(self._node, "dateModified", Certainty.STATED)
        yield from self._read_metas(_MODIFIED, Certainty.STATED)
        yield from self._read_marked("datemodified")
        yield from self._read_times(_SAYS_MODIFIED, None, Certainty.STATED)
        for page in self._data.pages:
            yield from self._read_node(page, "dateModified", Certainty.LIKELY)
        yield from self._read_metas(_CHANGED, Certainty.LIKELY)

    def _read_node(self, node: Node, key: str, certainty: Certainty) -> Iterator[_Candidate]:
        if stamp := self._read(read_string(node.get(key))):
            yield _Candidate(stamp, f"JSON-LD {key}", certainty)

    def _read_metas(self, names: Sequence[str], certainty: Certainty) -> Iterator[_Candidate]:
        for name in names:
            for content in self._page.metas.get(name, ()):
                if stamp := self._read(content):
                    yield _Candidate(stamp, f"meta {name}", certainty)

    def _read_marked(self, wanted: str) -> Iterator[_Candidate]:
        for marked in self._page.marked:
            if wanted not in marked.properties or is_suspect(self._page, marked.region):
                continue
            if stamp := self._read(marked.value or marked.text.strip()):
                yield _Candidate(stamp, f"itemprop {wanted}", Certainty.STATED)

    def _read_times(
        self, wanted: Pattern | None, unwanted: Pattern | None, certainty: Certainty
    ) -> Iterator[_Candidate]:
        for marked in self._page.marked:
            if marked.name != "time" or marked.block not in self._span:
                continue
            if is_suspect(self._page, marked.region):
                continue
            words = f"{marked.words} {self._read_label(marked)}"
            if wanted is not None and not wanted.search(words):
                continue
            if unwanted is not None and unwanted.search(words):
                continue
            if stamp := self._read(marked.value or marked.text.strip()):
                yield _Candidate(stamp, "time element", certainty)

    def _read_label(self, marked: Marked) -> str:
        """Return the text just before an element: "Mis à jour le"."""
        before = self._page.source[max(0, marked.start - LABEL_CHARACTERS) : marked.start]
        parts = [part.strip(" \t\r\n,·|–—-") for part in _TAG.split(before)]
        return fold(next(filter(None, reversed(parts)), ""))

    def _read(self, value: str | None) -> Stamp | None:
        stamp = read_stamp(value, self._language)
        return stamp if stamp and stamp.day <= self._latest else None


def _choose(candidates: Iterator[_Candidate], visible: Found[date] | None) -> Found[date] | None:
    """Return the surest of the dates; what readers see decides where the surest is in UTC."""
    best = next(candidates, None)
    if best is None:
        return visible
    if visible and best.certainty is Certainty.LIKELY and visible.certainty is Certainty.STATED:
        return visible
    day = best.stamp.day
    if visible and best.stamp.is_utc and abs(visible.value - day) == timedelta(days=1):
        return Found(visible.value, f"{visible.how}; {best.how} is in UTC", visible.certainty)
    return Found(day, best.how, best.certainty)
