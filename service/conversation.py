"""Questions that lean on those before them, made to stand alone by rules.

1. A question that holds nothing but a date or a name ("Et en 2016 ?", "And Barcelona?") is the one
   before with its date, or its name of the same make, put in the other's place.
2. A pronoun without a noun before it stands for the topic: the name that the question before is
   about, or else its quote, or its article's title. It is replaced where grammar allows ("Il a
   coûté combien ?", "its revenue", "sa surface"); elsewhere the topic follows in brackets.
3. So does the topic of a question that opens with "et" or "and", says "there" or "sur place", or
   has so few words of its own that it must lean on something ("Combien d'emplois ?").
4. A time counted from another ("l'année d'après") is counted from the question before. Its date
   is carried to questions that speak of "that point", or have no verb.
5. Any other question stands alone, and nothing is carried to it. So does one that names its own
   subject before any pronoun, and one that would grow too long to be asked.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern
from massilia.index.analysis import analyse
from massilia.service.question import MAX_CHARACTERS
from massilia.service.question_dates import NUMBERS, read_date_spans
from massilia.service.turns import Carried, CarriedKind, Resumed, Turn
from massilia.service.written_dates import fold, read_written_dates

WORDS = "conversation.toml"
MAX_ELLIPTIC_TERMS = 3
"""How many terms a question without a name has at most if it leans on another."""
MAX_NAMES = 2
"""How many names follow in brackets."""
MAX_WORDS_OF_NAME = 8
MAX_WORDS_OF_HEAD = 3
"""How many words a title has before its comma if they are a name: "thecamp, ..."."""


@dataclass(frozen=True, slots=True)
class _Words:
    """Hold the word lists of one language."""

    opening: Pattern
    place: Pattern
    deictic: Pattern
    time: Pattern
    change: Pattern
    slots: frozenset[str]
    verbs: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Name:
    """Hold a name and its place; `is_place` where it follows "à", "in" or "according to"."""

    text: str
    start: int
    end: int
    is_place: bool


@dataclass(frozen=True, slots=True)
class _Edit:
    """Hold new text for `text[start:end]`: what is carried, with the words around it."""

    start: int
    end: int
    before: str = ""
    text: str = ""
    after: str = ""
    kind: CarriedKind | None = None


_TOKEN: Final = Pattern(
    r"(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu)['’]|[^\W_]+(?:[.&-][^\W_]+)*", re.IGNORECASE
)
_QUOTED: Final = Pattern(r"«\s?([^«»]{2,80}?)\s?»|“([^“”]{2,80})”|\"([^\"]{2,80})\"")
_TITLE: Final = Pattern(r"(?<=[a-zà-ÿ,]\s)(?:Le|La|Les|L['’]|The)\s?(?=\w)")
_INSIDE_NAME: Final = Pattern(r"\s(?:(?:de\s(?:la\s|l['’])?|du\s|des\s|d['’]|of\s(?:the\s)?|&\s))?")
_ACRONYM: Final = Pattern(
    r"(?=.*[^\W\d_])(?:\w*[^\W\d_a-zà-ÿ]\w*[^\W\d_a-zà-ÿ]|.*[a-zà-ÿ][A-Z]|.*[^\W\d_][.&][^\W\d_]|[^\W\d_]{2}.*\d|\d+[A-Z][a-z]|[^\W\d_]\d[^\W\d_])"
)
_CODE: Final = Pattern(r"[hqst][1-4]|\d+(?:e|er|re|eme|st|nd|rd|th|h|s|k)|(?:19|20)\d\d", re.I)
_DEMONYM: Final = Pattern(r"[a-z]+(?:ian|ean|can|ish|ese)s?")
_SENTENCE_START: Final = Pattern(r"(?:^|[.!?:;]\s|[«“\"(]\s?|^[-–•]\s)\Z")
_ARTICLES: Final = frozenset({"le", "la", "les", "the", "un", "une"})
_END: Final = Pattern(r"[\s ]*[?!.…]*\s*\Z")
_COUNTING: Final = Pattern(r"\b(?:combien|how (?:many|much))\b", re.IGNORECASE)
_COUNT: Final = rf"(?P<count>[0-9]{{1,2}}|{'|'.join(NUMBERS)})"
_ENDS_THERE: Final = r"(?=\s?(?:[?.!,;:]|\Z)|\s(?:et|and)\b)"
_RELATIVE: Final = Pattern(
    rf"""\b(?:{_COUNT}\s(?:ans?|annees?|years?)\s
      (?:(?P<after>apres|plus\stard|later|after)|plus\stot|avant|auparavant|earlier|before)
    |(?:l'annee\s(?:(?P<next>d'apres|suivante)|d'avant|precedente)
      |the\s(?:(?P<following>year\safter|following\syear)|year\sbefore|previous\syear)))
    {_ENDS_THERE}""",
    re.VERBOSE,
)

# Clitics that repeat a noun before the verb refer to it; the others to what was spoken of.
_INVERTED: Final = Pattern(
    r"(?P<verb>(?:\b(?:ne|n'|s'|se|l'|les|y|en)\s?)*[a-z]+)-(?:t-)?(?:ils?|elles?)\b"
)
_EXPLETIVE: Final = Pattern(
    r"\b(?:(?:y\s(?:a|avait|aura|eut)|faut|fallait|existe|reste|s'agit|agit|est)-(?:t-)?il\s?(?:possible|vrai)?"
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
    r"\b(?:le|la|les|un|une|ce|cet|cette|ces|son|sa|ses|leur|leurs|chaque|the|an|this|these|those)\s|\bl'"
)
_SUBJECT_FR: Final = Pattern(
    r"(?:\A|(?<=[,;]\s)|(?<=\bet\s)|(?<=\bmais\s)|(?P<that>\bqu'))(?:il|elle)\s"
)
# What stands beside a name and says what it is.
_NOUN_FR: Final = Pattern(
    r"(?P<determiner>\b(?:le|la|du|au|un|une|ce|cet|cette|son|sa)\s|\bl['’])(?:premi[eè]re?\s)?"
    r"(?P<noun>(?!qu[ei]\s)[a-zà-ÿ]{3,}\s(?P<of>de\s|d['’])?)\Z",
    re.IGNORECASE,
)
_INVERSION: Final = Pattern(r"\s[a-zà-ÿ]+-(?:t-)?(?:il|elle)\b")
_ARTICLE_OF: Final[Mapping[str, str]] = MappingProxyType(
    {"le": "le ", "du": "le ", "au": "le ", "la": "la ", "l'": "l'", "l’": "l'"}
)
_NOUN_OF_EN: Final = Pattern(r"\b(?:did|does|do|has|had)\sthe\s(?P<noun>[a-z]+\sof\s)\Z")
_NOUN_EN: Final = Pattern(
    r"(?P<noun>\s(?!(?:and|or|in|of|at|for|to|from|on|by|with|have|has|did|is|was)\b)[a-z]{3,})"
    r"(?P<verb>\s(?!(?:and|or|in|of|at|for|to|from|on|by|with)\b)[a-z]+)?"
)
_DETERMINED_EN: Final = Pattern(r"(?:\A|\s)(?:the|an?|its|their)\s(?:first\s|new\s)?\Z", re.I)
_ASKED_EN: Final = Pattern(r"\b(?:did|does|do)\sthe\s\Z")
_OBJECT_FR: Final = Pattern(
    r"\bqui\s(?P<pronoun>l'|le\s|la\s|les\s)(?P<verb>[a-z]+)(?=\s?[?.!,]|\s(?:en|a|au|aux|dans|sur"
    r"|pour|depuis|chez|de|par|avec|aujourd'hui|actuellement)\b|\Z)"
)
_POSSESSIVE_FR: Final = Pattern(
    r"\b(?P<determiner>son|sa|ses)\s"
    r"(?P<noun>(?:(?:premi|derni|nouve|ancien|propre|princip)[a-z]*\s)?[a-z-]+(?:\sd(?:e\s|')[a-z-]+)*"
    r"(?:\s[a-z]+(?=\s?[?.!]|\Z))?)"
)
_POSSESSIVE_EN: Final = Pattern(r"\b(?:its|his|her)(?=\s[a-z])")
_PRONOUN_EN: Final = Pattern(r"(?<!\bof\s)\b(?:that\sone|this\sone|it|he|she|him)\b")
# Words that refer to something said before, unless the question itself says what ("own").
_REFERRING: Final[Mapping[Language, Pattern]] = MappingProxyType(
    {
        Language.FRENCH: Pattern(
            r"""(?<!-)\b(?:ils?|elles?|lui|eux|ca|cela|celui|celle|son|sa|ses|leurs?)\b(?!-)
            |\bc'|-ce\b(?!\sque?\b|\squ')
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
            |(?:^|\b(?:at|in|on|of|for|by|with|from|did|does|do|is|was|and)\s)
             (?:that|those|these)\s(?!(?:is|are|was|were|have|has|had|would|will|can|the|a)\b)[a-z]""",
            re.VERBOSE,
        ),
    }
)


def resume(text: str, language: Language, earlier: Sequence[Turn]) -> Resumed:
    """Return the question in `text` as one that stands alone, given the turns before it.

    The rules are those of this module's docstring. `text` is as `read_question` leaves it, and
    the last of `earlier` is the turn just before.
    """
    if not earlier:
        names = find_names(text, language)
        return Resumed(text, text, new_topic=True, names=tuple(name.text for name in names))
    words = _load_words(language)
    known = _list_known(earlier)
    names = find_names(text, language, known)
    opening = words.opening.match(fold(text))
    body = opening.end() if opening else 0
    if repeated := _repeat(text, body, language, names, earlier, known):
        return repeated
    if not _leans(text, body, language, names):
        return Resumed(text, text, new_topic=True, names=tuple(name.text for name in names))
    completed = _complete(text, body, language, names, earlier, known)
    if len(completed.text) > MAX_CHARACTERS:
        return Resumed(text, text, new_topic=True, names=tuple(name.text for name in names))
    return completed


def find_names(text: str, language: Language, known: Sequence[str] = ()) -> list["_Name"]:
    """Return the names in `text`: quoted, capitalised, acronyms, codes with digits.

    `known` are texts and names of the same conversation: of names they show, the spelling doesn't
    count here, nor does a capital that begins a sentence.
    """
    folded = fold(text)
    found: list[tuple[int, int]] = []
    for match in _QUOTED.finditer(text):
        found.append(match.span(match.lastindex or 0))
    # Typed without capitals: "medusa" is the Medusa spoken of, but "métropole" no "Métropole".
    searched = folded if text[1:] == text[1:].lower() else None
    for name in known:
        wanted = name if searched is None else fold(name)
        found += _find_word(wanted, searched or text)
    found += _find_capitalised(text)
    found.sort(key=lambda span: (span[0], -span[1]))
    names: list[_Name] = []
    place = _load_words(language).place
    for start, end in found:
        if not names or start >= names[-1].end:
            is_place = place.search(folded, max(0, start - 30), start) is not None
            names.append(_Name(text[start:end], start, end, is_place))
    return names


def _list_known(earlier: Sequence[Turn]) -> tuple[str, ...]:
    """Return the names that the last turns show, each once."""
    known: dict[str, None] = {}
    for turn in reversed(earlier[-3:]):
        known |= dict.fromkeys(turn.names)
        for text in (turn.question, turn.title or "", turn.quote or ""):
            known |= dict.fromkeys(text[start:end] for start, end in _find_capitalised(text))
        head = re.split(r"\s?[:,]\s", turn.title or "")[0]
        if 0 < len(head.split()) <= MAX_WORDS_OF_HEAD and fold(head) in fold(turn.question):
            known[head] = None
        if turn.quote and (title := _find_title(turn.question, turn.quote)):
            known[title] = None
    return tuple(known)


def _find_capitalised(text: str) -> list[tuple[int, int]]:
    """Return where names stand that are written with capitals, neighbours as one name."""
    spans: list[tuple[int, int]] = []
    # The last word that is a name only if another follows it.
    half: tuple[int, int] | None = None
    for token in _TOKEN.finditer(text):
        word, (start, end) = token.group(), token.span()
        if not _is_written_as_name(word):
            continue
        gap = text[spans[-1][1] : start] if spans else ""
        joined = _INSIDE_NAME.fullmatch(gap) is not None
        if gap.strip() and any(map(str.isdigit, text[slice(*spans[-1])])):  # MRS4 d'Interxion
            joined = False
        if fold(word) in _load_ordinary() and not (joined and gap.strip()):  # Belle de Mai
            continue
        if joined:
            spans[-1] = (spans[-1][0], end)
            continue
        begin = half[0] if half and _INSIDE_NAME.fullmatch(text, half[1], start) else start
        if _is_half_name(text, word, start):
            half = (begin, end)
        elif fold(word) not in _load_function_words():
            spans.append((begin, end))
    return spans


def _is_written_as_name(word: str) -> bool:
    if word.islower() and word.isalpha():
        return False
    if word.endswith(("'", "’")) or word.isdigit() or _CODE.fullmatch(word):
        return False
    return word[0].isupper() or _ACRONYM.match(word) is not None


def _is_half_name(text: str, word: str, start: int) -> bool:
    """Tell whether the word is no name alone: the first of a sentence, "French", a title's "La"."""
    folded = fold(word)
    initial = _SENTENCE_START.search(text, max(0, start - 4), start) is not None
    if folded in _load_function_words():
        return folded in _ARTICLES and not initial
    if folded in _load_demonyms() or _DEMONYM.fullmatch(folded):
        return True
    return initial and not _ACRONYM.match(word)


