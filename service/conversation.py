"""Questions that lean on those before them, made to stand alone by rules.

1. A question that holds nothing but a date or a name ("Et en 2016 ?", "And Barcelona?") is the one
   before with its date, or its name of the same kind, put in the other's place.
2. One that has no word of its own ("C'était quand ?", "Why?") is of all that was asked, which
   follows in brackets.
3. Others lean if they have a pronoun without a noun before it, point ("the other one"), open with
   "et" or "and", or have so few words that they must. Their topic is carried: the names that the
   question before is about, or that answered it; those first, last or both spoken of, where they
   point; the person who answered, for "he". It is put in the word's place where grammar allows
   ("Il a coûté combien ?", "its revenue", "sa surface"); elsewhere it follows in brackets.
4. A time counted from another ("l'année d'après") is counted from the question before. Its date
   is carried to questions that speak of "that point", or have no verb.
5. Any other question stands alone, and nothing is carried to it. So does one that names its own
   subject before any pronoun, and one that would grow too long to be asked.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern
from massilia.index.analysis import analyse
from massilia.service.conversation_words import load_function_words, load_words
from massilia.service.question import MAX_CHARACTERS
from massilia.service.question_dates import NUMBERS, read_date_spans
from massilia.service.question_names import QuestionName, find_names, list_known
from massilia.service.topics import (
    MAX_TOPICS,
    Topic,
    find_person,
    find_topics,
    grade_name,
    is_person,
    list_topics,
)
from massilia.service.turns import Carried, CarriedKind, Resumed, Turn
from massilia.service.written_dates import fold, read_written_dates

MAX_ELLIPTIC_TERMS = 3
"""How many terms a question without a name has at most if it leans on another."""


@dataclass(frozen=True, slots=True)
class _FollowUp:
    """Hold a question after others: its names, and where it begins after "et" or "and".

    `known` are the names of the conversation.
    """

    text: str
    language: Language
    names: tuple[QuestionName, ...]
    body: int
    known: tuple[str, ...]

    @property
    def folded(self) -> str:
        """Give the text in lower case, without accents."""
        return fold(self.text)

    @property
    def subject(self) -> QuestionName | None:
        """Give its first name that is no place."""
        return next((name for name in self.names if not name.is_place), None)


@dataclass(frozen=True, slots=True)
class _Edit:
    """Hold new text for `text[start:end]`: what is carried, with the words around it."""

    start: int
    end: int
    before: str = ""
    text: str = ""
    after: str = ""
    kind: CarriedKind | None = None


_OWNS: Final = ("'s ", "’s ")
_ANY_DAY: Final = date(2100, 1, 1)
"""Dates are read as of then: where they stand is all that counts."""
_WORD: Final = Pattern(r"[^\W_]+")
_END: Final = Pattern(r"[\s ]*[?!.…]*\s*\Z")
_COUNTING: Final = Pattern(r"\b(?:combien|how (?:many|much))\b", re.IGNORECASE)
_COUNT: Final = rf"(?P<count>[0-9]{{1,2}}|{'|'.join(NUMBERS)})"
_ENDS_THERE: Final = r"(?=\s?(?:[?.!,;:]|\Z)|\s(?:et|and)\b)"
_RELATIVE: Final = Pattern(
    rf"""\b(?:{_COUNT}\s(?:ans?|annees?|years?)\s
      (?:(?P<after>apres|plus\stard|later|after)|plus\stot|avant|auparavant|earlier|before)(?:\sthat)?
    |(?:l'annee\s(?:(?P<next>d'apres|suivante)|d'avant|precedente)
      |the\s(?:(?P<following>year\safter|following\syear)|year\sbefore|previous\syear)))
    {_ENDS_THERE}""",
    re.VERBOSE,
)
_PART_OF_YEAR: Final = Pattern(
    rf"""\b(?P<part>(?:(?:(?:a|vers)\sla|au)\s)?(?:fin|debut|milieu)\sde\s
      |(?:(?:at|by|in|towards?)\s)?the\s(?:beginning|end|middle|start)\sof\s)
    (?:l'annee|cette\sannee(?:-la)?|(?:that|the)\s(?:same\s)?year){_ENDS_THERE}""",
    re.VERBOSE,
)

# Clitics that repeat a noun before the verb refer to it; the others to what was spoken of.
_INVERTED: Final = Pattern(r"\b(?:(?:ne|n'|s'|se|l'|les|y|en)\s?)*[a-z]+-(?:t-)?(?:ils?|elles?)\b")
_EXPLETIVE: Final = Pattern(
    r"\b(?:(?:y\s(?:a|avait|aura|eut)|y\sen\sa|faut|fallait|existe|reste|s'agit|agit|est)-(?:t-)?il\s?(?:possible|vrai)?"
    r"|il\s(?:y\s(?:a|avait|aura|en\sa)|faut|faudra|fallait|existe|est\s(?:possible|vrai)|s'agit)"
    r"|it\s(?:cost|costs|take|takes|took|possible|true|easy|hard)\b[^?]*\s(?:to|that)\s"
    r"|(?:qu')?est-ce(?=\squ)|c'(?:est|etait)\s(?:quoi|qui)(?=\s?,|\s(?:le|la|les|un|une)\b|\sl')"
    r"|selon\s(?:son|sa|ses|leurs?)|,\sfor\s(?:its|their))"
)
_INTERROGATIVE: Final = Pattern(
    r"\b(?:quell?e?s?|combien|comment|quand|pourquoi|ou|quoi|qui|que|qu'|lesquell?e?s?|lequel)\b"
    r"|\bqu'"
)
_DETERMINER: Final = Pattern(
    r"\b(?:le|la|les|des|un|une|ce|cet|cette|son|sa|ses|leur|leurs|chaque|the|an|this|these|those)\s"
    r"|\bl'"
)
# Words that refer to something said before, unless the question itself says what ("own").
_REFERRING: Final[Mapping[Language, Pattern]] = MappingProxyType(
    {
        Language.FRENCH: Pattern(
            r"""(?<!-)\b(?:ils?|elles?|lui|eux|celui|celle|son|sa|ses|leurs?)\b(?!-)
            |(?P<neuter>\b(?:ca|cela)\b|\bc')|-ce\b(?!\sque?\b|\squ')
            |\bce\s(?!que\b|qui\b|mois\b|jour\b|siecle\b|soir\b)[a-z]
            |\bcet(?:te)?\s(?!annee\s?[?,]|annee\s[^?]*$|semaine\b|ete\b|hiver\b)[a-z]
            |\bces\s(?!dernier|annees\b|jours\b)[a-z]
            |\bqui\s(?:les?|la)\s[a-z]+(?=\s?[?.!,]|\s(?:en|a|dans|sur|pour|depuis)\b|\Z)
            |\bqui\sl'[a-z]+\b|\bl'(?:a|ont|avait|avaient|aura|auront)\s[a-z]
            |\bl'[a-z]+(?<![mgd])ent(?=\s?[?.!,]|\Z)|\bles\s[a-z]+(?:ra|ront|rait|raient)\b
            |\by\s(?!(?:a|avait|aura|ont|en)\b|a-t-il)[a-z]|\bs'en\s|\bqui\sen\s(?:est|a|sont)\b""",
            re.VERBOSE,
        ),
        Language.ENGLISH: Pattern(
            r"""\b(?:(?P<own>its|their|his|her)|it|they|them|he|she|him)\b|\b(?:that|this)\sone\b
            |\b(?:was|is|were)\s(?:that|this|those)\b|\b(?:that|here|there)(?=\s?(?:[?.!,]|\Z))
            |\b(?:among|of)\s(?:those|these)\b
            |(?:^|\b(?:at|in|on|of|for|by|with|from|did|does|do|is|was|and)\s)
             (?:that|those|these)\s(?!(?:is|are|was|were|have|has|had|would|will|can|the|a)\b)[a-z]""",
            re.VERBOSE,
        ),
    }
)
_PERSONAL: Final = Pattern(r"\b(?:it|he|she|they|him|her|them|ils?|elles?|lui|eux)\b")
_OF_A_PERSON: Final[Mapping[Language, Pattern]] = MappingProxyType(
    {
        Language.FRENCH: Pattern(r"\b(?:il|elle|lui)\b"),
        Language.ENGLISH: Pattern(r"\b(?:he|she|him|his|her)\b"),
    }
)
_NO_NOUN: Final = (
    r"(?=\s?(?:[?.!,;:]|\Z)"
    r"|\s(?:est|etait|a|avait|sera|il|elle|is|was|did|does|has|had|will|would)\b)"
)
_BOTH: Final = Pattern(
    r"\b(?:both|the\stwo|either|neither|which\sone|which\sof\s(?:the\stwo|them|these|those)"
    r"|[ld]es\sdeux|lequel|laquelle|tou(?:te)?s\sdeux)\b"
)
_FIRST: Final = Pattern(
    rf"\b(?:the\sfirst\sone\b|(?:the\s(?:first|former)|(?:la|le|du|au)\spremi(?:er|ere)){_NO_NOUN})"
)
_OTHER: Final = Pattern(rf"\b(?:the\sother\sone\b|(?:the\sother|l'autre){_NO_NOUN})")
_POSSESSIVE_EN: Final = Pattern(r"\b(?:its|(?P<person>his|her))(?=\s[a-z])")
_PRONOUN_EN: Final = Pattern(r"(?<!\bof\s)\b(?:that\sone|this\sone|it|(?P<person>he|she|him))\b")
_SUBJECT_FR: Final = Pattern(
    r"(?:\A|(?<=[,;]\s)|(?<=\bet\s)|(?<=\bmais\s)|(?P<that>\bqu'))(?P<pronoun>il|elle)\s"
)
_OBJECT_FR: Final = Pattern(
    r"\bqui\s(?P<pronoun>l'|le\s|la\s|les\s)(?P<verb>(?!dit|pense|sait)[a-z]+)(?=\s?[?.!,]|\s(?:en|a|au"
    r"|aux|dans|sur|pour|depuis|chez|de|par|avec|aujourd'hui|actuellement)\b|\Z)"
)
_POSSESSIVE_FR: Final = Pattern(
    r"\b(?P<determiner>son|sa|ses)\s"
    r"(?P<noun>(?:(?:premi|derni|nouve|ancien|propre|princip)[a-z]*\s)?[a-z-]+(?:\sd(?:e\s|')[a-z-]+)*"
    r"(?:\s[a-z]+(?=\s?[?.!]|\Z))?)"
)


def resume(text: str, language: Language, earlier: Sequence[Turn]) -> Resumed:
    """Return the question in `text` as one that stands alone, given the turns before it.

    The rules are those of this module's docstring. `text` is as `read_question` leaves it, and
    the last of `earlier` is the turn just before.
    """
    known = list_known(earlier)
    names = find_names(text, language, known)
    alone = Resumed(text, text, new_topic=True, names=tuple(name.text for name in names))
    if not earlier:
        return alone
    opening = load_words(language).opening.match(fold(text))
    body = opening.end() if opening else 0
    question = _FollowUp(text, language, tuple(names), body, known)
    if repeated := _repeat(question, earlier):
        return repeated
    if not _leans(question):
        return alone
    completed = _complete(question, earlier)
    return completed if len(completed.text) <= MAX_CHARACTERS else alone


def _leans(question: _FollowUp) -> bool:
    """Tell whether the question refers to another, or has too few words to be one."""
    subject, folded = question.subject, question.folded
    bound = len(question.text) if subject is None else subject.start
    if any(place < bound for place in _find_references(question)):
        return True
    if subject is not None:
        return question.body > 0 and _has_no_verb(question)
    if question.body or any(each.search(folded) for each in (_BOTH, _FIRST, _OTHER)):
        return True
    first = _WORD.match(question.text)
    keywords = first is not None and "?" not in question.text and first.group()[0].isupper()
    if keywords and first and fold(first.group()) not in load_function_words():
        return False  # "Budget total"
    return not question.names and len(_list_terms(question)) <= MAX_ELLIPTIC_TERMS


