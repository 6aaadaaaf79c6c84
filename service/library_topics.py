"""The topics of a library: the names that its articles are about, and the years that they tell of.

A topic is a name that stands in the title or a heading of some article, and in `MIN_SENTENCES`
sentences of the library; a place is where things happen, and no topic, nor is a name that most
works hold. An article is on a topic that its title or a heading names, or `MIN_MENTIONS` of its
sentences. Nobody has to tag anything, and the same names serve in both languages; where articles
and their translations show that two names are one ("IA" and "AI"), they are one topic.
"""

import re
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from massilia.corpus.article import Article, Language
from massilia.corpus.errors import MassiliaError
from massilia.index.store import ArticleEntry, Store
from massilia.ingest.abbreviations import LEXICONS
from massilia.ingest.sentences import split_sentences
from massilia.service.cursors import Key
from massilia.service.names import NameKind, find_names
from massilia.service.topic_translations import match_names
from massilia.service.written_dates import fold, read_written_dates

MIN_SENTENCES = 5
"""How many sentences of the library must hold a name. Of the 134 names in titles and headings of
the embedded corpus 99 are topics with 5, and make 98, since "IA" and "AI" are one; what is below
that are mostly streets and parts of longer names."""
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
    `names` are how it is written in each language, where that isn't the same.
    """

    key: str
    name: str
    articles: Mapping[str, int]
    years: Mapping[str, Mapping[int, int]]
    names: Mapping[Language, str] = field(default_factory=dict)

    def name_in(self, language: Language) -> str:
        """Return how the topic is written in a language."""
        return self.names.get(language, self.name)

    @property
    def keys(self) -> frozenset[str]:
        """Give the folded names that the topic is found by."""
        return frozenset({self.key, *map(fold_topic, self.names.values())})

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
    pairs = _match_translations(entries, read, works)
    read = {each: _rename(names, pairs) for each, names in read.items()} if pairs else read
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
        sentences = {each: read[each].sentences[name] for each in on_it}
        forms = {
            language: _choose_form(written, key) for language, key in pairs.get(name, {}).items()
        }
        topics.append(Topic(name, _choose_form(written), sentences, years, forms))
    return tuple(topic for _, topic in order_topics(topic for topic in topics if topic.articles))


def _match_translations(
    entries: Sequence[ArticleEntry], read: Mapping[str, NamesRead], works: Mapping[str, str]
) -> dict[str, Mapping[Language, str]]:
    """Return the keys of names that are one in two languages, by the key that is kept of them."""
    languages: dict[str, set[Language]] = defaultdict(set)
    for entry in entries:
        languages[works[entry.id]].add(entry.language)
    counts: dict[Language, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for entry in entries:
        work = works[entry.id]
        if len(languages[work]) == len(Language):
            for name, count in read[entry.id].sentences.items():
                counts[entry.language][name][work] += count
    return {
        max(pair.items(), key=lambda each: (counts[each[0]][each[1]].total(), each[1]))[1]: pair
        for pair in match_names(counts)
    }


def _rename(names: NamesRead, pairs: Mapping[str, Mapping[Language, str]]) -> NamesRead:
    """Return the names of an article, those that are one by the key that is kept of them."""
    kept = {name: key for key, pair in pairs.items() for name in pair.values()}
    if kept.keys().isdisjoint(names.sentences):
        return names
    sentences: Counter[str] = Counter()
    years: dict[str, Counter[int]] = defaultdict(Counter)
    written: dict[str, Counter[str]] = defaultdict(Counter)
    for name, count in names.sentences.items():
        key = kept.get(name, name)
        sentences[key] += count
        years[key].update(names.years[name])
        written[key].update(names.written[name])
    return NamesRead(
        titles=frozenset(kept.get(name, name) for name in names.titles),
        sentences=sentences,
        years=years,
        written=written,
        places=frozenset(kept.get(name, name) for name in names.places),
    )


def _choose_form(written: Counter[str], key: str | None = None) -> str:
    """Return the most frequent form, of those of one key if it is given; always the same one."""
    forms = sorted(form for form in written if key is None or fold_topic(form) == key)
    return max(forms, key=written.__getitem__)


def order_topics(topics: Iterable[Topic]) -> list[tuple[Key, Topic]]:
    """Return topics, those of most articles first, each with the key that it has there."""
    keyed = [((-len(each.articles), "", each.key), each) for each in topics]
    return sorted(keyed, key=lambda pair: pair[0])


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
