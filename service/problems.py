"""Errors over HTTP as RFC 9457 problem details, in the language that the request asks for."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request

from massilia.corpus.article import Language
from massilia.index.errors import LibraryError
from massilia.service.messages import Messages, choose_language, load_messages
from massilia.service.question import QuestionError

MEDIA_TYPE = "application/problem+json"
TYPES = "/docs#problem-"
"""What the `type` of a problem begins with: the page that documents the interface."""

STATUSES: Final[Mapping[str, int]] = MappingProxyType(
    {
        "unreadable": 400,
        "no_key": 401,
        "wrong_key": 401,
        "feedback_off": 403,
        "no_path": 404,
        "no_article": 404,
        "no_passage": 404,
        "no_original": 404,
        "no_page": 404,
        "no_quote": 404,
        "wrong_method": 405,
        "too_large": 413,
        "too_many_lines": 413,
        "wrong_media_type": 415,
        "invalid": 422,
        "too_many_requests": 429,
        "failed": 500,
        "library": 503,
        "topics_unread": 503,
        "too_slow": 503,
        "feedback_full": 503,
        "refused": 400,
    }
)
"""The status of each kind of problem; `refused` is whatever has no kind of its own."""

FIELD_FAULTS: Final = frozenset(
    {
        *("missing", "extra_forbidden", "day"),
        *("string_type", "int_type", "int_parsing", "int_from_float", "bool_type", "bool_parsing"),
        *("list_type", "dict_type", "model_attributes_type", "dataclass_type"),
        *("enum", "literal_error", "too_long", "too_short", "string_too_long", "string_too_short"),
        *("string_pattern_mismatch", "greater_than_equal", "less_than_equal", "json_invalid"),
    }
)
"""The faults of a field that have words of their own: pydantic's names for them, and ours."""
QUESTION_FAULTS: Final = frozenset(
    {
        *("empty", "too_long", "too_many_tokens", "control_character", "too_many_earlier"),
        *("earlier_too_long", "earlier_control_character"),
        *("filter_date", "filter_range", "filter_language"),
        *("filter_names", "filter_name", "filter_character"),
    }
)
"""The codes of a `QuestionError`."""
_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
# Ids, places and lengths in a text that are not counts of things.
_PLAIN_NUMBERS: Final = frozenset({"id", "position", "number"})


class ProblemError(HTTPException):
    """A request can't be served: `code` is one of `STATUSES`, `values` what its text says."""

    def __init__(
        self, code: str, *, headers: Mapping[str, str] | None = None, **values: object
    ) -> None:
        super().__init__(STATUSES[code], code, headers)
        self.code = code
        self.values = values


def describe_problem(
    code: str,
    messages: Messages,
    instance: str,
    *,
    values: Mapping[str, object] = _NOTHING,
    status: int | None = None,
    errors: Sequence[Mapping[str, object]] = (),
) -> dict[str, object]:
    """Return a problem of the kind `code`, in the language of `messages`.

    `instance` is the path that was asked for; `values` are what the text says of it, and `errors`
    names each wrong field.
    """
    body: dict[str, object] = {
        "type": TYPES + code.replace("_", "-"),
        "title": messages.text(f"problem_title.{code}"),
        "status": status or STATUSES[code],
        "detail": messages.text(f"problem.{code}", **_write_plain_numbers(values)),
        "instance": instance,
    }
    if errors:
        body["errors"] = list(errors)
    return body


def describe_invalid(
    error: RequestValidationError, messages: Messages, instance: str
) -> dict[str, object]:
    """Return the problem of a request whose fields, or whose JSON, are wrong."""
    faults = error.errors()
    errors = [_describe_fault(each, messages) for each in faults]
    unreadable = any(each["type"] == "json_invalid" for each in faults)
    body = messages.text("problem_field.body")
    told = messages.text("problem_field.separator").join(
        messages.text("problem_field.told", field=each["pointer"] or body, fault=each["detail"])
        for each in errors
    )
    code = "unreadable" if unreadable else "invalid"
    return describe_problem(code, messages, instance, values={"faults": told}, errors=errors)


