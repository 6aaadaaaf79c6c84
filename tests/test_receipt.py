import json
from copy import deepcopy
from datetime import date, datetime
from importlib.metadata import version
from typing import Any

import pytest

from massilia.corpus.article import Article, Language, hash_text
from massilia.index.encoder import Encoder
from massilia.index.filter import Filter
from massilia.index.library import Library
from massilia.ingest.document import Document
from massilia.service.answer import Answer
from massilia.service.answerer import Answerer
from massilia.service.composition import compose_answer
from massilia.service.question import read_question
from massilia.service.receipt import (
    CONTEXT,
    FORMAT,
    MAX_BYTES,
    MAX_QUOTES,
    CitedQuote,
    GivenQuote,
    Receipt,
    ReceiptError,
    make_receipt,
    read_receipt,
    write_receipt,
)
from massilia.service.wire import AnswerJson

TEXT = (
    "Medusa\n\nLe câble Medusa a touché terre à Marseille en octobre 2025. 𝔐 est son signe. "
    "Le câble Medusa a touché terre à Bizerte en novembre 2025."
)
ARTICLE = Article("medusa", Language.FRENCH, "Medusa", TEXT, "medusa.md", url="https://x.test/m")
OTHER = Article(
    "b",
    Language.FRENCH,
    "Tunis",
    "𝔐 Tunis\n\nLe câble Medusa a touché terre à Tunis en décembre 2025.",
    "b.md",
)
ARTICLES = {article.id: article for article in (ARTICLE, OTHER)}
QUESTION = "Où le câble Medusa a-t-il touché terre en 2025 ?"


@pytest.fixture
def filled(library: Library, toy_encoder: Encoder) -> Library:
    library.put(Document(each, each.origin) for each in ARTICLES.values())
    library.build(toy_encoder)
    return library


@pytest.fixture
def answer(filled: Library, toy_encoder: Encoder) -> Answer:
    within = Filter(articles=frozenset({"medusa", "b"}), published_from=None)
    question = read_question(QUESTION, Language.FRENCH, within, date(2026, 11, 24))
    given = compose_answer(Answerer(filled, toy_encoder).find(question), threshold=0)
    assert len(given.quotes) > 1
    return given


@pytest.fixture(scope="module")
def written() -> str:
    """Give a receipt with two quotes, as `write_receipt` writes it."""
    first, second = "Le câble relie douze pays.", "𝔐 est son signe."
    citations = tuple(
        CitedQuote(f"c{number}", text, "m", "Medusa", None, 8, 8 + len(text), "0" * 64)
        for number, text in enumerate((first, second), start=1)
    )
    return write_receipt(
        Receipt(
            id="ans_1",
            kind="receipt",
            question=QUESTION,
            language=Language.FRENCH,
            filters={"languages": ["fr"]},
            question_dates=({"text": "2025"},),
            confidence={"value": 0.5, "bucket": "MEDIUM"},
            answers=(GivenQuote(first, 0.5, ("c1",)), GivenQuote(second, 0.4, ("c2",))),
            citations=citations,
            index={"id": None},
            format=FORMAT,
        )
    )


@pytest.fixture
def content(written: str) -> dict[str, Any]:
    """Give a receipt's JSON to be spoilt."""
    read: dict[str, Any] = json.loads(written)
    return read


def test_what_is_written_is_read_back(answer: Answer, filled: Library) -> None:
    receipt = make_receipt(answer, filled)
    assert read_receipt(write_receipt(receipt)) == receipt
    assert read_receipt(write_receipt(receipt).encode()) == receipt


def test_a_receipt_holds_every_quote_with_its_context_and_hashes(
    answer: Answer, filled: Library
) -> None:
    receipt = make_receipt(answer, filled)
    assert [each.text for each in receipt.answers] == [each.text for each in answer.quotes]
    for cited, quote in zip(receipt.citations, answer.quotes, strict=True):
        article = ARTICLES[cited.article_id]
        text = article.text
        assert text[cited.start : cited.end] == cited.text == quote.text
        assert (cited.title, cited.url) == (article.title, article.url)
        assert cited.text_sha256 == hash_text(text)
        assert cited.cited_text_sha256 == hash_text(quote.text)
        assert cited.prefix is not None
        assert cited.suffix is not None
        around = cited.prefix + cited.text + cited.suffix
        assert around in text
        assert len(cited.prefix) == min(CONTEXT, cited.start)
        assert len(cited.suffix) == min(CONTEXT, len(text) - cited.end)


