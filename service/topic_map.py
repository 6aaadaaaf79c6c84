"""The map of topics through time: a line for each topic, a dot for each year that it tells of."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from massilia.corpus.article import Language
from massilia.index.store import ArticleEntry
from massilia.service.article_selection import Selection
from massilia.service.library_addresses import write_address
from massilia.service.library_topics import Topic

MOST_TOPICS = 14
MOST_YEARS = 14
"""As many as a telephone of 320 pixels has room for. Of a longer time the years that most is told
of are shown one by one, and those before and after them together."""
MIN_DOTS = 2
"""A topic of one year only isn't drawn."""
LARGEST = 9.0
SMALLEST = 2.5
"""Radii of dots in pixels: their areas grow with the sentences."""


@dataclass(frozen=True, slots=True)
class Column:
    """Hold a span of years, both included; `place` is that of its middle, in per cent."""

    first: int
    last: int
    place: float

    @property
    def is_year(self) -> bool:
        """Tell whether it is one year."""
        return self.first == self.last


@dataclass(frozen=True, slots=True)
class Dot:
    """Hold how many sentences on a topic name years of a column, and the articles' address."""

    column: Column
    count: int
    radius: float
    address: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """Hold a topic with its dots; a column without any sentence has None."""

    name: str
    address: str
    dots: tuple[Dot | None, ...]
    total: int


@dataclass(frozen=True, slots=True)
class TopicMap:
    """Hold the lines of the topics that most is told of, the earliest first."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]

    @property
    def largest(self) -> int:
        """Give the count of the largest dot."""
        return max((dot.count for line in self.lines for dot in line.dots if dot), default=0)


def draw_map(
    entries: Sequence[ArticleEntry], topics: Sequence[Topic], language: Language
) -> TopicMap:
    """Return the map of the topics of most sentences with a year, with addresses in `language`.

    Of an article and its translation one is counted, that in `language` if it may be.
    """
    counted = _choose_articles(entries, language)
    years = {topic.key: topic.count_years(counted & topic.years.keys()) for topic in topics}
    drawn = [topic for topic in topics if len(years[topic.key]) >= MIN_DOTS]
    drawn = sorted(drawn, key=lambda topic: (-years[topic.key].total(), topic.key))[:MOST_TOPICS]
    # By the middle of their time, the dots run down from the left to the right.
    drawn.sort(key=lambda topic: (_average(years[topic.key]), topic.key))
    total: Counter[int] = Counter()
    for topic in drawn:
        total.update(years[topic.key])
    columns = _divide(total)
    largest = max(
        (_count(years[topic.key], column) for topic in drawn for column in columns), default=0
    )
    return TopicMap(
        columns,
        tuple(_draw_line(topic, years[topic.key], columns, largest, language) for topic in drawn),
    )


def _choose_articles(entries: Sequence[ArticleEntry], language: Language) -> set[str]:
    works: dict[str, ArticleEntry] = {}
    for entry in sorted(entries, key=lambda each: (each.language is not language, each.id)):
        works.setdefault(entry.translation_of or entry.id, entry)
    return {entry.id for entry in works.values()}


def _divide(years: Counter[int]) -> tuple[Column, ...]:
    """Return the columns: the `MOST_YEARS` years of most sentences, and what lies around them."""
    if not years:
        return ()
    first, last = min(years), max(years)

    def told(start: int) -> int:
        return sum(years[year] for year in range(start, start + MOST_YEARS))

    starts = range(first, max(first, last - MOST_YEARS + 1) + 1)
    start = max(starts, key=lambda each: (told(each), each))
    end = min(last, start + MOST_YEARS - 1)
    spans = [(year, year) for year in range(start, end + 1)]
    if start > first:
        spans.insert(0, (first, start - 1))
    if end < last:
        spans.append((end + 1, last))
    return tuple(
        Column(*span, place=100 * (number + 0.5) / len(spans)) for number, span in enumerate(spans)
    )


def _draw_line(
    topic: Topic, years: Counter[int], columns: Sequence[Column], largest: int, language: Language
) -> Line:
    dots = []
    for column in columns:
        count = _count(years, column)
        radius = max(SMALLEST, LARGEST * sqrt(count / largest))
        selection = Selection(topics=frozenset([topic.key]), year=column.first)
        address = write_address(selection, language) if column.is_year else None
        dots.append(Dot(column, count, round(radius, 1), address) if count else None)
    selected = write_address(Selection(topics=frozenset([topic.key])), language)
    return Line(topic.name_in(language), selected, tuple(dots), years.total())


def _count(years: Counter[int], column: Column) -> int:
    return sum(count for year, count in years.items() if column.first <= year <= column.last)


def _average(years: Counter[int]) -> float:
    return sum(year * count for year, count in years.items()) / years.total()