def _find_title(question: str, quote: str) -> str | None:
    """Return the title within `question` that begins with an article and stands in `quote` too."""
    for article in _TITLE.finditer(question):
        ends = [word.end() for word in _TOKEN.finditer(question, article.end())]
        for end in reversed(ends[:MAX_WORDS_OF_NAME]):
            last = fold(question[:end]).rsplit(" ", 1)[-1]
            title = question[article.start() : end]
            if title in quote and last not in _load_function_words():
                return title
    return None


def _leans(text: str, body: int, language: Language, names: Sequence[_Name]) -> bool:
    """Tell whether the question refers to another, or has too few words to be one."""
    words = _load_words(language)
    folded = fold(text)
    subject = next((name.start for name in names if not name.is_place), None)
    bound = len(text) if subject is None else subject
    if any(place < bound for place in _find_references(text, language)):
        return True
    if subject is not None:
        return body > 0 and _has_no_verb(text, body, language, names)
    if _TITLE.search(text):
        return False
    if body or words.deictic.search(folded) or "là" in text.lower().split():
        return True
    first = _TOKEN.match(text)
    keywords = first is not None and "?" not in text and first.group()[0].isupper()
    if keywords and first and fold(first.group()) not in _load_function_words():
        return False  # "Flexgrid budget total"
    return not names and len(_list_terms(text, language, names)) <= MAX_ELLIPTIC_TERMS


