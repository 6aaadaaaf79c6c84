import json
import shutil
import time
import unicodedata
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massilia.corpus import embedded
from massilia.corpus.article import Article, Heading, Language, Source, SourceMark
from massilia.corpus.document import read_document
from massilia.corpus.errors import ArticleError
from massilia.corpus.markdown import parse_article, render_markdown
from massilia.corpus.sources import read_catalogue

CATALOGUE = {"a": Source("a", "A"), "b-1.x": Source("b-1.x", "B"), "c": Source("c", "C")}
FIELDS = {"id": "port", "language": "fr", "title": "Le port", "sources": "[a, b-1.x]"}
BODY_LINE = 7
"""Where the body begins below these four fields."""


def read_fields(fields: dict[str, str], body: str = "Il vit.\n") -> Article:
    lines = [f"{key}: {value}" for key, value in fields.items()]
    return parse_article("\n".join(["---", *lines, "---", body]), "port.md", lambda: CATALOGUE)


def read_body(body: str) -> Article:
    return read_fields(FIELDS, body)


def refuse(read: Callable[[], object]) -> ArticleError:
    with pytest.raises(ArticleError) as caught:
        read()
    place = "port.md" if caught.value.line is None else f"port.md, line {caught.value.line}"
    assert str(caught.value) == f"{place}: {caught.value.reason}"
    assert "\n" not in str(caught.value)
    return caught.value


def test_an_article_file_gives_each_field_its_value() -> None:
    text = """---
id: port-1
language: en
title:   "The   port"
publisher: La Gazette
authors: [Ana Ré, Bob]
date_published: 2024-02-29
date_modified: null
url: https://example.org/a?b=c
licence: ''
translation_of: port
sources:
  - c
  - {id: d, title: 2024, date: 2024-05-01, publisher: null, url: "http://example.org"}
---

The port lives.[^d]
"""
    assert parse_article(text, "port.md", lambda: CATALOGUE) == Article(
        id="port-1",
        language=Language.ENGLISH,
        title="The port",
        text="The port lives.",
        origin="port.md",
        publisher="La Gazette",
        authors=("Ana Ré", "Bob"),
        date_published=date(2024, 2, 29),
        url="https://example.org/a?b=c",
        translation_of="port",
        sources=(
            Source("c", "C"),
            Source("d", "2024", url="http://example.org", date="2024-05-01"),
        ),
        marks=(SourceMark(15, "d"),),
    )


@pytest.mark.parametrize(
    ("body", "text", "marks"),
    [
        ("Il vit.[^a] Elle dort.", "Il vit. Elle dort.", [(7, "a")]),
        ("Il vit.[^a][^b-1.x]", "Il vit.", [(7, "a"), (7, "b-1.x")]),
        ("Il vit. [^a] [^b-1.x] Oui.", "Il vit. Oui.", [(7, "a"), (7, "b-1.x")]),
        ("Il vit[^a]. Oui.", "Il vit. Oui.", [(6, "a")]),
        ("Il vit [^a], oui.", "Il vit, oui.", [(6, "a")]),
        ("Il vit[^a] ; oui.", "Il vit ; oui.", [(6, "a")]),
        ("Il vit.\u00a0[^a]", "Il vit.", [(7, "a")]),
        ("Il vit.\u202f[^a]", "Il vit.", [(7, "a")]),
        ("Il vit. [^a]Oui.", "Il vit. Oui.", [(7, "a")]),
        ("Il vit.\n[^a]\nOui.", "Il vit. Oui.", [(7, "a")]),
        ("Il vit.  \n[^a]", "Il vit.", [(7, "a")]),
        ("Il *vit.*[^a]", "Il vit.", [(7, "a")]),
        ("Il [vit[^a] là](https://a.fr).", "Il vit là.", [(6, "a")]),
        ("Il vit[^a](https://a.fr).", "Il vit(https://a.fr).", [(6, "a")]),
        ("cafe[^a]\u0301 noir", "café noir", [(4, "a")]),
        ("Un.\n\nDeux.[^a]", "Un.\n\nDeux.", [(10, "a")]),
        ("## Le port[^a]\n\nUn.", "Le port\n\nUn.", [(7, "a")]),
        ("- Un[^a]\n- Deux[^b-1.x]", "Un\n\nDeux", [(2, "a"), (8, "b-1.x")]),
        ("| Un | Deux |\n|---|---|\n| 3[^a] | 4 |", "Un | Deux\n\n3 | 4", [(12, "a")]),
        ("| Un | |\n|---|---|\n| 3 | [^a] |", "Un |\n\n3 |", [(9, "a")]),
        ("`[^a]` et \\[^a] restent.[^a]", "[^a] et [^a] restent.", [(21, "a")]),
        ("```\nx[^zz]\n```", "x[^zz]", []),
    ],
)
def test_a_mark_is_taken_out_and_its_place_kept(
    body: str, text: str, marks: list[tuple[int, str]]
) -> None:
    article = read_body(body)
    assert article.text == text
    assert [(mark.position, mark.source_id) for mark in article.marks] == marks


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("Un.[^zz]", 0),
        ("Un.\n\nDeux\ntrois\nquatre.[^zz]", 4),
        ("Un `a\nb` <i\n>c</i>.[^zz]", 2),
        ("## Un[^zz]", 0),
        ("- Un\n- Deux\n  trois[^zz]", 2),
        ("> Un\n> deux[^zz]", 1),
        ("| a | b |\n|---|---|\n| c | d |\n| e | f[^zz] |", 3),
        ("Un.[^c]", 0),  # known to the catalogue, but not listed by the article
    ],
)
def test_a_mark_of_a_source_that_the_article_does_not_list_is_refused(body: str, line: int) -> None:
    error = refuse(lambda: read_body(body))
    assert error.line == BODY_LINE + line
    assert error.reason.endswith("] names no source of the front matter")


