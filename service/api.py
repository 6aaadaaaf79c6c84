"""The JSON interface."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import date
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from fastapi.routing import APIRoute

from massilia.corpus.article import Article
from massilia.service.answerer import Answerer
from massilia.service.dialogue import answer_in_turn, guess_language
from massilia.service.marked_text import read_span
from massilia.service.original import find_original_part
from massilia.service.problems import MEDIA_TYPE
from massilia.service.question import read_question
from massilia.service.receipt import Receipt
from massilia.service.suggestions import Suggestions
from massilia.service.verification import verify_receipt
from massilia.service.wire import (
    OFFSETS,
    AnswerJson,
    AnswerRequest,
    ArticleEntryJson,
    ArticleJson,
    ArticleListJson,
    HealthJson,
    IndexJson,
    OriginalJson,
    ProblemJson,
    ReadinessJson,
    VerificationJson,
)

MAX_BODY_BYTES = 1_000_000
"""A question has 500 characters at most; with every filter at its limit, an honest request in UTF-8
takes 600 kilobytes."""

_UNREADY: dict[int | str, dict[str, Any]] = {
    503: {
        "description": "Questions can't be answered; `detail` says why.",
        "content": {MEDIA_TYPE: {"schema": ProblemJson.model_json_schema()}},
    }
}


def make_api(answerer: Answerer, suggestions: Suggestions | None = None) -> APIRouter:
    """Return the routes of the JSON interface over `answerer`.

    Without `suggestions` no questions are related to the one answered.
    """
    router = APIRouter(route_class=_LimitedRoute)

    @router.post(
        "/v1/answer", summary="Answer a question with quotes", dependencies=[Depends(_require_json)]
    )
    def answer(request: AnswerRequest) -> AnswerJson:
        """Return quotes that answer, with exact citations, or none and the reasons why.

        A question that the library holds no answer to is no error, nor are filters that no article
        passes: `abstained` is true. A question that leans on those in `history` ("And in 2016?") is
        made to stand alone first: `question` is what was searched with, `asked` what was asked.
        """
        within = request.filters.to_filter()
        today = date.today() if request.use_question_dates else None
        language = request.language or guess_language(request.question, request.history)
        question = read_question(request.question, language, within, today)
        answer = answer_in_turn(answerer, question, request.history, today, request.top_k)
        if suggestions is not None:
            answer = replace(answer, related=suggestions.relate(answer))
        return AnswerJson.of(answer)

    @router.post(
        "/v1/verify",
        summary="Verify the quotes of an answer",
        dependencies=[Depends(_require_json)],
    )
    def verify(receipt: Receipt) -> VerificationJson:
        """Return what has become of each quote of an answer that was given before.

        The body is that answer as `POST /v1/answer` returned it, or a receipt as `massilia ask
        --save` wrote it; a receipt's quotes carry their context, and are found more surely. Of an
        answer, the quotes in `citations` are verified; a receipt holds those of `second` and of
        `series` among them.
        """
        return VerificationJson.of(verify_receipt(receipt, answerer.store))

    @router.get("/v1/articles", summary="List the library's articles")
    def list_articles() -> ArticleListJson:
        """Return what is known of every article, without the texts."""
        entries = answerer.store.entries()
        return ArticleListJson(articles=[ArticleEntryJson.of(entry) for entry in entries])

    @router.get("/v1/articles/{article_id}", summary="Return one article whole")
    def show_article(
        article_id: Annotated[str, Path(description="As `document_id` in a citation.")],
    ) -> ArticleJson:
        """Return an article with the text that citations' offsets count in."""
        return ArticleJson.of_article(_find_article(answerer, article_id))

    @router.get(
        "/v1/articles/{article_id}/original", summary="Tell where a part stands in the original"
    )
    def show_original(
        article_id: Annotated[str, Path(description="As `document_id` in a citation.")],
        start: Annotated[int | None, Query(ge=0, description=OFFSETS)] = None,
        end: Annotated[int | None, Query(ge=1, description=OFFSETS)] = None,
    ) -> OriginalJson:
        """Return what an article was read from, and where a part of its text stands in the bytes.

        Articles that come with Massilia have no original; nor does a PDF say where words stand.
        """
        article = _find_article(answerer, article_id)
        span = read_span(_write(start), _write(end), len(article.text))
        found = find_original_part(answerer.store, article_id, span)
        if found is None:
            raise HTTPException(404, f"The library has no original of {article_id!r}.")
        return OriginalJson.of(article_id, found)

    @router.get("/readyz", summary="Tell whether questions can be answered", responses=_UNREADY)
    def tell_readiness() -> ReadinessJson:
        """Return 200 when the library is open, its generation readable and its encoder loaded."""
        answerer.check()
        return ReadinessJson()

    @router.get(
        "/healthz", summary="Tell the version and the size of the library", responses=_UNREADY
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


def _find_article(answerer: Answerer, article_id: str) -> Article:
    article = answerer.store.article(article_id)
    if article is None:
        raise HTTPException(404, f"The library has no article {article_id!r}.")
    return article


def _write(offset: int | None) -> str | None:
    return None if offset is None else str(offset)


def _require_json(request: Request) -> None:
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not (media_type.startswith("application/") and media_type.endswith(("/json", "+json"))):
        raise HTTPException(415, "The body must be JSON, sent as Content-Type: application/json.")


class _LimitedRequest(Request):
    """Stop reading a body that no question can have, announced or not.

    Starlette's own RequestBodyLimitMiddleware answers in plain text, where programs expect a
    problem (as of 1.10).
    """

    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            body = bytearray()
            async for chunk in self.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    detail = f"The request's body has more than {MAX_BODY_BYTES:,} bytes."
                    raise HTTPException(413, detail, headers={"Connection": "close"})
            self._body = bytes(body)
        return self._body


class _LimitedRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_limited(request: Request) -> Response:
            return await handle(_LimitedRequest(request.scope, request.receive))

        return handle_limited
