"""How far a similarity stands out, and what that says."""

import math
from pathlib import Path

import numpy as np
import pytest

from massilia.corpus.article import Language
from massilia.index.background import FEWEST, SAMPLE, Background, Spread, read_reference_sentences
from massilia.index.encoder import Vectors
from massilia.service.answer import Bucket
from massilia.service.confidence import THRESHOLD, estimate_confidence

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH


def unit(*values: float) -> Vectors:
    return np.array(values, dtype=np.float32)


def test_a_similarity_stands_out_by_its_deviations_above_the_best_of_chance() -> None:
    spread = Spread(mean=0.8, deviation=0.02, count=100)
    assert spread.stand_out(0.9) == pytest.approx(5 - math.sqrt(2 * math.log(100)))


def test_the_same_similarity_stands_out_less_from_a_larger_library() -> None:
    small = Spread(mean=0.8, deviation=0.02, count=100)
    large = Spread(mean=0.8, deviation=0.02, count=100_000)
    assert large.stand_out(0.9) < small.stand_out(0.9)


def test_a_background_without_any_spread_divides_by_no_nought() -> None:
    assert math.isfinite(Spread(mean=0.8, deviation=0.0, count=60).stand_out(0.8))


def test_each_language_is_measured_against_its_own_sentences() -> None:
    french = np.tile(unit(1.0, 0.0), (FEWEST, 1))
    english = np.concatenate(
        [np.tile(unit(0.0, 1.0), (FEWEST, 1)), np.tile(unit(1.0, 0.0), (FEWEST, 1))]
    )
    background = Background.build({FRENCH: french, ENGLISH: english}, {})
    spreads = background.measure(unit(1.0, 0.0))
    assert spreads[FRENCH] == Spread(mean=1.0, deviation=0.0, count=FEWEST)
    assert spreads[ENGLISH] == Spread(mean=0.5, deviation=0.5, count=2 * FEWEST)


def test_reference_sentences_make_up_for_a_small_library() -> None:
    """Two sentences at similarity 1 among 58 references at 0: the mean is 2/60."""
    references = {FRENCH: np.tile(unit(0.0, 1.0), (FEWEST, 1))}
    background = Background.build({FRENCH: np.tile(unit(1.0, 0.0), (2, 1))}, references)
    spread = background.measure(unit(1.0, 0.0))[FRENCH]
    assert spread.mean == pytest.approx(2 / FEWEST)
    assert spread.count == FEWEST


def test_a_large_library_is_sampled_evenly_from_end_to_end() -> None:
    values = np.linspace(0, 1, 3 * SAMPLE, dtype=np.float32).reshape(-1, 1)
    background = Background.build({FRENCH: values}, {})
    assert len(background.samples[FRENCH]) == SAMPLE
    assert background.samples[FRENCH][[0, -1], 0].tolist() == [0.0, 1.0]
    assert background.counts[FRENCH] == 3 * SAMPLE


def test_a_background_survives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "background.npz"
    sentences = {ENGLISH: np.eye(FEWEST, 4, dtype=np.float32), FRENCH: np.ones((70, 4), np.float32)}
    written = Background.build(sentences, {})
    written.save(path)
    read = Background.load(path)
    assert read.counts == written.counts == {ENGLISH: 60, FRENCH: 70}
    for language in Language:
        np.testing.assert_array_equal(read.samples[language], written.samples[language])


def test_there_are_enough_reference_sentences_each_once() -> None:
    for language in Language:
        sentences = read_reference_sentences(language)
        assert len(sentences) == len(set(sentences)) == FEWEST


def test_confidence_grows_with_similarity_and_stays_a_probability() -> None:
    spread = Spread(mean=0.8, deviation=0.02, count=200)
    values = [estimate_confidence(each / 100, spread).value for each in range(101)]
    assert values == sorted(values)
    assert 0 <= values[0] < 0.001
    assert 0.99 < values[-1] <= 1


@pytest.mark.parametrize(
    ("similarity", "bucket"),
    [(0.80, Bucket.LOW), (0.885, Bucket.MEDIUM), (0.90, Bucket.HIGH), (0.95, Bucket.VERY_HIGH)],
)
def test_buckets_put_the_probability_in_words(similarity: float, bucket: Bucket) -> None:
    """With this spread the probabilities are .00, .47, .69 and .98."""
    spread = Spread(mean=0.8, deviation=0.02, count=300)
    assert estimate_confidence(similarity, spread).bucket is bucket


def test_what_stands_out_no_more_than_chance_is_not_quoted() -> None:
    spread = Spread(mean=0.8, deviation=0.02, count=100)
    chance = 0.8 + 0.02 * math.sqrt(2 * math.log(100))
    assert estimate_confidence(chance, spread).value < THRESHOLD
