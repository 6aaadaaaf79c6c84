import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from massilia.corpus.article import Article, Language
from massilia.index.encoder import Encoder, TooManyTokensError, Vectors
from massilia.index.errors import LibraryError
from massilia.index.library import Library
from massilia.ingest.document import Document
from massilia.service.answer import Answer, Bucket, Hint, SkippedReason
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.messages import load_messages
from massilia.service.question import QuestionError, read_question
from massilia.service.question_check import Remark

QUESTIONS = Path(__file__).parent.parent / "corpus" / "questions" / "dev.jsonl"
LINES = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
CAPACITY = "What is the design capacity of 2Africa?"
OFF_TOPIC = "How long should I boil an egg?"


@pytest.fixture(scope="module")
def answers(answerer: Answerer) -> list[Answer]:
    """Ask every question of the package's own set, once."""
    asked = [read_question(line["question"], Language(line["language"])) for line in LINES]
    return [answerer.answer(question) for question in asked]


def without_id(answer: Answer) -> Answer:
    return replace(answer, id="", timings=None)


def test_every_quote_of_the_development_set_is_cut_from_its_article_to_the_letter(
    answers: list[Answer], answerer: Answerer
) -> None:
    quotes = [quote for answer in answers for quote in answer.quotes]
    assert len(answers) == len(LINES)
    assert len(quotes) >= 20
    for quote in quotes:
        citation = quote.citation
        article = answerer.store.article(citation.article_id)
        assert article is not None
        assert quote.text
        assert quote.text == citation.cited_text == article.text[citation.start : citation.end]
        assert citation.text_sha256 == article.text_sha256


def test_every_citation_says_what_its_article_says_of_itself(
    answers: list[Answer], answerer: Answerer
) -> None:
    for citation in (quote.citation for answer in answers for quote in answer.quotes):
        article = answerer.store.article(citation.article_id)
        assert citation.title == article.title
        assert citation.origin == article.origin
        assert citation.language is article.language
        assert citation.url == article.url
        assert citation.publisher == article.publisher == "Massilia"
        assert citation.date_published == article.date_published
        marked = {
            mark.source_id
            for mark in article.marks
            if citation.start < mark.position <= citation.end
        }
        ids = [source.id for source in citation.sources]
        assert set(ids) == marked
        assert len(ids) == len(marked)
        assert set(citation.sources) <= set(article.sources)


def test_every_answer_holds_together(answers: list[Answer]) -> None:
    for answer in answers:
        scores = [quote.score for quote in answer.quotes]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in [*scores, answer.confidence.value])
        assert answer.abstained == (not answer.quotes) == bool(answer.skipped_reasons)
        assert len({quote.text for quote in answer.quotes}) == len(answer.quotes) <= 3
        ids = [quote.citation.id for quote in answer.quotes]
        assert ids == [f"c{number}" for number in range(1, len(ids) + 1)]
        ranked = answer.ranked_article_ids
        assert {quote.citation.article_id for quote in answer.quotes} <= set(ranked)
        assert len(set(ranked)) == len(ranked)
        assert bool(ranked) == (answer.remark is None)
        if answer.quotes:
            assert answer.confidence.value == scores[0]
    assert len({answer.id for answer in answers}) == len(LINES)


def test_a_plain_question_is_answered_by_the_sentence_that_says_it(answerer: Answerer) -> None:
    english = answerer.answer(read_question(CAPACITY))
    assert "180 Tbit/s" in english.quotes[0].text
    assert english.quotes[0].citation.language is Language.ENGLISH
    french = answerer.answer(read_question("Quelle est la longueur de Medusa jusqu'à Bizerte ?"))
    assert "1 050 km" in french.quotes[0].text.replace("\u00a0", " ").replace("\u202f", " ")
    assert french.quotes[0].citation.language is Language.FRENCH


def test_a_question_about_something_else_is_not_answered(answerer: Answerer) -> None:
    answer = answerer.answer(read_question(OFF_TOPIC))
    assert answer.abstained
    assert answer.skipped_reasons
    assert set(answer.skipped_reasons) <= set(SkippedReason)


