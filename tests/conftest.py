"""What the tests share: a toy encoder, small libraries, the real model, and where things lie."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from zlib import crc32

import numpy as np
import platformdirs
import pytest
from filelock import FileLock

from massilia.corpus.article import Language, hash_text
from massilia.eval.citations import CheckedCitation
from massilia.eval.question_set import ExpectedAnswer, Judgement
from massilia.eval.run import CheckedQuote, Outcome, PassagePlace, RankedArticle
from massilia.eval.run_file import FORMAT, Run, Setup, seal_data
from massilia.index.encoder import Advance, EncodedText, Encoder, TokenVectors, Vectors
from massilia.index.library import Library
from massilia.index.store import ArticleEntry
from massilia.service.answerer import Answerer

ROOT = Path(__file__).parent.parent
# Before anything loads a model: no test may ask a hub for one.
os.environ["HF_HUB_OFFLINE"] = "1"
TOKEN_WIDTH = 256


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests in which this process starts Ray before all others.

    Ray forks when it starts, and a fork may hang on the threads that other tests' servers and
    models leave behind.
    """
    items.sort(key=lambda item: item.path.name != "test_parallel_encoding.py")


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


class WordTokenEncoder:
    """Give the toy encoder of words vectors of tokens too: each word is one, and each mark.

    A token's vector is the same in every text. They lie around a common mean, as those of real
    encoders do; without it, two of them are nearly at right angles.
    """

    name = "word tokens"
    fingerprint = "word-tokens-1"

    def __init__(self, words: Encoder) -> None:
        self._words = words
        self.dimension = words.dimension
        self.passes = 0

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        self.passes += len(questions)
        return self._words.encode_questions(questions)

    def encode_passages(self, passages: Sequence[str], advance: Advance | None = None) -> Vectors:
        return self._words.encode_passages(passages, advance)

    def encode_question_tokens(self, question: str) -> EncodedText:
        tokens = list(re.finditer(r"\w+|[^\w\s]", question.lower()))
        ids = np.array([crc32(token[0].encode()) >> 1 for token in tokens], dtype=np.int64)
        vectors = np.array([draw_vector(each) for each in ids.tolist()], dtype=np.float32)
        ends = np.array([token.end() for token in tokens], dtype=np.int64)
        (vector,) = self.encode_questions([question])
        return EncodedText(vector, TokenVectors(ids, vectors.reshape(-1, TOKEN_WIDTH), ends))

    def encode_passage_tokens(
        self, passages: Sequence[str], advance: Advance | None = None
    ) -> Iterator[EncodedText]:
        for passage in passages:
            yield self.encode_question_tokens(passage)
            if advance is not None:
                advance(1)


@cache
def draw_vector(seed: int) -> Vectors:
    vector = np.random.default_rng(seed).standard_normal(TOKEN_WIDTH) + 1
    unit: Vectors = (vector / np.linalg.norm(vector)).astype(np.float32)
    return unit


