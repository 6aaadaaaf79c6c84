"""The web application: the JSON interface and the pages over one answerer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from importlib.metadata import version

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect

from massilia.index.errors import LibraryError
from massilia.service.answerer import Answerer
from massilia.service.api import make_api
from massilia.service.chat_completions import (
    CHAT_PATHS,
    make_chat_completions,
    respond_problem_as_error,
)
from massilia.service.error_telling import describe_error
from massilia.service.gates import KeyCheck, RateCheck, SecurityHeaders, TimeLimit
from massilia.service.library_api import make_library_api
from massilia.service.library_topics import Topics
from massilia.service.mcp_endpoint import make_mcp_route
from massilia.service.openapi import describe_api
from massilia.service.page_rendering import STATIC, render_error
from massilia.service.pages import make_pages
from massilia.service.problems import choose_messages, respond_problem
from massilia.service.question import QuestionError
from massilia.service.rate_limits import RateLimiter
from massilia.service.serving import DEFAULT_OPTIONS, ServingOptions
from massilia.service.suggestions import Suggestions

SECURITY_HEADERS = {
    # Pages are made of our own HTML, style sheets, script and images, and of nothing else.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
        "img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
GZIP_BYTES = 1000
"""What is shorter fits into a packet as it is."""
GZIP_LEVEL = 4
"""Of the list of our own articles, 31,681 bytes, it makes 7,617 in .19 ms; 9, which is Starlette's
own choice, 7,438 in .51 ms."""
MACHINE_PATHS = ("/v1", "/mcp", "/healthz", "/readyz", "/openapi.json")
"""Where errors are told to programs; everywhere else they are pages for people."""


KEY_PATHS = ("/v1", "/mcp")
"""Where programs are let in by their API keys, on a server that has any."""
_EXPOSED = ["Allow", "Content-Language", "ETag", "RateLimit", "RateLimit-Policy", "Retry-After"]


def create_app(
    answerer: Answerer,
    suggestions: Suggestions | None = None,
    options: ServingOptions = DEFAULT_OPTIONS,
) -> FastAPI:
    """Return the application that answers with `answerer`; without `suggestions` it makes none.

    What `options` says is at hand for every route in `request.app.state.options`, and what the
    library's topics are found with in `request.app.state.topics`.
    """
    app = FastAPI(
        title="Massilia",
        version=version("massilia"),
        summary="Answers questions with exact, cited quotes.",
        # The stock pages of Swagger UI and ReDoc load their scripts from another host.
        docs_url=None,
        redoc_url=None,
        lifespan=lambda _: _run_beside(suggestions),
    )
    app.state.options = options
    app.state.topics = Topics(answerer.store)
    app.include_router(make_api(answerer, suggestions, options))
    app.include_router(make_library_api(answerer))
    app.include_router(make_chat_completions(answerer))
    app.router.routes.append(make_mcp_route(answerer, options.allowed_origins))
    app.include_router(make_pages(answerer, suggestions))
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.openapi = lambda: describe_api(app, options)  # type: ignore[method-assign]
    _handle_errors(app, options)
    _add_gates(app, options)
    return app


@asynccontextmanager
async def _run_beside(suggestions: Suggestions | None) -> AsyncIterator[None]:
    """Look for questions to suggest as long as the application runs."""
    with suggestions.running() if suggestions else nullcontext():
        yield


def _add_gates(app: FastAPI, options: ServingOptions) -> None:
    """Add what every request passes; the last that is added is the first that it meets."""

    def tell(request: Request, error: Exception) -> Response:
        return _tell(request, error, options)

    app.add_middleware(TimeLimit, seconds=options.max_seconds, tell=tell)
    hashes = options.key_hashes
    if hashes:
        app.add_middleware(KeyCheck, hashes=hashes, paths=KEY_PATHS, tell=tell)
    if options.rate_limit is not None:
        limiter = RateLimiter(options.rate_limit, options.counts)
        app.add_middleware(RateCheck, limiter=limiter, hashes=hashes, tell=tell)
    app.add_middleware(GZipMiddleware, minimum_size=GZIP_BYTES, compresslevel=GZIP_LEVEL)
    if options.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=options.allowed_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Accept-Language", "Authorization", "Content-Type", "If-None-Match"],
            expose_headers=_EXPOSED,
        )
    app.add_middleware(SecurityHeaders, headers=SECURITY_HEADERS)


def _handle_errors(app: FastAPI, options: ServingOptions) -> None:
    @app.exception_handler(RequestValidationError)
    @app.exception_handler(QuestionError)
    @app.exception_handler(LibraryError)
    @app.exception_handler(HTTPException)
    def tell(request: Request, error: Exception) -> Response:
        return _tell(request, error, options)

    @app.exception_handler(ClientDisconnect)
    async def tell_nobody(_: Request, __: Exception) -> Response:
        # Left to the server, whoever leaves would be a traceback in its log.
        return Response(status_code=400)

    @app.exception_handler(Exception)
    def tell_unexpected(request: Request, error: Exception) -> Response:
        # The server logs the traceback. This response is made outside of all that adds headers.
        response = _tell(request, error, options)
        response.headers.update(SECURITY_HEADERS)
        return response


def _tell(request: Request, error: Exception, options: ServingOptions) -> Response:
    """Return the response that tells of an error: to programs a problem, to people a page."""
    body = getattr(error, "body", None)
    problem = describe_error(error, request, options, body)
    headers = getattr(error, "headers", None)
    if request.url.path.startswith(CHAT_PATHS):
        return respond_problem_as_error(problem, headers)
    if request.url.path.startswith(MACHINE_PATHS):
        return respond_problem(problem, choose_messages(request, body).language, headers)
    status = problem["status"]
    assert isinstance(status, int)
    return render_error(request, status, headers=headers)
