"""The pages of one article: its text with the quote marked, and the document it was read from."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from massilia.corpus.article import Article, Language
from massilia.index.store import ArticleEntry, Store
from massilia.service.links import read_site
from massilia.service.marked_text import mark_text, number_sources, read_span
from massilia.service.original import find_original_part
from massilia.service.page_addresses import address_article
from massilia.service.page_rendering import METHODS, render_page, with_query
from massilia.service.quote_place import place_quote
from massilia.service.structured_data import describe_article


def make_reader_pages(store: Store) -> APIRouter:
    """Return the routes of the pages of each article of `store`."""
    router = APIRouter()

    @router.api_route("/articles/{article_id}", methods=METHODS)
    def redirect_to_reader(request: Request, article_id: str) -> Response:
        article = _find_article(store, article_id)
        return RedirectResponse(with_query(address_article(article.language, article_id), request))

    for language in Language:
        router.include_router(_make_pages_in(language, store), prefix=f"/{language}")
    return router


def _make_pages_in(language: Language, store: Store) -> APIRouter:
    router = APIRouter()

    @router.api_route("/articles/{article_id}", methods=METHODS)
    def show_article(
        request: Request, article_id: str, start: str | None = None, end: str | None = None
    ) -> Response:
        article = _find_article(store, article_id)
        span = read_span(start, end, len(article.text))
        blocks = mark_text(article, span, store.stretches(article_id))
        quoted = any(block.quoted for block in blocks)
        quote = span if quoted else None
        sources = number_sources(article)
        translations = _find_translations(store, article)
        return render_page(
            request,
            "article.html",
            language,
            article=article,
            blocks=blocks,
            sources=sources,
            translations=translations,
            copies=store.copies([article_id]).get(article_id, ()),
            notes={note.field: note for note in article.notes},
            passage=place_quote(article, quote) if quote else None,
            structured=describe_article(
                article, read_site(request.scope), sources, translations, quote
            ),
            quoted=quoted,
            span=span,
            has_original=store.has_original(article_id),
            misplaced=not quoted and not (start is None and end is None),
        )

    @router.api_route("/articles/{article_id}/original", methods=METHODS)
    def show_original(
        request: Request, article_id: str, start: str | None = None, end: str | None = None
    ) -> Response:
        return _render_original(request, language, store, article_id, (start, end))

    return router


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
    return render_page(
        request,
        "original.html",
        language,
        article=article,
        span=span,
        original=found.original,
        shown=found.cut() if found.text is not None else None,
    )


def _find_article(store: Store, article_id: str) -> Article:
    article = store.article(article_id)
    if article is None:
        raise HTTPException(404, f"The library has no article {article_id!r}.")
    return article


def _find_translations(store: Store, article: Article) -> list[ArticleEntry]:
    return [
        entry
        for entry in store.entries()
        if entry.id == article.translation_of or entry.translation_of == article.id
    ]
