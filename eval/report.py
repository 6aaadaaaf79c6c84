"""The quality report: one HTML file in both languages that loads nothing and runs nothing."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from massilia.corpus.article import Language
from massilia.eval.bootstrap import Estimate
from massilia.eval.measures import LOWER_IS_BETTER
from massilia.eval.mistakes import Mistake, list_mistakes
from massilia.eval.report_plots import Plot, draw_plots, list_judged
from massilia.eval.report_refusals import RefusalTable, tabulate_refusals
from massilia.eval.report_words import (
    CATALOGUES,
    UNDEFINED,
    name_value,
    write_interval,
    write_value,
)
from massilia.eval.run import DEPTH
from massilia.eval.run_file import Run
from massilia.eval.summary import DIRECTION, FIELDS, Measures, Summary, read_field
from massilia.service.messages import Messages, load_messages
from massilia.service.page_rendering import STATIC
from massilia.service.quality import ROOT

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "finding": (
        "nDCG@10",
        "RR@10",
        "Success@1",
        "Success@3",
        "Success@5",
        "R@10",
        "R@100",
        "AP",
    ),
    "quoting": (
        "answer_hit@1",
        "answer_hit@3",
        "answer_hit@300c",
        "exact_match",
        "token_f1",
        "mark_rate",
        "mark_exact",
        "mark_overlap",
        "quote_precision",
        "quote_characters",
        "quote_characters_p50",
        "quotes_per_answer",
    ),
    "citations": ("verbatim_rate", "offset_exact_rate", "citation_resolves_rate"),
    "abstaining": (
        "coverage",
        "selective_risk",
        "risk@50",
        "risk@70",
        "risk@90",
        "AURC",
        "refusal_recall",
        "refusal_precision",
        "false_answer_rate",
        "false_answer_rate@80",
        "wrong_quote_rate@80",
        "ECE",
        "Brier",
    ),
    "speed": ("latency_p50_ms", "latency_p95_ms", "latency_p99_ms", "questions_per_second"),
}
"""The measures, by what they are of."""
GROUP_MEASURES = (
    "nDCG@10",
    "Success@1",
    "answer_hit@1",
    "answer_hit@3",
    "coverage",
    "selective_risk",
    "refusal_recall",
)
TURN = "turn"
GROUP_FIELDS = (
    "language",
    DIRECTION,
    # Turns have a table of their own.
    *(field for field in FIELDS if field not in ("language", TURN)),
)
NEITHER_IS_BETTER = frozenset(
    {"coverage", "mark_rate", "quote_characters", "quote_characters_p50", "quotes_per_answer"}
)
HASH_CHARACTERS = 12

_FOLDER = Path(__file__).parent / "templates"
_UNKNOWN = Estimate(None, None, None)
_PARTS = (
    "summary",
    "facts",
    "plots",
    "measures",
    "groups",
    "conversations",
    "refusals",
    "mistakes",
)
_ORDER = {"easy": 0, "medium": 1, "hard": 2}


@dataclass(frozen=True, slots=True)
class Statement:
    """Say one thing of a run: a figure, and the sentence that it begins."""

    figure: str
    text: str
    interval: str | None = None


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """Hold a measure as it is shown; `value` is None where there is none, for a `reason`.

    `better` is "higher", "lower" or "neither".
    """

    name: str
    value: str | None
    interval: str
    better: str
    reason: str = "undefined"


@dataclass(frozen=True, slots=True)
class GroupCell:
    """Hold a measure of a group, and its interval."""

    value: str | None
    interval: str


@dataclass(frozen=True, slots=True)
class GroupRow:
    """Hold a group of questions, as it is shown.

    `completed` counts those that were searched with more than was asked; None where that isn't
    shown.
    """

    name: str
    questions: str
    cells: tuple[GroupCell, ...]
    completed: str | None = None


@dataclass(frozen=True, slots=True)
class Half:
    """Hold what a report says in one language; `judged` where it can be told what answers."""

    judged: bool
    messages: Messages
    other: Language
    created: str
    statements: tuple[Statement, ...]
    facts: tuple[tuple[str, str], ...]
    plots: tuple[Plot, ...]
    sections: Mapping[str, tuple[MeasureRow, ...]]
    groups: Mapping[str, tuple[GroupRow, ...]]
    turns: tuple[GroupRow, ...]
    refusals: RefusalTable
    mistakes: tuple[tuple[Mistake, tuple[str, ...]], ...]

    @property
    def contents(self) -> tuple[str, ...]:
        """Name the parts that are shown, in their order."""
        optional = {
            "groups": self.groups,
            "conversations": self.turns,
            "refusals": self.refusals.rows,
        }
        return tuple(part for part in _PARTS if optional.get(part, True))


def render_report(run: Run, summary: Summary) -> str:
    """Return a report of a run as an HTML page that holds all that it shows.

    It opens in French, or at `#en` in English; what the service replaces to open it otherwise
    stands in it once.
    """
    mistakes = list_mistakes(run)
    halves = [
        _write_half(run, summary, mistakes, load_messages(language, CATALOGUES))
        for language in Language
    ]
    return (
        _environment()
        .get_template("report.html")
        .render(
            root=Markup(ROOT),
            # Ours; it holds no end tag. What is measured never becomes part of it.
            style=Markup((_FOLDER / "report.css").read_text(encoding="utf-8")),
            icon=_embed("favicon.svg"),
            horizon=_embed("horizon.svg"),
            halves=halves,
            run=run,
            depth=DEPTH,
            group_measures=GROUP_MEASURES,
            undefined=UNDEFINED,
        )
    )


def make_statements(run: Run, measures: Measures, messages: Messages) -> list[Statement]:
    """Return what the figures say in plain words; what isn't defined is left unsaid."""
    statements = []

    def state(key: str, name: str, **values: object) -> None:
        estimate = measures.get(name, _UNKNOWN)
        if estimate.value is not None:
            interval = write_interval(messages, name, estimate)
            statements.append(
                Statement(
                    write_value(messages, name, estimate.value),
                    messages.text(f"statements.{key}", **values),
                    None if interval == UNDEFINED else interval,
                )
            )

    def write(name: str) -> str:
        return write_value(messages, name, measures.get(name, _UNKNOWN).value)

    answerable = [each for each in run.outcomes if each.expected.answerable]
    with_strings = [each for each in answerable if each.expected.answers]
    unanswerable = [each for each in run.outcomes if not each.expected.answerable]
    answered = [each for each in list_judged(run.outcomes) if not each.abstained]
    state(
        "answered",
        "answer_hit@1",
        number=sum(each.hit(1) for each in with_strings),
        questions=len(with_strings),
        three=write("answer_hit@3"),
    )
    state(
        "found",
        "Success@1",
        questions=len(answerable),
        five=write("Success@5"),
    )
    state(
        "refused",
        "refusal_recall",
        number=sum(each.abstained for each in unanswerable),
        questions=len(unanswerable),
    )
    state(
        "wrong",
        "selective_risk",
        number=sum(not each.best_is_right for each in answered),
        questions=len(answered),
        coverage=write("coverage"),
    )
    quotes = [quote.citation for each in run.outcomes for quote in each.quotes]
    if quotes:
        sound = [each for each in quotes if each.verbatim and each.offset_exact and each.resolves]
        # Written as its three rates are.
        share = write_value(messages, "verbatim_rate", len(sound) / len(quotes))
        text = messages.text("statements.sound", count=len(sound), quotes=len(quotes))
        statements.append(Statement(share, text))
    error = measures.get("ECE", _UNKNOWN).value
    if error is not None:
        points = messages.text("report.points", value=messages.decimal(error * 100, 1))
        statements.append(Statement(points, messages.text("statements.calibrated")))
    state("fast", "latency_p50_ms", most=write("latency_p95_ms"))
    return statements


