"""The nouns of the corpus: languages, sources, articles."""

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Language(StrEnum):
    """Name a language that Massilia reads and speaks, by its ISO 639-1 code."""

    FRENCH = "fr"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Source:
    """Name a document that stands behind a sentence.

    `date` is kept as the source gives it, often a year or a month alone.
    """

    id: str
    title: str
    publisher: str | None = None
    url: str | None = None
    date: str | None = None
    language: str | None = None
    licence: str | None = None


@dataclass(frozen=True, slots=True)
class SourceMark:
    """Say that the source named `source_id` backs the sentence that ends at `position`.

    `position` is the code point offset, in the article's text, just after the last character
    that the mark stood behind.
    """

    position: int
    source_id: str


@dataclass(frozen=True, slots=True)
class Heading:
    """Place a heading in an article's text: 0-based, end-exclusive code point offsets."""

    level: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Article:
    """Hold one article: the text that quotes are cut from, and what is known about it.

    `text` is NFC with LF line ends; every offset anywhere in Massilia counts its code points.
    `origin` is the name of the file, or the URL, that the article was read from. `kind` is a word
    that its publisher or editor chose for what it is, such as "overview" or "press release".
    """

    id: str
    language: Language
    title: str
    text: str
    origin: str
    publisher: str | None = None
    authors: tuple[str, ...] = ()
    date_published: date | None = None
    date_modified: date | None = None
    url: str | None = None
    licence: str | None = None
    kind: str | None = None
    translation_of: str | None = None
    sources: tuple[Source, ...] = ()
    marks: tuple[SourceMark, ...] = ()
    headings: tuple[Heading, ...] = ()

    @property
    def text_sha256(self) -> str:
        """Hash the text as it is stored, in UTF-8."""
        return hash_text(self.text)


def hash_text(text: str) -> str:
    """Return the hexadecimal SHA-256 of `text` in UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def normalise_text(text: str) -> str:
    """Return `text` in NFC with LF as its only line end.

    This is the form that is stored, hashed and quoted; nothing else about it is changed.
    """
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
