"""The OpenAPI document, and the application held against it by all checks of schemathesis."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from fastapi import FastAPI
from schemathesis import Case, GenerationMode, HookContext, SerializationContext
from schemathesis.checks import CHECKS
from schemathesis.engine import Status, from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.engine.run import PhaseName
from starlette.testclient import TestClient

from massilia.service.answerer import Answerer
from massilia.service.api_keys import hash_key
from massilia.service.app import create_app
from massilia.service.chat_completions import CHAT_PATHS
from massilia.service.question import QuestionError, read_question
from massilia.service.rate_limits import RateLimit
from massilia.service.serving import ServingOptions

KEY = "massilia_a-key-of-the-tests"
OPEN = ServingOptions()
GUARDED = ServingOptions(key_hashes=frozenset({hash_key(KEY)}), rate_limit=RateLimit(1_000_000, 60))
"""What adds most to the document: each operation may be refused for want of a key."""
EXAMPLES = 8
"""How many are drawn for each operation, besides those that cover each limit of its schema."""
OPERATIONS = {
    "GET /healthz",
    "GET /readyz",
    "GET /v1/articles",
    "GET /v1/articles/{article_id}",
    "GET /v1/articles/{article_id}/original",
    "GET /v1/library",
    "GET /v1/models",
    "GET /v1/models/{model}",
    "GET /v1/passages/{passage_id}",
    "GET /v1/topics",
    "POST /v1/answer",
    "POST /v1/answers",
    "POST /v1/chat/completions",
    "POST /v1/feedback",
    "POST /v1/search",
    "POST /v1/verify",
}


@pytest.fixture(scope="module")
def app(answerer: Answerer) -> FastAPI:
    return create_app(answerer, options=OPEN)


@pytest.fixture(scope="module")
def document(app: FastAPI) -> Iterator[dict[str, Any]]:
    with TestClient(app) as client:
        yield client.get("/openapi.json").json()


@schemathesis.serializer("application/x-ndjson")
def write_lines(context: SerializationContext, value: object) -> bytes:
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


@schemathesis.hook("before_call")
def mend(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Make a request right where JSON Schema has no words for what is wrong with it.

    That the first day comes before the last, that ids differ, that those referred to exist, and
    that the last message of the user is a question.
    """
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    order_days(case.query)
    if isinstance(case.body, dict):
        order_days(case.body.get("filters"))
        if case.path == "/v1/verify":
            number_citations(case.body)
        if case.path == "/v1/chat/completions":
            end_with_a_question(case.body["messages"])


def order_days(filters: object) -> None:
    if isinstance(filters, dict):
        first, last = filters.get("published_from"), filters.get("published_to")
        if isinstance(first, str) and isinstance(last, str) and first > last:
            filters["published_from"], filters["published_to"] = last, first


def number_citations(receipt: dict[str, Any]) -> None:
    for number, citation in enumerate(receipt["citations"]):
        citation["id"] = f"c{number}"
    receipt["answers"] = receipt["answers"] if receipt["citations"] else []
    for answer in receipt["answers"]:
        answer["citation_ids"] = ["c0"]


def end_with_a_question(messages: list[dict[str, Any]]) -> None:
    last = [each for each in messages if each["role"] == "user"][-1]
    content = last.get("content") or ""
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    try:
        read_question("\n".join(part.get("text") or "" for part in parts))
        readable = all(part["type"] == "text" for part in parts)
    except QuestionError:
        readable = False
    if not readable:
        last["content"] = "Who owns Atlas Offshore?"


def list_failures(recorder: ScenarioRecorder) -> Iterator[str]:
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.status is Status.FAILURE:
                assert check.failure_info is not None
                yield f"{check.name}: {check.failure_info.failure.message}"
                sent = recorder.interactions[case_id]
                yield f"{sent.request.method} {sent.request.uri} {sent.request.body!r}"
                yield f"{sent.response.status_code} {sent.response.text}" if sent.response else ""


