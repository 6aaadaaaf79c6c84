"""Where a quote begins and ends: the chosen sentence, and what it can't be read without."""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final, Protocol

from massilia.corpus.article import Article, Language
from massilia.corpus.pattern import Pattern
from massilia.ingest.sentences import Span, starts_list_item

WORDS: Final = "quotation.toml"
MIN_WORDS = 3
"""A shorter sentence is a byline, a caption or a menu's entry."""
MAX_CHARACTERS = 600
"""No sentence is added beyond it, save one that closes a quotation mark."""
MAX_SPEAKER_DISTANCE = 2
"""A speaker named within so many sentences of what is said is quoted with it."""
SPEAKER_REACH = 12
"""How many sentences are searched for the speaker that a quote leaves out."""
MOST_KEPT = 20_000
"""Of how many sentences it is kept whether they are quotable, as many as `read_sentence` keeps."""
MIN_SPEECH_WORDS = 4
"""Fewer words between marks are a name or a turn of phrase, and nobody's speech."""

_WORD = Pattern(r"[^\s'’]*\w[^\s'’]*")
_LIST_MARKER = Pattern(r"[•◦▪‣●*–—-]\s+")
_DIALOGUE = Pattern(r"[–—]\s+(?=.*\b(?:je|j['’]|nous|on|vous|I|we|you)\b)", re.IGNORECASE)
_QUESTION = Pattern(r"\?[\s»”\"')\]]*\Z")
_LINE_END = Pattern("[\n\u2028\u2029]")
_MARK = Pattern('[«»“”"‘’]')
_CLOSING = {"«": "»", "“": "”", "‘": "’", '"': '"'}

_CAPITAL = "A-ZÀ-ÖØ-Þ"
_NAME_WORD = rf"(?:[dDLO]['’])?[{_CAPITAL}][\w-]*"
_NAME = (
    rf"\b(?!(?:Pour|Selon|De|D['’]après|Le|La|Les|Un|Une|En|À|A|Au|Mais|Et|Or|Parmi|Dans|Avec|Ce"
    rf"|The|For|According|In|And|But|At|By|On|As)\b)"
    rf"{_NAME_WORD}(?:\s(?:(?:de|du|des|von|van|el|le|la|of)\s)?{_NAME_WORD})+"
)
_LABEL = Pattern(rf"(?:[–—-]\s+)?(?P<speaker>{_NAME}|(?:[{_CAPITAL}]\.[\s-]?){{2,3}})\s?:\s")
_MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
# What names the antecedent at once: "cette société, Traxens", "ce soutien à Medusa".
_NAMED = Pattern(
    rf"(?:\s[\w'’-]+){{1,5}}?(?:,?\s|['’])(?:{_NAME_WORD}|\w+[{_CAPITAL}\d][\w-]*|\d+)"
)
_ORDINAL = Pattern(
    r"(?:(?:le|la|un|une|the|a)\s)?(?:premi(?:er|ère)|deuxième|seconde?|troisième|quatrième|"
    r"cinquième|first|second|third|fourth|fifth)(?:ly|ement)?\b"
    r"|(?:tout\s)?d['’]abord\b"
    r"|(?:ensuite|puis|enfin|next|then|finally|lastly|une? autre|another)\b",
    re.IGNORECASE,
)
# After a quotation, any verb may be one of saying: "», tonne Jean Royer".
_SIGNED = Pattern(
    rf"[»”\"],?\s(?!(?:de|du|des|d|à|au|aux|pour|par|sur|dans|en|et|of|for|by|in|on|to|and|at|with)\b)"
    rf"(?:[^\W\d_{_CAPITAL}]+[\s'’-]){{1,3}}(?P<speaker>{_NAME})"
)


@dataclass(frozen=True, slots=True)
class Extent:
    """Place the text that a quote takes of its article.

    `speaker` places the words that say who speaks, where the quote is spoken and leaves them out.
    """

    start: int
    end: int
    speaker: Span | None = None


class Sentence(Protocol):
    """Place a sentence: code point offsets into its article's text."""

    @property
    def start(self) -> int:
        """Give the offset of the first character."""

    @property
    def end(self) -> int:
        """Give the offset after the last character."""


@dataclass(frozen=True, slots=True)
class _Quotation:
    """Place a quotation with its marks, or up to the paragraph's border where one is missing."""

    start: int
    end: int
    is_open: bool
    is_closed: bool


