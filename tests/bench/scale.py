"""Measure retrieval as the library grows: time, memory, disk, building, recall.

    python -m tests.bench.scale --size 10000 --size 100000 [--folder FOLDER]

The questions and the encoder are real; passages are made. Their vectors lie among those of the
embedded library (see tests/bench/vectors.py). Their words are drawn as in tests/bench/lexical.py,
the most frequent ones being the embedded library's, so that questions find as many passages as
they would; half are French. Their tokens are those of the embedded library's passages, under new
ids. Stop words are left out.

A question is put to each size in turn, so that what else the machine does slows all. What is built
is left in FOLDER, one folder a size, and used again; a build that was interrupted goes on with the
part it was at. A million passages need 11 GB of disk and some minutes:
`--size 10000 --size 1000000`.
"""

import argparse
import multiprocessing
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path

from massilia.corpus.article import Language
from massilia.corpus.embedded import list_embedded_articles
from massilia.eval.question_set import ExpectedAnswer
from massilia.index.analysis import find_terms, split_words
from massilia.index.encoder import Encoder
from massilia.index.filter import EVERYTHING, Filter
from massilia.index.hybrid import HybridRanker
from massilia.index.lexical_index import LexicalIndex
from massilia.index.local import TABLE, TERMS, TOKENS, VECTORS, LocalIndex
from massilia.index.passage_table import PassageRow, PassageTable
from massilia.index.ranker import EncodedQuestion
from massilia.index.store import IndexedText
from massilia.index.token_store import TokenStore, TokenWriter
from massilia.index.vectors import VectorIndex
from massilia.ingest.documents import read_article
from tests.bench.embedded import (
    clock,
    describe,
    open_embedded_library,
    read_memory,
    read_questions,
)
from tests.bench.lexical import draw_passages
from tests.bench.vectors import FIRST_ID, make_passages

LIMIT = 10
RECALLED = 50
PER_ARTICLE = 10
PUBLISHERS = 100
FILTERS = {
    "everything": EVERYTHING,
    "French": Filter(languages=frozenset([Language.FRENCH])),
    "1 %": Filter(publishers=frozenset(["publisher 7"])),
}


