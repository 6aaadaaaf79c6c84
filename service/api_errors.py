"""Which errors each operation of the JSON interface may answer with, for its description."""

from typing import Any

from massilia.service.problems import MEDIA_TYPE
from massilia.service.wire_problem import ProblemJson

Responses = dict[int | str, dict[str, Any]]

SCHEMA = "#/components/schemas/ProblemJson"
_DESCRIPTIONS = {
    400: "The body isn't JSON, or the request isn't HTTP as it should be.",
    401: "This server wants an API key, and got none that it knows.",
    403: "This server keeps no feedback.",
    404: "The library has no such thing.",
    413: "The body is too long, or has too many lines.",
    415: "The body isn't sent as what it must be.",
    422: "A field is wrong; `errors` names it.",
    429: "The client has asked as often as it may; `Retry-After` says in how many seconds more.",
    500: "An unexpected error; the server's log has the details.",
    503: "Questions can't be answered now; `detail` says why.",
}


def list_problems(*statuses: int) -> Responses:
    """Return the description of the statuses named, and of those that any operation may have."""
    return {
        status: {
            "description": _DESCRIPTIONS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": SCHEMA}}},
        }
        for status in sorted({*statuses, 500})
    }


def describe_schema() -> dict[str, Any]:
    """Return the schemas of a problem by name."""
    schema = ProblemJson.model_json_schema(ref_template="#/components/schemas/{model}")
    parts: dict[str, Any] = schema.pop("$defs")
    return {**parts, "ProblemJson": schema}