@dataclass(frozen=True, slots=True)
class _Words:
    pronoun: Pattern
    demonstrative: Pattern
    independent: Pattern
    connective: Pattern
    opinion: Pattern
    speakers: tuple[Pattern, ...]
    interview: Pattern


@lru_cache(MOST_KEPT)
def is_quotable(text: str) -> bool:
    """Tell whether a sentence says something by itself: no caption, byline, menu or question."""
    return (
        len(_WORD.findall(text)) >= MIN_WORDS
        and _QUESTION.search(text) is None
        and _load_noise().match(text) is None
    )


def choose_extent(
    article: Article,
    sentences: Sequence[Sentence],
    chosen: int,
    is_list: bool = False,
    language: Language | None = None,
) -> Extent:
    """Return what to quote so that `sentences[chosen]` can be read without the rest of its article.

    `sentences` are some that follow each other, in order: no other text is quoted. Most often the
    extent is the sentence, without the marker of a list item. It takes in, within the paragraph,
    the sentence that it leans on, the one that names who speaks, and one that closes a quotation
    mark; with `is_list`, or after a colon, it takes in the items of its list. `language` is that of
    the sentences, the article's where it isn't given.
    """
    page = _Page(article, sentences, _load_words(language or article.language))
    if is_list or article.text[sentences[chosen].end - 1] == ":":
        items = _find_items(page, chosen)
        if items is None and is_list:
            items = _find_enumeration(page, chosen)
        if items is not None:
            return page.place(*items)
    paragraph = _Paragraph(page, page.find_paragraph(chosen))
    extent = paragraph.close_marks(chosen, chosen)
    speech = paragraph.find_speech(chosen)
    found = None
    if speech is None:
        speaker = _find_interviewed(paragraph)
    elif any(page.find_speaker(index) for index in range(extent[0], extent[1] + 1)):
        speaker = None
    else:
        found = _find_attribution(paragraph, chosen, speech)
        speaker = page.find_speaker(found) if found is not None else _find_interviewed(paragraph)
    if found is not None and abs(found - chosen) <= MAX_SPEAKER_DISTANCE:
        wider = paragraph.close_marks(min(extent[0], found), max(extent[1], found))
        if paragraph.allows(wider, extent):
            extent = wider
    before = (extent[0] - 1, extent[1])
    if _leans(paragraph, extent[0]) and paragraph.allows(before, extent):
        extent = before
    placed = page.place(*extent)
    if speaker is None or placed.start <= speaker.start < placed.end:
        return placed
    return Extent(placed.start, placed.end, speaker)


@dataclass(frozen=True, slots=True)
class _Page:
    """Hold the sentences around one, which are known by their indices."""

    article: Article
    sentences: Sequence[Sentence]
    words: _Words

    @property
    def text(self) -> str:
        return self.article.text

    def cut(self, index: int) -> str:
        return self.text[self.sentences[index].start : self.sentences[index].end]

    def place(self, first: int, last: int) -> Extent:
        start, end = self.sentences[first].start, self.sentences[last].end
        marker = _LIST_MARKER.match(self.text, start, end)
        return Extent(marker.end() if marker and marker.end() < end else start, end)

    def measure(self, first: int, last: int) -> int:
        return self.sentences[last].end - self.sentences[first].start

    def find_paragraph(self, index: int) -> range:
        first, last = index, index
        while first > 0 and not self.are_apart(first - 1):
            first -= 1
        while last + 1 < len(self.sentences) and not self.are_apart(last):
            last += 1
        return range(first, last + 1)

    def are_apart(self, index: int) -> bool:
        """Tell whether a paragraph ends with a sentence that is not the last.

        A line's end is a paragraph's unless the sentence before it or after it is wrapped too.
        """
        gap = self.text[self.sentences[index].end : self.sentences[index + 1].start]
        line_ends = len(_LINE_END.findall(gap))
        if line_ends != 1 or gap.strip():
            return line_ends > 0 or bool(gap.strip())
        before, after = self.cut(index), self.cut(index + 1)
        is_wrapped = _LINE_END.search(before) or _LINE_END.search(after)
        return not is_wrapped or starts_list_item(after)

    def is_followed(self, index: int) -> bool:
        """Tell whether no heading, nor text that was left out, comes before the next sentence."""
        if not 0 <= index < len(self.sentences) - 1:
            return False
        gap = self.text[self.sentences[index].end : self.sentences[index + 1].start]
        return not gap.strip()

    def find_speaker(self, index: int) -> Span | None:
        """Place the name that a sentence gives to who speaks in it."""
        sentence, start = self.cut(index), self.sentences[index].start
        for pattern in self.words.speakers:
            match = pattern.search(sentence)
            if match:
                return Span(start + match.start("speaker"), start + match.end("speaker"))
        return None


