"""A small library of press articles, served to tests of its pages, and what they read of a page."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from fastapi.testclient import TestClient

from massilia.corpus.article import Article, Heading, Language
from massilia.index.encoder import Encoder
from massilia.index.library import Library
from massilia.ingest.document import Document
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.serving import ServingOptions
from tests.page_elements import Page


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


class TidyPage(Page):
    """Give texts with runs of white space as one space."""

    def texts(self, tag: str, **attributes: str) -> list[str]:
        return [" ".join(text.split()) for text in super().texts(tag, **attributes)]


def get_page(client: TestClient, address: str, status: int = 200) -> TidyPage:
    response = client.get(address)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return TidyPage(response.text)
