"""The document that an article was read from, and where a quote stands in it."""

import html
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from massilia.corpus.article import Article, Language
from massilia.corpus.embedded import list_embedded_articles
from massilia.index.library import Library
from massilia.ingest.document import Document, Reading
from massilia.ingest.documents import read_article
from massilia.ingest.edits import Edit, apply_edits
from massilia.ingest.extraction import DocumentKind, Run
from massilia.ingest.job import Job
from massilia.ingest.reader import read_job
from massilia.service.answer import Answer, Bucket, Confidence, Quote, Timings
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.composition import cite
from massilia.service.marked_text import Span
from massilia.service.messages import load_messages
from massilia.service.original import CONTEXT, find_original_part, place_in_original
from massilia.service.printing import print_answer
from massilia.service.question import Question
from tests.made_documents import make_pdf, write_lines

FIRST = "La médiathèque de l'Alcazar a ouvert ses portes en 2004."
SECOND = "Elle coûte 5 € à ceux qui n’habitent pas Marseille."
THIRD = "Le quai, long de 400 mètres, date de 1666."
SCRIPT = '<script>alert("it\'s")</script>'
PAGE = f"""<!doctype html><html lang="fr"><head><meta charset="{{charset}}">
<title>L'Alcazar</title>{SCRIPT}</head><body><nav><a href="/">Accueil</a></nav>
<article><h1>L'Alcazar</h1><p>{FIRST.replace("é", "&eacute;")}</p>
<p>{SECOND}  <b>{THIRD}</b></p></article></body></html>
"""
TEXT = f"L'Alcazar\r\n\r\n{FIRST}\r\n{SECOND}\r\n\r\n{THIRD}\r\n"
MARKDOWN = f"# L'Alcazar\n\n{FIRST}\n\n*{SECOND}* {THIRD}\n"
MADE = {
    "page-utf8.html": PAGE.format(charset="utf-8").encode(),
    "page-cp1252.html": PAGE.format(charset="windows-1252").encode("cp1252"),
    "page-latin9.html": PAGE.format(charset="iso-8859-15").replace("’", "'").encode("iso-8859-15"),
    "text-utf8.txt": b"\xef\xbb\xbf" + TEXT.encode(),
    "text-cp1252.txt": TEXT.encode("cp1252"),
    "text-utf16.txt": TEXT.encode("utf-16"),
    "text-mac.txt": TEXT.encode("mac-roman"),
    "text-mixed.txt": FIRST.encode() + b"\n\n" + SECOND.encode("cp1252") + b"\n\n" + THIRD.encode(),
    "text-twice.txt": "\n\n".join(
        (FIRST.encode().decode("cp1252", "ignore"), SECOND, THIRD)
    ).encode(),
    "note.md": MARKDOWN.replace("\n", "\r\n").encode("cp1252"),
    "own.md": f"---\nid: own\nlanguage: fr\ntitle: {FIRST}\n---\n{MARKDOWN}".encode(),
}


def put(library: Library, folder: Path, name: str, data: bytes) -> Article:
    """Read bytes as if they were a file's, and put what they say."""
    (folder / name).write_bytes(data)
    place = str(folder / name)
    reading = read_job(Job(place, True, date(2026, 11, 28), path=folder / name))
    assert isinstance(reading, Reading) and not reading.refusals
    library.put_readings([reading])
    return reading.documents[0].article


def find(article: Article, sentence: str) -> Span:
    start = article.text.index(sentence)
    return Span(start, start + len(sentence))


@pytest.mark.parametrize(
    ("span", "place"),
    [
        (Span(0, 10), Span(100, 110)),
        (Span(3, 5), Span(103, 105)),
        (Span(8, 12), Span(108, 130)),
        (Span(10, 11), Span(120, 130)),
        (Span(12, 25), Span(120, 205)),
        (Span(21, 25), Span(201, 205)),
        (Span(0, 30), Span(100, 210)),
        (Span(15, 19), None),
        (Span(14, 21), Span(120, 201)),
        (Span(16, 21), Span(200, 201)),
        (Span(8, 17), Span(108, 130)),
        (Span(30, 40), None),
        (Span(29, 40), Span(209, 210)),
    ],
)
def test_a_part_is_placed_by_the_runs(span: Span, place: Span | None) -> None:
    """A copy, then what was mended (five characters of ten), then nothing, then a copy."""
    runs = (Run(0, 10, 100, 110), Run(10, 15, 120, 130), Run(20, 30, 200, 210))
    assert place_in_original(runs, span) == place


def test_without_runs_there_is_no_place() -> None:
    assert place_in_original((), Span(0, 5)) is None


