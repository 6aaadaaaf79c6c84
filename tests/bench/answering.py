"""Measure answers from the embedded library, whole, against the retrieval within each.

    python -m tests.bench.answering

Every question of the development set is asked twice: the first time sentences are read as they are
found, the second time what they say is remembered. Retrieval is from the question's text to ranked
passages; an answer should take at most one and a half times as long.
"""

import argparse
from collections.abc import Sequence

import numpy as np

from massilia.eval.question_set import ExpectedAnswer
from massilia.index.ranker import EncodedQuestion
from massilia.service.answerer import PASSAGES, Answerer
from massilia.service.cli import open_answerer, prepare_encoder
from massilia.service.question import read_question
from massilia.service.question_check import check_question
from massilia.service.settings import Settings
from tests.bench.embedded import clock, describe, read_questions

WARM_UP = 20
PASSES = ("first", "second")
RETRIEVAL, ANSWERING = "retrieval", "answering"


def main() -> None:
    """Print the times of retrieval and of answers, and the ratio of the two, for each pass."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int)
    # Nothing is looked for where nothing is asked.
    questions = [
        each
        for each in read_questions(parser.parse_args().questions)
        if check_question(each.question) is None
    ]
    settings = Settings.read({})
    with open_answerer(settings) as answerer:
        encoder = prepare_encoder(settings)
        # Retrieval alone, which reads no sentence.
        for each in questions[:WARM_UP]:
            encoded = EncodedQuestion.encode(each.question, each.language, encoder)
            answerer.rank_passages(encoded, PASSAGES)
        for name in PASSES:
            times = time_answers(questions, answerer)
            for step, taken in times.items():
                print(f"{name:<7} {step:<9} {describe(taken)}")
            ratio = np.median(times[ANSWERING]) / np.median(times[RETRIEVAL])
            print(f"{name:<7} {ANSWERING} takes {ratio:.2f} times what {RETRIEVAL} does (p50)")


def time_answers(questions: Sequence[ExpectedAnswer], answerer: Answerer) -> dict[str, list[float]]:
    """Return, by the name of the step, the milliseconds that it takes for each question."""
    times: dict[str, list[float]] = {RETRIEVAL: [], ANSWERING: []}
    for each in questions:
        question = read_question(each.question, each.language)
        answer = clock(times[ANSWERING], lambda: answerer.answer(question))  # noqa: B023
        parts = [answer] if answer.second is None else [answer, answer.second]
        times[RETRIEVAL].append(sum(part.timings.encode + part.timings.retrieve for part in parts))
    return times


if __name__ == "__main__":
    main()
