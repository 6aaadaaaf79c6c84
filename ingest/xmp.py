"""XMP: what a PDF says of itself in XML (ISO 16684-1), read without unpacking the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from massilia.ingest.xml_part import XmlError, parse_xml, split_name

if TYPE_CHECKING:
    from massilia.ingest.xml_part import Element

MAX_XMP_BYTES: Final = 1_000_000

_START: Final = b"<x:xmpmeta"
_END: Final = b"</x:xmpmeta>"
# Images in the file have packets of their own.
_MARKS_OF_PDF: Final = (b"application/pdf", b"<pdf:", b" pdf:")
_KEPT: Final = frozenset(
    ["title", "creator", "publisher", "CreateDate", "ModifyDate", "publicationDate", "url"]
)


@dataclass(frozen=True, slots=True)
class Xmp:
    """Hold the values of properties by their local names, such as "title" and "CreateDate"."""

    values: dict[str, tuple[str, ...]]

    def first(self, name: str) -> str | None:
        """Return the first value of a property, None where there is none."""
        return next(iter(self.values.get(name, ())), None)


def find_xmp(data: bytes) -> Xmp:
    """Return the properties of the last packet of the PDF itself; an empty set where none can be.

    Packets are stored as they are, for programs that don't know the format around them. One that
    is compressed or encrypted all the same isn't found.
    """
    end = len(data)
    while (start := data.rfind(_START, 0, end)) >= 0:
        stop = data.find(_END, start, start + MAX_XMP_BYTES)
        packet = data[start : stop + len(_END)]
        if stop >= 0 and any(mark in packet for mark in _MARKS_OF_PDF):
            try:
                return Xmp(_read_properties(parse_xml(packet)))
            except XmlError:
                return Xmp({})
        end = start
    return Xmp({})


def _read_properties(root: Element) -> dict[str, tuple[str, ...]]:
    values: dict[str, tuple[str, ...]] = {}
    for description in root.iter("{*}Description"):
        for name, value in description.attrib.items():
            values.setdefault(split_name(str(name)), (str(value),))
        for element in description:
            # Lists and alternatives have their items within; other values are the text itself.
            items = [item.text or "" for item in element.iter("{*}li")] or [element.text or ""]
            values.setdefault(split_name(str(element.tag)), tuple(items))
    return {name: value for name, value in values.items() if name in _KEPT}
