from collections.abc import Iterator
from dataclasses import replace

import pytest

from massilia.corpus.article import Article, Language
from massilia.eval.citations import CheckedCitation, ReaderPages, serve_reader
from massilia.eval.question_set import ExpectedAnswer, GoldSpan, Judgement
from massilia.eval.run import (
    Outcome,
    Outcomes,
    RankedArticle,
    rank_articles,
    restrict_expected,
    run_questions,
)
from massilia.index.encoder import Encoder
from massilia.index.library import Library
from massilia.index.retriever import ScoredPassage
from massilia.index.store import StoredPassage
from massilia.ingest.document import Document
from massilia.service.answerer import Answerer, compose_answer
from massilia.service.question import Question

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH
TEXTS = {
    ("port", ENGLISH): "Medusa cable landed at the port of Marseille. Gulls fly over the quay.",
    ("tram", ENGLISH): "Line two of the tram runs to the old harbour. It is blue.",
    ("port-fr", FRENCH): "Le cable Medusa touche le port de Marseille. Les gabians volent.",
    ("tram-fr", FRENCH): "La ligne deux du tram va au vieux port. Elle est bleue.",
}
GOOD = CheckedCitation(verbatim=True, offset_exact=True, resolves=True)


def expect(question: str, *article_ids: str, language: Language = ENGLISH) -> ExpectedAnswer:
    return ExpectedAnswer(
        id=f"{language}-{question[:10].replace(' ', '-')}",
        language=language,
        question=question,
        answerable=bool(article_ids),
        qrels=tuple(map(Judgement, article_ids)),
        answers=("Marseille",) if article_ids else (),
    )


QUESTIONS = (
    expect("Medusa cable landed at the port of what city", "port", "port-fr"),
    expect("le cable Medusa touche le port de quelle ville", "port", "port-fr", language=FRENCH),
    expect("how to boil eggs"),
    expect("gulls fly over the quay", "port"),
)


@pytest.fixture
def answerer(library: Library, toy_encoder: Encoder) -> Answerer:
    library.put(
        Document(Article(name, language, "", text, name), name)
        for (name, language), text in TEXTS.items()
    )
    library.build(toy_encoder)
    return Answerer(library, toy_encoder)


@pytest.fixture
def pages(answerer: Answerer) -> Iterator[ReaderPages]:
    with serve_reader(answerer) as opened:
        yield opened


@pytest.fixture
def outcomes(answerer: Answerer, pages: ReaderPages) -> Outcomes:
    return run_questions(answerer, QUESTIONS, pages)


def test_every_question_is_asked_in_order_as_the_service_answers_it(
    answerer: Answerer, outcomes: Outcomes
) -> None:
    assert [outcome.expected for outcome in outcomes.whole] == list(QUESTIONS)
    for outcome in outcomes.whole:
        expected = outcome.expected
        answer = answerer.answer(Question(expected.question, expected.language))
        assert [quote.text for quote in outcome.quotes] == [quote.text for quote in answer.quotes]
        assert outcome.abstained is answer.abstained
        assert outcome.milliseconds > 0
        for quote, answered in zip(outcome.quotes, answer.quotes, strict=True):
            citation = answered.citation
            assert (quote.article_id, quote.start, quote.end) == (
                citation.article_id,
                citation.start,
                citation.end,
            )
            assert quote.confidence == answered.score
            assert quote.language is citation.language
            assert quote.citation == GOOD


def test_progress_is_told_after_each_question(answerer: Answerer, pages: ReaderPages) -> None:
    told: list[int] = []
    run_questions(answerer, QUESTIONS[:3], pages, advance=told.append)
    assert told == [1, 1, 1]


def test_all_articles_are_ranked_in_both_languages(outcomes: Outcomes) -> None:
    first, second, *_ = outcomes.whole
    assert first.ranking[0].article_id == "port"
    assert second.ranking[0].article_id == "port-fr"
    for outcome in outcomes.whole:
        assert {each.article_id for each in outcome.ranking} == {name for name, _ in TEXTS}
        scores = [each.score for each in outcome.ranking]
        assert scores == sorted(scores, reverse=True)


