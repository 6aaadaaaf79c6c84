"""The directory of a ZIP file, read without unpacking anything (PKWARE's APPNOTE, 4.3)."""

import struct
from typing import Final

_END_MAGIC: Final = b"PK\x05\x06"
_END: Final = struct.Struct("<4s4H2LH")
_ENTRY_MAGIC: Final = b"PK\x01\x02"
_ENTRY: Final = struct.Struct("<4s6H3L5H2L")
# A signature, and the end of a directory of ZIP64.
_AFTER_ENTRIES: Final = (b"PK\x05\x05", b"PK\x06\x06")
_MAX_COMMENT = 65_535


class ZipError(ValueError):
    """A file isn't the ZIP file that it begins as."""


def list_zip_names(data: bytes, limit: int) -> list[str]:
    """Return the names of the members of a ZIP file, of the first `limit` ones.

    Raises `ZipError` where the directory, at the end of the file, is missing or damaged.
    """
    end = data.rfind(_END_MAGIC, max(len(data) - _MAX_COMMENT - _END.size, 0))
    if end < 0 or end + _END.size > len(data):
        raise ZipError("it is cut off before its directory, at the end")
    *_, size, offset, _ = _END.unpack_from(data, end)
    position = offset
    if data[position : position + 4] != _ENTRY_MAGIC:
        # What stands before a ZIP file shifts its offsets.
        position = end - size
    if not 0 <= position <= end:
        raise ZipError("its directory lies outside the file")
    names: list[str] = []
    while position < end and len(names) < limit:
        if data[position : position + 4] in _AFTER_ENTRIES:
            break
        if end - position < _ENTRY.size:
            raise ZipError("its directory is cut off")
        magic, *fields = _ENTRY.unpack_from(data, position)
        if magic != _ENTRY_MAGIC:
            raise ZipError("its directory is no directory")
        name_size, extra_size, comment_size = fields[9:12]
        start = position + _ENTRY.size
        names.append(data[start : start + name_size].decode("utf-8", "replace"))
        position = start + name_size + extra_size + comment_size
    return names
