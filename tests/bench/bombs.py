"""Measure what documents made to break a reader cost, and what confinement itself does.

    python -m tests.bench.bombs

Each document is read in a child process of its own, under the limits that `massilia ingest` has: it
should be refused, or read, within 30 seconds and 1 GB more than a child has anyway. Small documents
should cost at most 2 ms more than where they are read right here.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from massilia.ingest.confined_worker import measure_peak
from massilia.ingest.confinement import run_confined
from massilia.ingest.jsonl import JsonLine, read_jsonl
from tests.made_documents import (
    BOMBS,
    SENTENCE,
    encrypt_pdf,
    make_docx,
    make_pdf,
    make_scanned_pdf,
    read_made,
    write_document,
    write_line,
    write_lines,
    write_paragraph,
)

MEGABYTE: Final = 1e6
REPETITIONS: Final = 1_000
JSONL_BYTES: Final = 1_000_000_000
BAD: Final[Mapping[str, Callable[[], bytes]]] = {
    "PDF that needs a password": partial(encrypt_pdf, write_line(SENTENCE), "secret"),
    "PDF encrypted without one": partial(encrypt_pdf, write_line(SENTENCE)),
    "PDF of scanned pages": partial(make_scanned_pdf, 3),
    "PDF cut off": lambda: make_pdf(write_line(SENTENCE))[:400],
    "DOCX cut off": lambda: make_docx(write_document(write_paragraph(SENTENCE)))[:900],
    "text with NULs": lambda: b"abc\0" * 1_000,
}
_PARAGRAPH: Final = [SENTENCE] * 5


def main() -> None:
    """Measure all of it and print it."""
    measure_bombs()
    measure_overhead()
    measure_large_jsonl()


def measure_bombs() -> None:
    """Print what came of each bad document, in which time and memory."""
    print(f"{'document':38} {'bytes':>11} {'s':>6} {'MB':>6}  outcome")
    for name, make in {**BAD, **BOMBS}.items():
        data = make()
        (confined,) = run_confined(read_made, [data], 1)
        outcome = confined.fault or f"read: {confined.result}"
        memory = f"{confined.memory / MEGABYTE:.0f}" if confined.memory else "?"
        print(f"{name:38} {len(data):11,} {confined.seconds:6.2f} {memory:>6}  {outcome[:90]}")


def measure_overhead() -> None:
    """Print how long small documents take right here, and in one and two children."""
    page = write_lines(_PARAGRAPH * 2)
    documents = {
        "200 characters of text": SENTENCE.encode() * 5,
        "a DOCX of 5 paragraphs": make_docx(write_document(write_paragraph(SENTENCE) * 5)),
        "a PDF of 1 page": make_pdf(page),
        "a PDF of 30 pages": make_pdf(*[page] * 30),
        "20 MB of text": SENTENCE.encode() * 430_000,
    }
    for name, data in documents.items():
        jobs = [data] * (REPETITIONS if len(data) < MEGABYTE else 20)
        here = _time_each(map(read_made, jobs), len(jobs))
        confined = [
            _time_each(run_confined(read_made, jobs, workers), len(jobs)) for workers in (1, 2)
        ]
        print(
            f"{name}: {here * 1e3:.2f} ms here, {confined[0] * 1e3:.2f} ms in 1 child, "
            f"{confined[1] * 1e3:.2f} ms in 2"
        )


def measure_large_jsonl() -> None:
    """Print how long 1 GB of JSON lines take, and the memory of this process."""
    line = b'{"_id": "%d", "title": "Le port", "language": "fr", "text": "%s"}\n'
    text = SENTENCE.encode() * 200
    with TemporaryDirectory() as folder:
        path = Path(folder, "corpus.jsonl")
        with path.open("wb") as file:
            number = 0
            while file.tell() < JSONL_BYTES:
                file.writelines(line % (each, text) for each in range(number, number + 1_000))
                number += 1_000
        start = time.perf_counter()
        with path.open("rb") as file:
            read = sum(isinstance(each, JsonLine) for each in read_jsonl(file, path.name))
        seconds = time.perf_counter() - start
    print(
        f"JSON lines: {read:,} articles of {JSONL_BYTES / MEGABYTE:,.0f} MB in {seconds:.0f} s, "
        f"this process had {measure_peak() / MEGABYTE:.0f} MB at its peak"
    )


def _time_each(results: Iterator[object], count: int) -> float:
    """Return the seconds that each result takes, the first apart: it loads what all need."""
    next(results)
    start = time.perf_counter()
    for _ in results:
        pass
    return (time.perf_counter() - start) / (count - 1)


if __name__ == "__main__":
    main()
