"""One place read: its bytes, what kind of document they are, and the articles in them."""

import hashlib
import io
import os
import stat
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import Final, TypeVar
from urllib.parse import unquote, urlsplit

from massilia.corpus.article import Article, Certainty, MetadataNote
from massilia.corpus.document import MAX_BYTES, normalise_line
from massilia.corpus.errors import ArticleError, show_value
from massilia.corpus.front_matter import split_front_matter
from massilia.corpus.markdown import parse_article
from massilia.corpus.sources import FILE_NAME, find_catalogue, read_catalogue
from massilia.ingest.alignment import align_text
from massilia.ingest.article_id import derive_id
from massilia.ingest.decoding import decode_bytes
from massilia.ingest.document import (
    Document,
    Original,
    Reading,
    Refusal,
)
from massilia.ingest.document_kind import recognise_kind
from massilia.ingest.docx import extract_docx
from massilia.ingest.edits import apply_edits, compose_runs, find_normalisations
from massilia.ingest.extraction import DocumentKind, Extraction, Found, Run
from massilia.ingest.feed import Feed, FeedEntry, describe_entry, read_feed
from massilia.ingest.html_page import extract_html, find_charset
from massilia.ingest.job import (
    Job,
    Passed,
    Result,
    Same,
    join_stamps,
    name_place,
    stamp_file,
)
from massilia.ingest.jsonl import read_jsonl
from massilia.ingest.language import detect_language
from massilia.ingest.markdown_file import extract_markdown, names_itself
from massilia.ingest.pdf import extract_pdf
from massilia.ingest.scraped_text import extract_text

MAX_JSONL_BYTES: Final = 200_000_000
"""A file of many articles may be larger than one of a single one."""
_DOCUMENT_SUFFIXES = (
    ".atom .docx .htm .html .jsonl .markdown .md .mdown .mkd .ndjson .pdf .rss .text .txt .xhtml "
    ".xml"
)
SUFFIXES: Final = frozenset(_DOCUMENT_SUFFIXES.split())
"""Files in a folder with these names are refused where they can't be read; others are passed over
unless they turn out to be documents. Programs and tables, which are plain text too, have names of
their own, and are passed over."""
_PLAIN: Final = frozenset({DocumentKind.MARKDOWN, DocumentKind.TEXT})
PACKING_LEVEL: Final = 6
TITLE_CHARACTERS: Final = 200
NOTED: Final = (
    "title",
    "publisher",
    "authors",
    "language",
    "date_published",
    "date_modified",
    "url",
)
T = TypeVar("T")


def read_job(job: Job) -> Result:
    """Read what is at a place; what can't be read is refused, with the reason."""
    name = name_place(job.place)
    suffix = "" if job.path is None else job.path.suffix.lower()
    passable = job.path is not None and not job.named and suffix not in SUFFIXES
    try:
        stamp = None if job.path is None else stamp_file(job.path)
        data = job.data if job.path is None else _read_file(job.path, name)
        kind = recognise_kind(data, name, job.media_type)
        if passable and suffix and kind in _PLAIN:
            return Passed(job.place)
        return _Reader(job, name, kind, data).read(stamp)
    except ArticleError as error:
        refusal = Refusal(job.place, str(error))
        return Passed(job.place) if passable else Reading(job.place, None, None, (), (refusal,))


