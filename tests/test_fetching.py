import gzip
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import pytest

from massilia.corpus.errors import ArticleError
from massilia.ingest.fetching import Fetched, Fetcher, NotModified, describe_agent
from massilia.ingest.network import Limits
from tests.web_server import Answer, WebServer, make_certificate, redirect, reply

PAGE = "<p>Le port de Marseille reçoit des navires.</p>".encode()
BUSY = "503 Service Unavailable"


class Time:
    """Pass when somebody sleeps, and only then."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.waits: list[float] = []

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer() as started:
        yield started


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def fetcher(time: Time) -> Iterator[Fetcher]:
    with make_fetcher(time) as opened:
        yield opened


def make_fetcher(
    time: Time | None = None, limits: Limits | None = None, **given: object
) -> Fetcher:
    time = time or Time()
    return Fetcher(
        **{"allow_loopback": True, "limits": limits, "clock": time.read, "sleep": time.sleep}
        | given  # type: ignore[arg-type]
    )


def fetch(fetcher: Fetcher, url: str) -> Fetched:
    fetched = fetcher.fetch(url)
    assert isinstance(fetched, Fetched)
    return fetched


def refuse(fetcher: Fetcher, url: str) -> str:
    with pytest.raises(ArticleError) as caught:
        fetcher.fetch(url)
    assert str(caught.value) == f"{caught.value.origin}: {caught.value.reason}"
    return caught.value.reason


def resolve_as(names: dict[str, list[str]]) -> Callable[[str, float], Sequence[str]]:
    return lambda host, seconds: names[host]


# What is fetched


def test_a_document_comes_with_what_its_server_says_of_it(
    server: WebServer, fetcher: Fetcher
) -> None:
    server.answers["/a?b=c"] = reply(
        PAGE,
        Content_Type='Text/HTML ; boundary=x; Charset="ISO-8859-15"',
        ETag='W/"1"',
        Last_Modified="Fri, 01 Apr 2022 10:24:00 GMT",
    )
    assert fetcher.fetch(server.url("/a?b=c#d")) == Fetched(
        server.url("/a?b=c"),
        200,
        PAGE,
        "text/html",
        "iso-8859-15",
        'W/"1"',
        "Fri, 01 Apr 2022 10:24:00 GMT",
        (),
    )
    assert PAGE.decode() not in repr(fetch(fetcher, server.url("/a?b=c")))


def test_a_document_that_nothing_is_said_of_is_fetched_too(
    server: WebServer, fetcher: Fetcher
) -> None:
    server.answers["/"] = reply(PAGE, Content_Type="nonsense", ETag="", Last_Modified="x" * 1_001)
    assert fetcher.fetch(server.url()) == Fetched(server.url("/"), 200, PAGE)


def test_the_request_names_us_and_asks_for_gzip_alone(server: WebServer) -> None:
    server.answers["/"] = reply(PAGE)
    with make_fetcher(contact="https://library.example/about") as fetcher:
        fetcher.fetch(server.url())
    robots, page = server.asked
    assert (robots.target, page.target) == ("/robots.txt", "/")
    agent = f"Massilia/{version('massilia')} (+https://library.example/about)"
    assert [each.fields["user-agent"] for each in (robots, page)] == [agent, agent]
    assert page.fields["host"] == f"127.0.0.1:{server.port}"
    assert page.fields["accept-encoding"] == "gzip"
    assert not page.fields.keys() & {"cookie", "authorization", "referer", "if-none-match"}


def test_an_agent_without_a_contact_is_its_name_and_version() -> None:
    assert re.fullmatch(r"Massilia/[\w.+]+( \(\+https?://\S+\))?", describe_agent())
    for contact in ("é", "a\r\nHost: b"):
        with pytest.raises(ValueError, match="printable ASCII"):
            describe_agent(contact)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_proxies_of_the_environment_are_not_used(
    server: WebServer, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.answers["/"] = reply(PAGE)
    assert fetch(fetcher, server.url()).data == PAGE


# Addresses


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1/", "127.0.0.1 is a loopback address"),
        ("http://[::1]/", "::1 is a loopback address"),
        ("https://169.254.169.254/latest/meta-data/", "169.254.169.254 is a link-local address"),
        ("http://[::ffff:7f00:1]/", "::ffff:7f00:1 is an IPv4 address within IPv6"),
        ("http://localhost:8000/", "localhost is 127.0.0.1, a loopback address"),
        ("http://port.example/", "port.example is 10.0.0.7, a private address"),
        ("http://rebind.example/", "rebind.example is fd00::7, a private address"),
        ("http://8.8.8.8:22/", "port 22 is not asked: only 80, 443 and 8000 to 8999 are"),
        ("http://none.example/", "the name none.example stands for no address"),
        ("ftp://port.example/", "only http and https URLs are fetched, not 'ftp'"),
    ],
)
def test_addresses_that_no_public_site_has_are_refused(url: str, reason: str) -> None:
    names = {
        "localhost": ["127.0.0.1"],
        "port.example": ["10.0.0.7"],
        "rebind.example": ["8.8.8.8", "fd00::7"],
        "none.example": [],
    }
    assert refuse(make_fetcher(allow_loopback=False, resolve=resolve_as(names)), url) == reason


def test_the_systems_own_resolver_is_checked_too(server: WebServer) -> None:
    server.answers["/"] = reply(PAGE)
    url = f"http://localhost:{server.port}/"
    with make_fetcher(allow_loopback=False) as fetcher:
        assert re.fullmatch(r"localhost is \S+, a loopback address", refuse(fetcher, url))
    assert not server.asked
    assert fetch(make_fetcher(), url).data == PAGE


def test_a_password_in_a_url_is_neither_sent_nor_shown(server: WebServer, fetcher: Fetcher) -> None:
    with pytest.raises(ArticleError) as caught:
        fetcher.fetch(f"http://me:word@127.0.0.1:{server.port}/")
    assert "user name or password" in caught.value.reason
    assert "word@" not in str(caught.value)
    server.answers["/"] = redirect(f"http://me:word@127.0.0.1:{server.port}/b")
    reason = refuse(fetcher, server.url())
    assert "user name or password" in reason and "word@" not in reason
    assert server.targets == ["/"]


def test_the_address_that_was_checked_is_the_one_connected_to(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = socket.getaddrinfo
    asked: list[str] = []

    def rebind(host: str, *rest: object, **named: object) -> list:
        """Give the victim's address to whoever asks a second time for a connection."""
        if host == "rebind.example":
            asked.append(host)
            host = "127.0.0.2" if len(asked) <= 2 else "127.0.0.1"
        return ask(host, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    victim = server
    victim.answers["/"] = reply(b"secrets")
    with WebServer({"/": reply(PAGE)}, host="127.0.0.2", port=victim.port) as checked:
        fetched = fetch(make_fetcher(), victim.url("/", "rebind.example"))
        assert fetched.data == PAGE
        # One connection for robots.txt, one for the page.
        assert len(checked.asked) == len(asked) == 2
    assert not victim.asked


def test_each_connection_resolves_once_and_is_checked_by_itself(server: WebServer) -> None:
    asked: list[str] = []

    def resolve(host: str, seconds: float) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) < 3 else ["169.254.169.254"]

    server.answers["/"] = reply(PAGE)
    with make_fetcher(resolve=resolve) as fetcher:
        url = server.url("/", "rebind.example")
        assert fetch(fetcher, url).data == PAGE
        assert server.asked[-1].fields["host"] == f"rebind.example:{server.port}"
        assert refuse(fetcher, url) == "rebind.example is 169.254.169.254, a link-local address"
    # robots.txt, the page, and the page once more.
    assert asked == ["rebind.example"] * 3
    assert server.targets == ["/"]


