"""The shapes of OpenAI's chat interface, as far as they are taken and returned here."""

from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    WithJsonSchema,
)
from pydantic.config import JsonDict

from massilia.service.offsets import OFFSETS
from massilia.service.whole_number import WHOLE

MODEL: Final = "massilia"
_ONLY_WITH_STREAM: Final[JsonDict] = {
    "dependentSchemas": {
        "stream_options": {
            "anyOf": [
                {"properties": {"stream_options": {"type": "null"}}},
                {"properties": {"stream": {"const": True}}, "required": ["stream"]},
            ]
        }
    }
}
_SOME_OF_THE_USER: Final[JsonDict] = {
    "contains": {"properties": {"role": {"const": "user"}}, "required": ["role"]}
}


class CompletionPart(BaseModel):
    """A part of a message."""

    type: Annotated[
        StrictStr, Field(description="`text`; another kind is refused in the question.")
    ]
    text: StrictStr | None = None


class CompletionMessage(BaseModel):
    """A message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Annotated[
        StrictStr | list[CompletionPart] | None,
        Field(description="A question is read as in `POST /v1/answer`, and as long at most."),
    ] = None


class StreamOptions(BaseModel):
    """How an answer is streamed."""

    include_usage: Annotated[
        StrictBool | None, Field(description="Whether a last chunk tells the usage.")
    ] = None


class ResponseFormat(BaseModel):
    """What the message is to be."""

    type: Annotated[StrictStr, Field(json_schema_extra={"const": "text"})]


class CompletionRequest(BaseModel):
    """Ask for a message. OpenAI's other parameters are ignored: no text is written here."""

    model_config = ConfigDict(json_schema_extra=_ONLY_WITH_STREAM)

    model: Annotated[StrictStr, Field(json_schema_extra={"const": MODEL})]
    messages: Annotated[
        list[CompletionMessage],
        Field(
            min_length=1,
            description=(
                "The user's last message is the question, the user's earlier ones are its history."
            ),
            examples=[[{"role": "user", "content": "Who owns Atlas Offshore?"}]],
            json_schema_extra=_SOME_OF_THE_USER,
        ),
    ]
    stream: Annotated[
        StrictBool | None,
        Field(description="Whether to send the message by paragraphs, as they are found."),
    ] = None
    stream_options: Annotated[StreamOptions | None, Field(description="Only with `stream`.")] = None
    n: Annotated[Annotated[StrictInt, WHOLE] | None, WithJsonSchema({"enum": [1, None]})] = None
    logprobs: Annotated[StrictBool | None, WithJsonSchema({"enum": [False, None]})] = None
    modalities: Annotated[list[StrictStr] | None, WithJsonSchema({"enum": [["text"], None]})] = None
    response_format: ResponseFormat | None = None
    tool_choice: Annotated[
        StrictStr | dict[str, Any] | None, WithJsonSchema({"enum": ["none", "auto", None]})
    ] = None


class UrlCitationJson(BaseModel):
    """Where a number stands in the message, and what it cites."""

    start_index: Annotated[int, Field(description=OFFSETS)]
    end_index: Annotated[int, Field(description=OFFSETS)]
    url: Annotated[str, Field(description="Opens at the quote.")]
    title: str


class AnnotationJson(BaseModel):
    """What a part of the message is: the number of a quote."""

    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitationJson


class UsageJson(BaseModel):
    """How many tokens were used: none, since no language model reads or writes anything."""

    prompt_tokens: Literal[0] = 0
    completion_tokens: Literal[0] = 0
    total_tokens: Literal[0] = 0


class AnswerMessageJson(BaseModel):
    """The message: quotes, numbered, and what the numbers stand for; or that there are none."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    annotations: list[AnnotationJson]


class ChoiceJson(BaseModel):
    """The only answer there is."""

    index: Literal[0] = 0
    message: AnswerMessageJson
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class DeltaJson(BaseModel):
    """What comes to the message: its role at first, then its paragraphs one by one."""

    role: Literal["assistant"] = "assistant"
    content: str = ""
    refusal: None = None
    annotations: Annotated[
        list[AnnotationJson], Field(description="Offsets are those in the whole message.")
    ] = []


class ChunkChoiceJson(BaseModel):
    """What comes to the only answer there is."""

    index: Literal[0] = 0
    delta: DeltaJson
    logprobs: None = None
    finish_reason: Annotated[Literal["stop"] | None, Field(description="Null but at the end.")]


class CompletionHead(BaseModel):
    """What an answer and each of its chunks begin with."""

    id: Annotated[str, Field(examples=["chatcmpl-0123456789abcdef01234567"])]
    created: Annotated[int, Field(description="Seconds since 1970.")]
    model: Literal["massilia"] = MODEL
    system_fingerprint: Annotated[
        str | None, Field(description="The generation that was searched; null before the first.")
    ]


class CompletionJson(CompletionHead):
    """An answer as one message."""

    object: Literal["chat.completion"] = "chat.completion"
    choices: Annotated[list[ChoiceJson], Field(min_length=1, max_length=1)]
    usage: UsageJson


class CompletionChunkJson(CompletionHead):
    """A part of an answer that is streamed."""

    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    choices: Annotated[
        list[ChunkChoiceJson], Field(max_length=1, description="None where usage is told.")
    ]
    usage: Annotated[
        UsageJson | None,
        Field(description="Only where `include_usage` asks for it: null but in the last chunk."),
    ] = None


class ModelJson(BaseModel):
    """A model: this library."""

    id: Literal["massilia"] = MODEL
    object: Literal["model"] = "model"
    created: Annotated[
        int, Field(description="When the library was last built, in seconds since 1970; else 0.")
    ]
    owned_by: Literal["massilia"] = MODEL


class ModelListJson(BaseModel):
    """The models there are: one."""

    object: Literal["list"] = "list"
    data: list[ModelJson]


class CompletionFaultJson(BaseModel):
    """What is wrong, in the language that Accept-Language prefers."""

    message: str
    type: Literal[
        "invalid_request_error", "authentication_error", "rate_limit_error", "server_error"
    ]
    param: Annotated[
        str | None,
        Field(description="The field that is wrong.", examples=["messages[0].content"]),
    ]
    code: Annotated[
        str | None,
        Field(description="For programs: the same in every language.", examples=["invalid_value"]),
    ]


class CompletionErrorJson(BaseModel):
    """An error, as OpenAI's interface tells it."""

    error: CompletionFaultJson
