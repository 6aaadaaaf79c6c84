"""The HTTP server."""

import signal
import socket
from contextlib import suppress

import click
import uvicorn

from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.serving import DEFAULT_OPTIONS, ServingOptions
from massilia.service.suggestions import Suggestions

SHUTDOWN_SECONDS = 5


def run_server(
    answerer: Answerer, listener: socket.socket, options: ServingOptions = DEFAULT_OPTIONS
) -> None:
    """Serve until SIGINT or SIGTERM, on a socket that is bound already."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    suggestions = Suggestions(answerer)
    server = _AnnouncingServer(
        uvicorn.Config(
            create_app(answerer, suggestions, options),
            log_level="warning",
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            server_header=False,
        ),
        f"http://{shown}:{port}/",
    )
    # Once it has closed, uvicorn passes on the signal that stopped it; that is how a server ends.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), suggestions.running():
        server.run(sockets=[listener])


class _AnnouncingServer(uvicorn.Server):
    """Tell the address once requests are accepted, not before."""

    def __init__(self, config: uvicorn.Config, address: str) -> None:
        super().__init__(config)
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        click.echo(f"Massilia answers at {self._address}")
