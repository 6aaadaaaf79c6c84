"""Fit the judge: how sentences are ranked by their evidence, and how sure it is that one answers.

    python -m massilia.eval.fit_judge corpus/questions/dev.jsonl corpus/questions/validation.jsonl

The questions are asked of the embedded library whole and of its articles in each language apart,
conversations as conversations; and of parts of it, so that the judge knows small libraries and
those that hold no answer: of one article that answers ("alone"), of all the others ("without",
where what comes nearest is a near miss), and of one on another subject ("elsewhere"). What is
printed is of questions that the coefficients weren't fitted on: each fold of the topics is judged
by those of the others. The coefficients that are written are fitted on all.
"""

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TypeVar
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from massilia.corpus.article import Language
from massilia.corpus.errors import MassiliaError
from massilia.eval.calibration import ece
from massilia.eval.conversations import Conversations
from massilia.eval.fitting import JudgedList, Matrix64, fit_confidence, fit_ranking, split_folds
from massilia.eval.printing import print_table
from massilia.eval.question_set import ExpectedAnswer, read_question_set
from massilia.eval.report_words import UNDEFINED
from massilia.eval.selective import aurc
from massilia.index.filter import Filter
from massilia.index.library import Library
from massilia.service import judge
from massilia.service.answerer import Answerer
from massilia.service.cli import FAILED, prepare_encoder
from massilia.service.evidence import Matrix
from massilia.service.finding import Finding
from massilia.service.judge import (
    CONFIDENCE_FIGURES,
    RANKING_FIGURES,
    FittedJudge,
    Linear,
    add_relative,
    derive_confidence,
)
from massilia.service.progress import show_progress
from massilia.service.settings import Settings

FOLDS = 5
RANKING_PENALTY = 3e-2
"""Swept over .003, .01 and .03 by folds: Success of the first sentence .552, .556 and .558. With
1,893 questions of PIAF and 937 of AfriQA (French) beside ours .559, .563 and .554."""
CONFIDENCE_PENALTY = 3e-3
CANDIDATES = 3
"""How many of the best sentences of a question the confidence is fitted on."""
LATER = 0.25
"""What the second and the third count, where the first counts 1."""
ANSWERED = 0.8
"""The share of the answerable questions that the threshold lets through."""
WHOLE = "whole"
WEIGHTS = {WHOLE: 1.0, "alone": 0.5, "without": 0.5, "elsewhere": 0.5}
"""How much a case counts by where the question was asked; half in the two languages apart."""
IN_ONE_LANGUAGE = 0.5
LEFT_OUT = frozenset({"without", "elsewhere"})
"""Where the articles that answer were left out."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Hold what was found for a question, and which of its sentences hold an accepted answer."""

    group: str
    direction: str
    answerable: bool
    evidence: Matrix
    described: NDArray[np.float32]
    right: NDArray[np.bool_]

    @property
    def weight(self) -> float:
        """Tell how much the case counts."""
        return WEIGHTS.get(self.direction, IN_ONE_LANGUAGE)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Hold a case with the scores of its sentences and the probability of the first."""

    case: Case
    scores: Matrix64
    probability: float

    @property
    def is_right(self) -> bool:
        """Tell whether the first sentence holds an accepted answer."""
        return self.hits(1)

    def hits(self, depth: int) -> bool:
        """Tell whether one of the first `depth` sentences holds an accepted answer."""
        return bool(self.case.right[_order(self.scores)[:depth]].any())


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Hold rows to fit a confidence on: figures, whether each is right, how much it counts."""

    figures: Matrix64
    right: NDArray[np.bool_]
    counts: Matrix64
    is_whole: bool

    @property
    def first(self) -> "Rows":
        """Give the first row alone."""
        return Rows(self.figures[:1], self.right[:1], self.counts[:1], self.is_whole)