def test_a_direction_searches_the_articles_of_one_language_alone(outcomes: Outcomes) -> None:
    assert list(outcomes.directions) == ["en-en", "en-fr", "fr-en", "fr-fr"]
    for direction, group in outcomes.directions.items():
        asked, found = direction.split("-")
        names = {name for name, language in TEXTS if language == found}
        for outcome in group:
            assert outcome.expected.language == asked
            assert {each.article_id for each in outcome.ranking} == names
            assert {quote.language for quote in outcome.quotes} <= {found}
            assert {each.article_id for each in outcome.passages} <= names
            assert set(outcome.expected.article_ids) <= names


def test_a_question_is_in_the_directions_that_it_has_an_answer_in(outcomes: Outcomes) -> None:
    """The last question is answered in English alone; the unanswerable one is in both."""
    ids = {
        direction: [outcome.expected.id for outcome in group]
        for direction, group in outcomes.directions.items()
    }
    first, second, eggs, gulls = (question.id for question in QUESTIONS)
    assert ids == {
        "en-en": [first, eggs, gulls],
        "en-fr": [first, eggs],
        "fr-en": [second],
        "fr-fr": [second],
    }


def test_a_library_of_one_language_has_no_directions(
    library: Library, toy_encoder: Encoder
) -> None:
    article = Article("port", ENGLISH, "", TEXTS["port", ENGLISH], "port")
    library.put([Document(article, "port")])
    library.build(toy_encoder)
    answerer = Answerer(library, toy_encoder)
    with serve_reader(answerer) as pages:
        assert run_questions(answerer, QUESTIONS[3:], pages).directions == {}


def test_a_run_can_be_restricted_to_a_language(answerer: Answerer, pages: ReaderPages) -> None:
    outcomes = run_questions(answerer, QUESTIONS[:1], pages, only=FRENCH)
    assert {each.article_id for each in outcomes.whole[0].ranking} == {"port-fr", "tram-fr"}
    assert outcomes.directions == {}


def test_of_an_abstention_the_best_is_what_would_have_been_quoted(
    answerer: Answerer, outcomes: Outcomes
) -> None:
    (eggs,) = [each for each in outcomes.whole if not each.expected.answerable]
    assert eggs.abstained
    assert eggs.best is not None
    question = Question(eggs.expected.question, eggs.expected.language)
    forced = compose_answer(answerer.find(question), threshold=0.0)
    assert eggs.best.text == forced.quotes[0].text
    assert eggs.confidence == forced.quotes[0].score < 0.25
    answered = outcomes.whole[0]
    assert answered.best == answered.quotes[0]
    assert answered.best_is_right
    assert not eggs.best_is_right


def test_an_empty_library_gives_outcomes_too(library: Library, toy_encoder: Encoder) -> None:
    answerer = Answerer(library, toy_encoder)
    with serve_reader(answerer) as pages:
        (outcome,) = run_questions(answerer, QUESTIONS[:1], pages).whole
    assert outcome == Outcome(QUESTIONS[0], (), (), (), None, outcome.milliseconds)
    assert outcome.abstained
    assert outcome.confidence == 0
    assert not outcome.hit(3)


def test_what_is_expected_is_restricted_to_a_language() -> None:
    languages = {"a": FRENCH, "b": ENGLISH}
    both = replace(
        expect("?", "a", "b"), gold=(GoldSpan("a", 0, 1), GoldSpan("b", 2, 3), GoldSpan("a", 4, 5))
    )
    french = restrict_expected(both, FRENCH, languages)
    assert french is not None
    assert french.article_ids == ("a",)
    assert french.gold == (GoldSpan("a", 0, 1), GoldSpan("a", 4, 5))
    assert restrict_expected(expect("?", "b"), FRENCH, languages) is None
    unanswerable = expect("?")
    assert restrict_expected(unanswerable, FRENCH, languages) == unanswerable
    # Nothing that was judged is relevant: it is found in neither language, and counts in both.
    hopeless = replace(expect("?", "a"), qrels=(Judgement("a", 0),))
    assert restrict_expected(hopeless, ENGLISH, languages) == replace(hopeless, qrels=())


def test_an_article_ranks_with_the_best_of_its_passages() -> None:
    found = [("b", 0.9), ("a", 0.8), ("b", 0.7), ("c", 0.1234567)]
    passages = [
        ScoredPassage(StoredPassage(number, name, 0, 1, 0, 0), score)
        for number, (name, score) in enumerate(found)
    ]
    ranking = (RankedArticle("b", 0.9), RankedArticle("a", 0.8), RankedArticle("c", 0.123457))
    assert rank_articles(passages, 5) == ranking
    assert rank_articles(passages, 2) == ranking[:2]
