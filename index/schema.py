"""The tables of `library.sqlite`, and how those of earlier versions become these."""

import sqlite3
from typing import Final

APPLICATION_ID: Final = 0x4D415353
"""`MASS`, in the file's header: a database of another program is refused by it."""
SCHEMA_VERSION: Final = 4

_ARTICLES: Final = """
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
    fingerprint TEXT NOT NULL
) STRICT
"""
_OTHERS: Final = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    """
CREATE TABLE headings (
    article_id TEXT NOT NULL REFERENCES articles ON DELETE CASCADE,
    level INTEGER NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    PRIMARY KEY (article_id, start)
) STRICT, WITHOUT ROWID
""",
    """
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
) STRICT, WITHOUT ROWID
""",
    """
CREATE TABLE marks (
    article_id TEXT NOT NULL REFERENCES articles ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    position INTEGER NOT NULL,
    source_id TEXT NOT NULL,
    PRIMARY KEY (article_id, ordinal)
) STRICT, WITHOUT ROWID
""",
    """
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
) STRICT
""",
    """
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    article_id TEXT NOT NULL REFERENCES articles ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    first_sentence INTEGER NOT NULL,
    last_sentence INTEGER NOT NULL,
    UNIQUE (article_id, ordinal)
) STRICT
""",
    "INSERT INTO sqlite_sequence (name, seq) VALUES ('sentences', 0), ('passages', 0)",
)
_UPGRADES: Final = (
    ("ALTER TABLE articles ADD COLUMN kind TEXT",),
    (
        # Where the bytes are that an article was read from; several may come from one place.
        "ALTER TABLE articles ADD COLUMN place TEXT",
        "ALTER TABLE articles ADD COLUMN notes TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE articles ADD COLUMN pages TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE articles ADD COLUMN runs TEXT NOT NULL DEFAULT '[]'",
        # Of articles that say nearly the same, the one that is shown; None for one that is alone.
        "ALTER TABLE articles ADD COLUMN cluster TEXT",
        # What it shares with these and with translations of any of them; None where only the
        # document's own `translation_of` says that.
        "ALTER TABLE articles ADD COLUMN work TEXT",
        "ALTER TABLE articles ADD COLUMN signature BLOB",
        "CREATE INDEX articles_by_location ON articles (location)",
        "CREATE INDEX articles_by_text ON articles (text_sha256)",
        "CREATE INDEX articles_by_place ON articles (place)",
        """
CREATE TABLE documents (
    place TEXT PRIMARY KEY,
    stamp TEXT,
    sha256 TEXT,
    reader INTEGER NOT NULL,
    refusals TEXT NOT NULL,
    original_sha256 TEXT,
    kind TEXT,
    charset TEXT,
    original BLOB,
    etag TEXT,
    last_modified TEXT
) STRICT
""",
        # Documents whose text an article of the library has already.
        """
CREATE TABLE copies (
    location TEXT PRIMARY KEY,
    place TEXT NOT NULL,
    article_id TEXT NOT NULL REFERENCES articles ON DELETE CASCADE,
    title TEXT NOT NULL,
    origin TEXT NOT NULL,
    publisher TEXT,
    url TEXT,
    date_published TEXT
) STRICT
""",
        # What articles have in common, of those that are copies or nearly so: see ClusterIndex.
        """
CREATE TABLE links (
    first TEXT NOT NULL REFERENCES articles ON DELETE CASCADE,
    second TEXT NOT NULL REFERENCES articles ON DELETE CASCADE,
    resemblance REAL NOT NULL,
    is_copy INTEGER NOT NULL,
    PRIMARY KEY (first, second)
) STRICT, WITHOUT ROWID
""",
        "CREATE INDEX links_by_second ON links (second)",
        "CREATE INDEX articles_by_cluster ON articles (cluster) WHERE cluster IS NOT NULL",
        "CREATE INDEX copies_by_article ON copies (article_id)",
        "CREATE INDEX copies_by_place ON copies (place)",
    ),
    # None where it is the article's, as in every passage of a library of an earlier version.
    ("ALTER TABLE passages ADD COLUMN language TEXT",),
)


def create_schema(connection: sqlite3.Connection) -> None:
    """Make the tables of this version in an empty database, within the transaction at hand."""
    for statement in (_ARTICLES, *_OTHERS):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 1")
    upgrade_schema(connection)


def needs_upgrade(connection: sqlite3.Connection) -> bool:
    """Tell whether a database is a library of a version before this one."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    return bool(application == APPLICATION_ID and 1 <= version < SCHEMA_VERSION)


def upgrade_schema(connection: sqlite3.Connection) -> None:
    """Bring a library of a version before up to date, within the transaction at hand."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for statements in _UPGRADES[version - 1 :]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
