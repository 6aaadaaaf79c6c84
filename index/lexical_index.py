"""The passages that share words with a question, ranked, in files that are mapped to be read."""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from math import log
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from massilia.corpus.article import Language
from massilia.index.analysis import find_terms, split_words
from massilia.index.arrays import sync_folder
from massilia.index.encoder_input import compose_passage
from massilia.index.postings import InvertedIndex
from massilia.index.spelling import Correction, Spelling, spell_words
from massilia.index.store import IndexedText
from massilia.index.vectors import Hit

CORRECTED = 0.9
"""What a corrected word counts for, compared with one that is written as in the passages.

On PIAF with a typo in each question, nDCG@10 is .730 at 0.3, .762 at 0.5, .787 at 0.7 and .799 at
0.9 (.640 without corrections); on its questions as they are .810, .811, .811 and .812 (.806).
"""


class LexicalIndex:
    """Rank passages by Okapi BM25 with k1 = 1.2, b = 0.75 and an idf that is never negative.

    A term in n of N passages weighs log(1 + (N - n + 0.5) / (n + 0.5)) (Robertson & Zaragoza
    2009; the 1 is Lucene's). Each language has statistics of its own, and a question is analysed
    anew for each: where most passages are French, common English words would otherwise pass for
    rare ones. Threads may share an index, and processes its folder.
    """

    def __init__(self, indexes: Mapping[Language, InvertedIndex]) -> None:
        self._indexes = dict(indexes)

    @classmethod
    def build(
        cls,
        folder: Path,
        passages: Sequence[IndexedText],
        previous: "LexicalIndex | None" = None,
    ) -> "LexicalIndex":
        """Index titles, headings and texts in files of `folder`, which must be empty.

        What `previous` holds under the same id is taken over from it. The files are the same with
        it as without. Raises `ValueError` for an id that stands twice, and `OSError`.
        """
        ids = sorted(passage.id for passage in passages)
        repeated = [one for one, other in pairwise(ids) if one == other]
        if repeated:
            raise ValueError(f"two passages have the id {repeated[0]}")
        indexes = {}
        for language in Language:
            texts = [
                (passage.id, compose_passage(passage).text)
                for passage in passages
                if passage.language is language
            ]
            index = InvertedIndex.build(
                language, texts, None if previous is None else previous._indexes[language]
            )
            index.save(folder / language)
            indexes[language] = index
        sync_folder(folder)
        return cls(indexes)

    @classmethod
    def open(cls, folder: Path) -> "LexicalIndex":
        """Map what `build` wrote; raises `RuntimeError`, naming the file, where it is damaged."""
        return cls(
            {language: InvertedIndex.open(folder / language, language) for language in Language}
        )

    @property
    def indexes(self) -> Mapping[Language, InvertedIndex]:
        """Give the index of each language."""
        return self._indexes

    def weigh(self, term: str, language: Language) -> float:
        """Return the inverse document frequency of a term among the passages in a language."""
        index = self._indexes[language]
        postings = index.find(term)
        return weigh_term(0 if postings is None else len(postings.rows), len(index.ids))

    def __len__(self) -> int:
        return sum(len(index.ids) for index in self._indexes.values())

    def search(
        self,
        question: str,
        limit: int,
        among: NDArray[np.int64] | None = None,
        languages: Collection[Language] = tuple(Language),
    ) -> list[Hit]:
        """Return up to `limit` passages that share a term with the question, best first.

        Only passages in `languages` are looked at and, given `among`, of those the ones with these
        sorted ids. Equal scores come in the order of ids.
        """
        if limit < 1:
            return []
        words = split_words(question)
        spelling = spell_words(words, list(self._indexes.values()))
        hits = [
            hit
            for language in languages
            for hit in _search(self._indexes[language], words, spelling, limit, among)
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))[:limit]

    def correct(self, question: str) -> tuple[Correction, ...]:
        """Return as what other words `search` reads those words that no passage has."""
        return spell_words(split_words(question), list(self._indexes.values())).corrections


def _search(
    index: InvertedIndex,
    words: Sequence[str],
    spelling: Spelling,
    limit: int,
    among: NDArray[np.int64] | None,
) -> list[Hit]:
    shares = {}
    for correction in spelling.corrections:
        for term in find_terms(correction.read, index.language):
            shares[term] = CORRECTED
    for term in find_terms([*words, *spelling.joined], index.language):
        shares[term] = 1.0
    found = [
        (share, postings)
        for term, share in shares.items()
        if term is not None and (postings := index.find(term)) is not None
    ]
    found += [
        (1.0, postings)
        for pair in spelling.split
        if (postings := index.find_phrase(*pair)) is not None
    ]
    scores = np.zeros(len(index.ids), dtype=np.float32)
    for share, postings in found:
        weight = share * weigh_term(len(postings.rows), len(index.ids))
        np.add.at(scores, postings.rows, weight * postings.impacts)
    if among is not None:
        scores *= index.select(among)
    rows = np.flatnonzero(scores > 0)
    if len(rows) > limit:
        least = np.partition(scores[rows], len(rows) - limit)[len(rows) - limit]
        rows = rows[scores[rows] >= least]
    # Rows are in the order of ids, and so stay those whose scores are equal.
    rows = rows[np.argsort(-scores[rows], kind="stable")][:limit]
    return [
        Hit(*pair) for pair in zip(index.ids[rows].tolist(), scores[rows].tolist(), strict=True)
    ]


def weigh_term(passages_with: int, passages: int) -> float:
    """Return the inverse document frequency of a term that `passages_with` of `passages` have."""
    return log(1 + (passages - passages_with + 0.5) / (passages_with + 0.5))
