import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from massilia.corpus.article import Language
from massilia.index.background import read_reference_sentences
from massilia.index.encoder import Encoder, TokenEncoder, TokenVectors, Vectors
from massilia.index.token_codec import TokenCodec, learn_codec, unpack
from massilia.index.token_store import LEAD, PassageTokens, TokenStore, TokenWriter

WIDTH = 18
"""Not a multiple of the four numbers of a byte."""
WRITE_WITH_LIMIT = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from massilia.index.encoder import TokenVectors
from massilia.index.token_codec import TokenCodec
from massilia.index.token_store import TokenWriter
vectors = np.eye(18, dtype=np.float32)
codec = TokenCodec.fit(vectors, np.array([], dtype=np.int64))
numbers = np.arange(1, 19)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    with TokenWriter(Path(sys.argv[1]), codec) as writer:
        for passage_id in range(40):
            writer.append(passage_id, TokenVectors(numbers, vectors, numbers), 0, [18])
except OSError as error:
    print(error.strerror)
"""


def draw_vectors(count: int, seed: int = 7) -> Vectors:
    """Draw unit vectors around one that none of them is far from, as encoders give them."""
    vectors = np.random.default_rng(seed).standard_normal((count, WIDTH)) + 1
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def make_tokens(ids: Sequence[int], ends: Sequence[int] | None = None) -> TokenVectors:
    """Make tokens that end at every third character, unless told."""
    ends = range(3, 3 * len(ids) + 3, 3) if ends is None else ends
    return TokenVectors(
        np.array(ids, dtype=np.int64),
        draw_vectors(len(ids), seed=sum(ids)),
        np.array(ends, dtype=np.int64),
    )


@pytest.fixture
def codec() -> TokenCodec:
    return TokenCodec.fit(draw_vectors(500), np.array([9, 5, 5]))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "où?.tokens"


@pytest.fixture
def store(path: Path, codec: TokenCodec) -> TokenStore:
    """Give a store of three passages; 5 and 9 are dropped."""
    with TokenWriter(path, codec) as writer:
        writer.append(8, make_tokens([1, 5, 2, 5, 3]), 0, [6, 15])
        writer.append(-2, make_tokens([4, 2, 4]), 0, [9])
        writer.append(2**40, make_tokens([9, 5]), 0, [6])
    return TokenStore.open(path)


def read(store: TokenStore, passage_id: int) -> PassageTokens:
    (passage,) = store.read([passage_id])
    assert passage is not None
    return passage


def same(left: PassageTokens, right: PassageTokens) -> bool:
    return (
        np.array_equal(left.ids, right.ids)
        and np.array_equal(left.vectors, right.vectors)
        and np.array_equal(left.sentences, right.sentences)
    )


def test_tokens_are_read_as_they_were_written_less_those_dropped(
    store: TokenStore, codec: TokenCodec
) -> None:
    assert (store.ids.tolist(), len(store)) == ([-2, 8, 2**40], 3)
    first = read(store, 8)
    assert first.ids.tolist() == [1, 2, 3]
    assert first.sentences.tolist() == [0, 1, 1]
    vectors = make_tokens([1, 5, 2, 5, 3]).vectors[[0, 2, 4]]
    assert np.array_equal(first.vectors, codec.encode(vectors))
    assert read(store, -2).ids.tolist() == [4, 2, 4]


def test_passages_come_in_the_order_asked_and_unknown_ones_are_none(store: TokenStore) -> None:
    found = store.read([2**40, 7, -2, 8, 8])
    assert [None if each is None else each.ids.tolist() for each in found] == [
        [],
        None,
        [4, 2, 4],
        [1, 2, 3],
        [1, 2, 3],
    ]
    assert store.read([]) == []


def test_a_passage_may_keep_no_token(store: TokenStore, codec: TokenCodec) -> None:
    assert read(store, 2**40).vectors.shape == (0, codec.size)


def test_passages_are_counted_once_for_a_token_dropped_or_not(store: TokenStore) -> None:
    assert store.count_passages_with([5, 2, 4, 9, 77, 1]) == {5: 2, 2: 2, 4: 1, 9: 1, 77: 0, 1: 1}
    assert store.count_passages_with([]) == {}


@pytest.mark.parametrize("passages", [0, 1])
def test_a_store_may_be_empty(path: Path, codec: TokenCodec, passages: int) -> None:
    with TokenWriter(path, codec) as writer:
        for passage_id in range(passages):
            writer.append(passage_id, make_tokens([]), 0, [4])
    store = TokenStore.open(path)
    assert len(store) == passages
    assert store.read([1]) == [None]
    assert store.count_passages_with([3]) == {3: 0}


# "Titre\nUn. Deux." without the full stops: the tokens end at 5, 8, 9, 14, 15.
@pytest.mark.parametrize(
    ("start", "sentence_ends", "sentences"),
    [
        (6, [9, 15], [LEAD, 0, 0, 1, 1]),
        (0, [9, 15], [0, 0, 0, 1, 1]),
        (6, [9, 14], [LEAD, 0, 0, 1, 1]),  # past the last sentence
        (8, [15], [LEAD, LEAD, 0, 0, 0]),
    ],
)
def test_each_token_stands_in_a_sentence_or_in_what_leads(
    path: Path, codec: TokenCodec, start: int, sentence_ends: list[int], sentences: list[int]
) -> None:
    with TokenWriter(path, codec) as writer:
        writer.append(1, make_tokens([1, 2, 3, 4, 6], [5, 8, 9, 14, 15]), start, sentence_ends)
    assert read(TokenStore.open(path), 1).sentences.tolist() == sentences


def test_more_sentences_than_can_be_told_apart_share_the_last(
    path: Path, codec: TokenCodec
) -> None:
    ids = range(10, 310)
    with TokenWriter(path, codec) as writer:
        writer.append(1, make_tokens(ids), 0, range(3, 903, 3))
    sentences = read(TokenStore.open(path), 1).sentences.tolist()
    assert sentences == [*range(254), *[254] * 46]


def test_a_store_holds_its_codec(store: TokenStore, codec: TokenCodec) -> None:
    assert store.codec.equals(codec)
    assert store.codec.dropped.tolist() == [5, 9]


def test_copied_passages_are_the_same_and_are_counted_the_same(
    tmp_path: Path, store: TokenStore
) -> None:
    path = tmp_path / "next.tokens"
    with TokenWriter(path, store.codec) as writer:
        writer.append(30, make_tokens([5, 2]), 0, [6])
        for passage_id in (8, 2**40):
            writer.copy(passage_id, store)
    copy = TokenStore.open(path)
    assert copy.ids.tolist() == [8, 30, 2**40]
    assert same(read(copy, 8), read(store, 8))
    assert copy.count_passages_with([5, 2, 4, 9, 1]) == {5: 3, 2: 2, 4: 0, 9: 1, 1: 1}


def test_an_unknown_passage_or_one_of_another_codec_is_not_copied(
    tmp_path: Path, store: TokenStore
) -> None:
    with (
        pytest.raises(KeyError, match=r"où\?\.tokens holds no passage 7"),
        TokenWriter(tmp_path / "next", store.codec) as writer,
    ):
        writer.copy(7, store)
    other = TokenCodec.fit(draw_vectors(500), np.array([5]))
    with (
        pytest.raises(ValueError, match="codec"),
        TokenWriter(tmp_path / "other", other) as writer,
    ):
        writer.copy(8, store)


@pytest.mark.parametrize("token_id", [2**31, -(2**31) - 1])
def test_ids_of_more_than_32_bits_are_refused(path: Path, codec: TokenCodec, token_id: int) -> None:
    writer = TokenWriter(path, codec)
    vectors = draw_vectors(1)
    ends = np.array([1])
    with writer, pytest.raises(ValueError, match="the passage 3 has a token whose id"):
        writer.append(3, TokenVectors(np.array([token_id]), vectors, ends), 0, [1])


def test_a_passage_without_sentences_or_added_twice_is_refused(
    path: Path, codec: TokenCodec
) -> None:
    with TokenWriter(path, codec) as writer:
        with pytest.raises(ValueError, match="the passage 3 has no sentence"):
            writer.append(3, make_tokens([1]), 0, [])
        writer.append(4, make_tokens([1]), 0, [3])
    with (
        pytest.raises(ValueError, match="the passage 4 was added twice"),
        TokenWriter(path, codec) as writer,
    ):
        for passage_id in (4, 5, 4):
            writer.append(passage_id, make_tokens([1]), 0, [3])


def test_a_store_left_by_an_error_is_refused(path: Path, codec: TokenCodec) -> None:
    with pytest.raises(ZeroDivisionError), TokenWriter(path, codec) as writer:
        writer.append(1, make_tokens([1, 2, 3]), 0, [9])
        raise ZeroDivisionError
    with pytest.raises(RuntimeError, match=r"où\?\.tokens is no token store"):
        TokenStore.open(path)


@pytest.mark.parametrize("content", [b"", b"x", b"MASSTOK1", b"not a token store" * 9])
def test_a_foreign_file_is_refused_by_name(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(RuntimeError, match=r"où\?\.tokens is no token store"):
        TokenStore.open(path)


def test_a_missing_file_is_an_error_of_the_system(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        TokenStore.open(path)


def test_every_damaged_byte_and_every_cut_is_noticed(store: TokenStore, path: Path) -> None:
    content = path.read_bytes()
    damaged = path.with_name("damaged")
    for place in range(len(content)):
        damaged.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])
        with pytest.raises(RuntimeError, match="damaged"):
            TokenStore.open(damaged).read(store.ids.tolist())
    for size in range(0, len(content), 7):
        damaged.write_bytes(content[:size])
        with pytest.raises(RuntimeError, match="damaged"):
            TokenStore.open(damaged)


def test_damage_to_one_passage_leaves_the_others(path: Path, store: TokenStore) -> None:
    content = bytearray(path.read_bytes())
    content[12] ^= 1
    path.with_name("damaged").write_bytes(content)
    damaged = TokenStore.open(path.with_name("damaged"))
    assert same(read(damaged, -2), read(store, -2))
    with pytest.raises(RuntimeError, match="damaged: the tokens of the passage 8 "):
        damaged.read([-2, 8])
    with (
        pytest.raises(RuntimeError, match="the passage 8 "),
        TokenWriter(path.with_name("next"), damaged.codec) as writer,
    ):
        writer.copy(8, damaged)


@pytest.mark.parametrize("limit", [4, 500, 5000])
def test_a_full_disk_is_an_error_and_leaves_no_store(path: Path, limit: int) -> None:
    run = subprocess.run(
        [sys.executable, "-c", WRITE_WITH_LIMIT, str(path), str(limit)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "File too large\n"
    with pytest.raises(RuntimeError):
        TokenStore.open(path)


def test_tokens_are_packed_for_other_engines(store: TokenStore, codec: TokenCodec) -> None:
    passage = read(store, 8)
    packed = passage.pack()
    assert len(packed) == 3 * (5 + codec.size)
    assert same(PassageTokens.unpack(packed, codec.size), passage)
    with pytest.raises(ValueError, match="29 bytes"):
        PassageTokens.unpack(packed[:-1], codec.size)


def centre(vectors: Vectors, codec: TokenCodec) -> Vectors:
    centred = vectors - codec.mean
    unit: Vectors = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    return unit


def test_products_are_about_the_cosines_of_centred_vectors(codec: TokenCodec) -> None:
    questions, passages = draw_vectors(40, seed=1), draw_vectors(60, seed=2)
    products = codec.project(questions) @ unpack(codec.encode(passages)).T
    cosines = centre(questions, codec) @ centre(passages, codec).T
    assert np.abs(products - cosines).mean() < 0.08
    assert np.corrcoef(products.ravel(), cosines.ravel())[0, 1] > 0.93


def test_four_numbers_share_a_byte_each_at_one_of_four_levels() -> None:
    codec = TokenCodec(
        np.zeros(8, dtype=np.float32), np.full(8, 0.3, dtype=np.float32), np.array([])
    )
    vector = np.array([[-0.6, -0.1, 0.1, 0.5, 0.1, 0.1, 0.1, 0.56]], dtype=np.float32)
    packed = codec.encode(vector)
    assert packed.shape == (1, codec.size) == (1, 2)
    assert unpack(packed).tolist() == [[-1.5, -0.5, 0.5, 1.5, 0.5, 0.5, 0.5, 1.5]]
    # The numbers 0, 2, 4 and 6 of the vector, the first in the lowest bits.
    assert packed[0, 0] == 0b10_10_10_00


def test_a_vector_that_is_the_mean_has_finite_products(codec: TokenCodec) -> None:
    assert not codec.project(codec.mean.reshape(1, -1)).any()
    assert np.isfinite(unpack(codec.encode(codec.mean.reshape(1, -1)))).all()


def test_a_codec_learnt_from_one_vector_is_finite_and_from_none_an_error() -> None:
    codec = TokenCodec.fit(draw_vectors(1), np.array([], dtype=np.int64))
    products = codec.project(draw_vectors(3)) @ unpack(codec.encode(draw_vectors(3))).T
    assert np.isfinite(products).all()
    with pytest.raises(ValueError, match="no tokens"):
        TokenCodec.fit(draw_vectors(0), np.array([]))


def test_codecs_are_equal_by_all_their_values(codec: TokenCodec) -> None:
    assert codec.equals(TokenCodec(codec.mean.copy(), codec.steps.copy(), codec.dropped.copy()))
    for changed in (
        TokenCodec(codec.mean + 1, codec.steps, codec.dropped),
        TokenCodec(codec.mean, codec.steps * 2, codec.dropped),
        TokenCodec(codec.mean, codec.steps, codec.dropped[:1]),
    ):
        assert not codec.equals(changed)


def test_the_codec_of_the_packaged_model_drops_marks_and_little_words(encoder: Encoder) -> None:
    assert isinstance(encoder, TokenEncoder)
    codec = learn_codec(encoder)

    def keep(text: str) -> list[str]:
        tokens = encoder.encode_question_tokens(text).tokens
        starts = [0, *tokens.ends[:-1].tolist()]
        words = [text[a:b].strip() for a, b in zip(starts, tokens.ends.tolist(), strict=True)]
        kept = ~np.isin(tokens.ids, codec.dropped)
        return [
            word for word, is_kept in zip(words, kept.tolist(), strict=True) if is_kept and word
        ]

    assert keep("le port, la rue de Marseille : 13 !") == ["port", "rue", "Marseille", "13"]
    assert keep("the port of Marseille: two « docks ».")[:2] == ["port", "Marseille"]
    assert "two" in keep("two docks")
    assert keep("Marseille, deux ans") == ["Marseille", "deux", "ans"]


def test_the_reference_sentences_say_what_a_codec_is_learnt_from(encoder: Encoder) -> None:
    assert isinstance(encoder, TokenEncoder)
    codec = learn_codec(encoder)
    texts = [text for language in Language for text in read_reference_sentences(language)]
    vectors = [each.tokens.vectors for each in encoder.encode_passage_tokens(texts)]
    assert codec.mean == pytest.approx(np.concatenate(vectors).mean(axis=0), abs=1e-3)
    products = codec.project(vectors[0]) @ unpack(codec.encode(vectors[0])).T
    # Each token is most like itself.
    assert products.argmax(axis=1).tolist() == list(range(len(vectors[0])))
