import tomllib
from dataclasses import replace
from datetime import date
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massilia.corpus.article import Language
from massilia.index.filter import Filter
from massilia.service.question_dates import (
    DateSpan,
    DateUse,
    mentions_date_within,
    narrow_filter,
    read_date_spans,
)
from massilia.service.written_dates import fold, read_written_dates

TODAY = date(2026, 11, 24)  # a Tuesday
FR, EN = Language.FRENCH, Language.ENGLISH


def read_one(question: str, language: Language = FR, today: date = TODAY) -> DateSpan:
    (span,) = read_date_spans(question, language, today)
    assert question[span.text_start : span.text_end] == span.text
    return span


def describe(question: str, language: Language = FR) -> list[tuple[str, str]]:
    """Give each span's words and its days, `start..end` with nothing where it is open."""
    return [
        (span.text, f"{span.start or ''}..{span.end or ''}")
        for span in read_date_spans(question, language, TODAY)
    ]


@pytest.mark.parametrize(
    ("question", "text", "days"),
    [
        ("Combien de câbles en 2016 ?", "en 2016", "2016-01-01..2016-12-31"),
        ("How many cables back in 2016?", "back in 2016", "2016-01-01..2016-12-31"),
        ("MRS3 budget 2020", "2020", "2020-01-01..2020-12-31"),
        ("et l'année 2007 ?", "2007", "2007-01-01..2007-12-31"),
        ("En l’année 2007 ?", "En l’année 2007", "2007-01-01..2007-12-31"),
        ("in the year 2007?", "in the year 2007", "2007-01-01..2007-12-31"),
        ("PISA's (2009) figures", "2009", "2009-01-01..2009-12-31"),
        ("2021's cables", "2021", "2021-01-01..2021-12-31"),
        ("le 12 juin 2023", "le 12 juin 2023", "2023-06-12..2023-06-12"),
        ("le 1er avril 2018", "le 1er avril 2018", "2018-04-01..2018-04-01"),
        ("on 12 June 2016", "on 12 June 2016", "2016-06-12..2016-06-12"),
        ("1st June 2021", "1st June 2021", "2021-06-01..2021-06-01"),
        ("June 2nd, 2021", "June 2nd, 2021", "2021-06-02..2021-06-02"),
        ("on the 3rd of May 2016", "3rd of May 2016", "2016-05-03..2016-05-03"),
        ("June 12th, 2016", "June 12th, 2016", "2016-06-12..2016-06-12"),
        ("le 12/06/2023", "le 12/06/2023", "2023-06-12..2023-06-12"),
        ("le 05/12/2023", "le 05/12/2023", "2023-12-05..2023-12-05"),
        ("2012-12", "2012-12", "2012-12-01..2012-12-31"),
        ("le 12.06.2023", "le 12.06.2023", "2023-06-12..2023-06-12"),
        ("12/31/2020", "12/31/2020", "2020-12-31..2020-12-31"),
        ("2021-06-12", "2021-06-12", "2021-06-12..2021-06-12"),
        ("le 31 juin 2021", "le 31 juin 2021", "2021-06-01..2021-06-30"),
        ("in June 2021", "in June 2021", "2021-06-01..2021-06-30"),
        ("in February of 2024", "in February of 2024", "2024-02-01..2024-02-29"),
        ("EN DÉCEMBRE 2020", "EN DÉCEMBRE 2020", "2020-12-01..2020-12-31"),
        ("Sept. 2021", "Sept. 2021", "2021-09-01..2021-09-30"),
        ("06/2021", "06/2021", "2021-06-01..2021-06-30"),
        ("2021-06", "2021-06", "2021-06-01..2021-06-30"),
        ("automne 2022", "automne 2022", "2022-09-01..2022-12-21"),
        ("in the spring of 2022", "spring of 2022", "2022-03-01..2022-06-21"),
        ("à l'été 2021", "à l'été 2021", "2021-06-01..2021-09-23"),
        ("au printemps 2022", "au printemps 2022", "2022-03-01..2022-06-21"),
        ("summer 2021", "summer 2021", "2021-06-01..2021-09-23"),
        ("in autumn 2021", "in autumn 2021", "2021-09-01..2021-12-21"),
        ("winter 2021", "winter 2021", "2021-01-01..2021-12-31"),
        ("hiver 2021", "hiver 2021", "2021-01-01..2021-12-31"),
        ("Q1 2022", "Q1 2022", "2022-01-01..2022-03-31"),
        ("T4 2022", "T4 2022", "2022-10-01..2022-12-31"),
        ("S2 2022", "S2 2022", "2022-07-01..2022-12-31"),
        ("H1 2022", "H1 2022", "2022-01-01..2022-06-30"),
        ("1er trimestre 2022", "1er trimestre 2022", "2022-01-01..2022-03-31"),
        ("third quarter of 2022", "third quarter of 2022", "2022-07-01..2022-09-30"),
        ("dernier trimestre de 2022", "dernier trimestre de 2022", "2022-10-01..2022-12-31"),
        ("the first half of 2021", "first half of 2021", "2021-01-01..2021-06-30"),
        ("1ère moitié de 2021", "1ère moitié de 2021", "2021-01-01..2021-06-30"),
        ("au deuxième semestre 2021", "au deuxième semestre 2021", "2021-07-01..2021-12-31"),
        ("troisième semestre 2021", "troisième semestre 2021", "2021-01-01..2021-12-31"),
        ("fin 2019", "fin 2019", "2019-09-01..2019-12-31"),
        ("à la fin de l'année 2019", "à la fin de l'année 2019", "2019-09-01..2019-12-31"),
        ("in early 2020", "in early 2020", "2020-01-01..2020-04-30"),
        ("mid-2021", "mid-2021", "2021-04-01..2021-09-30"),
        ("fin février 2021", "fin février 2021", "2021-02-20..2021-02-28"),
        ("mi-juin 2021", "mi-juin 2021", "2021-06-10..2021-06-21"),
        ("dans les années 2010", "dans les années 2010", "2010-01-01..2019-12-31"),
        ("in the early 2000s", "early 2000s", "2000-01-01..2004-12-31"),
        (
            "au milieu de la décennie 2010",
            "au milieu de la décennie 2010",
            "2013-01-01..2017-12-31",
        ),
        ("the late 2010s", "late 2010s", "2015-01-01..2019-12-31"),
        ("dans les années 90", "dans les années 90", "1990-01-01..1999-12-31"),
        ("the first half of the 2010s", "first half of the 2010s", "2010-01-01..2014-12-31"),
        ("second half of the 2010s", "second half of the 2010s", "2015-01-01..2019-12-31"),
        ("in the '90s", "90s", "1990-01-01..1999-12-31"),
        ("dans les années 2016", "dans les années 2016", "2016-01-01..2016-12-31"),
        ("au XXIe siècle", "au XXIe siècle", "2001-01-01..2100-12-31"),
        ("in the 21st century", "21st century", "2001-01-01..2100-12-31"),
        ("en 2021-2022", "en 2021-2022", "2021-01-01..2022-12-31"),
        ("2021-22", "2021-22", "2021-01-01..2022-12-31"),
        ("2015/16", "2015/16", "2015-01-01..2016-12-31"),
        ("2020–2024", "2020–2024", "2020-01-01..2024-12-31"),
    ],
)
def test_a_date_is_read_with_its_words(question: str, text: str, days: str) -> None:
    assert describe(question) == [(text, days)]


