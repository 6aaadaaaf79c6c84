"""The pages: what is quoted is quoted to the letter, and nothing that is quoted can act."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from massilia.corpus.article import Article, Heading, Language, Source, SourceMark
from massilia.index.errors import LibraryError
from massilia.index.filter import EVERYTHING, Filter
from massilia.index.library import Library
from massilia.ingest.document import Document
from massilia.service.answer import (
    Answer,
    Bucket,
    Confidence,
    Quote,
    SkippedReason,
    Timings,
)
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.composition import cite
from massilia.service.feedback import Thumb
from massilia.service.marked_text import Span, mark_text, number_sources, read_span
from massilia.service.page_addresses import address_article
from massilia.service.page_rendering import STATIC
from massilia.service.question import MAX_CHARACTERS, Question
from massilia.service.question_dates import DateUse
from tests.page_elements import Page

SCRIPT = '<script>alert("it\'s")</script>'
SCRIPTS = ("/static/theme.js", "/static/chat.js")

PORT = Article(
    id="port-fr",
    language=Language.FRENCH,
    title="Le port",
    text="L'intro.\n\nHistoire\n\nLe câble 𝄞 arrive. Il repart.\n\nPuis\nrien.",
    origin="port.md",
    publisher="Le Quai",
    authors=("A. Un", "B. Deux"),
    date_published=date(2026, 11, 22),
    date_modified=date(2026, 12, 1),
    url="https://example.org/port?a=1&b=2",
    licence="CC BY 4.0",
    sources=(
        Source("never", "Never marked"),
        Source("late", "Second marked", "Éditeur", "https://example.org/2", "2025-10-09", "fr"),
        Source("early", "First marked", date="c. 2024"),
    ),
    marks=(SourceMark(8, "early"), SourceMark(38, "late"), SourceMark(38, "early")),
    headings=(Heading(2, 10, 18),),
)
HARBOUR = Article(
    id="harbour-en",
    language=Language.ENGLISH,
    title="The harbour",
    text="The cable lands here.",
    origin="harbour.md",
    translation_of="port-fr",
)
HOSTILE = Article(
    id="hostile",
    language=Language.ENGLISH,
    title=f"Title {SCRIPT}",
    text=f'Text {SCRIPT} & "quotes" <b onclick=x>.',
    origin=f"{SCRIPT}.md",
    publisher=f"Publisher {SCRIPT}",
    authors=(SCRIPT,),
    licence=SCRIPT,
    sources=(Source("s", SCRIPT, SCRIPT, 'https://example.org/"><script>', SCRIPT, '"><b>'),),
    marks=(SourceMark(10, "s"),),
)


class ParagraphAnswerer(Answerer):
    """Quote each paragraph that holds the question as it stands."""

    def __init__(self, library: Library) -> None:
        self.library = library

    def answer_parts(self, question: Question, top_k: int = 3) -> Iterator[Answer]:
        yield self.answer(question, top_k)

    def answer(self, question: Question, top_k: int = 3) -> Answer:
        if question.text == "broken":
            raise LibraryError("The library /srv/secret is broken.")
        quotes = []
        for entry in self.store.entries():
            article = self.store.article(entry.id)
            assert article is not None
            place = article.text.find(question.text)
            if place >= 0:
                start = article.text.rfind("\n\n", 0, place)
                start = 0 if start < 0 else start + 2
                end = article.text.find("\n\n", place)
                end = len(article.text) if end < 0 else end
                citation = cite(article, start, end, f"c{len(quotes) + 1}")
                quotes.append(Quote(citation.cited_text, 0.87, citation))
        confidence = Confidence(0.87, Bucket.HIGH) if quotes else Confidence(0, Bucket.LOW)
        near = question.text.startswith("near")
        reason = SkippedReason.WEAK_EVIDENCE if near else SkippedReason.NO_RELEVANT_CONTENT
        if "none" in question.within.articles:
            reason = SkippedReason.NO_MATCHING_ARTICLES
        return Answer(
            id="ans_1",
            question=question,
            quotes=tuple(quotes[:top_k]),
            confidence=confidence,
            skipped_reasons=() if quotes else (reason,),
            ranked_article_ids=("port-fr", "gone", "harbour-en") if near else (),
            generation_id=None,
            timings=Timings(0, 0, 0, 0),
            # As where a filter would leave nothing.
            dates=tuple(replace(span, use=DateUse.PREFERENCE) for span in question.dates)
            if near
            else question.dates,
        )


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    library = Library.create(tmp_path_factory.mktemp("library"))
    library.put(Document(each, each.origin) for each in (PORT, HARBOUR, HOSTILE))
    with TestClient(
        create_app(ParagraphAnswerer(library)),
        follow_redirects=False,
        raise_server_exceptions=False,
    ) as client:
        yield client
    library.close()


@pytest.fixture(scope="module")
def empty_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    library = Library.create(tmp_path_factory.mktemp("empty"))
    with TestClient(create_app(ParagraphAnswerer(library))) as client:
        yield client
    library.close()


def get(client: TestClient, address: str, status: int = 200, **parameters: str) -> Page:
    response = client.get(address, params=parameters or None)
    assert response.status_code == status
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return Page(response.text)


def test_sources_are_numbered_as_the_text_first_marks_them() -> None:
    assert [source.id for source in number_sources(PORT)] == ["early", "late", "never"]
    marks = (SourceMark(8, "late"), SourceMark(8, "never"), SourceMark(2, "early"))
    article = replace(PORT, marks=marks)
    assert [source.id for source in number_sources(article)] == ["early", "late", "never"]
    article = replace(PORT, marks=(SourceMark(8, "late"), SourceMark(8, "early")))
    assert [source.id for source in number_sources(article)] == ["late", "early", "never"]


def test_a_text_is_split_into_headings_and_paragraphs() -> None:
    blocks = mark_text(PORT)
    texts = ["".join(run.text for run in block.runs) for block in blocks]
    assert texts == ["L'intro.", "Histoire", "Le câble 𝄞 arrive. Il repart.", "Puis\nrien."]
    assert [block.heading_level for block in blocks] == [0, 1, 0, 0]
    assert [run.source_numbers for run in blocks[0].runs] == [(1,)]
    assert [run.source_numbers for run in blocks[2].runs] == [(2, 1), ()]


def test_headings_that_no_blank_line_sets_apart_are_blocks_of_their_own() -> None:
    article = Article(
        "x",
        Language.ENGLISH,
        "X",
        "One\nTwo two.\nThree",
        "x.txt",
        headings=(Heading(3, 0, 3), Heading(4, 13, 18)),
    )
    blocks = mark_text(article)
    assert [(block.heading_level, block.runs[0].text) for block in blocks] == [
        (1, "One"),
        (0, "Two two."),
        (2, "Three"),
    ]


@st.composite
def articles_with_spans(draw: st.DrawFn) -> tuple[Article, Span]:
    text = draw(st.text(alphabet="ab .é𝄞\n\t\u00a0", min_size=1, max_size=60))
    places = st.integers(0, len(text))
    cuts = sorted(set(draw(st.lists(places, max_size=6))))
    headings = tuple(Heading(2, start, end) for start, end in list(pairwise(cuts))[::2])
    marked = enumerate(draw(st.lists(places, max_size=4)))
    marks = tuple(SourceMark(place, f"s{number}") for number, place in marked)
    start = draw(st.integers(0, len(text) - 1))
    end = draw(st.integers(start + 1, len(text)))
    article = Article(
        "x",
        Language.FRENCH,
        "X",
        text,
        "x.md",
        sources=tuple(Source(mark.source_id, "S") for mark in marks),
        marks=marks,
        headings=headings,
    )
    return article, Span(start, end)


@given(articles_with_spans())
def test_whatever_the_text_the_marked_runs_are_the_quote(given_: tuple[Article, Span]) -> None:
    """Only white space at the edges of blocks may be left out."""
    article, span = given_
    blocks = mark_text(article, span)
    whole = "".join(run.text for block in blocks for run in block.runs)
    marked = "".join(run.text for block in blocks for run in block.runs if run.quoted)
    assert "".join(whole.split()) == "".join(article.text.split())
    assert "".join(marked.split()) == "".join(article.text[span.start : span.end].split())
    for block in blocks:
        quoted = "".join(run.text for run in block.runs if run.quoted)
        assert quoted in article.text[span.start : span.end]
        assert "".join(run.text for run in block.runs) in article.text


@given(articles_with_spans())
def test_no_source_mark_is_lost(given_: tuple[Article, Span]) -> None:
    article, span = given_
    blocks = mark_text(article, span)
    shown = {number for block in blocks for run in block.runs for number in run.source_numbers}
    assert shown == (set(range(1, len(article.marks) + 1)) if blocks else set())


@pytest.mark.parametrize(
    ("start", "end", "span"),
    [
        ("0", "5", Span(0, 5)),
        ("9", "10", Span(9, 10)),
        ("3", "3", None),
        ("4", "3", None),
        ("0", "11", None),
        ("-1", "3", None),
        ("1.0", "3", None),
        ("x", "3", None),
        ("", "", None),
        (None, "3", None),
        ("3", None, None),
        (" 1", "3", None),
        ("\u0661", "3", None),
        ("1", "9" * 5000, None),
    ],
)
def test_a_span_is_two_numbers_within_the_text(
    start: str | None, end: str | None, span: Span | None
) -> None:
    assert read_span(start, end, 10) == span


@pytest.mark.parametrize(("header", "home"), [("en-GB", "/en/"), ("fr", "/fr/"), ("de", "/fr/")])
def test_the_first_page_follows_the_browsers_language(
    client: TestClient, header: str, home: str
) -> None:
    response = client.get("/", params={"q": "a b"}, headers={"Accept-Language": header})
    assert response.status_code == 307
    assert response.headers["location"] == f"{home}?q=a+b"
    assert response.headers["vary"] == "Accept-Language"


def test_the_first_page_welcomes_and_asks(client: TestClient) -> None:
    page = get(client, "/fr/")
    assert page.values("html", "lang") == ["fr"]
    assert len(page.texts("h1")) == 1
    assert page.values("form", "method") == ["get"]
    assert page.values("input", "maxlength") == ["500"]
    assert page.values("label", "for") == page.values("input", "id") == ["question"]
    assert "La bibliothèque compte 3 articles." in page.html
    assert "There are 3 articles in the library." in get(client, "/en/").html


def test_an_answer_is_quoted_to_the_letter_with_all_that_is_known(client: TestClient) -> None:
    page = get(client, "/fr/", q="Le câble")
    assert page.texts("p", class_="quote-text") == ["Le câble 𝄞 arrive. Il repart."]
    assert "/fr/articles/port-fr?start=20&end=49#quote" in page.values("a", "href")
    assert PORT.text[20:49] == "Le câble 𝄞 arrive. Il repart."
    facts = ["".join(text).strip() for tag, _, text in page.elements if tag == "li"]
    for fact in ("Le Quai", "22 novembre 2026", "port.md", "caractères 20–49", "Page d’origine"):
        assert fact in facts, fact
    assert "anglais" not in facts, "the quote is in the page's language"
    assert "Second marked, Éditeur, 9 octobre 2025" in facts
    assert "First marked, c. 2024" in facts
    assert "Sources de ce passage" in page.texts("h3")
    assert "1 passage de la bibliothèque peut répondre." in page.html
    assert page.texts("p", class_="confidence high") == ["Confiance élevée 87\u00a0%"]
    assert page.values("input", "value", name="q")[0] == "Le câble"


def test_a_quote_in_another_language_says_so(client: TestClient) -> None:
    page = get(client, "/fr/", q="cable lands")
    assert page.values("blockquote", "lang") == ["en"]
    assert "anglais" in page.texts("li")
    page = get(client, "/en/", q="cable lands")
    assert page.values("blockquote", "lang") == ["en"]
    assert "English" not in page.texts("li")


def test_links_to_other_hosts_tell_them_nothing(client: TestClient) -> None:
    for address in ("/fr/?q=Le câble", "/fr/articles/port-fr"):
        page = get(client, address)
        links = [found for tag, found, _ in page.elements if tag == "a"]
        outward = [found for found in links if (found["href"] or "").startswith("http")]
        assert outward
        for found in outward:
            assert found["rel"] == "noopener noreferrer external"


def test_an_abstention_says_why_and_what_one_can_do(client: TestClient) -> None:
    page = get(client, "/en/", q="zebra")
    assert "The library doesn’t say." in page.texts("h2")
    assert "None of its passages has enough to do with what you ask." in page.html
    assert "/en/articles" in page.values("a", "href")
    assert "The nearest articles" not in page.html
    assert not page.texts("blockquote")
    assert "%" not in "".join(page.texts("main")), "no confidence where there is no answer"


def test_an_abstention_points_at_the_nearest_articles_that_are_still_there(
    client: TestClient,
) -> None:
    page = get(client, "/fr/", q="near miss")
    assert "Des passages s’en approchent" in page.html
    links = page.values("a", "href")
    assert "/fr/articles/port-fr" in links
    assert "/fr/articles/harbour-en" in links
    assert not any("gone" in (link or "") for link in links)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("", "The question is missing"),
        (" \n ", "The question is missing"),
        ("x" * (MAX_CHARACTERS + 500), "too long: 1,000 characters, where 500 is the most"),
        ("a\x07b", "invisible character (U+0007, at position 1)"),
    ],
)
def test_a_question_that_cannot_be_asked_is_told_and_kept(
    client: TestClient, asked: str, told: str
) -> None:
    response = client.get("/en/", params={"q": asked})
    assert response.status_code == 422
    page = Page(response.text)
    (alert,) = page.texts("p", role="alert")
    assert told in alert
    assert page.values("input", "value", name="q") == [asked]
    assert page.values("input", "aria-invalid") == ["true"]
    assert page.html.index('role="alert"') < page.html.index('name="q"')


def find_link(page: Page, text: str) -> str:
    """Give the address of the one link that is named so, by its text or by its label."""
    (address,) = (
        found["href"]
        for tag, found, texts in page.elements
        if tag == "a" and text in ("".join(texts), found.get("aria-label"))
    )
    assert address is not None
    return address


def test_the_dates_of_a_question_are_told_and_can_be_ignored_and_put_back(
    client: TestClient,
) -> None:
    page = get(client, "/fr/", q="Que disait la presse en 2016, et depuis 2020 ?", kind="press")
    assert page.texts("li", class_="chip")[:2] == [
        "publication\u00a0: 2016 seulement",
        "à partir de 2020\u00a0: préféré",
    ]
    assert "Dates de la question\u00a0:" in page.texts("p", id="dates")
    ignored = get(client, find_link(page, "Ignorer ces dates"))
    assert ignored.texts("h1") == page.texts("h1")
    assert "2016 seulement" not in ignored.html
    assert "Les dates de la question sont ignorées." in ignored.html
    assert "genre\u00a0: press" in ignored.html, "the rest of the address is kept"
    assert get(client, find_link(ignored, "En tenir compte")).html == page.html


def test_dates_are_preferred_and_the_present_comes_first(client: TestClient) -> None:
    page = get(client, "/en/", q="Who came in 2016 and who is there now?")
    assert page.texts("li", class_="chip") == ["2016: preferred", "“now”: newest first"]
    page = get(client, "/en/", q="Who came in 2016?")
    assert page.texts("p", id="dates") == ["Date in the question:"]
    ignored = "/en/?q=Who+came+in+2016%3F&dates=off"
    assert find_link(page, "Ignore this date") == ignored
    page = get(client, "/en/?q=Who+came+in+2016%3F&dates=on")
    assert find_link(page, "Ignore this date") == ignored
    page = get(client, "/en/?q=near what newspapers of 2016 said")
    assert page.texts("li", class_="chip") == ["2016: preferred"], "as it was used"


def test_a_question_without_dates_or_filter_has_no_chips(client: TestClient) -> None:
    for address in ("/fr/?q=Le câble", "/fr/?q=Le câble&dates=on", "/fr/?q=Le câble&from=&in="):
        page = get(client, address)
        assert page.texts("p", class_="quote-text")
        assert not page.texts("div", class_="scope")
        assert not page.texts("p", class_="notice")


def test_a_question_in_a_third_language_is_told_so(client: TestClient) -> None:
    asked = "¿Cuándo llegó el cable a Marsella?"
    (notice,) = get(client, "/fr/", q=asked).texts("p", class_="notice")
    assert notice.startswith("Votre question semble être en espagnol\u202f; ")
    (notice,) = get(client, "/en/", q=asked).texts("p", class_="notice")
    assert notice.startswith("Your question seems to be in Spanish; ")


def test_the_conditions_of_an_address_are_told_and_each_can_be_taken_off(
    client: TestClient,
) -> None:
    query = (
        "q=Le+c%C3%A2ble&publisher=Le+Quai+&publisher=A%26B&publisher=Le+Quai"
        "&from=2015-01-01&from=2016-01-01&to=2016-12-31&in=fr"
    )
    page = get(client, f"/en/?{query}")
    chips = [text.strip() for text in page.texts("li", class_="chip")]
    assert chips == [
        "articles in French",
        "publisher: A&B",
        "publisher: Le Quai",
        "published: 2016 only",
    ]
    for chip in chips:
        without = get(client, find_link(page, f"Remove the condition “{chip}”"))
        left = [text.strip() for text in without.texts("li", class_="chip")]
        assert left == [each for each in chips if each != chip]
        assert without.texts("h1") == ["Le câble"]


def test_what_is_asked_of_the_answerer_is_what_the_address_says(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Question] = []
    answer = ParagraphAnswerer.answer

    def listen(self: ParagraphAnswerer, question: Question, top_k: int = 3) -> Answer:
        asked.append(question)
        return answer(self, question, top_k)

    monkeypatch.setattr(ParagraphAnswerer, "answer", listen)
    get(client, "/fr/?q=Qui en 2016 ?&from=2015-01-01&article=port-fr&kind=press")
    get(client, "/en/?q=Who last year?&dates=off")
    get(client, "/en/?q=Who last year?")
    first, second, third = asked
    assert first.within == Filter(
        articles=frozenset({"port-fr"}),
        kinds=frozenset({"press"}),
        published_from=date(2015, 1, 1),
    )
    assert first.language is Language.FRENCH
    assert [span.text for span in first.dates] == ["en 2016"]
    assert (second.within, second.dates) == (EVERYTHING, ())
    (span,) = third.dates
    assert span.start is not None
    assert span.start.year in {date.today().year - 1, date.today().year}


def test_an_abstention_under_conditions_offers_the_whole_library(client: TestClient) -> None:
    page = get(client, "/fr/?q=zebra&article=none&from=2016-01-01&dates=off")
    assert "Aucun article ne remplit les conditions demandées." in page.html
    assert find_link(page, "Cherchez dans toute la bibliothèque") == "/fr/?q=zebra&dates=off"
    assert "toute la bibliothèque" not in get(client, "/fr/?q=zebra").html


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ("from=2016-02-30", "“2016-02-30” isn’t a date written YYYY-MM-DD"),
        ("to=tomorrow", "“tomorrow” isn’t a date written YYYY-MM-DD"),
        (
            "from=2017-01-01&to=2016-01-01",
            "Nothing is published from 2017-01-01 to 2016-01-01",
        ),
        ("in=de", "“de” isn’t a language of the library"),
        ("kind=a%07b", "invisible character (U+0007, at position 1)"),
        ("publisher=" + "x" * 501, "too long: 501 characters, where 500 is the most"),
        ("article=x&" * 3 + "&".join(f"article={n}" for n in range(100)), "too many articles"),
        (f"from={SCRIPT}", f"“{SCRIPT}” isn’t a date"),
    ],
)
def test_a_filter_that_cannot_be_applied_is_told_and_the_question_kept(
    client: TestClient, parameters: str, told: str
) -> None:
    response = client.get(f"/en/?q=The cable&{parameters}")
    assert response.status_code == 422
    page = Page(response.text)
    (alert,) = page.texts("p", role="alert")
    assert told in alert
    assert page.values("input", "value", name="q") == ["The cable"]
    assert page.values("input", "aria-invalid") == [], "nothing is wrong with the question"
    assert page.values("input", "aria-describedby") == ["question-hint"]


def test_the_other_language_is_the_same_page(client: TestClient) -> None:
    for address, other in [
        ("/fr/", "/en/"),
        ("/en/?q=a%20%26%20b", "/fr/?q=a%20%26%20b"),
        ("/fr/articles", "/en/articles"),
        ("/en/articles/port-fr?start=20&end=49", "/fr/articles/port-fr?start=20&end=49"),
    ]:
        page = get(client, address)
        switches = [
            found["href"]
            for tag, found, _ in page.elements
            if tag == "a" and found.get("class") == "switch"
        ]
        assert switches == [other]
        assert client.get(other).status_code == 200


def test_the_library_lists_its_articles_those_of_the_page_s_language_first(
    client: TestClient,
) -> None:
    page = get(client, "/en/articles")
    listed = [link for link in page.values("a", "href") if (link or "").startswith("/en/articles/")]
    assert listed == [
        "/en/articles/harbour-en",
        "/en/articles/hostile",
        "/en/articles/port-fr",
    ]
    assert page.texts("h2")[0] == "All articles"
    assert "22 November 2026" in page.texts("time")


def test_an_empty_library_says_so(empty_client: TestClient) -> None:
    assert "La bibliothèque est encore vide." in get(empty_client, "/fr/articles").html
    assert "La bibliothèque compte 0 article." in get(empty_client, "/fr/").html


def test_the_reader_shows_the_article_with_what_is_known(client: TestClient) -> None:
    page = get(client, "/en/articles/port-fr")
    facts = page.texts("li")
    for fact in (
        "By A. Un, B. Deux",
        "Le Quai",
        "Published 22 November 2026",
        "Modified 1 December 2026",
        "French",
        "Licence: CC BY 4.0",
        "port.md",
        "Read the original page",
        "Read this article in English: The harbour",
    ):
        assert fact in facts, fact
    assert page.texts("h2", lang="fr") == ["Histoire"]
    assert "Puis\nrien." in page.texts("p", lang="fr")
    assert [page.texts("li", id=f"source-{number}")[0].strip() for number in (1, 2, 3)] == [
        "First marked, c. 2024",
        "Second marked, Éditeur, 9 October 2025",
        "Never marked",
    ]
    assert page.texts("sup") == ["1", "2, 1"]
    assert not page.texts("mark")
    assert not page.texts("p", role="status")


def test_a_translation_leads_back_to_what_it_translates(client: TestClient) -> None:
    facts = get(client, "/fr/articles/harbour-en").texts("li")
    assert "Lire cet article en français\u00a0: Le port" in facts


@pytest.mark.parametrize(
    ("start", "end"), [(20, 49), (0, len(PORT.text)), (24, 32), (10, 18), (39, 40), (5, 60)]
)
def test_the_reader_marks_exactly_the_quote(client: TestClient, start: int, end: int) -> None:
    page = get(client, f"/fr/articles/port-fr?start={start}&end={end}")
    marks = page.texts("mark")
    assert "".join(marks) == PORT.text[start:end].replace("\n\n", "")
    assert page.values("mark", "id") == ["quote"]
    assert "Le passage cité est surligné." in page.html


@pytest.mark.parametrize(
    "query", ["start=9&end=3", "start=0&end=99999", "start=x&end=3", "start=3", "start=8&end=10"]
)
def test_a_passage_that_is_not_there_is_owned_up_to(client: TestClient, query: str) -> None:
    page = get(client, f"/fr/articles/port-fr?{query}")
    assert not page.texts("mark")
    assert "un passage qui n’existe pas dans cet article" in "".join(page.texts("p", role="status"))
    assert "Histoire" in page.texts("h2")


def test_an_address_without_language_opens_in_the_articles_own(client: TestClient) -> None:
    response = client.get("/articles/harbour-en?start=0&end=9")
    assert response.status_code == 307
    assert response.headers["location"] == "/en/articles/harbour-en?start=0&end=9"
    assert client.get("/articles/port-fr").headers["location"] == "/fr/articles/port-fr"


@pytest.mark.parametrize(
    ("address", "language", "heading"),
    [
        ("/fr/articles/none", "fr", "Cette page n’existe pas"),
        ("/en/articles/none", "en", "There is no such page"),
        ("/en/nothing", "en", "There is no such page"),
        ("/articles/none", "fr", "Cette page n’existe pas"),
        ("/de/", "fr", "Cette page n’existe pas"),
        ("/french", "fr", "Cette page n’existe pas"),
    ],
)
def test_what_is_not_there_is_told_in_the_language_of_the_address(
    client: TestClient, address: str, language: str, heading: str
) -> None:
    page = get(client, address, 404)
    assert page.values("html", "lang") == [language]
    assert page.texts("h1") == [heading]


def test_errors_outside_a_language_follow_the_browser(client: TestClient) -> None:
    response = client.get("/nothing", headers={"Accept-Language": "en"})
    assert "There is no such page" in response.text
    assert "Accept-Language" in response.headers["vary"]
    assert "Accept-Language" not in client.get("/fr/nothing").headers.get("vary", "")


def test_a_broken_library_is_told_without_its_secrets(client: TestClient) -> None:
    page = get(client, "/fr/?q=broken", 503)
    assert page.texts("h1") == ["Massilia ne peut pas répondre pour l’instant"]
    assert "secret" not in page.html


def test_a_wrong_method_is_refused_and_the_right_one_named(client: TestClient) -> None:
    response = client.post("/fr/")
    assert response.status_code == 405
    assert "GET" in response.headers["allow"]
    assert "Cette demande n’a pas été comprise" in response.text
    assert client.head("/fr/").status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/en/articles/hostile",
        "/en/articles/hostile?start=3&end=30",
        "/en/articles",
        f"/en/?q={SCRIPT}",
        "/en/?q=Text",
        f"/en/?q={SCRIPT}%07",
        f"/en/?q=Text&publisher={SCRIPT}&kind=%22%3E%3Cb%3E",
        f"/en/?q=Text&from={SCRIPT}",
        f"/en/{SCRIPT}",
        "/en/articles?%22%3E%3Cscript%3E",
    ],
)
def test_nothing_that_is_shown_can_act(client: TestClient, address: str) -> None:
    """No text becomes an element or attribute, and no page has a script or style of its own."""
    response = client.get(address)
    page = Page(response.text)
    tags = {tag for tag, _, _ in page.elements}
    assert not tags & {"style", "b", "iframe", "object"}
    for tag, attributes, text in page.elements:
        if tag == "script":
            # Data of ours, or a script, which the policy lets be loaded from here alone.
            data = attributes.get("type") == "application/ld+json"
            assert data or (attributes["src"] in SCRIPTS and not text)
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        for name in ("href", "src", "action"):
            assert not (attributes.get(name) or "").startswith(("javascript:", "data:", "//"))


def test_a_hostile_text_is_shown_as_it_stands(client: TestClient) -> None:
    (quote,) = get(client, "/en/", q=SCRIPT).texts("p", class_="quote-text")
    assert quote == HOSTILE.text
    assert get(client, "/en/", q=SCRIPT).texts("h1") == [SCRIPT]
    assert (
        "".join(get(client, "/en/articles/hostile?start=0&end=45").texts("mark"))
        == HOSTILE.text[:45]
    )


def test_pages_load_nothing_from_other_hosts(client: TestClient) -> None:
    page = get(client, "/fr/?q=Le câble")
    loaded = page.values("link", "href") + page.values("img", "src") + page.values("form", "action")
    assert loaded
    loaded = [(address or "").removeprefix("http://testserver") for address in loaded]
    loaded += [address or "" for address in page.values("script", "src")]
    assert all(address.startswith("/") for address in loaded)
    for address in {address for address in loaded if address and "static" in address}:
        assert client.get(address).status_code == 200
    for sheet in STATIC.glob("*.css"):
        for name in re.findall(r'url\("([^"]+)"\)', sheet.read_text()):
            assert (STATIC / name).is_file()
        assert "@import" not in sheet.read_text()


def read_meta(page: Page) -> dict[str, str]:
    """Give what a page says of itself, by name or property."""
    return {
        found.get("property") or found.get("name") or "": found.get("content") or ""
        for tag, found, _ in page.elements
        if tag == "meta"
    }


def test_a_page_says_what_it_is_to_those_that_link_to_it(client: TestClient) -> None:
    home = read_meta(get(client, "/fr/"))
    assert home["og:title"] == "Massilia\u00a0: la tech à Marseille, citée à la lettre"
    assert home["og:locale"] == "fr_FR"
    assert home["og:description"] == home["description"]
    assert "robots" not in home
    answer = read_meta(get(client, "/en/", q="cable lands"))
    assert answer["og:title"] == "cable lands | Massilia"
    assert answer["og:description"] == "The cable lands here."
    assert answer["robots"] == "noindex", "there are as many answers as questions"
    image = home["og:image"].removeprefix("http://testserver")
    drawn = client.get(image)
    assert drawn.headers["content-type"] == "image/png"
    assert len(drawn.content) < 60_000
    size = int.from_bytes(drawn.content[16:20]), int.from_bytes(drawn.content[20:24])
    assert size == (int(home["og:image:width"]), int(home["og:image:height"]))


def test_the_same_page_in_each_language_is_named_with_its_host(client: TestClient) -> None:
    page = get(client, "/fr/?q=Le+c%C3%A2ble&dates=off")
    alternates = {
        found["hreflang"]: found["href"]
        for tag, found, _ in page.elements
        if tag == "link" and found["rel"] == "alternate"
    }
    assert alternates == {
        language: f"http://testserver/{language}/?q=Le+c%C3%A2ble&dates=off"
        for language in ("fr", "en")
    }


def test_every_icon_that_is_asked_for_is_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="(\w+)"', (STATIC / "icons.svg").read_text()))
    asked = {
        name
        for template in (STATIC.parent / "templates").glob("*.html")
        for name in re.findall(r'icon\("(\w+)"\)', template.read_text())
    }
    assert asked | set(Thumb) == drawn


def test_ids_are_quoted_in_addresses() -> None:
    assert address_article(Language.FRENCH, "a/b?c#d é") == "/fr/articles/a%2Fb%3Fc%23d%20%C3%A9"


def read_colours() -> dict[str, dict[str, str]]:
    """Give the colours of both themes: one for both, or a pair."""
    css = (STATIC / "style.css").read_text()
    colour = r"(#[0-9a-f]{6})"
    both = dict(re.findall(rf"--([\w-]+): {colour};", css.partition("}")[0]))
    pairs = re.findall(rf"--([\w-]+): light-dark\({colour}, {colour}\);", css)
    return {
        "light": both | {name: light for name, light, _ in pairs},
        "dark": both | {name: dark for name, _, dark in pairs},
    }


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


TEXTS = [
    ("ink", "paper"),
    ("ink", "surface"),
    ("quiet", "paper"),
    ("quiet", "surface"),
    ("link", "paper"),
    ("link", "surface"),
    ("accent", "surface"),
    ("on-highlight", "highlight"),
    ("alert", "alert-surface"),
    ("on-sea", "sea"),
    ("on-sea-quiet", "sea"),
    ("on-button", "button"),
    ("on-field", "field"),
]
SIGNS = [("accent", "paper"), ("edge", "paper"), ("button", "sea"), ("field", "sea")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_and_signs_stand_out(scheme: str) -> None:
    """WCAG 2.2 AA: 4.5 for text (1.4.3), 3 for signs, fields and the focus ring (1.4.11)."""
    colours = read_colours()[scheme]
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    for pairs, least in ((TEXTS, 4.5), (SIGNS, 3.0)):
        for front, back in pairs:
            assert contrast(colours[front], colours[back]) >= least, (front, back)


def test_the_style_sheets_stay_light() -> None:
    for sheet in STATIC.glob("*.css"):
        assert sheet.stat().st_size < 24_000, sheet.name
