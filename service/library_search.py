"""Words that a reader looks for in the library, and the articles that hold them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massilia.corpus.article import Article, Language
from massilia.corpus.pattern import Pattern
from massilia.index.analysis import find_terms, split_words
from massilia.index.errors import LibraryError
from massilia.index.generation import Generation
from massilia.index.lexical_index import LexicalIndex
from massilia.index.library import Library
from massilia.index.passage_table import PassageTable
from massilia.index.postings import InvertedIndex
from massilia.index.spelling import Correction
from massilia.index.store import Store, StoredPassage
from massilia.index.vectors import Hit

MOST_PASSAGES = 5_000
"""How many passages with the words are looked at, the best of them: enough for the articles of any
library that one browses, and read in some 50 ms."""
_WORD: Final = Pattern(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Found:
    """Hold the articles with the words of a search, each with its best passage and the score of it.

    `whole` tells whether each holds every word; otherwise none does, and each holds one at least.
    `corrections` say as what unknown words were read.
    """

    passages: Mapping[str, StoredPassage]
    scores: Mapping[str, float]
    whole: bool
    corrections: tuple[Correction, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """Hold a piece of a sentence, and whether it is a word that was looked for."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Hold the sentence of a passage that has most of the words, and its place in the article."""

    pieces: tuple[Piece, ...]
    start: int
    end: int


def search_library(text: str, language: Language, library: Library) -> Found:
    """Return the articles of a library that hold the words of `text`, as `search_words` does.

    Raises `LibraryError` where the library has articles and was never built.
    """
    generation = library.generation()
    if generation is not None:
        return search_words(text, language, generation, library.store)
    if library.store.count_articles():
        raise LibraryError(f"The library {library.path} has not been built; run `massilia build`.")
    return Found({}, {}, whole=False, corrections=())


def search_words(text: str, language: Language, generation: Generation, store: Store) -> Found:
    """Return the articles that hold the words of `text`, and how high BM25 ranks them.

    The words of an article's title and headings count as its own. Words are compared by their
    stems, each language's in its own way; stop words don't count, nor do those of `language`, which
    the words are written in as far as one knows.
    """
    local = generation.local
    corrections = local.terms.correct(text)
    words = [word for word in split_words(text) if find_terms([word], language) != [None]]
    whole = _find_whole(words, local.terms, local.table, corrections)
    best: dict[int, Hit] = {}
    hits = local.terms.search(text, MOST_PASSAGES)
    numbers = local.table.article_numbers([hit.id for hit in hits]).tolist() if hits else []
    for hit, number in zip(hits, numbers, strict=True):
        if not whole or number in whole:
            best.setdefault(number, hit)
    scores = {hit.id: hit.score for hit in best.values()}
    # Those whose articles have been removed since are not among them.
    passages = {each.article_id: each for each in store.passages(list(scores))}
    return Found(
        passages,
        {article_id: scores[each.id] for article_id, each in passages.items()},
        bool(whole),
        corrections,
    )


def excerpt_passage(text: str, article: Article, passage: StoredPassage, store: Store) -> Excerpt:
    """Return the sentence of a passage that has most of the words of `text`, with these marked."""
    wanted = _list_terms(split_words(text), article)
    sentences = store.sentences(passage)
    spans = [(each.start, each.end) for each in sentences] or [(passage.start, passage.end)]

    def count(span: tuple[int, int]) -> int:
        return len(wanted & _list_terms(split_words(article.text[span[0] : span[1]]), article))

    start, end = max(spans, key=count)
    return Excerpt(tuple(_mark(article.text[start:end], article, wanted)), start, end)


def _find_whole(
    words: Sequence[str],
    terms: LexicalIndex,
    table: PassageTable,
    corrections: Sequence[Correction],
) -> set[int]:
    """Return the numbers of the articles that hold every word, or what it was read as."""
    read = {each.written: each.read for each in corrections}
    found: set[int] = set()
    for index in terms.indexes.values():
        holding: set[int] | None = None
        for word in words:
            if index.find_term(word) is None:
                continue
            ids = _find_passages(index, (word, *read.get(word, ())))
            articles = set(table.article_numbers(ids.tolist()).tolist()) if len(ids) else set()
            holding = articles if holding is None else holding & articles
        found |= holding or set()
    return found


def _find_passages(index: InvertedIndex, words: Sequence[str]) -> NDArray[np.int64]:
    found = [
        index.ids[postings.rows]
        for term in find_terms(words, index.language)
        if term is not None and (postings := index.find(term)) is not None
    ]
    return np.unique(np.concatenate(found)) if found else np.array([], dtype=np.int64)


def _list_terms(words: Sequence[str], article: Article) -> set[str]:
    return {term for term in find_terms(words, article.language) if term is not None}


def _mark(sentence: str, article: Article, wanted: set[str]) -> list[Piece]:
    pieces: list[Piece] = []
    end = 0
    match: re.Match[str]
    for match in _WORD.finditer(sentence):
        if not wanted & _list_terms(split_words(match[0]), article):
            continue
        if end < match.start():
            pieces.append(Piece(sentence[end : match.start()], False))
        pieces.append(Piece(match[0], True))
        end = match.end()
    if end < len(sentence):
        pieces.append(Piece(sentence[end:], False))
    return pieces
