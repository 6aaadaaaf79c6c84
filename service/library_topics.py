"""The topics of a library: the names that its articles are about, and the years that they tell of.

A topic is a name that stands in the title or a heading of some article, and in `MIN_SENTENCES`
sentences of the library; a place is where things happen, and no topic, nor is a name that most
works hold. An article is on a topic that its title or a heading names, or `MIN_MENTIONS` of its
sentences. Nobody has to tag anything, and the same names serve in both languages.
"""

import re
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from massilia.corpus.article import Article
from massilia.corpus.errors import MassiliaError
from massilia.index.store import ArticleEntry, Store
from massilia.ingest.abbreviations import LEXICONS
from massilia.ingest.sentences import split_sentences
from massilia.service.names import NameKind, find_names
from massilia.service.written_dates import fold, read_written_dates

MIN_SENTENCES = 5
"""How many sentences of the library must hold a name. Of the 134 names in titles and headings of
the embedded corpus 99 are topics with 5; what is below that are mostly streets and parts of longer
names."""
MIN_MENTIONS = 2
"""How many sentences put an article on a topic that none of its headings names."""
MOST_WORKS = 1 / 2
"""A name that a larger share of the works holds tells none of them from the others."""
FEW_WORKS = 6
"""Up to this many works, no name is too common."""
PATIENCE: Final = 3.0
"""How many seconds a page waits for articles to be read. One takes 3 to 4 ms, so that those of a
library of some 800 are read in time; of a larger one the topics are missing for a while."""


_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class NamesRead:
    """Hold the names of an article, folded, and the years of the sentences that hold them.

    `sentences` counts those that hold a name, `years` those among them that name a year: the same
    sentence counts once for a name and a year. `written` counts how each name is written.
    """

    titles: frozenset[str]
    sentences: Mapping[str, int]
    years: Mapping[str, Mapping[int, int]]
    written: Mapping[str, Mapping[str, int]]
    places: frozenset[str]


@dataclass(frozen=True, slots=True)
class Topic:
    """Hold a topic: its folded name, how it is mostly written, and the articles that are on it.

    `years` counts, for each article, the sentences on the topic by the year that they name; where
    an article's sentences name none, it counts once for the year in which it was published.
    """

    key: str
    name: str
    articles: Mapping[str, int]
    years: Mapping[str, Mapping[int, int]]

    @property
    def sentences(self) -> int:
        """Count the sentences of the library that hold the name."""
        return sum(self.articles.values())

    def count_years(self, article_ids: Iterable[str] | None = None) -> Counter[int]:
        """Return the sentences by year, of the articles given or of all that are on the topic."""
        total: Counter[int] = Counter()
        for article_id in self.years if article_ids is None else article_ids:
            total.update(self.years.get(article_id, {}))
        return total


class Topics:
    """Find the topics of a library, as it is when they are asked for; threads may share one.

    Each article is read once, in a thread; what has been removed is left out at once.
    """

    def __init__(self, store: Store, patience: float = PATIENCE) -> None:
        self._store = store
        self._patience = patience
        self._read: dict[_Key, NamesRead] = {}
        self._found: tuple[frozenset[ArticleEntry], tuple[Topic, ...]] | None = None
        self._starting = threading.Lock()
        self._reader: threading.Thread | None = None

    def find(self, entries: Sequence[ArticleEntry]) -> tuple[Topic, ...] | None:
        """Return the topics of the articles described, those of most articles first.

        None, where they aren't all read yet.
        """
        described = frozenset(entries)
        if self._found is not None and self._found[0] == described:
            return self._found[1]
        wanted = {_key(entry) for entry in entries}
        if not wanted <= self._read.keys():
            self._start_reading().join(self._patience)
        # A copy: the thread may go on with what the library holds by now.
        read = dict(self._read)
        if not wanted <= read.keys():
            return None
        topics = find_topics(entries, {entry.id: read[_key(entry)] for entry in entries})
        self._found = (described, topics)
        return topics

    def _start_reading(self) -> threading.Thread:
        with self._starting:
            if self._reader is None or not self._reader.is_alive():
                self._reader = threading.Thread(
                    target=self._read_articles, name="topics", daemon=True
                )
                self._reader.start()
            return self._reader

    def _read_articles(self) -> None:
        # A library that is closed meanwhile, or can't be read: who asks it a question is told so.
        with suppress(MassiliaError):
            current = {_key(entry) for entry in self._store.entries()}
            for key in [each for each in self._read if each not in current]:
                del self._read[key]
            for key in sorted(current - self._read.keys()):
                article = self._store.article(key[0])
                if article is not None:
                    self._read[_key(article)] = read_names(article)


