from pathlib import Path
from random import Random

import numpy as np
import pytest

from massilia.index.vocabulary import Vocabulary

WORDS = sorted(["camp", "été", "ete", "network", "networks", "z", "îlot", "ﬀ", "2africa", "𝔘n"])


@pytest.fixture
def vocabulary(tmp_path: Path) -> Vocabulary:
    Vocabulary.build(WORDS).save(tmp_path, "words")
    return Vocabulary.open(tmp_path, "words")


def test_words_have_the_numbers_of_their_order(vocabulary: Vocabulary) -> None:
    assert len(vocabulary) == len(WORDS)
    assert [vocabulary[number] for number in range(len(WORDS))] == WORDS
    assert [vocabulary.find(word) for word in WORDS] == list(range(len(WORDS)))
    for number in (-1, len(WORDS)):
        with pytest.raises(IndexError):
            vocabulary[number]


@pytest.mark.parametrize("word", ["", "a", "cam", "camps", "zz", "𝔙", "été "])
def test_another_word_is_not_found(vocabulary: Vocabulary, word: str) -> None:
    assert vocabulary.find(word) is None


def test_an_empty_vocabulary_has_no_word(tmp_path: Path) -> None:
    Vocabulary.build([]).save(tmp_path, "words")
    vocabulary = Vocabulary.open(tmp_path, "words")
    assert (len(vocabulary), vocabulary.find("a")) == (0, None)
    assert vocabulary.find_nearest("a", 2) == ([], 2)


@pytest.mark.parametrize(
    ("word", "distance", "nearest"),
    [
        ("netwrok", 1, (["network"], 1)),
        ("network", 2, (["network"], 0)),
        ("networkz", 1, (["network", "networks"], 1)),
        ("entwrok", 2, (["network"], 2)),
        ("entwrok", 1, ([], 1)),
        ("cmap", 1, (["camp"], 1)),
        ("amp", 1, (["camp"], 1)),
        ("ezte", 1, (["ete"], 1)),
        ("îlots", 1, (["îlot"], 1)),
    ],
)
def test_the_nearest_words_are_found(
    vocabulary: Vocabulary, word: str, distance: int, nearest: tuple[list[str], int]
) -> None:
    assert vocabulary.find_nearest(word, distance) == nearest


def count_edits(one: str, other: str) -> int:
    """Count by the definition: a swap of neighbours may have letters put between them (1964)."""
    last: dict[str, int] = {}
    most = len(one) + len(other)
    table = {(-1, -1): most}
    for row in range(len(one) + 1):
        table[row, -1], table[row, 0] = most, row
    for column in range(len(other) + 1):
        table[-1, column], table[0, column] = most, column
    for row in range(1, len(one) + 1):
        match = 0
        for column in range(1, len(other) + 1):
            row_before, column_before = last.get(other[column - 1], 0), match
            same = one[row - 1] == other[column - 1]
            match = column if same else match
            table[row, column] = min(
                table[row - 1, column - 1] + (not same),
                table[row, column - 1] + 1,
                table[row - 1, column] + 1,
                table[row_before - 1, column_before - 1]
                + (row - row_before - 1)
                + 1
                + (column - column_before - 1),
            )
        last[one[row - 1]] = row
    return table[len(one), len(other)]


def test_no_word_that_is_as_near_is_missed() -> None:
    random = Random(5)
    words = sorted({"".join(random.choices("abcde7", k=random.randint(3, 9))) for _ in range(200)})
    vocabulary = Vocabulary.build(words)
    for distance in (1, 2):
        for _ in range(20):
            word = "".join(random.choices("abcdef7", k=random.randint(3, 9)))
            edits = {other: count_edits(word, other) for other in words}
            nearest = min(edits.values())
            expected = sorted(other for other in words if edits[other] == nearest)
            if nearest > distance:
                expected, nearest = [], distance
            assert vocabulary.find_nearest(word, distance) == (expected, nearest)


@pytest.mark.parametrize("name", ["words", "words_starts", "words_letters"])
def test_files_that_do_not_belong_together_are_named(tmp_path: Path, name: str) -> None:
    Vocabulary.build(WORDS).save(tmp_path, "words")
    path = tmp_path / f"{name}.npy"
    values = np.load(path)
    for damaged in (values[:-1], values[:0], np.concatenate([values, values])):
        np.save(path, damaged)
        with pytest.raises(RuntimeError, match=str(tmp_path / "words")):
            Vocabulary.open(tmp_path, "words")
    path.unlink()
    with pytest.raises(RuntimeError, match=str(path)):
        Vocabulary.open(tmp_path, "words")
