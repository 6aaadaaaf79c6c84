"""The command line of the evaluation."""

import json
import os
import statistics
import sys
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console
from rich.table import Table

from massilia.corpus.article import Language
from massilia.corpus.embedded import FOLDER
from massilia.corpus.errors import MassiliaError
from massilia.eval.beir import read_beir
from massilia.eval.comparison import compare_runs
from massilia.eval.corpus_check import CorpusReport, check_corpus, count_questions
from massilia.eval.dataset import Dataset
from massilia.eval.examination import Examination
from massilia.eval.export import QRELS, RUN, write_ragchecker, write_trec
from massilia.eval.gate import (
    FLOORS,
    check_data,
    check_run,
    pin_floors,
    read_floors,
    write_floors,
)
from massilia.eval.judgements import (
    collect_questions,
    count_verdicts,
    make_qrels,
    make_question_set,
    write_judgement,
)
from massilia.eval.printing import print_checks, print_comparison, print_summary
from massilia.eval.report import render_report
from massilia.eval.run_file import read_run, write_run
from massilia.eval.squad import read_squad
from massilia.eval.summary import DIRECTION, FIELDS, summarise_run
from massilia.index.library import Library
from massilia.index.ranker import RankerName
from massilia.service.cli import library_option, run_command_line
from massilia.service.feedback import Feedback, Thumb
from massilia.service.progress import show_progress
from massilia.service.quality import publish_report
from massilia.service.settings import Settings

LANGUAGES = click.Choice([language.value for language in Language])
# What the questions of a corpus are counted by.
COUNTED_FIELDS = ("type", "form", "difficulty", "unanswerable_kind")


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
    help="Question set: one JSON object a line; or, with --qrels, TREC topics.",
)
@click.option(
    "--dataset",
    type=click.Path(path_type=Path),
    help="Foreign corpus with its questions: a BEIR folder, or a SQuAD file.",
)
@click.option(
    "--qrels",
    type=click.Path(path_type=Path),
    help="Judgements of the topics, or which of a BEIR folder's to use.",
)
@click.option(
    "--question-language",
    type=LANGUAGES,
    help="Language of questions that don't say theirs.",
)
@click.option(
    "--corpus-language",
    type=LANGUAGES,
    help="Search only articles in this language; a data set's that don't say theirs are in it.",
)
@click.option(
    "--retriever",
    type=click.Choice([name.value for name in RankerName]),
    default=RankerName.DEFAULT.value,
    show_default=True,
    help="How passages are ranked.",
)
@click.option("--encoder", help="Another sentence-transformers model, by folder or hub name.")
@click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day that questions are asked on, for what they say of dates. Default: that of the run.",
)
@click.option("--json", "output", type=click.Path(path_type=Path), help="Write the run here.")
@click.option(
    "--by",
    "field",
    type=click.Choice([*FIELDS, DIRECTION]),
    help="Print a table with the measures by this field of the questions too.",
)
@library_option
def run(
    questions: Path | None,
    dataset: Path | None,
    qrels: Path | None,
    question_language: str | None,
    corpus_language: str | None,
    retriever: str,
    encoder: str | None,
    today: datetime | None,
    output: Path | None,
    field: str | None,
    library: Path | None,
) -> None:
    """Ask every question of a set, and print the measures with their 95 % intervals.

    A question of a conversation follows the earlier ones, as they were answered. A data set's
    articles are put into a library that is deleted afterwards; --library names a folder to keep it
    in, and to take it from the next time.
    """
    if (questions is None) == (dataset is None):
        raise click.UsageError("Give either --questions or --dataset.")
    if output is not None and not output.parent.is_dir():
        # Learnt of now, not after the whole run.
        raise MassiliaError(f"There is no folder {output.parent} to write {output.name} into.")
    settings = Settings.read(os.environ, library)
    if encoder is not None:
        settings = replace(settings, encoder=encoder)
    only = Language(corpus_language) if corpus_language else None
    spoken = Language(question_language) if question_language else None
    asked_on = today.date() if today else date.today()
    examination = Examination(settings, RankerName(retriever), only, asked_on)
    if dataset is not None:
        measured = examination.run_dataset(read_dataset(dataset, qrels, spoken, only), library)
    elif qrels is not None:
        assert questions is not None
        measured = examination.run_topics(questions, qrels, spoken)
    else:
        assert questions is not None
        measured = examination.run_question_set(questions)
    with show_progress("Measuring", 1) as advance:
        summary = summarise_run(measured)
        advance(1)
    if output is not None:
        write_run(measured, output, summary.as_json())
    print_summary(measured, summary, field)


@cli.command()
@click.argument("run_file", type=click.Path(path_type=Path))
@click.option("--trec", type=click.Path(path_type=Path), help="Folder for run.txt and qrels.txt.")
@click.option("--ragchecker", type=click.Path(path_type=Path), help="File for RAGChecker's JSON.")
def export(run_file: Path, trec: Path | None, ragchecker: Path | None) -> None:
    """Write a run in the formats of trec_eval and ir_measures, or of RAGChecker."""
    if trec is None and ragchecker is None:
        raise click.UsageError("Give --trec, --ragchecker or both.")
    measured = read_run(run_file)
    if trec is not None:
        for folder in write_trec(measured, trec):
            click.echo(f"{folder / RUN}, {folder / QRELS}")
    if ragchecker is not None:
        write_ragchecker(measured, ragchecker)
        click.echo(str(ragchecker))


