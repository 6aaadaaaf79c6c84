"""The HTTP server."""

import signal
import socket
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import click
import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.serving import DEFAULT_OPTIONS, ServingOptions
from massilia.service.shared_counts import keep_counts
from massilia.service.suggestions import Suggestions

SHUTDOWN_SECONDS = 5
START_SECONDS = 60

OpenAnswerer = Callable[[], AbstractContextManager[Answerer]]


def run_server(
    open_answerer: OpenAnswerer,
    listener: socket.socket,
    options: ServingOptions = DEFAULT_OPTIONS,
    workers: int = 1,
) -> None:
    """Serve until SIGINT or SIGTERM, on a socket that is bound already.

    With several `workers`, each is a process of its own that opens the library, and all take
    requests from the socket and count them together; one that dies is replaced. `open_answerer`
    must then be picklable.
    """
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{port}/"
    with open_answerer() as answerer:
        # Several find the library built here, and what is wrong with it is told once.
        if workers == 1:
            _run_here(answerer, listener, options, address)
            return
    with keep_counts() if options.rate_limit else nullcontext() as counts:
        config = uvicorn.Config(
            partial(_make_worker, open_answerer, replace(options, counts=counts)),
            factory=True,
            workers=workers,
            **_SETTINGS,
        )
        _AnnouncingWorkers(config, [listener], address).run()


def _run_here(
    answerer: Answerer, listener: socket.socket, options: ServingOptions, address: str
) -> None:
    config = uvicorn.Config(create_app(answerer, Suggestions(answerer), options), **_SETTINGS)
    # Once it has closed, uvicorn passes on the signal that stopped it; that is how a server ends.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        _AnnouncingServer(config, address).run(sockets=[listener])


def _make_worker(open_answerer: OpenAnswerer, options: ServingOptions) -> FastAPI:
    opened = ExitStack()
    answerer = opened.enter_context(open_answerer())
    app = create_app(answerer, Suggestions(answerer), options)
    # Let go of, it would be closed here; so it is with the process.
    app.state.opened = opened
    return app


_SETTINGS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "log_level": "warning",
        "timeout_graceful_shutdown": SHUTDOWN_SECONDS,
        "server_header": False,
    }
)


class _AnnouncingServer(uvicorn.Server):
    """Tell the address once requests are accepted, not before."""

    def __init__(self, config: uvicorn.Config, address: str) -> None:
        super().__init__(config)
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        _announce(self._address)


class _AnnouncingWorkers(Multiprocess):
    """Tell the address once every process accepts requests."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], address: str) -> None:
        super().__init__(config, sockets)
        self._address = address

    def init_processes(self) -> None:
        super().init_processes()
        if all(each.wait_until_ready(START_SECONDS) for each in self.processes):
            _announce(self._address)


def _announce(address: str) -> None:
    click.echo(f"Massilia answers at {address}")
