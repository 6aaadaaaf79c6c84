"""What only shows at a gate's edge: a limit that is over, a clock that goes on, headers in full."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from fastapi import Request, Response
from fastapi.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from massilia.index.encoder import Encoder
from massilia.index.library import Library
from massilia.service.answerer import Answerer
from massilia.service.api_keys import hash_key, make_key
from massilia.service.app import create_app
from massilia.service.gates import TimeLimit
from massilia.service.problems import ProblemError
from massilia.service.rate_limits import RateLimit
from massilia.service.serving import DEFAULT_OPTIONS, ServingOptions

SECONDS = 60
SCOPE: Scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
KEY = make_key()


@pytest.fixture
def answerer(library: Library, toy_encoder: Encoder) -> Answerer:
    library.build(toy_encoder)
    return Answerer(library, toy_encoder)


def open_client(answerer: Answerer, options: ServingOptions = DEFAULT_OPTIONS) -> TestClient:
    return TestClient(create_app(answerer, options=options))


def tell(request: Request, problem: ProblemError) -> Response:
    return PlainTextResponse(problem.code, 503)


async def collect(app: ASGIApp, sent: list[Message]) -> None:
    """Ask an application, and add what it sends to `sent`; the client never leaves."""

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    await asyncio.wait_for(app(SCOPE, receive, send), SECONDS)


def test_a_response_that_has_begun_is_not_cut_short() -> None:
    """The limit is over before the second half is sent: streams go on longer than any answer."""
    sent: list[Message] = []

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0.3)
        await send({"type": "http.response.body", "body": b"all of it"})

    asyncio.run(collect(TimeLimit(answer, 0.05, tell), sent))
    assert [message.get("status", message.get("body")) for message in sent] == [200, b"all of it"]


def test_an_answer_that_comes_too_late_is_not_sent_after_all() -> None:
    """It comes as soon as its client was told that there is none."""
    sent: list[Message] = []

    async def ask() -> None:
        told, finished = asyncio.Event(), asyncio.Event()

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            await told.wait()
            await PlainTextResponse("late")(scope, receive, send)
            finished.set()

        await collect(TimeLimit(answer, 0.05, tell), sent)
        told.set()
        await asyncio.wait_for(finished.wait(), SECONDS)

    asyncio.run(ask())
    found = [message.get("status", message.get("body")) for message in sent]
    assert found == [503, b"too_slow"]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Give a clock that a test sets: only what it holds counts as the time."""
    now = [time.time()]
    monkeypatch.setattr(time, "time", lambda: now[0])
    yield now


def test_a_client_may_ask_again_when_its_time_is_over_and_not_before(
    answerer: Answerer, clock: list[float]
) -> None:
    with open_client(answerer, ServingOptions(rate_limit=RateLimit(2, 60))) as client:
        begun = clock[0]
        for after, status, left in ((0, 200, 1), (30, 200, 0), (59, 429, 0), (61, 200, 0)):
            clock[0] = begun + after
            response = client.get("/v1/library")
            assert response.status_code == status, after
            assert response.headers["RateLimit"].startswith(f'"default";r={left};'), after


def test_the_policy_allows_what_pages_are_made_of_and_nothing_else(answerer: Answerer) -> None:
    with open_client(answerer) as client:
        for path in ("/fr/", "/en/nothing", "/v1/library", "/static/chat.js"):
            headers = client.get(path).headers
            parts = (part.split() for part in headers["Content-Security-Policy"].split(";"))
            assert {name: sources for name, *sources in parts} == {
                "default-src": ["'none'"],
                **{f"{kind}-src": ["'self'"] for kind in ("script", "connect", "style", "img")},
                "form-action": ["'self'"],
                "base-uri": ["'none'"],
                # Nobody may lay our pages invisibly over their own.
                "frame-ancestors": ["'none'"],
            }, path
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["X-Content-Type-Options"] == "nosniff"


def test_scripts_of_a_site_that_is_let_may_read_every_header_of_ours(answerer: Answerer) -> None:
    site = "https://ours.test"
    options = ServingOptions(
        allowed_origins=(site,),
        key_hashes=frozenset({hash_key(KEY)}),
        rate_limit=RateLimit(10, 60),
    )
    with open_client(answerer, options) as client:
        asking = {"Origin": site, "Access-Control-Request-Method": "POST"}
        for name in ("Accept-Language", "Authorization", "Content-Type", "If-None-Match"):
            let = client.options(
                "/v1/answer", headers=asking | {"Access-Control-Request-Headers": name.lower()}
            )
            assert let.status_code == 200, name
        read = client.get("/v1/library", headers={"Origin": site, "Authorization": f"Bearer {KEY}"})
        assert read.status_code == 200
        exposed = set(read.headers["Access-Control-Expose-Headers"].split(", "))
        told = {"ETag", "RateLimit", "RateLimit-Policy"}
        assert told <= {name for name in exposed if name in read.headers}
        assert {"Allow", "Content-Language", "Retry-After"} <= exposed
        # A browser must not send what it knows of its user: our keys are sent by hand.
        assert "Access-Control-Allow-Credentials" not in read.headers