class _Reader:
    def __init__(self, job: Job, name: str, kind: DocumentKind, data: bytes) -> None:
        self._job = job
        self._name = name
        self._kind = kind
        self._data = data
        # An article file's sources lie in another file.
        self._catalogue = (
            find_catalogue(job.path) if kind is DocumentKind.MARKDOWN and job.path else None
        )
        self._charset: str | None = None

    def read(self, stamp: str | None) -> Result:
        job = self._job
        digest = hashlib.sha256(self._data)
        if self._catalogue is not None:
            stamp = join_stamps(stamp, stamp_file(self._catalogue))
            digest.update(b"\0" + _read_file(self._catalogue, FILE_NAME))
        if digest.hexdigest() == job.known_sha256:
            return Same(job.place, stamp, job.validators)
        documents: list[Document] = []
        refusals: list[Refusal] = []
        for each in self._read_documents():
            if isinstance(each, Document):
                documents.append(each)
            else:
                refusals.append(each)
        return Reading(
            job.place,
            stamp,
            digest.hexdigest(),
            tuple(documents),
            tuple(refusals),
            self._pack() if documents else None,
            job.validators,
        )

    def _read_documents(self) -> Iterator[Document | Refusal]:
        if self._kind is DocumentKind.JSONL:
            yield from self._read_lines()
        elif self._kind is DocumentKind.FEED:
            yield from self._read_entries()
        elif self._kind is DocumentKind.SITEMAP:
            raise ArticleError(self._name, "a sitemap names pages: give its web address")
        elif self._kind is DocumentKind.MARKDOWN:
            yield self._read_markdown()
        else:
            yield self._make_document(self._extract())

    def _extract(self) -> Extraction:
        job, name = self._job, self._name
        match self._kind:
            case DocumentKind.PDF:
                return extract_pdf(self._data, name)
            case DocumentKind.DOCX:
                return extract_docx(self._data, name)
            case DocumentKind.HTML:
                url = job.address or (job.place if job.is_web else None)
                charset = job.charset or find_charset(self._data)
                self._charset = decode_bytes(self._data, charset, origin=name).charset
                return extract_html(self._data, name, url, job.charset, today=job.today)
            case _:
                self._charset = decode_bytes(self._data, job.charset, origin=name).charset
                hint, hint_of = _find_hint(job)
                return extract_text(
                    self._data,
                    name,
                    charset=job.charset,
                    today=job.today,
                    hint=hint,
                    hint_of=hint_of,
                )

    def _read_markdown(self) -> Document:
        decoded = decode_bytes(self._data, self._job.charset, origin=self._name)
        self._charset = decoded.charset
        text, inner = apply_edits(decoded.text, find_normalisations(decoded.text))

        def lead_back(runs: tuple[Run, ...]) -> tuple[Run, ...]:
            return tuple(compose_runs(runs, inner))

        if not names_itself(text, self._name):
            extraction = extract_markdown(text, self._name)
            return self._make_document(replace(extraction, runs=lead_back(extraction.runs)))
        catalogue = self._catalogue
        read = cache(partial(read_catalogue, catalogue)) if catalogue else dict
        article = parse_article(text, self._name, read)
        start = len(text) - len(split_front_matter(text, self._name).body)
        runs = lead_back(align_text(article.text, text, start))
        return Document(article, self._job.place, runs)

    def _read_lines(self) -> Iterator[Document | Refusal]:
        self._charset = "utf-8"
        for each in read_jsonl(io.BytesIO(self._data), self._name):
            if isinstance(each, Refusal):
                yield replace(each, location=f"{self._job.place}#{each.location}")
            else:
                yield self._make_document(each.extraction, each.id, each.id)

    def _read_entries(self) -> Iterator[Document | Refusal]:
        """Yield the articles that a feed holds whole; of the others it has but the addresses."""
        feed = read_feed(self._data, self._name)
        for entry in feed.entries:
            content = (entry.content or "").encode()
            part = entry.url or entry.id or hashlib.sha256(content).hexdigest()[:16]
            try:
                if not content:
                    named = entry.url or entry.id or show_value(entry.title)
                    raise ArticleError(self._name, f"the feed doesn't hold the text of {named}")
                extraction = extract_html(
                    content, self._name, entry.url, "utf-8", today=self._job.today
                )
                described = describe_entry(extraction, entry, feed)
                title = described.title.value if described.title else part
                yield self._make_document(described, part, derive_id(title))
            except ArticleError as error:
                yield Refusal(f"{self._job.place}#{part}", str(error))

    def _make_document(
        self, extraction: Extraction, part: str | None = None, article_id: str | None = None
    ) -> Document:
        """Make an article; `part` names it among several of the place."""
        place, name = self._job.place, self._name
        if not extraction.text.strip():
            raise ArticleError(name, "the file holds no text")
        found = _complete(extraction, self._job)
        assert found.title and found.language
        article = Article(
            id=article_id or derive_id(_name_article(self._job, found)),
            language=found.language.value,
            title=found.title.value,
            text=extraction.text,
            origin=name,
            publisher=_get(found.publisher),
            authors=found.authors.value if found.authors else (),
            date_published=_get(found.date_published),
            date_modified=_get(found.date_modified),
            url=_get(found.url),
            headings=extraction.headings,
            notes=tuple(_list_notes(found)),
            pages=extraction.pages,
        )
        location = place if part is None else f"{place}#{part}"
        return Document(article, location, extraction.runs, extraction.dropped, named=False)

    def _pack(self) -> Original:
        # PDF and DOCX are compressed already.
        level = 1 if self._charset is None else PACKING_LEVEL
        packed = zlib.compress(self._data, level)
        digest = hashlib.sha256(self._data).hexdigest()
        return Original(digest, self._kind, self._charset, packed)


