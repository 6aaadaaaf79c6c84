"""The plots of a report, each with the words beside it and the table of its values."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from massilia.corpus.article import Language
from massilia.eval.bootstrap import Estimate
from massilia.eval.calibration import Bin, reliability
from massilia.eval.plots import (
    Axis,
    Bar,
    Curve,
    Interval,
    Mark,
    Point,
    Tick,
    count_by_size,
    draw_intervals,
    draw_plot,
    list_even_ticks,
    list_log_ticks,
    thin_out,
)
from massilia.eval.report_words import name_value, write_interval, write_value
from massilia.eval.run import Outcome
from massilia.eval.run_file import Run
from massilia.eval.selective import risk_coverage_curve
from massilia.eval.summary import DIRECTION, Measures, Summary
from massilia.service.answer import SkippedReason
from massilia.service.messages import Messages

POINTS = 200
"""How many points of a curve are drawn at most: more than a line shows."""
LEAST_MILLISECONDS = 0.1
_TENTHS = 10
_LANGUAGE = "language"


@dataclass(frozen=True, slots=True)
class Plot:
    """Hold a plot with its name, a note on it, and its values as rows under their columns.

    `drawing` is None where there is nothing to draw. `language` is that of the questions, where it
    is of those in one language alone.
    """

    name: str
    drawing: Markup | None
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    language: Language | None = None


def draw_plots(run: Run, summary: Summary, messages: Messages) -> list[Plot]:
    """Return the plots of a report in one language."""
    judged = list_judged(run.outcomes)
    return [
        draw_risk_coverage(judged, summary.measures, messages),
        draw_reliability(judged, summary.measures, messages),
        *draw_by_language(judged, summary, messages),
        draw_ranking(summary, messages),
        draw_latencies(list_durations(run.outcomes), summary.measures, messages),
    ]


def draw_by_language(
    outcomes: Sequence[Outcome], summary: Summary, messages: Messages
) -> list[Plot]:
    """Draw risk and reliability of the questions in each language; one language alone is all."""
    plots = []
    by_language = {
        language: [each for each in outcomes if each.expected.language is language]
        for language in Language
    }
    spoken = {language: group for language, group in by_language.items() if group}
    for language, group in spoken.items() if len(spoken) > 1 else ():
        measures = summary.groups.get(_LANGUAGE, {}).get(language, {})
        plots.append(draw_risk_coverage(group, measures, messages, language))
        plots.append(draw_reliability(group, measures, messages, language))
    return plots


def list_durations(outcomes: Sequence[Outcome]) -> list[float]:
    """Return the milliseconds that answers took, but for what nothing was looked for.

    It takes next to no time, and an axis that reaches down to it leaves little room for the rest.
    """
    return [
        outcome.milliseconds
        for outcome in outcomes
        if SkippedReason.NOT_A_QUESTION not in outcome.reasons
    ]


def list_judged(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return the outcomes of which one can tell whether they are right."""
    return [each for each in outcomes if each.expected.answers or not each.expected.answerable]


