"""An answer that is streamed, and many answers in one request."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from massilia.index.errors import LibraryError
from massilia.service.answer import Answer
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.batch import MAX_BYTES, MAX_LINES
from massilia.service.question import Question
from massilia.service.serving import ServingOptions
from massilia.service.streaming import send_events, take_from_thread
from massilia.service.wire_problem import ProblemJson

CAPACITY = "What is the design capacity of 2Africa?"
TWO = "Who landed the 2Africa cable in Marseille and when?"
SERIES = "Pourquoi trouve-t-on deux chiffres pour le personnel de Voyage Privé en 2014 ?"
OFF_TOPIC = "How long should I boil an egg?"
SECONDS = 60
LINES = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def client(answerer: Answerer) -> Iterator[TestClient]:
    with TestClient(create_app(answerer)) as opened:
        yield opened


def stream(client: TestClient, **request: object) -> list[tuple[str, dict[str, Any]]]:
    response = client.post("/v1/answer", json={**request, "stream": True})
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert "Content-Encoding" not in response.headers
    return [read_event(block) for block in response.text.split("\n\n") if block]


def read_event(block: str) -> tuple[str, dict[str, Any]]:
    fields = dict(line.split(": ", 1) for line in block.splitlines())
    return fields["event"], json.loads(fields["data"])


def drop_what_differs(answer: dict[str, Any]) -> dict[str, Any]:
    second = answer["second"]
    return {
        **{name: value for name, value in answer.items() if name not in ("id", "timings_ms")},
        "second": second and drop_what_differs(second),
    }


def test_what_is_found_is_sent_before_the_whole_answer(client: TestClient) -> None:
    events = stream(client, question=CAPACITY, top_k=10)
    names = [name for name, _ in events]
    whole = events[-1][1]
    assert names[0] == "understood"
    assert names[-1] == "answer"
    assert names.count("understood") == names.count("answer") == 1
    assert events[0][1]["question"] == whole["question"] == CAPACITY
    quotes = [data for name, data in events if name == "quote"]
    assert [each["answer"] for each in quotes] == whole["answers"] != []
    assert [each["citation"] for each in quotes] == whole["citations"]
    assert {each["part"] for each in quotes} == {1}
    plain = client.post("/v1/answer", json={"question": CAPACITY, "top_k": 10}).json()
    assert drop_what_differs(whole) == drop_what_differs(plain)


def test_the_answer_to_a_second_question_follows_that_to_the_first(client: TestClient) -> None:
    events = stream(client, question=TWO)
    whole = events[-1][1]
    assert whole["second"] is not None
    parts = [data["part"] for name, data in events if name in ("quote", "abstained")]
    assert parts == sorted(parts)
    assert set(parts) == {1, 2}
    cited = [data["citation"] for name, data in events if name == "quote"]
    assert cited == whole["citations"] + whole["second"]["citations"]
    ids = [citation["id"] for citation in cited]
    assert len(set(ids)) == len(ids)


def test_an_abstention_is_an_event_with_its_reasons(client: TestClient) -> None:
    events = stream(client, question=OFF_TOPIC)
    assert [name for name, _ in events] == ["understood", "abstained", "answer"]
    (_, abstained), (_, whole) = events[1:]
    for name in ("answer_skipped_reasons", "hints", "near", "remark"):
        assert abstained[name] == whole[name]
    assert abstained["answer_skipped_reasons"]


def test_a_series_is_an_event(client: TestClient) -> None:
    events = stream(client, question=SERIES, use_question_dates=False)
    (series,) = [data for name, data in events if name == "series"]
    assert series == {"part": 1, "series": events[-1][1]["series"]}
    assert len(series["series"]["values"]) > 1


def test_what_is_carried_is_told_before_anything_is_found(client: TestClient) -> None:
    (_, understood), *_, (_, whole) = stream(
        client, question="And in 2020?", history=[CAPACITY], filters={"languages": ["en"]}
    )
    assert understood["asked"] == "And in 2020?"
    assert "2Africa" in understood["question"]
    assert understood["carried"] != []
    for name in ("question", "asked", "carried", "new_topic", "language", "filters"):
        assert understood[name] == whole[name]
    assert understood["question_dates"][0]["text"] == "in 2020"


def test_what_cannot_be_asked_is_refused_before_a_stream_begins(client: TestClient) -> None:
    response = client.post("/v1/answer", json={"question": "", "stream": True})
    assert response.status_code == 422
    assert response.headers["Content-Type"] == "application/problem+json"


def test_an_error_on_the_way_is_the_last_event(
    answerer: Answerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def fail_second(self: Answerer, question: Question, top_k: int) -> Answer:
        calls.append(question)
        if len(calls) == 2:
            raise LibraryError("The library is gone.")
        return answer_one(self, question, top_k)

    answer_one = Answerer._answer_one
    monkeypatch.setattr(Answerer, "_answer_one", fail_second)
    with TestClient(create_app(answerer)) as client:
        events = stream(client, question=TWO, language="fr")
    names = [name for name, _ in events]
    assert names[-1] == "error"
    assert "answer" not in names
    assert {"quote", "abstained"} & set(names)
    problem = events[-1][1]
    assert (problem["status"], problem["instance"]) == (503, "/v1/answer")
    assert "The library is gone." in problem["detail"]
    assert problem["title"] == "La bibliothèque ne peut pas être lue"


def test_nobody_learns_of_the_machine_from_an_unexpected_error(
    answerer: Answerer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: Answerer, question: Question, top_k: int) -> Answer:
        raise RuntimeError("in /secret/place")

    monkeypatch.setattr(Answerer, "_answer_one", fail)
    with TestClient(create_app(answerer)) as client:
        events = stream(client, question=CAPACITY)
        body = json.dumps({"question": CAPACITY})
        lines = client.post("/v1/answers", content=body, headers=LINES)
    assert [name for name, _ in events] == ["understood", "error"]
    assert events[-1][1]["status"] == 500
    assert json.loads(lines.text)["problem"]["status"] == 500
    assert "secret" not in json.dumps(events) + lines.text
    assert caplog.text.count("RuntimeError: in /secret/place") == 2


def test_silence_is_filled_with_comments_and_ended_by_an_error() -> None:
    """The wait is of an event that never comes: how long it takes is no matter."""
    silence = threading.Event()

    async def read() -> list[bytes]:
        def wait() -> Iterator[Any]:
            assert silence.wait(SECONDS), "nobody gave up"
            yield from ()

        sent = send_events(wait(), tell, seconds=0.2, heartbeat=0.05)
        chunks = [chunk async for chunk in sent]
        silence.set()
        return chunks

    def tell(error: BaseException) -> ProblemJson:
        assert isinstance(error, TimeoutError)
        return ProblemJson(type="t", title="t", status=503, detail="d", instance="/")

    chunks = asyncio.run(read())
    assert chunks[:-1] == [b": ping\n\n"] * len(chunks[:-1]) != []
    assert chunks[-1].startswith(b"event: error\n")


def test_nothing_more_is_worked_out_for_whoever_goes_away() -> None:
    begun = []

    def work() -> Iterator[int]:
        for number in range(100):
            begun.append(number)
            yield number

    async def take_one() -> None:
        taken = take_from_thread(work(), seconds=30, heartbeat=30)
        assert await anext(taken) == 0
        await taken.aclose()

    asyncio.run(take_one())
    assert begun == [0]


def ask_many(client: TestClient, *lines: object) -> list[dict[str, Any]]:
    content = "\n".join(
        line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines
    )
    response = client.post("/v1/answers", content=content.encode(), headers=LINES)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.split("\n") if line]


def test_each_line_of_a_batch_is_answered_as_if_it_were_alone(client: TestClient) -> None:
    asked = [
        {"id": "a", "question": CAPACITY, "top_k": 1},
        {"id": 7, "question": OFF_TOPIC},
        {"question": TWO, "language": "fr"},
    ]
    answered = ask_many(client, *asked)
    assert [(line["line"], line["id"]) for line in answered] == [(1, "a"), (2, 7), (3, None)]
    for request, line in zip(asked, answered, strict=True):
        request.pop("id", None)
        alone = client.post("/v1/answer", json=request).json()
        assert line["problem"] is None
        assert drop_what_differs(line["answer"]) == drop_what_differs(alone)


@pytest.mark.parametrize(
    ("line", "kind", "told"),
    [
        ("{", "unreadable", "JSON"),
        ("[" * 100_000, "unreadable", "nested too deep"),
        ("[]", "invalid", "dictionary"),
        ({"id": "x", "question": ""}, "invalid", "The question is empty."),
        ({"id": "x", "question": "Who?", "stream": True}, "invalid", "/stream"),
        ({"id": "x", "question": "Who?", "top_k": 0}, "invalid", "/top_k"),
        ({"id": "x", "question": "", "language": "fr"}, "invalid", "La question est vide."),
        ({"id": True, "question": "Who?"}, "invalid", "/id"),
        ('{"id": "\\ud800", "question": "Who?"}', "invalid", "/id"),
        ('{"question": "\\ud800"}', "invalid", "U+D800"),
    ],
    ids=lambda value: repr(value)[:32],
)
def test_a_line_that_is_wrong_stops_no_other(
    client: TestClient, line: object, kind: str, told: str
) -> None:
    before, wrong, after = ask_many(client, {"question": OFF_TOPIC}, line, {"question": OFF_TOPIC})
    assert before["answer"]["abstained"]
    assert after["answer"]["abstained"]
    assert (wrong["line"], wrong["answer"]) == (2, None)
    assert wrong["problem"]["type"] == f"/docs#problem-{kind}"
    assert told in wrong["problem"]["detail"]
    known = isinstance(line, dict) and line["id"] == "x"
    assert wrong["id"] == ("x" if known else None)


def test_a_line_that_is_no_utf_8_stops_no_other(client: TestClient) -> None:
    good = json.dumps({"question": OFF_TOPIC}).encode()
    response = client.post("/v1/answers", content=b'{"\xff"}\n\n \r\n' + good, headers=LINES)
    first, second = map(json.loads, response.text.splitlines())
    assert "not UTF-8" in first["problem"]["detail"]
    assert second["line"] == 4, "blank lines count, and have no answer"


def test_a_batch_has_limits(client: TestClient) -> None:
    many = client.post("/v1/answers", content=b"{}\n" * (MAX_LINES + 1), headers=LINES)
    assert (many.status_code, many.json()["type"]) == (413, "/docs#problem-too-many-lines")
    assert "1,000 lines" in many.json()["detail"]
    large = client.post("/v1/answers", content=b" " * (MAX_BYTES + 1), headers=LINES)
    assert (large.status_code, large.json()["type"]) == (413, "/docs#problem-too-large")
    other = client.post("/v1/answers", json={"question": CAPACITY})
    assert (other.status_code, other.json()["type"]) == (415, "/docs#problem-wrong-media-type")
    assert ask_many(client, "") == []


def test_a_line_that_takes_too_long_stops_no_other(
    answerer: Answerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: list[Any] = []

    def wait(self: Answerer, question: Question, top_k: int) -> Answer:
        if question.text == CAPACITY:
            waiting.append(question)
            loop_forever.wait(SECONDS)
        return answer_one(self, question, top_k)

    loop_forever = threading.Event()
    answer_one = Answerer._answer_one
    monkeypatch.setattr(Answerer, "_answer_one", wait)
    with TestClient(create_app(answerer, options=ServingOptions(max_seconds=5))) as client:
        try:
            slow, quick = ask_many(client, {"question": CAPACITY}, {"question": OFF_TOPIC})
        finally:
            loop_forever.set()
    assert len(waiting) == 1
    assert slow["problem"]["type"] == "/docs#problem-too-slow"
    assert slow["problem"]["detail"].startswith("There was no answer within 5 s")
    assert quick["answer"]["abstained"]


@pytest.mark.parametrize(("path", "answered"), [("/v1/answer", 0), ("/v1/answers", 1)])
def test_a_client_that_goes_away_stops_the_work(
    answerer: Answerer, monkeypatch: pytest.MonkeyPatch, path: str, answered: int
) -> None:
    """Over a real connection; each answer waits until it is let go.

    Two questions are streamed, and fifty asked at once.
    """
    begun: list[str] = []
    let_go = threading.Semaphore(answered)

    def wait(self: Answerer, question: Question, top_k: int) -> Answer:
        begun.append(question.text)
        let_go.acquire(timeout=SECONDS)
        return answer_one(self, question, top_k)

    answer_one = Answerer._answer_one
    monkeypatch.setattr(Answerer, "_answer_one", wait)
    streamed = path == "/v1/answer"
    content = json.dumps({"question": TWO, "stream": True} if streamed else {"question": OFF_TOPIC})
    content = content if streamed else f"{content}\n" * 50
    media_type = "application/json" if streamed else LINES["Content-Type"]
    with serve(create_app(answerer)) as server:
        with closing(HTTPConnection(*server.address, timeout=SECONDS)) as connection:
            connection.request("POST", path, content, {"Content-Type": media_type})
            response = connection.getresponse()
            assert response.status == 200
            assert response.readline()
            wait_until(lambda: len(begun) > answered)
        wait_until(lambda: not server.server_state.connections)
        for _ in range(100):
            let_go.release()
    assert len(begun) == answered + 1, "what was begun is finished, and nothing else begun"


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class ServerInThread(uvicorn.Server):
    """Serve on a free port of this machine."""

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        return host, port


@contextmanager
def serve(app: FastAPI) -> Iterator[ServerInThread]:
    server = ServerInThread(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started)
        yield server
    finally:
        server.should_exit = True
        thread.join()
