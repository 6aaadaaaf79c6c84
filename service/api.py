"""The JSON interface: questions and answers."""

from datetime import date
from importlib.metadata import version
from itertools import chain

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse

from massilia.service.answerer import Answerer
from massilia.service.answering import Answering
from massilia.service.api_errors import list_problems
from massilia.service.batch import MAX_BYTES, MAX_LINES, answer_lines, split_lines
from massilia.service.error_telling import make_teller
from massilia.service.feedback import Feedback, Judgement, find_place
from massilia.service.gates import take_more
from massilia.service.passage_search import search_passages
from massilia.service.problems import ProblemError
from massilia.service.question import read_question
from massilia.service.receipt import Receipt
from massilia.service.request_bodies import (
    JSON,
    JSON_LINES,
    LimitedRoute,
    read_body,
    require_json,
    require_json_lines,
)
from massilia.service.serving import ServingOptions
from massilia.service.stream_description import describe_batch, describe_lines, describe_stream
from massilia.service.streaming import list_events, send_events
from massilia.service.suggestions import Suggestions
from massilia.service.verification import verify_receipt
from massilia.service.wire import AnswerJson, IndexJson, VerificationJson
from massilia.service.wire_feedback import FeedbackRequest, RecordedJson
from massilia.service.wire_library import HealthJson, ReadinessJson, SearchJson
from massilia.service.wire_request import AnswerRequest, SearchRequest

