"""The library's articles, sources, sentences and passages, in one SQLite file: the truth.

All that lies in a generation can be rebuilt from it.
"""

import hashlib
import json
import sqlite3
import threading
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from massilia.corpus.article import (
    Article,
    Heading,
    Language,
    Source,
    SourceMark,
    hash_text,
)
from massilia.corpus.embedded import LOCATION as EMBEDDED
from massilia.index.errors import LibraryError, name_library
from massilia.index.passage_table import PassageRow
from massilia.ingest.document import Document
from massilia.ingest.passages import SplitArticle, split_passages

FILE_NAME = "library.sqlite"
APPLICATION_ID = 0x4D415353
"""`MASS`, in the file's header: a database of another program is refused by it."""
SCHEMA_VERSION = 2
SPLITTER_VERSION = 1
"""Raised when sentences or passages are cut otherwise: an article ingested again is then split
again, changed or not."""
BUSY_MILLISECONDS = 10_000

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE articles (
    id TEXT PRIMARY KEY,
    language TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    text_sha256 TEXT NOT NULL,
    origin TEXT NOT NULL,
    location TEXT NOT NULL,
    publisher TEXT,
    authors TEXT NOT NULL,
    date_published TEXT,
    date_modified TEXT,
    url TEXT,
    licence TEXT,
    translation_of TEXT,
    fingerprint TEXT NOT NULL,
    kind TEXT
) STRICT;
CREATE TABLE headings (
    article_id TEXT NOT NULL REFERENCES articles ON DELETE CASCADE,
    level INTEGER NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    PRIMARY KEY (article_id, start)
) STRICT, WITHOUT ROWID;
CREATE TABLE sources (
    article_id TEXT NOT NULL REFERENCES articles ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    publisher TEXT,
    url TEXT,
    date TEXT,
    language TEXT,
    licence TEXT,
    PRIMARY KEY (article_id, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE marks (
    article_id TEXT NOT NULL REFERENCES articles ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    position INTEGER NOT NULL,
    source_id TEXT NOT NULL,
    PRIMARY KEY (article_id, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE sentences (
    -- AUTOINCREMENT: the id of a removed sentence never comes back for another one, so that an
    -- index built before can't point at the wrong text. The same holds for passages.
    -- See `_advance_ids` for a file that is made anew or restored from an older copy.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    article_id TEXT NOT NULL REFERENCES articles ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    UNIQUE (article_id, ordinal)
) STRICT;
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    article_id TEXT NOT NULL REFERENCES articles ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    first_sentence INTEGER NOT NULL,
    last_sentence INTEGER NOT NULL,
    UNIQUE (article_id, ordinal)
) STRICT;
INSERT INTO sqlite_sequence (name, seq) VALUES ('sentences', 0), ('passages', 0);
"""


MOST_MADE = 256
"""How many articles are kept as they were made of their rows: some 10 KB each."""


class Outcome(StrEnum):
    """Say what became of an article that was put into the library."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Change:
    """Say what became of one document; `reason` is given when it was refused."""

    article_id: str
    location: str
    outcome: Outcome
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ArticleEntry:
    """Describe an article of the library without its text."""

    id: str
    title: str
    language: Language
    origin: str
    publisher: str | None
    date_published: date | None
    date_modified: date | None
    url: str | None
    kind: str | None
    translation_of: str | None
    text_sha256: str


@dataclass(frozen=True, slots=True)
class StoredSentence:
    """Place a sentence of the library: code point offsets into its article's text."""

    id: int
    article_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """Place a passage of the library, with the ordinals of its first and last sentence."""

    id: int
    article_id: str
    start: int
    end: int
    first_sentence: int
    last_sentence: int


@dataclass(frozen=True, slots=True)
class IndexedText:
    """Hold a text to be encoded, under the id of its sentence or passage.

    `heading` is the last heading before it, or None before the first one. `sentence_ends` are the
    offsets in `text` just after each of its sentences.
    """

    id: int
    language: Language
    title: str
    heading: str | None
    text: str
    sentence_ends: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Hold what a library holds at one time, each list in the order of the ids.

    `rows` describe the `passages` one by one; `state` is that of `Store.state`.
    """

    state: str
    passages: Sequence[IndexedText]
    sentences: Sequence[IndexedText]
    rows: Sequence[PassageRow]


class Store:
    """Read and write `library.sqlite`; each thread uses a connection of its own.

    Every method raises `LibraryError` when the file can't be read or written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / FILE_NAME
        self._local = threading.local()
        self._connections: dict[threading.Thread, sqlite3.Connection] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._made: dict[tuple[str, str], Article] = {}

    @classmethod
    def create(cls, folder: Path) -> "Store":
        """Open the store in `folder`, making folder and file where they are missing."""
        store = cls(folder)
        with name_library(folder):
            folder.mkdir(parents=True, exist_ok=True)
            store.path.touch()
        with store._closed_on_error():
            with store._transaction() as connection:
                if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
                    # One statement at a time: `executescript` would end the transaction.
                    for statement in _SCHEMA.split(";\n"):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            # Before the next line, which would change a database of another program.
            store.check()
            with name_library(folder):
                # Kept in the file: readers go on while a writer works.
                store._connect().execute("PRAGMA journal_mode = WAL").fetchall()
        return store

    @classmethod
    def open(cls, folder: Path) -> "Store":
        """Open the store in `folder`; raises `LibraryError` when there is none."""
        store = cls(folder)
        with name_library(folder):
            missing = not store.path.is_file()
        if missing:
            reason = "it has no library.sqlite" if folder.is_dir() else "there is no such folder"
            raise LibraryError(
                f"No library at {folder}: {reason}. `massilia ingest` makes one, "
                "`massilia ingest --corpus` one with the embedded corpus."
            )
        with store._closed_on_error():
            store._upgrade()
            store.check()
        return store

    def _upgrade(self) -> None:
        """Bring a library of the version before up to date."""
        with self._reading() as connection:
            if not _is_of_version(connection, 1):
                return
        with self._transaction() as connection:
            # Another process may have been faster.
            if _is_of_version(connection, 1):
                connection.execute("ALTER TABLE articles ADD COLUMN kind TEXT")
                connection.execute("PRAGMA user_version = 2")

    def check(self) -> None:
        """Raise `LibraryError` unless the file is a library of this version of Massilia."""
        with self._reading() as connection:
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
        if application != APPLICATION_ID:
            raise LibraryError(f"{self.path} is not a library of Massilia.")
        if version != SCHEMA_VERSION:
            raise LibraryError(
                f"{self.path} has schema version {version}; "
                f"this version of Massilia reads {SCHEMA_VERSION}."
            )

    def close(self) -> None:
        """Close every connection; the store must not be used afterwards."""
        with self._lock:
            self._closed = True
            for connection in self._connections.values():
                connection.close()
            self._connections.clear()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Show this thread one state of the library, whatever others write meanwhile.

        The state is that of the first read inside. Keep it short: what is removed meanwhile
        can't leave the file before the end of it.
        """
        with name_library(self.folder):
            connection = self._connect()
            outermost = not connection.in_transaction
            if outermost:
                connection.execute("BEGIN")
        try:
            yield
        finally:
            with name_library(self.folder):
                # SQLite has rolled back by itself after some errors.
                if outermost and connection.in_transaction:
                    connection.execute("ROLLBACK")

    def put(self, documents: Iterable[Document]) -> list[Change]:
        """Add or replace articles, all of them or (when this raises) none.

        An article that is in the library as it stands is left alone. What was read from the same
        place before is replaced, even if its id was another. An id belongs to the place
        that its article was read from for as long as there is a file: another file with the same
        id is refused.
        """
        # Read to the end first: what goes wrong there is no error of the library's.
        documents = list(documents)
        with self._transaction() as connection:
            return [_put_document(connection, document) for document in documents]

    def remove(self, article_ids: Iterable[str]) -> list[str]:
        """Delete articles with all that hangs on them; returns the ids that were not there.

        The freed pages are overwritten, so that the text is gone from the file too. Raises
        `LibraryError` after the deletion when a reader keeps the file's log from being emptied.
        """
        article_ids = list(article_ids)
        missing: list[str] = []
        with self._transaction() as connection:
            for article_id in article_ids:
                cursor = connection.execute("DELETE FROM articles WHERE id = ?", (article_id,))
                if cursor.rowcount == 0:
                    missing.append(article_id)
        with name_library(self.folder):
            checkpoint = self._connect().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if checkpoint[0]["busy"]:
            raise LibraryError(
                f"The library {self.folder}: the articles are removed, but a reader keeps their "
                f"text in {self.path.name}-wal; remove them again when it is done."
            )
        return missing

    def remember(self, key: str, value: str) -> None:
        """Keep a fact about the library itself."""
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def recall(self, key: str) -> str | None:
        """Return what was kept under `key`, or None."""
        with self._reading() as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def article(self, article_id: str) -> Article | None:
        """Return an article whole, or None where the library has no such id."""
        with self._reading() as connection:
            row = connection.execute(
                "SELECT * FROM articles WHERE id = ?", (article_id,)
            ).fetchone()
            return None if row is None else self._recall(connection, row)

    def _recall(self, connection: sqlite3.Connection, row: sqlite3.Row) -> Article:
        """Return the article of a row: one that was made of the same before, if it is kept.

        Making one takes 0.3 ms, most of it for its marks and sources, and every question needs
        several. What the row says has been read just now: what is removed or changed is not here.
        """
        _check_text(row)
        key = (row["id"], row["fingerprint"])
        article = self._made.get(key)
        # The fingerprint is of all that is kept of an article, but may be older than its text.
        if article is None or article.text != row["text"]:
            article = _make_article(connection, row)
            if len(self._made) >= MOST_MADE:
                self._made.pop(next(iter(self._made), key), None)
            self._made[key] = article
        return article

    def count_articles(self) -> int:
        """Return how many articles the library holds."""
        with self._reading() as connection:
            return int(connection.execute("SELECT count(*) FROM articles").fetchone()[0])

    def entries(self) -> list[ArticleEntry]:
        """Return what is known of every article, in the order of their ids."""
        with self._reading() as connection:
            # Not the texts, which may be thousands of times as long.
            rows = connection.execute(
                "SELECT id, title, language, origin, publisher, date_published, date_modified, "
                "url, kind, translation_of, text_sha256 FROM articles ORDER BY id"
            ).fetchall()
        return [_make_entry(row) for row in rows]

    def locations(self) -> dict[str, str]:
        """Return where each article was read from, by its id."""
        with self._reading() as connection:
            rows = connection.execute("SELECT id, location FROM articles").fetchall()
        return {row["id"]: row["location"] for row in rows}

    def state(self) -> str:
        """Return a hash that changes with every change of an article.

        One that is removed and put again counts as changed: its passages have other ids.
        """
        digest = hashlib.sha256()
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT id, fingerprint, (SELECT min(passages.id) FROM passages "
                "WHERE article_id = articles.id) AS first_passage FROM articles ORDER BY id"
            )
            for row in rows:
                values = (row["id"], row["fingerprint"], str(row["first_passage"]))
                digest.update(("\0".join(values) + "\n").encode())
        return digest.hexdigest()

    def passages(self, passage_ids: Sequence[int]) -> list[StoredPassage]:
        """Return those of the passages named that are still in the library, in the same order."""
        with self._reading() as connection:
            rows = _select_by_id(connection, "passages", passage_ids)
        return [
            StoredPassage(
                row["id"],
                row["article_id"],
                row["start"],
                row["end"],
                row["first_sentence"],
                row["last_sentence"],
            )
            for row in rows
        ]

    def passage_text(self, passage: StoredPassage) -> str:
        """Return the text of a passage; raises `LibraryError` where its article is gone."""
        with self._reading() as connection:
            row = connection.execute(
                "SELECT substr(text, ?, ?) AS text FROM articles WHERE id = ?",
                (passage.start + 1, passage.end - passage.start, passage.article_id),
            ).fetchone()
        if row is None:
            raise LibraryError(f"The article {passage.article_id!r} is gone from the library.")
        return str(row["text"])

    def works(self, article_ids: Sequence[str]) -> dict[str, tuple[str, Language]]:
        """Return the work and the language of each article: a work is what translations share.

        It is named by the article that isn't a translation.
        """
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT id, coalesce(translation_of, id) AS work, language FROM articles "
                "WHERE id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(article_ids)),),
            ).fetchall()
        return {row["id"]: (row["work"], Language(row["language"])) for row in rows}

    def sentences(self, passage: StoredPassage) -> list[StoredSentence]:
        """Return the sentences of a passage, in the text's order."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT * FROM sentences WHERE article_id = ? AND ordinal BETWEEN ? AND ? "
                "ORDER BY ordinal",
                (passage.article_id, passage.first_sentence, passage.last_sentence),
            ).fetchall()
        return [
            StoredSentence(row["id"], row["article_id"], row["start"], row["end"]) for row in rows
        ]

    def indexed_passages(self) -> list[IndexedText]:
        """Return every passage to be encoded, in the order of the ids."""
        return self._indexed("passages")

    def indexed_sentences(self) -> list[IndexedText]:
        """Return every sentence to be encoded, in the order of the ids."""
        return self._indexed("sentences")

    def passage_rows(self) -> list[PassageRow]:
        """Return what filters need to know of every passage, in the order of the ids."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT passages.id, article_id, language, publisher, kind, date_published, "
                "translation_of FROM passages JOIN articles ON articles.id = article_id "
                "ORDER BY passages.id"
            ).fetchall()
        return [
            PassageRow(
                id=row["id"],
                article_id=row["article_id"],
                language=Language(row["language"]),
                publisher=row["publisher"],
                kind=row["kind"],
                date_published=_make_date(row["date_published"]),
                translation_of=row["translation_of"],
            )
            for row in rows
        ]

    def snapshot(self) -> Snapshot:
        """Return all that a generation is built from, of one state of the library."""
        with self.reading():
            return Snapshot(
                self.state(),
                self.indexed_passages(),
                self.indexed_sentences(),
                self.passage_rows(),
            )

    def _indexed(self, table: str) -> list[IndexedText]:
        with self._reading() as connection:
            articles = {
                row["id"]: (Language(row["language"]), row["title"], row["text"])
                for row in connection.execute("SELECT id, language, title, text FROM articles")
            }
            headings: dict[str, list[sqlite3.Row]] = defaultdict(list)
            for row in connection.execute("SELECT * FROM headings ORDER BY article_id, start"):
                headings[row["article_id"]].append(row)
            ends: dict[str, list[int]] = defaultdict(list)
            for row in connection.execute("SELECT * FROM sentences ORDER BY article_id, ordinal"):
                ends[row["article_id"]].append(row["end"])
            rows = connection.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()
        indexed = []
        for row in rows:
            language, title, text = articles[row["article_id"]]
            before = [each for each in headings[row["article_id"]] if each["end"] <= row["start"]]
            heading = text[before[-1]["start"] : before[-1]["end"]] if before else None
            start, end = row["start"], row["end"]
            sentences = ends[row["article_id"]]
            within = sentences[bisect_right(sentences, start) : bisect_right(sentences, end)]
            sentence_ends = tuple(each - start for each in within)
            indexed.append(
                IndexedText(row["id"], language, title, heading, text[start:end], sentence_ends)
            )
        return indexed

    def _connect(self) -> sqlite3.Connection:
        if self._closed:
            raise LibraryError(f"The library {self.folder} has been closed.")
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            # Each thread has its own; others close it, when the thread has ended or in `close`.
            # The mode: a file that has vanished is an error, not made anew without a word.
            connection = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode=rw",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
            )
            connection.row_factory = sqlite3.Row
            with self._lock:
                for thread in [each for each in self._connections if not each.is_alive()]:
                    self._connections.pop(thread).close()
                self._connections[threading.current_thread()] = connection
            self._local.connection = connection
            connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")
        return connection

    @contextmanager
    def _closed_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self.reading(), name_library(self.folder):
            yield self._connect()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with name_library(self.folder):
            connection = self._connect()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself after some errors, a full disk for one.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise


def _is_of_version(connection: sqlite3.Connection, version: int) -> bool:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    return bool(application == APPLICATION_ID and found == version)


def fingerprint_article(article: Article) -> str:
    """Return a hash of all that the library keeps of an article, and of how it is split."""
    content = json.dumps(
        [SPLITTER_VERSION, asdict(article)], sort_keys=True, default=str, ensure_ascii=False
    )
    return hashlib.sha256(content.encode()).hexdigest()


def _put_document(connection: sqlite3.Connection, document: Document) -> Change:
    article, location = document.article, document.location
    fingerprint = fingerprint_article(article)
    row = connection.execute(
        "SELECT fingerprint, location FROM articles WHERE id = ?", (article.id,)
    ).fetchone()
    if row is not None:
        if row["fingerprint"] == fingerprint:
            return Change(article.id, location, Outcome.UNCHANGED)
        if row["location"] != location and _is_there(row["location"]):
            reason = f"{article.origin}: {row['location']} has the id {article.id!r} too"
            return Change(article.id, location, Outcome.REFUSED, reason)
    # What was read from the same place before is this article's past, under whatever id.
    replaced = connection.execute(
        "DELETE FROM articles WHERE id = ? OR location = ?", (article.id, location)
    ).rowcount
    _advance_ids(connection)
    _insert_article(connection, document, fingerprint)
    _insert_split(connection, article.id, split_passages(article))
    return Change(article.id, location, Outcome.CHANGED if replaced else Outcome.ADDED)


def _is_there(location: str) -> bool:
    return location.startswith(EMBEDDED) or Path(location).is_file()


def _advance_ids(connection: sqlite3.Connection) -> None:
    """Let the ids to come begin at the time, in microseconds.

    A library that is made anew in its folder, or restored from an older copy, would otherwise
    give ids a second time, and the vectors of a generation would pass for those of other texts.
    Splitting takes longer than a microsecond a sentence, so ids stay behind the clock.
    """
    connection.execute("UPDATE sqlite_sequence SET seq = max(seq, ?)", (time.time_ns() // 1_000,))


def _insert_article(connection: sqlite3.Connection, document: Document, fingerprint: str) -> None:
    article = document.article
    connection.execute(
        "INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            article.id,
            article.language,
            article.title,
            article.text,
            article.text_sha256,
            article.origin,
            document.location,
            article.publisher,
            json.dumps(article.authors, ensure_ascii=False),
            article.date_published and article.date_published.isoformat(),
            article.date_modified and article.date_modified.isoformat(),
            article.url,
            article.licence,
            article.translation_of,
            fingerprint,
            article.kind,
        ),
    )
    connection.executemany(
        "INSERT INTO headings VALUES (?, ?, ?, ?)",
        [(article.id, heading.level, heading.start, heading.end) for heading in article.headings],
    )
    connection.executemany(
        "INSERT INTO sources VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                article.id,
                ordinal,
                source.id,
                source.title,
                source.publisher,
                source.url,
                source.date,
                source.language,
                source.licence,
            )
            for ordinal, source in enumerate(article.sources)
        ],
    )
    connection.executemany(
        "INSERT INTO marks VALUES (?, ?, ?, ?)",
        [
            (article.id, ordinal, mark.position, mark.source_id)
            for ordinal, mark in enumerate(article.marks)
        ],
    )


def _insert_split(connection: sqlite3.Connection, article_id: str, split: SplitArticle) -> None:
    connection.executemany(
        'INSERT INTO sentences (article_id, ordinal, start, "end") VALUES (?, ?, ?, ?)',
        [
            (article_id, ordinal, sentence.start, sentence.end)
            for ordinal, sentence in enumerate(split.sentences)
        ],
    )
    connection.executemany(
        'INSERT INTO passages (article_id, ordinal, start, "end", first_sentence, last_sentence) '
        "VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                article_id,
                passage.ordinal,
                passage.start,
                passage.end,
                passage.first_sentence,
                passage.last_sentence,
            )
            for passage in split.passages
        ],
    )


def _select_by_id(
    connection: sqlite3.Connection, table: str, ids: Sequence[int]
) -> list[sqlite3.Row]:
    # As one JSON value: SQLite limits how many parameters a statement has.
    rows = connection.execute(
        f"SELECT * FROM {table} WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
    )
    found = {row["id"]: row for row in rows}
    return [found[row_id] for row_id in ids if row_id in found]


def _check_text(row: sqlite3.Row) -> None:
    if hash_text(row["text"]) != row["text_sha256"]:
        raise LibraryError(
            f"The text of {row['id']!r} in the library is not the one that was stored: "
            "remove it, and ingest it again."
        )


def _make_article(connection: sqlite3.Connection, row: sqlite3.Row) -> Article:
    article_id = row["id"]
    headings = connection.execute(
        "SELECT * FROM headings WHERE article_id = ? ORDER BY start", (article_id,)
    )
    sources = connection.execute(
        "SELECT * FROM sources WHERE article_id = ? ORDER BY ordinal", (article_id,)
    )
    marks = connection.execute(
        "SELECT * FROM marks WHERE article_id = ? ORDER BY ordinal", (article_id,)
    )
    return Article(
        id=article_id,
        language=Language(row["language"]),
        title=row["title"],
        text=row["text"],
        origin=row["origin"],
        publisher=row["publisher"],
        authors=tuple(json.loads(row["authors"])),
        date_published=_make_date(row["date_published"]),
        date_modified=_make_date(row["date_modified"]),
        url=row["url"],
        licence=row["licence"],
        kind=row["kind"],
        translation_of=row["translation_of"],
        headings=tuple(Heading(each["level"], each["start"], each["end"]) for each in headings),
        sources=tuple(
            Source(
                id=each["id"],
                title=each["title"],
                publisher=each["publisher"],
                url=each["url"],
                date=each["date"],
                language=each["language"],
                licence=each["licence"],
            )
            for each in sources
        ),
        marks=tuple(SourceMark(each["position"], each["source_id"]) for each in marks),
    )


def _make_entry(row: sqlite3.Row) -> ArticleEntry:
    return ArticleEntry(
        id=row["id"],
        title=row["title"],
        language=Language(row["language"]),
        origin=row["origin"],
        publisher=row["publisher"],
        date_published=_make_date(row["date_published"]),
        date_modified=_make_date(row["date_modified"]),
        url=row["url"],
        kind=row["kind"],
        translation_of=row["translation_of"],
        text_sha256=row["text_sha256"],
    )


def _make_date(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)