def list_facts(run: Run, messages: Messages) -> list[tuple[str, str]]:
    """Return what was run, on what and with what, as pairs of a label and a text."""
    data, setup = run.data, run.setup
    facts = {
        "data": data.name,
        "questions": messages.text("facts.sealed", **_seal(data.questions, data.questions_sha256)),
        "articles": messages.text("facts.sealed", **_seal(data.articles, data.articles_sha256)),
        "unjudged": messages.number(data.unjudged) if data.unjudged else None,
        "corpus_language": (
            messages.text(f"languages.{run.corpus_language}") if run.corpus_language else None
        ),
        "retriever": setup.retriever,
        "encoder": setup.encoder,
        "version": setup.version,
        "generation": setup.generation_id,
        "created": _write_moment(run.created, messages),
        "today": messages.date(setup.today) if setup.today else None,
        "machine": messages.text(
            "facts.processor", count=setup.cores, name=setup.processor, python=setup.python
        ),
    }
    return [
        (messages.text(f"facts.{key}"), value) for key, value in facts.items() if value is not None
    ]


def list_sections(
    run: Run, measures: Measures, messages: Messages
) -> dict[str, tuple[MeasureRow, ...]]:
    """Return every measure, those that aren't defined included, by the section it stands in."""
    sections = {
        section: [_show_measure(name, measures.get(name, _UNKNOWN), messages) for name in names]
        for section, names in SECTIONS.items()
    }
    start = run.cold_start
    if start is None:
        seconds = peak = None
    else:
        seconds = messages.text("report.seconds", value=messages.decimal(start.seconds, 1))
        peak = messages.text("report.mebibytes", value=messages.decimal(start.peak_mebibytes, 0))
    sections["speed"] += [
        MeasureRow(name, value, UNDEFINED, "lower", "unmeasured")
        for name, value in (("cold_start_s", seconds), ("peak_memory_mib", peak))
    ]
    return {section: tuple(rows) for section, rows in sections.items()}