def read_names(article: Article) -> NamesRead:
    """Return the names of an article's title, headings and sentences."""
    sentences: Counter[str] = Counter()
    years: dict[str, Counter[int]] = defaultdict(Counter)
    written: dict[str, Counter[str]] = defaultdict(Counter)
    kinds: dict[str, Counter[bool]] = defaultdict(Counter)
    starts = {heading.start for heading in article.headings}
    for span in split_sentences(article.text, article.language):
        if span.start in starts:
            continue
        sentence = article.text[span.start : span.end]
        named = {
            written.first.year
            for written in read_written_dates(sentence, article.language)
            if written.first.year == written.last.year
        }
        for name, form, is_place in set(_names(sentence, article)):
            written[name][form] += 1
            kinds[name][is_place] += 1
        for name in {name for name, _, _ in _names(sentence, article)}:
            sentences[name] += 1
            years[name].update(named)
    # In a title, a first word shows no more by its capital than that of a sentence does.
    headings = (article.text[each.start : each.end] for each in article.headings)
    lines = "\n".join((article.title, *headings))
    titles = {
        name
        for name, forms in written.items()
        if any(re.search(rf"(?<!\w){re.escape(form)}(?!\w)", lines) for form in forms)
    }
    return NamesRead(
        titles=frozenset(titles),
        sentences=sentences,
        years=years,
        written=written,
        places=frozenset(name for name, counts in kinds.items() if counts[True] > counts[False]),
    )


def find_topics(
    entries: Sequence[ArticleEntry], read: Mapping[str, NamesRead]
) -> tuple[Topic, ...]:
    """Return the topics of articles whose names have been read, those of most articles first."""
    works = {entry.id: entry.translation_of or entry.id for entry in entries}
    published = {entry.id: entry.date_published for entry in entries}
    holders: dict[str, list[str]] = defaultdict(list)
    for article_id, names in read.items():
        for name in names.sentences:
            holders[name].append(article_id)
    titled = {name for names in read.values() for name in names.titles}
    topics = []
    for name in sorted(titled & holders.keys()):
        held = holders[name]
        if sum(read[each].sentences[name] for each in held) < MIN_SENTENCES:
            continue
        if 2 * sum(name in read[each].places for each in held) > len(held):
            continue
        if _is_common(len({works[each] for each in held}), len(set(works.values()))):
            continue
        on_it = [
            each
            for each in held
            if name in read[each].titles or read[each].sentences[name] >= MIN_MENTIONS
        ]
        written: Counter[str] = Counter()
        for each in held:
            written.update(read[each].written[name])
        years = {}
        for each in on_it:
            day = published[each]
            years[each] = dict(read[each].years[name]) or ({day.year: 1} if day else {})
        # Of forms that are equally frequent, always the same one.
        form = max(sorted(written), key=written.__getitem__)
        topics.append(
            Topic(name, form, {each: read[each].sentences[name] for each in on_it}, years)
        )
    topics = [topic for topic in topics if topic.articles]
    return tuple(sorted(topics, key=lambda each: (-len(each.articles), -each.sentences, each.key)))


def fold_topic(name: str) -> str:
    """Return the key of the topic of that name."""
    return " ".join(fold(name).replace("’", "'").split())


def _names(text: str, article: Article) -> list[tuple[str, str, bool]]:
    """Return each name of a text: folded, as it is written, and whether it is a place."""
    function_words = LEXICONS[article.language].function_words
    return [
        (
            fold_topic(form := text[name.start : name.end]),
            form,
            name.kind is NameKind.PLACE,
        )
        for name in find_names(text, article.language)
        # "Le Monde" may be cut short, and a letter alone stands for anything.
        if name.end > name.start + 1
        and text[name.start : name.end].casefold() not in function_words
    ]


def _is_common(holding: int, works: int) -> bool:
    return works > FEW_WORKS and holding > works * MOST_WORKS


def _key(entry: ArticleEntry | Article) -> _Key:
    """Return what an article's names depend on, by its id."""
    return entry.id, entry.title, entry.text_sha256
