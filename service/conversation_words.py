"""The words that tell what a follow-up question leans on."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern

WORDS = "conversation.toml"
ARTICLES: Final = frozenset({"le", "la", "les", "the", "un", "une"})


@dataclass(frozen=True, slots=True)
class Words:
    """Hold the word lists of one language; patterns are for folded texts."""

    opening: Pattern
    prompt: Pattern
    place: Pattern
    time: Pattern
    slots: frozenset[str]
    verbs: frozenset[str]
    empty: frozenset[str]


@cache
def load_words(language: Language) -> Words:
    """Return the lists of one language."""
    listed = _read_words()[language]

    def compile_any(phrases: Sequence[str], pattern: str) -> Pattern:
        longest = sorted(map(re.escape, phrases), key=len, reverse=True)
        return Pattern(pattern.format("|".join(longest)))

    return Words(
        opening=compile_any(listed["openings"], r"(?:{})(?:\s*,\s*|\s+)(?=\S)"),
        prompt=compile_any(listed["prompts"], r"(?:{})\s+(?=\S)"),
        place=compile_any(
            listed["places"],
            r"(?:^|[\s'])(?:{})\s(?:(?:la|le|les|the|l')\s?)?\Z",
        ),
        # "Who lays it, then?" speaks of no time.
        time=compile_any(listed["times"], r"(?<!,\s)\b(?:{})(?![a-z])"),
        slots=frozenset(listed["slots"].split()),
        verbs=frozenset(listed["verbs"].split()),
        empty=frozenset(listed["empty"].split()),
    )


@cache
def load_ordinary() -> frozenset[str]:
    """Return words that are written with a capital and name nothing."""
    return frozenset(_read_words()["ordinary"].split())


@cache
def load_demonyms() -> frozenset[str]:
    """Return adjectives with a capital, which name something only with the word after them."""
    return frozenset(_read_words()["demonyms"].split())


@cache
def load_function_words() -> frozenset[str]:
    """Return words of either language that begin a question or end a phrase, and are no name."""
    listed = [_read_words()[language] for language in Language]
    words = {word for each in listed for word in f"{each['slots']} {each['verbs']}".split()}
    words |= set(_read_words()["initial"].split())
    return frozenset(words | ARTICLES)


@cache
def _read_words() -> Mapping[str, Any]:
    text = files("massilia.service").joinpath(WORDS).read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))
