"""The library through the JSON interface: articles, passages, search, counts; what may be kept."""

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from starlette.testclient import TestClient

from massilia.corpus.article import Article, Language, hash_text
from massilia.index.encoder import Encoder
from massilia.index.library import Library
from massilia.ingest.document import Document
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.library_listing import PER_PAGE
from massilia.service.library_topics import Topics

CAPACITY = "What is the design capacity of 2Africa?"


@pytest.fixture(scope="module")
def client(answerer: Answerer) -> Iterator[TestClient]:
    with TestClient(create_app(answerer)) as opened:
        yield opened


def get(client: TestClient, path: str, **query: object) -> dict[str, Any]:
    response = client.get(path, params=query)
    assert response.status_code == 200, response.text
    return response.json()


def list_all(client: TestClient, **query: object) -> list[dict[str, Any]]:
    """Give the articles of all pages, each of three; every page tells the same total."""
    articles: list[dict[str, Any]] = []
    cursor: dict[str, object] = {}
    while True:
        page = get(client, "/v1/articles", limit=3, **query, **cursor)
        articles += page["articles"]
        assert len(page["articles"]) <= 3
        if page["next_cursor"] is None:
            assert page["total"] == len(articles)
            return articles
        cursor = {"cursor": page["next_cursor"]}


@pytest.fixture(scope="module")
def everything(client: TestClient) -> list[dict[str, Any]]:
    return list_all(client)


def test_pages_hold_every_article_once(everything: list[dict[str, Any]]) -> None:
    ids = [each["id"] for each in everything]
    assert ids == sorted(set(ids))
    assert len(ids) > 80


@pytest.mark.parametrize("sort", ["title", "date", "-date"])
def test_pages_are_sorted(client: TestClient, everything: list[dict[str, Any]], sort: str) -> None:
    found = list_all(client, sort=sort)
    key = "title" if sort == "title" else "date_published"
    values = [each[key].casefold() for each in found if each[key]]
    if sort == "title":
        assert found[0]["title"][:2].casefold() <= found[-1]["title"][:2].casefold()
        assert values != [each["title"].casefold() for each in everything]
    else:
        assert values == sorted(values, reverse=sort == "-date")
        dated = [each["date_published"] is not None for each in found]
        assert dated == sorted(dated, reverse=True)
    assert {each["id"] for each in found} == {each["id"] for each in everything}


def test_filters_are_those_of_a_question(
    client: TestClient, everything: list[dict[str, Any]]
) -> None:
    french = list_all(client, language="fr")
    assert french == [each for each in everything if each["language"] == "fr"] != []
    kind = next(each["kind"] for each in everything if each["kind"])
    of_kind = list_all(client, kind=kind.upper())
    assert of_kind == [each for each in everything if each["kind"] == kind] != []
    days = sorted(each["date_published"] for each in everything if each["date_published"])
    within = list_all(client, published_from=days[0], published_to=days[0])
    assert within == [each for each in everything if each["date_published"] == days[0]] != []
    assert list_all(client, published_to="1900-01-01") == []
    assert list_all(client, publisher=["none", "nobody"]) == []


def list_page_ids(client: TestClient, language: str, **query: object) -> list[str]:
    """Give the ids of the articles on all pages of the library's own page, in their order."""
    ids: list[str] = []
    while True:
        parameters = {**query, "page": 1 + len(ids) // PER_PAGE}
        page = client.get(f"/{language}/articles", params=parameters)
        assert page.status_code == 200
        listed = page.text.partition('<ol class="entries"')[2].partition("</ol>")[0]
        ids += re.findall(r'<h3><a href="/\w\w/articles/([^"?]+)"', listed)
        if 'rel="next"' not in page.text:
            return ids


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "CABLE 2âfrica"),
        ("fr", "câbles sous-marins"),
        ("en", "the river cooling of data centres"),
        ("fr", "Orange Medusa Lisbonne"),
        ("en", "submarin cabel"),
        ("fr", "zeppelin câble"),
        ("en", "quagga"),
    ],
)
def test_words_find_what_the_page_finds_in_its_order(
    client: TestClient, language: str, words: str
) -> None:
    found = list_all(client, q=words)
    assert [each["id"] for each in found] == list_page_ids(client, language, q=words)
    oldest = list_all(client, q=words, sort="date")
    assert [each["id"] for each in oldest] == list_page_ids(
        client, language, q=words, sort="oldest"
    )


