"""What a question's words may be in the passages, where they are written otherwise there."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from massilia.corpus.pattern import Pattern
from massilia.index.analysis import find_terms
from massilia.index.postings import InvertedIndex

MOST_READ = 2
"""How many words an unknown one is read as, at most."""
_SHORT = 4
"""The length from which words are corrected: by one edit, and from twice that length by two."""
_BETWEEN_LETTER_AND_DIGIT: Final = Pattern(r"(?<=[^\W\d])(?=\d)|(?<=\d)(?=[^\W\d])")


@dataclass(frozen=True, slots=True)
class Correction:
    """Say as what an unknown word of a question is read: other words, the most frequent first."""

    written: str
    read: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spelling:
    """Hold other spellings of a question's words: two as one, one as two, and unknown ones."""

    joined: tuple[str, ...]
    split: tuple[tuple[str, str], ...]
    corrections: tuple[Correction, ...]


def spell_words(words: Sequence[str], indexes: Sequence[InvertedIndex]) -> Spelling:
    """Return how else `words`, which follow each other in a question, are written in passages.

    - Two words are joined where passages have the joined word: "the camp" for "thecamp". Two stop
      words never are.
    - A word that no passage has is split where its halves stand side by side in one, and any word
      between letters and digits: "mrs3" for "MRS 3".
    - A word that can't be split either, has four letters or more and no digit is corrected: the
      nearest words are read, one edit away, or two from eight letters on.
    """
    stop_words: set[str] = set()
    known: set[str] = set()
    for index in indexes:
        for word, term in zip(words, find_terms(words, index.language), strict=True):
            if term is None:
                stop_words.add(word)
            elif index.terms.find(term) is not None:
                known.add(word)
    joined = tuple(
        one + other
        for one, other in pairwise(words)
        if not {one, other} <= stop_words
        and any(index.words.find(one + other) is not None for index in indexes)
    )
    parts = {part for pair in pairwise(words) for part in pair if "".join(pair) in joined}
    split: list[tuple[str, str]] = []
    corrections: list[Correction] = []
    for word in dict.fromkeys(words):
        unknown = word not in known | stop_words
        places = [match.start() for match in _BETWEEN_LETTER_AND_DIGIT.finditer(word)]
        if unknown:
            places += range(2, len(word) - 1)
        halves = [(word[:place], word[place:]) for place in dict.fromkeys(places)]
        found = [pair for pair in halves if any(index.find_phrase(*pair) for index in indexes)]
        split += found
        if unknown and not found and word not in parts and len(word) >= _SHORT and word.isalpha():
            read = _correct(word, indexes)
            if read:
                corrections.append(Correction(word, read))
    return Spelling(joined, tuple(split), tuple(corrections))


def _correct(word: str, indexes: Sequence[InvertedIndex]) -> tuple[str, ...]:
    found = [
        (distance, -index.count_passages(other), other)
        for index in indexes
        for others, distance in [index.words.find_nearest(word, 1 + (len(word) >= 2 * _SHORT))]
        for other in others
        if other.isalpha() and index.find_term(other) is not None
    ]
    nearest = [other for distance, _, other in sorted(found) if distance == min(found)[0]]
    return tuple(dict.fromkeys(nearest))[:MOST_READ]
