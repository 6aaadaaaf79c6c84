"""MCP over HTTP, without what it takes until somebody speaks it."""

from importlib import import_module

import anyio
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from massilia.service.answerer import Answerer

PATH = "/mcp"
SERVER = "massilia.service.mcp_server"


def make_mcp_route(answerer: Answerer, allowed_origins: tuple[str, ...] = ()) -> Route:
    """Return the route at which MCP is spoken, also by pages of the `allowed_origins`.

    It takes POST alone: the server says nothing unasked, and there is no session to end.
    """
    endpoint = _McpEndpoint(answerer, allowed_origins)
    return Route(PATH, endpoint, methods=["POST"], include_in_schema=False)


class _McpEndpoint:
    """Answer MCP requests, as an ASGI application; the first one loads the packages they need."""

    def __init__(self, answerer: Answerer, allowed_origins: tuple[str, ...]) -> None:
        self._answerer = answerer
        self._allowed_origins = allowed_origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # In a thread: other requests are answered in the half second that it takes.
        server = await anyio.to_thread.run_sync(import_module, SERVER)
        serve = server.serve_request
        await serve(self._answerer, self._allowed_origins, scope, receive, send)