@pytest.mark.parametrize(
    ("body", "line", "reason"),
    [
        ("Un.\n\n[^a]", 2, "the mark [^a] stands behind no text"),
        ("Un.\n\n[^a]: du texte", 2, "the mark [^a] stands behind no text"),
        (
            "Un.[^a]\n\n[^a]: https://a.fr",
            2,
            "a footnote is not defined here: the front matter describes the sources",
        ),
        ("Un.\n\n<div>perdu</div>", 2, "a block of raw HTML can't be quoted: write it in Markdown"),
        ("<!-- a --> perdu <!-- b -->", 0, "a block of raw HTML can't be quoted"),
        ("Un.\n\n<!-- jamais fermé\n\nperdu", 2, "a block of raw HTML can't be quoted"),
        (
            "".join("  " * depth + "- a\n" for depth in range(10)),
            9,
            "lists or quotations are nested too deeply",
        ),
        (">" * 30 + " a", 0, "lists or quotations are nested too deeply"),
        ("", 0, "the article has no text"),
        (" \n\t\n\u00a0\n", 0, "the article has no text"),
        ("<!-- rien -->\n\n***", 0, "the article has no text"),
    ],
)
def test_a_body_whose_text_or_marks_would_be_lost_is_refused(
    body: str, line: int, reason: str
) -> None:
    error = refuse(lambda: read_body(body))
    assert error.line == BODY_LINE + line
    assert error.reason.startswith(reason)


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("*Un* **deux** `trois` ~~quatre~~", "Un deux trois ~~quatre~~"),
        ("[un](https://a.fr 'b') <https://b.fr>", "un https://b.fr"),
        ("[un][b]\n\n[b]: https://b.fr", "un"),
        ("Un&nbsp;: &lt;b&gt; &eacute; &#0; \\*", "Un\u00a0: <b> é \ufffd *"),
        ("Un<br>deux<BR/>trois  \nquatre\ncinq", "Un\ndeux\ntrois\nquatre cinq"),
        ("Un <span class='x'>deux</span><!-- trois -->", "Un deux"),
        ("![texte de l'image](a.png)\n\nUn", "Un"),
        ("1. un\n2. deux\n   - trois", "un\n\ndeux\n\ntrois"),
        ("> un\n> deux\n\n---\n\n    du code\n", "un deux\n\ndu code"),
        ("~~~py\na = 1\n\nb = 2\n~~~", "a = 1\n\nb = 2"),
        ("| | |\n|-|-|\n| a | b\\|c |\n| d |", "a | b|c\n\nd |"),
        ("<!-- a -->\n<!-- b\n\nc -->\n\nUn", "Un"),
        ("e\u0301te\u0301\r\nl&#x27;e&#x301;", "été l'é"),
    ],
)
def test_markup_is_rendered_to_clean_text(markdown: str, text: str) -> None:
    assert render_markdown(markdown, "port.md").text == text


