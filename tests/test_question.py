import time
from datetime import date

import pytest

from massilia.corpus.article import Language
from massilia.index.filter import EVERYTHING, Filter
from massilia.service.question import MAX_CHARACTERS, QuestionError, read_question
from massilia.service.question_dates import DateUse

TODAY = date(2026, 11, 24)


def test_white_space_of_any_kind_counts_as_one_space() -> None:
    question = read_question("  Who\tlanded\r\n\u00a02Africa\x1c\x85?\n")
    assert question.text == "Who landed 2Africa ?"


def test_a_question_is_kept_in_nfc() -> None:
    assert read_question("Quand le ca\u0302ble ?").text == "Quand le c\u00e2ble ?"


@pytest.mark.parametrize(
    "text",
    [
        "?" * 50,
        "\N{OCTOPUS} où est le câble ? \N{FLAG IN HOLE}\N{VARIATION SELECTOR-16}",
        "<script>alert(1)</script>",
        "'; DROP TABLE articles; --",
        "%s {question} \\ud800",
    ],
)
def test_odd_but_printable_text_is_a_question_as_it_stands(text: str) -> None:
    assert read_question(text).text == text


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Quand le câble Medusa est-il arrivé à Marseille ?", Language.FRENCH),
        ("When did the Medusa cable arrive in Marseille?", Language.ENGLISH),
        ("Combien de câbles ?", Language.FRENCH),
        ("How many cables?", Language.ENGLISH),
    ],
)
def test_the_language_is_detected(text: str, language: Language) -> None:
    assert read_question(text).language is language


@pytest.mark.parametrize("language", list(Language))
def test_a_language_that_is_given_wins_over_the_text(language: Language) -> None:
    assert read_question("Combien de câbles ?", language).language is language
    assert read_question("How many cables?", language).language is language


def test_a_third_language_is_told_and_what_is_given_still_wins() -> None:
    text = "¿Cuándo llegó el cable a Marsella?"
    assert read_question(text).language is Language.ENGLISH
    for language in (None, Language.FRENCH):
        assert read_question(text, language).other_language == "es"
    assert read_question(text, Language.FRENCH).language is Language.FRENCH
    assert read_question("Combien de câbles ?").other_language is None
    assert read_question("Combien de câbles ?", Language.ENGLISH).other_language is None


def test_dates_are_read_only_where_the_day_is_given() -> None:
    text = "  Que disait  la presse en mars 2016 ?"
    question = read_question(text, today=TODAY)
    (span,) = question.dates
    assert (span.start, span.end) == (date(2016, 3, 1), date(2016, 3, 31))
    assert span.use is DateUse.FILTER
    assert question.text[span.text_start : span.text_end] == span.text == "en mars 2016"
    assert read_question(text).dates == ()
    (relative,) = read_question("Who came last year?", today=TODAY).dates
    assert relative.start == date(2025, 1, 1)


def test_dates_are_read_in_the_language_that_is_given() -> None:
    """Mars is a planet in English."""
    text = "mars 2016"
    assert len(read_question(text, Language.FRENCH, today=TODAY).dates) == 1
    (span,) = read_question(text, Language.ENGLISH, today=TODAY).dates
    assert span.start == date(2016, 1, 1)


def test_a_question_is_put_to_everything_or_to_what_passes_a_filter() -> None:
    within = Filter(kinds=frozenset({"press"}))
    assert read_question("Who?", within=within).within is within
    assert read_question("Who?").within is EVERYTHING


@pytest.mark.parametrize("text", ["", " ", "\n\t\r\n", "\u00a0\u2003\u3000", "\x1c\x1d"])
def test_a_text_of_nothing_but_white_space_is_refused(text: str) -> None:
    with pytest.raises(QuestionError, match=r"^The question is empty\.$") as refusal:
        read_question(text)
    assert refusal.value.code == "empty"
    assert refusal.value.values == {}


@pytest.mark.parametrize(
    ("text", "name", "position"),
    [
        ("\0", "U+0000", 0),
        ("cable\0", "U+0000", 5),
        ("a \x1b[31m", "U+001B", 2),
        ("\x07", "U+0007", 0),
        ("ab\x7f", "U+007F", 2),
        ("\u009b", "U+009B", 0),
        ("\ud800", "U+D800", 0),
        ("é\udcff", "U+DCFF", 1),
    ],
)
def test_a_control_character_or_half_a_pair_is_refused_by_name_and_place(
    text: str, name: str, position: int
) -> None:
    with pytest.raises(QuestionError, match=f"{name.replace('+', '.')} at position {position}"):
        read_question(text)
    try:
        read_question(text)
    except QuestionError as error:
        assert error.code == "control_character"
        assert error.values == {"character": name, "position": position}


def test_a_question_may_have_as_many_characters_as_the_limit_and_no_more() -> None:
    assert MAX_CHARACTERS == 500
    assert read_question("x" * 500).text == "x" * 500
    with pytest.raises(QuestionError, match="has 501 characters; the limit is 500") as refusal:
        read_question("x" * 501)
    assert refusal.value.code == "too_long"
    assert refusal.value.values == {"length": 501, "limit": 500}


def test_a_long_question_is_refused_with_its_length() -> None:
    with pytest.raises(QuestionError, match="has 10,000 characters"):
        read_question("x" * 10_000)


def test_the_limit_counts_what_is_left_after_normalising() -> None:
    """An accent written apart, or a run of blanks, takes nothing from the 500."""
    assert read_question("e\u0301" * 500).text == "é" * 500
    assert read_question("a" + " " * 5_000 + "b").text == "a b"
    with pytest.raises(QuestionError, match="501 characters"):
        read_question("e\u0301" * 501)


def test_a_run_of_combining_marks_is_refused_without_being_sorted() -> None:
    """Marks out of order are sorted one by one: 400,000 of them would take minutes."""
    hostile = "a" + "\u0301\u0323" * 200_000
    started = time.perf_counter()
    with pytest.raises(QuestionError, match="400,001 characters"):
        read_question(hostile)
    assert time.perf_counter() - started < 5
