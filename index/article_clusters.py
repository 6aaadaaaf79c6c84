"""Articles that are one text, reworded, shortened or extended: which are, and which one is shown.

Each article has a signature, by which the few that might be like it are found among all, and its
wording is then compared with theirs. Translations share no words and are never found.
"""

import struct
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import blake2b
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from massilia.corpus.pattern import Pattern
from massilia.index.analysis import split_words
from massilia.index.sorted_ids import are_among

if TYPE_CHECKING:
    from datasketch import MinHash

VERSION = 1
"""Raised when a text would be signed otherwise: signatures of two versions can't be compared."""
VALUES = 128
_FORMAT = struct.Struct("<BI")
# Odd numbers of 64 random bits, one for each word of a run.
_FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
_RUN = len(_FACTORS)
_BATCH = 10_000
"""How many runs are signed at once: each takes 512 bytes meanwhile."""

# All swept with eval/bench/near_duplicates.py on half of its texts: what share of planted copies is
# missed, and of other pairs found. And of 8,765 passages of four public sets as they are: how
# many are linked that have one title, and that have two (half of the latter are wrong).
#
# From half of the runs in common on, 11 % are missed and 8 % found, from .6 on 20 and .3 %: what is
# reworded is so everywhere, while a passage that two texts quote stands in one place. So blocks are
# counted: from .65, .7 and .75 of them on, 1.3 and 1.6 %, 1.4 and .8 %, 1.7 and 0 %. At .75, blocks
# of 24 words (3 runs) have 1.8 and .7 %, of 16 (2 runs) 2.0 and 0 %, of 12 (1 run) 1.6 and 0 %.
_BLOCK = 20
_LEAST_IN_BLOCK = 2
LEAST_COVERED = 0.75
LEAST_CONTAINED = 0.2
"""From .15, .2, .25 and .3 on, 1.6, 1.7, 2.5 and 4.2 % are missed; from .25 on, 457 and 31 passages
are linked instead of 457 and 34."""
LEAST_SHARED = 25
"""How many runs are in both at least. From 15, 20, 25 and 30 on, 1.4, 1.5, 1.7 and 1.9 % are
missed, and 484 and 60, 469 and 43, 457 and 34, 434 and 30 passages linked: leads of some forty
words say the same of other places."""
LEAST_MISSING = 2
LEAST_SHARED_NAMES = 0.75
"""From 0, .6, .7, .75 and .8 on, 1.2, 1.3, 1.4, 1.7 and 2.4 % are missed, 2.8, .5, .1, 0 and 0 %
found, and 459 and 221, 457 and 108, 457 and 40, 457 and 34, 454 and 25 passages linked."""
_NEAR = 2
LEAST_CONTRADICTIONS = 3
LEAST_AGREEING = 0.5
"""From 0, .3, .4 and .5 on, 17, .2, 0 and 0 % are found, and as many are missed as without; from .6
on .1 % more are."""
LEAST_IN_COMMON = 0.3
"""Clusters are the same from .2 to .5 on. From 0 on, 17 of 19 digests join the two texts that they
are made of, and the precision of pairs in a cluster is .75 instead of .996."""
LEAST_HELD = 0.4
"""From .3, .4 and .5 on, 70, 58 and 43 % of the sentences are held by copies with one word in five
replaced, and none of those that a shortened copy leaves out; of another text's, .1 %."""

# Of the copies, all are among the candidates from .05 to .15 on; .1 % are not from .2 on.
_LEAST_MATCHES = 2
_LEAST_ESTIMATE = 0.15
# Texts on one subject have three runs in a thousand in common: one pair in 1,600 gets as far.
_SURE_MATCHES = 4
_MOST_COMPARED = 50
_MOST_KEPT = 512
_ROOM = 1024

# Not at the start of a sentence or of a line, where any word has a capital.
_INNER_WORD = Pattern(r"(?:(?<=[^\W_][ \u00a0\u202f'’-])|(?<=[^\W_][,;)][ \u00a0\u202f]))[^\W\d_]+")
_WORD = Pattern(r"[^\W_]+")

