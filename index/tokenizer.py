"""The tokenizer of multilingual-e5-small: Unigram over 250,002 pieces, `<s> A </s>`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

START_TOKEN: Final = "<s>"
PAD_TOKEN: Final = "<pad>"
END_TOKEN: Final = "</s>"
UNKNOWN_TOKEN: Final = "<unk>"
MASK_TOKEN: Final = "<mask>"
SPECIAL_TOKENS: Final = (START_TOKEN, PAD_TOKEN, END_TOKEN, UNKNOWN_TOKEN, MASK_TOKEN)

# The normaliser removes this character, so that no word of a text holds it.
REMOVED: Final = "\x01"

# SentencePiece's nmt_nfkc, spelled out: over all of Unicode it differs from the map in the
# weight file in U+FF5E and U+1F23B only. SentencePiece drops the white space at the end and
# joins runs of it too.
_NORMALIZER: Final = normalizers.Sequence(
    [
        normalizers.Nmt(),
        normalizers.NFKC(),
        normalizers.Replace(Regex(" {2,}"), " "),
        normalizers.Strip(left=False, right=True),
    ]
)
_PRE_TOKENIZER: Final = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")


@dataclass(frozen=True, slots=True)
class PieceTable:
    """Hold the vocabulary so that a piece is found without loading it all.

    `pieces`, UTF-8 in rising order of their bytes, may stay on disk; `ids` are theirs, and
    `scores` are in the order of the ids.
    """

    pieces: NDArray[np.bytes_]
    ids: NDArray[np.int32]
    scores: NDArray[np.float32]

    @property
    def longest(self) -> int:
        """Count the bytes of the longest piece."""
        return self.pieces.dtype.itemsize

    def find(self, texts: Iterable[str]) -> dict[str, int]:
        """Return the ids of those of the texts that are pieces."""
        encoded = {text.encode("utf-8"): text for text in texts}
        # No piece ends with a NUL, which NumPy drops from the end of bytes.
        candidates = [
            content
            for content in encoded
            if len(content) <= self.longest and not content.endswith(b"\0")
        ]
        if not candidates:
            return {}
        sought = np.array(candidates, dtype=self.pieces.dtype)
        places = np.searchsorted(self.pieces, sought)
        places[places == len(self.pieces)] = 0
        found = np.flatnonzero(self.pieces[places] == sought)
        ids = self.ids[places[found]].tolist()
        return {encoded[candidates[i]]: token for i, token in zip(found, ids, strict=True)}


@dataclass(frozen=True, slots=True)
class Tokens:
    """Hold the token ids of a text, and the offset in code points just after each token."""

    ids: NDArray[np.int64]
    ends: NDArray[np.int64]


class PieceTokenizer:
    """Tokenize with the pieces that occur in the texts at hand.

    The Unigram model of the whole vocabulary takes 0.6 s to load and 190 MB. The best
    segmentation of a text depends on no pieces but those that occur in it, and, for what they
    don't cover, on the lowest score of all; a model of these is made in 0.2 ms.
    """

    def __init__(self, table: PieceTable) -> None:
        self._table = table
        special = table.find(SPECIAL_TOKENS)
        self._special = [(token, special[token]) for token in SPECIAL_TOKENS]
        self.special_ids = frozenset(special.values())
        self.unknown = special[UNKNOWN_TOKEN]
        lowest = int(np.argmin(table.scores))
        place = int(np.flatnonzero(table.ids == lowest)[0])
        self._lowest = (table.pieces[place].decode("utf-8"), lowest)
        self._words = Tokenizer(models.Unigram([(REMOVED, 0.0)], unk_id=0))
        _set_pipeline(self._words)

    def encode(self, texts: Sequence[str], limit: int | None = None) -> list[Tokens]:
        """Return the tokens of texts, special ones included, cut at the end to `limit`."""
        words = {word for text in texts for word in self._split_words(text)}
        found = self._table.find(_list_parts(words, self._table.longest))
        # First, so that their places in the small vocabulary are known.
        ids = dict([*self._special, self._lowest]) | found
        scores = self._table.scores[list(ids.values())].tolist()
        tokenizer = build_tokenizer(list(zip(ids, scores, strict=True)))
        if limit is not None:
            tokenizer.enable_truncation(limit)
        full_ids = np.array(list(ids.values()), dtype=np.int64)
        encodings = [tokenizer.encode(text) for text in texts]
        return [
            Tokens(
                full_ids[encoding.ids],
                np.array([end for _, end in encoding.offsets], dtype=np.int64),
            )
            for encoding in encodings
        ]

    def _split_words(self, text: str) -> list[str]:
        # No word is a piece of this model: each comes out whole, as one unknown token.
        return self._words.encode(text, add_special_tokens=False).tokens


def tabulate_pieces(pieces: Sequence[tuple[str, float]]) -> PieceTable:
    """Return the table of a vocabulary whose pieces are in the order of their ids."""
    encoded = np.array([piece.encode("utf-8") for piece, _ in pieces])
    order = np.argsort(encoded)
    scores = np.array([score for _, score in pieces], dtype=np.float32)
    return PieceTable(encoded[order], order.astype(np.int32), scores)


def build_tokenizer(pieces: Sequence[tuple[str, float]]) -> Tokenizer:
    """Return the tokenizer over `pieces`, which are in the order of their ids."""
    ids = {piece: position for position, (piece, _) in enumerate(pieces)}
    tokenizer = Tokenizer(models.Unigram(list(pieces), unk_id=ids[UNKNOWN_TOKEN]))
    _set_pipeline(tokenizer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START_TOKEN} $A {END_TOKEN}",
        special_tokens=[(START_TOKEN, ids[START_TOKEN]), (END_TOKEN, ids[END_TOKEN])],
    )
    return tokenizer


def _set_pipeline(tokenizer: Tokenizer) -> None:
    tokenizer.normalizer = _NORMALIZER
    tokenizer.pre_tokenizer = _PRE_TOKENIZER
    tokenizer.add_special_tokens(
        [AddedToken(token, special=True, normalized=False) for token in SPECIAL_TOKENS]
    )


def _list_parts(words: Iterable[str], longest: int) -> set[str]:
    """Return all parts of the words that are not longer than a piece can be."""
    return {
        word[start:end]
        for word in words
        for start in range(len(word))
        for end in range(start + 1, min(start + longest, len(word)) + 1)
    }