def main() -> None:
    """Fit, print what folds say of it, and write the coefficients."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("questions", type=Path, nargs="+", help="question sets in our own format")
    parser.add_argument(
        "--library", type=Path, default=user_cache_path("massilia") / "fit", help="where it is kept"
    )
    parser.add_argument(
        "--output", type=Path, default=Path(judge.__file__).with_name(judge.COEFFICIENTS)
    )
    options = parser.parse_args()
    try:
        cases, fingerprint = ask_questions(options.questions, options.library)
    except MassiliaError as error:
        parser.exit(FAILED, f"Error: {error}\n")
    judged = judge_by_folds(cases)
    print_table(HEADINGS, [describe_judged(name, each) for name, each in _group(judged).items()])
    fitted = fit_judge(cases, choose_threshold(judged))
    content = json.dumps(describe_judge(fitted, fingerprint), indent=1)
    options.output.write_text(content + "\n", encoding="utf-8")


def ask_questions(paths: Sequence[Path], folder: Path) -> tuple[list[Case], str]:
    """Return a case for each question and direction, and the encoder's fingerprint."""
    encoder = prepare_encoder(Settings(folder, True, user_cache_path("massilia"), None))
    library = Library.create(folder)
    try:
        library.put_embedded_corpus()
        if not library.is_built(encoder):
            library.build(encoder)
        questions = [each for path in paths for each in read_question_set(path)]
        answerer = Answerer(library, encoder)
        conversations = Conversations(answerer, questions, today=date.today())
        articles = {entry.id: entry.language for entry in library.store.entries()}
        cases = []
        with show_progress("Asking", len(questions)) as advance:
            for expected in questions:
                asked = conversations.ask(expected)
                cases.append(_make_case(asked.finding, expected, WHOLE))
                for direction, within in _list_parts(expected, articles):
                    question = replace(asked.question, within=within)
                    finding = answerer.find(question, asked.finding.encoded)
                    cases.append(_make_case(finding, expected, direction))
                advance(1)
        return [case for case in cases if len(case.right)], encoder.fingerprint
    finally:
        library.close()


def judge_by_folds(cases: Sequence[Case]) -> list[Judged]:
    """Return each case as it is judged by coefficients that other topics were fitted on."""
    folds = split_folds([case.group for case in cases], FOLDS).tolist()
    rankings = [
        fit_ranking(_list_rankings(_leave_out(cases, folds, fold)), RANKING_PENALTY)
        for fold in range(FOLDS)
    ]
    scores = [
        rankings[fold].apply(add_relative(case.evidence))
        for case, fold in zip(cases, folds, strict=True)
    ]
    # Of sentences that it was fitted on, a ranking is surer than it should be.
    rows = [_choose_rows(case, own) for case, own in zip(cases, scores, strict=True)]
    confidences = [_fit_confidence(_leave_out(rows, folds, fold)) for fold in range(FOLDS)]
    return [
        Judged(case, own, float(_sigmoid(confidences[fold].apply(row.figures[:1]))[0]))
        for case, own, row, fold in zip(cases, scores, rows, folds, strict=True)
    ]


def fit_judge(cases: Sequence[Case], threshold: float) -> FittedJudge:
    """Return the judge that is fitted on all cases."""
    folds = split_folds([case.group for case in cases], FOLDS).tolist()
    rows: list[Rows] = []
    for fold in range(FOLDS):
        ranking = fit_ranking(_list_rankings(_leave_out(cases, folds, fold)), RANKING_PENALTY)
        rows += [
            _choose_rows(case, ranking.apply(add_relative(case.evidence)))
            for case, own in zip(cases, folds, strict=True)
            if own == fold
        ]
    return FittedJudge(
        ranking=fit_ranking(_list_rankings(cases), RANKING_PENALTY),
        confidence=_fit_confidence(rows),
        threshold=threshold,
    )


def choose_threshold(judged: Sequence[Judged]) -> float:
    """Return the probability that `ANSWERED` of the answerable questions reach."""
    firsts = [
        each.probability for each in judged if each.case.answerable and each.case.direction == WHOLE
    ]
    return round(float(np.quantile(firsts, 1 - ANSWERED)), 3)


def describe_judge(fitted: FittedJudge, encoder_fingerprint: str) -> dict[str, object]:
    """Return a judge as `service/judge.py` reads it: mean, deviation and weight of each figure."""
    return {
        "encoder_fingerprint": encoder_fingerprint,
        "threshold": fitted.threshold,
        "ranking": _describe_linear(fitted.ranking, RANKING_FIGURES),
        "confidence": _describe_linear(fitted.confidence, CONFIDENCE_FIGURES),
    }


HEADINGS = (
    *("direction", "questions", "hit@1", "hit@3", "AUC", "AURC", "ECE"),
    *("false@80", "wrong@80"),
)
"""`false@80` and `wrong@80` are where 80 % of the answerable are answered: the share of the
unanswerable that are, and of those 80 % whose first sentence doesn't answer."""


def describe_judged(name: str, judged: Sequence[Judged]) -> list[str]:
    """Return the row of a table that says how well some cases are judged."""
    answerable = [each for each in judged if each.case.answerable]
    unanswerable = [each for each in judged if not each.case.answerable]
    confidences = np.array([each.probability for each in judged])
    right = np.array([each.is_right for each in judged])
    once = np.ones((1, len(judged)))
    measures: list[float | None] = [
        *(_average([each.hits(depth) for each in answerable]) for depth in (1, 3)),
        _average((confidences[right][:, None] > confidences[~right][None, :]).ravel()),
        aurc(1.0 - right, confidences)(once)[0],
        ece(right.astype(np.float64), confidences)(once)[0],
    ]
    if answerable:
        cut = np.quantile([each.probability for each in answerable], 0.2)
        measures += [
            _average([each.probability >= cut for each in unanswerable]),
            _average([not each.is_right for each in answerable if each.probability >= cut]),
        ]
    else:
        measures += [None, None]
    written = (UNDEFINED if measure is None else f"{measure:.3f}" for measure in measures)
    return [name, str(len(judged)), *written]


