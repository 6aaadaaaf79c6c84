"""Sitemaps: which pages a site has, and when they last changed (sitemaps.org)."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from massilia.corpus.document import MAX_BYTES
from massilia.corpus.errors import ArticleError
from massilia.ingest.addresses import parse_address
from massilia.ingest.decompression import GZIP_MAGIC, read_gzip
from massilia.ingest.timestamps import read_timestamp
from massilia.ingest.xml_stream import Element, XmlStream, name_element, read_text

MAX_PAGES: Final = 50_000
"""The most that the protocol lets a sitemap name, of pages or of further sitemaps."""

_ROOTS: Final = frozenset({"urlset", "sitemapindex"})
_PIECES: Final = frozenset({"url", "sitemap"})


@dataclass(frozen=True, slots=True)
class SitemapPage:
    """Name a page, or a further sitemap, and the day on which it last changed."""

    url: str
    last_modified: date | None = None


@dataclass(frozen=True, slots=True)
class Sitemap:
    """Hold the pages that a sitemap names, or the sitemaps that an index of them does.

    `skipped` counts addresses on other hosts, which a sitemap can't speak for, and what is none.
    `cut` says why those after the last one weren't read, None if all were.
    """

    pages: tuple[SitemapPage, ...] = ()
    sitemaps: tuple[SitemapPage, ...] = ()
    skipped: int = 0
    cut: str | None = None


def read_sitemap(
    data: bytes, url: str, *, charset: str | None = None, max_pages: int = MAX_PAGES
) -> Sitemap:
    """Return the sitemap in `data`, which may be compressed with gzip, found at `url`.

    Each address is named once. Raises `ArticleError` for what is no sitemap, one that declares
    entities, and one that is too large when decompressed.
    """
    try:
        host = parse_address(url).host
        if data.startswith(GZIP_MAGIC):
            data = read_gzip(data, MAX_BYTES)
    except ValueError as error:
        raise ArticleError(url, str(error)) from error
    stream = XmlStream(data, url, charset)
    found: dict[str, dict[str, SitemapPage]] = {piece: {} for piece in _PIECES}
    skipped = 0
    cut = page = None
    for piece in stream.read_pieces("sitemap", _ROOTS):
        name = name_element(piece)
        page = _read_page(piece, host) if name in _PIECES else None
        if page is not None and len(found[name]) >= max_pages:
            cut = f"more than {max_pages:,} addresses"
            break
        if page is not None:
            found[name].setdefault(page.url, page)
        elif name in _PIECES:
            skipped += 1
    if page is not None and not stream.is_last_whole:
        found[name].pop(page.url, None)
    pages, sitemaps = (tuple(found[each].values()) for each in ("url", "sitemap"))
    return Sitemap(pages, sitemaps, skipped, cut or stream.fault)


def _read_page(piece: Element, host: str) -> SitemapPage | None:
    fields = {name_element(child): child for child in piece}
    if "loc" not in fields:
        return None
    try:
        address = parse_address(read_text(fields["loc"]))
    except ValueError:
        return None
    if address.host != host:
        return None
    changed = read_timestamp(read_text(fields["lastmod"])) if "lastmod" in fields else None
    return SitemapPage(address.url, changed)
