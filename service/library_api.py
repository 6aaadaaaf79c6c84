"""The JSON interface: what the library holds."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError

from massilia.corpus.article import Article, Language
from massilia.index.filter import Filter
from massilia.service.answerer import Answerer
from massilia.service.api_errors import Responses, list_problems
from massilia.service.article_list import (
    DEFAULT_PAGE,
    MAX_PAGE,
    ArticleOrder,
    CursorError,
    list_page,
)
from massilia.service.caching import IfNoneMatch, respond_if_changed
from massilia.service.filters import MAX_NAMES, FilterError, check_filter
from massilia.service.library_facts import describe_library
from massilia.service.marked_text import read_span
from massilia.service.offsets import OFFSETS
from massilia.service.original import find_original_part
from massilia.service.passage_search import find_passage
from massilia.service.problems import ProblemError
from massilia.service.wire_library import (
    ArticleJson,
    ArticleListJson,
    LibraryJson,
    OriginalJson,
    PassageJson,
)
from massilia.service.wire_request import Day, Name

MAX_PASSAGE_ID = 2**63 - 1
"""The largest number that SQLite keeps."""
MAX_WORDS_CHARACTERS = 200
ArticleId = Annotated[str, Path(description="As `document_id` in a citation.")]
_UNCHANGED: Responses = {
    200: {
        "headers": {
            "ETag": {
                "description": "Changes with the content.",
                "schema": {"type": "string"},
            },
            "Cache-Control": {"schema": {"type": "string"}},
        }
    },
    304: {"description": "It is as it was: see `If-None-Match`."},
}


def make_library_api(answerer: Answerer) -> APIRouter:
    """Return the routes of the JSON interface over the library of `answerer`."""
    router = APIRouter(tags=["Library"])

    @router.get(
        "/v1/library",
        summary="Tell what the library holds",
        response_model=LibraryJson,
        responses=_UNCHANGED | list_problems(503),
    )
    def describe(http: Request, if_none_match: IfNoneMatch = None) -> Response:
        """Return how many articles there are, of which kinds and days, and what is searched in."""
        return respond_if_changed(http, LibraryJson.of(describe_library(answerer.library)))

    @router.get(
        "/v1/articles",
        summary="List the library's articles",
        response_model=ArticleListJson,
        responses=_UNCHANGED | list_problems(404, 422, 503),
    )
    def list_articles(
        http: Request,
        within: Annotated[Filter, Depends(_read_filter)],
        q: Annotated[
            str,
            Query(
                max_length=MAX_WORDS_CHARACTERS,
                description=(
                    "Words that a title must have, all of them, whatever the case and the accents. "
                    "For what texts say, ask `POST /v1/search`."
                ),
            ),
        ] = "",
        sort: Annotated[
            ArticleOrder,
            Query(description="`-date` is newest first; articles without a date come last."),
        ] = ArticleOrder.ID,
        limit: Annotated[
            int, Query(ge=1, le=MAX_PAGE, description="The most articles of a page.")
        ] = DEFAULT_PAGE,
        cursor: Annotated[
            str | None, Query(description="`next_cursor` of the page before.")
        ] = None,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Return what is known of articles, without the texts, a page at a time."""
        try:
            page = list_page(answerer.store.entries(), within, q, sort, limit, cursor)
        except CursorError as error:
            raise ProblemError("no_page") from error
        return respond_if_changed(http, ArticleListJson.of(page))

    @router.get(
        "/v1/articles/{article_id}",
        summary="Return one article whole",
        response_model=ArticleJson,
        responses=_UNCHANGED | list_problems(404, 503),
    )
    def show_article(
        article_id: ArticleId, http: Request, if_none_match: IfNoneMatch = None
    ) -> Response:
        """Return an article with the text that citations' offsets count in."""
        return respond_if_changed(http, ArticleJson.of_article(_find_article(answerer, article_id)))

    @router.get(
        "/v1/articles/{article_id}/original",
        summary="Tell where a part stands in the original",
        responses=list_problems(404, 422, 503),
    )
    def show_original(
        article_id: ArticleId,
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
            raise ProblemError("no_original", id=article_id)
        return OriginalJson.of(article_id, found)

    @router.get(
        "/v1/passages/{passage_id}",
        summary="Return one passage",
        response_model=PassageJson,
        responses=_UNCHANGED | list_problems(404, 422, 503),
    )
    def show_passage(
        passage_id: Annotated[
            int, Path(ge=1, le=MAX_PASSAGE_ID, description="As `id` of a passage in a search.")
        ],
        http: Request,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Return a passage with its place in its article."""
        found = find_passage(answerer.store, passage_id)
        if found is None:
            raise ProblemError("no_passage", id=passage_id)
        return respond_if_changed(http, PassageJson.of(found))

    return router


def _read_filter(
    language: Annotated[tuple[Language, ...], Query(description="Only in this language.")] = (),
    publisher: Annotated[
        tuple[Name, ...],
        Query(
            max_length=MAX_NAMES, description="Only from this one, whatever the case and accents."
        ),
    ] = (),
    kind: Annotated[
        tuple[Name, ...], Query(max_length=MAX_NAMES, description="Only of this kind, likewise.")
    ] = (),
    published_from: Annotated[
        Day | None,
        Query(description="First day of publication. Articles without a date don't pass."),
    ] = None,
    published_to: Annotated[Day | None, Query(description="Last day, included.")] = None,
) -> Filter:
    within = Filter(
        languages=frozenset(language),
        publishers=frozenset(publisher),
        kinds=frozenset(kind),
        published_from=published_from,
        published_to=published_to,
    )
    try:
        check_filter(within)
    except FilterError as error:
        fault = {
            "type": "value_error",
            "loc": ("query", "published_from" if error.code == "filter_range" else ""),
            "msg": str(error),
            "ctx": {"error": error},
        }
        raise RequestValidationError([fault]) from error
    return within


def _find_article(answerer: Answerer, article_id: str) -> Article:
    article = answerer.store.article(article_id)
    if article is None:
        raise ProblemError("no_article", id=article_id)
    return article


def _write(offset: int | None) -> str | None:
    return None if offset is None else str(offset)