def _find_references(text: str, language: Language) -> Iterator[int]:
    """Yield where words stand that refer to something said before the question."""
    folded = _hide_expletives(text)
    french = language is Language.FRENCH
    for match in _REFERRING[language].finditer(folded):
        # "Intégrer le programme, ça coûte combien ?" says what it refers to. In English a clause
        # may still speak of something else: "the firms it helped".
        end = match.start()
        if not french and not match["own"]:
            end = max(folded.rfind(", ", 0, end), folded.rfind(" and ", 0, end), 0)
        if not _has_noun(folded, end):
            yield match.start()
    if french and (inverted := _find_inverted(folded)):
        yield inverted.start()


def _has_noun(folded: str, end: int) -> bool:
    """Tell whether a noun with its article stands before `end`, after the question word."""
    asked = 0
    for interrogative in _INTERROGATIVE.finditer(folded, 0, end):
        asked = interrogative.end()
    return _DETERMINER.search(folded, asked, end) is not None


def _find_inverted(folded: str) -> re.Match[str] | None:
    """Return the verb before a clitic ("fait-il") unless the question has its subject."""
    for match in _INVERTED.finditer(folded):
        if not _has_noun(folded, match.start()):
            return match
    return None


def _has_no_verb(text: str, body: int, language: Language, names: Sequence[_Name]) -> bool:
    """Tell whether what follows the opening is but a phrase ("pour combien d'emplois")."""
    folded = fold(text)
    found = re.findall(r"[^\W\d_]+", text[body:].lower())
    if not found or re.search(r"-(?:t-)?(?:il|elle|on|ce)s?\b", folded):
        return False
    # A question word at the end follows a verb: "un paquebot demande combien ?"
    ends = found[-1] in ("combien", "quoi", "much", "many") and len(found) > 2
    # "À" is no "a", nor "où" an "ou".
    if ends or _load_words(language).verbs.intersection(found):
        return False
    return len(_list_terms(text, language, names)) <= MAX_ELLIPTIC_TERMS


