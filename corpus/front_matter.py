"""The YAML block between two `---` lines at the top of an article file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import yaml

from massilia.corpus.errors import ArticleError

FENCE = "---"


@dataclass(frozen=True, slots=True)
class Field:
    """Hold one value of the front matter and the line, counted from 1, where its key stands."""

    value: object
    line: int


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """Hold the fields of an article file, and the body that follows them.

    `body_line` is the line of the file, counted from 1, on which `body` begins.
    """

    fields: Mapping[str, Field]
    body: str
    body_line: int


def has_front_matter(text: str) -> bool:
    """Tell whether the first line opens a front matter."""
    return text.split("\n", 1)[0].rstrip() == FENCE


def split_front_matter(text: str, origin: str) -> FrontMatter:
    """Return the fields and the body of the article file whose text is `text`.

    Raises `ArticleError`, with the line, when the block is missing, not closed, not YAML, not a
    mapping, or names a key twice.
    """
    if not has_front_matter(text):
        raise ArticleError(origin, f"an article file begins with a line {FENCE!r}", 1)
    lines = text.split("\n")
    for last, line in enumerate(lines[1:], start=1):
        if line.rstrip() == FENCE:
            fields = _read_fields("\n".join(lines[1:last]), origin)
            return FrontMatter(fields, "\n".join(lines[last + 1 :]), last + 2)
    raise ArticleError(origin, f"the front matter is not closed by a line {FENCE!r}", 1)


def _read_fields(block: str, origin: str) -> dict[str, Field]:
    try:
        loader = yaml.SafeLoader(block)
        try:
            return _construct_fields(loader, origin)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # The block begins on the file's second line, and YAML counts from 0.
        line = None if mark is None else mark.line + 2
        raise ArticleError(origin, f"not valid YAML: {error.problem}", line) from error
    except yaml.YAMLError as error:
        raise ArticleError(origin, f"not valid YAML: {error}") from error
    except (ValueError, RecursionError) as error:
        # PyYAML lets the ValueError of an impossible date such as 2026-02-30 through.
        raise ArticleError(origin, f"not valid YAML: {error}") from error


def _construct_fields(loader: yaml.SafeLoader, origin: str) -> dict[str, Field]:
    root = loader.get_single_node()
    if not isinstance(root, yaml.MappingNode):
        raise ArticleError(origin, "the front matter is not a list of `key: value` lines", 2)
    fields: dict[str, Field] = {}
    for key_node, value_node in root.value:
        line = key_node.start_mark.line + 2
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise ArticleError(origin, f"{key!r} is not a field's name", line)
        if key in fields:
            raise ArticleError(origin, f"{key!r} is given twice", line)
        try:
            value = loader.construct_object(value_node, deep=True)
        except ValueError as error:
            raise ArticleError(origin, f"{key!r}: {error}", line) from error
        fields[key] = Field(value, line)
    return fields


def text_field(fields: Mapping[str, Field], key: str, origin: str) -> str | None:
    """Return a field that is a text, or None where it is absent, null or blank."""
    field = fields.get(key)
    if field is None or field.value is None:
        return None
    if not isinstance(field.value, str):
        raise ArticleError(origin, f"{key!r} must be a text, not {field.value!r}", field.line)
    return " ".join(field.value.split()) or None


def date_field(fields: Mapping[str, Field], key: str, origin: str) -> date | None:
    """Return a field that is a date (YYYY-MM-DD), or None where it is absent or null."""
    field = fields.get(key)
    if field is None or field.value is None:
        return None
    # A datetime is a date too, but its time and zone would be lost without a word.
    if type(field.value) is not date:
        reason = f"{key!r} must be a date such as 2026-11-22, not {str(field.value)!r}"
        raise ArticleError(origin, reason, field.line)
    return field.value


def list_field(fields: Mapping[str, Field], key: str, origin: str) -> list[object]:
    """Return a field that is a list, or an empty list where it is absent or null."""
    field = fields.get(key)
    if field is None or field.value is None:
        return []
    if not isinstance(field.value, list):
        raise ArticleError(origin, f"{key!r} must be a list, not {field.value!r}", field.line)
    return field.value
