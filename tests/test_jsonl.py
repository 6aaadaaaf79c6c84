import gc
import io
import json
import tracemalloc
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massilia.corpus.article import Heading, Language
from massilia.corpus.markdown import parse_article
from massilia.ingest.document import Refusal
from massilia.ingest.extraction import Certainty, DocumentKind, Found
from massilia.ingest.jsonl import (
    MAX_LINE_BYTES,
    JsonLine,
    derive_line_id,
    read_jsonl,
)

FRENCH = "Deux câbles sous-marins arrivent à Marseille."
UNSTORABLE = "which can't be stored"


def read(*lines: object) -> list[JsonLine | Refusal]:
    """Read lines, each of them as it is or as the values of one."""
    texts = (line if isinstance(line, str | bytes) else json.dumps(line) for line in lines)
    encoded = (line.encode() if isinstance(line, str) else line for line in texts)
    return list(read_jsonl(io.BytesIO(b"\n".join(encoded)), "corpus.jsonl"))


def read_one(**values: object) -> JsonLine:
    (line,) = read({"_id": "a", "text": FRENCH} | values)
    assert isinstance(line, JsonLine), line
    return line


def refuse(*lines: object) -> list[str]:
    found = read(*lines)
    assert all(isinstance(each, Refusal) for each in found), found
    start = "corpus.jsonl, line 1: "
    return [each.reason.removeprefix(start) for each in found if isinstance(each, Refusal)]


def test_a_line_of_a_beir_corpus_is_an_article() -> None:
    line = read_one(title=" Le  port ", metadata={"source": "x"})
    assert (line.line, line.id, line.given_id) == (1, "a", "a")
    extraction = line.extraction
    assert (extraction.kind, extraction.text) == (DocumentKind.JSONL, FRENCH)
    assert extraction.title == Found("Le port", "JSON title", Certainty.STATED)
    assert extraction.language == Found(Language.FRENCH, "the words of the text", Certainty.LIKELY)
    assert (extraction.runs, extraction.publisher, extraction.date_published) == ((), None, None)


def test_what_else_is_known_stands_beside_it_or_in_its_metadata() -> None:
    known = {
        "url": "https://example.org/port",
        "publisher": "La Revue",
        "authors": ["Ana Roux", " ", "Léa Petit"],
        "date_published": "2026-03-12",
        "date_modified": "2026-03-14T23:30:00+01:00",
        "language": "en-GB",
    }
    for line in [read_one(**known), read_one(metadata=known)]:
        extraction = line.extraction
        assert extraction.url == Found(known["url"], "JSON url", Certainty.STATED)
        assert extraction.publisher and extraction.publisher.value == "La Revue"
        assert extraction.authors and extraction.authors.value == ("Ana Roux", "Léa Petit")
        assert extraction.date_published and extraction.date_published.value == date(2026, 3, 12)
        assert extraction.date_modified and extraction.date_modified.value == date(2026, 3, 14)
        assert extraction.language == Found(Language.ENGLISH, "JSON language", Certainty.STATED)
    both = read_one(publisher="La Revue", metadata={"publisher": "Autre", "lang": "en"})
    assert both.extraction.publisher and both.extraction.publisher.value == "La Revue"
    assert both.extraction.language and both.extraction.language.value is Language.ENGLISH
    assert read_one(authors="Ana Roux", metadata=None).extraction.authors == Found(
        ("Ana Roux",), "JSON authors", Certainty.STATED
    )
    empty = read_one(url="", authors=[], date_published="", language=None).extraction
    assert (empty.url, empty.authors, empty.date_published) == (None, None, None)


def test_a_text_is_stored_in_nfc_and_its_headings_are_found() -> None:
    paragraph = f"{FRENCH} " * 4
    text = f" Le port et ses quais\r\n\r\n{paragraph}\fC'e\u0301tait tout. "
    extraction = read_one(text=text).extraction
    assert extraction.text == f"Le port et ses quais\n\n{paragraph}\nC'était tout."
    assert extraction.headings == (Heading(1, 0, 20),)