def test_another_address_is_tried_where_the_first_does_not_answer(server: WebServer) -> None:
    server.answers["/"] = reply(PAGE)
    addresses = ["127.0.0.3", "127.0.0.1"]
    fetcher = make_fetcher(resolve=resolve_as({"port.example": addresses}))
    assert fetch(fetcher, server.url("/", "port.example")).data == PAGE
    far = [f"127.0.1.{number}" for number in range(4)]
    fetcher = make_fetcher(resolve=resolve_as({"port.example": [*far, "127.0.0.1"]}))
    assert refuse(fetcher, server.url("/", "port.example")) == (
        "the connection fails: Connection refused"
    )


def test_a_name_that_is_not_known_or_not_resolved_in_time_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(host: str, *rest: object, **named: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert refuse(make_fetcher(), "http://none.example/") == (
        "the name none.example cannot be resolved: Name or service not known"
    )
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(5) and [])
    fetcher = make_fetcher(limits=Limits(connect_seconds=0.05))
    assert refuse(fetcher, "http://slow.example/") == (
        "the name slow.example cannot be resolved: no answer for 0.05 s"
    )
    released.set()


# Redirects


def test_redirects_are_followed_and_told(server: WebServer, fetcher: Fetcher) -> None:
    targets = [f"/{number}" for number in range(6)]
    kinds = ["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent"]
    for target, following, kind in zip(targets, targets[1:], kinds, strict=False):
        server.answers[target] = redirect(following[1:], kind)
    server.answers["/5"] = reply(PAGE)
    fetched = fetch(fetcher, server.url("/0#part"))
    assert fetched.data == PAGE
    assert fetched.url == server.url("/5")
    assert fetched.redirects == tuple(map(server.url, targets[:5]))
    server.answers |= {"/5": redirect("/6"), "/6": reply(PAGE)}
    assert refuse(fetcher, server.url("/0")) == "redirects more than 5 times"


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        (
            "http://169.254.169.254/latest/",
            "redirects to http://169.254.169.254/latest/: 169.254.169.254 is a link-local address",
        ),
        ("http://10.0.0.1/", "redirects to http://10.0.0.1/: 10.0.0.1 is a private address"),
        (
            "file:///etc/passwd",
            "redirects to 'file:///etc/passwd': only http and https URLs are fetched, not 'file'",
        ),
        (
            "//2130706433/",
            "redirects to '//2130706433/': '2130706433' is an unusual spelling of an IP address",
        ),
        ("http://8.8.8.8:22/", "redirects to http://8.8.8.8:22/: port 22 is not asked"),
        ("/none", "redirects to {}/none: the server answers 404 Not Found"),
        ("/", "redirects in a circle, to {}/ again"),
        ("/back", "redirects in a circle, to {}/ again"),
    ],
)
def test_redirects_that_lead_nowhere_good_are_refused(
    server: WebServer, fetcher: Fetcher, location: str, reason: str
) -> None:
    server.answers |= {"/": redirect(location), "/back": redirect("/")}
    expected = reason.format(server.url("/").rstrip("/"))
    assert refuse(fetcher, server.url()).startswith(expected)