@pytest.mark.parametrize("options", [OPEN, GUARDED], ids=["open", "guarded"])
def test_every_operation_does_as_it_is_described(
    answerer: Answerer, options: ServingOptions
) -> None:
    """Hold every operation against the document with all checks, in all phases."""
    settings = {
        "generation": {"max-examples": EXAMPLES, "deterministic": True, "no-shrink": True},
        "headers": {"Authorization": f"Bearer {KEY}"} if options.key_hashes else {},
    }
    schema = schemathesis.openapi.from_asgi(
        "/openapi.json",
        create_app(answerer, options=options),
        config=schemathesis.Config.from_dict(settings),
    )
    failures: list[str] = []
    passed: Counter[tuple[PhaseName, str | None]] = Counter()
    checked: Counter[str] = Counter()
    for event in from_schema(schema).execute():
        if isinstance(event, FatalError | NonFatalError):
            failures.append(str(event))
        elif isinstance(event, ScenarioFinished):
            passed[event.phase, event.label] += event.status is Status.SUCCESS
            checked.update(
                check.name for checks in event.recorder.checks.values() for check in checks
            )
            failures += list_failures(event.recorder)
    assert not failures, "\n\n".join(failures[:5])
    for phase in (PhaseName.COVERAGE, PhaseName.FUZZING):
        assert {label for each, label in passed if each is phase and passed[each, label]} == (
            OPERATIONS
        )
    # Time has no place among tests.
    assert set(CHECKS.get_all_names()) - {"max_response_time"} == set(checked)


def read_shape(response: dict[str, Any]) -> tuple[str, str]:
    ((media_type, content),) = response["content"].items()
    return media_type, content["schema"]["$ref"].rpartition("/")[2]


def choose_shape(path: str) -> tuple[str, str]:
    if path.startswith(CHAT_PATHS):
        return "application/json", "CompletionErrorJson"
    return "application/problem+json", "ProblemJson"


def test_every_error_is_described_in_its_shape(document: dict[str, Any]) -> None:
    named = {
        f"{method.upper()} {path}": operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert set(named) == OPERATIONS
    for name, operation in named.items():
        statuses = set(operation["responses"])
        assert {"200", "201"} & statuses
        assert {"500", "503"} <= statuses or name == "POST /v1/answers"
        if "requestBody" in operation:
            assert {"413", "415"} <= statuses
        for status, response in operation["responses"].items():
            if status >= "4":
                assert read_shape(response) == choose_shape(name.partition(" ")[2])


def test_the_document_is_openapi_31_with_every_schema_it_refers_to(
    document: dict[str, Any],
) -> None:
    assert document["openapi"].startswith("3.1")
    text = json.dumps(document)
    for name in document["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text, f"{name} is referred to nowhere"
    referred = {part.partition('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert referred == set(document["components"]["schemas"])


def test_the_unit_of_offsets_is_stated_wherever_there_is_one(document: dict[str, Any]) -> None:
    found = 0
    for schema in document["components"]["schemas"].values():
        for name, described in schema.get("properties", {}).items():
            if name.endswith("_char_index"):
                found += 1
                assert "Unicode code points" in described["description"]
    assert found > 10


@pytest.mark.parametrize("question", ["Who owns Atlas Offshore?", "Where is the quagga?"])
@pytest.mark.parametrize("options", [{}, {"stream_options": {"include_usage": True}}], ids=str)
def test_each_event_of_a_completion_is_as_it_is_described(
    app: FastAPI, document: dict[str, Any], question: str, options: dict[str, object]
) -> None:
    operation = document["paths"]["/v1/chat/completions"]["post"]
    (content,) = [
        content
        for media_type, content in operation["responses"]["200"]["content"].items()
        if media_type == "text/event-stream"
    ]
    chunk, *_, end = (each["properties"]["data"] for each in content["schema"]["anyOf"])
    shape = jsonschema_rs.validator_for(
        {**chunk["contentSchema"], "components": document["components"]}
    )
    body = {"model": "massilia", "messages": [{"role": "user", "content": question}]}
    with TestClient(app) as client:
        response = client.post("/v1/chat/completions", json=body | {"stream": True} | options)
    *events, last, nothing = response.text.split("\n\n")
    assert (last, nothing) == (f"data: {end['const']}", "")
    assert len(events) > 2
    for event in events:
        shape.validate(json.loads(event.removeprefix("data: ")))


def test_keys_and_limits_are_described_where_there_are_any(answerer: Answerer) -> None:
    with TestClient(create_app(answerer, options=GUARDED)) as client:
        guarded = client.get("/openapi.json").json()
    assert guarded["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"
    for path, operations in guarded["paths"].items():
        for operation in operations.values():
            assert ("security" in operation) == path.startswith("/v1")
            for status in ("401", "429") if path.startswith("/v1") else ():
                assert read_shape(operation["responses"][status]) == choose_shape(path)
