"""Passages ranked by the words that they share with the question."""

import sqlite3
import weakref
from collections.abc import Sequence
from threading import Lock

from massilia.corpus.article import Language
from massilia.index.analysis import analyse
from massilia.index.generation import compose_passage
from massilia.index.ranker import EncodedQuestion
from massilia.index.store import IndexedText
from massilia.index.vectors import Hit


class LexicalRanker:
    """Rank passages by Okapi BM25, as SQLite's FTS5 computes it: k1 = 1.2, b = 0.75.

    A term that half of the passages have, or more, counts for next to nothing: 1e-6 is its weight.
    Each language has statistics of its own, and a question is analysed anew for each: where most
    passages are French, common English words would otherwise pass for rare ones.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = Lock()
        weakref.finalize(self, connection.close)

    @classmethod
    def build(cls, passages: Sequence[IndexedText]) -> "LexicalRanker":
        """Index titles, headings and texts in memory."""
        # Many threads use it, one at a time.
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        for language in Language:
            # Terms come ready made: this tokenizer cuts at spaces, and changes nothing.
            connection.execute(
                f"CREATE VIRTUAL TABLE {_table(language)} "
                "USING fts5(terms, content = '', tokenize = 'ascii')"
            )
            connection.executemany(
                f"INSERT INTO {_table(language)} (rowid, terms) VALUES (?, ?)",
                (
                    (passage.id, " ".join(analyse(compose_passage(passage), language)))
                    for passage in passages
                    if passage.language is language
                ),
            )
        connection.commit()
        return cls(connection)

    def rank(
        self, question: EncodedQuestion, limit: int, language: Language | None = None
    ) -> list[Hit]:
        """Return up to `limit` ids of passages that share a term with the question, best first."""
        languages = tuple(Language) if language is None else (language,)
        hits = [hit for each in languages for hit in self._search(question.text, each, limit)]
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))[: max(limit, 0)]

    def _search(self, question: str, language: Language, limit: int) -> list[Hit]:
        terms = dict.fromkeys(analyse(question, language))
        if not terms:
            return []
        # Quoted, a term is never an operator.
        expression = " OR ".join(f'"{term}"' for term in terms)
        table = _table(language)
        with self._lock:
            rows = self._connection.execute(
                f"SELECT rowid, bm25({table}) FROM {table} WHERE {table} MATCH ? "
                f"ORDER BY bm25({table}), rowid LIMIT ?",
                (expression, limit),
            ).fetchall()
        # The smaller, the better, for FTS5.
        return [Hit(passage_id, -score) for passage_id, score in rows]


def _table(language: Language) -> str:
    return f"passages_{language}"
