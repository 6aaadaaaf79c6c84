"""Measure the search for vectors: recall against an exact search, time, memory, disk.

    python -m tests.bench.vectors SAMPLE.npz --size 10000 --size 100000

The file holds real vectors of an encoder, `passages` and `questions`; where there is none, it is
made from a data set in the layout of BEIR, given as --dataset. There are never enough of them, so
passages are made from them: each lies between a real one and one of the thirty nearest to it, off
by differences of the same kind between others. The questions are the real ones, which no passage
was made from. Times are of one thread; exact and approximate searches take turns.
"""

import argparse
import math
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from massilia.eval.beir import read_beir
from massilia.index import vectors as module
from massilia.index.encoder import Vectors
from massilia.index.onnx_encoder import open_onnx_encoder
from massilia.index.vectors import Hit, VectorIndex

LIMIT = 50
NOISE = 0.4
"""At which the similarities of a question with the first, tenth and fiftieth passage are those of
real passages, for as many passages: .873, .845 and .824 against .874, .848 and .822."""
SENTENCE_CHARACTERS = 350
FIRST_ID = 1_763_945_600_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sample", type=Path)
    parser.add_argument("--dataset", type=Path)
    parser.add_argument("--size", type=int, action="append")
    parser.add_argument("--questions", type=int, default=50)
    arguments = parser.parse_args()
    if not arguments.sample.exists():
        encode_sample(arguments.dataset, arguments.sample)
    with np.load(arguments.sample) as sample:
        passages, questions = sample["passages"], sample["questions"][: arguments.questions]
    print("passages        filter  left    recall@50   p50 ms  p95 ms  exact p50  ratio")
    for size in arguments.size or (10_000, 100_000):
        measure(make_passages(passages, size), questions)


def encode_sample(dataset: Path, path: Path) -> None:
    """Encode the pieces of a data set's articles, and a thousand of its questions."""
    read = read_beir(dataset)
    pieces = [
        f"{article.title}\n{article.text[start : start + SENTENCE_CHARACTERS]}"
        for article in read.articles
        for start in range(0, len(article.text), SENTENCE_CHARACTERS)
    ]
    encoder = open_onnx_encoder(user_cache_path("massilia"))
    questions = [question.question for question in read.questions[:1000]]
    np.savez(
        path,
        passages=encoder.encode_passages(pieces),
        questions=encoder.encode_questions(questions),
    )


def make_passages(real: Vectors, size: int) -> Vectors:
    """Make passages among real ones, always the same."""
    generator = np.random.default_rng(1)
    similarities = [real[start : start + 1000] @ real.T for start in range(0, len(real), 1000)]
    near = np.concatenate([np.argpartition(-each, 30)[:, :31] for each in similarities])
    made = np.empty((size, real.shape[1]), dtype=np.float32)
    for start in range(0, size, 100_000):
        count = min(100_000, size - start)

        def differ(count: int = count) -> Vectors:
            one = generator.integers(len(real), size=count)
            other = near[one, generator.integers(31, size=count)]
            factors = generator.standard_normal((count, 1), dtype=np.float32)
            differences: Vectors = (real[one] - real[other]) * factors
            return differences

        one = generator.integers(len(real), size=count)
        other = near[one, generator.integers(31, size=count)]
        between = generator.random((count, 1), dtype=np.float32)
        passages = real[one] + between * (real[other] - real[one])
        passages += NOISE * (differ() + differ() + differ())
        made[start : start + count] = passages / np.linalg.norm(passages, axis=1, keepdims=True)
    return made


def measure(passages: Vectors, questions: Vectors) -> None:
    """Print a line for each filter, and one on the building and the file."""
    size = len(passages)
    ids = FIRST_ID + 3 * np.arange(size)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "passages.faiss")
        built = time.perf_counter()
        VectorIndex.build(ids.tolist(), passages).save(path)
        built = time.perf_counter() - built
        memory = read_memory()
        loaded = time.perf_counter()
        index = VectorIndex.load(path)
        loaded = time.perf_counter() - loaded
        for question in questions:
            index.search(question, LIMIT)
        used = {kind: now - memory[kind] for kind, now in read_memory().items()}
        exact = build_exact(ids, passages)
        for name, rows in make_filters(passages):
            compare(name, passages, questions, index, exact, ids, rows)
        print(
            f"{size:>8}  built and saved in {built:.1f} s, {path.stat().st_size / 1e6:.0f} MB, "
            f"loaded in {loaded * 1e3:.1f} ms; memory {used['RssAnon']:.0f} MB, "
            f"and {used['RssFile']:.0f} MB of the file"
        )


def build_exact(ids: NDArray[np.int64], passages: Vectors) -> VectorIndex:
    most, module.MOST_EXACT = module.MOST_EXACT, len(passages)
    try:
        return VectorIndex.build(ids.tolist(), passages)
    finally:
        module.MOST_EXACT = most


def make_filters(passages: Vectors) -> list[tuple[str, NDArray[np.int64] | None]]:
    """Return the rows that filters leave: drawn by chance, or those nearest to one of them."""
    generator = np.random.default_rng(3)
    size = len(passages)
    filters: list[tuple[str, NDArray[np.int64] | None]] = [("none", None)]
    for share in (0.01, 0.1, 0.5):
        filters.append((f"{share:.0%}", np.flatnonzero(generator.random(size) < share)))
    subject = passages @ passages[generator.integers(size)]
    for share in (0.1, 0.5):
        nearest = np.argpartition(-subject, math.ceil(size * share))[: math.ceil(size * share)]
        filters.append((f"{share:.0%} subject", np.sort(nearest)))
    return filters


def compare(
    name: str,
    passages: Vectors,
    questions: Vectors,
    index: VectorIndex,
    exact: VectorIndex,
    ids: NDArray[np.int64],
    rows: NDArray[np.int64] | None,
) -> None:
    among = None if rows is None else ids[rows]
    looked_at = passages if rows is None else passages[rows]
    known = ids if among is None else among
    recalls = []
    times: list[float] = []
    exact_times: list[float] = []
    products = questions @ looked_at.T
    nearest = known[np.argpartition(-products, LIMIT, axis=1)[:, :LIMIT]]
    for question, best in zip(questions, nearest.tolist(), strict=True):
        hits = clock(times, lambda: index.search(question, LIMIT, among))  # noqa: B023
        clock(exact_times, lambda: exact.search(question, LIMIT, among))  # noqa: B023
        recalls.append(len({hit.id for hit in hits} & set(best)) / LIMIT)
    p50, p95, exact_p50 = np.median(times), np.percentile(times, 95), np.median(exact_times)
    print(
        f"{len(ids):>8}  {name:>12}  {len(known):>7}  {np.mean(recalls):.4f}"
        f"  {p50:>8.2f}  {p95:>6.2f}  {exact_p50:>9.2f}  {p50 / exact_p50:.3f}",
        flush=True,
    )


def clock(times: list[float], call: Callable[[], list[Hit]]) -> list[Hit]:
    start = time.perf_counter()
    result = call()
    times.append((time.perf_counter() - start) * 1e3)
    return result


def read_memory() -> dict[str, float]:
    """Return this process's memory in megabytes: its own, and that of files it has mapped."""
    lines = Path("/proc/self/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return {kind: int(fields[kind].split()[0]) / 1e3 for kind in ("RssAnon", "RssFile")}


if __name__ == "__main__":
    main()
