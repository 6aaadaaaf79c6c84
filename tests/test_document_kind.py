import codecs
import struct
import zipfile
import zlib

import pytest

from massilia.corpus.errors import ArticleError
from massilia.ingest.document_kind import HEAD_BYTES, recognise_kind
from massilia.ingest.extraction import DocumentKind
from massilia.ingest.zip_directory import list_zip_names
from tests.made_documents import (
    SENTENCE,
    make_docx,
    make_pdf,
    make_zip_bomb,
    nest_zips,
    write_document,
    write_line,
    write_paragraph,
    zip_parts,
)

KIND = DocumentKind
PDF = make_pdf(write_line(SENTENCE))
DOCX = make_docx(write_document(write_paragraph(SENTENCE)))
PAGE = f"<!DOCTYPE html>\n<html><body><p>{SENTENCE}</p></body></html>"
RDF = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
XML_ROOT = "XML that is no page, feed or sitemap: its root is"
IN_HEAD = "in its first 64 KiB"
SAVE = "save it as a page or as text"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512)


def refuse(data: bytes, name: str | None = None) -> str:
    with pytest.raises(ArticleError) as caught:
        recognise_kind(data, name)
    assert caught.value.origin == (name or "the document")
    return caught.value.reason


@pytest.mark.parametrize("name", [None, "a.txt", "a.html", "a.md", "a.docx", "a.pdf", "a.jsonl"])
@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PDF, KIND.PDF),
        (b"\xef\xbb\xbf\r\n" + PDF, KIND.PDF),
        (b"Content-Type: application/pdf\r\n\r\n" + PDF, KIND.PDF),
        (b"%PDF-1.4\n", KIND.PDF),
        (DOCX, KIND.DOCX),
        (PAGE.encode(), KIND.HTML),
        (b"  <!-- saved -->\n<HTML lang=fr><p>Oui", KIND.HTML),
        (b"<?xml version='1.0'?><!DOCTYPE html PUBLIC '-//W3C'>\n<html>", KIND.HTML),
        (b"<rss version='2.0'><channel/></rss>", KIND.FEED),
        (b"<?xml version='1.0'?>\n<!-- a feed -->\n<feed xmlns='atom'/>", KIND.FEED),
        (b"<atom:feed xmlns:atom='http://www.w3.org/2005/Atom'/>", KIND.FEED),
        (f"{RDF} xmlns='http://purl.org/rss/1.0/'/>".encode(), KIND.FEED),
        (b"<!DOCTYPE lolz [<!ENTITY a 'x>y'>]>\n<rss/>", KIND.FEED),
        (b"<?xml version='1.0'?><urlset xmlns='sitemap'/>", KIND.SITEMAP),
        (b"<s:sitemapindex xmlns:s='sitemap'>", KIND.SITEMAP),
    ],
)
def test_what_a_document_is_decides_whatever_it_is_called(
    data: bytes, kind: KIND, name: str | None
) -> None:
    assert recognise_kind(data, name) is kind


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (PAGE, KIND.HTML),
        (f"<rss><channel><title>{SENTENCE}</title></channel></rss>", KIND.FEED),
        ('{"_id": "1", "text": "Deux câbles."}\n', KIND.JSONL),
        (SENTENCE, KIND.TEXT),
        (f"# Le port\n\n{SENTENCE}", KIND.MARKDOWN),
    ],
)
def test_unicode_of_any_width_is_seen_through(codec: str, text: str, kind: KIND) -> None:
    assert recognise_kind(text.encode(codec)) is kind
    if codec.endswith(("le", "be")):
        marked = codecs.BOM_UTF16_LE if codec.endswith("le") else codecs.BOM_UTF16_BE
        assert recognise_kind(marked + text.encode(codec)) is kind


def test_the_name_then_the_media_type_decide_between_markdown_and_text() -> None:
    plain = SENTENCE.encode()
    markdown = f"# Le port\n\n{SENTENCE} [Ici](https://example.org).".encode()
    for name, media_type, expected in [
        ("a.md", None, (KIND.MARKDOWN, KIND.MARKDOWN)),
        ("A.MARKDOWN", "text/plain", (KIND.MARKDOWN, KIND.MARKDOWN)),
        ("a.txt", None, (KIND.TEXT, KIND.TEXT)),
        ("a.txt", "text/markdown", (KIND.TEXT, KIND.TEXT)),
        (None, "text/markdown; charset=utf-8", (KIND.MARKDOWN, KIND.MARKDOWN)),
        (None, "text/plain", (KIND.TEXT, KIND.TEXT)),
        ("a", None, (KIND.TEXT, KIND.MARKDOWN)),
        (None, None, (KIND.TEXT, KIND.MARKDOWN)),
    ]:
        found = recognise_kind(plain, name, media_type), recognise_kind(markdown, name, media_type)
        assert found == expected, (name, media_type)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("---\nid: port\ntitle: Le port\n---\nDeux câbles.", KIND.MARKDOWN),
        ("---\r\nid: port\r\n---\r\nDeux câbles.", KIND.MARKDOWN),
        ("---\nDeux câbles arrivent.\n---\nTrois partent.", KIND.TEXT),
        ("Le port\n=======\n\n- un\n\nVoir [ici](https://example.org).", KIND.MARKDOWN),
        ("Un mot-clé : #Marseille\nCommentaire (0)", KIND.TEXT),
        ("Deux ** trois, et 4 * 5.", KIND.TEXT),
    ],
)
def test_front_matter_and_structure_make_markdown_of_a_nameless_text(text: str, kind: KIND) -> None:
    assert recognise_kind(text.encode()) is kind
    front = text.startswith("---") and kind is KIND.MARKDOWN
    assert recognise_kind(text.encode(), "a.txt") is (KIND.MARKDOWN if front else KIND.TEXT)