def test_a_row_with_names_from_further_up_is_placed_from_there() -> None:
    runs = (Run(0, 4, 10, 14), Run(6, 9, 50, 53), Run(11, 15, 20, 24), Run(17, 20, 60, 63))
    assert place_in_original(runs, Span(0, 20)) == Span(10, 63)
    assert place_in_original(runs, Span(6, 15)) == Span(20, 53)
    assert place_in_original(runs, Span(17, 20)) == Span(60, 63)


@given(
    st.text("abc", min_size=1, max_size=30),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.text("xy", max_size=3))),
    st.data(),
)
def test_what_was_copied_is_found_whatever_was_edited_around_it(
    original: str, drawn: list[tuple[int, int, str]], data: st.DataObject
) -> None:
    edits, position = [], 0
    for gap, length, replacement in drawn:
        start = position + gap
        position = start + length
        if position <= len(original):
            edits.append(Edit(start, position, replacement))
    text, runs = apply_edits(original, edits)
    if not text:
        return
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    place = place_in_original(runs, Span(start, end))
    assert place is not None
    found = original[place.start : place.end]
    for run in runs:
        if run.end - run.start == run.original_end - run.original_start:
            assert text[max(run.start, start) : min(run.end, end)] in found


@pytest.mark.parametrize("name", MADE)
def test_each_sentence_is_found_in_the_bytes(library: Library, tmp_path: Path, name: str) -> None:
    article = put(library, tmp_path, name, MADE[name])
    original = library.store.original(article.id)
    assert original is not None and original.data == MADE[name]
    assert original.charset is not None
    for sentence in (FIRST, SECOND, THIRD):
        sentence = sentence if sentence in article.text else sentence.replace("’", "'")
        span = find(article, sentence)
        found = find_original_part(library.store, article.id, span)
        assert found is not None and found.part is not None and found.part_bytes is not None
        before, part, after = found.cut()
        assert f"{before}{part}{after}" == found.text
        written = original.data[found.part_bytes.start : found.part_bytes.end]
        if name not in {"text-mixed.txt", "text-twice.txt"}:
            # As whoever has the bytes would read them.
            assert written.decode(original.charset) == part
        if not name.startswith("text-twice"):
            assert html.unescape(part) == sentence
        assert before == "" or before[-1].isspace() or before[-1] in ">*"
        assert after == "" or after[0].isspace() or after[0] in "<*"


def test_an_article_that_was_not_read_from_a_document_has_no_original(library: Library) -> None:
    article = Article("port", Language.FRENCH, "Le port", THIRD, "port.md")
    library.put([Document(article, "port.md")])
    assert find_original_part(library.store, "port", None) is None
    assert not library.store.has_original("port")
    assert find_original_part(library.store, "none", None) is None


def test_of_a_long_original_only_what_is_around_is_shown(library: Library, tmp_path: Path) -> None:
    filler = "Un mot et un autre, puis un autre encore, et ainsi de suite.\n\n" * 2_000
    article = put(library, tmp_path, "long.md", f"{filler}*{THIRD}*\n\n{filler}".encode())
    found = find_original_part(library.store, article.id, find(article, THIRD))
    assert found is not None and found.text is not None
    before, part, after = found.cut()
    assert (len(before), part, len(after)) == (CONTEXT, THIRD, CONTEXT)
    assert f"{before}{part}{after}" in found.text
    without = find_original_part(library.store, article.id, None)
    assert without is not None and (without.part, without.part_bytes) == (None, None)
    assert without.cut() == ("", "", found.text[:CONTEXT])


# The interface and the pages.


class ArticleAnswerer(Answerer):
    """Quote each article's last paragraph."""

    def __init__(self, library: Library) -> None:
        self.library = library

    def answer(self, question: Question, top_k: int = 3) -> Answer:
        quotes = []
        for entry in self.store.entries():
            article = self.store.article(entry.id)
            assert article is not None
            start = article.text.rfind("\n\n") + 2
            citation = cite(article, start, len(article.text), f"c{len(quotes) + 1}")
            quotes.append(Quote(citation.cited_text, 0.87, citation))
        return Answer(
            id="ans_1",
            question=question,
            quotes=tuple(quotes),
            confidence=Confidence(0.87, Bucket.HIGH),
            skipped_reasons=(),
            ranked_article_ids=(),
            generation_id=None,
            timings=Timings(0, 0, 0, 0),
        )


HOSTILE = f"# Un titre {SCRIPT}\n\nIl dit `{SCRIPT}` & s'en va.\n\n{THIRD}\n"
PAGES = [["Un rapport sur le port", "", FIRST], [SECOND.replace("’", "'")], [], [THIRD]]


