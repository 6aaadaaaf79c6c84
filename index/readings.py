"""What a library knows of the places that its articles were read from, and of their copies."""

import json
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256

from massilia.index.article_rows import delete_articles, is_there, make_date, put_document
from massilia.index.change import Change, Outcome
from massilia.index.errors import LibraryError
from massilia.ingest.document import NO_VALIDATORS, Document, Reading, Refusal, Validators
from massilia.ingest.extraction import DocumentKind, Run
from massilia.ingest.job import Same

READER_VERSION = 2
"""Raised when documents are read otherwise: those ingested again are then read again."""
_ID_CHARACTERS = 91
"""With the nine of a place's own, a hundred, as many as an id may have."""


@dataclass(frozen=True, slots=True)
class KnownPlace:
    """Hold what came of reading a place last: the articles it gave, and those it gives again.

    `copies` are the articles whose text stands there too. See `Reading` for the rest.
    """

    stamp: str | None
    sha256: str | None
    articles: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    validators: Validators = NO_VALIDATORS


@dataclass(frozen=True, slots=True)
class Copy:
    """Say where else the text of an article stands, or nearly so, and what that calls itself.

    `article_id` is None for an exact copy, which is no article of its own.
    """

    title: str
    origin: str
    publisher: str | None
    url: str | None
    date_published: date | None
    article_id: str | None = None


@dataclass(frozen=True, slots=True)
class StoredOriginal:
    """Hold the bytes that an article was read from, and where its text stands in them.

    `charset` is None where the bytes are no text; `runs` are empty then.
    """

    kind: DocumentKind
    charset: str | None
    data: bytes
    sha256: str
    runs: tuple[Run, ...]


def read_known_places(connection: sqlite3.Connection) -> dict[str, KnownPlace]:
    """Return each place that was read as this version reads."""
    articles = _group_ids(connection, "SELECT place, id FROM articles WHERE place IS NOT NULL")
    copies = _group_ids(connection, "SELECT place, article_id FROM copies")
    rows = connection.execute(
        "SELECT place, stamp, sha256, refusals, etag, last_modified FROM documents "
        "WHERE reader = ?",
        (READER_VERSION,),
    )
    return {
        row["place"]: KnownPlace(
            row["stamp"],
            row["sha256"],
            articles.get(row["place"], ()),
            copies.get(row["place"], ()),
            tuple(Refusal(*each) for each in json.loads(row["refusals"])),
            Validators(row["etag"], row["last_modified"]),
        )
        for row in rows
    }


def read_original(connection: sqlite3.Connection, article_id: str) -> StoredOriginal | None:
    """Return what an article was read from; raises `LibraryError` where it is damaged."""
    row = connection.execute(
        "SELECT documents.kind, charset, original, original_sha256, runs FROM articles "
        "JOIN documents ON documents.place = articles.place "
        "WHERE articles.id = ? AND original IS NOT NULL",
        (article_id,),
    ).fetchone()
    if row is None:
        return None
    data = zlib.decompress(row["original"])
    if sha256(data).hexdigest() != row["original_sha256"]:
        raise LibraryError(f"The original of {article_id!r} is not the one that was stored.")
    runs = tuple(Run(*each) for each in json.loads(row["runs"]))
    return StoredOriginal(
        DocumentKind(row["kind"]), row["charset"], data, row["original_sha256"], runs
    )


def read_copies(
    connection: sqlite3.Connection, article_ids: Sequence[str]
) -> dict[str, tuple[Copy, ...]]:
    """Return where else each article's text stands, or nearly so; not of those that are alone."""
    if not _has_copies(connection):
        return {}
    named = json.dumps(list(article_ids))
    rows = connection.execute(
        "SELECT * FROM ("
        "SELECT article_id AS of, title, origin, publisher, url, date_published, NULL AS other "
        "FROM copies WHERE article_id IN (SELECT value FROM json_each(?1)) "
        "UNION ALL "
        "SELECT one.id, other.title, other.origin, other.publisher, other.url, "
        "other.date_published, other.id FROM articles AS one "
        "JOIN articles AS other ON other.cluster = one.cluster AND other.id <> one.id "
        "WHERE one.id IN (SELECT value FROM json_each(?1))) "
        "ORDER BY of, other IS NULL, date_published, title, origin",
        (named,),
    )
    copies: dict[str, list[Copy]] = {}
    for row in rows:
        day = make_date(row["date_published"])
        copies.setdefault(row["of"], []).append(
            Copy(row["title"], row["origin"], row["publisher"], row["url"], day, row["other"])
        )
    return {article_id: tuple(each) for article_id, each in copies.items()}


def _has_copies(connection: sqlite3.Connection) -> bool:
    # Asked for every answer, of libraries that mostly have none.
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM copies) "
        "OR EXISTS (SELECT 1 FROM articles WHERE cluster IS NOT NULL)"
    ).fetchone()
    return bool(row[0])


def put_reading(connection: sqlite3.Connection, reading: Reading) -> list[Change]:
    """Add, replace or leave alone what was read from one place, and remember how it was read.

    A document whose text an article of another place has already is kept as its copy. Where the
    place holds an article no more, it is removed; where it can't be read any more, what it held
    stays as it was.
    """
    place = reading.place
    put = {each.location: _put_document_of(connection, place, each) for each in reading.documents}
    removed = _remove_others(connection, reading) if reading.documents else []
    for each in reading.documents:
        # A copy of an article that says something else now, further down in the same file.
        if put[each.location].outcome is Outcome.DUPLICATE and not _is_copy(connection, each):
            put[each.location] = _put_document_of(connection, place, each)
    refused = [Change("", each.location, Outcome.REFUSED, each.reason) for each in reading.refusals]
    _remember(connection, reading)
    return [*put.values(), *removed, *refused]


