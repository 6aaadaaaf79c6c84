"""What a question asks for: the kind of its answer, what it counts, the unit it measures in."""

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern
from massilia.index.analysis import analyse
from massilia.service.written_dates import fold

ANSWER_KINDS = "answer_kind.toml"


class AnswerKind(StrEnum):
    """Name what would answer a question.

    WHO is a person or an organisation, NAME any name, AMOUNT money or else what is measured.
    """

    PERSON = "person"
    ORGANISATION = "organisation"
    WHO = "who"
    PLACE = "place"
    NAME = "name"
    DATE = "date"
    DURATION = "duration"
    NUMBER = "number"
    RANK = "rank"
    MONEY = "money"
    AMOUNT = "amount"
    PERCENTAGE = "percentage"
    MEASURE = "measure"
    REASON = "reason"
    LIST = "list"
    COMPARISON = "comparison"
    YES_NO = "yes_no"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class AskedAnswer:
    """Hold what a question asks for.

    `counted` holds the stems of what a number counts ("combien de salariés"), empty where that is
    not said. `units` are those of `values.find_values` that may answer, empty where any may.
    `several` tells that more than one is asked for ("quelles villes").
    """

    kind: AnswerKind
    counted: tuple[str, ...] = ()
    units: frozenset[str] = frozenset()
    several: bool = False


def read_answer_kind(question: str, language: Language) -> AskedAnswer:
    """Return what `question` asks for; keywords and common misspellings are read too."""
    folded = _fold(question)
    asking = _find_asking(folded, language)
    which = _WHICH[language].search(folded)
    if which and (asking is None or which.start() <= asking[1].start()):
        several = which["several"] is not None
        same = asking and asking[1].start() == which.start()
        found = asking if same else _find_first_noun(folded, which.end(), language)
        if found is None:
            return AskedAnswer(AnswerKind.LIST if several else AnswerKind.OTHER, several=several)
        return _complete(found, folded, language, several=several)
    if asking:
        kind, match = asking
        if kind is AnswerKind.WHO and _ROLE.match(folded, match.end()):
            kind = AnswerKind.PERSON
        return _complete((kind, match), folded, language)
    if _WHAT[language].search(folded):
        return AskedAnswer(AnswerKind.OTHER)
    if _YES_NO[language].search(folded):
        return AskedAnswer(AnswerKind.YES_NO)
    return _read_keywords(folded, language)


def _fold(question: str) -> str:
    """Return the question folded, but for the accent of "où": "ou" seldom asks."""
    spaced = re.sub(r"\s+", " ", question)
    return "".join(
        "ù" if each in "ùÙ" else folded for each, folded in zip(spaced, fold(spaced), strict=True)
    )


def _read_keywords(folded: str, language: Language) -> AskedAnswer:
    for kind, _, nouns in _load_patterns(language):
        if nouns and (match := nouns.search(folded)):
            return _complete((kind, match), folded, language)
    return AskedAnswer(AnswerKind.OTHER)


_WHICH: Final = {
    Language.FRENCH: Pattern(
        r"(?<![^\W_])(?:(?P<several>quels|quelles|kels)|quel|quelle|kel)"
        r"(?: (?:est|sont|etait|etaient|fut|furent|a ete|sera)(?: (?:le|la|les|l'|son|sa|ses))?)? "
    ),
    Language.ENGLISH: Pattern(
        r"(?<![^\W_])(?:which|what)(?: (?:is|was|are|were|'s))?(?: (?:the|its|his|her|their))? "
        r"(?P<several>(?=(?:[a-z]+ ){0,1}?(?:cities|countries|companies|firms|towns|operators"
        r"|carriers|venues|universities|entrepreneurs|founders|names)\b))?"
    ),
}
_WHAT: Final = {
    Language.FRENCH: Pattern(
        r"\A(?:et |a |de |sur |par |en )?(?:que|qu'|quoi)(?![^\W_]| est-ce)"
        r"|(?<![^\W_])(?:quoi|comment|lesquel(?:le)?s)(?![^\W_])"
    ),
    Language.ENGLISH: Pattern(r"(?<![^\W_])(?:what|how|which)(?![^\W_])"),
}
_YES_NO: Final = {
    Language.FRENCH: Pattern(r"\A(?:est-ce qu|y a-t-il)|-t?-?(?:il|elle|on|ils|elles)(?![^\W_])"),
    Language.ENGLISH: Pattern(
        r"(?:\A|, )(?:and |so |but )?(?:is|are|was|were|do|does|did|has|have|had|can|could|will"
        r"|would|should)\b"
    ),
}
# "Qui préside", "who is the founder": what only a person does or is.
_ROLE: Final = Pattern(
    r"(?: (?:est|etait|fut|sont|a|ont|avait|is|was|are|were|has|had|'s))?"
    r"(?: (?:le|la|les|the|l'))? ?"
    r"(?:fond|creat|presid|maire|patron|pdg|ceo|founde|mayor|boss|chair|headed|heads|invent"
    r"|main architect|architect)"
)
_UNITS: Final = (
    (
        Pattern(r"surface|superficie|\barea\b|floor space|hectare|metres carres|m²|\bm2\b"),
        ["m2"],
    ),
    (Pattern(r"puissance|\bpower|[kmg]?watts?\b|\b[kmg]w\b"), ["W"]),
    (Pattern(r"debit|throughput|bande passante|bandwidth|bit/s|capacite|capacity"), ["bit/s"]),
    (Pattern(r"latence|latency|\bping\b|millisecond"), ["s"]),
    (
        Pattern(
            r"epaisseur|longueur|largeur|hauteur|profondeur|distance|altitude|thick|length|width"
            r"|height|depth|how (?:deep|wide|tall|high)|kilomet|\bkm\b|\bmetres\b"
        ),
        ["m"],
    ),
    (Pattern(r"poids|weight|how heavy|\btonnes?\b"), ["g"]),
    (Pattern(r"consommation|consumption|[kmgt]wh\b"), ["Wh", "W", "m3"]),
    (Pattern(r"temperature|degres|degrees"), ["°C"]),
    (Pattern(r"litres|\bm3\b|m³|volume"), ["m3"]),
)
_CURRENCIES: Final = (
    (Pattern(r"\beuros?\b|€"), "EUR"),
    (Pattern(r"\bdol+ars?\b|\$"), "USD"),
    (Pattern(r"\bfrancs?\b"), "FRF"),
)