def _find_references(question: _FollowUp) -> Iterator[int]:
    """Yield where words stand that refer to something said before the question."""
    folded = _hide_expletives(question.folded)
    french = question.language is Language.FRENCH
    for match in _REFERRING[question.language].finditer(folded):
        # "Combien ça a coûté, MRS3 ?"
        if french and match["neuter"] and question.subject:
            continue
        # "Intégrer le programme, ça coûte combien ?" says what it refers to. In English a clause
        # may still speak of something else: "the firms it helped".
        end = match.start()
        if not french and not match["own"]:
            end = max(folded.rfind(", ", 0, end), folded.rfind(" and ", 0, end), 0)
        if not _has_noun(question, folded, end):
            yield match.start()
    if french:
        for match in _INVERTED.finditer(folded):
            if not _has_noun(question, folded, match.start()):
                yield match.start()


def _has_noun(question: _FollowUp, folded: str, end: int) -> bool:
    """Tell whether a noun with its article, or a name, stands before `end`, after what asks."""
    asked = 0
    for interrogative in _INTERROGATIVE.finditer(folded, 0, end):
        asked = interrogative.end()
    if any(asked <= name.start < end and not name.aside for name in question.names):
        return True
    return _DETERMINER.search(folded, asked, end) is not None


def _has_no_verb(question: _FollowUp) -> bool:
    """Tell whether what follows the opening is but a phrase ("pour combien d'emplois")."""
    found = re.findall(r"[^\W\d_]+", question.text[question.body :].lower())
    if not found or re.search(r"-(?:t-)?(?:il|elle|on|ce)s?\b", question.folded):
        return False
    # A question word at the end follows a verb: "un paquebot demande combien ?"
    ends = found[-1] in ("combien", "quoi", "much", "many") and len(found) > 2
    # "À" is no "a", nor "où" an "ou".
    if ends or load_words(question.language).verbs.intersection(found):
        return False
    return len(_list_terms(question)) <= MAX_ELLIPTIC_TERMS


def _list_terms(question: _FollowUp) -> list[str]:
    """Return the terms of a question but for its dates, names and question words."""
    left = question.text
    dates = read_date_spans(left, question.language, _ANY_DAY)
    spans = [(span.text_start, span.text_end) for span in dates]
    for start, end in [*spans, *((name.start, name.end) for name in question.names)]:
        left = left[:start] + " " * (end - start) + left[end:]
    words = load_words(question.language)
    kept = [
        word
        for word in re.findall(r"[^\W_]{2,}", left)
        if fold(word) not in words.slots and fold(word) not in words.empty
    ]
    return [term for term in analyse(" ".join(kept), question.language) if not term.isdigit()]


def _says_nothing(question: _FollowUp) -> bool:
    """Tell whether the question has no word of its own, so that it is of all that was asked."""
    if question.names or any(read_written_dates(question.text, question.language)):
        return False
    personal = _PERSONAL.search(_hide_expletives(question.folded))
    return personal is None and not _list_terms(question)


def _repeat(question: _FollowUp, earlier: Sequence[Turn]) -> Resumed | None:
    """Return the question before with the date or the name of this one, which has nothing else."""
    turn, text, language, names = earlier[-1], question.text, question.language, question.names
    if _COUNTING.search(text):  # "et en 2024, combien ?" is the last that counted something
        turn = next((each for each in reversed(earlier) if _COUNTING.search(each.text)), turn)
    if turn.language is not language:
        return None
    words = load_words(language)
    prompt = words.prompt.match(question.folded, question.body)
    body = prompt.end() if prompt else question.body
    spans = [(0, body), *((name.start, name.end) for name in names)]
    new_date = _read_date(text, language, turn.text)
    if new_date:
        spans.append((new_date.start, new_date.end))
    rest = list(question.folded)
    for start, end in spans:
        rest[start:end] = " " * (end - start)
    left = words.time.sub(" ", "".join(rest))
    if not (names or new_date) or not set(re.findall(r"[\w-]+", left)) <= words.slots:
        return None
    repeated = turn.text
    if names:
        others = find_names(repeated, language, question.known)
        replaced = _choose_replaced(names[0], others, turn)
        if replaced is None:
            return None
        head = fold(text[body : names[0].start]).split()
        if head and head[-1] in ("a", "en", "in") and not any(name.is_place for name in others):
            repeated = _insert(repeated, text[body : names[0].end])  # a place where there was none
        else:
            owners = [name for name in others if repeated[name.end : replaced.start] in _OWNS]
            start = owners[0].start if owners else replaced.start  # Google's Blue
            repeated = _put(repeated, start, replaced.end, names[0].text)
    if new_date:
        repeated = _put_date(repeated, language, new_date)
    given = {name.text for name in names}
    found = find_names(repeated, language, [*question.known, *given])
    carried = [
        Carried(CarriedKind.NAME, name.text, name.start, name.end)
        for name in found
        if name.text not in given
    ]
    given |= {new_date.bare} if new_date else set()
    carried += [
        Carried(CarriedKind.DATE, repeated[written.start : written.end], written.start, written.end)
        for written in read_written_dates(repeated, language)
        if repeated[written.start : written.end] not in given
        and all(written.end <= each.start or each.end <= written.start for each in carried)
    ]
    carried.sort(key=lambda each: each.start)
    return Resumed(text, repeated, tuple(carried), names=tuple(name.text for name in found))


