from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from massilia.index.packaged_model import find_weights
from massilia.index.quantised_weights import open_weights
from massilia.index.tokenizer import PieceTable, PieceTokenizer, build_tokenizer, tabulate_pieces

TEXTS = Path(__file__).with_name("texts_fr_en.txt").read_text(encoding="utf-8").splitlines()
ODD_TEXTS = [
    "",
    " ",
    "la  mer \t",
    " a<s>b</s>c <mask>x",
    "x<unk>y<pad>",
    "＜s＞ ＜unk＞x",
    "ʼn\u0301 e\u0301\x01x\u200by\x00z",
    "\ufeff\u00ad",
    " ▁ ▁▁a",
    "\U00013000\U00013001 \U00013000x",
    "東京都" * 100,
    "a" * 1000,
    "Q" * 48 + "é" * 49,
]


@pytest.fixture(scope="module")
def pieces() -> list[tuple[str, float]]:
    return list(open_weights(find_weights()).pieces)


@pytest.fixture(scope="module")
def whole(pieces: list[tuple[str, float]]) -> Tokenizer:
    """Give the tokenizer that holds the whole vocabulary."""
    return build_tokenizer(pieces)


@pytest.fixture(scope="module")
def table(pieces: list[tuple[str, float]]) -> PieceTable:
    return tabulate_pieces(pieces)


def expect_same(tokenizer: PieceTokenizer, whole: Tokenizer, texts: list[str]) -> None:
    for text, tokens in zip(texts, tokenizer.encode(texts), strict=True):
        encoding = whole.encode(text)
        assert tokens.ids.tolist() == encoding.ids, text
        assert tokens.ends.tolist() == [end for _, end in encoding.offsets], text


def test_texts_alone_and_together_have_the_tokens_of_the_whole_vocabulary(
    table: PieceTable, whole: Tokenizer
) -> None:
    tokenizer = PieceTokenizer(table)
    expect_same(tokenizer, whole, TEXTS + ODD_TEXTS)
    for text in TEXTS + ODD_TEXTS:
        expect_same(tokenizer, whole, [text])


def test_any_text_has_the_tokens_of_the_whole_vocabulary(
    table: PieceTable, whole: Tokenizer
) -> None:
    tokenizer = PieceTokenizer(table)

    @settings(max_examples=150, deadline=None, database=None)
    @given(st.text(max_size=60))
    def check(text: str) -> None:
        expect_same(tokenizer, whole, [text])

    check()


def test_no_text_at_all_has_no_tokens(table: PieceTable) -> None:
    assert PieceTokenizer(table).encode([]) == []


@pytest.mark.parametrize("limit", [3, 7, 100])
def test_long_text_is_cut_at_its_end_and_closed(
    table: PieceTable, whole: Tokenizer, limit: int
) -> None:
    text = " ".join(TEXTS[:20])
    (tokens,) = PieceTokenizer(table).encode([text], limit)
    expected = whole.encode(text)
    assert tokens.ids.tolist() == [*expected.ids[: limit - 1], 2]
    assert tokens.ends[:-1].tolist() == [end for _, end in expected.offsets[: limit - 1]]


def test_table_finds_every_piece_and_nothing_else(
    table: PieceTable, pieces: list[tuple[str, float]]
) -> None:
    some = [pieces[i][0] for i in range(0, len(pieces), 101)] + [pieces[-1][0]]
    found = table.find([*some, "qzxj", "\uffff", "▁" * 60, ""])
    assert {piece for piece in found} == set(some)
    assert all(pieces[token][0] == piece for piece, token in found.items())
    assert np.array_equal(table.scores, np.array([s for _, s in pieces], dtype=np.float32))
    assert table.find([]) == {}
