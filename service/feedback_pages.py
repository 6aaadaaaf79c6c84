"""Judging an answer on its page: a small form, where what it says is kept."""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from massilia.corpus.article import Language
from massilia.service.answerer import Answerer
from massilia.service.api import record_feedback
from massilia.service.feedback import REASONS, Reason, Thumb
from massilia.service.page_rendering import METHODS, render_page, with_query
from massilia.service.request_bodies import read_body
from massilia.service.serving import ServingOptions
from massilia.service.wire_feedback import FeedbackRequest

MAX_FIELDS = 20
"""How many fields of a form are read; ours have five."""
MAX_BYTES = 50_000
"""How much of a form is read: every field of ours at its limit, percent-encoded, takes less."""


def make_feedback_pages(answerer: Answerer) -> APIRouter:
    """Return the routes that take what is thought of an answer, and say thanks."""
    router = APIRouter()
    for language in Language:
        router.include_router(_make_pages_in(language, answerer), prefix=f"/{language}")
    return router


def offer_judging(request: Request) -> Mapping[Thumb, Sequence[Reason]]:
    """Return the reasons that forms offer to judge an answer by: none where that isn't kept."""
    return REASONS if _keeps_feedback(request) else {}


def _make_pages_in(language: Language, answerer: Answerer) -> APIRouter:
    router = APIRouter()

    @router.post("/feedback")
    async def judge(request: Request) -> Response:
        if not _keeps_feedback(request):
            raise HTTPException(403, "This server keeps no feedback.")
        # Browsers say so of a form on another site, which anyone could be made to send.
        if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            raise HTTPException(403, "Feedback is given on our own pages.")
        judgement = _read_judgement(await read_body(request, MAX_BYTES), language)
        await run_in_threadpool(record_feedback, answerer, judgement)
        # Whoever loads the next page again judges nothing a second time.
        return RedirectResponse(with_query(f"/{language}/thanks", request), 303)

    @router.api_route("/thanks", methods=METHODS)
    def thank(request: Request) -> Response:
        back = with_query(f"/{language}/", request)
        return render_page(request, "thanks.html", language, back=back)

    return router


def _keeps_feedback(request: Request) -> bool:
    options: ServingOptions = request.app.state.options
    return options.feedback


def _read_judgement(body: bytes, language: Language) -> FeedbackRequest:
    """Return what a form says; raises `HTTPException` for what no form of ours would send."""
    try:
        fields = parse_qs(body.decode(), max_num_fields=MAX_FIELDS)
        given = {name: values[0] for name, values in fields.items() if values[0].strip()}
        return FeedbackRequest.model_validate({"language": language, **given})
    except (ValidationError, ValueError) as error:
        raise HTTPException(422, "The judgement can't be read.") from error