def describe_question_error(
    error: QuestionError, messages: Messages, instance: str
) -> dict[str, object]:
    """Return the problem of a question that can't be asked as it stands."""
    detail = _tell_question_error(error, messages)
    errors = [{"pointer": "/question", "detail": detail, "code": error.code}]
    return describe_problem("invalid", messages, instance, values={"faults": detail}, errors=errors)


def describe_library_error(
    error: LibraryError, messages: Messages, instance: str
) -> dict[str, object]:
    """Return the problem of a library that can't be searched; the reason is told as it is."""
    return describe_problem("library", messages, instance, values={"reason": str(error)})


def describe_http_error(
    error: HTTPException, messages: Messages, instance: str
) -> dict[str, object]:
    """Return the problem of an error that has a status: one of ours, or one of the framework's."""
    if isinstance(error, ProblemError):
        return describe_problem(error.code, messages, instance, values=error.values)
    code = {404: "no_path", 405: "wrong_method"}.get(error.status_code, "refused")
    return describe_problem(
        code,
        messages,
        instance,
        values={"reason": str(error.detail)},
        status=error.status_code,
    )


def respond_problem(
    problem: Mapping[str, object],
    language: Language,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return the response that tells a program what is wrong."""
    status = problem["status"]
    assert isinstance(status, int)
    spoken = {"Content-Language": language.value, "Vary": "Accept-Language"}
    return JSONResponse(
        problem, status, headers=spoken | dict(headers or {}), media_type=MEDIA_TYPE
    )


def choose_messages(request: Request, body: object = None) -> Messages:
    """Return the texts of the language that a program is told errors in.

    That is the `language` of its request where it has one, else what Accept-Language prefers, and
    English for those that prefer neither.
    """
    asked = getattr(request.state, "language", None)
    if isinstance(body, Mapping):
        asked = body.get("language", asked)
    if isinstance(asked, str) and asked in set(Language):
        return load_messages(Language(asked))
    header = ",".join(request.headers.getlist("Accept-Language")).strip()
    if header in {"", "*"}:
        return load_messages(Language.ENGLISH)
    return load_messages(choose_language(f"{header},en;q=0.001"))


def _describe_fault(error: Mapping[str, object], messages: Messages) -> dict[str, object]:
    location, code = error["loc"], str(error["type"])
    context = error.get("ctx")
    values = dict(context) if isinstance(context, Mapping) else {}
    assert isinstance(location, tuple)
    if code == "json_invalid":
        # Here the location is a place in the body, not a field.
        values = {"error": values["error"], "position": location[1]}
        location = ()
    # FastAPI leads with where the field was sent, as in ("body", "top_k").
    pointer = "".join(f"/{part}" for part in location[1:])
    # What a value was found wrong by, or what that was told by.
    cause = values.get("error")
    if not isinstance(cause, QuestionError):
        cause = getattr(cause, "__cause__", None)
    if isinstance(cause, QuestionError):
        return {"pointer": pointer, "detail": _tell_question_error(cause, messages), "code": code}
    if code not in FIELD_FAULTS:
        return {
            "pointer": pointer,
            "detail": messages.text("problem_field.unnamed", reason=str(error["msg"])),
            "code": code,
        }
    if messages.language is Language.FRENCH and "expected" in values:
        values["expected"] = str(values["expected"]).replace("' or '", "' ou '")
    detail = messages.text(f"problem_field.{code}", **_write_plain_numbers(values))
    return {"pointer": pointer, "detail": detail, "code": code}


def _tell_question_error(error: QuestionError, messages: Messages) -> str:
    if error.code not in QUESTION_FAULTS:
        return str(error)
    return messages.text(f"problem_question.{error.code}", **_write_plain_numbers(error.values))


def _write_plain_numbers(values: Mapping[str, object]) -> dict[str, object]:
    return {name: str(value) if name in _PLAIN_NUMBERS else value for name, value in values.items()}
