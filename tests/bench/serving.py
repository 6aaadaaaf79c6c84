"""Measure the service over HTTP: questions a second and times, by how many clients ask at once.

    python -m tests.bench.serving [--clients 1 --clients 8 --clients 32] [--questions 572]
                                  [--workers 2]

`massilia serve` runs as a process with the embedded library, and the clients in a second one that
asks each of the development questions once for each number of clients, over connections that stay
open. The encoder alone is measured in the same run, before and after, in a process of its own: one
question after the other, and on every processor at once. All of them share this machine's
processors. Exits with 1 where a request failed.
"""

import argparse
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from threading import local

import numpy as np

from massilia.index.encoder import Encoder
from massilia.index.ranker import EncodedQuestion
from massilia.service.cli import prepare_encoder
from massilia.service.question import read_question
from massilia.service.settings import Settings
from tests.bench.embedded import describe, read_questions

WARM_UP = 60
STOP_SECONDS = 20
_ADDRESS = re.compile(r"http://([0-9.]+):(\d+)/")


def main() -> None:
    """Print questions a second and times for each number of clients, and of the encoder alone."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clients", type=int, action="append", help="may be repeated")
    parser.add_argument("--questions", type=int)
    parser.add_argument("--workers", type=int, help="processes of the server; one a processor")
    options = parser.parse_args()
    questions = [each.question for each in read_questions(options.questions)]
    cores = len(os.sched_getaffinity(0))
    processes = multiprocessing.get_context("spawn")
    failures = 0
    with (
        processes.Pool(1) as encoding,
        processes.Pool(1) as asking,
        serve(options.workers or cores) as address,
    ):
        measure = partial(encoding.apply, measure_encoder)
        asking.apply(ask_all, (address, questions[:WARM_UP], 4))
        before = [measure((questions, threads)) for threads in (1, cores)]
        asked = {
            clients: asking.apply(ask_all, (address, questions, clients))
            for clients in options.clients or (1, 8, 32)
        }
        after = [measure((questions, threads)) for threads in (1, cores)]
    one, many = (float(np.mean(each)) for each in zip(before, after, strict=True))
    print(f"encoder alone: {one:.1f} questions a second, on {cores} cores at once {many:.1f}")
    for clients, (seconds, times, failed) in asked.items():
        rate = len(times) / seconds
        failures += failed
        print(
            f"{clients:>2} clients: {rate:6.1f} questions a second, {rate / one:.2f} times the "
            f"encoder alone ({rate / many:.2f} on all cores); {describe(times)} "
            f"{np.percentile(times, 99):8.2f} ms (p99), {failed} failed"
        )
    sys.exit(1 if failures else 0)


@contextmanager
def serve(workers: int) -> Iterator[tuple[str, int]]:
    """Run `massilia serve` on a free port; yields its host and port."""
    program = Path(sys.executable).with_name("massilia")
    with subprocess.Popen(
        [program, "serve", "--port", "0", "--workers", str(workers)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            found = _ADDRESS.search(process.stdout.readline())
            assert found, "the server didn't start"
            yield found[1], int(found[2])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_SECONDS)


def ask_all(
    address: tuple[str, int], questions: Sequence[str], clients: int
) -> tuple[float, list[float], int]:
    """Ask all questions once, so many at a time.

    Returns the seconds that all took, the milliseconds of each that was answered, and how many
    weren't.
    """
    kept = local()

    def ask(question: str) -> float | None:
        if not hasattr(kept, "connection"):
            kept.connection = HTTPConnection(*address, timeout=60)
        body = json.dumps({"question": question})
        start = time.perf_counter()
        kept.connection.request("POST", "/v1/answer", body, {"Content-Type": "application/json"})
        response = kept.connection.getresponse()
        content = response.read()
        taken = (time.perf_counter() - start) * 1e3
        return taken if response.status == 200 and b'"citations"' in content else None

    start = time.perf_counter()
    with ThreadPoolExecutor(clients) as threads:
        times = list(threads.map(ask, questions))
    seconds = time.perf_counter() - start
    answered = [each for each in times if each is not None]
    return seconds, answered, len(times) - len(answered)


def measure_encoder(questions: Sequence[str], threads: int) -> float:
    """Return how many questions a second are encoded, with so many threads at once."""
    encoder = _open_encoder()

    def encode(text: str) -> None:
        question = read_question(text)
        EncodedQuestion.encode(question.text, question.language, encoder)

    for each in questions[:WARM_UP]:
        encode(each)
    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(encode, questions))
    return len(questions) / (time.perf_counter() - start)


def _open_encoder() -> Encoder:
    return prepare_encoder(Settings.read({}))


if __name__ == "__main__":
    main()
