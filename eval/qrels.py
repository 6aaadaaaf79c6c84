"""Relevance judgements ("qrels"): the four columns of TREC's files, the three of BEIR's."""

import re
from collections.abc import Callable, Container
from pathlib import Path

from massilia.corpus.errors import show_value
from massilia.eval.faults import Faults, decode_line, read_lines
from massilia.eval.question_set import Judgement

_BEIR_HEADER = ["query-id", "corpus-id", "score"]
_INTEGER = re.compile(r"[+-]?[0-9]{1,9}")

SplitLine = Callable[[str], tuple[str, str, str] | None]
"""Takes the ids of a question and of an article, and a score, out of a line; None: a header."""


def read_qrels(path: Path) -> dict[str, tuple[Judgement, ...]]:
    """Return the judgements of a TREC file, by the id of their question, in the file's order.

    Raises `DatasetError` with every fault of the file.
    """
    faults = Faults()
    judged = collect_judgements(path, split_trec_line, faults)
    faults.raise_any()
    return judged


def collect_judgements(
    path: Path,
    split: SplitLine,
    faults: Faults,
    question_ids: Container[str] | None = None,
    article_ids: Container[str] | None = None,
) -> dict[str, tuple[Judgement, ...]]:
    """Return the judgements of a file by the id of their question, and note its faults.

    An id that isn't among those given is a fault. A pair judged twice alike is kept once.
    """
    before = faults.count
    scores: dict[str, dict[str, int]] = {}
    places: dict[tuple[str, str], str] = {}
    for place, line in read_lines(path, faults):
        try:
            fields = split(decode_line(line))
            if fields is None:
                continue
            question_id, article_id, score = fields[0], fields[1], _read_score(fields[2])
        except ValueError as error:
            faults.add(place, error)
            continue
        if question_ids is not None and question_id not in question_ids:
            faults.add(place, f"no question has the id {show_value(question_id)}")
        if article_ids is not None and article_id not in article_ids:
            faults.add(place, f"no article has the id {show_value(article_id)}")
        first = scores.setdefault(question_id, {}).setdefault(article_id, score)
        earlier = places.setdefault((question_id, article_id), place)
        if first != score:
            faults.add(place, f"judged {score} here and {first} in {earlier}")
    if not scores and faults.count == before:
        faults.add(path.name, "holds no judgement")
    return {
        question_id: tuple(Judgement(*pair) for pair in judged.items())
        for question_id, judged in scores.items()
    }


def split_trec_line(line: str) -> tuple[str, str, str]:
    """Split a line of TREC's form: question, iteration (not used), article and relevance.

    Raises `ValueError` for any other number of fields between white space.
    """
    fields = line.split()
    if len(fields) != 4:
        reason = f"must have 4 fields (question, iteration, article, relevance), not {len(fields)}"
        raise ValueError(reason)
    return fields[0], fields[2], fields[3]


def split_beir_line(line: str) -> tuple[str, str, str] | None:
    """Split a line of BEIR's form: question, article and score, with tabs between.

    The header is None, wherever it stands. Raises `ValueError` for any other number of fields.
    """
    fields = line.split("\t")
    if fields == _BEIR_HEADER:
        return None
    if len(fields) != 3:
        names = ", ".join(_BEIR_HEADER)
        raise ValueError(f"must have 3 fields between tabs ({names}), not {len(fields)}")
    return fields[0], fields[1], fields[2]


def _read_score(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError(f"the score must be an integer, not {show_value(text)}")
    return int(text)
