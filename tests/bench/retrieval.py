"""Measure retrieval from the embedded library, step by step, against encoding the question alone.

    python -m tests.bench.retrieval

Every question of the development set goes through all the steps in turn, so that what else the
machine does slows all. Retrieval, from the question's text to ranked passages, should take at most
one and a half times what encoding takes.
"""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from massilia.eval.question_set import ExpectedAnswer
from massilia.index.encoder import Encoder
from massilia.index.filter import EVERYTHING
from massilia.index.hybrid import DENSE_CANDIDATES, LEXICAL_CANDIDATES, HybridRanker
from massilia.index.late import score_candidates
from massilia.index.local import LocalIndex
from massilia.index.ranker import EncodedQuestion
from massilia.index.vectors import Hit
from tests.bench.embedded import clock, describe, open_embedded_library, read_questions

LIMIT = 10
CLIENTS = 4
WARM_UP = 20
ENCODING, RETRIEVAL = "encoding", "retrieval"


def main() -> None:
    """Print the times of each step, the ratio of the whole to encoding, and the throughput."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int)
    questions = read_questions(parser.parse_args().questions)
    with open_embedded_library() as (index, encoder):
        for question in questions[:WARM_UP]:
            time_steps(question, encoder, index, {})
        times: dict[str, list[float]] = {}
        for question in questions:
            time_steps(question, encoder, index, times)
        for name, taken in times.items():
            print(f"{name:<17} {describe(taken)}")
        ratio = np.median(times[RETRIEVAL]) / np.median(times[ENCODING])
        print(f"{RETRIEVAL} takes {ratio:.2f} times what {ENCODING} does (p50)")

        def ask(question: ExpectedAnswer) -> None:
            retrieve(question, encoder, index)

        for clients in (1, CLIENTS):
            started = time.perf_counter()
            with ThreadPoolExecutor(clients) as threads:
                list(threads.map(ask, questions))
            rate = len(questions) / (time.perf_counter() - started)
            print(f"{clients} at once: {rate:.0f} questions a second")


def time_steps(
    question: ExpectedAnswer, encoder: Encoder, index: LocalIndex, times: dict[str, list[float]]
) -> None:
    """Add to `times`, by the name of the step, the milliseconds that each takes."""
    encoded = clock(times.setdefault(ENCODING, []), lambda: _encode(question, encoder))
    dense = clock(
        times.setdefault("search_vectors", []),
        lambda: index.search_vectors(encoded.vector, DENSE_CANDIDATES),
    )
    own = replace(EVERYTHING, languages=frozenset([encoded.language]))
    words = clock(
        times.setdefault("search_terms", []),
        lambda: index.search_terms(encoded.text, LEXICAL_CANDIDATES, own),
    )
    ids = list(dict.fromkeys(hit.id for hit in dense + words))
    clock(times.setdefault("score_candidates", []), lambda: score_candidates(index, encoded, ids))
    clock(times.setdefault(RETRIEVAL, []), lambda: retrieve(question, encoder, index))


def retrieve(question: ExpectedAnswer, encoder: Encoder, index: LocalIndex) -> list[Hit]:
    """Return the best passages for a question, which is encoded first."""
    return HybridRanker(index).rank(_encode(question, encoder), LIMIT)


def _encode(question: ExpectedAnswer, encoder: Encoder) -> EncodedQuestion:
    return EncodedQuestion.encode(question.question, question.language, encoder)


if __name__ == "__main__":
    main()
