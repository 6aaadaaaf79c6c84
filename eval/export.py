"""Runs in the formats of others: TREC's, for trec_eval and ir_measures; RAGChecker's."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from massilia.corpus.errors import MassiliaError
from massilia.eval.run import Outcome, RankedArticle
from massilia.eval.run_file import Run, name_passage

RUN = "run.txt"
QRELS = "qrels.txt"
_WHITE_SPACE = re.compile(r"\s")


def write_trec(run: Run, folder: Path) -> list[Path]:
    """Write `run.txt` and `qrels.txt`, and both again in a folder for each language direction.

    Returns the folders written. Unanswerable questions are in the run and not in the judgements,
    as programs that read the two expect. These go by the scores, not by the ranks: of equal scores
    the later is written a little lower. Raises `MassiliaError` for an id that TREC's format, with
    fields between white space, can't hold; nothing is written then.
    """
    parts = {folder: run.outcomes}
    parts |= {folder / name: outcomes for name, outcomes in run.directions.items()}
    for outcomes in parts.values():
        _check_ids(outcomes)
    tag = f"massilia-{run.setup.retriever}"
    for part, outcomes in parts.items():
        part.mkdir(parents=True, exist_ok=True)
        (part / RUN).write_text(_format_run(outcomes, tag), encoding="utf-8")
        (part / QRELS).write_text(_format_qrels(outcomes), encoding="utf-8")
    return list(parts)


def write_ragchecker(run: Run, path: Path) -> None:
    """Write what RAGChecker reads: questions, accepted answers, quotes, passages found.

    A turn of a conversation is written as it was searched with, since it stands alone there.
    """
    results = [
        {
            "query_id": outcome.expected.id,
            "query": outcome.searched,
            "gt_answer": "; ".join(outcome.expected.answers),
            "response": "\n".join(quote.text for quote in outcome.quotes),
            "retrieved_context": [
                {"doc_id": place.article_id, "text": run.passages[name_passage(place)]}
                for place in outcome.passages
            ],
        }
        for outcome in run.outcomes
    ]
    content = json.dumps({"results": results}, ensure_ascii=False, indent=1)
    path.write_text(content + "\n", encoding="utf-8")


def _check_ids(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        ranked = (each.article_id for each in outcome.ranking)
        judged = (each.article_id for each in outcome.expected.qrels)
        for name in (outcome.expected.id, *ranked, *judged):
            if _WHITE_SPACE.search(name):
                raise MassiliaError(f"The id {name!r} holds white space, which TREC files can't.")


def _format_run(outcomes: Sequence[Outcome], tag: str) -> str:
    return "".join(
        f"{outcome.expected.id} Q0 {ranked.article_id} {rank} {score!s} {tag}\n"
        for outcome in outcomes
        for rank, (ranked, score) in enumerate(
            zip(outcome.ranking, _separate_scores(outcome.ranking), strict=True), start=1
        )
    )


def _separate_scores(ranking: Sequence[RankedArticle]) -> list[np.float32]:
    """Return the scores, each lower than the one before, in the precision of trec_eval."""
    scores: list[np.float32] = []
    for ranked in ranking:
        score = np.float32(ranked.score)
        if scores and score >= scores[-1]:
            score = np.nextafter(scores[-1], np.float32(-np.inf))
        scores.append(score)
    return scores


def _format_qrels(outcomes: Sequence[Outcome]) -> str:
    return "".join(
        f"{outcome.expected.id} 0 {judgement.article_id} {judgement.relevance}\n"
        for outcome in outcomes
        for judgement in outcome.expected.qrels
    )