def _list_terms(text: str, language: Language, names: Sequence[_Name]) -> list[str]:
    """Return the terms of a question but for its dates, names and question words."""
    left = text
    spans = [(span.text_start, span.text_end) for span in read_date_spans(text, language, date.max)]
    for start, end in [*spans, *((name.start, name.end) for name in names)]:
        left = left[:start] + " " * (end - start) + left[end:]
    slots = _load_words(language).slots
    words = [word for word in re.findall(r"[^\W_]{2,}", left) if fold(word) not in slots]
    return [term for term in analyse(" ".join(words), language) if not term.isdigit()]


def _repeat(
    text: str,
    body: int,
    language: Language,
    names: Sequence[_Name],
    earlier: Sequence[Turn],
    known: Sequence[str],
) -> Resumed | None:
    """Return the question before with the date or the name of this one, which has nothing else."""
    turn = earlier[-1]
    if _COUNTING.search(text):  # "et en 2024, combien ?" is the last that counted something
        turn = next((each for each in reversed(earlier) if _COUNTING.search(each.text)), turn)
    if turn.language is not language:
        return None
    spans = [(0, body), *((name.start, name.end) for name in names)]
    new_date = _read_date(text, language, turn.text)
    if new_date:
        spans.append((new_date.start, new_date.end))
    rest = list(fold(text))
    for start, end in spans:
        rest[start:end] = " " * (end - start)
    left = _load_words(language).time.sub(" ", "".join(rest))
    if not (names or new_date) or not (
        set(re.findall(r"[\w-]+", left)) <= _load_words(language).slots
    ):
        return None
    repeated = turn.text
    if names:
        others = find_names(repeated, language, known)
        replaced = _choose_replaced(names[0], others)
        if replaced is None:
            return None
        head = fold(text[body : names[0].start]).split()
        if head and head[-1] in ("a", "en", "in") and not any(name.is_place for name in others):
            repeated = _insert(repeated, text[body : names[0].end])  # a place where there was none
        else:
            repeated = _put(repeated, replaced.start, replaced.end, names[0].text)
    if new_date:
        repeated = _put_date(repeated, language, new_date)
    given = {name.text for name in names}
    found = find_names(repeated, language, [*known, *given])
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


