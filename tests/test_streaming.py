"""What is found is sent when it is found, and nothing more is looked for when nobody waits.

Over real connections, with the real model: only when a question is answered is decided here.
"""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from threading import Event
from urllib.parse import quote

import pytest

from massilia.service.answer import Answer
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.question import Question
from tests.test_api_stream import TWO, ServerInThread, serve, wait_until

SECONDS = 30
STREAMS = pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/answer", json.dumps({"question": TWO, "stream": True})),
        ("GET", f"/en/turns/2?q={quote(TWO)}", None),
    ],
    ids=["answer", "turn"],
)


@contextmanager
def ask(server: ServerInThread, method: str, path: str, body: str | None) -> Iterator[HTTPResponse]:
    """Ask for a stream; its client has left, and the server knows it, when this is over."""
    with closing(HTTPConnection(*server.address, timeout=SECONDS)) as connection:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        assert response.status == 200
        # What is kept, compressed or gathered up on the way comes late.
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Accel-Buffering"] == "no"
        assert "Content-Encoding" not in response.headers
        with response:
            yield response
    wait_until(lambda: not server.server_state.connections)


def read_names(response: HTTPResponse) -> Iterator[str]:
    for line in response:
        if line.startswith(b"event: "):
            yield line.decode().removeprefix("event: ").rstrip()


@contextmanager
def hold(monkeypatch: pytest.MonkeyPatch, number: int) -> Iterator[tuple[list[str], Event]]:
    """Hold the answer to question `number` back until the event is set, at the latest at the end.

    The list is of the questions whose answers were begun.
    """
    begun: list[str] = []
    let_go = Event()
    answer_one = Answerer._answer_one

    def wait(self: Answerer, question: Question, top_k: int) -> Answer:
        begun.append(question.text)
        if len(begun) == number:
            # Longer than a client waits.
            let_go.wait(2 * SECONDS)
        return answer_one(self, question, top_k)

    monkeypatch.setattr(Answerer, "_answer_one", wait)
    try:
        yield begun, let_go
    finally:
        let_go.set()


@STREAMS
def test_a_quote_is_sent_before_the_second_question_is_answered(
    answerer: Answerer, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: str | None
) -> None:
    with (
        serve(create_app(answerer)) as server,
        hold(monkeypatch, 2) as (begun, let_go),
        ask(server, method, path, body) as response,
    ):
        names = read_names(response)
        assert "quote" in names
        let_go.set()
        *_, last = names
    assert last in ("answer", "end")
    assert len(begun) == 2


@STREAMS
def test_whoever_leaves_a_stream_has_nothing_more_looked_for(
    answerer: Answerer, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: str | None
) -> None:
    with (
        serve(create_app(answerer)) as server,
        hold(monkeypatch, 1) as (begun, _),
        ask(server, method, path, body) as response,
    ):
        assert next(read_names(response)) in ("understood", "turn")
        wait_until(lambda: len(begun) == 1)
    assert len(begun) == 1, "what was begun is finished, and nothing else begun"
