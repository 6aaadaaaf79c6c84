"""Plots as SVG markup, from numbers and from words that are written already.

Nothing in the markup has a style of its own: its classes are given colours by the page's style
sheet, light and dark. Places are in units of the drawing, WIDTH of them across, which a page shows
about as large as CSS pixels.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

WIDTH: Final = 360
AREA_HEIGHT: Final = 220
LEFT: Final = 46
RIGHT: Final = 346
LINE: Final = 17
"""Height of a line of text."""
ROW: Final = 42
"""Height of a row of intervals: a line of text, and what it names below it."""
BINS_A_DECADE: Final = 10
_STEPS: Final = (1, 2, 5)
_SAMPLE: Final = 26
_BASELINE: Final = 4
"""How far the middle of a small letter lies above the line that it stands on."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Pair a value of an axis with how it is written."""

    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Axis:
    """Name an axis, and say what lies between its ends, of which `low` is the lesser.

    A logarithmic one has ends above 0.
    """

    title: str
    low: float
    high: float
    ticks: tuple[Tick, ...]
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Return where a value lies, from 0 at `low` to 1 at `high`; beyond them at the ends."""
        low, high, value = self.low, self.high, min(max(value, self.low), self.high)
        if self.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return (value - low) / (high - low)


@dataclass(frozen=True, slots=True)
class Curve:
    """Draw a line through points; `kind` is the class that it is drawn as."""

    kind: str
    label: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """Draw a bar from `low` to `high`, up to `value`, with a text above it."""

    low: float
    high: float
    value: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """Draw one point that stands out."""

    label: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Mark:
    """Draw an upright line at a value, with its label beside it."""

    label: str
    x: float


@dataclass(frozen=True, slots=True)
class Interval:
    """Draw a value and its interval as one row; what is None isn't drawn."""

    label: str
    written: str
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class LogBin:
    """Count the values from `low` up to, but without, `high`."""

    low: float
    high: float
    count: int


def draw_plot(
    alternative: str,
    x: Axis,
    y: Axis,
    curves: Sequence[Curve] = (),
    bars: Sequence[Bar] = (),
    points: Sequence[Point] = (),
    marks: Sequence[Mark] = (),
) -> Markup:
    """Return a plot of two axes, with a legend of its curves and points below it.

    `alternative` says in words what is to be seen.
    """
    # The labels of marks stand above the area, one a line, so that near ones don't collide.
    top = LINE * (len(marks) + 1) + 10
    bottom = top + AREA_HEIGHT

    def across(value: float) -> float:
        return LEFT + x.place(value) * (RIGHT - LEFT)

    def down(value: float) -> float:
        return bottom - y.place(value) * AREA_HEIGHT

    legend, legend_height = _draw_legend(curves, points, bottom + LINE * 2 + 22)
    parts = [
        *_draw_y_axis(y, down),
        *_draw_x_axis(x, across, bottom),
        *(_draw_bar(bar, across, down) for bar in bars),
        *(_draw_curve(curve, across, down) for curve in curves),
        *(_draw_count(bar, across, down) for bar in bars if bar.text),
        *_draw_marks(marks, x, across, bottom),
        *(_draw_point(across(point.x), down(point.y)) for point in points),
        *legend,
    ]
    return _draw(alternative, bottom + LINE * 2 + 8 + legend_height, parts)


def draw_intervals(alternative: str, x: Axis, rows: Sequence[Interval]) -> Markup:
    """Return values with their intervals, one below the other, over one axis."""
    left, right = 8, RIGHT

    def across(value: float) -> float:
        return left + x.place(value) * (right - left)

    bottom = ROW * len(rows) + 8
    grid = Markup().join(
        Markup('<path class="grid" d="M{0} 0V{1}"/>').format(_write(across(tick.value)), bottom)
        for tick in x.ticks
    )
    parts = [grid, *_draw_x_axis(x, across, bottom)]
    for number, row in enumerate(rows):
        middle = number * ROW + 29
        parts.append(_draw_text(left, number * ROW + 15, row.label))
        parts.append(_draw_text(right, number * ROW + 15, row.written, "value", "end"))
        if row.low is not None and row.high is not None:
            parts.append(
                Markup(
                    '<path class="interval" d="M{low} {up}V{under}M{low} {middle}H{high}'
                    'M{high} {up}V{under}"/>'
                ).format(
                    low=_write(across(row.low)),
                    high=_write(across(row.high)),
                    up=middle - 5,
                    under=middle + 5,
                    middle=middle,
                )
            )
        if row.value is not None:
            parts.append(_draw_point(across(row.value), middle))
    return _draw(alternative, bottom + LINE * 2 + 8, parts)


def list_even_ticks(high: float, most: int = 5) -> list[float]:
    """Return up to `most` values after 0, evenly apart by 1, 2 or 5 times a power of 10.

    They are whole, since they count something, and the last one is `high` or above it.
    """
    power = 1
    while True:
        for step in (each * power for each in _STEPS):
            intervals = max(math.ceil(high / step), 1)
            if intervals <= most:
                return [float(step * number) for number in range(intervals + 1)]
        power *= 10


