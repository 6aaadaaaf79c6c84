"""The YAML block between two `---` lines at the top of an article file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import yaml
from yaml.composer import ComposerError

from massilia.corpus.document import normalise_line
from massilia.corpus.errors import ArticleError, show_value

FENCE = "---"
MAX_DEPTH = 20
"""A list of sources, the deepest thing a front matter holds, is three deep."""


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
        loader = _PlainLoader(block)
        try:
            return _construct_fields(loader, origin)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # The block begins on the file's second line, and YAML counts from 0.
        line = None if mark is None else mark.line + 2
        raise ArticleError(origin, f"not valid YAML: {error.problem}", line) from error
    except yaml.reader.ReaderError as error:
        line = block.count("\n", 0, error.position) + 2
        reason = f"not valid YAML: the character U+{error.character:04X} is not allowed"
        raise ArticleError(origin, reason, line) from error


class _PlainLoader(yaml.SafeLoader):
    """Read plain values alone.

    A few lines of aliases make lists of billions, and tags that their value doesn't fit
    (`!!bool maybe`) make PyYAML fail with errors of any kind.
    """

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None):
            raise ComposerError(None, None, "aliases and tags are not read", event.start_mark)
        if self._depth == MAX_DEPTH:
            raise ComposerError(None, None, f"more than {MAX_DEPTH} deep", event.start_mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _construct_fields(loader: yaml.SafeLoader, origin: str) -> dict[str, Field]:
    root = loader.get_single_node()
    if not isinstance(root, yaml.MappingNode):
        raise ArticleError(origin, "the front matter is not a list of `key: value` lines", 2)
    fields: dict[str, Field] = {}
    for key_node, value_node in root.value:
        line = key_node.start_mark.line + 2
        key = _construct_value(loader, key_node, origin, line)
        if not isinstance(key, str):
            raise ArticleError(origin, f"{show_value(key)} is not a field's name", line)
        if key in fields:
            raise ArticleError(origin, f"{show_value(key)} is given twice", line)
        fields[key] = Field(_construct_value(loader, value_node, origin, line), line)
    return fields


def _construct_value(loader: yaml.SafeLoader, node: yaml.Node, origin: str, line: int) -> object:
    try:
        return loader.construct_object(node, deep=True)
    except (ValueError, OverflowError) as error:
        # PyYAML lets those of an impossible date such as 2026-02-30 or a huge number through.
        raise ArticleError(origin, f"not valid YAML: {error}", line) from error


def text_field(fields: Mapping[str, Field], key: str, origin: str) -> str | None:
    """Return a field that is a text, or None where it is absent, null or blank."""
    field = fields.get(key)
    if field is None or field.value is None:
        return None
    if not isinstance(field.value, str):
        reason = f"{key!r} must be a text, not {show_value(field.value)}"
        raise ArticleError(origin, reason, field.line)
    try:
        return normalise_line(field.value)
    except ValueError as error:
        raise ArticleError(origin, f"{key!r}: {error}", field.line) from error


def date_field(fields: Mapping[str, Field], key: str, origin: str) -> date | None:
    """Return a field that is a date (YYYY-MM-DD), or None where it is absent or null."""
    field = fields.get(key)
    if field is None or field.value is None:
        return None
    # A datetime is a date too, but its time and zone would be lost without a word.
    if type(field.value) is not date:
        reason = (
            f"{key!r} must be a date such as 2026-11-22, without quotes or a time, not "
            f"{show_value(field.value)}"
        )
        raise ArticleError(origin, reason, field.line)
    return field.value


def list_field(fields: Mapping[str, Field], key: str, origin: str) -> list[object]:
    """Return a field that is a list, or an empty list where it is absent or null."""
    field = fields.get(key)
    if field is None or field.value is None:
        return []
    if not isinstance(field.value, list):
        reason = f"{key!r} must be a list, not {show_value(field.value)}"
        raise ArticleError(origin, reason, field.line)
    return field.value
