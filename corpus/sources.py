"""The catalogue of sources: `sources.json`, which article files name their sources from."""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from urllib.parse import urlsplit

from massilia.corpus.article import Source
from massilia.corpus.document import read_document
from massilia.corpus.errors import ArticleError

FILE_NAME = "sources.json"
_KEYS = frozenset(field.name for field in fields(Source))


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
    if not isinstance(entries, list):
        raise ArticleError(origin, "must hold a list of sources")
    catalogue: dict[str, Source] = {}
    for number, entry in enumerate(entries, start=1):
        source = make_source(entry, f"{origin}, entry {number}")
        if source.id in catalogue:
            raise ArticleError(origin, f"the source {source.id!r} is given twice")
        catalogue[source.id] = source
    return catalogue


def make_source(entry: object, origin: str, line: int | None = None) -> Source:
    """Return the source that a mapping of its fields describes.

    Raises `ArticleError` for an unknown or missing field, a value that isn't a text, and an
    address that isn't on the web.
    """
    if not isinstance(entry, Mapping):
        raise ArticleError(origin, f"a source must be a mapping, not {entry!r}", line)
    values: dict[str, str | None] = {}
    for key, value in entry.items():
        if key not in _KEYS:
            raise ArticleError(origin, f"a source has no field {key!r}", line)
        # YAML reads a bare year as a number and a bare day as a date.
        values[key] = None if value is None else str(value)
    source_id, title = values.pop("id", None), values.pop("title", None)
    if not source_id or not title:
        raise ArticleError(origin, f"a source needs an id and a title: {dict(entry)!r}", line)
    check_web_address(values.get("url"), origin, line)
    return Source(id=source_id, title=title, **values)


def check_web_address(url: str | None, origin: str, line: int | None = None) -> None:
    """Raise `ArticleError` unless `url` is None or an http or https address.

    Pages link to it, so `javascript:` and the like must not get this far.
    """
    if url is None:
        return
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ArticleError(origin, f"{url!r} is not a web address: {error}", line) from error
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ArticleError(origin, f"{url!r} is not an http or https address", line)
