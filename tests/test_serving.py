"""Who may ask, how often and for how long: keys, rate limits, time limits, other sites."""

import socket
import sqlite3
import stat
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from massilia.corpus.errors import MassiliaError
from massilia.service.answer import Answer
from massilia.service.answerer import Answerer
from massilia.service.api_keys import find_hash, hash_key, make_key, read_hashes
from massilia.service.app import create_app
from massilia.service.cli import _bind, cli
from massilia.service.question import Question
from massilia.service.rate_limits import RateLimit, RateLimiter, name_client, read_rate_limit
from massilia.service.serving import DEFAULT_OPTIONS, OPEN_RATE, ServingOptions
from massilia.service.shared_counts import CountsFile, SharedCounts, keep_counts
from tests.running_server import make_environment, run_server

CAPACITY = "What is the design capacity of 2Africa?"
KEY, OTHER = make_key(), make_key()
SECONDS = 20
"""Longer than any limit here: without one, a test fails rather than waits for ever."""


def open_client(answerer: Answerer, options: ServingOptions = DEFAULT_OPTIONS) -> TestClient:
    return TestClient(create_app(answerer, options=options))


@pytest.fixture(scope="module")
def guarded(answerer: Answerer) -> Iterator[TestClient]:
    with open_client(
        answerer, ServingOptions(key_hashes=frozenset({hash_key(KEY), hash_key(OTHER)}))
    ) as client:
        yield client


@pytest.mark.parametrize("path", ["/v1/library", "/v1/articles", "/v1/nothing", "/v1/models"])
def test_programs_need_a_key_where_there_are_any(guarded: TestClient, path: str) -> None:
    for given in ({}, {"Authorization": KEY}, {"Authorization": f"Basic {KEY}"}):
        response = guarded.get(path, headers=given)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert "Content-Security-Policy" in response.headers
    for key in (KEY, OTHER):
        for scheme in ("Bearer", "bearer"):
            response = guarded.get(path, headers={"Authorization": f"{scheme} {key}"})
            assert response.status_code == (404 if path == "/v1/nothing" else 200)


def test_a_key_that_is_not_known_is_told_from_none(guarded: TestClient) -> None:
    none = guarded.get("/v1/library", headers={"Accept-Language": "fr"}).json()
    wrong = guarded.get("/v1/library", headers={"Authorization": f"Bearer {KEY}x"}).json()
    assert none["type"] == "/docs#problem-no-key"
    assert none["title"] == "Il faut une clé d’API"
    assert wrong["type"] == "/docs#problem-wrong-key"


def test_pages_and_health_need_no_key(guarded: TestClient) -> None:
    for path in ("/fr/", "/healthz", "/readyz", "/openapi.json", "/static/style.css"):
        assert guarded.get(path).status_code == 200


def test_keys_are_random_and_known_by_their_hashes() -> None:
    assert KEY.startswith("massilia_")
    assert len({make_key() for _ in range(100)}) == 100
    assert len(KEY) > 50
    hashes = [hash_key(KEY), hash_key(OTHER)]
    assert find_hash(f"Bearer {OTHER}", hashes) == hashes[1]
    for given in (None, "", "Bearer", "Bearer ", f"Bearer {hashes[0]}", "Bearer \udcff"):
        assert find_hash(given, hashes) is None


def test_hashes_are_read_with_remarks_and_refused_by_line() -> None:
    text = f"{hash_key(KEY)}  # for the newspaper\n\n# {OTHER}\n{hash_key(OTHER).upper()}, \n"
    assert read_hashes(text, "keys") == {hash_key(KEY), hash_key(OTHER)}
    with pytest.raises(MassiliaError, match=r"keys, line 2: .*'abc'"):
        read_hashes("\nabc", "keys")
    with pytest.raises(MassiliaError, match="a key itself") as caught:
        read_hashes(KEY, "keys")
    assert KEY not in str(caught.value), "a secret is not shown"