def test_a_redirect_may_be_written_in_utf8(server: WebServer, fetcher: Fetcher) -> None:
    server.answers |= {"/": reply(b"", "302 Found", Location="/%C3%A9t%C3%A9")}
    server.answers["/"] = server.answers["/"].replace(b"%C3%A9", "é".encode())  # type: ignore
    server.answers["/%C3%A9t%C3%A9"] = reply(PAGE)
    assert fetch(fetcher, server.url()).data == PAGE


def test_a_redirect_without_a_target_is_an_answer_like_others(
    server: WebServer, fetcher: Fetcher
) -> None:
    server.answers |= {"/": reply(b"", "302 Found"), "/a": reply(PAGE, "300 Choices", Location="/")}
    assert refuse(fetcher, server.url()) == "the server answers 302 Found"
    assert refuse(fetcher, server.url("/a")) == "the server answers 300 Multiple Choices"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("404 Nothing <b>here</b>", "the server answers 404 Not Found"),
        ("410 Gone", "the server answers 410 Gone"),
        ("500 Oops", "the server answers 500 Internal Server Error"),
        ("204 No Content", "the server answers 204 No Content"),
        ("206 Partial", "the server answers 206 Partial Content"),
        ("304 Not Modified", "the server answers 304 Not Modified"),
        ("799 Odd", "the server answers 799"),
    ],
)
def test_answers_without_the_document_are_refused(
    server: WebServer, fetcher: Fetcher, status: str, reason: str
) -> None:
    server.answers["/"] = reply(b"", status)
    assert refuse(fetcher, server.url()) == reason


# Limits


def test_a_document_of_the_limit_is_read_and_one_byte_more_is_refused(server: WebServer) -> None:
    fetcher = make_fetcher(limits=Limits(max_bytes=1_000))
    server.answers["/"] = reply(bytes(1_000))
    assert len(fetch(fetcher, server.url()).data) == 1_000
    server.answers["/"] = reply(bytes(1_001))
    assert refuse(fetcher, server.url()) == "1,001 bytes, more than the limit of 1,000"
    server.answers["/"] = b"HTTP/1.1 200 OK\r\n\r\n" + bytes(1_001)
    assert refuse(fetcher, server.url()) == "more than the limit of 1,000 bytes"
    server.answers["/"] = reply(gzip.compress(bytes(1_000)), Content_Encoding="x-gzip")
    assert fetch(fetcher, server.url()).data == bytes(1_000)
    server.answers["/"] = reply(gzip.compress(bytes(1_001)), Content_Encoding="GZIP")
    assert refuse(fetcher, server.url()) == "more than the limit of 1,000 bytes"