def _find_hint(job: Job) -> tuple[date | None, str]:
    """Return a day on which what is at a place was there already, and what it is the day of.

    None where a feed says when it was published, which needs no guess.
    """
    if job.path is not None:
        try:
            changed = date.fromtimestamp(job.path.stat().st_mtime)
        except (OSError, ValueError, OverflowError):
            return None, ""
        return changed, "the day on which the file was last changed"
    if job.entry is not None and job.entry.published is None:
        return job.entry.updated, "the day on which the feed says that it was changed"
    return None, ""


def _name_article(job: Job, extraction: Extraction) -> str:
    """Return what an article's id is made of: the name of its file or page, else its title."""
    if job.path is not None:
        return job.path.stem
    last = urlsplit(job.place).path.rstrip("/").rpartition("/")[2]
    if job.is_web and last and job.entry is None:
        return PurePosixPath(unquote(last)).stem
    assert extraction.title
    return extraction.title.value


def _complete(extraction: Extraction, job: Job) -> Extraction:
    """Give an extraction the title, language and publisher that it lacks."""
    if job.entry is not None:
        extraction = _fill_from_entry(extraction, job.entry)
    title, language, publisher = extraction.title, extraction.language, extraction.publisher
    url = extraction.url
    if title is None:
        lines = filter(None, map(_write_line, extraction.text.splitlines()))
        first = next(lines, name_place(job.place))
        title = Found(first[:TITLE_CHARACTERS].strip(), "the first line", Certainty.INFERRED)
    if language is None:
        detected = detect_language(extraction.text)
        language = Found(detected, "the words of the text", Certainty.LIKELY)
    if job.is_web:
        host = (urlsplit(job.place).hostname or "").removeprefix("www.")
        publisher = publisher or Found(host, "the address's host", Certainty.LIKELY)
        url = url or Found(job.place, "the address that it was read from", Certainty.STATED)
    return replace(extraction, title=title, language=language, publisher=publisher, url=url)


def _write_line(text: str) -> str | None:
    """Return a line of the text as a title, or None if it is blank."""
    return normalise_line(
        "".join(" " if unicodedata.category(character) == "Cc" else character for character in text)
    )


def _fill_from_entry(extraction: Extraction, entry: FeedEntry) -> Extraction:
    """Give an extraction what a feed says of the page, where the page doesn't say it itself."""
    described = describe_entry(extraction, entry, Feed())
    missing = (name for name in NOTED if getattr(extraction, name) is None)
    return replace(extraction, **{name: getattr(described, name) for name in missing})


def _list_notes(extraction: Extraction) -> Iterator[MetadataNote]:
    for name in NOTED:
        found: Found[object] | None = getattr(extraction, name)
        if found is not None:
            yield MetadataNote(name, found.how, found.certainty)


def _get(found: Found[T] | None) -> T | None:
    return None if found is None else found.value


def _read_file(path: Path, name: str) -> bytes:
    """Return the bytes of a file; raises `ArticleError` where it can't be read, or is too large."""
    limit = MAX_JSONL_BYTES if path.suffix.lower() in {".jsonl", ".ndjson"} else MAX_BYTES
    try:
        # A pipe is opened without waiting for somebody to write to it.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            # Reading a pipe or a device might never end.
            if not stat.S_ISREG(status.st_mode):
                raise ArticleError(name, "cannot be read: not a regular file")
            if status.st_size > limit:
                reason = f"{status.st_size:,} bytes, more than the limit of {limit:,}"
                raise ArticleError(name, reason)
            # It may have grown since.
            return file.read(limit)
    except OSError as error:
        raise ArticleError(name, f"cannot be read: {error.strerror or error}") from error