@pytest.mark.parametrize("text", ["?" * 50, "\N{OCTOPUS}" * 20, "<b>", "a", "x" * 500])
def test_an_odd_question_is_answered_or_not_without_failing(answerer: Answerer, text: str) -> None:
    answer = answerer.answer(read_question(text))
    assert answer.question.text == text


def check_citations(answer: Answer, answerer: Answerer) -> None:
    """Check that all that an answer quotes, anywhere, stands in its article to the letter."""
    values = answer.series.values if answer.series else ()
    quotes = (*answer.quotes, *answer.near)
    for citation in (*(each.citation for each in quotes), *(each.citation for each in values)):
        article = answerer.store.article(citation.article_id)
        assert article is not None
        assert citation.cited_text == article.text[citation.start : citation.end]
        assert citation.text_sha256 == article.text_sha256
    for quote in quotes:
        assert quote.text == quote.citation.cited_text
        text = answerer.store.article(quote.citation.article_id).text
        if quote.mark:
            assert quote.citation.start <= quote.mark.start < quote.mark.end <= quote.citation.end
            assert quote.mark_text == text[quote.mark.start : quote.mark.end]
        if quote.speaker:
            assert quote.speaker_text == text[quote.speaker.start : quote.speaker.end]
    for value in values:
        text = answerer.store.article(value.citation.article_id).text
        assert value.value_text == text[value.value.start : value.value.end]
        for place in (value.value, value.when):
            assert value.citation.start <= place.start < place.end <= value.citation.end
    if answer.second:
        check_citations(answer.second, answerer)


def test_what_comes_near_and_what_is_told_through_time_is_cut_to_the_letter_too(
    answers: list[Answer], answerer: Answerer
) -> None:
    assert any(answer.near for answer in answers)
    assert any(answer.series for answer in answers)
    assert any(quote.mark for answer in answers for quote in answer.quotes)
    for answer in answers:
        check_citations(answer, answerer)


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("bonjour", Remark.GREETING),
        ("test", Remark.TEST),
        ("tu es nul", Remark.INSULT),
        ("https://example.org/a?b=c", Remark.ADDRESS),
        ("SELECT * FROM articles;", Remark.CODE),
        ("<script>alert(1)</script>", Remark.CODE),
        ("?" * 50, Remark.WORDLESS),
        ("**<b></b>**", Remark.WORDLESS),
    ],
)
def test_what_asks_nothing_gets_a_reply_and_nothing_is_looked_for(
    answerer: Answerer, text: str, remark: Remark
) -> None:
    answer = answerer.answer(read_question(text))
    assert answer.remark is remark
    assert answer.skipped_reasons == (SkippedReason.NOT_A_QUESTION,)
    assert (answer.quotes, answer.near, answer.ranked_article_ids) == ((), (), ())
    assert (answer.encoded, answer.generation_id) == (None, None)
    assert answer.confidence.bucket is Bucket.NOT_AVAILABLE
    for language in Language:
        assert load_messages(language).text(f"remark.{answer.remark}")


@pytest.mark.parametrize(
    "marked",
    [
        "<b>What is the design capacity of 2Africa?</b>",
        "**What** is the [design capacity](https://example.org) of `2Africa`?",
        "> What is the *design capacity* of <a href='javascript:alert(1)'>2Africa</a>?",
    ],
)
def test_markup_changes_nothing_of_an_answer(answerer: Answerer, marked: str) -> None:
    answer = answerer.answer(read_question(marked, Language.ENGLISH))
    assert answer.question.text == marked
    plain = answerer.answer(read_question(CAPACITY))
    # A tag leaves a space, which the model sees.
    assert [each.citation for each in answer.quotes] == [each.citation for each in plain.quotes]
    assert [each.score for each in answer.quotes] == pytest.approx(
        [each.score for each in plain.quotes], abs=0.05
    )
    assert "180 Tbit/s" in answer.quotes[0].text