@pytest.mark.parametrize(
    ("question", "text", "days"),
    [
        ("avant 2020", "avant 2020", "..2019-12-31"),
        ("before June 2020", "before June 2020", "..2020-05-31"),
        ("après 2020", "après 2020", "2021-01-01.."),
        ("the post-2020 years", "post-2020", "2021-01-01.."),
        ("beyond 2030", "beyond 2030", "2031-01-01.."),
        ("depuis 2014", "depuis 2014", "2014-01-01.."),
        ("since the year 2014", "since the year 2014", "2014-01-01.."),
        ("à partir de 2014", "à partir de 2014", "2014-01-01.."),
        ("pas avant 2027", "pas avant 2027", "2027-01-01.."),
        ("from 2014 onwards", "from 2014 onwards", "2014-01-01.."),
        ("from 2014 on?", "from 2014 on", "2014-01-01.."),
        ("jusqu'en 2030", "jusqu'en 2030", "..2030-12-31"),
        ("until 2030", "until 2030", "..2030-12-31"),
        ("pendant l'année 2021", "pendant l'année 2021", "2021-01-01..2021-12-31"),
        ("entre 2015 et 2018", "entre 2015 et 2018", "2015-01-01..2018-12-31"),
        ("between 2015 and June 2018", "between 2015 and June 2018", "2015-01-01..2018-06-30"),
        ("de 2015 à 2018", "de 2015 à 2018", "2015-01-01..2018-12-31"),
        ("from 2015 to 2018", "from 2015 to 2018", "2015-01-01..2018-12-31"),
        ("2015 to 2018", "2015 to 2018", "2015-01-01..2018-12-31"),
        ("juin 2015 - mai 2016", "juin 2015 - mai 2016", "2015-06-01..2016-05-31"),
        ("from May to June 2021", "from May to June 2021", "2021-05-01..2021-06-30"),
        ("entre juin et août 2021", "entre juin et août 2021", "2021-06-01..2021-08-31"),
        ("du 6 octobre au 7 mai 2025", "au 7 mai 2025", "2025-05-07..2025-05-07"),
        ("du 6 mai au 7 juin 2025", "du 6 mai au 7 juin 2025", "2025-05-06..2025-06-07"),
        ("du 6 au 7 juin 2025", "du 6 au 7 juin 2025", "2025-06-06..2025-06-07"),
        ("du 31 au 2 février 2025", "du 31 au 2 février 2025", "2025-02-01..2025-02-02"),
        (
            "between the mid-2010s and the early 2020s",
            "between the mid-2010s and the early 2020s",
            "2013-01-01..2024-12-31",
        ),
    ],
)
def test_words_around_a_date_bound_it(question: str, text: str, days: str) -> None:
    assert describe(question) == [(text, days)]