def test_headings_are_placed_and_levelled() -> None:
    body = read_body("# Le *port*\n\nUn.[^a]\n\nLa ville\n---\n\n###### Six ##\n\n#\n\n#Sept")
    assert body.text == "Le port\n\nUn.\n\nLa ville\n\nSix\n\n#Sept"
    assert body.headings == (Heading(1, 0, 7), Heading(2, 14, 22), Heading(6, 24, 27))


WORDS = [
    ("port", "port"),
    ("e\u0301te\u0301", "été"),
    ("**gras**", "gras"),
    ("[lien](https://a.fr)", "lien"),
    ("`x_1`", "x_1"),
    ("R&amp;D", "R&D"),
    ("\U0001f6a2", "\U0001f6a2"),
    ("q\u0301\u0323.", unicodedata.normalize("NFC", "q\u0301\u0323.")),
]
BLOCKS = {
    "heading": "### {}",
    "paragraph": "{}",
    "item": "- {}",
    "quotation": "> {}",
    "table": "| {} |\n|---|",
}


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(BLOCKS)),
            st.lists(
                st.tuples(st.sampled_from(WORDS), st.sampled_from(["", "[^a]", " [^a][^b-1.x]"])),
                min_size=1,
                max_size=5,
            ),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_text_headings_and_marks_are_where_the_markdown_says(
    blocks: list[tuple[str, list[tuple[tuple[str, str], str]]]],
) -> None:
    text = ""
    markdown: list[str] = []
    headings: list[str] = []
    marks: list[tuple[str, str]] = []
    for kind, words in blocks:
        text += "\n\n" if text else ""
        start = len(text)
        for number, ((_, plain), mark) in enumerate(words):
            text += (" " if number else "") + plain
            marks += [(text, name) for name in ("a", "b-1.x") if f"[^{name}]" in mark]
        headings += [text[start:]] if kind == "heading" else []
        inline = " ".join(written + mark for (written, _), mark in words)
        markdown.append(BLOCKS[kind].format(inline))
    article = read_body("\n\n".join(markdown))
    assert article.text == text
    assert unicodedata.is_normalized("NFC", article.text)
    assert [article.text[each.start : each.end] for each in article.headings] == headings
    assert [(text[: each.position], each.source_id) for each in article.marks] == marks


SNIPPETS = [
    *(
        "a",
        "é",
        "e\u0301",
        "\u0301",
        "\u202f",
        "\u00a0",
        "\u1112",
        "\u1161",
        "\u11ab",
        "[^a]",
        "[^a",
    ),
    *("[^", "]", "(", ")", "!", "*", "**", "_", "`", "```", "~~~", "#", ">", "-", "1.", "|", "|-|"),
    *("\\", "&", "&#10;", "&#x301;", "<br>", "<b>", "<!--", "-->", "http://a", " ", "    ", "  \n"),
    *("\n", "\n\n"),
]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(SNIPPETS), max_size=30).map("".join))
def test_any_body_is_refused_or_read_with_its_places_within_the_text(body: str) -> None:
    try:
        article = read_body("x" + body)
    except ArticleError:
        return
    text = article.text
    assert unicodedata.is_normalized("NFC", text)
    assert text == text.strip() and "\r" not in text
    for heading in article.headings:
        words = text[heading.start : heading.end]
        assert words and words == words.strip()
    positions = [mark.position for mark in article.marks]
    assert positions == sorted(positions)
    assert all(0 < each <= len(text) and not text[each - 1].isspace() for each in positions)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "an article file begins with a line '---'"),
        ("Le port.\n---\n", 1, "an article file begins with a line '---'"),
        ("---\nid: port\n", 1, "the front matter is not closed by a line '---'"),
        ("---\nid: a\ntitle: [b\n---\nUn.", 3, "not valid YAML: expected ',' or ']'"),
        ("---\nid: a\n\ttitle: b\n---\nUn.", 3, "not valid YAML: found character '\\t'"),
        ("---\nid: a\ntitle: b\x07\n---\nUn.", 3, "not valid YAML: the character U+0007"),
        ("---\n- id\n---\nUn.", 2, "the front matter is not a list of `key: value` lines"),
        ("---\n---\nUn.", 2, "the front matter is not a list of `key: value` lines"),
        ("---\nid: a\nid: b\n---\nUn.", 3, "'id' is given twice"),
        ("---\nid: a\n3: b\n---\nUn.", 3, "3 is not a field's name"),
        ("---\nid: a\n2026-02-30: b\n---\nUn.", 3, "not valid YAML: day is out of range"),
        ("---\nid: a\ncolour: b\n---\nUn.", 3, "unknown field 'colour'; known are authors, "),
        ("---\nid: &x a\ntitle: *x\n---\nUn.", 3, "not valid YAML: aliases and tags"),
        ("---\nid: a\ntitle: !!bool maybe\n---\nUn.", 3, "not valid YAML: aliases and tags"),
        ("---\nid: a\ntitle: !!timestamp x\n---\nUn.", 3, "not valid YAML: aliases and tags"),
        ("---\nid: a\n<<: {title: b}\n---\nUn.", 3, "not valid YAML: "),
        ("---\nid: a\n...\n---\nUn.", 1, "the front matter gives no 'language'"),
    ],
)
def test_a_faulty_front_matter_is_refused(text: str, line: int, reason: str) -> None:
    error = refuse(lambda: parse_article(text, "port.md", dict))
    assert (error.line, error.reason[: len(reason)]) == (line, reason)


