from datetime import date

import pytest

from massilia.corpus.article import Certainty, Language
from massilia.ingest.datelines import (
    BARE_WITHIN,
    LABELLED_WITHIN,
    DateKind,
    Datelines,
    find_dates,
    read_dateline,
)
from massilia.ingest.extraction import Found

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH
TODAY = date(2026, 1, 1)
STATED, LIKELY, INFERRED = Certainty.STATED, Certainty.LIKELY, Certainty.INFERRED
PROSE = "Le port de la ville a vendu ses vieilles grues à un voisin qui n'en avait pas encore. "


def find(
    text: str, language: Language = FRENCH, hint: date | None = None, today: date = TODAY
) -> Datelines:
    return find_dates(text.split("\n"), language, today=today, hint=hint)


def days(found: Datelines) -> tuple[str | None, str | None]:
    published, modified = found.published, found.modified
    return (
        None if published is None else str(published.value),
        None if modified is None else str(modified.value),
    )


@pytest.mark.parametrize(
    ("line", "published"),
    [
        ("Publié le 12 juin 2014", "2014-06-12"),
        ("Publié le 1er avril 2022 à 12h24", "2022-04-01"),
        ("Publiée le jeudi 12 juin 2014 à 6 h 30", "2014-06-12"),
        ("Article publié le 12/06/2014 à 08:00 par Jeanne Petit", "2014-06-12"),
        ("Mis en ligne le 12.06.2014", "2014-06-12"),
        ("Créé le 12-06-2014", "2014-06-12"),
        ("Posté par Jeanne Petit le 12 juin 2014", "2014-06-12"),
        ("Date de publication : 12 juin 2014", "2014-06-12"),
        ("PUBLIÉ LE 12 JUIN 2014 DANS ÉCONOMIE", "2014-06-12"),
        ("Temps de lecture : 3 min Publié le 12 juin 2014", "2014-06-12"),
        ("Par Jeanne Petit - Publié le 12 juin 2014", "2014-06-12"),
        ("Publié le 12/06/14", "2014-06-12"),
        ("Publié le 12 févr. 2014", "2014-02-12"),
        ("Publié le 2014-06-12T08:00:00+02:00", "2014-06-12"),
        ("Publié le 06/24/2014", "2014-06-24"),
        ("Publié   le\u00a012\u00a0juin\u00a02014", "2014-06-12"),
        ("Publié le 12 juin 2014 à 10:00 (heure de Paris) | 3 commentaires", "2014-06-12"),
    ],
)
def test_a_labelled_date_of_publication_is_stated_in_french(line: str, published: str) -> None:
    found = find(line)
    assert days(found) == (published, None)
    assert found.published is not None
    assert found.published.certainty is STATED
    assert found.published.how == f"line 1: {' '.join(line.split())}"


@pytest.mark.parametrize(
    ("line", "published"),
    [
        ("Posted on March 3rd, 2021", "2021-03-03"),
        ("Published: 3 Mar 2021 10:00 GMT", "2021-03-03"),
        ("First published on Wednesday, 3rd of March 2021", "2021-03-03"),
        ("Posted by Jane Doe on March 3, 2021 at 10:02 am", "2021-03-03"),
        ("Date: 2021-03-03", "2021-03-03"),
        ("Published 03/24/2021", "2021-03-24"),
        ("Published 24/03/2021", "2021-03-24"),
        ("Published 03/03/2021", "2021-03-03"),
        ("Published on Sept. 24, 2015 at 5:30 p.m. ET", "2015-09-24"),
    ],
)
def test_a_labelled_date_of_publication_is_stated_in_english(line: str, published: str) -> None:
    found = find(line, ENGLISH)
    assert days(found) == (published, None)
    assert found.published is not None
    assert found.published.certainty is STATED


