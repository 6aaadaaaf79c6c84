from collections.abc import Sequence
from itertools import pairwise
from math import log

import numpy as np
import pytest
from numpy.typing import NDArray

from massilia.index.encoder import Encoder, TokenEncoder, Vectors
from massilia.index.late_interaction import (
    multiply,
    score_passages,
    score_sentences,
    weigh_tokens,
)
from massilia.index.near_duplicates import are_near_duplicates, list_neighbours
from massilia.index.token_codec import TokenCodec, learn_codec, unpack
from massilia.index.token_store import LEAD, PassageTokens

WIDTH = 16
GENERATOR = np.random.default_rng(3)
CODEC = TokenCodec.fit(
    GENERATOR.standard_normal((400, WIDTH)).astype(np.float32), np.array([], dtype=np.int64)
)
WEIGHTS = np.array([1, 0.5, 4], dtype=np.float32)


def draw(count: int) -> Vectors:
    return GENERATOR.standard_normal((count, WIDTH)).astype(np.float32)


def make_passage(sentences: Sequence[int], vectors: Vectors | None = None) -> PassageTokens:
    """Make a passage of tokens that stand in these sentences."""
    vectors = draw(len(sentences)) if vectors is None else vectors
    return PassageTokens(
        np.arange(len(sentences), dtype=np.int32),
        CODEC.encode(vectors),
        np.array(sentences, dtype=np.uint8),
    )


def score_by_hand(
    question: Vectors, weights: NDArray[np.float32], packed: NDArray[np.uint8]
) -> float:
    """Work the score out token by token."""
    if not len(packed):
        return 0.0
    levels = unpack(packed)
    best = [max(float(asked @ level) for level in levels) for asked in question]
    total = sum(float(weight) * each for weight, each in zip(weights, best, strict=True))
    return total / float(weights.sum())


@pytest.fixture
def question() -> Vectors:
    return CODEC.project(draw(3))


def test_tokens_weigh_by_how_few_passages_have_them() -> None:
    weights = weigh_tokens(np.array([7, 8, 7, 9]), {7: 10, 8: 0}, 10)
    assert weights.dtype == np.float32
    common, rare = log(11 / 10.5), log(11 / 0.5)
    assert weights.tolist() == pytest.approx([common, rare, common, rare], rel=1e-5)
    assert weights.min() > 0
    assert weigh_tokens(np.array([], dtype=np.int64), {}, 0).shape == (0,)


def test_a_passage_scores_the_weighted_mean_of_the_best_matches(question: Vectors) -> None:
    # More tokens in all than are unpacked at once, a passage across the border.
    passages = [make_passage([0] * count) for count in (1, 200, 90, 2, 300)]
    scores = score_passages(multiply(question, passages), WEIGHTS)
    expected = [score_by_hand(question, WEIGHTS, each.vectors) for each in passages]
    assert scores.dtype == np.float32
    assert scores.tolist() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_passage_without_tokens_scores_0_and_the_others_the_same(
    question: Vectors, place: int
) -> None:
    passages = [make_passage([0, 1]), make_passage([0])]
    alone = score_passages(multiply(question, passages), WEIGHTS).tolist()
    passages.insert(place, make_passage([]))
    scores = score_passages(multiply(question, passages), WEIGHTS).tolist()
    assert scores.pop(place) == 0
    assert scores == pytest.approx(alone)


def test_nothing_to_score_is_no_error(question: Vectors) -> None:
    nothing, none = question[:0], WEIGHTS[:0]
    passages = [make_passage([LEAD, 0, 1]), make_passage([])]
    assert score_passages(multiply(question, []), WEIGHTS).shape == (0,)
    assert score_sentences(multiply(question, []), WEIGHTS, []) == []
    assert score_passages(multiply(nothing, passages), none).tolist() == [0, 0]
    scores = score_sentences(multiply(nothing, passages), none, passages)
    assert [each.led.tolist() for each in scores] == [[0, 0], []]
    empty = [make_passage([])]
    assert score_passages(multiply(question, empty), WEIGHTS).tolist() == [0]
    scores = score_sentences(multiply(question, empty), WEIGHTS, empty)
    assert [each.led.tolist() for each in scores] == [[]]


def test_a_sentence_scores_by_its_own_tokens_and_by_those_that_lead(question: Vectors) -> None:
    passages = [
        make_passage([LEAD, LEAD, 0, 0, 1, 3, 3]),
        make_passage([]),
        make_passage([LEAD]),
        make_passage([1, 1]),
        make_passage([1, 254]),
    ]
    scores = score_sentences(multiply(question, passages), WEIGHTS, passages)
    assert [len(each.led) for each in scores] == [4, 0, 0, 2, 255]

    def score(passage: PassageTokens, sentence: int, *taken: int) -> float:
        if sentence not in passage.sentences:
            return 0.0
        return score_by_hand(question, WEIGHTS, passage.vectors[np.isin(passage.sentences, taken)])

    for passage, found in zip(passages, scores, strict=True):
        numbers = range(len(found.led))
        led = [score(passage, number, number, LEAD) for number in numbers]
        own = [score(passage, number, number) for number in numbers]
        assert found.led.tolist() == pytest.approx(led, abs=1e-5)
        assert found.own.tolist() == pytest.approx(own, abs=1e-5)