def test_a_receipt_says_when_and_with_what_the_answer_was_given(
    answer: Answer, filled: Library, toy_encoder: Encoder
) -> None:
    receipt = make_receipt(answer, filled)
    assert receipt.format == FORMAT
    assert receipt.version == version("massilia")
    assert receipt.encoder_fingerprint == toy_encoder.fingerprint
    assert receipt.index == {"id": answer.generation_id}
    assert receipt.created is not None
    assert datetime.fromisoformat(receipt.created).tzinfo is not None


def test_the_encoder_of_another_generation_is_not_claimed(
    answer: Answer, filled: Library, toy_encoder: Encoder
) -> None:
    filled.build(toy_encoder)
    assert make_receipt(answer, filled).encoder_fingerprint is None


def test_an_article_that_changed_meanwhile_gives_no_context(
    answer: Answer, filled: Library
) -> None:
    filled.remove(list(ARTICLES))
    assert {(each.prefix, each.suffix) for each in make_receipt(answer, filled).citations} == {
        (None, None)
    }
    other = Article("medusa", Language.FRENCH, "Medusa", "Rien du tout ici.", "medusa.md")
    filled.put([Document(other, "/medusa.md")])
    assert {each.prefix for each in make_receipt(answer, filled).citations} == {None}


def test_what_a_receipt_shares_with_the_answers_own_json_is_the_same(
    answer: Answer, filled: Library
) -> None:
    content = json.loads(write_receipt(make_receipt(answer, filled)))
    told = AnswerJson.of(answer).model_dump(mode="json")
    assert content["question_dates"]
    assert content["filters"]["articles"] == ["b", "medusa"]
    for name in content.keys() & told.keys() - {"object", "answers", "citations"}:
        assert content[name] == told[name], name
    for given, quote in zip(content["answers"], told["answers"], strict=True):
        assert given == {name: quote[name] for name in given}
        assert quote.keys() - given.keys() == {"mark", "speaker"}
    assert told.keys() - content.keys() == {
        *("other_language", "abstained", "answer_skipped_reasons", "timings_ms"),
        *("asked", "carried", "new_topic", "remark", "hints"),
        *("near", "series", "related_questions", "second"),
    }
    for cited, citation in zip(content["citations"], told["citations"], strict=True):
        for name in cited.keys() & citation.keys():
            assert cited[name] == citation[name], name
        assert cited.keys() - citation.keys() == {"cited_text_sha256", "prefix", "suffix"}


def test_an_answers_own_json_is_read_without_what_only_receipts_hold(answer: Answer) -> None:
    receipt = read_receipt(AnswerJson.of(answer).model_dump_json())
    assert [each.text for each in receipt.citations] == [each.text for each in answer.quotes]
    assert receipt.format is receipt.created is receipt.citations[0].prefix is None


def test_an_answer_without_quotes_has_a_receipt(filled: Library, toy_encoder: Encoder) -> None:
    within = Filter(articles=frozenset({"absent"}))
    question = read_question(QUESTION, Language.FRENCH, within, None)
    abstention = Answerer(filled, toy_encoder).answer(question)
    assert read_receipt(write_receipt(make_receipt(abstention, filled))).citations == ()


def spoil(content: dict[str, Any], path: str, value: object) -> None:
    """Set the field at `path`, such as `citations.0.url`."""
    *parents, name = (int(part) if part.isdigit() else part for part in path.split("."))
    place: Any = content
    for parent in parents:
        place = place[parent]
    place[name] = value


