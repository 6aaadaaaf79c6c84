"""Which articles say nearly the same, as rows of `library.sqlite`."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Final

from massilia.index.article_clusters import (
    VERSION,
    ClusterIndex,
    Link,
    Member,
    Signature,
    choose_representative,
)
from massilia.index.article_rows import make_date

BATCH: Final = 500
"""How many articles are compared in one transaction: what a kill costs is comparing so many
again."""


def list_unsigned(connection: sqlite3.Connection) -> list[str]:
    """Return the articles that haven't been compared with the others yet, in order."""
    rows = connection.execute(
        "SELECT id FROM articles WHERE signature IS NULL OR substr(signature, 1, 1) <> ? "
        "ORDER BY id",
        (bytes([VERSION]),),
    )
    return [row["id"] for row in rows]


def open_clusters(connection: sqlite3.Connection) -> ClusterIndex:
    """Return the index of the articles that have been compared."""
    signatures = {
        row["id"]: Signature.unpack(row["signature"])
        for row in connection.execute(
            "SELECT id, signature FROM articles WHERE substr(signature, 1, 1) = ?",
            (bytes([VERSION]),),
        )
    }

    def read_text(article_id: str) -> str:
        row = connection.execute("SELECT text FROM articles WHERE id = ?", (article_id,)).fetchone()
        return str(row["text"])

    return ClusterIndex(read_text, signatures, _read_links(connection))


def sign_articles(
    connection: sqlite3.Connection, clusters: ClusterIndex, article_ids: Sequence[str]
) -> None:
    """Compare articles with all that have been, and keep what was found."""
    for article_id in article_ids:
        row = connection.execute("SELECT text FROM articles WHERE id = ?", (article_id,)).fetchone()
        if row is None:
            continue
        signature = clusters.put(article_id, row["text"])
        connection.execute(
            "UPDATE articles SET signature = ? WHERE id = ?", (signature.pack(), article_id)
        )
        # Those of a signature of another version.
        connection.execute(
            "DELETE FROM links WHERE first = ? OR second = ?", (article_id, article_id)
        )
        connection.executemany(
            "INSERT INTO links VALUES (?, ?, ?, ?)",
            [
                (link.first, link.second, link.resemblance, link.is_copy)
                for link in clusters.list_links([article_id])
            ],
        )


def mark_clusters(connection: sqlite3.Connection, clusters: ClusterIndex) -> None:
    """Keep with each article of a cluster which of them stands for it."""
    marked: dict[str, str] = {}
    linked = {each for link in _read_links(connection) for each in (link.first, link.second)}
    for members in clusters.find_clusters(sorted(linked)):
        if len(members) > 1:
            shown = choose_representative(_list_members(connection, members))
            marked.update(dict.fromkeys(members, shown))
    works = _join_works(connection, marked)
    rows = connection.execute(
        "SELECT id, cluster, work FROM articles WHERE cluster IS NOT NULL OR work IS NOT NULL"
    )
    before = {row["id"]: (row["cluster"], row["work"]) for row in rows}
    after = {each: (marked.get(each), works[each]) for each in works}
    connection.executemany(
        "UPDATE articles SET cluster = ?, work = ? WHERE id = ?",
        [
            (*after.get(each, (None, None)), each)
            for each in sorted(before.keys() | after.keys())
            if before.get(each) != after.get(each)
        ],
    )


def _join_works(connection: sqlite3.Connection, marked: Mapping[str, str]) -> dict[str, str]:
    """Return the work of each article of a cluster and of each of their translations.

    It is named by the first of their ids.
    """
    links = [
        *marked.items(),
        *connection.execute(
            "SELECT id, translation_of FROM articles WHERE translation_of IS NOT NULL"
        ).fetchall(),
    ]
    joined: dict[str, set[str]] = {}
    for one, other in links:
        group = joined.get(one, {one}) | joined.get(other, {other})
        joined.update(dict.fromkeys(group, group))
    return {
        member: min(group)
        for article_id in marked
        for group in [joined[article_id]]
        for member in group
    }


def batch(items: Iterable[str]) -> Iterable[list[str]]:
    """Yield items in lists of BATCH."""
    left = iter(items)
    while taken := list(islice(left, BATCH)):
        yield taken


def _read_links(connection: sqlite3.Connection) -> list[Link]:
    rows = connection.execute("SELECT * FROM links ORDER BY first, second")
    return [
        Link(row["first"], row["second"], row["resemblance"], bool(row["is_copy"])) for row in rows
    ]


def _list_members(connection: sqlite3.Connection, article_ids: Sequence[str]) -> list[Member]:
    members = []
    for article_id in article_ids:
        row = connection.execute(
            "SELECT date_published, length(text) AS length FROM articles WHERE id = ?",
            (article_id,),
        ).fetchone()
        members.append(Member(article_id, make_date(row["date_published"]), row["length"]))
    return members
