"""XML that strangers wrote, read piece by piece: without entities, and within limits of memory."""

import io
from collections.abc import Iterator
from html import escape
from html.entities import html5
from re import DOTALL, IGNORECASE, Match
from typing import Final, TypeAlias

from lxml import etree

from massilia.corpus.errors import ArticleError
from massilia.corpus.pattern import Pattern
from massilia.ingest.decoding import decode_bytes

Element: TypeAlias = etree._Element

MAX_ELEMENTS: Final = 2_000_000
"""How many elements and attributes are read; a sitemap of 50,000 pages in ten languages has as
many."""

# An entry of a feed, with its text as XHTML, has some thousand elements.
_MAX_PIECE: Final = 100_000

_DECLARED_CHARSET = Pattern(r"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})")
_BARE_UTF16: Final = ((b"<\0?\0", "utf-16-le"), (b"\0<\0?", "utf-16-be"))
_PROLOGUE = Pattern(r"[^<]+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[<>]*>", DOTALL | IGNORECASE)
# What it holds stands for itself.
_CDATA = Pattern(r"(<!\[CDATA\[.*?(?:\]\]>|\Z))", DOTALL)
_BARE_AMPERSAND = Pattern(r"&(?!#?\w{1,40};)")
_NAMED = Pattern(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z]\w{0,39};)")
# libxml2 would take 700 MB for a tag of 20.
_MANY_ATTRIBUTES = Pattern(r"<[\w:.-]++(?:\s++[\w:.-]++\s*+=\s*+(?:\"[^\"<]*+\"|'[^'<]*+')){1000}")
_NO_XML = Pattern("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NO_ELEMENT: Final = "no XML: it holds no element"
# What ends the reading early; of other faults libxml2 recovers.
_RESOURCE_LIMIT: Final = "ERR_RESOURCE_LIMIT"
_ENDINGS: Final = frozenset({_RESOURCE_LIMIT, "ERR_TAG_NOT_FINISHED", "ERR_DOCUMENT_END"})
# Where the end tag of the root is looked for; comments of servers may follow it.
_TAIL_BYTES: Final = 10_000
_NAMESPACES: Final = {
    "http://backend.userland.com/rss2": "",
    "http://channel.netscape.com/rdf/simple/0.9/": "",
    "http://my.netscape.com/rdf/simple/0.9/": "",
    "http://purl.org/rss/1.0/": "",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf:",
    "http://www.w3.org/2005/atom": "atom:",
    "http://purl.org/atom/ns#": "atom:",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/dc/terms/": "dcterms:",
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner:",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes:",
    "http://www.w3.org/1999/xhtml": "xhtml:",
    "http://www.sitemaps.org/schemas/sitemap/0.9": "",
    "http://www.google.com/schemas/sitemap/0.84": "",
}


class XmlStream:
    """Read the children of some elements one by one, each forgotten before the next.

    Of faults libxml2 recovers as well as it can. Once all is read, `fault` says what made it stop
    early, or is None; `is_last_whole` whether the last piece isn't the one that it broke off in.
    """

    def __init__(self, data: bytes, origin: str, charset: str | None = None) -> None:
        """Take the bytes, where they are from, and the charset that is declared elsewhere.

        Raises `ArticleError` for what is no XML and for a document type that declares entities.
        """
        self.fault: str | None = None
        self.is_last_whole = True
        self._origin = origin
        self._data = _prepare(data, origin, charset)
        self._events = etree.iterparse(
            io.BytesIO(self._data),
            events=("start", "end"),
            recover=True,
            # No document type gets this far; these hold for what nobody thought of.
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )

    def read_pieces(
        self, noun: str, roots: frozenset[str], inner: frozenset[str] = frozenset()
    ) -> Iterator[Element]:
        """Yield the children of the root, and instead of those that `inner` names their children.

        Raises `ArticleError` when the root isn't one of `roots`, as that of each `noun` is, and for
        more elements than memory is spent on.
        """
        path: list[str] = []
        opened = elements = begun = 0
        last = b""
        for event, element in self._events:
            if event == "end":
                path.pop()
                if len(path) <= opened:
                    if len(path) == opened:
                        last = _write_name(element)
                        yield element
                    opened = len(path)
                    _forget(element)
                continue
            path.append(name_element(element) if path else self._check_root(element, noun, roots))
            if len(path) == opened + 1:
                begun = elements
                opened += len(path) == 1 or path[-1] in inner
            elements += 1 + len(element.attrib)
            if elements > MAX_ELEMENTS:
                raise ArticleError(self._origin, f"more than {MAX_ELEMENTS:,} elements")
            if elements - begun > _MAX_PIECE:
                reason = f"more than {_MAX_PIECE:,} elements within one <{path[opened]}>"
                raise ArticleError(self._origin, reason)
        if not elements:
            raise ArticleError(self._origin, _NO_ELEMENT)
        self._check_end(last)

    def _check_root(self, element: Element, noun: str, roots: frozenset[str]) -> str:
        name = name_element(element)
        if name.rpartition(":")[2] not in roots:
            raise ArticleError(self._origin, f"no {noun}: its first element is <{name}>")
        return name

    def _check_end(self, last: bytes) -> None:
        """Look for what made the parser stop.

        It closes by itself what is open at the end of the data, but not at a limit of its own.
        """
        faults = {entry.type_name: entry for entry in reversed(self._events.error_log)}
        tail = self._data[-_TAIL_BYTES:].rstrip()
        is_closed = b"</" + _write_name(self._events.root) in tail or tail.endswith(b"/>")
        if found := [faults[name] for name in _ENDINGS & faults.keys()]:
            first = min(found, key=lambda entry: int(entry.line))
            self.fault = f"line {first.line}: {first.message.strip()}"
        elif not is_closed:
            self.fault = "it breaks off"
        if self.fault and _RESOURCE_LIMIT not in faults:
            ended = self._data.rfind(b"</" + last)
            self.is_last_whole = ended > self._data.rfind(b"<" + last)


def name_element(element: Element) -> str:
    """Return the name of an element in lower case, after the usual prefix of its namespace.

    Elements of RSS and of sitemaps have none, and those of unknown namespaces "?". A prefix that
    isn't declared is taken for the usual one.
    """
    tag = str(element.tag)
    if not tag.startswith("{"):
        return tag.lower()
    namespace, _, name = tag[1:].rpartition("}")
    return _NAMESPACES.get(namespace.lower(), "?:") + name.lower()


def read_text(element: Element) -> str:
    """Return the text of an element and of all within it, its white space made single spaces."""
    return " ".join("".join(element.itertext()).split())


def write_content(element: Element) -> str:
    """Return what is within an element as HTML, its own tag left out."""
    # HTML knows no prefixes.
    for each in element.iter("{http://www.w3.org/1999/xhtml}*"):
        each.tag = _cut_namespace(each)
    parts = [escape(element.text or "", quote=False)]
    parts += (etree.tostring(child, encoding="unicode", method="html") for child in element)
    return "".join(parts)


def _write_name(element: Element) -> bytes:
    name = _cut_namespace(element)
    return (f"{element.prefix}:{name}" if element.prefix else name).encode()


def _cut_namespace(element: Element) -> str:
    # Not `QName`, which doesn't take what libxml2 recovers: "atom:".
    return str(element.tag).rpartition("}")[2]


def _forget(element: Element) -> None:
    # The parser still needs the element itself.
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


def _prepare(data: bytes, origin: str, charset: str | None) -> bytes:
    """Return the root element, and what follows it, as well-formed a UTF-8 as can be made."""
    text = _decode(data, origin, charset)
    position = 0
    while match := _PROLOGUE.match(text, position):
        position = match.end()
    if text[position : position + 9].upper() == "<!DOCTYPE":
        raise ArticleError(origin, "its document type declares entities, which are not read")
    if position == len(text):
        raise ArticleError(origin, _NO_ELEMENT)
    # Faults are told with the line.
    text = "\n" * text.count("\n", 0, position) + text[position:]
    if _MANY_ATTRIBUTES.search(text):
        raise ArticleError(origin, "more than 1,000 attributes in one tag")
    return _mend_references(_NO_XML.sub("", text)).encode()


def _decode(data: bytes, origin: str, charset: str | None) -> str:
    for start, codec in _BARE_UTF16:
        if data.startswith(start):
            return decode_bytes(data, codec, origin=origin).text
    declared = _DECLARED_CHARSET.match(data[:400].decode("latin-1"))
    return decode_bytes(data, declared[1] if declared else charset, origin=origin).text


def _mend_references(text: str) -> str:
    """Escape bare ampersands, and write the characters that HTML names and XML doesn't."""
    parts = _CDATA.split(text)
    for place in range(0, len(parts), 2):
        parts[place] = _NAMED.sub(_read_name, _BARE_AMPERSAND.sub("&amp;", parts[place]))
    return "".join(parts)


def _read_name(match: Match[str]) -> str:
    return escape(html5.get(match[1], match[0]))
