from datetime import date

import pytest

from massilia.corpus.article import Language
from massilia.index.filter import EVERYTHING, Filter
from massilia.service.filters import FilterError, check_filter, read_date, read_filter


def test_an_address_names_every_part_of_a_filter() -> None:
    within = read_filter(
        [
            ("q", "Who?"),
            ("publisher", "Le Quai"),
            ("publisher", " Le Port "),
            ("kind", "press"),
            ("article", "port-fr"),
            ("in", "fr"),
            ("in", "en"),
            ("from", "2016-02-29"),
            ("to", "2016-12-31"),
            ("dates", "off"),
        ]
    )
    assert within == Filter(
        languages=frozenset(Language),
        articles=frozenset({"port-fr"}),
        publishers=frozenset({"Le Quai", "Le Port"}),
        kinds=frozenset({"press"}),
        published_from=date(2016, 2, 29),
        published_to=date(2016, 12, 31),
    )


def test_empty_parameters_and_strange_ones_filter_nothing() -> None:
    empty = [(name, value) for name in ("from", "to", "publisher", "in") for value in ("", " ")]
    assert read_filter(empty) == EVERYTHING
    assert read_filter([("From", "x"), ("publishers", "x"), ("language", "de")]) == EVERYTHING


def test_of_several_dates_the_last_counts() -> None:
    within = read_filter([("from", "2016-01-01"), ("from", "2017-01-01")])
    assert within == Filter(published_from=date(2017, 1, 1))


def test_a_range_may_be_a_day_or_open() -> None:
    day = date(2016, 3, 1)
    check_filter(Filter(published_from=day, published_to=day))
    check_filter(Filter(published_from=day))
    check_filter(Filter(published_to=day))


@pytest.mark.parametrize(
    ("parameters", "code", "values", "named"),
    [
        (
            [("from", "2017-01-01"), ("to", "2016-12-31")],
            "filter_range",
            {"first": "2017-01-01", "last": "2016-12-31"},
            "from 2017-01-01 to 2016-12-31",
        ),
        ([("from", "2016-02-30")], "filter_date", {"value": "2016-02-30"}, "from=2016-02-30"),
        ([("to", "2016")], "filter_date", {"value": "2016"}, "to=2016 "),
        ([("to", "1451606400")], "filter_date", {"value": "1451606400"}, "to=1451606400"),
        ([("in", "de")], "filter_language", {"value": "de"}, "'de'"),
        ([("in", "FR")], "filter_language", {"value": "FR"}, "'FR'"),
        (
            [("article", str(number)) for number in range(101)],
            "filter_names",
            {"count": 101, "limit": 100},
            "101 values; the limit is 100",
        ),
        ([("kind", "x" * 501)], "filter_name", {"length": 501, "limit": 500}, "501 characters"),
        (
            [("publisher", "a\x07b")],
            "filter_character",
            {"character": "U+0007", "position": 1},
            "U+0007 at position 1",
        ),
        (
            [("article", "\ud800")],
            "filter_character",
            {"character": "U+D800", "position": 0},
            "U+D800 at position 0",
        ),
    ],
)
def test_what_cannot_be_a_filter_is_refused_by_name_and_value(
    parameters: list[tuple[str, str]], code: str, values: dict[str, object], named: str
) -> None:
    with pytest.raises(FilterError) as refusal:
        read_filter(parameters)
    assert refusal.value.code == code
    assert refusal.value.values == values
    assert named in str(refusal.value)


def test_limits_are_reached_without_being_passed() -> None:
    names = frozenset(f"{number:0>500}" for number in range(100))
    check_filter(Filter(articles=names, publishers=names, kinds=names))


@pytest.mark.parametrize("text", ["2016-13-01", "16-01-01", "2016-01-01T00:00", " ", "20160101"])
def test_a_date_is_a_year_a_month_and_a_day(text: str) -> None:
    with pytest.raises(ValueError, match=r"does not match|unconverted"):
        read_date(text)
    assert read_date("2016-01-31") == date(2016, 1, 31)