def _group(judged: Sequence[Judged]) -> dict[str, list[Judged]]:
    directions = sorted({each.case.direction for each in judged})
    return {
        direction: [each for each in judged if each.case.direction == direction]
        for direction in directions
    }


def _list_parts(
    expected: ExpectedAnswer, articles: Mapping[str, Language]
) -> Iterator[tuple[str, Filter]]:
    """Yield names for parts of the library, whose `articles` have these languages, and filters."""
    for language in Language:
        yield f"{expected.language}-{language}", Filter(languages=frozenset([language]))
    gold = frozenset(expected.article_ids)
    own = [each for each in sorted(gold) if articles[each] is expected.language]
    others = [each for each in sorted(articles) if each not in gold]
    if own:
        yield "alone", Filter(articles=frozenset(own[:1]))
        yield "without", Filter(articles=frozenset(others))
    spoken = [each for each in others if articles[each] is expected.language]
    # The same one each time, another for each question.
    yield (
        "elsewhere",
        Filter(articles=frozenset([spoken[crc32(expected.id.encode()) % len(spoken)]])),
    )


def _make_case(finding: Finding, expected: ExpectedAnswer, direction: str) -> Case:
    findings = finding.findings
    assert findings is not None
    texts = [each.text for each in findings.candidates]
    right = [any(accepted in text for accepted in expected.answers) for text in texts]
    return Case(
        group=expected.topic or expected.id,
        direction=direction,
        # What is left of the library may answer all the same.
        answerable=expected.answerable and (direction not in LEFT_OUT or any(right)),
        evidence=findings.evidence,
        described=findings.described,
        right=np.array(right, dtype=np.bool_),
    )


def _leave_out(items: Iterable[Item], folds: Sequence[int], fold: int) -> Iterator[Item]:
    return (item for item, own in zip(items, folds, strict=True) if own != fold)


def _list_rankings(cases: Iterable[Case]) -> list[JudgedList]:
    return [
        JudgedList(add_relative(case.evidence), case.right, case.weight)
        for case in cases
        if case.answerable
    ]


def _choose_rows(case: Case, scores: Matrix64) -> Rows:
    """Return the rows of a question's best sentences, the first of them first."""
    best = _order(scores)[:CANDIDATES]
    counts = case.weight * np.where(np.arange(len(best)) == 0, 1.0, LATER)
    figures = derive_confidence(case.evidence, scores, case.described)
    return Rows(figures[best], case.right[best], counts, case.direction == WHOLE)


def _fit_confidence(rows: Iterable[Rows]) -> Linear:
    """Fit on all rows, then bring the logits in line with the first rows of the whole library.

    Those of parts of the library that hold no answer would lower the probabilities.
    """
    stacked = list(rows)
    fitted = fit_confidence(*_concatenate(stacked), CONFIDENCE_PENALTY)
    figures, right, counts = _concatenate([each.first for each in stacked if each.is_whole])
    logits = fitted.apply(figures)[:, None]
    line = fit_confidence(logits, right, counts, 0.0)
    slope = line.weights[0] / line.deviations[0]
    shift = line.intercept - slope * line.means[0]
    return replace(
        fitted, weights=fitted.weights * slope, intercept=fitted.intercept * slope + shift
    )


def _concatenate(rows: Sequence[Rows]) -> tuple[Matrix64, NDArray[np.bool_], Matrix64]:
    return (
        np.concatenate([each.figures for each in rows]),
        np.concatenate([each.right for each in rows]),
        np.concatenate([each.counts for each in rows]),
    )


def _average(values: Sequence[bool] | NDArray[np.bool_]) -> float | None:
    """Return the mean of values, and None where there is none."""
    return float(np.mean(values)) if len(values) else None


def _order(scores: Matrix64) -> NDArray[np.intp]:
    return np.argsort(-scores, kind="stable")


def _sigmoid(logits: Matrix64) -> Matrix64:
    probabilities: Matrix64 = 1 / (1 + np.exp(-np.clip(logits, -500, 500)))
    return probabilities


def _describe_linear(linear: Linear, names: Sequence[str]) -> dict[str, object]:
    columns = zip(names, linear.means, linear.deviations, linear.weights, strict=True)
    figures = {
        name: [round(float(mean), 5), round(float(deviation), 5), round(float(weight), 4)]
        for name, mean, deviation, weight in columns
    }
    return {"intercept": round(linear.intercept, 4), "figures": figures}


if __name__ == "__main__":
    main()
