from dataclasses import replace
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from massilia.corpus.article import Certainty, Language
from massilia.corpus.errors import ArticleError
from massilia.ingest.extraction import DocumentKind, Extraction, Found
from massilia.ingest.feed import Feed, FeedEntry, describe_entry, read_feed
from massilia.ingest.timestamps import read_timestamp

URL = "https://port.example/news/feed.xml"
RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom"
  xmlns:media="http://search.yahoo.com/mrss/">
<channel>
  <title>Le port &amp; la mer</title>
  <link>https://port.example/</link>
  <atom:link rel="self" href="https://port.example/news/feed.xml"/>
  <atom:link rel="next" href="?page=2"/>
  <language>fr-FR</language>
  <image><title>Logo</title><link>https://logo.example/</link></image>
  <item>
    <title><![CDATA[L&rsquo;<em>auditorium</em> ouvre]]></title>
    <link>/a?b=1&c=2#part</link>
    <guid isPermaLink="false">42</guid>
    <pubDate>Fri, 01 Apr 2022 00:24:00 +0200</pubDate>
    <dc:creator>Jeanne Martin</dc:creator>
    <dc:creator>Paul Roux</dc:creator>
    <media:title>Photo</media:title>
    <media:content url="https://port.example/a.jpg"/>
    <description>&lt;p&gt;Court.&lt;/p&gt;</description>
    <content:encoded><![CDATA[<p>Long &eacute; <b>texte</b>.</p>]]></content:encoded>
  </item>
  <item>
    <title>Sans lien</title>
    <guid>urn:7</guid>
    <author>redaction@port.example (La rédaction)</author>
    <description>Tout est là.</description>
  </item>
</channel>
</rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en" xml:base="/daily/">
  <title type="html">Port &amp;amp; sea</title>
  <author><name>The desk</name><email>desk@port.example</email></author>
  <link href="/"/>
  <link rel="next" href="older"/>
  <entry xml:lang="fr" xml:base="2022/">
    <id>urn:1</id>
    <title type="text">1 &lt; 2 &amp;amp; 3</title>
    <link rel="alternate" type="application/json" href="a.json"/>
    <link rel="enclosure" href="a.mp3"/>
    <link rel="alternate" type="text/html" href="a"/>
    <published>2022-04-01T00:10:00+02:00</published>
    <updated>2022-11-04T23:59:00Z</updated>
    <author><name>Jeanne Martin</name></author>
    <author><name>Jeanne Martin</name></author>
    <summary>2 &lt; 3</summary>
    <content type="xhtml"><x:div xmlns:x="http://www.w3.org/1999/xhtml"
      >Le port<x:br/> <x:a name="top"/><x:em>ouvre</x:em>.</x:div></content>
    <source><title>Another</title><id>urn:0</id><author><name>Nobody</name></author></source>
  </entry>
  <entry>
    <title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">The <b>port</b></div></title>
    <content type="html">&lt;p&gt;All of it.&lt;/p&gt;</content>
    <updated>2022-11-05</updated>
  </entry>
  <entry><link href="/c"/><content type="image/png">aGVsbG8=</content></entry>
</feed>"""
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
  xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
  <channel rdf:about="https://port.example/"><title>Port</title>
    <link>https://port.example/</link><dc:language>en</dc:language></channel>
  <item rdf:about="https://port.example/a"><title>A</title><dc:date>2021-10-27T10:00Z</dc:date></item>
</rdf:RDF>"""


def read(text: str, **given: int) -> Feed:
    return read_feed(text.encode(), URL, **given)  # type: ignore[arg-type]


def read_item(inside: str) -> FeedEntry:
    (entry,) = read(f"<rss><channel><item>{inside}</item></channel></rss>").entries
    return entry


def refuse(data: bytes) -> str:
    with pytest.raises(ArticleError) as caught:
        read_feed(data, URL)
    assert caught.value.origin == URL
    return caught.value.reason


