"""The parts of a DOCX file, unpacked one by one within limits (ECMA-376, part 2).

Only parts that are read are unpacked: pictures, fonts and macros stay packed, so that what they
would unpack to costs nothing. Nothing that a part refers to outside the file is ever fetched.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from massilia.corpus.errors import ArticleError
from massilia.ingest.document_kind import ZIP_MAGICS, describe_foreign
from massilia.ingest.xml_part import XmlError, parse_xml, split_name
from massilia.ingest.zip_directory import ZipError, list_zip_names

if TYPE_CHECKING:
    from massilia.ingest.xml_part import Element

MAX_MEMBERS: Final = 5_000
"""A book with a picture on every page has fewer."""
MAX_UNPACKED_BYTES: Final = 2_000_000_000
"""What all parts may claim to unpack to: pictures as well as text."""
MAX_PART_BYTES: Final = 50_000_000
"""What a part that is read may unpack to: War and Peace takes some 15 MB."""

_MAIN: Final = "word/document.xml"
_METHODS: Final = frozenset([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
_ENCRYPTED = 0x1


class Package:
    """Open a DOCX file and give its parts as XML."""

    def __init__(self, data: bytes, origin: str) -> None:
        """Take the bytes of the file; raises `ArticleError` for what is none, or a bomb."""
        self._origin = origin
        if not data.startswith(ZIP_MAGICS):
            raise ArticleError(origin, f"it is {describe_foreign(data) or 'no DOCX file'}")
        try:
            # Python's own reader takes ten times as much memory as the directory has bytes.
            members = len(list_zip_names(data, MAX_MEMBERS + 1))
            if members > MAX_MEMBERS:
                raise ArticleError(origin, f"more than {MAX_MEMBERS:,} parts: it is no document")
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (ZipError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise ArticleError(origin, f"damaged: {error}") from error
        claimed = sum(info.file_size for info in self._zip.infolist())
        if claimed > MAX_UNPACKED_BYTES:
            reason = f"unpacks to {claimed:,} bytes, more than the limit of {MAX_UNPACKED_BYTES:,}"
            raise ArticleError(origin, reason)
        self.main = self._find_main()

    def read_main(self) -> Element:
        """Return the document's own part; raises `ArticleError` where it can't be read."""
        part = self.read(self.main)
        if part is None:
            raise ArticleError(self._origin, f"damaged: it has no {self.main}")
        return part

    def read(self, name: str) -> Element | None:
        """Return a part, None where there is none; raises `ArticleError` where it can't be read."""
        try:
            info = self._zip.getinfo(name)
        except KeyError:
            return None
        if info.flag_bits & _ENCRYPTED:
            raise ArticleError(self._origin, "encrypted: its parts need a password")
        if info.compress_type not in _METHODS:
            raise ArticleError(self._origin, f"damaged: {name} is packed in a way of its own")
        try:
            with self._zip.open(info) as file:
                data = file.read(MAX_PART_BYTES + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError) as error:
            raise ArticleError(self._origin, f"damaged: {name}: {error}") from error
        if len(data) > MAX_PART_BYTES:
            reason = f"{name} unpacks to more than {MAX_PART_BYTES:,} bytes"
            raise ArticleError(self._origin, reason)
        try:
            return parse_xml(data)
        except XmlError as error:
            raise ArticleError(self._origin, f"damaged: {name}: {error}") from error

    def list_related(self, kind: str) -> list[str]:
        """Return the names of the parts that the document's own refers to as "footnotes" etc."""
        return self._list_related(self.main, kind)

    def read_properties(self) -> Element | None:
        """Return the part with the core properties, None where there is none."""
        return next((self.read(name) for name in self._list_related("", "core-properties")), None)

    def _find_main(self) -> str:
        return next(iter(self._list_related("", "officeDocument")), _MAIN)

    def _list_related(self, name: str, kind: str) -> list[str]:
        folder, file = posixpath.split(name)
        part = self.read(posixpath.join(folder, "_rels", f"{file}.rels"))
        if part is None:
            return []
        return [
            posixpath.normpath(posixpath.join("/", folder, relation.get("Target", ""))).lstrip("/")
            for relation in part
            if split_name(str(relation.tag)) == "Relationship"
            and relation.get("Type", "").rpartition("/")[2] == kind
            and relation.get("TargetMode") != "External"
        ]