@pytest.mark.parametrize("key", ["id", "language", "title"])
@pytest.mark.parametrize("value", [None, "", "null", "' '"])
def test_an_article_needs_an_id_a_language_and_a_title(key: str, value: str | None) -> None:
    fields = {name: old for name, old in FIELDS.items() if name != key}
    if value is not None:
        fields[key] = value
    error = refuse(lambda: read_fields(fields))
    assert error.reason == f"the front matter gives no {key!r}"
    assert error.line == (1 if value is None else 5)


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("title", "2024", "'title' must be a text, not 2024"),
        ("title", "yes", "'title' must be a text, not True"),
        ("title", "0x" + "f" * 5_000, "'title' must be a text, not a value of type int"),
        ("title", "9" * 5_000, "not valid YAML: Exceeds the limit"),
        ("title", "1" + ":59" * 200 + ".5", "not valid YAML: "),
        ("title", r'"\ud800"', "'title': the character U+D800 cannot be stored"),
        ("title", r'"a\0"', "'title': the character U+0000 cannot be stored"),
        ("publisher", "[a]", "'publisher' must be a text, not ['a']"),
        ("publisher", f"[{'a' * 500}]", f"'publisher' must be a text, not ['{'a' * 197}…"),
        ("authors", "Ana", "'authors' must be a list, not 'Ana'"),
        ("authors", "[Ana, 3]", "an author must be a name, not 3"),
        ("authors", "[' ']", "an author must be a name, not ' '"),
        ("authors", r'["\ud800"]', "'authors': the character U+D800 cannot be stored"),
        ("date_published", "2026-02-30", "not valid YAML: day is out of range for month"),
        ("date_published", "22/11/2026", "'date_published' must be a date such as 2026-11-22, "),
        ("date_published", "'2026-11-22'", "'date_published' must be a date such as 2026-11-22, "),
        ("date_modified", "2026-11-22 10:30:00", "'date_modified' must be a date such as "),
        ("date_modified", "2026", "'date_modified' must be a date such as 2026-11-22, "),
        ("id", "Port", "'Port' can't be an id: "),
        ("id", "é", "'é' can't be an id: "),
        ("id", "../port", "'../port' can't be an id: "),
        ("id", "a/b", "'a/b' can't be an id: "),
        ("id", "-a", "'-a' can't be an id: "),
        ("id", "a" * 101, f"'{'a' * 101}' can't be an id: "),
        ("id", "2024", "'id' must be a text, not 2024"),
        ("language", "de", "the language must be fr or en, not 'de'"),
        ("language", "FR", "the language must be fr or en, not 'FR'"),
        ("url", "javascript:alert(1)", "'javascript:alert(1)' is not an http or https address"),
        ("url", "ftp://a.fr", "'ftp://a.fr' is not an http or https address"),
        ("url", "a.fr", "'a.fr' is not an http or https address"),
        ("url", "'https:'", "'https:' is not an http or https address"),
        ("url", "http://[a", "'http://[a' is not a web address: "),
        ("sources", "a", "'sources' must be a list, not 'a'"),
        ("sources", "[a, zz]", "no sources.json knows the source 'zz'"),
        ("sources", "[a, a]", "the source 'a' is listed twice"),
        ("sources", "[a, {id: a, title: A}]", "the source 'a' is listed twice"),
        ("sources", "[3]", "a source must be a mapping, not 3"),
        ("sources", "[{id: x}]", "a source needs an id and a title: {'id': 'x'}"),
        ("sources", "[{id: ' ', title: X}]", "a source needs an id and a title: "),
        ("sources", "[{id: x, title: X, colour: red}]", "a source has no field 'colour'"),
        ("sources", "[{id: x y, title: X}]", "no mark can name the source 'x y'"),
        ("sources", "[{id: x, title: [X]}]", "a source's 'title' must be a text, not ['X']"),
        ("sources", "[{id: x, title: yes}]", "a source's 'title' must be a text, not True"),
        ("sources", "[{id: x, title: X, date: 2024.10}]", "a source's 'date' must be a text"),
        ("sources", "[{id: x, title: X, date: 2026-02-30}]", "not valid YAML: day is out of range"),
        ("sources", "[{id: x, title: X, url: 'data:x'}]", "'data:x' is not an http or https"),
        ("sources", r'[{id: x, title: "\udfff"}]', "a source's 'title': the character U+DFFF"),
    ],
)
def test_a_field_with_a_wrong_value_is_refused(key: str, value: str, reason: str) -> None:
    fields = FIELDS | {key: value}
    error = refuse(lambda: read_fields(fields, "Il vit."))
    assert error.reason.startswith(reason)
    assert error.line == 2 + list(fields).index(key)
    assert len(error.reason) < 350


