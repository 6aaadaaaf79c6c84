"""How sentences are ranked by their evidence: by hand, and with the coefficients that we ship."""

import json
from collections.abc import Callable, Iterator
from math import exp, log
from pathlib import Path

import numpy as np
import pytest

from massilia.index.encoder import Encoder
from massilia.service import judge
from massilia.service.confidence import (
    CHANCE_WEIGHT,
    INTERCEPT,
    REFERENCE_WEIGHT,
    THRESHOLD,
)
from massilia.service.evidence import FIGURES, QUESTION_FIGURES, Matrix
from massilia.service.judge import (
    COEFFICIENTS,
    CONFIDENCE_FIGURES,
    PASSAGE_WEIGHT,
    RANKING_FIGURES,
    FittedJudge,
    Linear,
    SimilarityJudge,
    add_relative,
    derive_confidence,
    open_judge,
)

SHIPPED = Path(__file__).parent.parent / "service" / COEFFICIENTS
QUESTION = np.arange(len(QUESTION_FIGURES), dtype=np.float32)


def make_evidence(*rows: dict[str, float]) -> Matrix:
    evidence = np.zeros((len(rows), len(FIGURES)), dtype=np.float32)
    for row, figures in enumerate(rows):
        for name, value in figures.items():
            evidence[row, FIGURES.index(name)] = value
    return evidence


def make_linear(names: tuple[str, ...], intercept: float = 0.0, **weights: float) -> Linear:
    """Make a linear function of figures left as they are."""
    return Linear(
        np.zeros(len(names)),
        np.ones(len(names)),
        np.array([weights.get(name, 0.0) for name in names]),
        intercept,
    )


def name_columns(names: tuple[str, ...], row: np.ndarray) -> dict[str, float]:
    return dict(zip(names, row.tolist(), strict=True))


# Linear functions


def test_a_linear_function_brings_each_figure_to_zero_mean_and_unit_deviation() -> None:
    linear = Linear(np.array([1.0, 2.0]), np.array([2.0, 4.0]), np.array([3.0, 5.0]), 7.0)
    # (5 - 1) / 2 * 3 + (10 - 2) / 4 * 5 + 7, and 0 of each at the means.
    assert linear.apply(np.array([[5.0, 10.0], [1.0, 2.0]])).tolist() == [23.0, 7.0]
    assert linear.apply(np.zeros((0, 2))).shape == (0,)


# Columns that tell of a sentence beside the others


def test_relative_figures_are_how_far_each_lies_below_the_best() -> None:
    evidence = make_evidence(
        {"similarity": 0.5, "late": 0.25, "own": 1.0, "near": 9.0},
        {"similarity": 0.75, "late": 0.125, "own": 1.5},
    )
    columns = add_relative(evidence)
    assert columns.shape == (2, len(RANKING_FIGURES))
    assert columns.dtype == np.float64
    assert (columns[:, : len(FIGURES)] == evidence).all()
    below = ("similarity_below", "late_below", "own_below")
    assert RANKING_FIGURES[len(FIGURES) :] == below
    assert columns[:, len(FIGURES) :].tolist() == [[-0.25, 0, -0.5], [0, -0.125, 0]]


def test_of_one_sentence_nothing_lies_below_it() -> None:
    columns = add_relative(make_evidence({"similarity": 0.5, "late": 0.25, "own": -1.0}))
    assert columns[0, len(FIGURES) :].tolist() == [0, 0, 0]


def test_confidence_figures_by_hand() -> None:
    evidence = make_evidence(
        {"terms": 0.25, "late": 0.5}, {"terms": 0.75, "late": 0.125}, {"terms": 0.5}
    )
    scores = np.array([0.0, log(2), log(0.5)])
    columns = derive_confidence(evidence, scores, QUESTION)
    assert columns.shape == (3, len(CONFIDENCE_FIGURES))
    rows = [name_columns(CONFIDENCE_FIGURES, row) for row in columns]
    # The exponentials of the scores are 1, 2 and 1/2.
    assert [row["score"] for row in rows] == scores.tolist()
    assert [row["share"] for row in rows] == pytest.approx([1 / 3.5, 2 / 3.5, 0.5 / 3.5])
    # The best over the second, and the others below the best.
    assert [row["lead"] for row in rows] == pytest.approx([-log(2), log(2), -log(4)])
    assert [row["best_terms"] for row in rows] == [0.75] * 3
    assert [row["best_late"] for row in rows] == [0.5] * 3
    for row, figures in zip(rows, evidence, strict=True):
        assert [row[name] for name in FIGURES] == figures.tolist()
        assert [row[name] for name in QUESTION_FIGURES] == QUESTION.tolist()


