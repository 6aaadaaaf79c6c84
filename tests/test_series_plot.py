"""The plot of a dated series: every value in its place, and told without a drawing too."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massilia.corpus.article import Article, Language
from massilia.ingest.sentences import Span
from massilia.service.answer import DatedSeries, DatedValue
from massilia.service.composition import cite
from massilia.service.messages import load_messages
from massilia.service.series_plot import HEIGHT, WIDTH, SeriesPlot, plot_series, write_amount

FRENCH = load_messages(Language.FRENCH)
ENGLISH = load_messages(Language.ENGLISH)
ARTICLE = Article("x", Language.FRENCH, "X", "12 en 2016.", "x.md")
CITATION = cite(ARTICLE, 0, 11, "s1")


def make(amount: object, first: date, last: date | None = None, unit: str = "") -> DatedValue:
    return DatedValue(
        Span(0, 2),
        str(amount),
        Span(3, 10),
        first,
        last or first,
        None,
        CITATION,
        Decimal(str(amount)),
        unit,
    )


def year(number: int) -> tuple[date, date]:
    return date(number, 1, 1), date(number, 12, 31)


def plot(*values: DatedValue, differing: tuple[tuple[int, int], ...] = ()) -> SeriesPlot:
    (drawn,) = plot_series(DatedSeries(values, differing), FRENCH)
    return drawn


def test_a_value_stands_over_its_days_and_as_high_as_it_is() -> None:
    drawn = plot(make(50, *year(2020)), make(100, *year(2022)), make(0, date(2021, 7, 2)))
    first, second, nought = drawn.dots
    width = (drawn.right - drawn.left) / 3
    assert first.to_x - first.from_x == pytest.approx(width, abs=0.3)
    assert first.from_x == drawn.left
    assert second.to_x == drawn.right
    assert nought.x == pytest.approx((drawn.left + drawn.right) / 2, abs=0.5)
    assert second.y < first.y < nought.y == drawn.nought
    assert drawn.nought - second.y == pytest.approx(2 * (drawn.nought - first.y), abs=0.2)
    assert [tick.text for tick in drawn.years] == ["2020", "2021", "2022"]
    assert [tick.text for tick in drawn.amounts] == ["0", "20", "40", "60", "80", "100"]


def test_all_values_are_told_in_words() -> None:
    drawn = plot(make(50, *year(2020)), make("12.5", date(2021, 3, 1)))
    assert drawn.description == "2020\u00a0: 50\u202f; 1er mars 2021\u00a0: 12.5"


def test_those_that_differ_have_a_sign_of_their_own_and_are_written_apart() -> None:
    march = date(2020, 3, 1), date(2020, 3, 31)
    drawn = plot(make(12, *year(2016)), make(30, *march), make(31, *march), differing=((1, 2),))
    assert [dot.differs for dot in drawn.dots] == [False, True, True]
    assert [dot.below for dot in drawn.dots] == [False, False, True]
    assert drawn.differs
    assert not plot(make(1, *year(2016)), make(2, *year(2017))).differs


def test_each_unit_has_a_scale_of_its_own() -> None:
    series = DatedSeries(
        (
            make(20, *year(2016), unit="%"),
            make(400_000_000, *year(2016), unit="EUR"),
            make("66.7", *year(2018), unit="%"),
            make(561_000_000, *year(2018), unit="EUR"),
            make(3, *year(2018), unit="W"),
            replace(make(1, *year(2019)), amount=None),
        )
    )
    shares, money = plot_series(series, ENGLISH)
    assert [dot.text for dot in shares.dots] == ["20%", "66.7%"]
    assert [dot.text for dot in money.dots] == ["€400m", "€561m"]
    assert [tick.text for tick in shares.amounts] == ["0%", "20%", "40%", "60%", "80%"]


@pytest.mark.parametrize(
    ("amount", "unit", "french", "english"),
    [
        ("250000000", "EUR", "250\u00a0M\u00a0€", "€250m"),
        ("12000000", "W", "12\u00a0MW", "12\u00a0MW"),
        ("0.095", "s", "95\u00a0ms", "95\u00a0ms"),
        ("66.6667", "%", "66,7\u00a0%", "66.7%"),
        ("40000", "", "40\u202f000", "40,000"),
        ("2500000", "", "2,5\u00a0M", "2.5m"),
        ("7500", "m2", "7\u202f500\u00a0m²", "7,500\u00a0m²"),
        ("-3", "°C", "-3\u00a0°C", "-3\u00a0°C"),
        ("0", "W", "0\u00a0W", "0\u00a0W"),
    ],
)
def test_an_amount_is_written_shortly_with_its_unit(
    amount: str, unit: str, french: str, english: str
) -> None:
    assert write_amount(Decimal(amount), unit, FRENCH) == french
    assert write_amount(Decimal(amount), unit, ENGLISH) == english


DAYS = st.dates(date(1600, 1, 1), date(2100, 12, 31))
AMOUNTS = st.decimals(
    min_value=-(10**12), max_value=10**12, places=3, allow_nan=False, allow_infinity=False
)


@given(st.lists(st.tuples(AMOUNTS, DAYS, DAYS), min_size=2, max_size=12))
def test_nothing_falls_outside_of_the_drawing(
    drawn: list[tuple[Decimal, date, date]],
) -> None:
    values = [make(amount, *sorted((one, other))) for amount, one, other in drawn]
    shown = plot(*values)
    assert len(shown.dots) == len(values)
    for dot in shown.dots:
        assert shown.left <= dot.from_x <= dot.x <= dot.to_x <= WIDTH
        assert 0 < dot.y < HEIGHT
    assert 2 <= len(shown.amounts) <= 8
    assert len(shown.years) <= 6
    heights = [tick.at for tick in shown.amounts]
    assert all(later < earlier for earlier, later in pairwise(heights))
    for (amount, _, _), dot in zip(drawn, shown.dots, strict=True):
        assert (dot.y <= shown.nought) if amount >= 0 else (dot.y >= shown.nought)
    assert not re.search(r"nan|inf|E\+", str(shown), re.IGNORECASE)