def test_a_gzip_bomb_is_cut_at_the_limit(server: WebServer, fetcher: Fetcher) -> None:
    server.answers["/"] = reply(gzip.compress(bytes(100_000_000), 1), Content_Encoding="gzip")
    assert refuse(fetcher, server.url()) == "more than the limit of 20,000,000 bytes"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"Content_Encoding": "br"}, "compressed as 'br', which cannot be read"),
        ({"Content_Encoding": "deflate"}, "compressed as 'deflate', which cannot be read"),
        ({"Content_Encoding": "gzip, gzip"}, "compressed as 'gzip, gzip', which cannot be read"),
        ({"Content_Encoding": "gzip"}, "damaged gzip data"),
        ({"Content_Type": "image/png"}, "image/png holds no article"),
        ({"Content_Type": "VIDEO/mp4; x"}, "video/mp4 holds no article"),
        ({"Content_Type": "text/css"}, "text/css holds no article"),
    ],
)
def test_what_cannot_be_read_is_refused(
    server: WebServer, fetcher: Fetcher, fields: dict[str, str], reason: str
) -> None:
    server.answers["/"] = reply(PAGE, **fields)
    assert refuse(fetcher, server.url()) == reason


def test_compressed_data_that_breaks_off_is_refused(server: WebServer, fetcher: Fetcher) -> None:
    server.answers["/"] = reply(gzip.compress(PAGE)[:-4], Content_Encoding="gzip")
    assert refuse(fetcher, server.url()) == "gzip data that breaks off"


def test_two_fields_that_name_an_encoding_count_both(server: WebServer, fetcher: Fetcher) -> None:
    twice = reply(PAGE, Content_Encoding="identity\r\nContent-Encoding: gzip")
    server.answers["/"] = twice
    assert refuse(fetcher, server.url()) == ("compressed as 'identity, gzip', which cannot be read")


def test_a_document_in_crumbs_is_refused(
    server: WebServer, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["/"] = CHUNKED + b"1\r\nx\r\n" * 1_000 + b"0\r\n\r\n"
    monkeypatch.setattr("massilia.ingest.fetching._MAX_PIECES", 1_000)
    assert fetch(fetcher, server.url()).data == b"x" * 1_000
    monkeypatch.setattr("massilia.ingest.fetching._MAX_PIECES", 999)
    assert refuse(fetcher, server.url()) == "sent in more than 999 pieces"


def send_endlessly(head: bytes, piece: bytes) -> Answer:
    def send(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(piece)

    return send


def test_a_refused_document_is_not_read(server: WebServer, fetcher: Fetcher) -> None:
    for head in (b"Content-Type: image/png", b"Content-Length: 1000000000000"):
        server.broken_off.clear()
        head = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n"
        server.answers["/"] = send_endlessly(head, bytes(1_000_000))
        assert refuse(fetcher, server.url()) in {
            "image/png holds no article",
            "1,000,000,000,000 bytes, more than the limit of 20,000,000",
        }
        assert server.broken_off.wait(5)


HINTS = (b"HTTP/1.1 103 Early Hints\r\nLink: </" + b"a" * 900 + b">\r\n\r\n") * 100
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536),
        (b"HTTP/1.0 200 OK\r\n\r\n", b"x" * 65_536),
        (CHUNKED, b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
        # A hundred bytes are sent for one that counts.
        (CHUNKED, (b"1;" + b"a" * 90 + b"\r\nx\r\n") * 1_000),
        # Answers that say only that there will be one.
        (b"", HINTS),
    ],
)
def test_an_endless_answer_is_cut_at_the_limit(
    server: WebServer, head: bytes, piece: bytes
) -> None:
    server.answers["/"] = send_endlessly(head, piece)
    fetcher = make_fetcher(limits=Limits(max_bytes=1_000_000))
    assert refuse(fetcher, server.url()) == "more than the limit of 1,000,000 bytes"
    assert server.broken_off.wait(5)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        CHUNKED + b"5\r\nshort\r\n",
        CHUNKED + b"z\r\nshort\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nshorts",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1e12\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nno field\r\n\r\nshort",
        b"HTTP/1.1 2x0 OK\r\n\r\nshort",
        b"<p>HTTP 0.9</p>",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x16\x03\x01\x00\x05",
        b"",
    ],
)
def test_what_is_no_whole_http_answer_is_refused(
    server: WebServer, fetcher: Fetcher, answer: bytes
) -> None:
    server.answers["/"] = answer
    assert refuse(fetcher, server.url()).startswith("the answer is no valid HTTP: ")


