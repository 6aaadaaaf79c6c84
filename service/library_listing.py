"""A page of the library's articles as readers see it, and how many each choice would leave."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from massilia.corpus.article import Language
from massilia.index.passage_table import fold_name
from massilia.index.store import ArticleEntry
from massilia.service.article_selection import SelectedArticles, Selection
from massilia.service.library_addresses import write_address
from massilia.service.library_topics import Topic

PER_PAGE = 20
MOST_SHOWN = 10
"""How many values of a facet are shown before the others."""
MOST_OFFERED = 60
"""How many values of a facet are offered at all, the most frequent: more are searched, not read."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Hold a value of a facet, how many articles it leaves, and the address to turn it over."""

    value: str
    label: str
    count: int
    chosen: bool
    address: str


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
    """Hold one page, from 1, of the articles selected, and what would restrict them more."""

    selection: Selection
    entries: tuple[ArticleEntry, ...]
    count: int
    page: int
    pages: int
    facets: tuple[Facet, ...]

    @property
    def start(self) -> int:
        """Give the number of the page's first article, from 1."""
        return (self.page - 1) * PER_PAGE + 1

    @property
    def page_numbers(self) -> list[int | None]:
        """Give the numbers of the pages to be chosen from, None where some are left out."""
        near = range(max(1, self.page - 1), min(self.pages, self.page + 1) + 1)
        numbers: list[int | None] = []
        for number in sorted({1, self.pages, *near}):
            if numbers and numbers[-1] != number - 1:
                numbers.append(None)
            numbers.append(number)
        return numbers

    def address_page(self, page: int, language: Language) -> str:
        """Return the address of another page of the same selection."""
        return write_address(self.selection, language, page)


def make_listing(
    selected: SelectedArticles,
    page: int,
    topics: Sequence[Topic],
    language: Language,
) -> Listing:
    """Return a page of the articles selected; one beyond the last is the last.

    `language` is that of the page that the facets lead to.
    """
    count = len(selected.keyed)
    pages = max(1, -(-count // PER_PAGE))
    page = min(page, pages)
    shown = selected.keyed[(page - 1) * PER_PAGE : page * PER_PAGE]
    return Listing(
        selection=selected.selection,
        entries=tuple(entry for _, entry in shown),
        count=count,
        page=page,
        pages=pages,
        facets=tuple(_count_facets(selected, topics, language)),
    )


def _count_facets(
    selected: SelectedArticles, topics: Sequence[Topic], language: Language
) -> Iterable[Facet]:
    selection = selected.selection
    within = selection.within
    languages = Counter(entry.language for entry in selected.leave("language"))
    yield _make_facet(
        "language",
        {str(each): (str(each), languages[each]) for each in Language},
        within.languages,
        lambda values: replace(
            selection, within=replace(within, languages=frozenset(map(Language, values)))
        ),
        language,
    )
    remaining = {entry.id for entry in selected.leave("topic")}
    yield _make_facet(
        "topic",
        {
            topic.key: (topic.name_in(language), len(remaining.intersection(topic.articles)))
            for topic in topics
        },
        selection.topics,
        # A year is one of what is told on the topics.
        lambda values: replace(selection, topics=values, year=selection.year if values else None),
        language,
    )
    yield _make_facet(
        "publisher",
        _count_names(entry.publisher for entry in selected.leave("publisher")),
        frozenset(map(fold_name, within.publishers)),
        lambda values: replace(selection, within=replace(within, publishers=values)),
        language,
    )
    yield _make_facet(
        "kind",
        _count_names(entry.kind for entry in selected.leave("kind")),
        frozenset(map(fold_name, within.kinds)),
        lambda values: replace(selection, within=replace(within, kinds=values)),
        language,
    )


def _make_facet(
    name: str,
    values: Mapping[str, tuple[str, int]],
    chosen: Iterable[str],
    select: Callable[[frozenset[str]], Selection],
    language: Language,
) -> Facet:
    chosen = frozenset(chosen)
    offered = sorted(values.items(), key=lambda item: (-item[1][1], item[1][0]))
    choices = [
        Choice(key, label, count, key in chosen, write_address(select(chosen ^ {key}), language))
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
