"""The gate: measures that a change may not lower, pinned with the data that they were measured on.

What is pinned is every question's figures, not the means alone, so that a run is compared with
them pair by pair: a drop counts when the 95 % interval of the paired difference lies below nought.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from massilia.corpus.errors import MassiliaError
from massilia.eval.bootstrap import Estimate, Statistic, estimate_all
from massilia.eval.measures import (
    INTEGRITY,
    LOWER_IS_BETTER,
    Scores,
    make_statistic,
    score_outcomes,
)
from massilia.eval.run_file import Data, Run

FORMAT = 1
FLOORS = Path(__file__).parent / "floors" / "dev.json"
"""Those of the development set of the embedded corpus."""
WHOLE = "whole"
GATED = (
    "nDCG@10",
    "RR@10",
    "R@10",
    "Success@1",
    "answer_hit@1",
    "answer_hit@3",
    "token_f1",
    "quote_precision",
    "AURC",
    "risk@50",
    "refusal_precision",
    "refusal_recall",
    "ECE",
    "Brier",
)
GATED_BY_DIRECTION = ("nDCG@10", "answer_hit@1")
# What those measures are made of.
_COLUMNS = (
    "answerable",
    "judged",
    "with_gold",
    "abstained",
    "confidence",
    "right",
    "quoted_characters",
    "gold_characters",
    "nDCG@10",
    "RR@10",
    "R@10",
    "Success@1",
    "answer_hit@1",
    "answer_hit@3",
    "token_f1",
)
_COLUMNS_BY_DIRECTION = ("answerable", "judged", *GATED_BY_DIRECTION)
TOLERANCE = 0.0005
"""A drop by less is none: the vectors of another processor differ in their last digits."""
_DIGITS = 6


class GateError(MassiliaError):
    """Floors can't be read, or may not be pinned as asked."""


@dataclass(frozen=True, slots=True)
class Floors:
    """Hold what was pinned: hashes of the data, a floor for each measure, every question's figures.

    A floor is the worse end of the measure's 95 % interval when it was pinned. Measures are named
    by part, the whole run or a language direction, and name.
    """

    questions_sha256: str
    articles_sha256: str
    floors: Mapping[tuple[str, str], float]
    parts: Mapping[str, Scores]


@dataclass(frozen=True, slots=True)
class Check:
    """Say how a measure stands to what was pinned; `reason` is why it fails, None if it doesn't."""

    part: str
    measure: str
    pinned: float | None
    value: float | None
    difference: Estimate | None
    reason: str | None


def check_data(data: Data, floors: Floors) -> list[str]:
    """Return what of the data isn't what the floors were pinned on."""
    faults = []
    if data.questions_sha256 != floors.questions_sha256:
        faults.append(f"the questions of {data.name} have changed since the floors were pinned")
    if data.articles_sha256 != floors.articles_sha256:
        faults.append("the articles of the library have changed since the floors were pinned")
    return faults


def check_run(run: Run, floors: Floors) -> list[Check]:
    """Compare a run, on the data that the floors were pinned on, with them."""
    parts = _score_parts(run)
    checks = []
    for part, scores in parts.items():
        for name in INTEGRITY:
            value = _value(name, scores)
            reason = None if value in (1.0, None) else "must be exactly 1"
            checks.append(Check(part, name, 1.0, value, None, reason))
    for part, pinned in floors.parts.items():
        if part not in parts:
            raise GateError(f"The run has no direction {part}, which the floors are pinned for.")
        # Rounded as what is pinned is, so that the same run differs in nothing.
        checks += _check_part(part, _keep_columns(part, parts[part]), pinned, floors)
    return checks


def pin_floors(
    run: Run, previous: Floors | None, *, lower: bool = False, new_data: bool = False
) -> Floors:
    """Return floors that hold a run as it is.

    Raises `GateError` where data has changed and this isn't said to be meant by `new_data`, and
    where a floor would come to lie lower and this isn't by `lower`.
    """
    if previous is not None and not new_data and (faults := check_data(run.data, previous)):
        raise GateError(f"{'; '.join(faults)}. If that is meant, say --new-data.")
    parts = {part: _keep_columns(part, scores) for part, scores in _score_parts(run).items()}
    floors: dict[tuple[str, str], float] = {}
    for part, scores in parts.items():
        names = _list_gated(part)
        estimates = estimate_all(
            {name: make_statistic(name, scores) for name in names}, scores.clusters
        )
        for name in names:
            estimate = estimates[name]
            end = estimate.high if name in LOWER_IS_BETTER else estimate.low
            if end is not None:
                floors[part, name] = round(end, _DIGITS)
    pinned = Floors(run.data.questions_sha256, run.data.articles_sha256, floors, parts)
    if previous is not None and not lower and (lowered := list(_list_lowered(previous, pinned))):
        raise GateError(
            f"These floors would be less strict: {'; '.join(lowered)}. "
            "If that is meant, say --lower."
        )
    return pinned


