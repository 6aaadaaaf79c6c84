"""What is read out of a document before it becomes an article, and how each thing was found."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Generic, TypeVar

from massilia.corpus.article import Certainty, Heading, Language

__all__ = [
    "Certainty",
    "DocumentKind",
    "Dropped",
    "Extraction",
    "Found",
    "Run",
]

T = TypeVar("T")


class DocumentKind(StrEnum):
    """Name what a document is, as told from its content."""

    HTML = "html"
    PDF = "pdf"
    DOCX = "docx"
    MARKDOWN = "markdown"
    TEXT = "text"
    JSONL = "jsonl"
    FEED = "feed"
    SITEMAP = "sitemap"


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """Pair a value with how it was found: "JSON-LD datePublished", "line 3: Publié le ..."."""

    value: T
    how: str
    certainty: Certainty


@dataclass(frozen=True, slots=True)
class Run:
    """Place characters of the text in the original: both 0-based, end-exclusive code points.

    `original_start` and `original_end` count in the original as it is decoded (`decode_bytes`).
    A run whose two sides have the same length is a copy, character by character; in others
    something was mended: "l?auditorium", a soft hyphen, white space.
    """

    start: int
    end: int
    original_start: int
    original_end: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """Hold a line of the document that isn't the article's, and why it was left out."""

    line: str
    reason: str


@dataclass(frozen=True, slots=True)
class Extraction:
    """Hold what a document says: its clean text, its metadata, and what was left out.

    `text` is NFC with LF line ends; paragraphs are parted by an empty line. `runs` are in the
    order of the text and don't overlap; they are empty for formats whose bytes are no text (PDF,
    DOCX). `pages` are the offsets in `text` at which the pages of a PDF begin, from page 1; an
    empty page begins where the next one does.
    """

    kind: DocumentKind
    text: str
    headings: tuple[Heading, ...] = ()
    runs: tuple[Run, ...] = ()
    pages: tuple[int, ...] = ()
    title: Found[str] | None = None
    publisher: Found[str] | None = None
    authors: Found[tuple[str, ...]] | None = None
    language: Found[Language] | None = None
    date_published: Found[date] | None = None
    date_modified: Found[date] | None = None
    url: Found[str] | None = None
    dropped: tuple[Dropped, ...] = ()
