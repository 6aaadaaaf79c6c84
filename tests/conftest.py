"""What the tests share: a toy encoder, small libraries, the real model, and where things lie."""

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import platformdirs
import pytest

from massilia.index.encoder import Advance, Encoder, Vectors
from massilia.index.library import Library
from massilia.service.answerer import Answerer

ROOT = Path(__file__).parent.parent
# Before anything loads a model: no test may ask a hub for one.
os.environ["HF_HUB_OFFLINE"] = "1"


class WordEncoder:
    """Count words: a text's vector has a 1 for each distinct word, in a slot chosen by its hash.

    The similarity of two texts is then the share of words they have in common (the cosine of the
    sets), which a reader can work out by hand. It knows nothing of meaning or of languages.
    """

    name = "words"
    fingerprint = "words-1"
    dimension = 4096

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        return np.stack([self._count(text) for text in questions])

    def encode_passages(self, passages: Sequence[str], advance: Advance | None = None) -> Vectors:
        self.encoded += passages
        if advance is not None:
            advance(len(passages))
        return np.stack([self._count(text) for text in passages])

    def _count(self, text: str) -> Vectors:
        vector = np.zeros(self.dimension, dtype=np.float32)
        for word in re.findall(r"\w+", text.lower()):
            slot = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
            vector[slot % self.dimension] = 1.0
        return vector / max(float(np.linalg.norm(vector)), 1.0)


@pytest.fixture
def toy_encoder() -> WordEncoder:
    return WordEncoder()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """Give an empty library in a temporary folder."""
    opened = Library.create(tmp_path / "library")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def model_cache() -> Path:
    """Say where the packaged model is converted to, once for all test runs of this user."""
    named = os.environ.get("MASSILIA_TEST_CACHE")
    return Path(named) if named else platformdirs.user_cache_path("massilia")


@pytest.fixture(scope="session")
def encoder(model_cache: Path) -> Encoder:
    """Give the real, packaged encoder."""
    from massilia.index.sentence_encoder import open_encoder

    return open_encoder(None, model_cache)


@pytest.fixture(scope="session")
def corpus_path(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    """Build a library of the embedded corpus with the real encoder, and give its folder.

    Tests read it; one that changes a library copies it first.
    """
    path = tmp_path_factory.mktemp("corpus") / "library"
    built = Library.create(path)
    built.put_embedded_corpus()
    built.build(encoder)
    built.close()
    return path


@pytest.fixture(scope="session")
def answerer(corpus_path: Path, encoder: Encoder) -> Iterator[Answerer]:
    """Give the real answerer over the embedded corpus."""
    opened = Library.open(corpus_path)
    yield Answerer(opened, encoder)
    opened.close()


@pytest.fixture(scope="session")
def press_texts() -> Path:
    """Give the folder of real press texts, which aren't ours to ship: skip where it is absent."""
    shared = Path(os.environ.get("MASSILIA_SHARED") or ROOT.parent / "shared")
    folder = shared / "articles"
    if not folder.is_dir():
        pytest.skip(f"the press texts are not on this machine: no {folder}")
    return folder
