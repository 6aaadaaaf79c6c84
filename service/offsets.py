"""The unit of offsets, as every shape that holds them states it."""

OFFSETS = (
    "0-based, end-exclusive, in Unicode code points of the article's stored text (NFC), whose "
    "SHA-256 in UTF-8 is `text_sha256`"
)
