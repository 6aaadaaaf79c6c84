from concurrent.futures import ThreadPoolExecutor

import pytest

from massilia.corpus.article import Language
from massilia.index.analysis import analyse

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH


# Most of these words are their own stems. Snowball takes the vowel at the end of "2africa" and
# "strasse" in French, and turns the "ll" of "Marseille" into one.
@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("port MRS3, 2Africa_mat 2026.", ["port", "mrs3", "2afric", "mat", "2026"]),
        ("14,2 m² ; 100\u202f000 k€", ["14", "2", "m2", "100", "000", "k"]),
        ("ﬁn ＭＡＴ Straße", ["fin", "mat", "strass"]),
        ("Cœur d'Ægir", ["coeur", "aegir"]),
        ("zero\u200bport, ze\u00adro", ["zero", "port", "zero"]),
        ("I\u0307stanbul q\u0303k", ["istanbul", "qk"]),
        ("", []),
        (" … ! ' ’", []),
    ],
)
def test_words_are_runs_of_letters_and_digits(text: str, terms: list[str]) -> None:
    assert analyse(text, FRENCH) == terms


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("l'Estaque L’ESTAQUE lʼEstaque l' Estaque", ["estaqu"] * 4),
        ("d'un port qu'il a jusqu'au bord", ["port", "bord"]),
        ("lorsqu'on sort, puisqu'on dort, quoiqu'il mord", ["sort", "dort", "mord"]),
        ("j'ai, t'a, m'a, s'est, n'y, c'est", []),
        ("aujourd'hui, aujourd’hui", ["aujourdhui"] * 2),
        ("y a-t-il, dort-elle, va-t-on", ["dort", "va"]),
        ("le langage C, le T 3", ["langag", "c", "t", "3"]),
        ("Marseille's old port", ["marseil", "old", "port"]),
    ],
)
def test_elided_words_are_left_out_and_letters_that_stand_alone_kept(
    text: str, terms: list[str]
) -> None:
    assert analyse(text, FRENCH) == terms


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("L'Estaque’s port", ["estaqu", "port"]),
        ("It doesn't, they'll, we've, I'm: don't", ["it"]),
        ("O'Brien's", ["o", "brien"]),
        ("Who founded IT in the US?", ["found", "it", "us"]),
    ],
)
def test_english_contractions_are_left_out(text: str, terms: list[str]) -> None:
    assert analyse(text, ENGLISH) == terms


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        (FRENCH, "île îles ILE Iles I\u0302le"),
        (FRENCH, "numérique Numériques numerique NUMERIQUES"),
        (FRENCH, "marseillais marseillaise Marseillaises"),
        (FRENCH, "événement evenement évènements"),
        (FRENCH, "œuvre oeuvres ŒUVRES"),
        (ENGLISH, "company companies COMPANIES"),
        (ENGLISH, "connect connected connecting connections"),
        (ENGLISH, "café cafe cafés"),
    ],
)
def test_forms_of_a_word_are_one_term_with_accents_or_without(
    language: Language, forms: str
) -> None:
    assert len(set(analyse(forms, language))) == 1


def test_stop_words_and_endings_are_those_of_the_language() -> None:
    assert analyse("les ports and the sites", FRENCH) == ["port", "and", "the", "sit"]
    assert analyse("les ports and the sites", ENGLISH) == ["les", "port", "site"]
    assert analyse("Où sont-ils ? À qui est-ce ? Qu'est-ce que ça ?", FRENCH) == []
    assert analyse("Who are they? Where is it?", ENGLISH) == ["it"]


def test_words_that_are_nouns_too_are_kept() -> None:
    assert analyse("été car or son", FRENCH) == ["ete", "car", "or", "son"]


def test_no_character_leaves_anything_but_letters_and_digits_in_a_term() -> None:
    text = " ".join(f"a{chr(code)}b" for code in range(0x20000))
    terms = analyse(text, FRENCH)
    assert len(terms) > 0x20000
    assert all(term.isalnum() for term in terms)


def test_threads_analyse_at_once() -> None:
    text = "Les événements numériques marseillais " * 200
    expected = analyse(text, FRENCH)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: analyse(text, FRENCH), range(32))) == [expected] * 32
