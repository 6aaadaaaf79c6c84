"""The pages for people: the question and its answer, the library, the reader; in two languages.

They work without scripts: the form is a plain GET, so every answer has an address of its own.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache, partial
from pathlib import Path
from urllib.parse import quote as quote_for_url
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException

from massilia.corpus.article import Article, Language
from massilia.index.store import ArticleEntry, Store
from massilia.service.answer import Answer
from massilia.service.answer_page import (
    EARLIER,
    describe_hints,
    describe_scope,
    describe_thread,
    ignores_dates,
    list_kept,
)
from massilia.service.answer_text import describe_disagreements, describe_time
from massilia.service.answerer import Answerer
from massilia.service.citation_ids import number_citations
from massilia.service.dialogue import answer_in_turn
from massilia.service.earlier import EarlierError, read_earlier
from massilia.service.filters import FilterError, read_filter
from massilia.service.marked_text import Span, mark_text, number_sources, read_span
from massilia.service.messages import choose_language, load_messages
from massilia.service.original import find_original_part
from massilia.service.quality import read_report, respond
from massilia.service.question import MAX_CHARACTERS, QuestionError, read_question
from massilia.service.receipt import make_receipt, write_receipt
from massilia.service.suggestions import Suggestions

STATIC = Path(__file__).parent / "static"
"""The style sheet and the images, which the pages expect under `/static`."""
MAX_NEAREST = 3
"""How many articles an abstention points at."""

_TEMPLATES = Path(__file__).parent / "templates"
_METHODS = ["GET", "HEAD"]


def make_pages(answerer: Answerer, suggestions: Suggestions | None = None) -> APIRouter:
    """Return the routes of the pages over `answerer`; without `suggestions` none are made."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    @router.api_route("/", methods=_METHODS)
    def redirect_home(request: Request) -> Response:
        address = _with_query(f"/{_choose_language(request)}/", request)
        return RedirectResponse(address, headers={"Vary": "Accept-Language"})

    @router.api_route("/quality", methods=_METHODS)
    def redirect_to_report(request: Request) -> Response:
        address = f"/{_choose_language(request)}/quality"
        return RedirectResponse(address, headers={"Vary": "Accept-Language"})

    @router.api_route("/articles/{article_id}", methods=_METHODS)
    def redirect_to_reader(request: Request, article_id: str) -> Response:
        article = _find_article(answerer.store, article_id)
        return RedirectResponse(_with_query(address_article(article.language, article_id), request))

    for language in Language:
        pages = _make_pages_in(language, answerer, suggestions)
        router.include_router(pages, prefix=f"/{language}")
    return router


