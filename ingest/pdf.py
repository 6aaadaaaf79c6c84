"""PDF: its text, page by page, and what it says of itself."""

from datetime import date

from massilia.corpus.errors import ArticleError
from massilia.corpus.sources import check_web_address
from massilia.ingest.extraction import Certainty, DocumentKind, Extraction, Found
from massilia.ingest.file_properties import (
    clean_value,
    find_authors,
    find_change,
    find_day,
    find_title,
)
from massilia.ingest.headings import find_headings
from massilia.ingest.language import detect_language
from massilia.ingest.pdf_layout import Layout, lay_out
from massilia.ingest.pdf_reader import read_pdf
from massilia.ingest.xmp import Xmp, find_xmp


def extract_pdf(data: bytes, origin: str) -> Extraction:
    """Return the text of a PDF, in the order in which its pages draw it, and its metadata.

    Lines are joined to paragraphs, headings told by the size of their letters, and running lines
    dropped. The day of its creation is a likely date of publication, no more. Raises `ArticleError`
    (see `read_pdf`). Strangers' files are for `run_confined`.
    """
    content = read_pdf(data, origin)
    layout = lay_out(content.pages)
    if not layout.text:
        raise ArticleError(origin, "its pages show nothing but page numbers and running lines")
    information, xmp = content.information, find_xmp(data)
    first_page = layout.text[: layout.first_page_end]
    return Extraction(
        kind=DocumentKind.PDF,
        text=layout.text,
        headings=layout.headings or find_headings(layout.text),
        pages=layout.pages,
        title=_find_title(layout, first_page, information, xmp),
        publisher=_find_publisher(xmp),
        authors=find_authors(xmp.values.get("creator", ()), "XMP dc:creator", first_page)
        or find_authors((information["Author"],), "document information, Author", first_page),
        language=Found(detect_language(layout.text), "the words of the text", Certainty.LIKELY),
        date_published=_find_published(information, xmp),
        date_modified=find_change(
            information["CreationDate"], information["ModDate"], "document information, ModDate"
        ),
        url=_find_url(xmp),
        dropped=(*content.dropped, *layout.dropped),
    )


def _find_title(
    layout: Layout, first_page: str, information: dict[str, str], xmp: Xmp
) -> Found[str] | None:
    found = find_title(xmp.first("title"), "XMP dc:title", first_page) or find_title(
        information["Title"], "document information, Title", first_page
    )
    if found is not None or layout.largest is None:
        return found
    largest = layout.text[layout.largest.start : layout.largest.end]
    title = " ".join(largest.split())
    return Found(title, "the largest letters of its first page", Certainty.LIKELY)


def _find_publisher(xmp: Xmp) -> Found[str] | None:
    publisher = clean_value(xmp.first("publisher"))
    return Found(publisher, "XMP dc:publisher", Certainty.STATED) if publisher else None


def _find_published(information: dict[str, str], xmp: Xmp) -> Found[date] | None:
    stated = xmp.first("publicationDate")
    return (
        find_day(stated, "XMP prism:publicationDate", Certainty.STATED)
        or find_day(
            information["CreationDate"], "document information, CreationDate", Certainty.LIKELY
        )
        or find_day(xmp.first("CreateDate"), "XMP xmp:CreateDate", Certainty.LIKELY)
    )


def _find_url(xmp: Xmp) -> Found[str] | None:
    url = clean_value(xmp.first("url"))
    try:
        check_web_address(url, "")
    except ArticleError:
        return None
    return Found(url, "XMP prism:url", Certainty.STATED) if url else None