def _choose_replaced(
    new: QuestionName, names: Sequence[QuestionName], turn: Turn
) -> QuestionName | None:
    """Return the name that `new` takes the place of: the topic, or for a place the last one."""

    def differ(name: QuestionName) -> tuple[bool, int, int]:
        if new.is_place:
            return not name.is_place, 0, -name.start
        return name.is_place, grade_name(turn, name), name.start

    return min(names, key=differ, default=None)


@dataclass(frozen=True, slots=True)
class _NewDate:
    """Hold a question's date: its words with and without preposition, and where they stand.

    It is `counted` where it comes of the question before.
    """

    text: str
    bare: str
    start: int
    end: int
    counted: bool = False


def _read_date(text: str, language: Language, before: str) -> _NewDate | None:
    """Return the date that `text` names, or counts from the last one of `before`."""
    preposition = "en" if language is Language.FRENCH else "in"
    folded, year = fold(text), _read_year(before, language)
    if year and (match := _RELATIVE.search(folded)):
        count = match["count"] or "1"
        years = int(count) if count.isdigit() else NUMBERS[count]
        later = match["after"] or match["next"] or match["following"]
        bare = str(year + years if later else year - years)
        return _NewDate(f"{preposition} {bare}", bare, match.start(), match.end(), counted=True)
    if year and (match := _PART_OF_YEAR.search(folded)):
        words = text[match.start() : match.end("part")] + str(year)
        return _NewDate(words, words, match.start(), match.end(), counted=True)
    spans = read_date_spans(text, language, _ANY_DAY)
    for written in read_written_dates(text, language):
        bare = text[written.start : written.end]
        for span in spans:
            if span.text_start <= written.start and written.end <= span.text_end:
                within = span.text if span.text != bare else f"{preposition} {bare}"
                return _NewDate(within, bare, span.text_start, span.text_end)
        return _NewDate(bare, bare, written.start, written.end)
    # "And now?", "il y a dix ans"
    for span in spans:
        return _NewDate(span.text, span.text, span.text_start, span.text_end)
    return None


def _read_year(text: str, language: Language) -> int | None:
    years = [written.last.year for written in read_written_dates(text, language)]
    return years[-1] if years else None


def _put_date(text: str, language: Language, new: _NewDate) -> str:
    """Return `text` with its last date replaced, or with the new one at its end."""
    dates = list(read_written_dates(text, language))
    if not dates:
        return _insert(text, new.text)
    last = dates[-1]
    within = [
        span
        for span in read_date_spans(text, language, _ANY_DAY)
        if span.text_start < last.start and last.end <= span.text_end
    ]
    if within:
        start, end = within[0].text_start, within[0].text_end
        opening = new.text[0].upper() if text[start].isupper() else new.text[0]
        return text[:start] + opening + new.text[1:] + text[end:]
    # "Sa version de 2021" keeps its preposition, "le pays fin 2017" has none to keep.
    keeps = re.search(
        r"(?:\b(?:de|of|from|annee|year|in|en|the|its|their|le|la|sa)\s|[(,]\s?)\Z",
        fold(text[: last.start]),
    )
    return text[: last.start] + (new.bare if keeps else new.text) + text[last.end :]