def test_markdown_may_begin_with_a_tag_but_is_no_page() -> None:
    markdown = b"<div align='center'>Le port</div>\n\n# Le port\n"
    assert recognise_kind(markdown, "a.md") is KIND.MARKDOWN
    assert recognise_kind(markdown, "a.txt") is KIND.HTML
    assert recognise_kind(b"<html><body>Le port", "a.md") is KIND.HTML


def test_a_page_may_follow_a_servers_messages() -> None:
    data = f"Warning: mysql_connect() on line 3\n\n{PAGE}".encode()
    assert recognise_kind(data, "a.txt") is KIND.HTML
    assert recognise_kind(b"Le port.<br>Deux c&acirc;bles.", "a.html") is KIND.HTML
    assert recognise_kind(b"Le port.<br>Deux c&acirc;bles.", None, "text/html") is KIND.HTML
    assert recognise_kind(SENTENCE.encode(), "a.html") is KIND.TEXT
    assert recognise_kind(b"Une page commence par <html> ou <!doctype html>.") is KIND.TEXT


def test_json_lines_are_known_by_their_keys_though_some_are_faulty() -> None:
    line = '{"_id": "a", "text": "Deux câbles."}'
    assert recognise_kind(f"\n{line}\n".encode(), "a.txt") is KIND.JSONL
    assert recognise_kind(f"{{oops\n{line}".encode()) is KIND.JSONL
    assert recognise_kind(b"oops\noops", "a.jsonl") is KIND.JSONL
    assert recognise_kind(b"oops\noops", None, "application/x-ndjson") is KIND.JSONL
    assert recognise_kind(b"oops\noops") is KIND.TEXT
    long = '{"metadata": {}, "_id": "a", "text": "' + "mot " * HEAD_BYTES
    assert recognise_kind(long.encode()[:HEAD_BYTES]) is KIND.JSONL
    assert recognise_kind(b"{{modele}} et {autre}") is KIND.TEXT
    for data in [b'{\n  "name": "a"\n}', b'[{"_id": 1}]', b'{"name": "a"}', b"[1, 2]"]:
        assert refuse(data, "a.json") == "JSON, but not JSON lines with an article in each"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b" \n\t\n", "the file holds nothing but white space"),
        (b"\xff\xfe \0\n\0", "the file holds nothing but white space"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "it is a PNG image"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "it is a JPEG image"),
        (b"GIF89a\1\0", "it is a GIF image"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "it is a WebP image"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "it is a WAVE recording"),
        (b"\0\0\0\x18ftypmp42", "it is an MP4 recording"),
        (b"ID3\3\0\0", "it is an MP3 recording"),
        (b"\x7fELF\2\1\1", "it is a program"),
        (b"MZ\x90\0\3\0", "it is a program"),
        (b"\x1f\x8b\x08\0", "it is a gzip archive"),
        (b"Rar!\x1a\x07\0", "it is a RAR archive"),
        (bytes(257).replace(b"\0", b"a") + b"ustar\0", "it is a tar archive"),
        (b"<svg xmlns='svg'><path/></svg>", f"{XML_ROOT} <svg>"),
        (b"<?xml version='1.0'?><opml/>", f"{XML_ROOT} <opml>"),
        (f"<?xml version='1.0'?>{RDF}/>".encode(), f"{XML_ROOT} <RDF>"),
        (b"<?xml version='1.0'?><!--" + b"a" * HEAD_BYTES, f"XML without an element {IN_HEAD}"),
        (b"{\\rtf1\\ansi Deux", "it is an RTF document: save it as DOCX or as text"),
        (OLE, "it is an OLE file, of an Office program of before 2007"),
        (b"From: a@b.org\nMIME-Version: 1.0\n\nDeux", f"it is a mail or a web archive: {SAVE}"),
        (b"Deux\ncables\0", "not a text file: it holds a NUL byte"),
        (bytes(range(1, 256)) * 9, "not a document: binary data of an unknown kind"),
    ],
)
def test_what_is_no_document_is_refused_by_what_it_is(data: bytes, reason: str) -> None:
    assert refuse(data) == reason
    assert refuse(data, "article.pdf") == reason


