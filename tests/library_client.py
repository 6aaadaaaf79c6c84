"""A small library of press articles, served to tests of its pages, and what they read of a page."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

from fastapi.testclient import TestClient

from massilia.corpus.article import Article, Heading, Language
from massilia.index.encoder import Encoder
from massilia.index.library import Library
from massilia.ingest.document import Document
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.serving import ServingOptions

VOID = {"meta", "link", "img", "input", "br", "hr", "circle", "line", "use", "path"}


def make_article(
    article_id: str,
    title: str,
    text: str,
    *,
    language: Language = Language.FRENCH,
    publisher: str | None = None,
    published: date | None = None,
    kind: str | None = None,
    translation_of: str | None = None,
    headings: Sequence[str] = (),
) -> Article:
    return Article(
        id=article_id,
        language=language,
        title=title,
        text=text,
        origin=f"{article_id}.md",
        publisher=publisher,
        date_published=published,
        kind=kind,
        translation_of=translation_of,
        headings=tuple(
            Heading(2, text.index(each), text.index(each) + len(each)) for each in headings
        ),
    )


@contextmanager
def serve_articles(
    folder: Path,
    articles: Sequence[Article],
    encoder: Encoder,
    options: ServingOptions | None = None,
) -> Iterator[TestClient]:
    """Serve a library of `articles`, built with `encoder`; the client is as a browser at a site."""
    library = Library.create(folder)
    library.put(Document(each, each.origin) for each in articles)
    library.build(encoder)
    app = create_app(Answerer(library, encoder), options=options or ServingOptions())
    with TestClient(app, "https://massilia.example", follow_redirects=False) as client:
        yield client
    library.close()


class Page(HTMLParser):
    """Collect the elements of a page, with their attributes and the text within them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[tuple[str, list[str]]] = []
        self.feed(html)
        self.close()
        assert not self._open, f"<{self._open[-1][0]}> is never closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        text: list[str] = []
        self.elements.append((tag, dict(attrs), text))
        if tag not in VOID:
            self._open.append((tag, text))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), []))

    def handle_endtag(self, tag: str) -> None:
        opened, _ = self._open.pop()
        assert opened == tag, f"<{opened}> is closed by </{tag}>"

    def handle_data(self, data: str) -> None:
        for _, text in self._open:
            text.append(data)

    def texts(self, tag: str, **attributes: str) -> list[str]:
        return [
            " ".join("".join(text).split())
            for each, found, text in self.elements
            if each == tag
            and all(found.get(name.rstrip("_")) == value for name, value in attributes.items())
        ]

    def values(self, tag: str, attribute: str, **attributes: str) -> list[str | None]:
        return [
            found[attribute]
            for each, found, _ in self.elements
            if each == tag
            and attribute in found
            and all(found.get(name.rstrip("_")) == value for name, value in attributes.items())
        ]


def get_page(client: TestClient, address: str, status: int = 200) -> Page:
    response = client.get(address)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return Page(response.text)
