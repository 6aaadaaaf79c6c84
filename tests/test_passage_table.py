import itertools
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from massilia.corpus.article import Language
from massilia.index.filter import EVERYTHING, Filter
from massilia.index.passage_table import PassageRow, PassageTable

FIRST = 1_763_945_600_000_000
"""Where the ids of a library begin: a time in microseconds."""
FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH
PRESS = PassageRow(
    FIRST + 7, "port-fr", FRENCH, "La Provence", "press", date(2016, 6, 29), "port-en"
)
ROWS = [
    PRESS,
    replace(PRESS, id=FIRST + 1),
    PassageRow(FIRST + 3, "port-en", ENGLISH, "Made in Marseille", "press", date(2016, 7, 1)),
    PassageRow(FIRST + 4, "été", FRENCH, "Gomet’", "Énoncé", None, "absent"),
    PassageRow(FIRST + 9_000_000, "summer", ENGLISH, None, None, date(2020, 1, 1), "absent"),
    PassageRow(5, "alone", ENGLISH, "  la  PROVENCE "),
]


@pytest.fixture
def table() -> PassageTable:
    return PassageTable.build(ROWS)


def select(table: PassageTable, within: Filter) -> list[int]:
    selected = table.select(within)
    assert selected is not None
    assert selected.dtype == np.int64
    return [passage_id if passage_id < FIRST else passage_id - FIRST for passage_id in selected]


def passes(row: PassageRow, within: Filter) -> bool:
    published = row.date_published
    if within.published_from and (published is None or published < within.published_from):
        return False
    if within.published_to and (published is None or published > within.published_to):
        return False
    publishers = {name.casefold() for name in within.publishers}
    return (
        (not within.languages or row.language in within.languages)
        and (not within.articles or row.article_id in within.articles)
        and (not publishers or (row.publisher or "").casefold() in publishers)
        and (not within.kinds or row.kind in within.kinds)
    )


def test_the_ids_are_sorted(table: PassageTable) -> None:
    assert table.ids.tolist() == sorted(row.id for row in ROWS)
    assert len(table) == 6


def test_the_empty_filter_selects_without_a_list(table: PassageTable) -> None:
    assert table.select(EVERYTHING) is None


@pytest.mark.parametrize(
    ("within", "selected"),
    [
        (Filter(languages=frozenset({FRENCH})), [1, 4, 7]),
        (Filter(languages=frozenset({FRENCH, ENGLISH})), [5, 1, 3, 4, 7, 9_000_000]),
        (Filter(articles=frozenset({"port-fr", "alone", "unknown"})), [5, 1, 7]),
        (Filter(articles=frozenset({"été"})), [4]),
        (Filter(articles=frozenset({"Port-fr", "~", ""})), []),
        (Filter(publishers=frozenset({"LA PROVENCE"})), [5, 1, 7]),
        (Filter(publishers=frozenset({"gomet’", "Made\u00a0in Marseille"})), [3, 4]),
        (Filter(publishers=frozenset({"provence"})), []),
        (Filter(publishers=frozenset({""})), []),
        (Filter(publishers=frozenset({"none"})), []),
        (Filter(kinds=frozenset({"ENONCE"})), [4]),
        (Filter(kinds=frozenset({"e\u0301nonce"})), [4]),
        (Filter(published_from=date(2016, 7, 1)), [3, 9_000_000]),
        (Filter(published_to=date(2016, 6, 29)), [1, 7]),
        (Filter(published_to=date(2016, 6, 28)), []),
        (Filter(published_from=date.min), [1, 3, 7, 9_000_000]),
        (Filter(published_to=date.max), [1, 3, 7, 9_000_000]),
        (Filter(published_from=date(2016, 6, 30), published_to=date(2019, 12, 31)), [3]),
        (Filter(published_from=date(2020, 1, 1), published_to=date(2016, 1, 1)), []),
        (Filter(languages=frozenset({ENGLISH}), kinds=frozenset({"press"})), [3]),
        (Filter(publishers=frozenset({"La Provence"}), published_from=date.min), [1, 7]),
    ],
)
def test_a_filter_selects_the_passages_that_pass_all_of_it(
    table: PassageTable, within: Filter, selected: list[int]
) -> None:
    assert select(table, within) == selected


