"""A web server for tests: it listens on loopback and answers byte for byte what it is told."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

Answer = bytes | Callable[[socket.socket], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """Hold what a client asked for; the names of `fields` are in lower case."""

    target: str
    fields: Mapping[str, str] = field(compare=False)


class WebServer:
    """Answer GET requests in threads of their own, by `answers`, and write down what was asked.

    An answer is the bytes to send, or what is to be done with the connection. A robots.txt that
    isn't among them doesn't exist; nor does anything else.
    """

    def __init__(
        self,
        answers: Mapping[str, Answer] | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.answers = dict(answers or {})
        self.asked: list[Asked] = []
        self.names: list[str | None] = []
        self.reached = threading.Event()
        self.broken_off = threading.Event()
        self._scheme = "https" if context else "http"
        self._context = context
        if context is not None:
            context.sni_callback = lambda _, name, __: self.names.append(name)
        self._listener = socket.create_server((host, port))
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def host(self) -> str:
        return str(self._listener.getsockname()[0])

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def targets(self) -> list[str]:
        """List what was asked for, robots.txt apart."""
        return [asked.target for asked in self.asked if asked.target != "/robots.txt"]

    def url(self, target: str = "/", host: str | None = None) -> str:
        return f"{self._scheme}://{host or self.host}:{self.port}{target}"

    def pause(self, seconds: float) -> None:
        """Wait as a slow server does, but no longer than the test lasts."""
        if self._ended.wait(seconds):
            raise ConnectionAbortedError

    def __enter__(self) -> Self:
        self._start(self._listen)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        # Closing a listener doesn't wake who waits at it.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def _start(self, run: Callable[..., None], *values: object) -> None:
        thread = threading.Thread(target=run, args=values)
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        # What the client does to the connection is its own affair.
        with connection, suppress(OSError):
            connection.settimeout(10)
            if self._context is None:
                self._answer(connection)
                return
            with self._context.wrap_socket(connection, server_side=True) as wrapped:
                self._answer(wrapped)

    def _answer(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            data = connection.recv(65_536)
            if not data:
                return
            head += data
        first, *lines = head.decode("latin-1").split("\r\n")
        target = first.split(" ")[1]
        named = (line.partition(": ") for line in lines if line)
        self.asked.append(Asked(target, {name.lower(): value for name, _, value in named}))
        self.reached.set()
        answer = self.answers.get(target, reply(b"", "404 Not Found"))
        try:
            if isinstance(answer, bytes):
                connection.sendall(answer)
            else:
                answer(connection)
        except OSError:
            self.broken_off.set()
            raise


def reply(body: bytes = b"", status: str = "200 OK", **fields: str) -> bytes:
    """Write an answer; `Content_Type` names the field Content-Type."""
    named = {"Content-Length": str(len(body)), "Connection": "close"} | {
        name.replace("_", "-"): value for name, value in fields.items()
    }
    head = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join([*head, "", ""]).encode() + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    return reply(b"", status, Location=location)


def make_certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for `name` that vouches for itself; skip where there is no openssl."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl on this machine to make a certificate with")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", str(key)]
    command += ["-addext", f"subjectAltName=DNS:{name}", "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate
