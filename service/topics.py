"""What the questions of a conversation are about: names, out of the questions or their answers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern
from massilia.service import names as text_names
from massilia.service.answer_kind import AnswerKind, read_answer_kind
from massilia.service.answer_span import NAME_KINDS, mark_answer
from massilia.service.names import NameKind
from massilia.service.question_names import QuestionName, find_names, find_word
from massilia.service.turns import Turn

MAX_TOPICS = 2
"""How many names follow in brackets."""


@dataclass(frozen=True, slots=True)
class Topic:
    """Hold a name, with the noun it stands beside ("campus Theodora") and its article.

    `is_place` where there was nothing but places to choose from.
    """

    name: str
    text: str
    article: str = ""
    is_place: bool = False


_OF: Final = Pattern(r"(?:\b(?:de|du|of)(?:\s(?:la|the))?\s|\b[dD]['’])\Z")
_POSSESSOR: Final = Pattern(r"['’]s\s[A-Z]")
# What stands beside a name and says what it is.
_NOUN_FR: Final = Pattern(
    r"(?P<determiner>\b(?:le|la|du|au|un|une|ce|cet|cette|son|sa)\s|\bl['’])(?:premi[eè]re?\s)?"
    r"(?P<noun>(?!qu[ei]\s)[a-zà-ÿ]{3,}\s)\Z",
    re.IGNORECASE,
)
_ARTICLE_OF: Final[Mapping[str, str]] = MappingProxyType(
    {"le": "le ", "du": "le ", "au": "le ", "la": "la ", "l'": "l'", "l’": "l'", "the": "the "}
)
# The noun that a place belongs to: "le port de Marseille", "the river cooling in Marseille".
_OF_PLACE: Final[Mapping[Language, Pattern]] = MappingProxyType(
    {
        Language.FRENCH: Pattern(
            r"(?P<determiner>\b(?:le|la|les|du|au|un|une|des)\s|\bl['’])(?P<noun>"
            r"(?:(?!(?:a|est|et|ou|par|pour|qui|que|se)\s)[a-zà-ÿ-]{2,}\s){1,4}(?:[àa]|de|en)\s)\Z",
            re.IGNORECASE,
        ),
        Language.ENGLISH: Pattern(
            r"(?P<determiner>\b(?:the|an?)\s)(?P<noun>"
            r"(?:(?!(?:is|was|did|to|from|by|for|that|who)\s)[a-z-]{2,}\s){1,3}(?:in|of)\s)\Z",
            re.IGNORECASE,
        ),
    }
)
_NOUN_EN: Final = Pattern(
    r"(?P<noun>\s(?!(?:and|or|in|of|at|for|to|from|on|by|with|have|has|did|is|was)\b)[a-z]{3,})"
    r"(?P<verb>\s(?!(?:and|or|in|of|at|for|to|from|on|by|with)\b)[a-z]+)?"
)
_DETERMINED_EN: Final = Pattern(r"(?:\A|\s)(?:the|an?|its|their)\s(?:first\s|new\s)?\Z", re.I)
_ASKED_EN: Final = Pattern(r"\b(?:did|does|do)\sthe\s\Z")


def find_topics(earlier: Sequence[Turn], known: Sequence[str]) -> tuple[Topic, ...]:
    """Return what the last of `earlier` is about, a name or two; none if nothing names it.

    What was asked comes before what was answered, and what the reader named there before what was
    carried into it.
    """
    turn = earlier[-1]
    names = find_names(turn.text, turn.language, known)
    grades = [grade_name(turn, name) for name in names]
    best = min(grades, default=2)
    subjects = [name.text for name, grade in zip(names, grades, strict=True) if grade == best]
    if best < 2:
        subjects = [name for name in subjects if name in turn.question] or subjects
    elif turn.text != turn.question and turn.names:
        subjects = list(turn.names)
    elif answered := find_answer(turn):
        subjects = [answered]
    elif not names and (only := _find_only_name(turn, known)):
        subjects = [only]
    only_places = bool(names) and all(name.is_place for name in names)
    chosen = list(dict.fromkeys(subjects))[:MAX_TOPICS]
    return tuple(_extend(name, earlier, only_places) for name in chosen)


def find_person(turn: Turn) -> Topic | None:
    """Return the person that answered a question of who."""
    asked = read_answer_kind(turn.text, turn.language).kind
    if asked not in (AnswerKind.WHO, AnswerKind.PERSON):
        return None
    answered = find_answer(turn)
    if answered is None or not is_person(answered, turn.language):
        return None
    return Topic(answered, answered)


def is_person(name: str, language: Language) -> bool:
    """Tell whether a name may be a person's: by its first name, or two words of no known kind."""
    kinds = {each.kind for each in text_names.find_names(f"({name})", language)}
    return NameKind.PERSON in kinds or (kinds == {NameKind.OTHER} and " " in name)