def test_a_feed_of_rss_2_is_read() -> None:
    assert read(RSS) == Feed(
        title="Le port & la mer",
        url="https://port.example/",
        language="fr-FR",
        entries=(
            FeedEntry(
                id="42",
                url="https://port.example/a?b=1&c=2",
                title="L’auditorium ouvre",
                published=date(2022, 4, 1),
                authors=("Jeanne Martin", "Paul Roux"),
                summary="<p>Court.</p>",
                content="<p>Long &eacute; <b>texte</b>.</p>",
                language="fr-FR",
            ),
            FeedEntry(
                id="urn:7",
                title="Sans lien",
                authors=("La rédaction",),
                summary="Tout est là.",
                content="Tout est là.",
                language="fr-FR",
            ),
        ),
        next_page="https://port.example/news/feed.xml?page=2",
    )


def test_a_feed_of_atom_is_read() -> None:
    feed = read(ATOM)
    first, second, third = feed.entries
    assert (feed.title, feed.language) == ("Port & sea", "en")
    assert feed.url == "https://port.example/"
    assert feed.next_page == "https://port.example/daily/older"
    assert first.content is not None
    assert first.content.partition(">")[2] == (
        'Le port<br> <a name="top"></a><em>ouvre</em>.</div>'
    )
    assert first == FeedEntry(
        id="urn:1",
        url="https://port.example/daily/2022/a",
        title="1 < 2 &amp; 3",
        published=date(2022, 4, 1),
        updated=date(2022, 11, 4),
        authors=("Jeanne Martin",),
        summary="2 &lt; 3",
        content=first.content,
        language="fr",
    )
    assert second == FeedEntry(
        title="The port",
        updated=date(2022, 11, 5),
        authors=("The desk",),
        content="<p>All of it.</p>",
        language="en",
    )
    assert (third.url, third.content) == ("https://port.example/c", None)


def test_a_feed_of_rss_1_is_read() -> None:
    entry = FeedEntry(
        id="https://port.example/a",
        url="https://port.example/a",
        title="A",
        published=date(2021, 10, 27),
        language="en",
    )
    assert read(RDF) == Feed("Port", "https://port.example/", "en", (entry,))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (
            '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" '
            '"http://my.netscape.com/publish/formats/rss-0.91.dtd"><rss version="0.91">',
            "</rss>",
        ),
        ("<rss version='0.92'>", "</rss>"),
        ('<rss version="2.0" xmlns="http://backend.userland.com/rss2">', "</rss>"),
        (
            '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
            'xmlns="http://my.netscape.com/rdf/simple/0.9/">',
            "</r:RDF>",
        ),
        ("\n \ufeff<!-- > --><?x > ?><rss>", "</rss><!-- the end -->"),
        ("<RSS>", "</RSS>"),
    ],
)
def test_older_and_odder_feeds_are_read(start: str, end: str) -> None:
    item = "<item><title>A</title><link>https://port.example/a</link></item>"
    feed = read(f"{start}<channel><title>Port</title>{item}</channel>{end}")
    assert feed.title == "Port"
    assert feed.entries == (FeedEntry(url="https://port.example/a", title="A"),)
    feed = read(f"{start}<channel><title>Port</title></channel>{item}{end}")
    assert [entry.title for entry in feed.entries] == ["A"]


def test_a_feed_of_atom_0_3_is_read() -> None:
    feed = read(
        '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry><title>A</title>'
        '<link rel="alternate" type="text/html" href="/a"/><issued>2004-05-06T07:08Z</issued>'
        '<content type="text/html" mode="escaped">&lt;p&gt;Text.&lt;/p&gt;</content>'
        "<modified>2004-05-07</modified></entry></feed>"
    )
    assert feed.entries == (
        FeedEntry(
            url="https://port.example/a",
            title="A",
            published=date(2004, 5, 6),
            updated=date(2004, 5, 7),
            content="<p>Text.</p>",
        ),
    )


