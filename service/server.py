"""The HTTP server."""

import socket

import click
import uvicorn

from massilia.service.answerer import Answerer
from massilia.service.app import create_app

SHUTDOWN_SECONDS = 5


def run_server(answerer: Answerer, listener: socket.socket) -> None:
    """Serve until interrupted, on a socket that is bound already."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    server = _AnnouncingServer(
        uvicorn.Config(
            create_app(answerer),
            log_level="warning",
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            server_header=False,
        ),
        f"http://{shown}:{port}/",
    )
    server.run(sockets=[listener])


class _AnnouncingServer(uvicorn.Server):
    """Tell the address once requests are accepted, not before."""

    def __init__(self, config: uvicorn.Config, address: str) -> None:
        super().__init__(config)
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        click.echo(f"Massilia answers at {self._address}")
