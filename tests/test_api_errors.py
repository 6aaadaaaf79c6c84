"""The errors of the JSON interface, in the language of whoever asks."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.problems import STATUSES

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def client(answerer: Answerer) -> Iterator[TestClient]:
    with TestClient(create_app(answerer)) as opened:
        yield opened


def refuse(client: TestClient, body: object, accepted: str | None = None) -> dict[str, Any]:
    headers = JSON if accepted is None else JSON | {"Accept-Language": accepted}
    content = body if isinstance(body, str) else json.dumps(body)
    response = client.post("/v1/answer", content=content, headers=headers)
    problem = response.json()
    assert response.headers["Content-Type"] == "application/problem+json"
    assert problem["status"] == response.status_code >= 400
    assert problem["type"].removeprefix("/docs#problem-").replace("-", "_") in STATUSES
    assert "Accept-Language" in response.headers["Vary"]
    problem["language"] = response.headers["Content-Language"]
    return problem


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("fr", "fr"),
        ("fr-FR,en;q=0.8", "fr"),
        ("en-GB,fr;q=0.8", "en"),
        (None, "en"),
        ("*", "en"),
        ("de", "en"),
        ("de, fr;q=0.1", "fr"),
        ("fr;q=0", "en"),
    ],
)
def test_a_problem_is_told_in_the_language_that_is_preferred(
    client: TestClient, accepted: str | None, language: str
) -> None:
    problem = refuse(client, {"question": ""}, accepted)
    assert problem["language"] == language
    told = {"fr": "La question est vide.", "en": "The question is empty."}
    assert problem["detail"] == told[language]


def test_the_language_of_the_request_counts_for_more(client: TestClient) -> None:
    assert refuse(client, {"question": "", "language": "fr"}, "en")["language"] == "fr"
    assert refuse(client, {"question": 3, "language": "fr"}, "en")["language"] == "fr"
    assert refuse(client, {"question": 3, "language": "de"}, "fr")["language"] == "fr"


@pytest.mark.parametrize("language", [{}, ["fr"], 3, None, "\ud800"])
def test_a_language_of_the_wrong_kind_is_no_language(client: TestClient, language: object) -> None:
    problem = refuse(client, json.dumps({"question": 3, "language": language}), "fr")
    assert (problem["status"], problem["language"]) == (422, "fr")


@pytest.mark.parametrize(
    ("body", "english", "french"),
    [
        (
            {"question": "Qui ?", "top_k": 11},
            "/top_k: Input should be less than or equal to 10",
            "/top_k\u00a0: il faut 10 au plus",
        ),
        (
            {"question": "Qui ?", "filters": {"languages": ["de"]}},
            "/filters/languages/0: Input should be 'fr' or 'en'",
            "/filters/languages/0\u00a0: il faut 'fr' ou 'en'",
        ),
        (
            {"question": "Qui ?", "filters": {"published_from": "hier"}},
            "/filters/published_from: not a date written YYYY-MM-DD",
            "/filters/published_from\u00a0: ce n’est pas une date écrite AAAA-MM-JJ",
        ),
        (
            {"question": "Qui ?", "history": ["a\x07b"]},
            "/history: Earlier question 1 holds the control character U+0007 at position 1.",
            "/history\u00a0: La question précédente 1 contient le caractère de contrôle U+0007, "
            "en position 1.",
        ),
        (
            '{"question" 1}',
            "The body: not valid JSON: Expecting ':' delimiter at character 12",
            "Le corps\u00a0: JSON mal formé, au caractère 12 (Expecting ':' delimiter)",
        ),
        (
            {"question": "x" * 1501},
            "The question has 1,501 characters; the limit is 500.",
            "La question a 1\u202f501 caractères, pour 500 au plus.",
        ),
        (
            {"a": 1},
            "/question: Field required; /a: Extra inputs are not permitted",
            "/question\u00a0: champ obligatoire\u202f; /a\u00a0: champ inconnu",
        ),
    ],
    ids=lambda value: repr(value)[:32],
)
def test_a_fault_is_told_in_both_languages(
    client: TestClient, body: object, english: str, french: str
) -> None:
    one, other = refuse(client, body, "en"), refuse(client, body, "fr")
    assert one["detail"] == english
    assert other["detail"] == french
    assert one["type"] == other["type"]
    for name in ("pointer", "code"):
        assert [each[name] for each in one["errors"]] == [each[name] for each in other["errors"]]


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "/v1/nothing", "no-path"),
        ("DELETE", "/v1/articles", "wrong-method"),
        ("GET", "/v1/articles/none", "no-article"),
        ("GET", "/v1/articles/none/original", "no-article"),
        ("GET", "/v1/articles/medusa-cable-en/original", "no-original"),
        ("GET", "/v1/passages/1000000", "no-passage"),
        ("GET", "/v1/articles?cursor=none", "no-page"),
        ("POST", "/v1/feedback", "wrong-media-type"),
    ],
)
def test_each_kind_of_problem_has_a_type_and_words_in_both_languages(
    client: TestClient, method: str, path: str, kind: str
) -> None:
    told = []
    for language in ("fr", "en"):
        response = client.request(method, path, headers={"Accept-Language": language})
        problem = response.json()
        assert problem["type"] == f"/docs#problem-{kind}"
        assert response.status_code == STATUSES[kind.replace("-", "_")]
        assert problem["instance"] == path.partition("?")[0]
        told.append((problem["title"], problem["detail"]))
    french, english = told
    assert french[0] != english[0]
    assert french[1] != english[1]
