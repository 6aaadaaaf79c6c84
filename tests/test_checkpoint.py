import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from massilia.corpus.article import Article, Language
from massilia.index import checkpoint as module
from massilia.index.background import read_reference_sentences
from massilia.index.checkpoint import FOLDER, Checkpoint, Chunk
from massilia.index.encoder import Advance, EncodedText, TokenVectors, Vectors
from massilia.index.encoder_input import EncoderInput, compose_passage, compose_sentence
from massilia.index.errors import LibraryError
from massilia.index.generation import Generation
from massilia.index.library import Library
from massilia.index.token_codec import TokenCodec
from massilia.index.token_store import PassageTokens
from massilia.ingest.document import Document

WIDTH = 16
REFERENCES = {text for language in Language for text in read_reference_sentences(language)}
KILL_AT_EVERY_STEP = f"""
import os, runpy, shutil, signal, sys
from pathlib import Path
from massilia.index import checkpoint
from massilia.index.library import Library
encoder = runpy.run_path({__file__!r})["RecordingTokenEncoder"]()
checkpoint.CHUNK = 2
left = 0

def hook(module, name):
    original = getattr(module, name)
    def hooked(*arguments, **options):
        global left
        # What follows what is encoded is stopped elsewhere.
        path = arguments[0]
        if module is os and isinstance(path, int):
            path = os.readlink(f"/proc/self/fd/{{path}}")
        left -= module is encoder or f"/{{checkpoint.FOLDER}}" in str(path)
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **options)
    setattr(module, name, hooked)

# Each child is killed just before its step, so just after the one before.
for number in range(1, 200):
    folder = Path(sys.argv[2], str(number))
    shutil.copytree(sys.argv[1], folder)
    child = os.fork()
    if child == 0:
        left = number
        library = Library.open(folder)
        hook(encoder, "encode_passage_tokens")
        hook(encoder, "encode_passages")
        hook(os, "fsync")
        hook(os, "rename")
        hook(shutil, "rmtree")
        library.build(encoder)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if not os.WIFSIGNALED(status):
        sys.exit(os.waitstatus_to_exitcode(status))
"""


class StoppedError(Exception):
    """Stands for whatever ends a build."""


class RecordingEncoder:
    """Give each text a vector of its own, and remember what was encoded.

    It stops before the text that follows the first `left`; the reference sentences don't count.
    """

    name = "recording"
    dimension = 8

    def __init__(self, left: int | None = None, fingerprint: str = "recording-1") -> None:
        self.left = left
        self.fingerprint = fingerprint
        self.encoded: list[str] = []

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        return np.array([draw_vector(text, self.dimension) for text in questions])

    def encode_passages(self, passages: Sequence[str], advance: Advance | None = None) -> Vectors:
        self._record(passages)
        if advance is not None:
            advance(len(passages))
        return self.encode_questions(passages)

    def _record(self, texts: Sequence[str]) -> None:
        for text in texts:
            if text in REFERENCES or not any(each.isalnum() for each in text):
                continue
            if self.left == len(self.encoded):
                raise StoppedError
            self.encoded.append(text)


class RecordingTokenEncoder(RecordingEncoder):
    """Give each word a vector of its own as well, and count what a codec is learnt from."""

    learnt_from = 0

    def encode_question_tokens(self, question: str) -> EncodedText:
        words = question.split()
        vectors = [draw_vector(word, WIDTH) for word in words]
        tokens = TokenVectors(
            np.array([crc32(word.encode()) >> 1 for word in words], dtype=np.int64),
            np.array(vectors, dtype=np.float32).reshape(-1, WIDTH),
            np.cumsum([len(word) + 1 for word in words], dtype=np.int64) - 1,
        )
        return EncodedText(draw_vector(question, self.dimension), tokens)

    def encode_passage_tokens(
        self, passages: Sequence[str], advance: Advance | None = None
    ) -> Iterator[EncodedText]:
        for passage in passages:
            self._record([passage])
            self.learnt_from += passage in REFERENCES
            yield self.encode_question_tokens(passage)
            if advance is not None:
                advance(1)


def draw_vector(text: str, width: int) -> Vectors:
    vector = np.random.default_rng(crc32(text.encode())).standard_normal(width) + 1
    unit: Vectors = (vector / np.linalg.norm(vector)).astype(np.float32)
    return unit


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 2)


def make_inputs(*lengths: int, first: int = 1) -> list[EncoderInput]:
    """Make texts of so many words, under ids from `first`; the first word leads the text."""
    return [
        EncoderInput(
            number,
            text := f"{number} " + "mot " * (length - 2) + "fin",
            2,
            (len(text) - 3, len(text)),
        )
        for number, length in enumerate(lengths, first)
    ]


