"""The library's articles, sources, sentences and passages, in one SQLite file: the truth.

All that lies in a generation can be rebuilt from it.
"""

import hashlib
import json
import sqlite3
import threading
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from massilia.corpus.article import Article, Language
from massilia.index.article_rows import (
    check_text,
    delete_articles,
    make_article,
    make_date,
    put_document,
)
from massilia.index.change import Change
from massilia.index.errors import LibraryError, name_library
from massilia.index.passage_table import PassageRow
from massilia.index.readings import (
    Copy,
    KnownPlace,
    StoredOriginal,
    forget_places,
    put_reading,
    read_copies,
    read_known_places,
    read_original,
    stamp_places,
)
from massilia.index.schema import (
    APPLICATION_ID,
    SCHEMA_VERSION,
    create_schema,
    needs_upgrade,
    upgrade_schema,
)
from massilia.ingest.document import Document, Reading
from massilia.ingest.job import Same
from massilia.ingest.sentences import Stretch, find_language

FILE_NAME = "library.sqlite"
BUSY_MILLISECONDS = 10_000

MOST_MADE = 256
"""How many articles are kept as they were made of their rows: some 10 KB each."""


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
    """Place a passage of the library, with the ordinals of its first and last sentence.

    `language` is that of its words, which may be another than its article's.
    """

    id: int
    article_id: str
    start: int
    end: int
    first_sentence: int
    last_sentence: int
    language: Language


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
        self._made: dict[tuple[str | None, ...], Article] = {}

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
                    create_schema(connection)
            store._upgrade()
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
            if not needs_upgrade(connection):
                return
        with self._transaction() as connection:
            # Another process may have been faster.
            if needs_upgrade(connection):
                upgrade_schema(connection)

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
            return [put_document(connection, document) for document in documents]

    def put_readings(self, readings: Sequence[Reading]) -> list[Change]:
        """Put what was read from some places, all of it or (when this raises) none."""
        with self._transaction() as connection:
            return [change for each in readings for change in put_reading(connection, each)]

    def known_places(self) -> dict[str, KnownPlace]:
        """Return what is known of each place that articles were read from."""
        with self._reading() as connection:
            return read_known_places(connection)

    def stamp_places(self, places: Iterable[Same]) -> None:
        """Keep the stamps and validators that places have now which hold what they held."""
        with self._transaction() as connection:
            stamp_places(connection, places)

    def mark_near_duplicates(self) -> None:
        """Find out which articles say nearly the same, and which of them stands for the others.

        Only those that were put since the last time are compared.
        """
        # Imported here: the answers' side needs none of it.
        from massilia.index import cluster_rows

        with self._reading() as connection:
            unsigned = cluster_rows.list_unsigned(connection)
            clusters = cluster_rows.open_clusters(connection)
        for article_ids in cluster_rows.batch(unsigned):
            with self._transaction() as connection:
                cluster_rows.sign_articles(connection, clusters, article_ids)
        with self._transaction() as connection:
            cluster_rows.mark_clusters(connection, clusters)

    def copy_to(self, folder: Path) -> None:
        """Write a copy of the store, as it is now, into another folder that has none."""
        with self._reading() as connection, closing(sqlite3.connect(folder / FILE_NAME)) as copy:
            connection.backup(copy)

    def forget_places(self, places: Iterable[str]) -> list[Change]:
        """Delete the articles of places, and what is known of these; as `remove` does."""
        with self._transaction() as connection:
            changes = forget_places(connection, list(places))
        self._empty_log()
        return changes

    def remove(self, article_ids: Iterable[str]) -> list[str]:
        """Delete articles with all that hangs on them; returns the ids that were not there.

        The freed pages are overwritten, so that the text is gone from the file too. Raises
        `LibraryError` after the deletion when a reader keeps the file's log from being emptied.
        """
        with self._transaction() as connection:
            missing = delete_articles(connection, list(article_ids))
        self._empty_log()
        return missing

    def _empty_log(self) -> None:
        with name_library(self.folder):
            checkpoint = self._connect().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if checkpoint[0]["busy"]:
            raise LibraryError(
                f"The library {self.folder}: the articles are removed, but a reader keeps their "
                f"text in {self.path.name}-wal; remove them again when it is done."
            )

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

    def articles(self, article_ids: Sequence[str]) -> dict[str, Article]:
        """Return those of the articles named that the library has, whole, by their ids."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT * FROM articles WHERE id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(article_ids)),),
            ).fetchall()
            found = {row["id"]: self._recall(connection, row) for row in rows}
        return {each: found[each] for each in article_ids if each in found}

    def _recall(self, connection: sqlite3.Connection, row: sqlite3.Row) -> Article:
        """Return the article of a row: one that was made of the same before, if it is kept.

        Making one takes 0.3 ms, most of it for its marks and sources, and every question needs
        several. What the row says has been read just now: what is removed or changed is not here.
        """
        key = (row["id"], row["fingerprint"], row["cluster"], row["work"])
        article = self._made.get(key)
        # The fingerprint is of all that is kept of an article, but may be older than its text.
        if (
            article is None
            or article.text != row["text"]
            or article.text_sha256 != row["text_sha256"]
        ):
            check_text(row)
            article = make_article(connection, row)
            if len(self._made) >= MOST_MADE:
                self._made.pop(next(iter(self._made), key), None)
            self._made[key] = article
        return article

    def original(self, article_id: str) -> StoredOriginal | None:
        """Return what an article was read from, or None where that was not kept."""
        with self._reading() as connection:
            return read_original(connection, article_id)

    def has_original(self, article_id: str) -> bool:
        """Tell whether what an article was read from has been kept."""
        with self._reading() as connection:
            row = connection.execute(
                "SELECT 1 FROM articles JOIN documents USING (place) "
                "WHERE articles.id = ? AND original IS NOT NULL",
                (article_id,),
            ).fetchone()
        return row is not None

    def copies(self, article_ids: Sequence[str]) -> dict[str, tuple[Copy, ...]]:
        """Return where else each article's text stands, or nearly so; not of those alone."""
        with self._reading() as connection:
            return read_copies(connection, article_ids)

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
            # As one JSON value: SQLite limits how many parameters a statement has.
            rows = connection.execute(
                "SELECT passages.id, article_id, start, end, first_sentence, last_sentence, "
                "coalesce(passages.language, articles.language) "
                "FROM passages JOIN articles ON articles.id = article_id "
                "WHERE passages.id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(passage_ids)),),
            )
            found = {
                row[0]: StoredPassage(
                    row[0], row[1], row[2], row[3], row[4], row[5], Language(row[6])
                )
                for row in rows
            }
        return [found[each] for each in passage_ids if each in found]

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
                "SELECT id, coalesce(work, translation_of, id) AS work, language FROM articles "
                "WHERE id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(article_ids)),),
            ).fetchall()
        return {row["id"]: (row["work"], Language(row["language"])) for row in rows}

    def stretches(self, article_id: str) -> tuple[Stretch, ...]:
        """Return what of an article's text is in another language than the rest, in order."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT * FROM passages WHERE article_id = ? AND language IS NOT NULL "
                "ORDER BY ordinal",
                (article_id,),
            ).fetchall()
        return tuple(_join_passages(rows).get(article_id, ()))

    def sentences(self, passage: StoredPassage) -> tuple[StoredSentence, ...]:
        """Return the sentences of a passage, in the text's order."""
        return self.sentences_of([passage])[passage.id]

    def sentences_of(
        self, passages: Sequence[StoredPassage]
    ) -> dict[int, tuple[StoredSentence, ...]]:
        """Return the sentences of each passage, in the text's order, by the passage's id."""
        found: dict[int, list[StoredSentence]] = {passage.id: [] for passage in passages}
        wanted = [
            (each.id, each.article_id, each.first_sentence, each.last_sentence) for each in passages
        ]
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT json_extract(value, '$[0]'), sentences.id, article_id, start, end "
                "FROM json_each(?) JOIN sentences ON article_id = json_extract(value, '$[1]') "
                "AND ordinal BETWEEN json_extract(value, '$[2]') AND json_extract(value, '$[3]') "
                "ORDER BY key, ordinal",
                (json.dumps(wanted),),
            )
            for passage_id, *place in rows:
                found[passage_id].append(StoredSentence(*place))
        return {passage_id: tuple(sentences) for passage_id, sentences in found.items()}

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
                "SELECT passages.id, article_id, "
                "coalesce(passages.language, articles.language) AS language, "
                "publisher, kind, date_published, "
                "coalesce(nullif(work, articles.id), translation_of) AS translation_of "
                "FROM passages JOIN articles ON articles.id = article_id "
                "ORDER BY passages.id"
            ).fetchall()
        return [
            PassageRow(
                id=row["id"],
                article_id=row["article_id"],
                language=Language(row["language"]),
                publisher=row["publisher"],
                kind=row["kind"],
                date_published=make_date(row["date_published"]),
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
            stretches = _join_passages(
                connection.execute(
                    "SELECT * FROM passages WHERE language IS NOT NULL ORDER BY article_id, ordinal"
                )
            )
            rows = connection.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()
        indexed = []
        for row in rows:
            language, title, text = articles[row["article_id"]]
            before = [each for each in headings[row["article_id"]] if each["end"] <= row["start"]]
            heading = text[before[-1]["start"] : before[-1]["end"]] if before else None
            start, end = row["start"], row["end"]
            # Sentences are in the language of the passages that they are in.
            language = find_language(start, language, stretches.get(row["article_id"], ()))
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


def _join_passages(rows: Iterable[sqlite3.Row]) -> dict[str, list[Stretch]]:
    """Return the stretches that passages in other languages than their articles make, by article.

    A heading between two of these is in their language.
    """
    stretches: dict[str, list[Stretch]] = defaultdict(list)
    ordinals: dict[str, int] = {}
    for row in rows:
        article_id, language = row["article_id"], Language(row["language"])
        found, start = stretches[article_id], row["start"]
        if ordinals.get(article_id) == row["ordinal"] - 1 and found[-1].language is language:
            start = found.pop().start
        found.append(Stretch(start, row["end"], language))
        ordinals[article_id] = row["ordinal"]
    return stretches


def _make_entry(row: sqlite3.Row) -> ArticleEntry:
    return ArticleEntry(
        id=row["id"],
        title=row["title"],
        language=Language(row["language"]),
        origin=row["origin"],
        publisher=row["publisher"],
        date_published=make_date(row["date_published"]),
        date_modified=make_date(row["date_modified"]),
        url=row["url"],
        kind=row["kind"],
        translation_of=row["translation_of"],
        text_sha256=row["text_sha256"],
    )
