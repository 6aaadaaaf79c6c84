"""The pages for people: the question and its answer, and all the others; in two languages.

They work without scripts: the form is a plain GET, so every answer has an address of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import HTMLResponse, StreamingResponse

from massilia.corpus.article import Article, Language
from massilia.index.store import Store
from massilia.service.about_pages import make_about_pages
from massilia.service.answer import Answer, Citation
from massilia.service.answer_page import (
    EARLIER,
    describe_hints,
    describe_scope,
    describe_thread,
    ignores_dates,
    link_related,
    list_kept,
)
from massilia.service.answerer import Answerer
from massilia.service.citation_ids import number_citations
from massilia.service.citation_text import CitationFormat, CitedWork, write_citations
from massilia.service.dialogue import answer_in_turn, answer_parts, understand_in_turn
from massilia.service.earlier import EarlierError, read_earlier
from massilia.service.feedback import MAX_COMMENT_CHARACTERS
from massilia.service.feedback_pages import make_feedback_pages, offer_judging
from massilia.service.filters import FilterError, read_filter
from massilia.service.library_pages import make_library_pages
from massilia.service.links import read_site
from massilia.service.messages import load_messages
from massilia.service.page_addresses import address_article
from massilia.service.page_rendering import (
    METHODS,
    load_macros,
    redirect_to_language,
    render_page,
)
from massilia.service.quality import read_report, respond
from massilia.service.question import Question, QuestionError, read_question
from massilia.service.reader_pages import make_reader_pages
from massilia.service.receipt import make_receipt, write_receipt
from massilia.service.suggestions import Suggestions
from massilia.service.turn_stream import HEADERS, MEDIA_TYPE, TurnStream

MAX_NEAREST = 3
"""How many articles an abstention points at."""
MAX_TURNS = 9999
"""How many turns one page may hold, each of which numbers its elements."""


def make_pages(answerer: Answerer, suggestions: Suggestions | None = None) -> APIRouter:
    """Return the routes of the pages over `answerer`; without `suggestions` none are made."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    @router.api_route("/", methods=METHODS)
    def redirect_home(request: Request) -> Response:
        return redirect_to_language(request, "/")

    @router.api_route("/quality", methods=METHODS)
    def redirect_to_report(request: Request) -> Response:
        return redirect_to_language(request, "/quality")

    for language in Language:
        pages = _make_pages_in(language, answerer, suggestions)
        router.include_router(pages, prefix=f"/{language}")
    router.include_router(make_library_pages(answerer))
    router.include_router(make_about_pages(answerer))
    router.include_router(make_reader_pages(answerer.store))
    router.include_router(make_feedback_pages(answerer))
    return router


def _make_pages_in(
    language: Language, answerer: Answerer, suggestions: Suggestions | None
) -> APIRouter:
    router = APIRouter()

    def cite_as(request: Request) -> Callable[[Citation], Mapping[CitationFormat, str]]:
        return partial(_write_citations, request, language, answerer.store)

    @router.api_route("/", methods=METHODS)
    def show_home(request: Request, q: str | None = None) -> Response:
        if q is None:
            return _render_home(request, language, answerer.store, suggestions)
        try:
            answer = number_citations(_answer(request, language, answerer, q))
        except QuestionError as error:
            return _render_home(request, language, answerer.store, suggestions, q, error)
        answer = _relate(answer, suggestions)
        asked = answer.question.text
        return render_page(
            request,
            "answer.html",
            language,
            answer=answer,
            nearest=_find_nearest(answerer.store, answer),
            thread=describe_thread(
                request, asked, answer.resumed, _read_earlier(request), language
            ),
            related=link_related(request, answer, language),
            scope=describe_scope(request, answer, language),
            describe_hints=lambda part: describe_hints(request, part, language),
            cite_as=cite_as(request),
            judging=offer_judging(request),
            max_comment=MAX_COMMENT_CHARACTERS,
        )

    @router.get("/turns/{number}")
    def stream_turn(
        request: Request, number: Annotated[int, PathParameter(ge=1, le=MAX_TURNS)], q: str = ""
    ) -> Response:
        try:
            question, today = _read_question(request, language, q)
            understood = understand_in_turn(answerer, question, _read_earlier(request), today)
        except QuestionError as error:
            macros = load_macros(request, "fault.html", language)
            return HTMLResponse(macros.make("fault", error), 422)
        thread = describe_thread(
            request, understood.question.text, understood.resumed, _read_earlier(request), language
        )
        turn = TurnStream(
            request=request,
            language=language,
            number=number,
            thread=thread,
            relate=partial(_relate, suggestions=suggestions),
            find_nearest=partial(_find_nearest, answerer.store),
            values={
                "cite_as": cite_as(request),
                "judging": offer_judging(request),
                "max_comment": MAX_COMMENT_CHARACTERS,
            },
        )
        parts = map(number_citations, answer_parts(answerer, understood))
        return StreamingResponse(turn.write(parts), media_type=MEDIA_TYPE, headers=HEADERS)

    @router.api_route("/receipt", methods=METHODS)
    def save_receipt(request: Request, q: str = "") -> Response:
        try:
            answer = _answer(request, language, answerer, q)
        except QuestionError as error:
            return _render_home(request, language, answerer.store, suggestions, q, error)
        return Response(
            write_receipt(make_receipt(answer, answerer.library)),
            media_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="massilia-{answer.id}.json"'},
        )

    @router.api_route("/quality", methods=METHODS)
    def show_report(request: Request) -> Response:
        return _render_report(request, language, answerer.library.path)

    return router