@pytest.mark.parametrize(
    ("inside", "url"),
    [
        ("<link>a</link>", "https://port.example/news/a"),
        ("<link> \n https://other.example/a \n</link>", "https://other.example/a"),
        (
            "<link><![CDATA[https://other.example/?a=1&b=2]]></link>",
            "https://other.example/?a=1&b=2",
        ),
        ('<link href="/a"/>', "https://port.example/a"),
        ("<link/><guid>https://port.example/g</guid>", "https://port.example/g"),
        ("<guid isPermaLink='true'>https://port.example/g</guid>", "https://port.example/g"),
        ("<guid isPermaLink='false'>https://port.example/g</guid>", None),
        ("<guid>1234</guid>", None),
        ("<link>javascript:alert(1)</link>", None),
        ("<link href=' '/>", None),
        ("<link>http://me:word@port.example/</link>", None),
        ("<link>http://[</link><link>/b</link>", "https://port.example/b"),
        ("<link>a b</link>", "https://port.example/news/a%20b"),
        (
            "<link>https://feedproxy.example/x</link><feedburner:origLink>https://port.example/a"
            "</feedburner:origLink>",
            "https://port.example/a",
        ),
    ],
)
def test_the_link_of_an_entry_is_found(inside: str, url: str | None) -> None:
    assert read_item(inside).url == url


def test_of_an_entry_with_a_link_a_summary_is_no_article() -> None:
    inside = "<description>Court.</description>"
    assert read_item(inside).content == "Court."
    entry = read_item(f"<link>/a</link>{inside}")
    assert (entry.summary, entry.content) == ("Court.", None)


def test_the_first_of_several_titles_counts() -> None:
    feed = read(
        "<rss><channel><title>A</title><title>B</title><link>/a</link><link>/b</link>"
        "<language>fr</language><language>en</language></channel></rss>"
    )
    assert (feed.title, feed.url, feed.language) == ("A", "https://port.example/a", "fr")
    assert read_item("<title> </title><title>B</title><dc:title>C</dc:title>").title == "B"


def test_links_are_kept_as_no_links_where_the_feed_is_a_file() -> None:
    text = "<rss><channel><item><link>/a</link></item><item><link>http://b.example/</link></item>"
    feed = read_feed(text.encode(), "/home/me/feed.xml")
    assert [entry.url for entry in feed.entries] == [None, "http://b.example/"]


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("AT&amp;T", "AT&T"),
        ("AT&amp;amp;T", "AT&T"),
        ("Q&notes; R&D & co", "Q&notes; R&D & co"),
        ("Q&amp;notes", "Q&notes"),
        ("&lt;b&gt;Port&lt;/b&gt; 1 &lt; 2", "Port 1 < 2"),
        ("caf&eacute; &#233; &amp;eacute; &amp;#xe9; &nbsp;", "café é é é"),
        ("<![CDATA[a<br/>b]]> \n c", "ab c"),
        ("a &LT;item&GT; &AMP; &nvlt; &unknown; &", "a <item> & <\u20d2 &unknown; &"),
        ("\x00\x01\x0bport\ufffe", "port"),
        ("  ", None),
    ],
)
def test_titles_are_text(title: str, text: str | None) -> None:
    if "\x00" in title:
        assert refuse(f"<rss><title>{title}".encode()).startswith("not a text file")
        title = title.replace("\x00", "")
    assert read_item(f"<title>{title}</title>").title == text


@pytest.mark.parametrize(
    ("inside", "authors"),
    [
        ("<author>a@b.example (Jeanne)</author>", ("Jeanne",)),
        ("<author>a@b.example</author>", ()),
        ("<author>Jeanne</author>", ("Jeanne",)),
        ("<author><name>Jeanne</name><uri>x</uri></author>", ("Jeanne",)),
        ("<dc:creator>Jeanne</dc:creator><author>a@b.example (Jeanne)</author>", ("Jeanne",)),
        ("<dc:creator> </dc:creator>", ()),
    ],
)
def test_authors_are_names(inside: str, authors: tuple[str, ...]) -> None:
    assert read_item(inside).authors == authors


