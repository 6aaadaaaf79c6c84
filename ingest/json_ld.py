"""What a page says of its article in JSON-LD, as newspapers write it: often not quite JSON."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from massilia.corpus.pattern import Pattern
from massilia.ingest.html_tokens import unescape_attribute

MAX_CHARACTERS: Final = 2_000_000
MAX_NODES: Final = 20_000
_ARTICLE = Pattern(r"\w*Article|BlogPosting|LiveBlogPosting|Report|PressRelease")
_PAGE = Pattern(r"(?!Collection|Search|Profile)\w*Page")
_SITE = Pattern(r"WebSite|\w*Organization|Corporation|Newspaper")
# Whatever else is described there is another article's: in lists, "hasPart", "isBasedOn".
_FOLLOWED: Final = ("@graph", "mainEntity", "mainEntityOfPage")
_TRAILING_COMMA = Pattern(r",(?=\s*[}\]])")
_BEFORE = Pattern(r"\A(?:\s|<!--|/\*|\*/|//|<!\[CDATA\[)+")
_AFTER = Pattern(r"(?:\s|-->|/\*|\*/|//|\]\]>|;)+\Z")

Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JsonLd:
    """Hold what is said of the page's articles, of the page, and of its site and publisher.

    `nodes` are all that have an id, which others refer to them by.
    """

    articles: tuple[Node, ...]
    pages: tuple[Node, ...]
    sites: tuple[Node, ...]
    nodes: Mapping[str, Node]

    def resolve(self, value: object) -> object:
        """Return the node that `value` refers to by its id, or `value`."""
        if isinstance(value, dict) and set(value) <= {"@id", "@type"}:
            return self.nodes.get(str(value.get("@id")), value)
        return value


def read_json_ld(scripts: Iterable[str]) -> JsonLd:
    """Read the scripts of a page; those that are no JSON even when mended say nothing."""
    articles: list[Node] = []
    pages: list[Node] = []
    sites: list[Node] = []
    nodes: dict[str, Node] = {}
    for node in _list_nodes(scripts):
        types = list_strings(node.get("@type"))
        if any(_ARTICLE.fullmatch(each) for each in types):
            articles.append(node)
        elif any(_PAGE.fullmatch(each) for each in types):
            pages.append(node)
        elif any(_SITE.fullmatch(each) for each in types):
            sites.append(node)
        if isinstance(node.get("@id"), str) and len(node) > 2:
            nodes.setdefault(node["@id"], node)
    return JsonLd(tuple(articles), tuple(pages), tuple(sites), nodes)


def list_strings(value: object) -> list[str]:
    """Return a value as the strings that it holds, itself or in a list."""
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, str)]


def read_string(value: object) -> str | None:
    """Return a string of JSON-LD with the character references that sites leave in it resolved."""
    if isinstance(value, dict):
        value = value.get("@value", value.get("name"))
    if isinstance(value, list):
        value = next((each for each in value if isinstance(each, str)), None)
    return unescape_attribute(value) if isinstance(value, str) and value.strip() else None


def _list_nodes(scripts: Iterable[str]) -> Iterator[Node]:
    count = 0
    for script in scripts:
        waiting = [_parse(script)]
        while waiting and count < MAX_NODES:
            value = waiting.pop()
            if isinstance(value, list):
                waiting += reversed(value)
            elif isinstance(value, dict):
                count += 1
                yield value
                waiting += (value[key] for key in reversed(_FOLLOWED) if key in value)


def _parse(script: str) -> object:
    if len(script) > MAX_CHARACTERS:
        return None
    bare = _AFTER.sub("", _BEFORE.sub("", script))
    for written in (script, bare, _TRAILING_COMMA.sub("", bare)):
        try:
            # Line ends within strings are common.
            return json.loads(written, strict=False)
        except (ValueError, RecursionError):
            continue
    return None