@pytest.mark.parametrize(
    "block",
    [
        "authors: &a [x]\nsources:\n"
        + "".join(f"- &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)),
        "title: &a [*a]",
        "title: " + "[" * 50_000,
        "title: " + "[" * 300 + "]" * 300,
        "title: " + "{a: " * 50_000,
        "title:\n" + "- " * 50_000 + "a",
        "? " * 50_000 + "a",
    ],
    ids=["aliases", "loop", "open", "lists", "mappings", "items", "keys"],
)
def test_a_front_matter_that_unfolds_without_end_is_refused_in_no_time(block: str) -> None:
    start = time.process_time()
    error = refuse(lambda: parse_article(f"---\n{block}\n---\nUn.", "port.md", lambda: CATALOGUE))
    assert time.process_time() - start < 2  # seconds; 0.5 on the machine where it was written
    assert error.line is not None and len(str(error)) < 500


@pytest.fixture(scope="module")
def articles() -> dict[str, Article]:
    """Give the articles of the embedded corpus, by id."""
    catalogue = read_catalogue(embedded.FOLDER / "sources.json")
    paths = embedded.list_embedded_articles()
    read = [
        parse_article(read_document(path, str(path)), str(path), lambda: catalogue)
        for path in paths
    ]
    assert len({article.id for article in read}) == len(paths) >= 72
    return {article.id: article for article in read}


def test_embedded_articles_translate_one_another(articles: dict[str, Article]) -> None:
    translations = [each for each in articles.values() if each.translation_of is not None]
    assert len(translations) == len(articles) / 2
    for article in translations:
        original = articles[str(article.translation_of)]
        assert (original.language, article.language) == (Language.FRENCH, Language.ENGLISH)
        assert original.translation_of is None
        assert len(original.headings) == len(article.headings) >= 3
        assert {mark.source_id for mark in original.marks} == {
            mark.source_id for mark in article.marks
        }


def test_every_embedded_mark_stands_right_after_a_sentence(articles: dict[str, Article]) -> None:
    for article in articles.values():
        named = {source.id for source in article.sources}
        assert {mark.source_id for mark in article.marks} == named and len(named) >= 2
        assert {article.text[mark.position - 1] for mark in article.marks} == {"."}
        assert not any(character in article.text for character in "[]^#*<>`")
        for heading in article.headings:
            assert heading.start == 0 or article.text[: heading.start].endswith("\n\n")
            assert article.text[heading.end : heading.end + 2] == "\n\n"


def test_the_hash_of_the_embedded_corpus_follows_every_file_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "corpus"
    shutil.copytree(embedded.FOLDER, copy)
    original = embedded.hash_embedded_corpus()
    monkeypatch.setattr(embedded, "FOLDER", copy)
    assert embedded.hash_embedded_corpus() == original
    article = embedded.list_embedded_articles()[0]
    article.write_text(article.read_text() + "\n")
    changed = embedded.hash_embedded_corpus()
    article.rename(article.with_name("other.md"))
    moved = embedded.hash_embedded_corpus()
    (copy / "sources.json").write_text(json.dumps([]))
    assert len({original, changed, moved, embedded.hash_embedded_corpus()}) == 4
