"""Answers compared as SQuAD compares them: by their words, articles and punctuation aside.

SQuAD's own script deletes punctuation, so that "sous-marin" is one word; here it parts words.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable

from massilia.corpus.article import Language

# English as in SQuAD's own script (Rajpurkar et al. 2016), French as in FQuAD (d'Hoffschmidt et
# al. 2020, section 5.1).
_ARTICLES = {
    Language.ENGLISH: re.compile(r"\b(?:a|an|the)\b"),
    Language.FRENCH: re.compile(r"\b(?:le|la|les|du|des|au|aux|un|une)\b|\bl['’]"),
}


def split_words(text: str, language: Language) -> tuple[str, ...]:
    """Return the words of an answer that count: lower case, no articles, no punctuation."""
    lowered = _ARTICLES[language].sub(" ", text.lower())
    return tuple("".join(" " if _is_punctuation(each) else each for each in lowered).split())


def score_exact_match(text: str, accepted: Iterable[str], language: Language) -> float:
    """Return 1 if a text has the same words as one of the accepted answers, else 0."""
    words = split_words(text, language)
    return float(any(words == split_words(each, language) for each in accepted))


def score_token_f1(text: str, accepted: Iterable[str], language: Language) -> float:
    """Return the best F1 of a text's words against those of the accepted answers, 0 to 1.

    The harmonic mean of the shares of words in common (Rajpurkar et al. 2016, section 6.1). Where
    one of the two has no word that counts, it is 1 if the other has none either.
    """
    found = Counter(split_words(text, language))
    best = 0.0
    for answer in accepted:
        expected = Counter(split_words(answer, language))
        if not (found and expected):
            best = max(best, float(found == expected))
            continue
        common = (found & expected).total()
        best = max(best, 2 * common / (found.total() + expected.total()))
    return best


def _is_punctuation(character: str) -> bool:
    # Symbols such as $ and + aren't punctuation to Unicode; SQuAD's script leaves them out too.
    return character in string.punctuation or unicodedata.category(character).startswith("P")
