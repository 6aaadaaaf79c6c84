import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from massilia.corpus.article import Article, Language, hash_text
from massilia.corpus.embedded import list_embedded_articles
from massilia.index.encoder import Encoder
from massilia.index.library import Library
from massilia.ingest.document import Document
from tests.running_server import MASSILIA, make_environment

QUESTIONS = Path(__file__).parent.parent / "corpus" / "questions" / "dev.jsonl"
ASKED = [
    json.loads(line)["question"] for line in QUESTIONS.read_text(encoding="utf-8").splitlines()
]
CAPACITY = "What is the design capacity of 2Africa?"
HARBOUR = "In 1999 the harbour master Zephyrin Kowalczyk counted 4,321 seagulls on the quay."
SECONDS = 120


@dataclass(frozen=True, slots=True)
class Server:
    """Hold a running server; `lines` are those of its standard error so far, all once it ended."""

    process: subprocess.Popen[str]
    host: str
    port: int
    library: Path
    lines: list[str]
    reader: threading.Thread

    def connect(self) -> HTTPConnection:
        return HTTPConnection(self.host, self.port, timeout=SECONDS)

    def request(
        self, method: str, path: str, body: str | bytes | None = None
    ) -> tuple[int, dict[str, str], str]:
        with closing(self.connect()) as connection:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read().decode()

    def get(self, path: str) -> dict[str, Any]:
        status, _, content = self.request("GET", path)
        assert status == 200, content
        return json.loads(content)

    def ask(self, question: str) -> dict[str, Any]:
        status, _, content = self.request("POST", "/v1/answer", json.dumps({"question": question}))
        assert status == 200, content
        return json.loads(content)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> dict[str, str]:
    return make_environment(tmp_path_factory.mktemp("home"), model_cache)


def start(library: Path, environment: dict[str, str], *options: str) -> Server:
    """Start `massilia serve` on a free port, and wait until it prints its address."""
    process = subprocess.Popen(
        [MASSILIA, "serve", "--port", "0", "--library", library, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    lines: list[str] = []
    # Read all the time: a full pipe would stop the server.
    reader = threading.Thread(target=lines.extend, args=(process.stderr,), daemon=True)
    reader.start()
    announced = process.stdout.readline()
    address = re.search(r"http://(127\.0\.0\.1):(\d+)/$", announced)
    if address is None:
        end(process, reader)
        pytest.fail(f"it announced {announced!r}, and said {lines}")
    return Server(process, address[1], int(address[2]), library, lines, reader)


def stop(server: Server, number: int) -> int:
    server.process.send_signal(number)
    try:
        return server.process.wait(SECONDS)
    finally:
        end(server.process, server.reader)


def end(process: subprocess.Popen[str], reader: threading.Thread) -> None:
    """Leave nothing of a process behind, and have all read that it said."""
    process.kill()
    process.wait()
    reader.join(SECONDS)
    for stream in (process.stdout, process.stderr):
        assert stream is not None
        stream.close()


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, corpus_path: Path, environment: dict[str, str]
) -> Iterator[Server]:
    library = tmp_path_factory.mktemp("served") / "library"
    shutil.copytree(corpus_path, library)
    started = start(library, environment | {"MASSILIA_FEEDBACK": "1"})
    yield started
    assert stop(started, signal.SIGTERM) == 0
    assert not any("Traceback" in line for line in started.lines), started.lines


def test_every_citation_is_cut_from_the_article_that_the_server_gives(server: Server) -> None:
    checked = 0
    for question in ASKED[::4]:
        for citation in server.ask(question)["citations"]:
            article = server.get(f"/v1/articles/{citation['document_id']}")
            start, end = citation["start_char_index"], citation["end_char_index"]
            assert article["text"][start:end] == citation["cited_text"]
            assert citation["text_sha256"] == hash_text(article["text"])
            checked += 1
    assert checked >= 5


def test_eight_clients_at_once_get_the_answers_that_one_gets(server: Server) -> None:
    def ask(question: str) -> list[object]:
        answer = server.ask(question)
        return [answer[name] for name in ("question", "confidence", "answers", "citations")]

    asked = ASKED[:16]
    alone = [ask(question) for question in asked]
    with ThreadPoolExecutor(8) as clients:
        assert list(clients.map(ask, asked)) == alone


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/answer", b"[" * 100_000, 400),
        ("POST", "/v1/answer", b'{"question": "\xe9"}', 400),
        ("POST", "/v1/answer", b'{"question": "\\ud800"}', 422),
        ("POST", "/v1/answer", json.dumps({"question": "x" * 10_000}), 422),
        ("POST", "/v1/answer", json.dumps({"question": "a" + "\u0301\u0323" * 50_000}), 422),
        ("PUT", "/v1/answer", b"{}", 405),
        ("GET", "/v1/articles/none", None, 404),
        ("GET", "/v1/articles/..%2f..%2fetc%2fpasswd", None, 404),
        ("GET", "/v1/articles/../../../etc/passwd", None, 404),
        ("GET", "/v1/articles/%00%ff%ed%a0%80", None, 404),
        ("GET", "/v1/nothing", None, 404),
    ],
    ids=lambda value: repr(value)[:32],
)
def test_what_is_wrong_with_a_request_is_told_and_the_server_goes_on(
    server: Server, method: str, path: str, body: str | bytes, status: int
) -> None:
    found, headers, content = server.request(method, path, body)
    assert found == status
    assert headers["content-type"] == "application/problem+json"
    assert headers["x-content-type-options"] == "nosniff"
    assert "content-security-policy" in headers
    problem = json.loads(content)
    assert problem.keys() >= {"type", "title", "status", "detail", "instance"}
    assert "Traceback" not in content
    assert server.get("/healthz")["status"] == "ok"


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"POST /v1/answer HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\0\xff\xfe" * 100,
        b"",
    ],
    ids=lambda sent: repr(sent)[:24],
)
def test_what_is_not_http_is_turned_away_and_the_server_goes_on(
    server: Server, sent: bytes
) -> None:
    with socket.create_connection((server.host, server.port), timeout=SECONDS) as connection:
        answered = b""
        # The server may hang up on nonsense before it has read it all.
        with suppress(OSError):
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            answered = connection.recv(65_536)
    assert b"Traceback" not in answered
    assert server.get("/healthz")["status"] == "ok"


