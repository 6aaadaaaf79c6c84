"""A quote with its citation to paste elsewhere: read back, it says what it said."""

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from massilia.corpus.article import Article, Language
from massilia.service.citation_text import (
    CitationFormat,
    CitedWork,
    write_apa,
    write_bibtex,
    write_citations,
    write_markdown,
    write_plain,
)
from massilia.service.composition import cite
from massilia.service.messages import load_messages

FRENCH = load_messages(Language.FRENCH)
ENGLISH = load_messages(Language.ENGLISH)
ADDRESS = "https://example.org/port?a=1&b=2#:~:text=5%20%25"
PORT = Article(
    "port-fr",
    Language.FRENCH,
    "Le port & ses 5 %",
    "Avant. Il pèse 5 % de $ & plus_haut {x}. Après.",
    "port.md",
    publisher="Le Quai",
    date_published=date(2026, 11, 1),
)
CITATION = cite(PORT, 7, 40, "c1")
WORK = CitedWork(CITATION, ("Paul Molga", "La rédaction du Quai"), ADDRESS)
QUOTE = "«\u00a0Il pèse 5 % de $ & plus_haut {x}.\u00a0»"


def test_a_plain_text_has_the_quote_to_the_letter_and_all_that_finds_it() -> None:
    assert write_plain(WORK, FRENCH) == (
        f"{QUOTE}\n"
        "Paul Molga, La rédaction du Quai, Le port & ses 5 %, Le Quai, 1er novembre 2026, "
        f"caractères 7–40\n{ADDRESS}"
    )
    assert "1 November 2026, characters 7–40" in write_plain(WORK, ENGLISH)
    assert write_plain(WORK, ENGLISH).startswith(QUOTE), "the marks are of the quote's language"
    english = CitedWork(replace(CITATION, language=Language.ENGLISH), (), ADDRESS)
    assert write_plain(english, FRENCH).startswith("“Il pèse 5 % de $ & plus_haut {x}.”\n")
    bare = CitedWork(replace(CITATION, publisher=None, date_published=None, page=3), (), ADDRESS)
    assert write_plain(bare, ENGLISH).splitlines()[1] == "Le port & ses 5 %, page 3"


def test_markdown_is_a_block_quotation_with_a_link() -> None:
    assert write_markdown(WORK, FRENCH) == (
        "> Il pèse 5 % de \\$ \\& plus\\_haut {x}.\n"
        ">\n"
        "> — [Le port \\& ses 5 %](<https://example.org/port?a=1&b=2#:~:text=5%20%25>), "
        "Paul Molga, La rédaction du Quai, Le Quai, 1er novembre 2026, caractères 7–40"
    )


def test_bibtex_keeps_capitals_names_and_special_signs() -> None:
    assert write_bibtex(WORK, FRENCH) == (
        "@misc{molga2026port-7,\n"
        "  title = {{Le port \\& ses 5 \\%}},\n"
        "  author = {Paul Molga and {La rédaction du Quai}},\n"
        "  publisher = {Le Quai},\n"
        "  year = {2026},\n"
        "  month = nov,\n"
        "  day = {1},\n"
        f"  url = {{{ADDRESS}}},\n"
        "  langid = {french},\n"
        "  note = {«\u00a0Il pèse 5 \\% de \\$ \\& plus\\_haut "
        "\\textbraceleft{}x\\textbraceright{}.\u00a0» (caractères 7–40)}\n"
        "}"
    )


def test_bibtex_is_told_the_surnames_that_it_would_not_find() -> None:
    authors = ("Jean-Paul de La Tour", "Anne Le Goff", "Louis Dubois", "Charlie Hebdo")
    written = write_bibtex(replace(WORK, authors=authors), FRENCH)
    named = "de La Tour, Jean-Paul and Le Goff, Anne and Louis Dubois and {Charlie Hebdo}"
    assert f"  author = {{{named}}},\n" in written
    published = replace(CITATION, publisher="Louis Dubois")
    house = CitedWork(published, ("Louis Dubois",), ADDRESS)
    assert "  author = {{Louis Dubois}},\n" in write_bibtex(house, FRENCH), (
        "a publisher is no person"
    )


