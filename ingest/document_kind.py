"""The kind of a document, told from its content; its name and media type only break ties."""

import codecs
import re
from itertools import islice
from pathlib import PurePath
from typing import Final

from massilia.corpus.errors import ArticleError
from massilia.corpus.pattern import Pattern
from massilia.ingest.extraction import DocumentKind
from massilia.ingest.zip_directory import ZipError, list_zip_names

HEAD_BYTES: Final = 65_536
"""How much of a document is looked at, except for the directory of a ZIP file, at its end."""
OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP_MAGICS: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")

_NO_NAME = "the document"
# Readers of PDF look for its mark in the first 1,024 bytes (ISO 32000-1, H.3, note 13).
_PDF_MARK_WITHIN = 1024
_PDF_MARK = rb"%PDF-\d"
_PDF_OBJECT = rb"\d\s+obj\b"
# What begins with one of these is no document; none of them begins a text.
_MAGICS: Final = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"\0\0\1\0", "an icon"),
    (b"8BPS\0", "a Photoshop image"),
    (b"\x7fELF", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"\0asm", "a program"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"OggS\0", "an Ogg recording"),
    (b"fLaC\0", "a FLAC recording"),
    (b"ID3\2", "an MP3 recording"),
    (b"ID3\3", "an MP3 recording"),
    (b"ID3\4", "an MP3 recording"),
    (b"\x1a\x45\xdf\xa3", "a Matroska video"),
    (b"wOFF\0", "a font"),
    (b"wOF2\0", "a font"),
    (b"OTTO\0", "a font"),
    (b"\0\1\0\0\0", "a font"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"PAR1\x15", "a Parquet table"),
    (b"%!PS-Adobe", "a PostScript document: save it as PDF"),
    (b"{\\rtf", "an RTF document: save it as DOCX or as text"),
)
# What may begin a text, and is something else only with other bytes at fixed places.
_PLACED_MAGICS: Final = (
    (b"RIFF", 8, b"WEBP", "a WebP image"),
    (b"RIFF", 8, b"WAVE", "a WAVE recording"),
    (b"RIFF", 8, b"AVI ", "an AVI video"),
    (b"BM", 6, b"\0\0\0\0", "a BMP image"),
    (b"BZh", 4, b"1AY&SY", "a bzip2 archive"),
    (b"MZ", 3, b"\0", "a program"),
    (b"", 4, b"ftypavif", "an AVIF image"),
    (b"", 4, b"ftyphei", "a HEIF image"),
    (b"", 4, b"ftyp", "an MP4 recording"),
    (b"", 257, b"ustar", "a tar archive"),
)
# Names of streams in an OLE file, in UTF-16.
_OLE_STREAMS: Final = (
    ("EncryptedPackage", "an encrypted Office document: save it without a password"),
    ("WordDocument", "a Word document of before 2007 (.doc): save it as DOCX"),
    ("Workbook", "an Excel workbook (.xls)"),
    ("PowerPoint Document", "a PowerPoint presentation (.ppt)"),
    ("__properties_version", "an Outlook message (.msg)"),
)
_ZIP_FOLDERS: Final = (
    ("xl/", "an Excel workbook (.xlsx)"),
    ("ppt/", "a PowerPoint presentation (.pptx)"),
    ("visio/", "a Visio drawing (.vsdx)"),
    ("META-INF/container.xml", "an EPUB book"),
    ("META-INF/MANIFEST.MF", "a Java archive"),
    ("content.xml", "an OpenDocument file (.odt, .ods, .odp): save it as DOCX"),
    ("Index/", "a Pages, Numbers or Keynote document: save it as DOCX"),
)
_MAX_ZIP_NAMES = 10_000

