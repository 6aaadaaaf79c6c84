import pytest

from massilia.ingest import html_tokens
from massilia.ingest.html_tokens import (
    MAX_ATTRIBUTE,
    MAX_ATTRIBUTES,
    Token,
    TokenKind,
    resolve_reference,
    scan_tokens,
    unescape_attribute,
)


def list_tokens(source: str) -> list[tuple[str, str]]:
    """Return what each token is, and its stretch of the source."""
    return [(token.kind.name, source[token.start : token.end]) for token in scan_tokens(source)]


def read_tag(source: str) -> Token:
    return next(iter(scan_tokens(source)))


@pytest.mark.parametrize(
    ("tag", "attributes"),
    [
        ('<p class="a b" id=c>', {"class": "a b", "id": "c"}),
        ("<p CLASS='a' data-x>", {"class": "a", "data-x": ""}),
        ("<a title=l'avis>", {"title": "l'avis"}),
        ('<a href = "x" >', {"href": "x"}),
        ("<a href=x/y/>", {"href": "x/y/"}),
        ("<br/>", {}),
        ('<p a="1" A="2">', {"a": "1"}),
        ('<p title="1 > 0">', {"title": "1 > 0"}),
        ('<p title="L&rsquo;&eacute;t&#233; &amp; co">', {"title": "L’été & co"}),
        ('<a href="?a=1&copy=2">', {"href": "?a=1&copy=2"}),
        ("<p =a=b>", {"=a": "b"}),
        ('<p a="b"c="d">', {"a": "b", "c": "d"}),
        ('<p a="open>', {"a": '"open'}),
    ],
)
def test_attributes_are_read_as_browsers_read_them(tag: str, attributes: dict[str, str]) -> None:
    token = read_tag(f"{tag}text")
    assert (token.kind, dict(token.attributes)) == (TokenKind.OPENING, attributes)


def test_attributes_too_many_or_too_long_are_left_out() -> None:
    many = " ".join(f"a{number}=1" for number in range(MAX_ATTRIBUTES + 50))
    assert len(read_tag(f"<p {many}>").attributes) == MAX_ATTRIBUTES
    assert read_tag(f"<p class={'a' * (MAX_ATTRIBUTE + 1)} id=b>").attributes == {"id": "b"}


@pytest.mark.parametrize("text", ["1 < 2", "<3 & <>", "a<", "5 <= 6", "< p>", "<1>"])
def test_what_is_no_tag_is_text(text: str) -> None:
    assert "".join(part for kind, part in list_tokens(text) if kind == "TEXT") == text


@pytest.mark.parametrize(
    "hidden",
    [
        "<!-- <p>hidden</p> -->",
        "<!-->",
        "<!--->",
        "<!-- a -- b --!>",
        "<!DOCTYPE html>",
        "<?php echo '1' ?>",
        "</>",
        "</ p>",
        "<![CDATA[x]]>",
    ],
)
def test_comments_and_declarations_are_left_out(hidden: str) -> None:
    assert list_tokens(f"a{hidden}b") == [("TEXT", "a"), ("TEXT", "b")]


def test_scripts_and_titles_end_at_their_own_end_tag() -> None:
    source = "<script>if (a<b) '</p>';</SCRIPT ><title>1 <b> 2</title>x"
    assert list_tokens(source) == [
        ("OPENING", "<script>"),
        ("RAW", "if (a<b) '</p>';"),
        ("CLOSING", "</SCRIPT >"),
        ("OPENING", "<title>"),
        ("RAW", "1 <b> 2"),
        ("CLOSING", "</title>"),
        ("TEXT", "x"),
    ]


def test_what_is_never_closed_takes_the_rest() -> None:
    assert list_tokens("a<p b c") == [("TEXT", "a")]
    assert list_tokens("a<!-- b") == [("TEXT", "a")]
    assert list_tokens("a<script>b</p>") == [
        ("TEXT", "a"),
        ("OPENING", "<script>"),
        ("RAW", "b</p>"),
    ]


@pytest.mark.parametrize(
    ("reference", "characters"),
    [
        ("&eacute;", "é"),
        ("&eacute", "é"),
        ("&#233;", "é"),
        ("&#xE9;", "é"),
        ("&#150;", "–"),
        ("&unknown;", "&unknown;"),
        ("&#xD800;", "\ufffd"),
        ("&#0;", "\ufffd"),
        ("&#x110000;", "\ufffd"),
        ("&#0000000000233;", "é"),
        (f"&#{'9' * 100_000};", "\ufffd"),
        (f"&#x{'f' * 100_000};", "\ufffd"),
    ],
)
def test_references_are_resolved_whatever_they_are(reference: str, characters: str) -> None:
    assert resolve_reference(reference) == characters
    if reference.endswith(";"):
        assert unescape_attribute(f"a{reference}b") == f"a{characters}b"


def test_too_many_tags_and_references_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_tokens, "MAX_MARKS", 10)
    assert len(list(scan_tokens("<b>a</b>" * 5))) == 15
    for source in ("<b>a</b>" * 5 + "<p>", "<p>" + "&amp;" * 10, "&amp;" * 11):
        with pytest.raises(ValueError, match="more than 10 tags and character references"):
            list(scan_tokens(source))