@dataclass(frozen=True, slots=True)
class _NewDate:
    """Hold a question's date: its words with and without preposition, and where they stand."""

    text: str
    bare: str
    start: int
    end: int


def _read_date(text: str, language: Language, before: str) -> _NewDate | None:
    """Return the date that `text` names, or counts from the last one of `before`."""
    preposition = "en" if language is Language.FRENCH else "in"
    if (match := _RELATIVE.search(fold(text))) and (year := _read_year(before, language)):
        count = match["count"] or "1"
        years = int(count) if count.isdigit() else NUMBERS[count]
        later = match["after"] or match["next"] or match["following"]
        bare = str(year + years if later else year - years)
        return _NewDate(f"{preposition} {bare}", bare, match.start(), match.end())
    for written in read_written_dates(text, language):
        bare = text[written.start : written.end]
        for span in read_date_spans(text, language, date.max):
            if span.text_start <= written.start and written.end <= span.text_end:
                within = span.text if span.text != bare else f"{preposition} {bare}"
                return _NewDate(within, bare, span.text_start, span.text_end)
        return _NewDate(bare, bare, written.start, written.end)
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
        for span in read_date_spans(text, language, date.max)
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


def _choose_replaced(new: _Name, names: Sequence[_Name]) -> _Name | None:
    """Return the name that `new` takes the place of: one that is used and written alike."""

    def differ(name: _Name) -> tuple[bool, bool, int]:
        return (
            name.is_place is not new.is_place,
            _shape(name.text) != _shape(new.text),
            -name.start if new.is_place else name.start,
        )

    return min(names, key=differ, default=None)