class _Paragraph:
    """Hold one paragraph of a page with its quotations."""

    def __init__(self, page: _Page, indices: range) -> None:
        self.page = page
        self.indices = indices
        start, end = page.sentences[indices[0]].start, page.sentences[indices[-1]].end
        found = _find_quotations(page.text, start, end)
        self.quotations = tuple(sorted(found, key=lambda quotation: quotation.start))

    def find_sentence(self, position: int) -> int:
        """Return the index of the sentence that holds a position of this paragraph."""
        starts = [self.page.sentences[index].start for index in self.indices]
        return self.indices[0] + bisect_right(starts, position) - 1

    def find_speech(self, index: int) -> _Quotation | None:
        """Return what the sentence is said in: a quotation, a reply or, of an opinion, itself."""
        page, sentence = self.page, self.page.sentences[index]
        start, end = page.sentences[self.indices[0]].start, page.sentences[self.indices[-1]].end
        for quotation in self.quotations:
            shared = min(quotation.end, sentence.end) - max(quotation.start, sentence.start)
            is_half = 2 * shared >= sentence.end - sentence.start
            is_beyond = quotation.start < sentence.start or quotation.end > sentence.end
            said = page.text[quotation.start : quotation.end]
            is_said = shared > 0 and (is_half or is_beyond)
            if is_said and len(_WORD.findall(said)) >= MIN_SPEECH_WORDS:
                return quotation
        if page.words.opinion.search(page.text, sentence.start, sentence.end):
            return _Quotation(sentence.start, sentence.end, True, True)
        if _DIALOGUE.match(page.text, start, end):
            return _Quotation(start, end, True, True)
        return None

    def changes_voice(self, index: int) -> bool:
        """Tell whether another speaks in a sentence than in the one before it."""
        speech, before = self.find_speech(index), self.find_speech(index - 1)
        if speech == before:
            return False
        return before is not None or self.page.find_speaker(index - 1) is not None

    def close_marks(self, first: int, last: int) -> tuple[int, int]:
        """Return the extent, with a sentence more at an end where that completes a quotation."""
        lowest, highest = self.indices[0], self.indices[-1]
        extents = (
            (wider_first, wider_last)
            for wider_first in (first, max(first - 1, lowest))
            for wider_last in (last, min(last + 1, highest))
        )
        return min(extents, key=self.count_single_marks)

    def allows(self, wider: tuple[int, int], extent: tuple[int, int]) -> bool:
        """Tell whether an extent may grow: in its paragraph, not too long, its marks in pairs."""
        first, last = wider
        return (
            self.indices[0] <= first
            and last <= self.indices[-1]
            and self.page.measure(first, last) <= MAX_CHARACTERS
            and all(
                is_quotable(self.page.cut(index))
                for index in (*range(first, extent[0]), *range(extent[1] + 1, last + 1))
            )
            and self.count_single_marks(wider) <= self.count_single_marks(extent)
        )

    def count_single_marks(self, extent: tuple[int, int]) -> int:
        start, end = self.page.sentences[extent[0]].start, self.page.sentences[extent[1]].end
        return sum(
            (quotation.is_open and start <= quotation.start < end)
            != (quotation.is_closed and start < quotation.end <= end)
            for quotation in self.quotations
        )


def _find_quotations(text: str, start: int, end: int) -> Iterator[_Quotation]:
    """Yield the quotations of a paragraph, those within others too.

    A single mark at its border is of a quotation over several paragraphs.
    """
    opened: list[tuple[str, int]] = []
    for mark, position in _find_marks(text, start, end):
        if mark in _CLOSING and (mark != '"' or all(other != '"' for other, _ in opened)):
            if mark != '"' or not text[position - 1 : position].isalnum():
                opened.append((mark, position))
            continue
        while opened and opened[-1][0] == "‘" and mark != "’":
            opened.pop()
        if opened and _CLOSING[opened[-1][0]] == mark:
            yield _Quotation(opened.pop()[1], position + 1, True, True)
        elif mark in "»”" and not opened and _is_continued(text, start, mark):
            yield _Quotation(start, position + 1, False, True)
    for mark, position in opened[:1]:
        if mark in "«“":
            yield _Quotation(position, end, True, False)


