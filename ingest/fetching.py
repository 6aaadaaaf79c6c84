"""Documents from the web, asked for safely and politely."""

import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property, partial
from http import HTTPStatus
from importlib.metadata import metadata
from types import TracebackType
from typing import Final, Self, TypeGuard

import httpcore2

from massilia.corpus.errors import ArticleError, show_value
from massilia.corpus.pattern import Pattern
from massilia.ingest.addresses import WebAddress, hide_credentials, join_address, parse_address
from massilia.ingest.decompression import decompress_gzip
from massilia.ingest.network import (
    CheckedNetwork,
    Forbidden,
    Limits,
    Refused,
    Resolve,
    TimeBudget,
    Unconnected,
    Unreachable,
    explain_fault,
    resolve_host,
)
from massilia.ingest.pace import Clock, Pace
from massilia.ingest.robots import AGENT, ROBOTS_BYTES, Robots, RobotsCache, parse_robots

INTERVAL: Final = 1.0
"""The seconds between two requests to a host, unless it asks for more."""

_ACCEPTED: Final = (
    "text/html, application/xhtml+xml, application/rss+xml, application/atom+xml, "
    "application/xml;q=0.9, application/pdf;q=0.9, */*;q=0.5"
)
# Nothing of these kinds holds an article; all others are told by their content.
_REFUSED_KINDS: Final = frozenset({"audio", "font", "image", "model", "video"})
_REFUSED_TYPES: Final = frozenset(
    {"application/javascript", "application/wasm", "text/css", "text/javascript"}
)
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_BUSY: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_MAX_TRIES: Final = 3
# All that is asked of robots.txt is half a megabyte at most.
_ROBOTS_SECONDS: Final = 30.0
# The largest document takes 14,000 packets. Without a limit, one sent byte by byte in chunks would
# keep us busy for all the time that a document may take.
_MAX_PIECES: Final = 200_000
# Validators are kept for as long as the document, and sent back as they are.
_MAX_VALIDATOR_CHARACTERS: Final = 1_000
_MEDIA_TYPE = Pattern(r"\s*([\w.+-]+/[\w.+-]+)\s*(?:;|\Z)")
_CHARSET = Pattern(r"(?i);\s*charset\s*=\s*[\"']?([\w.:+-]+)")
_SECONDS = Pattern(r"\s*([0-9]{1,9})\s*")


@dataclass(frozen=True, slots=True)
class Fetched:
    """Hold a document as its server gave it, decompressed.

    `url` is where it was in the end, and `redirects` are the URLs before that, in order.
    `media_type` and `charset` are what the server declares, in lower case; `etag` and
    `last_modified` are to be given when the document is fetched again.
    """

    url: str
    status: int
    data: bytes = field(repr=False)
    media_type: str | None = None
    charset: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    redirects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotModified:
    """Say that a document is still the one that was fetched before.

    `etag` and `last_modified` are those to ask with the next time: the given ones, where the server
    names no others.
    """

    url: str
    etag: str | None = None
    last_modified: str | None = None
    redirects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    fields: Mapping[str, str]
    data: bytes = b""

    @property
    def is_redirect(self) -> bool:
        return self.status in _REDIRECTS and "location" in self.fields


