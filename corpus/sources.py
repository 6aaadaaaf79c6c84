"""The catalogue of sources: `sources.json`, which article files name their sources from."""

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from massilia.corpus.article import Source
from massilia.corpus.document import normalise_line, read_document
from massilia.corpus.errors import ArticleError, show_value

FILE_NAME = "sources.json"
_KEYS = frozenset(field.name for field in fields(Source))
# What can stand in a mark: [^orange-medusa].
_ID = re.compile(r"[^\[\]\s]+")


def find_catalogue(path: Path) -> Path | None:
    """Return the nearest `sources.json` in the folders above the article file `path`."""
    for folder in path.resolve().parents:
        catalogue = folder / FILE_NAME
        if catalogue.is_file():
            return catalogue
    return None


def read_catalogue(path: Path) -> dict[str, Source]:
    """Return the sources of a `sources.json` by id.

    Raises `ArticleError`, naming the entry, when the file isn't a list of sources or an id stands
    in it twice.
    """
    origin = path.name
    try:
        entries = json.loads(read_document(path, origin))
    except json.JSONDecodeError as error:
        raise ArticleError(origin, f"not valid JSON: {error.msg}", error.lineno) from error
    except (ValueError, RecursionError) as error:
        # A number of more than 4,300 digits, or brackets within brackets without end.
        raise ArticleError(origin, f"cannot be read: {error}") from error
    if not isinstance(entries, list):
        raise ArticleError(origin, "must hold a list of sources")
    catalogue: dict[str, Source] = {}
    for number, entry in enumerate(entries, start=1):
        source = make_source(entry, f"{origin}, entry {number}")
        if source.id in catalogue:
            reason = f"the source {show_value(source.id)} is given twice"
            raise ArticleError(f"{origin}, entry {number}", reason)
        catalogue[source.id] = source
    return catalogue


def make_source(entry: object, origin: str, line: int | None = None) -> Source:
    """Return the source that a mapping of its fields describes.

    Raises `ArticleError` for an unknown or missing field, a value that isn't a text, and an
    address that isn't on the web.
    """
    if not isinstance(entry, Mapping):
        raise ArticleError(origin, f"a source must be a mapping, not {show_value(entry)}", line)
    values: dict[str, str | None] = {}
    for key, value in entry.items():
        if key not in _KEYS:
            raise ArticleError(origin, f"a source has no field {show_value(key)}", line)
        values[key] = _read_value(key, value, origin, line)
    source_id, title = values.pop("id", None), values.pop("title", None)
    if not source_id or not title:
        reason = f"a source needs an id and a title: {show_value(dict(entry))}"
        raise ArticleError(origin, reason, line)
    if not _ID.fullmatch(source_id):
        reason = f"no mark can name the source {show_value(source_id)}: its id holds a space or []"
        raise ArticleError(origin, reason, line)
    check_web_address(values.get("url"), origin, line)
    return Source(id=source_id, title=title, **values)


def _read_value(key: str, value: object, origin: str, line: int | None) -> str | None:
    if value is None:
        return None
    # YAML reads a bare year as a number and a bare day as a date; True is a number in Python.
    if not isinstance(value, str | int | date) or isinstance(value, bool):
        reason = f"a source's {key!r} must be a text, not {show_value(value)}"
        raise ArticleError(origin, reason, line)
    try:
        return normalise_line(str(value))
    except ValueError as error:
        raise ArticleError(origin, f"a source's {key!r}: {error}", line) from error


def check_web_address(url: str | None, origin: str, line: int | None = None) -> None:
    """Raise `ArticleError` unless `url` is None or an http or https address.

    Pages link to it, so `javascript:` and the like must not get this far.
    """
    if url is None:
        return
    try:
        parts = urlsplit(url)
    except ValueError as error:
        reason = f"{show_value(url)} is not a web address: {error}"
        raise ArticleError(origin, reason, line) from error
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ArticleError(origin, f"{show_value(url)} is not an http or https address", line)