@pytest.fixture(scope="module")
def answerer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answerer]:
    folder = tmp_path_factory.mktemp("documents")
    library = Library.create(folder / "library")
    put(library, folder, "cp1252.txt", MADE["text-cp1252.txt"])
    put(library, folder, "hostile.md", HOSTILE.encode())
    put(library, folder, "rapport.pdf", make_pdf(*map(write_lines, PAGES)))
    lines = [json.dumps({"_id": name, "text": f"{name} {THIRD}"}) for name in ("une", "deux")]
    put(library, folder, "lignes.jsonl", "\n".join(lines).encode())
    embedded = read_article(list_embedded_articles()[0])
    embedded = replace(embedded, id="embedded", url="https://example.org/")
    library.put([Document(embedded, "massilia:corpus/x.md")])
    yield ArticleAnswerer(library)
    library.close()


@pytest.fixture(scope="module")
def client(answerer: Answerer) -> Iterator[TestClient]:
    with TestClient(create_app(answerer)) as client:
        yield client


def ask_json(client: TestClient, address: str) -> Any:  # noqa: ANN401 # as JSON is
    response = client.get(address)
    assert response.status_code == 200, response.text
    return response.json()


def test_the_interface_tells_the_bytes_that_a_quote_was_read_from(client: TestClient) -> None:
    data = MADE["text-cp1252.txt"]
    text = ask_json(client, "/v1/articles/cp1252")["text"]
    start = text.index(SECOND)
    address = f"/v1/articles/cp1252/original?start={start}&end={start + len(SECOND)}"
    told = ask_json(client, address)
    place = data.index(SECOND.encode("cp1252"))
    assert told == {
        "document_id": "cp1252",
        "kind": "text",
        "charset": "cp1252",
        "bytes": len(data),
        "sha256": told["sha256"],
        "start_byte_index": place,
        "end_byte_index": place + len(SECOND),
        "text": SECOND,
    }
    cut = data[told["start_byte_index"] : told["end_byte_index"]]
    assert cut.decode(told["charset"]) == told["text"]


@pytest.mark.parametrize(
    "parameters", ["", "?start=0", "?end=5", "?start=5&end=5", "?start=0&end=999999"]
)
def test_without_a_part_of_the_text_the_interface_tells_the_document(
    client: TestClient, parameters: str
) -> None:
    told = ask_json(client, f"/v1/articles/cp1252/original{parameters}")
    assert told["bytes"] == len(MADE["text-cp1252.txt"])
    assert (told["start_byte_index"], told["end_byte_index"], told["text"]) == (None,) * 3


@pytest.mark.parametrize(
    ("article_id", "kind", "charset"),
    [("rapport", DocumentKind.PDF, None), ("une", DocumentKind.JSONL, "utf-8")],
)
def test_where_no_place_is_known_the_interface_tells_none(
    client: TestClient, article_id: str, kind: DocumentKind, charset: str | None
) -> None:
    told = ask_json(client, f"/v1/articles/{article_id}/original?start=0&end=5")
    assert (told["kind"], told["charset"]) == (kind, charset)
    assert (told["start_byte_index"], told["end_byte_index"], told["text"]) == (None,) * 3


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("embedded/original", 404),
        ("none/original", 404),
        ("cp1252/original?start=-1&end=5", 422),
        ("cp1252/original?start=a&end=5", 422),
    ],
)
def test_what_has_no_original_is_not_found(client: TestClient, path: str, status: int) -> None:
    response = client.get(f"/v1/articles/{path}")
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("language", list(Language))
def test_the_page_of_an_article_leads_to_its_original_at_the_quote(
    client: TestClient, language: Language
) -> None:
    messages = load_messages(language)
    page = client.get(f"/{language}/articles/cp1252?start=3&end=9").text
    address = f"/{language}/articles/cp1252/original?start=3&amp;end=9#part"
    assert f'<a href="{address}">{messages.text("reader.in_document")}</a>' in page
    page = client.get(f"/{language}/articles/cp1252").text
    assert f'href="/{language}/articles/cp1252/original"' in page
    assert "/original" not in client.get(f"/{language}/articles/embedded").text
    assert client.get(f"/{language}/articles/embedded/original").status_code == 404
    assert client.get(f"/{language}/articles/none/original").status_code == 404