def _find_asking(folded: str, language: Language) -> tuple[AnswerKind, re.Match[str]] | None:
    found: tuple[AnswerKind, re.Match[str]] | None = None
    for kind, pattern, _ in _load_patterns(language):
        match = pattern.search(folded) if pattern else None
        if match and (found is None or match.start() < found[1].start()):
            found = kind, match
    return found


def _find_first_noun(
    folded: str, start: int, language: Language
) -> tuple[AnswerKind, re.Match[str]] | None:
    """Return what the first noun after "which" asks for, if it is near: nouns follow "of" too."""
    end = start
    for word in list(_FOLLOWING.finditer(folded, start))[:4]:
        if _ENDING.match(word.group()):
            break
        end = word.end()
    found = [
        (kind, match)
        for kind, _, nouns in _load_patterns(language)
        if nouns and (match := nouns.search(folded, start)) and match.start() < end
    ]
    return min(found, key=lambda each: each[1].start(), default=None)


_FOLLOWING: Final = Pattern(r"[^\W_]+(?:-[^\W_]+)*'?")
_ENDING: Final = Pattern(
    r"(?:d'|de|du|des|aux?|a|dans|pour|sur|par|la|les?|l'|une?|ont|of|for|in|on|to|at|by|the|an"
    r"|did|does|do|is|are|was|were|has|have|had)\Z"
)


def _complete(
    asked: tuple[AnswerKind, re.Match[str]],
    folded: str,
    language: Language,
    *,
    several: bool = False,
) -> AskedAnswer:
    kind, match = asked
    units: list[str] = []
    counted: tuple[str, ...] = ()
    if kind is AnswerKind.MEASURE:
        units = next((names for pattern, names in _UNITS if pattern.search(folded)), [])
    elif kind is AnswerKind.MONEY:
        units = [unit for pattern, unit in _CURRENCIES if pattern.search(folded)]
    elif kind is AnswerKind.NUMBER and not _STAFF.search(match.group()):
        following = re.sub(r"\A(?:s?\s+|of |de |d'|des |the |les )+", "", folded[match.end() :])
        counted = tuple(analyse(_COUNTED.split(following, maxsplit=1)[0], language)[:3])
    return AskedAnswer(kind, counted, frozenset(units), several)


_STAFF: Final = Pattern("effectif|headcount|workforce|staff|population")
# What ends the noun that is counted: a verb form of questions, a preposition, a mark.
_COUNTED: Final = Pattern(
    r"[?,.;:!]| (?:a|ont|est|sont|etait|etaient|avait|aura|y|il|elle|on|was|were|are|is|did|does|do"
    r"|has|have|had|will|dans|en|pour|sur|chez|au|aux|par|in|at|on|to|for|by|from|with|that|who"
    r"|[a-z]+-t?-?(?:il|elle|on|ils|elles))(?![^\W_])"
)


@cache
def _load_patterns(
    language: Language,
) -> tuple[tuple[AnswerKind, Pattern | None, Pattern | None], ...]:
    content = tomllib.loads(
        files("massilia.service").joinpath(ANSWER_KINDS).read_text(encoding="utf-8")
    )
    return tuple(
        (
            AnswerKind(each["kind"]),
            _compile(each["asking"][language]),
            _compile(each["nouns"][language]),
        )
        for each in content["kind"]
    )


def _compile(patterns: list[str]) -> Pattern | None:
    if not patterns:
        return None
    return Pattern(rf"(?<![^\W_])(?:{'|'.join(patterns)})(?:(?<=')|(?![^\W_]))")