@pytest.mark.parametrize(
    "text",
    [
        "Quels câbles n'atterrissent pas à Marseille ?",
        "Which cables do not land in Marseille?",
        "<b>Which cables do not land in Marseille?</b>",
        "**Quels câbles n'atterrissent pas à Marseille ?**",
    ],
)
def test_what_is_not_is_not_answered_by_what_is(answerer: Answerer, text: str) -> None:
    answer = answerer.answer(read_question(text))
    assert answer.quotes == ()
    assert answer.series is None
    assert answer.skipped_reasons == (SkippedReason.ASKS_WHAT_IS_NOT,)
    assert answer.hints == (Hint("what_is_not"),)
    assert [quote.citation.id for quote in answer.near] == [
        f"n{number}" for number in range(1, len(answer.near) + 1)
    ]
    assert answer.near
    check_citations(answer, answerer)


def test_quotes_that_tell_the_opposite_only_come_near(
    library: Library, toy_encoder: Encoder
) -> None:
    text = "Les câbles Medusa et PEACE atterrissent à Marseille."
    library.put([Document(Article("a", Language.FRENCH, "Les câbles", text, "a.md"), "a.md")])
    library.build(toy_encoder)
    answerer = Answerer(library, toy_encoder)
    asked = "Quels câbles atterrissent à Marseille ?"
    assert [quote.text for quote in answerer.answer(read_question(asked)).quotes] == [text]
    negated = asked.replace("atterrissent", "n'atterrissent pas")
    answer = answerer.answer(read_question(negated))
    assert answer.quotes == ()
    assert [(quote.text, quote.citation.id) for quote in answer.near] == [(text, "n1")]


@pytest.mark.parametrize(
    ("text", "parts", "said"),
    [
        (
            "What is the design capacity of 2Africa? And what is the length of Medusa?",
            ("What is the design capacity of 2Africa ?", "what is the length of Medusa ?"),
            ("180 Tbit/s", "km"),
        ),
        (
            "<b>Who owns 2Africa?</b> <i>And what is the length of Medusa?</i>",
            ("Who owns 2Africa ?", "what is the length of Medusa ?"),
            ("Meta", "km"),
        ),
    ],
)
def test_each_of_two_questions_is_answered(
    answerer: Answerer, text: str, parts: tuple[str, str], said: tuple[str, str]
) -> None:
    answer = answerer.answer(read_question(text, Language.ENGLISH), 2)
    assert answer.second is not None
    assert answer.second.second is None
    for each, part, words in zip((answer, answer.second), parts, said, strict=True):
        assert each.question.text == part
        assert words in each.quotes[0].text
        assert len(each.quotes) <= 2
    check_citations(answer, answerer)


def test_each_of_two_questions_has_its_dates(answerer: Answerer) -> None:
    text = "Who owned 2Africa in 2022? And what was the length of Medusa in 2025?"
    answer = answerer.answer(read_question(text, today=date(2026, 11, 24)))
    assert answer.second is not None
    for each, year in ((answer, 2022), (answer.second, 2025)):
        (span,) = each.question.dates
        assert span.start == date(year, 1, 1)


def test_a_latency_is_found_though_it_is_written_as_a_duration(answerer: Answerer) -> None:
    (quote, *_) = answerer.answer(
        read_question("Quelle latence entre Marseille et Mumbai ?")
    ).quotes
    assert "95\u00a0ms" in quote.text


@pytest.mark.parametrize("top_k", [1, 2, 10])
def test_no_more_quotes_than_asked_for_and_the_same_first_ones(
    answerer: Answerer, answers: list[Answer], top_k: int
) -> None:
    question = max(answers, key=lambda answer: len(answer.quotes)).question
    ten = answerer.answer(question, 10).quotes
    assert len(ten) > 1
    assert answerer.answer(question, top_k).quotes == ten[:top_k]


def test_the_same_question_gets_the_same_answer_under_another_id(answerer: Answerer) -> None:
    first, second = (answerer.answer(read_question(CAPACITY)) for _ in range(2))
    assert without_id(first) == without_id(second)
    assert first.id != second.id
    assert 0 <= first.timings.encode <= first.timings.total
    parts = first.timings.encode + first.timings.retrieve + first.timings.quote
    assert parts == pytest.approx(first.timings.total)


