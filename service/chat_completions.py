"""OpenAI's chat interface, for programs that speak it: the message is an answer with its quotes.

What it takes and returns is as https://platform.openai.com/docs/api-reference/chat says; only what
has to do with writing text is ignored, since none is written.
"""

import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import chain
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel

from massilia.index.errors import LibraryError
from massilia.service.answerer import Answerer
from massilia.service.completion_description import describe_completion, list_completion_errors
from massilia.service.dialogue import (
    MAX_EARLIER,
    answer_parts,
    guess_language,
    understand_in_turn,
)
from massilia.service.links import Links, read_site
from massilia.service.messages import Messages
from massilia.service.problems import choose_messages, describe_question_error
from massilia.service.question import QuestionError, read_question
from massilia.service.request_bodies import JSON, LimitedRoute, require_json
from massilia.service.wire_completion import (
    MODEL,
    AnnotationJson,
    AnswerMessageJson,
    ChoiceJson,
    ChunkChoiceJson,
    CompletionChunkJson,
    CompletionErrorJson,
    CompletionJson,
    CompletionMessage,
    CompletionRequest,
    DeltaJson,
    ModelJson,
    ModelListJson,
    UrlCitationJson,
    UsageJson,
)
from massilia.service.written_answer import (
    SEPARATOR,
    Marker,
    Paragraph,
    join_paragraphs,
    move_markers,
    write_answer,
)

CHAT_PATHS = ("/v1/chat/completions", "/v1/models")
"""Where errors have OpenAI's shape."""
EVENT_STREAM = "text/event-stream"

_CODES: Mapping[int, str] = {
    401: "invalid_api_key",
    429: "rate_limit_exceeded",
    500: "server_error",
    503: "server_error",
}


class _CompletionError(Exception):
    """A request can't be met: `code` is OpenAI's, `param` names what is wrong."""

    def __init__(self, message: str, param: str | None, code: str, status: int = 400) -> None:
        super().__init__(message)
        self.param = param
        self.code = code
        self.status = status


def make_chat_completions(answerer: Answerer) -> APIRouter:
    """Return the routes of OpenAI's interface over `answerer`."""
    router = APIRouter(route_class=LimitedRoute, tags=["OpenAI"])

    @router.post(
        "/v1/chat/completions",
        summary="Answer as a chat message",
        dependencies=[Depends(require_json)],
        response_model=CompletionJson,
        responses=describe_completion() | list_completion_errors(400, 404, 413, 415, 503),
    )
    def complete(asked: CompletionRequest, request: Request) -> Response:
        """Return an answer to the last message of the user, those before it being its history.

        The message is quotes, each between quotation marks and numbered, then what the numbers
        stand for; or, in the question's language, that the library doesn't say. Messages of the
        system are not followed, and what would have a text written otherwise (`temperature`,
        `max_tokens` and the like) is ignored.
        """
        links = Links(read_site(request.scope))
        messages = choose_messages(request)
        try:
            _check_parameters(asked, messages)
            paragraphs = _answer(answerer, asked, links, messages)
        except _CompletionError as error:
            return _respond_error(error.status, str(error), error.param, error.code)
        completion = _Completion(answerer, links)
        if asked.stream:
            with_usage = bool(asked.stream_options and asked.stream_options.include_usage)
            return StreamingResponse(
                completion.stream(paragraphs, with_usage),
                media_type=EVENT_STREAM,
                headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
            )
        return _respond(completion.make_whole(join_paragraphs(paragraphs)))

    @router.get(
        "/v1/models",
        summary="List the models",
        response_model=ModelListJson,
        responses=list_completion_errors(503),
    )
    def list_models() -> Response:
        """Return the only model there is."""
        return _respond(ModelListJson(data=[_describe_model(answerer)]))

    @router.get(
        "/v1/models/{model:path}",
        summary="Return one model",
        response_model=ModelJson,
        responses=list_completion_errors(404, 503),
    )
    def show_model(
        model: Annotated[str, Path(description="Its `id`.", examples=[MODEL])], request: Request
    ) -> Response:
        """Return a model by its name."""
        if model != MODEL:
            text = choose_messages(request).text("completion.model", model=model)
            return _respond_error(404, text, "model", "model_not_found")
        return _respond(_describe_model(answerer))

    return router


