"""Which names of one language are those of another, as translated articles tell."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Final

from massilia.corpus.article import Language

MIN_WORKS: Final = 3
"""How many works both names must stand in. In the embedded corpus (44 works in both languages) 6 of
6 pairs are right with 3, "IA" and "AI" for one, and 13 of 14 with 2."""
MIN_SHARE: Final = 2 / 3
"""How much their counts must have in common. The pairs that are right have .80 to 1.00 of them in
common, and .50 where a translator now and then leaves the name out."""

Counts = Mapping[str, int]
"""How many sentences of a work hold a name, by the work."""


def match_names(counts: Mapping[Language, Mapping[str, Counts]]) -> list[Mapping[Language, str]]:
    """Return the pairs of names that are one in two languages, by how often works hold them.

    `counts` are those of works that are in every language. A name stands in one of the languages
    only; its counterpart stands in the same works, about as often, and is nearer to it than any
    other name, as it is to its counterpart. Of names that are equally near none is one.
    """
    matched: list[Mapping[Language, str]] = []
    for one, other in combinations(Language, 2):
        ours, theirs = counts.get(one, {}), counts.get(other, {})
        pairs = list(_compare(_list_own(ours, theirs), _list_own(theirs, ours)))
        nearest = _find_nearest(pairs)
        back = _find_nearest((second, first, share) for first, second, share in pairs)
        matched += [
            {one: first, other: second}
            for first, second in sorted(nearest.items())
            if back.get(second) == first
        ]
    return matched


def _list_own(ours: Mapping[str, Counts], theirs: Mapping[str, Counts]) -> Mapping[str, Counts]:
    """Return the names that one language alone has, and that stand in enough works."""
    return {
        name: held for name, held in ours.items() if name not in theirs and len(held) >= MIN_WORKS
    }


def _compare(
    ours: Mapping[str, Counts], theirs: Mapping[str, Counts]
) -> Iterable[tuple[str, str, float]]:
    """Yield the pairs that have enough in common, and how much: the share of the smaller counts."""
    holders: dict[str, set[str]] = defaultdict(set)
    for name, held in theirs.items():
        for work in held:
            holders[work].add(name)
    for first, one in ours.items():
        for second in set().union(*(holders[work] for work in one)):
            other = theirs[second]
            if len(one.keys() & other.keys()) < MIN_WORKS:
                continue
            works = one.keys() | other.keys()
            common = sum(min(one.get(work, 0), other.get(work, 0)) for work in works)
            total = sum(max(one.get(work, 0), other.get(work, 0)) for work in works)
            if common >= total * MIN_SHARE:
                yield first, second, common / total


def _find_nearest(pairs: Iterable[tuple[str, str, float]]) -> dict[str, str]:
    """Return the name that each has most in common with, if that is one."""
    shares: dict[str, dict[str, float]] = defaultdict(dict)
    for name, other, share in pairs:
        shares[name][other] = share
    nearest = {}
    for name, others in shares.items():
        most = max(others.values())
        best = [other for other, share in others.items() if share == most]
        if len(best) == 1:
            nearest[name] = best[0]
    return nearest
