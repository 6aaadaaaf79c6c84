"""PDF and DOCX files that the tests make: good ones, encrypted ones, and bombs."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import cycle

from massilia.corpus.errors import ArticleError
from massilia.ingest.document import Refusal
from massilia.ingest.document_kind import recognise_kind
from massilia.ingest.docx import extract_docx
from massilia.ingest.extraction import DocumentKind
from massilia.ingest.jsonl import read_jsonl
from massilia.ingest.pdf import extract_pdf

SENTENCE = "Deux câbles sous-marins arrivent à Marseille."
MEGABYTE = 1 << 20

_FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman/Encoding/WinAnsiEncoding>>"
_PAGE = (
    b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R"
    b"/Resources<</Font<</F1 3 0 R/F2 4 0 R>>/XObject<</X 5 0 R>>>>%s>>"
)
_EMPTY_FORM = b"/Type/XObject/Subtype/Form/BBox[0 0 1 1]"
# Of the password algorithms of PDF (ISO 32000-1, 7.6.3.3).
_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
_FILE_ID = b"0123456789abcdef"


def assemble_pdf(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """Return a PDF of objects with the numbers from 1 on, the first of which is the catalogue."""
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer<</Size %d/Root 1 0 R%s>>\n" % (len(objects) + 1, trailer)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def make_stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<</Length %d%s>>stream\n" % (len(data), entries) + data + b"\nendstream"


def make_pdf(
    *contents: bytes,
    font: bytes = _FONT,
    form: bytes | None = None,
    extra: Sequence[bytes] = (),
    trailer: bytes = b"",
    page: bytes = b"",
) -> bytes:
    """Return a PDF with a page for each content, in the operators of PDF.

    `font` is the object /F2 of all pages and `form` their /X; `extra` objects have the numbers from
    6 on; `page` is added to the entries of each page.
    """
    first = 6 + len(extra)
    pages = range(first, first + len(contents))
    kids = b" ".join(b"%d 0 R" % number for number in pages)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, len(contents)),
        _FONT,
        font,
        form or make_stream(b"", _EMPTY_FORM),
        *extra,
        *(_PAGE % (number + len(contents), page) for number in pages),
        *(each if each.startswith(b"<<") else make_stream(each) for each in contents),
    ]
    return assemble_pdf(objects, trailer)


def write_line(
    text: str, x: float = 72, y: float = 770, size: float = 11, font: str = "F1"
) -> bytes:
    """Return the operators that write a line of text, in the letters of cp1252."""
    escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    start = f"BT /{font} {size:g} Tf {x:g} {y:g} Td (".encode()
    return start + escaped.encode("cp1252") + b") Tj ET\n"


def write_lines(
    lines: Iterable[str], x: float = 72, y: float = 770, size: float = 11, leading: float = 14
) -> bytes:
    """Return the operators that write lines below each other; an empty one leaves its space."""
    return b"".join(
        write_line(line, x, y - number * leading, size) for number, line in enumerate(lines) if line
    )


def make_scanned_pdf(pages: int = 1) -> bytes:
    """Return a PDF of pages that show an image each, and no text."""
    pixels = zlib.compress(b"\xff" * 100 * 100)
    entries = b"/Type/XObject/Subtype/Image/Width 100/Height 100/ColorSpace/DeviceGray"
    image = make_stream(pixels, entries + b"/BitsPerComponent 8/Filter/FlateDecode")
    return make_pdf(*[b"q 595 0 0 842 0 0 cm /X Do Q"] * pages, form=image)


def encrypt_pdf(content: bytes, user_password: str = "", owner_password: str = "owner") -> bytes:
    """Return a PDF of one page, encrypted with RC4 and a key of 40 bits."""
    user, owner = (_pad(each.encode()) for each in (user_password, owner_password))
    permissions = -4
    owner_entry = _apply_rc4(hashlib.md5(owner).digest()[:5], user)
    parts = (user, owner_entry, permissions.to_bytes(4, "little", signed=True), _FILE_ID)
    key = hashlib.md5(b"".join(parts)).digest()[:5]
    number = 7
    object_key = hashlib.md5(key + number.to_bytes(3, "little") + b"\0\0").digest()[:10]
    entries = b"/Encrypt<</Filter/Standard/V 1/R 2/O<%s>/U<%s>/P %d>>/ID[<%s><%s>]" % (
        owner_entry.hex().encode(),
        _apply_rc4(key, _PADDING).hex().encode(),
        permissions,
        _FILE_ID.hex().encode(),
        _FILE_ID.hex().encode(),
    )
    return make_pdf(make_stream(_apply_rc4(object_key, content)), trailer=entries)


def _pad(password: bytes) -> bytes:
    return (password + _PADDING)[:32]


def _apply_rc4(key: bytes, data: bytes) -> bytes:
    state = list(range(256))
    j = 0
    for i, byte in zip(range(256), cycle(key), strict=False):
        j = (j + state[i] + byte) % 256
        state[i], state[j] = state[j], state[i]
    out = bytearray()
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


_WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_NAMESPACES = (
    f"{_WORD} "
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_CORE = (
    f'xmlns:cp="{_PACKAGE}/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
)


def write_document(body: str) -> str:
    """Return a DOCX document's own part, around the XML of its blocks."""
    return f"<w:document {_NAMESPACES}><w:body>{body}</w:body></w:document>"


