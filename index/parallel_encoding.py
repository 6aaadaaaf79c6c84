"""Passages encoded by several processes at once, on this machine or others, through Ray."""

import logging
import os
import socket
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import Any, Literal

import numpy as np

from massilia.index.encoder import Advance, EncodedText, ModelError, TokenEncoder, Vectors

CHUNK = 64
"""How many passages a worker is given at a time at most: their tokens' vectors take about 15 MB."""
CONNECT_SECONDS = 5
"""How long a cluster may take to be reached."""
START_SECONDS = 300
"""How long workers may take to start and to open their encoders."""
_QUEUED = 2


class ParallelEncoder:
    """Let workers encode passages; questions are encoded here.

    The vectors are those of one encoder alone, to the last bit where they depend on nothing but
    the text (and on the processor, where the workers' are of different kinds).
    """

    def __init__(self, encoder: TokenEncoder, workers: Sequence[Any]) -> None:
        self._encoder = encoder
        self._workers = workers

    @property
    def name(self) -> str:
        """Name the model for people, as it was asked for."""
        return self._encoder.name

    @property
    def fingerprint(self) -> str:
        """Identify the weights and the way they are used."""
        return self._encoder.fingerprint

    @property
    def dimension(self) -> int:
        """Give the length of a vector."""
        return self._encoder.dimension

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        """Return one unit vector a question, as an array of shape (len(questions), dimension)."""
        return self._encoder.encode_questions(questions)

    def encode_question_tokens(self, question: str) -> EncodedText:
        """Return the vectors of a question and of its tokens."""
        return self._encoder.encode_question_tokens(question)

    def encode_passages(self, passages: Sequence[str], advance: Advance | None = None) -> Vectors:
        """Return one unit vector a passage, as an array of shape (len(passages), dimension).

        Raises `ModelError` where a worker fails.
        """
        vectors: Vectors = np.empty((len(passages), self.dimension), dtype=np.float32)
        done = 0
        for chunk in self._spread("encode_passages", passages):
            vectors[done : done + len(chunk)] = chunk
            done += len(chunk)
            if advance is not None:
                advance(len(chunk))
        return vectors

    def encode_passage_tokens(
        self, passages: Sequence[str], advance: Advance | None = None
    ) -> Iterator[EncodedText]:
        """Yield the vectors of each passage and of its tokens, in the passages' order.

        Raises `ModelError` where a worker fails.
        """
        for chunk in self._spread("encode_passage_tokens", passages):
            for encoded in chunk:
                yield encoded
                if advance is not None:
                    advance(1)

    def _spread(
        self,
        method: Literal["encode_passages", "encode_passage_tokens"],
        passages: Sequence[str],
    ) -> Iterator[Any]:
        """Yield what the workers make of each chunk of passages, in the passages' order."""
        # Each worker has a chunk in hand and one waiting: more would only fill the memory.
        results: deque[Any] = deque()
        # Of few passages, each worker has its share.
        size = max(min(CHUNK, -(-len(passages) // len(self._workers))), 1)
        starts = range(0, len(passages), size)
        for start, worker in zip(starts, cycle(self._workers), strict=False):
            if len(results) == _QUEUED * len(self._workers):
                yield _fetch(results.popleft())
            results.append(getattr(worker, method).remote(passages[start : start + size]))
        while results:
            yield _fetch(results.popleft())


@contextmanager
def open_parallel_encoder(
    open_encoder: Callable[[], TokenEncoder], workers: int, address: str | None = None
) -> Iterator[ParallelEncoder]:
    """Start workers, each of which opens an encoder of its own, and stop them at the end.

    Without the address of a Ray cluster ("host:port") they are processes of this machine; on a
    cluster they are spread over its machines. Where this process has started Ray before, that is
    used. The packaged encoder keeps all processors of a machine busy: one worker a machine is
    enough. Raises `ModelError` where Ray isn't installed or can't be reached, where workers can't
    start, or open another encoder than this process does.
    """
    # Ray would otherwise report to its makers that it is used, and how.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise ModelError(
            "encoding in parallel needs the package ray, which isn't installed: "
            'pip install "massilia[ray]"'
        ) from error
    encoder = open_encoder()
    runs = ray.is_initialized()
    if not runs:
        _start_ray(address, workers)
    started: list[Any] = []
    try:
        worker_class = ray.remote(num_cpus=1, scheduling_strategy="SPREAD")(_Worker)
        started += (worker_class.remote(open_encoder) for _ in range(workers))
        found = _fetch([worker.fingerprint.remote() for worker in started], START_SECONDS)
        if set(found) != {encoder.fingerprint}:
            raise ModelError(f"the workers' models {set(found)} aren't {encoder.fingerprint}")
        yield ParallelEncoder(encoder, started)
    finally:
        for worker in started:
            ray.kill(worker)
        if not runs:
            ray.shutdown()


def _start_ray(address: str | None, workers: int) -> None:
    import ray

    try:
        if address:
            # Ray tries to reach a machine that isn't there for minutes.
            host, _, port = address.rpartition(":")
            socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
        # A cluster's processors are what they are; here each worker is one, real or not.
        ray.init(
            address=address or "local",
            num_cpus=None if address else workers,
            include_dashboard=None if address else False,
            log_to_driver=False,
            logging_level=logging.CRITICAL,
        )
    # Ray raises what it pleases: ConnectionError, RuntimeError, ValueError, ...
    except Exception as error:
        raise ModelError(f"no Ray at {address or 'this machine'}: {_one_line(error)}") from error


class _Worker:
    def __init__(self, open_encoder: Callable[[], TokenEncoder]) -> None:
        self._encoder = open_encoder()

    def fingerprint(self) -> str:
        return self._encoder.fingerprint

    def encode_passages(self, passages: Sequence[str]) -> Vectors:
        return self._encoder.encode_passages(passages)

    def encode_passage_tokens(self, passages: Sequence[str]) -> list[EncodedText]:
        return list(self._encoder.encode_passage_tokens(passages))


def _fetch(results: Any, seconds: float | None = None) -> Any:  # noqa: ANN401 # Ray's own
    import ray

    try:
        return ray.get(results, timeout=seconds)
    except ray.exceptions.GetTimeoutError as error:
        raise ModelError(f"the workers haven't started within {seconds} s") from error
    except ray.exceptions.RayActorError as error:
        raise ModelError(
            "a worker died, for want of memory perhaps: Ray's logs say more"
        ) from error
    except ray.exceptions.RayError as error:
        cause = getattr(error, "cause", None) or error
        raise ModelError(f"a worker failed to encode: {_one_line(cause)}") from error


def _one_line(error: object) -> str:
    return " ".join(str(error).split()) or type(error).__name__