def test_the_command_makes_a_key_and_its_hash() -> None:
    result = CliRunner().invoke(cli, ["key"])
    assert result.exit_code == 0
    made = dict(line.split() for line in result.stdout.splitlines())
    assert hash_key(made["key"]) == made["hash"]


def test_a_client_may_ask_so_often_and_is_told(answerer: Answerer) -> None:
    with open_client(answerer, ServingOptions(rate_limit=RateLimit(3, 60))) as client:
        for left in (2, 1, 0):
            response = client.get("/v1/library")
            assert response.status_code == 200
            assert response.headers["RateLimit-Policy"] == '"default";q=3;w=60'
            assert response.headers["RateLimit"].startswith(f'"default";r={left};t=')
        refused = client.get("/v1/library", headers={"Accept-Language": "fr"})
        assert refused.status_code == 429
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert refused.headers["RateLimit"].startswith('"default";r=0;t=')
        assert refused.json()["title"] == "Trop de requêtes"
        assert "3/60 s" in refused.json()["detail"]
        page = client.get("/fr/")
        assert (page.status_code, page.headers["Content-Type"][:9]) == (429, "text/html")
        assert "Retry-After" in page.headers
        for path in ("/healthz", "/static/style.css"):
            free = client.get(path)
            assert free.status_code == 200
            assert "RateLimit" not in free.headers


def test_each_key_and_each_address_has_its_own_limit(answerer: Answerer) -> None:
    hashes = frozenset({hash_key(KEY), hash_key(OTHER)})
    with open_client(
        answerer, ServingOptions(rate_limit=RateLimit(1, 60), key_hashes=hashes)
    ) as client:
        for key, status in ((KEY, 200), (KEY, 429), (OTHER, 200), ("wrong", 401), ("bad", 429)):
            response = client.get("/v1/library", headers={"Authorization": f"Bearer {key}"})
            assert response.status_code == status, key


def test_a_batch_counts_as_many_requests_as_it_has_lines(answerer: Answerer) -> None:
    body = '{"question": "How long should I boil an egg?"}\n' * 3
    headers = {"Content-Type": "application/x-ndjson"}
    with open_client(answerer, ServingOptions(rate_limit=RateLimit(5, 60))) as client:
        first = client.post("/v1/answers", content=body, headers=headers)
        assert first.headers["RateLimit"].startswith('"default";r=2;')
        second = client.post("/v1/answers", content=body, headers=headers)
        assert second.status_code == 429
        assert client.get("/v1/library").status_code == 200, "it was charged for one request"


def test_without_a_limit_there_are_no_headers(answerer: Answerer) -> None:
    with open_client(answerer) as client:
        assert "RateLimit" not in client.get("/v1/library").headers


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("60/minute", RateLimit(60, 60)),
        ("1000 per 2 hours", RateLimit(1000, 7200)),
        (" 5/second ", RateLimit(5, 1)),
        ("none", None),
        ("NONE", None),
    ],
)
def test_a_rate_limit_is_read(text: str, limit: RateLimit | None) -> None:
    assert read_rate_limit(text) == limit


@pytest.mark.parametrize("text", ["", "many", "0/minute", "60", "1/minute; 2/hour", "-1/day"])
def test_what_is_no_rate_limit_is_refused_by_its_value(text: str) -> None:
    with pytest.raises(MassiliaError, match="rate limit is written"):
        read_rate_limit(text)


def test_addresses_that_one_customer_has_count_as_one() -> None:
    assert name_client("2001:db8::1") == name_client("2001:db8::ffff:1:2:3")
    assert name_client("2001:db8::1") != name_client("2001:db8:0:1::1")
    assert name_client("::ffff:192.0.2.1") == name_client("192.0.2.1") == "192.0.2.1"
    assert name_client("192.0.2.1") != name_client("192.0.2.2")
    assert name_client("fe80::1%eth0") == name_client("fe80::2")
    assert name_client("testclient") == "testclient"


def test_a_refusal_takes_nothing() -> None:
    limiter = RateLimiter(RateLimit(3, 60))
    assert limiter.take("a", 2).remaining == 1
    assert not limiter.take("a", 2).granted
    assert limiter.take("a", 1).granted
    assert limiter.take("b", 3).granted