@pytest.mark.parametrize(
    ("question", "text", "days"),
    [
        ("cette année ?", "cette année", "2026-01-01..2026-12-31"),
        ("this month", "this month", "2026-11-01..2026-11-30"),
        ("l'an dernier", "l'an dernier", "2025-01-01..2025-12-31"),
        ("l’année passée", "l’année passée", "2025-01-01..2025-12-31"),
        ("How many jobs last year?", "last year", "2025-01-01..2025-12-31"),
        ("le mois dernier", "le mois dernier", "2026-10-01..2026-10-31"),
        ("last week", "last week", "2026-11-16..2026-11-22"),
        ("l'année prochaine", "l'année prochaine", "2027-01-01..2027-12-31"),
        ("next month", "next month", "2026-12-01..2026-12-31"),
        ("hier", "hier", "2026-11-23..2026-11-23"),
        ("il y a deux ans", "il y a deux ans", "2024-01-01..2024-12-31"),
        ("il y a environ 12 mois", "il y a environ 12 mois", "2025-11-01..2025-11-30"),
        ("a year ago", "a year ago", "2025-01-01..2025-12-31"),
        ("three days ago", "three days ago", "2026-11-21..2026-11-21"),
        ("depuis deux ans", "depuis deux ans", "2024-01-01..2026-11-24"),
        ("ces cinq dernières années", "ces cinq dernières années", "2021-01-01..2026-11-24"),
        ("over the last 3 months", "over the last 3 months", "2026-08-01..2026-11-24"),
        ("in the past decade", "in the past decade", "2016-01-01..2026-11-24"),
        ("la dernière décennie", "la dernière décennie", "2016-01-01..2026-11-24"),
        ("en juin dernier", "en juin dernier", "2026-06-01..2026-06-30"),
        ("last December", "last December", "2025-12-01..2025-12-31"),
        ("last November", "last November", "2025-11-01..2025-11-30"),
        ("l'été dernier", "l'été dernier", "2026-06-01..2026-09-23"),
        ("since last year", "since last year", "2025-01-01.."),
        ("avant l'année dernière", "avant l'année dernière", "..2024-12-31"),
    ],
)
def test_a_relative_date_is_counted_from_today(question: str, text: str, days: str) -> None:
    assert describe(question) == [(text, days)]


