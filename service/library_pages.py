"""The pages of the library: its articles, searched, filtered and sorted, and its topics by year."""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from massilia.corpus.article import Article, Language
from massilia.index.store import ArticleEntry
from massilia.service.answerer import Answerer
from massilia.service.article_selection import Order, Selection, select_articles
from massilia.service.composition import compose_answer
from massilia.service.filters import FilterError
from massilia.service.library_addresses import ORDERS, read_page_number, read_selection
from massilia.service.library_conditions import describe_conditions
from massilia.service.library_listing import Listing, make_listing
from massilia.service.library_search import Excerpt, Found, excerpt_passage, search_library
from massilia.service.library_topics import Topic, Topics
from massilia.service.messages import load_messages
from massilia.service.page_rendering import METHODS, redirect_to_language, render_page
from massilia.service.question import QuestionError, read_question
from massilia.service.topic_map import draw_map

MAX_NEAR = 4
"""How many articles near in meaning are shown after those that hold the words."""


def make_library_pages(answerer: Answerer) -> APIRouter:
    """Return the routes of the pages that list the articles of the library of `answerer`."""
    router = APIRouter()

    @router.api_route("/articles", methods=METHODS)
    def redirect_to_library(request: Request) -> Response:
        return redirect_to_language(request, "/articles")

    @router.api_route("/map", methods=METHODS)
    def redirect_to_map(request: Request) -> Response:
        return redirect_to_language(request, "/map")

    for language in Language:
        router.include_router(_make_pages_in(language, answerer), prefix=f"/{language}")
    return router


def _make_pages_in(language: Language, answerer: Answerer) -> APIRouter:
    router = APIRouter()

    @router.api_route("/articles", methods=METHODS)
    def show_library(request: Request) -> Response:
        try:
            selection = read_selection(request.query_params.multi_items())
            found = _search(answerer, selection, language)
        except QuestionError as error:
            return _render_library(request, language, answerer, Selection(), error=error)
        return _render_library(request, language, answerer, selection, found)

    @router.api_route("/map", methods=METHODS)
    def show_map(request: Request) -> Response:
        entries = answerer.store.entries()
        topics = _find_topics(request, entries)
        return render_page(
            request,
            "map.html",
            language,
            ready=topics is not None,
            map=draw_map(entries, topics or (), language),
        )

    return router


def _render_library(
    request: Request,
    language: Language,
    answerer: Answerer,
    selection: Selection,
    found: Found | None = None,
    error: QuestionError | None = None,
) -> Response:
    entries = answerer.store.entries()
    known = _find_topics(request, entries)
    selected = select_articles(entries, selection, known or (), found, first=language)
    page = 1 if error else read_page_number(request.query_params.multi_items())
    listing = make_listing(selected, page, known or (), language)
    messages = load_messages(language)
    return render_page(
        request,
        "articles.html",
        language,
        200 if error is None else 422,
        total=len(entries),
        listing=listing,
        orders=[each for each in ORDERS if selection.words or each is not Order.RELEVANCE],
        topics_ready=known is not None,
        conditions=describe_conditions(listing.selection, known or (), language, messages),
        found=found,
        excerpts=_excerpt(answerer, selection, listing.entries, found),
        near=_find_near(answerer, listing, language, found),
        error=error,
        wrong_words=error is not None and not isinstance(error, FilterError),
    )


def _find_topics(request: Request, entries: Sequence[ArticleEntry]) -> tuple[Topic, ...] | None:
    topics: Topics = request.app.state.topics
    return topics.find(entries)


def _search(answerer: Answerer, selection: Selection, language: Language) -> Found | None:
    """Return what holds the words; raises `QuestionError` for words that can't be read."""
    if not selection.words:
        return None
    read_question(selection.words, language)
    return search_library(selection.words, language, answerer.library)


def _excerpt(
    answerer: Answerer,
    selection: Selection,
    entries: Sequence[ArticleEntry],
    found: Found | None,
) -> dict[str, Excerpt]:
    excerpts = {}
    for entry in entries if found is not None else ():
        article = answerer.store.article(entry.id)
        passage = found.passages[entry.id] if found else None
        # One that was replaced since is shown without.
        if article is not None and passage is not None and passage.end <= len(article.text):
            excerpts[entry.id] = excerpt_passage(selection.words, article, passage, answerer.store)
    return excerpts


def _find_near(
    answerer: Answerer, listing: Listing, language: Language, found: Found | None
) -> list[Article]:
    """Return articles that are near the words in meaning, in whatever language, and lack them."""
    selection = listing.selection
    if found is None or listing.page > 1 or selection.needs_topics:
        return []
    question = read_question(selection.words, language, selection.within)
    finding = answerer.find(question)
    answer = compose_answer(finding)
    if not (answer.quotes or answer.near):
        # What is merely nearest may have nothing to do with the words.
        return []
    near = dict.fromkeys(each.passage.article_id for each in finding.passages)
    articles = (answerer.store.article(each) for each in near if each not in found.passages)
    return [article for article in articles if article is not None][:MAX_NEAR]