def test_words_are_looked_for_in_texts_too_and_it_is_said_what_became_of_them(
    client: TestClient,
) -> None:
    found = get(client, "/v1/articles", q="câble Gênes")
    assert found["search"] == {"whole": True, "corrections": []}
    assert found["articles"]
    assert not any("Gênes" in each["title"] for each in found["articles"])
    misspelt = get(client, "/v1/articles", q="Meduza")["search"]
    (correction,) = misspelt["corrections"]
    assert correction["written"] == "meduza"
    assert "medusa" in correction["read"]
    some = get(client, "/v1/articles", q="2Africa quagga zeppelin")
    assert (some["search"]["whole"], some["total"] > 0) == (False, True)
    assert get(client, "/v1/articles", q=" ")["search"] is None


def test_without_words_nothing_is_more_relevant_than_anything_else(
    client: TestClient, everything: list[dict[str, Any]]
) -> None:
    assert list_all(client, sort="relevance") == everything == list_all(client, q="  ")


def list_topics(client: TestClient) -> list[dict[str, Any]]:
    topics: list[dict[str, Any]] = []
    cursor: dict[str, object] = {}
    while True:
        page = get(client, "/v1/topics", limit=40, **cursor)
        topics += page["topics"]
        if page["next_cursor"] is None:
            assert page["total"] == len(topics)
            return topics
        cursor = {"cursor": page["next_cursor"]}


def test_each_topic_leaves_as_many_articles_as_it_says(client: TestClient) -> None:
    topics = list_topics(client)
    assert len({each["key"] for each in topics}) == len(topics) > 40
    counts = [each["articles"] for each in topics]
    assert counts == sorted(counts, reverse=True)
    for topic in (*topics[:5], *topics[-5:]):
        on_topic = list_all(client, topic=topic["key"])
        assert len(on_topic) == topic["articles"]
        assert list_all(client, topic=topic["name"].upper()) == on_topic
        assert {each["id"] for each in on_topic} == set(
            list_page_ids(client, "fr", topic=topic["key"])
        )
        assert 0 < topic["sentences"] >= max(topic["years"].values(), default=0)
    assert list_all(client, topic="none such") == []


def test_a_year_leaves_what_tells_of_it_on_the_topic(client: TestClient) -> None:
    topic = next(each for each in list_topics(client) if len(each["years"]) > 1)
    for year in topic["years"]:
        found = list_all(client, topic=topic["key"], year=year)
        assert 0 < len(found) <= topic["articles"]
        assert {each["id"] for each in found} == set(
            list_page_ids(client, "en", topic=topic["key"], year=year)
        )
    assert list_all(client, topic=topic["key"], year=1234) == []


def test_topics_that_are_not_gathered_yet_are_asked_for_again(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Topics, "find", lambda self, entries: None)
    for path, query in (("/v1/topics", {}), ("/v1/articles", {"topic": "medusa"})):
        response = client.get(path, params=query, headers={"Accept-Language": "fr"})
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "10"
        assert response.json()["type"] == "/docs#problem-topics-unread"
        assert response.json()["title"] == "Les thèmes sont en cours de relevé"
    assert get(client, "/v1/articles", q="medusa")["total"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"limit": 0}, "/limit"),
        ({"limit": 1001}, "/limit"),
        ({"limit": "x"}, "/limit"),
        ({"language": "de"}, "/language/0"),
        ({"published_from": "2016"}, "/published_from"),
        ({"published_from": "2017-01-01", "published_to": "2016-01-01"}, "/published_from"),
        ({"sort": "size"}, "/sort"),
        ({"q": "x" * 501}, "/q"),
        ({"q": "a\x07"}, "/q"),
        ({"kind": ["a"] * 101}, "/kind"),
        ({"topic": ["a"] * 101}, "/topic"),
        ({"year": 0}, "/year"),
    ],
    ids=repr,
)
def test_what_cannot_be_listed_is_refused_at_the_parameter(
    client: TestClient, query: dict[str, object], pointer: str
) -> None:
    response = client.get("/v1/articles", params=query)
    assert response.status_code == 422
    assert [each["pointer"] for each in response.json()["errors"]] == [pointer]