def test_another_today_moves_the_relative_dates() -> None:
    span = read_one("il y a un mois", today=date(2024, 1, 31))
    assert (span.start, span.end) == (date(2023, 12, 1), date(2023, 12, 31))
    assert read_one("last June", today=date(2024, 6, 30)).start == date(2023, 6, 1)
    assert read_one("last June", today=date(2024, 7, 1)).start == date(2024, 6, 1)


def test_a_relative_date_beyond_the_years_is_not_read() -> None:
    assert read_date_spans("next year", EN, date(2100, 1, 1)) == ()
    assert read_date_spans("next month", EN, date(2100, 12, 1)) == ()
    assert read_date_spans("last year", EN, date(1900, 1, 1)) == ()
    assert read_one("last year", EN, date(1901, 1, 1)).start == date(1900, 1, 1)
    assert read_one("next month", EN, date(2100, 11, 1)).end == date(2100, 12, 31)


@pytest.mark.parametrize("language", list(Language))
def test_every_month_is_known_by_its_names_in_both_languages(language: Language) -> None:
    names = """
        janvier janv. january jan|février févr. february feb|mars march mar|avril avr. april apr|
        mai may|juin june jun|juillet juil. july jul|août aout august aug|
        septembre sept. september sep|octobre oct. october oct|novembre nov. november nov|
        décembre déc. december dec
    """
    for month, of_month in enumerate(names.split("|"), start=1):
        for name in of_month.split():
            if name != "mars":
                assert read_one(f"in {name} 2021", language).start == date(2021, month, 1), name


@pytest.mark.parametrize(
    "question",
    [
        "Combien de câbles ?",
        "2 016 salariés, 2000 emplois, 2016 salariés et 2000 nouvelles entreprises",
        "the 2000 jobs, 1,999 people, 2016 employees, 1990 companies",
        "plus de 2000 à Marseille, more than 2016",
        "1871 km, 2000 km, 2000 m2, 1950 MW, 2000 Gbps, 2019€, €2019, 2000 €, 2000%",
        "2016s, 2Africa, MRS3, 5G, CVE-2021-44228, RX2000, 2000x, 20162, n° 2016, v2.2016",
        "1871, 1600, 2101, 3000",
        "cette année-là, ces années-là, its last year, the last year of the fund",
        "Depuis quelle année, en quelle année, in what year, the year after, four years later",
        "il y a 500 ans, 900 years ago, il y a environ 2100 ans, y a-t-il deux ans",
        "en juin, on 12 June, le 12 juin, in May",
        "13/2016 et 2016-13 et 00/2016",
        "la Belle de Mai, le dernier tour, du 6 au 7",
        "Qui a obtenu le label French Tech ? Qui gère les JO et le Covid ?",
        "Aujourd'hui en France, USA Today, now Digital Realty",
    ],
)
@pytest.mark.parametrize("language", list(Language))
def test_what_is_no_date_is_left_alone(question: str, language: Language) -> None:
    assert read_date_spans(question, language, TODAY) == ()


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("the 2016 employees", "2016"),
        ("the 2017 layoffs at Gemalto", "2017"),
        ("en 2016 salariés et patrons", "en 2016"),
        ("a 2016 project", "2016"),
        ("Marseille 2030", "2030"),
        ("Belle de Mai in 2016", "in 2016"),
        ("la Belle de Mai 2016", "2016"),
        ("la Belle de Mai en mai 2016", "en mai 2016"),
    ],
)
def test_a_year_is_told_from_a_count_and_a_district(question: str, text: str) -> None:
    assert read_one(question).text == text