def render_error(
    request: Request, status: int, *, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the page that tells of an error, in the language of the address or the browser."""
    kind = "failed" if status >= 500 else "refused"
    if status == 404:
        kind = "not_found"
    named = _language_of_path(request)
    language = named or _choose_language(request)
    response = _render(request, "error.html", language, status, kind=kind)
    if named is None:
        response.headers["Vary"] = "Accept-Language"
    response.headers.update(headers or {})
    return response


def address_article(
    language: Language, article_id: str, start: int | None = None, end: int | None = None
) -> str:
    """Return the address of the reader page, at the quote where its offsets are given."""
    address = f"/{language}/articles/{quote_for_url(article_id, safe='')}"
    if start is None or end is None:
        return address
    return f"{address}?{urlencode({'start': start, 'end': end})}#quote"


def address_original(language: Language, article_id: str, span: Span | None) -> str:
    """Return the address of the document that an article was read from, at a part of it."""
    address = f"{address_article(language, article_id)}/original"
    if span is None:
        return address
    return f"{address}?{urlencode({'start': span.start, 'end': span.end})}#part"


def _make_pages_in(
    language: Language, answerer: Answerer, suggestions: Suggestions | None
) -> APIRouter:
    router = APIRouter()

    @router.api_route("/", methods=_METHODS)
    def show_home(request: Request, q: str | None = None) -> Response:
        if q is None:
            return _render_home(request, language, answerer.store, suggestions)
        try:
            answer = number_citations(_answer(request, language, answerer, q))
        except QuestionError as error:
            return _render_home(request, language, answerer.store, suggestions, q, error)
        answer = _relate(answer, suggestions)
        thread = describe_thread(request, answer, _read_earlier(request), language)
        return _render(
            request,
            "answer.html",
            language,
            answer=answer,
            nearest=_find_nearest(answerer.store, answer),
            # What the form holds, to be corrected.
            asked=thread.searched,
            thread=thread,
            kept=thread.kept if thread.rewritten else (),
            scope=describe_scope(request, answer, language),
            describe_hints=lambda part: describe_hints(request, part, language),
        )

    @router.api_route("/receipt", methods=_METHODS)
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

    @router.api_route("/articles", methods=_METHODS)
    def list_articles(request: Request) -> Response:
        entries = sorted(answerer.store.entries(), key=_sort_by_title)
        # The page's own language comes first.
        shelves = {
            shelf: [entry for entry in entries if entry.language is shelf]
            for shelf in sorted(Language, key=lambda each: each is not language)
        }
        return _render(request, "articles.html", language, shelves=shelves, count=len(entries))

    @router.api_route("/articles/{article_id}", methods=_METHODS)
    def show_article(
        request: Request, article_id: str, start: str | None = None, end: str | None = None
    ) -> Response:
        article = _find_article(answerer.store, article_id)
        span = read_span(start, end, len(article.text))
        blocks = mark_text(article, span)
        quoted = any(block.quoted for block in blocks)
        return _render(
            request,
            "article.html",
            language,
            article=article,
            blocks=blocks,
            sources=number_sources(article),
            translations=_find_translations(answerer.store, article),
            quoted=quoted,
            span=span,
            has_original=answerer.store.has_original(article_id),
            misplaced=not quoted and not (start is None and end is None),
        )

    @router.api_route("/articles/{article_id}/original", methods=_METHODS)
    def show_original(
        request: Request, article_id: str, start: str | None = None, end: str | None = None
    ) -> Response:
        return _render_original(request, language, answerer.store, article_id, (start, end))

    @router.api_route("/quality", methods=_METHODS)
    def show_report(request: Request) -> Response:
        return _render_report(request, language, answerer.library.path)

    return router


def _render_report(request: Request, language: Language, library: Path) -> Response:
    report = read_report(library, language)
    if report is None:
        return _render(request, "quality.html", language)
    return respond(report, request.headers)


def _render_original(
    request: Request,
    language: Language,
    store: Store,
    article_id: str,
    offsets: tuple[str | None, str | None],
) -> Response:
    article = _find_article(store, article_id)
    span = read_span(*offsets, len(article.text))
    found = find_original_part(store, article_id, span)
    if found is None:
        raise HTTPException(404, f"The library has no original of {article_id!r}.")
    return _render(
        request,
        "original.html",
        language,
        article=article,
        span=span,
        original=found.original,
        shown=found.cut() if found.text is not None else None,
    )


def _render_home(
    request: Request,
    language: Language,
    store: Store,
    suggestions: Suggestions | None,
    asked: str = "",
    error: QuestionError | None = None,
) -> Response:
    return _render(
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
    within = read_filter(request.query_params.multi_items())
    today = None if ignores_dates(request) else date.today()
    question = read_question(asked, language, within, today)
    return answer_in_turn(answerer, question, _read_earlier(request), today)


def _relate(answer: Answer, suggestions: Suggestions | None) -> Answer:
    return replace(answer, related=suggestions.relate(answer)) if suggestions else answer


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


def _render(
    request: Request, template: str, language: Language, status: int = 200, **values: object
) -> Response:
    messages = load_messages(language)
    other = next(each for each in Language if each is not language)
    page = _environment().get_template(template)
    content = page.render(
        language=language,
        other_language=other,
        other_address=_switch_language(request, language, other),
        text=messages.text,
        number=messages.number,
        percentage=messages.percentage,
        date=messages.date,
        source_date=messages.source_date,
        address_article=address_article,
        address_original=address_original,
        describe_time=partial(describe_time, messages=messages),
        describe_disagreements=partial(describe_disagreements, messages=messages),
        max_characters=MAX_CHARACTERS,
        **values,
    )
    return HTMLResponse(content, status)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _find_article(store: Store, article_id: str) -> Article:
    article = store.article(article_id)
    if article is None:
        raise HTTPException(404, f"The library has no article {article_id!r}.")
    return article


def _find_nearest(store: Store, answer: Answer) -> list[Article]:
    """Return the articles that an abstention points at, where it has nothing nearer to show."""
    if not answer.abstained or answer.near or any(hint.articles for hint in answer.hints):
        return []
    nearest = map(store.article, answer.ranked_article_ids[:MAX_NEAREST])
    return [article for article in nearest if article is not None]


def _find_translations(store: Store, article: Article) -> list[ArticleEntry]:
    return [
        entry
        for entry in store.entries()
        if entry.id == article.translation_of or entry.translation_of == article.id
    ]


def _sort_by_title(entry: ArticleEntry) -> tuple[str, str]:
    decomposed = unicodedata.normalize("NFKD", entry.title)
    plain = "".join(each for each in decomposed if not unicodedata.combining(each))
    return plain.casefold(), entry.id


def _choose_language(request: Request) -> Language:
    # Header fields of one name count as one list.
    return choose_language(",".join(request.headers.getlist("Accept-Language")))


def _language_of_path(request: Request) -> Language | None:
    first = request.url.path.split("/")[1]
    return Language(first) if first in set(Language) else None


def _switch_language(request: Request, language: Language, other: Language) -> str:
    if _language_of_path(request) is None:
        return f"/{other}/"
    return _with_query(f"/{other}" + request.url.path.removeprefix(f"/{language}"), request)


def _with_query(address: str, request: Request) -> str:
    return f"{address}?{request.url.query}" if request.url.query else address
