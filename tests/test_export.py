"""Runs in the formats of others, scored again by the programs that those are for."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pytrec_eval

from massilia.corpus.errors import MassiliaError
from massilia.eval.export import write_ragchecker, write_trec
from massilia.eval.measures import RETRIEVAL, measure_scores, score_outcomes
from massilia.eval.question_set import Judgement
from massilia.eval.run import CheckedQuote, Outcome, PassagePlace, RankedArticle
from massilia.eval.run_file import Run

NAMES = [str(each) for each in RETRIEVAL]
# What trec_eval calls them; RR@10 is its recip_rank where all that is found is among ten.
TREC_NAMES = {
    "nDCG@10": "ndcg_cut_10",
    "RR@10": "recip_rank",
    "R@10": "recall_10",
    "R@100": "recall_100",
    "Success@1": "success_1",
    "Success@3": "success_3",
    "Success@5": "success_5",
    "AP": "map",
}

MakeOutcome = Callable[..., Outcome]
MakeQuote = Callable[..., CheckedQuote]
MakeRun = Callable[..., Run]


def measure(outcomes: Iterable[Outcome]) -> dict[str, float]:
    measured = measure_scores(score_outcomes(tuple(outcomes)), resamples=0)
    values = {name: measured[name].value for name in NAMES}
    return {name: value for name, value in values.items() if value is not None}


def run_ir_measures(folder: Path) -> dict[str, str]:
    """Return what the command of ir_measures prints, by measure: a value with four decimals."""
    words = ["-m", "ir_measures", str(folder / "qrels.txt"), str(folder / "run.txt"), *NAMES]
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, check=True, timeout=120
    )
    return dict(line.split("\t") for line in done.stdout.splitlines())


def run_trec_eval(folder: Path) -> dict[str, dict[str, float]]:
    """Return what the code of trec_eval makes of the files, by question and measure.

    It leaves out questions that aren't in the run, as the program does without its option -c.
    """
    with (folder / "qrels.txt").open(encoding="utf-8") as file:
        qrels = pytrec_eval.parse_qrel(file)
    with (folder / "run.txt").open(encoding="utf-8") as file:
        run = pytrec_eval.parse_run(file)
    found = pytrec_eval.RelevanceEvaluator(qrels, set(TREC_NAMES.values())).evaluate(run)
    return {
        question: {name: values[TREC_NAMES[name]] for name in NAMES}
        for question, values in found.items()
    }


def average(scored: dict[str, dict[str, float]], questions: int) -> dict[str, float]:
    return {name: sum(each[name] for each in scored.values()) / questions for name in NAMES}


@pytest.fixture
def graded(make_outcome: MakeOutcome) -> list[Outcome]:
    """Three questions with judgements of several grades, and equal scores."""
    return [
        make_outcome("q1", "cbad", qrels=(Judgement("a", 2), Judgement("b", 1), Judgement("c", 0))),
        make_outcome(
            "q2",
            [RankedArticle(each, 0.5) for each in "badc"],
            qrels=(Judgement("d", 3), Judgement("b", 1), Judgement("z", 1)),
        ),
        make_outcome("q3", "ghijea", qrels=(Judgement("a", 1), Judgement("g", -1))),
    ]


def test_ir_measures_prints_the_same_values(
    graded: list[Outcome], make_run: MakeRun, tmp_path: Path
) -> None:
    write_trec(make_run(graded), tmp_path)
    expected = {name: f"{value:.4f}" for name, value in measure(graded).items()}
    assert run_ir_measures(tmp_path) == expected
    # The first relevant is 2nd, 1st and 6th: (1/2 + 1 + 1/6) / 3 = 5/9.
    assert expected["RR@10"] == "0.5556"
    assert expected["Success@1"] == "0.3333"


def test_trec_eval_gives_the_same_values(
    graded: list[Outcome], make_run: MakeRun, tmp_path: Path
) -> None:
    write_trec(make_run(graded), tmp_path)
    scored = run_trec_eval(tmp_path)
    assert list(scored) == ["q1", "q2", "q3"]
    assert average(scored, 3) == pytest.approx(measure(graded))
    assert [each["RR@10"] for each in scored.values()] == pytest.approx([1 / 2, 1, 1 / 6])


def test_unanswerable_questions_are_in_the_run_and_change_nothing(
    graded: list[Outcome], make_outcome: MakeOutcome, make_run: MakeRun, tmp_path: Path
) -> None:
    unanswerable = make_outcome("q4", "ab", ["Two"], answerable=False)
    write_trec(make_run([unanswerable, *graded]), tmp_path)
    expected = measure(graded)
    assert measure([unanswerable, *graded]) == expected
    assert average(run_trec_eval(tmp_path), 3) == pytest.approx(expected)
    assert run_ir_measures(tmp_path) == {name: f"{each:.4f}" for name, each in expected.items()}
    assert "q4 Q0 a 1 1.0 " in (tmp_path / "run.txt").read_text(encoding="utf-8")
    assert "q4" not in (tmp_path / "qrels.txt").read_text(encoding="utf-8")


def test_a_question_for_which_nothing_is_found_counts_as_0(
    graded: list[Outcome], make_outcome: MakeOutcome, make_run: MakeRun, tmp_path: Path
) -> None:
    """ir_measures counts it, for it is judged. trec_eval does so only with its option -c, which
    means a mean over all judged questions; without it the question is left out, and the mean is
    that of the three others."""
    outcomes = [*graded, make_outcome("q4", "")]
    write_trec(make_run(outcomes), tmp_path)
    expected = measure(outcomes)
    assert expected == pytest.approx({name: 3 / 4 * each for name, each in measure(graded).items()})
    assert run_ir_measures(tmp_path) == {name: f"{each:.4f}" for name, each in expected.items()}
    scored = run_trec_eval(tmp_path)
    assert "q4" not in scored
    assert average(scored, 4) == pytest.approx(expected)
    assert average(scored, 3) == pytest.approx(measure(graded))


@pytest.mark.parametrize("found", ["abcd", "dcba", "cadb"])
@pytest.mark.parametrize("score", [0.0, 0.5, -0.25, 30.0, 0.016393])
def test_equal_scores_are_read_in_the_order_of_the_ranking(
    make_outcome: MakeOutcome, make_run: MakeRun, tmp_path: Path, found: str, score: float
) -> None:
    """trec_eval goes by the scores alone, and takes the last id first where they are equal."""
    outcome = make_outcome("q1", [RankedArticle(each, score) for each in found])
    write_trec(make_run([outcome]), tmp_path)
    scored = run_trec_eval(tmp_path)["q1"]
    assert scored["RR@10"] == pytest.approx(1 / (found.index("a") + 1))
    assert scored == pytest.approx(measure([outcome]))
    lines = (tmp_path / "run.txt").read_text(encoding="utf-8").splitlines()
    scores = [float(line.split()[4]) for line in lines]
    assert scores == pytest.approx([score] * 4, abs=1e-5)
    assert scores == sorted(set(scores), reverse=True)
    single = [np.float32(each) for each in scores]
    assert single == sorted(set(single), reverse=True)


def test_scores_that_single_precision_cannot_tell_apart_keep_their_order(
    make_outcome: MakeOutcome, make_run: MakeRun, tmp_path: Path
) -> None:
    """A run file's six decimals are more than trec_eval reads of numbers above 16."""
    ranking = [RankedArticle("a", 30.000001), RankedArticle("b", 30.0), RankedArticle("c", 2.5)]
    write_trec(make_run([make_outcome("q1", ranking)]), tmp_path)
    assert run_trec_eval(tmp_path)["q1"]["Success@1"] == 1
    lines = (tmp_path / "run.txt").read_text(encoding="utf-8").splitlines()
    assert lines[2].split()[4] == "2.5"