def _render_report(request: Request, language: Language, library: Path) -> Response:
    report = read_report(library, language)
    if report is None:
        return render_page(request, "quality.html", language)
    return respond(report, request.headers)


def _render_home(
    request: Request,
    language: Language,
    store: Store,
    suggestions: Suggestions | None,
    asked: str = "",
    error: QuestionError | None = None,
) -> Response:
    return render_page(
        request,
        "home.html",
        language,
        200 if error is None else 422,
        asked=asked,
        error=error,
        # A wrong filter or earlier question is in the address, not in the field of the question.
        wrong_field=error is not None and not isinstance(error, FilterError | EarlierError),
        kept=_list_following(request) if error else (),
        count=store.count_articles(),
        suggested=suggestions.suggest(language, date.today()) if suggestions else (),
    )


def _answer(request: Request, language: Language, answerer: Answerer, asked: str) -> Answer:
    """Return the answer to what an address asks; raises `QuestionError` and `LibraryError`."""
    question, today = _read_question(request, language, asked)
    return answer_in_turn(answerer, question, _read_earlier(request), today)


def _read_question(
    request: Request, language: Language, asked: str
) -> tuple[Question, date | None]:
    """Return the question of an address, and the day that its dates are read on, if they are."""
    within = read_filter(request.query_params.multi_items())
    today = None if ignores_dates(request) else date.today()
    return read_question(asked, language, within, today), today


def _relate(answer: Answer, suggestions: Suggestions | None) -> Answer:
    return replace(answer, related=suggestions.relate(answer)) if suggestions else answer


def _write_citations(
    request: Request, language: Language, store: Store, citation: Citation
) -> Mapping[CitationFormat, str]:
    article = store.article(citation.article_id)
    own = address_article(language, citation.article_id, citation.start, citation.end)
    work = CitedWork(
        citation=citation,
        authors=article.authors if article else (),
        address=citation.deep_link or citation.url or f"{read_site(request.scope)}{own}",
    )
    return write_citations(work, load_messages(language))


def _read_earlier(request: Request) -> tuple[str, ...]:
    return read_earlier(request.query_params.getlist(EARLIER))


def _list_following(request: Request) -> tuple[tuple[str, str], ...]:
    """Return the parameters that a corrected question is asked with: those that are right."""
    try:
        read_filter(request.query_params.multi_items())
        earlier = _read_earlier(request)
    except QuestionError:
        return ()
    return (*list_kept(request), *((EARLIER, text) for text in earlier))


def _find_nearest(store: Store, answer: Answer) -> list[Article]:
    """Return the articles that an abstention points at, where it has nothing nearer to show."""
    if not answer.abstained or answer.near or any(hint.articles for hint in answer.hints):
        return []
    nearest = map(store.article, answer.ranked_article_ids[:MAX_NEAREST])
    return [article for article in nearest if article is not None]
