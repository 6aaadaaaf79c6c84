"""JSON lines: an article on each line, in the layout of BEIR's corpora (Thakur et al. 2021).

A line is {"_id": ..., "title": ..., "text": ..., "metadata": {...}}. What else is known of an
article may stand beside them or in "metadata": url, publisher, authors, date_published,
date_modified, language.
"""

import hashlib
import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, Final, TypeVar

from massilia.corpus.article import Language, normalise_text
from massilia.corpus.document import MAX_BYTES, normalise_line
from massilia.corpus.errors import ArticleError, show_value
from massilia.corpus.pattern import Pattern
from massilia.corpus.sources import check_web_address
from massilia.ingest.document import Refusal
from massilia.ingest.extraction import Certainty, DocumentKind, Extraction, Found
from massilia.ingest.headings import find_headings
from massilia.ingest.language import detect_language

MAX_LINE_BYTES: Final = MAX_BYTES
"""A longer line is no article (see `MAX_BYTES`)."""
MAX_ID_CHARACTERS: Final = 100
"""As in article files."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_WIDE_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_DIGEST_CHARACTERS = 12
_ID = Pattern(r"[a-z0-9][a-z0-9._-]*")
_NOT_IN_ID = Pattern(r"[^a-z0-9._-]+")
# Control characters other than tab and line feed, and halves of surrogate pairs.
_UNSTORABLE = Pattern("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_PAGE_BREAKS = Pattern("[\x0b\x0c\x85]")
_LANGUAGE_KEYS: Final = ("language", "lang")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JsonLine:
    """Hold an article of a file, and the number of its line, counted from 1.

    `given_id` is what the file calls it, `id` what that makes as an article's id.
    """

    line: int
    id: str
    given_id: str
    extraction: Extraction


def read_jsonl(file: BinaryIO, origin: str) -> Iterator[JsonLine | Refusal]:
    """Yield the article on each line of a file, or why there is none, in their order.

    The file is read line by line, and an id that an earlier line has is refused. A refusal's
    location is "line 3". Blank lines are passed over.
    """
    lines_by_id: dict[bytes, int] = {}
    for number, line in _read_lines(file):
        try:
            given_id, values = _parse_line(line)
            article_id = derive_line_id(given_id)
            # Of millions of ids, their digests take less memory.
            key = hashlib.blake2b(article_id.encode(), digest_size=8).digest()
            if (earlier := lines_by_id.setdefault(key, number)) != number:
                raise ValueError(f"line {earlier:,} has the id {show_value(given_id)} too")
            yield JsonLine(number, article_id, given_id, _extract(values))
        except ValueError as error:
            yield Refusal(f"line {number}", str(ArticleError(origin, str(error), number)))


def derive_line_id(given_id: str) -> str:
    """Return the id of an article that its file calls `given_id`: the same, where that is one.

    Any other is folded to the letters of ids and told apart from all that fold alike by a digest,
    so that it depends on nothing else in the file.
    """
    if len(given_id) <= MAX_ID_CHARACTERS and _ID.fullmatch(given_id):
        return given_id
    digest = hashlib.sha256(given_id.encode()).hexdigest()[:_DIGEST_CHARACTERS]
    folded = unicodedata.normalize("NFKD", given_id).encode("ascii", "ignore").decode().lower()
    stem = _NOT_IN_ID.sub("-", folded).strip("-._")
    stem = stem[: MAX_ID_CHARACTERS - _DIGEST_CHARACTERS - 1].rstrip("-._")
    return f"{stem}-{digest}" if stem else digest


def _read_lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Yield each line that isn't blank, with its number, or None for one that is too long."""
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if number == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
            yield number, None
        elif line.strip():
            yield number, line.rstrip(b"\r\n")


def _parse_line(line: bytes | None) -> tuple[str, Mapping[str, object]]:
    """Return the id on a line and all of its values; raises `ValueError` for a faulty one."""
    if line is None:
        raise ValueError(f"more than {MAX_LINE_BYTES:,} bytes, which is no article")
    if line.startswith(_WIDE_MARKS):
        raise ValueError("in UTF-16, which JSON lines can't be: save it as UTF-8")
    try:
        values = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 text: byte 0x{line[error.start]:02x}") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"not valid JSON: {error.msg}, column {error.colno}") from error
    except RecursionError as error:
        raise ValueError("not valid JSON: nested too deep") from error
    except ValueError as error:  # a number of more than 4,300 digits
        raise ValueError(f"not valid JSON: {error}") from error
    if not isinstance(values, dict):
        raise ValueError(f"not a JSON object: {show_value(values)}")
    given_id = values.get("_id", values.get("id"))
    # BEIR's are texts; others write them as numbers.
    if isinstance(given_id, int) and not isinstance(given_id, bool):
        given_id = str(given_id)
    if not isinstance(given_id, str) or not given_id.strip():
        raise ValueError("no '_id'" if given_id is None else f"no '_id': {show_value(given_id)}")
    _check_characters(given_id, "_id")
    return given_id, values