def test_a_cursor_is_good_for_its_own_order_only(client: TestClient) -> None:
    cursor = get(client, "/v1/articles", limit=1)["next_cursor"]
    for wrong in ({"cursor": cursor, "sort": "title"}, {"cursor": cursor[:-2]}, {"cursor": "W10"}):
        assert client.get("/v1/articles", params=wrong).status_code == 404
    assert client.get("/v1/topics", params={"cursor": cursor}).status_code == 404


def test_a_search_goes_on_where_its_page_ended_though_articles_go(
    library: Library, toy_encoder: Encoder
) -> None:
    for name in "abcdef":
        text = f"The quay {name} is long. " + "The quay. " * ord(name)
        article = Article(name, Language.ENGLISH, name, text, f"{name}.txt")
        library.put([Document(article, f"{name}.txt")])
    library.build(toy_encoder)
    with TestClient(create_app(Answerer(library, toy_encoder))) as client:
        ids = [each["id"] for each in get(client, "/v1/articles", q="quay")["articles"]]
        first = get(client, "/v1/articles", q="quay", limit=2)
        library.remove(ids[:2])
        second = get(client, "/v1/articles", q="quay", limit=2, cursor=first["next_cursor"])
    assert [each["id"] for each in second["articles"]] == ids[2:4]


def test_a_page_goes_on_where_the_last_one_ended_though_articles_go(
    library: Library, toy_encoder: Encoder
) -> None:
    for name in "abcdef":
        article = Article(name, Language.ENGLISH, name, f"The quay {name} is long.", f"{name}.txt")
        library.put([Document(article, f"{name}.txt")])
    library.build(toy_encoder)
    with TestClient(create_app(Answerer(library, toy_encoder))) as client:
        first = get(client, "/v1/articles", limit=2)
        library.remove(["a", "b"])
        second = get(client, "/v1/articles", limit=2, cursor=first["next_cursor"])
    assert [each["id"] for each in second["articles"]] == ["c", "d"]
    assert second["total"] == 4


def search(client: TestClient, **request: object) -> dict[str, Any]:
    response = client.post("/v1/search", json=request)
    assert response.status_code == 200, response.text
    return response.json()


def test_passages_are_found_best_first_and_stand_where_they_say(client: TestClient) -> None:
    found = search(client, question=CAPACITY, top_k=20)
    passages = found["passages"]
    assert len(passages) == 20
    scores = [each["score"] for each in passages]
    assert scores == sorted(scores, reverse=True)
    assert "2Africa" in passages[0]["text"]
    assert found["index"]["id"].startswith("gen-")
    for passage in passages[:5]:
        article = get(client, f"/v1/articles/{passage['document_id']}")
        start, end = passage["start_char_index"], passage["end_char_index"]
        assert article["text"][start:end] == passage["text"]
        assert passage["text_sha256"] == hash_text(article["text"])
        assert passage["offset_unit"] == "codepoint"
        assert passage["sentences"]
        assert client.get(passage["reader_path"]).status_code == 200
        for sentence in passage["sentences"]:
            assert start <= sentence["start_char_index"] < sentence["end_char_index"] <= end
        alone = get(client, f"/v1/passages/{passage['id']}")
        assert alone == {name: value for name, value in passage.items() if name != "score"}


