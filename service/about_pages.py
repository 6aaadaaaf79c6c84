"""The pages about Massilia: what is promised and what isn't, and the reference of the interface."""

from importlib.metadata import version

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from massilia.corpus.article import Language
from massilia.service.answerer import Answerer
from massilia.service.api_reference import ReferenceReader
from massilia.service.crawling import write_robots, write_sitemap
from massilia.service.links import read_site
from massilia.service.messages import load_messages
from massilia.service.page_rendering import (
    METHODS,
    redirect_to_language,
    render_page,
)
from massilia.service.problems import STATUSES
from massilia.service.software import list_software
from massilia.service.wire_completion import MODEL

PROMISES = ("verbatim", "located", "resolvable", "verifiable", "deleted")
"""What must hold of every quote."""


def make_about_pages(answerer: Answerer) -> APIRouter:
    """Return the routes of the pages about Massilia."""
    router = APIRouter()

    @router.api_route("/about", methods=METHODS)
    def redirect_to_about(request: Request) -> Response:
        return redirect_to_language(request, "/about")

    @router.api_route("/docs", methods=METHODS)
    def redirect_to_docs(request: Request) -> Response:
        return redirect_to_language(request, "/docs")

    @router.api_route("/robots.txt", methods=METHODS)
    def show_robots(request: Request) -> Response:
        return PlainTextResponse(write_robots(read_site(request.scope)))

    @router.api_route("/sitemap.xml", methods=METHODS)
    def show_sitemap(request: Request) -> Response:
        content = write_sitemap(answerer.store.entries(), read_site(request.scope))
        return Response(content, media_type="application/xml")

    for language in Language:
        router.include_router(_make_pages_in(language, answerer), prefix=f"/{language}")
    return router


def _make_pages_in(language: Language, answerer: Answerer) -> APIRouter:
    router = APIRouter()

    @router.api_route("/about", methods=METHODS)
    def show_about(request: Request) -> Response:
        return render_page(
            request,
            "about.html",
            language,
            count=answerer.store.count_articles(),
            promises=PROMISES,
            keeps_feedback=request.app.state.options.feedback,
            software=list_software(),
            version=version("massilia"),
        )

    @router.api_route("/docs", methods=METHODS)
    def show_docs(request: Request) -> Response:
        entries = answerer.store.entries()[:1]
        reader = ReferenceReader(
            request.app.openapi(),
            load_messages(language),
            read_site(request.scope),
            # An article that can be asked for, and the model.
            {
                "article_id": entries[0].id if entries else "ID",
                "passage_id": "1",
                "model": MODEL,
            },
        )
        return render_page(
            request, "docs.html", language, reference=reader.read(), problems=STATUSES
        )

    return router