INPUTS = make_inputs(5, 4, 3, 2, 6)
"""Of falling lengths they are 5, 1 | 2, 3 | 4."""


@pytest.fixture
def codec() -> TokenCodec:
    return make_codec(seed=3)


def make_codec(seed: int) -> TokenCodec:
    vectors = np.random.default_rng(seed).standard_normal((100, WIDTH)).astype(np.float32)
    return TokenCodec.fit(vectors, np.array([crc32(b"mot") >> 1]))


def encode_all(
    library: Path, encoder: RecordingEncoder, codec: TokenCodec | None = None
) -> list[Chunk]:
    return list(Checkpoint(library, encoder).encode("passages", INPUTS, codec))


def list_files(library: Path) -> list[Path]:
    return sorted(path for path in (library / FOLDER).rglob("*") if path.is_file())


def read_tokens(chunks: Sequence[Chunk]) -> dict[int, PassageTokens]:
    found = {}
    for chunk in chunks:
        assert chunk.tokens is not None
        assert set(chunk.tokens.ids.tolist()) == set(chunk.ids.tolist())
        for passage_id in chunk.ids.tolist():
            (passage,) = chunk.tokens.read([passage_id])
            assert passage is not None
            found[passage_id] = passage
    return found


def expect_vectors(chunks: Sequence[Chunk], inputs: Sequence[EncoderInput]) -> None:
    vectors = {
        text_id: vector
        for chunk in chunks
        for text_id, vector in zip(chunk.ids.tolist(), chunk.vectors, strict=True)
    }
    assert sorted(vectors) == sorted(each.id for each in inputs)
    assert sum(len(chunk.ids) for chunk in chunks) == len(inputs)
    for each in inputs:
        assert np.array_equal(vectors[each.id], draw_vector(each.text, 8))


def test_texts_of_one_length_share_a_chunk(tmp_path: Path) -> None:
    encoder = RecordingEncoder()
    chunks = encode_all(tmp_path, encoder)
    assert [chunk.ids.tolist() for chunk in chunks] == [[5, 1], [2, 3], [4]]
    assert [chunk.tokens for chunk in chunks] == [None, None, None]
    expect_vectors(chunks, INPUTS)
    # Equally long ones come in the order of their ids.
    inputs = make_inputs(3, 3, 3, 3)[::-1]
    chunks = list(Checkpoint(tmp_path, encoder).encode("sentences", inputs))
    assert [chunk.ids.tolist() for chunk in chunks] == [[1, 2], [3, 4]]


def test_tokens_are_kept_with_their_places(tmp_path: Path, codec: TokenCodec) -> None:
    chunks = encode_all(tmp_path, RecordingTokenEncoder(), codec)
    expect_vectors(chunks, INPUTS)
    tokens = read_tokens(chunks)
    # "2 mot mot fin": the codec drops "mot"; "2" leads the text, and "fin" is its last sentence.
    assert tokens[2].ids.tolist() == [crc32(b"2") >> 1, crc32(b"fin") >> 1]
    assert tokens[2].sentences.tolist() == [255, 1]
    vectors = np.array([draw_vector("2", WIDTH), draw_vector("fin", WIDTH)])
    assert np.array_equal(tokens[2].vectors, codec.encode(vectors))


@pytest.mark.parametrize("with_tokens", [False, True])
@pytest.mark.parametrize(("left", "kept"), [(0, 0), (1, 0), (2, 2), (3, 2), (4, 4), (5, 5)])
def test_what_is_done_is_not_done_again(
    tmp_path: Path, codec: TokenCodec, with_tokens: bool, left: int, kept: int
) -> None:
    kind = RecordingTokenEncoder if with_tokens else RecordingEncoder
    used = codec if with_tokens else None
    stopped, encoder = kind(left), kind()
    if left < len(INPUTS):
        with pytest.raises(StoppedError):
            encode_all(tmp_path, stopped, used)
    else:
        encode_all(tmp_path, stopped, used)
    assert len(stopped.encoded) == left
    advances: list[int] = []
    found = list(Checkpoint(tmp_path, encoder).encode("passages", INPUTS, used, advances.append))
    assert sorted(encoder.encoded + stopped.encoded[:kept]) == sorted(each.text for each in INPUTS)
    assert sum(advances) == len(INPUTS)
    expect_vectors(found, INPUTS)
    if with_tokens:
        alone = read_tokens(encode_all(tmp_path / "undisturbed", kind(), used))
        for passage_id, tokens in read_tokens(found).items():
            assert tokens.pack() == alone[passage_id].pack()