def test_selections_agree_with_reading_every_row() -> None:
    generator = np.random.default_rng(3)
    articles = [
        PassageRow(
            0,
            f"article-{number}",
            (FRENCH, ENGLISH)[number % 2],
            (None, "Gomet", "Marsactu", "Destimed")[generator.integers(4)],
            (None, "press", "overview")[generator.integers(3)],
            None if number % 5 == 0 else date(2010 + number % 17, 1 + number % 12, 1),
        )
        for number in range(40)
    ]
    rows = [
        replace(articles[generator.integers(40)], id=int(passage_id))
        for passage_id in generator.permutation(FIRST + np.arange(0, 9_000, 3))
    ]
    table = PassageTable.build(rows)
    languages = [frozenset[Language](), frozenset({ENGLISH})]
    publishers = [frozenset[str](), frozenset({"gomet", "Destimed", "other"})]
    kinds = [frozenset[str](), frozenset({"press"})]
    named = [frozenset[str](), frozenset(f"article-{number}" for number in range(0, 60, 3))]
    first = [None, date(2015, 3, 1)]
    last = [None, date(2021, 2, 1)]
    filters = itertools.product(languages, named, publishers, kinds, first, last)
    for within in itertools.starmap(Filter, filters):
        if within.is_empty:
            continue
        expected = sorted(row.id for row in rows if passes(row, within))
        selected = table.select(within)
        assert selected is not None
        assert selected.tolist() == expected, within


def test_passages_of_an_article_have_its_number(table: PassageTable) -> None:
    numbers = table.article_numbers([row.id for row in ROWS]).tolist()
    assert numbers[0] == numbers[1]
    assert len(set(numbers)) == 5
    assert set(numbers) == set(range(5))
    assert table.article_numbers([]).tolist() == []


def test_an_article_and_its_translations_are_one_work(table: PassageTable) -> None:
    press, again, translated, ete, summer, alone = table.works([row.id for row in ROWS]).tolist()
    assert press == again == translated
    assert ete == summer, "both translate an article that the table lacks"
    assert len({press, ete, alone}) == 3


@pytest.mark.parametrize(
    "links",
    [
        {"a": "b", "b": "a"},
        {"a": "b", "b": "c", "c": None},
        {"c": "b", "b": "a", "a": None},
        {"a": "c", "b": "c", "c": "c"},
        {"a": "b", "b": "c", "c": "a"},
    ],
)
def test_links_of_any_shape_make_one_work(links: dict[str, str | None]) -> None:
    rows = [
        PassageRow(number, article_id, FRENCH, translation_of=linked)
        for number, (article_id, linked) in enumerate(links.items())
    ]
    rows.append(PassageRow(9, "other", FRENCH, translation_of="other"))
    works = PassageTable.build(rows).works([row.id for row in rows]).tolist()
    assert len(set(works[:-1])) == 1
    assert works[-1] != works[0]


@pytest.mark.parametrize("unknown", [FIRST, FIRST + 10**9, 0, -1])
def test_an_unknown_id_is_an_error_that_names_it(table: PassageTable, unknown: int) -> None:
    with pytest.raises(KeyError, match=f"no passage has the id {unknown}'"):
        table.article_numbers([FIRST + 1, unknown, 77])
    with pytest.raises(KeyError, match=str(unknown)):
        table.works([unknown])


def test_two_passages_under_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match=f"two passages have the id {FIRST + 3}$"):
        PassageTable.build([*ROWS, replace(PRESS, id=FIRST + 3)])


@pytest.mark.parametrize(
    "other",
    [
        replace(PRESS, id=1, publisher="Gomet"),
        replace(PRESS, id=1, kind=None),
        replace(PRESS, id=1, date_published=None),
        replace(PRESS, id=1, translation_of=None),
    ],
)
def test_passages_that_tell_different_things_of_an_article_are_refused(other: PassageRow) -> None:
    with pytest.raises(ValueError, match="passages of the article port-fr don't agree"):
        PassageTable.build([*ROWS, other])