class Fetcher:
    """Fetch documents by URL, from any number of threads.

    Only http and https URLs of public addresses are fetched, and the addresses are checked after
    each name is resolved and each redirect followed. What a robots.txt forbids isn't fetched. A
    host is asked once a second, or less often when it says so. The proxies that the environment
    names aren't used: they resolve names themselves, so that nothing could be checked. There are no
    cookies.
    """

    def __init__(
        self,
        *,
        allow_loopback: bool = False,
        contact: str | None = None,
        interval: float = INTERVAL,
        limits: Limits | None = None,
        resolve: Resolve = resolve_host,
        ssl_context: ssl.SSLContext | None = None,
        clock: Clock = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        """Take the `contact` that servers are shown (a URL, say), and what tests set otherwise."""
        self._allow_loopback = allow_loopback
        self._agent = describe_agent(contact)
        self._interval = interval
        self._limits = limits or Limits()
        self._resolve = resolve
        self._given_context = ssl_context
        self._closed = threading.Event()
        self._pace = Pace(clock, sleep or self._closed.wait)
        self._robots = RobotsCache(clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Send no further request; threads that wait for their turn are refused at once."""
        self._closed.set()

    def fetch(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None
    ) -> Fetched | NotModified:
        """Return the document at `url`, or say that it is still the one with these validators.

        Raises `ArticleError`, which names what was refused and why.
        """
        conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        sent = {name: value for name, value in conditions.items() if _is_validator(value)}
        budget = TimeBudget(self._limits.total_seconds)
        try:
            reply, address, redirects = self._follow(
                _parse(url), partial(self._ask_for_document, sent, budget)
            )
        except Refused as error:
            raise ArticleError(hide_credentials(url), str(error)) from error
        new_etag = _read_validator(reply, "etag")
        changed = _read_validator(reply, "last-modified")
        if reply.status == HTTPStatus.NOT_MODIFIED:
            return NotModified(address.url, new_etag or etag, changed or last_modified, redirects)
        return Fetched(
            address.url,
            reply.status,
            reply.data,
            _read_media_type(reply),
            _read_charset(reply),
            new_etag,
            changed,
            redirects,
        )

    def _follow(
        self, address: WebAddress, ask: Callable[[WebAddress], _Reply]
    ) -> tuple[_Reply, WebAddress, tuple[str, ...]]:
        redirects: list[str] = []
        while True:
            try:
                reply = ask(address)
            except Refused as error:
                if not redirects:
                    raise
                raise Refused(f"redirects to {address.url}: {error}") from error
            if not reply.is_redirect:
                return reply, address, tuple(redirects)
            redirects.append(address.url)
            address = _redirect(address, reply.fields["location"])
            if address.url in redirects:
                raise Refused(f"redirects in a circle, to {address.url} again")
            if len(redirects) > self._limits.redirects:
                raise Refused(f"redirects more than {self._limits.redirects} times")

    def _ask_for_document(
        self, conditions: Mapping[str, str], budget: TimeBudget, address: WebAddress
    ) -> _Reply:
        robots = self._robots.find(address.origin, partial(self._read_robots, address))
        if not robots.allows(address.url):
            raise Forbidden(f"{address.origin}/robots.txt forbids it")
        interval = max(self._interval, min(robots.delay, self._limits.longest_wait))
        reply = self._ask(address, interval, partial(self._send, address, conditions, budget))
        wanted = {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED} if conditions else {HTTPStatus.OK}
        if reply.status not in wanted and not reply.is_redirect:
            raise Refused(_describe_status(reply))
        return reply

    def _read_robots(self, asked: WebAddress) -> Robots:
        first = WebAddress(asked.scheme, asked.host, asked.port, "/robots.txt")
        budget = TimeBudget(min(_ROBOTS_SECONDS, self._limits.total_seconds))

        def ask(address: WebAddress) -> _Reply:
            send = partial(self._send, address, {}, budget, for_robots=True)
            return self._ask(address, self._interval, send)

        try:
            reply, _, _ = self._follow(first, ask)
            if reply.status == HTTPStatus.OK:
                return parse_robots(reply.data)
            # RFC 9309 (2.3.1.3) counts 429 as "no rules" too; whoever says it means something else.
            if 400 <= reply.status < 500 and reply.status not in _BUSY:
                return parse_robots(b"")
            raise Unreachable(_describe_status(reply))
        except (Forbidden, Unconnected):
            raise
        except (Refused, ValueError) as error:
            raise Unreachable(f"refused for now, as robots.txt cannot be read: {error}") from error

    def _ask(self, address: WebAddress, interval: float, send: Callable[[], _Reply]) -> _Reply:
        """Send a request when it is its turn, and again when the server asks us to wait a little.

        Raises `Unreachable` when it asks us to wait for long.
        """
        tries = 0
        while True:
            seconds = self._pace.measure_absence(address.host)
            if seconds > self._limits.longest_wait:
                raise Unreachable(f"{address.host} asks us to stay away for {seconds:,.0f} s")
            self._pace.wait(address.host, interval)
            if self._closed.is_set():
                raise Refused("nothing more is fetched")
            reply = send()
            tries += 1
            if reply.status not in _BUSY:
                return reply
            wait = _read_retry_after(reply)
            if wait is None or tries == _MAX_TRIES:
                return reply
            self._pace.stay_away(address.host, wait)

    def _send(
        self,
        address: WebAddress,
        conditions: Mapping[str, str],
        budget: TimeBudget,
        *,
        for_robots: bool = False,
    ) -> _Reply:
        network = CheckedNetwork(
            self._limits, budget, self._resolve, allow_loopback=self._allow_loopback
        )
        url = httpcore2.URL(
            scheme=address.scheme.encode(),
            host=address.host.encode(),
            port=address.port,
            target=address.target.encode(),
        )
        headers = [
            ("Host", address.authority),
            ("User-Agent", self._agent),
            ("Accept", "text/plain" if for_robots else _ACCEPTED),
            ("Accept-Encoding", "gzip"),
            ("Connection", "close"),
            *conditions.items(),
        ]
        # One connection for one request: each is checked, and at one request a second little is
        # won by keeping them.
        context = self._ssl_context if address.scheme == "https" else None
        connection = httpcore2.HTTPConnection(url.origin, context, network_backend=network)
        try:
            with budget.run():
                response = connection.handle_request(httpcore2.Request("GET", url, headers=headers))
                fields = _read_fields(response.headers)
                reply = _Reply(response.status, fields)
                if reply.status != HTTPStatus.OK:
                    return reply
                if for_robots:
                    data = _read_start(_decode(response, reply), ROBOTS_BYTES)
                else:
                    _check_head(reply, self._limits.max_bytes)
                    data = _read_all(_decode(response, reply), self._limits.max_bytes)
                return _Reply(reply.status, fields, data)
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            raise explain_fault(error) from error
        finally:
            connection.close()

    @cached_property
    def _ssl_context(self) -> ssl.SSLContext:
        # Reading the system's certificates takes longer than a connection.
        return self._given_context or httpcore2.default_ssl_context()


def describe_agent(contact: str | None = None) -> str:
    """Return what we call ourselves to servers: "Massilia/1.0 (+https://...)".

    What stands in brackets is `contact`, or else the project's home page, or else left out. Raises
    `ValueError` for a contact that isn't printable ASCII.
    """
    package = metadata("massilia")
    if contact is None:
        links = [link.partition(", ") for link in package.get_all("Project-URL", [])]
        contact = next((url for label, _, url in links if label.lower() == "homepage"), None)
    if contact is not None and not (contact.isascii() and contact.isprintable()):
        raise ValueError(f"a contact must be printable ASCII, not {show_value(contact)}")
    name = f"{AGENT}/{package['Version']}"
    return f"{name} (+{contact})" if contact else name


def _parse(url: str) -> WebAddress:
    try:
        return parse_address(url)
    except ValueError as error:
        raise Forbidden(str(error)) from error


def _redirect(address: WebAddress, location: str) -> WebAddress:
    # Servers write UTF-8 where only ASCII is allowed.
    with suppress(UnicodeDecodeError):
        location = location.encode("latin-1").decode()
    shown = show_value(hide_credentials(location))
    try:
        target = join_address(address, location)
    except ValueError as error:
        raise Refused(f"redirects to {shown}: {error}") from error
    if address.scheme == "https" and target.scheme == "http":
        raise Refused(f"redirects to {shown}, from https to http")
    return target


def _read_fields(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("ascii").lower(), raw_value.decode("latin-1").strip()
        # Of what may stand there once only, the first counts.
        if name in fields and name == "content-encoding":
            value = f"{fields[name]}, {value}"
        elif name in fields:
            continue
        fields[name] = value
    return fields


def _check_head(reply: _Reply, limit: int) -> None:
    """Refuse, before it is read, what holds no article or says that it is too large."""
    media_type = _read_media_type(reply)
    if media_type is not None and (
        media_type in _REFUSED_TYPES or media_type.partition("/")[0] in _REFUSED_KINDS
    ):
        raise Refused(f"{media_type} holds no article")
    length = reply.fields.get("content-length", "")
    if length.isdecimal() and int(length) > limit:
        raise Refused(f"{int(length):,} bytes, more than the limit of {limit:,}")


def _read_media_type(reply: _Reply) -> str | None:
    found = _MEDIA_TYPE.match(reply.fields.get("content-type", ""))
    return found[1].lower() if found else None


def _read_charset(reply: _Reply) -> str | None:
    found = _CHARSET.search(reply.fields.get("content-type", ""))
    return found[1].lower() if found else None


def _read_validator(reply: _Reply, name: str) -> str | None:
    value = reply.fields.get(name)
    return value if _is_validator(value) else None


def _is_validator(value: str | None) -> TypeGuard[str]:
    return (
        value is not None
        and 0 < len(value) <= _MAX_VALIDATOR_CHARACTERS
        and value.isascii()
        and value.isprintable()
    )


def _read_retry_after(reply: _Reply) -> float | None:
    value = reply.fields.get("retry-after", "")
    if seconds := _SECONDS.fullmatch(value):
        return float(seconds[1])
    until, now = _read_date(value), _read_date(reply.fields.get("date", ""))
    if until is None:
        return None
    return (until - (now or datetime.now(UTC))).total_seconds()


def _read_date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _decode(response: httpcore2.Response, reply: _Reply) -> Iterator[bytes]:
    chunks = _limit_pieces(response.iter_stream())
    encoding = reply.fields.get("content-encoding", "identity").lower()
    if encoding in {"", "identity"}:
        yield from chunks
    elif encoding in {"gzip", "x-gzip"}:
        try:
            yield from decompress_gzip(chunks)
        except ValueError as error:
            raise Refused(str(error)) from error
    else:
        raise Refused(f"compressed as {show_value(encoding)}, which cannot be read")


def _limit_pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for count, chunk in enumerate(chunks):
        if count == _MAX_PIECES:
            raise Refused(f"sent in more than {_MAX_PIECES:,} pieces")
        yield chunk


def _read_all(chunks: Iterable[bytes], limit: int) -> bytes:
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > limit:
            raise Refused(f"more than the limit of {limit:,} bytes")
    return bytes(data)


def _read_start(chunks: Iterable[bytes], size: int) -> bytes:
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > size:
            break
    return bytes(data)


def _describe_status(reply: _Reply) -> str:
    try:
        phrase = HTTPStatus(reply.status).phrase
    except ValueError:
        return f"the server answers {reply.status}"
    return f"the server answers {reply.status} {phrase}"
