"""Names written in a text, and what they look like the name of: told by shape, place and lists."""

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern
from massilia.ingest.abbreviations import LEXICONS
from massilia.service.written_dates import MONTHS, fold

NAMES = "names.toml"
MOST_KEPT = 20_000
"""How many texts' names are kept: the same sentences are read for one question after another."""


class NameKind(StrEnum):
    """Name what a name looks like the name of."""

    PERSON = "person"
    ORGANISATION = "organisation"
    PLACE = "place"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Name:
    """Hold a name, `text[start:end]` in code points."""

    kind: NameKind
    start: int
    end: int


@lru_cache(MOST_KEPT)
def find_names(text: str, language: Language) -> tuple[Name, ...]:
    """Return the capitalised names of `text` in its order; a date or a first word is none.

    The first word of a sentence is one only where its spelling or what follows shows it. The kinds
    are guesses; OTHER is what nothing tells.
    """
    folded = fold(text)
    names: list[Name] = []
    position = 0
    while match := _NAME.search(text, position):
        start, end = _trim(text, folded, *match.span(), language)
        position = end if start < end else match.end()
        if start < end and not _is_date_word(folded[start:end]):
            names.append(Name(_guess_kind(text, folded, start, end), start, end))
    return tuple(names)


def is_first_name(word: str) -> bool:
    """Tell whether a word is a common first name, or several with hyphens: "Jean-Paul"."""
    return set(fold(word).split("-")) <= _list_words("first_names")


def is_no_surname(word: str) -> bool:
    """Tell whether a word is known from names of bodies, places or newspapers."""
    folded = fold(word)
    return any(folded in _list_words(each) for each in ("bodies", "places", "newspapers"))


_CAPITALISED: Final = (
    r"(?:[A-ZÀ-ÖØ-ÞŒ]|[0-9]+(?=[A-Z])|[a-z](?=[A-Z]))[\w&]*(?:[-'’.](?=\w)[\w&]+)*'?"
)
_NAME: Final = Pattern(
    rf"(?<![\w])(?:{_CAPITALISED}(?:(?:\s|\s(?:de\sla|de|du|des|of\sthe|of|for|le|la|van|von|in|&)"
    rf"\s|\s?d['’])(?={_CAPITALISED}){_CAPITALISED})*|[a-z][a-z-]+\.(?:fr|com|org|net|eu)\b)"
)
_LINK: Final = Pattern(r"\s(?:de la|de|du|des|of the|of|for|le|la|van|von|in|&) |\sd['’]")
_PARTICLES: Final = frozenset(["de", "du", "de la", "le", "la", "van", "von", "d'", "d’"])
# "Union européenne": French writes the adjective of a body's name small.
_DESCRIBED: Final = Pattern(
    r"\s(?:europ[ée]en|national|r[ée]gional|internationa|fran[çc]ais|am[ée]ricain|mondial|central"
    r"|municipal)(?:ne|e|l|le|ux)?(?![^\W_])"
)
# "A Nigerian actor": English writes these adjectives with a capital.
_DEMONYM: Final = Pattern(r"[a-z](?:ian|ean|can|ish|ese)\Z")
_ADJECTIVE_AFTER: Final = Pattern(r"\s[a-z]")
_WORD: Final = Pattern(r"\S+")
_ELIDED: Final = Pattern(r"(?:[LDlJjNnSsCc]|[Qq]u)['’](?=\w)")
_INITIAL: Final = Pattern(r"(?:\A|[.!?;:«“\"(\n])[\s«“\"(]*\Z")
_POSSESSIVE: Final = Pattern(r"['’]s\Z")
# After a first word that may be a name: what only a subject's verb, or a possessive, begins with.
_VERB: Final = Pattern(
    r"['’]s\b|\s(?:est|etait|fut|a|avait|sera|va|ont|sont|is|was|has|had|will|would|are|were|and|et"
    r"|n'|ne|[a-z]+(?:ed|ait|era|erait))\b"
)
_PLACE_BEFORE: Final = Pattern(
    r"(?<![^\W_])(?:a|in|at|near|pres de|towards?|vers|from|ville de|port de|city of|town of)\s\Z"
)
_TITLE_BEFORE: Final = Pattern(
    r"(?<![^\W_])(?:m\.|mm\.|mme|mlle|mr\.?|mrs\.?|ms\.?|dr\.?|prof\.?|sir|maire|mayor|president"
    r"|presidente|ministre|minister|roi|king|queen|reine|empereur|emperor|pape|pope|architecte"
    r"|architect|directeur|directrice|director|ceo|fondateur|founder)\s\Z"
)
_ACRONYM: Final = Pattern(r"[A-Z0-9&]{2,6}\Z")