@pytest.mark.parametrize(
    ("path", "value", "shown"),
    [
        ("id", 1, "1"),
        ("object", "verification", "'verification'"),
        ("question", None, "None"),
        ("language", "de", "'de'"),
        ("filters", [], "[]"),
        ("question_dates", {}, "{}"),
        ("question_dates.0", "2025", "'2025'"),
        ("confidence", 0.5, "0.5"),
        ("index", "gen-1", "'gen-1'"),
        ("answers", "text", "'text'"),
        ("answers.0.text", ["text"], "['text']"),
        ("answers.0.score", "0.5", "'0.5'"),
        ("answers.0.score", float("nan"), "nan"),
        ("answers.0.score", 1.5, "1.5"),
        ("answers.0.citation_ids", [], "[]"),
        ("answers.0.citation_ids", ["c1", "c9"], "'c9'"),
        ("citations", None, "None"),
        ("citations.0.id", None, "None"),
        ("citations.0.cited_text", "", "''"),
        ("citations.0.cited_text", "\ud800", r"'\ud800'"),
        ("citations.0.document_id", 3, "3"),
        ("citations.0.url", False, "False"),
        ("citations.0.start_char_index", -1, "-1"),
        ("citations.0.start_char_index", "8", "'8'"),
        ("citations.0.start_char_index", True, "True"),
        ("citations.0.end_char_index", 8.5, "8.5"),
        ("citations.0.text_sha256", "A" * 64, "'AAA"),
        ("citations.0.text_sha256", "0" * 63, "'000"),
        ("citations.0.cited_text_sha256", "none", "'none'"),
        ("citations.0.prefix", "x" * (CONTEXT + 1), "'xxx"),
        ("citations.0.suffix", 0, "0"),
        ("citations.0.offset_unit", "byte", "'byte'"),
        ("format", FORMAT + 1, str(FORMAT + 1)),
        ("format", 0, "0"),
        ("format", True, "True"),
        ("format", "1", "'1'"),
        ("created", 2026, "2026"),
        ("version", 1.0, "1.0"),
        ("encoder_fingerprint", {}, "{}"),
    ],
)
def test_a_wrong_field_is_named_with_its_value(
    content: dict[str, Any], path: str, value: object, shown: str
) -> None:
    spoil(content, path, value)
    with pytest.raises(ReceiptError) as caught:
        read_receipt(json.dumps(content))
    assert f"Not a receipt: {path}: " in str(caught.value)
    assert shown in str(caught.value)


def test_a_later_format_says_which_one_is_read(content: dict[str, Any]) -> None:
    content["format"] = FORMAT + 1
    with pytest.raises(ReceiptError, match=f"format {FORMAT} only"):
        read_receipt(json.dumps(content))


@pytest.mark.parametrize("name", ["id", "object", "question", "language", "citations", "answers"])
def test_a_missing_field_is_named(content: dict[str, Any], name: str) -> None:
    del content[name]
    with pytest.raises(ReceiptError, match=f"{name} is missing"):
        read_receipt(json.dumps(content))


def test_two_citations_of_one_name_are_refused(content: dict[str, Any]) -> None:
    content["citations"][1]["id"] = content["citations"][0]["id"]
    content["answers"] = content["answers"][:1]
    with pytest.raises(ReceiptError, match="same id"):
        read_receipt(json.dumps(content))


def test_more_quotes_than_any_answer_has_are_refused(content: dict[str, Any]) -> None:
    first = content["citations"][0]
    content["citations"] = [{**first, "id": f"c{number}"} for number in range(1, MAX_QUOTES + 1)]
    assert len(read_receipt(json.dumps(content)).citations) == MAX_QUOTES
    content["citations"].append({**first, "id": "more"})
    with pytest.raises(ReceiptError, match="citations: "):
        read_receipt(json.dumps(content))


def test_every_truncation_is_refused(content: dict[str, Any]) -> None:
    text = json.dumps(content)
    for end in range(0, len(text), 7):
        with pytest.raises(ReceiptError):
            read_receipt(text[:end])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '"receipt"',
        "{}",
        "not JSON",
        "[" * 100_000 + "]" * 100_000,
        '{"filters": ' * 50_000,
        '{"id": ' + "9" * 5_000 + "}",
        b"\xff\xfe\x00",
        b"\x80",
        "\ud800",
    ],
)
def test_what_is_no_receipt_is_refused_in_few_words(text: str | bytes) -> None:
    with pytest.raises(ReceiptError) as caught:
        read_receipt(text)
    assert len(str(caught.value)) < 400


def test_fields_nested_deep_are_refused_or_passed_over(content: dict[str, Any]) -> None:
    text = json.dumps(content)
    for depth in (100, 900, 50_000):
        nest = "[" * depth + "]" * depth
        for nested in (
            text.replace('"question_dates": [', f'"question_dates": [{{"a": {nest}}}, '),
            f'{text[:-1]}, "more": {nest}}}',
        ):
            assert nested != text
            if depth < 1_000:
                assert read_receipt(nested).id == content["id"]
            else:
                with pytest.raises(ReceiptError, match="recursion"):
                    read_receipt(nested)


def test_the_size_is_limited_in_bytes(content: dict[str, Any]) -> None:
    text = json.dumps(content)
    largest = text + " " * (MAX_BYTES - len(text))
    assert read_receipt(largest).id == content["id"]
    for larger in (largest + " ", largest.encode() + b" "):
        with pytest.raises(ReceiptError, match="1,000,000 bytes"):
            read_receipt(larger)
    wide = deepcopy(content)
    wide["more"] = "é" * (MAX_BYTES // 2)
    with pytest.raises(ReceiptError, match="1,000,000 bytes"):
        read_receipt(json.dumps(wide, ensure_ascii=False))
