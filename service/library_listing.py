"""Which articles of the library are listed, in what order, and how many each choice would leave."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from urllib.parse import urlencode

from massilia.corpus.article import Language
from massilia.index.filter import EVERYTHING, Filter
from massilia.index.passage_table import fold_name
from massilia.index.store import ArticleEntry
from massilia.service.filters import read_filter
from massilia.service.library_topics import Topic, fold_topic

PER_PAGE = 20
MOST_SHOWN = 10
"""How many values of a facet are shown before the others."""
MOST_OFFERED = 60
"""How many values of a facet are offered at all, the most frequent: more are searched, not read."""
MAX_TOPIC_CHARACTERS = 100


class Order(StrEnum):
    """Name an order of articles; by their titles, those in the page's language come first."""

    RELEVANCE = "relevance"
    TITLE = "title"
    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True)
class Selection:
    """Say which articles are wanted, as an address does.

    `words` are searched for; `topics` are keys of topics, of which an article must be on one;
    `year` is one that a sentence on these must name. Pages count from 1.
    """

    words: str = ""
    within: Filter = EVERYTHING
    topics: frozenset[str] = frozenset()
    year: int | None = None
    order: Order = Order.TITLE
    page: int = 1

    @property
    def has_conditions(self) -> bool:
        """Tell whether anything but words restricts what is listed."""
        return not self.within.is_empty or bool(self.topics) or self.year is not None

    def address(self, language: Language) -> str:
        """Return the address of the page that lists the selection."""
        usual = Order.RELEVANCE if self.words else Order.TITLE
        within = self.within
        parameters = [
            ("q", self.words),
            *(("in", each) for each in sorted(within.languages)),
            *(("publisher", each) for each in sorted(within.publishers)),
            *(("kind", each) for each in sorted(within.kinds)),
            *(("article", each) for each in sorted(within.articles)),
            *(("topic", each) for each in sorted(self.topics)),
            ("year", str(self.year or "")),
            ("from", within.published_from.isoformat() if within.published_from else ""),
            ("to", within.published_to.isoformat() if within.published_to else ""),
            ("sort", "" if self.order is usual else str(self.order)),
            ("page", "" if self.page == 1 else str(self.page)),
        ]
        query = urlencode([(name, value) for name, value in parameters if value])
        return f"/{language}/articles" + (f"?{query}" if query else "")


@dataclass(frozen=True, slots=True)
class Choice:
    """Hold a value of a facet, how many articles it leaves, and the selection to turn it over."""

    value: str
    label: str
    count: int
    chosen: bool
    selection: Selection


@dataclass(frozen=True, slots=True)
class Facet:
    """Hold what one property of articles may be restricted to, the most frequent values first."""

    name: str
    choices: tuple[Choice, ...]

    @property
    def is_useful(self) -> bool:
        """Tell whether there is something to choose, or to take back."""
        return len(self.choices) > 1 or any(each.chosen for each in self.choices)

    @property
    def shown(self) -> tuple[Choice, ...]:
        """Give the first values, and those that are chosen."""
        return tuple(
            each for place, each in enumerate(self.choices) if place < MOST_SHOWN or each.chosen
        )

    @property
    def others(self) -> tuple[Choice, ...]:
        """Give the values that aren't shown at first."""
        return tuple(each for each in self.choices if each not in self.shown)


@dataclass(frozen=True, slots=True)
class Listing:
    """Hold one page of the articles selected, how many there are, and what restricts them more."""

    selection: Selection
    entries: tuple[ArticleEntry, ...]
    count: int
    pages: int
    facets: tuple[Facet, ...]

    @property
    def page_numbers(self) -> list[int | None]:
        """Give the numbers of the pages to be chosen from, None where some are left out."""
        page = self.selection.page
        kept = sorted({1, self.pages, *range(max(1, page - 1), min(self.pages, page + 1) + 1)})
        numbers: list[int | None] = []
        for number in kept:
            if numbers and numbers[-1] != number - 1:
                numbers.append(None)
            numbers.append(number)
        return numbers

    def address_page(self, page: int, language: Language) -> str:
        """Return the address of another page of the same selection."""
        return replace(self.selection, page=page).address(language)


def read_selection(parameters: Sequence[tuple[str, str]]) -> Selection:
    """Return the selection that an address's parameters make; raises `FilterError`.

    What can't be a year, an order, a page or a topic counts as absent.
    """
    given = dict(parameters)
    words = " ".join(given.get("q", "").split())
    order = given.get("sort", "")
    usual = Order.RELEVANCE if words else Order.TITLE
    chosen = Order(order) if order in set(Order) else usual
    topics = {
        fold_topic(value)
        for name, value in parameters
        if name == "topic" and 0 < len(value.strip()) <= MAX_TOPIC_CHARACTERS
    }
    return Selection(
        words=words,
        within=read_filter(parameters),
        topics=frozenset(topics),
        year=_read_number(given.get("year", "")),
        # Without words nothing is more relevant than anything else.
        order=usual if chosen is Order.RELEVANCE else chosen,
        page=_read_number(given.get("page", "")) or 1,
    )