Numbers = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Signature:
    """Hold the MinHash values of a text's runs of three words, and how many runs it has.

    Of two texts, as many values are equal, of all, as runs are in both, of those in either (Broder,
    "On the resemblance and containment of documents", 1997).
    """

    runs: int
    values: bytes

    def pack(self) -> bytes:
        """Return the signature as 517 bytes, in which its version is the first."""
        return _FORMAT.pack(VERSION, self.runs) + self.values

    @classmethod
    def unpack(cls, data: bytes) -> "Signature":
        """Return the signature that `pack` wrote; raises `ValueError` for any other bytes."""
        if len(data) != _FORMAT.size + 4 * VALUES or data[0] != VERSION:
            version = data[0] if data else "none"
            raise ValueError(f"not a signature of version {VERSION}: {len(data)} bytes, {version}")
        return cls(_FORMAT.unpack_from(data)[1], data[_FORMAT.size :])


@dataclass(frozen=True, slots=True, eq=False)
class Wording:
    """Hold what texts are compared by: their words, runs of three of them, names and figures.

    `words` and `runs` have a number for each, in the text's order; `vocabulary` and `distinct` have
    each number once, sorted. `names` tells which words are names. `figures` are those that stand
    between two words, by these words.
    """

    words: Numbers
    vocabulary: Numbers
    runs: Numbers
    distinct: Numbers
    names: NDArray[np.bool_]
    figures: Mapping[tuple[str, str], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Likeness:
    """Say how much two texts have in common, whichever comes first.

    So many runs are `shared`; `resemblance` is their share of those in either. `contained` is the
    share of the shorter text's runs that the longer one has too, and `covered` that of its blocks
    of 20 words which the longer one has something of. Of its `names` near such runs, `shared_names`
    are somewhere in the longer text. Of the places that have figures in both texts, `agreeing` have
    the same, `contradicting` others.
    """

    shared: int
    resemblance: float
    contained: float
    covered: float
    names: int
    shared_names: int
    agreeing: int
    contradicting: int

    @property
    def is_copy(self) -> bool:
        """Tell whether one text is the other or a part of it, but for some words."""
        if self.resemblance == 1:
            return True
        return (
            self.shared >= LEAST_SHARED
            and self.contained >= LEAST_CONTAINED
            and self.covered >= LEAST_COVERED
            and not self.has_other_names
            and not self.has_other_figures
        )

    @property
    def is_stranger(self) -> bool:
        """Tell whether they are no copies of one text, even if each is a copy of a third."""
        return self.covered < LEAST_IN_COMMON or self.has_other_figures

    @property
    def has_other_names(self) -> bool:
        """Tell whether one says of some places or people what the other says of others."""
        missing = self.names - self.shared_names
        return missing >= LEAST_MISSING and self.shared_names < LEAST_SHARED_NAMES * self.names

    @property
    def has_other_figures(self) -> bool:
        """Tell whether one says of a day or an amount what the other says of another."""
        compared = self.agreeing + self.contradicting
        return (
            self.contradicting >= LEAST_CONTRADICTIONS and self.agreeing < LEAST_AGREEING * compared
        )


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """Say of two articles that they are copies, or alike but of other matter.

    `first` stands before `second` by their ids.
    """

    first: str
    second: str
    resemblance: float
    is_copy: bool


@dataclass(frozen=True, slots=True)
class Member:
    """Hold what decides which article of a cluster is shown; `length` counts code points."""

    article_id: str
    date_published: date | None
    length: int


def sign_text(text: str) -> Signature:
    """Return the signature of a text."""
    return sign_wording(read_wording(text))


def sign_wording(wording: Wording) -> Signature:
    """Return the signature of the text that the wording is of."""
    minhash = _prepare_minhash().copy()
    hashes = wording.distinct >> np.uint64(32)
    for start in range(0, len(hashes), _BATCH):
        minhash.update_batch(hashes[start : start + _BATCH].tolist())
    return Signature(len(hashes), minhash.hashvalues.astype("<u4").tobytes())


@cache
def _prepare_minhash() -> "MinHash":
    # Here, since it takes as long to import as the rest of the program, and answers need none.
    from datasketch import MinHash

    return MinHash(VALUES, hashfunc=int, scheme="affine32")


def read_wording(text: str) -> Wording:
    """Return the wording of a text, in which case, accents, punctuation and elisions don't count.

    A text of one or two words has one run; an empty one has none, and is like no other.
    """
    words = split_words(text)
    hashes = {word: _hash_word(word) for word in set(words)}
    numbers = np.array([hashes[word] for word in words], dtype=np.uint64)
    padded = np.pad(numbers, (0, max(_RUN - len(words), 0) if words else 0))
    runs = np.zeros(max(len(padded) - _RUN + 1, 0), dtype=np.uint64)
    for place, factor in enumerate(_FACTORS):
        runs += padded[place : place + len(runs)] * np.uint64(factor)
    names = _find_names(text)
    return Wording(
        words=numbers,
        vocabulary=np.unique(numbers),
        runs=runs,
        distinct=np.unique(runs),
        names=np.array([word in names for word in words], dtype=np.bool_),
        figures=_read_figures(words),
    )


def compare_wordings(first: Wording, second: Wording) -> Likeness:
    """Return what two texts have in common."""
    shared = int(np.count_nonzero(are_among(first.distinct, second.distinct)))
    either = len(first.distinct) + len(second.distinct) - shared
    resemblance = shared / either if either else 0.0
    shortest = min(len(first.words), len(second.words))
    # Of two that are as long, the one of which the other has more counts as the shorter one.
    contained, covered, names, shared_names = max(
        _measure_covered(one, other)
        for one, other in ((first, second), (second, first))
        if len(one.words) == shortest
    )
    places = first.figures.keys() & second.figures.keys()
    agreeing = sum(not first.figures[place].isdisjoint(second.figures[place]) for place in places)
    return Likeness(
        shared=shared,
        resemblance=resemblance,
        contained=contained,
        covered=covered,
        names=names,
        shared_names=shared_names,
        agreeing=agreeing,
        contradicting=len(places) - agreeing,
    )


def is_held(quote: Wording, article: Wording) -> bool:
    """Tell whether an article says what a quote of another says, in nearly the same words.

    At least 40 % of the quote's runs are the article's too, and so are all its names and figures.
    """
    shared = int(np.count_nonzero(are_among(quote.distinct, article.distinct)))
    if not len(quote.distinct) or shared < LEAST_HELD * len(quote.distinct):
        return False
    known = frozenset[str]().union(*article.figures.values())
    return bool(np.all(are_among(quote.words[quote.names], article.vocabulary))) and all(
        figures <= known for figures in quote.figures.values()
    )


def estimate_contained(
    values: NDArray[np.uint32], runs: NDArray[np.int64], signature: Signature
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Compare a signature with others: a column of `values`, and one of `runs`, for each.

    Returns how many values are equal, and the share of the shorter text's runs that the longer one
    is estimated to have.
    """
    matches = _count_matches(values, np.frombuffer(signature.values, dtype="<u4"))
    resemblance = matches / VALUES
    shared = resemblance * (runs + signature.runs) / (1 + resemblance)
    # The values of two texts without words are equal, though they have nothing in common.
    return matches, shared / np.maximum(np.minimum(runs, signature.runs), 1)


def choose_representative(members: Iterable[Member]) -> str:
    """Return the id of the article that stands for a cluster.

    The one that was published first, then the longest, then the first by its id. Those of unknown
    date come last. Raises `ValueError` where there is none.
    """
    shown = min(
        members,
        key=lambda each: (each.date_published or date.max, -each.length, each.article_id),
    )
    return shown.article_id


class ClusterIndex:
    """Keep the signatures of a library's articles, and which are copies of each other.

    Clusters depend on the articles alone, not on the order in which they come and go, as long as
    no article has more than 50 that are like it: it is compared with the 50 likest then.
    `read_text` gives the text of an article that was put before. Links of articles without a
    signature are forgotten.
    """

    def __init__(
        self,
        read_text: Callable[[str], str],
        signatures: Mapping[str, Signature] | None = None,
        links: Iterable[Link] = (),
    ) -> None:
        self._read_text = read_text
        self._ids: list[str] = []
        self._rows: dict[str, int] = {}
        # A column an article, since these are compared in a sixth of the time that rows are.
        self._values = np.zeros((VALUES, _ROOM), dtype=np.uint32)
        self._runs = np.zeros(_ROOM, dtype=np.int64)
        self._links: dict[str, dict[str, Link]] = defaultdict(dict)
        self._wordings: dict[str, Wording] = {}
        if signatures:
            self._fill(signatures)
        for link in links:
            if link.first in self._rows and link.second in self._rows:
                self._links[link.first][link.second] = link
                self._links[link.second][link.first] = link

    def __len__(self) -> int:
        return len(self._ids)

    def put(self, article_id: str, text: str) -> Signature:
        """Add or replace an article, find those that it is a copy of, and return its signature."""
        self.remove(article_id)
        wording = read_wording(text)
        signature = sign_wording(wording)
        for other in self.find_candidates(signature):
            likeness = compare_wordings(wording, self._read_wording(other))
            if likeness.is_copy or likeness.has_other_figures:
                first, second = sorted((article_id, other))
                link = Link(first, second, likeness.resemblance, likeness.is_copy)
                self._links[article_id][other] = self._links[other][article_id] = link
        self._add(article_id, signature)
        self._keep(article_id, wording)
        return signature

    def remove(self, article_id: str) -> None:
        """Forget an article; one that isn't there is none to forget."""
        row = self._rows.pop(article_id, None)
        if row is None:
            return
        last = self._ids.pop()
        if last != article_id:
            self._ids[row] = last
            self._rows[last] = row
            self._values[:, row] = self._values[:, len(self._ids)]
            self._runs[row] = self._runs[len(self._ids)]
        for other in self._links.pop(article_id, {}):
            del self._links[other][article_id]

    def find_candidates(self, signature: Signature) -> list[str]:
        """Return the articles that a text might be a copy of by its signature, the likest first."""
        count = len(self._ids)
        matches, estimates = estimate_contained(
            self._values[:, :count], self._runs[:count], signature
        )
        rows = np.flatnonzero((matches >= _LEAST_MATCHES) & (estimates >= _LEAST_ESTIMATE))
        found = [(-float(estimates[row]), self._ids[row]) for row in rows.tolist()]
        return [article_id for _, article_id in sorted(found)[:_MOST_COMPARED]]

    def list_links(self, article_ids: Iterable[str] | None = None) -> list[Link]:
        """Return the links of the articles named, or all of them, in order."""
        named = self._ids if article_ids is None else article_ids
        return sorted({link for each in named for link in self._links.get(each, {}).values()})

    def find_clusters(self, article_ids: Iterable[str] | None = None) -> list[tuple[str, ...]]:
        """Divide the articles named, or all, and those that links lead to from them, into clusters.

        A cluster is a tuple of ids in their order, of one for an article that is like no other.
        Clusters are joined where two of their articles are copies, the likest first (by
        resemblance, then by ids), unless an article of one has next to nothing in common with an
        article of the other, or other figures: texts that a third one puts together stay apart, and
        that one is with the part that it has more of.
        """
        clusters: list[tuple[str, ...]] = []
        seen: set[str] = set()
        for article_id in self._ids if article_ids is None else article_ids:
            if article_id in self._rows and article_id not in seen:
                linked = self._reach(article_id)
                seen.update(linked)
                clusters.extend(self._divide(linked))
        return sorted(clusters)

    def _fill(self, signatures: Mapping[str, Signature]) -> None:
        self._ids = list(signatures)
        self._rows = {article_id: row for row, article_id in enumerate(self._ids)}
        count = len(self._ids)
        room = count + _ROOM
        self._values = np.zeros((VALUES, room), dtype=np.uint32)
        packed = b"".join(each.values for each in signatures.values())
        self._values[:, :count] = np.frombuffer(packed, dtype="<u4").reshape(count, VALUES).T
        self._runs = np.zeros(room, dtype=np.int64)
        self._runs[:count] = [each.runs for each in signatures.values()]

    def _add(self, article_id: str, signature: Signature) -> None:
        row = len(self._ids)
        if row == self._values.shape[1]:
            self._values = np.concatenate([self._values, np.zeros_like(self._values)], axis=1)
            self._runs = np.concatenate([self._runs, np.zeros_like(self._runs)])
        self._values[:, row] = np.frombuffer(signature.values, dtype="<u4")
        self._runs[row] = signature.runs
        self._rows[article_id] = row
        self._ids.append(article_id)

    def _reach(self, article_id: str) -> set[str]:
        reached = {article_id}
        waiting = [article_id]
        while waiting:
            for other, link in self._links.get(waiting.pop(), {}).items():
                if link.is_copy and other not in reached:
                    reached.add(other)
                    waiting.append(other)
        return reached

    def _divide(self, linked: Collection[str]) -> Iterator[tuple[str, ...]]:
        groups = {each: [each] for each in linked}
        copies = [link for link in self.list_links(linked) if link.is_copy]
        strange: dict[tuple[str, str], bool] = {}
        for link in sorted(copies, key=lambda each: (-each.resemblance, each.first, each.second)):
            fewer, more = sorted((groups[link.first], groups[link.second]), key=len)
            if fewer is not more and not self._are_strange(fewer, more, strange):
                more.extend(fewer)
                groups.update(dict.fromkeys(fewer, more))
        for group in {id(each): each for each in groups.values()}.values():
            yield tuple(sorted(group))

    def _are_strange(
        self, fewer: Sequence[str], more: Sequence[str], strange: dict[tuple[str, str], bool]
    ) -> bool:
        """Tell whether an article of one group is a stranger to one of the other.

        `strange` keeps what comes of comparing texts.
        """
        values = self._values[:, [self._rows[each] for each in more]]
        for one in fewer:
            links = self._links[one]
            if any(not links[each].is_copy for each in links.keys() & set(more)):
                return True
            matches = _count_matches(values, self._values[:, self._rows[one]])
            # As many equal values as this are enough, and spare reading the texts.
            for place in np.flatnonzero(matches < _SURE_MATCHES).tolist():
                other = more[place]
                pair = (min(one, other), max(one, other))
                if other not in links and self._is_stranger(pair, strange):
                    return True
        return False

    def _is_stranger(self, pair: tuple[str, str], strange: dict[tuple[str, str], bool]) -> bool:
        if pair not in strange:
            first, second = (self._read_wording(each) for each in pair)
            strange[pair] = compare_wordings(first, second).is_stranger
        return strange[pair]

    def _read_wording(self, article_id: str) -> Wording:
        wording = self._wordings.get(article_id)
        if wording is None:
            wording = read_wording(self._read_text(article_id))
            self._keep(article_id, wording)
        return wording

    def _keep(self, article_id: str, wording: Wording) -> None:
        if len(self._wordings) >= _MOST_KEPT:
            del self._wordings[next(iter(self._wordings))]
        self._wordings[article_id] = wording


def _hash_word(word: str) -> int:
    return int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "little")


def _find_names(text: str) -> frozenset[str]:
    """Return the words that have a capital within a sentence, and are never without one."""
    inner = {word for word in _INNER_WORD.findall(text) if word[0].isupper()}
    plain = {word for word in _WORD.findall(text) if word[0].islower()}
    return frozenset(split_words(" ".join(each for each in inner if each.casefold() not in plain)))


def _read_figures(words: Sequence[str]) -> dict[tuple[str, str], frozenset[str]]:
    """Return the figures between each two words; "1 000", "1,000" and "1000" are the same."""
    figures: dict[tuple[str, str], set[str]] = defaultdict(set)
    start = 0
    for is_figure, group in groupby(words, key=lambda word: word[0].isdigit()):
        run = list(group)
        end = start + len(run)
        if is_figure:
            before = words[start - 1] if start else ""
            after = words[end] if end < len(words) else ""
            figures[before, after].add("".join(run))
        start = end
    return {place: frozenset(found) for place, found in figures.items()}


def _measure_covered(shorter: Wording, longer: Wording) -> tuple[float, float, int, int]:
    """Return the shares of the shorter text's runs, and of its blocks, that the longer one has.

    And how many names are near such runs, and how many of them are in the longer text.
    """
    found = are_among(shorter.runs, longer.distinct)
    if not len(found):
        return 0.0, 0.0, 0, 0
    blocks = max(round(len(found) / _BLOCK), 1)
    starts = np.linspace(0, len(found), blocks, endpoint=False).astype(np.intp)
    covered = np.add.reduceat(found, starts, dtype=np.intp) >= _LEAST_IN_BLOCK
    # A word is near a run that begins up to two words after it, or ends up to two before it.
    reach = np.ones(_RUN + 2 * _NEAR, dtype=np.intp)
    near = np.convolve(found, reach)[_NEAR : _NEAR + len(shorter.words)] > 0
    names = np.unique(shorter.words[shorter.names & near])
    shared_names = int(np.count_nonzero(are_among(names, longer.vocabulary)))
    return float(np.mean(found)), float(np.mean(covered)), len(names), shared_names


def _count_matches(values: NDArray[np.uint32], others: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Return how many values each column has in common with those of one signature."""
    matches: NDArray[np.uint8] = np.sum(values == others[:, np.newaxis], axis=0, dtype=np.uint8)
    return matches
