import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from massilia.index.encoder import Encoder, Vectors
from massilia.index.library import Library
from massilia.service.answerer import Answerer
from massilia.service.app import create_app

CAPACITY = "What is the design capacity of 2Africa?"
JSON = {"Content-Type": "application/json"}
PROBLEM = {"type": str, "title": str, "status": int, "detail": str, "instance": str}
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@pytest.fixture(scope="module")
def client(answerer: Answerer) -> Iterator[TestClient]:
    with TestClient(create_app(answerer)) as opened:
        yield opened


def check_problem(response: Response, status: int, instance: str) -> dict[str, Any]:
    """Hold a response against RFC 9457, and see that it shows nothing of the code."""
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.status_code == status, response.text
    problem = response.json()
    for name, kind in PROBLEM.items():
        assert isinstance(problem[name], kind), name
    assert problem["status"] == status
    assert problem["instance"] == instance
    assert problem["title"]
    assert problem["detail"]
    assert "Traceback" not in response.text
    assert ".py" not in response.text
    check_headers(response)
    return problem


def check_headers(response: Response) -> None:
    for name, beginning in SECURITY_HEADERS.items():
        assert response.headers.get(name, "").startswith(beginning), name


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("", "empty"),
        (" \t\n\u00a0", "empty"),
        ("x" * 501, "too_long"),
        ("x" * 10_000, "too_long"),
        ("a\0b", "control_character"),
        ("\x1b[2J", "control_character"),
        ("\ud800", "control_character"),
        ("a\udfff", "control_character"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_with_a_code(
    client: TestClient, question: str, code: str
) -> None:
    response = client.post("/v1/answer", content=json.dumps({"question": question}), headers=JSON)
    problem = check_problem(response, 422, "/v1/answer")
    assert problem["errors"] == [
        {"pointer": "/question", "detail": problem["detail"], "code": code}
    ]


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ('{"question": 3}', 422, "/question"),
        ('{"question": null}', 422, "/question"),
        ('{"question": ["a"]}', 422, "/question"),
        ('{"question": {"a": 1}}', 422, "/question"),
        ("{}", 422, "/question"),
        ('{"question": "a", "top_k": "3"}', 422, "/top_k"),
        ('{"question": "a", "top_k": 0}', 422, "/top_k"),
        ('{"question": "a", "top_k": -1}', 422, "/top_k"),
        ('{"question": "a", "top_k": 11}', 422, "/top_k"),
        ('{"question": "a", "top_k": true}', 422, "/top_k"),
        ('{"question": "a", "top_k": 1.5}', 422, "/top_k"),
        ('{"question": "a", "top_k": null}', 422, "/top_k"),
        ('{"question": "a", "top_k": NaN}', 422, "/top_k"),
        ('{"question": "a", "top_k": 1' + "0" * 300 + "}", 422, "/top_k"),
        ('{"question": "a", "language": "de"}', 422, "/language"),
        ('{"question": "a", "language": "FR"}', 422, "/language"),
        ('{"question": "a", "language": ""}', 422, "/language"),
        ('{"question": "a", "language": "\\ud800"}', 422, "/language"),
        ('{"question": "a", "topk": 3}', 422, "/topk"),
        ('{"question": "a", "\\ud800": 3}', 422, ""),
        ("[]", 422, ""),
        ("null", 422, ""),
        ('"When?"', 422, ""),
        ("", 422, ""),
        ('{"question"', 400, ""),
        ("{'question': 'a'}", 400, ""),
        ('{"question": "a"} and more', 400, ""),
        ("[" * 100_000, 400, None),
        ('{"question": ' + "[" * 100_000 + "]" * 100_000 + "}", 400, None),
        ('{"question": "a", "top_k": 1' + "0" * 5_000 + "}", 400, None),
        (b'{"question": "\xe9"}', 400, None),
        (b"\xff\xfe\xfd", 400, None),
    ],
    ids=lambda value: repr(value)[:48],
)
def test_a_body_that_is_not_a_question_is_refused_at_the_field(
    client: TestClient, body: str | bytes, status: int, pointer: str | None
) -> None:
    response = client.post("/v1/answer", content=body, headers=JSON)
    problem = check_problem(response, status, "/v1/answer")
    if pointer is not None:
        assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert client.get("/healthz").status_code == 200


def test_every_wrong_field_is_told_at_once(client: TestClient) -> None:
    response = client.post("/v1/answer", json={"question": 1, "top_k": 0, "language": "de", "x": 1})
    problem = check_problem(response, 422, "/v1/answer")
    pointers = {error["pointer"] for error in problem["errors"]}
    assert pointers == {"/question", "/top_k", "/language", "/x"}
    assert all(pointer in problem["detail"] for pointer in pointers)


def test_broken_json_is_told_with_the_place_in_the_body(client: TestClient) -> None:
    response = client.post("/v1/answer", content='{"question" 1}', headers=JSON)
    assert response.json()["detail"] == (
        "The body: not valid JSON: Expecting ':' delimiter at character 12"
    )


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "", ";"])
def test_a_body_that_is_not_sent_as_json_is_refused(client: TestClient, media_type: str) -> None:
    content = json.dumps({"question": CAPACITY})
    response = client.post("/v1/answer", content=content, headers={"Content-Type": media_type})
    problem = check_problem(response, 415, "/v1/answer")
    assert "application/json" in problem["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/answer", 405),
        ("PUT", "/v1/answer", 405),
        ("DELETE", "/v1/articles/medusa-cable-en", 405),
        ("POST", "/healthz", 405),
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/", 404),
        ("GET", "/v1/articles/none", 404),
        ("GET", "/v1/articles/' OR 1=1 --", 404),
        ("GET", "/v1/articles/" + "a" * 10_000, 404),
    ],
)
def test_a_wrong_address_or_method_is_a_problem_too(
    client: TestClient, method: str, path: str, status: int
) -> None:
    response = client.request(method, path)
    check_problem(response, status, path)
    assert (status == 405) == ("Allow" in response.headers)


