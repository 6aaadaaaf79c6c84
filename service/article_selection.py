"""Which articles of the library are wanted, and in what order: for its page and for programs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from massilia.corpus.article import Language
from massilia.index.filter import EVERYTHING, Filter
from massilia.index.passage_table import fold_name
from massilia.index.store import ArticleEntry
from massilia.service.cursors import Key
from massilia.service.library_search import Found
from massilia.service.library_topics import Topic

_UNDATED = date.max.toordinal() + 1
"""Comes after every day, whichever of these comes first."""

Condition = Callable[[ArticleEntry], bool]


class Order(StrEnum):
    """Name an order of articles; by days, those without one come last."""

    RELEVANCE = "relevance"
    ID = "id"
    TITLE = "title"
    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True)
class Selection:
    """Say which articles are wanted.

    `words` are searched for; `topics` are keys of topics, of which an article must be on one;
    `year` is one that a sentence on these, or on any topic, must name.
    """

    words: str = ""
    within: Filter = EVERYTHING
    topics: frozenset[str] = frozenset()
    year: int | None = None
    order: Order = Order.TITLE

    @property
    def has_conditions(self) -> bool:
        """Tell whether anything but words restricts what is listed."""
        return not self.within.is_empty or self.needs_topics

    @property
    def needs_topics(self) -> bool:
        """Tell whether the library's topics must be known to make it."""
        return bool(self.topics) or self.year is not None


@dataclass(frozen=True, slots=True)
class SelectedArticles:
    """Hold the articles that were selected in their order, each with the key that it has there.

    `selection` is what was asked for, with the topics' own keys. `candidates` are all that hold its
    words; `conditions` are what else it says.
    """

    selection: Selection
    keyed: Sequence[tuple[Key, ArticleEntry]]
    candidates: Sequence[ArticleEntry]
    conditions: Mapping[str, Condition]

    def leave(self, name: str) -> list[ArticleEntry]:
        """Return what passes all conditions but one: what another value of that would leave."""
        tests = [test for each, test in self.conditions.items() if each != name]
        return [entry for entry in self.candidates if all(test(entry) for test in tests)]


def select_articles(
    entries: Sequence[ArticleEntry],
    selection: Selection,
    topics: Sequence[Topic],
    found: Found | None,
    first: Language | None = None,
) -> SelectedArticles:
    """Return the articles selected; `found` is what the selection's words were found in.

    By their titles, articles in the language `first` come before the others. Nothing is ordered by
    its relevance unless words were looked for.
    """
    if found is not None:
        entries = [entry for entry in entries if entry.id in found.passages]
    selection = _name_topics(selection, topics)
    conditions = _make_conditions(selection, topics)
    passing = [entry for entry in entries if all(test(entry) for test in conditions.values())]
    keyed = [(_make_key(entry, selection.order, found, first), entry) for entry in passing]
    # The last part of a key is the article's own.
    return SelectedArticles(selection, sorted(keyed, key=lambda pair: pair[0]), entries, conditions)


def _name_topics(selection: Selection, topics: Sequence[Topic]) -> Selection:
    own = {key: topic.key for topic in topics for key in topic.keys}
    return replace(selection, topics=frozenset(own.get(key, key) for key in selection.topics))


def _make_conditions(selection: Selection, topics: Sequence[Topic]) -> Mapping[str, Condition]:
    within = selection.within
    publishers = {fold_name(name) for name in within.publishers}
    kinds = {fold_name(name) for name in within.kinds}
    first, last = within.published_from or date.min, within.published_to or date.max
    chosen = [topic for topic in topics if topic.key in selection.topics]
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
    if within.published_from or within.published_to:
        conditions["published"] = lambda entry: (
            entry.date_published is not None and first <= entry.date_published <= last
        )
    if selection.topics:
        conditions["topic"] = lambda entry: entry.id in on_topic
    if selection.year is not None:
        conditions["year"] = lambda entry: entry.id in of_year
    return conditions


def _make_key(
    entry: ArticleEntry, order: Order, found: Found | None, first: Language | None
) -> Key:
    if order is Order.ID:
        return 0, "", entry.id
    if order is Order.RELEVANCE:
        assert found is not None
        return -found.scores[entry.id], "", entry.id
    number = 0
    if order is Order.TITLE:
        number = 0 if first is None else int(entry.language is not first)
    elif entry.date_published is None:
        number = _UNDATED
    else:
        day = entry.date_published.toordinal()
        number = -day if order is Order.NEWEST else day
    return number, fold_name(entry.title), entry.id
