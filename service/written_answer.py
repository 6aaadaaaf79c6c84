"""An answer as one text, its quotes numbered, for those who read no fields: chats and models."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from massilia.service.answer import Answer, Citation, DatedSeries, Quote
from massilia.service.answer_text import describe_disagreements, describe_hint, describe_time
from massilia.service.links import Links
from massilia.service.messages import Messages, load_messages
from massilia.service.printing import QUOTATION_MARKS
from massilia.service.scope import describe_dates

Place = tuple[str, int, int]
_Cited = dict[Place, Citation]

SEPARATOR = "\n\n"
"""Stands between paragraphs."""


@dataclass(frozen=True, slots=True)
class Marker:
    """Place the number of a citation, written "[1]": 0-based, end-exclusive, in code points."""

    number: int
    start: int
    end: int
    citation: Citation


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Hold a paragraph of an answer, and the numbers in it, each after what it cites."""

    text: str
    markers: tuple[Marker, ...] = ()


def write_answer(growing: Iterable[Answer], links: Links) -> Iterator[Paragraph]:
    """Yield the paragraphs of an answer, in its language; `growing` is what `answer_parts` yields.

    Quotes stand between quotation marks, to the letter, each with its number; what the numbers
    stand for comes last. What comes near an abstention has none, since it answers nothing.
    """
    cited: _Cited = {}
    begun = False
    for answer in growing:
        messages = load_messages(answer.question.language)
        if not begun:
            yield from _write_understanding(answer, messages)
            yield from _write_part(answer, messages, cited, links)
            begun = True
        if answer.second:
            yield Paragraph(messages.text("answer.second"))
            yield from _write_part(answer.second, messages, cited, links)
    if cited:
        references = (
            f"- [{number}] {_describe_citation(citation, messages, links)}"
            for number, citation in enumerate(cited.values(), start=1)
        )
        yield Paragraph("\n".join(references))


def join_paragraphs(paragraphs: Iterable[Paragraph], separator: str = SEPARATOR) -> Paragraph:
    """Return the paragraphs as one, with the numbers placed in the whole."""
    texts: list[str] = []
    markers: list[Marker] = []
    start = 0
    for paragraph in paragraphs:
        texts.append(paragraph.text)
        markers += move_markers(paragraph.markers, start)
        start += len(paragraph.text) + len(separator)
    return Paragraph(separator.join(texts), tuple(markers))


def move_markers(markers: Iterable[Marker], offset: int) -> Iterator[Marker]:
    """Yield the markers of a text as they stand in another that holds it from `offset` on."""
    for marker in markers:
        yield replace(marker, start=marker.start + offset, end=marker.end + offset)


def place_citation(citation: Citation) -> Place:
    """Return what tells the place of a citation from others: one place has one number."""
    return citation.article_id, citation.start, citation.end


def _write_understanding(answer: Answer, messages: Messages) -> Iterator[Paragraph]:
    if answer.resumed and answer.resumed.rewritten:
        understood = messages.text("conversation.understood", question=answer.resumed.text)
        yield Paragraph(understood)
    if other := answer.question.other_language:
        language = messages.text(f"other_languages.{other}")
        yield Paragraph(messages.text("scope.foreign", language=language))


def _write_part(
    answer: Answer, messages: Messages, cited: _Cited, links: Links
) -> Iterator[Paragraph]:
    """Yield the answer to one question; what it cites is added to `cited`."""
    if answer.remark:
        yield Paragraph(messages.text(f"remark.{answer.remark}"))
        return
    if dates := describe_dates(answer.dates, messages):
        label = messages.text("scope.dates", count=len(dates))
        yield Paragraph(f"{label} {messages.text('scope.separator').join(dates)}")
    if answer.abstained:
        yield from _write_abstention(answer, messages, links)
        return
    for quote in answer.quotes:
        yield _write_quote(quote, messages, cited)
    bucket = messages.text(f"confidence.{answer.confidence.bucket.lower()}")
    share = messages.percentage(answer.confidence.value)
    yield Paragraph(f"{messages.text('answer.confidence')} {bucket} ({share})")
    if answer.series:
        yield _write_series(answer.series, messages, cited)


def _write_quote(quote: Quote, messages: Messages, cited: _Cited) -> Paragraph:
    text, marker = _mark(f"{_enclose(quote)} ", quote.citation, cited)
    if quote.speaker_text:
        text += f"\n{messages.text('answer.speaker', name=quote.speaker_text)}"
    return Paragraph(text, (marker,))


def _write_series(series: DatedSeries, messages: Messages, cited: _Cited) -> Paragraph:
    lines = [Paragraph(messages.text("series.heading"))]
    for value in series.values:
        time = describe_time(value, messages)
        told = messages.text("written.value", time=time, value=value.value_text)
        text, marker = _mark(f"- {told} ", value.citation, cited)
        lines.append(Paragraph(text, (marker,)))
    if differing := describe_disagreements(series, messages):
        lines.append(Paragraph(differing))
    return join_paragraphs(lines, "\n")


def _write_abstention(answer: Answer, messages: Messages, links: Links) -> Iterator[Paragraph]:
    reasons = [messages.text(f"abstention.{each.lower()}") for each in answer.skipped_reasons]
    yield Paragraph(" ".join([messages.text("abstention.heading"), *reasons]))
    hints = []
    for hint in answer.hints:
        hints.append(f"- {describe_hint(hint, messages)}")
        for article_id, title in hint.articles:
            hints.append(f"    - {title} ({article_id})")
    if hints:
        yield Paragraph("\n".join(hints))
    if answer.near:
        near = (
            f"- {_enclose(quote)}\n    {_describe_citation(quote.citation, messages, links)}"
            for quote in answer.near
        )
        yield Paragraph("\n".join([messages.text("near.heading"), *near]))


def _enclose(quote: Quote) -> str:
    opening, closing = QUOTATION_MARKS[quote.citation.language]
    return f"{opening}{quote.text}{closing}"


def _mark(text: str, citation: Citation, cited: _Cited) -> tuple[str, Marker]:
    """Return the text with the number of `citation` at its end."""
    place = place_citation(citation)
    cited.setdefault(place, citation)
    number = list(cited).index(place) + 1
    marked = f"{text}[{number}]"
    return marked, Marker(number, len(text), len(marked), citation)


def _describe_citation(citation: Citation, messages: Messages, links: Links) -> str:
    day = citation.date_published and messages.date(citation.date_published)
    position = messages.text("answer.position", start=str(citation.start), end=str(citation.end))
    page = citation.page and messages.text("answer.page", number=str(citation.page))
    # A text fragment is long, and not for reading: those who need it have it beside the text.
    address = citation.url or links.find_citation(citation)
    facts = (citation.title, citation.publisher, day, page, position, address)
    return ", ".join(fact for fact in facts if fact)