def test_one_sentence_has_all_the_share_and_leads_by_one() -> None:
    columns = derive_confidence(make_evidence({"terms": 0.5}), np.array([3.0]), QUESTION)
    row = name_columns(CONFIDENCE_FIGURES, columns[0])
    assert (row["score"], row["lead"], row["share"], row["best_terms"]) == (3, 1, 1, 0.5)


def test_of_two_equal_scores_neither_leads() -> None:
    columns = derive_confidence(make_evidence({}, {}), np.array([2.0, 2.0]), QUESTION)
    rows = [name_columns(CONFIDENCE_FIGURES, row) for row in columns]
    assert [row["lead"] for row in rows] == [0, 0]
    assert [row["share"] for row in rows] == [0.5, 0.5]


def test_scores_far_apart_overflow_nothing() -> None:
    columns = derive_confidence(make_evidence({}, {}), np.array([-2000.0, 2000.0]), QUESTION)
    assert columns[:, CONFIDENCE_FIGURES.index("share")].tolist() == [0, 1]


# Judges


def test_a_fitted_judge_scores_by_evidence_and_is_sure_by_a_logistic_function() -> None:
    fitted = FittedJudge(
        ranking=make_linear(RANKING_FIGURES, similarity=2.0, late_below=4.0),
        confidence=make_linear(CONFIDENCE_FIGURES, -1.0, score=1.0, lead=2.0),
        threshold=0.5,
    )
    evidence = make_evidence({"similarity": 0.5, "late": 0.5}, {"similarity": 1.0, "late": 0.25})
    judgement = fitted.judge(evidence, QUESTION)
    # 2 * 0.5 + 4 * 0, and 2 * 1 + 4 * (0.25 - 0.5): equal.
    assert judgement.scores.tolist() == [1, 1]
    # 1 * 1 + 2 * 0 - 1
    assert judgement.probabilities.tolist() == [0.5, 0.5]
    (alone,) = fitted.judge(evidence[:1], QUESTION).probabilities
    assert alone == pytest.approx(1 / (1 + exp(-2)))


def test_a_fitted_judge_thinks_nothing_of_nothing() -> None:
    fitted = FittedJudge(make_linear(RANKING_FIGURES), make_linear(CONFIDENCE_FIGURES), 0.5)
    judgement = fitted.judge(make_evidence(), QUESTION)
    assert judgement.scores.shape == judgement.probabilities.shape == (0,)


def test_a_fitted_judge_is_never_surer_than_sure() -> None:
    ranking = make_linear(RANKING_FIGURES, similarity=1.0)
    for weight, probability in ((1e6, 1.0), (-1e6, 0.0)):
        fitted = FittedJudge(ranking, make_linear(CONFIDENCE_FIGURES, similarity=weight), 0.5)
        (found,) = fitted.judge(make_evidence({"similarity": 1.0}), QUESTION).probabilities
        assert found == pytest.approx(probability)


def test_a_judge_by_similarities_alone() -> None:
    evidence = make_evidence(
        {
            "similarity": 0.5,
            "passage_similarity": 1.0,
            "exceeds_chance": 2.0,
            "exceeds_reference": 4.0,
            "late": 9.0,
        },
        {},
    )
    judgement = SimilarityJudge().judge(evidence, QUESTION)
    assert judgement.scores.tolist() == pytest.approx([0.5 + PASSAGE_WEIGHT, 0])
    logit = 2 * CHANCE_WEIGHT + 4 * REFERENCE_WEIGHT + INTERCEPT
    assert judgement.probabilities.tolist() == pytest.approx(
        [1 / (1 + exp(-logit)), 1 / (1 + exp(-INTERCEPT))]
    )
    assert SimilarityJudge().threshold == THRESHOLD
    assert SimilarityJudge().judge(make_evidence(), QUESTION).scores.shape == (0,)