def test_endless_fields_are_refused(server: WebServer, fetcher: Fetcher) -> None:
    for head in (b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nA: "):
        server.answers["/"] = send_endlessly(head, b"B: " + b"c" * 997)
        assert refuse(fetcher, server.url()).startswith("the answer is no valid HTTP: ")
    server.answers["/"] = send_endlessly(b"HTTP/1.1 200 OK\r\n", b"B: c\r\n" * 1_000)
    assert refuse(fetcher, server.url()).startswith("the answer is no valid HTTP: ")


def test_what_follows_the_document_is_left_out(server: WebServer, fetcher: Fetcher) -> None:
    server.answers["/"] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage, and more of it"
    assert fetch(fetcher, server.url()).data == b"page"


def test_servers_of_http_1_0_are_understood(server: WebServer, fetcher: Fetcher) -> None:
    server.answers["/"] = b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE
    assert fetch(fetcher, server.url()) == Fetched(server.url("/"), 200, PAGE, "text/html")


def stall(server: WebServer, *pieces: bytes, seconds: float = 5) -> Answer:
    """Send pieces, with a pause after each."""

    def send(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
            server.pause(seconds)

    return send


@pytest.mark.parametrize(
    "start", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npage"]
)
def test_a_server_that_stalls_is_given_up(server: WebServer, start: bytes) -> None:
    server.answers["/"] = stall(server, start)
    fetcher = make_fetcher(limits=Limits(silence_seconds=0.1))
    assert refuse(fetcher, server.url()) == "the server is silent for 0.1 s"


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nA: ",
        b"HTTP/1.1 200 OK\r\n\r\n",
        CHUNKED,
        # Without mtime, the second at which it is packed would be part of the test's name,
        # which each process of pytest-xdist has to find the same.
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
        + gzip.compress(bytes(999), 0, mtime=0)[:20],
    ],
)
def test_a_server_that_drips_is_given_up(server: WebServer, start: bytes) -> None:
    server.answers["/"] = stall(server, start, *[b"1"] * 100, seconds=0.05)
    fetcher = make_fetcher(limits=Limits(silence_seconds=0.2, total_seconds=0.4))
    assert refuse(fetcher, server.url()) == "the answer takes longer than 0.4 s"


def test_the_time_of_redirects_counts_and_that_of_waits_does_not(server: WebServer) -> None:
    def answer(location: str) -> Answer:
        def send(connection: socket.socket) -> None:
            server.pause(0.2)
            connection.sendall(redirect(location))

        return send

    server.answers |= {"/0": answer("/1"), "/1": answer("/2"), "/2": reply(PAGE)}
    assert fetch(make_fetcher(limits=Limits(total_seconds=2)), server.url("/0")).data == PAGE
    fetcher = make_fetcher(limits=Limits(total_seconds=0.3))
    assert refuse(fetcher, server.url("/0")) == (
        f"redirects to {server.url('/1')}: the answer takes longer than 0.3 s"
    )


# Conditional requests


def test_a_document_that_has_not_changed_is_not_sent_again(
    server: WebServer, fetcher: Fetcher
) -> None:
    server.answers["/"] = reply(b"", "304 Not Modified", ETag='"2"')
    found = fetcher.fetch(server.url(), etag='"1"', last_modified="Fri, 01 Apr 2022 10:24:00 GMT")
    assert found == NotModified(server.url("/"), '"2"', "Fri, 01 Apr 2022 10:24:00 GMT")
    fields = server.asked[-1].fields
    assert fields["if-none-match"] == '"1"'
    assert fields["if-modified-since"] == "Fri, 01 Apr 2022 10:24:00 GMT"
    server.answers["/"] = reply(PAGE, ETag='"3"')
    changed = fetcher.fetch(server.url(), etag='"1"')
    assert isinstance(changed, Fetched)
    assert (changed.data, changed.etag) == (PAGE, '"3"')
    assert "if-modified-since" not in server.asked[-1].fields


def test_conditions_go_with_redirects_and_not_to_robots_txt(
    server: WebServer, fetcher: Fetcher
) -> None:
    server.answers |= {"/": redirect("/b"), "/b": reply(b"", "304 Not Modified")}
    found = fetcher.fetch(server.url(), etag='"1"')
    assert found == NotModified(server.url("/b"), '"1"', redirects=(server.url("/"),))
    assert ["if-none-match" in each.fields for each in server.asked] == [False, True, True]


@pytest.mark.parametrize("etag", ["", "é", '"a\r\nHost: b"', "x" * 1_001])
def test_what_cannot_be_a_validator_is_not_sent(
    server: WebServer, fetcher: Fetcher, etag: str
) -> None:
    server.answers["/"] = reply(PAGE)
    fetcher.fetch(server.url(), etag=etag)
    assert "if-none-match" not in server.asked[-1].fields


# robots.txt


