import gzip
from collections.abc import Iterator
from datetime import date

import pytest

from massilia.corpus.errors import ArticleError
from massilia.ingest.document import Refusal
from massilia.ingest.expansion import Expanded, Inline, Link, Page, expand_url
from massilia.ingest.fetching import Fetched, Fetcher, NotModified
from massilia.ingest.listing import ListingReader
from tests.web_server import WebServer, redirect, reply

PAGE = "<!DOCTYPE html><p>Le port de Marseille reçoit des navires.</p>".encode()


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer() as started:
        yield started


def expand(server: WebServer, target: str, **given: object) -> list[Expanded]:
    with Fetcher(allow_loopback=True, interval=0) as fetcher, ListingReader() as reader:
        found = expand_url(fetcher, reader, server.url(target), **given)  # type: ignore[arg-type]
        return list(found)


def list_links(server: WebServer, target: str, **given: object) -> list[str]:
    found = expand(server, target, **given)
    assert all(isinstance(each, Link) for each in found), found
    return [each.url.removeprefix(server.url("")) for each in found if isinstance(each, Link)]


def write_feed(*links: str, following: str | None = None) -> bytes:
    items = "".join(f"<item><title>{link}</title><link>{link}</link></item>" for link in links)
    more = f'<link rel="next" href="{following}"/>' if following else ""
    return reply(f"<rss><channel><title>Port</title>{more}{items}</channel></rss>".encode())


def write_sitemap(server: WebServer, *targets: str) -> bytes:
    urls = "".join(f"<url><loc>{server.url(target)}</loc></url>" for target in targets)
    return f"<urlset>{urls}</urlset>".encode()


def write_index(server: WebServer, *targets: str) -> bytes:
    urls = "".join(f"<sitemap><loc>{server.url(target)}</loc></sitemap>" for target in targets)
    return reply(f"<sitemapindex>{urls}</sitemapindex>".encode())


def test_a_page_is_itself(server: WebServer) -> None:
    server.answers["/a"] = reply(PAGE, ETag='"1"')
    assert expand(server, "/a") == [Page(Fetched(server.url("/a"), 200, PAGE, etag='"1"'))]


def test_a_page_that_is_kept_compressed_is_taken_out(server: WebServer) -> None:
    server.answers["/a.gz"] = reply(gzip.compress(PAGE), Content_Type="application/gzip")
    (page,) = expand(server, "/a.gz")
    assert isinstance(page, Page) and page.fetched.data == PAGE


@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n\x1a\n", b"", b"\x00\x01", b"<?xml version='1.0'?><svg/>"]
)
def test_what_is_no_document_is_left_to_who_reads_it(server: WebServer, data: bytes) -> None:
    server.answers["/a"] = reply(data)
    assert expand(server, "/a") == [Page(Fetched(server.url("/a"), 200, data))]


def test_a_url_that_cannot_be_fetched_is_refused(server: WebServer) -> None:
    with pytest.raises(ArticleError, match="404 Not Found"):
        expand(server, "/a")


def test_a_feed_stands_for_its_articles(server: WebServer) -> None:
    server.answers["/feed"] = reply(
        b"<rss><channel><title>Port</title>"
        b"<item><title>A</title><link>/a</link><pubDate>1 Apr 2022 10:24 +0200</pubDate></item>"
        b"<item><title>B</title><guid>b</guid><description>All of it.</description></item>"
        b"<item><title>C</title></item>"
        b"<item><title>A again</title><link>/a#part</link></item>"
        b"</channel></rss>"
    )
    link, inline, refusal = expand(server, "/feed")
    url = server.url("/feed")
    assert isinstance(link, Link) and link.entry is not None
    assert (link.url, link.found_in) == (server.url("/a"), url)
    assert (link.entry.title, link.entry.published) == ("A", date(2022, 4, 1))
    assert isinstance(inline, Inline)
    assert (inline.entry.title, inline.entry.content) == ("B", "All of it.")
    assert (inline.feed.title, inline.found_in) == ("Port", url)
    assert refusal == Refusal(url, f"{url}: its entry 'C' has neither a link nor a text")
    # The articles are left to be fetched.
    assert server.targets == ["/feed"]


def test_a_feed_that_has_not_changed_stands_for_nothing_new(server: WebServer) -> None:
    server.answers["/feed"] = reply(b"", "304 Not Modified")
    found = expand(server, "/feed", etag='"1"', last_modified="Fri, 01 Apr 2022 10:24:00 GMT")
    assert found == [NotModified(server.url("/feed"), '"1"', "Fri, 01 Apr 2022 10:24:00 GMT")]
    assert server.asked[-1].fields["if-modified-since"] == "Fri, 01 Apr 2022 10:24:00 GMT"


def test_articles_that_were_seen_are_skipped_and_do_not_count(server: WebServer) -> None:
    server.answers["/feed"] = write_feed("/a", "/b", "/a", "/c", "/d")
    assert list_links(server, "/feed", max_articles=2) == ["/a", "/b"]
    seen = [server.url("/a"), server.url("/c")]
    assert list_links(server, "/feed", seen=seen, max_articles=2) == ["/b", "/d"]
    assert list_links(server, "/feed", max_articles=0) == []


def test_the_pages_of_a_feed_are_followed_as_far_as_they_bring_something(
    server: WebServer,
) -> None:
    server.answers |= {
        "/feed": write_feed("/a", "/b", following="?2"),
        "/feed?2": write_feed("/b", "/c", following="?3"),
        "/feed?3": write_feed("/c", following="?4"),
        "/feed?4": write_feed("/d"),
    }
    assert list_links(server, "/feed") == ["/a", "/b", "/c"]
    assert server.targets == ["/feed", "/feed?2", "/feed?3"]
    server.asked.clear()
    assert list_links(server, "/feed", max_articles=2) == ["/a", "/b"]
    assert server.targets == ["/feed"]


