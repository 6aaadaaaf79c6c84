"""An answer as one text: where its numbers stand, and what they stand for."""

from dataclasses import replace

import pytest

from massilia.corpus.article import Language
from massilia.service.answerer import Answerer
from massilia.service.dialogue import answer_in_turn, answer_parts, understand_in_turn
from massilia.service.links import NO_SITE, Links
from massilia.service.messages import load_messages
from massilia.service.question import read_question
from massilia.service.written_answer import (
    SEPARATOR,
    Paragraph,
    join_paragraphs,
    place_citation,
    write_answer,
)

LINKS = Links("https://example.org")
CAPACITY = "What is the design capacity of 2Africa?"
TWO = "Who owns Atlas Offshore? And what is the design capacity of 2Africa?"
SERIES = "Combien de câbles sous-marins arrivent à Marseille ?"
QUESTIONS = (CAPACITY, TWO, SERIES, "Qui est le maire de Lyon ?", "merci")


def write(answerer: Answerer, question: str) -> Paragraph:
    answer = answer_in_turn(answerer, read_question(question))
    return join_paragraphs(write_answer([answer], LINKS))


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_marker_stands_on_its_number(answerer: Answerer, question: str) -> None:
    written = write(answerer, question)
    for marker in written.markers:
        assert written.text[marker.start : marker.end] == f"[{marker.number}]"
    numbers = list(dict.fromkeys(marker.number for marker in written.markers))
    assert numbers == list(range(1, len(numbers) + 1))


def test_one_place_has_one_number_and_one_reference(answerer: Answerer) -> None:
    answer = answer_in_turn(answerer, read_question(SERIES))
    assert answer.series is not None
    # As if the sentence that is quoted gave the first of the values, too.
    first, *others = answer.series.values
    first = replace(first, citation=replace(answer.quotes[0].citation, id="s1"))
    series = replace(answer.series, values=(first, *others))
    written = join_paragraphs(write_answer([replace(answer, series=series)], LINKS))
    assert [marker.number for marker in written.markers][: len(answer.quotes) + 1] == [
        *range(1, len(answer.quotes) + 1),
        1,
    ]
    places = {place_citation(marker.citation): marker.number for marker in written.markers}
    assert len(set(places.values())) == len(places) >= 2
    references = written.text.rpartition(SEPARATOR)[2].split("\n")
    assert [line[: line.index("]") + 1] for line in references] == [
        f"- [{number}]" for number in range(1, len(places) + 1)
    ]
    for marker in written.markers:
        assert LINKS.find_citation(marker.citation) in references[marker.number - 1]


def test_the_words_before_a_number_are_the_quote_to_the_letter(answerer: Answerer) -> None:
    written = write(answerer, TWO)
    assert len(written.markers) >= 2
    for marker in written.markers:
        assert written.text[: marker.start].endswith(f"“{marker.citation.cited_text}” ")


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_grows_ends_as_what_is_whole(answerer: Answerer, question: str) -> None:
    understood = understand_in_turn(answerer, read_question(question))
    growing = join_paragraphs(write_answer(answer_parts(answerer, understood), LINKS))
    assert growing.text == write(answerer, question).text


def test_the_first_part_is_written_before_the_second_is_found(answerer: Answerer) -> None:
    parts = answer_parts(answerer, understand_in_turn(answerer, read_question(TWO)))
    found = []
    paragraphs = write_answer((found.append(part) or part for part in parts), LINKS)
    assert "Maroc Telecom" in next(paragraphs).text
    assert len(found) == 1


def test_an_abstention_numbers_nothing(answerer: Answerer) -> None:
    written = write(answerer, "Qui est le maire de Lyon ?")
    french = load_messages(Language.FRENCH)
    assert written.text.startswith(french.text("abstention.heading"))
    assert french.text("near.heading") in written.text
    assert written.markers == ()


def test_a_question_in_another_language_is_told(answerer: Answerer) -> None:
    written = write(answerer, "¿Cuál es la capacidad de diseño del cable submarino 2Africa?")
    assert "espagnol" in written.text or "Spanish" in written.text


def test_a_publishers_address_is_written_short_and_given_whole(answerer: Answerer) -> None:
    answer = answer_in_turn(answerer, read_question(CAPACITY))
    url, deep_link = "https://example.org/2africa", "https://example.org/2africa#:~:text=180%20Tbit"
    (quote, *_) = answer.quotes
    published = replace(quote.citation, url=url, deep_link=deep_link)
    answer = replace(answer, quotes=(replace(quote, citation=published),))
    written = join_paragraphs(write_answer([answer], LINKS))
    assert written.text.endswith(f", {url}")
    assert LINKS.find_citation(published) == deep_link
    assert LINKS.find_citation(replace(published, deep_link=None)) == url


def test_an_address_that_opens_nothing_still_names_the_place(answerer: Answerer) -> None:
    answer = answer_in_turn(answerer, read_question(CAPACITY))
    (citation, *_) = (quote.citation for quote in answer.quotes)
    assert Links(NO_SITE).find_citation(citation) == (
        f"massilia:/articles/{citation.article_id}?start={citation.start}&end={citation.end}#quote"
    )
