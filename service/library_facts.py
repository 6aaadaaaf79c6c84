"""What a library holds, counted."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from massilia.corpus.article import Language
from massilia.index.generation import Manifest
from massilia.index.library import Library

Name = TypeVar("Name", bound=str)


@dataclass(frozen=True, slots=True)
class LibraryFacts:
    """Hold how many articles a library has of each kind, the days covered, and its generation.

    `languages`, `publishers` and `kinds` give those with the most articles first. `up_to_date`
    tells whether the generation was built from the articles as they are now.
    """

    articles: int
    languages: Mapping[Language, int]
    publishers: Mapping[str, int]
    kinds: Mapping[str, int]
    first: date | None
    last: date | None
    undated: int
    manifest: Manifest | None
    up_to_date: bool


def describe_library(library: Library) -> LibraryFacts:
    """Return what is known of a library; raises `LibraryError`."""
    with library.store.reading():
        entries = library.store.entries()
        state = library.store.state()
    generation = library.generation()
    days = sorted(each.date_published for each in entries if each.date_published)
    return LibraryFacts(
        articles=len(entries),
        languages=_count(each.language for each in entries),
        publishers=_count(each.publisher for each in entries if each.publisher),
        kinds=_count(each.kind for each in entries if each.kind),
        first=days[0] if days else None,
        last=days[-1] if days else None,
        undated=len(entries) - len(days),
        manifest=generation.manifest if generation else None,
        up_to_date=generation is not None and generation.manifest.library_state == state,
    )


def _count(values: Iterable[Name]) -> dict[Name, int]:
    counted = Counter(values)
    return dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))