def test_march_is_a_month_in_french_and_a_planet_in_english() -> None:
    assert describe("mars 2020", FR) == [("mars 2020", "2020-03-01..2020-03-31")]
    assert describe("mars 2020", EN) == [("2020", "2020-01-01..2020-12-31")]
    assert describe("march 2020", FR) == [("march 2020", "2020-03-01..2020-03-31")]


def test_several_dates_come_in_the_order_of_the_question() -> None:
    question = "Récemment, en 2016 et en 2020, et depuis le label French Tech ?"
    assert describe(question) == [
        ("Récemment", "..2026-11-24"),
        ("en 2016", "2016-01-01..2016-12-31"),
        ("en 2020", "2020-01-01..2020-12-31"),
        ("depuis le label French Tech", "2014-11-12.."),
    ]
    assert describe("in 2016 and 2020", EN) == [
        ("in 2016", "2016-01-01..2016-12-31"),
        ("2020", "2020-01-01..2020-12-31"),
    ]
    assert [text for text, _ in describe("de 2018 à 2015")] == ["2018", "2015"]


@pytest.mark.parametrize(
    ("question", "text", "days"),
    [
        ("depuis le label French Tech, quoi ?", "depuis le label French Tech", "2014-11-12.."),
        ("since the French Tech label", "since the French Tech label", "2014-11-12.."),
        ("après l'ouverture de thecamp", "après l'ouverture de thecamp", "2018-01-01.."),
        ("before the Olympics", "before the Olympics", "..2024-07-25"),
        ("avant les JO", "avant les JO", "..2024-07-25"),
        ("pendant la pandémie", "pendant la pandémie", "2020-03-11..2023-05-05"),
        ("during the Covid-19 pandemic", "during the Covid-19 pandemic", "2020-03-11..2023-05-05"),
        (
            "between the pandemic and the Olympics",
            "between the pandemic and the Olympics",
            "2020-03-11..2024-08-11",
        ),
        ("entre la pandémie et les JO", "entre la pandémie et les JO", "2020-03-11..2024-08-11"),
    ],
)
def test_an_event_is_a_date_after_a_word_of_time(question: str, text: str, days: str) -> None:
    assert describe(question) == [(text, days)]


def test_an_event_that_is_no_date_leaves_the_year_in_its_name() -> None:
    assert describe("Qui a financé Marseille-Provence 2013 ?") == [
        ("2013", "2013-01-01..2013-12-31")
    ]
    assert describe("after the 2024 Olympics") == [("after the 2024 Olympics", "2024-08-12..")]


def test_every_event_is_found_by_each_of_its_names_and_by_no_other() -> None:
    data = files("massilia.service").joinpath("events.toml").read_text(encoding="utf-8")
    events = tomllib.loads(data)["event"]
    names = [fold(name) for event in events for name in event["names"]]
    assert len(names) == len(set(names)) > 50
    for event in events:
        assert event["start"] <= event["end"] < TODAY
        for name in event["names"]:
            span = read_one(f"Quoi pendant {name.upper()} ?")
            assert (span.start, span.end) == (event["start"], event["end"]), name
            assert span.text == f"pendant {name.upper()}"


@pytest.mark.parametrize(
    "question",
    [
        "récemment ?",
        "Et aujourd’hui ?",
        "Qui est l'actuel président ?",
        "aux dernières nouvelles",
        "What is the latest cable?",
        "Who is the current chair?",
        "Where does Marseille rank now?",
        "today",
    ],
)
def test_the_present_puts_the_newest_first(question: str) -> None:
    span = read_one(question)
    assert span.use is DateUse.NEWEST
    assert (span.start, span.end) == (None, TODAY)


