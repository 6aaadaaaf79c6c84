"""What the OpenAPI document says of streams, which FastAPI can't know."""

from typing import Any

from pydantic import BaseModel

from massilia.service.api_errors import Responses
from massilia.service.batch import MAX_BYTES, MAX_LINES
from massilia.service.request_bodies import JSON, JSON_LINES
from massilia.service.wire_stream import EVENTS, BatchLineJson


def describe_stream() -> Responses:
    """Return the description of the events of an answer that is streamed."""
    told = "\n".join(
        f"- `{name}`: {when} (`{shape.__name__}`)." for name, (shape, when) in EVENTS.items()
    )
    shapes = [
        {
            "type": "object",
            "properties": {
                "event": {"const": name},
                "data": {
                    "type": "string",
                    "contentMediaType": JSON,
                    "contentSchema": {"$ref": f"#/components/schemas/{shape.__name__}"},
                },
                "id": {"type": "string", "description": "Counts the events from 1."},
            },
            "required": ["event", "data"],
        }
        for name, (shape, _) in EVENTS.items()
    ]
    return {
        200: {
            "description": f"The answer; with `stream`, these events:\n\n{told}",
            "content": {"text/event-stream": {"schema": {"oneOf": shapes}}},
        }
    }


def describe_lines() -> Responses:
    """Return the description of the lines that a batch is answered with."""
    return {
        200: {
            "description": "A line for each line of the body: a `BatchLineJson`.",
            "content": {
                JSON_LINES: {
                    "schema": {
                        "type": "string",
                        "contentMediaType": JSON,
                        "contentSchema": {"$ref": "#/components/schemas/BatchLineJson"},
                    }
                }
            },
        }
    }


def describe_batch() -> dict[str, Any]:
    """Return the description of the lines of a batch."""
    example = (
        '{"id": 1, "question": "Who owns Atlas Offshore?"}\n{"id": 2, "question": "Since when?"}\n'
    )
    return {
        "requestBody": {
            "required": True,
            "content": {
                JSON_LINES: {
                    # Of no type: a schema says what one JSON value is, and these are many.
                    "schema": {
                        "contentMediaType": JSON,
                        "contentSchema": {"$ref": "#/components/schemas/BatchRequest"},
                        "description": f"At most {MAX_LINES:,} lines and {MAX_BYTES:,} bytes; "
                        "each line a `BatchRequest`.",
                    },
                    "example": example,
                }
            },
        }
    }


EXTRA_SHAPES: tuple[type[BaseModel], ...] = (
    *(shape for shape, _ in EVENTS.values()),
    BatchLineJson,
)
"""What is sent within streams, where the description of an operation can't show it."""