def test_passages_of_an_article_may_be_in_two_languages(tmp_path: Path) -> None:
    rows = [*ROWS, replace(PRESS, id=1, language=ENGLISH), replace(PRESS, id=FIRST + 9)]
    built = PassageTable.build(rows)
    built.save(tmp_path / "table.npz")
    for table in (built, PassageTable.load(tmp_path / "table.npz")):
        for language in (FRENCH, ENGLISH):
            for publishers in (frozenset[str](), frozenset({"La Provence"})):
                within = Filter(languages=frozenset({language}), publishers=publishers)
                expected = {row.id for row in rows if passes(row, within)}
                if publishers:
                    # As it is written in another article.
                    expected |= {5} if language is ENGLISH else set()
                selected = table.select(within)
                assert selected is not None
                assert set(selected.tolist()) == expected
        assert len(set(table.works([row.id for row in rows if row.article_id == "port-fr"]))) == 1


def test_a_table_of_an_earlier_version_has_the_languages_of_articles(tmp_path: Path) -> None:
    path = tmp_path / "old.npz"
    table = PassageTable.build(ROWS)
    table.save(path)
    with path.open("rb") as file, np.load(file) as arrays:
        columns = dict(arrays)
    del columns["passage_languages"]
    names = json.loads(columns["names"].tobytes())
    spoken = {row.article_id: names["languages"].index(row.language) for row in ROWS}
    columns["languages"] = np.array([spoken[each] for each in names["articles"]], dtype=np.int32)
    with path.open("wb") as written:
        np.savez(written, **columns)
    loaded = PassageTable.load(path)
    for language in (FRENCH, ENGLISH):
        within = Filter(languages=frozenset({language}))
        assert select(loaded, within) == select(table, within)


@pytest.mark.parametrize("rows", [0, 1, 6])
def test_a_saved_table_is_the_same_when_loaded(tmp_path: Path, rows: int) -> None:
    saved = PassageTable.build(ROWS[:rows])
    path = tmp_path / "où?.npz"
    saved.save(path)
    loaded = PassageTable.load(path)
    ids = [row.id for row in ROWS[:rows]]
    assert loaded.ids.tolist() == saved.ids.tolist()
    assert loaded.article_numbers(ids).tolist() == saved.article_numbers(ids).tolist()
    assert loaded.works(ids).tolist() == saved.works(ids).tolist()
    for within in (
        Filter(languages=frozenset({FRENCH})),
        Filter(articles=frozenset({"été", "port-en"})),
        Filter(publishers=frozenset({"gomet’"})),
        Filter(kinds=frozenset({"press"})),
        Filter(published_from=date(2016, 7, 1)),
    ):
        assert select(loaded, within) == select(saved, within)


def test_an_empty_table_selects_nothing() -> None:
    table = PassageTable.build([])
    assert table.select(EVERYTHING) is None
    assert select(table, Filter(languages=frozenset({FRENCH}))) == []
    assert select(table, Filter(articles=frozenset({"a"}), published_to=date.max)) == []


@pytest.mark.parametrize("content", [b"", b"not a table", b"PK\x03\x04"])
def test_a_file_that_is_no_table_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"broken\.npz is not a table of passages"):
        PassageTable.load(path)


def test_arrays_of_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    with path.open("wb") as file:
        np.savez(file, ids=np.arange(3))
    with pytest.raises(KeyError, match="names"):
        PassageTable.load(path)


def test_a_missing_file_is_an_error_of_the_file_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        PassageTable.load(tmp_path / "missing.npz")


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_table_that_was_cut_is_refused(table: PassageTable, tmp_path: Path, kept: float) -> None:
    path = tmp_path / "cut.npz"
    table.save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(ValueError, match=r"cut\.npz"):
        PassageTable.load(path)


def test_publishers_are_compared_without_regard_to_how_they_are_typeset() -> None:
    table = PassageTable.build([PassageRow(1, "a", FRENCH, "Éditions ﬁn™")])
    assert select(table, Filter(publishers=frozenset({"EDITIONS FINTM"}))) == [1]
