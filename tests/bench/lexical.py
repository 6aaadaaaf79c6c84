"""Measure lexical engines on passages drawn by chance: time, disk, memory, filters, updates.

Run one engine at a time, so that its memory is its own:

    python tests/bench/lexical.py massilia --passages 100000

All but `massilia` need their package (tantivy, bm25s); SQLite comes with Python. Terms follow a
shifted power law, whose vocabulary grows with the text as that of real text does (Heaps' law).
"""

import argparse
import resource
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import click
import numpy as np
from numpy.typing import NDArray

from massilia.corpus.article import Language
from massilia.index.lexical_index import LexicalIndex
from massilia.index.store import IndexedText

TERMS_PER_PASSAGE = 80
TAIL, SHIFT = 0.6, 60.0
"""The most frequent term is in about half of the passages, and each doubling of the text adds half
as many terms as there are: like French Wikipedia (PIAF) without its stop words."""
LIMIT = 100
SHARES = (0.01, 0.5)
"""The shares of the passages that the filters let pass."""

Passages = Sequence[NDArray[np.int64]]
Among = NDArray[np.int64] | None


class Engine(Protocol):
    """Do what is measured; passages are numbered from 0."""

    def build(self, passages: Passages) -> None: ...
    def open(self) -> None: ...
    def search(self, question: str, among: Among) -> Sequence[tuple[int, float]]: ...
    def update(self, added: Passages, first: int, deleted: Sequence[int]) -> None: ...


class Massilia:
    """Our own index: the words are told from each other in the text, as in a library."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "0"
        self._passages: list[IndexedText] = []

    def build(self, passages: Passages) -> None:
        self._passages = [_index(number, terms) for number, terms in enumerate(passages)]
        self._folder.mkdir()
        LexicalIndex.build(self._folder, self._passages)

    def open(self) -> None:
        self._index = LexicalIndex.open(self._folder)

    def search(self, question: str, among: Among) -> Sequence[tuple[int, float]]:
        return [(hit.id, hit.score) for hit in self._index.search(question, LIMIT, among)]

    def update(self, added: Passages, first: int, deleted: Sequence[int]) -> None:
        gone = frozenset(deleted)
        kept = [passage for passage in self._passages if passage.id not in gone]
        kept += [_index(first + number, terms) for number, terms in enumerate(added)]
        folder = self._folder.with_name("1")
        folder.mkdir()
        LexicalIndex.build(folder, kept, self._index)


class Fts5:
    """SQLite's FTS5, without positions."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "fts5.sqlite"

    def build(self, passages: Passages) -> None:
        self.open()
        self._connection.execute(
            "CREATE VIRTUAL TABLE t USING fts5(terms, tokenize = 'ascii', detail = none)"
        )
        self._add(passages, 0)

    def open(self) -> None:
        self._connection = sqlite3.connect(self._path)

    def search(self, question: str, among: Among) -> Sequence[tuple[int, float]]:
        if among is None:
            where = ""
        else:
            self._connection.execute("CREATE TEMP TABLE IF NOT EXISTS a (id INTEGER PRIMARY KEY)")
            self._connection.execute("DELETE FROM a")
            self._connection.executemany("INSERT INTO a VALUES (?)", ((i,) for i in among.tolist()))
            where = "AND rowid IN a"
        expression = " OR ".join(f'"{term}"' for term in question.split())
        return self._connection.execute(
            f"SELECT rowid, bm25(t) FROM t WHERE t MATCH ? {where} "
            f"ORDER BY bm25(t), rowid LIMIT {LIMIT}",
            (expression,),
        ).fetchall()

    def update(self, added: Passages, first: int, deleted: Sequence[int]) -> None:
        self._connection.executemany("DELETE FROM t WHERE rowid = ?", ((i,) for i in deleted))
        self._add(added, first)

    def _add(self, passages: Passages, first: int) -> None:
        self._connection.executemany(
            "INSERT INTO t (rowid, terms) VALUES (?, ?)",
            ((first + number, _write(terms)) for number, terms in enumerate(passages)),
        )
        self._connection.commit()


class Tantivy:
    """Tantivy, without positions, one writing thread."""

    def __init__(self, folder: Path) -> None:
        import tantivy

        self._tantivy = tantivy
        self._folder = folder
        self._schema = (
            tantivy.SchemaBuilder()
            .add_text_field("terms", tokenizer_name="whitespace", index_option="freq")
            .add_integer_field("id", indexed=True, fast=True)
            .build()
        )

    def build(self, passages: Passages) -> None:
        self._index = self._tantivy.Index(self._schema, path=str(self._folder))
        self._write(passages, 0, [])

    def open(self) -> None:
        self._index = self._tantivy.Index.open(str(self._folder))
        self._searcher = self._index.searcher()

    def search(self, question: str, among: Among) -> Sequence[tuple[int, float]]:
        query = self._tantivy.Query.boolean_query(
            [
                (
                    self._tantivy.Occur.Should,
                    self._tantivy.Query.term_query(self._schema, "terms", term, "freq"),
                )
                for term in question.split()
            ]
        )
        if among is None:
            return self._collect(query, LIMIT)
        # A set of ids as a query takes seconds to make when it is large: more are fetched
        # instead, until there are enough of the set.
        fetched = max(LIMIT, int(2 * LIMIT * self._searcher.num_docs / max(len(among), 1)))
        while True:
            found = self._collect(query, fetched)
            ids = np.array([each for each, _ in found], dtype=np.int64)
            places = np.minimum(np.searchsorted(among, ids), len(among) - 1)
            held = [pair for pair, keep in zip(found, among[places] == ids, strict=True) if keep]
            if len(held) >= LIMIT or len(found) < fetched:
                return held[:LIMIT]
            fetched *= 4

    def update(self, added: Passages, first: int, deleted: Sequence[int]) -> None:
        shutil.copytree(self._folder, self._folder / "copy")
        self._index = self._tantivy.Index.open(str(self._folder / "copy"))
        self._write(added, first, deleted)

    def _write(self, passages: Passages, first: int, deleted: Sequence[int]) -> None:
        writer = self._index.writer(heap_size=256_000_000, num_threads=1)
        for number in deleted:
            writer.delete_documents_by_term("id", number)
        for number, terms in enumerate(passages):
            document = self._tantivy.Document(terms=[_write(terms)])
            document.add_integer("id", first + number)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()

    def _collect(self, query: object, limit: int) -> list[tuple[int, float]]:
        hits = self._searcher.search(query, limit, count=False).hits
        ids = self._searcher.fast_field_values("id", [address for _, address in hits])
        return [(number, score) for number, (score, _) in zip(ids, hits, strict=True)]