def respond_problem_as_error(
    problem: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    """Return the response that tells of a problem, as RFC 9457 has it, in OpenAI's shape."""
    status = problem["status"]
    faults: Sequence[Mapping[str, Any]] = problem.get("errors", ())
    param = _name_parameter(faults[0]["pointer"]) if faults else None
    # What has the right form and the wrong fields is no case of its own there.
    status = 400 if status == 422 else status
    return _respond_error(status, problem["detail"], param, _CODES.get(status), headers)


def _respond(content: BaseModel) -> Response:
    return Response(content.model_dump_json(), media_type=JSON)


def _name_parameter(pointer: str) -> str | None:
    """Return what OpenAI calls the field at a JSON pointer: /n/0/a is n[0].a."""
    name = ""
    for part in pointer.split("/")[1:]:
        name += f"[{part}]" if part.isdecimal() else f".{part}"
    return name.removeprefix(".") or None


def _respond_error(
    status: int,
    message: str,
    param: str | None,
    code: str | None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    error = _describe_error(status, message, param, code)
    return JSONResponse(error.model_dump(), status, headers=headers)


def _describe_error(
    status: int, message: str, param: str | None, code: str | None
) -> CompletionErrorJson:
    kind = {401: "authentication_error", 429: "rate_limit_error"}.get(status)
    kind = kind or ("server_error" if status >= 500 else "invalid_request_error")
    return CompletionErrorJson.model_validate(
        {"error": {"message": message, "type": kind, "param": param, "code": code}}
    )


def _check_parameters(asked: CompletionRequest, messages: Messages) -> None:
    """Refuse what, if it were ignored, would return something else than was asked for."""
    if asked.model != MODEL:
        text = messages.text("completion.model", model=asked.model)
        raise _CompletionError(text, "model", "model_not_found", 404)
    refused = {
        "n": asked.n not in {None, 1},
        "logprobs": bool(asked.logprobs),
        "modalities": asked.modalities not in (None, ["text"]),
        "response_format": asked.response_format and asked.response_format.type != "text",
        "tool_choice": asked.tool_choice not in (None, "none", "auto"),
    }
    for name in (name for name, wrong in refused.items() if wrong):
        text = messages.text(f"completion.{name}")
        raise _CompletionError(text, name, "unsupported_value")
    if asked.stream_options and not asked.stream:
        text = messages.text("completion.stream_options")
        raise _CompletionError(text, "stream_options", "invalid_value")


def _answer(
    answerer: Answerer, asked: CompletionRequest, links: Links, messages: Messages
) -> Iterator[Paragraph]:
    """Return the answer's paragraphs, the first of them found: what is wrong is known by then."""
    places = [place for place, each in enumerate(asked.messages) if each.role == "user"]
    if not places:
        raise _CompletionError(messages.text("completion.no_question"), "messages", "invalid_value")
    *earlier, last = places
    param = f"messages[{last}].content"
    text, strange = _read_content(asked.messages[last])
    if strange:
        told = messages.text("completion.content", type=strange)
        raise _CompletionError(told, param, "unsupported_value")
    history = _read_history(asked.messages[place] for place in earlier)
    today = date.today()
    try:
        question = read_question(text, guess_language(text, history), today=today)
        understood = understand_in_turn(answerer, question, history, today)
        paragraphs = write_answer(answer_parts(answerer, understood), links)
        return chain([next(paragraphs)], paragraphs)
    except QuestionError as error:
        told = str(describe_question_error(error, messages, CHAT_PATHS[0])["detail"])
        long = error.code in {"too_long", "too_many_tokens"}
        code = "context_length_exceeded" if long else "invalid_value"
        raise _CompletionError(told, param, code) from error


def _read_content(message: CompletionMessage) -> tuple[str, str | None]:
    """Return the text of a message, and what other kind of content it holds, if any."""
    if message.content is None or isinstance(message.content, str):
        return message.content or "", None
    texts = [part.text or "" for part in message.content if part.type == "text"]
    others = (part.type for part in message.content if part.type != "text")
    return "\n".join(texts), next(others, None)


def _read_history(messages: Iterable[CompletionMessage]) -> list[str]:
    """Return the last questions that can be read; a chat sends all, and those refused again."""
    readable = []
    for message in messages:
        try:
            readable.append(read_question(_read_content(message)[0]).text)
        except QuestionError:
            continue
    return readable[-MAX_EARLIER:]


class _Completion:
    """Put one answer into OpenAI's shapes, whole or in chunks."""

    def __init__(self, answerer: Answerer, links: Links) -> None:
        generation = answerer.library.generation()
        self._links = links
        self._head: dict[str, Any] = {
            "id": f"chatcmpl-{secrets.token_hex(12)}",
            "created": int(time.time()),
            "model": MODEL,
            # What an answer depends on beside the question.
            "system_fingerprint": generation.id if generation else None,
        }

    def make_whole(self, paragraph: Paragraph) -> CompletionJson:
        """Return the answer as one message."""
        annotations = _annotate(paragraph.markers, self._links)
        message = AnswerMessageJson(content=paragraph.text, annotations=annotations)
        return CompletionJson(
            **self._head, choices=[ChoiceJson(message=message)], usage=UsageJson()
        )

    def stream(self, paragraphs: Iterable[Paragraph], with_usage: bool) -> Iterator[str]:
        """Yield server-sent events: the message by paragraphs, as they are found."""
        more: dict[str, Any] = {"usage": None} if with_usage else {}
        begun = DeltaJson(role="assistant", content="", refusal=None)
        yield self._write_chunk(begun, more)
        start = 0
        try:
            for paragraph in paragraphs:
                text = f"{SEPARATOR}{paragraph.text}" if start else paragraph.text
                offset = start + len(text) - len(paragraph.text)
                markers = move_markers(paragraph.markers, offset)
                delta = DeltaJson(content=text)
                if markers:
                    delta.annotations = _annotate(markers, self._links)
                yield self._write_chunk(delta, more)
                start += len(text)
        except LibraryError as error:
            # The status has been sent.
            yield _write_event(_describe_error(503, str(error), None, _CODES[503]))
            return
        yield self._write_chunk(DeltaJson(), more, finished=True)
        if with_usage:
            usage = UsageJson(prompt_tokens=0, completion_tokens=0, total_tokens=0)
            yield _write_event(self._make_chunk([], {"usage": usage}))
        yield "data: [DONE]\n\n"

    def _write_chunk(
        self, delta: DeltaJson, more: Mapping[str, Any], *, finished: bool = False
    ) -> str:
        choice = ChunkChoiceJson(
            index=0, delta=delta, logprobs=None, finish_reason="stop" if finished else None
        )
        return _write_event(self._make_chunk([choice], more))

    def _make_chunk(
        self, choices: list[ChunkChoiceJson], more: Mapping[str, Any]
    ) -> CompletionChunkJson:
        return CompletionChunkJson(
            **self._head, object="chat.completion.chunk", choices=choices, **more
        )


def _write_event(data: BaseModel) -> str:
    # What isn't said is left out: an empty delta has no content.
    return f"data: {data.model_dump_json(exclude_unset=True)}\n\n"


def _annotate(markers: Iterable[Marker], links: Links) -> list[AnnotationJson]:
    """Return where the numbers stand in the message, and what each of them cites.

    Offsets are 0-based, end-exclusive, in code points: OpenAI's own services count so too, though
    `end_index` is said to be the index of the last character.
    """
    return [
        AnnotationJson(
            type="url_citation",
            url_citation=UrlCitationJson(
                start_index=marker.start,
                end_index=marker.end,
                url=links.find_citation(marker.citation),
                title=marker.citation.title,
            ),
        )
        for marker in markers
    ]


def _describe_model(answerer: Answerer) -> ModelJson:
    generation = answerer.library.generation()
    built = datetime.fromisoformat(generation.manifest.built_at) if generation else None
    return ModelJson(created=int(built.timestamp()) if built else 0)
