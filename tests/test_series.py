"""Dated series: what is one thing, what is another, when it was so, and where sources differ."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from massilia.corpus.article import Article, Language, Source, SourceMark
from massilia.service.figures import Figure, read_figures
from massilia.service.question_dates import read_date_spans
from massilia.service.series import Series, Statement, are_same_thing, find_series, read_points

FR, EN = Language.FRENCH, Language.ENGLISH
TODAY = date(2026, 11, 24)
STAFF = "Combien de salariés chez Crosscall ?"


def state(
    text: str,
    language: Language = FR,
    *,
    article_id: str = "",
    translation_of: str | None = None,
    source: Source | None = None,
) -> Statement:
    """Make an article of a lead and one sentence, which a source may stand behind."""
    lead = "Ünë. "
    article = Article(
        id=article_id or text,
        language=language,
        title="Title",
        text=lead + text,
        origin="article.md",
        translation_of=translation_of,
        sources=(source,) if source else (),
        marks=(SourceMark(len(lead + text), source.id),) if source else (),
    )
    return Statement(article, len(lead), len(lead + text))


def find(question: str, *sentences: str | Statement, language: Language = FR) -> Series | None:
    statements = [each if isinstance(each, Statement) else state(each) for each in sentences]
    return find_series(question, language, (), statements)


def amounts(series: Series | None) -> list[int]:
    assert series is not None
    return [int(point.amount) for point in series.points]


def read_one(text: str, language: Language = FR) -> Figure:
    (figure,) = read_figures(text, language)
    return figure


def test_a_series_runs_from_the_oldest_with_places_in_the_articles() -> None:
    series = find(
        STAFF,
        "Crosscall employait 130 personnes en 2020, selon La Provence.",
        "En 2015, Crosscall comptait 50 salariés.",
    )
    assert series is not None
    assert series.disagreements == ()
    old, new = series.points
    text = new.statement.article.text
    assert (int(old.amount), int(new.amount)) == (50, 130)
    assert (new.first, new.last) == (date(2020, 1, 1), date(2020, 12, 31))
    assert text[new.start : new.end] == "130"
    assert text[new.date_start : new.date_end] == "2020"
    assert new.speaker is not None
    assert text[slice(*new.speaker)] == "La Provence"
    assert old.speaker is None


def test_languages_are_compared() -> None:
    english = state("Crosscall employed 130 people in 2020.", EN)
    assert amounts(find(STAFF, "En 2015, Crosscall comptait 50 salariés.", english)) == [50, 130]
    question = "How many employees did Crosscall have?"
    french = "En 2015, Crosscall comptait 50 salariés."
    assert amounts(find(question, french, english, language=EN)) == [50, 130]


@pytest.mark.parametrize(
    "other",
    [
        "Gojob comptait 130 salariés en 2020.",  # another subject
        "Crosscall a fourni 130 tablettes en 2020.",  # another thing
        "Crosscall comptait 130 salariés étrangers en 2020.",  # a part
        "Crosscall devait compter 130 salariés en 2020.",  # a forecast
        "Crosscall comptait 130 salariés.",  # no date
        "Crosscall comptait 130 salariés en 2020, 140 en 2021.",  # two told by one noun
        "En 2020, Crosscall a créé 130 emplois.",  # a change
        "Crosscall comptait en 2020, contre Gojob et ses 130 salariés.",  # beside the subject
        "En 2020, Crosscall comptait 130 salariés de moins dix ans plus tôt.",  # another date
        "Crosscall comptait 50 salariés en 2015.",  # the same again
    ],
)
def test_what_is_not_one_thing_makes_no_series(other: str) -> None:
    assert find(STAFF, "En 2015, Crosscall comptait 50 salariés.", other) is None


def test_places_tell_two_subjects_apart() -> None:
    question = "Combien de salariés chez Crosscall ?"
    first = "En 2015, Crosscall comptait 50 salariés à Aix."
    assert find(question, first, "Crosscall comptait 130 salariés à Paris en 2020.") is None
    assert amounts(find(question, first, "Crosscall comptait 130 salariés en 2020.")) == [50, 130]
    assert amounts(find(question, "Crosscall comptait 130 salariés en 2020.", first)) == [50, 130]
    assert amounts(find(question, first, "En 2020, Crosscall comptait 130 salariés à Aix.")) == [
        50,
        130,
    ]


def test_people_are_staff_only_if_employed() -> None:
    assert read_one("Crosscall a accueilli 130 personnes en 2020.").noun == "people"
    assert read_one("Crosscall employait 130 personnes en 2020.").noun == "staff"


def test_only_the_sources_of_the_sentence_stand_behind_it() -> None:
    one = state("MRS9 avait 17,5 MW en 2019.", source=Source("a", "A"))
    article = one.article
    marks = (SourceMark(one.start - 1, "b"), *article.marks, SourceMark(one.end + 1, "c"))
    (point,) = read_points(Statement(replace(article, marks=marks), one.start, one.end))
    assert point.source_ids == ("a",)


def test_an_amount_needs_an_attribute() -> None:
    question = "Quel est le chiffre d'affaires de Gojob ?"
    sales = "Le chiffre d'affaires de Gojob était de 100 millions d'euros en 2021."
    raised = "Gojob a levé 23 millions d'euros en 2022."
    later = "Gojob a réalisé 200 millions d'euros de chiffre d'affaires en 2024."
    assert find(question, sales, raised) is None
    assert amounts(find(question, raised, sales, later)) == [100_000_000, 200_000_000]


def test_money_for_nothing_in_particular_is_not_compared() -> None:
    points = [
        *read_points(state("Gojob avait 5 millions d'euros en 2021.")),
        *read_points(state("Gojob avait 9 millions d'euros en 2022.")),
    ]
    assert len(points) == 2
    assert not are_same_thing(*points)


def test_the_thing_belongs_to_a_figure_before_it() -> None:
    whole = "En 2022, Provalia comptait 2 000 emplois."
    part = "Les 55 projets étrangers de Provalia représentaient 900 emplois en 2024."
    assert find("Combien d'emplois pour Provalia ?", whole, part) is None


def test_a_translation_is_the_same_statement() -> None:
    french = state("Crosscall comptait 50 salariés en 2015.", article_id="a-fr")
    english = state(
        "Crosscall had 50 employees in 2015.", EN, article_id="a-en", translation_of="a-fr"
    )
    later = state("Crosscall comptait 130 salariés en 2020.")
    for order in ((french, english, later), (later, english, french)):
        series = find(STAFF, *order)
        assert amounts(series) == [50, 130]
        assert series is not None
        assert series.points[0].statement is french
    assert find(STAFF, french, english) is None


def test_sources_that_differ_are_named() -> None:
    one = state("MRS9 avait 17,5 MW en 2019.", source=Source("a", "A"))
    other = state("MRS9 offrait 20 MW en 2019.", source=Source("b", "B"))
    series = find("Quelle est la puissance de MRS9 ?", one, other)
    assert series is not None
    ((first, second),) = series.disagreements
    assert {first.amount, second.amount} == {Decimal(17_500_000), Decimal(20_000_000)}
    assert (first.source_ids, second.source_ids) in ((("a",), ("b",)), (("b",), ("a",)))


def test_one_source_does_not_disagree_with_itself() -> None:
    source = Source("a", "A")
    one = state("MRS9 avait 17,5 MW en 2019.", source=source)
    other = state("MRS9 offrait 20 MW en 2019.", source=source)
    assert find("Quelle est la puissance de MRS9 ?", one, other) is None


def test_a_day_within_a_year_is_of_that_year() -> None:
    one = "MRS9 avait 17,5 MW en 2019."
    other = "MRS9 offrait 20 MW en mars 2019."
    series = find("Quelle est la puissance de MRS9 ?", one, other)
    assert series is not None
    assert len(series.disagreements) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("environ 130", "124"),
        ("124", "environ 130"),
        ("près de 80 000", "73 000"),
        ("plus de 130", "140"),
        ("130", "127"),  # rounded up
        ("120", "124"),  # and down
        ("de 72 à 80", "75"),
        ("une centaine de", "104"),
    ],
)
def test_roundings_agree(one: str, other: str) -> None:
    sentences = [f"Crosscall comptait {each} salariés en 2020." for each in (one, other)]
    assert find(STAFF, *sentences) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("environ 130", "110"),
        ("près de 80 000", "90 000"),
        ("plus de 130", "120"),
        ("130", "118"),
        ("120", "127"),
        ("de 72 à 80", "85"),
    ],
)
def test_other_values_differ(one: str, other: str) -> None:
    sentences = [f"Crosscall comptait {each} salariés en 2020." for each in (one, other)]
    series = find(STAFF, *sentences)
    assert series is not None
    assert len(series.disagreements) == 1


def test_about_a_date_nothing_disagrees() -> None:
    one = "MRS9 avait 17,5 MW en 2019."
    question = "Quelle est la puissance de MRS9 ?"
    assert find(question, one, "Vers 2019, MRS9 offrait 20 MW.") is None
    assert find(question, "Vers 2019, MRS9 offrait 20 MW.", one) is None


def test_a_sentence_does_not_disagree_with_itself() -> None:
    twice = "En 2019, MRS9 avait 17,5 MW, MRS9 offrait 20 MW."
    assert find("Quelle est la puissance de MRS9 ?", twice) is None
    changed = "MRS9 avait 17,5 MW en 2019, MRS9 offrait 20 MW en 2020."
    assert find("Quelle est la puissance de MRS9 ?", changed) is None


def test_a_number_may_belong_to_a_name() -> None:
    question = "Combien de salariés à Euromed ?"
    one, other = (f"En 201{n}, Euromed {n} comptait {n}0 salariés." for n in (3, 4))
    assert read_one(one).names == {"euromed", "3"}
    assert find(question, one, other) is None
    assert amounts(find(question, one, "En 2020, Euromed 3 comptait 80 salariés.")) == [30, 80]


def test_surfaces_alone_make_no_disagreement() -> None:
    one, other = "MRS9 couvrait 7 000 m² en 2019.", "MRS9 occupait 12 000 m² en 2019."
    assert find("Quelle est la surface de MRS9 ?", one, other) is None


def test_a_publisher_speaks_and_is_no_subject() -> None:
    def count(name: str, number: int, year: int) -> Statement:
        text = f"{name} voyait {number} câbles à Marseille en {year}."
        return state(text, article_id="cables", source=Source(name, name, publisher=name))

    one, other = count("Data Mag", 13, 2018), count("Sud Hebdo", 16, 2022)
    series = find("Combien de câbles à Marseille ?", one, other)
    assert amounts(series) == [13, 16]
    assert series is not None
    speakers = [
        point.statement.article.text[slice(*point.speaker)]
        for point in series.points
        if point.speaker
    ]
    assert speakers == ["Data Mag", "Sud Hebdo"]


def test_without_a_name_two_articles_are_not_compared() -> None:
    one = state("La presse recensait 13 câbles à Marseille en 2018.", article_id="a")
    other = state("La presse recensait 16 câbles à Marseille en 2022.", article_id="b")
    question = "Combien de câbles à Marseille ?"
    assert find(question, one, other) is None
    same = state("La presse recensait 16 câbles à Marseille en 2022.", article_id="a")
    assert amounts(find(question, one, same)) == [13, 16]


@pytest.mark.parametrize(
    ("question", "found"),
    [
        (STAFF, True),
        ("crosscall nombre salariés", True),
        ("Combien d'employés chez Crosscall ?", True),
        ("Combien de salariés chez Gojob ?", False),
        ("Combien de clients chez Crosscall ?", False),
        ("Où sont les salariés de Crosscall ?", False),
        ("Crosscall ?", False),
        ("", False),
    ],
)
def test_only_what_is_asked_is_found(question: str, found: bool) -> None:
    sentences = (
        "En 2015, Crosscall comptait 50 salariés.",
        "Crosscall comptait 130 salariés en 2020.",
    )
    assert (find(question, *sentences) is not None) == found


def test_figures_outside_the_dates_of_the_question_are_left_out() -> None:
    question = "Combien de salariés Crosscall avait-il entre 2014 et 2018 ?"
    statements = [
        state(f"Crosscall comptait {number} salariés en {year}.")
        for number, year in ((50, 2015), (70, 2017), (130, 2020))
    ]
    dates = read_date_spans(question, FR, TODAY)
    assert amounts(find_series(question, FR, dates, statements)) == [50, 70]
    assert find_series(question, FR, dates, statements[1:]) is None


def test_ranks_are_compared_and_other_ordinals_are_not() -> None:
    question = "À quelle place mondiale est Nantes ?"
    first = "En 2018, Nantes était à la 9e place mondiale."
    assert amounts(find(question, first, "En 2022, Nantes était à la 7e place.")) == [9, 7]
    assert find(question, first, "En 2022, Nantes a reçu son 16e câble.") is None
    assert find(question, first, "En 2022, Nantes est passée de la 9e à la 7e place.") is None


def test_a_figure_takes_the_date_of_its_clause() -> None:
    figure = read_one("Medinsoft, dans un récit paru en 2023, voyait en 2006 15 000 emplois.")
    assert (int(figure.amount), figure.first.year) == (15_000, 2006)
    assert not read_figures("L'étude de 2018 voyait 300 emplois en 2014 chez Gojob.", FR)
    assert not read_figures("En mars 2020, Theodora avait 300 emplois pour 2023.", FR)


def test_ranges_are_one_figure_and_one_date() -> None:
    figure = read_one("De 2013 à 2015, Amu comptait de 72 000 à 73 000 étudiants.")
    assert (int(figure.low), int(figure.high)) == (72_000, 73_000)
    assert (figure.first, figure.last) == (date(2013, 1, 1), date(2015, 12, 31))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "En 2020",
        "130 salariés",
        "En 2020, une entreprise de Crosscall.",
        "En 2020, Crosscall comptait 130.",
        "En 2020, Crosscall prévoyait 130 salariés.",
        "En 2020, Crosscall avait 130 salariés prévus.",
        "En 2020, Crosscall comptait des sites, dont 130 salariés.",
        "2020 " * 2000,
        "130 salariés en 2020, " * 500,
    ],
)
def test_no_figure_is_made_up(text: str) -> None:
    if len(text) < 1000:
        assert read_figures(text, FR) == ()
    else:
        assert all(figure.noun == "staff" for figure in read_figures(text, FR))


def test_a_forecast_leaves_what_stands_beside_it() -> None:
    figure = read_one("En 2025, Enedis offrait 80 MW et 160 MW étaient prévus.")
    assert figure.amount == 80_000_000


@pytest.mark.parametrize(
    ("text", "language", "speaker"),
    [
        ("Crosscall comptait 130 salariés en 2020, selon Made in Aix.", FR, "Made in Aix"),
        ("D'après Gomet, Crosscall comptait 130 salariés en 2020.", FR, "Gomet"),
        ("Crosscall comptait 130 salariés en 2020, indiquait Gomet.", FR, "Gomet"),
        ("Paul Ba, de Medinsoft, attribuait à Crosscall 130 salariés en 2020.", FR,
         "Paul Ba, de Medinsoft"),
        ("Crosscall had 130 employees in 2020, says Gomet.", EN, "Gomet"),
        ("Gomet Nord, du coup, attribuait à Crosscall 130 salariés en 2020.", FR, "Gomet Nord"),
        ("In 2020 Gomet credited Crosscall with 130 employees.", EN, "Gomet"),
        ("Après Gomet, Crosscall comptait 130 salariés en 2020.", FR, None),
    ],
)  # fmt: skip
def test_who_says_so(text: str, language: Language, speaker: str | None) -> None:
    figure = read_one(text, language)
    assert (text[slice(*figure.speaker)] if figure.speaker else None) == speaker
    assert "crosscall" in figure.names
    if speaker:
        assert figure.names == {"crosscall"}


def test_a_claim_of_its_own_is_about_the_claimant() -> None:
    assert read_one("Pour 2022, Provalia a annoncé 77 projets.").names == {"provalia"}


def test_figures_are_read_in_the_language_of_their_passage() -> None:
    stated = state("In 2015, Crosscall had 50 employees.", language=EN)
    article = replace(stated.article, language=FR)
    quoted = replace(stated, article=article, passage_language=EN)
    assert [each.figure for each in read_points(quoted)] == [
        each.figure for each in read_points(stated)
    ]
    in_french = replace(stated, article=article)
    assert (quoted.language, in_french.language) == (EN, FR)
    assert [each.figure for each in read_points(in_french)] != [
        each.figure for each in read_points(stated)
    ]
