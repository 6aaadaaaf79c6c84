import pytest

from massilia.corpus.errors import ArticleError
from massilia.ingest.xml_stream import XmlStream, name_element, read_text, write_content

ROOTS = frozenset({"list"})
INNER = frozenset({"part"})


def read(text: str) -> list[str]:
    return [read_text(piece) for piece in stream(text).read_pieces("list", ROOTS, INNER)]


def stream(text: str) -> XmlStream:
    return XmlStream(text.encode(), "list.xml")


def test_pieces_are_the_children_of_the_root_and_of_its_inner_elements() -> None:
    text = (
        "<list><a>1<part>2</part></a><part><b>3</b><part><c>4</c></part><d/></part>"
        "<e>5</e><part/><part>6</part></list>"
    )
    pieces = [
        (name_element(piece), read_text(piece), piece.getparent().tag)
        for piece in stream(text).read_pieces("list", ROOTS, INNER)
    ]
    assert pieces == [
        ("a", "12", "list"),
        ("b", "3", "part"),
        ("c", "4", "part"),
        ("d", "", "part"),
        ("e", "5", "list"),
    ]


def test_a_piece_is_forgotten_before_the_next_one() -> None:
    text = "<list>" + "text<a>1</a>" * 100 + "</list>"
    seen = 0
    for piece in stream(text).read_pieces("list", ROOTS):
        seen += 1
        assert piece.text == "1"
        # The parser needs the one before.
        before = list(piece.itersiblings(preceding=True))
        assert [each.text for each in before] == [None] * min(seen - 1, 1)
    assert seen == 100


def test_comments_and_instructions_take_no_memory() -> None:
    text = "<list>" + "<!-- --><?a b?>" * 100 + "<a/></list>"
    (count,) = (len(piece.getparent()) for piece in stream(text).read_pieces("list", ROOTS))
    assert count == 1


def test_more_elements_than_memory_is_spent_on_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = "massilia.ingest.xml_stream"
    monkeypatch.setattr(f"{module}._MAX_PIECE", 10)
    whole = "<list>" + ("<a>" + "<b/>" * 9 + "</a>") * 10 + "</list>"
    assert len(read(whole)) == 10
    for inside in ("<b/>" * 10, "<b/>" * 8 + "<c d='' e=''/>"):
        with pytest.raises(ArticleError, match="more than 10 elements within one <a>"):
            read(f"<list><a>{inside}</a></list>")
    monkeypatch.setattr(f"{module}.MAX_ELEMENTS", 101)
    assert len(read(whole)) == 10
    monkeypatch.setattr(f"{module}.MAX_ELEMENTS", 100)
    with pytest.raises(ArticleError, match="more than 100 elements"):
        read(whole)


@pytest.mark.parametrize(
    ("text", "fault", "is_last_whole"),
    [
        ("<list><a/></list>", None, True),
        ("<list/>", None, True),
        ("<list><a></list>", "Premature end", False),
        ("<list><a>1</a></list><list>", "Extra content", True),
        ("<list><a>1</a><a>2", "Premature end", False),
        ("<list><a>1</a>", "Premature end", True),
        ("<list><a>1</a></", "", True),
        ("<list><a>1</a><a>" + "<b>" * 300 + "</a></list>", "Excessive depth", True),
        ("<list><a>1</a><a>" + "<b>" * 300, "Excessive depth", True),
    ],
)
def test_what_ends_the_reading_early_is_said(
    text: str, fault: str | None, is_last_whole: bool
) -> None:
    reading = stream(text)
    pieces = list(reading.read_pieces("list", ROOTS))
    if fault is None:
        assert reading.fault is None
    else:
        assert reading.fault is not None and fault in reading.fault
    assert reading.is_last_whole is is_last_whole
    assert len(pieces) == (0 if text == "<list/>" else 2 if text.endswith("<a>2") else 1)


def test_names_carry_the_usual_prefixes() -> None:
    text = (
        '<list xmlns:z="http://purl.org/DC/elements/1.1/" xmlns="urn:x" xmlns:y="urn:y">'
        "<z:Date/><y:date/><date/></list>"
    )
    names = [name_element(piece) for piece in stream(text).read_pieces("list", ROOTS)]
    assert names == ["dc:date", "?:date", "?:date"]
    text = "<LIST><DC:Date/><date/><atom:></atom:></LIST>"
    names = [name_element(piece) for piece in stream(text).read_pieces("list", ROOTS)]
    assert names == ["dc:date", "date", "atom:"]


def test_characters_that_xml_cannot_hold_are_dropped() -> None:
    text = "<list><a><![CDATA[Le\x0b port]]></a><a b\x02='c'>de\x01 Marseille\ufffe</a></list>"
    assert read(text) == ["Le port", "de Marseille"]


def test_what_html_names_and_bare_ampersands_are_read() -> None:
    text = "<list><a b='&eacute;&'>R&D &eacute;t&eacute;&rsquo; &#233; &amp;lt; &x;</a></list>"
    assert read(text) == ["R&D été’ é &lt; &x;"]
    text = "<list><a><![CDATA[R&D &eacute; &amp;]]> & <![CDATA[&]]></a></list>"
    assert read(text) == ["R&D &eacute; &amp; & &"]


def test_content_is_written_as_html() -> None:
    text = (
        "<list xmlns:h='http://www.w3.org/1999/xhtml'><a>1 &lt; 2<h:p>3<h:br/><h:i/></h:p>"
        "<b/> 4 &amp; 5</a></list>"
    )
    (content,) = map(write_content, stream(text).read_pieces("list", ROOTS))
    assert content.replace(' xmlns:h="http://www.w3.org/1999/xhtml"', "") == (
        "1 &lt; 2<p>3<br><i></i></p><b></b> 4 &amp; 5"
    )


RUSSIAN = "Порт Марселя открыт для всех кораблей Средиземного моря"


@pytest.mark.parametrize(
    ("declared", "charset"),
    [("koi8-r", None), (None, "koi8-r"), ("koi8-r", "windows-1251")],
)
def test_the_document_says_its_encoding_before_its_server_does(
    declared: str | None, charset: str | None
) -> None:
    head = f"<?xml version='1.0' encoding='{declared}'?>" if declared else ""
    data = f"{head}<list><a>{RUSSIAN}</a></list>".encode("koi8-r")
    pieces = XmlStream(data, "list.xml", charset).read_pieces("list", ROOTS)
    assert [read_text(piece) for piece in pieces] == [RUSSIAN]