def list_log_ticks(low: float, high: float) -> list[float]:
    """Return the values from `low` to `high` that are 1, 2 or 5 times a power of 10."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = [step * 10.0**power for power in powers for step in _STEPS]
    return [value for value in values if low <= value <= high]


def count_by_size(values: Sequence[float], least: float) -> list[LogBin]:
    """Count values in BINS_A_DECADE bins a decade, from the least value to the greatest.

    The ends of the bins are powers of 10 to tenths, and they span a decade or more. What is below
    `least`, which is above 0, counts as `least`.
    """
    places = [math.floor(BINS_A_DECADE * math.log10(max(value, least))) for value in values]
    if not places:
        return []
    first, last = min(places), max(places)
    missing = max(BINS_A_DECADE - (last - first + 1), 0)
    first -= missing // 2
    last += missing - missing // 2
    counts = {place: 0 for place in range(first, last + 1)}
    for place in places:
        counts[place] += 1
    return [
        LogBin(10 ** (place / BINS_A_DECADE), 10 ** ((place + 1) / BINS_A_DECADE), count)
        for place, count in counts.items()
    ]


def thin_out(count: int, most: int) -> list[int]:
    """Return up to `most`, at least 2, of the places 0 to `count` - 1, evenly apart.

    The first and the last are among them.
    """
    if count <= most:
        return list(range(count))
    return [round(number * (count - 1) / (most - 1)) for number in range(most)]


_Place = Callable[[float], float]


def _draw(alternative: str, height: float, parts: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg class="plot" viewBox="0 0 {width} {height}" role="img" aria-label="{name}">'
        "{content}</svg>"
    ).format(width=WIDTH, height=_write(height), name=alternative, content=Markup("\n").join(parts))


def _draw_x_axis(axis: Axis, across: _Place, bottom: float) -> list[Markup]:
    path = "".join(f"M{_write(across(tick.value))} {_write(bottom)}v4" for tick in axis.ticks)
    ends = f"M{_write(across(axis.low))} {_write(bottom)}H{_write(across(axis.high))}"
    texts = [
        _draw_text(across(tick.value), bottom + LINE, tick.text, "tick", _anchor(axis, tick))
        for tick in axis.ticks
    ]
    title = _draw_text(across(axis.high), bottom + 2 * LINE, axis.title, "title", "end")
    return [Markup('<path class="axis" d="{}"/>').format(ends + path), *texts, title]


def _draw_y_axis(axis: Axis, down: _Place) -> list[Markup]:
    path = "".join(f"M{LEFT} {_write(down(tick.value))}H{RIGHT}" for tick in axis.ticks)
    texts = [
        _draw_text(LEFT - 6, down(tick.value) + _BASELINE, tick.text, "tick", "end")
        for tick in axis.ticks
    ]
    title = _draw_text(0, LINE - _BASELINE, axis.title, "title")
    return [Markup('<path class="grid" d="{}"/>').format(path), *texts, title]


def _draw_curve(curve: Curve, across: _Place, down: _Place) -> Markup:
    path = "L".join(f"{_write(across(x))} {_write(down(y))}" for x, y in curve.points)
    return Markup('<path class="curve {}" d="M{}"/>').format(curve.kind, path)


def _draw_bar(bar: Bar, across: _Place, down: _Place) -> Markup:
    left, right, top = across(bar.low), across(bar.high), down(bar.value)
    return Markup('<path class="bar" d="M{} {}V{}H{}V{}"/>').format(
        _write(left + 0.75), _write(down(0)), _write(top), _write(right - 0.75), _write(down(0))
    )


def _draw_count(bar: Bar, across: _Place, down: _Place) -> Markup:
    middle = (across(bar.low) + across(bar.high)) / 2
    return _draw_text(middle, down(bar.value) - _BASELINE, bar.text, "count", "middle")


def _draw_point(x: float, y: float) -> Markup:
    return Markup('<circle class="point" cx="{}" cy="{}" r="5"/>').format(_write(x), _write(y))


def _draw_marks(marks: Sequence[Mark], axis: Axis, across: _Place, bottom: float) -> list[Markup]:
    """Draw each label on the side of its mark that has more room, and on a line of its own.

    The outer ones come first: no label then stands in the way of another mark.
    """
    left = sorted((mark for mark in marks if axis.place(mark.x) < 0.5), key=lambda each: each.x)
    right = sorted((mark for mark in marks if axis.place(mark.x) >= 0.5), key=lambda each: -each.x)
    uprights, labels = [], []
    for line, mark in enumerate([*left, *right], start=2):
        x = across(mark.x)
        anchor, beside = ("start", 5) if line < len(left) + 2 else ("end", -5)
        upright = Markup('<path class="mark" d="M{} {}V{}"/>')
        uprights.append(upright.format(_write(x), LINE * line - 10, _write(bottom)))
        labels.append(_draw_text(x + beside, LINE * line, mark.label, "value", anchor))
    return uprights + labels


def _draw_legend(
    curves: Sequence[Curve], points: Sequence[Point], top: float
) -> tuple[list[Markup], float]:
    """Return the lines of the legend, from `top` on, and how high they are."""
    parts: list[Markup] = []
    lines = [
        *((curve.label, curve) for curve in curves if curve.label),
        *((point.label, None) for point in points),
    ]
    for number, (label, curve) in enumerate(lines):
        middle = top + number * LINE
        if curve is None:
            parts.append(_draw_point(_SAMPLE / 2 + 2, middle))
        else:
            sample = Markup('<path class="curve {}" d="M{} {}h{}"/>')
            parts.append(sample.format(curve.kind, 2, _write(middle), _SAMPLE))
        parts.append(_draw_text(_SAMPLE + 10, middle + _BASELINE, label))
    return parts, len(lines) * LINE + (10 if lines else 0)


def _draw_text(x: float, y: float, text: str, kind: str = "label", anchor: str = "start") -> Markup:
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(
        kind, _write(x), _write(y), anchor, text
    )


def _anchor(axis: Axis, tick: Tick) -> str:
    """Keep the text of an axis's last tick within the drawing."""
    return "end" if axis.place(tick.value) > 0.98 else "middle"


def _write(number: float) -> str:
    """Write a place to hundredths, without zeros at the end."""
    return f"{number:.2f}".rstrip("0").rstrip(".")