def _shape(name: str) -> tuple[bool, bool]:
    return any(map(str.isdigit, name)), name[1:] != name[1:].lower() and " " not in name


def _put(text: str, start: int, end: int, name: str) -> str:
    """Return `text` with `name` in place of `text[start:end]`, after "de" or "d'" as it asks."""
    head = text[:start]
    vowel = fold(name[0]) in "aeiouy"
    if not vowel and re.search(r"\b[dD]['’]\Z", head):
        head = head[:-1] + "e "
    elif vowel and re.search(r"\b[dD]e\s\Z", head):
        head = head[:-2] + "'"
    return head + name + text[end:]


def _complete(
    text: str,
    body: int,
    language: Language,
    names: Sequence[_Name],
    earlier: Sequence[Turn],
    known: Sequence[str],
) -> Resumed:
    """Return the question with the topic of those before in the place of what refers to it."""
    kind, topics = _find_topics(earlier, known)
    if _asks_of_question(text, body, language, names):
        kind, topics = CarriedKind.QUESTION, [_name_question(earlier)]
    edits = [_Edit(0, body)]
    # Of two, the pronoun doesn't tell which it means; a place alone is hardly what it means.
    if kind is CarriedKind.NAME and len(topics) == 1 and not topics[0].is_place:
        edits += _replace(text, body, language, topics[0])
    if len(edits) == 1:
        end = _find_end(text)
        edits += [_Edit(end, end, text=topic.text, kind=kind) for topic in topics]
    # "Sa surface" is that of no year, "combien d'emplois" that of the year spoken of.
    phrase = (
        edits[-1].start == _find_end(text)
        and next(_find_references(text, language), None) is None
        and _has_no_verb(text, body, language, names)
    )
    edits += _place_date(text, language, earlier[-1], phrase)
    rewritten, carried = _apply(text, edits)
    by_name = kind is CarriedKind.NAME
    kept = [topic.name for topic in topics] if by_name else list(earlier[-1].names)
    kept += [name.text for name in names]
    return Resumed(text, rewritten, carried, names=tuple(dict.fromkeys(kept)))


def _asks_of_question(text: str, body: int, language: Language, names: Sequence[_Name]) -> bool:
    """Tell whether the question is of all that was asked: "why?", or what becomes of an amount."""
    words = _load_words(language)
    if words.change.search(fold(text)):
        return True
    named = names or any(read_written_dates(text, language)) or words.deictic.search(fold(text))
    refers = next(_find_references(text, language), None) is not None
    return not (named or refers or _list_terms(text[body:], language, ()))


@dataclass(frozen=True, slots=True)
class _Topic:
    """Hold a name, with the noun it stands beside ("campus Theodora") and that one's article."""

    name: str
    text: str
    article: str = ""
    is_place: bool = False


