"""What the tests of confinement have child processes do: each is a module's function."""

import ctypes
import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path

from massilia.corpus.errors import ArticleError

HELD: list[bytes] = []


def echo(job: object) -> object:
    return job


def name_process(job: object) -> int:
    return os.getpid()


def misbehave(job: str) -> object:
    """Do what is asked for, in one word and perhaps a number; anything else is given back."""
    word, _, number = job.partition(" ")
    act = _ACTS.get(word)
    return job if act is None else act(int(number or 0))


def _spin(_: int) -> None:
    while True:
        pass


def _fill(_: int) -> None:
    while True:
        HELD.append(b"1" * 10_000_000)


def _fill_and_abort(size: int) -> None:
    HELD.append(b"1" * size)
    # Until it has been seen.
    time.sleep(0.5)
    os.abort()


def _leave(status: int) -> None:
    raise SystemExit(status)


def _refuse(line: int) -> None:
    raise ArticleError("a.pdf", "no good", line or None)


def _fail(_: int) -> None:
    raise KeyError("/Root")


def _recurse(depth: int) -> None:
    _recurse(depth + 1)


_ACTS: dict[str, Callable[[int], object]] = {
    "abort": lambda _: os.abort(),
    "answer": lambda size: b"1" * size,
    "claim": lambda _: len(bytes(10**10)),
    "dangle": lambda _: ctypes.string_at(0),
    "die": lambda _: os.kill(os.getpid(), signal.SIGKILL),
    "exit": os._exit,
    "fail": _fail,
    "fill": _fill,
    "fill-and-abort": _fill_and_abort,
    "lambda": lambda _: lambda: 1,
    "leave": _leave,
    "recurse": _recurse,
    "refuse": _refuse,
    "sleep": time.sleep,
    "spin": _spin,
}


def grow(size: int) -> int:
    """Keep some bytes for ever, and say which process does."""
    HELD.append(b"1" * size)
    return os.getpid()


def wait_for_others(folder: Path) -> int:
    """Say that this process is there, and wait until another is."""
    (folder / str(os.getpid())).touch()
    while len(list(folder.iterdir())) < 2:
        time.sleep(0.01)
    return os.getpid()


def describe_process(job: object) -> dict[str, object]:
    return {
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "space": resource.getrlimit(resource.RLIMIT_AS)[0],
        "group": os.getpgrp() == os.getpid(),
        "interrupt": signal.getsignal(signal.SIGINT) == signal.SIG_IGN,
        "threads": os.environ["OPENBLAS_NUM_THREADS"],
        "score": Path("/proc/self/oom_score_adj").read_text().strip(),
        "files": sorted(os.listdir("/proc/self/fd")),
    }
