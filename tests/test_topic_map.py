"""The map of topics: each dot is as many sentences, and the table says the same."""

import re
from collections.abc import Iterator
from itertools import pairwise
from math import isclose, pi

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from massilia.corpus.article import Language
from massilia.index.store import ArticleEntry
from massilia.service.library_topics import Topic
from massilia.service.topic_map import (
    LARGEST,
    MOST_TOPICS,
    MOST_YEARS,
    SMALLEST,
    draw_map,
)
from tests.conftest import WordEncoder
from tests.library_client import TidyPage, get_page, make_article, serve_articles


def make_entry(article_id: str, language: Language = Language.FRENCH) -> ArticleEntry:
    return ArticleEntry(
        article_id, article_id, language, "x.md", None, None, None, None, None, None, "0"
    )


def make_topic(key: str, years: dict[int, int], article: str = "a") -> Topic:
    return Topic(key, key.upper(), {article: sum(years.values())}, {article: years})


YEARS = st.dictionaries(st.integers(1870, 2035), st.integers(1, 40), max_size=40)


@given(st.lists(YEARS, max_size=20))
def test_the_dots_of_a_line_are_all_its_sentences_whatever_the_years(
    years: list[dict[int, int]],
) -> None:
    topics = [make_topic(f"t{number:02}", each) for number, each in enumerate(years)]
    drawn = draw_map([make_entry("a")], topics, Language.FRENCH)
    expected = {topic.name: topic for topic in topics if len(topic.years["a"]) >= 2}
    assert len(drawn.lines) == min(MOST_TOPICS, len(expected))
    assert len(drawn.columns) <= MOST_YEARS + 2
    for line in drawn.lines:
        counted = expected[line.name].count_years()
        assert line.total == counted.total()
        assert sum(dot.count for dot in line.dots if dot) == counted.total()
        for column, dot in zip(drawn.columns, line.dots, strict=True):
            told = sum(counted[year] for year in range(column.first, column.last + 1))
            assert (dot.count if dot else 0) == told
    left_out = sorted((each.count_years().total() for each in expected.values()), reverse=True)
    assert sorted((line.total for line in drawn.lines), reverse=True) == left_out[:MOST_TOPICS]


@given(st.lists(YEARS, min_size=1, max_size=8))
def test_columns_follow_each_other_without_a_gap(years: list[dict[int, int]]) -> None:
    topics = [make_topic(f"t{number}", each) for number, each in enumerate(years)]
    columns = draw_map([make_entry("a")], topics, Language.FRENCH).columns
    told = [year for each in years if len(each) >= 2 for year in each]
    if not told:
        assert columns == ()
        return
    assert columns[0].first == min(told)
    assert columns[-1].last == max(told)
    for one, other in pairwise(columns):
        assert other.first == one.last + 1
        assert other.place > one.place
    assert 0 < columns[0].place <= 50 <= columns[-1].place < 100


def test_areas_grow_with_the_sentences() -> None:
    topic = make_topic("t", {2020: 4, 2021: 16, 2022: 1})
    (line,) = draw_map([make_entry("a")], [topic], Language.FRENCH).lines
    small, large, least = (dot for dot in line.dots if dot)
    assert large.radius == LARGEST
    assert isclose(pi * large.radius**2 / (pi * small.radius**2), 4, rel_tol=0.05)
    assert least.radius == max(SMALLEST, round(LARGEST / 4, 1))


def test_lines_run_from_the_earliest_topic_to_the_latest() -> None:
    late = make_topic("late", {2020: 9, 2021: 9})
    early = make_topic("early", {2012: 1, 2014: 1})
    drawn = draw_map([make_entry("a")], [late, early], Language.FRENCH)
    assert [line.name for line in drawn.lines] == ["EARLY", "LATE"]


def test_of_an_article_and_its_translation_one_is_counted() -> None:
    french = make_entry("a")
    english = ArticleEntry("b", "b", Language.ENGLISH, "x", None, None, None, None, None, "a", "1")
    topic = Topic("t", "T", {"a": 3, "b": 5}, {"a": {2020: 1, 2021: 2}, "b": {2020: 2, 2021: 3}})
    for language, total in ((Language.FRENCH, 3), (Language.ENGLISH, 5)):
        (line,) = draw_map([french, english], [topic], language).lines
        assert line.total == total


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    articles = [
        make_article(
            "medusa",
            "Medusa et <2Africa>",
            "Medusa est annoncé en 2020. Medusa est posé en 2024. Medusa ouvre en 2025. "
            "Le câble Medusa coûte en 2025. Medusa est long. "
            "L'armateur pose 2Africa en 1999. 2Africa arrive en 2022. 2Africa croît en 2022. "
            "Ils mesurent 2Africa en 2023. 2Africa attend 2031.",
        )
    ]
    with serve_articles(tmp_path_factory.mktemp("library"), articles, WordEncoder()) as client:
        yield client


def test_the_table_says_what_the_drawing_does(client: TestClient) -> None:
    page = get_page(client, "/fr/map")
    dots = [text for text in page.texts("title") if "phrase" in text]
    drawn = {}
    for dot in dots:
        found = re.fullmatch(r"(.+), (.+)\u00a0: (\d+) phrases?", dot) or re.fullmatch(
            r"(.+), (.+) : (\d+) phrases?", dot
        )
        assert found, dot
        drawn[found[1], re.sub(r"de (\d+) à (\d+)", r"\1–\2", found[2])] = int(found[3])
    rows = [
        TidyPage(f"<tr>{row}</tr>")
        for row in re.findall(r"<tr>(.*?)</tr>", page.html.partition("<table>")[2], re.DOTALL)
    ]
    columns = rows[0].texts("th")[1:-1]
    tabled = {}
    for row in rows[1:]:
        counts = row.texts("td")
        for column, count in zip(columns, counts[:-1], strict=True):
            if count:
                tabled[row.texts("th")[0], column] = int(count)
        assert sum(int(count) for count in counts[:-1] if count) == int(counts[-1])
    assert drawn == tabled
    assert drawn["Medusa", "2025"] == 2
    assert drawn["2Africa", "2022"] == 2


def test_every_dot_of_a_year_leads_to_articles_that_speak_of_it(client: TestClient) -> None:
    page = get_page(client, "/en/map")
    links = [link for link in page.values("a", "href") if link and "year=" in link]
    assert links
    for link in dict.fromkeys(links):
        assert "/en/articles/medusa" in get_page(client, link).values("a", "href"), link


def test_the_drawing_is_named_described_and_its_dots_left_to_the_table(
    client: TestClient,
) -> None:
    page = get_page(client, "/en/map")
    # Icons are hidden from whoever can't see them.
    (drawing,) = [
        found for tag, found, _ in page.elements if tag == "svg" and "aria-hidden" not in found
    ]
    assert drawing["role"] == "group"
    named = (drawing["aria-labelledby"] or "").split()
    assert [
        bool(page.texts(tag, id=each)[0])
        for tag, each in zip(("title", "desc"), named, strict=True)
    ] == [
        True,
        True,
    ]
    for tag, found, _ in page.elements:
        if tag == "a" and "year=" in (found.get("href") or "") and "tabindex" in found:
            assert found["tabindex"] == "-1"
    assert not any("style" in found for _, found, _ in page.elements)


def test_a_library_without_years_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("yearless")
    with serve_articles(folder, [make_article("a", "A", "Rien ici.")], WordEncoder()) as client:
        page = get_page(client, "/en/map")
        assert "Too few sentences" in page.html
        assert "<svg" not in page.html.partition("<main")[2].partition("</main>")[0]