def test_a_title_is_the_text_where_there_is_no_other() -> None:
    assert read_one(title="Que voir à Marseille ?", text="").extraction.text.startswith("Que voir")
    assert refuse({"_id": "a", "title": " ", "text": None}) == [
        "'text' is empty, and so is 'title'"
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("oops", "not valid JSON: Expecting value, column 1"),
        ('{"_id": "a", "text": "b"', "not valid JSON: Expecting ',' delimiter, column 25"),
        ('{"_id": "a", "text": "a\tb"}', "not valid JSON: Invalid control character at, column 24"),
        ("[" * 100_000, "not valid JSON: nested too deep"),
        ("[1]", "not a JSON object: [1]"),
        (b'{"_id": "a", "text": "caf\xe9"}', "not UTF-8 text: byte 0xe9"),
        ('{"text": "b"}', "no '_id'"),
        ('{"_id": " ", "text": "b"}', "no '_id': ' '"),
        ('{"_id": true, "text": "b"}', "no '_id': True"),
        ('{"_id": "a\\u0000", "text": "b"}', f"'_id' holds the character U+0000, {UNSTORABLE}"),
        ('{"_id": "\\udcff", "text": "b"}', f"'_id' holds the character U+DCFF, {UNSTORABLE}"),
        ('{"_id": "a", "text": "b\\ud83d"}', f"'text' holds the character U+D83D, {UNSTORABLE}"),
        ('{"_id": "a", "text": "b\\u0000"}', f"'text' holds the character U+0000, {UNSTORABLE}"),
        ('{"_id": "a", "text": ["b"]}', "'text' must be a text, not ['b']"),
        ('{"_id": "a", "text": "b", "title": 3}', "'title' must be a text, not 3"),
        (
            '{"_id": "a", "text": "b", "title": "\\udc00"}',
            "'title': the character U+DC00 cannot be stored",
        ),
        (
            '{"_id": "a", "text": "b", "authors": {"a": 1}}',
            "'authors' must be a list of names, not {'a': 1}",
        ),
        ('{"_id": "a", "text": "b", "authors": [1]}', "'authors' must be a list of names, not [1]"),
        (
            '{"_id": "a", "text": "b", "authors": ["\\u0007"]}',
            "'authors': the character U+0007 cannot be stored",
        ),
        ('{"_id": "a", "text": "b", "language": "de"}', "the language must be fr or en, not 'de'"),
        ('{"_id": "a", "text": "b", "language": 1}', "the language must be fr or en, not 1"),
    ],
)
def test_a_faulty_line_is_refused_by_number_and_the_others_are_read(
    line: str | bytes, reason: str
) -> None:
    assert refuse(line) == [reason]
    good = {"_id": "b", "text": FRENCH}
    found = read(good, line, {"_id": "c", "text": FRENCH})
    assert [isinstance(each, JsonLine) for each in found] == [True, False, True]
    refusal = found[1]
    assert isinstance(refusal, Refusal)
    assert (refusal.location, refusal.reason) == ("line 2", f"corpus.jsonl, line 2: {reason}")


@pytest.mark.parametrize("value", ["2026-02-30", "12 mars", "2026", "2026-03-12x", 20260312, True])
def test_a_date_that_is_none_is_refused(value: object) -> None:
    (reason,) = refuse({"_id": "a", "text": "b", "date_published": value})
    start = "'date_published' must be a date such as \"2026-11-22\", not "
    assert reason == f"{start}{value!r}"


def test_an_address_that_is_not_on_the_web_is_refused() -> None:
    (reason,) = refuse({"_id": "a", "text": "b", "url": "javascript:alert(1)"})
    assert "'javascript:alert(1)' is not an http or https address" in reason


def test_a_number_of_too_many_digits_is_refused() -> None:
    (reason,) = refuse('{"_id": "a", "text": "b", "n": ' + "9" * 5_000 + "}")
    assert reason.startswith("not valid JSON: Exceeds the limit (4300 digits)")


def test_an_id_that_stands_twice_is_refused_the_second_time() -> None:
    first, second, third = read(
        {"_id": "a", "text": FRENCH}, {"_id": "b"}, {"_id": "a", "text": FRENCH}
    )
    assert isinstance(first, JsonLine)
    assert isinstance(second, Refusal)
    assert third == Refusal("line 3", "corpus.jsonl, line 3: line 1 has the id 'a' too")
    again = read({"_id": "b"}, {"_id": "b", "text": FRENCH})[1]
    assert isinstance(again, Refusal)