def list_topics(earlier: Sequence[Turn], known: Sequence[str]) -> list[Topic]:
    """Return what the turns are about, each once, in the order it first came up."""
    topics: dict[str, Topic] = {}
    for count in range(1, len(earlier) + 1):
        for topic in find_topics(earlier[:count], known):
            topics.setdefault(topic.name, topic)
    return list(topics.values())


def grade_name(turn: Turn, name: QuestionName) -> int:
    """Return how unlikely a topic the name is: 0, 1 for what another belongs to, 2 for a place."""
    if name.is_place:
        return 2
    of = _OF.search(turn.text[: name.start]) or _POSSESSOR.match(turn.text, name.end)
    english = turn.language is Language.ENGLISH
    qualifies = english and _find_qualified(turn.text, name.start, name.end)
    return 1 if of or qualifies else 0


def find_answer(turn: Turn) -> str | None:
    """Return the name that answers the turn's question, if it asks for one but of a place."""
    asked = read_answer_kind(turn.text, turn.language)
    if turn.quote is None or asked.kind not in NAME_KINDS or asked.kind is AnswerKind.PLACE:
        return None
    span = mark_answer(turn.text, asked, turn.quote, turn.language, turn.language)
    return turn.quote[span.start : span.end] if span else None


def _find_only_name(turn: Turn, known: Sequence[str]) -> str | None:
    """Return what the answer of a turn names, if that is one thing, or one place and no thing."""
    found = find_names(turn.quote or "", turn.language, known)
    names = {name.text for name in found if not name.is_place} or {name.text for name in found}
    return names.pop() if len(names) == 1 else None


def _extend(name: str, earlier: Sequence[Turn], is_place: bool) -> Topic:
    """Return the name with the noun that it stands beside in the latest question that has one."""
    for turn in reversed(earlier):
        extend = _extend_french if turn.language is Language.FRENCH else _extend_english
        for start, end in find_word(name, turn.text):
            if is_place and (noun := _OF_PLACE[turn.language].search(turn.text[:start])):
                article = _ARTICLE_OF.get(noun["determiner"].strip().lower(), "")
                return Topic(name, noun["noun"] + name, article)
            if extended := extend(turn.text, start, end):
                return Topic(name, *extended, is_place)
    return Topic(name, name, is_place=is_place)


def _extend_french(text: str, start: int, end: int) -> tuple[str, str] | None:
    before = _NOUN_FR.search(text[:start])
    if before is None:
        return None
    article = _ARTICLE_OF.get(before["determiner"].strip().lower(), "")
    return before["noun"] + text[start:end], article


def _extend_english(text: str, start: int, end: int) -> tuple[str, str] | None:
    name, head = text[start:end], text[:start]
    noun = _find_qualified(text, start, end)
    if noun is None or (_ASKED_EN.search(head) and not noun["verb"]):
        return None
    return name + noun["noun"], "the " if head.endswith(" the ") else ""


def _find_qualified(text: str, start: int, end: int) -> re.Match[str] | None:
    """Return the noun that an English name says which it is of: "the Marseille coast"."""
    return _NOUN_EN.match(text, end) if _DETERMINED_EN.search(text[:start]) else None