def test_unescaped_markup_is_kept_as_content() -> None:
    entry = read_item("<description>A <p>port</p> &amp; <b>sea</b></description>")
    assert entry.summary == "A <p>port</p> &amp; <b>sea</b>"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Fri, 01 Apr 2022 00:24:00 +0200", date(2022, 4, 1)),
        ("Thu, 31 Mar 2022 22:24:00 GMT", date(2022, 3, 31)),
        ("1 Apr 22 10:24 CEST", date(2022, 4, 1)),
        ("2022-04-01", date(2022, 4, 1)),
        ("2022-04-01T23:59:59.123-11:00", date(2022, 4, 1)),
        (" 2022-04-01 10:24:00", date(2022, 4, 1)),
        ("2022-04", None),
        ("2022-04-011", None),
        ("2022-02-30", None),
        ("Fri, 32 Apr 2022 00:24:00 +0200", None),
        ("hier", None),
        ("", None),
        ("2022-04-01" + " " * 100, None),
    ],
)
def test_the_day_is_the_one_that_is_written(text: str, day: date | None) -> None:
    assert read_timestamp(text) == day


@given(st.text(max_size=120))
def test_any_text_is_a_day_or_none(text: str) -> None:
    read_timestamp(text)


def test_published_and_updated_are_not_mixed_up() -> None:
    entry = read_item("<atom:updated>2022-04-02</atom:updated><pubDate>bientôt</pubDate>")
    assert (entry.published, entry.updated) == (None, date(2022, 4, 2))
    entry = read_item("<pubDate>never</pubDate><dc:date>2022-04-01</dc:date>")
    assert (entry.published, entry.updated) == (date(2022, 4, 1), None)


# Encodings


@pytest.mark.parametrize(
    ("declared", "codec", "charset"),
    [
        ("utf-8", "utf-8", None),
        ("utf-8", "utf-8-sig", None),
        ("utf-8", "utf-8", "iso-8859-1"),
        ("iso-8859-1", "cp1252", None),
        ("iso-8859-1", "cp1252", "utf-8"),
        ("utf-16", "utf-16", None),
        ("utf-16", "utf-16-le", None),
        ("utf-16", "utf-16-be", None),
        ("utf-8", "cp1252", None),
        ("", "cp1252", "windows-1252"),
        ("", "mac-roman", "macintosh"),
    ],
)
def test_feeds_in_any_encoding_are_read(declared: str, codec: str, charset: str | None) -> None:
    title = "Le « Pharo » : l’été à Marseille, où l’œuvre a été montée et répétée"
    text = RSS.replace("Le port &amp; la mer", title).replace("UTF-8", declared)
    if not declared:
        text = text.partition("?>")[2].lstrip()
    feed = read_feed(text.encode(codec), URL, charset=charset)
    assert feed.title == title
    assert feed.entries[1].authors == ("La rédaction",)


# What can't be read


BOMB = (
    '<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<rss><channel><title>&b;</title></channel></rss>"
)
OUTSIDE = (
    '<!DOCTYPE rss [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    "<rss><channel><title>&a;</title></channel></rss>"
)


@pytest.mark.parametrize("text", [BOMB, OUTSIDE, f"<?xml version='1.0'?>\n<!-- -->{BOMB}"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-8-sig"])
def test_entities_are_refused(text: str, codec: str) -> None:
    assert refuse(text.encode(codec)) == "its document type declares entities, which are not read"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "<!DOCTYPE html><html><body>Not found</body></html>",
            "no feed: its first element is <html>",
        ),
        ("<urlset/>", "no feed: its first element is <urlset>"),
        ("{}", "no XML: it holds no element"),
        ("", "no XML: it holds no element"),
        ("<!-- ", "no XML: it holds no element"),
        ("<?xml ", "no XML: it holds no element"),
        (
            "<rss " + " ".join(f"a{number}=''" for number in range(1_000)) + "/>",
            "more than 1,000 attributes in one",
        ),
        (f"<rss><item>{'<a/>' * 100_001}", "more than 100,000 elements within one <item>"),
    ],
)
def test_what_is_no_feed_is_refused(text: str, reason: str) -> None:
    assert refuse(text.encode()).startswith(reason)


