import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massilia.corpus.article import Language
from massilia.service.answer_kind import ANSWER_KINDS, AnswerKind, AskedAnswer, read_answer_kind

FR, EN = Language.FRENCH, Language.ENGLISH


@pytest.mark.parametrize(
    ("kind", "question"),
    [
        ("person", "Qui a fondé l'entreprise ?"),
        ("person", "Quel architecte a dessiné la tour ?"),
        ("person", "téléphone antichoc créateur"),
        ("who", "Qui exploite le câble ?"),
        ("who", "À qui appartient le réseau ?"),
        ("organisation", "Quelle entreprise a bâti le centre ?"),
        ("place", "Où se trouve l'école ?"),
        ("place", "ou est ce que c est"),
        ("place", "Dans quelle ville le câble arrive-t-il ?"),
        ("place", "campus numérique adresse"),
        ("date", "Quand le site a-t-il ouvert ?"),
        ("date", "En quelle année est-ce arrivé ?"),
        ("date", "qant est ce que le port ouvre"),
        ("duration", "Combien de temps dure le bail ?"),
        ("duration", "Pendant combien d'années restent-ils ?"),
        ("number", "Combien de salariés compte le groupe ?"),
        ("number", "conbien de salaries"),
        ("number", "groupe effectif 2020"),
        ("rank", "À quelle place se situe le port ?"),
        ("money", "Theodora budget"),
        ("money", "Combien a coûté le campus ?"),
        ("money", "Quel est le chiffre d'affaires ?"),
        ("money", "Combien d'argent ont-ils levé ?"),
        ("amount", "Un paquebot demande combien ?"),
        ("percentage", "Quelle part du marché détient-il ?"),
        ("percentage", "Quel pourcentage a été atteint ?"),
        ("measure", "Quelle est la surface du site ?"),
        ("reason", "Pourquoi est-il parti ?"),
        ("reason", "pourkoi il est parti"),
        ("list", "Quels programmes ont été lancés ?"),
        ("comparison", "Lequel est le plus puissant ?"),
        ("name", "Comment s'appelle le câble ?"),
        ("yes_no", "Le projet a-t-il pris du retard ?"),
        ("other", "Que sortait-il des ateliers ?"),
        ("other", "Qu'est-ce qui a freiné le chantier ?"),
        ("other", "évolution du projet"),
    ],
)
def test_french_question_asks_for_its_kind(kind: str, question: str) -> None:
    assert read_answer_kind(question, FR).kind == AnswerKind(kind)


@pytest.mark.parametrize(
    ("kind", "question"),
    [
        ("person", "Who founded the firm?"),
        ("person", "Which architect drew the tower?"),
        ("who", "Who runs the cable?"),
        ("who", "whos behind the travel firm"),
        ("organisation", "Which contractor built the centre?"),
        ("place", "Where is the school?"),
        ("place", "were did it put its machines"),
        ("place", "What town does the cable reach?"),
        ("date", "When did the site open?"),
        ("date", "wen did the site open"),
        ("date", "By what year was it due?"),
        ("duration", "For how long does it run?"),
        ("duration", "How many years is the lease?"),
        ("number", "How many staff does the group have?"),
        ("number", "how mny pairs"),
        ("rank", "What world position did it take?"),
        ("money", "Theodora budget"),
        ("money", "How much did the campus cost?"),
        ("money", "What did it cost to build?"),
        ("amount", "How much does a liner need?"),
        ("percentage", "What share does it hold?"),
        ("percentage", "How much of the market does it hold?"),
        ("measure", "How thick is the cable?"),
        ("measure", "floor area of the site"),
        ("reason", "Why did it leave?"),
        ("comparison", "Which is larger, the first or the second?"),
        ("name", "What is it called now?"),
        ("yes_no", "Did the project slip?"),
        ("other", "What came out of the workshops?"),
        ("other", "What arguments did the head of the chamber use?"),
    ],
)
def test_english_question_asks_for_its_kind(kind: str, question: str) -> None:
    assert read_answer_kind(question, EN).kind == AnswerKind(kind)


@pytest.mark.parametrize(
    ("question", "language", "counted"),
    [
        ("Combien de salariés compte le groupe ?", FR, "salar"),
        ("combien d'operateurs en 2020", FR, "oper"),
        ("nombre de projets", FR, "projet"),
        ("How many employees are there?", EN, "employe"),
        ("how many of them", EN, None),
        ("effectif du groupe", FR, None),
    ],
)
def test_counted_noun_is_read(question: str, language: Language, counted: str | None) -> None:
    asked = read_answer_kind(question, language)
    assert asked.kind is AnswerKind.NUMBER
    assert asked.counted[:1] == (() if counted is None else (counted,))


def test_counted_noun_ends_before_the_verb() -> None:
    asked = read_answer_kind("Combien de sites y a-t-il dans le port ?", FR)
    assert asked.counted == ("sit",)


@pytest.mark.parametrize(
    ("question", "language", "units"),
    [
        ("Quelle est la surface ?", FR, {"m2"}),
        ("Quelle est la puissance ?", FR, {"W"}),
        ("ping Marseille Mumbai", EN, {"s"}),
        ("How thick is it?", EN, {"m"}),
        ("Quel débit a le câble ?", FR, {"bit/s"}),
        ("quel budget en euros, et en dollars", FR, {"EUR", "USD"}),
        ("Quel budget ?", FR, set()),
    ],
)
def test_units_that_may_answer_are_read(question: str, language: Language, units: set[str]) -> None:
    assert read_answer_kind(question, language).units == units


@pytest.mark.parametrize(
    ("question", "language", "several"),
    [
        ("Quelles villes ont été battues ?", FR, True),
        ("Quelle ville a été battue ?", FR, False),
        ("Which cities were beaten?", EN, True),
        ("Which city was beaten?", EN, False),
    ],
)
def test_several_answers_are_asked_for(question: str, language: Language, several: bool) -> None:
    asked = read_answer_kind(question, language)
    assert (asked.kind, asked.several) == (AnswerKind.PLACE, several)


def test_first_asking_word_decides() -> None:
    assert read_answer_kind("Pourquoi a-t-il ouvert, et quand ?", FR).kind is AnswerKind.REASON
    assert read_answer_kind("When was it, and why?", EN).kind is AnswerKind.DATE
    assert read_answer_kind("où est-il allé quand il a fermé", FR).kind is AnswerKind.PLACE


def test_conjunction_asks_for_no_place() -> None:
    assert read_answer_kind("Un port ou un quai, lequel ?", FR).kind is AnswerKind.COMPARISON


def test_white_space_and_case_do_not_count() -> None:
    asked = read_answer_kind("  COMBIEN\u00a0DE\n SITES ?", FR)
    assert asked == read_answer_kind("combien de sites ?", FR)


def test_empty_question_asks_for_nothing() -> None:
    assert read_answer_kind("", FR) == AskedAnswer(AnswerKind.OTHER)


def test_table_speaks_both_languages() -> None:
    text = files("massilia.service").joinpath(ANSWER_KINDS).read_text(encoding="utf-8")
    kinds = [AnswerKind(each["kind"]) for each in tomllib.loads(text)["kind"]]
    assert len(kinds) == len(set(kinds))
    for each in tomllib.loads(text)["kind"]:
        for part in ("asking", "nouns"):
            assert set(each[part]) == set(Language)


@given(st.text(max_size=60), st.sampled_from(Language))
def test_any_question_is_read(question: str, language: Language) -> None:
    assert read_answer_kind(question, language).kind in AnswerKind