def stamp_places(connection: sqlite3.Connection, places: Iterable[Same]) -> None:
    """Keep the stamps and validators that places have now which hold what they held."""
    connection.executemany(
        "UPDATE documents SET stamp = ?, etag = ?, last_modified = ? WHERE place = ?",
        [
            (each.stamp, each.validators.etag, each.validators.last_modified, each.place)
            for each in places
        ],
    )


def forget_places(connection: sqlite3.Connection, places: Iterable[str]) -> list[Change]:
    """Delete the articles of places, and what is known of these."""
    changes = []
    for place in places:
        rows = connection.execute(
            "SELECT id, location FROM articles WHERE place = ? ORDER BY id", (place,)
        ).fetchall()
        delete_articles(connection, [row["id"] for row in rows])
        connection.execute("DELETE FROM copies WHERE place = ?", (place,))
        connection.execute("DELETE FROM documents WHERE place = ?", (place,))
        found = [(row["id"], row["location"]) for row in rows] or [("", place)]
        changes += [Change(*each, Outcome.REMOVED) for each in found]
    return changes


def _group_ids(connection: sqlite3.Connection, query: str) -> dict[str, tuple[str, ...]]:
    groups: dict[str, list[str]] = {}
    for place, article_id in connection.execute(f"{query} ORDER BY 1, 2"):
        groups.setdefault(place, []).append(article_id)
    return {place: tuple(ids) for place, ids in groups.items()}


def _remember(connection: sqlite3.Connection, reading: Reading) -> None:
    """Keep how a place was read; where nothing was, what its articles were read from stays."""
    values: dict[str, object] = {
        "place": reading.place,
        "stamp": reading.stamp,
        "sha256": reading.sha256,
        "reader": READER_VERSION,
        "refusals": json.dumps([(each.location, each.reason) for each in reading.refusals]),
        "etag": reading.validators.etag,
        "last_modified": reading.validators.last_modified,
    }
    if reading.documents:
        original = reading.original
        values |= {
            "original_sha256": original and original.sha256,
            "kind": original and original.kind,
            "charset": original and original.charset,
            "original": original and original.packed,
        }
    names = ", ".join(values)
    placeholders = ", ".join(f":{name}" for name in values)
    updates = ", ".join(f"{name} = excluded.{name}" for name in values)
    connection.execute(
        f"INSERT INTO documents ({names}) VALUES ({placeholders}) "
        f"ON CONFLICT (place) DO UPDATE SET {updates}",
        values,
    )


def _is_copy(connection: sqlite3.Connection, document: Document) -> bool:
    row = connection.execute("SELECT 1 FROM copies WHERE location = ?", (document.location,))
    return row.fetchone() is not None


def _put_document_of(connection: sqlite3.Connection, place: str, document: Document) -> Change:
    article, location = document.article, document.location
    for twin in connection.execute(
        "SELECT id, coalesce(place, location) AS place FROM articles "
        "WHERE text_sha256 = ? AND location <> ? ORDER BY id",
        (article.text_sha256, location),
    ).fetchall():
        if is_there(twin["place"]):
            return _put_copy(connection, place, document, twin["id"])
        # The file has been moved, under whatever name.
        delete_articles(connection, [twin["id"]])
    connection.execute("DELETE FROM copies WHERE location = ?", (location,))
    return put_document(connection, _settle_id(connection, document), place)


def _put_copy(
    connection: sqlite3.Connection, place: str, document: Document, article_id: str
) -> Change:
    article, location = document.article, document.location
    before = connection.execute("SELECT id FROM articles WHERE location = ?", (location,))
    delete_articles(connection, [row["id"] for row in before.fetchall()])
    connection.execute(
        "INSERT OR REPLACE INTO copies VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            location,
            place,
            article_id,
            article.title,
            article.origin,
            article.publisher,
            article.url,
            article.date_published and article.date_published.isoformat(),
        ),
    )
    reason = f"{article.origin}: the article {article_id!r} has the same text"
    return Change(article_id, location, Outcome.DUPLICATE, reason)


def _settle_id(connection: sqlite3.Connection, document: Document) -> Document:
    """Give a document that has no id of its own the one it had, or one that is free."""
    if document.named:
        return document
    own = connection.execute(
        "SELECT id FROM articles WHERE location = ?", (document.location,)
    ).fetchone()
    if own is not None:
        return replace(document, article=replace(document.article, id=own["id"]))
    other = connection.execute(
        "SELECT coalesce(place, location) AS place FROM articles WHERE id = ?",
        (document.article.id,),
    ).fetchone()
    if other is None or not is_there(other["place"]):
        return document
    suffix = sha256(document.location.encode()).hexdigest()[:8]
    article_id = f"{document.article.id[:_ID_CHARACTERS]}-{suffix}"
    return replace(document, article=replace(document.article, id=article_id))


def _remove_others(connection: sqlite3.Connection, reading: Reading) -> list[Change]:
    locations = json.dumps([each.location for each in reading.documents])
    rows = connection.execute(
        "SELECT id, location FROM articles "
        "WHERE place = ? AND location NOT IN (SELECT value FROM json_each(?)) ORDER BY id",
        (reading.place, locations),
    ).fetchall()
    delete_articles(connection, [row["id"] for row in rows])
    connection.execute(
        "DELETE FROM copies WHERE place = ? AND location NOT IN (SELECT value FROM json_each(?))",
        (reading.place, locations),
    )
    return [Change(row["id"], row["location"], Outcome.REMOVED) for row in rows]
