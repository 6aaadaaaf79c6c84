"""What clients ask of several processes of one server, counted together in a file of SQLite's."""

import hashlib
import secrets
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from massilia.corpus.errors import MassiliaError

SLOTS: Final = 100
"""Into how many parts a window is divided: what is asked counts up to a hundredth of it too long,
and a client has so many rows at most, however much it asks."""
_BUSY_SECONDS: Final = 2.0
_SCHEMA: Final = """
    CREATE TABLE IF NOT EXISTS counts (
        client BLOB NOT NULL, slot INTEGER NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (client, slot)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS counts_by_slot ON counts (slot);
"""


class CountsError(MassiliaError):
    """The counts can't be read or written."""


@dataclass(frozen=True, slots=True)
class CountsFile:
    """Say where several processes count together; `key` hides who asks from who reads the file."""

    path: Path
    key: bytes = field(repr=False)


@contextmanager
def keep_counts() -> Iterator[CountsFile]:
    """Give a file that is empty, readable by this user alone, and deleted at the end."""
    with tempfile.TemporaryDirectory(prefix="massilia-counts-") as folder:
        yield CountsFile(Path(folder) / "counts.sqlite", secrets.token_bytes(32))


@dataclass(frozen=True, slots=True)
class Count:
    """Say whether something was counted, how much of the window is used, and for how long."""

    granted: bool
    used: int
    reset_seconds: float


class SharedCounts:
    """Count over a moving window of `seconds`, with all processes that open the same file.

    Threads may share one. Nothing is lost when a process is killed.
    """

    def __init__(self, file: CountsFile, seconds: int) -> None:
        self._file = file
        self._slot_seconds = seconds / SLOTS
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def take(self, client: str, cost: int, limit: int) -> Count:
        """Count `cost` for a client, or nothing where it has less left of `limit`.

        Raises `CountsError`.
        """
        name = hashlib.blake2b(client.encode(), key=self._file.key, digest_size=16).digest()
        try:
            with self._lock:
                return self._take(self._connect(), name, cost, limit)
        except sqlite3.Error as error:
            raise CountsError(f"The counts in {self._file.path}: {error}.") from error

    def _take(self, connection: sqlite3.Connection, name: bytes, cost: int, limit: int) -> Count:
        with _writing(connection):
            # Of the machine, not of the process: and nobody can set it.
            now = time.monotonic()
            slot = int(now / self._slot_seconds)
            connection.execute("DELETE FROM counts WHERE slot < ?", (slot - SLOTS,))
            used, first = connection.execute(
                "SELECT coalesce(sum(count), 0), min(slot) FROM counts WHERE client = ?", (name,)
            ).fetchone()
            granted = used + cost <= limit
            if granted:
                connection.execute(
                    "INSERT INTO counts VALUES (?, ?, ?) "
                    "ON CONFLICT DO UPDATE SET count = count + excluded.count",
                    (name, slot, cost),
                )
                used += cost
        first = slot if first is None else first
        return Count(granted, used, (first + 1 + SLOTS) * self._slot_seconds - now)

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(
                self._file.path,
                timeout=_BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            # It needn't outlive the machine.
            connection.execute("PRAGMA synchronous = OFF")
            connection.executescript(_SCHEMA)
            self._connection = connection
        return self._connection


@contextmanager
def _writing(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
