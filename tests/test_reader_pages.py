"""The page of an article: where its quote stands, what is known of it, and what machines read."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from massilia.corpus.article import (
    Article,
    Certainty,
    Heading,
    Language,
    MetadataNote,
    Source,
    SourceMark,
)
from massilia.index.library import Library
from massilia.ingest.document import Document
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.marked_text import Span, mark_text
from massilia.service.quote_place import place_quote
from massilia.service.structured_data import describe_article
from tests.conftest import WordEncoder
from tests.library_client import TidyPage, get_page

TEXT = "Avant.\n\nHistoire\n\nLe câble arrive. Il repart.\n\nLa fin de la page deux. Fin."
QUOTE = "Le câble arrive."
START = TEXT.index(QUOTE)
END = START + len(QUOTE)
PORT = Article(
    id="port-fr",
    language=Language.FRENCH,
    title="Le port </script><script>alert(1)</script> & co",
    text=TEXT,
    origin="port.pdf",
    publisher="Le Quai",
    authors=("A. Un",),
    date_published=date(2026, 11, 22),
    date_modified=date(2026, 12, 1),
    url="https://example.org/port.pdf?a=1&b=2",
    licence="CC BY 4.0",
    kind="brève",
    sources=(
        Source("one", "Une source", "Éditeur", "https://example.org/1", "2025-10", "fr"),
        Source("two", "Une autre", date="c. 2024"),
    ),
    marks=(SourceMark(END, "one"), SourceMark(len(TEXT), "two")),
    headings=(Heading(2, 8, 16),),
    notes=(
        MetadataNote("date_published", "the year of the file", Certainty.INFERRED),
        MetadataNote("date_modified", "PDF ModDate", Certainty.STATED),
    ),
    pages=(0, START, TEXT.index("page deux")),
)
HARBOUR = Article(
    "harbour-en",
    Language.ENGLISH,
    "The harbour",
    "The cable arrives.",
    "harbour.md",
    translation_of="port-fr",
)
TWIN = replace(
    PORT, id="twin", title="Le port, ailleurs", origin="twin.html", publisher="Un autre quai"
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("library")
    library = Library.create(folder)
    library.put(Document(each, each.origin) for each in (PORT, HARBOUR, TWIN))
    library.mark_near_duplicates()
    app = create_app(Answerer(library, WordEncoder()))
    with TestClient(app, "https://massilia.example", follow_redirects=False) as client:
        yield client
    library.close()


def read_structured(page: TidyPage) -> list[dict[str, object]]:
    (content,) = page.texts("script", type="application/ld+json")
    described = json.loads(content)
    assert described["@context"] == "https://schema.org"
    graph: list[dict[str, object]] = described["@graph"]
    return graph


def test_a_quote_is_placed_by_its_heading_page_offsets_and_sources(client: TestClient) -> None:
    page = get_page(client, f"/fr/articles/port-fr?start={START}&end={END}")
    facts = page.texts("li")
    for fact in ("Sous Histoire", "page 2", f"caractères {START}–{END}", "Source\u00a0: 1".strip()):
        assert " ".join(fact.split()) in facts, fact
    assert "#page-2" in page.values("a", "href")
    assert page.values("span", "id", class_="page-mark") == ["page-1", "page-2", "page-3"]


def test_the_publisher_s_page_opens_at_the_quote(client: TestClient) -> None:
    page = get_page(client, f"/en/articles/port-fr?start={START}&end={END}")
    links = page.values("a", "href")
    assert f"{PORT.url}#page=2:~:text=Le%20c%C3%A2ble%20arrive." in links
    assert "Read the passage on the original page" in page.texts("a")
    whole = get_page(client, "/en/articles/port-fr")
    assert not any(":~:" in (link or "") for link in whole.values("a", "href"))


def test_each_date_says_how_sure_it_is(client: TestClient) -> None:
    facts = get_page(client, "/fr/articles/port-fr").texts("li")
    assert "Publié le 22 novembre 2026 (déduit)" in facts
    assert "Modifié le 1er décembre 2026" in facts
    assert "date de publication : the year of the file (déduit)" in [
        fact.replace("\u00a0", " ") for fact in facts
    ]


def test_where_else_the_article_stands_is_told(client: TestClient) -> None:
    page = get_page(client, "/en/articles/port-fr")
    also = page.html.partition('id="also"')[2].partition("</section>")[0]
    assert "Le port, ailleurs</a>, Un autre quai" in also
    assert 'href="/en/articles/twin"' in also
    assert 'id="also"' not in get_page(client, "/en/articles/harbour-en").html


def test_the_canonical_address_is_in_the_language_of_the_article(client: TestClient) -> None:
    page = get_page(client, f"/en/articles/port-fr?start={START}&end={END}")
    site = "https://massilia.example"
    assert page.values("link", "href", rel="canonical") == [f"{site}/fr/articles/port-fr"]
    alternates = {
        found["hreflang"]: found["href"]
        for tag, found, _ in page.elements
        if tag == "link" and found.get("rel") == "alternate"
    }
    assert alternates == {
        "fr": f"{site}/fr/articles/port-fr",
        "en": f"{site}/en/articles/harbour-en",
    }


def test_machines_read_the_article_and_the_quote(client: TestClient) -> None:
    article, quotation = read_structured(
        get_page(client, f"/en/articles/port-fr?start={START}&end={END}")
    )
    address = "https://massilia.example/fr/articles/port-fr"
    assert article == {
        "@type": "Article",
        "@id": address,
        "url": address,
        "headline": PORT.title,
        "inLanguage": "fr",
        "datePublished": "2026-11-22",
        "dateModified": "2026-12-01",
        "genre": "brève",
        "author": [{"name": "A. Un"}],
        "publisher": {"@type": "Organization", "name": "Le Quai"},
        "license": "CC BY 4.0",
        "isBasedOn": PORT.url,
        "citation": [
            {
                "@type": "CreativeWork",
                "name": "Une source",
                "url": "https://example.org/1",
                "inLanguage": "fr",
                "datePublished": "2025-10",
                "publisher": {"@type": "Organization", "name": "Éditeur"},
            },
            {"@type": "CreativeWork", "name": "Une autre"},
        ],
        "workTranslation": [
            {"@id": "https://massilia.example/en/articles/harbour-en", "inLanguage": "en"}
        ],
    }
    assert quotation == {
        "@type": "Quotation",
        "text": QUOTE,
        "inLanguage": "fr",
        "url": f"{address}?start={START}&end={END}#quote",
        "isPartOf": {"@id": address},
    }


def test_without_a_quote_there_is_no_quotation(client: TestClient) -> None:
    for query in ("", "?start=5&end=2", "?start=x&end=3"):
        assert len(read_structured(get_page(client, f"/fr/articles/port-fr{query}"))) == 1
    (article,) = read_structured(get_page(client, "/fr/articles/harbour-en"))
    assert article["translationOfWork"] == [
        {"@id": "https://massilia.example/fr/articles/port-fr", "inLanguage": "fr"}
    ]


@given(st.text(max_size=200), st.text(min_size=1, max_size=200))
def test_no_text_leaves_the_script_that_describes_it(title: str, text: str) -> None:
    article = replace(HARBOUR, title=title, text=text, authors=(title,), publisher=text)
    written = describe_article(article, "https://x.example", (), (), Span(0, len(text)))
    assert not set(written) & set("<>&\u2028\u2029")
    described = json.loads(written)["@graph"]
    assert described[1]["text"] == text
    # What is no text in JSON survives as it is.
    assert described[0].get("headline", "") == title
    assert unescape(str(written)) == str(written)


def test_the_quote_s_place_counts_only_its_own_sources_and_heading() -> None:
    place = place_quote(PORT, Span(0, 6))
    assert (place.heading, place.page, place.source_numbers) == (None, 1, ())
    place = place_quote(PORT, Span(START, len(TEXT)))
    assert (place.heading, place.page, place.source_numbers) == ("Histoire", 2, (1, 2))
    assert place_quote(HARBOUR, Span(0, 3)).deep_link is None


@given(st.lists(st.integers(0, len(TEXT) - 1), min_size=1, max_size=5, unique=True))
def test_every_page_begins_where_it_does_and_no_text_is_lost(starts: list[int]) -> None:
    article = replace(PORT, pages=(0, *sorted({*starts} - {0})))
    blocks = mark_text(article, Span(START, END))
    runs = [run for block in blocks for run in block.runs]
    assert "".join(run.text for run in runs) == TEXT.replace("\n\n", "")
    assert "".join(run.text for run in runs if run.quoted) == QUOTE
    shown = [run.page for run in runs if run.page is not None]
    assert shown == sorted(set(shown))
    position = 0
    for run in runs:
        position = TEXT.index(run.text, position)
        if run.page is not None:
            begins = article.pages[run.page - 1]
            assert TEXT[begins:position].strip() == ""
        position += len(run.text)
