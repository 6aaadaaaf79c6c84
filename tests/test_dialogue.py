"""Conversations: each question answered in the light of those before it, without any memory."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from massilia.corpus.article import Article, Language
from massilia.index.encoder import Encoder
from massilia.index.filter import Filter
from massilia.index.library import Library
from massilia.ingest.document import Document
from massilia.service.answer import Answer
from massilia.service.answerer import Answerer
from massilia.service.composition import MAX_QUOTES
from massilia.service.dialogue import MAX_EARLIER, Dialogue, answer_in_turn, guess_language
from massilia.service.question import Question, QuestionError, read_question
from massilia.service.question_check import Remark

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH
TODAY = date(2026, 11, 24)
LENGTH = "Quelle est la longueur de Medusa ?"
STARTUPS = "Combien de startups à Marseille ?"


class RecordingAnswerer(Answerer):
    """Answer from a library, and keep what was asked."""

    def __init__(self, library: Library, encoder: Encoder) -> None:
        super().__init__(library, encoder)
        self.asked: list[tuple[Question, int]] = []

    def answer(self, question: Question, top_k: int = MAX_QUOTES) -> Answer:
        self.asked.append((question, top_k))
        return super().answer(question, top_k)


@pytest.fixture
def recorder(library: Library, toy_encoder: Encoder) -> Iterator[RecordingAnswerer]:
    texts = {
        "medusa": "La longueur de Medusa est de 8 760 km. La capacité de Medusa est grande.",
        "startups": "Les startups de Marseille étaient 120 en 2016, et 150 en 2018.",
    }
    library.put(
        Document(Article(name, FRENCH, name.title(), text, f"{name}.md"), f"{name}.md")
        for name, text in texts.items()
    )
    library.build(toy_encoder)
    yield RecordingAnswerer(library, toy_encoder)


def ask(answerer: Answerer, text: str, *earlier: str, today: date | None = TODAY) -> Answer:
    question = read_question(text, guess_language(text, earlier), today=today)
    return answer_in_turn(answerer, question, earlier, today)


# With the toy encoder


def test_the_first_question_stands_alone(recorder: RecordingAnswerer) -> None:
    answer = ask(recorder, LENGTH)
    assert answer.question.text == LENGTH
    assert answer.resumed is not None
    assert answer.resumed.new_topic and not answer.resumed.rewritten
    assert [top_k for _, top_k in recorder.asked] == [MAX_QUOTES]


def test_a_question_leans_on_the_one_before_it(recorder: RecordingAnswerer) -> None:
    answer = ask(recorder, "Et sa capacité ?", LENGTH)
    assert answer.question.text == "La capacité de Medusa ?"
    assert answer.resumed is not None
    assert (answer.resumed.asked, answer.resumed.text) == (
        "Et sa capacité ?",
        "La capacité de Medusa ?",
    )
    # Of the earlier one, only the first quote is needed.
    assert [(each.text, top_k) for each, top_k in recorder.asked] == [
        (LENGTH, 1),
        ("La capacité de Medusa ?", MAX_QUOTES),
    ]


def test_a_dialogue_keeps_its_turns_and_answer_in_turn_tells_the_same(
    recorder: RecordingAnswerer,
) -> None:
    turns = [LENGTH, "Et sa capacité ?", "Et son coût ?", STARTUPS, "Et en 2016 ?", "Et en 2018 ?"]
    dialogue = Dialogue(recorder, TODAY)
    kept = [dialogue.ask(read_question(turn, FRENCH, today=TODAY)) for turn in turns]
    for number, answer in enumerate(kept):
        again = ask(recorder, turns[number], *turns[:number])
        assert again.question == answer.question
        assert again.resumed is not None
        assert answer.resumed is not None
        # Names are kept for the questions that follow: none follows what is asked alone.
        names = answer.resumed.names if number else ()
        assert again.resumed == replace(answer.resumed, names=names)
        assert [quote.text for quote in again.quotes] == [quote.text for quote in answer.quotes]
    assert [answer.question.text for answer in kept][-2:] == [
        "Combien de startups à Marseille en 2016 ?",
        "Combien de startups à Marseille en 2018 ?",
    ]


def test_a_chain_of_questions_never_loses_what_the_first_was_about(
    recorder: RecordingAnswerer,
) -> None:
    chain = ("capacité", "coût", "financement", "tracé", "propriétaire")
    earlier = [LENGTH, *(f"Et son {word} ?" for word in chain)]
    assert ask(recorder, "Et sa longueur ?", *earlier).question.text == "La longueur de Medusa ?"
    # The last four are answered again; of the others it is only read what they ask.
    assert len(recorder.asked) == 4 + 1


@pytest.mark.parametrize("remarks", [("bonjour",), ("merci", "ok", "test", "bonjour", "??")])
def test_a_greeting_is_no_turn_that_a_question_leans_on(
    recorder: RecordingAnswerer, remarks: tuple[str, ...]
) -> None:
    answer = ask(recorder, "Et sa capacité ?", LENGTH, *remarks)
    assert answer.question.text == "La capacité de Medusa ?"
    assert len(recorder.asked) == 2


def test_a_greeting_in_a_conversation_leans_on_nothing(recorder: RecordingAnswerer) -> None:
    answer = ask(recorder, "Merci !", LENGTH)
    assert answer.remark is Remark.THANKS
    assert answer.question.text == "Merci !"
    assert answer.resumed is None
    dialogue = Dialogue(recorder)
    for text in (LENGTH, "Bonjour"):
        dialogue.ask(read_question(text, FRENCH))
    assert dialogue.ask(read_question("Et sa capacité ?", FRENCH)).question.text == (
        "La capacité de Medusa ?"
    )


def test_a_question_leans_on_what_was_quoted(recorder: RecordingAnswerer) -> None:
    asked = "Quelle est la longueur en km ?"
    (quote,) = ask(recorder, asked).quotes[:1]
    assert "Medusa" in quote.text
    answer = ask(recorder, "Combien coûte-t-il ?", asked)
    assert answer.question.text == "Combien Medusa coûte-t-il ?"


def test_the_dates_are_those_of_the_question_as_it_is_understood(
    recorder: RecordingAnswerer,
) -> None:
    answer = ask(recorder, "Et l'année d'après ?", "Combien de startups à Marseille en 2016 ?")
    assert answer.question.text == "Combien de startups à Marseille en 2017 ?"
    (span,) = answer.question.dates
    assert (span.start, span.end) == (date(2017, 1, 1), date(2017, 12, 31))
    assert answer.question.text[span.text_start : span.text_end] == span.text
    # Without a day to read them by, there are none.
    assert ask(recorder, "Et en 2016 ?", STARTUPS, today=None).question.dates == ()


def test_the_filter_is_kept_for_all_turns(recorder: RecordingAnswerer) -> None:
    within = Filter(articles=frozenset({"startups"}))
    question = read_question("Et sa capacité ?", FRENCH, within)
    answer = answer_in_turn(recorder, question, [LENGTH, STARTUPS, LENGTH])
    assert [each.within for each, _ in recorder.asked] == [within] * 4
    assert answer.question.within == within
    assert set(answer.ranked_article_ids) == {"startups"}


@pytest.mark.parametrize(
    "marked", ["<b>Et en 2016 ?</b>", "**Et en 2016 ?**", "[Et en 2016](https://example.org) ?"]
)
def test_a_question_leans_on_another_whatever_its_markup(
    recorder: RecordingAnswerer, marked: str
) -> None:
    answer = ask(recorder, marked, f"<i>{STARTUPS}</i>")
    assert answer.question.text == "Combien de startups à Marseille en 2016 ?"
    assert answer.resumed is not None
    assert answer.resumed.asked == marked


def test_a_question_that_stands_alone_keeps_its_markup(recorder: RecordingAnswerer) -> None:
    answer = ask(recorder, f"<i>{STARTUPS}</i>", LENGTH)
    assert answer.question.text == f"<i>{STARTUPS}</i>"
    assert answer.resumed is not None and not answer.resumed.rewritten


def test_too_many_earlier_questions_are_refused(recorder: RecordingAnswerer) -> None:
    assert ask(recorder, LENGTH, *[LENGTH] * MAX_EARLIER).quotes
    recorder.asked.clear()
    with pytest.raises(QuestionError, match="There are 11 earlier questions; the limit is 10") as e:
        ask(recorder, LENGTH, *[LENGTH] * (MAX_EARLIER + 1))
    assert e.value.code == "too_many_earlier"
    assert e.value.values == {"count": MAX_EARLIER + 1, "limit": MAX_EARLIER}
    assert recorder.asked == []


@pytest.mark.parametrize("place", range(6))
def test_an_earlier_question_that_can_not_be_asked_is_refused(
    recorder: RecordingAnswerer, place: int
) -> None:
    earlier = [LENGTH] * 6
    earlier[place] = "x" * 501
    with pytest.raises(QuestionError) as error:
        ask(recorder, LENGTH, *earlier)
    assert error.value.code == "too_long"


def test_an_empty_library_can_be_talked_to(tmp_path: Path, toy_encoder: Encoder) -> None:
    empty = Library.create(tmp_path / "empty")
    answer = ask(Answerer(empty, toy_encoder), "Et sa capacité ?", LENGTH)
    empty.close()
    assert answer.abstained
    assert answer.question.text == "La capacité de Medusa ?"


# Languages


@pytest.mark.parametrize(
    ("text", "earlier", "language"),
    [
        ("Et en 2016 ?", ["How many cables are there?"], ENGLISH),
        ("2016 ?", ["Combien de câbles y a-t-il ?"], FRENCH),
        # the last that is long enough
        ("2016 ?", ["Combien de câbles y a-t-il ?", "And 2015?"], FRENCH),
        ("2016 ?", ["Combien de câbles y a-t-il ?", "How many cables are there?"], ENGLISH),
        # to be told from the question itself
        ("How many cables are there?", ["Combien de câbles y a-t-il ?"], None),
        ("2016 ?", ["2015 ?", "Et Medusa ?"], None),
        ("2016 ?", [], None),
        ("Combien de câbles y a-t-il ?", [], None),
    ],
)
def test_a_short_question_is_in_the_language_of_those_before(
    text: str, earlier: list[str], language: Language | None
) -> None:
    assert guess_language(text, earlier) is language


# With the real model


@pytest.mark.parametrize(
    ("earlier", "text", "understood", "said"),
    [
        (
            [LENGTH, "merci", "Et sa capacité ?"],
            "Et sa longueur ?",
            "La longueur de Medusa ?",
            "km",
        ),
        (
            [STARTUPS],
            "<b>Et en 2016 ?</b>",
            "Combien de startups à Marseille en 2016 ?",
            "2016",
        ),
        (
            ["What is the design capacity of 2Africa?", "hello"],
            "Who owns it?",
            "Who owns 2Africa?",
            "Meta",
        ),
    ],
)
def test_users_may_go_on_asking(
    answerer: Answerer, earlier: list[str], text: str, understood: str, said: str
) -> None:
    answer = ask(answerer, text, *earlier)
    assert answer.question.text == understood
    assert said in answer.quotes[0].text
    for quote in answer.quotes:
        article = answerer.store.article(quote.citation.article_id)
        assert article is not None
        assert quote.text == article.text[quote.citation.start : quote.citation.end]
        assert quote.citation.language is answer.question.language