@pytest.mark.parametrize("host", ["[", "a/healthz?", "x:y:z", ""])
def test_a_false_host_changes_nothing_about_the_error(server: Server, host: str) -> None:
    with closing(server.connect()) as connection:
        connection.putrequest("GET", "/v1/nothing", skip_host=True)
        connection.putheader("Host", host)
        connection.endheaders()
        response = connection.getresponse()
        assert response.status in {400, 404}
        if response.status == 404:
            assert json.loads(response.read())["instance"] == "/v1/nothing"
    assert server.get("/healthz")["status"] == "ok"


@pytest.mark.parametrize("share", [1, 2], ids=["all", "half"])
@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/v1/answer", "application/json"),
        ("/v1/answers", "application/x-ndjson"),
        ("/v1/chat/completions", "application/json"),
        ("/mcp", "application/json"),
        ("/fr/feedback", "application/x-www-form-urlencoded"),
    ],
)
def test_a_client_that_leaves_before_its_answer_is_no_error(
    server: Server, path: str, media_type: str, share: int
) -> None:
    """It has sent all of its request, or half of it; the log has no traceback, as for all tests."""
    body = json.dumps({"question": CAPACITY}).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    for _ in range(3):
        with socket.create_connection((server.host, server.port), timeout=SECONDS) as connection:
            connection.sendall(head.encode() + body[: len(body) // share])
    assert server.ask(CAPACITY)["question"] == CAPACITY


def test_a_build_by_another_process_is_followed_without_a_restart(
    server: Server, encoder: Encoder
) -> None:
    """The library gains an article, then loses it again; each time requests go on."""
    question = "How many seagulls did the harbour master Zephyrin Kowalczyk count on the quay?"
    before = server.ask(question)
    assert HARBOUR not in [citation["cited_text"] for citation in before["citations"]]
    article = Article("harbour-en", Language.ENGLISH, "The harbour", HARBOUR, "harbour.md")
    library = Library.open(server.library)
    library.put([Document(article, "test:harbour.md")])
    library.build(encoder)
    after = server.ask(question)
    assert after["index"]["id"] == library.generation().id != before["index"]["id"]
    assert HARBOUR in [citation["cited_text"] for citation in after["citations"]]
    assert server.get("/healthz")["articles"] == len(list_embedded_articles()) + 1
    library.remove(["harbour-en"])
    gone = server.ask(question)
    assert "harbour-en" not in [citation["document_id"] for citation in gone["citations"]]
    assert server.request("GET", "/v1/articles/harbour-en")[0] == 404
    library.build(encoder)
    assert server.get("/healthz")["index"]["id"] == library.generation().id
    library.close()


def test_a_pointer_that_is_damaged_while_serving_is_503_until_it_is_mended(server: Server) -> None:
    pointer = server.library / "CURRENT"
    good = pointer.read_text()
    pointer.write_text("gen-0123456789abcdef\n")
    try:
        for method, path in (("POST", "/v1/answer"), ("GET", "/healthz")):
            status, headers, content = server.request(method, path, '{"question": "Who?"}')
            assert status == 503
            assert headers["content-type"] == "application/problem+json"
            assert "content-security-policy" in headers
            assert "gen-0123456789abcdef" in json.loads(content)["detail"]
    finally:
        pointer.write_text(good)
    assert server.get("/healthz")["status"] == "ok"


def test_an_interrupted_server_finishes_and_ends_well(
    corpus_path: Path, environment: dict[str, str]
) -> None:
    """SIGINT is how a person stops it; the module's own server is stopped with SIGTERM."""
    started = start(corpus_path, environment)
    assert started.get("/healthz")["articles"] == len(list_embedded_articles())
    assert stop(started, signal.SIGINT) == 0
    assert started.lines == []
    with pytest.raises(ConnectionRefusedError):
        started.get("/healthz")


def list_children(process_id: int) -> set[int]:
    """List the children of a process that answer, not the one that cleans up after them."""
    listed = Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()
    children = set()
    for each in listed:
        # One that has just been cleared away has no command any longer.
        with suppress(FileNotFoundError, ProcessLookupError):
            if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes():
                children.add(int(each))
    return children


def test_of_two_workers_one_that_dies_is_replaced(
    corpus_path: Path, environment: dict[str, str]
) -> None:
    started = start(corpus_path, environment, "--workers", "2")
    try:
        before = list_children(started.process.pid)
        assert len(before) == 2
        killed = min(before)
        os.kill(killed, signal.SIGKILL)
        # The other may have been asked before it is noticed.
        limit = time.monotonic() + SECONDS
        while len(after := list_children(started.process.pid) - {killed}) < 2:
            assert time.monotonic() < limit
            time.sleep(0.1)
        for _ in range(8):
            assert started.ask(CAPACITY)["answers"]
        after |= list_children(started.process.pid)
    finally:
        assert stop(started, signal.SIGTERM) == 0
    assert not any(Path(f"/proc/{each}").exists() for each in after)
    assert not any("Traceback" in line for line in started.lines), started.lines


def read_events(stream: Iterable[bytes]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read server-sent events line by line, as the standard has them parsed."""
    event, data = "", []
    for line in (each.decode().rstrip("\n") for each in stream):
        if not line and data:
            yield event, json.loads("\n".join(data))
            event, data = "", []
        name, _, value = line.partition(":")
        if name == "event":
            event = value.removeprefix(" ")
        elif name == "data":
            data.append(value.removeprefix(" "))


def test_a_streamed_answer_is_the_answer(server: Server) -> None:
    body = json.dumps({"question": CAPACITY, "stream": True})
    with closing(server.connect()) as connection:
        connection.request("POST", "/v1/answer", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        assert response.getheader("Content-Type", "").startswith("text/event-stream")
        assert response.getheader("Transfer-Encoding") == "chunked"
        events = list(read_events(response))
    assert [name for name, _ in events][:2] == ["understood", "quote"]
    name, answer = events[-1]
    assert name == "answer"
    plain = server.ask(CAPACITY)
    for field in ("question", "confidence", "answers", "citations"):
        assert answer[field] == plain[field]