def _insert(text: str, addition: str) -> str:
    """Return `text` with words at its end, before the marks; in its brackets if it ends so."""
    end = _find_end(text)
    if text.endswith(")", 0, end):
        return f"{text[: end - 1]}, {addition}{text[end - 1 :]}"
    return f"{text[:end]} {addition}{text[end:]}"


def _put(text: str, start: int, end: int, name: str) -> str:
    """Return `text` with `name` in place of `text[start:end]`, after "de" or "d'" as it asks."""
    head = text[:start]
    vowel = fold(name[0]) in "aeiouy"
    if not vowel and re.search(r"\b[dD]['’]\Z", head):
        head = head[:-1] + "e "
    elif vowel and re.search(r"\b[dD]e\s\Z", head):
        head = head[:-2] + "'"
    return head + name + text[end:]


def _complete(question: _FollowUp, earlier: Sequence[Turn]) -> Resumed:
    """Return the question with the topic of those before in brackets, or in a pronoun's place."""
    topics = () if _says_nothing(question) else _choose_topics(question, earlier)
    end = _find_end(question.text)
    edits = [_Edit(0, question.body)]
    # Of two, the pronoun doesn't tell which it means; a place alone is hardly what it means.
    if len(topics) == 1 and not topics[0].is_place:
        edits += _replace(question, topics[0])
    if len(edits) == 1:
        names = [_Edit(end, end, text=topic.text, kind=CarriedKind.NAME) for topic in topics]
        whole = _Edit(end, end, text=_name_question(earlier), kind=CarriedKind.QUESTION)
        edits += names or [whole]
    # What is asked has its date.
    if topics:
        edits += _place_date(question, earlier[-1], in_brackets=edits[-1].start == end)
    rewritten, carried = _apply(question.text, edits)
    kept = [topic.name for topic in topics] or list(earlier[-1].names)
    kept += [name.text for name in question.names]
    return Resumed(question.text, rewritten, carried, names=tuple(dict.fromkeys(kept)))


def _choose_topics(question: _FollowUp, earlier: Sequence[Turn]) -> tuple[Topic, ...]:
    """Return what the question leans on: names that it points to, a person, or the last topic."""
    folded, topics = _hide_expletives(question.folded), find_topics(earlier, question.known)
    if any(each.search(folded) for each in (_BOTH, _FIRST, _OTHER)):
        spoken_of = list_topics(earlier, question.known)
        if len(spoken_of) < 2:
            return topics
        if _BOTH.search(folded):
            return tuple(spoken_of[-MAX_TOPICS:])
        if _FIRST.search(folded):
            return (spoken_of[0],)
        return tuple([each for each in spoken_of if each not in topics][-1:]) or topics
    person = find_person(earlier[-1]) if _OF_A_PERSON[question.language].search(folded) else None
    if person is None:
        return topics
    # What was asked is kept beside the person: "it" may follow.
    others = [topic for topic in topics if topic.name != person.name and not topic.is_place]
    return (person, *others)[:MAX_TOPICS]


def _replace(question: _FollowUp, topic: Topic) -> list[_Edit]:
    """Return the topic in the place of the first word that refers to it, where grammar allows."""
    # Without its article, the noun can't stand in a sentence.
    name = topic.text if topic.article or topic.text == topic.name else topic.name
    folded = _hide_expletives(question.folded)
    replace = _replace_french if question.language is Language.FRENCH else _replace_english
    found = (replace(folded, each, name, topic.article) for each in _find_references(question))
    return next(filter(None, found), [])


def _replace_english(folded: str, place: int, name: str, article: str) -> list[_Edit]:
    pronoun, possessive = _PRONOUN_EN.match(folded, place), _POSSESSIVE_EN.match(folded, place)
    found = pronoun or possessive
    if found is None or (found["person"] and not is_person(name, Language.ENGLISH)):
        return []
    after = "" if pronoun else "'" if name.endswith("s") else "'s"
    return [_Edit(*found.span(), article, name, after, CarriedKind.NAME)]