@pytest.mark.parametrize(
    ("path", "instance"),
    [
        ("/v1/articles/..%2f..%2fetc%2fpasswd", "/v1/articles/../../etc/passwd"),
        ("/v1/articles/%00", "/v1/articles/\0"),
        ("/v1/articles/%ff", "/v1/articles/\ufffd"),
        ("/v1/articles/%ed%a0%80", "/v1/articles/\ufffd\ufffd\ufffd"),
    ],
)
def test_a_trick_in_the_path_finds_nothing(client: TestClient, path: str, instance: str) -> None:
    check_problem(client.get(path), 404, instance)


@pytest.mark.parametrize(
    "path", ["/", "/fr/", "/en/articles", "/static/style.css", "/openapi.json", "/none", "/v1/none"]
)
def test_every_response_has_the_security_headers(client: TestClient, path: str) -> None:
    check_headers(client.get(path, follow_redirects=False))


@pytest.mark.parametrize("path", ["/static/..%2f..%2fpyproject.toml", "/static/%00", "/static/"])
def test_static_files_are_those_of_the_folder_only(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    check_headers(response)


def test_an_unexpected_error_tells_nothing_of_the_machine_and_the_next_request_is_served(
    library: Library, toy_encoder: Encoder
) -> None:
    class Failing(type(toy_encoder)):
        def encode_questions(self, questions: Sequence[str]) -> Vectors:
            if "boom" in questions[0]:
                raise RuntimeError("in /secret/place")
            return super().encode_questions(questions)

    library.put_embedded_corpus()
    library.build(toy_encoder)
    app = create_app(Answerer(library, Failing()))
    with TestClient(app, raise_server_exceptions=False) as client:
        response = client.post("/v1/answer", json={"question": "boom"})
        check_problem(response, 500, "/v1/answer")
        assert "secret" not in response.text
        page = client.get("/en/?q=boom")
        assert page.status_code == 500
        assert page.headers["Content-Type"].startswith("text/html")
        assert "secret" not in page.text
        check_headers(page)
        assert client.post("/v1/answer", json={"question": "hello"}).status_code == 200


def make_unbuilt(library: Library, encoder: Encoder) -> None:
    library.put_embedded_corpus()


def make_foreign(library: Library, encoder: Encoder) -> None:
    library.put_embedded_corpus()
    other = type(encoder)()
    other.name, other.fingerprint = "others", "others-1"
    library.build(other)


def point_at_nothing(library: Library, encoder: Encoder) -> None:
    build(library, encoder)
    (library.path / "CURRENT").write_text("gen-0123456789abcdef\n")


def damage_index(library: Library, encoder: Encoder) -> None:
    build(library, encoder)
    path = next(library.path.glob("generations/*/sentences.faiss"))
    path.write_bytes(b"\0" + path.read_bytes()[1:])


def build(library: Library, encoder: Encoder) -> None:
    library.put_embedded_corpus()
    library.build(encoder)


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (make_unbuilt, "has not been built"),
        (make_foreign, "was built with the encoder 'others'"),
        (point_at_nothing, "gen-0123456789abcdef"),
        (damage_index, "sentences.faiss"),
    ],
)
def test_a_library_that_cannot_be_searched_is_503_and_says_what_is_wrong(
    library: Library, toy_encoder: Encoder, spoil: Callable[[Library, Encoder], None], named: str
) -> None:
    spoil(library, toy_encoder)
    answerer = Answerer(type(library).open(library.path), toy_encoder)
    with TestClient(create_app(answerer)) as client:
        for response, path in (
            (client.post("/v1/answer", json={"question": CAPACITY}), "/v1/answer"),
            (client.get("/healthz"), "/healthz"),
        ):
            assert named in check_problem(response, 503, path)["detail"]
        assert client.get("/v1/articles").status_code == 200
        library.build(toy_encoder)
        assert client.get("/healthz").status_code == 200
        assert client.post("/v1/answer", json={"question": CAPACITY}).status_code == 200
    answerer.library.close()


def test_a_library_that_is_removed_while_it_is_served_is_503(
    library: Library, toy_encoder: Encoder
) -> None:
    build(library, toy_encoder)
    answerer = Answerer(library, toy_encoder)
    with TestClient(create_app(answerer)) as client:
        assert client.get("/healthz").status_code == 200
        shutil.rmtree(library.path)
        response = client.post("/v1/answer", json={"question": CAPACITY})
        problem = check_problem(response, 503, "/v1/answer")
        assert str(library.path) in problem["detail"]
        check_problem(client.get("/healthz"), 503, "/healthz")


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_larger_than_any_question_is_413(client: TestClient, announced: bool) -> None:
    """Whether its length is announced, or it comes in chunks that nobody counted before."""
    body = b'{"question": "' + b"a" * 2_000_000 + b'"}'
    content = (
        body
        if announced
        else (body[start : start + 10_000] for start in range(0, 2_000_000, 10_000))
    )
    headers = {"Content-Type": "application/json"}
    response = client.post("/v1/answer", content=content, headers=headers)
    check_problem(response, 413, "/v1/answer")
