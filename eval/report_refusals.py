"""The reasons that abstentions were given, by what is amiss with the questions."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from massilia.eval.report_words import name_value
from massilia.eval.run import Outcome
from massilia.service.answer import SkippedReason
from massilia.service.messages import Messages

ANSWERABLE = "answerable"
UNSPECIFIED = "unspecified"


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """Count the questions of one kind, those answered, and those refused for each reason."""

    name: str
    questions: str
    answered: str
    counts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefusalTable:
    """Hold what questions were refused for: reasons by code and name, and a row for each kind."""

    reasons: tuple[tuple[str, str], ...]
    rows: tuple[RefusalRow, ...]


def tabulate_refusals(outcomes: Sequence[Outcome], messages: Messages) -> RefusalTable:
    """Count the reasons of abstentions by kind of question, those with an answer last.

    A question that is refused for several reasons counts for each. Reasons that no question was
    refused for are left out, and all rows with them where there are none.
    """
    given = {reason for outcome in outcomes for reason in outcome.reasons}
    reasons = [reason for reason in SkippedReason if reason in given]
    kinds: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        kinds.setdefault(_tell_kind(outcome), []).append(outcome)
    rows = [
        _count(_name_kind(kind, messages), kinds[kind], reasons, messages)
        for kind in sorted(kinds, key=lambda kind: (kind == ANSWERABLE, kind == UNSPECIFIED, kind))
    ]
    named = [(reason.value, name_value(messages, "reason", reason)) for reason in reasons]
    return RefusalTable(tuple(named), tuple(rows) if reasons else ())


def _tell_kind(outcome: Outcome) -> str:
    expected = outcome.expected
    return ANSWERABLE if expected.answerable else expected.unanswerable_kind or UNSPECIFIED


def _name_kind(kind: str, messages: Messages) -> str:
    if kind in (ANSWERABLE, UNSPECIFIED):
        return messages.text(f"refusals.{kind}")
    return name_value(messages, "unanswerable_kind", kind)


def _count(
    name: str, outcomes: Sequence[Outcome], reasons: Sequence[SkippedReason], messages: Messages
) -> RefusalRow:
    counts = Counter(reason for outcome in outcomes for reason in outcome.reasons)
    return RefusalRow(
        name,
        messages.number(len(outcomes)),
        messages.number(sum(not outcome.abstained for outcome in outcomes)),
        tuple(messages.number(counts[reason]) for reason in reasons),
    )
