"""The shapes of feedback in the JSON interface."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from massilia.corpus.article import Language
from massilia.service.feedback import MAX_COMMENT_CHARACTERS, Reason, Thumb
from massilia.service.filters import MAX_NAME_CHARACTERS
from massilia.service.offsets import OFFSETS
from massilia.service.whole_number import WHOLE
from massilia.service.wire_request import QuestionText

MAX_OFFSET = 2**31 - 1


class JudgedPlaceJson(BaseModel):
    """The quote that is judged, as its citation places it."""

    model_config = ConfigDict(extra="forbid")

    document_id: Annotated[StrictStr, Field(max_length=MAX_NAME_CHARACTERS)]
    start_char_index: Annotated[StrictInt, Field(ge=0, le=MAX_OFFSET, description=OFFSETS), WHOLE]
    end_char_index: Annotated[StrictInt, Field(ge=1, le=MAX_OFFSET, description=OFFSETS), WHOLE]


class FeedbackRequest(BaseModel):
    """Judge an answer, or one of its quotes."""

    model_config = ConfigDict(extra="forbid")

    question: QuestionText
    language: Annotated[
        Language | None, Field(description="Of the answer; detected where not given.")
    ] = None
    verdict: Thumb
    reason: Reason | None = None
    comment: Annotated[
        Annotated[StrictStr, Field(max_length=MAX_COMMENT_CHARACTERS)] | None,
        Field(description="In a few words. Say nothing of a person here: it is kept as it is."),
    ] = None
    answer_id: Annotated[
        Annotated[StrictStr, Field(max_length=100)] | None, Field(examples=["ans_0123456789ab"])
    ] = None
    citation: Annotated[
        JudgedPlaceJson | None,
        Field(description="The quote that is judged; left out, the answer is as a whole."),
    ] = None


class RecordedJson(BaseModel):
    """The judgement is kept."""

    object: Literal["feedback"] = "feedback"
    kept: Annotated[
        list[str],
        Field(description="What is kept of it; of time, the day only. Nothing of who sent it."),
    ]
