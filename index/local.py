"""The index of passages on this machine: FAISS, BM25 and late interaction, in files."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from massilia.corpus.article import Language
from massilia.index.encoder import Vectors
from massilia.index.filter import EVERYTHING, Filter
from massilia.index.lexical_index import LexicalIndex
from massilia.index.passage_table import PassageRow, PassageTable
from massilia.index.store import IndexedText
from massilia.index.token_codec import TokenCodec
from massilia.index.token_store import PassageTokens, TokenStore, TokenWriter
from massilia.index.vectors import Hit, VectorIndex

VECTORS = "passages.faiss"
TABLE = "passages.npz"
TOKENS = "passages.tokens"
TERMS = "terms"
SELECTIONS = 8
"""How many filters' selections are kept: a question needs each of its own two or three times, and
at a million passages one has 8 MB."""


class LocalIndex:
    """Search passages in the files of a generation's folder."""

    def __init__(
        self,
        table: PassageTable,
        vectors: VectorIndex,
        terms: LexicalIndex,
        tokens: TokenStore | None,
    ) -> None:
        self.table = table
        self._vectors = vectors
        self._terms = terms
        self._tokens = tokens
        self._select = lru_cache(SELECTIONS)(table.select)

    @classmethod
    def build(
        cls,
        folder: Path,
        rows: Sequence[PassageRow],
        texts: Sequence[IndexedText],
        vectors: Vectors,
        tokens: Iterable[TokenStore],
        codec: TokenCodec | None,
        previous: "LocalIndex | None" = None,
    ) -> None:
        """Write the index of passages into `folder`; raises `OSError`.

        `vectors`, of shape (len(texts), dimension), are those of `texts`; with a codec, `tokens`
        hold the tokens of all of them. What can be taken over from `previous` is.
        """
        ids = [text.id for text in texts]
        PassageTable.build(rows).save(folder / TABLE)
        VectorIndex.build(ids, vectors).save(folder / VECTORS)
        terms = folder / TERMS
        terms.mkdir()
        LexicalIndex.build(terms, texts, previous._terms if previous else None)
        if codec is not None:
            left = set(ids)
            with TokenWriter(folder / TOKENS, codec) as writer:
                for store in tokens:
                    for passage_id in left.intersection(store.ids.tolist()):
                        writer.copy(passage_id, store)
                    left.difference_update(store.ids.tolist())

    @classmethod
    def open(cls, folder: Path) -> "LocalIndex":
        """Open what `build` wrote; raises `OSError`, `RuntimeError`, `ValueError` or `KeyError`."""
        tokens = folder / TOKENS
        return cls(
            PassageTable.load(folder / TABLE),
            VectorIndex.load(folder / VECTORS),
            LexicalIndex.open(folder / TERMS),
            TokenStore.open(tokens) if tokens.exists() else None,
        )

    def __len__(self) -> int:
        return len(self.table)

    @property
    def ids(self) -> NDArray[np.int64]:
        """Give the ids of the passages, sorted."""
        return self.table.ids

    @property
    def passage_vectors(self) -> VectorIndex:
        """Give the index of the passages' vectors."""
        return self._vectors

    @property
    def terms(self) -> LexicalIndex:
        """Give the index of the passages' words."""
        return self._terms

    @property
    def tokens(self) -> TokenStore | None:
        """Give the store of the passages' tokens, if there is one."""
        return self._tokens

    @property
    def codec(self) -> TokenCodec | None:
        """Give what made bytes of the tokens' vectors, or None where no tokens are held."""
        return None if self._tokens is None else self._tokens.codec

    def check(self) -> None:
        """Do nothing: what is open stays readable."""

    def search_vectors(
        self, question: Vectors, limit: int, within: Filter = EVERYTHING
    ) -> list[Hit]:
        """Return up to `limit` passages by inner product with a vector of shape (dimension,)."""
        return self._vectors.search(question, limit, self._select(within))

    def search_terms(self, question: str, limit: int, within: Filter = EVERYTHING) -> list[Hit]:
        """Return up to `limit` passages that share a term with the question, by BM25."""
        # Each language has an index of its own: it isn't looked through for its passages.
        selected = self._select(replace(within, languages=frozenset()))
        return self._terms.search(question, limit, selected, within.languages or tuple(Language))

    def read_vectors(self, ids: Sequence[int]) -> Vectors:
        """Return the vectors of passages, all of which it must hold: (len(ids), dimension)."""
        return self._vectors.vectors(ids)

    def read_tokens(self, ids: Sequence[int]) -> list[PassageTokens | None]:
        """Return the tokens of each passage, None for one whose tokens aren't held."""
        return [None] * len(ids) if self._tokens is None else self._tokens.read(ids)

    def count_passages_with(self, token_ids: Sequence[int]) -> Mapping[int, int]:
        """Return in how many passages each token occurs."""
        return {} if self._tokens is None else self._tokens.count_passages_with(token_ids)