def write_paragraph(text: str, style: str = "", properties: str = "") -> str:
    """Return a paragraph in one run."""
    style = f'<w:pStyle w:val="{style}"/>' if style else ""
    run = f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'
    return f"<w:p><w:pPr>{style}{properties}</w:pPr>{run}</w:p>"


def write_table(rows: Sequence[Sequence[str]], properties: str = "", first_row: str = "") -> str:
    """Return a table; a cell is a text, or XML that begins with an element."""
    out = []
    for number, row in enumerate(rows):
        cells = (each if each.startswith("<") else write_paragraph(each) for each in row)
        mark = f"<w:trPr>{first_row}</w:trPr>" if number == 0 and first_row else ""
        filled = "".join(f"<w:tc>{cell}</w:tc>" for cell in cells)
        out.append(f"<w:tr>{mark}{filled}</w:tr>")
    return f"<w:tbl><w:tblPr>{properties}</w:tblPr>{''.join(out)}</w:tbl>"


def make_docx(
    document: str | None, core: str = "", parts: Mapping[str, str | bytes] | None = None
) -> bytes:
    """Return a DOCX file; `parts` are those that the document refers to, such as "styles"."""
    parts = parts or {}
    return zip_parts(
        {
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
            "_rels/.rels": _write_relations(
                (f"{_OFFICE}/officeDocument", "word/document.xml"),
                (f"{_PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
            ),
            "word/_rels/document.xml.rels": _write_relations(
                *((f"{_OFFICE}/{name.rstrip('1')}", f"{name}.xml") for name in parts)
            ),
            **({} if document is None else {"word/document.xml": document}),
            "docProps/core.xml": f"<cp:coreProperties {_CORE}>{core}</cp:coreProperties>",
            **{f"word/{name}.xml": part for name, part in parts.items()},
        }
    )


def write_part(name: str, content: str) -> str:
    """Return a part of WordprocessingML, such as "styles" or "footnotes"."""
    return f"<w:{name} {_NAMESPACES}>{content}</w:{name}>"


def zip_parts(parts: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return file.getvalue()


def _write_relations(*relations: tuple[str, str]) -> str:
    entries = "".join(
        f'<Relationship Id="r{number}" Type="{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(relations)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{entries}</Relationships>'


def repeat_deflated(unit: bytes, times: int, *, raw: bool = False) -> bytes:
    """Return what deflates to `unit` so many times, without writing it out; the sum is wrong."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = compressor.compress(unit) + compressor.flush(zlib.Z_FULL_FLUSH)
    deflated = piece * times + compressor.flush()
    return deflated if raw else b"\x78\xda" + deflated + bytes(4)


def make_zip_bomb(
    name: str = "word/document.xml", gigabytes: int = 10, claimed: int = 0xFFFFFFFE
) -> bytes:
    """Return a DOCX file one part of which unpacks to gigabytes, whatever it claims."""
    start = f"<w:document {_NAMESPACES}><w:body><w:p><w:r><w:t>".encode()
    unit = (start + b"mot " * MEGABYTE)[:MEGABYTE]
    body = repeat_deflated(unit, gigabytes * 1024, raw=True)
    file = io.BytesIO(make_docx(None if name == "word/document.xml" else write_document("")))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(name, body, zipfile.ZIP_STORED)
        place = archive.getinfo(name).header_offset
    bomb = bytearray(file.getvalue())
    # Say in both of its headers that the part is packed.
    central = bomb.rindex(b"PK\x01\x02")
    for at_method, at_size in ((place + 8, place + 22), (central + 10, central + 24)):
        bomb[at_method : at_method + 2] = zipfile.ZIP_DEFLATED.to_bytes(2, "little")
        bomb[at_size : at_size + 4] = claimed.to_bytes(4, "little")
    return bytes(bomb)


def write_billion_laughs() -> str:
    """Return a document with entities that stand for ten others each, down nine levels."""
    entities = "".join(
        f'<!ENTITY a{level} "{f"&a{level - 1};" * 10 if level else "Deux câbles. "}">'
        for level in range(10)
    )
    return f"<!DOCTYPE w:document [{entities}]>" + write_document(write_paragraph("&a9;"))


def make_forms_bomb(levels: int = 10, calls: int = 10) -> bytes:
    """Return a PDF whose page draws a form that draws another ten times, and so on."""
    entries = b"/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>"
    forms = [
        make_stream(b"/X Do " * calls, entries + b"/XObject<</X %d 0 R>>>>" % (7 + level))
        for level in range(levels)
    ]
    last = make_stream(write_line(SENTENCE), entries + b">>")
    first = make_stream(b"/X Do ", entries + b"/XObject<</X 6 0 R>>>>")
    return make_pdf(b"/X Do", form=first, extra=[*forms, last])


def make_million_pages() -> bytes:
    """Return a PDF whose tree of pages names one page a million times."""
    kids = b"3 0 R " * 1_000_000
    return assemble_pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[%s]/Count 1000000>>" % kids,
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
        ]
    )


def make_looping_pages() -> bytes:
    """Return a PDF whose tree of pages has itself as a branch."""
    return assemble_pdf(
        [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R]/Parent 2 0 R/Count 5>>"]
    )


def make_deep_pages(depth: int = 100_000) -> bytes:
    """Return a PDF whose only page lies under so many branches."""
    branches = (
        b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % (number + 1) for number in range(2, 2 + depth)
    )
    page = b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 595 842]>>" % (1 + depth)
    return assemble_pdf([b"<</Type/Catalog/Pages 2 0 R>>", *branches, page])


def make_flate_bomb(gigabytes: int = 1, filters: int = 1) -> bytes:
    """Return a PDF whose page inflates to gigabytes of text, packed several times over."""
    unit = write_line(SENTENCE) * (MEGABYTE // len(write_line(SENTENCE)))
    packed = repeat_deflated(unit, gigabytes * 1024)
    for _ in range(filters - 1):
        packed = zlib.compress(packed, 9)
    return make_pdf(make_stream(packed, b"/Filter[" + b"/FlateDecode" * filters + b"]"))


def make_object_stream_bomb() -> bytes:
    """Return a PDF whose cross-reference is a stream that inflates to a gigabyte."""
    packed = repeat_deflated(bytes(MEGABYTE), 1024)
    entries = b"/Type/XRef/Size 100000000/W[1 4 2]/Root 1 0 R/Filter/FlateDecode"
    head = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
    stream = b"9 0 obj\n" + make_stream(packed, entries) + b"\nendobj\n"
    return head + stream + b"startxref\n%d\n%%%%EOF" % len(head)


def nest_zips(depth: int) -> bytes:
    """Return a ZIP file of a ZIP file, and so on, around a bomb."""
    inner = make_zip_bomb(gigabytes=1)
    for _ in range(depth):
        inner = zip_parts({f"{number}.zip": inner for number in range(2)})
    return inner


def read_made(data: bytes) -> str:
    """Read a document of any kind of those here, and say what came of it."""
    kind = recognise_kind(data)
    if kind is DocumentKind.JSONL:
        rows = list(read_jsonl(io.BytesIO(data), "made"))
        refused = [row for row in rows if isinstance(row, Refusal)]
        if refused:
            raise ArticleError("made", refused[0].reason)
        return f"{len(rows):,} articles"
    if kind is DocumentKind.DOCX:
        extraction = extract_docx(data, "made")
    elif kind is DocumentKind.PDF:
        extraction = extract_pdf(data, "made")
    else:
        return f"{kind}, {len(data):,} bytes"
    return f"{kind}, {len(extraction.text):,} characters"


BOMBS: Mapping[str, Callable[[], bytes]] = {
    "DOCX, 10 GB of text": make_zip_bomb,
    "DOCX, 10 GB of text that claims 1 MB": partial(make_zip_bomb, claimed=MEGABYTE),
    "DOCX, 10 GB of picture": partial(make_zip_bomb, name="word/media/image1.bmp"),
    "DOCX, a billion laughs": lambda: make_docx(write_billion_laughs()),
    "DOCX, 100,000 elements deep": lambda: make_docx(
        write_document("<w:p>" * 100_000 + "</w:p>" * 100_000)
    ),
    "DOCX, 6 million elements": lambda: make_docx(write_document("<w:p/>" * 6_000_000)),
    "DOCX, a million words in one cell": lambda: make_docx(
        write_document(write_table([["mot " * 1_000_000, "deux"], ["trois", "quatre"]]))
    ),
    "DOCX, 100,000 parts": lambda: zip_parts(
        {f"word/{number}.xml": b"" for number in range(100_000)}, zipfile.ZIP_STORED
    ),
    "DOCX, ZIPs in a ZIP": partial(nest_zips, 3),
    "PDF, 1 GB of text": make_flate_bomb,
    "PDF, 10 GB of text, packed twice": partial(make_flate_bomb, gigabytes=10, filters=2),
    "PDF, 10 GB of text, packed thrice": partial(make_flate_bomb, gigabytes=10, filters=3),
    "PDF, 1 GB of cross-references": make_object_stream_bomb,
    "PDF, a page of 10^10 forms": make_forms_bomb,
    "PDF, a million pages": make_million_pages,
    "PDF, pages that loop": make_looping_pages,
    "PDF, pages 100,000 deep": make_deep_pages,
    "PDF, a million brackets": lambda: make_pdf(b"[" * 1_000_000 + b"]" * 1_000_000 + b" TJ"),
    "PDF, a million saved states": lambda: make_pdf(b"q " * 1_000_000 + write_line(SENTENCE)),
    "PDF, a page of 50,000 lines": lambda: make_pdf(
        write_lines(["mot"] * 50_000, y=50_000, size=0.9, leading=1),
        page=b"/MediaBox[0 0 595 50001]",
    ),
    "PDF, a title of 19 MB": lambda: make_pdf(
        write_line(SENTENCE),
        extra=[b"<</Title(" + b"a" * 19_000_000 + b")>>"],
        trailer=b"/Info 6 0 R",
    ),
    "JSON lines, 20 MB of brackets": lambda: (
        b'{"_id": "a", "text": "b", "x": [' + b"[]," * 6_600_000 + b"0]}"
    ),
    "JSON lines, a million brackets deep": lambda: b'{"_id": "a", "x": ' + b"[" * 1_000_000,
}
"""Small files that cost a reader without limits gigabytes or hours, by what they are."""
