"""What a question asks, and what a sentence says: read once, whatever is found."""

import pytest

from massilia.corpus.article import Language
from massilia.service import sentence_reading
from massilia.service.answer_kind import AnswerKind
from massilia.service.asking import read_asking
from massilia.service.sentence_reading import read_sentence
from massilia.service.values import ValueKind, find_values

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH


def test_a_question_is_read_in_the_terms_of_both_languages() -> None:
    asking = read_asking("Combien a coûté Medusa à Marseille en 2022 ?", FRENCH)
    assert asking.asked.kind is AnswerKind.MONEY
    assert [name.text for name in asking.names] == ["Medusa", "Marseille"]
    assert asking.years == {2022}
    assert asking.folded == "combien a coute medusa a marseille en 2022 ?"
    # In the other language its small words are rare ones, as any that are not known.
    assert asking.terms[FRENCH] == ("cout", "medus", "marseil", "2022")
    assert asking.terms[ENGLISH] == ("combien", "cout", "medusa", "marseill", "en", "2022")


def test_the_values_of_a_question_are_known_by_their_keys() -> None:
    asking = read_asking("Did Medusa cost 342 million euros?", ENGLISH)
    (said,) = find_values("Medusa a coûté 342 M€.", FRENCH)
    (other,) = find_values("Medusa a coûté 343 M€.", FRENCH)
    assert said.key in asking.values
    assert other.key not in asking.values


def test_a_term_that_stands_twice_counts_once() -> None:
    assert read_asking("Cables, cables and a cable?", ENGLISH).terms[ENGLISH] == ("cabl",)


def test_markup_that_is_no_word_leaves_nothing() -> None:
    asking = read_asking("?!", FRENCH)
    assert asking.terms == {FRENCH: (), ENGLISH: ()}
    assert (asking.names, asking.years, asking.values) == ((), frozenset(), frozenset())
    assert asking.asked.kind is AnswerKind.OTHER


def test_a_sentence_is_read_in_its_own_language() -> None:
    reading = read_sentence("Alice Martin a posé deux câbles à Toulon en 2021.", FRENCH)
    assert reading.terms >= {"pos", "cabl", "toulon", "2021"}
    assert not reading.terms & {"a", "en", "à", None}
    assert reading.words >= {"a", "en", "cables", "2021"}
    assert [value.kind for value in reading.values] == [ValueKind.NUMBER, ValueKind.DATE]
    assert [reading.folded[name.start : name.end] for name in reading.names] == [
        "alice martin",
        "toulon",
    ]
    assert reading.years == {2021}


def test_a_sentence_is_of_the_years_of_its_dates_and_periods() -> None:
    assert read_sentence("In March 2020 it closed, and in May 2022.", ENGLISH).years == {2020, 2022}
    assert read_sentence("It was small in the 1990s.", ENGLISH).years == {*range(1990, 2000)}
    assert read_sentence("It waits.", ENGLISH).years == frozenset()


def test_a_long_period_says_of_no_year_that_it_is_spoken_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for longest, years in ((11, {*range(1980, 1990)}), (10, frozenset())):
        monkeypatch.setattr(sentence_reading, "_LONGEST_PERIOD", longest)
        read_sentence.cache_clear()
        assert read_sentence("It was small in the 1980s.", ENGLISH).years == years
    read_sentence.cache_clear()


def test_a_sentence_is_read_once() -> None:
    text = "A sentence that no other test reads."
    assert read_sentence(text, ENGLISH) is read_sentence(text, ENGLISH)
    assert read_sentence(text, ENGLISH) is not read_sentence(text, FRENCH)
