from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from massilia.corpus.article import Language
from massilia.index.encoder import TokenVectors, Vectors
from massilia.index.filter import Filter
from massilia.index.local import TABLE, TERMS, TOKENS, VECTORS, LocalIndex
from massilia.index.passage_table import PassageRow
from massilia.index.store import IndexedText
from massilia.index.token_codec import TokenCodec
from massilia.index.token_store import TokenStore, TokenWriter

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH
WIDTH = 12
DROPPED = 3
TEXTS = {
    10: (FRENCH, "le bateau quitte le port"),
    20: (FRENCH, "la ville et le port"),
    30: (ENGLISH, "the ship leaves the port"),
    40: (ENGLISH, "a cable lands"),
    50: (FRENCH, "un câble arrive"),
}
WORDS = ("port", "câble", "cable", "bateau", "ship", "ville", "lands")


@dataclass
class Maker:
    """Build indexes of some of `TEXTS`, each in a new folder."""

    folder: Path
    codec: TokenCodec
    built: int = 0

    def make_store(self, ids: Sequence[int], codec: TokenCodec | None = None) -> TokenStore:
        """Write the tokens of passages: as many as an id has tens, DROPPED among them."""
        self.built += 1
        path = self.folder / f"{self.built}.tokens"
        with TokenWriter(path, codec or self.codec) as writer:
            for passage_id in ids:
                numbers = np.arange(1, passage_id // 10 + 1)
                vectors = draw_vectors(passage_id, len(numbers))
                writer.append(passage_id, TokenVectors(numbers, vectors, numbers), 0, [99])
        return TokenStore.open(path)

    def build(
        self,
        ids: Sequence[int],
        stores: Sequence[TokenStore] | None = None,
        previous: LocalIndex | None = None,
        *,
        with_tokens: bool = True,
    ) -> Path:
        """Build an index; the tokens of all are in one store, unless told."""
        self.built += 1
        folder = self.folder / f"index-{self.built}"
        folder.mkdir()
        rows = [PassageRow(each, f"article-{each}", TEXTS[each][0]) for each in ids]
        texts = [IndexedText(each, TEXTS[each][0], "", None, TEXTS[each][1], ()) for each in ids]
        vectors = np.array([draw_vectors(each, 1)[0] for each in ids], dtype=np.float32)
        if stores is None:
            stores = [self.make_store(ids)]
        codec = self.codec if with_tokens else None
        LocalIndex.build(folder, rows, texts, vectors.reshape(-1, WIDTH), stores, codec, previous)
        return folder


def draw_vectors(seed: int, count: int) -> Vectors:
    vectors = np.random.default_rng(seed).standard_normal((count, WIDTH)) + 1
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    return Maker(tmp_path, TokenCodec.fit(draw_vectors(0, 200), np.array([DROPPED])))


def read_files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def describe(index: LocalIndex) -> list[Any]:
    """Return all that can be found in an index."""
    ids = index.ids.tolist()
    tokens = [None if each is None else each.pack() for each in index.read_tokens(ids)]
    found: list[Any] = [ids, len(index), index.read_vectors(ids).tolist(), tokens]
    found += [dict(index.count_passages_with(range(8)))]
    for within in (Filter(), Filter(languages=frozenset({FRENCH}))):
        found += [index.search_terms(word, 9, within) for word in WORDS]
        found += [index.search_vectors(draw_vectors(7, 1)[0], 9, within)]
    return found


def test_an_index_finds_what_it_was_built_of(maker: Maker) -> None:
    index = LocalIndex.open(maker.build([30, 10, 20]))
    assert index.ids.tolist() == [10, 20, 30]
    assert len(index) == 3
    assert np.array_equal(index.read_vectors([20, 10])[1], draw_vectors(10, 1)[0])
    (hit,) = index.search_vectors(draw_vectors(20, 1)[0], 1)
    assert hit.id == 20
    assert hit.score == pytest.approx(1)
    assert [hit.id for hit in index.search_terms("bateau", 9)] == [10]
    assert {hit.id for hit in index.search_terms("port", 9)} == {10, 20, 30}
    within = Filter(languages=frozenset({ENGLISH}))
    assert [hit.id for hit in index.search_terms("port", 9, within)] == [30]
    # Whatever was asked before.
    assert {hit.id for hit in index.search_terms("port", 9)} == {10, 20, 30}
    found = index.read_tokens([30, 40])
    assert found[0] is not None
    assert found[0].ids.tolist() == [1, 2]
    assert found[1] is None
    assert index.count_passages_with([1, 2, DROPPED, 4]) == {1: 3, 2: 2, DROPPED: 1, 4: 0}
    assert index.codec is not None
    assert index.codec.equals(maker.codec)
    index.check()


@pytest.mark.parametrize("before", [[10, 20, 30], [10, 20, 30, 40, 50], [50], [20, 40], []])
@pytest.mark.parametrize("ids", [[10, 20, 30], [10, 20, 30, 40, 50], [40, 30], []])
def test_an_index_is_the_same_with_what_was_before_as_without(
    maker: Maker, before: Sequence[int], ids: Sequence[int]
) -> None:
    """Passages are added, removed and kept; only the tokens of the new ones are given."""
    previous = LocalIndex.open(maker.build(before))
    assert previous.tokens is not None
    new = maker.make_store([each for each in ids if each not in before])
    folder = maker.build(ids, [new, previous.tokens], previous)
    alone = maker.build(ids)
    assert describe(LocalIndex.open(folder)) == describe(LocalIndex.open(alone))
    # The records of tokens follow each other as they were copied, not by their ids.
    differing = {
        name for name, each in read_files(alone).items() if read_files(folder)[name] != each
    }
    assert differing <= {TOKENS}
    assert read_files(folder).keys() == read_files(alone).keys()


def test_what_was_before_can_go(maker: Maker) -> None:
    old = maker.build([10, 20])
    previous = LocalIndex.open(old)
    assert previous.tokens is not None
    folder = maker.build([10, 30], [maker.make_store([30]), previous.tokens], previous)
    for path in sorted(old.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert describe(LocalIndex.open(folder)) == describe(LocalIndex.open(maker.build([10, 30])))


def test_of_tokens_in_several_stores_the_first_are_taken_and_others_left_out(maker: Maker) -> None:
    first, second = maker.make_store([30, 50]), maker.make_store([10, 30, 40])
    index = LocalIndex.open(maker.build([10, 30], [first, second]))
    assert index.tokens is not None
    assert index.tokens.ids.tolist() == [10, 30]
    assert describe(index) == describe(LocalIndex.open(maker.build([10, 30])))


def test_tokens_of_another_codec_are_refused(maker: Maker) -> None:
    other = TokenCodec.fit(draw_vectors(1, 200), np.array([DROPPED]))
    with pytest.raises(ValueError, match="another codec"):
        maker.build([10], [maker.make_store([10], other)])


@pytest.mark.parametrize("before", [False, True])
def test_without_a_codec_no_tokens_are_held(maker: Maker, before: bool) -> None:
    previous = LocalIndex.open(maker.build([10, 20])) if before else None
    folder = maker.build([10, 30], [], previous, with_tokens=False)
    assert not (folder / TOKENS).exists()
    index = LocalIndex.open(folder)
    assert (index.codec, index.tokens) == (None, None)
    assert index.read_tokens([10, 99]) == [None, None]
    assert index.count_passages_with([1]).get(1, 0) == 0
    assert [hit.id for hit in index.search_terms("ship", 9)] == [30]
    assert index.search_vectors(draw_vectors(30, 1)[0], 1)[0].id == 30


def test_two_passages_of_one_id_are_refused(maker: Maker) -> None:
    with pytest.raises(ValueError, match="two passages have the id 10"):
        maker.build([10, 10], [])


def test_the_vector_of_a_passage_that_is_not_held_is_an_error(maker: Maker) -> None:
    index = LocalIndex.open(maker.build([10]))
    with pytest.raises(KeyError, match="20"):
        index.read_vectors([10, 20])


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def cut_end(content: bytes) -> bytes:
    return content[:-1]


def empty(content: bytes) -> bytes:
    return b""


def replace(content: bytes) -> bytes:
    return b"something else altogether" * 9


@pytest.mark.parametrize("damage", [cut, cut_end, empty, replace])
def test_a_damaged_file_is_an_error_at_opening(
    maker: Maker, damage: Callable[[bytes], bytes]
) -> None:
    folder = maker.build([10, 20, 30, 40])
    files = read_files(folder)
    assert {TABLE, VECTORS, TOKENS} < files.keys()
    assert len([name for name in files if name.startswith(f"{TERMS}/")]) > 4
    refused = set()
    for name, content in files.items():
        (folder / name).unlink()
        (folder / name).write_bytes(damage(content))
        try:
            LocalIndex.open(folder)
        except (OSError, RuntimeError, ValueError, KeyError):
            refused.add(name)
        (folder / name).unlink()
        (folder / name).write_bytes(content)
    assert refused == set(files)
    assert len(LocalIndex.open(folder)) == 4


def test_a_missing_file_is_an_error_at_opening_but_for_the_tokens(maker: Maker) -> None:
    folder = maker.build([10, 20, 30, 40])
    for name, content in read_files(folder).items():
        (folder / name).unlink()
        if name == TOKENS:
            assert LocalIndex.open(folder).codec is None
        else:
            with pytest.raises((OSError, RuntimeError), match=name):
                LocalIndex.open(folder)
        (folder / name).write_bytes(content)


def test_changed_tokens_are_an_error_when_they_are_read(maker: Maker) -> None:
    folder = maker.build([10, 50])
    content = bytearray((folder / TOKENS).read_bytes())
    content[40] ^= 1
    (folder / TOKENS).unlink()
    (folder / TOKENS).write_bytes(content)
    index = LocalIndex.open(folder)
    assert index.read_tokens([10])[0] is not None
    with pytest.raises(RuntimeError, match="the tokens of the passage 50 are not what was written"):
        index.read_tokens([10, 50])
