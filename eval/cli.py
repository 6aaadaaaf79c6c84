"""The command line of the evaluation."""

import json
import os
import statistics
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console
from rich.table import Table

from massilia.corpus.article import Language
from massilia.corpus.embedded import FOLDER
from massilia.corpus.errors import MassiliaError
from massilia.eval.corpus_check import CorpusReport, check_corpus, count_questions, show_field
from massilia.eval.measures import Measure, measure_run
from massilia.eval.question_set import read_question_set
from massilia.eval.run import Outcome, run_questions
from massilia.service.cli import library_option, open_answerer, run_command_line
from massilia.service.progress import show_progress
from massilia.service.settings import Settings

FIELDS = ("type", "form", "difficulty", "unanswerable_kind", "topic")
GROUP_MEASURES = frozenset(
    {"questions", "Success@1", "RR@10", "answer_hit@1", "answer_hit@3", "abstention_recall"}
)


def main() -> NoReturn:
    """Run the command line; errors go to standard error and end it with status 2."""
    run_command_line(cli, "massilia-eval")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="massilia", prog_name="massilia-eval")
def cli() -> None:
    """Measure how good the answers of a library are."""


@cli.command()
@click.option(
    "--questions",
    type=click.Path(path_type=Path),
    required=True,
    help="Question set: one JSON object a line.",
)
@click.option("--json", "output", type=click.Path(path_type=Path), help="Write the run here.")
@click.option(
    "--by",
    "field",
    type=click.Choice(FIELDS),
    help="Print a second table, with the measures by this field of the questions.",
)
@library_option
def run(questions: Path, output: Path | None, field: str | None, library: Path | None) -> None:
    """Ask every question of a set, and print the measures by language.

    Questions of a conversation are asked one by one, as if each were the first.
    """
    asked = read_question_set(questions)
    if output is not None and not output.parent.is_dir():
        # Learnt of now, not after the whole run.
        raise MassiliaError(f"There is no folder {output.parent} to write {output.name} into.")
    with (
        open_answerer(Settings.read(os.environ, library)) as answerer,
        show_progress("Asking", len(asked)) as advance,
    ):
        outcomes = run_questions(answerer, asked, advance)
    columns = {"all": measure_run(outcomes)}
    for language in Language:
        spoken = [each for each in outcomes if each.expected.language is language]
        if spoken:
            columns[language] = measure_run(spoken)
    _print_table(columns)
    if field is not None:
        _print_groups(outcomes, field)
    if output is not None:
        output.write_text(_dump(columns, outcomes), encoding="utf-8")


def _print_table(columns: dict[str, list[Measure]]) -> None:
    table = Table("measure", *(f"{name}" for name in columns), box=None)
    for rows in zip(*columns.values(), strict=True):
        table.add_row(rows[0].name, *(_format(measure) for measure in rows))
    Console().print(table)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=FOLDER)
@click.option(
    "--against",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of texts (*.txt) that nothing may be copied from.",
)
def corpus(folder: Path, against: Path | None) -> NoReturn:
    """Check a corpus, the embedded one by default: articles, sources, questions.

    Prints what it holds and every fault; the exit status is 1 when there are any.
    """
    if not (folder / "articles").is_dir():
        raise MassiliaError(f"{folder} is no corpus: it has no folder `articles`.")
    report = check_corpus(folder, sorted(against.glob("*.txt")) if against else ())
    _print_corpus(report)
    for fault in report.faults:
        click.echo(str(fault), err=True)
    click.echo(f"{len(report.faults)} faults")
    sys.exit(1 if report.faults else 0)


def _print_corpus(report: CorpusReport) -> None:
    articles = Table("topic", "languages", "sentences", "words", "sources", "questions", box=None)
    asked = [question for split in report.questions.values() for question in split]
    by_topic = count_questions(asked, "topic")
    for topic, checked in sorted(report.topics().items()):
        articles.add_row(
            topic,
            ", ".join(each.article.language for each in checked),
            str(max(len(each.sentences) for each in checked)),
            ", ".join(str(len(each.article.text.split())) for each in checked),
            str(max(len(each.article.sources) for each in checked)),
            str(by_topic[topic]),
        )
    console = Console()
    console.print(articles)
    for name, split in report.questions.items():
        table = Table(name, "questions", box=None)
        for field in ("answerable", *FIELDS):
            for value, count in sorted(count_questions(split, field).items()):
                if field != "topic":
                    table.add_row(f"{field}: {value}", str(count))
        console.print(table)
    overlaps = report.measure_overlaps()
    if overlaps:
        console.print(
            f"{len(asked)} questions; content words shared with the gold sentence: "
            f"median {statistics.median(overlaps):.0%} of {len(overlaps)}"
        )


def _print_groups(outcomes: Sequence[Outcome], field: str) -> None:
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[show_field(outcome.expected, field)].append(outcome)
    names: list[str] = []
    rows = []
    for value, group in sorted(groups.items()):
        measures = [each for each in measure_run(group) if each.name in GROUP_MEASURES]
        names = [measure.name for measure in measures]
        rows.append((value, *map(_format, measures)))
    table = Table(field, *names, box=None)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _format(measure: Measure) -> str:
    if measure.value is None:
        return "–"
    if measure.name == "questions":
        return f"{measure.value:.0f}"
    return f"{measure.value:.1f}" if measure.name.endswith("_ms") else f"{measure.value:.4f}"


def _dump(columns: dict[str, list[Measure]], outcomes: tuple[Outcome, ...]) -> str:
    measures = {
        name: {measure.name: measure.value for measure in column}
        for name, column in columns.items()
    }
    questions = [
        {
            "id": outcome.expected.id,
            "question": outcome.expected.question,
            "answerable": outcome.expected.answerable,
            "ranked_article_ids": outcome.answer.ranked_article_ids,
            "confidence": outcome.answer.confidence.value,
            "abstained": outcome.answer.abstained,
            "quotes": [
                {
                    "text": quote.text,
                    "score": quote.score,
                    "article_id": quote.citation.article_id,
                    "start": quote.citation.start,
                    "end": quote.citation.end,
                }
                for quote in outcome.answer.quotes
            ],
            "answer_hit@1": outcome.hit(1),
        }
        for outcome in outcomes
    ]
    content = {
        "measures": measures["all"],
        "by_language": {name: column for name, column in measures.items() if name != "all"},
        "questions": questions,
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"