def test_a_feed_without_end_is_left_after_ten_pages(server: WebServer) -> None:
    server.answers |= {
        f"/feed?{number}": write_feed(f"/{number}", following=f"?{number + 1}")
        for number in range(50)
    }
    assert list_links(server, "/feed?0") == [f"/{number}" for number in range(10)]
    assert len(server.targets) == 10


def test_a_feed_that_names_itself_as_its_next_page_ends(server: WebServer) -> None:
    server.answers |= {
        "/feed": write_feed("/a", following="/more"),
        "/more": write_feed("/b", following="/feed"),
    }
    assert list_links(server, "/feed") == ["/a", "/b"]
    assert server.targets == ["/feed", "/more"]


def test_a_page_of_a_feed_that_cannot_be_read_costs_only_itself(server: WebServer) -> None:
    server.answers |= {"/feed": write_feed("/a", following="/more"), "/more": reply(PAGE[15:])}
    link, refusal = expand(server, "/feed")
    url = server.url("/more")
    assert isinstance(link, Link)
    assert refusal == Refusal(url, f"{url}: no feed: its first element is <p>")


def test_a_feed_that_breaks_off_is_said_to(server: WebServer) -> None:
    server.answers["/feed"] = reply(b"<rss><channel><item><link>/a</link></item><item>")
    link, refusal = expand(server, "/feed")
    assert isinstance(link, Link) and isinstance(refusal, Refusal)
    assert refusal.reason.startswith(f"{server.url('/feed')}: the feed is not read to its end: ")


def test_a_sitemap_stands_for_its_pages_compressed_or_not(server: WebServer) -> None:
    text = write_sitemap(server, "/a", "/b").replace(
        b"</loc></url></urlset>", b"</loc><lastmod>2022-04-01</lastmod></url></urlset>"
    )
    server.answers |= {
        "/sitemap.xml": reply(text),
        "/sitemap.xml.gz": reply(gzip.compress(text), Content_Type="application/gzip"),
    }
    for target in ("/sitemap.xml", "/sitemap.xml.gz"):
        url = server.url(target)
        assert expand(server, target) == [
            Link(server.url("/a"), url),
            Link(server.url("/b"), url, last_modified=date(2022, 4, 1)),
        ]


def test_an_index_stands_for_the_pages_of_its_sitemaps(server: WebServer) -> None:
    server.answers |= {
        "/index": write_index(server, "/1", "/gone", "/2"),
        "/1": reply(write_sitemap(server, "/a", "/b")),
        "/2": reply(gzip.compress(write_sitemap(server, "/b", "/c"))),
    }
    found = expand(server, "/index")
    assert [each.url for each in found if isinstance(each, Link)] == [
        server.url(target) for target in ("/a", "/b", "/c")
    ]
    gone = server.url("/gone")
    assert found[2] == Refusal(gone, f"{gone}: the server answers 404 Not Found")
    server.asked.clear()
    assert list_links(server, "/index", max_articles=2) == ["/a", "/b"]
    assert server.targets == ["/index", "/1"]


def test_indexes_within_indexes_end(server: WebServer) -> None:
    server.answers |= {
        "/1": write_index(server, "/2", "/1"),
        "/2": write_index(server, "/3", "/1", "/again"),
        "/again": redirect("/2"),
        "/3": write_index(server, "/4"),
        "/4": reply(write_sitemap(server, "/a")),
    }
    (refusal,) = expand(server, "/1")
    url = server.url("/4")
    assert refusal == Refusal(url, f"{url}: a sitemap within sitemaps, 3 deep, is not read")
    assert server.targets == ["/1", "/2", "/3", "/again", "/2"]


def test_a_sitemap_under_two_addresses_is_read_once(server: WebServer) -> None:
    elsewhere = b"<url><loc>https://other.example/</loc></url></urlset>"
    server.answers |= {
        "/index": write_index(server, "/1", "/again", "/1"),
        "/again": redirect("/1"),
        "/1": reply(write_sitemap(server, "/a").replace(b"</urlset>", elsewhere)),
    }
    link, skipped = expand(server, "/index")
    assert isinstance(link, Link) and isinstance(skipped, Refusal)


def test_of_an_endless_index_a_hundred_sitemaps_are_read(server: WebServer) -> None:
    targets = [f"/{number}" for number in range(120)]
    server.answers |= {target: reply(write_sitemap(server, target)) for target in targets}
    server.answers["/index"] = write_index(server, *targets)
    found = expand(server, "/index")
    assert len([each for each in found if isinstance(each, Link)]) == 99
    assert len(server.targets) == 100
    index = server.url("/index")
    assert found[99:] == [Refusal(index, f"{index}: of its sitemaps only 100 in all are read")]


def test_what_a_sitemap_does_not_give_is_said(server: WebServer) -> None:
    text = write_sitemap(server, "/a").replace(
        b"</urlset>", b"<url><loc>https://other.example/</loc></url>"
    )
    server.answers["/sitemap"] = reply(text)
    link, skipped, cut = expand(server, "/sitemap")
    url = server.url("/sitemap")
    assert isinstance(link, Link) and isinstance(cut, Refusal)
    assert skipped == Refusal(url, f"{url}: 1 addresses in it are not on its own host")
    assert cut.reason.startswith(f"{url}: the sitemap is not read to its end: ")


def test_a_bomb_of_a_sitemap_is_refused(server: WebServer) -> None:
    server.answers["/a.gz"] = reply(gzip.compress(bytes(20_000_001)))
    with pytest.raises(ArticleError, match="20,000,000 bytes when decompressed"):
        expand(server, "/a.gz")