# The file of coefficients


@pytest.fixture
def write_coefficients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[dict[str, object]], None]]:
    """Have other coefficients read than those that we ship: none until they are written."""
    monkeypatch.setattr(judge, "files", lambda package: tmp_path)
    judge._read_coefficients.cache_clear()

    def write(content: dict[str, object]) -> None:
        (tmp_path / COEFFICIENTS).write_text(json.dumps(content), encoding="utf-8")
        judge._read_coefficients.cache_clear()

    yield write
    judge._read_coefficients.cache_clear()


def make_content() -> dict[str, dict[str, dict[str, list[float]]]]:
    content: dict[str, object] = {
        "encoder_fingerprint": "words-1",
        "threshold": 0.125,
        "ranking": {"figures": {name: [0, 1, 0] for name in RANKING_FIGURES}},
        "confidence": {
            "intercept": 0.5,
            "figures": {name: [0, 1, 0] for name in CONFIDENCE_FIGURES},
        },
    }
    return content  # type: ignore[return-value]


def test_coefficients_are_read_by_the_names_of_their_figures(
    write_coefficients: Callable[[dict[str, object]], None], toy_encoder: Encoder
) -> None:
    content = make_content()
    content["ranking"]["figures"]["near"] = [1, 2, 3]
    content["confidence"]["figures"]["best_late"] = [4, 5, 6]
    write_coefficients(content)
    fitted = open_judge(toy_encoder.fingerprint)
    assert isinstance(fitted, FittedJudge)
    assert fitted.threshold == 0.125
    assert (fitted.ranking.intercept, fitted.confidence.intercept) == (0, 0.5)
    for linear, names, name, values in (
        (fitted.ranking, RANKING_FIGURES, "near", (1, 2, 3)),
        (fitted.confidence, CONFIDENCE_FIGURES, "best_late", (4, 5, 6)),
    ):
        column = names.index(name)
        assert (
            linear.means[column],
            linear.deviations[column],
            linear.weights[column],
        ) == values
        assert np.count_nonzero(linear.weights) == 1


def test_coefficients_of_another_encoder_are_not_used(
    write_coefficients: Callable[[dict[str, object]], None],
) -> None:
    write_coefficients(make_content())
    assert open_judge("words-2") == SimilarityJudge()


def test_without_coefficients_similarities_decide(
    write_coefficients: Callable[[dict[str, object]], None], toy_encoder: Encoder
) -> None:
    assert open_judge(toy_encoder.fingerprint) == SimilarityJudge()


@pytest.mark.parametrize("part", ["ranking", "confidence"])
@pytest.mark.parametrize("change", ["missing", "more", "other order", "no names"])
def test_coefficients_of_other_figures_are_refused(
    write_coefficients: Callable[[dict[str, object]], None], part: str, change: str
) -> None:
    content = make_content()
    figures = content[part]["figures"]
    if change == "missing":
        del figures["near"]
    elif change == "more":
        figures["nearer"] = [0, 1, 0]
    elif change == "other order":
        figures["similarity"] = figures.pop("similarity")
    else:
        content[part]["figures"] = [[0, 1, 0]] * len(figures)  # type: ignore[assignment]
    write_coefficients(content)
    with pytest.raises(ValueError, match=r"judge\.json was fitted on other figures than similar"):
        open_judge("words-1")


def test_the_coefficients_that_we_ship_are_of_the_packaged_encoder(encoder: Encoder) -> None:
    fitted = open_judge(encoder.fingerprint)
    assert isinstance(fitted, FittedJudge)
    assert json.loads(SHIPPED.read_bytes())["encoder_fingerprint"] == encoder.fingerprint
    assert 0 < fitted.threshold < 1
    for linear in (fitted.ranking, fitted.confidence):
        assert (linear.deviations > 0).all()
        assert np.isfinite([*linear.means, *linear.weights, linear.intercept]).all()


def test_the_toy_encoder_is_judged_by_similarities(toy_encoder: Encoder) -> None:
    assert open_judge(toy_encoder.fingerprint) == SimilarityJudge()
