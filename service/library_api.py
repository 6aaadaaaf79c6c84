"""The JSON interface: what the library holds."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError

from massilia.corpus.article import Article, Language
from massilia.index.filter import Filter
from massilia.index.store import ArticleEntry
from massilia.ingest.question_language import detect_question_language
from massilia.service.answerer import Answerer
from massilia.service.api_errors import Responses, list_problems
from massilia.service.article_selection import Order, Selection, select_articles
from massilia.service.caching import IfNoneMatch, respond_if_changed
from massilia.service.cursors import DEFAULT_PAGE, MAX_PAGE, CursorError, cut_page
from massilia.service.filters import MAX_NAMES, FilterError, check_filter
from massilia.service.library_facts import describe_library
from massilia.service.library_search import search_library
from massilia.service.library_topics import Topic, Topics, fold_topic, order_topics
from massilia.service.marked_text import read_span
from massilia.service.offsets import OFFSETS
from massilia.service.original import find_original_part
from massilia.service.passage_search import find_passage
from massilia.service.problems import ProblemError
from massilia.service.question import QuestionError, read_question
from massilia.service.wire_library import (
    ArticleJson,
    ArticleListJson,
    LibraryJson,
    OriginalJson,
    PassageJson,
    TopicListJson,
)
from massilia.service.wire_request import Day, Name

MAX_PASSAGE_ID = 2**63 - 1
"""The largest number that SQLite keeps."""
MAX_YEAR = 9999
RETRY_SECONDS = 10
"""In how long the topics of a library are asked for again, where they aren't all gathered yet."""

Sort = Literal["relevance", "id", "title", "date", "-date"]
_ORDERS: Final[Mapping[Sort, Order]] = {
    "relevance": Order.RELEVANCE,
    "id": Order.ID,
    "title": Order.TITLE,
    "date": Order.OLDEST,
    "-date": Order.NEWEST,
}
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="The most of them on a page.")]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before.")]
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
        """Return how many articles there are, of which kinds and days, and what is searched in.

        Its topics are listed by `GET /v1/topics`.
        """
        return respond_if_changed(http, LibraryJson.of(describe_library(answerer.library)))

    @router.get(
        "/v1/articles",
        summary="List the library's articles",
        response_model=ArticleListJson,
        responses=_UNCHANGED | list_problems(404, 422, 503),
    )
    def list_articles(
        http: Request,
        selection: Annotated[Selection, Depends(_read_selection)],
        limit: Limit = DEFAULT_PAGE,
        cursor: Cursor = None,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Return what is known of articles, without the texts, a page at a time.

        They are those that the page `/articles` lists, whose words and conditions these are.
        """
        entries = answerer.store.entries()
        topics = _find_topics(http, entries) if selection.needs_topics else ()
        found = None
        if selection.words:
            spoken = detect_question_language(selection.words).language
            found = search_library(selection.words, spoken, answerer.library)
        selected = select_articles(entries, selection, topics, found)
        try:
            page = cut_page(selected.keyed, selection.order, limit, cursor)
        except CursorError as error:
            raise ProblemError("no_page") from error
        return respond_if_changed(http, ArticleListJson.of(page, found))

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

    router.include_router(_make_topics_api(answerer))
    return router


def _make_topics_api(answerer: Answerer) -> APIRouter:
    router = APIRouter()

    @router.get(
        "/v1/topics",
        summary="List the library's topics",
        response_model=TopicListJson,
        responses=_UNCHANGED | list_problems(404, 422, 503),
    )
    def list_topics(
        http: Request,
        limit: Limit = DEFAULT_PAGE,
        cursor: Cursor = None,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Return the names that articles are about, those of most articles first.

        A topic's `key` is what `topic` takes in `GET /v1/articles`. Topics are found in titles,
        headings and sentences: nobody has tagged anything. Of a large library that has just been
        opened they take a while to gather: until then the status is 503, with `Retry-After`.
        """
        topics = _find_topics(http, answerer.store.entries())
        try:
            page = cut_page(order_topics(topics), "topics", limit, cursor)
        except CursorError as error:
            raise ProblemError("no_page") from error
        return respond_if_changed(http, TopicListJson.of(page))

    return router


def _find_topics(http: Request, entries: Sequence[ArticleEntry]) -> tuple[Topic, ...]:
    topics: Topics = http.app.state.topics
    found = topics.find(entries)
    if found is None:
        raise ProblemError("topics_unread", headers={"Retry-After": str(RETRY_SECONDS)})
    return found


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
        parameter = "published_from" if error.code == "filter_range" else ""
        raise RequestValidationError([_describe_fault(parameter, error)]) from error
    return within


def _read_selection(
    within: Annotated[Filter, Depends(_read_filter)],
    q: Annotated[
        Name,
        Query(
            description=(
                "Words that an article must have in its title, headings or text, all of them, "
                "whatever their forms, case and accents; `search` says what became of them. "
                "For what is near in meaning, ask `POST /v1/search`."
            )
        ),
    ] = "",
    topic: Annotated[
        tuple[Name, ...],
        Query(max_length=MAX_NAMES, description="Only on this one: a `key` of `GET /v1/topics`."),
    ] = (),
    year: Annotated[
        int | None,
        Query(ge=1, le=MAX_YEAR, description="Only with a sentence on the topic that names it."),
    ] = None,
    sort: Annotated[
        Sort | None,
        Query(
            description=(
                "By default `relevance` where there are words, otherwise `id`, which is what "
                "`relevance` is without words. `-date` is newest first; articles without a date "
                "come last."
            )
        ),
    ] = None,
) -> Selection:
    words = " ".join(q.split())
    try:
        if words:
            read_question(words)
    except QuestionError as error:
        raise RequestValidationError([_describe_fault("q", error)]) from error
    order = _ORDERS[sort or "relevance"]
    return Selection(
        words=words,
        within=within,
        topics=frozenset(map(fold_topic, topic)),
        year=year,
        order=Order.ID if order is Order.RELEVANCE and not words else order,
    )


def _describe_fault(parameter: str, error: QuestionError) -> dict[str, object]:
    return {
        "type": "value_error",
        "loc": ("query", parameter),
        "msg": str(error),
        "ctx": {"error": error},
    }


def _find_article(answerer: Answerer, article_id: str) -> Article:
    article = answerer.store.article(article_id)
    if article is None:
        raise ProblemError("no_article", id=article_id)
    return article


def _write(offset: int | None) -> str | None:
    return None if offset is None else str(offset)