@pytest.mark.parametrize(
    ("line", "language", "modified"),
    [
        ("Mis à jour le 3 mars 2021", FRENCH, "2021-03-03"),
        ("Modifié le : 03/03/2021", FRENCH, "2021-03-03"),
        ("Dernière mise à jour : 3 mars 2021 à 19h25", FRENCH, "2021-03-03"),
        ("MàJ le 03/03/2021", FRENCH, "2021-03-03"),
        ("Updated: 3 Mar 2021 10:00 GMT", ENGLISH, "2021-03-03"),
        ("Last modified on March 3rd, 2021", ENGLISH, "2021-03-03"),
    ],
)
def test_a_date_of_change_is_no_date_of_publication(
    line: str, language: Language, modified: str
) -> None:
    found = find(line, language)
    assert days(found) == (None, modified)
    assert found.modified is not None
    assert found.modified.certainty is STATED


@pytest.mark.parametrize(
    "line",
    [
        "Publié le 1 avril 2022 à\u00a0 12h24 - Dernière mise à\u00a0 jour le 4 novembre 2022",
        "Publié le 01/04/2022 à 12:24, mis à jour le 04/11/2022 à 19:25",
        "Publié : 01/04/2022 - 12:24 Modifié : 04/11/2022 - 19:25",
        "Mis à jour 04/11/2022 à 19:25, publié 01/04/2022",
        "Publié le 1er avril 2022 (mis à jour le 4 novembre 2022)",
        "Publié le\n1er avril 2022\nMis à jour le :\n4 novembre 2022",
    ],
)
def test_both_dates_of_a_line_are_told_apart(line: str) -> None:
    assert days(find(line)) == ("2022-04-01", "2022-11-04")


@pytest.mark.parametrize(
    ("line", "language", "published"),
    [
        ("27 Octobre 2021 / Réseaux, Ville, Micro / Puces", FRENCH, "2021-10-27"),
        ("Le 12/06/2014 à 08:00", FRENCH, "2014-06-12"),
        ("jeudi 12 juin 2014", FRENCH, "2014-06-12"),
        ("Marseille, le 12 juin 2014", FRENCH, "2014-06-12"),
        ("Jeanne Petit, 12 juin 2014", FRENCH, "2014-06-12"),
        ("Actualités - 12 juin 2014", FRENCH, "2014-06-12"),
        ("Par Jeanne Petit le 12/06/2014 à 10h", FRENCH, "2014-06-12"),
        ("[12 juin 2014]", FRENCH, "2014-06-12"),
        ("By X | Tue, Sep 24 2015", ENGLISH, "2015-09-24"),
        ("By Jane Doe, Port Correspondent | Sept. 24, 2015", ENGLISH, "2015-09-24"),
        ("12 June 2014 • 5 min read", ENGLISH, "2014-06-12"),
        ("Issue 48 | Friday, 5 May 2023", ENGLISH, "2023-05-05"),
        ("2014-06-12", ENGLISH, "2014-06-12"),
    ],
)
def test_a_date_alone_above_the_text_is_likely_that_of_publication(
    line: str, language: Language, published: str
) -> None:
    found = find(f"Un titre\n{line}\n\n{PROSE}", language)
    assert days(found) == (published, None)
    assert found.published is not None
    assert (found.published.certainty, found.published.how) == (LIKELY, f"line 2: {line}")


@pytest.mark.parametrize(
    "line",
    [
        "12 juin 2014 : le conseil vote",
        "12 juin 2014 – Le conseil vote le budget",
        "Rapport publié le 12 juin 2014",
        "Le rapport publié le 12 juin 2014 montre une hausse.",
        "Publié le 12 juin 2014, le rapport montre une hausse nette de l'emploi",
        "Du 12 au 14 juin 2014",
        "12-14 juin 2014",
        "12 juin – 14 juin 2014",
        "12 juin 2014 – 14 juin 2014",
        "Concert du 12 juin 2014",
        "Salon des ports, 12 juin 2014",
        "Le 12 juin 2014 à Marseille",
        "Le 12 juin 2014, Marseille a été choisie.",
        "12 juin",
        "Publié le 12 juin",
        "Publié le 31 février 2014",
        "Publié le 12 juin 2026",
        "Tél. 04.91.12.06.14",
        "version 12.06.2014.3",
    ],
)
def test_the_date_of_an_event_is_none_of_the_text(line: str) -> None:
    assert find(f"Un titre\n{line}\n\n{PROSE}") == Datelines()