def test_apa_cites_in_the_text_and_refers_below_it() -> None:
    assert write_apa(WORK, FRENCH) == (
        f"{QUOTE} (Molga & La rédaction du Quai, 2026, caractères 7–40)\n\n"
        "Molga, P., & La rédaction du Quai. (2026, 1er novembre). Le port & ses 5 %. "
        f"Le Quai. {ADDRESS}"
    )
    assert "(2026, November 1)" in write_apa(WORK, ENGLISH)


@pytest.mark.parametrize(
    ("authors", "publisher", "day", "cited", "reference"),
    [
        ((), "Le Quai", date(2026, 11, 1), "Le Quai, 2026", "Le Quai. (2026, November 1). Le port"),
        ((), None, None, "Le port & ses 5 %, n.d.", "Le port & ses 5 % (n.d.). https"),
        (("Jean-Luc Petit",), None, None, "Petit, n.d.", "Petit, J.-L. (n.d.). Le port"),
        (("Anne Le Goff",), None, None, "Le Goff, n.d.", "Le Goff, A. (n.d.). Le port"),
        (("Anne Marie Petit",), None, None, "Anne Marie Petit, n.d.", "Anne Marie Petit. (n.d.). "),
        (("A. Un", "B. Deux", "C. Trois"), None, None, "Un et al., n.d.", "Un, A., Deux, B., & "),
        (
            ("Made Quai",),
            "Made Quai",
            None,
            "Made Quai, n.d.",
            "Made Quai. (n.d.). Le port & ses 5 %. h",
        ),
    ],
)
def test_apa_has_rules_for_what_is_not_known(
    authors: tuple[str, ...],
    publisher: str | None,
    day: date | None,
    cited: str,
    reference: str,
) -> None:
    citation = replace(CITATION, publisher=publisher, date_published=day)
    written = write_apa(CitedWork(citation, authors, ADDRESS), ENGLISH)
    assert f"({cited}, characters 7–40)\n\n" in written
    assert reference in written


def test_every_format_has_a_name_in_both_languages() -> None:
    for messages in (FRENCH, ENGLISH):
        assert set(write_citations(WORK, messages)) == set(CitationFormat)
        assert all(messages.text(f"citing.{each}") for each in CitationFormat)


HARD = st.text(alphabet="ab1 .)(-+=#*_`~[]!<>&|$\\{}%^\"'\n\té«𝄞:/", min_size=1, max_size=60)


def quote(text: str) -> CitedWork:
    article = Article("x", Language.FRENCH, text, text, "x.md", publisher=text)
    return CitedWork(cite(article, 0, len(text), "c1"), (text,), ADDRESS)


@given(HARD)
def test_markdown_reads_as_the_quote_whatever_is_in_it(text: str) -> None:
    tokens = (
        MarkdownIt("commonmark")
        .enable(["strikethrough", "table"])
        .parse(write_markdown(quote(text), FRENCH))
    )
    kinds = {token.type for token in tokens}
    assert kinds <= {
        *("blockquote_open", "blockquote_close", "paragraph_open", "paragraph_close", "inline")
    }
    *inlines, last = [token for token in tokens if token.type == "inline"]
    children = [child for inline in inlines for child in inline.children or ()]
    assert {child.type for child in children} <= {"text", "hardbreak", "softbreak", "text_special"}
    read = "".join(child.content for child in children)
    assert read.split() == text.split() or "".join(read.split()) == "".join(text.split())
    links = [child for child in last.children or () if child.type == "link_open"]
    assert [link.attrs["href"] for link in links] == [ADDRESS]


@given(HARD)
def test_the_braces_of_bibtex_pair_whatever_is_in_it(text: str) -> None:
    written = write_bibtex(quote(text), FRENCH)
    depth = 0
    for sign in written:
        depth += (sign == "{") - (sign == "}")
        assert depth >= 0
    assert depth == 0
    assert written.count("{") == written.count("}")
    outside = re.sub(r"\\text\w+\{\}|\\[$&#_%]", "", written)
    assert not re.search(r"[\\$#^~]", outside.replace(ADDRESS, ""))


@given(HARD)
def test_the_letter_of_the_quote_stands_in_plain_text_and_apa(text: str) -> None:
    work = quote(text)
    for write in (write_plain, write_apa):
        assert f"«\u00a0{text}\u00a0»" in write(work, FRENCH)
