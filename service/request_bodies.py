"""The bodies of requests: of which kind they must be, and how long they may be."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from massilia.service.problems import ProblemError

MAX_BODY_BYTES = 1_000_000
"""A question has 500 characters at most; with every filter at its limit, an honest request in UTF-8
takes 600 kilobytes."""
JSON = "application/json"
JSON_LINES = "application/x-ndjson"


async def require_json(request: Request) -> None:
    """Refuse a body that isn't said to be JSON: a form on another site could send it unasked."""
    # Like the next one it awaits nothing: what is no coroutine is run by a thread of its own.
    media_type = read_media_type(request)
    if not (media_type.startswith("application/") and media_type.endswith(("/json", "+json"))):
        raise ProblemError("wrong_media_type", expected=JSON)


async def require_json_lines(request: Request) -> None:
    """Refuse a body that isn't said to be lines of JSON, by one of the three names in use."""
    if read_media_type(request) not in {JSON_LINES, "application/jsonl", "application/json-lines"}:
        raise ProblemError("wrong_media_type", expected=JSON_LINES)


def read_media_type(request: Request) -> str:
    """Return the media type of a request's body, without its parameters."""
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower()


async def read_body(request: Request, limit: int = MAX_BODY_BYTES) -> bytes:
    """Return the body of a request; stops reading one of more than `limit` bytes, announced or not.

    Starlette's own RequestBodyLimitMiddleware answers in plain text, where programs expect a
    problem (as of 1.10).
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise ProblemError("too_large", headers={"Connection": "close"}, limit=limit)
    return bytes(body)


class LimitedRoute(APIRoute):
    """A route whose requests' bodies are read no further than `MAX_BODY_BYTES`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of the route, which is given requests that stop reading."""
        handle = super().get_route_handler()

        async def handle_limited(request: Request) -> Response:
            return await handle(_LimitedRequest(request.scope, request.receive))

        return handle_limited


class _LimitedRequest(Request):
    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            self._body = await read_body(self)
        return self._body
