"""Where in a text something like a quote stands."""

import unicodedata
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from massilia.corpus.pattern import Pattern

MAX_TOKENS = 300
"""Of a longer quote only so many first tokens are looked for: the work grows with both texts."""
MAX_PLACES = 8
"""How many equally near places are told apart; a text of one word over and over has thousands."""

# A letter with its accent apart is one token with that accent.
_TOKEN = Pattern(r"[\w\u0300-\u036f]+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class NearText:
    """Place a part of a text, in code points; its similarity to the quote is 1 for the same tokens.

    It is the share of the quote's tokens that remains when one is taken off for each token that is
    put in, left out or replaced.
    """

    start: int
    end: int
    similarity: float


def find_nearest(quote: str, text: str, start: int) -> list[NearText]:
    """Return the parts of `text` that are nearest to `quote`; none where no token is shared.

    All are as near as one another, by the least number of tokens (words and marks, whatever their
    case) that are put in, left out or replaced; those come first that are as long as the quote,
    then those near the offset `start`. The algorithm is that of Sellers (1980), run forwards for
    the ends and from each end backwards for the starts.
    """
    sought = [_fold(match[0]) for match in _TOKEN.finditer(quote)][:MAX_TOKENS]
    found = list(_TOKEN.finditer(text))
    numbers = {token: number for number, token in enumerate(dict.fromkeys(sought))}
    pattern = np.array([numbers[token] for token in sought], dtype=np.int32)
    tokens = np.array([numbers.get(_fold(match[0]), -1) for match in found], dtype=np.int32)
    distances = _measure(pattern, tokens, np.zeros(len(tokens) + 1, dtype=np.int32))
    least = int(distances.min())
    if least >= len(pattern):
        return []
    places = []
    ends = np.flatnonzero(distances == least).tolist()
    for end in sorted(ends, key=lambda each: abs(found[each - 1].end() - start - len(quote))):
        # No nearest part is longer: what it has more than the quote is put in.
        first = max(0, end - len(pattern) - least)
        skipped = np.arange(end - first + 1, dtype=np.int32)
        backwards = _measure(pattern[::-1], tokens[first:end][::-1], skipped)
        lengths = np.flatnonzero(backwards == least).tolist()
        for length in lengths:
            place = NearText(
                found[end - length].start(), found[end - 1].end(), 1 - least / len(pattern)
            )
            places.append(place)
        if len(places) >= MAX_PLACES:
            break
    return sorted(
        places, key=lambda each: (abs(each.end - each.start - len(quote)), abs(each.start - start))
    )


def _measure(
    pattern: NDArray[np.int32], tokens: NDArray[np.int32], distances: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Return the distance of the nearest run of tokens that ends after each number of them.

    `distances` are those of the empty pattern: what it costs to begin after each number of tokens.
    """
    steps = np.arange(len(tokens) + 1, dtype=np.int32)
    for number, token in enumerate(pattern, start=1):
        edited = np.empty_like(distances)
        edited[0] = number
        edited[1:] = np.minimum(distances[:-1] + (tokens != token), distances[1:] + 1)
        # A token put in after each run: the least over all runs that end before.
        distances = np.minimum.accumulate(edited - steps) + steps
    return distances


def _fold(token: str) -> str:
    return unicodedata.normalize("NFC", token).casefold()
