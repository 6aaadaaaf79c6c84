"""Plant copies of real texts, and print which of them are found, by kind and by strength.

    python -m massilia.eval.bench.near_duplicates [--shared FOLDER] [--sources N] [--libraries N]

The texts are the embedded articles and, where FOLDER has them, those of French and English
Wikipedia in PIAF and AfriQA: passages with one title, joined. They are dealt to two halves, an
article and its translation to the same. Thresholds are swept on the first half, and what is
reached with those in use is measured on the second. Beside copies, each text gets partners that
are none: other texts on the same subject, texts that quote the same passage or stand between the
same menus, the same text with other figures, reports of one form, translations. What is drawn by
chance has a seed: a run gives the same figures.
"""

import argparse
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
from datasketch import MinHash, MinHashLSH, MinHashLSHEnsemble
from numpy.typing import NDArray

from massilia.eval.bench.planted_copies import (
    DIGITS,
    FORMS,
    SEED,
    Case,
    MixedLibrary,
    Planter,
    Source,
    choose_other,
    count_words,
    deal,
    list_sentences,
    mix_library,
    plant,
    read_embedded_articles,
    read_passages,
    read_sources,
    shorten,
)
from massilia.eval.printing import print_lines, print_table
from massilia.index import article_clusters
from massilia.index.analysis import split_words
from massilia.index.article_clusters import (
    VALUES,
    ClusterIndex,
    Likeness,
    Signature,
    compare_wordings,
    estimate_contained,
    is_held,
    read_wording,
    sign_text,
)

SHARED = Path(__file__).parents[3] / "shared"
SWEPT: Final[Mapping[str, Sequence[float]]] = {
    "LEAST_SHARED": (0, 15, 20, 25, 30, 35),
    "LEAST_CONTAINED": (0.1, 0.15, 0.2, 0.25, 0.3),
    "LEAST_COVERED": (0.5, 0.6, 0.65, 0.7, 0.75, 0.8),
    "LEAST_MISSING": (1, 2, 3, 4),
    "LEAST_SHARED_NAMES": (0.0, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8),
    "LEAST_CONTRADICTIONS": (2, 3, 4, 5),
    "LEAST_AGREEING": (0.0, 0.3, 0.4, 0.5, 0.6, 0.7),
}


def sweep(cases: Sequence[Case]) -> list[tuple[str, str, str, str]]:
    """Return what each threshold would cost at other values, the rest as in use."""
    likenesses = [compare(case) for case in cases]
    rows = []
    for name, values in SWEPT.items():
        used = getattr(article_clusters, name)
        for value in values:
            setattr(article_clusters, name, value)
            missed, false = count_errors(cases, [each.is_copy for each in likenesses])
            rows.append((name, f"{value}{' *' if value == used else ''}", missed, false))
        setattr(article_clusters, name, used)
    return rows


def compare(case: Case) -> Likeness:
    """Return what the texts of a case have in common."""
    return compare_wordings(read_wording(case.first), read_wording(case.second))


def count_errors(cases: Sequence[Case], found: Sequence[bool]) -> tuple[str, str]:
    """Return the shares of copies that were missed, and of other pairs that were found."""
    answers = list(zip((case.is_copy for case in cases), found, strict=True))
    copies = [each for is_copy, each in answers if is_copy is True]
    others = [each for is_copy, each in answers if is_copy is False]
    return f"{1 - np.mean(copies):.2%}", f"{np.mean(others):.2%}"


def weigh_candidates(
    cases: Sequence[Case], sources: Sequence[Source]
) -> list[tuple[str, str, str]]:
    """Return how many of the copies each way of searching finds, and how many texts beside them.

    Copies of one of the texts are searched for among all of them; those are counted that the
    comparison of the wordings takes for copies.
    """
    places = {source.text: place for place, source in enumerate(sources)}
    signatures = [sign_text(source.text) for source in sources]
    values = np.stack([_read_values(each) for each in signatures], axis=1)
    runs = np.array([each.runs for each in signatures])
    copies = [
        case for case in cases if case.is_copy and case.first in places and compare(case).is_copy
    ]
    gold = [places[case.first] for case in copies]
    asked = [sign_text(case.second) for case in copies]
    found: dict[str, list[set[int]]] = {}
    for least in (0.05, 0.1, 0.15, 0.2, 0.25):
        found[f"all signatures, estimate from {least}"] = [
            set(np.flatnonzero((matches >= 2) & (estimates >= least)).tolist())
            for matches, estimates in (estimate_contained(values, runs, each) for each in asked)
        ]
    for threshold in (0.1, 0.2, 0.5):
        lsh = MinHashLSH(threshold=threshold, num_perm=VALUES)
        for place, signature in enumerate(signatures):
            lsh.insert(place, _make_minhash(signature))
        name = f"MinHashLSH, threshold {threshold}: {lsh.b} bands of {lsh.r}"
        found[name] = [set(lsh.query(_make_minhash(each))) for each in asked]
    for threshold in (0.3, 0.5):
        ensemble = MinHashLSHEnsemble(threshold=threshold, num_perm=VALUES, num_part=16)
        ensemble.index(
            [(place, _make_minhash(each), each.runs) for place, each in enumerate(signatures)]
        )
        found[f"MinHashLSHEnsemble, threshold {threshold}"] = [
            set(ensemble.query(_make_minhash(each), each.runs)) for each in asked
        ]
    rows = []
    for name, candidates in found.items():
        recall = np.mean([place in each for place, each in zip(gold, candidates, strict=True)])
        beside = np.mean([len(each) for each in candidates]) - recall
        rows.append((name, f"{recall:.2%}", f"{1000 * beside / len(sources):.2f}"))
    return rows