def test_the_line_of_a_nul_is_named() -> None:
    with pytest.raises(ArticleError) as caught:
        recognise_kind(b"Deux\ncables\0", "a.txt")
    assert str(caught.value) == "a.txt, line 2: not a text file: it holds a NUL byte"


@pytest.mark.parametrize("text", ["BM annonce", "MZ, un navire", "ID3 ou MP3", "RIFF", "BZh"])
def test_a_text_may_begin_as_other_files_do(text: str) -> None:
    assert recognise_kind(f"{text} : {SENTENCE}".encode()) is KIND.TEXT


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        ("EncryptedPackage", "it is an encrypted Office document: save it without a password"),
        ("WordDocument", "it is a Word document of before 2007 (.doc): save it as DOCX"),
        ("Workbook", "it is an Excel workbook (.xls)"),
    ],
)
def test_office_files_of_before_2007_are_told_apart(stream: str, reason: str) -> None:
    assert refuse(OLE + stream.encode("utf-16-le") + bytes(64), "a.docx") == reason


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["[Content_Types].xml", "xl/workbook.xml"], "it is an Excel workbook (.xlsx)"),
        (["ppt/presentation.xml"], "it is a PowerPoint presentation (.pptx)"),
        (["mimetype", "META-INF/container.xml"], "it is an EPUB book"),
        (["content.xml"], "it is an OpenDocument file (.odt, .ods, .odp): save it as DOCX"),
        (["a.txt", "b/word.txt"], "it is a ZIP archive: unpack it"),
        ([], "it is a ZIP archive: unpack it"),
    ],
)
def test_zip_files_are_told_apart_by_their_members(names: list[str], reason: str) -> None:
    assert refuse(zip_parts(dict.fromkeys(names, "x")), "a.docx") == reason


def test_a_docx_is_known_among_many_members_and_behind_other_bytes() -> None:
    names = {f"customXml/{number}.xml": b"" for number in range(9_000)}
    assert recognise_kind(zip_parts(names | {"word/document.xml": b""})) is KIND.DOCX
    assert recognise_kind(DOCX[:4] + bytes(100) + DOCX) is KIND.DOCX
    assert recognise_kind(make_zip_bomb()) is KIND.DOCX
    assert refuse(nest_zips(2)) == "it is a ZIP archive: unpack it"


def test_a_zip_of_more_members_than_fit_in_its_first_form_is_read_too() -> None:
    names = {f"{number}": b"" for number in range(70_000)}
    data = zip_parts(names, zipfile.ZIP_STORED)
    assert list_zip_names(data, 100_000) == list(names)
    assert refuse(data) == "it is a ZIP archive: unpack it"


def test_damaged_zip_files_are_refused() -> None:
    start = "a ZIP file (DOCX is one) that is damaged: "
    assert refuse(DOCX[:-30]) == start + "it is cut off before its directory, at the end"
    place = DOCX.rindex(b"PK\x05\x06")
    (offset,) = struct.unpack_from("<L", DOCX, place + 16)
    assert refuse(DOCX[:offset] + DOCX[offset + 20 :]).startswith(start)
    noise = DOCX[:offset] + b"x" * (place - offset) + DOCX[place:]
    assert refuse(noise) == start + "its directory is no directory"
    outside = DOCX[: place + 12] + struct.pack("<2L", 2**31, 2**31) + DOCX[place + 20 :]
    assert refuse(outside) == start + "its directory lies outside the file"


@pytest.mark.parametrize(
    ("unit", "kind"),
    [
        ("<!--", KIND.TEXT),
        ("<x><", KIND.TEXT),
        ("<?", KIND.TEXT),
        ("<!DOCTYPE a [", KIND.TEXT),
        ("---\n", KIND.TEXT),
        ("A: b\n", KIND.TEXT),
        ('{"a', KIND.TEXT),
        ("**a ", KIND.TEXT),
        ("[a](", KIND.TEXT),
        ("&a;", KIND.TEXT),
        ("# a\n", KIND.MARKDOWN),
        ("[", None),
    ],
)
def test_what_begins_many_things_and_ends_none_is_soon_told(unit: str, kind: KIND | None) -> None:
    data = unit.encode() * 200_000
    if kind is None:
        assert refuse(data).startswith("JSON, but not")
    else:
        assert recognise_kind(data) is kind


def test_a_text_may_speak_of_a_pdf() -> None:
    assert recognise_kind("Le format débute par %PDF-1.7.".encode()) is KIND.TEXT
    assert refuse(b"A\0B", "a.txt") == "not a text file: it holds a NUL byte"


def test_compressed_noise_is_no_text() -> None:
    noise = zlib.compress(b"".join(number.to_bytes(4, "big") for number in range(5_000)))
    assert refuse(noise.replace(b"\0", b"\1")).startswith("not a document: binary data")
