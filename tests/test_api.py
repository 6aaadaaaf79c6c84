import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from massilia.corpus.article import Article, Language, hash_text
from massilia.corpus.embedded import list_embedded_articles
from massilia.index.encoder import Encoder
from massilia.index.library import Library
from massilia.ingest.document import Document
from massilia.service.answer import Answer, SkippedReason, Timings
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.confidence import NO_CONFIDENCE
from massilia.service.question import Question
from massilia.service.question_dates import DateUse

QUESTIONS = Path(__file__).parent.parent / "corpus" / "questions" / "dev.jsonl"
LINES = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
CAPACITY = "What is the design capacity of 2Africa?"
JSON = {"Content-Type": "application/json"}
OPTIONAL = (str, type(None))
NO_FILTERS: dict[str, object] = {
    "languages": [],
    "articles": [],
    "publishers": [],
    "kinds": [],
    "published_from": None,
    "published_to": None,
}
ANSWER = {
    "id": str,
    "question": str,
    "asked": str,
    "carried": list,
    "new_topic": bool,
    "language": str,
    "other_language": OPTIONAL,
    "filters": dict,
    "question_dates": list,
    "abstained": bool,
    "answer_skipped_reasons": list,
    "remark": OPTIONAL,
    "hints": list,
    "confidence": dict,
    "answers": list,
    "citations": list,
    "near": list,
    "series": (dict, type(None)),
    "related_questions": list,
    "second": (dict, type(None)),
    "index": dict,
    "timings_ms": dict,
}
QUOTE = {
    "text": str,
    "score": float,
    "citation_ids": list,
    "mark": (dict, type(None)),
    "speaker": (dict, type(None)),
}
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


class EchoAnswerer(Answerer):
    """Find nothing, and give back what was asked; the dates but for those of filters."""

    def __init__(self, answerer: Answerer) -> None:
        self.library = answerer.library

    def answer(self, question: Question, top_k: int = 3) -> Answer:
        return Answer(
            id="ans_1",
            question=question,
            quotes=(),
            confidence=NO_CONFIDENCE,
            skipped_reasons=(SkippedReason.NO_RELEVANT_CONTENT,),
            ranked_article_ids=(),
            generation_id=None,
            timings=Timings(0, 0, 0, 0),
            dates=tuple(span for span in question.dates if span.use is not DateUse.FILTER),
        )


@pytest.fixture(scope="module")
def echo(answerer: Answerer) -> TestClient:
    return TestClient(create_app(EchoAnswerer(answerer)))


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
    known = {"NO_RELEVANT_CONTENT", "OUT_OF_DOMAIN"}
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


def test_filters_are_told_as_they_were_applied(echo: TestClient) -> None:
    filters = {
        "languages": ["fr"],
        "articles": ["b", "a", "b"],
        "publishers": ["Le Quai"],
        "kinds": ["press"],
        "published_from": "2016-01-01",
        "published_to": "2016-12-31",
    }
    answer = ask(echo, question="Who?", filters=filters)
    assert answer["filters"] == filters | {"articles": ["a", "b"]}
    assert ask(echo, question="Who?", filters={})["filters"] == NO_FILTERS
    assert ask(echo, question="Who?", filters=NO_FILTERS)["filters"] == NO_FILTERS
    assert ask(echo, question="Who?")["filters"] == NO_FILTERS


def test_the_dates_of_a_question_are_told_with_their_places(echo: TestClient) -> None:
    text = "  𝄞 Qui  était là en mars 2016, et depuis 2020, et actuellement ?"
    answer = ask(echo, question=text)
    told = answer["question_dates"]
    assert [(each["start"], each["end"], each["use"]) for each in told] == [
        ("2016-03-01", "2016-03-31", "preference"),
        ("2020-01-01", None, "preference"),
        (None, date.today().isoformat(), "newest"),
    ]
    for each in told:
        places = slice(each["start_char_index"], each["end_char_index"])
        assert answer["question"][places] == each["text"] != ""
    used = ask(echo, question="Newspapers of 2016")["question_dates"]
    assert used == [], "as they were used, not as they were read"
    assert ask(echo, question=text, use_question_dates=False)["question_dates"] == []
    assert ask(echo, question=text, use_question_dates=True)["question_dates"] == told


def test_a_third_language_is_told(echo: TestClient) -> None:
    answer = ask(echo, question="¿Cuándo llegó el cable a Marsella?")
    assert (answer["language"], answer["other_language"]) == ("en", "es")
    assert ask(echo, question="When did it come?")["other_language"] is None