def draw_risk_coverage(
    outcomes: Sequence[Outcome],
    measures: Measures,
    messages: Messages,
    language: Language | None = None,
) -> Plot:
    """Draw the share of wrong answers over the share of questions that are answered.

    The point is where the threshold lies. An oracle would answer every question that it has right
    before any other; in random order the risk would be the same at every coverage.
    """
    words = _Words(messages, "risk_coverage", language)
    columns = words.columns("coverage", "risk", "oracle")
    if not outcomes:
        return Plot(words.name, None, columns, ())
    errors = [1.0 - outcome.best_is_right for outcome in outcomes]
    coverages, risks = risk_coverage_curve(errors, [each.confidence for each in outcomes])
    ideal = find_least_risks(errors)
    shown = thin_out(len(outcomes), POINTS)
    overall = float(risks[-1])
    curves = (
        Curve("chance", words.text("chance"), ((0.0, overall), (1.0, overall))),
        Curve("ideal", words.text("oracle"), _pair(coverages, ideal, shown)),
        Curve("run", words.text("run"), _pair(coverages, risks, shown)),
    )
    answered = [outcome for outcome in outcomes if not outcome.abstained]
    points: tuple[Point, ...] = ()
    if answered:
        coverage = len(answered) / len(outcomes)
        risk = sum(not outcome.best_is_right for outcome in answered) / len(answered)
        written = {
            "coverage": write_value(messages, "coverage", coverage),
            "risk": write_value(messages, "selective_risk", risk),
        }
        points = (Point(words.text("point", **written), coverage, risk),)
    alternative = words.describe(
        aurc=write_value(messages, "AURC", _value(measures, "AURC")),
        overall=write_value(messages, "selective_risk", overall),
        point=points[0].label if points else words.text("no_point"),
    )
    rows = []
    for tenth in range(1, _TENTHS + 1):
        place = math.ceil(tenth * len(outcomes) / _TENTHS) - 1
        pair = (float(risks[place]), ideal[place])
        written_risks = (write_value(messages, "selective_risk", each) for each in pair)
        rows.append((messages.percentage(tenth / _TENTHS), *written_risks))
    drawing = draw_plot(
        alternative,
        _share_axis(messages, words.text("x")),
        _share_axis(messages, words.text("y")),
        curves=curves,
        points=points,
    )
    return Plot(words.name, drawing, columns, tuple(rows), language=language)


def find_least_risks(errors: Sequence[float]) -> list[float]:
    """Return the risk at each number of answers, from 1 to all, if the right ones came first."""
    ordered = np.cumsum(np.sort(np.asarray(errors, dtype=np.float64)))
    risks: list[float] = (ordered / np.arange(1, len(errors) + 1)).tolist()
    return risks


def draw_reliability(
    outcomes: Sequence[Outcome],
    measures: Measures,
    messages: Messages,
    language: Language | None = None,
) -> Plot:
    """Draw the share of right answers in each bin of confidence, beside what it should be."""
    words = _Words(messages, "reliability", language)
    columns = words.columns("bin", "count", "confidence", "right")
    if not outcomes:
        return Plot(words.name, None, columns, ())
    rights = [float(outcome.best_is_right) for outcome in outcomes]
    bins = reliability(rights, [outcome.confidence for outcome in outcomes])
    bars = [
        Bar(each.low, each.high, each.share_right, messages.number(each.count))
        for each in bins
        if each.share_right is not None
    ]
    ideal = Curve("diagonal", words.text("ideal"), ((0.0, 0.0), (1.0, 1.0)))
    scores = {
        "ece": write_value(messages, "ECE", _value(measures, "ECE")),
        "brier": write_value(messages, "Brier", _value(measures, "Brier")),
    }
    drawing = draw_plot(
        words.describe(**scores),
        _share_axis(messages, words.text("x")),
        _share_axis(messages, words.text("y")),
        curves=(ideal,),
        bars=bars,
    )
    rows = tuple(_write_bin(messages, each) for each in bins)
    return Plot(words.name, drawing, columns, rows, words.text("scores", **scores), language)


def draw_ranking(summary: Summary, messages: Messages) -> Plot:
    """Draw nDCG@10 by direction, or by language where no direction can be told."""
    measure = "nDCG@10"
    field = DIRECTION if summary.groups.get(DIRECTION) else _LANGUAGE
    words = _Words(messages, "ranking")
    columns = words.columns("group", "questions", "value", "interval")
    groups = summary.groups.get(field, {})
    estimates = {
        value: measures[measure] for value, measures in groups.items() if measure in measures
    }
    if all(each.value is None for each in estimates.values()):
        return Plot(words.name, None, columns, ())
    rows, intervals = [], []
    for value, each in estimates.items():
        label = name_value(messages, field, value)
        written = write_value(messages, measure, each.value)
        count = messages.number(summary.counts[field][value])
        rows.append((label, count, written, write_interval(messages, measure, each)))
        intervals.append(Interval(label, written, each.value, each.low, each.high))
    ticks = tuple(Tick(fifth / 5, messages.decimal(fifth / 5, 1)) for fifth in range(6))
    alternative = words.text(
        "alternative",
        values=messages.text("report.separator").join(
            f"{row[0]}, {row[2]} ({row[3]})" for row in rows
        ),
    )
    drawing = draw_intervals(alternative, Axis(words.text("x"), 0, 1, ticks), intervals)
    return Plot(words.name, drawing, columns, tuple(rows))


