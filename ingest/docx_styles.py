"""Styles of a DOCX document: which paragraphs are headings, which tables name their columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from massilia.corpus.pattern import Pattern
from massilia.ingest.xml_part import split_name

if TYPE_CHECKING:
    from massilia.ingest.xml_part import Element

# Word writes the names of its own styles in English in every language; others don't.
_HEADING = Pattern(r"(?i)(?:heading|titre|überschrift|título|titolo)\s?([1-9])")
_TITLE = Pattern(r"(?i)title|titre|titre du document|document title")
_CONTENTS = Pattern(r"(?i)toc(?: heading|\s?\d)?|tm\s?\d|table of figures")
_MAX_LEVEL = 9
_MAX_ANCESTORS = 20
_OFF: Final = frozenset(["0", "false", "off", "none"])


@dataclass(frozen=True, slots=True)
class Style:
    """Say what a paragraph is: `level` is 0 unless it is a heading."""

    level: int = 0
    is_title: bool = False
    is_contents: bool = False


class Styles:
    """Look styles up by their ids."""

    def __init__(self, part: Element | None) -> None:
        """Take the part that describes the styles, if the document has it."""
        self._elements: dict[str, Element] = {}
        self._found: dict[str, Style] = {}
        for element in [] if part is None else part:
            style_id = get_value(element, "styleId")
            if split_name(str(element.tag)) == "style" and style_id:
                self._elements[style_id] = element

    def find(self, properties: Element | None) -> Style:
        """Return the style of a paragraph with these properties, if any."""
        style_id = get_value(find_child(properties, "pStyle"))
        style = self._find(style_id) if style_id else Style()
        outline = _read_outline(properties)
        return style if outline is None else Style(outline, style.is_title, style.is_contents)

    def names_columns(self, properties: Element | None) -> bool:
        """Tell whether a table's style sets its first row apart, and the table asks for it."""
        look = find_child(properties, "tblLook")
        style_id = get_value(find_child(properties, "tblStyle"))
        if look is None or not style_id or not _asks_for_first_row(look):
            return False
        for element in self._list_ancestors(style_id):
            for conditional in element:
                is_conditional = split_name(str(conditional.tag)) == "tblStylePr"
                if is_conditional and get_value(conditional, "type") == "firstRow":
                    return True
        return False

    def _find(self, style_id: str) -> Style:
        if style_id not in self._found:
            self._found[style_id] = self._describe(style_id)
        return self._found[style_id]

    def _describe(self, style_id: str) -> Style:
        ancestors = self._list_ancestors(style_id)
        # A document without its styles may use their usual ids.
        names = [get_value(find_child(each, "name")) or "" for each in ancestors] or [style_id]
        if any(_CONTENTS.fullmatch(name) for name in names):
            return Style(is_contents=True)
        if _TITLE.fullmatch(names[0]):
            return Style(1, is_title=True)
        for number, name in enumerate(names):
            outline = _read_outline(find_child(ancestors[number], "pPr")) if ancestors else None
            if outline is not None:
                return Style(outline)
            if match := _HEADING.fullmatch(name):
                return Style(int(match[1]))
        return Style()

    def _list_ancestors(self, style_id: str | None) -> list[Element]:
        """Return a style and those that it is based on."""
        ancestors: list[Element] = []
        while style_id in self._elements and len(ancestors) < _MAX_ANCESTORS:
            ancestors.append(self._elements[style_id])
            style_id = get_value(find_child(ancestors[-1], "basedOn"))
        return ancestors


def find_child(element: Element | None, name: str) -> Element | None:
    """Return the first child of that local name; None where there is no element, or none in it."""
    if element is None:
        return None
    return next((child for child in element if split_name(str(child.tag)) == name), None)


def get_value(element: Element | None, name: str = "val") -> str | None:
    """Return an attribute by its local name; None where there is no element, or none of it."""
    if element is None:
        return None
    for key, value in element.attrib.items():
        if split_name(str(key)) == name:
            return str(value)
    return None


def is_on(properties: Element | None, name: str) -> bool:
    """Tell whether a property that is on or off is given, and on."""
    found = find_child(properties, name)
    return found is not None and get_value(found) not in _OFF


def _read_outline(properties: Element | None) -> int | None:
    """Return the level of a heading that properties give; 0 for none; None where they don't say."""
    value = get_value(find_child(properties, "outlineLvl"))
    if value is None or not value.isdecimal():
        return None
    return int(value) + 1 if int(value) < _MAX_LEVEL else 0


def _asks_for_first_row(look: Element) -> bool:
    value = get_value(look, "firstRow")
    if value is not None:
        return value not in _OFF
    # The older form: a bit of a number.
    try:
        return bool(int(get_value(look) or "0", 16) & 0x20)
    except ValueError:
        return False