def test_a_document_type_after_the_start_declares_nothing() -> None:
    feed = read(f"<rss><channel>{BOMB}<item><title>&b;</title></item></channel></rss>")
    assert "aaaa" not in repr(feed)


def test_deep_nesting_ends_the_feed() -> None:
    feed = read("<rss><channel><item><title>A</title></item>" + "<a>" * 100_000)
    assert [entry.title for entry in feed.entries] == ["A"]
    assert feed.cut is not None and "depth" in feed.cut


def test_a_feed_that_breaks_off_is_read_up_to_its_last_whole_entry() -> None:
    assert read(RSS).cut is None
    first, second = read(RSS).entries
    end = RSS.index("Tout est")
    feed = read(RSS[:end])
    assert feed.entries == (first,)
    line = RSS.count("\n", 0, end) + 1
    assert feed.cut is not None and feed.cut.startswith(f"line {line}: Premature end")
    for end in range(RSS.index("</channel>"), RSS.index("</rss>")):
        feed = read(RSS[:end])
        assert feed.entries == (first, second)
        assert feed.cut is not None
    for end in range(RSS.index("<rss") + 5, RSS.rindex("</item")):
        feed = read(RSS[:end])
        assert feed.entries == ((first,) if "</item" in RSS[:end] else ()), RSS[:end]
        assert feed.cut is not None, RSS[:end]


def test_of_an_endless_feed_the_first_entries_are_read() -> None:
    items = "<item><title>A</title></item>"
    feed = read(f"<rss><channel>{items * 1_001}</channel></rss>")
    assert len(feed.entries) == 1_000
    assert feed.cut == "more than 1,000 entries"
    feed = read(f"<rss><channel>{items * 3}</channel></rss>", max_entries=3)
    assert (len(feed.entries), feed.cut) == (3, None)


TAGS = "<rss> </rss> <channel> <item> </item> <title> </title> <link> </link> <feed> <entry>"
PIECES = "<link href=' '/> <![CDATA[ ]]> <!-- --> &amp; & &b; <!DOCTYPE [ ]> <?xml ?> < > <author>"
PARTS = st.sampled_from(
    [*TAGS.split(), *PIECES.split(), "<name>", "http://a.example/", "<entry xml:base='http://['>"]
)


@given(st.lists(st.one_of(PARTS, st.text(max_size=3)), max_size=40).map("".join))
@example("<rss><channel><item><link href='//['/>")
@example("<feed xml:base='http://['><entry><link href='a'/>")
def test_any_text_is_a_feed_or_refused(text: str) -> None:
    for data in (
        text.encode("utf-8", "surrogatepass"),
        f"<rss><channel>{text}".encode("utf-8", "replace"),
    ):
        try:
            feed = read_feed(data, URL)
        except ArticleError:
            continue
        for entry in feed.entries:
            assert entry.url is None or entry.url.startswith(("http://", "https://"))


def test_what_the_feed_says_counts_before_what_was_found_in_the_text() -> None:
    found = Found("Found in the text", "the first line", Certainty.LIKELY)
    extraction = Extraction(DocumentKind.HTML, "Text.", title=found, publisher=None)
    feed = read(RSS)
    described = describe_entry(extraction, feed.entries[0], feed)
    stated = Certainty.STATED
    assert described.text == "Text."
    assert described.title == Found("L’auditorium ouvre", "the feed's title", stated)
    assert described.authors == Found(("Jeanne Martin", "Paul Roux"), "the feed's author", stated)
    assert described.language == Found(Language.FRENCH, "the feed's language", stated)
    assert described.date_published == Found(date(2022, 4, 1), "the feed's date", stated)
    assert described.date_modified is None
    assert described.url == Found("https://port.example/a?b=1&c=2", "the feed's link", stated)
    assert described.publisher == Found(
        "Le port & la mer", "the feed's own title", Certainty.LIKELY
    )
    extraction = replace(extraction, publisher=found)
    assert describe_entry(extraction, feed.entries[0], feed).publisher == found
    bare = describe_entry(extraction, FeedEntry(language="de"), Feed())
    assert bare == extraction
