"""Feeds and sitemaps in a process of their own: the same is read, and a bad one costs itself."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from massilia.corpus.errors import ArticleError
from massilia.ingest.confined_worker import measure_peak
from massilia.ingest.confinement import Limits
from massilia.ingest.feed import read_feed
from massilia.ingest.listing import ListingReader
from massilia.ingest.sitemap import read_sitemap

URL = "https://port.example/list.xml"
FEED = (
    "<rss><channel><title>L’été</title><item><title>A</title><link>/a</link>"
    "<pubDate>1 Apr 2022 10:24 +0200</pubDate></item>"
    "<item><guid>b</guid><description>All of it.</description></item></channel></rss>"
)
SITEMAP = (
    "<urlset><url><loc>https://port.example/a</loc><lastmod>2022-04-01</lastmod></url>"
    "<url><loc>https://other.example/</loc></url></urlset>"
)
# Each of the elements is written with the namespace, 100,000 characters long.
LONG_NAMESPACE = f'<rss xmlns:x="{"u" * 100_000}"><channel>{{}}</channel></rss>'
ITEM = f"<item><description>{'<x:a/>' * 40}</description></item>"


@pytest.fixture
def reader() -> Iterator[ListingReader]:
    with ListingReader() as opened:
        yield opened


def list_children() -> set[int]:
    own = Path("/proc", str(os.getpid()), "task", str(os.getpid()), "children")
    return {int(child) for child in own.read_text().split()}


@pytest.mark.parametrize(("codec", "charset"), [("utf-8", None), ("mac-roman", "macintosh")])
def test_a_feed_is_read_as_it_is_here(
    reader: ListingReader, codec: str, charset: str | None
) -> None:
    data = FEED.encode(codec)
    feed = reader.read_feed(data, URL, charset)
    assert feed == read_feed(data, URL, charset=charset)
    assert feed.title == "L’été"


def test_a_sitemap_is_read_as_it_is_here(reader: ListingReader) -> None:
    sitemap = reader.read_sitemap(SITEMAP.encode(), URL, None)
    assert sitemap == read_sitemap(SITEMAP.encode(), URL)
    assert (len(sitemap.pages), sitemap.skipped) == (1, 1)


@pytest.mark.parametrize("data", [b"<p/>", b"{}", b"<rss>\n\n\0", b"<!DOCTYPE a [<!ENTITY b ''>]>"])
def test_what_is_none_is_refused_as_it_is_here(reader: ListingReader, data: bytes) -> None:
    for read, confined in (
        (read_feed, reader.read_feed),
        (read_sitemap, reader.read_sitemap),
    ):
        with pytest.raises(ArticleError) as here:
            read(data, URL)
        with pytest.raises(ArticleError) as there:
            confined(data, URL, None)
        assert str(there.value) == str(here.value)
        assert (there.value.origin, there.value.line) == (URL, here.value.line)


def test_one_process_reads_all_and_ends_with_its_reader() -> None:
    gc.collect()
    before = list_children(), len(os.listdir("/proc/self/fd"))
    with ListingReader() as reader:
        # Most addresses are pages.
        assert list_children() == before[0]
        reader.read_feed(FEED.encode(), URL, None)
        (child,) = list_children() - before[0]
        reader.read_sitemap(SITEMAP.encode(), URL, None)
        with pytest.raises(ArticleError):
            reader.read_feed(b"", URL, None)
        assert list_children() - before[0] == {child}
    assert (list_children(), len(os.listdir("/proc/self/fd"))) == before


@pytest.mark.parametrize(
    ("limits", "items", "reason"),
    [
        (Limits(memory=200_000_000), 200, "needed more than 200 MB of memory"),
        (Limits(output=10_000_000), 5, "gives 20 MB, more than the limit of 10 MB"),
        (Limits(seconds=0.05, memory=10**11, output=10**11), 500, "took more than 0.05 s to read"),
    ],
)
def test_a_bomb_costs_neither_this_process_nor_the_next_feed(
    limits: Limits, items: int, reason: str
) -> None:
    bomb = LONG_NAMESPACE.format(ITEM * items).encode()
    with ListingReader(limits) as reader:
        Path("/proc/self/clear_refs").write_text("5")
        before = measure_peak()
        with pytest.raises(ArticleError) as caught:
            reader.read_feed(bomb, URL, None)
        assert measure_peak() - before < 10_000_000
        assert str(caught.value) == f"{URL}: {reason}"
        if limits.seconds > 1:
            assert reader.read_feed(FEED.encode(), URL, None).title == "L’été"