def _read_values(signature: Signature) -> NDArray[np.uint32]:
    return np.frombuffer(signature.values, dtype="<u4")


def _make_minhash(signature: Signature) -> MinHash:
    return MinHash(hashvalues=_read_values(signature), scheme="affine32")


def find_cases(cases: Sequence[Case], sources: Sequence[Source]) -> tuple[list[bool], int]:
    """Put each pair among the texts, and return which are linked, and how many links are wrong.

    Those are wrong that lead to a text that neither of the pair was made of.
    """
    texts = {source.id: source.text for source in sources}
    ids = {source.text: source.id for source in sources}
    index = ClusterIndex(lambda article_id: texts[article_id])
    for source in sources:
        index.put(source.id, source.text)
    found, wrong = [], 0
    for case in cases:
        pair = [ids.get(case.first, "first"), "second"]
        texts |= {"first": case.first, "second": case.second}
        planted = [each for each in pair if each in ("first", "second")]
        for each in planted:
            index.put(each, texts[each])
        links = [{link.first, link.second} for link in index.list_links(planted) if link.is_copy]
        found.append(set(pair) in links)
        wrong += sum(
            not any(_are_related(texts[each], texts[other]) for each in planted)
            for link in links
            for other in link - {"first", "second", *pair}
        )
        for each in planted:
            index.remove(each)
    return found, wrong


def _are_related(planted: str, text: str) -> bool:
    """Tell whether a text was made of another: it has any of its runs of eight words."""
    words, others = split_words(planted), split_words(text)
    known = {tuple(others[at : at + 8]) for at in range(len(others) - 7)}
    return any(tuple(words[at : at + 8]) in known for at in range(len(words) - 7))


def tell_by_kind(
    cases: Sequence[Case], found: Sequence[bool]
) -> list[tuple[str, str, str, str, str]]:
    """Return how many pairs of each kind and strength are found."""
    groups: dict[tuple[bool | None, str, str], list[bool]] = defaultdict(list)
    for case, each in zip(cases, found, strict=True):
        groups[case.is_copy, case.kind, case.strength].append(each)
    names = {True: "copies", None: "either", False: "others"}
    return [
        (names[is_copy], kind, strength, f"{sum(each)} of {len(each)}", f"{np.mean(each):.1%}")
        for (is_copy, kind, strength), each in sorted(
            groups.items(), key=lambda item: (list(names).index(item[0][0]), item[0][1])
        )
    ]


def measure_clusters(library: MixedLibrary, orders: int) -> dict[str, str]:
    """Return precision and recall of pairs in clusters, and whether the order changes them."""
    found: list[list[tuple[str, ...]]] = []
    for seed in range(orders):
        ids = list(library.texts)
        random.Random(seed).shuffle(ids)
        index = ClusterIndex(lambda article_id: library.texts[article_id])
        for article_id in ids:
            index.put(article_id, library.texts[article_id])
        found.append(index.find_clusters())
    pairs = {pair for cluster in found[0] for pair in combinations(cluster, 2)}
    digests = {each for each, made_of in library.origins.items() if len(made_of) > 1}
    plain = {pair for pair in pairs if digests.isdisjoint(pair)}
    families: dict[str, list[str]] = defaultdict(list)
    for article_id, made_of in library.origins.items():
        if len(made_of) == 1:
            families[min(made_of)].append(article_id)
    right = {pair for family in families.values() for pair in combinations(sorted(family), 2)}
    clusters = [set(cluster) for cluster in found[0]]
    placed = sum(
        any(digest in cluster and not made_of.isdisjoint(cluster) for cluster in clusters)
        for digest, made_of in library.origins.items()
        if digest in digests
    )
    merged = sum(
        any(made_of <= cluster for cluster in clusters)
        for made_of in (library.origins[digest] for digest in digests)
    )
    whole = sum(any(set(family) <= cluster for cluster in clusters) for family in families.values())
    return {
        "articles": str(len(library.texts)),
        "texts with copies": str(sum(len(family) > 1 for family in families.values())),
        "pairs in one cluster": str(len(plain)),
        "precision of pairs": f"{len(plain & right) / len(plain):.4f}",
        "recall of pairs": f"{len(plain & right) / len(right):.4f}",
        "families in one cluster": f"{whole} of {len(families)}",
        "digests with one of their parts": f"{placed} of {len(digests)}",
        "digests that join their parts": f"{merged} of {len(digests)}",
        f"the same in {orders} orders": "yes" if all(each == found[0] for each in found) else "no",
    }