def read_floors(path: Path) -> Floors:
    """Return the floors in a file that `write_floors` wrote; raises `GateError`."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise GateError(f"{path} has format {content['format']!r}, not {FORMAT}.")
        parts = {part: _read_scores(part, values) for part, values in content["parts"].items()}
        if WHOLE not in parts:
            raise GateError(f"{path} holds no floors: nothing is pinned of the whole run.")
        return Floors(
            questions_sha256=content["questions_sha256"],
            articles_sha256=content["articles_sha256"],
            floors={
                (part, name): _read_floor(name, floor)
                for part, floors in content["floors"].items()
                for name, floor in floors.items()
            },
            parts=parts,
        )
    except OSError as error:
        raise GateError(f"{path} can't be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise GateError(f"{path} holds no floors: {error!r}.") from error


def write_floors(floors: Floors, path: Path) -> None:
    """Write floors as JSON, a line for each column, so that a change of them can be read."""
    by_part: dict[str, dict[str, float]] = {}
    for (part, name), floor in floors.floors.items():
        by_part.setdefault(part, {})[name] = floor
    content = {
        "format": FORMAT,
        "questions_sha256": floors.questions_sha256,
        "articles_sha256": floors.articles_sha256,
        "floors": by_part,
        "parts": {part: _write_scores(scores) for part, scores in floors.parts.items()},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(_dump(content), encoding="utf-8")
    unfinished.replace(path)


def _check_part(part: str, now: Scores, pinned: Scores, floors: Floors) -> Iterator[Check]:
    if now.ids != pinned.ids:
        raise GateError(f"The questions of the part {part} aren't those that were pinned.")
    names = _list_gated(part)
    signs = {name: -1.0 if name in LOWER_IS_BETTER else 1.0 for name in names}
    differences = estimate_all(
        {
            name: _gain(make_statistic(name, now), make_statistic(name, pinned), signs[name])
            for name in names
        },
        now.clusters,
    )
    for name in names:
        value, before = _value(name, now), _value(name, pinned)
        gain = differences[name]
        floor = floors.floors.get((part, name))
        reason = None
        if value is None and before is not None:
            reason = "is no longer defined"
        elif gain.high is not None and gain.high < -TOLERANCE:
            reason = "is worse than pinned by more than chance explains"
        elif value is not None and floor is not None and signs[name] * (value - floor) < -TOLERANCE:
            reason = f"is worse than the floor {floor:.4f}"
        yield Check(part, name, before, value, gain, reason)


def _gain(now: Statistic, pinned: Statistic, sign: float) -> Statistic:
    return lambda weights: sign * (now(weights) - pinned(weights))


def _value(name: str, scores: Scores) -> float | None:
    value = float(make_statistic(name, scores)(np.ones((1, len(scores.ids))))[0])
    return None if np.isnan(value) else value


def _score_parts(run: Run) -> dict[str, Scores]:
    parts = {WHOLE: run.outcomes, **run.directions}
    return {part: score_outcomes(outcomes) for part, outcomes in parts.items()}


def _list_gated(part: str) -> tuple[str, ...]:
    return GATED if part == WHOLE else GATED_BY_DIRECTION


def _list_lowered(previous: Floors, pinned: Floors) -> Iterator[str]:
    for (part, name), floor in previous.floors.items():
        new = pinned.floors.get((part, name))
        sign = -1.0 if name in LOWER_IS_BETTER else 1.0
        if new is None:
            yield f"{part} {name} from {floor:.4f} to none"
        elif sign * (new - floor) < -TOLERANCE:
            yield f"{part} {name} from {floor:.4f} to {new:.4f}"


def _keep_columns(part: str, scores: Scores) -> Scores:
    return Scores(
        scores.ids,
        scores.clusters,
        {name: np.round(scores[name], _DIGITS) for name in _list_columns(part)},
    )


def _list_columns(part: str) -> tuple[str, ...]:
    return _COLUMNS if part == WHOLE else _COLUMNS_BY_DIRECTION


def _read_floor(name: str, floor: float) -> float:
    # Whatever is compared with NaN is not worse, and the gate would stay open.
    if not 0 <= floor <= 1:
        raise ValueError(f"the floor of {name} is {floor!r}")
    return float(floor)


def _read_scores(part: str, values: Mapping[str, list[str]]) -> Scores:
    columns = {name: np.array(values[name], dtype=np.float64) for name in _list_columns(part)}
    scores = Scores(tuple(values["ids"]), tuple(values["clusters"]), columns)
    questions = len(scores.ids)
    shapes = [(len(scores.clusters),), *(column.shape for column in columns.values())]
    if any(shape != (questions,) for shape in shapes):
        raise ValueError(f"the columns of {part} aren't equally long")
    for name in _list_gated(part):
        # Raises for figures that nothing can be measured from.
        _value(name, scores)
    return scores


def _write_scores(scores: Scores) -> dict[str, list[str] | list[float]]:
    columns = {
        name: [int(value) if value == int(value) else value for value in column.tolist()]
        for name, column in scores.columns.items()
    }
    return {"ids": list(scores.ids), "clusters": list(scores.clusters), **columns}


def _dump(content: Mapping[str, object], indent: str = "") -> str:
    inner = indent + " "
    lines = [
        f"{inner}{json.dumps(key)}: "
        + (_dump(value, inner).rstrip("\n") if isinstance(value, Mapping) else json.dumps(value))
        for key, value in content.items()
    ]
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}\n"