def main() -> None:
    """Build what isn't there yet, and print what is measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=user_cache_path("massilia") / "bench")
    parser.add_argument("--size", type=int, action="append")
    parser.add_argument("--questions", type=int, default=100)
    arguments = parser.parse_args()
    sizes = arguments.size or [1_000, 10_000]
    # Built in processes of their own, which leave no memory of it behind.
    context = multiprocessing.get_context("spawn")
    for size in sizes:
        process = context.Process(target=build, args=(size, arguments.folder / str(size)))
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(process.exitcode)
    with open_embedded_library() as (_, encoder):
        measure(
            {size: arguments.folder / str(size) for size in sizes}, encoder, arguments.questions
        )


def build(size: int, folder: Path) -> None:
    """Build the parts of an index of `size` passages that `folder` lacks."""
    folder.mkdir(parents=True, exist_ok=True)
    with open_embedded_library() as (real, _):
        ids = (FIRST_ID + np.arange(size)).tolist()
        vectors = real.passage_vectors.vectors(real.ids.tolist())
        tokens = real.tokens
        assert tokens is not None

        def build_table(path: Path) -> None:
            PassageTable.build([_make_row(each) for each in ids]).save(path)

        def build_vectors(path: Path) -> None:
            made = make_passages(vectors, size)
            _tell("vectors made", started)
            VectorIndex.build(ids, made).save(path)

        def build_terms(path: Path) -> None:
            texts = _make_texts(ids)
            _tell("texts made", started)
            path.mkdir()
            LexicalIndex.build(path, texts)

        def build_tokens(path: Path) -> None:
            with TokenWriter(path, tokens.codec) as writer:
                for store in _renumber(tokens, ids):
                    for passage_id in store.ids.tolist():
                        writer.copy(passage_id, store)

        parts: dict[str, Callable[[Path], None]] = {
            TABLE: build_table,
            VECTORS: build_vectors,
            TERMS: build_terms,
            TOKENS: build_tokens,
        }
        for name, build_part in parts.items():
            if (folder / name).exists():
                continue
            unfinished = folder / f"unfinished-{name}"
            if unfinished.is_dir():
                shutil.rmtree(unfinished)
            started = time.perf_counter()
            build_part(unfinished)
            unfinished.rename(folder / name)
            _tell(f"{size:>9,}  {name} built", started)


def measure(folders: dict[int, Path], encoder: Encoder, number: int) -> None:
    """Print the memory, disk, times and recall of each size."""
    questions = read_questions(number)
    encoded = [_encode(each, encoder) for each in questions]
    indexes = {}
    for size, folder in folders.items():
        before = read_memory()
        started = time.perf_counter()
        index = indexes[size] = LocalIndex.open(folder)
        opened = (time.perf_counter() - started) * 1e3
        for within in FILTERS.values():
            for asked in encoded:
                HybridRanker(index).rank(asked, LIMIT, within)
        used = {kind: now - before[kind] for kind, now in read_memory().items()}
        print(
            f"{size:>9,}  opened in {opened:.0f} ms; memory {used['RssAnon']:.0f} MB, and "
            f"{used['RssFile']:.0f} MB of the files; recall at {RECALLED} "
            f"{measure_recall(index, encoded):.3f}"
        )
        for name in (TABLE, VECTORS, TERMS, TOKENS):
            print(f"{size:>9,}  {name:<16} {_measure_disk(folder / name) / 1e6:10.1f} MB")
    for name, within in FILTERS.items():
        times: dict[int, list[float]] = {size: [] for size in indexes}
        for question in questions:
            for size, index in indexes.items():

                def retrieve(index: LocalIndex = index) -> object:
                    asked = _encode(question, encoder)  # noqa: B023
                    return HybridRanker(index).rank(asked, LIMIT, within)  # noqa: B023

                clock(times[size], retrieve)
        first = np.median(next(iter(times.values())))
        for size, taken in times.items():
            ratio = np.median(taken) / first
            print(f"{size:>9,}  {name:<10} {describe(taken)}  {ratio:.2f} times the first")


def measure_recall(index: LocalIndex, questions: Sequence[EncodedQuestion]) -> float:
    """Return what share of the nearest by exact comparison the vectors' index finds."""
    asked = np.stack([question.vector for question in questions])
    best_scores = np.full((len(asked), RECALLED), -np.inf, dtype=np.float32)
    best = np.zeros((len(asked), RECALLED), dtype=np.int64)
    for start in range(0, len(index.ids), 50_000):
        ids = index.ids[start : start + 50_000]
        scores = np.hstack([best_scores, asked @ index.read_vectors(ids.tolist()).T])
        known = np.hstack([best, np.broadcast_to(ids, (len(asked), len(ids)))])
        nearest = np.argpartition(-scores, RECALLED - 1, axis=1)[:, :RECALLED]
        best_scores = np.take_along_axis(scores, nearest, axis=1)
        best = np.take_along_axis(known, nearest, axis=1)
    found = [
        len({hit.id for hit in index.search_vectors(question.vector, RECALLED)} & set(exact))
        for question, exact in zip(questions, best.tolist(), strict=True)
    ]
    return float(np.mean(found)) / RECALLED


def _encode(question: ExpectedAnswer, encoder: Encoder) -> EncodedQuestion:
    return EncodedQuestion.encode(question.question, question.language, encoder)


def _make_row(passage_id: int) -> PassageRow:
    article = (passage_id - FIRST_ID) // PER_ARTICLE
    language = Language.FRENCH if article % 2 else Language.ENGLISH
    return PassageRow(
        passage_id, f"article-{article}", language, f"publisher {article % PUBLISHERS}"
    )


def _make_texts(ids: Sequence[int]) -> list[IndexedText]:
    words = _rank_words()
    texts = []
    for passage_id, terms in zip(ids, draw_passages(len(ids), seed=1), strict=True):
        language = _make_row(passage_id).language
        known = words[language]
        text = " ".join(known[term] if term < len(known) else f"t{term}" for term in terms.tolist())
        texts.append(IndexedText(passage_id, language, "", None, text, ()))
    return texts


def _rank_words() -> dict[Language, list[str]]:
    """Return the embedded articles' words but for stop words, the most frequent first."""
    counts = {language: Counter[str]() for language in Language}
    for path in list_embedded_articles():
        article = read_article(path)
        words = split_words(article.text)
        terms = find_terms(words, article.language)
        counts[article.language].update(
            word for word, term in zip(words, terms, strict=True) if term is not None
        )
    return {
        language: [word for word, _ in counted.most_common()]
        for language, counted in counts.items()
    }


def _renumber(tokens: TokenStore, ids: Sequence[int]) -> Iterator[TokenStore]:
    """Yield the store again and again, its passages under the next of the ids."""
    for start in range(0, len(ids), len(tokens)):
        tokens.ids = np.array(ids[start : start + len(tokens)], dtype=np.int64)
        yield tokens


def _measure_disk(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(each.stat().st_size for each in files)


def _tell(what: str, started: float) -> None:
    print(f"{what} in {time.perf_counter() - started:.1f} s", flush=True)


if __name__ == "__main__":
    main()
