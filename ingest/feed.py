"""RSS and Atom feeds: which articles they name, and what they say of them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from html import escape, unescape
from html.entities import html5
from re import Match
from typing import Final, TypeVar
from urllib.parse import urljoin

from massilia.corpus.article import Certainty, Language
from massilia.corpus.pattern import Pattern
from massilia.ingest.addresses import parse_address
from massilia.ingest.extraction import Extraction, Found
from massilia.ingest.places import is_web_address
from massilia.ingest.timestamps import read_timestamp
from massilia.ingest.xml_stream import (
    Element,
    XmlStream,
    name_element,
    read_text,
    write_content,
)

MAX_ENTRIES: Final = 1_000
"""How many entries of a feed are read; most publishers keep ten to a hundred in it."""

_ROOTS: Final = frozenset({"rss", "rdf", "feed"})
_ENTRIES: Final = frozenset({"item", "entry", "atom:entry"})
_TITLES: Final = ("title", "atom:title", "dc:title")
_LINKS: Final = frozenset({"link", "atom:link"})
_IDS: Final = ("guid", "atom:id", "id")
_CONTENTS: Final = ("content:encoded", "atom:content", "content", "xhtml:body")
_SUMMARIES: Final = ("description", "atom:summary", "summary", "dc:description")
_PUBLISHED: Final = (
    "pubdate",
    "atom:published",
    "published",
    "atom:issued",
    "issued",
    "dcterms:issued",
    "dc:date",
)
_UPDATED: Final = ("atom:updated", "updated", "atom:modified", "modified", "dcterms:modified")
_PEOPLE: Final = ("atom:author", "author", "dc:creator")
_NAMES: Final = frozenset({"name", "atom:name"})
_LANGUAGES: Final = ("language", "dc:language")
_XML: Final = "{http://www.w3.org/XML/1998/namespace}"
_RDF_ABOUT: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
# "editor@example.org (Jeanne Martin)", as RSS has authors written.
_NAMED_MAIL = Pattern(r"\S+@\S+\s+\(([^()]+)\)")
_MAIL = Pattern(r"\S+@\S+")
_REFERENCE = Pattern(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|\w{2,31});")
# Titles are text in RSS, and HTML all the same in many feeds.
_TAG = Pattern(r"</?(?:a|abbr|b|br|cite|code|em|font|i|p|q|s|small|span|strong|sub|sup|u)\b[^<>]*>")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """Hold what a feed says of an article.

    `summary` and `content` are HTML. `content` is the article, where the feed holds it whole; of an
    entry without `url`, it is all that there is.
    `published` and `updated` are the days that are written, in the publisher's own time zone.
    """

    id: str | None = None
    url: str | None = None
    title: str | None = None
    published: date | None = None
    updated: date | None = None
    authors: tuple[str, ...] = ()
    summary: str | None = None
    content: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """Hold a feed, or a page of one: `next_page` is the URL of the page with older entries.

    `url` is the site's. `cut` says why entries after the last one weren't read, None if all were.
    """

    title: str | None = None
    url: str | None = None
    language: str | None = None
    entries: tuple[FeedEntry, ...] = ()
    next_page: str | None = None
    cut: str | None = None


def read_feed(
    data: bytes, url: str, *, charset: str | None = None, max_entries: int = MAX_ENTRIES
) -> Feed:
    """Return the feed in `data`: RSS 0.9 to 2.0, Atom 0.3 or 1.0.

    `url` is where it was found, from which its links are resolved; `charset` is what its server
    declares, which is asked last. An entry's `url` is None where it has no http or https link.
    Raises `ArticleError` for what is no feed, and for one that declares entities.
    """
    return _FeedReader(url).read(XmlStream(data, url, charset), max_entries)


def describe_entry(extraction: Extraction, entry: FeedEntry, feed: Feed) -> Extraction:
    """Return what was read out of an entry's content, with what the feed says of it besides.

    The feed has the last word; its own title is taken for the publisher where nothing else is.
    """

    def choose(value: T | None, element: str, other: Found[T] | None) -> Found[T] | None:
        return Found(value, f"the feed's {element}", Certainty.STATED) if value else other

    publisher = extraction.publisher
    if publisher is None and feed.title:
        publisher = Found(feed.title, "the feed's own title", Certainty.LIKELY)
    return replace(
        extraction,
        title=choose(entry.title, "title", extraction.title),
        publisher=publisher,
        authors=choose(entry.authors, "author", extraction.authors),
        language=choose(_read_language(entry.language), "language", extraction.language),
        date_published=choose(entry.published, "date", extraction.date_published),
        date_modified=choose(entry.updated, "date of change", extraction.date_modified),
        url=choose(entry.url, "link", extraction.url),
    )


def _read_language(tag: str | None) -> Language | None:
    code = (tag or "").replace("_", "-").partition("-")[0].strip().lower()
    return next((language for language in Language if language == code), None)


class _FeedReader:
    def __init__(self, url: str) -> None:
        self._url = url
        self._title: str | None = None
        self._link: str | None = None
        self._language: str | None = None
        self._next_page: str | None = None
        self._authors: list[str] = []
        self._entries: list[FeedEntry] = []

    def read(self, stream: XmlStream, max_entries: int) -> Feed:
        cut = None
        is_entry = False
        for piece in stream.read_pieces("feed", _ROOTS, frozenset({"channel"})):
            is_entry = name_element(piece) in _ENTRIES
            if not is_entry:
                self._read_head(piece)
            elif len(self._entries) < max_entries:
                self._entries.append(_read_entry(piece, self._url))
            else:
                cut = f"more than {max_entries:,} entries"
                break
        if is_entry and not stream.is_last_whole:
            self._entries.pop()
        return Feed(
            self._title,
            self._link,
            self._language,
            tuple(map(self._complete, self._entries)),
            self._next_page,
            cut or stream.fault,
        )

    def _read_head(self, piece: Element) -> None:
        name = name_element(piece)
        if name in _TITLES:
            self._title = self._title or _read_title(piece)
        elif name in _LINKS:
            self._read_link(piece)
        elif name in _LANGUAGES:
            self._language = self._language or read_text(piece) or None
        elif name in _PEOPLE:
            self._authors += _read_people(piece)
        self._language = self._language or _inherit(piece.getparent(), "lang")

    def _read_link(self, piece: Element) -> None:
        relation = piece.get("rel", "alternate")
        if relation == "alternate":
            self._link = self._link or _read_link(piece, self._url)
        elif relation == "next":
            self._next_page = self._next_page or _read_link(piece, self._url)

    def _complete(self, entry: FeedEntry) -> FeedEntry:
        return replace(
            entry,
            authors=entry.authors or tuple(dict.fromkeys(self._authors)),
            language=entry.language or self._language,
        )


def _read_entry(entry: Element, url: str) -> FeedEntry:
    children: defaultdict[str, list[Element]] = defaultdict(list)
    for child in entry:
        children[name_element(child)].append(child)

    def find(names: Iterable[str]) -> Iterator[Element]:
        return (child for name in names for child in children[name])

    link = _find_link(entry, find, url)
    summary = _get_first(map(_read_html, find(_SUMMARIES)))
    content = _get_first(map(_read_html, find(_CONTENTS)))
    people = dict.fromkeys(name for each in find(_PEOPLE) for name in _read_people(each))
    return FeedEntry(
        id=_get_first(map(read_text, find(_IDS))) or entry.get(_RDF_ABOUT),
        url=link,
        title=_get_first(map(_read_title, find(_TITLES))),
        published=_get_first(read_timestamp(read_text(each)) for each in find(_PUBLISHED)),
        updated=_get_first(read_timestamp(read_text(each)) for each in find(_UPDATED)),
        authors=tuple(people),
        summary=summary,
        content=content or (summary if link is None else None),
        language=_get_first(map(read_text, find(_LANGUAGES))) or entry.get(_XML + "lang"),
    )


def _find_link(
    entry: Element, find: Callable[[Iterable[str]], Iterator[Element]], url: str
) -> str | None:
    alternates = [each for each in find(_LINKS) if each.get("rel", "alternate") == "alternate"]
    # An entry may also name itself in other formats.
    alternates.sort(key=lambda each: "html" not in each.get("type", "html"))
    guids = (each for each in find(["guid"]) if _is_permalink(each))
    elements = (*find(["feedburner:origlink"]), *alternates, *guids)
    return _get_first(_read_link(each, url) for each in elements) or _resolve(
        entry, entry.get(_RDF_ABOUT), url
    )


def _is_permalink(guid: Element) -> bool:
    # "true" is what it is without the attribute; many that aren't links go without all the same.
    stated = guid.get("isPermaLink", "true").strip().lower()
    return stated == "true" and is_web_address(read_text(guid))


def _read_link(element: Element, url: str) -> str | None:
    return _resolve(element, element.get("href") or read_text(element), url)


def _resolve(element: Element, reference: str | None, url: str) -> str | None:
    if not reference or not reference.strip():
        return None
    bases = [each.get(_XML + "base") for each in (element, *element.iterancestors())]
    try:
        for base in filter(None, reversed(bases)):
            url = urljoin(url, base)
        return parse_address(urljoin(url, reference.strip())).url
    except ValueError:
        return None


def _read_html(element: Element) -> str | None:
    """Return the content of an element as HTML, None where it is blank or no text."""
    media_type = element.get("type", "")
    if len(element):
        html = write_content(element)
    elif name_element(element).startswith("atom:"):
        if media_type in {"", "text", "text/plain"}:
            html = escape(element.text or "", quote=False)
        elif "html" in media_type:
            html = element.text or ""
        else:
            return None
    else:
        html = element.text or ""
    return html.strip() or None


def _read_title(element: Element) -> str | None:
    text = "".join(element.itertext())
    if element.get("type") != "text":
        text = _REFERENCE.sub(_unescape, _TAG.sub("", text))
    return " ".join(text.split()) or None


def _unescape(reference: Match[str]) -> str:
    # `unescape` reads "&notes;" as "¬es;", as browsers do.
    text = reference[0]
    return unescape(text) if text[1] == "#" or text[1:] in html5 else text


def _read_people(element: Element) -> list[str]:
    names = [read_text(each) for each in element if name_element(each) in _NAMES]
    if not len(element):
        text = read_text(element)
        named = _NAMED_MAIL.fullmatch(text)
        names = [named[1].strip() if named else text]
    return [name for name in names if name and not _MAIL.fullmatch(name)]


def _inherit(element: Element, name: str) -> str | None:
    return _get_first(each.get(_XML + name) for each in (element, *element.iterancestors()))


def _get_first(values: Iterable[T | None]) -> T | None:
    """Return the first value that isn't empty."""
    return next((value for value in values if value), None)
