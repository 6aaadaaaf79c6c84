import json

import pytest

from massilia.corpus.article import Certainty
from massilia.ingest.html_blocks import read_page
from massilia.ingest.html_metadata import Metadata, make_line
from massilia.ingest.json_ld import read_json_ld

ADDRESS = "https://www.voix.example/a/1.html"
STATED, LIKELY = Certainty.STATED, Certainty.LIKELY


def read(head: str = "", body: str = "", url: str | None = ADDRESS) -> Metadata:
    return Metadata(read_page(f"<html><head>{head}</head><body>{body}"), url)


def script(*nodes: object) -> str:
    data = nodes[0] if len(nodes) == 1 else list(nodes)
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


def article(**fields: object) -> dict[str, object]:
    return {"@type": "NewsArticle", **fields}


def show(found: object) -> tuple[object, str] | None:
    return None if found is None else (found.value, found.how)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("head", "body", "title"),
    [
        (
            "<title>Le port ferme - La Voix</title>",
            "<h1>Le port ferme</h1>",
            ("Le port ferme", "h1"),
        ),
        (
            script(article(headline="Le port &amp; la ville")) + "<title>X</title>",
            "<h1><a href=/>La Voix</a></h1>",
            ("Le port & la ville", "JSON-LD headline"),
        ),
        (
            "<meta property=og:title content='Le port ferme | La Voix'>"
            "<meta property=og:site_name content='La Voix'>",
            "",
            ("Le port ferme", "meta og:title"),
        ),
        (
            "<meta property=og:title content='La Voix - Le port ferme'>"
            "<meta property=og:site_name content='La Voix'>",
            "",
            ("Le port ferme", "meta og:title"),
        ),
        ("<meta name=citation_title content='Le port'>", "", ("Le port", "meta citation_title")),
        ("", "<h2 itemprop=headline>Le port</h2>", ("Le port", "itemprop headline")),
        (
            "<title>La Voix - Le port ferme ce soir</title>",
            "<div>Le port ferme ce soir</div>",
            ("Le port ferme ce soir", "title"),
        ),
        ("<title>Le port ferme</title>", "", ("Le port ferme", "title")),
        ("", "<h1>Le port<br>ferme</h1>", ("Le port ferme", "h1")),
        ("", "<nav><h1>Menu</h1></nav>", None),
    ],
)
def test_the_title_is_what_readers_see_if_the_page_says_so_too(
    head: str, body: str, title: tuple[str, str] | None
) -> None:
    assert show(read(head, body).title) == title


@pytest.mark.parametrize(
    ("head", "body", "publisher", "certainty"),
    [
        (script(article(publisher={"@type": "Organization", "name": "La Voix"})), "",
         ("La Voix", "JSON-LD publisher"), STATED),
        (script(article(publisher="La Voix")), "", ("La Voix", "JSON-LD publisher"), STATED),
        (script(article(publisher={"@id": "#o"}), {"@id": "#o", "@type": "Organization",
                                                   "name": "La Voix"}), "",
         ("La Voix", "JSON-LD publisher"), STATED),
        ("<meta property=og:site_name content='La Voix'>", "",
         ("La Voix", "meta og:site_name"), STATED),
        ("", "<p itemprop=publisher><b itemprop=name>La Voix</b></p>",
         ("La Voix", "itemprop publisher"), STATED),
        (script({"@type": "WebSite", "name": "La Voix"}), "",
         ("La Voix", "JSON-LD WebSite"), LIKELY),
        ("<title>Le port ferme | La Voix</title>", "<h1>Le port ferme</h1>",
         ("La Voix", "title"), LIKELY),
        ("<title>Le port ferme</title>", "<h1>Le port ferme</h1>", None, None),
    ],
)  # fmt: skip
def test_the_publisher_is_found_where_it_is_surest(
    head: str, body: str, publisher: tuple[str, str] | None, certainty: Certainty | None
) -> None:
    found = read(head, body).publisher
    assert show(found) == publisher
    assert (found and found.certainty) == certainty


@pytest.mark.parametrize(
    ("head", "body", "authors", "how"),
    [
        (script(article(author="Par Ana Bo et Cy Do")), "", ("Ana Bo", "Cy Do"), "JSON-LD author"),
        (script(article(author=[{"name": "Ana Bo"}, "Cy Do"])), "", ("Ana Bo", "Cy Do"),
         "JSON-LD author"),
        (script({"@graph": [article(author={"@id": "#a"}),
                            {"@id": "#a", "@type": "Person", "name": "Ana Bo"}]}), "",
         ("Ana Bo",), "JSON-LD author"),
        (script(article(author={"@type": "Organization", "name": "Ville et Port"})), "",
         ("Ville et Port",), "JSON-LD author"),
        (script(article(author="Ana Bo")) + "<meta name=author content='Ana Bo, Cy Do'>", "",
         ("Ana Bo", "Cy Do"), "meta author"),
        ("<meta name=citation_author content='Bo, Ana'>"
         "<meta name=citation_author content='Do, C.'>", "",
         ("Ana Bo", "C. Do"), "meta citation_author"),
        ("<meta name=dc.creator content='Ana Bo'>", "", ("Ana Bo",), "meta dc.creator"),
        ("<meta name=article:author content='https://fb.example/ana'>",
         "<p itemprop=author>Par <b itemprop=name>Ana Bo</b></p>", ("Ana Bo",), "itemprop author"),
        ("", "<a rel=author href=/a>Ana Bo</a>", ("Ana Bo",), "rel author"),
        ("<meta name=author content=admin>", "", None, None),
        ("<meta name=author content='La Voix'><meta property=og:site_name content='La Voix'>", "",
         None, None),
        ("", "<div class=comments><a rel=author href=/a>Ana Bo</a></div>", None, None),
    ],
)  # fmt: skip
def test_authors_are_found_where_they_are_stated(
    head: str, body: str, authors: tuple[str, ...] | None, how: str | None
) -> None:
    assert show(read(head, body).find_authors([])) == (authors and (authors, how))


