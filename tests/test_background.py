"""How far a similarity stands out, and what that says."""

import math
from pathlib import Path

import numpy as np
import pytest

from massilia.corpus.article import Language
from massilia.index.background import FEWEST, SAMPLE, Background, Spread, read_reference_sentences
from massilia.index.encoder import Vectors
from massilia.service.answer import Bucket
from massilia.service.confidence import THRESHOLD, estimate_probability, make_confidence

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH


def unit(*values: float) -> Vectors:
    return np.array(values, dtype=np.float32)


def make_spread(count: int = 100, deviation: float = 0.02) -> Spread:
    return Spread(
        mean=0.8,
        deviation=deviation,
        count=count,
        reference_mean=0.76,
        reference_deviation=0.01,
    )


def estimate(similarity: float, spread: Spread) -> float:
    """Give the probability of one sentence."""
    figures = (spread.exceed_chance(similarity), spread.exceed_reference(similarity))
    chance, reference = (np.array([figure]) for figure in figures)
    return float(estimate_probability(chance, reference)[0])


def test_a_similarity_exceeds_chance_by_its_deviations_less_those_of_the_best_of_so_many() -> None:
    assert make_spread().exceed_chance(0.9) == pytest.approx(5 - math.sqrt(2 * math.log(100)))


def test_a_similarity_exceeds_the_reference_by_its_deviations() -> None:
    assert make_spread().exceed_reference(0.9) == pytest.approx(14)


def test_the_same_similarity_stands_out_less_from_a_larger_library() -> None:
    assert make_spread(100_000).exceed_chance(0.9) < make_spread(100).exceed_chance(0.9)


def test_a_background_without_any_spread_divides_by_no_nought() -> None:
    spread = Spread(0.8, 0.0, 60, 0.8, 0.0)
    assert math.isfinite(spread.exceed_chance(0.8))
    assert math.isfinite(spread.exceed_reference(0.9))
    assert estimate(0.9, spread) == pytest.approx(1)
    assert estimate(0.7, spread) == pytest.approx(0)


def test_each_language_is_measured_against_its_own_sentences() -> None:
    """English: 60 sentences at similarity 0 and 60 at 1, so .5 with a deviation of .5."""
    near, far = np.tile(unit(1.0, 0.0), (FEWEST, 1)), np.tile(unit(0.0, 1.0), (FEWEST, 1))
    references = {FRENCH: far, ENGLISH: near}
    sentences = {FRENCH: near, ENGLISH: np.concatenate([far, near])}
    spreads = Background.build(sentences, references).measure(unit(1.0, 0.0))
    assert spreads[FRENCH] == Spread(1.0, 0.0, FEWEST, 0.0, 0.0)
    assert spreads[ENGLISH] == Spread(0.5, 0.5, 2 * FEWEST, 1.0, 0.0)


def test_reference_sentences_make_up_for_a_small_library() -> None:
    """Two sentences at similarity 1 among 58 references at 0: the mean is 2/60."""
    references = {FRENCH: np.tile(unit(0.0, 1.0), (FEWEST, 1))}
    background = Background.build({FRENCH: np.tile(unit(1.0, 0.0), (2, 1))}, references)
    spread = background.measure(unit(1.0, 0.0))[FRENCH]
    assert spread.mean == pytest.approx(2 / FEWEST)
    assert spread.count == FEWEST


def test_a_large_library_is_sampled_evenly_from_end_to_end() -> None:
    values = np.linspace(0, 1, 3 * SAMPLE, dtype=np.float32).reshape(-1, 1)
    background = Background.build({FRENCH: values}, {FRENCH: values[:FEWEST]})
    assert len(background.samples[FRENCH]) == SAMPLE
    assert background.samples[FRENCH][[0, -1], 0].tolist() == [0.0, 1.0]
    assert background.counts[FRENCH] == 3 * SAMPLE


def test_a_background_survives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "background.npz"
    sentences = {ENGLISH: np.eye(FEWEST, 4, dtype=np.float32), FRENCH: np.ones((70, 4), np.float32)}
    references = {each: np.full((FEWEST, 4), 0.5, np.float32) for each in Language}
    written = Background.build(sentences, references)
    written.save(path)
    read = Background.load(path)
    assert read.counts == written.counts == {ENGLISH: 60, FRENCH: 70}
    for language in Language:
        np.testing.assert_array_equal(read.samples[language], written.samples[language])
        np.testing.assert_array_equal(read.references[language], references[language])


def test_an_empty_library_has_an_empty_background(tmp_path: Path) -> None:
    Background.build({}, {}).save(tmp_path / "background.npz")
    assert Background.load(tmp_path / "background.npz").measure(unit(1.0)) == {}


def test_there_are_enough_reference_sentences_each_once() -> None:
    for language in Language:
        sentences = read_reference_sentences(language)
        assert len(sentences) == len(set(sentences)) == FEWEST


def test_confidence_grows_with_similarity_and_stays_a_probability() -> None:
    values = [estimate(each / 100, make_spread(200)) for each in range(101)]
    assert values == sorted(values)
    assert 0 <= values[0] < 0.001
    assert 0.99 < values[-1] <= 1


@pytest.mark.parametrize(
    ("similarity", "bucket"),
    [(0.80, Bucket.LOW), (0.87, Bucket.MEDIUM), (0.88, Bucket.HIGH), (0.90, Bucket.VERY_HIGH)],
)
def test_buckets_put_the_probability_in_words(similarity: float, bucket: Bucket) -> None:
    """The probabilities are .01, .49, .65 and .87."""
    assert make_confidence(estimate(similarity, make_spread())).bucket is bucket


def test_what_stands_out_no_more_than_chance_from_both_is_not_quoted() -> None:
    spread = Spread(0.8, 0.02, 100, 0.8, 0.02)
    chance = 0.8 + 0.02 * math.sqrt(2 * math.log(100))
    assert estimate(chance, spread) < THRESHOLD
