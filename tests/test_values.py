from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massilia.corpus.article import Language
from massilia.service.values import Value, ValueKind, find_values

FR, EN = Language.FRENCH, Language.ENGLISH


def read_one(text: str, language: Language = FR) -> Value:
    (value,) = find_values(text, language)
    return value


def list_written(text: str, language: Language = FR) -> list[str]:
    return [text[value.start : value.end] for value in find_values(text, language)]


@pytest.mark.parametrize(
    ("text", "language", "written", "kind", "amount", "unit"),
    [
        ("coûte 12,4 millions d'euros", FR, "12,4 millions d'euros", "money", "12400000", "EUR"),
        ("cost €12.4m in all", EN, "€12.4m", "money", "12400000", "EUR"),
        ("et 100 M€ ensuite", FR, "100 M€", "money", "100000000", "EUR"),
        ("puis 2,5 Md€ encore", FR, "2,5 Md€", "money", "2500000000", "EUR"),
        ("for US$157 million", EN, "US$157 million", "money", "157000000", "USD"),
        ("worth $1.2bn then", EN, "$1.2bn", "money", "1200000000", "USD"),
        ("deux mille cinq cents euros", FR, "deux mille cinq cents euros", "money", "2500", "EUR"),
        ("sur 35\u00a0000\u00a0m²", FR, "35\u00a0000\u00a0m²", "measure", "35000", "m2"),
        ("over 12.5 hectares", EN, "12.5 hectares", "measure", "125000", "m2"),
        ("about 13.6 MW", EN, "13.6 MW", "measure", "13600000", "W"),
        ("à 20 Tbit/s", FR, "20 Tbit/s", "measure", "20000000000000", "bit/s"),
        ("épais de 37 mm", FR, "37 mm", "measure", "0.037", "m"),
        ("une hausse de 37\u00a0%", FR, "37\u00a0%", "percentage", "37", "%"),
        ("up by 3.9 per cent", EN, "3.9 per cent", "percentage", "3.9", "%"),
        ("les deux tiers", FR, "deux tiers", "percentage", "66.6667", "%"),
        ("three-quarters of it", EN, "three-quarters", "percentage", "75", "%"),
        ("la moitié du site", FR, "moitié", "percentage", "50", "%"),
        ("un bail de 49 ans", FR, "49 ans", "duration", "588", "month"),
        ("a 49-year lease", EN, "49-year", "duration", "588", "month"),
        ("about sixteen months", EN, "sixteen months", "duration", "16", "month"),
        ("pendant un an", FR, "un an", "duration", "12", "month"),
        ("en 95 ms", FR, "95 ms", "duration", "0.095", "s"),
        ("trois semaines", FR, "trois semaines", "duration", "1814400", "s"),
        ("le 9e rang", FR, "9e", "ordinal", "9", ""),
        ("the third port", EN, "third", "ordinal", "3", ""),
    ],
)
def test_value_has_its_kind_amount_and_unit(
    text: str, language: Language, written: str, kind: str, amount: str, unit: str
) -> None:
    value = read_one(text, language)
    assert text[value.start : value.end] == written
    assert (value.kind, value.amount, value.unit) == (ValueKind(kind), Decimal(amount), unit)


@pytest.mark.parametrize(
    ("text", "language", "amount", "counted", "phrase"),
    [
        ("compte 724 salariés de Gemalto", FR, 724, ("salar",), "724 salariés"),
        ("avec trois paires de fibres", FR, 3, ("pair", "fibr"), "trois paires de fibres"),
        ("fit 41\u00a0000 emplois directs", FR, 41000, None, "41\u00a0000 emplois directs"),
        ("ses 12 nouveaux sites", FR, 12, ("sit",), "12 nouveaux sites"),
        ("près de 3 millions de visiteurs", FR, 3000000, None, "3 millions de visiteurs"),
        ("quatre-vingt-dix-sept personnes", FR, 97, None, "quatre-vingt-dix-sept personnes"),
        ("une centaine de personnes", FR, 100, None, "centaine de personnes"),
        ("compte 72 Marseillais à bord", FR, 72, (), "72"),
        ("has four fibre pairs of Blue", EN, 4, ("fibr", "pair"), "four fibre pairs"),
        ("one hundred and twenty people", EN, 120, None, "one hundred and twenty people"),
        ("the 6,000 of 2021", EN, 6000, (), "6,000"),
        ("the 250 Marseille firms", EN, 250, None, "250 Marseille firms"),
    ],
)
def test_number_knows_what_it_counts(
    text: str, language: Language, amount: int, counted: tuple[str, ...] | None, phrase: str
) -> None:
    (value, *dates) = find_values(text, language)
    assert value.kind is ValueKind.NUMBER
    assert value.amount == amount
    assert text[value.start : value.phrase_end] == phrase
    assert bool(value.counted) == (phrase != text[value.start : value.end])
    assert counted is None or value.counted == counted
    assert all(each.kind is ValueKind.DATE for each in dates)


