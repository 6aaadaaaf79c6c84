"""DOCX: the text of its paragraphs and tables, and what it says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from massilia.corpus.article import Heading, Language
from massilia.corpus.errors import ArticleError
from massilia.ingest.docx_package import Package
from massilia.ingest.docx_styles import Styles, find_child
from massilia.ingest.docx_table import render_table
from massilia.ingest.docx_text import Block, BlockReader, Paragraph
from massilia.ingest.extraction import Certainty, DocumentKind, Extraction, Found
from massilia.ingest.file_properties import find_authors, find_change, find_day, find_title
from massilia.ingest.headings import find_headings
from massilia.ingest.language import detect_language
from massilia.ingest.xml_part import split_name

if TYPE_CHECKING:
    from massilia.ingest.xml_part import Element

_BEGINNING = 2_000
# That of python-docx's template, which what is made with it keeps.
_TEMPLATE_CREATED = "2013-12-23T23:15:00Z"
# Parts that are left out, by the kind of reference that leads to them.
_LEFT_OUT: Final = {
    "header": "a header",
    "footer": "a footer",
    "footnotes": "a footnote",
    "endnotes": "an endnote",
    "comments": "a comment",
}


def extract_docx(data: bytes, origin: str) -> Extraction:
    """Return the text of a DOCX document, one block a paragraph, and its metadata.

    Tracked insertions are text, deletions aren't. Headings are those of the styles, list items
    stand alone, and a table's row is a line that names its columns. Raises `ArticleError` for a
    file that is damaged or encrypted, a bomb (see `Package`), or one without text. Strangers'
    files are for `run_confined`.
    """
    package = Package(data, origin)
    styles = next((package.read(name) for name in package.list_related("styles")), None)
    reader = BlockReader(Styles(styles))
    body = find_child(package.read_main(), "body")
    blocks = [] if body is None else list(reader.read(body))
    language = detect_language("\n".join(_list_texts(blocks)))
    paragraphs = list(_render(blocks, language))
    if not paragraphs:
        raise ArticleError(origin, "the document holds no text")
    for kind, reason in _LEFT_OUT.items():
        for name in package.list_related(kind):
            part = package.read(name)
            if part is not None:
                reader.read_notes(part, reason)
    text = "\n\n".join(paragraph.text for paragraph in paragraphs)
    properties = _read_properties(package.read_properties())
    created = properties.get("created")
    beginning = text[:_BEGINNING]
    how = "core properties, "
    return Extraction(
        kind=DocumentKind.DOCX,
        text=text,
        headings=tuple(_place_headings(paragraphs)) or find_headings(text),
        title=_find_title(paragraphs, properties.get("title"), beginning),
        authors=find_authors((properties.get("creator", ""),), f"{how}creator", beginning),
        language=Found(language, "the words of the text", Certainty.LIKELY),
        date_published=find_day(created, f"{how}created", Certainty.LIKELY),
        date_modified=find_change(created, properties.get("modified"), f"{how}modified"),
        dropped=tuple(dict.fromkeys(reader.dropped)),
    )


def _list_texts(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Paragraph):
            yield block.text
        else:
            for row in block.rows:
                for cell in row:
                    yield from _list_texts(cell.blocks)


def _render(blocks: Sequence[Block], language: Language) -> Iterator[Paragraph]:
    for block in blocks:
        if isinstance(block, Paragraph):
            yield block
        else:
            yield from render_table(block, language)


def _place_headings(paragraphs: Sequence[Paragraph]) -> Iterator[Heading]:
    start = 0
    for paragraph in paragraphs:
        end = start + len(paragraph.text)
        if paragraph.level:
            yield Heading(paragraph.level, start, end)
        start = end + 2


def _find_title(
    paragraphs: Sequence[Paragraph], given: str | None, beginning: str
) -> Found[str] | None:
    titled = next((paragraph for paragraph in paragraphs if paragraph.is_title), None)
    if titled is not None:
        title = find_title(" ".join(titled.text.split()), "the style Title", titled.text)
        if title is not None:
            return title
    found = find_title(given, "core properties, title", beginning)
    if found is None and paragraphs[0].level:
        first = " ".join(paragraphs[0].text.split())
        return Found(first, "the heading that it begins with", Certainty.LIKELY)
    return found


def _read_properties(part: Element | None) -> dict[str, str]:
    """Return the core properties by their local names (ECMA-376, part 2, 11)."""
    properties = {
        split_name(str(element.tag)): element.text or ""
        for element in ([] if part is None else part)
    }
    if properties.get("created") == _TEMPLATE_CREATED:
        properties = {key: properties[key] for key in properties.keys() - {"created", "modified"}}
    return properties
