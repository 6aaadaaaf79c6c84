"""The plot of a dated series: where its values stand, for a template to draw.

Each value is a stem from nought with its sign on top. No line leads from one to the next: of what
lies between two dates, no article has said anything.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from massilia.service.answer import DatedSeries, DatedValue
from massilia.service.answer_text import describe_time
from massilia.service.messages import Messages

WIDTH: Final = 400
HEIGHT: Final = 220
LEFT: Final = 54
RIGHT: Final = 18
TOP: Final = 26
BOTTOM: Final = 30
"""The room around the values, in units of the drawing: words at 12 of them can be read both where
it is as wide as a phone and where it is as wide as it gets."""
MOST_TICKS: Final = 5
MOST_YEARS: Final = 6
NEAR: Final = 18
"""How near two values may stand before the second is written below its sign."""

_STEPS: Final = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
# Those that a prefix scales. Of bytes, French writes octets.
_PREFIXED: Final = {"W": "W", "Wh": "Wh", "V": "V", "m": "m", "g": "g", "s": "s", "bit/s": "bit/s"}
_PREFIXES: Final = ((15, "P"), (12, "T"), (9, "G"), (6, "M"), (3, "k"), (0, ""), (-3, "m"))
_PLAIN: Final = {"m2": "m²", "m3": "m³", "°C": "°C"}
_CURRENCIES: Final = ("EUR", "USD", "GBP", "FRF")


@dataclass(frozen=True, slots=True)
class Tick:
    """Hold a place on an axis, and what is written there."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Dot:
    """Hold a value's place, the width of the days that it is of, and what is written of it.

    One that differs from another for the same time has a sign of another shape.
    """

    x: float
    y: float
    from_x: float
    to_x: float
    text: str
    below: bool
    differs: bool


@dataclass(frozen=True, slots=True)
class SeriesPlot:
    """Hold the drawing of the values of one unit; `description` says all of them in words."""

    dots: tuple[Dot, ...]
    years: tuple[Tick, ...]
    amounts: tuple[Tick, ...]
    nought: float
    description: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT

    @property
    def differs(self) -> bool:
        """Tell whether sources differ about any of the values."""
        return any(dot.differs for dot in self.dots)


def plot_series(series: DatedSeries, messages: Messages) -> tuple[SeriesPlot, ...]:
    """Return a drawing for each unit of the values, in the order in which the units come.

    A unit with fewer than two values has none: its only value has nothing to stand beside.
    """
    differing = {place for pair in series.disagreements for place in pair}
    by_unit: dict[str, list[tuple[DatedValue, Decimal, bool]]] = {}
    for place, value in enumerate(series.values):
        if value.amount is not None:
            drawn = (value, value.amount, place in differing)
            by_unit.setdefault(value.unit, []).append(drawn)
    return tuple(_plot(values, messages) for values in by_unit.values() if len(values) > 1)


def write_amount(amount: Decimal, unit: str, messages: Messages) -> str:
    """Write an amount shortly, with its unit: 12 MW, 66.7%, €250m, 40,000."""
    if unit == "%":
        return messages.text("number.percentage", value=_write_short(amount, messages))
    if unit in _CURRENCIES:
        return messages.money(amount, unit)
    if unit in _PREFIXED:
        power, prefix = _choose_prefix(amount)
        scaled = _write_short(amount.scaleb(-power), messages)
        return f"{scaled}\u00a0{prefix}{_PREFIXED[unit]}"
    if unit in _PLAIN:
        return f"{_write_short(amount, messages)}\u00a0{_PLAIN[unit]}"
    return _write_short(amount, messages)


def _plot(values: Sequence[tuple[DatedValue, Decimal, bool]], messages: Messages) -> SeriesPlot:
    first_year = min(value.first.year for value, _, _ in values)
    last_year = max(value.last.year for value, _, _ in values)
    low, high, step = _choose_scale([amount for _, amount, _ in values])
    days = (date(last_year, 12, 31) - date(first_year, 1, 1)).days + 1

    def place_day(day: date, after: int = 0) -> float:
        passed = (day - date(first_year, 1, 1)).days + after
        return round(LEFT + (WIDTH - LEFT - RIGHT) * passed / days, 1)

    def place_amount(amount: Decimal) -> float:
        share = float((high - amount) / (high - low))
        return round(TOP + (HEIGHT - TOP - BOTTOM) * share, 1)

    dots: list[Dot] = []
    for value, amount, differs in values:
        from_x, to_x = place_day(value.first), place_day(value.last, 1)
        x, y = round((from_x + to_x) / 2, 1), place_amount(amount)
        written = write_amount(amount, value.unit, messages)
        # What would be written over another is written below its sign.
        below = any(
            abs(dot.x - x) < 2 * NEAR and abs(dot.y - y) < NEAR and not dot.below for dot in dots
        )
        dots.append(Dot(x, y, from_x, to_x, written, below, differs))
    unit = values[0][0].unit
    ticks = (low + step * number for number in range(int((high - low) / step) + 1))
    skipped = math.ceil((last_year - first_year + 1) / MOST_YEARS)
    return SeriesPlot(
        dots=tuple(dots),
        years=tuple(
            Tick(place_day(date(year, 7, 2)), str(year))
            for year in range(first_year, last_year + 1, skipped)
        ),
        amounts=tuple(
            Tick(place_amount(tick), write_amount(tick, unit, messages)) for tick in ticks
        ),
        nought=place_amount(Decimal(0)),
        description=_describe(values, messages),
    )


def _describe(values: Sequence[tuple[DatedValue, Decimal, bool]], messages: Messages) -> str:
    told = [
        messages.text("series.point", time=describe_time(value, messages), value=value.value_text)
        for value, _, _ in values
    ]
    return messages.text("scope.separator").join(told)


def _choose_scale(amounts: Sequence[Decimal]) -> tuple[Decimal, Decimal, Decimal]:
    """Return the ends of a scale with nought on it, and the step between its few round ticks."""
    low, high = min(Decimal(0), *amounts), max(Decimal(0), *amounts)
    if low == high:
        high = Decimal(1)
    power = Decimal(1).scaleb(((high - low) / MOST_TICKS).adjusted())
    step = next(
        factor * power for factor in _STEPS if (high - low) / (factor * power) <= MOST_TICKS
    )
    low = (low / step).to_integral_value(rounding="ROUND_FLOOR") * step
    high = (high / step).to_integral_value(rounding="ROUND_CEILING") * step
    return low, high, step


def _choose_prefix(amount: Decimal) -> tuple[int, str]:
    if not amount:
        return 0, ""
    return next((each for each in _PREFIXES if amount.adjusted() >= each[0]), _PREFIXES[-1])


def _write_short(amount: Decimal, messages: Messages) -> str:
    if abs(amount) >= 100_000:
        return messages.compact(amount)
    return messages.decimal(amount, 0 if amount == amount.to_integral_value() else 1)