def _trim(text: str, folded: str, start: int, end: int, language: Language) -> tuple[int, int]:
    """Return where a run of capitalised words is a name, without what only begins a sentence."""
    initial = _INITIAL.search(text, max(0, start - 8), start) is not None
    if elided := _ELIDED.match(text, start, end):
        start = elided.end()
    if possessive := _POSSESSIVE.search(text, start, end):
        end = possessive.start()
    for word in _WORD.finditer(text, start, end):
        start = word.start()
        opens = initial and word.group().casefold() in LEXICONS[language].function_words
        if not (opens or word.group().isdigit()):
            break
        initial = False
        start = end
    if start == end or not any(map(str.isalpha, text[start:end])):
        return start, start
    end = _cut_link(text, start, end)
    name = text[start:end]
    is_word = " " not in name
    is_adjective = _DEMONYM.search(name) is not None and _ADJECTIVE_AFTER.match(text, end)
    if name in _list_words("not_names") or (is_word and is_adjective):
        return start, start
    if initial and is_word and not _shows_name(text, folded, start, end, language):
        return start, start
    return start, end


def _cut_link(text: str, start: int, end: int) -> int:
    """Return where a name ends: "de" joins only what a body, a place or a first name begins."""
    head = fold(text[start:end].split(maxsplit=1)[0])
    for link in _LINK.finditer(text, start, end):
        joins = (
            link.group().strip() in _PARTICLES
            if head in _list_words("first_names")
            else not _list_words("heads").isdisjoint((head, head.split("-")[0]))
        )
        if not joins:
            return link.start()
    if head in _list_words("bodies") and (described := _DESCRIBED.match(text, end)):
        return described.end()
    return end


# French begins no sentence with a bare noun; a participle, an adverb or an order may stand there.
_FRENCH_SUBJECT: Final = Pattern(
    r"\s(?!(?:en|de|du|des|par|pour|a|au|aux|sur|dans|comme|que|qui|et|ou|entre|chez|avec|le|la|les"
    r"|un|une|l'|d')(?![^\W_]))[a-z]"
)
_FRENCH_OPENING: Final = Pattern(r"(?:e|ee|es|ees|ant|ment|is|us|ue|ez|ons|aux)\Z")


def _shows_name(text: str, folded: str, start: int, end: int, language: Language) -> bool:
    word = text[start:end]
    if any(character.isupper() or character.isdigit() for character in word[1:]):
        return True
    if folded[start:end] in _list_words("places") or folded[start:end] in _list_words(
        "first_names"
    ):
        return True
    if language is Language.FRENCH and _FRENCH_SUBJECT.match(folded, end):
        return not _FRENCH_OPENING.search(folded, start, end)
    return word in text[end:] or _VERB.match(folded, end) is not None


def _is_date_word(name: str) -> bool:
    words = name.split()
    return all(word in MONTHS or word in _list_words("days") or word.isdigit() for word in words)


def _guess_kind(text: str, folded: str, start: int, end: int) -> NameKind:
    words = re.findall(r"[^\W_]+(?:-[^\W_]+)*", folded[start:end])
    if not set(words).isdisjoint(_list_words("bodies")):
        return NameKind.ORGANISATION
    before = folded[max(0, start - 24) : start]
    first = words[0].split("-")[0] if words else ""
    if len(words) > 1 and first in _list_words("first_names"):
        return NameKind.PERSON
    if _TITLE_BEFORE.search(before):
        return NameKind.PERSON
    if folded[start:end] in _list_words("places") or _PLACE_BEFORE.search(before):
        return NameKind.PLACE
    if _ACRONYM.match(text[start:end]):
        return NameKind.ORGANISATION
    return NameKind.OTHER


@cache
def _list_words(name: str) -> frozenset[str]:
    content = tomllib.loads(files("massilia.service").joinpath(NAMES).read_text(encoding="utf-8"))
    return frozenset(content[name].split())
