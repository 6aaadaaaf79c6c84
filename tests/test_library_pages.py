"""The library: what is searched for is found, and each condition leaves what it says."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from urllib.parse import parse_qsl, urlsplit

import pytest
from fastapi.testclient import TestClient

from massilia.corpus.article import Language
from massilia.index.filter import Filter
from massilia.index.library import Library
from massilia.ingest.document import Document
from massilia.service import library_topics
from massilia.service.article_selection import Order, Selection
from massilia.service.filters import FilterError
from massilia.service.library_addresses import read_page_number, read_selection, write_address
from massilia.service.library_listing import PER_PAGE
from massilia.service.library_topics import MIN_SENTENCES, Topics
from tests.conftest import WordEncoder
from tests.library_client import TidyPage, get_page, make_article, serve_articles

CABLE = "Le câble Medusa arrive au port. "
ARTICLES = (
    make_article(
        "medusa-fr",
        "Medusa atterrit",
        CABLE + "Medusa relie Lisbonne en 2025. Medusa mesure 8 700 km. Un chantier dure.",
        publisher="Le Quai",
        published=date(2025, 10, 9),
        kind="brève",
    ),
    make_article(
        "medusa-en",
        "Medusa lands",
        "The Medusa cable reaches the harbour. Medusa links Lisbon in 2025. Medusa is long.",
        language=Language.ENGLISH,
        publisher="The Quay",
        published=date(2025, 10, 10),
        kind="brève",
        translation_of="medusa-fr",
    ),
    make_article(
        "ecole",
        "Une école de code",
        "L'école ouvre en 2019. Elle forme des développeurs. Orange la finance.",
        publisher="le quai",
        published=date(2019, 9, 1),
        kind="Portrait",
    ),
    make_article(
        "abri",
        "À l’abri",
        "Un abri pour les serveurs, sans date. Le câble n'y passe pas.",
        kind="overview",
    ),
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("library")
    with serve_articles(folder, ARTICLES, WordEncoder()) as client:
        yield client


def list_ids(page: TidyPage) -> list[str]:
    """Give the ids of the articles listed, in their order; not of those near in meaning."""
    listed = page.html.partition('<ol class="entries"')[2].partition("</ol>")[0]
    links = TidyPage(f"<ol{listed}</ol>").values("a", "href") if listed else []
    found = [(link or "").partition("?")[0].rpartition("/")[2] for link in links]
    return list(dict.fromkeys(found))


def list_articles(client: TestClient, query: str) -> list[str]:
    return list_ids(get_page(client, f"/fr/articles?{query}"))


def read_facet(page: TidyPage, name: str) -> dict[str, str]:
    facet = page.html.partition(f'aria-labelledby="facet-{name}"')[2].partition("</section>")[0]
    texts = TidyPage(f"<section{facet}</section>").texts("a") if facet else []
    return dict(text.rsplit(" ", 1) for text in texts)


def test_without_conditions_all_are_listed_those_of_the_page_s_language_first(
    client: TestClient,
) -> None:
    assert list_articles(client, "") == ["abri", "medusa-fr", "ecole", "medusa-en"]
    assert list_ids(get_page(client, "/en/articles"))[0] == "medusa-en"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=câbles", ["medusa-fr", "medusa-en", "abri"]),
        ("q=CABLE+medusa", ["medusa-fr", "medusa-en"]),
        ("q=école", ["ecole"]),
        ("q=developpeur", ["ecole"]),
        ("q=le+la+les+medusa", ["medusa-fr", "medusa-en"]),
    ],
)
def test_a_search_finds_the_articles_that_hold_every_word_by_their_stems(
    client: TestClient, query: str, found: list[str]
) -> None:
    assert set(list_articles(client, query)) == set(found)


def test_a_word_of_the_title_alone_is_found_too(client: TestClient) -> None:
    assert "atterrit" not in ARTICLES[0].text
    assert list_articles(client, "q=atterrit") == ["medusa-fr"]


def test_an_article_counts_as_a_whole_whichever_passage_holds_a_word(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    filler = " ".join(f"Une phrase quelconque numéro {number} suit." for number in range(120))
    long = make_article("long", "Un titre", f"Le zéphyr souffle. {filler} Un quetzal passe.")
    folder = tmp_path_factory.mktemp("long")
    with serve_articles(folder, [long, *ARTICLES], WordEncoder()) as client:
        assert list_articles(client, "q=zephyr+quetzal") == ["long"]


def test_where_no_article_holds_every_word_those_with_some_are_listed_and_it_is_said(
    client: TestClient,
) -> None:
    page = get_page(client, "/en/articles?q=medusa+serveurs")
    assert set(list_ids(page)) == {"medusa-fr", "medusa-en", "abri"}
    assert "No article has all of these words" in page.html


def test_a_misspelt_word_is_read_as_another_and_it_is_said(client: TestClient) -> None:
    page = get_page(client, "/fr/articles?q=serveurz")
    assert list_ids(page) == ["abri"]
    assert "«\u00a0serveurz\u00a0» n’est dans aucun article\u202f; cherché aussi" in page.html


def test_the_sentence_with_most_words_is_shown_with_them_marked(client: TestClient) -> None:
    page = get_page(client, "/fr/articles?q=medusa+port")
    assert page.texts("mark")[:2] == ["Medusa", "port"]
    start = ARTICLES[0].text.index("Le câble Medusa")
    end = start + len(CABLE.strip())
    assert f"/fr/articles/medusa-fr?start={start}&end={end}#quote" in page.values("a", "href")


def test_nothing_found_says_so_and_leads_on(client: TestClient) -> None:
    page = get_page(client, "/en/articles?q=zeppelin")
    assert list_ids(page) == []
    assert "No article holds “zeppelin”." in page.html
    assert "/en/articles" in page.values("a", "href")
    assert "/en/?q=zeppelin" in page.values("a", "href")


def test_what_is_near_in_meaning_follows_apart_and_lacks_the_words(client: TestClient) -> None:
    page = get_page(client, "/fr/articles?q=chantier")
    near = page.html.partition('class="near-articles"')[2]
    assert list_ids(page) == ["medusa-fr"]
    assert "/fr/articles/medusa-fr" not in near


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("in=en", ["medusa-en"]),
        ("publisher=LE+QUAI", ["medusa-fr", "ecole"]),
        ("kind=breve", ["medusa-fr", "medusa-en"]),
        ("kind=breve&kind=portrait", ["medusa-fr", "ecole", "medusa-en"]),
        ("from=2025-10-09", ["medusa-fr", "medusa-en"]),
        ("to=2025-10-09", ["medusa-fr", "ecole"]),
        ("from=2019-01-01&to=2019-12-31", ["ecole"]),
        ("topic=medusa", ["medusa-fr", "medusa-en"]),
        ("topic=Medusa&in=fr", ["medusa-fr"]),
        ("topic=medusa&year=2025", ["medusa-fr", "medusa-en"]),
        ("topic=medusa&year=1999", []),
        ("article=abri", ["abri"]),
        ("q=cable&in=fr&from=2020-01-01", ["medusa-fr"]),
        ("from=&to=&q=&sort=title", ["abri", "medusa-fr", "ecole", "medusa-en"]),
    ],
)
def test_a_condition_leaves_what_it_says(client: TestClient, query: str, found: list[str]) -> None:
    assert list_articles(client, query) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("sort=newest", ["medusa-en", "medusa-fr", "ecole", "abri"]),
        ("sort=oldest", ["ecole", "medusa-fr", "medusa-en", "abri"]),
        ("q=medusa&sort=oldest", ["medusa-fr", "medusa-en"]),
        ("sort=relevance", ["abri", "medusa-fr", "ecole", "medusa-en"]),
        ("sort=nonsense", ["abri", "medusa-fr", "ecole", "medusa-en"]),
    ],
)
def test_articles_are_sorted_and_those_without_a_date_come_last(
    client: TestClient, query: str, found: list[str]
) -> None:
    assert list_articles(client, query) == found


def test_facets_count_what_each_value_would_leave(client: TestClient) -> None:
    page = get_page(client, "/fr/articles?in=fr")
    assert read_facet(page, "language") == {"français": "3", "anglais": "1"}
    assert read_facet(page, "publisher") == {}, "one publisher in two spellings is no choice"
    assert read_facet(page, "kind") == {"Portrait": "1", "brève": "1", "synthèse": "1"}
    assert "synthèse" in page.texts("li")
    page = get_page(client, "/fr/articles?q=cable")
    assert read_facet(page, "language") == {"français": "2", "anglais": "1"}


def test_a_chosen_value_is_marked_and_its_link_takes_it_off(client: TestClient) -> None:
    page = get_page(client, "/fr/articles?in=fr&kind=portrait")
    chosen = [
        found["href"] for tag, found, _ in page.elements if found.get("aria-current") == "true"
    ]
    assert chosen == ["/fr/articles?kind=portrait", "/fr/articles?in=fr"]
    removing = [
        found["href"]
        for _, found, _ in page.elements
        if (found.get("aria-label") or "").startswith("Retirer la condition")
    ]
    assert removing == ["/fr/articles?kind=portrait", "/fr/articles?in=fr"]


def test_the_form_keeps_the_conditions(client: TestClient) -> None:
    page = get_page(client, "/fr/articles?in=fr&topic=medusa&year=2025&q=cable&from=2020-01-01")
    hidden = [
        (found["name"], found["value"])
        for tag, found, _ in page.elements
        if tag == "input" and found.get("type") == "hidden"
    ]
    assert hidden == [("in", "fr"), ("topic", "medusa"), ("year", "2025")]
    assert page.values("input", "value", id="words") == ["cable"]
    assert page.values("input", "value", id="from") == ["2020-01-01"]


@pytest.mark.parametrize("query", ["from=x", "in=de", "from=2020-01-02&to=2020-01-01"])
def test_a_wrong_condition_is_told_and_everything_is_listed(client: TestClient, query: str) -> None:
    page = get_page(client, f"/fr/articles?{query}", 422)
    assert page.texts("p", role="alert")
    assert len(list_ids(page)) == 4


def test_words_that_are_too_long_are_told_at_their_field(client: TestClient) -> None:
    page = get_page(client, f"/fr/articles?q={'w' * 600}", 422)
    described = [
        found for tag, found, _ in page.elements if tag == "input" and found.get("id") == "words"
    ]
    assert described[0]["aria-invalid"] == "true"
    assert described[0]["aria-describedby"] == "finder-error"


def test_pages_of_twenty_follow_each_other_and_hold_each_article_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    articles = [
        make_article(f"a{number:03}", f"Titre {number:03}", f"Le texte numéro {number}.")
        for number in range(2 * PER_PAGE + 3)
    ]
    with serve_articles(tmp_path_factory.mktemp("many"), articles, WordEncoder()) as client:
        pages = [get_page(client, f"/fr/articles?page={page}") for page in (1, 2, 3, 99)]
        listed = [list_ids(page) for page in pages]
    assert [each for page in listed[:3] for each in page] == [each.id for each in articles]
    assert listed[3] == listed[2], "a page beyond the last one is the last one"
    assert pages[1].values("a", "href", rel="prev") == ["/fr/articles"]
    assert pages[1].values("a", "href", rel="next") == ["/fr/articles?page=3"]
    assert pages[1].values("ol", "start") == ["21"]
    assert not pages[2].values("a", "href", rel="next")


def test_an_address_says_the_whole_selection() -> None:
    selection = Selection(
        words="câble & mer",
        within=Filter(
            languages=frozenset([Language.FRENCH]),
            publishers=frozenset(["A, B"]),
            kinds=frozenset(["k"]),
            articles=frozenset(["x"]),
            published_from=date(2020, 1, 2),
            published_to=date(2021, 1, 2),
        ),
        topics=frozenset(["2africa", "medusa"]),
        year=2022,
        order=Order.NEWEST,
    )
    address = write_address(selection, Language.ENGLISH, page=3)
    assert address.startswith("/en/articles?q=c%C3%A2ble+%26+mer&in=fr&publisher=A%2C+B")
    parameters = parse_qsl(urlsplit(address).query)
    assert (read_selection(parameters), read_page_number(parameters)) == (selection, 3)
    assert write_address(Selection(), Language.FRENCH) == "/fr/articles"
    with pytest.raises(FilterError):
        read_selection([("in", "de")])


def test_the_library_has_one_canonical_address_and_one_a_language(client: TestClient) -> None:
    page = get_page(client, "/fr/articles?q=cable")
    assert page.values("link", "href", rel="canonical") == ["https://massilia.example/fr/articles"]
    alternates = {
        found["hreflang"]: found["href"]
        for tag, found, _ in page.elements
        if tag == "link" and found.get("rel") == "alternate"
    }
    assert alternates == {
        "fr": "https://massilia.example/fr/articles",
        "en": "https://massilia.example/en/articles",
        "x-default": "https://massilia.example/articles",
    }
    assert "noindex" in (page.values("meta", "content", name="robots") or [""])[0]
    assert not get_page(client, "/fr/articles").values("meta", "content", name="robots")


def test_without_a_language_the_browser_s_is_chosen(client: TestClient) -> None:
    for path in ("/articles", "/map"):
        answer = client.get(f"{path}?q=a", headers={"Accept-Language": "en"})
        assert answer.status_code == 307
        assert answer.headers["location"] == f"/en{path}?q=a"
        assert "Accept-Language" in answer.headers["vary"]


def test_a_topic_is_a_name_of_a_title_that_sentences_repeat(library: Library) -> None:
    library.put(Document(each, each.origin) for each in ARTICLES)
    topics = Topics(library.store).find(library.store.entries())
    assert topics is not None
    # Orange stands in no title; Lisbonne is a place.
    assert [topic.name for topic in topics] == ["Medusa"]
    (medusa,) = topics
    assert set(medusa.articles) == {"medusa-fr", "medusa-en"}
    assert medusa.sentences >= MIN_SENTENCES
    assert medusa.count_years() == {2025: 2}
    assert medusa.count_years(["medusa-en"]) == {2025: 1}


def test_an_article_that_names_no_year_counts_for_its_publication(library: Library) -> None:
    text = " ".join(f"Traxens avance, étape {number}." for number in ("une", "deux", "trois"))
    dated = make_article("a", "Traxens", text, published=date(2018, 5, 1))
    undated = make_article("b", "Traxens encore", text + " Traxens lève des fonds en 2016.")
    library.put(Document(each, each.origin) for each in (dated, undated))
    topics = Topics(library.store).find(library.store.entries())
    assert topics is not None
    assert [topic.count_years() for topic in topics] == [{2018: 1, 2016: 1}]


def test_what_is_removed_or_changed_is_no_topic_any_more(library: Library) -> None:
    library.put(Document(each, each.origin) for each in ARTICLES)
    topics = Topics(library.store)
    assert topics.find(library.store.entries())
    library.remove(["medusa-en"])
    assert topics.find(library.store.entries()) == ()
    changed = replace(ARTICLES[0], text="Le câble Medusa avance. " * MIN_SENTENCES)
    library.put([Document(changed, changed.origin)])
    found = topics.find(library.store.entries())
    assert found is not None
    assert [set(topic.articles) for topic in found] == [{"medusa-fr"}]
    assert {key[0] for key in topics._read} == {each.id for each in library.store.entries()}
    assert len(topics._read) == 3
    renamed = replace(changed, title="Un câble", date_published=None)
    library.put([Document(renamed, renamed.origin)])
    assert topics.find(library.store.entries()) == ()


def test_topics_that_take_too_long_are_missing_for_a_while(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = library_topics.read_names
    library.put(Document(each, each.origin) for each in ARTICLES)
    topics = Topics(library.store, patience=0.05)
    entries = library.store.entries()
    go_on = threading.Event()
    monkeypatch.setattr(library_topics, "read_names", lambda each: go_on.wait() and read(each))
    assert topics.find(entries) is None
    assert topics.find(entries) is None, "the same thread reads on"
    assert sum(thread.name == "topics" for thread in threading.enumerate()) == 1
    go_on.set()
    assert Topics(library.store).find(entries)
    topics._start_reading().join()
    assert topics.find(entries)


def test_while_topics_are_read_the_page_says_so(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Topics, "find", lambda self, entries: None)
    for path in ("articles", "map"):
        assert "The topics are being gathered" in get_page(client, f"/en/{path}").html