def draw_latencies(milliseconds: Sequence[float], measures: Measures, messages: Messages) -> Plot:
    """Draw how many answers took how long, on a logarithmic axis."""
    words = _Words(messages, "latency")
    columns = words.columns("bin", "count")
    bins = count_by_size(milliseconds, LEAST_MILLISECONDS)
    if not bins:
        return Plot(words.name, None, columns, ())
    low, high = bins[0].low, bins[-1].high
    x = Axis(
        words.text("x"),
        low,
        high,
        tuple(
            Tick(each, _write_milliseconds(messages, each)) for each in list_log_ticks(low, high)
        ),
        logarithmic=True,
    )
    counts = list_even_ticks(max(each.count for each in bins))
    y = Axis(
        words.text("y"),
        0,
        counts[-1],
        tuple(Tick(each, messages.number(int(each))) for each in counts),
    )
    marks = []
    for percent in (50, 95, 99):
        name = f"latency_p{percent}_ms"
        value = _value(measures, name)
        if value is not None:
            written = write_value(messages, name, value)
            marks.append(Mark(words.text("mark", percent=percent, value=written), value))
    alternative = words.text(
        "alternative", values=messages.text("report.separator").join(mark.label for mark in marks)
    )
    drawing = draw_plot(
        alternative, x, y, bars=[Bar(each.low, each.high, each.count) for each in bins], marks=marks
    )
    rows = tuple(
        (
            messages.text(
                "report.span",
                low=_write_milliseconds(messages, each.low),
                high=_write_milliseconds(messages, each.high),
            ),
            messages.number(each.count),
        )
        for each in bins
        if each.count
    )
    return Plot(words.name, drawing, columns, rows)


@dataclass(frozen=True, slots=True)
class _Words:
    """Read the texts of one plot."""

    messages: Messages
    name: str
    language: Language | None = None

    def text(self, key: str, **values: object) -> str:
        return self.messages.text(f"plots.{self.name}.{key}", **values)

    def describe(self, **values: object) -> str:
        """Say what is to be seen, and in which language its questions are if it is in one."""
        alternative = self.text("alternative", **values)
        if self.language is None:
            return alternative
        language = self.messages.text(f"languages.{self.language}")
        return f"{self.messages.text('plots.in_language', language=language)} {alternative}"

    def columns(self, *keys: str) -> tuple[str, ...]:
        return tuple(self.text(f"columns.{key}") for key in keys)


def _share_axis(messages: Messages, title: str) -> Axis:
    ticks = tuple(Tick(fifth / 5, messages.percentage(fifth / 5)) for fifth in range(6))
    return Axis(title, 0, 1, ticks)


def _write_bin(messages: Messages, each: Bin) -> tuple[str, ...]:
    span = messages.text(
        "report.span", low=messages.percentage(each.low), high=messages.percentage(each.high)
    )
    means = (
        write_value(messages, "coverage", mean) for mean in (each.mean_confidence, each.share_right)
    )
    return (span, messages.number(each.count), *means)


def _write_milliseconds(messages: Messages, value: float) -> str:
    """Write a duration as shortly as it says what it is: 0.2, 12.6, 1,000."""
    digits = 0 if value >= 100 or value == int(value) else 1
    return messages.decimal(value, digits)


def _pair(
    xs: Sequence[float] | np.ndarray, ys: Sequence[float] | np.ndarray, places: Sequence[int]
) -> tuple[tuple[float, float], ...]:
    return tuple((float(xs[place]), float(ys[place])) for place in places)


def _value(measures: Measures, name: str) -> float | None:
    return measures.get(name, Estimate(None, None, None)).value
