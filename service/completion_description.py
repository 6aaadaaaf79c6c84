"""What the OpenAPI document says of OpenAI's interface, which FastAPI can't know."""

from typing import Any, Final

from pydantic import BaseModel

from massilia.service.api_errors import Responses
from massilia.service.request_bodies import JSON
from massilia.service.wire_completion import CompletionChunkJson, CompletionErrorJson

_ERROR: Final = {"$ref": f"#/components/schemas/{CompletionErrorJson.__name__}"}
_CHUNK: Final = {"$ref": f"#/components/schemas/{CompletionChunkJson.__name__}"}
_DESCRIPTIONS: Final = {
    400: "The body isn't JSON, or a field is wrong: `param` names it.",
    401: "This server wants an API key, and got none that it knows.",
    404: "There is no such model.",
    413: "The body is too long.",
    415: "The body isn't sent as JSON.",
    429: "The client has asked as often as it may; `Retry-After` says in how many seconds more.",
    500: "An unexpected error; the server's log has the details.",
    503: "Questions can't be answered now; `message` says why.",
}
COMPLETION_SHAPES: tuple[type[BaseModel], ...] = (CompletionChunkJson, CompletionErrorJson)
"""What is sent within streams, and as errors, where no operation returns it."""


def list_completion_errors(*statuses: int) -> Responses:
    """Return the description of the statuses named, and of those that any operation may have."""
    return {
        status: {
            "description": _DESCRIPTIONS[status],
            "content": {JSON: {"schema": _ERROR}},
        }
        for status in sorted({*statuses, 500})
    }


def describe_completion() -> Responses:
    """Return the description of an answer, whole or by chunks."""
    events = [
        _describe_event({"type": "string", "contentMediaType": JSON, "contentSchema": schema})
        for schema in (_CHUNK, _ERROR)
    ]
    return {
        200: {
            "description": (
                "The answer. With `stream`, events without a name: `CompletionChunkJson` by "
                "`CompletionChunkJson`, then `[DONE]`; or, where something fails on the way, a "
                "`CompletionErrorJson` as the last."
            ),
            "content": {
                "text/event-stream": {
                    "schema": {"anyOf": [*events, _describe_event({"const": "[DONE]"})]}
                }
            },
        }
    }


def _describe_event(data: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"data": data}, "required": ["data"]}