def _replace_french(folded: str, place: int, name: str, article: str) -> list[_Edit]:
    kind = CarriedKind.NAME
    for subject in _SUBJECT_FR.finditer(folded):
        if subject.start("pronoun") == place:
            before = f"qu{_elide(article + name)}{article}" if subject["that"] else article
            return [_Edit(*subject.span(), before, name, " ", kind)]
    inverted = _INVERTED.match(folded, place)
    if inverted and not inverted.group().endswith("s"):
        return [_Edit(place, place, article, name, " ", kind)]
    if objected := _OBJECT_FR.match(folded, place):
        verb = objected.end("verb")
        return [_Edit(*objected.span("pronoun")), _Edit(verb, verb, f" {article}", name, "", kind)]
    if possessed := _POSSESSIVE_FR.match(folded, place):
        determiner = possessed["determiner"]
        its = "l'" if possessed["noun"][0] in "aeiouyh" else "la " if determiner == "sa" else "le "
        if determiner == "ses":
            its = "les "
        of = " du " if article == "le " else f" d{_elide(article + name)}{article}"
        end = possessed.end()
        return [
            _Edit(possessed.start(), possessed.start("noun"), its),
            _Edit(end, end, of, name, "", kind),
        ]
    return []


def _elide(following: str) -> str:
    return "'" if fold(following[0]) in "aeiouy" else "e "


def _place_date(question: _FollowUp, turn: Turn, in_brackets: bool) -> list[_Edit]:
    """Return what gives the question its date: counted from the one before, or the same."""
    new = _read_date(question.text, question.language, turn.text)
    if new and new.counted:
        return [_Edit(new.start, new.end, text=new.text, kind=CarriedKind.DATE)]
    dates = list(read_written_dates(turn.text, turn.language))
    # "Its floor area" is that of no year, "how many jobs" that of the year spoken of.
    phrase = in_brackets and not any(_find_references(question)) and _has_no_verb(question)
    same_time = load_words(question.language).time.search(question.folded)
    if new or not dates or not (same_time or phrase):
        return []
    last, end = dates[-1], _find_end(question.text)
    return [_Edit(end, end, text=turn.text[last.start : last.end], kind=CarriedKind.DATE)]


def _name_question(earlier: Sequence[Turn]) -> str:
    """Return the last question that has no brackets, to be read in brackets."""
    turn = next((each for each in reversed(earlier) if not _is_completed(each.text)), earlier[-1])
    text = turn.text[: _find_end(turn.text)]
    first = _WORD.match(text)
    if first and fold(first.group()) in load_function_words():
        text = text[:1].lower() + text[1:]
    return text


def _is_completed(text: str) -> bool:
    return text.endswith(")", 0, _find_end(text))


def _hide_expletives(folded: str) -> str:
    return _EXPLETIVE.sub(lambda match: " " * len(match.group()), folded)


def _apply(text: str, edits: Sequence[_Edit]) -> tuple[str, tuple[Carried, ...]]:
    """Return the edited text, what is carried at its end in brackets, and its places."""
    end = _find_end(text)
    appended = [edit for edit in edits if edit.start == end == edit.end and not edit.before]
    parts: list[str] = []
    carried: list[Carried] = []
    position = length = 0

    def write(part: str) -> None:
        nonlocal length
        parts.append(part)
        length += len(part)

    inline = sorted((edit for edit in edits if edit not in appended), key=lambda edit: edit.start)
    for edit in inline:
        write(_capitalise(text[position : edit.start], not length))
        start = length
        before = edit.before
        write(_capitalise(before, not length) + edit.text + edit.after)
        if edit.kind is not None:
            carried.append(
                Carried(edit.kind, edit.text, start, length, text[edit.start : edit.end])
            )
        position = edit.end
    write(_capitalise(text[position:end], not length))
    for number, edit in enumerate(appended):
        write(", " if number else " (")
        if edit.kind is not None:
            carried.append(Carried(edit.kind, edit.text, length, length + len(edit.text)))
        write(edit.text)
    if appended:
        write(")")
    write(text[end:])
    return "".join(parts), tuple(carried)


def _capitalise(text: str, begins: bool) -> str:
    return text[:1].upper() + text[1:] if begins else text


def _find_end(text: str) -> int:
    """Return where the marks begin that end the question."""
    match = _END.search(text)
    return match.start() if match else len(text)