def test_eight_threads_get_the_answers_that_one_gets(answerer: Answerer) -> None:
    asked = [read_question(line["question"]) for line in LINES[:16]]
    alone = [without_id(answerer.answer(question)) for question in asked]
    with ThreadPoolExecutor(8) as threads:
        together = [without_id(answer) for answer in threads.map(answerer.answer, asked)]
    assert together == alone


def test_an_empty_library_abstains(library: Library, toy_encoder: Encoder) -> None:
    answer = Answerer(library, toy_encoder).answer(read_question(CAPACITY))
    assert answer.abstained
    assert answer.generation_id is None
    assert answer.confidence.value == 0
    assert answer.ranked_article_ids == ()


def test_a_library_that_was_not_built_says_so(library: Library, toy_encoder: Encoder) -> None:
    library.put_embedded_corpus()
    answerer = Answerer(library, toy_encoder)
    for ask in (answerer.check, lambda: answerer.answer(read_question(CAPACITY))):
        with pytest.raises(
            LibraryError, match=r"has not been built; run `massilia build`"
        ) as error:
            ask()
        assert str(library.path) in str(error.value)


def test_a_library_built_with_another_encoder_says_which(
    library: Library, toy_encoder: Encoder
) -> None:
    library.put_embedded_corpus()
    library.build(toy_encoder)
    other = type(toy_encoder)()
    other.name, other.fingerprint = "others", "others-1"
    answerer = Answerer(library, other)
    for ask in (answerer.check, lambda: answerer.answer(read_question(CAPACITY))):
        with pytest.raises(LibraryError, match="encoder 'words', not 'others'"):
            ask()


def test_a_removed_article_is_not_quoted_even_before_the_next_build(
    tmp_path: Path, corpus_path: Path, encoder: Encoder, answerer: Answerer
) -> None:
    quoted = {
        quote.citation.article_id for quote in answerer.answer(read_question(CAPACITY)).quotes
    }
    assert quoted
    shutil.copytree(corpus_path, tmp_path / "library")
    library = Library.open(tmp_path / "library")
    assert library.remove(quoted) == []
    answer = Answerer(library, encoder).answer(read_question(CAPACITY), 10)
    library.close()
    assert not quoted & {quote.citation.article_id for quote in answer.quotes}
    assert not quoted & set(answer.ranked_article_ids)


def test_the_generation_that_answered_is_named(answerer: Answerer) -> None:
    answer = answerer.answer(read_question(CAPACITY))
    assert answer.generation_id == answerer.library.generation().id


class NarrowEncoder:
    """Read three words of a question and no more."""

    name = "narrow"
    fingerprint = "narrow-1"

    def __init__(self, words: Encoder) -> None:
        self.dimension = words.dimension
        self.encode_passages = words.encode_passages
        self._words = words

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        for question in questions:
            if len(question.split()) > 3:
                raise TooManyTokensError(self.name, len(question.split()), 3)
        return self._words.encode_questions(questions)


@pytest.mark.parametrize("language", Language)
def test_a_question_that_the_encoder_can_not_read_whole_is_refused(
    library: Library, toy_encoder: Encoder, language: Language
) -> None:
    encoder = NarrowEncoder(toy_encoder)
    library.put([Document(Article("port", Language.FRENCH, "Port", "Le port vit.", "p"), "p")])
    library.build(encoder)
    answerer = Answerer(library, encoder)
    assert answerer.answer(read_question("Le port ?")).quotes
    with pytest.raises(QuestionError, match=r"has 5 tokens; the model narrow reads 3 at most"):
        answerer.answer(read_question("Que fait donc le port"))
    client = TestClient(create_app(answerer))
    page = client.get(f"/{language}/", params={"q": "un deux trois quatre"})
    assert page.status_code == 422
    assert str(3) in page.text and 'role="alert"' in page.text
    refused = client.post("/v1/answer", json={"question": "un deux trois quatre"})
    (fault,) = refused.json()["errors"]
    assert (refused.status_code, fault["code"]) == (422, "too_many_tokens")
