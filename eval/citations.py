"""Citations, checked: against the article that they cut from, and on the page that they open."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from http import HTTPStatus
from urllib.error import HTTPError
from urllib.request import urlopen

import uvicorn

from massilia.corpus.article import Article, Language
from massilia.corpus.errors import MassiliaError
from massilia.service.answer import Citation
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.page_addresses import address_article

PAGE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class CheckedCitation:
    """Say of a citation what was found when its article was read again.

    `verbatim`: the cited text stands in the article, to the letter. `offset_exact`: it is what
    lies between the offsets, in the text whose hash the citation gives. `resolves`: the reader
    page opens, and marks the cited text and nothing else.
    """

    verbatim: bool
    offset_exact: bool
    resolves: bool


def check_citation(citation: Citation, article: Article | None, resolves: bool) -> CheckedCitation:
    """Compare a citation with its article; None, an article that isn't there, fails."""
    if article is None:
        return CheckedCitation(verbatim=False, offset_exact=False, resolves=resolves)
    return CheckedCitation(
        verbatim=bool(citation.cited_text) and citation.cited_text in article.text,
        offset_exact=(
            0 <= citation.start < citation.end <= len(article.text)
            and article.text[citation.start : citation.end] == citation.cited_text
            and article.text_sha256 == citation.text_sha256
        ),
        resolves=resolves,
    )


class ReaderPages:
    """Open citations on the reader pages of a service, each once."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._opened: dict[tuple[str, int, int, str], bool] = {}

    def resolve(self, citation: Citation, language: Language) -> bool:
        """Tell whether the page of the citation, in a reader's language, marks its text."""
        key = (citation.article_id, citation.start, citation.end, citation.cited_text)
        if key not in self._opened:
            path = address_article(
                language, citation.article_id, citation.start, citation.end
            ).partition("#")[0]
            marked = _read_marked(self.address + path)
            # Only white space between paragraphs may be written otherwise on a page.
            self._opened[key] = marked is not None and marked.split() == citation.cited_text.split()
        return self._opened[key]


@contextmanager
def serve_reader(answerer: Answerer) -> Iterator[ReaderPages]:
    """Serve the pages of `answerer` on this machine, at a free port, while they are read."""
    config = uvicorn.Config(
        create_app(answerer), host="127.0.0.1", port=0, log_level="error", access_log=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="reader pages")
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
            if not thread.is_alive():
                raise MassiliaError("The reader pages can't be served on 127.0.0.1.")
        port = server.servers[0].sockets[0].getsockname()[1]
        yield ReaderPages(f"http://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        thread.join()


def _read_marked(address: str) -> str | None:
    """Return the text that a page marks, or None where there is no such page."""
    try:
        with urlopen(address, timeout=PAGE_SECONDS) as response:
            if response.status != HTTPStatus.OK:
                return None
            page = response.read().decode("utf-8")
    except HTTPError:
        return None
    parser = _MarkParser()
    parser.feed(page)
    return "".join(parser.marked)


class _MarkParser(HTMLParser):
    """Gather what stands in `mark` elements."""

    def __init__(self) -> None:
        super().__init__()
        self.marked: list[str] = []
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "mark":
            self._depth += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "mark":
            self._depth -= 1
            self.marked.append(" " if self._depth == 0 else "")

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.marked.append(data)