def test_the_files_have_the_columns_of_trec(
    make_outcome: MakeOutcome, make_run: MakeRun, tmp_path: Path
) -> None:
    ranking = [RankedArticle("côte-fr", 0.912345), RankedArticle("b", -1e-06)]
    judged = (Judgement("côte-fr", 2), Judgement("z", 0))
    outcomes = [make_outcome("q1", ranking, qrels=judged), make_outcome("q2", "a")]
    folder = tmp_path / "new" / "folder"
    assert write_trec(make_run(outcomes), folder) == [folder]
    assert (folder / "run.txt").read_text(encoding="utf-8") == (
        "q1 Q0 côte-fr 1 0.912345 massilia-words\n"
        "q1 Q0 b 2 -1e-06 massilia-words\n"
        "q2 Q0 a 1 1.0 massilia-words\n"
    )
    assert (folder / "qrels.txt").read_text(encoding="utf-8") == (
        "q1 0 côte-fr 2\nq1 0 z 0\nq2 0 a 1\n"
    )


def test_each_direction_has_a_folder_of_its_own(
    make_outcome: MakeOutcome, make_run: MakeRun, tmp_path: Path
) -> None:
    run = make_run(
        [make_outcome("q1", "ab", qrels=(Judgement("a"), Judgement("b"))), make_outcome("q2", "b")],
        directions={"en-en": [make_outcome("q1", "a")], "en-fr": [make_outcome("q2", "b")]},
    )
    folders = write_trec(run, tmp_path)
    assert folders == [tmp_path, tmp_path / "en-en", tmp_path / "en-fr"]
    assert run_trec_eval(tmp_path).keys() == {"q1", "q2"}
    assert (tmp_path / "qrels.txt").read_text(encoding="utf-8") == "q1 0 a 1\nq1 0 b 1\nq2 0 a 1\n"
    assert (tmp_path / "en-en" / "qrels.txt").read_text(encoding="utf-8") == "q1 0 a 1\n"
    assert run_trec_eval(tmp_path / "en-en")["q1"]["RR@10"] == 1
    assert run_trec_eval(tmp_path / "en-fr")["q2"]["RR@10"] == 0
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.txt")}
    assert found == {
        f"{part}{name}" for part in ("", "en-en/", "en-fr/") for name in ("run.txt", "qrels.txt")
    }