def test_blank_lines_and_a_byte_order_mark_are_passed_over() -> None:
    data = b'\xef\xbb\xbf\n\r\n{"_id": "a", "text": "b"}\r\n \n{"_id": 7, "text": "c"}'
    found = list(read_jsonl(io.BytesIO(data), "x"))
    assert len(found) == 2
    marked = read_jsonl(io.BytesIO(b'\xef\xbb\xbf{"_id": "a", "text": "b"}'), "x")
    assert isinstance(next(marked), JsonLine)
    assert [each.line for each in found if isinstance(each, JsonLine)] == [3, 5]
    assert [each.id for each in found if isinstance(each, JsonLine)] == ["a", "7"]
    assert list(read_jsonl(io.BytesIO(b""), "x")) == []
    (wide,) = read_jsonl(io.BytesIO('{"_id": "a"}'.encode("utf-16")), "x")
    assert isinstance(wide, Refusal)
    assert wide.reason == "x, line 1: in UTF-16, which JSON lines can't be: save it as UTF-8"


class _Endless(io.RawIOBase):
    """Give lines as they are asked for: a whole file of them would fill the memory."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        if not self._rest:
            self._rest = next(self._lines, b"")
        piece, self._rest = self._rest[: len(view)], self._rest[len(view) :]
        view[: len(piece)] = piece
        return len(piece)


def test_a_large_file_is_read_as_a_stream() -> None:
    text = FRENCH * 4_000
    lines = (
        json.dumps({"_id": str(number), "text": text, "language": "fr"}).encode() + b"\n"
        for number in range(100)
    )
    file = io.BufferedReader(_Endless(lines))
    gc.collect()
    tracemalloc.start()
    read = sum(isinstance(each, JsonLine) for each in read_jsonl(file, "x"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert read == 100
    # All lines together have a hundred times as many.
    assert peak < 15 * len(text)


def test_a_line_without_an_end_is_refused_without_being_held(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    good = json.dumps({"_id": "a", "text": FRENCH}).encode() + b"\n"
    with path.open("wb") as file:
        file.write(good)
        # They take no room on the disk.
        file.seek(300_000_000, io.SEEK_CUR)
        file.write(b"\n" + good.replace(b'"a"', b'"b"'))
    tracemalloc.start()
    with path.open("rb") as file:
        first, long, last = read_jsonl(file, path.name)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(first, JsonLine)
    reason = f"corpus.jsonl, line 2: more than {MAX_LINE_BYTES:,} bytes, which is no article"
    assert long == Refusal("line 2", reason)
    assert isinstance(last, JsonLine) and last.line == 3
    assert peak < 5 * MAX_LINE_BYTES


def test_a_line_of_just_as_many_bytes_as_may_be_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    line = json.dumps({"_id": "a", "text": "b"})
    monkeypatch.setattr("massilia.ingest.jsonl.MAX_LINE_BYTES", len(line))
    assert isinstance(read(line)[0], JsonLine)
    assert isinstance(read(line, "")[0], JsonLine)
    assert isinstance(read(f"{line} ")[0], Refusal)


def test_ids_that_articles_can_have_are_kept_and_others_folded_apart() -> None:
    for kept in ["a", "4983", "doc-1", "a.b_c", "a" * 100]:
        assert derive_line_id(kept) == kept
    assert len(derive_line_id("a" * 101)) == 100
    assert derive_line_id("MED-10").startswith("med-10-")
    assert derive_line_id("Évry/port").startswith("evry-port-")
    assert (
        len({derive_line_id(each) for each in ["Doc 1", "doc 1", "doc-1", "DOC-1", "doc_1"]}) == 5
    )
    assert derive_line_id("東京") != derive_line_id("京都")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text(min_size=1))
def test_any_id_makes_one_that_an_article_file_can_have(given_id: str, other: str) -> None:
    derived = derive_line_id(given_id)
    article = f"---\nid: '{derived}'\nlanguage: fr\ntitle: x\n---\n{FRENCH}"
    assert parse_article(article, "a.md", dict).id == derived
    assert derive_line_id(derived) == derived
    if other.isprintable() and other != given_id:
        assert derive_line_id(other) != derived or other == derived
