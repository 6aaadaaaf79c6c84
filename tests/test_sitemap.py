import gzip
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massilia.corpus.errors import ArticleError
from massilia.ingest.sitemap import Sitemap, SitemapPage, read_sitemap

URL = "https://port.example/sitemap.xml"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
PAGES = f"""{HEAD}
<urlset {NAMESPACE} xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
  xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
  <url><loc> https://port.example/a?b=1&amp;c=2 </loc><lastmod>2022-04-01T10:24:00+02:00</lastmod>
    <news:news><news:title>A</news:title></news:news></url>
  <url><loc>http://PORT.example:8080/b?c&d#e</loc><lastmod>soon</lastmod>
    <image:image><image:loc>https://port.example/b.jpg</image:loc></image:image></url>
  <url><loc>https://port.example/a?b=1&amp;c=2</loc></url>
</urlset>"""


def read(text: str, url: str = URL) -> Sitemap:
    return read_sitemap(text.encode(), url)


def write(*urls: str) -> str:
    return f"<urlset>{''.join(f'<url><loc>{url}</loc></url>' for url in urls)}</urlset>"


def refuse(data: bytes, url: str = URL) -> str:
    with pytest.raises(ArticleError) as caught:
        read_sitemap(data, url)
    assert caught.value.origin == url
    return caught.value.reason


def test_pages_and_their_days_are_read() -> None:
    assert read(PAGES) == Sitemap(
        pages=(
            SitemapPage("https://port.example/a?b=1&c=2", date(2022, 4, 1)),
            SitemapPage("http://port.example:8080/b?c&d"),
        )
    )


def test_an_index_names_further_sitemaps() -> None:
    text = (
        f"{HEAD}<sitemapindex {NAMESPACE}><sitemap><loc>https://port.example/1.xml.gz</loc>"
        "<lastmod>2022-04-01</lastmod></sitemap></sitemapindex>"
    )
    page = SitemapPage("https://port.example/1.xml.gz", date(2022, 4, 1))
    assert read(text) == Sitemap(sitemaps=(page,))


def test_other_hosts_are_skipped() -> None:
    others = ["https://other.example/", "https://www.port.example/", "https://a.port.example/"]
    nonsense = ["/a", "ftp://port.example/", "http://127.1/", ""]
    text = write("https://port.example/a", *others, *nonsense, "http://port.example/b")
    sitemap = read(text.replace("</urlset>", "<url/></urlset>"))
    assert [page.url for page in sitemap.pages] == [
        "https://port.example/a",
        "http://port.example/b",
    ]
    assert sitemap.skipped == 8


def test_a_compressed_sitemap_is_read() -> None:
    assert read_sitemap(gzip.compress(PAGES.encode()), URL) == read(PAGES)
    assert refuse(gzip.compress(PAGES.encode())[:-1]) == "gzip data that breaks off"
    assert refuse(gzip.compress(bytes(20_000_001))) == (
        "more than the limit of 20,000,000 bytes when decompressed"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<rss/>", "no sitemap: its first element is <rss>"),
        ("https://port.example/a\n", "no XML: it holds no element"),
        (
            '<!DOCTYPE urlset [<!ENTITY a "a">]><urlset/>',
            "its document type declares entities, which are not read",
        ),
    ],
)
def test_what_is_no_sitemap_is_refused(text: str, reason: str) -> None:
    assert refuse(text.encode()) == reason


def test_a_sitemap_is_read_for_its_own_host_alone() -> None:
    assert "not a URL without scheme" in refuse(PAGES.encode(), "sitemap.xml")


def test_of_more_pages_than_may_be_the_first_are_read() -> None:
    text = write(*(f"https://port.example/{number}" for number in range(3)))
    assert read_sitemap(text.encode(), URL, max_pages=3) == read(text)
    sitemap = read_sitemap(text.encode(), URL, max_pages=2)
    assert sitemap == Sitemap(read(text).pages[:2], cut="more than 2 addresses")


def test_a_sitemap_that_breaks_off_is_read_up_to_its_last_whole_address() -> None:
    text = write("https://port.example/a", "https://port.example/b")
    for end in range(len("<urlset>"), len(text) - len("</urlset>")):
        sitemap = read(text[:end])
        whole = text.count("</url", 0, end)
        assert len(sitemap.pages) == whole, text[:end]
        assert sitemap.cut is not None, text[:end]
    assert read(f"{text}<!-- made by a machine --> \n").cut is None
    assert read(f"<s:urlset xmlns:s='{NAMESPACE[7:-1]}'><s:url/></s:urlset>") == Sitemap(skipped=1)


@given(st.lists(st.text(max_size=20), max_size=5))
def test_only_addresses_of_the_host_come_out(names: list[str]) -> None:
    try:
        sitemap = read_sitemap(
            write(*names, "https://port.example/a").encode(errors="replace"), URL
        )
    except ArticleError:
        return
    assert all(page.url.startswith("https://port.example/") for page in sitemap.pages)