def test_what_robots_txt_forbids_is_not_asked_for(server: WebServer, fetcher: Fetcher) -> None:
    server.answers["/robots.txt"] = reply(b"User-agent: *\nDisallow: /private\n")
    server.answers |= {
        "/": reply(PAGE),
        "/private/a": reply(PAGE),
        "/lure": redirect("/private/a"),
    }
    assert fetch(fetcher, server.url()).data == PAGE
    forbidden = f"{server.url('/robots.txt')} forbids it"
    assert refuse(fetcher, server.url("/private/a")) == forbidden
    assert refuse(fetcher, server.url("/lure")) == (
        f"redirects to {server.url('/private/a')}: {forbidden}"
    )
    assert server.targets == ["/", "/lure"]
    assert len(server.asked) == 3


def test_each_port_has_its_own_rules(server: WebServer, fetcher: Fetcher) -> None:
    server.answers |= {"/robots.txt": reply(b"User-agent: *\nDisallow: /\n"), "/": reply(PAGE)}
    with WebServer({"/": redirect(server.url())}) as other:
        assert refuse(fetcher, other.url()).endswith(f"{server.url('/robots.txt')} forbids it")
    assert not server.targets


@pytest.mark.parametrize("status", ["400 Bad", "401 No", "403 No", "404 No", "410 Gone"])
def test_a_site_without_rules_allows_all(server: WebServer, fetcher: Fetcher, status: str) -> None:
    server.answers |= {"/robots.txt": reply(b"", status), "/": reply(PAGE)}
    assert fetch(fetcher, server.url()).data == PAGE


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply(b"", "500 Oops"), "the server answers 500 Internal Server Error"),
        (reply(b"", BUSY), "the server answers 503 Service Unavailable"),
        (reply(b"", "429 Slow down"), "the server answers 429 Too Many Requests"),
        (reply(b"", "204 Nothing"), "the server answers 204 No Content"),
        (redirect("http://10.0.0.1/"), "redirects to http://10.0.0.1/: 10.0.0.1 is a private"),
        (redirect("/robots.txt"), "redirects in a circle"),
        (b"nonsense", "the answer is no valid HTTP"),
        (reply(b"User", Content_Encoding="gzip"), "damaged gzip data"),
    ],
)
def test_a_site_whose_rules_cannot_be_read_is_refused_for_now(
    server: WebServer, time: Time, fetcher: Fetcher, answer: bytes, reason: str
) -> None:
    server.answers |= {"/robots.txt": answer, "/": reply(PAGE)}
    expected = f"refused for now, as robots.txt cannot be read: {reason}"
    assert refuse(fetcher, server.url()).startswith(expected)
    asked = len(server.asked)
    assert refuse(fetcher, server.url("/a")).startswith(expected)
    assert len(server.asked) == asked and not server.targets
    server.answers["/robots.txt"] = reply(b"")
    time.now += 601
    assert fetch(fetcher, server.url()).data == PAGE


def test_rules_may_lie_behind_a_redirect_and_be_compressed(
    server: WebServer, fetcher: Fetcher
) -> None:
    rules = gzip.compress(b"User-agent: *\nDisallow: /private\n")
    server.answers |= {
        "/robots.txt": redirect("/rules"),
        "/rules": reply(rules, Content_Encoding="gzip", Content_Type="image/png"),
        "/": reply(PAGE),
    }
    assert refuse(fetcher, server.url("/private")).endswith("forbids it")
    assert fetch(fetcher, server.url()).data == PAGE


def test_of_endless_rules_the_start_is_read(server: WebServer, fetcher: Fetcher) -> None:
    head = b"HTTP/1.1 200 OK\r\n\r\nUser-agent: *\nDisallow: /private\n"
    server.answers["/robots.txt"] = send_endlessly(head, b"Allow: /\n" * 10_000)
    server.answers["/"] = reply(PAGE)
    assert refuse(fetcher, server.url("/private")).endswith("forbids it")
    assert fetch(fetcher, server.url()).data == PAGE


def test_a_site_that_is_not_there_is_told_as_such(time: Time) -> None:
    with WebServer() as gone:
        url = gone.url()
    assert refuse(make_fetcher(), url) == "the connection fails: Connection refused"


# Politeness


def test_a_host_is_asked_once_a_second(server: WebServer, time: Time, fetcher: Fetcher) -> None:
    server.answers |= {"/": reply(PAGE), "/b": redirect("/")}
    fetcher.fetch(server.url())
    # robots.txt was the first request.
    assert time.waits == [1]
    fetcher.fetch(server.url("/b"))
    assert time.waits == [1, 1, 1]
    time.now += 0.75
    fetcher.fetch(server.url())
    assert time.waits == [1, 1, 1, 0.25]
    time.now += 5
    fetcher.fetch(server.url())
    assert time.waits == [1, 1, 1, 0.25]