NO_BUFFERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""For streams: a proxy that gathers them up would undo them."""


def make_api(
    answerer: Answerer, suggestions: Suggestions | None, options: ServingOptions
) -> APIRouter:
    """Return the routes of the JSON interface that answer questions with `answerer`.

    Without `suggestions` no questions are related to the one answered.
    """
    router = APIRouter(route_class=LimitedRoute)
    answering = Answering(answerer, suggestions)

    @router.post(
        "/v1/answer",
        tags=["Questions"],
        summary="Answer a question with quotes",
        dependencies=[Depends(require_json)],
        response_model=AnswerJson,
        responses=describe_stream() | list_problems(400, 413, 415, 422, 503),
    )
    def answer(request: AnswerRequest, http: Request) -> Response:
        """Return quotes that answer, with exact citations, or none and the reasons why.

        A question that the library holds no answer to is no error, nor are filters that no article
        passes: `abstained` is true. A question that leans on those in `history` ("And in 2016?") is
        made to stand alone first: `question` is what was searched with, `asked` what was asked.

        With `stream`, what is found is sent as it is found, as server-sent events: each is one
        whole thing, a quote with its citation for one, and `answer` comes last.
        """
        http.state.language = request.language
        if not request.stream:
            # Made here: of an `AnswerJson` it would be made in another thread, one after this.
            content = AnswerJson.of(answering.answer(request)).model_dump_json()
            return Response(content, media_type=JSON)
        parts = answering.answer_parts(request)
        # The first is worked out here: what can't be asked is refused before a stream begins.
        events = list_events(chain([next(parts)], parts))
        tell = make_teller(http, options)
        return EventSourceResponse(
            send_events(events, lambda error: tell(error, None), options.max_seconds),
            headers=NO_BUFFERS,
        )

    @router.post(
        "/v1/answers",
        tags=["Questions"],
        summary="Answer many questions",
        dependencies=[Depends(require_json_lines)],
        response_class=StreamingResponse,
        responses=describe_lines() | list_problems(413, 415),
        openapi_extra=describe_batch(),
    )
    async def answer_many(http: Request) -> Response:
        """Answer each line of the body, a JSON object as for `POST /v1/answer`, on its own line.

        A line may have an `id`, which comes back with its answer; `stream` has no meaning here.
        Answers come in the order of the lines, each as soon as it is found. A line that is wrong
        gets a `problem` in place of its `answer`, and stops no other. Lines that are blank are
        passed over. A batch counts as many requests as it has lines.
        """
        lines = split_lines(await read_body(http, MAX_BYTES))
        if len(lines) > MAX_LINES:
            raise ProblemError("too_many_lines", limit=MAX_LINES)
        take_more(http, len(lines) - 1)
        answers = answer_lines(answering, lines, make_teller(http, options), options.max_seconds)
        return StreamingResponse(answers, media_type=JSON_LINES, headers=NO_BUFFERS)

    router.include_router(_make_checks(answerer, options))
    return router


def _make_checks(answerer: Answerer, options: ServingOptions) -> APIRouter:
    """Return the routes that answer no question: search, verification, feedback, the server's."""
    router = APIRouter(route_class=LimitedRoute)

    @router.post(
        "/v1/search",
        tags=["Questions"],
        summary="Find passages near a question",
        dependencies=[Depends(require_json)],
        responses=list_problems(400, 413, 415, 422, 503),
    )
    def search(request: SearchRequest, http: Request) -> SearchJson:
        """Return the passages that rank highest, whether or not they answer.

        Nothing is judged here: to know whether the library answers, ask `POST /v1/answer`.
        """
        http.state.language = request.language
        within = request.filters.to_filter()
        question = read_question(request.question, request.language, within)
        return SearchJson.of(search_passages(answerer, question, request.top_k))

    @router.post(
        "/v1/verify",
        tags=["Questions"],
        summary="Verify the quotes of an answer",
        dependencies=[Depends(require_json)],
        responses=list_problems(400, 413, 415, 422, 503),
    )
    def verify(receipt: Receipt) -> VerificationJson:
        """Return what has become of each quote of an answer that was given before.

        The body is that answer as `POST /v1/answer` returned it, or a receipt as `massilia ask
        --save` wrote it; a receipt's quotes carry their context, and are found more surely. Of an
        answer, the quotes in `citations` are verified; a receipt holds those of `second` and of
        `series` among them.
        """
        return VerificationJson.of(verify_receipt(receipt, answerer.store))

    @router.post(
        "/v1/feedback",
        tags=["Feedback"],
        summary="Judge an answer",
        status_code=201,
        dependencies=[Depends(require_json)],
        responses=list_problems(400, 403, 404, 413, 415, 422, 503),
    )
    def judge(request: FeedbackRequest, http: Request) -> RecordedJson:
        """Keep what a reader thinks of an answer, where the server is started to do so.

        Nothing of who sent it is kept: no address, no cookie, and of time the day only.
        """
        http.state.language = request.language
        if not options.feedback:
            raise ProblemError("feedback_off")
        record_feedback(answerer, request)
        return RecordedJson(kept=["day", "generation", *request.model_dump(exclude_none=True)])

    @router.get(
        "/readyz",
        tags=["Server"],
        summary="Tell whether questions can be answered",
        responses=list_problems(503),
    )
    def tell_readiness() -> ReadinessJson:
        """Return 200 when the library is open, its generation readable and its encoder loaded."""
        answerer.check()
        return ReadinessJson()

    @router.get(
        "/healthz",
        tags=["Server"],
        summary="Tell the version and the size of the library",
        responses=list_problems(503),
    )
    def tell_health() -> HealthJson:
        """Return the version, the library's size and its generation."""
        answerer.check()
        generation = answerer.library.generation()
        return HealthJson(
            version=version("massilia"),
            articles=answerer.store.count_articles(),
            index=IndexJson(id=generation.id if generation else None),
        )

    return router


def record_feedback(answerer: Answerer, request: FeedbackRequest) -> None:
    """Keep a judgement; raises `ProblemError`, `QuestionError` and `LibraryError`."""
    question = read_question(request.question, request.language)
    place, cited = None, request.citation
    if cited is not None:
        start, end = cited.start_char_index, cited.end_char_index
        place = find_place(answerer.store, cited.document_id, start, end)
        if place is None:
            raise ProblemError("no_quote", id=cited.document_id, start=str(start), end=str(end))
    generation = answerer.library.generation()
    judgement = Judgement(
        question=question.text,
        language=question.language,
        verdict=request.verdict,
        reason=request.reason,
        comment=request.comment or None,
        answer_id=request.answer_id or None,
        place=place,
    )
    feedback = Feedback(answerer.library.path)
    feedback.record(judgement, generation.id if generation else None, date.today())
