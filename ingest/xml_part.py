"""Parts of documents in XML, parsed whole: without entities, external files, or great depth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from lxml.etree import _Element

    Element: TypeAlias = _Element


MAX_ELEMENTS: Final = 2_000_000
"""A document of a thousand pages, each word of which is set apart, has as many."""


class XmlError(ValueError):
    """A part isn't XML that is read."""


def parse_xml(data: bytes) -> Element:
    """Return the root of an XML document.

    Raises `XmlError` for what isn't well-formed, is nested more than 255 deep, has more than
    MAX_ELEMENTS, or a document type: only there can entities be declared, and no format that is
    read here has one.
    """
    # A tenth of a second that most commands can do without.
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise XmlError(str(error)) from error
    if root.xpath("count(//*)") > MAX_ELEMENTS:
        raise XmlError(f"more than {MAX_ELEMENTS:,} elements")
    if root.getroottree().docinfo.internalDTD is not None:
        raise XmlError("it has a document type, which may declare entities")
    return root


def split_name(tag: str) -> str:
    """Return the local name of a tag or an attribute, without its namespace."""
    return tag.rpartition("}")[2]