def _extract(values: Mapping[str, object]) -> Extraction:
    """Return what a line says of an article; raises `ValueError` for a value that can't be."""
    title = _read_line(values, "title")
    text = _read_text(values)
    if not text:
        # As in BEIR's sets of questions, whose articles are other questions.
        if not title:
            raise ValueError("'text' is empty, and so is 'title'")
        text = title
    publisher = _read_line(values, "publisher")
    url = _read_line(values, "url")
    try:
        check_web_address(url, "url")
    except ArticleError as error:
        raise ValueError(str(error)) from error
    language = _read_language(values)
    return Extraction(
        kind=DocumentKind.JSONL,
        text=text,
        headings=find_headings(text),
        title=_state(title, "title"),
        publisher=_state(publisher, "publisher"),
        authors=_state(_read_authors(values), "authors"),
        language=_state(language, "language")
        or Found(detect_language(text), "the words of the text", Certainty.LIKELY),
        date_published=_state(_read_date(values, "date_published"), "date_published"),
        date_modified=_state(_read_date(values, "date_modified"), "date_modified"),
        url=_state(url, "url"),
    )


def _state(value: T | None, key: str) -> Found[T] | None:
    return Found(value, f"JSON {key}", Certainty.STATED) if value else None


def _find(values: Mapping[str, object], *keys: str) -> object:
    """Return the first value that isn't null under some keys, else under them in "metadata"."""
    metadata = values.get("metadata")
    places = (values, metadata) if isinstance(metadata, dict) else (values,)
    found = (place[key] for place in places for key in keys if place.get(key) is not None)
    return next(found, None)


def _read_text(values: Mapping[str, object]) -> str:
    text = values.get("text")
    if text is None:
        return ""
    if not isinstance(text, str):
        raise ValueError(f"'text' must be a text, not {show_value(text)}")
    text = _PAGE_BREAKS.sub("\n", normalise_text(text))
    _check_characters(text, "text")
    return text.strip()


def _read_line(values: Mapping[str, object], key: str) -> str | None:
    value = _find(values, key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f"{key!r} must be a text, not {show_value(value)}")
    try:
        return normalise_line(value)
    except ValueError as error:
        raise ValueError(f"{key!r}: {error}") from error


def _read_authors(values: Mapping[str, object]) -> tuple[str, ...]:
    value = _find(values, "authors")
    entries = [value] if isinstance(value, str) else value
    if entries is None:
        return ()
    if not isinstance(entries, list) or not all(isinstance(each, str) for each in entries):
        raise ValueError(f"'authors' must be a list of names, not {show_value(value)}")
    try:
        return tuple(filter(None, map(normalise_line, entries)))
    except ValueError as error:
        raise ValueError(f"'authors': {error}") from error


def _read_date(values: Mapping[str, object], key: str) -> date | None:
    value = _find(values, key)
    if value is None or value == "":
        return None
    try:
        # The day of a moment is the one at its place.
        if isinstance(value, str) and (len(value) == 10 or value[10] in "T "):
            return date.fromisoformat(value[:10])
    except (ValueError, IndexError):
        pass
    raise ValueError(f'{key!r} must be a date such as "2026-11-22", not {show_value(value)}')


def _read_language(values: Mapping[str, object]) -> Language | None:
    value = _find(values, *_LANGUAGE_KEYS)
    if value is None or value == "":
        return None
    code = value.replace("_", "-").partition("-")[0].lower() if isinstance(value, str) else None
    for language in Language:
        if code == language:
            return language
    known = " or ".join(Language)
    raise ValueError(f"the language must be {known}, not {show_value(value)}")


def _check_characters(text: str, key: str) -> None:
    if found := _UNSTORABLE.search(text):
        name = f"U+{ord(found.group()):04X}"
        raise ValueError(f"{key!r} holds the character {name}, which can't be stored")