def test_processes_that_share_a_file_count_together() -> None:
    with keep_counts() as file:
        one, other = (RateLimiter(RateLimit(3, 60), file) for _ in range(2))
        assert [one.take("a").remaining, other.take("a").remaining] == [2, 1]
        refused = one.take("a", 2)
        assert (refused.granted, refused.remaining) == (False, 1)
        last = other.take("a")
        assert (last.granted, last.remaining, last.reset_seconds) == (True, 0, 60)
        assert not one.take("a").granted
        assert one.take("b", 3).granted
        assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
        assert all(b"192.0.2.1" not in each.read_bytes() for each in file.path.parent.iterdir())
    assert not file.path.parent.exists()


def test_what_was_asked_a_window_ago_no_longer_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.05
    monkeypatch.setattr("time.monotonic", lambda: now)
    with keep_counts() as file:
        counts = SharedCounts(file, seconds=10)
        assert counts.take("a", 2, 3).used == 2
        now += 5
        assert counts.take("a", 1, 3).used == 3
        # The first of what was asked comes back, at most a hundredth of the window late.
        now += 4.9
        refused = counts.take("a", 1, 3)
        assert not refused.granted
        assert 0.1 <= refused.reset_seconds <= 0.2
        now += refused.reset_seconds
        assert counts.take("a", 2, 3).granted
        assert not counts.take("a", 1, 3).granted
        now += 100
        assert counts.take("b", 1, 3).used == 1
        rows = sqlite3.connect(file.path).execute("SELECT count(*) FROM counts").fetchone()
        assert rows == (1,), "what has run out is kept of nobody"