class Bm25s:
    """bm25s, with NumPy alone; it adds and deletes by building anew."""

    def __init__(self, folder: Path) -> None:
        import bm25s

        self._bm25s = bm25s
        self._folder = folder

    def build(self, passages: Passages) -> None:
        retriever = self._bm25s.BM25(k1=1.2, b=0.75)
        retriever.index([_write(terms).split() for terms in passages], show_progress=False)
        retriever.save(str(self._folder), show_progress=False)

    def open(self) -> None:
        self._retriever = self._bm25s.BM25.load(str(self._folder), mmap=True)

    def search(self, question: str, among: Among) -> Sequence[tuple[int, float]]:
        mask = None
        if among is not None:
            mask = np.zeros(self._retriever.scores["num_docs"], dtype=np.float32)
            mask[among] = 1
        ids, scores = self._retriever.retrieve(
            [question.split()], k=LIMIT, show_progress=False, weight_mask=mask
        )
        return list(zip(ids[0].tolist(), scores[0].tolist(), strict=True))

    def update(self, added: Passages, first: int, deleted: Sequence[int]) -> None:
        raise NotImplementedError


ENGINES: dict[str, Callable[[Path], Engine]] = {
    "massilia": Massilia,
    "fts5": Fts5,
    "tantivy": Tantivy,
    "bm25s": Bm25s,
}


def draw_passages(number: int, seed: int) -> Passages:
    """Draw passages as arrays of numbers that stand for terms."""
    generator = np.random.default_rng(seed)
    lengths = np.clip(generator.normal(TERMS_PER_PASSAGE, 25, number), 5, None).astype(np.int64)
    drawn = generator.pareto(TAIL, lengths.sum()) * SHIFT
    terms = np.minimum(drawn, 1e12).astype(np.int64)
    return np.split(terms, np.cumsum(lengths)[:-1])


def draw_questions(passages: Passages, number: int, seed: int) -> Iterator[str]:
    """Draw questions of four to eight terms: each the terms of one passage, wherever in it."""
    generator = np.random.default_rng(seed)
    for _ in range(number):
        terms = passages[generator.integers(len(passages))]
        yield _write(generator.choice(terms, min(generator.integers(4, 9), len(terms))))


def main() -> None:
    """Print what one engine needs, one figure a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("--passages", type=int, default=10_000)
    parser.add_argument("--questions", type=int, default=200)
    options = parser.parse_args()
    passages = draw_passages(options.passages, seed=1)
    questions = list(draw_questions(passages, options.questions, seed=2))
    before = _memory()
    with tempfile.TemporaryDirectory() as folder:
        engine = ENGINES[options.engine](Path(folder))
        click.echo(f"{options.engine}, {options.passages:,} passages")
        click.echo(f"build      {_time(lambda: engine.build(passages)):10.2f} s")
        disk = sum(path.stat().st_size for path in Path(folder).rglob("*"))
        click.echo(f"disk       {disk / 1e6:10.1f} MB")
        click.echo(f"memory     {_memory() - before:10.0f} MB more at its peak")
        click.echo(f"open       {_time(engine.open) * 1e3:10.2f} ms")
        selections: list[tuple[str, Among]] = [("all", None)]
        generator = np.random.default_rng(3)
        for share in SHARES:
            kept = generator.choice(options.passages, int(share * options.passages), replace=False)
            selections.append((f"{share:.0%}", np.sort(kept)))
        for name, among in selections:
            # Once for the caches, once for the clock.
            for question in questions:
                engine.search(question, among)
            times = [_time(lambda q=q, a=among: engine.search(q, a)) * 1e3 for q in questions]
            middle, high = np.percentile(times, [50, 95])
            click.echo(f"{name:10} {middle:10.3f} ms (p50) {high:10.3f} ms (p95)")
        added = draw_passages(options.passages // 100, seed=4)
        deleted = range(0, options.passages, 100)
        try:
            seconds = _time(lambda: engine.update(added, options.passages, deleted))
        except NotImplementedError:
            return
        click.echo(f"update     {seconds:10.2f} s for 1 % added and 1 % deleted")


def _index(number: int, terms: NDArray[np.int64]) -> IndexedText:
    return IndexedText(number, Language.ENGLISH, "", None, _write(terms), ())


def _write(terms: NDArray[np.int64]) -> str:
    return " ".join(f"t{term}" for term in terms.tolist())


def _time(do: Callable[[], object]) -> float:
    # Of the processor: what else runs on the machine doesn't count.
    start = time.process_time()
    do()
    return time.process_time() - start


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    main()
