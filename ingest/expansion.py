"""A URL taken apart: a page is itself, a feed or a sitemap stands for the articles it names."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from massilia.corpus.document import MAX_BYTES
from massilia.corpus.errors import ArticleError, show_value
from massilia.ingest.decompression import GZIP_MAGIC, read_gzip
from massilia.ingest.document import Refusal
from massilia.ingest.document_kind import recognise_kind
from massilia.ingest.extraction import DocumentKind
from massilia.ingest.feed import Feed, FeedEntry
from massilia.ingest.fetching import Fetched, Fetcher, NotModified
from massilia.ingest.listing import ListingReader

MAX_ARTICLES: Final = 1_000
MAX_FEED_PAGES: Final = 10
"""How many pages of a feed are read, the first included."""
MAX_SITEMAPS: Final = 100
"""How many sitemaps are fetched for one index; at one a second, that takes two minutes."""

# An index of indexes is against the protocol, and exists.
_MAX_DEPTH: Final = 3


@dataclass(frozen=True, slots=True)
class Page:
    """Hold a document that the URL was itself, fetched."""

    fetched: Fetched


@dataclass(frozen=True, slots=True)
class Link:
    """Name an article that is still to be fetched, and where it was named.

    `entry` is what a feed says of it; `last_modified` the day that a sitemap gives.
    """

    url: str
    found_in: str
    entry: FeedEntry | None = None
    last_modified: date | None = None


@dataclass(frozen=True, slots=True)
class Inline:
    """Hold an article that has no address of its own: all of it is in the feed."""

    entry: FeedEntry
    feed: Feed
    found_in: str


Expanded = Page | Link | Inline | NotModified | Refusal


def expand_url(
    fetcher: Fetcher,
    reader: ListingReader,
    url: str,
    *,
    etag: str | None = None,
    last_modified: str | None = None,
    max_articles: int = MAX_ARTICLES,
    seen: Collection[str] = (),
) -> Iterator[Expanded]:
    """Yield what a URL stands for: itself as a page, or the articles of a feed or sitemap.

    Articles come in the order of the feed or sitemap, each once, `max_articles` at most. Those
    whose URL is in `seen` (or the id in the feed, where there is no URL) aren't yielded and don't
    count. What can't be read of a feed or a sitemap is yielded as a refusal, and the rest goes on.
    They are parsed by `reader`, within its limits.
    Raises `ArticleError` when the URL itself can't be fetched or read.
    """
    found = fetcher.fetch(url, etag=etag, last_modified=last_modified)
    if isinstance(found, NotModified):
        yield found
        return
    found = _unpack(found)
    expansion = _Expansion(fetcher, reader, max_articles, seen)
    match _recognise(found):
        case DocumentKind.FEED:
            yield from expansion.expand_feed(found)
        case DocumentKind.SITEMAP:
            yield from expansion.expand_sitemap(found)
        case _:
            yield Page(found)


class _Expansion:
    def __init__(
        self,
        fetcher: Fetcher,
        reader: ListingReader,
        max_articles: int,
        seen: Collection[str],
    ) -> None:
        self._fetcher = fetcher
        self._reader = reader
        self._left = max_articles
        self._seen = set(seen)
        self._fetched: set[str] = set()

    def expand_feed(self, found: Fetched) -> Iterator[Expanded]:
        url = found.url
        feed = self._reader.read_feed(found.data, url, found.charset)
        for _ in range(MAX_FEED_PAGES - 1):
            self._fetched.add(url)
            left = self._left
            yield from self._list_entries(feed, url)
            # The pages after one on which all is known hold older entries still.
            if not 0 < self._left < left or feed.next_page in {None, *self._fetched}:
                return
            assert feed.next_page is not None
            url = feed.next_page
            try:
                page = self._fetch(url)
                feed = self._reader.read_feed(page.data, page.url, page.charset)
            except ArticleError as error:
                yield Refusal(url, str(error))
                return
        yield from self._list_entries(feed, url)

    def expand_sitemap(self, found: Fetched, depth: int = 1) -> Iterator[Expanded]:
        self._fetched.add(found.url)
        sitemap = self._reader.read_sitemap(found.data, found.url, found.charset)
        for page in sitemap.pages:
            if self._take(page.url):
                yield Link(page.url, found.url, last_modified=page.last_modified)
        if sitemap.skipped:
            reason = f"{sitemap.skipped:,} addresses in it are not on its own host"
            yield _refuse(found.url, reason)
        if sitemap.cut:
            yield _refuse(found.url, f"the sitemap is not read to its end: {sitemap.cut}")
        for each in sitemap.sitemaps:
            if self._left <= 0:
                return
            if len(self._fetched) >= MAX_SITEMAPS:
                yield _refuse(found.url, f"of its sitemaps only {MAX_SITEMAPS} in all are read")
                return
            if each.url not in self._fetched:
                yield from self._expand_nested(each.url, depth + 1)

    def _expand_nested(self, url: str, depth: int) -> Iterator[Expanded]:
        if depth > _MAX_DEPTH:
            yield _refuse(url, f"a sitemap within sitemaps, {_MAX_DEPTH} deep, is not read")
            return
        try:
            found = self._fetch(url)
            # It may have led to one that was read.
            if found.url == url or found.url not in self._fetched:
                yield from self.expand_sitemap(found, depth)
        except ArticleError as error:
            yield Refusal(url, str(error))

    def _list_entries(self, feed: Feed, url: str) -> Iterator[Expanded]:
        for entry in feed.entries:
            if entry.url:
                if self._take(entry.url):
                    yield Link(entry.url, url, entry)
            elif not entry.content:
                name = show_value(entry.title or entry.id or "")
                yield _refuse(url, f"its entry {name} has neither a link nor a text")
            elif self._take(entry.id or entry.content):
                yield Inline(entry, feed, url)
        if feed.cut:
            yield _refuse(url, f"the feed is not read to its end: {feed.cut}")

    def _take(self, key: str) -> bool:
        if self._left <= 0 or key in self._seen:
            return False
        self._seen.add(key)
        self._left -= 1
        return True

    def _fetch(self, url: str) -> Fetched:
        self._fetched.add(url)
        found = self._fetcher.fetch(url)
        assert isinstance(found, Fetched)  # nothing was asked on a condition
        return _unpack(found)


def _unpack(found: Fetched) -> Fetched:
    if not found.data.startswith(GZIP_MAGIC):
        return found
    try:
        return replace(found, data=read_gzip(found.data, MAX_BYTES))
    except ValueError as error:
        raise ArticleError(found.url, str(error)) from error


def _recognise(found: Fetched) -> DocumentKind | None:
    """Return the kind of a document, or None for what is none: who reads it says why."""
    with suppress(ArticleError):
        return recognise_kind(found.data, found.url, found.media_type)
    return None


def _refuse(url: str, reason: str) -> Refusal:
    return Refusal(url, f"{url}: {reason}")
