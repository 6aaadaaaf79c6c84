"""Ask the questions on five real press texts, which nothing is tuned on, and print the measures.

    python -m massilia.eval.bench.press

The texts are in copyright and not shipped (see eval/press/README.md). They are put into a library
of their own, which is deleted afterwards, and asked with the packaged model.
"""

import argparse
import json
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from massilia.corpus.article import Article, Language
from massilia.corpus.errors import MassiliaError
from massilia.eval.bootstrap import Estimate, estimate_all
from massilia.eval.citations import serve_reader
from massilia.eval.measures import EARLY_HIT, make_statistic, score_outcomes
from massilia.eval.printing import format_interval, format_value, print_table
from massilia.eval.question_set import ExpectedAnswer, read_question_set
from massilia.eval.run import Outcome, run_questions
from massilia.eval.temporary_library import open_temporary_library
from massilia.index.encoder import Encoder
from massilia.ingest.documents import read_article
from massilia.service.answerer import Answerer
from massilia.service.cli import FAILED, prepare_encoder
from massilia.service.progress import show_progress
from massilia.service.settings import Settings

SET = Path(__file__).parent.parent / "press"
ARTICLES = Path(__file__).parents[3] / "shared" / "articles"
MEASURES = (
    "Success@1",
    "RR@10",
    "answer_hit@1",
    "answer_hit@3",
    EARLY_HIT,
    "exact_match",
    "token_f1",
    "mark_rate",
    "mark_exact",
    "mark_overlap",
    "quote_precision",
    "quote_characters_p50",
    "refusal_precision",
    "refusal_recall",
    "false_answer_rate@80",
    "wrong_quote_rate@80",
    "AURC",
    "verbatim_rate",
)


def main() -> None:
    """Print the measures of all questions, and of those in each language."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--articles", type=Path, default=ARTICLES, help="folder of the press texts")
    options = parser.parse_args()
    try:
        articles = read_press_texts(options.articles)
        encoder = prepare_encoder(Settings.read(os.environ))
        _print(ask_press_questions(articles, encoder))
    except MassiliaError as error:
        parser.exit(FAILED, f"Error: {error}\n")


def read_press_texts(folder: Path) -> tuple[Article, ...]:
    """Return the texts of a folder that the questions were written on.

    Raises `MassiliaError` where one is missing, and for one that has changed since: the places of
    its gold sentences hold no longer.
    """
    seals = json.loads((SET / "articles.json").read_text(encoding="utf-8"))
    if not folder.is_dir():
        raise MassiliaError(f"{folder}: there is no such file or folder.")
    read = [read_article(path) for path in sorted(folder.glob("*.txt"))]
    found = {article.id: article for article in read}
    for article_id, seal in seals.items():
        if article_id not in found:
            raise MassiliaError(f"The folder {folder} holds no text {article_id!r}.")
        if found[article_id].text_sha256 != seal:
            raise MassiliaError(
                f"The text {article_id!r} in {folder} is not the one that the questions are on."
            )
    return tuple(found[article_id] for article_id in seals)


def read_press_questions(articles: Sequence[Article]) -> tuple[ExpectedAnswer, ...]:
    """Return the questions on the press texts; raises `QuestionSetError` as their reader does."""
    lengths = {article.id: len(article.text) for article in articles}
    return read_question_set(SET / "questions.jsonl", lengths)


def ask_press_questions(articles: Sequence[Article], encoder: Encoder) -> tuple[Outcome, ...]:
    """Ask every question of a library that holds the texts and nothing else."""
    questions = read_press_questions(articles)
    with open_temporary_library(articles, encoder) as library:
        answerer = Answerer(library, encoder)
        with (
            serve_reader(answerer) as pages,
            show_progress("Asking", len(questions)) as advance,
        ):
            today = date.today()
            return run_questions(answerer, questions, pages, advance=advance, today=today).whole


def measure_press(outcomes: Sequence[Outcome]) -> dict[str, Estimate]:
    """Return the measures with their 95 % intervals, in the order that they are printed in."""
    scores = score_outcomes(outcomes)
    return estimate_all({name: make_statistic(name, scores) for name in MEASURES}, scores.clusters)


def _print(outcomes: Sequence[Outcome]) -> None:
    spoken = [[each for each in outcomes if each.expected.language is one] for one in Language]
    groups = [outcomes, *spoken]
    measured = [measure_press(group) for group in groups]
    quotes = [sum(len(each.quotes) for each in group) for group in groups]
    rows = [["questions", *(str(len(group)) for group in groups), ""]]
    for name in MEASURES:
        values = [format_value(name, each[name].value) for each in measured]
        rows.append([name, *values, format_interval(name, measured[0][name])])
    rows.append(["quotes", *map(str, quotes), ""])
    print_table(("measure", "all", *Language, "95 % interval of all"), rows)


if __name__ == "__main__":
    main()
