"""Answers and lists as text for a terminal."""

import json
import unicodedata
from collections import Counter
from collections.abc import Sequence

import click

from massilia.corpus.article import Language, Source
from massilia.index.store import ArticleEntry, Change, Outcome
from massilia.service.answer import Answer, Citation
from massilia.service.messages import Messages, load_messages
from massilia.service.scope import describe_dates

QUOTATION_MARKS = {Language.FRENCH: ("«\u00a0", "\u00a0»"), Language.ENGLISH: ("“", "”")}


def print_answer(answer: Answer) -> None:
    """Print the quotes with their citations, or why there are none, in the question's language.

    Before them: which dates of the question were used and how, and its language if it is a third.
    """
    messages = load_messages(answer.question.language)
    if other := answer.question.other_language:
        language = messages.text(f"other_languages.{other}")
        click.echo(f"{messages.text('scope.foreign', language=language)}\n")
    if dates := describe_dates(answer.dates, messages):
        label = messages.text("scope.dates", count=len(dates))
        click.echo(f"{label} {messages.text('scope.separator').join(dates)}\n")
    if answer.abstained:
        click.echo(messages.text("abstention.heading"))
        for reason in answer.skipped_reasons:
            click.echo(messages.text(f"abstention.{reason.lower()}"))
        return
    for number, quote in enumerate(answer.quotes, start=1):
        opening, closing = QUOTATION_MARKS[quote.citation.language]
        click.echo(f"{opening}{_show_safely(quote.text)}{closing}")
        for line in _describe_citation(quote.citation, messages, number):
            click.echo(line)
        click.echo()
    bucket = messages.text(f"confidence.{answer.confidence.bucket.lower()}")
    share = messages.percentage(answer.confidence.value)
    click.echo(f"{messages.text('answer.confidence')} {bucket} ({share})")


def print_articles(entries: Sequence[ArticleEntry]) -> None:
    """Print a line an article: id, language, date, title, origin; tab-separated."""
    for entry in entries:
        day = entry.date_published.isoformat() if entry.date_published else "-"
        click.echo("\t".join((entry.id, entry.language, day, entry.title, entry.origin)))


def print_changes(changes: Sequence[Change], skipped: int, as_json: bool) -> None:
    """Print what became of each document: refusals to standard error, the rest to output."""
    if as_json:
        listed = [
            {
                "id": change.article_id or None,
                "location": change.location,
                "outcome": change.outcome,
                "reason": change.reason,
            }
            for change in changes
        ]
        click.echo(json.dumps({"documents": listed, "skipped": skipped}, ensure_ascii=False))
        return
    for change in changes:
        if change.outcome is Outcome.REFUSED:
            click.echo(f"{change.outcome:<10} {change.reason}", err=True)
        else:
            click.echo(f"{change.outcome:<10} {change.article_id}")
    counts = Counter(change.outcome for change in changes)
    summary = ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome)
    others = f"; {skipped} of other kinds skipped" if skipped else ""
    click.echo(f"{summary}{others}")


def _describe_citation(citation: Citation, messages: Messages, number: int) -> list[str]:
    day = citation.date_published and messages.date(citation.date_published)
    position = messages.text("answer.position", start=str(citation.start), end=str(citation.end))
    facts = (citation.title, citation.publisher, day, citation.origin, position)
    lines = [f"    [{number}] " + ", ".join(fact for fact in facts if fact)]
    if citation.url:
        lines.append(f"        {citation.url}")
    lines += (f"        - {_describe_source(source, messages)}" for source in citation.sources)
    return lines


def _show_safely(text: str) -> str:
    # A control character in an article would be a command to the terminal.
    return "".join(
        "\ufffd" if unicodedata.category(each) == "Cc" and not each.isspace() else each
        for each in text
    )


def _describe_source(source: Source, messages: Messages) -> str:
    day = source.date and messages.source_date(source.date)
    return ", ".join(fact for fact in (source.title, source.publisher, day, source.url) if fact)