def _find_topics(earlier: Sequence[Turn], known: Sequence[str]) -> tuple[CarriedKind, list[_Topic]]:
    """Return what the turn before is about: a name or two, or else its question."""
    turn = earlier[-1]
    names = find_names(turn.text, turn.language, known)
    answer = f"{turn.quote or ''} {turn.title or ''}"
    if names:
        best = min(_grade(turn, name) for name in names)
        subjects = [name.text for name in names if _grade(turn, name) == best]
        # What the reader named there comes before what was carried.
        subjects = [name for name in subjects if name in turn.question] or subjects
    elif met := [name for each in reversed(earlier[:-1]) for name in each.names if name in answer]:
        subjects = met
    else:
        found = find_names(turn.quote or turn.title or "", turn.language, known)
        subjects = [name.text for name in sorted(found, key=lambda name: name.is_place)[:1]]
    if not subjects:
        return CarriedKind.QUESTION, [_name_question(earlier)]
    chosen = list(dict.fromkeys(subjects))[:MAX_NAMES]
    only_places = bool(names) and all(name.is_place for name in names)
    topics = [_extend(name, earlier) for name in chosen]
    return CarriedKind.NAME, [replace(topic, is_place=only_places) for topic in topics]


def _grade(turn: Turn, name: _Name) -> int:
    """Return how unlikely a topic the name is: a place or a source is one if there is no other."""
    english = turn.language is Language.ENGLISH
    if name.is_place:
        return 2
    return 1 if english and _find_qualified(turn.text, name.start, name.end) else 0


def _is_completed(text: str) -> bool:
    return text.endswith(")", 0, _find_end(text))


def _name_question(earlier: Sequence[Turn]) -> _Topic:
    """Return the last question that has no brackets, to be read in brackets."""
    turn = next((each for each in reversed(earlier) if not _is_completed(each.text)), earlier[-1])
    text = turn.text[: _find_end(turn.text)]
    first = _TOKEN.match(text)
    if first and fold(first.group()) in _load_function_words():
        text = text[:1].lower() + text[1:]
    return _Topic("", text)


def _extend(name: str, earlier: Sequence[Turn]) -> _Topic:
    """Return the name with the noun that it stands beside in the latest question that has one."""
    for turn in reversed(earlier):
        extend = _extend_french if turn.language is Language.FRENCH else _extend_english
        for start, end in _find_word(name, turn.text):
            if topic := extend(turn.text, start, end):
                return topic
    return _Topic(name, name)


def _extend_french(text: str, start: int, end: int) -> _Topic | None:
    before = _NOUN_FR.search(text[:start])
    # "Le port de Marseille avait-il" is of the port, "le prix de Medusa" of Medusa.
    if before is None or (before["of"] and not _INVERSION.match(text, end)):
        return None
    article = _ARTICLE_OF.get(before["determiner"].strip().lower(), "")
    return _Topic(text[start:end], before["noun"] + text[start:end], article)


def _extend_english(text: str, start: int, end: int) -> _Topic | None:
    name, head = text[start:end], text[:start]
    if of := _NOUN_OF_EN.search(head):
        return _Topic(name, of["noun"] + name, "the ")
    noun = _find_qualified(text, start, end)
    if noun is None or (_ASKED_EN.search(head) and not noun["verb"]):
        return None
    return _Topic(name, name + noun["noun"], "the " if head.endswith(" the ") else "")


def _find_qualified(text: str, start: int, end: int) -> re.Match[str] | None:
    """Return the noun that an English name says which it is of: "the Marseille coast"."""
    return _NOUN_EN.match(text, end) if _DETERMINED_EN.search(text[:start]) else None


def _replace(text: str, body: int, language: Language, topic: _Topic) -> list[_Edit]:
    # Without its article, the noun can't stand in a sentence.
    name = topic.text if topic.article or topic.text == topic.name else topic.name
    if language is Language.FRENCH:
        return _replace_french(text, body, name, topic.article)
    return _replace_english(text, body, name, topic.article)


def _replace_english(text: str, body: int, name: str, article: str) -> list[_Edit]:
    folded = _hide_expletives(text)
    kind = CarriedKind.NAME
    pronoun, possessive = _PRONOUN_EN.search(folded, body), _POSSESSIVE_EN.search(folded, body)
    if pronoun and not (possessive and possessive.start() < pronoun.start()):
        return [_Edit(*pronoun.span(), article, name, kind=kind)]
    if possessive:
        after = "'" if name.endswith("s") else "'s"
        return [_Edit(*possessive.span(), article, name, after, kind)]
    return []