def test_in_english_two_numbers_that_may_be_months_are_not_read() -> None:
    assert find("Published 03/04/2021", ENGLISH) == Datelines()
    assert [mark.day for mark in read_dateline("Published 03/04/2021", ENGLISH)] == [None]
    assert days(find("Publié le 03/04/2021")) == ("2021-04-03", None)


def test_a_news_agency_opens_its_text_with_place_and_date() -> None:
    line = "GENOA, Italy, June 12, 2014 /WireDesk/ -- The company said that it will lay a cable."
    found = find(f"A title\n\n{line}", ENGLISH)
    assert days(found) == ("2014-06-12", None)
    assert found.published is not None
    assert found.published.certainty is LIKELY
    assert read_dateline(line, ENGLISH) == ()
    told = "In Genoa, on June 12, 2014, the company said that it will lay a cable to the islands."
    assert find(told, ENGLISH) == Datelines()


def test_a_line_is_cut_to_eighty_characters_where_it_is_shown() -> None:
    line = "27 Octobre 2021 / " + "Réseaux, " * 10
    found = find(line)
    assert found.published is not None
    assert found.published.how == f"line 1: {line[:79]}…"


# Which of several


def test_what_is_labelled_is_taken_before_what_stands_alone() -> None:
    text = f"3 mars 2022\nUn titre\nPublié le 1er mars 2022\n\n{PROSE}"
    assert days(find(text)) == ("2022-03-01", None)


def test_the_date_nearest_to_the_text_is_its_own() -> None:
    teasers = "Publié le 3 mai 2016\nUn autre titre\nPublié le 2 mai 2016\nLe titre\n"
    assert days(find(f"{teasers}Publié le 1er mai 2016\n\n{PROSE}")) == ("2016-05-01", None)
    assert days(find(f"vendredi 6 mai 2016\nLe titre\n1er mai 2016\n\n{PROSE}")) == (
        "2016-05-01",
        None,
    )


def test_dates_below_the_text_are_taken_only_if_there_is_one() -> None:
    body = f"Le titre\n\n{PROSE * 20}\n\n"
    assert len(PROSE * 20) > LABELLED_WITHIN
    assert days(find(f"{body}Publié le 1er mai 2016")) == ("2016-05-01", None)
    others = "Publié le 2 mai 2016\nUn autre\nPublié le 3 mai 2016"
    assert find(f"{body}{others}") == Datelines()
    assert find(f"{body}12 mai 2016") == Datelines()


def test_the_days_of_a_chronicle_are_no_date_of_publication() -> None:
    days_told = "\n\n".join(f"{day} juin 2008\n\n{PROSE}" for day in (12, 13, 14))
    assert find(f"La crue\n\n{days_told}") == Datelines()
    text = f"La crue\n\n{days_told}\n\nArticle publié le 9 juin 2018"
    assert days(find(text)) == ("2018-06-09", None)


def test_a_date_that_lies_ahead_is_refused_and_the_next_one_taken() -> None:
    text = "Publié le 2 mai 2016\nLe titre\nPublié le 1er mai 2016"
    assert days(find(text, today=date(2016, 5, 2))) == ("2016-05-01", None)
    assert days(find("Publié le 2 mai 2016", today=date(2016, 5, 2))) == ("2016-05-02", None)
    assert days(find("Publié le 3 mai 2016", today=date(2016, 5, 2))) == (None, None)


# A year that isn't written

LEAD = (
    "Ce jeudi 12 juin, les élus du port se sont réunis pour un débat ouvert à tous les habitants."
)


