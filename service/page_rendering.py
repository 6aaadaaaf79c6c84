"""How a page is made: a template, the texts of its language, and the page in the other one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from pathlib import Path

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.environment import TemplateModule

from massilia.corpus.article import Language
from massilia.service.answer_text import describe_disagreements, describe_time
from massilia.service.links import read_site
from massilia.service.messages import choose_language, load_messages
from massilia.service.page_addresses import address_article, address_original
from massilia.service.question import MAX_CHARACTERS
from massilia.service.series_plot import plot_series

STATIC = Path(__file__).parent / "static"
"""The style sheet and the images, which the pages expect under `/static`."""
METHODS = ["GET", "HEAD"]
"""How a page can be asked for."""

_TEMPLATES = Path(__file__).parent / "templates"


def render_page(
    request: Request, template: str, language: Language, status: int = 200, **values: object
) -> Response:
    """Return a page in `language`, made of a template and the values that it asks for."""
    other = next(each for each in Language if each is not language)
    page = _environment().get_template(template)
    content = page.render(
        **_page_values(request, language),
        other_language=other,
        other_address=_switch_language(request, language, other),
        **values,
    )
    return HTMLResponse(content, status)


@dataclass(frozen=True, slots=True)
class Macros:
    """Make parts of a page with the macros of a template."""

    template: TemplateModule

    def make(self, name: str, *values: object) -> str:
        """Return what the macro `name` makes of its arguments."""
        macro: Callable[..., str] = getattr(self.template, name)
        return macro(*values)


def load_macros(request: Request, template: str, language: Language, **values: object) -> Macros:
    """Return the macros of a template, for a page in `language`."""
    loaded = _environment().get_template(template)
    return Macros(loaded.make_module({**_page_values(request, language), **values}))


def _page_values(request: Request, language: Language) -> dict[str, object]:
    messages = load_messages(language)
    today = date.today()
    return {
        "language": language,
        "site": read_site(request.scope),
        # The query as it was sent, so that a question is the same one.
        "address": with_query(request.url.path, request),
        "text": messages.text,
        "article_kind": messages.article_kind,
        "number": messages.number,
        "percentage": messages.percentage,
        "date": messages.date,
        "source_date": messages.source_date,
        "age": partial(messages.age, today=today),
        "address_article": address_article,
        "address_original": address_original,
        "describe_time": partial(describe_time, messages=messages),
        "describe_disagreements": partial(describe_disagreements, messages=messages),
        "plot_series": partial(plot_series, messages=messages),
        "max_characters": MAX_CHARACTERS,
    }


def render_error(
    request: Request, status: int, *, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the page that tells of an error, in the language of the address or the browser."""
    kind = "failed" if status >= 500 else "refused"
    if status == 404:
        kind = "not_found"
    named = _language_of_path(request)
    language = named or preferred_language(request)
    response = render_page(request, "error.html", language, status, kind=kind)
    if named is None:
        response.headers["Vary"] = "Accept-Language"
    response.headers.update(headers or {})
    return response


def redirect_to_language(request: Request, path: str) -> Response:
    """Send a browser to a page in the language that it prefers, with what the address asks."""
    address = with_query(f"/{preferred_language(request)}{path}", request)
    return RedirectResponse(address, headers={"Vary": "Accept-Language"})


def preferred_language(request: Request) -> Language:
    """Return the language that a browser asks for."""
    # Header fields of one name count as one list.
    return choose_language(",".join(request.headers.getlist("Accept-Language")))


def with_query(address: str, request: Request) -> str:
    """Return `address` with the query of the address that is asked for."""
    return f"{address}?{request.url.query}" if request.url.query else address


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _language_of_path(request: Request) -> Language | None:
    first = request.url.path.split("/")[1]
    return Language(first) if first in set(Language) else None


def _switch_language(request: Request, language: Language, other: Language) -> str:
    if _language_of_path(request) is None:
        return f"/{other}/"
    return with_query(f"/{other}" + request.url.path.removeprefix(f"/{language}"), request)