def test_hosts_do_not_wait_for_each_other_and_ports_of_a_host_do(
    server: WebServer, time: Time
) -> None:
    names = {"one.example": ["127.0.0.1"], "two.example": ["127.0.0.1"]}
    server.answers["/"] = reply(PAGE)
    fetcher = make_fetcher(time, resolve=resolve_as(names))
    fetcher.fetch(server.url("/", "one.example"))
    fetcher.fetch(server.url("/", "two.example"))
    assert time.waits == [1, 1]
    with WebServer({"/": reply(PAGE)}) as other:
        fetcher.fetch(other.url("/", "two.example"))
    assert time.waits == [1, 1, 1, 1]


def test_a_host_is_asked_less_often_when_it_says_so(
    server: WebServer, time: Time, fetcher: Fetcher
) -> None:
    server.answers |= {
        "/robots.txt": reply(b"User-agent: *\nCrawl-delay: 7\n"),
        "/": reply(PAGE),
    }
    fetcher.fetch(server.url())
    fetcher.fetch(server.url())
    assert time.waits == [7, 7]
    server.answers["/robots.txt"] = reply(b"User-agent: *\nCrawl-delay: 86400\n")
    time.now += 86_400
    fetcher.fetch(server.url())
    assert time.waits == [7, 7, 30]


def test_threads_take_turns(server: WebServer, time: Time, fetcher: Fetcher) -> None:
    server.answers["/"] = reply(PAGE)
    fetcher.fetch(server.url())
    time.waits.clear()
    moments: list[float] = []
    lock = threading.Lock()

    def sleep(seconds: float) -> None:
        with lock:
            moments.append(time.now + seconds)

    fetcher = make_fetcher(time, sleep=sleep)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(fetcher.fetch, [server.url()] * 16))
    assert len(found) == 16
    assert sorted(moments) == [time.now + second for second in range(1, 17)]
    # Each waited for the same rules.
    assert len(server.asked) == 2 + 17


def busy(server: WebServer, times: int, **fields: str) -> Answer:
    """Put a client off for some times, and then answer it."""
    left = [reply(b"", BUSY, **fields)] * times

    def send(connection: socket.socket) -> None:
        connection.sendall(left.pop() if left else reply(PAGE))

    return send


def test_a_server_that_asks_for_a_little_time_gets_it(
    server: WebServer, time: Time, fetcher: Fetcher
) -> None:
    server.answers["/"] = busy(server, 2, Retry_After="12")
    assert fetch(fetcher, server.url()).data == PAGE
    assert time.waits == [1, 12, 12]
    server.answers["/"] = busy(server, 1, Retry_After="0")
    assert fetch(fetcher, server.url()).data == PAGE
    assert time.waits == [1, 12, 12, 1, 1]


def test_a_server_that_asks_again_and_again_is_given_up(
    server: WebServer, time: Time, fetcher: Fetcher
) -> None:
    server.answers["/"] = busy(server, 9, Retry_After="2")
    assert refuse(fetcher, server.url()) == "the server answers 503 Service Unavailable"
    assert server.targets == ["/"] * 3
    server.answers["/"] = busy(server, 1)
    assert refuse(fetcher, server.url()) == "the server answers 503 Service Unavailable"


def test_a_server_that_asks_for_long_is_left_alone(
    server: WebServer, time: Time, fetcher: Fetcher
) -> None:
    server.answers |= {
        "/": reply(b"", "429 Slow down", Retry_After="3600"),
        "/b": reply(PAGE),
    }
    reason = "127.0.0.1 asks us to stay away for {} s"
    assert refuse(fetcher, server.url()) == reason.format("3,600")
    time.now += 600
    assert refuse(fetcher, server.url("/b")) == reason.format("3,000")
    assert server.targets == ["/"]
    time.now += 2_980
    assert fetch(fetcher, server.url("/b")).data == PAGE
    assert time.waits == [1, 20]


@pytest.mark.parametrize(
    ("until", "now", "wait"),
    [
        ("Fri, 01 Apr 2022 10:24:20 GMT", "Fri, 01 Apr 2022 10:24:00 GMT", 20),
        ("Fri, 01 Apr 2022 10:24:20 -0000", "Fri, 01 Apr 2022 10:24:00 GMT", 20),
        ("Fri, 01 Apr 2022 10:23:00 GMT", "Fri, 01 Apr 2022 10:24:00 GMT", 1),
        ("Fri, 01 Apr 2022 10:23:00 GMT", "nonsense", 1),
    ],
)
def test_the_time_may_be_given_as_a_date(
    server: WebServer, time: Time, fetcher: Fetcher, until: str, now: str, wait: int
) -> None:
    server.answers["/"] = busy(server, 1, Retry_After=until, Date=now)
    assert fetch(fetcher, server.url()).data == PAGE
    assert time.waits == [1, wait]