@pytest.mark.parametrize(
    "texts",
    [
        {"274,6 M€": FR, "274,6 millions d'euros": FR, "€274.6m": EN, "274.6 million euros": EN},
        {"95 ms": FR, "95\u00a0millisecondes": FR, "95 milliseconds": EN, "0.095 seconds": EN},
        {"37 %": FR, "37%": EN, "37 pour cent": FR, "37 percent": EN},
        {"deux tiers": FR, "two thirds": EN},
        {"4 paires": FR, "quatre paires": FR, "four pairs": EN},
        {"6.000 habitants": FR, "6 000 habitants": FR, "6,000 inhabitants": EN},
        {"1.234.567 habitants": FR, "1,234,567 inhabitants": EN},
        {"le 9e rang": FR, "9th place": EN, "ninth place": EN, "neuvième rang": FR},
        {"19 octobre 2021": FR, "19 October 2021": EN, "October 19, 2021": EN},
        {"le 29 novembre": FR, "on 29 November": EN},
        {"du 17 au 18 octobre": FR, "17 to 18 October": EN},
        {"deux ans": FR, "24 months": EN},
    ],
)
def test_equal_values_have_one_key(texts: dict[str, Language]) -> None:
    assert len({read_one(text, language).key for text, language in texts.items()}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("10 M€", "10 M$"), ("10 MW", "10 MWh"), ("10 ans", "10 mois"), ("10 %", "10 sites")],
)
def test_other_units_have_other_keys(one: str, other: str) -> None:
    assert read_one(one).key != read_one(other).key


@pytest.mark.parametrize(
    ("text", "language", "first", "last"),
    [
        ("le 19 octobre 2021", FR, date(2021, 10, 19), date(2021, 10, 19)),
        ("in July 2022", EN, date(2022, 7, 1), date(2022, 7, 31)),
        ("pour 2023-2024", FR, date(2023, 1, 1), date(2024, 12, 31)),
        ("du 17 au 18 octobre 2022", FR, date(2022, 10, 17), date(2022, 10, 18)),
        ("founded in 1870", EN, date(1870, 1, 1), date(1870, 12, 31)),
        ("né le 3 mai 1815", FR, date(1815, 5, 3), date(1815, 5, 3)),
    ],
)
def test_date_has_its_days(text: str, language: Language, first: date, last: date) -> None:
    value = read_one(text, language)
    assert (value.kind, value.first, value.last) == (ValueKind.DATE, first, last)
    assert value.phrase_end == value.end == len(text)


def test_year_is_no_number_and_number_no_year() -> None:
    kinds = [value.kind for value in find_values("En 2021, 2000 salariés et 1870 emplois", FR)]
    assert kinds == [ValueKind.DATE, ValueKind.NUMBER, ValueKind.NUMBER]


@pytest.mark.parametrize(
    "text",
    [
        "MRS3, 2Africa, SeaMeWe-4 et 5G",
        "Selon France 3 Provence",
        "la version 1.2.3 du site",
        "une entreprise, des millions, un site",
        "au 19e siècle",
    ],
)
def test_codes_names_and_articles_are_no_values(text: str) -> None:
    assert find_values(text, FR) == ()


@pytest.mark.parametrize("text", ["hundreds of people", "millions of euros", "the one thing"])
def test_indefinite_amounts_are_no_values(text: str) -> None:
    assert find_values(text, EN) == ()


def test_tens_of_something_are_no_value() -> None:
    assert find_values("des dizaines de sites et des centaines d'autres", FR) == ()


def test_march_is_a_month_in_french_and_mars_a_planet_in_english() -> None:
    assert read_one("le 3 mars", FR).unit == "--03-03"
    assert all(value.kind is not ValueKind.DATE for value in find_values("on 3 Mars", EN))


def test_number_joined_to_another_shares_its_unit() -> None:
    five, ten = find_values("entre 5 et 10 millions d'euros", FR)
    assert (five.amount, five.unit, five.kind) == (5_000_000, "EUR", ValueKind.MONEY)
    assert ten.amount == 10_000_000
    (three, months) = find_values("from 3 to 24 months", EN)
    assert (three.amount, three.unit) == (3, "month")
    assert months.amount == 24


def test_number_apart_from_another_keeps_its_own() -> None:
    pairs, speed = find_values("4 paires, chacune à 25 Tbit/s", FR)
    assert (pairs.unit, speed.unit) == ("", "bit/s")
    alone, euros = find_values("Sur 12, on en paya 40 euros", FR)
    assert (alone.unit, euros.unit) == ("", "EUR")


def test_decimal_and_group_marks_are_those_of_the_language() -> None:
    assert read_one("1,234 people", EN).amount == 1234
    assert read_one("1,234 km", FR).amount == Decimal(1234)
    assert read_one("1.234 km", EN).amount == Decimal(1234)
    assert read_one("1.5 km", FR).amount == 1500
    assert read_one("1.234,5 tonnes", FR).amount == Decimal("1234.5") * 1_000_000
    assert read_one("1,234.5 tonnes", EN).amount == Decimal("1234.5") * 1_000_000


def test_values_come_in_order_and_apart() -> None:
    text = "Le 3 mai 2021, 72 pays et 12 M€, soit 40 % de plus qu'en 2019."
    assert list_written(text) == ["3 mai 2021", "72", "12 M€", "40 %", "2019"]


def test_currency_sign_belongs_to_one_number() -> None:
    assert list_written("12 $ 14", FR) == ["12 $"]


def test_empty_text_has_none() -> None:
    assert find_values("", FR) == ()


@given(
    st.text(alphabet=st.sampled_from("0123456789,. \u00a0-/%€$mMkdeunctoviglrsa²°'"), max_size=40),
    st.sampled_from(Language),
)
def test_any_text_is_read_within_its_bounds(text: str, language: Language) -> None:
    values = find_values(text, language)
    end = 0
    for value in values:
        assert end <= value.start < value.end <= value.phrase_end <= len(text)
        end = value.end