@pytest.mark.parametrize("language", list(Language))
def test_the_original_is_shown_with_the_quote_marked(
    client: TestClient, language: Language
) -> None:
    messages = load_messages(language)
    text = ask_json(client, "/v1/articles/cp1252")["text"]
    start = text.index(SECOND)
    span = f"start={start}&end={start + len(SECOND)}"
    response = client.get(f"/{language}/articles/cp1252/original?{span}")
    assert response.status_code == 200
    page = response.text
    assert f'<html lang="{language}">' in page
    assert f'<mark id="part">{SECOND}</mark>' in page
    shown = page[page.index("<pre") : page.index("</pre>")]
    assert html.unescape(shown.partition(">")[2]).replace(
        f'<mark id="part">{SECOND}</mark>', "§"
    ) == (TEXT.replace(SECOND, "§"))
    assert messages.text("original.kind.text") in page
    assert messages.text("original.size", count=len(TEXT)) in page
    assert messages.text("original.part_notice") in page
    assert "windows-1252" in page or "cp1252" in page
    back = f"/{language}/articles/cp1252?{span.replace('&', '&amp;')}#quote"
    assert f'<a href="{back}">{messages.text("original.back")}</a>' in page
    whole = client.get(f"/{language}/articles/cp1252/original").text
    assert "<mark" not in whole and messages.text("original.part_notice") not in whole
    assert html.escape(messages.text("original.no_part")) not in whole


@pytest.mark.parametrize("language", list(Language))
def test_what_stands_in_an_original_is_shown_and_never_acts(
    client: TestClient, language: Language
) -> None:
    text = ask_json(client, "/v1/articles/hostile")["text"]
    start = text.index("Il dit")
    for span in ("", f"?start={start}&end={start + 40}"):
        page = client.get(f"/{language}/articles/hostile/original{span}").text
        assert "<script" not in page.replace('<script src="/static/theme.js">', "")
        shown = page[page.index("<pre") : page.index("</pre>")].partition(">")[2]
        bare = shown.replace('<mark id="part">', "").replace("</mark>", "")
        assert html.unescape(bare) == HOSTILE
        assert ('<mark id="part">Il dit' in shown) == bool(span)


@pytest.mark.parametrize("language", list(Language))
def test_bytes_that_are_no_text_are_said_to_be_none(client: TestClient, language: Language) -> None:
    messages = load_messages(language)
    page = client.get(f"/{language}/articles/rapport/original?start=0&end=5").text
    assert messages.text("original.no_text") in page
    assert messages.text("original.kind.pdf") in page
    assert "<pre" not in page and "<mark" not in page
    lines = client.get(f"/{language}/articles/une/original?start=0&end=5").text
    assert messages.text("original.no_part") in html.unescape(lines)
    assert "<pre" in lines and "<mark" not in lines


# Page numbers.


def test_the_page_of_a_place_is_that_which_begins_before_it() -> None:
    article = Article("a", Language.FRENCH, "A", "x" * 30, "a.pdf", pages=(0, 10, 20, 20))
    places = [0, 9, 10, 19, 20, 29]
    assert [article.find_page(place) for place in places] == [1, 1, 2, 2, 4, 4]
    assert replace(article, pages=()).find_page(5) is None
    assert cite(article, 8, 12, "c1").page == 1
    assert cite(replace(article, pages=()), 8, 12, "c1").page is None


def test_a_citation_names_the_page_everywhere(
    client: TestClient, answerer: Answerer, capsys: pytest.CaptureFixture[str]
) -> None:
    response = client.post("/v1/answer", json={"question": "Quel quai ?"})
    citations = {each["document_id"]: each for each in response.json()["citations"]}
    assert citations["rapport"]["cited_text"] == THIRD
    assert citations["rapport"]["page_number"] == 4
    assert citations["cp1252"]["page_number"] is None
    article = ask_json(client, "/v1/articles/rapport")
    start = article["text"].index(THIRD)
    assert article["page_starts"] == [0, article["text"].index(SECOND[:10]), start, start]
    for language, words in ((Language.FRENCH, "page\u00a04"), (Language.ENGLISH, "page 4")):
        page = client.get(f"/{language}/?q=Quel+quai").text
        assert page.count(f"<li>{words}</li>") == 1
    print_answer(answerer.answer(Question("Quel quai ?", Language.FRENCH)))
    lines = capsys.readouterr().out.splitlines()
    (line,) = (line for line in lines if "rapport.pdf" in line)
    assert ", rapport.pdf, page\u00a04, caractères" in line
    assert all("page" not in line for line in lines if "cp1252.txt" in line)


def test_the_interface_tells_how_metadata_was_found(client: TestClient) -> None:
    notes = ask_json(client, "/v1/articles/hostile")["metadata_notes"]
    assert {"field": "title", "how": "the first heading", "certainty": "likely"} in notes
    page = client.get("/fr/articles/hostile").text
    assert "titre\u00a0: the first heading (probable)" in page
    assert ask_json(client, "/v1/articles/embedded")["metadata_notes"] == []
