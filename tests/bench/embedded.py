"""What the measurements share: the embedded library, its questions, times and memory."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np

from massilia.corpus.embedded import FOLDER
from massilia.eval.question_set import ExpectedAnswer, read_question_set
from massilia.index.encoder import Encoder
from massilia.index.local import LocalIndex
from massilia.service.cli import open_answerer, prepare_encoder
from massilia.service.settings import Settings

T = TypeVar("T")


@contextmanager
def open_embedded_library() -> Iterator[tuple[LocalIndex, Encoder]]:
    """Open the index of the default library, built first where it isn't, and its encoder."""
    settings = Settings.read({})
    with open_answerer(settings) as answerer:
        generation = answerer.library.generation()
        assert generation is not None
        assert isinstance(generation.index, LocalIndex)
        yield generation.index, prepare_encoder(settings)


def read_questions(limit: int | None = None) -> list[ExpectedAnswer]:
    """Return the development questions, or so many of them from all parts of the file."""
    questions = read_question_set(FOLDER / "questions" / "dev.jsonl")
    step = 1 if limit is None else max(len(questions) // limit, 1)
    return list(questions[::step][:limit])


def clock(times: list[float], call: Callable[[], T]) -> T:
    """Add the milliseconds that a call takes to `times`, and return its result."""
    start = time.perf_counter()
    result = call()
    times.append((time.perf_counter() - start) * 1e3)
    return result


def describe(times: Sequence[float]) -> str:
    """Return the 50th and 95th percentiles of times in milliseconds."""
    middle, high = np.percentile(times, [50, 95])
    return f"{middle:8.2f} ms (p50) {high:8.2f} ms (p95)"


def read_memory(process: str = "self") -> dict[str, float]:
    """Return a process's memory in megabytes: its own, that of files mapped, and their peak."""
    lines = Path("/proc", process, "status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return {kind: int(fields[kind].split()[0]) / 1e3 for kind in ("RssAnon", "RssFile", "VmHWM")}
