"""Measure how long near-duplicate articles take to be found, and in how much memory, by size.

    python -m tests.bench.article_clusters --size 1000 --size 5000 --size 20000

Articles are made of sentences of the embedded articles and, where they are there, of Wikipedia's
in ../shared/evaldata, drawn and reworded for each, of 200 to 700 words; one in ten is a copy of
another, reworded or shortened. Signatures and links are kept in a SQLite file, as a library would,
and read again for the articles that are added one at a time. Each size has a process of its own.
Times are those of the processor, of which one thread is used: what else it does matters less.
"""

import argparse
import multiprocessing
import random
import sqlite3
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from massilia.corpus.article import Language
from massilia.eval.bench.near_duplicates import SHARED
from massilia.eval.bench.planted_copies import (
    Planter,
    count_words,
    read_embedded_articles,
    read_passages,
    shorten,
)
from massilia.index.article_clusters import (
    ClusterIndex,
    Link,
    Signature,
    read_wording,
    sign_wording,
)
from tests.bench.embedded import describe

T = TypeVar("T")

ADDED = 50
REWORDED = 0.4
"""There are some 38,000 sentences: 20,000 articles would have each eleven times as it is."""
LARGE_CLUSTERS = (100, 1000)


def main() -> None:
    """Print what is measured, a size at a time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, action="append")
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder that holds evaldata")
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    for size in options.size or [1_000, 5_000, 20_000]:
        process = context.Process(target=measure, args=(size, options.shared))
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(process.exitcode)
    for size in LARGE_CLUSTERS:
        measure_large_cluster(size, options.shared)


def measure(size: int, shared: Path) -> None:
    """Print the times and the memory of so many articles, and of some that are added to them."""
    texts = dict(make_articles(size + ADDED, shared))
    added = random.Random(1).sample(list(texts), ADDED)
    wordings = [read_wording(texts[each]) for each in added]
    sign_wording(wordings[0])
    reading, signing = (
        measure_each(lambda: [read_wording(texts[each]) for each in added]),
        measure_each(lambda: [sign_wording(each) for each in wordings]),
    )
    print(f"{size:>7,}  an article read in {reading:.2f} ms, signed in {signing:.2f} ms")
    known = [each for each in texts if each not in added]
    index = ClusterIndex(texts.__getitem__)
    signatures: dict[str, Signature] = {}
    putting: list[float] = []

    def put(article_id: str) -> None:
        signatures[article_id] = index.put(article_id, texts[article_id])

    for article_id in known:
        clock(putting, lambda: put(article_id))  # noqa: B023
    dividing: list[float] = []
    found = clock(dividing, index.find_clusters)
    clusters = sum(len(cluster) > 1 for cluster in found)
    links = index.list_links()
    print(
        f"{size:>7,}  put in {sum(putting) / 1e3:.1f} s, the last 1,000: "
        f"{describe(putting[-1000:])}; {clusters:,} clusters, {len(links):,} links, "
        f"divided in {dividing[0]:.0f} ms"
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "signatures.sqlite"
        save(path, signatures, links)
        print(f"{size:>7,}  on disk: {path.stat().st_size / 1e6:.1f} MB")
        likely = [len(index.find_candidates(sign_wording(each))) for each in wordings]
        print(f"{size:>7,}  each is compared with {sum(likely) / ADDED:.2f} others")
        times: dict[str, list[float]] = {"opened": [], "added": [], "divided": []}
        for article_id in added:
            reread = clock(times["opened"], lambda: load(path, texts))
            clock(times["added"], lambda: reread.put(article_id, texts[article_id]))  # noqa: B023
            clock(times["divided"], lambda: reread.find_clusters([article_id]))  # noqa: B023
        tracemalloc.start()
        kept = load(path, texts)
        current, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    for name, taken in times.items():
        print(f"{size:>7,}  one more, {name:<8} {describe(taken)}")
    print(
        f"{size:>7,}  an index of {len(kept):,} holds {current / 1e6:.1f} MB, and needs "
        f"{peak / 1e6:.1f} MB to be opened"
    )


def clock(times: list[float], call: Callable[[], T]) -> T:
    """Add the milliseconds of the processor that a call takes to `times`; return its result."""
    start = time.process_time()
    result = call()
    times.append((time.process_time() - start) * 1e3)
    return result


def measure_each(call: Callable[[], Sequence[object]]) -> float:
    """Return the milliseconds that each of the results took."""
    times: list[float] = []
    results = clock(times, call)
    return times[0] / len(results)


def measure_large_cluster(size: int, shared: Path) -> None:
    """Print what many copies of one text take."""
    planter, text = _open_planter(shared), read_embedded_articles()[0].text
    texts = {str(each): planter.mistype(text, 0.02) for each in range(size)}
    index = ClusterIndex(texts.__getitem__)
    times: list[float] = []
    for article_id, copy in texts.items():
        clock(times, lambda article_id=article_id, copy=copy: index.put(article_id, copy))
    divided: list[float] = []
    clusters = clock(divided, index.find_clusters)
    print(
        f"{size:>7,} copies of one text: put {describe(times[size // 2 :])}, divided in "
        f"{divided[0]:.0f} ms into {len(clusters)}"
    )


def make_articles(size: int, shared: Path) -> Iterator[tuple[str, str]]:
    """Yield so many articles by id, one in ten of them a copy of an earlier one."""
    drawn = random.Random(size)
    planter = _open_planter(shared)
    texts: list[tuple[Language, str]] = []
    for number in range(size):
        if number % 10 == 9:
            language, original = drawn.choice(texts)
            text = (
                planter.reword(original, language, 0.1)
                if drawn.random() < 0.5
                else shorten(original, language, 0.5 * count_words(original))
            )
        else:
            language = drawn.choice(list(Language))
            text = planter.draw(language, drawn.randrange(200, 700))
            text = planter.reword(text, language, REWORDED)
            texts.append((language, text))
        yield f"article-{number:06}", text


def _open_planter(shared: Path) -> Planter:
    foreign: dict[Language, list[str]] = {language: [] for language in Language}
    for article in read_embedded_articles():
        foreign[article.language].append(article.text)
    for passage in read_passages(shared):
        foreign[passage.language].append(passage.text)
    return Planter(foreign, seed=1)


def save(path: Path, signatures: dict[str, Signature], links: list[Link]) -> None:
    """Write what a library would keep."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE articles (id TEXT PRIMARY KEY, signature BLOB)")
        connection.execute("CREATE TABLE links (first TEXT, second TEXT, alike REAL, copy INTEGER)")
        rows = [(article_id, each.pack()) for article_id, each in signatures.items()]
        connection.executemany("INSERT INTO articles VALUES (?, ?)", rows)
        pairs = [(each.first, each.second, each.resemblance, each.is_copy) for each in links]
        connection.executemany("INSERT INTO links VALUES (?, ?, ?, ?)", pairs)


def load(path: Path, texts: dict[str, str]) -> ClusterIndex:
    """Read it again."""
    with closing(sqlite3.connect(path)) as connection:
        signatures = {
            row[0]: Signature.unpack(row[1])
            for row in connection.execute("SELECT id, signature FROM articles")
        }
        links = [Link(*row[:3], bool(row[3])) for row in connection.execute("SELECT * FROM links")]
    return ClusterIndex(texts.__getitem__, signatures, links)


if __name__ == "__main__":
    main()
