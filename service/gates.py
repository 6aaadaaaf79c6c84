"""What each request passes before it is answered, and each response on its way back."""

import asyncio
from collections.abc import Callable, Mapping

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from massilia.service.api_keys import find_hash
from massilia.service.problems import ProblemError
from massilia.service.rate_limits import Allowance, RateLimiter, name_client

Tell = Callable[[Request, ProblemError], Response]
"""Makes the response that tells of a problem: to programs as JSON, to people as a page."""

FREE_PATHS = ("/static/", "/healthz", "/readyz")
"""What costs next to nothing, and is asked for by every page or by what watches the server."""


class SecurityHeaders:
    """Give every response the headers that it lacks."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    # A response may come with a policy that fits it better.
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class TimeLimit:
    """Tell those who wait too long that they wait in vain.

    Python can't end a thread: what was begun for them is finished, and thrown away. A response that
    has begun by then is not cut short; streams keep the limit for each of their parts.
    """

    def __init__(self, app: ASGIApp, seconds: float, tell: Tell) -> None:
        self._app = app
        self._seconds = seconds
        self._tell = tell
        # Held here: the event loop alone would let go of them.
        self._overdue: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = overdue = False

        async def send_in_time(message: Message) -> None:
            nonlocal begun
            if not overdue:
                begun = True
                await send(message)

        task = asyncio.create_task(self._serve(scope, receive, send_in_time))
        try:
            await asyncio.wait({task}, timeout=self._seconds)
            if begun or task.done():
                await task
                return
        except asyncio.CancelledError:
            task.cancel()
            raise
        overdue = True
        self._overdue.add(task)
        task.add_done_callback(self._forget)
        problem = ProblemError(
            "too_slow", headers={"Retry-After": "10"}, seconds=f"{self._seconds:g}"
        )
        await self._tell(Request(scope), problem)(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._overdue.discard(task)
        if not task.cancelled():
            # Asked for, or asyncio would print it.
            task.exception()


class KeyCheck:
    """Let only those in who send a known API key, to the paths that are for programs."""

    def __init__(
        self, app: ASGIApp, hashes: frozenset[str], paths: tuple[str, ...], tell: Tell
    ) -> None:
        self._app = app
        self._hashes = hashes
        self._paths = paths
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and _begins(scope, self._paths):
            request = Request(scope)
            given = request.headers.get("Authorization")
            # A browser asks what it may send before it sends a key.
            asking = scope["method"] == "OPTIONS" and "Origin" in request.headers
            if not asking and find_hash(given, self._hashes) is None:
                code = "wrong_key" if given else "no_key"
                problem = ProblemError(code, headers={"WWW-Authenticate": "Bearer"})
                await self._tell(request, problem)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class RateCheck:
    """Let each client ask as often as it may, and tell it in headers how often that is.

    A client is whoever holds an API key that is known, else an address. What answers many questions
    at once takes as many through `take_more`.
    """

    def __init__(
        self, app: ASGIApp, limiter: RateLimiter, hashes: frozenset[str], tell: Tell
    ) -> None:
        self._app = app
        self._limiter = limiter
        self._hashes = hashes
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or _begins(scope, FREE_PATHS):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        client = self._name(request)
        allowance = self._limiter.take(client)

        def take(cost: int) -> None:
            nonlocal allowance
            allowance = self._limiter.take(client, cost)
            if not allowance.granted:
                raise self._refuse(allowance)

        async def send_with_allowance(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["RateLimit-Policy"] = self._limiter.limit.policy
                headers["RateLimit"] = (
                    f'"default";r={allowance.remaining};t={allowance.reset_seconds}'
                )
            await send(message)

        if not allowance.granted:
            response = self._tell(request, self._refuse(allowance))
            await response(scope, receive, send_with_allowance)
            return
        scope.setdefault("state", {})["take_more"] = take
        await self._app(scope, receive, send_with_allowance)

    def _name(self, request: Request) -> str:
        known = find_hash(request.headers.get("Authorization"), self._hashes)
        if known is not None:
            return known
        return name_client(request.client.host) if request.client else ""

    def _refuse(self, allowance: Allowance) -> ProblemError:
        seconds = allowance.reset_seconds
        return ProblemError(
            "too_many_requests",
            headers={"Retry-After": str(seconds)},
            limit=str(self._limiter.limit),
            seconds=seconds,
        )


def take_more(request: Request, cost: int) -> None:
    """Count `cost` more requests against the client's limit, if there is one.

    Raises `ProblemError` where it has fewer left; it is then charged for none of them.
    """
    take = getattr(request.state, "take_more", None)
    if take is not None and cost > 0:
        take(cost)


def _begins(scope: Scope, paths: tuple[str, ...]) -> bool:
    path = str(scope["path"])
    return path.startswith(paths)
