"""Measures, printed as tables on standard output."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from massilia.eval.bootstrap import Estimate
from massilia.eval.comparison import ChangedQuestion, Comparison
from massilia.eval.gate import Check
from massilia.eval.run_file import Run
from massilia.eval.summary import DIRECTION, Measures, Summary

GROUP_MEASURES = (
    "nDCG@10",
    "RR@10",
    "Success@1",
    "answer_hit@1",
    "answer_hit@3",
    "refusal_recall",
    "AURC",
)
_TENTHS = frozenset({"quote_characters", "quote_characters_p50", "questions_per_second"})
_UNDEFINED = "–"
_FILE_WIDTH = 160
"""How wide a table may become where it isn't printed on a terminal."""


def print_summary(run: Run, summary: Summary, field: str | None = None) -> None:
    """Print what was run, the measures with their intervals, and those of groups of questions."""
    console = _open_console()
    data, setup = run.data, run.setup
    console.print(
        f"{data.name}: {data.questions:,} questions, {data.articles:,} articles; "
        f"{setup.retriever}, {setup.encoder}; {setup.cores} cores"
    )
    if data.unjudged:
        console.print(f"{data.unjudged:,} more were not asked: nothing is judged for them.")
    languages = summary.groups.get("language", {})
    # One language alone is the whole run.
    shown = languages if len(languages) > 1 else {}
    table = Table("measure", "all", "95 % interval", *shown, box=None)
    for name, estimate in summary.measures.items():
        values = (format_value(name, measures[name].value) for measures in shown.values())
        table.add_row(
            name, format_value(name, estimate.value), format_interval(name, estimate), *values
        )
    if run.cold_start is not None:
        blanks = [_UNDEFINED] * len(shown)
        seconds, peak = run.cold_start.seconds, run.cold_start.peak_mebibytes
        table.add_row("cold_start_s", f"{seconds:.1f}", _UNDEFINED, *blanks)
        table.add_row("peak_memory_mib", f"{peak:,.0f}", _UNDEFINED, *blanks)
    console.print(table)
    for each in dict.fromkeys([DIRECTION, *([field] if field else [])]):
        if each in summary.groups:
            _print_groups(console, each, summary)


def format_value(name: str, value: float | None) -> str:
    """Write the value of a measure with as many decimals as it deserves."""
    if value is None:
        return _UNDEFINED
    # Never "-0.0000".
    return f"{value:z.{_count_decimals(name)}f}"


def format_interval(name: str, estimate: Estimate) -> str:
    """Write the ends of an interval."""
    if estimate.low is None or estimate.high is None:
        return _UNDEFINED
    # A dash between them would pass for a minus sign.
    return f"{format_value(name, estimate.low)} to {format_value(name, estimate.high)}"


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under the names of their columns."""
    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(*row)
    _open_console().print(table)


def print_lines(lines: Sequence[str]) -> None:
    """Print lines as they are, however long, with no markup read in them."""
    console = _open_console()
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def print_comparison(comparison: Comparison) -> None:
    """Print the measures of two runs side by side, then the questions that changed."""
    table = Table("measure", "first", "second", "difference", "95 % interval", "p", box=None)
    for each in comparison.differences:
        table.add_row(
            each.measure,
            format_value(each.measure, each.first),
            format_value(each.measure, each.second),
            _format_signed(each.measure, each.difference.value),
            format_interval(each.measure, each.difference),
            _UNDEFINED if each.p is None else f"{each.p:.4f}",
        )
    console = _open_console()
    console.print(table)
    better = [each for each in comparison.changed if each.better]
    worse = [each for each in comparison.changed if each.worse]
    other = [each for each in comparison.changed if not (each.better or each.worse)]
    for title, changed in (("better", better), ("worse", worse), ("otherwise changed", other)):
        console.print(f"\n{len(changed)} questions {title}")
        print_lines([_describe_change(question) for question in changed])


def print_checks(checks: Sequence[Check]) -> None:
    """Print how each measure of the gate stands to what was pinned; a gain is for the better."""
    table = Table("part", "measure", "pinned", "now", "gain, 95 % interval", "", box=None)
    for check in checks:
        gain = check.difference
        table.add_row(
            check.part,
            check.measure,
            format_value(check.measure, check.pinned),
            format_value(check.measure, check.value),
            _UNDEFINED if gain is None else format_interval(check.measure, gain),
            check.reason or "",
        )
    _open_console().print(table)


def _describe_change(question: ChangedQuestion) -> str:
    expected = "" if question.answerable else " (unanswerable)"
    return f"  {question.id}: {question.first} -> {question.second}{expected}: {question.question}"


def _open_console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=_FILE_WIDTH)


def _print_groups(console: Console, field: str, summary: Summary) -> None:
    table = Table(field, "questions", *GROUP_MEASURES, box=None)
    groups: Mapping[str, Measures] = summary.groups[field]
    for value, measures in groups.items():
        cells = (format_value(name, measures[name].value) for name in GROUP_MEASURES)
        table.add_row(value, str(summary.counts[field][value]), *cells)
    console.print(table)


def _format_signed(name: str, value: float | None) -> str:
    return _UNDEFINED if value is None else f"{value:+z.{_count_decimals(name)}f}"


def _count_decimals(name: str) -> int:
    if name.startswith("latency_") or name in _TENTHS:
        return 1
    return 4