def tell_held(sources: Sequence[Source], planter: Planter) -> list[tuple[str, str, str, str]]:
    """Return how many sentences of texts are said to be in their copies, and in other texts."""
    counts: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for source in sources:
        text, language = source.text, source.language
        short = shorten(text, language, 0.4 * count_words(text))
        other = choose_other(source, sources, planter)
        copies = {
            "reworded by 10%": planter.reword(text, language, 0.1),
            "reworded by 20%": planter.reword(text, language, 0.2),
            "repunctuated": planter.repunctuate(text),
            "with other figures": planter.change_figures(text),
            "shortened to 40%": short,
            "another text": other.text,
        }
        wordings = {name: read_wording(each) for name, each in copies.items()}
        for sentence in list_sentences(text, language):
            if count_words(sentence) < 8:
                continue
            quote = read_wording(sentence)
            for name, wording in wordings.items():
                part = _name_part(name, sentence, short)
                counts[name, part].append(is_held(quote, wording))
    return [
        (name, part, f"{sum(each)} of {len(each)}", f"{np.mean(each):.1%}")
        for (name, part), each in counts.items()
    ]


def _name_part(name: str, sentence: str, short: str) -> str:
    if name == "shortened to 40%":
        return "sentences kept" if sentence in short else "sentences left out"
    if name == "with other figures":
        return "sentences with figures" if DIGITS.search(sentence) else "sentences without"
    return "all sentences"


def find_in_the_wild(passages: Sequence[Source]) -> list[tuple[str, str, str, str]]:
    """Return how many passages as they are were linked, by the words of the shorter one.

    Those with one title are versions of a page, or parts of one that overlap.
    """
    texts = {passage.id: passage for passage in passages}
    index = ClusterIndex(lambda article_id: texts[article_id].text)
    for passage in passages:
        index.put(passage.id, passage.text)
    counts: dict[str, list[bool]] = defaultdict(list)
    for link in index.list_links():
        if not link.is_copy:
            continue
        one, two = texts[link.first], texts[link.second]
        words = min(count_words(one.text), count_words(two.text))
        group = "under 60" if words < 60 else "60 to 119" if words < 120 else "120 and more"
        counts[group].append(one.subject == two.subject)
    return [
        (group, str(len(each)), str(sum(each)), str(len(each) - sum(each)))
        for group, each in sorted(counts.items())
    ]


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder that holds evaldata")
    parser.add_argument("--sources", type=int, default=150, help="at most so many texts a half")
    options = parser.parse_args()
    sources, foreign = read_sources(options.shared)
    tuning, reporting = deal(sources, options.sources)
    planter = Planter(foreign, SEED)
    print_lines(
        [f"{len(sources)} texts; thresholds swept on {len(tuning)}, measured on {len(reporting)}"]
    )
    cases = plant(tuning, FORMS[0], planter)
    print_table(("threshold (* in use)", "value", "copies missed", "others found"), sweep(cases))
    print_table(
        ("search", "copies among the candidates", "others, of 1,000 texts"),
        weigh_candidates(cases, tuning),
    )
    cases = plant(reporting, FORMS[1], planter)
    found, wrong = find_cases(cases, reporting)
    print_table(("pairs", "kind", "strength", "found", "share"), tell_by_kind(cases, found))
    missed, false = count_errors(cases, found)
    print_lines([f"copies missed {missed}, others found {false}; links to other texts: {wrong}"])
    library = mix_library(reporting, FORMS[1], planter, SEED)
    print_table(("clusters", ""), list(measure_clusters(library, 3).items()))
    print_table(("article", "quotes", "held", "share"), tell_held(reporting, planter))
    wild = find_in_the_wild(read_passages(options.shared))
    print_table(("words of the shorter", "linked passages", "of one title", "of two"), wild)
    embedded = measure_embedded()
    print_lines([f"clusters of the embedded articles: {embedded}"])


def measure_embedded() -> int:
    """Return how many clusters of two and more the embedded articles have."""
    texts = {each.id: each.text for each in read_embedded_articles()}
    index = ClusterIndex(lambda article_id: texts[article_id])
    for article_id, text in texts.items():
        index.put(article_id, text)
    return sum(len(cluster) > 1 for cluster in index.find_clusters())


if __name__ == "__main__":
    main()
