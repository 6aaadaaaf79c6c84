"""The web application: the JSON interface and the pages over one answerer."""

from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from massilia.index.errors import LibraryError
from massilia.service.answerer import Answerer
from massilia.service.api import make_api
from massilia.service.pages import STATIC, make_pages, render_error
from massilia.service.problems import make_problem
from massilia.service.question import QuestionError
from massilia.service.suggestions import Suggestions

SECURITY_HEADERS = {
    # Pages are made of our own HTML, style sheet and images, and of nothing else.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
MACHINE_PATHS = ("/v1", "/healthz", "/readyz", "/openapi.json")
"""Where errors are told to programs; everywhere else they are pages for people."""


def create_app(answerer: Answerer, suggestions: Suggestions | None = None) -> FastAPI:
    """Return the application that answers with `answerer`; without `suggestions` it makes none."""
    app = FastAPI(
        title="Massilia",
        version=version("massilia"),
        summary="Answers questions with exact, cited quotes.",
        # The stock pages of Swagger UI and ReDoc load their scripts from another host.
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(make_api(answerer, suggestions))
    app.include_router(make_pages(answerer, suggestions))
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    _handle_errors(app)

    @app.middleware("http")
    async def add_security_headers(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await call_next(request)
        for name, value in SECURITY_HEADERS.items():
            # A response may come with a policy that fits it better.
            response.headers.setdefault(name, value)
        return response

    return app


def _handle_errors(app: FastAPI) -> None:
    def tell(
        request: Request,
        status: int,
        detail: str,
        *,
        errors: list[dict[str, object]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        if not request.url.path.startswith(MACHINE_PATHS):
            return render_error(request, status, headers=headers)
        path = request.url.path
        return make_problem(status, detail, instance=path, errors=errors or (), headers=headers)

    @app.exception_handler(RequestValidationError)
    def tell_invalid(request: Request, error: RequestValidationError) -> Response:
        errors = [_describe(each) for each in error.errors()]
        unreadable = any(each["type"] == "json_invalid" for each in error.errors())
        detail = "; ".join(f"{each['pointer'] or 'The body'}: {each['detail']}" for each in errors)
        return tell(request, 400 if unreadable else 422, detail, errors=errors)

    @app.exception_handler(QuestionError)
    def tell_question(request: Request, error: QuestionError) -> Response:
        errors: list[dict[str, object]] = [
            {"pointer": "/question", "detail": str(error), "code": error.code}
        ]
        return tell(request, 422, str(error), errors=errors)

    @app.exception_handler(LibraryError)
    def tell_library(request: Request, error: LibraryError) -> Response:
        return tell(request, 503, str(error))

    @app.exception_handler(HTTPException)
    def tell_http(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers) if error.headers else None
        return tell(request, error.status_code, error.detail, headers=headers)

    @app.exception_handler(Exception)
    def tell_unexpected(request: Request, error: Exception) -> Response:
        # The server logs the traceback; who asks learns nothing of the machine.
        detail = "An unexpected error; the server's log has the details."
        # This response is made outside of every middleware.
        return tell(request, 500, detail, headers=SECURITY_HEADERS)


def _describe(error: dict[str, object]) -> dict[str, object]:
    location = error["loc"]
    assert isinstance(location, tuple)
    if error["type"] == "json_invalid":
        context = error["ctx"]
        assert isinstance(context, dict)
        # Here the location is a place in the body, not a field.
        detail = f"not valid JSON: {context['error']} at character {location[1]}"
        return {"pointer": "", "detail": detail, "code": error["type"]}
    # FastAPI leads with where the field was sent, as in ("body", "top_k").
    pointer = "".join(f"/{part}" for part in location[1:])
    return {"pointer": pointer, "detail": error["msg"], "code": error["type"]}