@cli.command()
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
def compare(first: Path, second: Path) -> None:
    """Compare two runs on the same questions: measures, and the questions that changed.

    p is that of a paired randomisation test, two-sided: how often a difference as large would
    arise by chance if the runs were alike.
    """
    print_comparison(compare_runs(read_run(first), read_run(second)))


@cli.command()
@click.argument("run_file", type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("report.html"),
    show_default=True,
    help="Where to write the report.",
)
@click.option("--publish", is_flag=True, help="Let the service show it at /quality.")
@library_option
def report(run_file: Path, output: Path, publish: bool, library: Path | None) -> None:
    """Write a report of a run: one HTML file in both languages that needs nothing else.

    With --publish, a copy goes into the library's folder, where the service finds it.
    """
    measured = read_run(run_file)
    page = render_report(measured, summarise_run(measured))
    output.write_text(page, encoding="utf-8")
    click.echo(str(output))
    if publish:
        settings = Settings.read(os.environ, library)
        # Raises for a folder that is no library.
        Library.open(settings.library).close()
        click.echo(str(publish_report(page, settings.library)))


@cli.command()
@click.argument("run_file", type=click.Path(path_type=Path))
@click.option(
    "--floors",
    type=click.Path(path_type=Path),
    default=FLOORS,
    help="What was pinned. Default: that of the development set of the embedded corpus.",
)
@click.option("--pin", is_flag=True, help="Pin the floors to this run.")
@click.option("--lower", is_flag=True, help="With --pin: floors may come to lie lower.")
@click.option("--new-data", is_flag=True, help="With --pin: the questions or articles are others.")
def gate(run_file: Path, floors: Path, pin: bool, lower: bool, new_data: bool) -> NoReturn:
    """Fail, with status 1, if a run is worse than what was pinned, or its data isn't the same."""
    if (lower or new_data) and not pin:
        raise click.UsageError("--lower and --new-data go with --pin.")
    measured = read_run(run_file)
    if pin:
        previous = read_floors(floors) if floors.exists() else None
        write_floors(pin_floors(measured, previous, lower=lower, new_data=new_data), floors)
        click.echo(f"Pinned {floors}.")
        sys.exit(0)
    pinned = read_floors(floors)
    faults = check_data(measured.data, pinned)
    if not faults:
        checks = check_run(measured, pinned)
        print_checks(checks)
        faults = [
            f"{check.measure} ({check.part}) {check.reason}" for check in checks if check.reason
        ]
    for fault in faults:
        click.echo(f"The gate is shut: {fault}.", err=True)
    if not faults:
        click.echo("The gate is open.")
    sys.exit(1 if faults else 0)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="LIBRARY")
@click.option(
    "--questions",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write what was found good here, as a question set.",
)
@click.option(
    "--qrels",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write which articles were found good and bad here, as TREC's judgements.",
)
def feedback(folder: Path, questions: Path | None, qrels: Path | None) -> None:
    """Print what readers thought of answers, one JSON object a line.

    With --questions or --qrels, write it there instead, each question once.
    """
    judgements = Feedback(folder).judgements()
    if questions is None and qrels is None:
        for each in judgements:
            click.echo(json.dumps(write_judgement(each), ensure_ascii=False))
        return
    judged = collect_questions(judgements)
    if qrels is not None:
        qrels.write_text("".join(f"{line}\n" for line in make_qrels(judged)), encoding="utf-8")
        click.echo(str(qrels))
    if questions is not None:
        library = Library.open(folder)
        try:
            lines = make_question_set(judged, library.store)
        finally:
            library.close()
        written = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        questions.write_text(written, encoding="utf-8")
        click.echo(str(questions))
    counted = count_verdicts(judgements)
    click.echo(f"{counted[Thumb.UP]} up, {counted[Thumb.DOWN]} down, {len(judged)} questions")


def read_dataset(
    path: Path, qrels: Path | None, questions: Language | None, articles: Language | None
) -> Dataset:
    """Return the data set in a BEIR folder or a SQuAD file, told by which of them it is."""
    if path.is_dir():
        return read_beir(path, qrels, questions, articles)
    if qrels is not None:
        raise click.UsageError("A SQuAD file has no --qrels: its answers lie in its paragraphs.")
    return read_squad(path, questions, articles)


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
        for field in ("answerable", *COUNTED_FIELDS):
            for value, count in sorted(count_questions(split, field).items()):
                table.add_row(f"{field}: {value}", str(count))
        console.print(table)
    overlaps = report.measure_overlaps()
    if overlaps:
        console.print(
            f"{len(asked)} questions; content words shared with the gold sentence: "
            f"median {statistics.median(overlaps):.0%} of {len(overlaps)}"
        )
