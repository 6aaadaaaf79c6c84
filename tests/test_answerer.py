import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from massilia.corpus.article import Article, Language
from massilia.index.encoder import Encoder, TooManyTokensError, Vectors
from massilia.index.errors import LibraryError
from massilia.index.library import Library
from massilia.ingest.document import Document
from massilia.service.answer import Answer, SkippedReason
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.question import QuestionError, read_question

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
