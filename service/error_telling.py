"""Any error, as the problem that a program is told of."""

import logging
from collections.abc import Callable

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from massilia.index.errors import LibraryError
from massilia.service.feedback import FeedbackFullError
from massilia.service.problems import (
    choose_messages,
    describe_http_error,
    describe_invalid,
    describe_library_error,
    describe_problem,
    describe_question_error,
)
from massilia.service.question import QuestionError
from massilia.service.serving import ServingOptions
from massilia.service.wire_problem import ProblemJson

_LOG = logging.getLogger(__name__)


def describe_error(
    error: BaseException, request: Request, options: ServingOptions, body: object = None
) -> dict[str, object]:
    """Return the problem that an error is, for whoever sent a request with this body."""
    messages, path = choose_messages(request, body), request.url.path
    match error:
        case RequestValidationError():
            return describe_invalid(error, messages, path)
        case QuestionError():
            return describe_question_error(error, messages, path)
        case FeedbackFullError():
            return describe_problem("feedback_full", messages, path, values={"limit": error.limit})
        case LibraryError():
            return describe_library_error(error, messages, path)
        case HTTPException():
            return describe_http_error(error, messages, path)
        case TimeoutError():
            return describe_problem(
                "too_slow", messages, path, values={"seconds": f"{options.max_seconds:g}"}
            )
    # Who asks learns nothing of the machine.
    return describe_problem("failed", messages, path)


def make_teller(
    http: Request, options: ServingOptions
) -> Callable[[BaseException, object], ProblemJson]:
    """Return what makes problems of errors that come when a response has begun."""

    def tell(error: BaseException, body: object) -> ProblemJson:
        problem = ProblemJson.model_validate(describe_error(error, http, options, body))
        if problem.status == 500:
            _LOG.error("%s failed", http.url.path, exc_info=error)
        return problem

    return tell
