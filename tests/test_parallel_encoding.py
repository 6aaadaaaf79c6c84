import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from massilia.index import parallel_encoding
from massilia.index.encoder import (
    Advance,
    EncodedText,
    ModelError,
    TokenEncoder,
    TokenVectors,
    Vectors,
)
from massilia.index.onnx_encoder import open_onnx_encoder
from massilia.index.parallel_encoding import ParallelEncoder, open_parallel_encoder

TEXTS = Path(__file__).with_name("texts_fr_en.txt").read_text(encoding="utf-8").splitlines()
needs_ray = pytest.mark.skipif(
    find_spec("ray") is None, reason='Ray is not installed: pip install "massilia[ray]"'
)


class SizeEncoder:
    """Make vectors of a text's length; its tokens are its characters, with their codes as ids."""

    name = "sizes"
    fingerprint = "sizes-1"
    dimension = 2

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        return np.array([[len(text), os.getpid()] for text in questions], dtype=np.float32)

    def encode_passages(self, passages: Sequence[str], advance: Advance | None = None) -> Vectors:
        if "stop" in passages:
            raise ModelError("the text 'stop' can't\nbe encoded")
        if "die" in passages:
            os._exit(1)
        return self.encode_questions(passages)

    def encode_question_tokens(self, question: str) -> EncodedText:
        ids = np.array([ord(character) for character in question], dtype=np.int64)
        tokens = TokenVectors(ids, np.ones((len(ids), 3), np.float32), np.arange(len(ids)) + 1)
        return EncodedText(self.encode_questions([question])[0], tokens)

    def encode_passage_tokens(
        self, passages: Sequence[str], advance: Advance | None = None
    ) -> Iterator[EncodedText]:
        return map(self.encode_question_tokens, passages)


class OtherEncoder(SizeEncoder):
    """Have another fingerprint in other processes than this one."""

    def __init__(self, process: int) -> None:
        if os.getpid() != process:
            self.fingerprint = "sizes-2"


def refuse_elsewhere(process: int) -> SizeEncoder:
    if os.getpid() != process:
        raise ModelError("there is no model on this machine")
    return SizeEncoder()


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Run Ray for the tests of this module, whose classes workers can't import."""
    import ray

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # type: ignore[no-untyped-call]
    ray.init("local", num_cpus=4, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def parallel(cluster: None, model_cache: Path) -> Iterator[ParallelEncoder]:
    """Give two workers, real processes with the real encoder."""
    with open_parallel_encoder(partial(open_onnx_encoder, model_cache), workers=2) as encoder:
        yield encoder


@needs_ray
def test_ray_is_started_and_stopped(model_cache: Path) -> None:
    import ray

    open_encoder = partial(open_onnx_encoder, model_cache)
    with open_parallel_encoder(open_encoder, workers=1) as encoder:
        resources = ray.cluster_resources()  # type: ignore[no-untyped-call]
        assert resources["CPU"] == 1
        vectors = encoder.encode_passages(["Deux câbles."])
        np.testing.assert_array_equal(vectors, open_encoder().encode_passages(["Deux câbles."]))
    assert not ray.is_initialized()
    # Ray tells its makers nothing.
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


@needs_ray
@pytest.mark.parametrize("address", ["127.0.0.1:9", "no.such.host.invalid:6379", "127.0.0.1", ":"])
def test_a_cluster_that_is_not_there_is_an_error(address: str) -> None:
    with (
        pytest.raises(ModelError, match=f"^no Ray at {re.escape(address)}: "),
        open_parallel_encoder(SizeEncoder, workers=1, address=address),
    ):
        pass


@needs_ray
def test_vectors_are_those_of_one_encoder_alone(
    parallel: ParallelEncoder, model_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = open_onnx_encoder(model_cache)
    assert isinstance(parallel, TokenEncoder)
    assert (parallel.name, parallel.fingerprint) == (alone.name, alone.fingerprint)
    assert parallel.dimension == alone.dimension
    # More chunks than are ever waited for, and a last one that isn't full.
    monkeypatch.setattr(parallel_encoding, "CHUNK", 5)
    texts = TEXTS[:48]
    told: list[int] = []
    vectors = parallel.encode_passages(texts, told.append)
    np.testing.assert_array_equal(vectors, alone.encode_passages(texts), strict=True)
    assert told == [5] * 9 + [3]
    told.clear()
    found = list(parallel.encode_passage_tokens(texts, told.append))
    assert told == [1] * 48
    for one, other in zip(found, alone.encode_passage_tokens(texts), strict=True):
        np.testing.assert_array_equal(one.vector, other.vector, strict=True)
        for name in ("ids", "vectors", "ends"):
            np.testing.assert_array_equal(
                getattr(one.tokens, name), getattr(other.tokens, name), strict=True
            )
    question = "Combien de câbles ?"
    np.testing.assert_array_equal(
        parallel.encode_questions([question]), alone.encode_questions([question]), strict=True
    )
    np.testing.assert_array_equal(
        parallel.encode_question_tokens(question).tokens.vectors,
        alone.encode_question_tokens(question).tokens.vectors,
        strict=True,
    )


@needs_ray
def test_nothing_is_made_of_nothing(parallel: ParallelEncoder) -> None:
    assert parallel.encode_passages([]).shape == (0, parallel.dimension)
    assert list(parallel.encode_passage_tokens([])) == []


@needs_ray
def test_tokens_are_made_as_they_are_asked_for(
    parallel: ParallelEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel_encoding, "CHUNK", 1)
    asked: list[int] = []

    class Watched(list[str]):
        def __getitem__(self, place: slice) -> list[str]:  # type: ignore[override]
            asked.append(place.start)
            return super().__getitem__(place)

    encoded = parallel.encode_passage_tokens(Watched(TEXTS[:20]))
    next(encoded)
    assert len(asked) == 4
    next(encoded)
    assert len(asked) == 5


@needs_ray
def test_workers_that_fail_are_an_error(cluster: None) -> None:
    with open_parallel_encoder(SizeEncoder, workers=2) as encoder:
        vectors = encoder.encode_passages(["é" * number for number in range(500)])
        assert vectors[:, 0].tolist() == list(range(500))
        # Both workers had a share, and none of it was done here.
        processes = set(vectors[:, 1].tolist())
        assert len(processes) == 2
        assert os.getpid() not in processes
        assert encoder.encode_questions(["é"])[0, 1] == os.getpid()
        with pytest.raises(
            ModelError, match=r"^a worker failed to encode: the text 'stop' can't be encoded$"
        ):
            encoder.encode_passages(["a", "stop"])
        # One that failed goes on.
        assert encoder.encode_passages(["a"]).shape == (1, 2)
        with pytest.raises(ModelError, match=r"^a worker died, for want of memory perhaps"):
            encoder.encode_passages(["die"])


@needs_ray
@pytest.mark.parametrize(
    ("open_encoder", "message"),
    [
        (partial(OtherEncoder, os.getpid()), "the workers' models .'sizes-2'. aren't sizes-1"),
        (partial(refuse_elsewhere, os.getpid()), "worker"),
    ],
)
def test_workers_that_open_another_encoder_are_refused(
    cluster: None, open_encoder: Callable[[], TokenEncoder], message: str
) -> None:
    with (
        pytest.raises(ModelError, match=message),
        open_parallel_encoder(open_encoder, workers=1),
    ):
        pass


def test_what_to_install_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(ModelError, match=r'pip install "massilia\[ray\]"'),
        open_parallel_encoder(SizeEncoder, workers=1),
    ):
        pass
