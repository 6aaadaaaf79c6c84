"""The inverted index of passages in one language: which has which term, and how often.

Files, all vectors of NumPy: `ids`, the passages' ids in order, whose places are their rows;
`words` and `terms`, two vocabularies; `text` with `text_starts`, the numbers of each passage's
words as they follow each other; `posting_starts`, `rows` and `impacts`, for each term the rows
that have it, and what BM25 makes of how often.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from massilia.corpus.article import Language
from massilia.index.analysis import find_terms, split_words
from massilia.index.arrays import map_array, save_array, sync_folder
from massilia.index.sorted_ids import ABSENT, are_among, drop_repeats, find_rows
from massilia.index.vocabulary import Vocabulary

K1 = 1.2
B = 0.75
_DTYPES: dict[str, type[np.generic]] = {
    "ids": np.int64,
    "text": np.int32,
    "text_starts": np.int64,
    "posting_starts": np.int64,
    "rows": np.int32,
    "impacts": np.float32,
}


@dataclass(frozen=True, slots=True)
class Postings:
    """Hold the rows that have a term, in their order, with its impact on each.

    The impact of a term that occurs f times in a passage of d terms is
    f (k1 + 1) / (f + k1 (1 - b + b d / average d)).
    """

    rows: NDArray[np.int32]
    impacts: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class InvertedIndex:
    """Look up the postings of terms, over arrays that are read only."""

    language: Language
    words: Vocabulary
    terms: Vocabulary
    ids: NDArray[np.int64]
    text: NDArray[np.int32]
    text_starts: NDArray[np.int64]
    posting_starts: NDArray[np.int64]
    rows: NDArray[np.int32]
    impacts: NDArray[np.float32]

    @classmethod
    def build(
        cls,
        language: Language,
        texts: Sequence[tuple[int, str]],
        previous: "InvertedIndex | None" = None,
    ) -> "InvertedIndex":
        """Index texts under their ids; those that `previous` holds are not read again.

        The result is the same with `previous` as without, byte for byte.
        """
        words, text, ids, starts = _read_texts(texts, previous)
        words, text = _sort_words(words, text)
        found = find_terms(words, language)
        terms = sorted({term for term in found if term is not None})
        numbers = {term: number for number, term in enumerate(terms)}
        of_word = np.array(
            [ABSENT if term is None else numbers[term] for term in found], dtype=np.int64
        )
        # What a sort puts side by side: the term above, the row below.
        rows = np.repeat(np.arange(len(ids), dtype=np.int32), np.diff(starts))
        keys = of_word[text]
        kept = keys >= 0
        rows, keys = rows[kept], keys[kept]
        lengths = np.bincount(rows, minlength=len(ids))
        keys <<= 32
        keys |= rows
        keys.sort()
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        counts = np.diff(first, append=len(keys))
        keys = keys[first]
        rows = (keys & 0xFFFFFFFF).astype(np.int32)
        posting_starts = np.zeros(len(terms) + 1, dtype=np.int64)
        np.cumsum(np.bincount(keys >> 32, minlength=len(terms)), out=posting_starts[1:])
        norms = K1 * (1 - B + B * lengths / max(lengths.sum() / max(len(ids), 1), 1))
        impacts = (counts * (K1 + 1) / (counts + norms[rows])).astype(np.float32)
        return cls(
            language=language,
            words=Vocabulary.build(words),
            terms=Vocabulary.build(terms),
            ids=ids,
            text=text,
            text_starts=starts,
            posting_starts=posting_starts,
            rows=rows,
            impacts=impacts,
        )

    @classmethod
    def open(cls, folder: Path, language: Language) -> "InvertedIndex":
        """Map the files in `folder`; raises `RuntimeError`, naming it, when they don't agree."""
        arrays: dict[str, Any] = {
            name: map_array(folder / f"{name}.npy", dtype) for name, dtype in _DTYPES.items()
        }
        words, terms = Vocabulary.open(folder, "words"), Vocabulary.open(folder, "terms")
        index = cls(language=language, words=words, terms=terms, **arrays)
        if not (
            len(index.text_starts) - 1 == len(index.ids)
            and len(index.posting_starts) - 1 == len(terms)
            and index.text_starts[0] == index.posting_starts[0] == 0
            and index.text_starts[-1] == len(index.text)
            and index.posting_starts[-1] == len(index.rows) == len(index.impacts)
        ):
            raise RuntimeError(f"the files in {folder} don't belong together")
        return index

    def save(self, folder: Path) -> None:
        """Write the files into `folder`, which is made, and all to the disk; raises `OSError`."""
        folder.mkdir()
        self.words.save(folder, "words")
        self.terms.save(folder, "terms")
        for name in _DTYPES:
            save_array(folder / f"{name}.npy", getattr(self, name))
        sync_folder(folder)

    def find(self, term: str) -> Postings | None:
        """Return the postings of `term`, or None where no passage has it."""
        number = self.terms.find(term)
        if number is None:
            return None
        start, end = self.posting_starts[number : number + 2]
        return Postings(self.rows[start:end], self.impacts[start:end])

    def find_term(self, word: str) -> str | None:
        """Return the term of `word`, which passages may have or not; None for a stop word."""
        return find_terms([word], self.language)[0]

    def count_passages(self, word: str) -> int:
        """Return how many passages have the term of `word`."""
        term = self.find_term(word)
        postings = None if term is None else self.find(term)
        return 0 if postings is None else len(postings.rows)

    def find_phrase(self, one: str, other: str) -> Postings | None:
        """Return the rows where `one` comes just before `other`, or None where there are none.

        The impacts are those of the rarer word's term. Not found where both are stop words.
        """
        # Most pairs are tried of a word that may be two, and few of its beginnings are words.
        if (first := self.words.find(one)) is None or (second := self.words.find(other)) is None:
            return None
        terms = [self.find_term(word) for word in (one, other)]
        found = [postings for term in terms if term and (postings := self.find(term)) is not None]
        if not found:
            return None
        rarer = min(found, key=lambda postings: len(postings.rows))
        places: NDArray[np.int64] = np.arange(len(rarer.rows))
        for postings in found:
            places = places[are_among(rarer.rows[places], postings.rows)]
        rows = rarer.rows[places]
        lengths = self.text_starts[rows + 1] - self.text_starts[rows]
        text, starts = _gather(self.text, self.text_starts[rows], lengths)
        follow = (text[:-1] == first) & (text[1:] == second)
        # The last word of a passage and the first of the next don't follow each other.
        follow[starts[1:-1] - 1] = False
        ends = np.searchsorted(starts, np.flatnonzero(follow), "right")
        places = places[drop_repeats(ends - 1)]
        return Postings(rarer.rows[places], rarer.impacts[places]) if len(places) else None

    def select(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return for each row whether its id is among `ids`, which are sorted."""
        selected = np.zeros(len(self.ids), dtype=np.bool_)
        rows = find_rows(self.ids, ids)
        selected[rows[rows != ABSENT]] = True
        return selected


def _read_texts(
    texts: Sequence[tuple[int, str]], previous: InvertedIndex | None
) -> tuple[list[str], NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Return all words, the numbers of each text's words, the texts' sorted ids and starts."""
    numbers: dict[str, int] = {}
    text, ids, lengths = array("i"), [], []
    kept: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
    if previous is not None:
        numbers = {previous.words[number]: number for number in range(len(previous.words))}
        kept = find_rows(previous.ids, np.sort(np.array([each for each, _ in texts], np.int64)))
        kept = kept[kept != ABSENT]
    known = frozenset(previous.ids[kept].tolist()) if previous is not None else frozenset()
    for text_id, content in texts:
        if text_id in known:
            continue
        words = split_words(content)
        text.extend(numbers.setdefault(word, len(numbers)) for word in words)
        ids.append(text_id)
        lengths.append(len(words))
    all_ids = np.array(ids, dtype=np.int64)
    all_lengths = np.array(lengths, dtype=np.int64)
    all_text = np.array(text, dtype=np.int32)
    starts = np.cumsum(all_lengths) - all_lengths
    if previous is not None:
        all_ids = np.concatenate([previous.ids[kept], all_ids])
        starts = np.concatenate([previous.text_starts[:-1][kept], len(previous.text) + starts])
        all_lengths = np.concatenate([np.diff(previous.text_starts)[kept], all_lengths])
        all_text = np.concatenate([previous.text, all_text])
    order = np.argsort(all_ids)
    all_text, starts = _gather(all_text, starts[order], all_lengths[order])
    return list(numbers), all_text, all_ids[order], starts


def _gather(
    values: NDArray[np.int32], starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the stretches of `values` one after the other, and where each of them starts."""
    new_starts = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=new_starts[1:])
    places = np.repeat(starts - new_starts[:-1], lengths)
    places += np.arange(len(places))
    return values[places], new_starts


def _sort_words(
    words: Sequence[str], text: NDArray[np.int32]
) -> tuple[list[str], NDArray[np.int32]]:
    """Give the words that `text` holds new numbers in their order, and leave out the others."""
    held = np.zeros(len(words), dtype=np.bool_)
    held[text] = True
    kept = sorted(words[number] for number in np.flatnonzero(held).tolist())
    new_numbers = {word: number for number, word in enumerate(kept)}
    renumbered = np.array([new_numbers.get(word, ABSENT) for word in words], dtype=np.int32)
    return kept, renumbered[text]