def list_articles(
    entries: Sequence[ArticleEntry],
    selection: Selection,
    language: Language,
    topics: Sequence[Topic],
    ranked: Sequence[str] | None = None,
) -> Listing:
    """Return a page of the articles selected; `ranked` are those with the words, the best first.

    A page beyond the last one is the last one.
    """
    if ranked is not None:
        by_id = {entry.id: entry for entry in entries}
        entries = [by_id[each] for each in ranked if each in by_id]
    chosen = [topic for topic in topics if topic.key in selection.topics]
    conditions = _make_conditions(selection, topics, chosen)
    passing = [entry for entry in entries if all(test(entry) for test in conditions.values())]
    pages = max(1, -(-len(passing) // PER_PAGE))
    page = min(selection.page, pages)
    ordered = _sort(passing, selection.order, language)
    return Listing(
        selection=replace(selection, page=page),
        entries=tuple(ordered[(page - 1) * PER_PAGE : page * PER_PAGE]),
        count=len(passing),
        pages=pages,
        facets=tuple(_count_facets(entries, replace(selection, page=1), conditions, topics)),
    )


Condition = Callable[[ArticleEntry], bool]


def _make_conditions(
    selection: Selection, topics: Sequence[Topic], chosen: Sequence[Topic]
) -> Mapping[str, Condition]:
    within = selection.within
    publishers = {fold_name(name) for name in within.publishers}
    kinds = {fold_name(name) for name in within.kinds}
    first, last = within.published_from or date.min, within.published_to or date.max
    dated = bool(within.published_from or within.published_to)
    on_topic = {article_id for topic in chosen for article_id in topic.articles}
    of_year = {
        article_id
        for topic in (chosen if selection.topics else topics)
        for article_id, years in topic.years.items()
        if selection.year in years
    }
    conditions: dict[str, Condition] = {}
    if within.languages:
        conditions["language"] = lambda entry: entry.language in within.languages
    if publishers:
        conditions["publisher"] = lambda entry: fold_name(entry.publisher or "") in publishers
    if kinds:
        conditions["kind"] = lambda entry: fold_name(entry.kind or "") in kinds
    if within.articles:
        conditions["article"] = lambda entry: entry.id in within.articles
    if dated:
        conditions["published"] = lambda entry: (
            entry.date_published is not None and first <= entry.date_published <= last
        )
    if selection.topics:
        conditions["topic"] = lambda entry: entry.id in on_topic
    if selection.year is not None:
        conditions["year"] = lambda entry: entry.id in of_year
    return conditions


def _count_facets(
    entries: Sequence[ArticleEntry],
    selection: Selection,
    conditions: Mapping[str, Condition],
    topics: Sequence[Topic],
) -> Iterable[Facet]:
    def leave(name: str) -> list[ArticleEntry]:
        """Return what passes all but the facet's own condition: what another value would leave."""
        tests = [test for each, test in conditions.items() if each != name]
        return [entry for entry in entries if all(test(entry) for test in tests)]

    within = selection.within
    languages = Counter(entry.language for entry in leave("language"))
    yield _make_facet(
        "language",
        {str(each): (str(each), languages[each]) for each in Language},
        within.languages,
        lambda values: replace(
            selection, within=replace(within, languages=frozenset(map(Language, values)))
        ),
    )
    remaining = {entry.id for entry in leave("topic")}
    yield _make_facet(
        "topic",
        {topic.key: (topic.name, len(remaining.intersection(topic.articles))) for topic in topics},
        selection.topics,
        # A year is one of what is told on the topics.
        lambda values: replace(selection, topics=values, year=selection.year if values else None),
    )
    yield _make_facet(
        "publisher",
        _count_names(entry.publisher for entry in leave("publisher")),
        frozenset(map(fold_name, within.publishers)),
        lambda values: replace(selection, within=replace(within, publishers=values)),
    )
    yield _make_facet(
        "kind",
        _count_names(entry.kind for entry in leave("kind")),
        frozenset(map(fold_name, within.kinds)),
        lambda values: replace(selection, within=replace(within, kinds=values)),
    )


def _make_facet(
    name: str,
    values: Mapping[str, tuple[str, int]],
    chosen: Iterable[str],
    select: Callable[[frozenset[str]], Selection],
) -> Facet:
    chosen = frozenset(chosen)
    offered = sorted(values.items(), key=lambda item: (-item[1][1], item[1][0]))
    choices = [
        Choice(key, label, count, key in chosen, select(chosen ^ {key}))
        for place, (key, (label, count)) in enumerate(offered)
        if key in chosen or (count and place < MOST_OFFERED)
    ]
    return Facet(name, tuple(choices))


def _count_names(names: Iterable[str | None]) -> dict[str, tuple[str, int]]:
    """Return each name, folded, with how it is mostly written and how often."""
    written = Counter(name for name in names if name)
    total: Counter[str] = Counter()
    form: dict[str, str] = {}
    for name, count in written.most_common():
        form.setdefault(fold_name(name), name)
        total[fold_name(name)] += count
    return {key: (form[key], count) for key, count in total.items()}


def _sort(
    entries: Sequence[ArticleEntry], order: Order, language: Language
) -> Sequence[ArticleEntry]:
    if order is Order.RELEVANCE:
        return entries
    if order is Order.TITLE:
        return sorted(entries, key=lambda entry: (entry.language is not language, _fold(entry)))
    titled = sorted(entries, key=_fold)
    dated = [entry for entry in titled if entry.date_published is not None]
    undated = [entry for entry in titled if entry.date_published is None]
    dated.sort(key=lambda entry: entry.date_published or date.min, reverse=order is Order.NEWEST)
    return [*dated, *undated]


def _fold(entry: ArticleEntry) -> tuple[str, str]:
    decomposed = unicodedata.normalize("NFKD", entry.title)
    plain = "".join(each for each in decomposed if not unicodedata.combining(each))
    return plain.casefold(), entry.id


def _read_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None
