"""Answers compared word by word, with the shares of words counted by hand."""

import pytest

from massilia.corpus.article import Language
from massilia.eval.answer_text import score_exact_match, score_token_f1, split_words

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("The Old Port of an island, a pier", ENGLISH, "old port of island pier"),
        ("Theatre, another, than", ENGLISH, "theatre another than"),
        ("Le port, la rade, les quais", FRENCH, "port rade quais"),
        ("du vent au large, des îles aux calanques", FRENCH, "vent large îles calanques"),
        ("un cap et une anse", FRENCH, "cap et anse"),
        ("L'eau et l’air", FRENCH, "eau et air"),
        ("l'un des deux", FRENCH, "deux"),
        ("lac laine laure desserte", FRENCH, "lac laine laure desserte"),
        # Quotation marks, not an article.
        ("en 'avril'", FRENCH, "en avril"),
        # The articles of one language are words of the other.
        ("Le port", ENGLISH, "le port"),
        ("l'eau", ENGLISH, "l eau"),
        ("a port, the sea", FRENCH, "a port the sea"),
        # Not an article: d' stands for "de".
        ("d'eau", FRENCH, "d eau"),
    ],
)
def test_articles_are_those_of_the_language(text: str, language: Language, words: str) -> None:
    assert split_words(text, language) == tuple(words.split())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("« Deux » câbles… sous-marins (2026) !", "deux câbles sous marins 2026"),
        ("deux\u00a0câbles\u202f: —\u2009oui", "deux câbles oui"),
        ("1\u202f082 km", "1 082 km"),
        ("1,082 km", "1 082 km"),
        ("$5 + 3 = 8 `x` ~ <y> ^ |", "5 3 8 x y"),
        ("5 € à 30 °C", "5 € à 30 °c"),
        ("Œuvre", "œuvre"),
        ("ÉTÉ", "été"),
        ("", ""),
        (" \n", ""),
        ("...", ""),
    ],
)
def test_words_have_no_capitals_and_no_punctuation(text: str, words: str) -> None:
    assert split_words(text, FRENCH) == tuple(words.split())


def test_a_ligature_is_not_the_two_letters_it_joins() -> None:
    """Accepted strings are cut from the articles, which write the word one way."""
    assert score_exact_match("cœur", ["coeur"], FRENCH) == 0
    assert score_exact_match("Cœur", ["cœur"], FRENCH) == 1


@pytest.mark.parametrize(
    ("text", "accepted", "language", "match", "f1"),
    [
        ("The two cables.", ["two cables"], ENGLISH, 1, 1),
        # Two words of three, both of two: 2 * 2 / (3 + 2).
        ("two old cables", ["two cables"], ENGLISH, 0, 4 / 5),
        # The order doesn't count for F1: 1; it does for the match.
        ("cables two", ["two cables"], ENGLISH, 0, 1),
        # "two" is there twice, wanted once: 2 * 1 / (2 + 1).
        ("two two", ["two"], ENGLISH, 0, 2 / 3),
        # And the other way round, of three: 2 * 2 / (2 + 3).
        ("two two", ["two two two"], ENGLISH, 0, 4 / 5),
        # The best of 2/3, 2 * 2 / (2 + 4) and 0.
        ("two cables", ["cables", "two cables in all", "none"], ENGLISH, 0, 2 / 3),
        ("two cables", ["none", "Two cables!"], ENGLISH, 1, 1),
        ("two cables", ["three ships"], ENGLISH, 0, 0),
        ("two cables", [], ENGLISH, 0, 0),
        ("L’eau du port", ["eau port"], FRENCH, 1, 1),
        # l and eau and port, of which eau and port are wanted: 2 * 2 / (3 + 2).
        ("l'eau port", ["eau port"], ENGLISH, 0, 4 / 5),
        # No word counts on one side, or on both, as with the blood group A.
        ("", ["two"], ENGLISH, 0, 0),
        ("two", ["A"], ENGLISH, 0, 0),
        ("two", ["A", "two"], ENGLISH, 1, 1),
        ("A.", ["A"], ENGLISH, 1, 1),
    ],
)
def test_exact_match_and_f1_are_those_of_the_best_accepted_answer(
    text: str, accepted: list[str], language: Language, match: float, f1: float
) -> None:
    assert score_exact_match(text, accepted, language) == match
    assert score_token_f1(text, accepted, language) == pytest.approx(f1)
