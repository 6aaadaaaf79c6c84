from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

import pytest

from massilia.corpus.article import Article, Language
from massilia.eval.citations import CheckedCitation, ReaderPages, serve_reader
from massilia.eval.conversations import Conversations
from massilia.eval.question_set import ExpectedAnswer, GoldSpan, Judgement
from massilia.eval.run import (
    CheckedQuote,
    Outcome,
    Outcomes,
    RankedArticle,
    rank_articles,
    restrict_expected,
    run_questions,
)
from massilia.index.encoder import Encoder
from massilia.index.library import Library
from massilia.index.ranker import EncodedQuestion
from massilia.index.retriever import ScoredPassage
from massilia.index.store import StoredPassage
from massilia.ingest.document import Document
from massilia.ingest.sentences import Span
from massilia.service.answer import SkippedReason
from massilia.service.answerer import Answerer
from massilia.service.composition import compose_answer
from massilia.service.dialogue import Dialogue
from massilia.service.finding import Finding
from massilia.service.question import Question, read_question
from massilia.service.turns import CarriedKind

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


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("hello", SkippedReason.NOT_A_QUESTION),
        ("Which cables did not land at Marseille?", SkippedReason.ASKS_WHAT_IS_NOT),
    ],
)
def test_what_is_refused_unseen_has_no_best_at_any_threshold(
    answerer: Answerer, pages: ReaderPages, text: str, reason: SkippedReason
) -> None:
    outcomes = run_questions(answerer, [expect(text)], pages)
    for (outcome,) in (outcomes.whole, *outcomes.directions.values()):
        assert outcome.reasons == (reason,)
        assert outcome.best is None
        assert outcome.ranking, "articles are ranked all the same"


def test_two_questions_in_one_are_answered_as_the_service_answers_them(
    answerer: Answerer, pages: ReaderPages
) -> None:
    text = "Where does line two of the tram run? And where did the Medusa cable land?"
    (outcome,) = run_questions(answerer, [expect(text, "port")], pages).whole
    answer = answerer.answer(read_question(text, ENGLISH))
    assert answer.second is not None
    assert [quote.text for quote in outcome.quotes] == [quote.text for quote in answer.quotes]
    whole = compose_answer(answerer.find(read_question(text, ENGLISH)))
    assert [quote.text for quote in outcome.quotes] != [quote.text for quote in whole.quotes]


def test_an_abstention_keeps_its_reasons(outcomes: Outcomes) -> None:
    for outcome in outcomes.whole:
        assert outcome.abstained is bool(outcome.reasons)
        assert all(isinstance(each, SkippedReason) for each in outcome.reasons)


def test_a_mark_is_cut_out_of_its_quote() -> None:
    quote = CheckedQuote("Two cables.", "a", ENGLISH, 100, 111, 0.9, GOOD)
    assert quote.mark_text is None
    assert replace(quote, mark=Span(104, 110)).mark_text == "cables"


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
    assert outcome == Outcome(QUESTIONS[0], (), (), (), None, outcome.milliseconds, outcome.reasons)
    assert outcome.reasons
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
        ScoredPassage(StoredPassage(number, name, 0, 1, 0, 0, ENGLISH), score)
        for number, (name, score) in enumerate(found)
    ]
    ranking = (RankedArticle("b", 0.9), RankedArticle("a", 0.8), RankedArticle("c", 0.123457))
    assert rank_articles(passages, 5) == ranking
    assert rank_articles(passages, 2) == ranking[:2]


# Conversations


class Listening(Answerer):
    """Keep every question that is searched with."""

    def find(self, question: Question, encoded: EncodedQuestion | None = None) -> Finding:
        self.__dict__.setdefault("heard", []).append(question)
        return super().find(question, encoded)


TURNS = tuple(
    replace(expect(question, "port", "port-fr"), id=f"t{turn}", conversation="c1", turn=turn)
    for turn, question in enumerate(
        ("Where did Medusa land?", "What is its port?", "And the port of the tram?"),
        start=1,
    )
)


@pytest.fixture
def listening(library: Library, toy_encoder: Encoder, answerer: Answerer) -> Listening:
    return Listening(library, toy_encoder)


def talk(answerer: Answerer, questions: Sequence[ExpectedAnswer]) -> list[tuple[str, list[str]]]:
    """Have a conversation as a reader has one; give what was searched with and what was quoted."""
    dialogue = Dialogue(answerer)
    answers = [dialogue.ask(read_question(each.question, each.language)) for each in questions]
    return [(each.question.text, [quote.text for quote in each.quotes]) for each in answers]


def test_a_conversation_goes_as_it_does_in_the_service(
    answerer: Answerer, pages: ReaderPages
) -> None:
    whole = run_questions(answerer, TURNS, pages).whole
    found = [(each.searched, [quote.text for quote in each.quotes]) for each in whole]
    assert found == talk(answerer, TURNS)
    assert [each.rewritten for each in whole] == [
        None,
        "What is Medusa's port?",
        "The port of the tram (Medusa)?",
    ]
    assert [[(one.kind, one.text) for one in each.carried] for each in whole] == [
        [],
        [(CarriedKind.NAME, "Medusa")],
        [(CarriedKind.NAME, "Medusa")],
    ]
    assert [each.expected for each in whole] == list(TURNS)