_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Without a mark, UTF-16 shows in the NULs beside Latin letters.
_MIN_NULS_OF_UTF16 = 0.7
_MAX_CONTROLS_OF_TEXT = 0.02
_CONTROL = Pattern(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")

_TAG = Pattern(r"<(?:([A-Za-z_][\w.-]{0,40}):)?([A-Za-z_][\w.-]{0,60})(?=[\s/>])")
# Each of them ends within the head, or runs to its end.
_PROLOGUE = Pattern(
    r"\s+|<\?(?:(?!\?>).)*(?:\?>|\Z)|<!--(?:(?!-->).)*(?:-->|\Z)"
    r"|<!DOCTYPE(?!\s+html)[^\[>]*(?:\[(?:(?!\]\s*>).)*\]\s*>|>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_DOCTYPE_HTML = Pattern(r"<!DOCTYPE\s+html", re.IGNORECASE)
# The elements that the standard of HTML goes by (WHATWG, "MIME Sniffing", 7.1), and others that
# scraped fragments begin with.
_HTML_ELEMENTS = (
    "html head script iframe h1 h2 h3 div font table a style title b body br p meta link article "
    "section main header nav span ul ol img base noscript"
)
_HTML_TAGS: Final = frozenset(_HTML_ELEMENTS.split())
_PAGE_TAGS: Final = frozenset(["html", "head", "body", "meta", "title", "link", "base"])
# A page may follow a server's messages.
_PAGE_WITHIN = 4_096
_PAGE_START = Pattern(r"^[ \t]*(?:<!DOCTYPE\s+html|<html[\s>])", re.IGNORECASE | re.MULTILINE)
_ANY_MARKUP = Pattern(r"</?[a-z][a-z0-9]*[\s/>]|&[a-z]{2,8};", re.IGNORECASE)
_RSS_1 = "http://purl.org/rss/1.0/"

# A line of JSON, its beginning at least: the line may be longer than the head.
_JSON_LINE = Pattern(r'\s*\{\s*"(?:[^"\\]|\\.){0,200}"\s*:')
_MAX_FAULTY_LINES = 5
_JSON_KEY = Pattern(r'"(?:_id|id|text|title)"\s*:')
_JSON_TEXT = Pattern(r'\s*(?:\[\s*)?(?:\{\s*(?:"(?:[^"\\]|\\.){0,200}"\s*:|\})|\[\s*["\d\[])')
_FRONT_MATTER = Pattern(r"---[ \t]*\r?\n(?:(?!---[ \t]*\r?$).*\n){1,200}?---[ \t]*\r?$", re.M)
_FIELD = Pattern(r"^[A-Za-z_][\w -]{0,40}:(?:\s|$)", re.MULTILINE)
_MARKDOWN_SIGNS: Final = (
    Pattern(r"^#{1,6} \S", re.MULTILINE),
    Pattern(r"^\S.*\n(?:={3,}|-{3,})[ \t]*$", re.MULTILINE),
    Pattern(r"\[[^\[\]\n]{1,200}\]\([^()\s]{1,500}\)"),
    Pattern(r"^(?:```|~~~)", re.MULTILINE),
    Pattern(r"(?<!\S)\*\*[^*\n]{1,200}\*\*(?!\w)"),
    Pattern(r"^\|?[ \t]*:?-{3,}:?[ \t]*\|", re.MULTILINE),
    Pattern(r"^> \S", re.MULTILINE),
    Pattern(r"!\[[^\[\]\n]{0,200}\]\("),
)
_MIN_MARKDOWN_SIGNS = 2
_MAIL = Pattern(r"(?:[A-Z][A-Za-z-]{1,40}:[^\n]*\n(?:[ \t][^\n]*\n)*){2,}")
_MAIL_FIELD = Pattern(r"^(?:MIME-Version|Received|Message-ID|Return-Path):", re.M | re.I)

_MARKDOWN_SUFFIXES: Final = frozenset([".md", ".markdown", ".mdown", ".mkd"])
_TEXT_SUFFIXES: Final = frozenset([".txt", ".text"])
_JSONL_SUFFIXES: Final = frozenset([".jsonl", ".ndjson"])
_PAGE_SUFFIXES: Final = frozenset([".html", ".htm", ".xhtml"])
_HINTS: Final = {
    "text/markdown": _MARKDOWN_SUFFIXES,
    "text/x-markdown": _MARKDOWN_SUFFIXES,
    "text/plain": _TEXT_SUFFIXES,
    "application/jsonl": _JSONL_SUFFIXES,
    "application/x-ndjson": _JSONL_SUFFIXES,
    "application/x-jsonlines": _JSONL_SUFFIXES,
    "text/html": _PAGE_SUFFIXES,
    "application/xhtml+xml": _PAGE_SUFFIXES,
}


def recognise_kind(
    data: bytes, name: str | None = None, media_type: str | None = None
) -> DocumentKind:
    """Tell what kind of document `data` is, by its content.

    The suffix of `name`, then `media_type`, decide between Markdown and plain text, and whether
    faulty lines are JSON lines. All of `data` is needed but for JSON lines, of which HEAD_BYTES
    are enough. Raises `ArticleError`, saying what it is, for what is no document.
    """
    origin = name or _NO_NAME
    if not data:
        raise ArticleError(origin, "the file is empty")
    if _is_pdf(data):
        return DocumentKind.PDF
    if data.startswith(ZIP_MAGICS):
        return _recognise_zip(data, origin)
    if foreign := describe_foreign(data):
        raise ArticleError(origin, f"it is {foreign}")
    text, is_wide = _decode_head(data)
    if not text.strip():
        raise ArticleError(origin, "the file holds nothing but white space")
    suffixes = _hint(name, media_type)
    kind = _recognise_markup(text, origin, suffixes)
    if kind is None:
        position = -1 if is_wide else data.find(b"\0")
        if position >= 0:
            line = data.count(b"\n", 0, position) + 1
            raise ArticleError(origin, "not a text file: it holds a NUL byte", line)
        if len(_CONTROL.findall(text)) > _MAX_CONTROLS_OF_TEXT * len(text):
            raise ArticleError(origin, "not a document: binary data of an unknown kind")
        kind = _recognise_text(text, origin, suffixes)
    return kind


def describe_foreign(data: bytes) -> str | None:
    """Say what binary `data` that isn't read is, by its first bytes; None where that is unknown."""
    if data.startswith(OLE_MAGIC):
        for stream, description in _OLE_STREAMS:
            if stream.encode("utf-16-le") in data:
                return description
        return "an OLE file, of an Office program of before 2007"
    for magic, description in _MAGICS:
        if data.startswith(magic):
            return description
    for magic, place, mark, description in _PLACED_MAGICS:
        if data.startswith(magic) and data.startswith(mark, place):
            return description
    return None


def _is_pdf(data: bytes) -> bool:
    mark = re.search(_PDF_MARK, data[:_PDF_MARK_WITHIN])
    if mark is None:
        return False
    # A text may speak of the mark; only a file's objects follow it.
    begins = not data[: mark.start()].strip(b"\xef\xbb\xbf \t\r\n\0")
    return begins or re.search(_PDF_OBJECT, data[mark.end() : HEAD_BYTES]) is not None


def _recognise_zip(data: bytes, origin: str) -> DocumentKind:
    try:
        names = list_zip_names(data, _MAX_ZIP_NAMES)
    except ZipError as error:
        raise ArticleError(origin, f"a ZIP file (DOCX is one) that is damaged: {error}") from error
    if any(name.startswith("word/") for name in names):
        return DocumentKind.DOCX
    for folder, description in _ZIP_FOLDERS:
        if any(name.startswith(folder) for name in names):
            raise ArticleError(origin, f"it is {description}")
    raise ArticleError(origin, "it is a ZIP archive: unpack it")


def _decode_head(data: bytes) -> tuple[str, bool]:
    """Return the beginning as text, and whether it is in UTF-16 or UTF-32."""
    for mark, charset in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            head = data[len(mark) : len(mark) + HEAD_BYTES]
            return head.decode(charset, "ignore"), charset != "utf-8"
    head = data[:HEAD_BYTES]
    for start, charset in ((1, "utf-16-le"), (0, "utf-16-be")):
        # Every second byte, where the text is of Latin letters.
        high, low = head[start::2], head[1 - start :: 2]
        latin = high.count(0) > _MIN_NULS_OF_UTF16 * len(high) and not low.count(0)
        if latin and len(data) % 2 == 0:
            return head.decode(charset, "ignore"), True
    # Of what is looked for, every character is ASCII.
    return data.lstrip()[:HEAD_BYTES].decode("utf-8", "replace"), False


def _hint(name: str | None, media_type: str | None) -> frozenset[str]:
    """Return the suffixes of the kind that the name, or else the media type, speaks of."""
    suffix = PurePath(name).suffix.lower() if name else ""
    for suffixes in (_MARKDOWN_SUFFIXES, _TEXT_SUFFIXES, _JSONL_SUFFIXES, _PAGE_SUFFIXES):
        if suffix in suffixes:
            return suffixes
    essence = (media_type or "").split(";", 1)[0].strip().lower()
    return _HINTS.get(essence, frozenset())


def _recognise_markup(text: str, origin: str, suffixes: frozenset[str]) -> DocumentKind | None:
    start = _skip_prologue(text)
    if _DOCTYPE_HTML.match(text, start):
        return DocumentKind.HTML
    tag = _TAG.match(text, start)
    is_xml = text.lstrip().startswith("<?xml")
    if tag is not None:
        # Markdown may begin with a tag of its own.
        pages = _PAGE_TAGS if suffixes == _MARKDOWN_SUFFIXES else _HTML_TAGS
        kind = _recognise_element(tag[2].lower(), text, pages)
        if kind is not None:
            return kind
        if is_xml or tag[2] == "svg":
            reason = f"XML that is no page, feed or sitemap: its root is <{tag[2]}>"
            raise ArticleError(origin, reason)
    elif is_xml and start == len(text):
        raise ArticleError(origin, "XML without an element in its first 64 KiB")
    if suffixes == _MARKDOWN_SUFFIXES:
        return None
    is_page = _PAGE_START.search(text, 0, _PAGE_WITHIN) or (
        suffixes == _PAGE_SUFFIXES and _ANY_MARKUP.search(text)
    )
    return DocumentKind.HTML if is_page else None


def _recognise_element(element: str, text: str, html_tags: frozenset[str]) -> DocumentKind | None:
    if element in {"rss", "feed"} or (element == "rdf" and _RSS_1 in text):
        return DocumentKind.FEED
    if element in {"urlset", "sitemapindex"}:
        return DocumentKind.SITEMAP
    return DocumentKind.HTML if element in html_tags else None


def _skip_prologue(text: str) -> int:
    position = 0
    while (match := _PROLOGUE.match(text, position)) and match.end() > position:
        position = match.end()
    return position


def _recognise_text(text: str, origin: str, suffixes: frozenset[str]) -> DocumentKind:
    if suffixes == _JSONL_SUFFIXES or _is_json_lines(text):
        return DocumentKind.JSONL
    if suffixes == _MARKDOWN_SUFFIXES or _has_front_matter(text):
        return DocumentKind.MARKDOWN
    if suffixes == _TEXT_SUFFIXES:
        return DocumentKind.TEXT
    if _JSON_TEXT.match(text):
        raise ArticleError(origin, "JSON, but not JSON lines with an article in each")
    if (fields := _MAIL.match(text)) and _MAIL_FIELD.search(fields[0]):
        raise ArticleError(origin, "it is a mail or a web archive: save it as a page or as text")
    signs = sum(1 for sign in _MARKDOWN_SIGNS if sign.search(text))
    if signs >= _MIN_MARKDOWN_SIGNS or _MARKDOWN_SIGNS[0].match(text.lstrip("\r\n")):
        return DocumentKind.MARKDOWN
    return DocumentKind.TEXT


def _is_json_lines(text: str) -> bool:
    # The first lines may be faulty.
    filled = (line for line in text.split("\n") if line.strip())
    return any(
        _JSON_LINE.match(line) and _JSON_KEY.search(line)
        for line in islice(filled, _MAX_FAULTY_LINES)
    )


def _has_front_matter(text: str) -> bool:
    match = _FRONT_MATTER.match(text)
    return match is not None and _FIELD.search(match[0]) is not None
