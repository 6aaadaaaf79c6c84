"""Damage of a text's travels, mended where that is certain.

Question marks that stand for what a charset lacked, soft hyphens, words divided at the ends of
lines, and lines broken at a width.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern
from massilia.ingest.edits import Edit, merge_edits
from massilia.ingest.sentences import ends_sentence, starts_list_item

# What Latin-1 lacks of Windows-1252, and the straight quotes that other copies have in its place.
_LOST: Final = "’‘“”„‚\"'…–—€œŒ™•‹›"
_MASKED: Final = str.maketrans(_LOST, "?" * len(_LOST))
_SUSPICIOUS: Final = Pattern(r"\A[^\w\s]*\?\w|\w\?\w|\?[^\w\s?!»”)\]]")
_TOKEN: Final = Pattern(r"\S+")
_ADDRESS: Final = Pattern(r"[/=&@\\]|www\.")

_VOWEL: Final = "aeiouyhàâäéèêëîïôöùûüœæ"
_ELISION: Final = Pattern(
    rf"""(?<![\w?.-])
    (?:(?:[cdjlmnst]|(?:jus|lors|puis|quoi|pres|quel)?qu)\?(?=[{_VOWEL}{_VOWEL.upper()}])
      |aujourd\?(?=hui))""",
    re.VERBOSE | re.IGNORECASE,
)
_CONTRACTION: Final = Pattern(
    r"(?<=n)\?(?=t\b)|(?<=[a-z])\?(?=(?:s|re|ll|ve|d)\b)|(?<=\bI)\?(?=m\b)"
)
_LIGATURE: Final = Pattern(
    r"(?<=\bc)\?(?=urs?\b)|(?<=\bs)\?(?=urs?\b)|(?<=ch)\?(?=urs?\b)|(?<=\bm)\?(?=urs\b)"
    r"|(?<!\w)\?(?=uvr)|(?<=man)\?(?=uvr)|(?<=\bb)\?(?=ufs?\b)|(?<!\w)\?(?=ufs?\b)"
    r"|(?<=\bn)\?(?=uds?\b)|(?<=\bv)\?(?=ux?\b)"
)
_INSIDE_WORD: Final = Pattern(r"(?<=[a-zà-ÿ])\?(?=[a-zà-ÿ])")
_OPENING: Final = Pattern(r"""(?<![^\s(\['’])\?(?=\w)""")
_CLOSING: Final = Pattern(
    r"(?<=[\w.!…%)])\?(?=[\s.,;:!)\]…]|\Z)|(?<=[\w\s]\?)\?(?=[\s.,;:!)\]…]|\Z)"
)
_ASKING: Final = Pattern(
    r"(?:où|qui|que|qu'|quoi|comment|pourquoi|quand|quel|combien|est|a|as|faut|peut|who|what|where"
    r"|why|how|when|which|is|are|do|does|did|can|could|will|would|should|has|have)(?:\b|(?<='))",
    re.IGNORECASE,
)
_PARTNERS: Final = {'"': '"', "“": "”", "”": "“", "‘": "’", "’": "‘", "'": "'"}
MOST_QUESTIONS: Final = 20_000
"""With more words that have a question mark, a text is no prose."""
MOST_QUOTED: Final = 300
"""How many characters apart two question marks may stand that are taken for quotation marks."""

_SOFT_HYPHEN: Final = Pattern("\u00ad(?:[^\\S\n]*\n[^\\S\n]*(?=[^\\W\\d_]))?")
_HALF: Final = Pattern(r"[^\W\d_]+(?:-[^\W\d_]+)*\Z")
_MOST_LETTERS: Final = 60
_DIVIDED: Final = Pattern(r"(?<=[^\W\d_])-[^\S\n]*\n[^\S\n]*(?=[^\W\d_])")
_WORD: Final = Pattern(r"[^\W\d_]+")
_WORDS: Final = Pattern(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# What ends words of either language and is never written after a hyphen.
_ENDINGS: Final = Pattern(
    "(?:[st]?ion|[aei]?tion|[ae]?ment|[st]eur|trice|[ai]?bilit[ée]|[ai]ble|[bl]lement|logie|logique"
    "|isme|iste|ique|it[ée]|aient|raient|erait|iser|isation|ness|ing|[ai]lly|ology|ity|[ai]ties)s?"
)
_AFTER_HYPHEN: Final = Pattern(
    "ci|là|mêmes?|je|tu|ils?|elles?|on|nous|vous|ce|moi|toi|lui|leur|l[ae]|les|y|en|t|être|à|dire"
    "|delà|dessous|dessus"
)
_LINE: Final = Pattern(r"^[^\n]*", re.MULTILINE)
_COLUMNS: Final = Pattern(r"\S(?:\s{3,}|\t)\S")
_MIN_WIDTH: Final = 50
_MAX_WIDTH: Final = 100
"""Mail is broken at 72 to 80 columns; what is longer than 100 was broken by no program."""
_MIN_FULL: Final = 0.8
_MIN_SHARE: Final = 0.6
"""A line shorter than this share of the width ends a paragraph."""
_MIN_WORDS: Final = 4


def find_mends(text: str, language: Language) -> Sequence[Edit]:
    """Return the edits that mend what is certainly damaged in a text, in order."""
    edits = [*_mend_hyphens(text), *_join_lines(text)]
    if "?" in text:
        edits += _mend_question_marks(text, language)
    ordered = sorted(edits, key=lambda edit: (edit.start, -edit.end))
    # A word divided at the end of a line is mended rather than the end of the line.
    kept: list[Edit] = []
    for edit in ordered:
        if not kept or edit.start >= kept[-1].end:
            kept.append(edit)
    return merge_edits(text, kept)


# Question marks.


def _mend_question_marks(text: str, language: Language) -> Iterator[Edit]:
    """Yield an edit for each "?" that stands for another character, for certain."""
    words = [
        match
        for match in _TOKEN.finditer(text)
        if "?" in match.group() and not _ADDRESS.search(match.group())
    ]
    if not 0 < len(words) <= MOST_QUESTIONS:
        return
    found = _prove_by_repetition(text, words)
    for place, character in _find_lost_letters(text, words, language):
        found.setdefault(place, character)
    for place, character in list(_pair_quotes(text, words, found)):
        found.setdefault(place, character)
    for place, character in sorted(found.items()):
        yield Edit(place, place + 1, character)


def _prove_by_repetition(text: str, words: Sequence[re.Match[str]]) -> dict[int, str]:
    """Find what stands in a "?"'s place where the same three words are repeated without it."""
    if not any(_SUSPICIOUS.search(word.group()) for word in words):
        return {}
    masked = text.translate(_MASKED)
    starts = {word.start() for word in words if any(map(str.isalnum, word.group()))}
    keys = {start: key for key, start, _ in _iterate_threes(masked) if start in starts}
    clean: dict[tuple[str, str, str], set[str]] = {key: set() for key in keys.values()}
    for key, start, end in _iterate_threes(masked):
        if key in clean and "?" not in text[start:end]:
            clean[key].add(text[start:end])
    return {
        place: character
        for start, key in keys.items()
        if len(clean[key]) == 1
        for place, character in enumerate(next(iter(clean[key])), start)
        if text[place] == "?"
    }


def _iterate_threes(masked: str) -> Iterator[tuple[tuple[str, str, str], int, int]]:
    """Yield each word between its neighbours, and where it stands."""
    before, word = "", None
    for following in _TOKEN.finditer(masked):
        if word is not None:
            yield (before, word.group(), following.group()), *word.span()
            before = word.group()
        word = following
    if word is not None:
        yield (before, word.group(), ""), *word.span()


def _find_lost_letters(
    text: str, words: Sequence[re.Match[str]], language: Language
) -> Iterator[tuple[int, str]]:
    """Yield each "?" that is an apostrophe or the letter œ by what stands around it.

    In a text where a "?" inside a word is neither, letters with accents were lost too: "s?ance" is
    no "s'ance" then, and nothing is certain.
    """
    apostrophe = "’" if text.count("’") > text.count("'") else "'"
    sure: list[tuple[int, str]] = []
    # A space may be missing instead: "vitamine D?Oui".
    likely: list[tuple[int, str]] = []
    for word in words:
        start = word.start()
        places = {start + match.start(): "œ" for match in _LIGATURE.finditer(word.group())}
        if language is Language.ENGLISH:
            for match in _CONTRACTION.finditer(word.group()):
                places[start + match.start()] = apostrophe
        for match in _ELISION.finditer(word.group()):
            place = start + match.end() - 1
            if text[place - 1] in "CD" and text[place + 1].isupper():
                likely.append((place, apostrophe))
            else:
                places.setdefault(place, apostrophe)
        sure += places.items()
        inside = {start + match.start() for match in _INSIDE_WORD.finditer(word.group())}
        if not inside <= places.keys():
            return
    if sure:
        yield from [*sure, *likely]


def _pair_quotes(
    text: str, words: Sequence[re.Match[str]], found: Mapping[int, str]
) -> Iterator[tuple[int, str]]:
    """Yield each "?" that opens a quotation or closes it, with the mark in whose place it stands.

    No question mark stands between a space and a word, so the first of a pair shows that the
    second is none either; unless what they hold may be a question.
    """
    places = [
        place
        for word in words
        for place in range(*word.span())
        if text[place] == "?" and found.get(place, "“") in _PARTNERS
    ]
    opening = None
    for place in places:
        if opening is not None and "\n" in text[opening:place]:
            opening = None
        if _OPENING.match(text, place):
            opening = place
        elif opening is not None and _CLOSING.match(text, place):
            # The second of "??" closes the quotation, and the first one is meant.
            asks = text[place - 1] != "?" and _ASKING.match(text, opening + 1)
            if place - opening <= MOST_QUOTED and not asks:
                first, second = found.get(opening), found.get(place)
                yield opening, _PARTNERS[second] if second else '"'
                yield place, _PARTNERS[first] if first else '"'
            opening = None


# Hyphens.


def _mend_hyphens(text: str) -> Iterator[Edit]:
    """Yield an edit for each soft hyphen, and for each end of a line that divides a word.

    A hyphen at the end of a line is the word's own where the text has the word with it elsewhere,
    between capitals ("Aix-Marseille"), and before a pronoun or the like ("celui-ci"). It goes
    where the text has the word without it, or where what follows is an ending and no word, as
    "-tion" is. Nothing else is certain, and stays.
    """
    soft = "\u00ad" in text
    divided = list(_DIVIDED.finditer(text))
    if not soft and not divided:
        return
    attested = frozenset(match.group().casefold() for match in _WORDS.finditer(text))
    for match in _SOFT_HYPHEN.finditer(text) if soft else ():
        first, second = _halves(text, match)
        if second[:1].isupper() and first[-1:].islower():
            # Some use it for a hyphen: "Aix\u00adMarseille".
            if f"{first}-{second}".casefold() in attested:
                yield Edit(match.start(), match.end(), "-")
        else:
            yield Edit(match.start(), match.end() if first else match.start() + 1, "")
    for match in divided:
        if (end := _find_end_of_half(text, match, attested)) is not None:
            yield Edit(end, match.end(), "")


def _find_end_of_half(text: str, match: re.Match[str], attested: frozenset[str]) -> int | None:
    """Return where the first half of a divided word ends, its hyphen included if that is kept."""
    first, second = _halves(text, match)
    joined, hyphenated = (first + second).casefold(), f"{first}-{second}".casefold()
    if hyphenated in attested:
        return match.start() + 1
    if joined in attested:
        return match.start()
    if _AFTER_HYPHEN.fullmatch(second) or (second[0].isupper() and first[0].isupper()):
        return match.start() + 1
    return match.start() if _ENDINGS.fullmatch(second) else None


def _halves(text: str, match: re.Match[str]) -> tuple[str, str]:
    first = _HALF.search(text, max(0, match.start() - _MOST_LETTERS), match.start())
    second = _WORD.match(text, match.end())
    return first.group() if first else "", second.group() if second else ""


# Lines broken at a width.


def _join_lines(text: str) -> Iterator[Edit]:
    """Yield an edit for each end of a line that a program made where the width was full.

    Only where nearly all lines of the text's paragraphs are full, none is very long, and some stop
    within a sentence; never before an item of a list, nor where columns or a quoted message are.
    """
    lines = [line.span() for line in _LINE.finditer(text)]
    pairs = [
        _Pair.make(text, *first, *second)
        for first, second in pairwise(lines)
        if _may_continue(text, *first)
        and _may_continue(text, *second)
        and not starts_list_item(text[slice(*second)].lstrip())
    ]
    prose = sorted(pair.length for pair in pairs if pair.words >= _MIN_WORDS)
    longer = max(1, len(prose) // 20)
    for width in sorted(set(prose[-1 - longer :]), reverse=True):
        if not _MIN_WIDTH <= width <= _MAX_WIDTH:
            continue
        looked_at = [
            pair
            for pair in pairs
            if pair.length <= width and (pair.stops_short or pair.length >= _MIN_SHARE * width)
        ]
        full = {pair for pair in looked_at if pair.length + 1 + pair.next_word > width}
        within = sum(pair.stops_short for pair in full)
        enough = within >= min(2, len(looked_at)) > 0
        if enough and len(full) >= _MIN_FULL * len(looked_at):
            for pair in looked_at:
                long = pair in full or pair.length >= _MIN_SHARE * width
                if long and (pair in full or pair.stops_short) and not pair.divides_word:
                    yield Edit(pair.start, pair.end, " ")
            return


@dataclass(frozen=True, slots=True)
class _Pair:
    """Hold what is to be known of a line and the next; `text[start:end]` parts them.

    `next_word` is the length of the next line's first word.
    """

    start: int
    end: int
    length: int
    words: int
    next_word: int
    stops_short: bool
    divides_word: bool

    @classmethod
    def make(cls, text: str, start: int, end: int, next_start: int, next_end: int) -> "_Pair":
        """Look at two lines of a text."""
        line, following = text[start:end].strip(), text[next_start:next_end].lstrip()
        indented = len(following) < next_end - next_start and not text[start].isspace()
        return cls(
            start=start + len(text[start:end].rstrip()),
            end=next_end - len(following),
            length=0 if indented else len(line),
            words=len(line.split()),
            next_word=len(following.split(maxsplit=1)[0]),
            stops_short=following[0].islower() and not ends_sentence(line),
            divides_word=line[-1] in "-\u00ad",
        )


def _may_continue(text: str, start: int, end: int) -> bool:
    line = text[start:end].strip()
    return bool(line) and line[0] not in ">|" and not _COLUMNS.search(line)
