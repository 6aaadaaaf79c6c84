"""How a report writes measures and names what questions are grouped by."""

from massilia.eval.bootstrap import Estimate
from massilia.eval.summary import DIRECTION
from massilia.service.messages import Messages

CATALOGUES = "massilia.eval.catalogues"
UNDEFINED = "–"
DECIMALS = {
    "nDCG@10": 3,
    "RR@10": 3,
    "AP": 3,
    "token_f1": 3,
    "quote_characters": 1,
    "quote_characters_p50": 1,
    "quotes_per_answer": 2,
    "AURC": 3,
    "ECE": 3,
    "Brier": 3,
    "questions_per_second": 1,
}
"""How many decimals measures have. Latencies are in milliseconds; all others are shares."""
_LATENCY = "latency_"


def write_value(messages: Messages, name: str, value: float | None) -> str:
    """Write the value of a measure: a share in per cent, a time with its unit.

    Only none and all are written as 0 and 100 %.
    """
    if value is None:
        return UNDEFINED
    written = _write_number(messages, name, value)
    if name in DECIMALS:
        return written
    unit = "report.milliseconds" if name.startswith(_LATENCY) else "number.percentage"
    return messages.text(unit, value=written)


def write_interval(messages: Messages, name: str, estimate: Estimate) -> str:
    """Write the ends of an interval, and their unit once."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return UNDEFINED
    low = _write_number(messages, name, estimate.low)
    return messages.text("report.span", low=low, high=write_value(messages, name, estimate.high))


def _write_number(messages: Messages, name: str, value: float) -> str:
    if name in DECIMALS:
        return messages.decimal(value, DECIMALS[name])
    if name.startswith(_LATENCY):
        return messages.decimal(value, 1 if value < 100 else 0)
    if value in (0, 1):
        return messages.decimal(value * 100, 0)
    return messages.decimal(min(max(value * 100, 0.1), 99.9), 1)


def name_value(messages: Messages, field: str, value: str) -> str:
    """Name a value of a field that questions have; one that no catalogue knows as it stands."""
    if field == DIRECTION:
        asked, _, found = value.partition("-")
        return messages.text(
            "values.direction",
            asked=name_value(messages, "language", asked),
            found=name_value(messages, "language", found),
        )
    if field == "turn":
        return messages.text("values.turn", number=value)
    key = f"languages.{value}" if field == "language" else f"values.{field}.{value}"
    return messages.text(key) if key in messages.texts else value
