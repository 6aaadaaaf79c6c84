import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from massilia.corpus.article import hash_text
from massilia.corpus.embedded import list_embedded_articles
from massilia.service.answerer import Answerer
from massilia.service.app import create_app

QUESTIONS = Path(__file__).parent.parent / "corpus" / "questions" / "dev.jsonl"
LINES = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
CAPACITY = "What is the design capacity of 2Africa?"
JSON = {"Content-Type": "application/json"}
OPTIONAL = (str, type(None))
ANSWER = {
    "id": str,
    "question": str,
    "language": str,
    "abstained": bool,
    "answer_skipped_reasons": list,
    "confidence": dict,
    "answers": list,
    "citations": list,
    "index": dict,
    "timings_ms": dict,
}
QUOTE = {"text": str, "score": float, "citation_ids": list}
CITATION = {
    "id": str,
    "type": str,
    "cited_text": str,
    "document_id": str,
    "document_title": str,
    "origin": str,
    "start_char_index": int,
    "end_char_index": int,
    "offset_unit": str,
    "text_sha256": str,
    "url": OPTIONAL,
    "publisher": OPTIONAL,
    "date_published": OPTIONAL,
    "in_language": str,
    "sources": list,
}


@pytest.fixture(scope="module")
def client(answerer: Answerer) -> Iterator[TestClient]:
    with TestClient(create_app(answerer)) as opened:
        yield opened


@pytest.fixture(scope="module")
def several(client: TestClient) -> dict[str, Any]:
    """Give the first answer to the package's own questions that has more than one quote."""
    answers = (ask(client, question=line["question"], top_k=10) for line in LINES)
    return next(answer for answer in answers if len(answer["answers"]) > 1)


def ask(client: TestClient, **request: object) -> dict[str, Any]:
    response = client.post("/v1/answer", json=request)
    assert response.status_code == 200, response.text
    return response.json()


def check_fields(value: dict[str, Any], types: dict[str, Any]) -> None:
    assert types.keys() <= value.keys()
    for name, expected in types.items():
        assert isinstance(value[name], expected), (name, value[name])


@pytest.mark.parametrize("line", LINES[:4], ids=lambda line: str(line["id"]))
def test_an_answer_has_the_fields_of_the_contract(client: TestClient, line: dict[str, Any]) -> None:
    answer = ask(client, question=line["question"])
    check_fields(answer, ANSWER)
    assert answer["question"] == " ".join(line["question"].split())
    assert answer["language"] == line["language"]
    assert answer["abstained"] == (not answer["answers"]) == bool(answer["answer_skipped_reasons"])
    check_fields(answer["confidence"], {"value": float, "bucket": str})
    assert 0 <= answer["confidence"]["value"] <= 1
    buckets = ("VERY_HIGH", "HIGH", "MEDIUM", "LOW", "NOT_AVAILABLE")
    assert answer["confidence"]["bucket"] in buckets
    assert answer["index"]["id"].startswith("gen-")
    assert all(isinstance(taken, float) and taken >= 0 for taken in answer["timings_ms"].values())


def test_quotes_and_citations_have_the_fields_of_the_contract(
    client: TestClient, several: dict[str, Any]
) -> None:
    scores = []
    citations = {citation["id"]: citation for citation in several["citations"]}
    for quote in several["answers"]:
        check_fields(quote, QUOTE)
        assert 0 <= quote["score"] <= 1
        scores.append(quote["score"])
        assert quote["citation_ids"]
        for citation_id in quote["citation_ids"]:
            assert citations[citation_id]["cited_text"] == quote["text"]
    assert scores == sorted(scores, reverse=True)
    for citation in several["citations"]:
        check_fields(citation, CITATION)
        assert citation["type"] == "char_location"
        assert citation["offset_unit"] == "codepoint"
        assert date.fromisoformat(citation["date_published"])
        for source in citation["sources"]:
            check_fields(source, {"id": str, "title": str, "url": OPTIONAL})
    assert any(citation["sources"] for citation in several["citations"])


