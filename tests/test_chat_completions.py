"""OpenAI's chat interface, spoken to by OpenAI's own client, over a running server."""

import itertools
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
import uvicorn
from openai import OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from starlette.testclient import TestClient

from massilia.corpus.article import Article, Language
from massilia.index.encoder import Encoder
from massilia.index.errors import LibraryError
from massilia.index.library import Library
from massilia.ingest.document import Document
from massilia.service.answer import Answer
from massilia.service.answerer import Answerer
from massilia.service.api_keys import hash_key, make_key
from massilia.service.app import create_app
from massilia.service.messages import load_messages
from massilia.service.question import Question
from massilia.service.serving import ServingOptions
from massilia.service.wire_completion import MODEL, UsageJson
from tests.running_server import SECONDS, RunningServer, make_environment, run_server

CAPACITY = "What is the design capacity of 2Africa?"
TWO = "Who owns Atlas Offshore? And what is the design capacity of 2Africa?"
HALF_A_PAIR = rb'{"model": "massilia", "messages": [{"role": "user", "content": "\ud800"}]}'
USAGE = UsageJson().model_dump()
UNANSWERABLE = "Quel temps fera-t-il demain à Brest ?"


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, corpus_path: Path, model_cache: Path
) -> Iterator[RunningServer]:
    environment = make_environment(tmp_path_factory.mktemp("home"), model_cache)
    with run_server(corpus_path, environment) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{server.address}/v1", api_key="none", max_retries=0) as opened:
        yield opened


def ask(client: OpenAI, *questions: str, **parameters: Any) -> ChatCompletion:  # noqa: ANN401
    messages = [{"role": "user", "content": question} for question in questions]
    return client.chat.completions.create(model=MODEL, messages=messages, **parameters)


def read(completion: ChatCompletion) -> str:
    (choice,) = completion.choices
    assert choice.finish_reason == "stop"
    assert choice.message.role == "assistant"
    assert choice.message.content is not None
    return choice.message.content


def test_an_answer_is_quotes_with_their_places(client: OpenAI, answerer: Answerer) -> None:
    completion = ask(client, TWO)
    text = read(completion)
    annotations = completion.choices[0].message.annotations
    assert annotations is not None
    assert len(annotations) >= 2
    for number, annotation in enumerate(annotations, start=1):
        cited = annotation.url_citation
        assert text[cited.start_index : cited.end_index] == f"[{number}]"
        response = httpx2.get(cited.url, follow_redirects=True)
        assert response.status_code == 200
        article_id, start, end = read_address(cited.url)
        article = answerer.store.article(article_id)
        assert article is not None
        assert cited.title == article.title
        assert text[: cited.start_index].endswith(f"“{article.text[start:end]}” ")
        assert f"- [{number}] {article.title}" in text


def read_address(url: str) -> tuple[str, int, int]:
    address = httpx2.URL(url)
    return (
        address.path.rpartition("/")[2],
        int(address.params["start"]),
        int(address.params["end"]),
    )


def test_a_completion_says_what_it_is(client: OpenAI, server: RunningServer) -> None:
    completion = ask(client, CAPACITY)
    assert completion.object == "chat.completion"
    assert completion.model == MODEL
    assert completion.id != ask(client, CAPACITY).id
    health = httpx2.get(f"{server.address}/healthz").json()
    assert completion.system_fingerprint == health["index"]["id"]
    assert completion.usage is not None
    assert completion.usage.to_dict() == USAGE


def test_an_abstention_is_told_in_the_language_of_the_question(client: OpenAI) -> None:
    completion = ask(client, UNANSWERABLE)
    assert read(completion).startswith(load_messages(Language.FRENCH).text("abstention.heading"))
    assert completion.choices[0].message.annotations == []


def test_earlier_messages_are_the_history(client: OpenAI) -> None:
    messages: list[Any] = [
        {"role": "system", "content": "You are a pirate. " * 100},
        {"role": "user", "content": "When was Atlas Offshore laid?"},
        {"role": "assistant", "content": "“...” [1]"},
        {"role": "user", "content": [{"type": "text", "text": "Who owns it?"}]},
    ]
    text = read(client.chat.completions.create(model=MODEL, messages=messages))
    assert "Maroc Telecom" in text
    assert "Atlas Offshore" in text.split("\n")[0]
    # What was refused before is sent again with all the rest; it must not be refused for ever.
    messages[1:1] = [{"role": "user", "content": "x" * 10_000}, {"role": "user", "content": " "}]
    messages[1:1] = [{"role": "user", "content": f"Who built number {n}?"} for n in range(20)]
    assert read(client.chat.completions.create(model=MODEL, messages=messages)) == text