def test_a_turn_leans_on_what_the_system_answered_before(
    answerer: Answerer, pages: ReaderPages
) -> None:
    """The first question has no name; that of the second comes out of the quote."""
    turns = (replace(TURNS[0], question="Which cable landed at the port?"), TURNS[1])
    outcomes = run_questions(answerer, turns, pages).whole
    found = [(each.searched, [quote.text for quote in each.quotes]) for each in outcomes]
    assert found == talk(answerer, turns)
    (carried,) = outcomes[1].carried
    assert carried.kind is CarriedKind.NAME
    assert carried.text in outcomes[0].quotes[0].text


def test_what_asks_nothing_is_no_turn(answerer: Answerer, pages: ReaderPages) -> None:
    turns = (replace(expect("hello"), id="h", conversation="c1", turn=1), TURNS[1])
    outcomes = run_questions(answerer, turns, pages).whole
    found = [(each.searched, [quote.text for quote in each.quotes]) for each in outcomes]
    assert found == talk(answerer, turns)
    assert outcomes[1].rewritten is None, "there is nothing to lean on"


def test_earlier_turns_are_listed_in_their_order(answerer: Answerer) -> None:
    other = replace(TURNS[0], id="o1", conversation="c2")
    alone = replace(TURNS[0], id="a1", conversation=None, turn=None)
    listed = Conversations(answerer, [TURNS[1], other, TURNS[2], alone, TURNS[0]])
    assert listed.list_earlier(TURNS[2]) == list(TURNS[:2])
    assert listed.list_earlier(TURNS[0]) == listed.list_earlier(alone) == []


def test_turns_are_followed_whatever_the_order_of_the_questions(
    answerer: Answerer, pages: ReaderPages
) -> None:
    """Another conversation, and questions of none, stand between them and change nothing."""
    other = replace(TURNS[1], id="o1", conversation="c2", turn=2)
    alone = replace(TURNS[1], id="a1", conversation=None, turn=None)
    shuffled = (TURNS[2], other, QUESTIONS[2], TURNS[0], alone, TURNS[1])
    outcomes = run_questions(answerer, shuffled, pages).whole
    assert [each.expected.id for each in outcomes] == [each.id for each in shuffled]
    searched = {each.expected.id: each.searched for each in outcomes}
    assert searched["t3"] == "The port of the tram (Medusa)?"
    assert searched["t2"] == "What is Medusa's port?"
    # The first of its conversation that is known, and one of no conversation.
    assert searched["o1"] == searched["a1"] == "What is its port?"


def test_an_earlier_turn_is_asked_even_where_nothing_of_it_is_measured(
    answerer: Answerer, pages: ReaderPages
) -> None:
    (outcome,) = run_questions(answerer, TURNS[1:2], pages, only=FRENCH, context=TURNS).whole
    assert outcome.searched == "What is Medusa's port?"
    (without,) = run_questions(answerer, TURNS[1:2], pages, only=FRENCH).whole
    assert without.searched == "What is its port?"


def test_in_one_language_apart_the_same_text_is_searched_with(
    listening: Listening, pages: ReaderPages
) -> None:
    outcomes = run_questions(listening, TURNS[:2], pages)
    heard = [(each.text, sorted(each.within.languages)) for each in listening.heard]
    first, second = TURNS[0].question, "What is Medusa's port?"
    languages: list[list[Language]] = [[], [ENGLISH], [FRENCH]]
    assert heard == [(text, each) for text in (first, second) for each in languages]
    for group in outcomes.directions.values():
        assert [each.rewritten for each in group] == [None, second]
        assert [len(each.carried) for each in group] == [0, 1]


def test_dates_are_counted_from_the_day_of_the_run(
    listening: Listening, pages: ReaderPages
) -> None:
    """They are those of what is searched with: the second turn's year is that after the first's."""
    dated = (
        replace(TURNS[0], question="Where did Medusa land in 2016?"),
        replace(TURNS[1], question="And the year after?"),
        replace(QUESTIONS[0], question="Where did Medusa land last year?"),
        replace(QUESTIONS[0], question="What did Medusa cost in 2019?" + " Say." * 100),
    )
    run_questions(listening, dated, pages, today=date(2021, 6, 1))
    read = [[span.start for span in each.dates] for each in listening.heard]
    years = [date(2016, 1, 1), date(2017, 1, 1), date(2020, 1, 1)]
    assert read[:-3] == [[day] for day in years for _ in range(3)]
    assert read[-1] == [date(2019, 1, 1)], "the service refuses one as long, a run doesn't"
    listening.heard.clear()
    run_questions(listening, dated, pages)
    assert {each.dates for each in listening.heard} == {()}
