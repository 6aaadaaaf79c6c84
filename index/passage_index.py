"""What passages are found in: an index on this machine, or an engine elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from massilia.index.encoder import Vectors
from massilia.index.filter import EVERYTHING, Filter
from massilia.index.token_codec import TokenCodec
from massilia.index.token_store import PassageTokens
from massilia.index.vectors import Hit


class PassageIndex(Protocol):
    """Search the passages of one generation of a library.

    Hits come best first, equal scores in the order of ids; filters are exact and apply before
    ranking. Methods raise `LibraryError` where the index can't be read or reached.
    """

    def __len__(self) -> int:
        """Give the number of passages."""

    @property
    def ids(self) -> NDArray[np.int64]:
        """Give the ids of the passages, sorted."""

    @property
    def codec(self) -> TokenCodec | None:
        """Give what made bytes of the tokens' vectors, or None where no tokens are held."""

    def check(self) -> None:
        """Raise `LibraryError` unless questions can be answered now."""

    def search_vectors(
        self, question: Vectors, limit: int, within: Filter = EVERYTHING
    ) -> list[Hit]:
        """Return up to `limit` passages by inner product with a vector of shape (dimension,)."""

    def search_terms(self, question: str, limit: int, within: Filter = EVERYTHING) -> list[Hit]:
        """Return up to `limit` passages that share a term with the question, by BM25."""

    def read_vectors(self, ids: Sequence[int]) -> Vectors:
        """Return the vectors of passages, all of which it must hold: (len(ids), dimension)."""

    def read_tokens(self, ids: Sequence[int]) -> list[PassageTokens | None]:
        """Return the tokens of each passage, None for one whose tokens aren't held."""

    def count_passages_with(self, token_ids: Sequence[int]) -> Mapping[int, int]:
        """Return in how many passages each token occurs."""
