"""The names and years of a question, among those of a small library."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from massilia.corpus.article import Language
from massilia.index.encoder_input import compose_passage
from massilia.index.passage_table import PassageRow, PassageTable
from massilia.index.postings import InvertedIndex
from massilia.index.store import IndexedText
from massilia.service.known_names import (
    MOST_ARTICLES,
    MOST_PASSAGES,
    NameIndex,
    NameReason,
    read_names,
    read_years,
)

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH
MISSING, OUTSIDE, APART = (
    NameReason.NAME_NOT_FOUND,
    NameReason.OUT_OF_DATE_RANGE,
    NameReason.YEAR_NOT_WITH_NAMES,
)

LIBRARY = [
    # article, language, published, translation, text
    ("traxens-fr", FRENCH, None, None, "Traxens, fondée en 2012, équipe des conteneurs."),
    ("traxens-fr", FRENCH, None, None, "En 2019, CMA CGM est entrée au capital de Traxens."),
    ("traxens-en", ENGLISH, None, "traxens-fr", "Traxens was founded in 2012."),
    ("mrs-fr", FRENCH, date(2021, 5, 4), None, "Le centre MRS 3 de Digital Realty a ouvert."),
    ("cable-en", ENGLISH, None, None, "SeaMeWe-6 lands in Marseille, and Medusa too, since 1995."),
    ("vetements-fr", FRENCH, None, None, "La société Voyage Privé vend neuf séjours à Marseille."),
]


def make_index(library: Sequence[tuple[str, Language, date | None, str | None, str]]) -> NameIndex:
    rows = [
        PassageRow(number, article, language, None, None, published, translation)
        for number, (article, language, published, translation, _) in enumerate(library, start=1)
    ]
    indexes = []
    for language in Language:
        texts = [
            (number, compose_passage(IndexedText(number, language, "", None, text, ())).text)
            for number, (_, written, _, _, text) in enumerate(library, start=1)
            if written is language
        ]
        indexes.append(InvertedIndex.build(language, texts))
    return NameIndex(indexes, PassageTable.build(rows))


@pytest.fixture(scope="module")
def index() -> NameIndex:
    return make_index(LIBRARY)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Qui a fondé Traxens ?", ["Traxens"]),
        (
            "Who founded Jokkolabs, and Digital Realty's MRS3?",
            ["Jokkolabs", "Digital Realty", "MRS3"],
        ),
        ("Combien coûte SeaMeWe-6 ?", ["SeaMeWe-6"]),
        ("Combien coûte SeaMeWe 6 ?", ["SeaMeWe 6"]),
        ("Where does 2Africa land in 2024?", ["2Africa"]),
        ("Quel est le budget de l'ADEME et d’Euroméditerranée ?", ["ADEME", "Euroméditerranée"]),
        ("Existe-t-il une Maison ?", ["Maison"]),
        ("Intégrer le programme, combien ?", []),
        ("Combien de salariés en Janvier ?", []),
        ("Which French startups grew in March?", []),
        ("The 21st cable of 26MW at 10h30 in the mid-2010s, 2e rang", []),
        ("évolution 2023-2024", []),
        ("Traxens, chiffre d'affaires", ["Traxens"]),
        ("Où Traxens ?", ["Traxens"]),
        ("AI à Marseille ?", ["AI", "Marseille"]),
        ("Selon Traxens, combien ?", ["Traxens"]),
        ("iCloud et NetAngels", ["iCloud", "NetAngels"]),
        ("QUI A FONDE TRAXENS A MARSEILLE ?", []),
        ("Who Founded The Traxens Company In Marseille", []),
        ("mrs3 et seamewe-6", ["mrs3", "seamewe-6"]),
        ("Un bilan : Traxens. Et Gojob ? Combien ?", ["Traxens", "Gojob"]),
        ("", []),
        ("?!", []),
    ],
)
def test_names_are_told_by_how_they_are_written(question: str, names: list[str]) -> None:
    found = list(read_names(question))
    assert [name.text for name in found] == names
    assert all(question[name.start : name.end] == name.text for name in found)


def test_years_are_those_of_each_date() -> None:
    assert read_years("entre 2016 et 2018, ou de 2020-2022 ?", FRENCH) == (
        2016,
        2018,
        2020,
        2021,
        2022,
    )
    assert read_years("2000 salariés", FRENCH) == ()


def test_a_name_is_counted_in_both_languages(index: NameIndex) -> None:
    findings = index.look_up("Qui a fondé Traxens ?", FRENCH)
    (name,) = findings.names
    assert (name.text, name.start, name.end, name.passages) == ("Traxens", 12, 19, 3)
    assert (findings.works, findings.passages, findings.reasons) == (1, (1, 3), ())


@pytest.mark.parametrize(
    "text", ["MRS3", "MRS 3", "mrs3", "SeaMeWe 6", "SEAMEWE-6", "Voyage Privé"]
)
def test_a_name_is_found_however_it_is_spelt(index: NameIndex, text: str) -> None:
    findings = index.look_up(f"le prix de {text} ?", FRENCH)
    assert [(name.text, name.passages) for name in findings.names] == [(text, 1)]


def test_a_model_number_must_stand_by_its_name(index: NameIndex) -> None:
    findings = index.look_up("What did SeaMeWe-9 cost?", ENGLISH)
    assert [name.passages for name in findings.names] == [0]


def test_a_name_that_is_nowhere_whole_is_looked_up_by_its_words(index: NameIndex) -> None:
    findings = index.look_up("le câble Medusa Traxens ?", FRENCH)
    assert [(name.text, name.passages) for name in findings.names] == [
        ("Medusa", 1),
        ("Traxens", 3),
    ]
    assert (findings.works, findings.passages) == (0, ())


def test_all_words_of_a_name_must_stand_side_by_side(index: NameIndex) -> None:
    findings = index.look_up("le prix chez Voyage Privé Lyon ?", FRENCH)
    assert [name.text for name in findings.names] == ["Voyage", "Privé", "Lyon"]


@pytest.mark.parametrize("question", ["Qui a fondé Jokkolabs ?", "Where is Equinix in Marseille?"])
def test_a_name_in_no_article_is_a_reason(index: NameIndex, question: str) -> None:
    assert index.look_up(question, FRENCH).reasons == (MISSING,)


def test_a_misspelt_name_has_a_nearest_one_and_is_no_reason(index: NameIndex) -> None:
    findings = index.look_up("Qui a fondé Traxnes ?", FRENCH)
    assert findings.names[0].nearest == ("traxens",)
    assert findings.reasons == ()


@pytest.mark.parametrize("question", ["Combien de PhD ?", "le CA de Traxens", "où va SMW6 ?"])
def test_an_abbreviation_may_stand_in_full(index: NameIndex, question: str) -> None:
    assert index.look_up(question, FRENCH).reasons == ()


@pytest.mark.parametrize(
    ("question", "reasons"),
    [
        ("Quel câble en 1980 ?", (OUTSIDE,)),
        ("Quel câble en 2030 ?", (OUTSIDE,)),
        ("Quel câble en 1995 ?", ()),
        ("Quel câble en 2001 ?", ()),
        ("Quel câble de 1980 à 1997 ?", ()),
        ("Combien de salariés chez Traxens en 2012 ?", ()),
        ("Combien de salariés chez Traxens en 2015 ?", (APART,)),
        ("Combien de salariés chez Traxens en 1995 ?", (APART,)),
        ("Combien de salariés chez Traxens en 2015 ou 2019 ?", ()),
        ("Combien de salariés chez Traxens en 2040 ?", (OUTSIDE,)),
        ("Que devient Digital Realty en 2021 ?", ()),
        ("Que devient Digital Realty en 2020 ?", (APART,)),
        ("Que devient Jokkolabs en 2020 ?", (MISSING,)),
    ],
)
def test_years_are_looked_for_beside_the_names(
    index: NameIndex, question: str, reasons: tuple[NameReason, ...]
) -> None:
    """The library mentions 1995, 2012 and 2019, and has an article published in 2021."""
    assert index.look_up(question, FRENCH).reasons == reasons


def test_one_year_within_the_range_is_enough() -> None:
    index = make_index([("a", FRENCH, None, None, "De 2012 à 2019")])
    assert index.look_up("Quel câble en 2013 et 2030 ?", FRENCH).reasons == ()
    assert index.look_up("Quel câble en 2029 et 2030 ?", FRENCH).reasons == (OUTSIDE,)


def test_a_year_that_is_everywhere_is_with_any_name() -> None:
    library = [("a", FRENCH, None, None, "En 2016")] * (MOST_PASSAGES + 1)
    index = make_index([*library, ("b", FRENCH, None, None, "Traxens")])
    assert index.look_up("Que fait Traxens en 2016 ?", FRENCH).reasons == ()


def test_words_that_no_article_has_are_told(index: NameIndex) -> None:
    assert index.find_unknown("who founded jokkolabs") == ("jokkolabs",)
    assert index.find_unknown("qui a fondé traxnes à marseille") == ()
    assert index.find_unknown("quoi de 2Z ?") == ()


def test_an_empty_library_gives_no_date_range() -> None:
    findings = make_index([]).look_up("Qui dirigeait Traxens en 1980 ?", FRENCH)
    assert findings.reasons == (MISSING,)
    assert (findings.works, findings.passages) == (None, ())


def test_no_more_articles_are_named_than_can_be_shown() -> None:
    library = [(f"a{number:02}", FRENCH, None, None, "Traxens grandit.") for number in range(15)]
    findings = make_index(library).look_up("Que fait Traxens ?", FRENCH)
    assert (findings.works, len(findings.passages)) == (15, MOST_ARTICLES)


def test_articles_are_named_in_all_their_languages() -> None:
    originals = [(f"a{number:02}", FRENCH, None, None, "Traxens grandit.") for number in range(15)]
    translations = [
        (f"{each[0]}-en", ENGLISH, None, each[0], "Traxens grows.") for each in originals
    ]
    findings = make_index([*originals, *translations]).look_up("Que fait Traxens ?", FRENCH)
    assert findings.works == 15
    # Passages are numbered from 1, those of the translations from 16.
    first = range(1, MOST_ARTICLES + 1)
    assert set(findings.passages) == {*first, *(number + 15 for number in first)}


def test_a_name_that_is_everywhere_narrows_nothing() -> None:
    library = [("a", FRENCH, None, None, "Marseille en 2020")] * (MOST_PASSAGES + 1)
    findings = make_index(library).look_up("Que fait Marseille en 2019 ?", FRENCH)
    assert findings.names[0].passages == MOST_PASSAGES + 1
    assert (findings.works, findings.reasons) == (None, (OUTSIDE,))


def test_an_index_on_disk_is_looked_up_like_one_in_memory(tmp_path: Path) -> None:
    built = InvertedIndex.build(FRENCH, [(7, "Traxens en 2012")])
    built.save(tmp_path / "fr")
    table = PassageTable.build([PassageRow(7, "a", FRENCH)])
    opened = NameIndex([InvertedIndex.open(tmp_path / "fr", FRENCH)], table)
    assert opened.look_up("Traxens en 2012 ?", FRENCH).passages == (7,)
    assert np.array_equal(table.ids, [7])
