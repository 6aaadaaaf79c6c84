"""The nouns of the corpus: languages, sources, articles."""

import hashlib
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Language(StrEnum):
    """Name a language that Massilia reads and speaks, by its ISO 639-1 code."""

    FRENCH = "fr"
    ENGLISH = "en"


class Certainty(StrEnum):
    """Say how sure a value of the metadata is.

    STATED: the document says so, in a field made for it or in so many words. LIKELY: it stands
    where such a value usually stands. INFERRED: something was added that the document doesn't say,
    as the year of "jeudi 12 juin".
    """

    STATED = "stated"
    LIKELY = "likely"
    INFERRED = "inferred"


@dataclass(frozen=True, slots=True)
class MetadataNote:
    """Say how the value of an article's `field` was found: "JSON-LD datePublished"."""

    field: str
    how: str
    certainty: Certainty


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
    `notes` say how metadata was found that no editor gave. `pages` are the offsets in `text` at
    which the pages of a paged document begin, from page 1. `cluster` is the id of the article that
    stands for all that say nearly the same, which a library finds out; None for one that is alone.
    `shared_work` then names what these and their translations share.
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
    notes: tuple[MetadataNote, ...] = ()
    pages: tuple[int, ...] = ()
    cluster: str | None = None
    shared_work: str | None = None

    @property
    def work(self) -> str:
        """Name the work: what translations and articles that say nearly the same share."""
        return self.shared_work or self.translation_of or self.id

    @property
    def text_sha256(self) -> str:
        """Hash the text as it is stored, in UTF-8."""
        return hash_text(self.text)

    def find_page(self, position: int) -> int | None:
        """Return the number, from 1, of the page that `position` stands on, if there are pages."""
        return bisect_right(self.pages, position) or None


def hash_text(text: str) -> str:
    """Return the hexadecimal SHA-256 of `text` in UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def normalise_text(text: str) -> str:
    """Return `text` in NFC with LF as its only line end.

    This is the form that is stored, hashed and quoted; nothing else about it is changed.
    """
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
