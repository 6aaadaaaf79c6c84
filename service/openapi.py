"""The description of the JSON interface (OpenAPI 3.1), completed with what FastAPI can't know."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from massilia.service.api_errors import describe_schema, list_problems
from massilia.service.chat_completions import CHAT_PATHS
from massilia.service.completion_description import COMPLETION_SHAPES, list_completion_errors
from massilia.service.offsets import OFFSETS
from massilia.service.problems import MEDIA_TYPE, STATUSES, TYPES
from massilia.service.serving import ServingOptions
from massilia.service.stream_description import EXTRA_SHAPES
from massilia.service.wire_request import BatchRequest

SECURITY = "apiKey"
_REF = "#/components/schemas/{model}"
_GUARDED = "/v1"
_METHODS = frozenset({"get", "post"})


def describe_api(app: FastAPI, options: ServingOptions) -> dict[str, Any]:
    """Return the OpenAPI document of an application, made the first time it is asked for."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=_DESCRIPTION,
            routes=app.routes,
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
            tags=_TAGS,
        )
        _complete(document, options)
        app.openapi_schema = document
    return app.openapi_schema


def _complete(document: dict[str, Any], options: ServingOptions) -> None:
    schemas = document["components"]["schemas"]
    shapes: list[type[BaseModel]] = [BatchRequest, *EXTRA_SHAPES, *COMPLETION_SHAPES]
    for shape in shapes:
        schema = shape.model_json_schema(mode="serialization", ref_template=_REF)
        for name, part in {**schema.pop("$defs", {}), shape.__name__: schema}.items():
            schemas.setdefault(name, part)
    schemas.update(describe_schema())
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    if options.key_hashes:
        document["components"]["securitySchemes"] = {
            SECURITY: {
                "type": "http",
                "scheme": "bearer",
                "description": "A key that `massilia key` has made.",
            }
        }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method in _METHODS:
                _complete_operation(path, operation, options)


def _complete_operation(path: str, operation: dict[str, Any], options: ServingOptions) -> None:
    responses = operation["responses"]
    guarded = path.startswith(_GUARDED)
    list_errors = list_completion_errors if path.startswith(CHAT_PATHS) else list_problems
    # Put in by FastAPI wherever there is a parameter, even one that nothing can be wrong with.
    if MEDIA_TYPE not in responses.get("422", {}).get("content", {}):
        responses.pop("422", None)
    if options.key_hashes and guarded:
        operation["security"] = [{SECURITY: []}]
        responses.update({"401": list_errors(401)[401]})
    if options.rate_limit is not None and guarded:
        responses.update({"429": list_errors(429)[429]})
    for status, response in responses.items():
        headers = {}
        if MEDIA_TYPE in response.get("content", {}):
            headers["Content-Language"] = _header("The language that the problem is told in.")
        if status == "401":
            headers["WWW-Authenticate"] = _header("How to send a key.")
        if status == "429":
            headers["Retry-After"] = _header("In how many seconds to ask again.")
        if options.rate_limit is not None and guarded:
            headers["RateLimit"] = _header("What is left, and for how many seconds.")
            headers["RateLimit-Policy"] = _header("How often one client may ask.")
        if headers:
            response["headers"] = {**response.get("headers", {}), **headers}


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


def _list_types() -> str:
    return "\n".join(
        f"- `{TYPES}{code.replace('_', '-')}` ({status})" for code, status in STATUSES.items()
    )


_TAGS = [
    {"name": "Questions", "description": "Answers with quotes, and their verification."},
    {"name": "Library", "description": "What is quoted from."},
    {
        "name": "OpenAI",
        "description": (
            "What programs that speak OpenAI's chat interface need; errors have its shape. Its "
            "address is `/v1`, its only model `massilia`."
        ),
    },
    {"name": "Feedback", "description": "What readers think of answers; off unless asked for."},
    {"name": "Server", "description": "Whether it works."},
]
_DESCRIPTION = f"""\
Massilia never writes an answer of its own: it quotes sentences of its library, and says where each
one stands.

**Offsets** are {OFFSETS}. JavaScript counts in UTF-16 code units: use `Array.from(text)`.

**No answer is no error**: it is a 200 with `answers: []` and `answer_skipped_reasons`.

**Errors** are problem details (RFC 9457), in the request's `language`, or else the one that
Accept-Language prefers, French or English. Their `type` and the `code` of each field's fault are
the same in every language (those of OpenAI's interface have a shape of their own):

{_list_types()}

**Limits**: where a server has a rate limit, each response says in `RateLimit-Policy` and
`RateLimit` how often one client may ask and what is left.
"""
