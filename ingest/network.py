"""Connections to the very addresses that were checked, within limits of time and size."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import httpcore2

from massilia.corpus.document import MAX_BYTES
from massilia.ingest.addresses import find_objection, is_allowed_port, is_number

Resolve = Callable[[str, float], Sequence[str]]
"""Give the IP addresses of a host name within some seconds; raises `Unconnected`."""

# Sites have a few; one that has hundreds would have us try them for an hour.
_MAX_ADDRESSES: Final = 4
# What the head of an answer and the marks between its chunks may take beside the document.
_OVERHEAD_BYTES: Final = 1_000_000


class Refused(Exception):
    """Say, for people, why something isn't fetched."""


class Forbidden(Refused):
    """Say why an address may not be asked, whatever is there."""


class Unreachable(Refused):
    """Say why there is no answer that can be read; another day there might be."""


class Unconnected(Unreachable):
    """Say why there is no connection to a server at all."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bound what one document may cost.

    `connect_seconds` bounds the search for a host's addresses and the connection to each of them,
    `silence_seconds` each wait for further bytes, and `total_seconds` all requests for a document
    together, redirects included. `max_bytes` holds before and after decompression. `longest_wait`
    bounds, in seconds, each wait that a server asks for.
    """

    max_bytes: int = MAX_BYTES
    connect_seconds: float = 10
    silence_seconds: float = 20
    total_seconds: float = 120
    redirects: int = 5
    longest_wait: float = 30


class TimeBudget:
    """Count the time of the requests for a document; polite waits between them are free."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._left = seconds
        self._deadline = 0.0

    @contextmanager
    def run(self) -> Iterator[None]:
        """Let the time run."""
        self._deadline = time.monotonic() + self._left
        try:
            yield
        finally:
            self._left = self._deadline - time.monotonic()

    def measure_rest(self) -> float:
        """Return the seconds that are left; raises `Unreachable` when there are none."""
        rest = self._deadline - time.monotonic()
        if rest <= 0:
            raise Unreachable(f"the answer takes longer than {self._seconds:g} s")
        return rest


def resolve_host(host: str, seconds: float) -> list[str]:
    """Return the IP addresses that the system knows for `host`.

    Raises `Unconnected` when it knows none, or says nothing for `seconds`: the system's own limit
    can't be set, and is often half a minute.
    """
    answers: list[list[str] | OSError] = []

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            answers.append(error)
        else:
            answers.append([str(address[0]) for *_, address in found])

    # It can't be stopped, and ends when the system gives up; nothing waits for it.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    if not answers:
        raise Unconnected(f"the name {host} cannot be resolved: no answer for {seconds:g} s")
    (answer,) = answers
    if isinstance(answer, OSError):
        raise Unconnected(f"the name {host} cannot be resolved: {_explain(answer)}") from answer
    return answer


class CheckedNetwork(httpcore2.NetworkBackend):
    """Connect to a host by the number of an address that was checked.

    A name is resolved once for each connection, all that it stands for is checked, and just that is
    connected to: a name server that answers otherwise a moment later (DNS rebinding) isn't asked
    again. Requests and certificates still go by the name.
    """

    def __init__(
        self, limits: Limits, budget: TimeBudget, resolve: Resolve, *, allow_loopback: bool = False
    ) -> None:
        self._limits = limits
        self._budget = budget
        self._resolve = resolve
        self._allow_loopback = allow_loopback

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first address of `host` that answers.

        Raises `Forbidden` when one of its addresses may not be asked, and `Unconnected`.
        """
        failure: Unreachable = Unconnected(f"the name {host} stands for no address")
        for address in self._list_addresses(host, port)[:_MAX_ADDRESSES]:
            seconds = min(self._limits.connect_seconds, self._budget.measure_rest())
            try:
                stream = httpcore2.SyncBackend().connect_tcp(
                    address, port, seconds, local_address, socket_options
                )
            except httpcore2.ConnectTimeout:
                failure = Unconnected(f"no connection within {seconds:g} s")
            except httpcore2.ConnectError as error:
                failure = explain_fault(error)
            else:
                return _BoundedStream(stream, self._limits, self._budget)
        raise failure

    def _list_addresses(self, host: str, port: int) -> Sequence[str]:
        if is_number(host):
            addresses: Sequence[str] = [host]
        else:
            seconds = min(self._limits.connect_seconds, self._budget.measure_rest())
            addresses = self._resolve(host, seconds)
        for address in addresses:
            if objection := find_objection(address, allow_loopback=self._allow_loopback):
                shown = f"{host} is" if address == host else f"{host} is {address},"
                raise Forbidden(f"{shown} {objection}")
        # Test servers listen where the system lets them. Whatever is still objected to is loopback.
        if not is_allowed_port(port) and not all(map(find_objection, addresses)):
            raise Forbidden(f"port {port} is not asked: only 80, 443 and 8000 to 8999 are")
        return addresses


class _BoundedStream(httpcore2.NetworkStream):
    """Read and write within the limits, whatever was asked for.

    Those of httpcore2 hold for each read by itself: a server that sends a byte a second, or one
    interim answer after another, keeps within them for ever.
    """

    def __init__(
        self,
        stream: httpcore2.NetworkStream,
        limits: Limits,
        budget: TimeBudget,
    ) -> None:
        self._stream = stream
        self._limits = limits
        self._budget = budget
        self._received = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with self._bound() as seconds:
            data = self._stream.read(max_bytes, seconds)
        self._received += len(data)
        if self._received > self._limits.max_bytes + _OVERHEAD_BYTES:
            raise Refused(f"more than the limit of {self._limits.max_bytes:,} bytes")
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with self._bound() as seconds:
            self._stream.write(buffer, seconds)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        with self._bound() as seconds:
            stream = self._stream.start_tls(ssl_context, server_hostname, seconds)
        return _BoundedStream(stream, self._limits, self._budget)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)

    @contextmanager
    def _bound(self) -> Iterator[float]:
        seconds = min(self._limits.silence_seconds, self._budget.measure_rest())
        try:
            yield seconds
        except httpcore2.TimeoutException as error:
            self._budget.measure_rest()
            raise Unreachable(f"the server is silent for {seconds:g} s") from error


def explain_fault(error: Exception) -> Unreachable:
    """Return what says for people what httpcore2 reports."""
    kind = Unconnected if isinstance(error, httpcore2.ConnectError) else Unreachable
    return kind(_describe_fault(error))


def _describe_fault(error: Exception) -> str:
    if isinstance(error, httpcore2.ProtocolError):
        return f"the answer is no valid HTTP: {error}"
    cause = error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the server's certificate is not trusted: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return f"no safe connection: {cause.reason or cause}"
    if isinstance(cause, OSError):
        return f"the connection fails: {_explain(cause)}"
    return f"the connection fails: {error}"


def _explain(error: OSError) -> str:
    return error.strerror or str(error)