def test_every_citation_can_be_checked_through_the_interface(client: TestClient) -> None:
    for line in LINES[::4]:
        answer = ask(client, question=line["question"], top_k=10)
        for citation in answer["citations"]:
            article = client.get(f"/v1/articles/{citation['document_id']}").json()
            start, end = citation["start_char_index"], citation["end_char_index"]
            assert article["text"][start:end] == citation["cited_text"] != ""
            assert citation["text_sha256"] == hash_text(article["text"]) == article["text_sha256"]
            assert citation["document_title"] == article["title"]
            assert citation["in_language"] == article["language"]
            assert citation["origin"] == article["origin"]


def test_the_reader_path_of_every_citation_opens(
    client: TestClient, several: dict[str, Any]
) -> None:
    for citation in several["citations"]:
        assert client.get(citation["reader_path"]).status_code == 200


def test_a_question_without_an_answer_is_no_error(client: TestClient) -> None:
    answer = ask(client, question="How long should I boil an egg?")
    assert answer["abstained"] is True
    assert answer["answers"] == answer["citations"] == []
    assert answer["answer_skipped_reasons"]
    known = {"NO_RELEVANT_CONTENT", "LOW_GROUNDED_ANSWER"}
    assert set(answer["answer_skipped_reasons"]) <= known


@pytest.mark.parametrize("top_k", [1, 2, 10])
def test_top_k_limits_the_quotes(client: TestClient, several: dict[str, Any], top_k: int) -> None:
    answer = ask(client, question=several["question"], top_k=top_k)
    assert answer["answers"] == several["answers"][:top_k]
    assert answer["citations"] == several["citations"][:top_k]


def test_three_quotes_at_most_where_nothing_is_said(
    client: TestClient, several: dict[str, Any]
) -> None:
    assert ask(client, question=several["question"])["answers"] == several["answers"][:3]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_language_is_detected_or_forced(client: TestClient, language: str) -> None:
    assert ask(client, question=CAPACITY, language=language)["language"] == language
    assert ask(client, question="Combien de câbles ?")["language"] == "fr"
    assert ask(client, question=CAPACITY, language=None)["language"] == "en"


def test_articles_are_listed_without_their_texts_and_given_whole_one_by_one(
    client: TestClient,
) -> None:
    response = client.get("/v1/articles")
    entries = response.json()["articles"]
    ids = [entry["id"] for entry in entries]
    assert ids == sorted(f"{path.stem}-{path.parent.name}" for path in list_embedded_articles())
    for entry in entries:
        article = client.get(f"/v1/articles/{entry['id']}").json()
        assert "text" not in entry
        assert entry.items() <= article.items()
        assert hash_text(article["text"]) == entry["text_sha256"]
        sources = {source["id"] for source in article["sources"]}
        assert {mark["source_id"] for mark in article["marks"]} <= sources
        positions = [mark["position"] for mark in article["marks"]]
        assert all(0 < position <= len(article["text"]) for position in positions)


def test_health_tells_the_size_and_the_generation(client: TestClient, answerer: Answerer) -> None:
    health = client.get("/healthz").json()
    assert health["status"] == "ok"
    assert health["articles"] == len(list_embedded_articles())
    assert health["index"] == {"id": answerer.library.generation().id}
    assert health["version"]


@pytest.mark.parametrize(
    "text", ["?" * 50, "\N{OCTOPUS}\N{SNAKE}", "x" * 500, "<script>", " a\tb\n", "\u202e", "''\"%s"]
)
def test_an_odd_question_is_answered_or_abstained_from(client: TestClient, text: str) -> None:
    assert ask(client, question=text)["question"] == " ".join(text.split())


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_may_be_named_in_any_case_and_with_a_parameter(
    client: TestClient, media_type: str
) -> None:
    content = json.dumps({"question": CAPACITY})
    response = client.post("/v1/answer", content=content, headers={"Content-Type": media_type})
    assert response.status_code == 200