def damage_chunk(library: Path, suffix: str, how: str, position: int = 0) -> None:
    """Damage a file of the chunk of 2 and 3; of one that is turned, a bit at `position`."""
    (path,) = (each for each in list_files(library) if each.name == f"passages-2{suffix}")
    content = bytearray(path.read_bytes())
    kept = {"emptied": 0, "cut": len(content) // 2, "cut by a byte": len(content) - 1}
    # A file that is mapped must not change under whoever reads it.
    path.unlink()
    if how == "turned":
        content[position % len(content)] ^= 1
    if how != "missing":
        path.write_bytes(content[: kept.get(how)])


@pytest.mark.parametrize(
    ("suffix", "how", "position"),
    [
        *((each, how, 0) for each in (".npz", ".tokens") for how in ("emptied", "cut", "missing")),
        *((each, "cut by a byte", 0) for each in (".npz", ".tokens")),
        # In the mark, in a record, in the directory, in the end.
        *((".tokens", "turned", position) for position in (0, 9, 25, 300, -12, -1)),
    ],
)
def test_a_damaged_chunk_is_encoded_again(
    tmp_path: Path, codec: TokenCodec, suffix: str, how: str, position: int
) -> None:
    encode_all(tmp_path, RecordingTokenEncoder(), codec)
    damage_chunk(tmp_path, suffix, how, position)
    encoder = RecordingTokenEncoder()
    chunks = encode_all(tmp_path, encoder, codec)
    assert encoder.encoded == [INPUTS[1].text, INPUTS[2].text]
    expect_vectors(chunks, INPUTS)
    assert len(read_tokens(chunks)) == len(INPUTS)
    # And kept this time.
    encoder = RecordingTokenEncoder()
    expect_vectors(encode_all(tmp_path, encoder, codec), INPUTS)
    assert encoder.encoded == []


def test_no_changed_bit_of_a_chunk_changes_a_vector(tmp_path: Path) -> None:
    """In a ZIP file there are some that don't matter."""
    encode_all(tmp_path, RecordingEncoder())
    (size,) = (path.stat().st_size for path in list_files(tmp_path) if path.stem == "passages-2")
    again = 0
    for position in range(0, size, 7):
        damage_chunk(tmp_path, ".npz", "turned", position)
        encoder = RecordingEncoder()
        expect_vectors(encode_all(tmp_path, encoder), INPUTS)
        again += len(encoder.encoded)
    assert again > size / 7


def test_a_file_that_was_being_written_is_no_chunk(tmp_path: Path) -> None:
    encode_all(tmp_path, RecordingEncoder())
    (whole, *_) = (each for each in list_files(tmp_path) if each.name == "passages-2.npz")
    whole.rename(whole.with_suffix(".new"))
    encoder = RecordingEncoder()
    expect_vectors(encode_all(tmp_path, encoder), INPUTS)
    assert encoder.encoded == [INPUTS[1].text, INPUTS[2].text]


def test_chunks_of_another_encoder_are_not_used(tmp_path: Path) -> None:
    encode_all(tmp_path, RecordingEncoder())
    other = RecordingEncoder(fingerprint="recording-2")
    expect_vectors(encode_all(tmp_path, other), INPUTS)
    assert len(other.encoded) == len(INPUTS)
    # Those of the first are still there.
    encoder = RecordingEncoder()
    encode_all(tmp_path, encoder)
    assert encoder.encoded == []


def test_chunks_of_another_codec_are_not_used(tmp_path: Path, codec: TokenCodec) -> None:
    encode_all(tmp_path, RecordingTokenEncoder(), codec)
    encoder, other = RecordingTokenEncoder(), make_codec(seed=4)
    tokens = read_tokens(encode_all(tmp_path, encoder, other))
    assert len(encoder.encoded) == len(INPUTS)
    for each in INPUTS:
        vectors = np.array([draw_vector(word, WIDTH) for word in (str(each.id), "fin")])
        assert np.array_equal(tokens[each.id].vectors, other.encode(vectors))


def test_the_codec_of_what_is_kept_is_found(tmp_path: Path, codec: TokenCodec) -> None:
    encoder = RecordingTokenEncoder()
    checkpoint = Checkpoint(tmp_path, encoder)
    assert checkpoint.codec() is None
    encode_all(tmp_path, encoder, codec)
    (damaged, *_) = (each for each in list_files(tmp_path) if each.suffix == ".tokens")
    damaged.write_bytes(b"")
    found = checkpoint.codec()
    assert found is not None
    assert found.equals(codec)
    assert Checkpoint(tmp_path, RecordingTokenEncoder(fingerprint="2")).codec() is None


def test_a_chunk_with_a_text_that_is_gone_is_not_used(tmp_path: Path, codec: TokenCodec) -> None:
    encode_all(tmp_path, RecordingTokenEncoder(), codec)
    left = [each for each in INPUTS if each.id != 2]
    encoder = RecordingTokenEncoder()
    chunks = list(Checkpoint(tmp_path, encoder).encode("passages", left, codec))
    assert encoder.encoded == [INPUTS[2].text]
    expect_vectors(chunks, left)
    assert {path.stem for path in list_files(tmp_path)} == {
        "passages-5",
        "passages-4",
        "passages-3",
    }


def test_texts_that_came_since_are_encoded(tmp_path: Path) -> None:
    encode_all(tmp_path, RecordingEncoder())
    more = [*INPUTS, *make_inputs(9, 2, 4, first=10)]
    encoder = RecordingEncoder()
    chunks = list(Checkpoint(tmp_path, encoder).encode("passages", more))
    expect_vectors(chunks, more)
    assert encoder.encoded == [more[5].text, more[7].text, more[6].text]


def test_passages_and_sentences_of_the_same_id_are_kept_apart(tmp_path: Path) -> None:
    encoder = RecordingEncoder()
    checkpoint = Checkpoint(tmp_path, encoder)
    sentences = [EncoderInput(each.id, f"Phrase {each.id}", 0, (9,)) for each in INPUTS]
    for _ in range(2):
        expect_vectors(list(checkpoint.encode("passages", INPUTS)), INPUTS)
        expect_vectors(list(checkpoint.encode("sentences", sentences)), sentences)
    assert len(encoder.encoded) == 2 * len(INPUTS)


def test_nothing_to_encode_yields_nothing(tmp_path: Path) -> None:
    assert list(Checkpoint(tmp_path, RecordingEncoder()).encode("passages", [])) == []


def test_all_that_is_kept_can_be_cleared(tmp_path: Path) -> None:
    encode_all(tmp_path, RecordingEncoder())
    other = RecordingEncoder(fingerprint="recording-2")
    Checkpoint(tmp_path, other).clear()
    assert list(tmp_path.iterdir()) == []
    Checkpoint(tmp_path, other).clear()


def test_where_nothing_can_be_kept_the_library_is_named(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("in the way")
    with pytest.raises(LibraryError, match=f"{tmp_path}: Not a directory"):
        encode_all(tmp_path, RecordingEncoder())


TEXTS = [
    "Le port vit. La mer dort.",
    "La ville bouge.",
    "Un câble arrive à Marseille. Il vient de loin. Il repart.",
    "Une école ouvre ses portes aux enfants du quartier.",
    "Deux bateaux attendent.",
]


@pytest.fixture
def unbuilt(library: Library) -> Library:
    """Give a library of five passages and eight sentences that hasn't been built."""
    library.put(
        Document(Article(f"{number}", Language.FRENCH, "Titre", text, "a"), f"/nowhere/{number}")
        for number, text in enumerate(TEXTS)
    )
    return library


def list_texts(library: Library) -> Counter[str]:
    snapshot = library.store.snapshot()
    inputs = [compose_passage(each) for each in snapshot.passages]
    inputs += [compose_sentence(each) for each in snapshot.sentences]
    return Counter(each.text for each in inputs)


def build_undisturbed(library: Library, path: Path) -> Generation:
    """Build a copy of a library."""
    shutil.copytree(library.path, path)
    return build(path, RecordingTokenEncoder())


def build(path: Path, encoder: RecordingEncoder) -> Generation:
    library = Library.open(path)
    try:
        library.build(encoder)
        generation = library.generation()
    finally:
        library.close()
    assert generation is not None
    assert not (path / FOLDER).exists()
    return generation


def expect_same(found: Generation, expected: Generation) -> None:
    """Compare all that was computed."""
    ids = expected.local.ids.tolist()
    assert found.local.ids.tolist() == ids
    assert np.array_equal(found.local.read_vectors(ids), expected.local.read_vectors(ids))
    sentence_ids = expected.sentences.ids.tolist()
    assert found.sentences.ids.tolist() == sentence_ids
    assert np.array_equal(
        found.sentences.vectors(sentence_ids), expected.sentences.vectors(sentence_ids)
    )
    assert found.local.codec is not None
    assert expected.local.codec is not None
    assert found.local.codec.equals(expected.local.codec)
    pairs = zip(found.local.read_tokens(ids), expected.local.read_tokens(ids), strict=True)
    for one, other in pairs:
        assert one is not None
        assert other is not None
        assert one.pack() == other.pack()
    assert found.local.tokens is not None
    assert expected.local.tokens is not None
    words = [crc32(word.encode()) >> 1 for text in TEXTS for word in text.split()]
    counts = expected.local.tokens.count_passages_with(words)
    assert found.local.tokens.count_passages_with(words) == counts


def test_a_build_that_was_stopped_goes_on_where_it_was(unbuilt: Library, tmp_path: Path) -> None:
    texts = list_texts(unbuilt)
    assert texts.total() == 13
    expected = build_undisturbed(unbuilt, tmp_path / "undisturbed")
    # Chunks of passages are complete after 2, 4 and 5 texts; of sentences, after 7, 9, 11...
    complete = [0, 0, 2, 2, 4, 5, 5, 7, 7, 9, 9, 11, 11, 13]
    for left in range(texts.total() + 1):
        path = tmp_path / f"stopped-{left}"
        shutil.copytree(unbuilt.path, path)
        stopped, encoder = RecordingTokenEncoder(left), RecordingTokenEncoder()
        if left < texts.total():
            with pytest.raises(StoppedError):
                build(path, stopped)
            found = build(path, encoder)
            kept = stopped.encoded[: complete[left]]
            assert Counter(kept) + Counter(encoder.encoded) == texts, left
        else:
            found = build(path, stopped)
        expect_same(found, expected)


def test_a_build_may_be_stopped_again_and_again(unbuilt: Library, tmp_path: Path) -> None:
    expected = build_undisturbed(unbuilt, tmp_path / "undisturbed")
    encoders = [RecordingTokenEncoder(2) for _ in range(6)]
    for encoder in encoders:
        with pytest.raises(StoppedError):
            build(unbuilt.path, encoder)
    last = RecordingTokenEncoder()
    expect_same(build(unbuilt.path, last), expected)
    # The third encodes the last passage, and a sentence of two that make a chunk.
    assert sum(len(each.encoded) for each in [*encoders, last]) == 13 + 1


def test_what_was_encoded_of_an_article_that_is_removed_is_left_out(
    unbuilt: Library, tmp_path: Path
) -> None:
    with pytest.raises(StoppedError):
        build(unbuilt.path, RecordingTokenEncoder(9))
    unbuilt.remove(["2"])
    expected = build_undisturbed(unbuilt, tmp_path / "undisturbed")
    encoder = RecordingTokenEncoder()
    expect_same(build(unbuilt.path, encoder), expected)
    assert 0 < len(encoder.encoded) < list_texts(unbuilt).total()


def test_a_codec_is_learnt_once(unbuilt: Library) -> None:
    """Builds that go on use that of what is kept, and later builds that of the one before."""
    stopped = RecordingTokenEncoder(9)
    with pytest.raises(StoppedError):
        build(unbuilt.path, stopped)
    assert stopped.learnt_from == len(REFERENCES)
    encoder = RecordingTokenEncoder()
    build(unbuilt.path, encoder)
    assert encoder.learnt_from == 0
    unbuilt.put([Document(Article("9", Language.ENGLISH, "Title", "A ship.", "a"), "/nowhere/9")])
    encoder = RecordingTokenEncoder()
    build(unbuilt.path, encoder)
    assert encoder.encoded == ["Title\nA ship.", "Title\nA ship."]
    assert encoder.learnt_from == 0


def test_a_build_killed_at_any_step_goes_on_where_it_was(unbuilt: Library, tmp_path: Path) -> None:
    texts = list_texts(unbuilt)
    expected = build_undisturbed(unbuilt, tmp_path / "undisturbed")
    unbuilt.close()
    folders = tmp_path / "killed"
    subprocess.run(
        [sys.executable, "-c", KILL_AT_EVERY_STEP, unbuilt.path, folders],
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    killed = sorted(folders.iterdir(), key=lambda folder: int(folder.name))[:-1]
    counts = []
    for folder in killed:
        if (folder / FOLDER).exists():
            encoder = RecordingTokenEncoder()
            expect_same(build(folder, encoder), expected)
            assert Counter(encoder.encoded) <= texts
            counts.append(len(encoder.encoded))
    # Each chunk is kept from the step on in which it gets its name.
    assert counts == sorted(counts, reverse=True)
    assert sorted(set(counts), reverse=True) == [13, 11, 9, 8, 6, 4, 2, 0]