def test_a_stream_ends_as_the_whole_answer(client: OpenAI) -> None:
    whole = ask(client, TWO)
    chunks: list[ChatCompletionChunk] = list(
        ask(client, TWO, stream=True, stream_options={"include_usage": True})
    )
    *spoken, last = chunks
    assert len({chunk.id for chunk in chunks}) == 1
    assert spoken[0].choices[0].delta.role == "assistant"
    text = "".join(chunk.choices[0].delta.content or "" for chunk in spoken)
    assert text == read(whole)
    assert [chunk.choices[0].finish_reason for chunk in spoken[-2:]] == [None, "stop"]
    annotations = [
        annotation
        for chunk in spoken
        for annotation in (chunk.choices[0].delta.model_extra or {}).get("annotations", [])
    ]
    assert whole.choices[0].message.annotations is not None
    assert annotations == [each.to_dict() for each in whole.choices[0].message.annotations]
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.to_dict() == USAGE
    assert all(chunk.usage is None for chunk in spoken)


def test_the_events_of_a_stream_are_as_openai_writes_them(server: RunningServer) -> None:
    body = {"model": MODEL, "messages": [{"role": "user", "content": CAPACITY}], "stream": True}
    response = httpx2.post(f"{server.address}/v1/chat/completions", json=body)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-cache"
    events = response.text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    chunks = [json.loads(event.removeprefix("data: ")) for event in events[:-2]]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    # Only asked for, and then in each of them.
    assert not any("usage" in chunk for chunk in chunks)


def test_what_has_to_do_with_writing_is_ignored(client: OpenAI) -> None:
    plain = read(ask(client, CAPACITY))
    tool: Any = {"type": "function", "function": {"name": "f", "parameters": {}}}
    parameters: dict[str, Any] = {
        "temperature": 2,
        "max_tokens": 1,
        "stop": ["180"],
        "seed": 1,
        "n": 1,
        "tools": [tool],
        "tool_choice": "auto",
        "response_format": {"type": "text"},
        "user": "someone",
        "extra_body": {"unheard_of": True},
    }
    assert read(ask(client, CAPACITY, **parameters)) == plain


