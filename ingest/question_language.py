"""The language of a question: a few words, some of them names."""

from collections.abc import Mapping
from dataclasses import dataclass

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern
from massilia.ingest.language import OTHER_LANGUAGES, detect_language, score_languages

DECISIVE_POINTS = 2
"""By how many points the function words of one language must lead for the model not to be asked.

Of 18,166 questions in French and English, 88% are decided so and none wrongly; of 200 in ten other
languages, none. A lead of 1 decides 3 of those 200.
"""

CERTAIN_LOG_ODDS = 16.0
"""By how much a third language must be likelier than French and English, in nats.

Swept over 8, 12, 16, 20 and 25 on the 18,166 questions of PIAF, AfriQA, CasiMedicos, Tatoeba and
the development set; on 32,996 made from them without accents, marks and capitals, half of them
misspelt; and on the 200 of tests/test_language.py. With 12, 35 of the first two are taken for a
third language, with 16 13, with 20 6; and of the 200, 183, 181 and 175 are.
"""

MIN_WORDS = 3
"""Fewer words, names left out, never tell a third language: of 5,346 titles of Wikipedia articles
10 did with two, 2 with three."""


@dataclass(frozen=True, slots=True)
class QuestionLanguage:
    """Hold the language that a question is answered in.

    `other` is the ISO 639-1 code of the language that the question is in, where that is certainly
    none of those that Massilia speaks.
    """

    language: Language
    other: str | None = None


def detect_question_language(text: str) -> QuestionLanguage:
    """Return the language of the question in `text`, told by its function words where they can.

    Only where they can't is the model of `score_languages` loaded. A third language is answered in
    English. Names alone come out as the one of the two spoken that they look more like.
    """
    words = _find_words(text)
    language = _find_decisive(words)
    if language is not None:
        return QuestionLanguage(language)
    foreign = _FOREIGN_SCRIPT.findall(text)
    other = None
    if "¿" in text:  # in no other of these languages
        other = "es"
    elif foreign and len(foreign) >= sum(not _FOREIGN_SCRIPT.match(word) for word in words):
        other = _find_other(foreign)
    elif len(words) >= MIN_WORDS:
        other = _find_other(words)
    if other is not None:
        return QuestionLanguage(Language.ENGLISH, other)
    return QuestionLanguage(detect_language(text))


def _find_words(text: str) -> list[str]:
    """Return the words of `text` in lower case, without those that look like names."""
    if text.isupper():
        text = text.lower()
    words = _WORD.findall(text)
    return [word.lower() for word in words[:1]] + [word for word in words[1:] if word.islower()]


def _find_decisive(words: list[str]) -> Language | None:
    distinct = set(words)
    if not distinct.isdisjoint(_NEIGHBOURS):
        return None
    points = sum(_POINTS.get(word, 0) for word in distinct)
    if abs(points) < DECISIVE_POINTS:
        return None
    return Language.FRENCH if points > 0 else Language.ENGLISH


def _find_other(words: list[str]) -> str | None:
    scores = score_languages(" ".join(words))
    other = max(OTHER_LANGUAGES, key=scores.__getitem__)
    spoken = max(scores[language] for language in Language)
    return other if scores[other] - spoken > CERTAIN_LOG_ODDS else None


def _words(listed: str) -> list[str]:
    return listed.split()


def _give(points: int, listed: str) -> dict[str, int]:
    return dict.fromkeys(_words(listed), points)


# Words of one language that are none, or a rare one, in the other and in their neighbours: not
# "des" (German), "ce" and "au" (Romanian), "is" (Dutch), "at" and "to" (Danish), nor
# "on" (both). Two points for those that say enough alone. "qu" and "j" are what is
# left of a word before an apostrophe; accents are optional, as people type without.
_POINTS: Mapping[str, int] = {
    **_give(2, "combien comment où pourquoi qu quand quel quelles quels quoi"),
    **_give(
        1,
        "à année annee après apres aussi aux avant avec ces cet cette dans depuis du elle elles "
        "entreprise entreprises est et etait ete était été fait furent fut ils j le les leur leurs "
        "nous ont peut pendant plusieurs pour quelle qui selon sont une vous",
    ),
    **_give(-2, "did does how what when where which who whose why you your"),
    **_give(
        -1,
        "about after and any are because been before between could during for from has it its "
        "many much of should since that the their there these they this were with would",
    ),
}

# The commonest words of languages that share some of the above: Italian "le" and "quelle",
# Catalan "les" and "qui", Spanish "une". With one of them present the model decides.
_NEIGHBOURS = frozenset(
    _words(
        "als amb che chi cine como cómo cual cuál cuando cuándo da das del della der di donde "
        "dónde dos dove een el els este gli het hoe ist na nel o perché por quais qual quale "
        "quali quan quant quants quem quien quién quin quina quins são són uma und wat wer wie wo "
        "zijn és și"
    )
)

_WORD = Pattern(r"[^\W\d_]+")
# Runs of a script other than Latin, marks included: what `\w` leaves out are the vowels of Hindi.
# One letter alone may be a symbol, as in "β-carotène".
_FOREIGN_SCRIPT = Pattern(r"[\u0370-\u1dff\u1f00-\u1fff\u2c00-\ud7ff]{2,}")
