"""Answers and lists as text for a terminal."""

import json
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import TextIO

import click

from massilia.corpus.article import Language, Source
from massilia.corpus.pattern import Pattern
from massilia.index.change import Change, Outcome
from massilia.index.store import ArticleEntry
from massilia.ingest.document import Document
from massilia.service.answer import Answer, Citation, DatedSeries, Hint, Quote
from massilia.service.answer_text import (
    describe_disagreements,
    describe_hint,
    describe_time,
    list_dates,
)
from massilia.service.ingested import Ingested
from massilia.service.messages import Messages, load_messages
from massilia.service.scope import describe_dates

_ALWAYS_COUNTED = (Outcome.ADDED, Outcome.CHANGED, Outcome.UNCHANGED, Outcome.REFUSED)
_NARROWEST_TABLE = 24
# They would turn round what follows them on the line: a name, its reason, the frame of a table.
_TURNING = Pattern("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
QUOTATION_MARKS = {Language.FRENCH: ("«\u00a0", "\u00a0»"), Language.ENGLISH: ("“", "”")}


def print_answer(answer: Answer) -> None:
    """Print the quotes with their citations, or why there are none, in the question's language.

    Before them: the question where it was made to stand alone, which of its dates were used and
    how, and its language if it is a third. After them: the answer to the other question where two
    are asked, and related ones.
    """
    messages = load_messages(answer.question.language)
    if answer.resumed and answer.resumed.rewritten:
        understood = messages.text("conversation.understood", question=answer.resumed.text)
        click.echo(f"{_show_safely(understood)}\n")
    if other := answer.question.other_language:
        language = messages.text(f"other_languages.{other}")
        click.echo(f"{messages.text('scope.foreign', language=language)}\n")
    if dates := describe_dates(list_dates(answer), messages):
        label = messages.text("scope.dates", count=len(dates))
        click.echo(f"{label} {messages.text('scope.separator').join(dates)}\n")
    numbers = count(1)
    _print_part(answer, messages, numbers)
    if answer.second:
        click.echo(f"\n{messages.text('answer.second')}\n")
        _print_part(answer.second, messages, numbers)
    if answer.related:
        click.echo(f"\n{messages.text('answer.related')}")
        for question in answer.related:
            click.echo(f"- {question}")


def print_articles(entries: Sequence[ArticleEntry]) -> None:
    """Print a line an article: id, language, date, title, origin; tab-separated."""
    for entry in entries:
        day = entry.date_published.isoformat() if entry.date_published else "-"
        click.echo("\t".join((entry.id, entry.language, day, entry.title, entry.origin)))


def print_ingested(ingested: Ingested, as_json: bool) -> None:
    """Print what became of each document: refusals to standard error, the rest to output.

    In the end come the counts: on a terminal in a table, and then the refusals in another.
    """
    if as_json:
        click.echo(json.dumps(_describe_ingested(ingested), ensure_ascii=False))
        return
    on_terminal = _is_terminal(sys.stdout)
    # Where both go to the terminal, the table has them all.
    told_twice = on_terminal and _is_terminal(sys.stderr)
    for change in ingested.changes:
        if change.outcome is Outcome.REFUSED:
            if not told_twice:
                click.echo(f"{change.outcome:<10} {_show_on_a_line(str(change.reason))}", err=True)
        else:
            named = change.article_id or change.location
            reason = f"  ({change.reason})" if change.reason else ""
            click.echo(f"{change.outcome:<10} {_show_on_a_line(named + reason)}")
    counts = Counter(change.outcome for change in ingested.changes)
    counted = {
        outcome: counts[outcome]
        for outcome in Outcome
        if outcome in _ALWAYS_COUNTED or counts[outcome]
    }
    if on_terminal:
        _draw_ingested(ingested, counted)
        return
    summary = ", ".join(f"{number} {outcome}" for outcome, number in counted.items())
    others = f"; {ingested.passed} of other kinds skipped" if ingested.passed else ""
    click.echo(f"{summary}{others}")


def _is_terminal(stream: TextIO | None) -> bool:
    # Python has no stream where its caller closed it.
    return stream is not None and stream.isatty()


def _draw_ingested(ingested: Ingested, counted: Mapping[Outcome, int]) -> None:
    """Draw a table of how many documents came to what, and one of those that were refused."""
    # Imported here: it takes a twentieth of a second, and most commands draw nothing.
    from rich.box import ROUNDED
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    def fold(text: str) -> Text:
        # A text is shown as it is, where a string could hold markup: a file may be called "[red]".
        return Text(_show_in_a_cell(text), overflow="fold")

    rows = [(str(outcome), f"{number:,}") for outcome, number in counted.items()]
    if ingested.passed:
        rows.append(("skipped, of other kinds", f"{ingested.passed:,}"))
    table = Table(box=ROUNDED)
    table.add_column(fold("outcome"))
    table.add_column(fold("documents"), justify="right")
    for row in rows:
        table.add_row(*map(fold, row))
    console = Console(file=sys.stdout)
    # A terminal narrower than that has to fold the lines itself: there would be no room for cells.
    console.width = max(console.width, _NARROWEST_TABLE)
    console.print(table)
    refusals = [change for change in ingested.changes if change.outcome is Outcome.REFUSED]
    if refusals:
        # A line between the rows: names and reasons take several lines each.
        refused = Table(box=ROUNDED, show_lines=True)
        for heading in ("refused", "why"):
            refused.add_column(fold(heading))
        for change in refusals:
            refused.add_row(*map(fold, _split_refusal(change)))
        console.print(refused)


def _split_refusal(change: Change) -> tuple[str, str]:
    """Return where what was refused lies, and why it was, without the name that comes first."""
    # Imported here, as all that most commands do without.
    from massilia.ingest.job import name_place
    from massilia.ingest.places import STANDARD_INPUT

    place, reason = change.location, str(change.reason)
    for name in (place, name_place(place), name_place(place.partition("#")[0])):
        rest = reason.removeprefix(name)
        if name and rest != reason and rest.startswith((": ", ", line ")):
            reason = rest[2:]
            break
    return name_place(place) if place.startswith(STANDARD_INPUT) else place, reason


def _describe_ingested(ingested: Ingested) -> dict[str, object]:
    documents = {each.location: each for each in ingested.documents}
    listed: list[dict[str, object]] = []
    for change in ingested.changes:
        row: dict[str, object] = {
            "id": change.article_id or None,
            "location": change.location,
            "outcome": change.outcome,
            "reason": change.reason,
        }
        if change.location in documents and change.outcome is not Outcome.REFUSED:
            row |= _describe_document(documents[change.location])
        listed.append(row)
    return {"documents": listed, "skipped": ingested.passed}


def _describe_document(document: Document) -> dict[str, object]:
    article = document.article
    return {
        "title": article.title,
        "language": article.language,
        "publisher": article.publisher,
        "authors": article.authors,
        "date_published": article.date_published and article.date_published.isoformat(),
        "date_modified": article.date_modified and article.date_modified.isoformat(),
        "url": article.url,
        "characters": len(article.text),
        "found": {
            note.field: {"how": note.how, "certainty": note.certainty} for note in article.notes
        },
        "dropped": [{"line": each.line, "reason": each.reason} for each in document.dropped],
    }


def _print_part(answer: Answer, messages: Messages, numbers: Iterator[int]) -> None:
    """Print the answer to one question; its citations take the next of `numbers`."""
    if answer.remark:
        click.echo(messages.text(f"remark.{answer.remark}"))
        return
    places: dict[tuple[str, int, int], int] = {}
    if answer.abstained:
        _print_abstention(answer, messages)
    for quote in answer.quotes:
        number = next(numbers)
        places[_place(quote.citation)] = number
        _print_quote(quote, messages, f"[{number}]")
        click.echo()
    if not answer.abstained:
        bucket = messages.text(f"confidence.{answer.confidence.bucket.lower()}")
        share = messages.percentage(answer.confidence.value)
        click.echo(f"{messages.text('answer.confidence')} {bucket} ({share})")
    if answer.series:
        click.echo()
        _print_series(answer.series, messages, numbers, places)


def _print_abstention(answer: Answer, messages: Messages) -> None:
    click.echo(messages.text("abstention.heading"))
    for reason in answer.skipped_reasons:
        click.echo(messages.text(f"abstention.{reason.lower()}"))
    for hint in answer.hints:
        _print_hint(hint, messages)
    label = messages.text("near.label")
    for quote in answer.near:
        click.echo()
        # What doesn't answer has no words that do.
        _print_quote(replace(quote, mark=None), messages, f"({label})")


def _print_hint(hint: Hint, messages: Messages) -> None:
    click.echo(f"- {_show_safely(describe_hint(hint, messages))}")
    for article_id, title in hint.articles:
        click.echo(f"    - {_show_safely(title)} ({article_id})")


def _print_quote(quote: Quote, messages: Messages, number: str) -> None:
    """Print a quote, the words that answer in bold on a terminal, and its citation."""
    opening, closing = QUOTATION_MARKS[quote.citation.language]
    text = _show_safely(quote.text)
    if quote.mark:
        # Showing changes no length: a character stands for a character.
        start, end = (each - quote.citation.start for each in (quote.mark.start, quote.mark.end))
        text = text[:start] + click.style(text[start:end], bold=True) + text[end:]
    click.echo(f"{opening}{text}{closing}")
    for line in _describe_citation(quote.citation, messages, number):
        click.echo(line)
    if quote.speaker_text:
        speaker = messages.text("answer.speaker", name=_show_safely(quote.speaker_text))
        click.echo(f"        {speaker}")


def _print_series(
    series: DatedSeries,
    messages: Messages,
    numbers: Iterator[int],
    places: dict[tuple[str, int, int], int],
) -> None:
    """Print a line a value, and the citations that aren't among `places`, which it adds to."""
    click.echo(messages.text("series.heading"))
    rows = []
    cited = []
    for value in series.values:
        citation = value.citation
        if _place(citation) not in places:
            places[_place(citation)] = next(numbers)
            cited.append((citation, places[_place(citation)]))
        cells = (describe_time(value, messages), value.value_text, value.speaker or "")
        rows.append((*map(_show_safely, cells), f"[{places[_place(citation)]}]"))
    columns = list(zip(*rows, strict=True))
    widths = [max(map(_measure, column)) for column in columns]
    for row in rows:
        padded = (
            cell + " " * (width - _measure(cell)) for cell, width in zip(row, widths, strict=True)
        )
        # An empty column, where no one is named, leaves no gap.
        shown = (cell for cell, width in zip(padded, widths, strict=True) if width)
        click.echo(f"    {'  '.join(shown)}".rstrip())
    if differing := describe_disagreements(series, messages):
        click.echo(differing)
    for citation, number in cited:
        for line in _describe_citation(citation, messages, f"[{number}]"):
            click.echo(line)


def _place(citation: Citation) -> tuple[str, int, int]:
    return citation.article_id, citation.start, citation.end


def _measure(text: str) -> int:
    """Count the columns that a text takes on a terminal."""
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in text
    )


