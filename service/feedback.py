"""What readers think of answers, kept beside the library for those who measure it.

Only the question, the judgement and its day are kept: no address, no cookie, no hour, nothing that
tells who judged, or that two judgements are of one person.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final

from massilia.corpus.article import Language
from massilia.index.errors import LibraryError, name_library
from massilia.index.store import Store

FILE_NAME = "feedback.sqlite"
MAX_KEPT = 100_000
"""How many judgements are kept, some 30 MB: whoever wants to fill the disk doesn't get further."""
MAX_COMMENT_CHARACTERS = 500
VERSION = 1

_BUSY_SECONDS = 10.0
_SCHEMA = """
CREATE TABLE feedback (
    id INTEGER PRIMARY KEY,
    day TEXT NOT NULL,
    answer_id TEXT,
    generation_id TEXT,
    question TEXT NOT NULL,
    language TEXT NOT NULL,
    verdict TEXT NOT NULL,
    reason TEXT,
    comment TEXT,
    article_id TEXT,
    start INTEGER,
    "end" INTEGER,
    text_sha256 TEXT
) STRICT
"""


class Thumb(StrEnum):
    """Say whether an answer, or one of its quotes, is good."""

    UP = "up"
    DOWN = "down"


class Reason(StrEnum):
    """Say what is good or bad about it."""

    ANSWERS = "answers"
    RIGHT_TO_ABSTAIN = "right_to_abstain"
    DOES_NOT_ANSWER = "does_not_answer"
    OUT_OF_DATE = "out_of_date"
    INCOMPLETE = "incomplete"
    MISUNDERSTOOD = "misunderstood"
    LIBRARY_HAS_IT = "library_has_it"
    """It abstained, and the library holds the answer."""
    OTHER = "other"


REASONS: Final[Mapping[Thumb, tuple[Reason, ...]]] = MappingProxyType(
    {
        Thumb.UP: (Reason.ANSWERS, Reason.RIGHT_TO_ABSTAIN, Reason.OTHER),
        Thumb.DOWN: (
            Reason.DOES_NOT_ANSWER,
            Reason.OUT_OF_DATE,
            Reason.INCOMPLETE,
            Reason.MISUNDERSTOOD,
            Reason.LIBRARY_HAS_IT,
            Reason.OTHER,
        ),
    }
)
"""The reasons that people are offered for each; programs may send any."""


@dataclass(frozen=True, slots=True)
class JudgedPlace:
    """Place a quote that is judged: code point offsets in the text with the hash `text_sha256`."""

    article_id: str
    start: int
    end: int
    text_sha256: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """Hold what a reader thinks of the answer to a question, or of one quote of it.

    `generation_id` is that of the library at the time, `day` the day it was given; both are filled
    in when it is recorded.
    """

    question: str
    language: Language
    verdict: Thumb
    reason: Reason | None = None
    comment: str | None = None
    answer_id: str | None = None
    place: JudgedPlace | None = None
    generation_id: str | None = None
    day: date | None = None


class FeedbackFullError(LibraryError):
    """As many judgements are kept as may be: `limit`."""

    limit = MAX_KEPT


class Feedback:
    """Keep judgements in a file of its own in the library's folder; safe for several threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / FILE_NAME

    def record(self, judgement: Judgement, generation_id: str | None, today: date) -> int:
        """Keep a judgement, and return its number.

        Raises `FeedbackFullError` where there are `MAX_KEPT`, and `LibraryError` where the file
        can't be written.
        """
        place = judgement.place
        with self._connect(create=True) as connection:
            # One at a time: two that are counted at once could both be the last.
            connection.execute("BEGIN IMMEDIATE")
            (kept,) = connection.execute("SELECT count(*) FROM feedback").fetchone()
            if kept >= MAX_KEPT:
                raise FeedbackFullError(f"{self.path} has {MAX_KEPT:,} judgements, the most.")
            cursor = connection.execute(
                "INSERT INTO feedback VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    today.isoformat(),
                    judgement.answer_id,
                    generation_id,
                    judgement.question,
                    judgement.language,
                    judgement.verdict,
                    judgement.reason,
                    judgement.comment,
                    place and place.article_id,
                    place and place.start,
                    place and place.end,
                    place and place.text_sha256,
                ),
            )
            connection.execute("COMMIT")
            return int(cursor.lastrowid or 0)

    def judgements(self) -> tuple[Judgement, ...]:
        """Return every judgement that is kept, the oldest first; none where there is no file."""
        if not self.path.exists():
            return ()
        with self._connect(create=False) as connection:
            rows = connection.execute("SELECT * FROM feedback ORDER BY id").fetchall()
        return tuple(_make_judgement(row) for row in rows)

    @contextmanager
    def _connect(self, create: bool) -> Iterator[sqlite3.Connection]:
        mode = "rwc" if create else "ro"
        with (
            name_library(self.folder),
            closing(
                sqlite3.connect(
                    f"{self.path.absolute().as_uri()}?mode={mode}",
                    timeout=_BUSY_SECONDS,
                    uri=True,
                    isolation_level=None,
                )
            ) as connection,
        ):
            connection.row_factory = sqlite3.Row
            self._prepare(connection, create)
            yield connection

    def _prepare(self, connection: sqlite3.Connection, create: bool) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and create:
            connection.execute("BEGIN IMMEDIATE")
            # Another process may have been faster.
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                connection.execute(_SCHEMA)
                connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
        elif version != VERSION:
            raise LibraryError(
                f"{self.path} has version {version}; this version of Massilia reads {VERSION}."
            )


def find_place(store: Store, article_id: str, start: int, end: int) -> JudgedPlace | None:
    """Return a place in an article of the library as it is now, or None where there is none."""
    article = store.article(article_id)
    if article is None or not 0 <= start < end <= len(article.text):
        return None
    return JudgedPlace(article_id, start, end, article.text_sha256)


def _make_judgement(row: sqlite3.Row) -> Judgement:
    place = None
    if row["article_id"] is not None:
        place = JudgedPlace(row["article_id"], row["start"], row["end"], row["text_sha256"])
    return Judgement(
        question=row["question"],
        language=Language(row["language"]),
        verdict=Thumb(row["verdict"]),
        reason=Reason(row["reason"]) if row["reason"] else None,
        comment=row["comment"],
        answer_id=row["answer_id"],
        place=place,
        generation_id=row["generation_id"],
        day=date.fromisoformat(row["day"]),
    )