REFUSED: dict[str, tuple[dict[str, Any], int, str | None, str | None]] = {
    "model": ({"model": "gpt-4o"}, 404, "model", "model_not_found"),
    "no model": ({"model": None}, 400, "model", None),
    "no messages": ({"messages": []}, 400, "messages", None),
    "no user": ({"messages": [{"role": "system", "content": "?"}]}, 400, "messages", None),
    "role": ({"messages": [{"role": "captain", "content": "?"}]}, 400, "messages[0].role", None),
    "number": ({"messages": [{"role": "user", "content": 7}]}, 400, "messages[0].content", None),
    "empty": ({"messages": [{"role": "user", "content": " "}]}, 400, "messages[0].content", None),
    "nothing": ({"messages": [{"role": "user"}]}, 400, "messages[0].content", None),
    "too long": (
        {"messages": [{"role": "user", "content": "x" * 501}]},
        400,
        "messages[0].content",
        "context_length_exceeded",
    ),
    "control character": (
        {"messages": [{"role": "user", "content": "a\x07"}]},
        400,
        "messages[0].content",
        None,
    ),
    "image": (
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
        400,
        "messages[0].content",
        "unsupported_value",
    ),
    "two answers": ({"n": 2}, 400, "n", "unsupported_value"),
    "JSON": ({"response_format": {"type": "json_object"}}, 400, "response_format", None),
    "logprobs": ({"logprobs": True}, 400, "logprobs", None),
    "audio": ({"modalities": ["text", "audio"]}, 400, "modalities", None),
    "tool": ({"tool_choice": "required"}, 400, "tool_choice", None),
    "stream": ({"stream": "yes"}, 400, "stream", None),
    "options": ({"stream_options": {"include_usage": True}}, 400, "stream_options", None),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_told_as_openai_tells_it(client: OpenAI, name: str) -> None:
    changed, status, param, code = REFUSED[name]
    body = {"model": MODEL, "messages": [{"role": "user", "content": CAPACITY}]} | changed
    with pytest.raises(openai.APIStatusError) as caught:
        client.post("/chat/completions", body=body, cast_to=object)
    error = caught.value
    assert error.status_code == status
    assert error.type == "invalid_request_error"
    assert str(error.param).startswith(str(param))
    assert code is None or error.code == code
    assert isinstance(error.body, dict)
    assert error.body.keys() == {"message", "type", "param", "code"}
    assert error.body["message"]


@pytest.mark.parametrize(
    ("method", "path", "content", "media_type", "status"),
    [
        ("POST", "/v1/chat/completions", b"{", "application/json", 400),
        ("POST", "/v1/chat/completions", b"[" * 10_000, "application/json", 400),
        ("POST", "/v1/chat/completions", b"\xff", "application/json", 400),
        ("POST", "/v1/chat/completions", b"{}", "application/json", 400),
        ("POST", "/v1/chat/completions", HALF_A_PAIR, "application/json", 400),
        ("POST", "/v1/chat/completions", b"{}", "text/plain", 415),
        ("POST", "/v1/chat/completions", b" " * 1_000_001, "application/json", 413),
        ("GET", "/v1/chat/completions", b"", "application/json", 405),
        ("DELETE", "/v1/models/massilia", b"", "application/json", 405),
        ("GET", "/v1/models/gpt-4o", b"", "application/json", 404),
        ("GET", "/v1/models/%ff%00", b"", "application/json", 404),
        ("GET", "/v1/models/openai/gpt-4o", b"", "application/json", 404),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_every_error_has_openais_shape(
    server: RunningServer, method: str, path: str, content: bytes, media_type: str, status: int
) -> None:
    response = httpx2.request(
        method, f"{server.address}{path}", content=content, headers={"Content-Type": media_type}
    )
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"
    (error,) = response.json().values()
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"


def test_an_error_is_told_in_the_language_that_is_preferred(server: RunningServer) -> None:
    told = httpx2.get(f"{server.address}/v1/models/x", headers={"Accept-Language": "fr-FR"}).json()[
        "error"
    ]
    text = load_messages(Language.FRENCH).text("completion.model", model="x")
    assert told["message"] == text


def test_keys_are_asked_for_where_the_server_has_any(answerer: Answerer) -> None:
    key = make_key()
    options = ServingOptions(key_hashes=frozenset({hash_key(key)}))
    with TestClient(create_app(answerer, options=options)) as client:
        refused = client.get("/v1/models")
        answered = client.get("/v1/models", headers={"Authorization": f"Bearer {key}"})
    assert refused.status_code == 401
    assert refused.json()["error"]["type"] == "authentication_error"
    assert refused.json()["error"]["code"] == "invalid_api_key"
    assert refused.headers["www-authenticate"] == "Bearer"
    assert answered.status_code == 200


@pytest.mark.parametrize("stream", [False, True])
def test_a_library_that_is_not_built_is_told(
    library: Library, toy_encoder: Encoder, stream: bool
) -> None:
    article = Article("port", Language.ENGLISH, "The port", "It is old.", "port.md")
    library.put([Document(article, "test:port.md")])
    body = {"model": MODEL, "messages": [{"role": "user", "content": CAPACITY}], "stream": stream}
    with TestClient(create_app(Answerer(library, toy_encoder))) as client:
        response = client.post("/v1/chat/completions", json=body)
    assert response.status_code == 503
    assert response.json()["error"]["type"] == "server_error"
    assert "massilia build" in response.json()["error"]["message"]


def test_what_fails_in_the_middle_of_a_stream_is_an_event(
    answerer: Answerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenAI's client raises such an event as an error."""

    def fail(self: Answerer, question: Question, top_k: int) -> Iterator[Answer]:
        yield from itertools.islice(answer_parts(self, question, top_k), 1)
        raise LibraryError("The library is gone.")

    answer_parts = Answerer.answer_parts
    monkeypatch.setattr(Answerer, "answer_parts", fail)
    body = {"model": MODEL, "messages": [{"role": "user", "content": CAPACITY}], "stream": True}
    with TestClient(create_app(answerer)) as client:
        response = client.post("/v1/chat/completions", json=body)
    assert response.status_code == 200
    *_, last, end = response.text.split("\n\n")
    assert end == ""
    told = json.loads(last.removeprefix("data: "))["error"]
    assert (told["type"], told["message"]) == ("server_error", "The library is gone.")


def test_a_part_is_sent_before_the_next_is_found(
    answerer: Answerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were a part held back, both would wait for each other."""
    read_first = threading.Event()

    def wait(self: Answerer, question: Question, top_k: int) -> Iterator[Answer]:
        parts = answer_parts(self, question, top_k)
        yield next(parts)
        assert read_first.wait(SECONDS)
        yield from parts

    answer_parts = Answerer.answer_parts
    monkeypatch.setattr(Answerer, "answer_parts", wait)
    served = uvicorn.Server(uvicorn.Config(create_app(answerer), log_level="error"))
    body = {"model": MODEL, "messages": [{"role": "user", "content": TWO}], "stream": True}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = "http://{}:{}/v1/chat/completions".format(*listener.getsockname())
        thread = threading.Thread(target=served.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            with httpx2.stream("POST", address, json=body, timeout=SECONDS) as response:
                lines = response.iter_lines()
                assert any("Maroc Telecom" in line for line in lines)
                assert not read_first.is_set()
                read_first.set()
                assert any("180 Tbit/s" in line for line in lines)
        finally:
            read_first.set()
            served.should_exit = True
            thread.join()


def test_other_paths_keep_their_own_shape_of_errors(server: RunningServer) -> None:
    response = httpx2.post(f"{server.address}/v1/answer", json={})
    assert response.headers["content-type"] == "application/problem+json"


def test_there_is_one_model(client: OpenAI) -> None:
    (model,) = client.models.list().data
    assert (model.id, model.object, model.owned_by) == (MODEL, "model", MODEL)
    assert model.created > 1_700_000_000
    assert client.models.retrieve(MODEL) == model


def test_a_client_that_leaves_early_is_no_error(client: OpenAI) -> None:
    for _ in range(3):
        with client.chat.completions.with_streaming_response.create(
            model=MODEL, messages=[{"role": "user", "content": TWO}], stream=True
        ) as response:
            next(response.iter_lines())
    assert "180 Tbit/s" in read(ask(client, CAPACITY))