def test_the_present_inside_another_date_is_no_second_one() -> None:
    assert describe("ces derniers mois, ces 3 derniers mois") == [
        ("ces derniers mois", "..2026-11-24"),
        ("ces 3 derniers mois", "2026-08-01..2026-11-24"),
    ]


@pytest.mark.parametrize(
    "question",
    [
        "les articles publiés en 2016 sur thecamp",
        "l'article de juin 2016",
        "cables, in articles published before 2020",
        "published before 2020",
        "only published in 2020",
        "selon la presse de 2018",
        "selon la presse locale en 2018",
        "dans les journaux depuis 2018",
        "press coverage from 2019",
        "What did the papers say in 2021?",
        "What did the press say between 2019 and 2021?",
        "Que disait la presse en 2021 du port ?",
        "En 2021, que disait la presse ?",
        "In 2021, what did the papers say?",
        "Qu'a-t-on écrit en 2016 sur la French Tech ?",
        "What was written in 2016 about thecamp?",
        "What does the 2016 article say?",
        "2019 press coverage of the cables",
        "articles publiés l'an dernier",
        "press articles since the pandemic",
    ],
)
def test_what_was_published_is_filtered(question: str) -> None:
    assert read_one(question).use is DateUse.FILTER


def test_a_list_of_dates_has_one_use() -> None:
    for question in ("articles de 2014, 2016 et de 2017", "press coverage from 2014, 2016 or 2017"):
        spans = read_date_spans(question, FR, TODAY)
        assert [(span.text, span.use) for span in spans] == [
            ("2014", DateUse.FILTER),
            ("2016", DateUse.FILTER),
            ("2017", DateUse.FILTER),
        ]
    spans = read_date_spans("les articles de 2016 sur la panne de 2022", FR, TODAY)
    assert [span.use for span in spans] == [DateUse.FILTER, DateUse.PREFERENCE]


@pytest.mark.parametrize(
    "question",
    [
        "Combien de câbles en 2016 ?",
        "What did the press say about the outage in 2022?",
        "Que disait la presse de la panne de 2022 ?",
        "Combien d'articles publiés en 2020 par l'université ?",
        "How many scientific articles published in 2020?",
        "nombre d'articles parus en 2020",
        "la conférence de presse de 2021",
        "le groupe de presse en 2021",
        "the study published in 2019",
        "l'étude parue en 2019",
        "le rapport de 2019",
        "the 2026 announcements",
        "Le Pôle Média en 2016",
        "fibre coverage in 2020",
        "2020 coverage of the 5G network",
        "the white papers of 2020",
        "Combien de brevets ont été publiés en 2020 ?",
        "ce que Medinsoft disait en 2014",
    ],
)
def test_what_happened_is_only_preferred(question: str) -> None:
    assert read_one(question).use is DateUse.PREFERENCE


@pytest.mark.parametrize(
    ("text", "mentioned"),
    [
        ("thecamp a ouvert en 2021.", True),
        ("Opened in June 2021.", True),
        ("le 30 juin 2021", True),
        ("in May 2021", False),
        ("le 1er juillet 2021", False),
        ("mi-2021", True),
        ("fin 2021", False),
        ("en 2020-2022", True),
        ("dans les années 2020", True),
        ("dans les années 2010", False),
        ("2021 salariés", False),
        ("le câble 2021x", False),
        ("en 2020, puis en 2022", False),
        ("mars 2021", False),
        ("", False),
    ],
)
def test_a_passage_mentions_a_date_that_shares_a_day_with_the_span(
    text: str, mentioned: bool
) -> None:
    assert mentions_date_within(text, read_one("en juin 2021")) is mentioned


