import threading
from collections.abc import Iterator
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from massilia.corpus.article import Article, Language
from massilia.eval.citations import CheckedCitation, ReaderPages, check_citation, serve_reader
from massilia.index.encoder import Encoder
from massilia.index.library import Library
from massilia.ingest.document import Document
from massilia.service.answer import Citation
from massilia.service.answerer import Answerer
from massilia.service.composition import cite

TEXT = "One cable.\n\nTwo <cables> & more. Three cables.\n\nThree cables."
ARTICLE = Article("port-en", Language.ENGLISH, "The port", TEXT, "port.md")


def make_citation(**changes: object) -> Citation:
    """Cite "Two <cables> & more.", with changes."""
    values: dict[str, object] = {
        "id": "c1",
        "article_id": ARTICLE.id,
        "title": ARTICLE.title,
        "origin": ARTICLE.origin,
        "language": ARTICLE.language,
        "cited_text": "Two <cables> & more.",
        "start": 12,
        "end": 32,
        "text_sha256": ARTICLE.text_sha256,
        "url": None,
        "publisher": None,
        "date_published": None,
        "sources": (),
    }
    return Citation(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture
def pages(library: Library, toy_encoder: Encoder) -> Iterator[ReaderPages]:
    library.put([Document(ARTICLE, "port.md")])
    library.build(toy_encoder)
    with serve_reader(Answerer(library, toy_encoder)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("changes", "verbatim", "offset_exact"),
    [
        ({}, True, True),
        ({"cited_text": "Two <cable>s & more."}, False, False),
        ({"cited_text": "two <cables> & more."}, False, False),
        ({"cited_text": "Two\u00a0<cables> & more."}, False, False),
        ({"cited_text": ""}, False, False),
        ({"cited_text": "", "start": 32}, False, False),
        ({"cited_text": "One cable."}, True, False),
        ({"start": 11}, True, False),
        ({"end": 31}, True, False),
        ({"end": 33}, True, False),
        ({"start": -50}, True, False),
        ({"text_sha256": "0" * 64}, True, False),
    ],
)
def test_a_citation_is_checked_against_its_article(
    changes: dict[str, object], verbatim: bool, offset_exact: bool
) -> None:
    checked = check_citation(make_citation(**changes), ARTICLE, resolves=True)
    assert checked == CheckedCitation(verbatim, offset_exact, resolves=True)


def test_a_citation_of_an_article_that_is_gone_fails() -> None:
    checked = check_citation(make_citation(), None, resolves=False)
    assert checked == CheckedCitation(False, False, False)


def test_a_citation_resolves_when_the_reader_marks_its_text(pages: ReaderPages) -> None:
    for language in Language:
        assert pages.resolve(make_citation(), language)
    over_two_paragraphs = cite(ARTICLE, 0, 32, "c1")
    assert over_two_paragraphs.cited_text.startswith("One cable.\n\nTwo")
    assert pages.resolve(over_two_paragraphs, Language.FRENCH)


@pytest.mark.parametrize(
    "changes",
    [
        {"article_id": "gone-en"},
        {"start": 13},
        {"end": 46},
        {"end": 31},
        {"end": 10_000},
        {"start": 20, "end": 20},
        {"cited_text": "Two <cables> & mor"},
        {"cited_text": "Three cables.", "start": 12, "end": 32},
    ],
)
def test_a_citation_whose_page_marks_something_else_does_not_resolve(
    pages: ReaderPages, changes: dict[str, object]
) -> None:
    assert not pages.resolve(make_citation(**changes), Language.ENGLISH)


def test_a_place_is_told_from_another_with_the_same_text(pages: ReaderPages) -> None:
    """Both are opened: that one resolves says nothing of the other."""
    text, first, second = "Three cables.", TEXT.index("Three"), TEXT.rindex("Three")
    for start in (first, second):
        placed = make_citation(cited_text=text, start=start, end=start + len(text))
        assert pages.resolve(placed, Language.ENGLISH)
    shifted = make_citation(cited_text=text, start=first + 1, end=first + 1 + len(text))
    assert not pages.resolve(shifted, Language.ENGLISH)


def test_the_pages_are_served_on_this_machine_only_while_they_are_read(
    library: Library, toy_encoder: Encoder
) -> None:
    with pytest.raises(RuntimeError, match="stopped"):  # noqa: SIM117
        with serve_reader(Answerer(library, toy_encoder)) as pages:
            address = pages.address
            assert address.startswith("http://127.0.0.1:")
            with urlopen(f"{address}/healthz", timeout=5):
                pass
            raise RuntimeError("stopped")
    # Those that answered requests are let go of by their pool, each in its own time.
    assert "reader pages" not in {thread.name for thread in threading.enumerate()}
    with pytest.raises(URLError):
        urlopen(f"{address}/healthz", timeout=5)
