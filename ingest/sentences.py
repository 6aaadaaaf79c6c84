"""Sentences with exact offsets: their own rules, no outside library, time linear in the text."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice, pairwise

from massilia.corpus.article import Heading, Language
from massilia.corpus.pattern import Pattern
from massilia.ingest.abbreviations import LEXICONS, NAME_PARTICLES, Lexicon

# The longest real sentence met in five press articles and 2,268 encyclopaedia passages has 821
# characters; longer ones are tables, menus and lists that lost their line ends.
MAX_SENTENCE = 1000
# Characters bound the cost of prose (about 4 a token) but not that of emoji or of a base64 line.
MAX_SENTENCE_TOKENS = 240
# Below this many columns, lines of one length are captions and bylines rather than wrapped prose.
MIN_WRAP_WIDTH = 30
# A shorter line before one in lower case is a menu entry or a tag, not the start of a sentence.
MIN_WORDS_OF_BROKEN_LINE = 4
# No abbreviation in use is as long as this, and few unknown ones reach the second length.
MAX_ABBREVIATION = 24
MIN_FULL_WORD = 5
# A longer chain of combining characters is noise, and is cut like anything else.
MAX_CHARACTER_CLUSTER = 32

# Zero width space, word joiner and byte order mark show nothing, so they count as white space.
_INVISIBLE = "\u200b\u2060\ufeff"
_WHITE = rf"[\s{_INVISIBLE}]"
_LINE_END = Pattern("[\n\u2028\u2029]")
_LIST_ITEM = Pattern(r"(?:[•◦▪▫‣●○■□➢➤✓·*+–—-]|\(?\d{1,3}[.)]|\(?[a-z]\))\s")
_TERMINATOR = Pattern(r"[.!?…‽]+")
# What belongs to the sentence before it: closing marks, with the space that French puts before
# a guillemet, a straight quote between two spaces, a footnote call.
_CLOSING = Pattern(r"""(?:\s?\[\d{1,3}\]|[)\]}”’»›"'¹²³⁰⁴-⁹]|\s{1,2}[»›]|\s["”](?=\s|\Z))*""")
# What belongs to the sentence after it: opening marks, dashes, emoji, a bracketed ellipsis.
_OPENING = Pattern(
    rf"""(?:[\[(](?:\.\.\.|…)[\])]|{_WHITE}|[«‹“„‘"'(\[{{¡¿—–-]"""
    "|[\u2190-\u2bff\U0001f000-\U0001faff\ufe0f\u200d])*"
)
_SENTENCE_END = Pattern(rf"[.!?…‽]{_CLOSING.pattern}\Z")
_WORD = Pattern(r"[^\W\d_]\.|[^\W_]{1,30}['’]?")  # "A." is an initial and no article
_INITIALS = Pattern(r"(?:[^\W\d_]\.-?)+[^\W\d_]{1,2}")
_ROMAN_NUMERAL = Pattern(r"[IVXLC]{2,}|[VX]")
_PAUSES = (Pattern(r";\s"), Pattern(r":\s"), Pattern(r",\s"))
_ZERO_WIDTH_JOINER = "\u200d"
_FLAG_LETTERS = frozenset(map(chr, range(0x1F1E6, 0x1F200)))
_SKIN_TONES = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
_BEFORE_WORD = frozenset("«‹“‘\"'’([{/—–")

# One match is about one token of the encoder: up to two syllables, two digits, or one character
# of anything else. Counted against the tokenizer of multilingual-e5-small, with no special
# tokens, over passages of up to 900 characters: estimate / tokens is 1.06 on average (standard
# deviation 0.07) for 768 French passages (PIAF) and 1.10 (0.09) for 1,500 English ones (AfriQA).
# On 80 random strings (base64, digits, consonants, accents, scripts) tokens / estimate stayed
# at or under 1.5; 5 letters a token, which is as good on prose, let them reach 5.
_CONSONANT = "b-df-hj-np-tv-xzç"
_VOWEL = "aeiouyœæ"
_ACCENTED_VOWEL = "àâäáãåéèêëíìîïóòôöõøúùûüÿý"
_TOKEN = Pattern(
    rf"[{_CONSONANT}]{{0,2}}(?:[{_VOWEL}]{{1,2}}|[{_ACCENTED_VOWEL}])"
    rf"(?:[{_CONSONANT}]{{1,2}}[{_VOWEL}]{{0,2}}[{_CONSONANT}]?)?"
    rf"|[{_CONSONANT}]|\d{{1,2}}|\S",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Span:
    """Place a stretch of text: 0-based, end-exclusive code point offsets."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Place a stretch of text, as `Span` does, that is in another language than its article."""

    start: int
    end: int
    language: Language


def split_sentences(
    text: str,
    language: Language,
    headings: Sequence[Heading] = (),
    stretches: Sequence[Stretch] = (),
) -> tuple[Span, ...]:
    """Find the sentences of a text, in order and without the white space around them.

    Every visible character outside the headings lies in exactly one sentence. No sentence crosses
    a blank line, a heading, or the end of a line that is not wrapped prose; none is longer than
    MAX_SENTENCE characters or about MAX_SENTENCE_TOKENS tokens. Those within `stretches` are
    split by the rules of the stretch's language. Raises ValueError if headings overlap or leave
    the text.
    """
    return tuple(
        piece
        for paragraph in find_paragraphs(text, headings)
        for sentence in _find_sentences(
            text, paragraph, LEXICONS[find_language(paragraph.start, language, stretches)]
        )
        for piece in _cut_sentence(text, sentence)
    )


def find_language(position: int, language: Language, stretches: Sequence[Stretch]) -> Language:
    """Return the language at an offset: that of its stretch, if one of those in order holds it."""
    place = bisect_right(stretches, position, key=lambda stretch: stretch.start) - 1
    if place >= 0 and position < stretches[place].end:
        return stretches[place].language
    return language


def find_paragraphs(text: str, headings: Sequence[Heading] = ()) -> Iterator[Span]:
    """Yield the stretches that no sentence crosses the ends of: lines, joined if they are wrapped.

    Headings are left out. Raises ValueError if these overlap or leave the text.
    """
    for section in _find_sections(text, headings):
        yield from _find_paragraphs(text, section)


def estimate_tokens(text: str) -> int:
    """Estimate how many tokens the encoder will make of a text, without loading it."""
    return sum(1 for _ in _TOKEN.finditer(text))


def ends_sentence(line: str) -> bool:
    """Tell whether a line ends with terminal punctuation, closing marks aside."""
    return _SENTENCE_END.search(line, max(0, len(line) - 10)) is not None


def starts_list_item(line: str) -> bool:
    """Tell whether a line starts with a bullet or the number of a list item."""
    return _LIST_ITEM.match(line) is not None


def find_blocks(text: str, start: int, end: int) -> Iterator[tuple[Span, ...]]:
    """Yield the runs of lines between blank lines, each line without the white space around it."""
    for blank, lines in groupby(_find_lines(text, start, end), lambda line: line.start == line.end):
        if not blank:
            yield tuple(lines)


def _find_lines(text: str, start: int, end: int) -> Iterator[Span]:
    for line_end in _LINE_END.finditer(text, start, end):
        yield _trim(text, start, line_end.start())
        start = line_end.end()
    yield _trim(text, start, end)


def _trim(text: str, start: int, end: int) -> Span:
    while start < end and _is_white(text[start]):
        start += 1
    while start < end and _is_white(text[end - 1]):
        end -= 1
    return Span(start, end)


def _is_white(character: str) -> bool:
    return character.isspace() or character in _INVISIBLE


def _find_sections(text: str, headings: Sequence[Heading]) -> Iterator[Span]:
    position = 0
    for heading in headings:
        if not position <= heading.start <= heading.end <= len(text):
            raise ValueError(
                f"{heading} overlaps the heading before it or leaves the text, "
                f"which has {len(text)} characters"
            )
        yield Span(position, heading.start)
        position = heading.end
    yield Span(position, len(text))


def _find_paragraphs(text: str, section: Span) -> Iterator[Span]:
    for lines in find_blocks(text, section.start, section.end):
        joins = _join_lines([text[line.start : line.end] for line in lines])
        start = lines[0].start
        for line, following, joined in zip(lines, lines[1:], joins, strict=False):
            if not joined:
                yield Span(start, line.end)
                start = following.start
        yield Span(start, lines[-1].end)


def _join_lines(lines: Sequence[str]) -> list[bool]:
    """Tell for each line of a block but the last whether the next one carries on with it.

    Text from the web has one paragraph a line, between titles, captions and menus; text from mail
    or PDF is wrapped. A line is full if the first word of the next one would not have fitted in
    the width of the block; a block is wrapped if a full line without terminal punctuation is
    followed by lower case. Full lines of wrapped blocks are joined to the next, and so are lines
    that visibly stop short of a sentence's end. A list item is never joined to what precedes it.
    """
    width = max(map(len, lines))
    pairs = [(line, following, starts_list_item(following)) for line, following in pairwise(lines)]
    full = [
        width >= MIN_WRAP_WIDTH and len(line) + 1 + len(following.split(maxsplit=1)[0]) > width
        for line, following in pairwise(lines)
    ]
    wrapped = any(
        is_full and following[0].islower() and not is_item and not ends_sentence(line)
        for (line, following, is_item), is_full in zip(pairs, full, strict=True)
    )
    return [
        not is_item and ((wrapped and is_full) or _stops_short(line, following, is_full))
        for (line, following, is_item), is_full in zip(pairs, full, strict=True)
    ]


def _stops_short(line: str, following: str, is_full: bool) -> bool:
    if line.endswith(","):
        return True
    long_enough = is_full or line.count(" ") + 1 >= MIN_WORDS_OF_BROKEN_LINE
    return long_enough and following[0].islower() and not ends_sentence(line)


def _find_sentences(text: str, paragraph: Span, lexicon: Lexicon) -> Iterator[Span]:
    start, end = paragraph.start, paragraph.end
    marker = _LIST_ITEM.match(text, start, end)
    for terminator in _TERMINATOR.finditer(text, marker.end() if marker else start, end):
        stop = _match_end(_CLOSING, text, terminator.end(), end)
        following = _match_end(_OPENING, text, stop, end)
        if following == end:
            break
        mark, gap = text[terminator.start() : stop], text[stop:following]
        if not (gap.lstrip(_INVISIBLE)[:1].isspace() or mark.endswith("]")):
            continue
        if _closes_bracket(text, start, terminator.start(), mark):
            continue
        before = _word_before(text, start, terminator.start())
        after = text[following : _match_end(_WORD, text, following, end)] or text[following]
        if _is_boundary(before, mark, after.replace("’", "'"), lexicon):
            yield Span(start, stop)
            start = _trim(text, stop, end).start
    yield Span(start, end)


def _match_end(pattern: Pattern, text: str, start: int, end: int) -> int:
    match = pattern.match(text, start, end)
    return match.end() if match else start


def _closes_bracket(text: str, start: int, position: int, mark: str) -> bool:
    """Tell whether a mark closes what was put in brackets within a sentence: "[...]", "(oui !)"."""
    if "]" in mark and text[position - 1 : position] == "[":
        return True
    bracket = text.rfind("(", max(start, position - MAX_SENTENCE), position) if ")" in mark else -1
    return bracket > start and not text[bracket + 1].isupper()


def _word_before(text: str, start: int, end: int) -> str:
    position = end
    lowest = max(start, end - MAX_ABBREVIATION)
    while position > lowest and not (
        text[position - 1].isspace() or text[position - 1] in _BEFORE_WORD
    ):
        position -= 1
    return text[position:end]


def _is_boundary(before: str, mark: str, after: str, lexicon: Lexicon) -> bool:
    """Decide whether a sentence ends with `mark`, its punctuation, between two words.

    `after` is the first character that is no white space or opening mark if no word starts there.
    """
    is_period = mark[0] == "." and not _TERMINATOR.match(mark, 1)
    if is_period and _is_abbreviation(before, after, lexicon):
        return False
    first = after[0]
    if first.islower():
        if any(character.isupper() for character in after):
            return True  # iPhone, eBay
        # "ouvre ses portes. thecamp accueille": a name in lower case. Before a word like "de" or
        # after a short one, an abbreviation that is in no list is likelier.
        return (
            mark == "."
            and len(before) >= MIN_FULL_WORD
            and before.isalpha()
            and not _is_function_word(after, lexicon)
        )
    if first.isdigit():
        return is_period or "!" in mark or "?" in mark
    return first.isupper() or first in "#@" or unicodedata.category(first) in ("Lt", "Lo", "Sc")


def _is_abbreviation(before: str, after: str, lexicon: Lexicon) -> bool:
    """Tell whether the full stop between two words belongs to the first and ends no sentence."""
    key = before.casefold()
    if key in lexicon.never_final:
        return True
    is_initial = len(before) == 1 and before.isupper()
    if is_initial and after.casefold() in NAME_PARTICLES:
        return True
    if is_initial or key in lexicon.seldom_final or _INITIALS.fullmatch(before):
        return not (after[0].isupper() and _is_function_word(after, lexicon))
    return key in lexicon.before_number and _could_be_number(after)


def _could_be_number(after: str) -> bool:
    """Tell whether what follows "p." or "art." may be its number: 4, IV, L. 123, a lower case."""
    return (
        after[0].isdigit()
        or after[0].islower()
        or after[-1] == "."
        or _ROMAN_NUMERAL.fullmatch(after) is not None
    )


def _is_function_word(word: str, lexicon: Lexicon) -> bool:
    key = word.casefold()  # "l'" is listed with its apostrophe, "it's" arrives as "it'"
    return key in lexicon.function_words or key.rstrip("'") in lexicon.function_words


def _cut_sentence(text: str, sentence: Span) -> Iterator[Span]:
    """Yield a sentence, or about equal pieces of it if it is too long for one."""
    start, end = sentence.start, sentence.end
    while (limit := _find_limit(text, start, end)) < end:
        pieces = -(-(end - start) // (limit - start))
        share = (end - start) // pieces
        cut = _find_cut(text, start, start + 3 * share // 4, min(limit, start + 5 * share // 4))
        yield _trim(text, start, cut)
        start = _trim(text, cut, end).start
    yield Span(start, end)


def _find_limit(text: str, start: int, end: int) -> int:
    """Return how far from `start` a piece may reach."""
    if end - start <= MAX_SENTENCE_TOKENS:
        return end
    furthest = min(end, start + MAX_SENTENCE)
    beyond = next(islice(_TOKEN.finditer(text, start, furthest), MAX_SENTENCE_TOKENS, None), None)
    return beyond.start() if beyond else furthest


def _find_cut(text: str, start: int, low: int, high: int) -> int:
    """Return the best place to cut at: after punctuation from `low` on, else at a space."""
    for pause in _PAUSES:
        cuts = [match.start() + 1 for match in pause.finditer(text, low, high)]
        if cuts:
            return cuts[-1]
    for position in range(high, start, -1):
        if _is_white(text[position]):
            return position
    for position in range(high, max(start, high - MAX_CHARACTER_CLUSTER), -1):
        if not _continues_character(text, start, position):
            return position
    return high


def _continues_character(text: str, start: int, position: int) -> bool:
    """Tell whether what a reader sees as one character (an accent, a flag) spans `position`."""
    character = text[position]
    if character in _FLAG_LETTERS:
        letters = 0
        while position - letters > start and text[position - letters - 1] in _FLAG_LETTERS:
            letters += 1
        return letters % 2 == 1
    return (
        text[position - 1] == _ZERO_WIDTH_JOINER
        or character == _ZERO_WIDTH_JOINER
        or character in _SKIN_TONES
        or unicodedata.category(character).startswith("M")
    )
