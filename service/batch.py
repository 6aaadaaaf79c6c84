"""Many questions in one request: a line each, answered in order, each on a line of its own."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from massilia.service.answering import Answering
from massilia.service.question import find_unreadable
from massilia.service.wire import AnswerJson
from massilia.service.wire_problem import ProblemJson
from massilia.service.wire_request import BatchRequest
from massilia.service.wire_stream import BatchLineJson

MAX_LINES = 1000
"""How many questions one request may ask: some ten seconds of work."""
MAX_BYTES = 10_000_000

Line = tuple[int, bytes]
Tell = Callable[[BaseException, object], ProblemJson]
"""Makes the problem of an error, in the language of the request that its second argument is."""


def split_lines(body: bytes) -> list[Line]:
    """Return the lines of a body that hold anything, each with its number, from 1."""
    # Not `splitlines`: a JSON text may hold other ends of lines as they are.
    lines = enumerate(body.split(b"\n"), start=1)
    return [(number, line) for number, line in lines if line.strip()]


async def answer_lines(
    answering: Answering, lines: Sequence[Line], tell: Tell, seconds: float
) -> AsyncIterator[bytes]:
    """Yield a line for each line, in order; one that is wrong, or takes too long, stops no other.

    Whoever stops taking them stops the work at the next line.
    """
    for number, line in lines:
        task = asyncio.ensure_future(run_in_threadpool(_answer_line, answering, number, line, tell))
        await asyncio.wait({task}, timeout=seconds)
        if task.done():
            answered = task.result()
        else:
            problem = tell(TimeoutError(), None)
            answered = BatchLineJson(line=number, id=None, answer=None, problem=problem)
        yield answered.model_dump_json().encode() + b"\n"


def _answer_line(answering: Answering, number: int, line: bytes, tell: Tell) -> BatchLineJson:
    given: object = None
    try:
        given = _parse(line)
        request = BatchRequest.model_validate(given)
        answer = AnswerJson.of(answering.answer(request))
        return BatchLineJson(line=number, id=request.id, answer=answer, problem=None)
    except ValidationError as error:
        # As FastAPI would have it, for the same words.
        faults = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        problem = tell(RequestValidationError(faults), given)
    except Exception as error:
        problem = tell(error, given)
    return BatchLineJson(line=number, id=_find_id(given), answer=None, problem=problem)


def _parse(line: bytes) -> object:
    try:
        return json.loads(line.decode("utf-8"))
    except json.JSONDecodeError as error:
        fault = {
            "type": "json_invalid",
            "loc": ("body", error.pos),
            "msg": "JSON decode error",
            "ctx": {"error": error.msg},
        }
    except UnicodeDecodeError as error:
        fault = {
            "type": "json_invalid",
            "loc": ("body", error.start),
            "msg": "JSON decode error",
            "ctx": {"error": "not UTF-8"},
        }
    except (RecursionError, ValueError):
        # Nested too deep, or a number of more than 4,300 digits.
        fault = {
            "type": "json_invalid",
            "loc": ("body", 0),
            "msg": "JSON decode error",
            "ctx": {"error": "nested too deep, or a number too long"},
        }
    raise RequestValidationError([fault])


def _find_id(given: object) -> str | int | None:
    found = given.get("id") if isinstance(given, dict) else None
    if isinstance(found, bool) or not isinstance(found, str | int):
        return None
    # Half a surrogate pair can't be written back.
    return None if isinstance(found, str) and find_unreadable(found) else found
