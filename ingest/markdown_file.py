"""Markdown that isn't one of our article files: notes, posts, pages of a site."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Final, TypeVar

from massilia.corpus.article import Certainty, Language
from massilia.corpus.document import normalise_line
from massilia.corpus.errors import ArticleError
from massilia.corpus.front_matter import Field, has_front_matter, split_front_matter
from massilia.corpus.markdown import render_markdown
from massilia.corpus.sources import check_web_address
from massilia.ingest.alignment import align_text
from massilia.ingest.extraction import DocumentKind, Extraction, Found

T = TypeVar("T")

# As Jekyll, Hugo, Zola, Obsidian and Pandoc name them.
_TITLES: Final = ("title",)
_PUBLISHERS: Final = ("publisher", "site", "site_name", "source")
_AUTHORS: Final = ("authors", "author", "by")
_PUBLISHED: Final = ("date_published", "published", "pubdate", "publishdate", "date", "created")
_MODIFIED: Final = ("date_modified", "modified", "lastmod", "last_modified_at", "updated")
_URLS: Final = ("url", "canonical_url", "canonical", "link", "permalink")
_LANGUAGES: Final = ("language", "lang", "locale")
TITLE_CHARACTERS: Final = 200


def names_itself(text: str, origin: str) -> bool:
    """Tell whether a Markdown text is an article file of ours: its front matter gives an id.

    Raises `ArticleError` for a front matter that can't be read.
    """
    return has_front_matter(text) and "id" in split_front_matter(text, origin).fields


def extract_markdown(text: str, origin: str) -> Extraction:
    """Return what a Markdown text says; of a front matter, the fields that others use.

    Raises `ArticleError` where there is no text in it, or its front matter can't be read.
    """
    fields: Mapping[str, Field] = {}
    body = text
    if has_front_matter(text):
        front_matter = split_front_matter(text, origin)
        fields = {key.lower(): field for key, field in front_matter.fields.items()}
        body = front_matter.body
    rendered = render_markdown(body, origin, source_ids=None)
    if not rendered.text:
        raise ArticleError(origin, "the file holds no text")
    title = _find(fields, _TITLES, _read_line)
    if title is None and rendered.headings:
        first = rendered.headings[0]
        heading = rendered.text[first.start : first.end].replace("\n", " ")
        title = Found(heading[:TITLE_CHARACTERS].strip(), "the first heading", Certainty.LIKELY)
    return Extraction(
        kind=DocumentKind.MARKDOWN,
        text=rendered.text,
        headings=rendered.headings,
        # A front matter may say the same as the text.
        runs=align_text(rendered.text, text, len(text) - len(body)),
        title=title,
        publisher=_find(fields, _PUBLISHERS, _read_line),
        authors=_find(fields, _AUTHORS, _read_lines),
        language=_find(fields, _LANGUAGES, _read_language),
        date_published=_find(fields, _PUBLISHED, _read_day),
        date_modified=_find(fields, _MODIFIED, _read_day),
        url=_find(fields, _URLS, _read_address),
    )


def _find(
    fields: Mapping[str, Field], names: Sequence[str], read: Callable[[object], T | None]
) -> Found[T] | None:
    for name in names:
        if name in fields and (value := read(fields[name].value)) is not None:
            return Found(value, f"front matter {name!r}", Certainty.STATED)
    return None


def _read_line(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        return normalise_line(value)
    except ValueError:
        return None


def _read_lines(value: object) -> tuple[str, ...] | None:
    values = value if isinstance(value, list) else [value]
    return tuple(line for each in values if (line := _read_line(each))) or None


def _read_language(value: object) -> Language | None:
    line = _read_line(value)
    code = line.lower().replace("_", "-").split("-")[0] if line else None
    return Language(code) if code in tuple(Language) else None


def _read_day(value: object) -> date | None:
    # YAML reads a day, or a day with its time, as such.
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value.strip()[:10])
    except ValueError:
        return None


def _read_address(value: object) -> str | None:
    line = _read_line(value)
    try:
        check_web_address(line, "")
    except ArticleError:
        return None
    return line