def test_the_week_of_the_lead_is_that_of_the_text_if_one_year_fits() -> None:
    found = find(f"Un titre\n\n{LEAD}\n\nEn 2013, la ville avait dit non. Elle veut finir en 2016.")
    assert days(found) == ("2014-06-12", None)
    assert found.published is not None
    assert found.published.certainty is INFERRED
    assert found.published.how == (
        f"line 3: {LEAD[:79]}…; the year 2014 is the one of 1997, 2003, 2008, 2014, 2025 "
        "that is near 2013, which the text names"
    )


@pytest.mark.parametrize(
    ("more", "hint", "published"),
    [
        ("", None, None),
        ("En 2003 et en 2013, la ville avait dit non.", None, None),
        ("En 1912, la ville avait dit non.", None, None),
        ("", date(2014, 7, 1), "2014-06-12"),
        ("", date(2014, 6, 11), "2014-06-12"),
        ("", date(2014, 6, 10), None),
        ("", date(2019, 7, 1), None),
        ("Le prêt de 2014,5 euros.", None, None),
        ("En 2013, la ville avait dit non.", date(2008, 7, 1), "2014-06-12"),
    ],
)
def test_where_several_years_fit_the_texts_or_the_files_decides(
    more: str, hint: date | None, published: str | None
) -> None:
    assert days(find(f"Un titre\n\n{LEAD}\n\n{more}", hint=hint)) == (published, None)


def test_a_year_inferred_from_another_day_says_of_what_and_only_within_a_month() -> None:
    def infer(hint: date) -> Found[date] | None:
        lines = f"Un titre\n\n{LEAD}".split("\n")
        return find_dates(lines, FRENCH, today=TODAY, hint=hint, hint_of="the feed's day").published

    found = infer(date(2014, 7, 13))
    assert found is not None
    assert (found.value, found.certainty) == (date(2014, 6, 12), INFERRED)
    assert found.how.endswith("before 2014-07-13, the feed's day")
    assert infer(date(2014, 7, 14)) is None


def test_a_day_without_its_year_is_near_the_other_date() -> None:
    found = find("Publié le 30 décembre\nMis à jour le 2 janvier 2015")
    assert days(found) == ("2014-12-30", "2015-01-02")
    assert found.published is not None
    assert found.published.certainty is INFERRED
    assert found.published.how.endswith("; the year 2014 is the one near 2015-01-02")
    assert days(find("Publié le 30 décembre 2014\nMis à jour le 2 janvier")) == (
        "2014-12-30",
        "2015-01-02",
    )


def test_another_day_of_the_body_is_no_weeks_of_the_text() -> None:
    body = f"{PROSE * 4}\n\n{LEAD}\n\nEn 2013, la ville avait dit non."
    assert len(PROSE * 4) > 250
    assert find(f"Un titre\n\n{body}") == Datelines()
    told = LEAD.replace("Ce jeudi", "Le jeudi")
    assert find(f"Un titre\n\n{told}\n\nEn 2013, la ville avait dit non.") == Datelines()


def test_english_tells_the_week_too() -> None:
    line = (
        "On this Thursday, June 12, the members of the harbour board met for an open debate here."
    )
    assert days(find(f"A title\n\n{line}\n\nIn 2013 they had said no.", ENGLISH)) == (
        "2014-06-12",
        None,
    )


def test_a_line_tells_what_its_dates_are() -> None:
    line = "27 octobre 2021 | Mis à jour le 3 mars 2022"
    assert [mark.kind for mark in read_dateline(line, FRENCH)] == [DateKind.BARE, DateKind.MODIFIED]
    assert read_dateline("Un titre", FRENCH) == ()
    assert read_dateline("Publié le 12 juin 2014 " + "x" * 300, FRENCH) == ()


def test_a_date_alone_further_down_is_none() -> None:
    assert len(PROSE * 9) > BARE_WITHIN
    assert find(f"Un titre\n\n{PROSE * 9}\n\n12 juin 2014\n\n{PROSE}") == Datelines()
    assert days(find(f"Un titre\n\n{PROSE * 3}\n\n12 juin 2014\n\n{PROSE}")) == ("2014-06-12", None)
