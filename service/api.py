"""The JSON interface."""

from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path

from massilia.service.answerer import Answerer
from massilia.service.question import read_question
from massilia.service.wire import (
    AnswerJson,
    AnswerRequest,
    ArticleEntryJson,
    ArticleJson,
    ArticleListJson,
    HealthJson,
    IndexJson,
)


def make_api(answerer: Answerer) -> APIRouter:
    """Return the routes of the JSON interface over `answerer`."""
    router = APIRouter()

    @router.post("/v1/answer", summary="Answer a question with quotes")
    def answer(request: AnswerRequest) -> AnswerJson:
        """Return quotes that answer, with exact citations, or none and the reasons why.

        A question that the library holds no answer to is no error: `abstained` is true.
        """
        question = read_question(request.question, request.language)
        return AnswerJson.of(answerer.answer(question, request.top_k))

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
        article = answerer.store.article(article_id)
        if article is None:
            raise HTTPException(404, f"The library has no article {article_id!r}.")
        return ArticleJson.of_article(article)

    @router.get("/healthz", summary="Tell whether questions can be answered")
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