def _is_continued(text: str, start: int, closing: str) -> bool:
    """Tell whether a quotation that a mark closes was opened before a paragraph."""
    opening = "«" if closing == "»" else "“"
    return text.rfind(opening, 0, start) > text.rfind(closing, 0, start)


def _find_marks(text: str, start: int, end: int) -> Iterator[tuple[str, int]]:
    """Yield the quotation marks and their places; an apostrophe is none."""
    for match in _MARK.finditer(text, start, end):
        mark, position = match[0], match.start()
        is_apostrophe = (mark == "‘" and text[position - 1 : position].isalnum()) or (
            mark == "’" and text[position + 1 : position + 2].isalnum()
        )
        if not is_apostrophe:
            yield mark, position


def _find_attribution(paragraph: _Paragraph, chosen: int, speech: _Quotation) -> int | None:
    """Return the sentence that names who says the chosen one: where it is said, or the nearest."""
    page = paragraph.page
    opening = paragraph.find_sentence(speech.start)
    closing = paragraph.find_sentence(speech.end - 1)
    # What is not closed is signed in a later paragraph.
    further = () if speech.is_closed else _go_on(page, chosen)
    for index in (closing, opening, *further, *_go_back(page, chosen)):
        if page.find_speaker(index) is not None:
            return index
    return None


def _go_back(page: _Page, index: int) -> Iterable[int]:
    for before in range(index - 1, max(index - 1 - SPEAKER_REACH, -1), -1):
        if not page.is_followed(before):
            return
        yield before


def _go_on(page: _Page, index: int) -> Iterable[int]:
    for after in range(index + 1, min(index + 1 + SPEAKER_REACH, len(page.sentences))):
        if not page.is_followed(after - 1):
            return
        yield after


def _find_interviewed(paragraph: _Paragraph) -> Span | None:
    """Place the name of who answers in this paragraph of an interview."""
    page, text = paragraph.page, paragraph.page.text
    index = paragraph.indices[0]
    if "?" not in text[: page.sentences[index].start]:
        return None
    while index >= 0 and paragraph.indices[0] - index <= SPEAKER_REACH:
        sentence = page.sentences[index]
        label = _LABEL.match(text, sentence.start, sentence.end)
        if label and _is_repeated(text, label[0]):
            return _resolve_initials(text, Span(label.start("speaker"), label.end("speaker")))
        # The paragraph before, and the heading between, either of which may be the question.
        line = text.rfind("\n", 0, sentence.start)
        asked = text[text.rfind("\n", 0, len(text[:line].rstrip())) + 1 : line].strip()
        if _QUESTION.search(asked):
            named = page.words.interview.search(text)
            return Span(named.start("speaker"), named.end("speaker")) if named else None
        index = page.find_paragraph(index - 1)[0] if index > 0 else -1
    return None


def _is_repeated(text: str, label: str) -> bool:
    """Tell whether different lines begin with a label, as the answers of an interview do."""
    lines = {line for line in text.splitlines() if line.startswith(label)}
    return len(lines) > 1 and any(map(_QUESTION.search, text.splitlines()))


def _resolve_initials(text: str, label: Span) -> Span:
    initials = re.findall(r"[^\W\d_](?=\.)", text[label.start : label.end])
    if initials:
        name = re.search(r"\b" + r"[\w’'-]+\s".join(initials) + r"[\w’'-]{2,}", text)
        if name:
            return Span(name.start(), name.end())
    return label


def _leans(paragraph: _Paragraph, index: int) -> bool:
    """Tell whether a sentence stands for, or goes against, something that the one before says."""
    page, words = paragraph.page, paragraph.page.words
    if index == paragraph.indices[0]:
        return False
    sentence, before = page.cut(index), page.cut(index - 1)
    if words.independent.match(sentence):
        return False
    demonstrative = words.demonstrative.match(sentence)
    if words.connective.match(sentence):
        leans = words.connective.match(before) is None
    elif words.pronoun.match(sentence):
        leans = words.pronoun.match(before) is None and not _heading_names(page, index)
    elif demonstrative is not None:
        is_named = _NAMED.match(sentence, demonstrative.end()) is not None
        leans = not is_named and not _heading_names(page, index)
    else:
        leans = False
    return leans and not paragraph.changes_voice(index)