@pytest.fixture
def token_encoder(toy_encoder: Encoder) -> WordTokenEncoder:
    return WordTokenEncoder(toy_encoder)


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
def cache_home(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Path:
    """Give a cache folder for all commands that are run, which then share one open encoder."""
    folder = tmp_path_factory.mktemp("cache")
    (folder / "massilia").symlink_to(model_cache)
    return folder


@pytest.fixture(scope="session")
def encoder(model_cache: Path) -> Encoder:
    """Give the real, packaged encoder."""
    from massilia.index.onnx_encoder import open_onnx_encoder

    return open_onnx_encoder(model_cache)


@pytest.fixture(scope="session")
def corpus_path(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    """Build a library of the embedded corpus with the real encoder, and give its folder.

    Tests read it; one that changes a library copies it first.
    """
    # The processes that share the tests out share what this builds.
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    path, done = shared / "corpus" / "library", shared / "corpus" / "done"
    path.parent.mkdir(exist_ok=True)
    with FileLock(path.parent / "lock"):
        if not done.exists():
            built = Library.create(path)
            built.put_embedded_corpus()
            built.build(encoder)
            built.close()
            done.touch()
    return path


@pytest.fixture(scope="session")
def answerer(corpus_path: Path, encoder: Encoder) -> Iterator[Answerer]:
    """Give the real answerer over the embedded corpus."""
    opened = Library.open(corpus_path)
    yield Answerer(opened, encoder)
    opened.close()


@pytest.fixture
def make_quote() -> Callable[..., CheckedQuote]:
    """Make a quote of the article `a` from its start, with a citation that holds."""

    def make(
        text: str = "Two cables.",
        confidence: float = 0.9,
        article_id: str = "a",
        start: int = 0,
        *,
        verbatim: bool = True,
        offset_exact: bool = True,
        resolves: bool = True,
        language: Language = Language.ENGLISH,
    ) -> CheckedQuote:
        citation = CheckedCitation(verbatim, offset_exact, resolves)
        return CheckedQuote(
            text, article_id, language, start, start + len(text), confidence, citation
        )

    return make


@pytest.fixture
def make_outcome(make_quote: Callable[..., CheckedQuote]) -> Callable[..., Outcome]:
    """Make an outcome; what isn't named here is of the question, by default answered by `a`.

    `ranking` names articles by letters, their scores falling from 1 by 0.01, or holds them whole;
    quotes may be given as texts. `best` is the first quote unless another is given.
    """

    def as_quote(quote: CheckedQuote | str) -> CheckedQuote:
        return make_quote(quote) if isinstance(quote, str) else quote

    def make(
        question_id: str = "q1",
        ranking: Sequence[RankedArticle | str] = "",
        quotes: Sequence[CheckedQuote | str] = (),
        *,
        best: CheckedQuote | str | None = None,
        passages: Sequence[PassagePlace] = (),
        milliseconds: float = 1.0,
        **expected: object,
    ) -> Outcome:
        answerable = expected.get("answerable", True)
        values: dict[str, object] = {
            "id": question_id,
            "language": Language.ENGLISH,
            "question": "How many cables?",
            "answerable": True,
            "qrels": (Judgement("a"),) if answerable else (),
            "answers": ("Two",) if answerable else (),
        }
        quoted = tuple(map(as_quote, quotes))
        return Outcome(
            expected=ExpectedAnswer(**(values | expected)),  # type: ignore[arg-type]
            ranking=tuple(
                RankedArticle(each, round(1 - place / 100, 2)) if isinstance(each, str) else each
                for place, each in enumerate(ranking)
            ),
            passages=tuple(passages),
            quotes=quoted,
            best=as_quote(best) if best is not None else next(iter(quoted), None),
            milliseconds=milliseconds,
        )

    return make


@pytest.fixture
def make_run() -> Callable[..., Run]:
    """Make a run of outcomes; `texts` are those of the articles by id, all in English."""

    def make(
        outcomes: Sequence[Outcome],
        *,
        name: str = "set.jsonl",
        texts: Mapping[str, str] | None = None,
        directions: Mapping[str, Sequence[Outcome]] | None = None,
        passages: Mapping[str, str] | None = None,
        corpus_language: Language | None = None,
    ) -> Run:
        entries = [
            ArticleEntry(
                id=article_id,
                title=article_id,
                language=Language.ENGLISH,
                origin=f"{article_id}.md",
                publisher=None,
                date_published=None,
                date_modified=None,
                url=None,
                kind=None,
                translation_of=None,
                text_sha256=hash_text(text),
            )
            for article_id, text in (texts or {"a": "Two cables."}).items()
        ]
        return Run(
            format=FORMAT,
            created="2026-01-01T00:00:00+00:00",
            data=seal_data(name, [each.expected for each in outcomes], entries),
            setup=Setup("1.0", "words", "words", "words-1", "gen-1", "a processor", 2, "3.11"),
            corpus_language=corpus_language,
            cold_start=None,
            outcomes=tuple(outcomes),
            directions={part: tuple(group) for part, group in (directions or {}).items()},
            passages=dict(passages or {}),
        )

    return make


@pytest.fixture(scope="session")
def press_texts() -> Path:
    """Give the folder of real press texts, which aren't ours to ship: skip where it is absent."""
    shared = Path(os.environ.get("MASSILIA_SHARED") or ROOT.parent / "shared")
    folder = shared / "articles"
    if not folder.is_dir():
        pytest.skip(f"the press texts are not on this machine: no {folder}")
    return folder
