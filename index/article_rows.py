"""Articles as rows of `library.sqlite`: made of them, and made into them."""

import hashlib
import json
import os
import sqlite3
import stat
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple
from datetime import date

from massilia.corpus.article import (
    Article,
    Certainty,
    Heading,
    Language,
    MetadataNote,
    Source,
    SourceMark,
    hash_text,
)
from massilia.corpus.embedded import LOCATION as EMBEDDED
from massilia.index.change import Change, Outcome
from massilia.index.errors import LibraryError
from massilia.ingest.document import Document
from massilia.ingest.language_stretches import find_stretches
from massilia.ingest.passages import SplitArticle, split_passages
from massilia.ingest.places import STANDARD_INPUT, is_web_address
from massilia.ingest.sentences import Stretch

SPLITTER_VERSION = 1
"""Raised when sentences or passages are cut otherwise: an article ingested again is then split
again, changed or not."""
_NEWER_FIELDS = ("notes", "pages")
"""Not counted where they are empty, as in every article of a library of an earlier version."""
_COLUMNS = (
    "id",
    "language",
    "title",
    "text",
    "text_sha256",
    "origin",
    "location",
    "publisher",
    "authors",
    "date_published",
    "date_modified",
    "url",
    "licence",
    "translation_of",
    "fingerprint",
    "kind",
    "place",
    "notes",
    "pages",
    "runs",
)


def fingerprint_article(article: Article, stretches: Sequence[Stretch] = ()) -> str:
    """Return a hash of all that the library keeps of an article, and of how it is split.

    `stretches` are those in another language; an article that has none has the hash that it had in
    a library of an earlier version.
    """
    fields = asdict(article)
    # What a library finds out by comparing it with others.
    del fields["cluster"], fields["shared_work"]
    for name in _NEWER_FIELDS:
        if not fields[name]:
            del fields[name]
    if stretches:
        fields["stretches"] = [astuple(stretch) for stretch in stretches]
    content = json.dumps(
        [SPLITTER_VERSION, fields], sort_keys=True, default=str, ensure_ascii=False
    )
    return hashlib.sha256(content.encode()).hexdigest()


def put_document(
    connection: sqlite3.Connection, document: Document, place: str | None = None
) -> Change:
    """Add or replace an article; one that is there as it stands is left alone.

    `place` is where the bytes are that it was read from: its location, unless it is one of several.
    """
    article, location = document.article, document.location
    stretches = find_stretches(article.text, article.language, article.headings)
    fingerprint = fingerprint_article(article, stretches)
    row = connection.execute(
        "SELECT fingerprint, location, coalesce(place, location) AS place FROM articles "
        "WHERE id = ?",
        (article.id,),
    ).fetchone()
    if row is not None:
        if row["fingerprint"] == fingerprint:
            if row["location"] == location:
                # The document may have other words around the article; and a library of an
                # earlier version knows no places.
                connection.execute(
                    "UPDATE articles SET place = :place, runs = :runs "
                    "WHERE id = :id AND (place IS NOT :place OR runs <> :runs)",
                    {
                        "place": place or location,
                        "runs": _write_runs(document),
                        "id": article.id,
                    },
                )
            return Change(article.id, location, Outcome.UNCHANGED)
        if row["location"] != location and is_there(row["place"]):
            reason = f"{article.origin}: {row['location']} has the id {article.id!r} too"
            return Change(article.id, location, Outcome.REFUSED, reason)
    # What was read from the same place before is this article's past, under whatever id.
    replaced = connection.execute(
        "SELECT id FROM articles WHERE id = ? OR location = ?", (article.id, location)
    ).fetchall()
    delete_articles(connection, [each["id"] for each in replaced])
    _advance_ids(connection)
    _insert_article(connection, document, fingerprint, place or location)
    _insert_split(connection, article, split_passages(article, stretches=stretches))
    return Change(article.id, location, Outcome.CHANGED if replaced else Outcome.ADDED)


def _write_runs(document: Document) -> str:
    return json.dumps([astuple(run) for run in document.runs])


def is_there(place: str) -> bool:
    """Tell whether what was read at a place still stands there, as far as can be told from here."""
    if is_web_address(place) or place.startswith((EMBEDDED, STANDARD_INPUT)):
        return True
    try:
        return stat.S_ISREG(os.stat(place).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        # It may be behind a folder that is locked.
        return True


def delete_articles(connection: sqlite3.Connection, article_ids: Iterable[str]) -> list[str]:
    """Delete articles, with what is known of where they and their copies were read.

    Returns the ids that were not there. A file that is ingested again is then read again.
    """
    missing = []
    for article_id in article_ids:
        connection.execute(
            "DELETE FROM documents WHERE place IN ("
            "SELECT place FROM articles WHERE id = ? UNION "
            "SELECT place FROM copies WHERE article_id = ?)",
            (article_id, article_id),
        )
        cursor = connection.execute("DELETE FROM articles WHERE id = ?", (article_id,))
        if cursor.rowcount == 0:
            missing.append(article_id)
    return missing


def _advance_ids(connection: sqlite3.Connection) -> None:
    """Let the ids to come begin at the time, in microseconds.

    A library that is made anew in its folder, or restored from an older copy, would otherwise
    give ids a second time, and the vectors of a generation would pass for those of other texts.
    Splitting takes longer than a microsecond a sentence, so ids stay behind the clock.
    """
    connection.execute("UPDATE sqlite_sequence SET seq = max(seq, ?)", (time.time_ns() // 1_000,))


def _insert_article(
    connection: sqlite3.Connection, document: Document, fingerprint: str, place: str
) -> None:
    article = document.article
    connection.execute(
        f"INSERT INTO articles ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})",
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
            place,
            json.dumps([(each.field, each.how, each.certainty) for each in article.notes]),
            json.dumps(article.pages),
            _write_runs(document),
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


def _insert_split(connection: sqlite3.Connection, article: Article, split: SplitArticle) -> None:
    connection.executemany(
        'INSERT INTO sentences (article_id, ordinal, start, "end") VALUES (?, ?, ?, ?)',
        [
            (article.id, ordinal, sentence.start, sentence.end)
            for ordinal, sentence in enumerate(split.sentences)
        ],
    )
    connection.executemany(
        'INSERT INTO passages (article_id, ordinal, start, "end", first_sentence, last_sentence, '
        "language) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                article.id,
                passage.ordinal,
                passage.start,
                passage.end,
                passage.first_sentence,
                passage.last_sentence,
                None if passage.language is article.language else passage.language,
            )
            for passage in split.passages
        ],
    )


def check_text(row: sqlite3.Row) -> None:
    """Raise `LibraryError` unless the text of a row is the one that was stored."""
    if hash_text(row["text"]) != row["text_sha256"]:
        raise LibraryError(
            f"The text of {row['id']!r} in the library is not the one that was stored: "
            "remove it, and ingest it again."
        )


def make_article(connection: sqlite3.Connection, row: sqlite3.Row) -> Article:
    """Return the article of a row, with what other tables hold of it."""
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
        date_published=make_date(row["date_published"]),
        date_modified=make_date(row["date_modified"]),
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
        notes=tuple(
            MetadataNote(field, how, Certainty(certainty))
            for field, how, certainty in json.loads(row["notes"])
        ),
        pages=tuple(json.loads(row["pages"])),
        cluster=row["cluster"],
        shared_work=row["work"],
    )


def make_date(value: str | None) -> date | None:
    """Return the day that a column holds, if it holds one."""
    return None if value is None else date.fromisoformat(value)