def _replace_french(text: str, body: int, name: str, article: str) -> list[_Edit]:
    folded = _hide_expletives(text)
    kind = CarriedKind.NAME
    if subject := _SUBJECT_FR.search(folded, body):
        before = article
        if subject["that"]:
            before = f"qu{_elide(article + name)}{article}"
        return [_Edit(*subject.span(), before, name, " ", kind)]
    inverted = _find_inverted(folded)
    if inverted and not inverted.group().endswith("s"):
        return [_Edit(inverted.start(), inverted.start(), article, name, " ", kind)]
    if objected := _OBJECT_FR.search(folded):
        verb = objected.end("verb")
        return [_Edit(*objected.span("pronoun")), _Edit(verb, verb, f" {article}", name, "", kind)]
    if possessed := _POSSESSIVE_FR.search(folded):
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


def _hide_expletives(text: str) -> str:
    return _EXPLETIVE.sub(lambda match: " " * len(match.group()), fold(text))


def _elide(following: str) -> str:
    return "'" if fold(following[0]) in "aeiouy" else "e "


def _place_date(text: str, language: Language, turn: Turn, phrase: bool) -> list[_Edit]:
    """Return what gives the question its date: counted from the one before, or the same."""
    new = _read_date(text, language, turn.text)
    if new and text[new.start : new.end] != new.text:
        edit = _Edit(new.start, new.end, text=new.text, kind=CarriedKind.DATE)
        return [edit]
    dates = list(read_written_dates(turn.text, turn.language))
    same_time = _load_words(language).time.search(fold(text))
    if new or not dates or not (same_time or phrase):
        return []
    last, end = dates[-1], _find_end(text)
    return [_Edit(end, end, text=turn.text[last.start : last.end], kind=CarriedKind.DATE)]


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


def _find_word(word: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield where `word` stands in `text` with no letter or digit beside it."""
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        if not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
            yield start, end
        start = text.find(word, end)


@cache
def _read_words() -> Mapping[str, Any]:
    text = files("massilia.service").joinpath(WORDS).read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))


@cache
def _load_ordinary() -> frozenset[str]:
    return frozenset(_read_words()["ordinary"].split())


@cache
def _load_demonyms() -> frozenset[str]:
    return frozenset(_read_words()["demonyms"].split())


@cache
def _load_function_words() -> frozenset[str]:
    """Return words of either language that begin a question or end a phrase, and are no name."""
    listed = [_read_words()[language] for language in Language]
    words = {word for each in listed for word in f"{each['slots']} {each['verbs']}".split()}
    words |= set(_read_words()["prepositions"].split())
    return frozenset(words | _ARTICLES | {"quel", "quelle", "quels", "quelles", "which", "what"})


@cache
def _load_words(language: Language) -> _Words:
    listed = _read_words()[language]

    def compile_any(phrases: Sequence[str], pattern: str) -> Pattern:
        longest = sorted(map(re.escape, phrases), key=len, reverse=True)
        return Pattern(pattern.format("|".join(longest)))

    return _Words(
        opening=compile_any(listed["openings"], r"(?:{})(?:\s*,\s*|\s+)(?=\S)"),
        place=compile_any(
            listed["places"],
            r"(?:^|[\s'])(?:{})\s(?:(?:la|le|les|the|l')\s?)?\Z",
        ),
        deictic=compile_any(listed["deictics"], r"\b(?:{})(?![a-z])"),
        time=compile_any(listed["times"], r"\b(?:{})(?![a-z])"),
        change=compile_any(listed["changes"], r"\b(?:{})(?:e|er|ent|it|ing|s|es)?(?![a-z])"),
        slots=frozenset(listed["slots"].split()),
        verbs=frozenset(listed["verbs"].split()),
    )
