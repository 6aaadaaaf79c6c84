"""The shape of a problem in the JSON interface."""

from typing import Annotated

from pydantic import BaseModel, Field


class FieldFaultJson(BaseModel):
    """What is wrong with one field."""

    pointer: Annotated[
        str, Field(description="JSON pointer to the field; empty for the body as a whole.")
    ]
    detail: str
    code: Annotated[str, Field(description="For programs: the same in every language.")]


class ProblemJson(BaseModel):
    """What is wrong (RFC 9457), in the language that was asked for."""

    type: Annotated[
        str,
        Field(
            description="Which kind of problem it is; the same in every language.",
            examples=["/docs#problem-invalid"],
        ),
    ]
    title: Annotated[str, Field(examples=["The request can’t be read"])]
    status: Annotated[int, Field(examples=[422])]
    detail: Annotated[str, Field(examples=["/top_k: Input should be less than or equal to 10"])]
    instance: Annotated[
        str, Field(description="The path that was asked for.", examples=["/v1/answer"])
    ]
    errors: Annotated[
        list[FieldFaultJson], Field(description="Each fault; left out where there is but one.")
    ] = []