def list_groups(summary: Summary, messages: Messages) -> dict[str, tuple[GroupRow, ...]]:
    """Return the groups of questions by field; a group that is the whole run is left out."""
    shown = {}
    for field in GROUP_FIELDS:
        groups, counts = summary.groups.get(field, {}), summary.counts.get(field, {})
        if groups and not (len(groups) == 1 and summary.questions in counts.values()):
            shown[field] = tuple(
                _show_group(field, value, summary, messages)
                for value in sorted(groups, key=_sort_value)
            )
    return shown


def list_turns(run: Run, summary: Summary, messages: Messages) -> tuple[GroupRow, ...]:
    """Return the questions of conversations by turn; none where none leans on another."""
    rows = []
    for value in sorted(summary.groups.get(TURN, {}), key=_sort_value):
        completed = sum(
            outcome.rewritten is not None
            for outcome in run.outcomes
            if read_field(outcome.expected, TURN) == value
        )
        row = _show_group(TURN, value, summary, messages)
        rows.append(replace(row, completed=messages.number(completed)))
    return tuple(rows) if len(rows) > 1 else ()


def _write_half(
    run: Run, summary: Summary, mistakes: Sequence[Mistake], messages: Messages
) -> Half:
    return Half(
        judged=bool(list_judged(run.outcomes)),
        messages=messages,
        other=next(each for each in Language if each is not messages.language),
        created=_write_moment(run.created, messages),
        statements=tuple(make_statements(run, summary.measures, messages)),
        facts=tuple(list_facts(run, messages)),
        plots=tuple(draw_plots(run, summary, messages)),
        sections=list_sections(run, summary.measures, messages),
        groups=list_groups(summary, messages),
        turns=list_turns(run, summary, messages),
        refusals=tabulate_refusals(run.outcomes, messages),
        mistakes=tuple((each, _list_kinds(each, messages)) for each in mistakes),
    )


def _show_measure(name: str, estimate: Estimate, messages: Messages) -> MeasureRow:
    better = "lower" if name in LOWER_IS_BETTER else "higher"
    return MeasureRow(
        name,
        None if estimate.value is None else write_value(messages, name, estimate.value),
        write_interval(messages, name, estimate),
        "neither" if name in NEITHER_IS_BETTER else better,
    )


def _show_group(field: str, value: str, summary: Summary, messages: Messages) -> GroupRow:
    measures = summary.groups[field][value]
    return GroupRow(
        name_value(messages, field, value),
        messages.number(summary.counts[field][value]),
        tuple(_show_cell(name, measures, messages) for name in GROUP_MEASURES),
    )


def _show_cell(name: str, measures: Measures, messages: Messages) -> GroupCell:
    estimate = measures.get(name, _UNKNOWN)
    value = None if estimate.value is None else write_value(messages, name, estimate.value)
    return GroupCell(value, write_interval(messages, name, estimate))


def _list_kinds(mistake: Mistake, messages: Messages) -> tuple[str, ...]:
    """Name what kind of question was got wrong."""
    expected = mistake.outcome.expected
    fields = ("language", "type", "form", "difficulty", "turn", "unanswerable_kind")
    values = ((field, read_field(expected, field)) for field in fields)
    return tuple(name_value(messages, field, value) for field, value in values if value is not None)


def _sort_value(value: str) -> tuple[int, str]:
    """Order the values of a field by name; numbers and difficulties as they grow."""
    return (int(value), "") if value.isdecimal() else (_ORDER.get(value, 0), value)


def _seal(count: int, sha256: str) -> dict[str, object]:
    return {"number": count, "hash": sha256[:HASH_CHARACTERS]}


def _write_moment(iso: str, messages: Messages) -> str:
    """Write when a run was made, in Universal Time; what isn't a time as it stands."""
    try:
        moment = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    # A time without a zone would be taken for that of this machine.
    moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    return messages.text(
        "report.moment",
        date=messages.date(moment.date()),
        hour=f"{moment:%H}",
        minute=f"{moment:%M}",
    )


def _embed(name: str) -> str:
    """Return one of the site's images as an address that holds it (RFC 2397)."""
    return "data:image/svg+xml;base64," + b64encode((STATIC / name).read_bytes()).decode()


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