def _heading_names(page: _Page, index: int) -> bool:
    """Tell whether the heading begins with a name that the sentence before repeats or leans on."""
    start = page.sentences[index].start
    headings = page.article.headings
    number = bisect_right([heading.start for heading in headings], start)
    if number == 0:
        return False
    heading = headings[number - 1]
    name = re.match(_NAME_WORD, page.text[heading.start : heading.end])
    before = page.cut(index - 1)
    return name is not None and (
        page.words.demonstrative.match(before) is not None or name[0] in _WORD.findall(before)
    )


def _find_items(page: _Page, chosen: int) -> tuple[int, int] | None:
    """Return the first and last sentence of the list that a sentence is in or leads to."""

    def is_item(index: int) -> bool:
        first = page.find_paragraph(index)[0]
        return starts_list_item(page.cut(first))

    if not is_item(chosen) and not page.cut(chosen).endswith(":"):
        return None
    first, last = chosen, chosen
    while page.is_followed(first - 1) and is_item(first):
        first -= 1
    if not is_item(first) and not page.cut(first).endswith(":"):
        first += 1
    while page.is_followed(last) and is_item(last + 1):
        last += 1
    return _fit(page, first, chosen, last) if first < last else None


def _find_enumeration(page: _Page, chosen: int) -> tuple[int, int] | None:
    """Return the sentences of a paragraph that enumerate, and the one before them."""
    paragraph = page.find_paragraph(chosen)
    ordinals = [index for index in paragraph if _ORDINAL.match(page.cut(index))]
    runs = [index for index in ordinals if {index - 1, index + 1} & set(ordinals)]
    if not {chosen, chosen + 1} & set(runs):
        return None
    first = last = chosen if chosen in runs else chosen + 1
    while first - 1 in runs:
        first -= 1
    while last + 1 in runs:
        last += 1
    return _fit(page, max(first - 1, paragraph[0]), chosen, last)


def _fit(page: _Page, first: int, chosen: int, last: int) -> tuple[int, int]:
    """Return the sentences from the first, or else from the chosen one, that are not too long."""
    if page.measure(first, chosen) > MAX_CHARACTERS:
        first = chosen
    while last > chosen and page.measure(first, last) > MAX_CHARACTERS:
        last -= 1
    return first, last


@cache
def _load_words(language: Language) -> _Words:
    entries = _read_entries()[language]
    begin = (
        rf"[«“\"\s(–—•-]*"
        rf"(?:(?i:{_join(entries['adjuncts'])})\b(?:[^,{_CAPITAL}]|{_MONTH}){{0,60}},\s)?"
    )
    speech = rf"(?i:{entries['auxiliaries']}(?:{_join(entries['speech'])}))".replace("'", "['’]")
    subject = rf"(?:(?i:{_join(entries['determiners'])})|[{_CAPITAL}])[^,.;:()«»“”\"\n]{{2,90}}"
    return _Words(
        pronoun=Pattern(rf"{begin}(?i:{_join(entries['pronouns'])})\b"),
        demonstrative=Pattern(rf"{begin}(?i:{_join(entries['demonstratives'])})\b"),
        independent=Pattern(rf"{begin}(?i:{_join(entries['independent'])})"),
        connective=Pattern(rf"[«“\"\s]*(?i:{_join(entries['connectives'])})\b"),
        opinion=Pattern(rf"\b(?i:{_join(entries['opinions'])})\b"),
        speakers=(
            Pattern(rf"[,»”\"!?…]\s*{speech}\s(?P<speaker>{subject})"),
            Pattern(rf"[,”\"!?]\s(?P<speaker>{_NAME})(?:,[^,«“\"]{{2,60}},)?\s{speech}\b"),
            _SIGNED,
            Pattern(rf"(?i:{_join(entries['frames'])})\s(?P<speaker>{_NAME})"),
            Pattern(
                rf"(?P<speaker>{_NAME})[^«“\"\n:]{{0,160}}?"
                rf"(?:[:,]\s*[«“\"]|\s{speech}[^«“\"\n:]{{0,60}}:\Z)"
            ),
        ),
        interview=Pattern(rf"(?i:{_join(entries['interviews'])})\s?(?P<speaker>{_NAME})"),
    )


@cache
def _load_noise() -> Pattern:
    return Pattern(_join(_read_entries()["noise"]["openings"]), re.IGNORECASE)


@cache
def _read_entries() -> dict[str, Any]:
    text = files("massilia.service").joinpath(WORDS).read_text(encoding="utf-8")
    return tomllib.loads(text)


def _join(entries: Iterable[str]) -> str:
    return f"(?:{'|'.join(entries)})".replace("'", "['’]")
