"""Feeds and sitemaps from the web, parsed in a process of their own, with limits."""

from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from massilia.corpus.errors import ArticleError
from massilia.ingest.confinement import ConfinedReader, Limits
from massilia.ingest.feed import Feed, read_feed
from massilia.ingest.sitemap import Sitemap, read_sitemap

LISTING_LIMITS: Final = Limits(output=50_000_000)
"""What a feed or a sitemap may cost. What is fetched has 20 MB at most, which are 40 as UTF-8 where
they were Latin-1; one of 160 kB can give 800, by a long namespace that each element repeats."""


class ListingReader:
    """Read feeds and sitemaps in a child process: a bad one costs nothing but itself.

    The process is started for the first of them and kept for the others, until this is closed.
    """

    def __init__(self, limits: Limits = LISTING_LIMITS) -> None:
        self._reader = ConfinedReader(_parse, limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process, where there is one."""
        self._reader.close()

    def read_feed(self, data: bytes, url: str, charset: str | None) -> Feed:
        """Return the feed in `data`, as `feed.read_feed` does.

        Raises `ArticleError` for what takes too much time or memory, too.
        """
        feed = self._read(_Listing(True, data, url, charset))
        assert isinstance(feed, Feed)
        return feed

    def read_sitemap(self, data: bytes, url: str, charset: str | None) -> Sitemap:
        """Return the sitemap in `data`, as `sitemap.read_sitemap` does.

        Raises `ArticleError` for what takes too much time or memory, too.
        """
        sitemap = self._read(_Listing(False, data, url, charset))
        assert isinstance(sitemap, Sitemap)
        return sitemap

    def _read(self, listing: "_Listing") -> Feed | Sitemap:
        confined = self._reader.read(listing)
        found = confined.result
        if found is None:
            raise ArticleError(listing.url, str(confined.fault))
        if isinstance(found, _Refused):
            raise ArticleError(listing.url, found.reason, found.line)
        return found


@dataclass(frozen=True, slots=True)
class _Listing:
    is_feed: bool
    data: bytes
    url: str
    charset: str | None


@dataclass(frozen=True, slots=True)
class _Refused:
    """Hold what an `ArticleError` says: it can't be pickled itself."""

    reason: str
    line: int | None


def _parse(listing: _Listing) -> Feed | Sitemap | _Refused:
    read = read_feed if listing.is_feed else read_sitemap
    try:
        return read(listing.data, listing.url, charset=listing.charset)
    except ArticleError as error:
        return _Refused(error.reason, error.line)