def test_near_is_the_share_of_the_weights_whose_token_is_matched() -> None:
    passage, one = make_passage([0]), np.ones(1, np.float32)
    question = CODEC.project(draw(2))
    for row, product in enumerate((0.4, -0.2)):
        question[row] *= product / score_by_hand(question[[row]], one, passage.vectors)
    weights = np.array([3, 1], np.float32)
    (scores,) = score_sentences(multiply(question, [passage]), weights, [passage])
    assert scores.near.tolist() == [0.75]
    assert scores.own.tolist() == pytest.approx([(3 * 0.4 - 0.2) / 4], abs=1e-6)


def test_no_sentence_scores_higher_than_its_passage(question: Vectors) -> None:
    passages = [make_passage(sorted(GENERATOR.integers(0, 4, 30).tolist())) for _ in range(9)]
    products = multiply(question, passages)
    whole = score_passages(products, WEIGHTS)
    sentences = score_sentences(products, WEIGHTS, passages)
    for score, parts in zip(whole, sentences, strict=True):
        assert parts.led.max() <= score + 1e-6


def test_the_right_passage_and_sentence_of_real_ones_score_highest(encoder: Encoder) -> None:
    assert isinstance(encoder, TokenEncoder)
    codec = learn_codec(encoder)
    sentences = (
        "Le tunnel Prado-Carénage a ouvert en 1993.",
        "Un péage y est perçu dans les deux sens.",
        "La bibliothèque ferme le lundi.",
        "Ses rayons comptent 350 000 livres.",
    )
    passages = []
    for pair in (sentences[:2], sentences[2:]):
        (encoded,) = encoder.encode_passage_tokens([" ".join(pair)])
        own = np.searchsorted([len(pair[0]), 10**6], encoded.tokens.ends)
        passages.append(
            PassageTokens(
                encoded.tokens.ids.astype(np.int32),
                codec.encode(encoded.tokens.vectors),
                own.astype(np.uint8),
            )
        )
    for asked, wanted in (
        ("When did the tunnel open?", (0, 0)),
        ("Quel jour la bibliothèque est-elle fermée ?", (1, 0)),
        ("Combien de livres y a-t-il ?", (1, 1)),
    ):
        tokens = encoder.encode_question_tokens(asked).tokens
        question = codec.project(tokens.vectors)
        weights = weigh_tokens(tokens.ids, {}, 2)
        products = multiply(question, passages)
        passage = int(score_passages(products, weights).argmax())
        sentence = int(score_sentences(products, weights, passages)[passage].led.argmax())
        assert (passage, sentence) == wanted


def make_text(ids: Sequence[int], lead: int = 0) -> PassageTokens:
    """Make a passage of these tokens, the first `lead` of them its title."""
    return PassageTokens(
        np.array(ids, dtype=np.int32),
        np.zeros((len(ids), 4), dtype=np.uint8),
        np.array([LEAD] * lead + [0] * (len(ids) - lead), dtype=np.uint8),
    )


def repeats(first: PassageTokens, second: PassageTokens) -> bool:
    return are_near_duplicates(list_neighbours(first), list_neighbours(second))


ORIGINAL = list(range(100, 140))


@pytest.mark.parametrize(
    ("ids", "alike"),
    [
        (ORIGINAL, True),
        (ORIGINAL[:15], True),
        ([*range(300, 350), *ORIGINAL, *range(400, 450)], True),
        ([*ORIGINAL[:10], 9, *ORIGINAL[11:20], 8, *ORIGINAL[21:]], True),
        ([9 if number % 3 == 0 else number for number in ORIGINAL], False),
        (ORIGINAL[::-1], False),
        ([*ORIGINAL[:20], *range(300, 340)], False),
        (range(300, 340), False),
        (ORIGINAL[:1], False),
        ([], False),
    ],
)
def test_near_duplicates_share_most_neighbours(ids: Sequence[int], alike: bool) -> None:
    assert repeats(make_text(ORIGINAL), make_text(ids)) is alike
    assert repeats(make_text(ids), make_text(ORIGINAL)) is alike


@pytest.mark.parametrize(("shared", "alike"), [(13, True), (12, False)])
def test_thirteen_pairs_of_twenty_are_enough(shared: int, alike: bool) -> None:
    ids = [*ORIGINAL[: shared + 1], *range(300, 320 - shared)]
    assert len(set(pairwise(ids))) == 20
    assert repeats(make_text(ORIGINAL), make_text(ids)) is alike


def test_titles_make_no_duplicates() -> None:
    title = list(range(500, 540))
    first, second = make_text([*title, *ORIGINAL], lead=40), make_text([*title, 1, 2, 3], lead=40)
    assert not repeats(first, second)
    assert repeats(first, make_text(ORIGINAL))


def test_negative_ids_are_ids_like_others() -> None:
    ids = [-number for number in ORIGINAL]
    assert repeats(make_text(ids), make_text(ids))
    assert not repeats(make_text(ids), make_text([-1, *ORIGINAL]))
    assert not repeats(make_text([1, -1]), make_text([7, -1]))