@pytest.mark.parametrize(
    ("line", "authors"),
    [
        ("Par Romain Castagno et Leïla Hadj-Sassi", ("Romain Castagno", "Leïla Hadj-Sassi")),
        ("Mardi 7 juin 2022, par Magali Rizzo", ("Magali Rizzo",)),
        ("By Maren Holt · 9 February 2023", ("Maren Holt",)),
        ("Mehdi Santoni 28 mars 2023", ("Mehdi Santoni",)),
        ("Par Jean de La Ville\nPublié le 3 mai", ("Jean de La Ville",)),
        ("Jeudi 13 juin 2024 · 9 min · Clara Fabiani", ("Clara Fabiani",)),
        ("Le Fil", None),
        ("Publié le 3 mai 2022", None),
        ("Toute l’actualité du port", None),
    ],
)
def test_lines_near_the_title_name_the_authors(line: str, authors: tuple[str, ...] | None) -> None:
    found = read().find_authors([line])
    assert (found and found.value) == authors
    assert found is None or found.certainty is LIKELY


@pytest.mark.parametrize(
    ("head", "url", "found"),
    [
        ("<link rel=canonical href=/b>", ADDRESS, ("https://www.voix.example/b", "link canonical")),
        ("<link rel=canonical href=b>", None, None),
        ("<base href=/x/><link rel=canonical href=b>", ADDRESS,
         ("https://www.voix.example/x/b", "link canonical")),
        ("<link rel=canonical href='javascript:alert(1)'><meta property=og:url content=/c>",
         ADDRESS, ("https://www.voix.example/c", "meta og:url")),
        ("<link rel=canonical href='https://[bad'>", None, None),
        ("<link rel=canonical href=/>", ADDRESS, (ADDRESS, "the address that it was read from")),
        (script(article(mainEntityOfPage={"@id": "https://d.example/e#x"})), None,
         ("https://d.example/e", "JSON-LD mainEntityOfPage")),
        ("", "ftp://voix.example/a", None),
    ],
)  # fmt: skip
def test_the_address_is_the_canonical_one_if_it_is_one_of_the_web(
    head: str, url: str | None, found: tuple[str, str] | None
) -> None:
    assert show(read(head, url=url).url) == found


@pytest.mark.parametrize(
    ("source", "language"),
    [
        ("<html lang=fr-FR>", ("fr", "html lang")),
        ("<html xml:lang=en>", ("en", "html lang")),
        ("<meta property=og:locale content=en_GB>", ("en", "meta og:locale")),
        ("<meta http-equiv=Content-Language content=de>", ("de", "meta content-language")),
        (script(article(inLanguage="fr")), ("fr", "JSON-LD inLanguage")),
        ("<html lang=''>", None),
    ],
)
def test_the_language_is_the_one_declared(source: str, language: tuple[str, str] | None) -> None:
    assert show(Metadata(read_page(source), None).find_language()) == language


def test_of_several_articles_the_one_of_this_page_is_taken() -> None:
    other = article(headline="Un autre article", url="https://www.voix.example/b", author="Cy Do")
    port = article(headline="Le port ferme", author="Ana Bo")
    by_heading = read(script(other, port), "<h1>Le port ferme</h1>")
    assert by_heading.node["author"] == "Ana Bo"
    by_address = read(script(port, other), url="https://www.voix.example/b/")
    assert by_address.node["author"] == "Cy Do"


def test_articles_in_lists_and_parts_are_others() -> None:
    data = {
        "@type": "ItemList",
        "itemListElement": [article(headline="Un autre")],
        "hasPart": article(headline="Un autre"),
        "mainEntity": article(headline="Le port"),
    }
    assert [node["headline"] for node in read_json_ld([json.dumps(data)]).articles] == ["Le port"]


@pytest.mark.parametrize(
    "written",
    [
        '{"@type": "Article", "headline": "Le\nport",}',
        '<!-- {"@type": "Article", "headline": "Le\\nport"} //-->',
        '/*<![CDATA[*/ [{"@type": ["Thing", "Article"], "headline": "Le\\nport"}]; /*]]>*/',
    ],
)
def test_json_that_is_not_quite_json_is_mended(written: str) -> None:
    (node,) = read_json_ld([written]).articles
    assert node["headline"] == "Le\nport"


def test_what_is_no_json_at_all_says_nothing() -> None:
    for written in ("{", "[" * 200_000, '{"a": ' * 200_000, "9" * 10_000, "null", "3" * 3_000_000):
        assert read_json_ld([written]).articles == ()


def test_the_body_given_in_json_ld_is_taken_only_where_it_is_plain_text() -> None:
    body = "Le port ferme ce soir.\n\nLa ville attend trois navires demain à l’aube. " * 3
    assert read(script(article(articleBody=body))).body.count("\n\n") == 3
    assert read(script(article(articleBody="Trop court."))).body == ""
    assert read(script(article(articleBody=f"<p>{body}</p>"))).body == ""


def test_values_that_cannot_be_stored_are_left_out() -> None:
    assert make_line("Le \n port\u00a0!") == "Le port\u00a0!"
    assert make_line("a\x00b") is None
    assert make_line(" ") is None
    assert len(make_line("a" * 100_000) or "") == 400