def _describe_citation(citation: Citation, messages: Messages, number: str) -> list[str]:
    day = citation.date_published and messages.date(citation.date_published)
    position = messages.text("answer.position", start=str(citation.start), end=str(citation.end))
    page = citation.page and messages.text("answer.page", number=str(citation.page))
    facts = (citation.title, citation.publisher, day, citation.origin, page, position)
    lines = [f"    {number} " + ", ".join(fact for fact in facts if fact)]
    if citation.url:
        lines.append(f"        {citation.url}")
    lines += (f"        - {_describe_source(source, messages)}" for source in citation.sources)
    if citation.also_in:
        separator = messages.text("scope.separator")
        named = separator.join(
            _show_safely(each.publisher or each.title) for each in citation.also_in
        )
        lines.append(f"        {messages.text('answer.also_in')} {named}")
    return lines


def _show_safely(text: str) -> str:
    # A control character in an article would be a command to the terminal.
    return "".join(
        "\ufffd" if unicodedata.category(each) == "Cc" and not each.isspace() else each
        for each in text
    )


def _show_on_a_line(text: str) -> str:
    # A file's name may hold a line end, and what follows it would be another document's line.
    return " ".join(_show_safely(text).splitlines())


def _show_in_a_cell(text: str) -> str:
    # What is drawn is as wide as it was measured, in the order in which it was written.
    line = _TURNING.sub("\ufffd", _show_on_a_line(text))
    return "".join(" " if each.isspace() else each for each in line)


def _describe_source(source: Source, messages: Messages) -> str:
    day = source.date and messages.source_date(source.date)
    return ", ".join(fact for fact in (source.title, source.publisher, day, source.url) if fact)
