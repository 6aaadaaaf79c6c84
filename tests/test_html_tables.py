import pytest

from massilia.corpus.article import Language
from massilia.ingest.html_blocks import read_page
from massilia.ingest.html_tables import find_layout_tables, render_rows


def render(table: str, language: Language = Language.ENGLISH) -> list[str]:
    """Return the rows of a table of data, having checked the runs of each."""
    page = read_page(f"<table>{table}</table>")
    assert find_layout_tables(page) == [False]
    rows = render_rows(page, page.blocks, language)
    for row in rows:
        for start, end, original, original_end in row.pieces:
            if end - start == original_end - original:
                assert row.text[start:end] == page.source[original:original_end]
    return [row.text for row in rows]


def is_layout(table: str) -> bool:
    return find_layout_tables(read_page(table))[0]


HEAD = "<tr><th>Trade<th>Jobs</tr>"


def test_each_value_is_named_by_its_column() -> None:
    table = f"{HEAD}<tr><td>Software<td>31,050<tr><td>Electronics<td>11,870"
    assert render(table) == [
        "Trade: Software; Jobs: 31,050.",
        "Trade: Electronics; Jobs: 11,870.",
    ]


def test_french_sets_spaces_before_its_marks() -> None:
    table = "<tr><th>Métier<th>Emplois<tr><td>Logiciel<td>31\u00a0050"
    assert render(table, Language.FRENCH) == [
        "Métier\u00a0: Logiciel\u00a0; Emplois\u00a0: 31\u00a0050."
    ]


def test_the_name_of_a_column_has_a_run_only_where_it_is_first_said() -> None:
    page = read_page(f"<table>{HEAD}<tr><td>a<td>1<tr><td>b<td>2</table>")
    first, second = render_rows(page, page.blocks, Language.ENGLISH)
    assert [first.text[start:end] for start, end, *_ in first.pieces] == ["Trade", "a", "Jobs", "1"]
    assert [second.text[start:end] for start, end, *_ in second.pieces] == ["b", "2"]


def test_rows_named_in_their_first_column_are_said_with_it() -> None:
    assert render("<tr><th>Length<td>8.4 km<tr><th>Opened<td>2019") == [
        "Length: 8.4 km.",
        "Opened: 2019.",
    ]


def test_cells_that_reach_over_rows_and_columns_are_said_in_each() -> None:
    table = (
        "<tr><th rowspan=2>City<th colspan=2>Jobs<tr><th>2021<th>2022"
        "<tr><td rowspan=2>Aix<td>1<td>2<tr><td>3<td>4"
    )
    assert render(table) == [
        "City: Aix; Jobs 2021: 1; Jobs 2022: 2.",
        "City: Aix; Jobs 2021: 3; Jobs 2022: 4.",
    ]


def test_what_is_said_again_of_a_cell_has_no_run() -> None:
    page = read_page("<table><tr><td rowspan=2>Aix<td>un<tr><td>deux</table>")
    first, second = render_rows(page, page.blocks, Language.ENGLISH)
    assert (first.text, second.text) == ("Aix; un.", "Aix; deux.")
    assert [second.text[start:end] for start, end, *_ in second.pieces] == ["deux"]


def test_a_row_of_one_cell_stands_alone_and_new_names_begin_anew() -> None:
    table = f"{HEAD}<tr><td colspan=2>North<tr><td>a<td>1<tr><th>Town<th>Year<tr><td>b<td>2"
    assert render(table) == ["North.", "Trade: a; Jobs: 1.", "Town: b; Year: 2."]


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ("<tr><td>Matter<td>Strength<tr><td>Steel<td>52<tr><td>Wood<td>1,5 %", True),
        ("<tr><td>Matter<td>Strength<tr><td>Steel<td>high<tr><td>Wood<td>low", False),
        ("<tr><td>Steel<td>52<tr><td>Wood<td>11", False),
    ],
)
def test_words_above_numbers_are_names_without_being_marked(rows: str, named: bool) -> None:
    assert (render(rows)[0] == "Matter: Steel; Strength: 52.") is named


def test_names_without_values_and_empty_cells_and_sentences() -> None:
    assert render(HEAD) == ["Trade; Jobs."]
    assert render(f"{HEAD}<tr><td><td>7<tr><td>a<td>Many!") == ["Jobs: 7.", "Trade: a; Jobs: Many!"]
    assert render(f"{HEAD}<tr><td><p>a<p>b<td>1<br>2") == ["Trade: a b; Jobs: 1 2."]


def test_cells_that_nearly_all_reach_down_are_said_once() -> None:
    assert render("<tr><td rowspan=30>a<td rowspan=30>b<tr><td>c<td>d") == ["a; b.", "c; d."]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (f"<table>{HEAD}<tr><td>a<td>1</table>", False),
        ("<table role=presentation><tr><td>a<td>1<tr><td>b<td>2</table>", True),
        ("<table><tr><td>a<tr><td>b</table>", True),
        ("<table><tr><td>a<td>b</table>", True),
        ("<table><tr><td>a<td>b<tr><td><table></table><td>d</table>", True),
        ("<table><tr><td>a<td><h2>b</h2><tr><td>c<td>d</table>", True),
        (f"<table><tr><td>a<td>{'mot ' * 61}<tr><td>c<td>d</table>", True),
    ],
)
def test_tables_of_pages_that_are_laid_out_with_them_hold_no_data(
    table: str, expected: bool
) -> None:
    assert is_layout(table) is expected
