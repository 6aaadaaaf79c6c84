"""Answers to programs that may have them already: entity tags and what may be kept."""

import hashlib
from typing import Annotated

from fastapi import Header, Request, Response
from pydantic import BaseModel

from massilia.corpus.pattern import Pattern

CACHE_CONTROL = "no-cache"
"""Kept, but asked about before each use: a removed article must not be read any longer."""
IfNoneMatch = Annotated[
    str | None,
    Header(
        description=(
            "Entity tags, as `ETag` gave them, of what is at hand: where it is still so, the "
            "answer is 304 without a body."
        )
    ),
]

_TAG = Pattern(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def respond_if_changed(request: Request, content: BaseModel) -> Response:
    """Return a response with an entity tag, or 304 where the request has it already.

    The tag is a hash of the very content, so that nothing that changes it can be forgotten. It is a
    weak one: what is compressed on the way is not the same to the byte.
    """
    body = content.model_dump_json().encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": f"W/{tag}", "Cache-Control": CACHE_CONTROL}
    if _matches(",".join(request.headers.getlist("If-None-Match")), tag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def _matches(given: str, tag: str) -> bool:
    return given.strip() == "*" or any(match[1] == tag for match in _TAG.finditer(given))