@pytest.mark.parametrize(
    "value", ["soon", "-1", "9" * 5_000, "Fri, 99 Apr 2022 10:24:20 GMT", "1.5"]
)
def test_a_time_that_is_none_is_not_waited_for(
    server: WebServer, time: Time, fetcher: Fetcher, value: str
) -> None:
    server.answers["/"] = busy(server, 1, Retry_After=value)
    assert refuse(fetcher, server.url()) == "the server answers 503 Service Unavailable"
    assert time.waits == [1]


def test_closing_ends_the_waits_of_other_threads(server: WebServer) -> None:
    server.answers |= {
        "/robots.txt": reply(b"User-agent: *\nCrawl-delay: 30\n"),
        "/": reply(PAGE),
    }
    with Fetcher(allow_loopback=True) as fetcher, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(refuse, fetcher, server.url())
        assert server.reached.wait(5)
        fetcher.close()
        assert waiting.result(5) == "nothing more is fetched"
    assert refuse(fetcher, server.url()) == "nothing more is fetched"
    assert not server.targets


# TLS


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    context, _ = make_certificate(tmp_path, "localhost")
    with WebServer({"/": reply(PAGE)}, context=context) as server:
        reason = refuse(make_fetcher(), server.url("/", "localhost"))
    # OpenSSL 1.1 writes it without the hyphen.
    assert re.fullmatch("the server's certificate is not trusted: self.signed certificate", reason)
    assert not server.asked


def test_the_certificate_is_that_of_the_name_and_not_of_the_address(tmp_path: Path) -> None:
    context, certificate = make_certificate(tmp_path, "port.example")
    trust = ssl.create_default_context(cafile=certificate)
    names = {"port.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]}
    fetcher = make_fetcher(resolve=resolve_as(names), ssl_context=trust)
    with WebServer({"/": reply(PAGE)}, context=context) as server:
        assert fetch(fetcher, server.url("/", "port.example")).data == PAGE
        assert server.names == ["port.example", "port.example"]
        assert server.asked[-1].fields["host"] == f"port.example:{server.port}"
        for host, shown in (("other.example", "other.example"), ("127.0.0.1", "127.0.0.1")):
            reason = refuse(fetcher, server.url("/", host))
            assert reason.startswith("the server's certificate is not trusted: ")
            assert "mismatch" in reason and shown in reason


def test_a_redirect_from_https_to_http_is_refused(tmp_path: Path, server: WebServer) -> None:
    context, certificate = make_certificate(tmp_path, "port.example")
    trust = ssl.create_default_context(cafile=certificate)
    fetcher = make_fetcher(resolve=resolve_as({"port.example": ["127.0.0.1"]}), ssl_context=trust)
    server.answers["/"] = reply(PAGE)
    with WebServer({"/": redirect(server.url())}, context=context) as safe:
        url = safe.url("/", "port.example")
        assert refuse(fetcher, url) == f"redirects to '{server.url()}', from https to http"
        server.answers["/up"] = redirect(url)
        safe.answers["/"] = reply(PAGE)
        assert fetch(fetcher, server.url("/up")).url == url
    assert server.targets == ["/up"]


def test_what_speaks_no_tls_is_told_as_such() -> None:
    def answer(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(reply(b"", "400 Bad Request"))
            connection.recv(65_536)

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        answered = pool.submit(answer, listener)
        reason = refuse(make_fetcher(), f"https://127.0.0.1:{listener.getsockname()[1]}/")
        answered.result(5)
    assert reason.startswith("no safe connection: ")


def test_limits_hold_within_tls(tmp_path: Path) -> None:
    context, certificate = make_certificate(tmp_path, "port.example")
    given = {
        "resolve": resolve_as({"port.example": ["127.0.0.1"]}),
        "ssl_context": ssl.create_default_context(cafile=certificate),
    }
    with WebServer(context=context) as server:
        url = server.url("/", "port.example")
        server.answers["/"] = stall(server, *[b"1"] * 100, seconds=0.05)
        limits = Limits(silence_seconds=0.2, total_seconds=0.4)
        assert refuse(make_fetcher(limits=limits, **given), url) == (
            "the answer takes longer than 0.4 s"
        )
        server.answers["/"] = send_endlessly(b"", HINTS)
        limits = Limits(max_bytes=10_000)
        assert refuse(make_fetcher(limits=limits, **given), url) == (
            "more than the limit of 10,000 bytes"
        )


def test_a_server_that_stalls_within_tls_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        fetcher = make_fetcher(limits=Limits(silence_seconds=0.1))
        assert refuse(fetcher, url).endswith("the server is silent for 0.1 s")
