"""The names in the questions of a conversation, known by their spelling or by what was said."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern
from massilia.service import names as text_names
from massilia.service.conversation_words import (
    ARTICLES,
    load_demonyms,
    load_function_words,
    load_ordinary,
    load_words,
)
from massilia.service.known_names import read_names
from massilia.service.turns import Turn
from massilia.service.written_dates import fold

MAX_WORDS_OF_NAME = 8
MAX_WORDS_OF_HEAD = 3
"""How many words a title has before its comma if they are a name: "thecamp, ..."."""
LOOKED_BACK = 3
"""How many turns show names whose spelling no longer counts."""


@dataclass(frozen=True, slots=True)
class QuestionName:
    """Hold a name and its place in a question.

    An `aside` follows "à", "in" or "according to", and is never the subject. `is_place` is true of
    asides and of well-known places, which questions are about if they are about nothing else.
    """

    text: str
    start: int
    end: int
    aside: bool = False
    is_place: bool = False


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


def find_names(text: str, language: Language, known: Sequence[str] = ()) -> list[QuestionName]:
    """Return the names in a question: quoted, capitalised, acronyms, codes with digits.

    `known` are names of the same conversation: of those the spelling doesn't count here, nor does
    a capital that begins a sentence.
    """
    folded = fold(text)
    found: list[tuple[int, int]] = []
    for match in _QUOTED.finditer(text):
        found.append(match.span(match.lastindex or 0))
    # Typed without capitals: "medusa" is the Medusa spoken of, but "métropole" no "Métropole".
    searched = folded if text[1:] == text[1:].lower() else None
    for name in known:
        found += find_word(name if searched is None else fold(name), searched or text)
    found += _find_capitalised(text)
    found += _find_first(text, language, known)
    found.sort(key=lambda span: (span[0], -span[1]))
    places = {
        name.start
        for name in text_names.find_names(text, language)
        if name.kind is text_names.NameKind.PLACE
    }
    names: list[QuestionName] = []
    before = load_words(language).place
    for start, end in found:
        if not names or start >= names[-1].end:
            aside = before.search(folded, max(0, start - 30), start) is not None
            names.append(QuestionName(text[start:end], start, end, aside, aside or start in places))
    return names


def list_known(earlier: Sequence[Turn]) -> tuple[str, ...]:
    """Return the names that the last turns show, each once."""
    known: dict[str, None] = {}
    for turn in reversed(earlier[-LOOKED_BACK:]):
        known |= dict.fromkeys(turn.names)
        for text in (turn.question, turn.title or "", turn.quote or ""):
            known |= dict.fromkeys(text[start:end] for start, end in _find_capitalised(text))
        head = re.split(r"\s?[:,]\s", turn.title or "")[0]
        if 0 < len(head.split()) <= MAX_WORDS_OF_HEAD and fold(head) in fold(turn.question):
            known[head] = None
        if turn.quote and (title := _find_title(turn.question, turn.quote)):
            known[title] = None
    return tuple(known)


def find_word(word: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield where `word` stands in `text` with no letter or digit beside it."""
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        if not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
            yield start, end
        start = text.find(word, end)


def _find_title(question: str, quote: str) -> str | None:
    """Return the title within `question` that begins with an article and stands in `quote` too."""
    for article in _TITLE.finditer(question):
        ends = [word.end() for word in _TOKEN.finditer(question, article.end())]
        for end in reversed(ends[:MAX_WORDS_OF_NAME]):
            last = fold(question[:end]).rsplit(" ", 1)[-1]
            title = question[article.start() : end]
            if title in quote and last not in load_function_words():
                return title
    return None


def _find_first(text: str, language: Language, known: Sequence[str]) -> list[tuple[int, int]]:
    """Return where the question begins with a name that its spelling doesn't show: "Medusa ..."."""
    first, second = (*_TOKEN.finditer(text), None, None)[:2]
    if first is None or fold(first.group()) in load_function_words():
        return []
    # Within a conversation, what begins without an article is rather a part of a sentence.
    verb = second is not None and fold(second.group()) in load_words(language).verbs
    if known and not verb:
        return []
    return [(name.start, name.end) for name in read_names(text) if name.start == first.start()]


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
        if fold(word) in load_ordinary() and not (joined and gap.strip()):  # Belle de Mai
            continue
        if joined:
            spans[-1] = (spans[-1][0], end)
            continue
        begin = half[0] if half and _INSIDE_NAME.fullmatch(text, half[1], start) else start
        if _is_half_name(text, word, start):
            half = (begin, end)
        elif fold(word) not in load_function_words():
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
    if folded in load_function_words():
        return folded in ARTICLES and not initial
    if folded in load_demonyms() or _DEMONYM.fullmatch(folded):
        return True
    return initial and not _ACRONYM.match(word)