@pytest.mark.parametrize("name", ["a b", "a\tb", "a\u00a0b", "a\nb", " a"])
@pytest.mark.parametrize("place", ["question", "ranking", "judgement", "direction"])
def test_an_id_with_white_space_is_refused_before_anything_is_written(
    make_outcome: MakeOutcome, make_run: MakeRun, tmp_path: Path, name: str, place: str
) -> None:
    faulty = {
        "question": make_outcome(name, "a"),
        "ranking": make_outcome("q1", ["b", RankedArticle(name, 0.1)]),
        "judgement": make_outcome("q1", "a", qrels=(Judgement("a"), Judgement(name))),
        "direction": make_outcome("q1", [RankedArticle(name, 0.1)]),
    }[place]
    good = make_outcome("q0", "a")
    run = (
        make_run([good], directions={"en-en": [good], "en-fr": [faulty]})
        if place == "direction"
        else make_run([good, faulty])
    )
    with pytest.raises(MassiliaError, match="holds white space") as refusal:
        write_trec(run, tmp_path / "trec")
    assert repr(name) in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


def test_ragchecker_is_given_questions_answers_quotes_and_passages(
    make_outcome: MakeOutcome, make_run: MakeRun, tmp_path: Path
) -> None:
    path = tmp_path / "ragchecker.json"
    outcomes = [
        make_outcome(
            "q1",
            "ab",
            ["Deux câbles.", "Two."],
            passages=[PassagePlace("a", 0, 12), PassagePlace("b", 5, 9)],
            question="Combien ?",
            answers=("Deux", "Two"),
        ),
        make_outcome("q2", best="Two", answerable=False),
    ]
    run = make_run(outcomes, passages={"a:0-12": "Deux câbles.", "b:5-9": "Two."})
    write_ragchecker(run, path)
    text = path.read_text(encoding="utf-8")
    assert "Deux câbles." in text
    assert text.endswith("}\n")
    assert json.loads(text) == {
        "results": [
            {
                "query_id": "q1",
                "query": "Combien ?",
                "gt_answer": "Deux; Two",
                "response": "Deux câbles.\nTwo.",
                "retrieved_context": [
                    {"doc_id": "a", "text": "Deux câbles."},
                    {"doc_id": "b", "text": "Two."},
                ],
            },
            {
                "query_id": "q2",
                "query": "How many cables?",
                "gt_answer": "",
                "response": "",
                "retrieved_context": [],
            },
        ]
    }


def test_ragchecker_is_given_a_turn_as_it_was_searched_with(
    make_outcome: MakeOutcome, make_run: MakeRun, tmp_path: Path
) -> None:
    outcome = replace(make_outcome(question="What did it cost?"), rewritten="What did Medusa cost?")
    write_ragchecker(make_run([outcome]), tmp_path / "ragchecker.json")
    (result,) = json.loads((tmp_path / "ragchecker.json").read_text(encoding="utf-8"))["results"]
    assert result["query"] == "What did Medusa cost?"
