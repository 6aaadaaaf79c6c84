"""The tags and the text of an HTML page, each with its place in the source.

Read as browsers do (the HTML standard, 13.2.5), in time linear in the page: what isn't a tag is
text, quotes are those of attributes alone, scripts and styles end at their own end tag.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from html import unescape
from types import MappingProxyType
from typing import Final

from massilia.corpus.pattern import Pattern

MAX_MARKS: Final = 400_000
"""Tags and character references outside scripts. The longest page tried that people wrote, the Rust
Reference on one page (4.4 MB), has 161,309."""
# No attribute that says what an element is, or when it was published, is longer.
MAX_ATTRIBUTE: Final = 2_000
MAX_ATTRIBUTES: Final = 100

_ATTRIBUTE = r"""[\s/]*+([^\s/>][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>]*+)))?+"""
# Every quantifier is possessive: a page without a ">" is given up at once, not after trying all.
_TAG = Pattern(rf"<(/?)([a-zA-Z][^\s/>]*+)((?:{_ATTRIBUTE})*+)[\s/]*+>")
_ATTRIBUTES = Pattern(_ATTRIBUTE)
_TAG_NAME = Pattern("</?[a-zA-Z]")
# "< 5 %" and "<3" are text.
_MARKUP = Pattern("<(?=[!?/a-zA-Z])")
_COMMENT_END = Pattern(r"--!?>")
REFERENCE: Final = r"&(?:#(?:\d++|[xX][0-9a-fA-F]++)|[a-zA-Z][a-zA-Z0-9]{1,31});?"
"""A character reference; whether a name is one, only `resolve_reference` knows."""
# In an attribute, "&copy=2" is no reference, so only those that are closed are taken for one.
_CLOSED_REFERENCE = Pattern(r"&(?:#(?:\d++|[xX][0-9a-fA-F]++)|[a-zA-Z][a-zA-Z0-9]{1,31});")
_NO_ATTRIBUTES: Mapping[str, str] = MappingProxyType({})

# What these hold is no markup, up to their own end tag.
_RAW = frozenset({"iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"})


class TokenKind(Enum):
    """Name what a stretch of a page's source is."""

    OPENING = auto()
    CLOSING = auto()
    TEXT = auto()
    RAW = auto()


@dataclass(slots=True)
class Token:
    """Place a tag or a text in the source; `name` is that of the tag, in lower case.

    The content of a script, style or title is a RAW token between its tags.
    """

    kind: TokenKind
    name: str
    start: int
    end: int
    attributes: Mapping[str, str]


def scan_tokens(source: str) -> Iterator[Token]:
    """Yield the tags and the texts of a page in order; comments and declarations are left out.

    Raises `ValueError` when there are more than MAX_MARKS tags and character references.
    """
    position, length, marks = 0, len(source), 0
    while position < length:
        markup = _MARKUP.search(source, position)
        opening = markup.start() if markup else length
        if opening > position:
            marks += source.count("&", position, opening)
        marks += 1
        if marks > MAX_MARKS:
            raise ValueError(f"more than {MAX_MARKS:,} tags and character references")
        if opening > position:
            yield Token(TokenKind.TEXT, "", position, opening, _NO_ATTRIBUTES)
        if opening == length:
            return
        tag = _TAG.match(source, opening)
        if tag is None:
            position = _skip_declaration(source, opening)
            continue
        name, position = tag[2].lower(), tag.end()
        if tag[1]:
            yield Token(TokenKind.CLOSING, name, opening, position, _NO_ATTRIBUTES)
            continue
        attributes = _read_attributes(tag[3]) if tag[3] else _NO_ATTRIBUTES
        yield Token(TokenKind.OPENING, name, opening, position, attributes)
        if name in _RAW:
            end = _find_raw_end(source, position, name)
            yield Token(TokenKind.RAW, name, position, end, _NO_ATTRIBUTES)
            position = end


def resolve_reference(reference: str) -> str:
    """Return the characters that a reference stands for, or itself where it is none.

    What stands for no character that can be stored is U+FFFD, as in the standard.
    """
    if reference.startswith("&#"):
        digits = reference[2:].rstrip(";")
        number = digits.lstrip("xX").lstrip("0")
        # `unescape` would read a number of a million digits, or fail at it.
        return unescape(reference) if len(number) <= 7 else "\ufffd"
    return unescape(reference)


def unescape_attribute(value: str) -> str:
    """Return the value of an attribute with its character references resolved."""
    if "&" not in value:
        return value
    return _CLOSED_REFERENCE.sub(lambda match: resolve_reference(match[0]), value)


def _skip_declaration(source: str, opening: int) -> int:
    """Return where a comment or a declaration ends; a tag that is never closed takes the rest."""
    length = len(source)
    if source.startswith("<!--", opening):
        if source.startswith(("<!-->", "<!--->"), opening):
            return source.index(">", opening) + 1
        end = _COMMENT_END.search(source, opening + 4)
        return end.end() if end else length
    if _TAG_NAME.match(source, opening):
        return length
    end_of_tag = source.find(">", opening)
    return end_of_tag + 1 if end_of_tag >= 0 else length


def _find_raw_end(source: str, position: int, name: str) -> int:
    end = _RAW_ENDS[name].search(source, position)
    return end.start() if end else len(source)


_RAW_ENDS = {name: Pattern(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in sorted(_RAW)}


def _read_attributes(written: str) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for number, match in enumerate(_ATTRIBUTES.finditer(written)):
        if number == MAX_ATTRIBUTES:
            break
        value = match[2] or match[3] or match[4] or ""
        # Of two attributes with one name, the first counts.
        name = match[1].lower()
        if name not in attributes and len(value) <= MAX_ATTRIBUTE:
            attributes[name] = unescape_attribute(value)
    return attributes