def test_an_open_span_is_met_on_its_closed_side_only() -> None:
    since, before = read_one("depuis 2020"), read_one("avant 2020")
    assert mentions_date_within("in 2100", since)
    assert mentions_date_within("in 2020", since)
    assert not mentions_date_within("in 2019", since)
    assert mentions_date_within("in 1900", before)
    assert mentions_date_within("in 2019", before)
    assert not mentions_date_within("in 2020", before)
    assert mentions_date_within("1943", read_one("récemment"))
    assert not mentions_date_within("2030", read_one("récemment"))


def test_where_a_date_stands_is_told_in_code_points() -> None:
    text = "\N{OCTOPUS} L’été\u00a02021, à Œuf (ﬁn 2019)"
    assert [text[found.start : found.end] for found in read_written_dates(text, FR)] == [
        "été\u00a02021",
        "2019",
    ]


VOCABULARY = """
    2016 2000 1900 2100 2020-21 entre et between and de à from to le 12 31 juin June fin
    mid- années dernier last year an il y a deux ago depuis avant jusqu'en the label French Tech
    JO pandemic presse articles published récemment s % , . 0 99 2 mars 13/ / - ’ É œ
"""
WORDS = st.sampled_from(VOCABULARY.split())


@given(st.lists(WORDS | st.text(max_size=3), max_size=24).map(" ".join), st.sampled_from(Language))
def test_any_words_give_ordered_spans_that_are_in_the_question(
    question: str, language: Language
) -> None:
    end = 0
    for span in read_date_spans(question, language, TODAY):
        assert end <= span.text_start < span.text_end
        assert question[span.text_start : span.text_end] == span.text
        assert span.start is None or span.end is None or span.start <= span.end
        assert span.start or span.end
        end = span.text_end


@given(st.text())
def test_folding_keeps_every_character_in_its_place(text: str) -> None:
    assert len(fold(text)) == len(text)


def make_span(start: date | None, end: date | None, use: DateUse = DateUse.FILTER) -> DateSpan:
    return DateSpan(start, end, "", 0, 0, use)


IN_2016 = make_span(date(2016, 1, 1), date(2016, 12, 31))
IN_2018 = make_span(date(2018, 1, 1), date(2018, 12, 31))
SINCE_2020 = make_span(date(2020, 1, 1), None)
BEFORE_2017 = make_span(None, date(2016, 12, 31))


@pytest.mark.parametrize(
    ("dates", "asked", "expected"),
    [
        ((), (None, None), (None, None)),
        ((make_span(date(2016, 1, 1), None, DateUse.PREFERENCE),), (None, None), (None, None)),
        ((IN_2016,), (None, None), (date(2016, 1, 1), date(2016, 12, 31))),
        ((IN_2018, IN_2016), (None, None), (date(2016, 1, 1), date(2018, 12, 31))),
        ((IN_2016, SINCE_2020), (None, None), (date(2016, 1, 1), None)),
        ((IN_2018, BEFORE_2017), (None, None), (None, date(2018, 12, 31))),
        ((IN_2016,), (date(2016, 5, 1), date(2017, 1, 1)), (date(2016, 5, 1), date(2016, 12, 31))),
        ((SINCE_2020,), (date(2016, 5, 1), date(2021, 1, 1)), (date(2020, 1, 1), date(2021, 1, 1))),
    ],
)
def test_dates_that_are_filters_narrow_what_is_searched(
    dates: tuple[DateSpan, ...],
    asked: tuple[date | None, date | None],
    expected: tuple[date | None, date | None],
) -> None:
    within = Filter(kinds=frozenset(["news"]), published_from=asked[0], published_to=asked[1])
    narrowed = narrow_filter(within, dates)
    assert narrowed == replace(within, published_from=expected[0], published_to=expected[1])


def test_dates_that_leave_no_day_are_no_filter() -> None:
    assert narrow_filter(Filter(published_from=date(2017, 1, 1)), (IN_2016,)) is None
    assert narrow_filter(Filter(published_to=date(2016, 1, 1)), (IN_2016,)) is not None