@pytest.mark.parametrize(
    ("filters", "pointer", "named"),
    [
        (None, "/filters", "valid dictionary"),
        ({"language": ["fr"]}, "/filters/language", "Extra inputs"),
        ({"languages": ["de"]}, "/filters/languages/0", "'fr' or 'en'"),
        ({"languages": "fr"}, "/filters/languages", "valid list"),
        ({"kinds": ["press", 3]}, "/filters/kinds/1", "valid string"),
        ({"articles": ["a"] * 101}, "/filters/articles", "at most 100"),
        ({"publishers": ["x" * 501]}, "/filters/publishers/0", "at most 500"),
        ({"publishers": ["a\x07b"]}, "/filters", "U+0007 at position 1"),
        ({"published_from": "2016-02-30"}, "/filters/published_from", "YYYY-MM-DD"),
        ({"published_from": "1451606400"}, "/filters/published_from", "YYYY-MM-DD"),
        ({"published_to": 1451606400}, "/filters/published_to", "YYYY-MM-DD"),
        (
            {"published_from": "2017-01-01", "published_to": "2016-12-31"},
            "/filters",
            "from 2017-01-01 to 2016-12-31",
        ),
    ],
    ids=lambda value: repr(value)[:48],
)
def test_filters_that_cannot_be_applied_are_refused_at_the_field(
    echo: TestClient, filters: object, pointer: str, named: str
) -> None:
    response = echo.post("/v1/answer", json={"question": "Who?", "filters": filters})
    assert response.status_code == 422
    problem = response.json()
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert named in problem["detail"]


def test_half_a_surrogate_pair_in_a_filter_is_refused(echo: TestClient) -> None:
    content = '{"question": "Who?", "filters": {"kinds": ["\\ud800"]}}'
    response = echo.post("/v1/answer", content=content, headers=JSON)
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"].startswith("/filters")


@pytest.mark.parametrize("wrong", ["no", 0, None])
def test_use_question_dates_is_true_or_false(echo: TestClient, wrong: object) -> None:
    response = echo.post("/v1/answer", json={"question": "Who?", "use_question_dates": wrong})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/use_question_dates"


def test_filters_at_their_limits_fit_into_a_body(echo: TestClient) -> None:
    names = sorted(f"{number:\N{CROCODILE}>500}" for number in range(100))
    filters = {"articles": names, "publishers": names, "kinds": names}
    content = json.dumps({"question": "Who?", "filters": filters}, ensure_ascii=False)
    response = echo.post("/v1/answer", content=content.encode(), headers=JSON)
    assert response.status_code == 200
    assert response.json()["filters"]["kinds"] == names


@pytest.mark.parametrize("language", ["fr", "en"])
def test_only_what_passes_the_filters_is_quoted(client: TestClient, language: str) -> None:
    answer = ask(client, question=CAPACITY, top_k=10, filters={"languages": [language]})
    assert {citation["in_language"] for citation in answer["citations"]} == {language}
    chosen = answer["citations"][0]["document_id"]
    narrowed = ask(client, question=CAPACITY, filters={"articles": [chosen, "none"]})
    assert {citation["document_id"] for citation in narrowed["citations"]} == {chosen}


def test_filters_that_nothing_passes_are_an_abstention(client: TestClient) -> None:
    for filters in ({"articles": ["none"]}, {"published_to": "1900-01-01"}):
        answer = ask(client, question=CAPACITY, filters=filters)
        assert answer["abstained"] is True
        assert answer["answers"] == answer["citations"] == []
        assert answer["answer_skipped_reasons"] == ["NO_MATCHING_ARTICLES"]


def test_the_dates_that_were_used_are_told(client: TestClient) -> None:
    """No article of ours was published in 1905: the filter would leave nothing to quote."""
    told = ask(client, question="What did newspapers of 1905 say?")["question_dates"]
    assert [(each["text"], each["use"]) for each in told] == [("1905", "preference")]


def test_readiness_and_its_reasons_are_described(client: TestClient) -> None:
    assert client.get("/readyz").json() == {"status": "ready"}
    described = client.get("/openapi.json").json()
    for path in ("/readyz", "/healthz"):
        responses = described["paths"][path]["get"]["responses"]
        assert set(responses) == {"200", "500", "503"}
        (media_type,) = responses["503"]["content"]
        assert media_type == "application/problem+json"
    schemas = described["components"]["schemas"]
    assert set(schemas["FiltersJson"]["properties"]) == set(NO_FILTERS)


def test_an_unbuilt_library_is_not_ready_and_says_why(
    library: Library, toy_encoder: Encoder
) -> None:
    article = Article("quay", Language.ENGLISH, "The quay", "The quay is long.", "quay.txt")
    library.put([Document(article, "quay.txt")])
    with TestClient(create_app(Answerer(library, toy_encoder))) as client:
        response = client.get("/readyz")
        assert response.status_code == 503
        assert response.headers["Content-Type"] == "application/problem+json"
        assert "has not been built" in response.json()["detail"]
        assert response.json()["instance"] == "/readyz"
        library.build(toy_encoder)
        assert client.get("/readyz").status_code == 200


def test_articles_are_listed_without_their_texts_and_given_whole_one_by_one(
    client: TestClient,
) -> None:
    listed = client.get("/v1/articles").json()
    entries = listed["articles"]
    assert (listed["total"], listed["next_cursor"]) == (len(entries), None)
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
