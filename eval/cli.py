"""The command line of the evaluation."""

import json
import os
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console
from rich.table import Table

from massilia.corpus.article import Language
from massilia.corpus.errors import MassiliaError
from massilia.eval.measures import Measure, measure_run
from massilia.eval.question_set import read_question_set
from massilia.eval.run import Outcome, run_questions
from massilia.service.cli import library_option, open_answerer, run_command_line
from massilia.service.progress import show_progress
from massilia.service.settings import Settings


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
@library_option
def run(questions: Path, output: Path | None, library: Path | None) -> None:
    """Ask every question of a set, and print the measures by language."""
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
    if output is not None:
        output.write_text(_dump(columns, outcomes), encoding="utf-8")


def _print_table(columns: dict[str, list[Measure]]) -> None:
    table = Table("measure", *(f"{name}" for name in columns), box=None)
    for rows in zip(*columns.values(), strict=True):
        table.add_row(rows[0].name, *(_format(measure) for measure in rows))
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