def test_a_limit_holds_where_it_cannot_be_shared(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    limiter = RateLimiter(RateLimit(2, 60), CountsFile(tmp_path / "none" / "counts.sqlite", b"key"))
    assert [limiter.take("a").granted for _ in range(3)] == [True, True, False]
    assert "unable to open database file" in caplog.text


def test_two_processes_of_a_server_let_a_client_ask_as_often_as_one(
    tmp_path: Path, corpus_path: Path, model_cache: Path
) -> None:
    environment = make_environment(tmp_path, model_cache)
    options = ("--workers", "2", "--rate-limit", "30/hour")
    with run_server(corpus_path, environment, *options) as server, ThreadPoolExecutor(8) as threads:
        # A connection for each, so that both processes get some.
        statuses = list(
            threads.map(lambda _: httpx2.get(f"{server.address}/v1/models").status_code, range(90))
        )
    assert Counter(statuses) == {200: 30, 429: 60}


def test_who_waits_too_long_is_told_so_and_the_next_is_served(
    answerer: Answerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    answer_one = Answerer._answer_one

    def wait(self: Answerer, question: Question, top_k: int) -> Answer:
        if question.text == CAPACITY:
            release.wait(SECONDS)
        return answer_one(self, question, top_k)

    monkeypatch.setattr(Answerer, "_answer_one", wait)
    with open_client(answerer, ServingOptions(max_seconds=5)) as client:
        try:
            response = client.post("/v1/answer", json={"question": CAPACITY})
            page = client.get("/fr/", params={"q": CAPACITY})
            other = client.post("/v1/answer", json={"question": "How long should I boil an egg?"})
        finally:
            release.set()
    assert response.status_code == 503
    assert response.json()["type"] == "/docs#problem-too-slow"
    assert response.headers["Retry-After"] == "10"
    assert "Content-Security-Policy" in response.headers
    assert (page.status_code, page.headers["Content-Type"][:9]) == (503, "text/html")
    assert other.status_code == 200


def test_scripts_of_other_sites_read_nothing_unless_they_are_let(answerer: Answerer) -> None:
    ours, other = {"Origin": "https://ours.test"}, {"Origin": "https://other.test"}
    asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x"}
    with open_client(answerer) as client:
        assert "Access-Control-Allow-Origin" not in client.get("/v1/library", headers=ours).headers
    hashes = frozenset({hash_key(KEY)})
    options = ServingOptions(allowed_origins=("https://ours.test",), key_hashes=hashes)
    with open_client(answerer, options) as client:
        refused = client.get("/v1/library", headers=ours)
        assert refused.status_code == 401
        assert refused.headers["Access-Control-Allow-Origin"] == "https://ours.test"
        assert "ETag" in refused.headers["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Origin" not in client.get("/v1/library", headers=other).headers
        asking["Access-Control-Request-Headers"] = "authorization, content-type"
        let = client.options("/v1/answer", headers=ours | asking)
        assert (let.status_code, let.headers["Access-Control-Allow-Origin"]) == (
            200,
            ours["Origin"],
        )
        assert client.options("/v1/answer", headers=other | asking).status_code == 400


def test_options_are_off_by_default_but_for_a_limit_where_others_can_ask() -> None:
    assert ServingOptions.read({}, loopback=True) == ServingOptions()
    read = ServingOptions.read({}, loopback=False)
    assert read == ServingOptions(rate_limit=read_rate_limit(OPEN_RATE))
    environ = {"MASSILIA_RATE_LIMIT": "none"}
    assert ServingOptions.read(environ, loopback=False) == ServingOptions()


def test_options_are_read_from_the_environment_and_the_command_line_wins(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"{hash_key(KEY)} # one\n")
    environ = {
        "MASSILIA_API_KEYS": hash_key(OTHER),
        "MASSILIA_API_KEYS_FILE": str(keys),
        "MASSILIA_RATE_LIMIT": "5/second",
        "MASSILIA_ALLOW_ORIGINS": "https://a.test http://b.test:8080",
        "MASSILIA_FEEDBACK": "1",
        "MASSILIA_MAX_SECONDS": "2.5",
    }
    read = ServingOptions.read(environ, loopback=True)
    assert read == ServingOptions(
        key_hashes=frozenset({hash_key(KEY), hash_key(OTHER)}),
        rate_limit=RateLimit(5, 1),
        allowed_origins=("https://a.test", "http://b.test:8080"),
        feedback=True,
        max_seconds=2.5,
    )
    won = ServingOptions.read(
        environ,
        loopback=True,
        rate_limit="none",
        allowed_origins=("*",),
        feedback=False,
        max_seconds=9,
    )
    assert (won.rate_limit, won.allowed_origins, won.feedback) == (None, ("*",), False)
    assert won.max_seconds == 9


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"MASSILIA_API_KEYS": "abc"}, "MASSILIA_API_KEYS, line 1"),
        ({"MASSILIA_API_KEYS_FILE": "/none/such"}, "/none/such can't be read"),
        ({"MASSILIA_API_KEYS_FILE": "/dev/null"}, "holds no hash"),
        ({"MASSILIA_RATE_LIMIT": "often"}, "'often'"),
        ({"MASSILIA_ALLOW_ORIGINS": "example.org"}, "'example.org'"),
        ({"MASSILIA_ALLOW_ORIGINS": "https://example.org/"}, "'https://example.org/'"),
        ({"MASSILIA_FEEDBACK": "maybe"}, "'maybe'"),
        ({"MASSILIA_MAX_SECONDS": "nan"}, "'nan'"),
        ({"MASSILIA_MAX_SECONDS": "0"}, "'0'"),
        ({"MASSILIA_MAX_SECONDS": "inf"}, "'inf'"),
    ],
    ids=repr,
)
def test_a_setting_that_cannot_be_read_is_named_with_its_value(
    environ: dict[str, str], named: str
) -> None:
    with pytest.raises(MassiliaError) as caught:
        ServingOptions.read(environ, loopback=True)
    assert named in str(caught.value)


def test_answers_are_sent_without_waiting_for_an_acknowledgement() -> None:
    """By asyncio, which turns Nagle's algorithm off on sockets that say they are TCP."""
    with _bind("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.proto == socket.IPPROTO_TCP