def test_a_search_keeps_to_its_filters_and_its_length(client: TestClient) -> None:
    found = search(client, question=CAPACITY, filters={"languages": ["fr"]}, top_k=3)
    assert len(found["passages"]) == 3
    assert {each["in_language"] for each in found["passages"]} == {"fr"}
    assert found["filters"]["languages"] == ["fr"]
    assert len(search(client, question=CAPACITY)["passages"]) == 10
    assert search(client, question=CAPACITY, filters={"articles": ["none"]})["passages"] == []
    for top_k in (0, 51):
        response = client.post("/v1/search", json={"question": CAPACITY, "top_k": top_k})
        assert response.status_code == 422
    assert client.post("/v1/search", json={"question": ""}).status_code == 422


def test_an_empty_library_is_searched_in_vain(library: Library, toy_encoder: Encoder) -> None:
    with TestClient(create_app(Answerer(library, toy_encoder))) as client:
        found = search(client, question=CAPACITY)
        described = get(client, "/v1/library")
    assert (found["passages"], found["index"]) == ([], {"id": None})
    assert (described["articles"], described["generation"]) == (0, None)
    assert (described["published_from"], described["published_to"]) == (None, None)


def test_the_library_is_counted(client: TestClient, everything: list[dict[str, Any]]) -> None:
    described = get(client, "/v1/library")
    assert described["articles"] == len(everything)
    counts = described["counts"]
    assert counts["languages"] == Counter(each["language"] for each in everything)
    assert counts["kinds"] == Counter(each["kind"] for each in everything if each["kind"])
    days = [each["date_published"] for each in everything if each["date_published"]]
    assert described["published_from"] == min(days)
    assert described["published_to"] == max(days)
    assert date.fromisoformat(described["published_to"])
    assert described["undated"] == len(everything) - len(days)
    assert described["up_to_date"] is True
    assert described["generation"]["id"] == get(client, "/healthz")["index"]["id"]
    assert described["generation"]["passages"] > len(everything)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/library",
        "/v1/articles",
        "/v1/articles/medusa-cable-en",
        "/v1/passages/{}",
        "/v1/topics",
    ],
)
def test_what_is_at_hand_already_is_not_sent_again(client: TestClient, path: str) -> None:
    path = path.format(search(client, question=CAPACITY)["passages"][0]["id"])
    first = client.get(path)
    tag = first.headers["ETag"]
    assert tag.startswith('W/"')
    assert first.headers["Cache-Control"] == "no-cache"
    for given in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = client.get(path, headers={"If-None-Match": given})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == tag
        assert "Content-Security-Policy" in again.headers
    for given in ('"other"', tag[:-1], "nonsense", ""):
        assert client.get(path, headers={"If-None-Match": given}).status_code == 200


def test_a_change_changes_the_tag(library: Library, toy_encoder: Encoder) -> None:
    def put(text: str) -> None:
        article = Article("a", Language.ENGLISH, "The quay", text, "a.txt")
        library.put([Document(article, "a.txt")])
        library.build(toy_encoder)

    put("The quay is long.")
    with TestClient(create_app(Answerer(library, toy_encoder))) as client:
        paths = ("/v1/library", "/v1/articles", "/v1/articles/a")
        tags = {path: client.get(path).headers["ETag"] for path in paths}
        put("The quay is longer.")
        for path, tag in tags.items():
            response = client.get(path, headers={"If-None-Match": tag})
            assert response.status_code == 200
            assert response.headers["ETag"] != tag


def test_what_is_long_is_compressed_for_those_who_can_read_it(client: TestClient) -> None:
    with client.stream("GET", "/v1/articles", headers={"Accept-Encoding": "gzip"}) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in response.headers["Vary"]
        compressed = b"".join(response.iter_raw())
    plain = client.get("/v1/articles", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert json.loads(gzip.decompress(compressed)) == plain.json()
    assert len(compressed) < len(plain.content) / 3
    short = client.get("/readyz", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in short.headers
