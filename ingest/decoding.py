"""Bytes as text: byte order marks, charsets declared and guessed, and encodings mixed in a file."""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

from charset_normalizer import from_bytes

from massilia.corpus.errors import ArticleError, show_value
from massilia.corpus.pattern import Pattern

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The superset that browsers read in their place (WHATWG Encoding Standard, 4.2).
_READ_AS: Final = {"ascii": "cp1252", "iso8859-1": "cp1252", "utf-16": "utf-16-le"}
# Codecs of Python that no document is written in, or that read the bytes of any text otherwise.
_NOT_READ: Final = Pattern(
    "utf-7.*|utf-8.+|idna|punycode|unicode.*|raw.*|undefined|mbcs|oem|hz|iso2022.*"
)
_GUESSED: Final = ("cp1252", "iso8859-15", "mac-roman", "cp850")
"""What French and English files that aren't in Unicode are found in."""
_AROUND: Final = rb"(?s).{0,40}[\x80-\xff].{0,40}"
_SAMPLES: Final = 1_000
"""How many bytes that aren't ASCII are looked at, with what is around them."""
# Of characters that aren't in ASCII, the share that makes no sense where it stands, as a sign in a
# word doesn't. In 1,518 French passages (PIAF) written in each of the four charsets, no passage
# read as what it was written in had more than 0.16 of them.
_MOST_ODD: Final = 0.3
_MOST_CONTROLS: Final = 0.1
"""The share of control characters above which bytes are no text; random ones have 0.11."""

_ESCAPED: Final = Pattern("[\udc80-\udcff]+")
# The beginnings of valid sequences (The Unicode Standard, table 3-7).
_CUT_SHORT: Final = Pattern(
    "(?:[\udcc2-\udcdf]|\udce0[\udca0-\udcbf]?|\udced[\udc80-\udc9f]?"
    "|[\udce1-\udcec\udcee\udcef][\udc80-\udcbf]?|\udcf0(?:[\udc90-\udcbf][\udc80-\udcbf]?)?"
    "|[\udcf1-\udcf3][\udc80-\udcbf]{0,2}|\udcf4(?:[\udc80-\udc8f][\udc80-\udcbf]?)?)\\Z"
)
_HIGH: Final = "\udced[\udca0-\udcaf][\udc80-\udcbf]"
_LOW: Final = "\udced[\udcb0-\udcbf][\udc80-\udcbf]"
_SURROGATE_PAIR: Final = Pattern(_HIGH + _LOW)
_SURROGATE: Final = Pattern("\udced[\udca0-\udcbf][\udc80-\udcbf]")
# What two or three bytes of UTF-8 stand for in French and English, and bytes of Windows-1252 don't
# happen to: "É»" does make U+027B.
_EXPECTED: Final = Pattern(
    "[\u00a0-\u00ff\u0152\u0153\u0178\u2010-\u203a\u20ac\u2122\U0001f300-\U0001faff]"
)
_OTHERS: Final = Pattern("[^\x00-\x7f\udc80-\udcff]")
_NOT_ASCII: Final = Pattern(r"[^\x00-\x7f]")
_CONTROL: Final = Pattern(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_ODD: Final = Pattern(
    r"(?<=[A-Za-z])[^\x00-\x7fÀ-ÖØ-öø-ÿŒœŠšŽžŸ’‘“”«»–—…·®™\xa0](?=[A-Za-z])"
    r"|(?<=[a-z])[À-ÖØ-ÞŠŽŸ]|[\x81\x8d\x8f\x90\x9d]|(?<![\w.’])[‚„ˆ˜‰ƒ†‡](?=[a-z])"
    r"|(?<=[a-z])[‚„ˆ˜‰ƒ†‡]|[¼½](?=[a-z])"
)

_CP1252: Final = bytes(range(0x80, 0xA0)).decode("cp1252", "replace")
# The five bytes that Windows-1252 leaves out are the control characters of Latin-1.
_FROM_LATIN: Final = {
    0x80 + place: character for place, character in enumerate(_CP1252) if character != "\ufffd"
}
_TO_BYTE: Final = {ord(character): byte for byte, character in _FROM_LATIN.items()}
_CONTINUED: Final = f"[\x80-\xbf{''.join(_FROM_LATIN.values())}]"
_TWICE: Final = Pattern(
    f"[\xc2-\xdf]{_CONTINUED}|[\xe0-\xef]{_CONTINUED}{{2}}|[\xf0-\xf4]{_CONTINUED}{{3}}"
)
_WORTH_MENDING: Final = Pattern(
    "[\u00a0-\u017f\u2010-\u205e\u20ac\u2122\u2190-\u27bf\U0001f300-\U0001faff]"
)
_LINE: Final = Pattern("[^\n]+")
_PROPER_LETTER: Final = Pattern(r"(?![\x00-\x7f])[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """Hold the text of some bytes, without a byte order mark, and the charset it was read in.

    `mended` says what was not as the bytes claimed, in words: bytes of another charset, characters
    encoded twice, a charset declared wrongly. Decoding the bytes as `charset` gives the same text.
    """

    text: str
    charset: str
    mended: tuple[str, ...] = ()


def decode_bytes(data: bytes, charset: str | None = None, *, origin: str = "the text") -> Decoded:
    """Return the text of `data`; `charset` is the one that is declared for it, if any.

    In this order: a byte order mark; UTF-8, if the bytes are valid or nearly so; the charset that
    is declared; Windows-1252 where it makes sense; what charset-normalizer takes the bytes for.
    Bytes of Windows-1252 inside UTF-8 are read as that, one by one. Raises `ArticleError`, naming
    the line, for a NUL (a binary file) and for half a surrogate pair.
    """
    mended: list[str] = []
    declared = _find_codec(charset, mended)
    for mark, codec in _MARKS:
        if data.startswith(mark) and codec != "utf-8":
            return _check(_decode_wide(data, len(mark), codec, origin), data, origin)
    if declared is not None and declared.startswith(("utf-16", "utf-32")):
        if b"\0" in data:
            return _check(_decode_wide(data, 0, declared, origin), data, origin)
        mended.append(f"declared as {declared}, but is not")
        declared = None
    if (position := data.find(b"\0")) >= 0:
        line = data.count(b"\n", 0, position) + 1
        raise ArticleError(origin, "not a text file: it holds a NUL byte", line)
    escaped = _body(data).decode("utf-8", "surrogateescape")
    claims_utf8 = data.startswith(codecs.BOM_UTF8) or _ESCAPED.search(escaped) is None
    if claims_utf8 or _is_nearly_utf8(escaped, declared):
        decoded = _read_utf8(escaped, data, mended, origin)
    else:
        decoded = _read_bytes(data, declared, mended)
    if declared not in (None, decoded.charset) and _NOT_ASCII.search(decoded.text):
        mended.insert(0, f"declared as {declared}, but is {decoded.charset}")
    return _check(Decoded(decoded.text, decoded.charset, tuple(mended)), data, origin)


def byte_offsets(data: bytes, decoded: Decoded, offsets: Sequence[int]) -> list[int]:
    """Return where the code points at `offsets` in the text of `data` begin, as bytes.

    An offset may be the length of the text. Takes time linear in the text, however many offsets.
    Raises `ValueError` for an offset outside of the text.
    """
    for offset in offsets:
        if not 0 <= offset <= len(decoded.text):
            raise ValueError(
                f"the offset {offset} lies outside of the text, which has "
                f"{len(decoded.text)} characters"
            )
    wanted = sorted(set(offsets))
    codec = decoded.charset
    mark = next((len(mark) for mark, of in _MARKS if of == codec and data.startswith(mark)), 0)
    if codec == "utf-8":
        escaped = _body(data).decode("utf-8", "surrogateescape")
        once = _SURROGATE_PAIR.sub(_join_pair, escaped).translate(_FROM_ESCAPES)
        places = _undo(wanted, _find_twice(once))
        places = _undo(places, (match.span() for match in _SURROGATE_PAIR.finditer(escaped)))
        found = _count_bytes(
            escaped, places, lambda text: len(text.encode(codec, "surrogateescape"))
        )
    elif codec.startswith(("utf-16", "utf-32")):
        found = _count_bytes(decoded.text, wanted, lambda text: len(text.encode(codec)))
    elif len(decoded.text) == len(data):
        found = wanted
    else:
        found = _follow(data, codec, wanted)
    places_of = {offset: mark + place for offset, place in zip(wanted, found, strict=True)}
    return [places_of[offset] for offset in offsets]


def _body(data: bytes) -> bytes:
    return data.removeprefix(codecs.BOM_UTF8)


def _find_codec(charset: str | None, mended: list[str]) -> str | None:
    """Return Python's name of a charset that is declared, or None for one that isn't read."""
    if charset is None or not (name := charset.strip(" \t\r\n\"';")):
        return None
    try:
        info = codecs.lookup(name)
        "".encode(name)  # fails for codecs that aren't of text, such as "rot13"
    except (LookupError, UnicodeError, ValueError, TypeError):
        info = None
    if info is None or (_NOT_READ.fullmatch(info.name) and info.name != "utf-8-sig"):
        mended.append(f"declared as {show_value(name)}, which is no charset that is read")
        return None
    codec = "utf-8" if info.name == "utf-8-sig" else info.name
    return _READ_AS.get(codec, codec)


def _decode_wide(data: bytes, start: int, codec: str, origin: str) -> Decoded:
    """Read UTF-16 or UTF-32; raise `ArticleError` for what isn't."""
    mended: tuple[str, ...] = ()
    width = 2 if codec.startswith("utf-16") else 4
    end = len(data)
    if left_over := (end - start) % width:
        mended = (_say_cut_short(left_over),)
        end -= left_over
    try:
        text = data[start:end].decode(codec)
    except UnicodeDecodeError as error:
        line = data[start : start + error.start].decode(codec, "replace").count("\n") + 1
        reason = f"not {codec} text: {error.reason} at offset {start + error.start}"
        raise ArticleError(origin, reason, line) from error
    if (position := text.find("\0")) >= 0:
        line = text.count("\n", 0, position) + 1
        raise ArticleError(origin, "not a text file: it holds a NUL character", line)
    return Decoded(text, codec, mended)


def _is_nearly_utf8(escaped: str, declared: str | None) -> bool:
    """Tell whether bytes that aren't valid UTF-8 are UTF-8 with others among them.

    `escaped` has an escape for each byte that isn't.
    """
    bad = sum(len(match.group()) for match in _ESCAPED.finditer(escaped))
    surrogates = sum(1 for _ in _SURROGATE.finditer(escaped))
    if declared in (None, "utf-8") and 3 * surrogates == bad:
        return True
    expected = sum(1 for _ in _EXPECTED.finditer(escaped))
    others = sum(1 for _ in _OTHERS.finditer(escaped))
    if declared in (None, "utf-8"):
        return expected > 0 or others > bad
    return max(expected, others - expected) > bad


def _read_utf8(escaped: str, data: bytes, mended: list[str], origin: str) -> Decoded:
    # Where there are other bytes that aren't UTF-8, the last ones are of the same kind.
    first = _ESCAPED.search(escaped)
    if first and (match := _CUT_SHORT.match(escaped, first.start())):
        mended.append(_say_cut_short(len(match.group())))
        escaped = escaped[: match.start()]
    if pairs := sum(1 for _ in _SURROGATE_PAIR.finditer(escaped)):
        mended.append(f"{_count(pairs, 'character')} written as two surrogates")
        escaped = _SURROGATE_PAIR.sub(_join_pair, escaped)
    if half := _SURROGATE.search(escaped):
        line = escaped.count("\n", 0, half.start()) + 1
        shown = " ".join(
            f"0x{byte:02x}" for byte in half.group().encode("utf-8", "surrogateescape")
        )
        raise ArticleError(origin, f"not UTF-8 text: half a surrogate pair, {shown}", line)
    if first := _ESCAPED.search(escaped):
        count = sum(len(match.group()) for match in _ESCAPED.finditer(escaped))
        line = escaped.count("\n", 0, first.start()) + 1
        shown = f"0x{ord(first.group()[0]) - 0xDC00:02x}"
        mended.append(
            f"{_count(count, 'byte')} not in UTF-8 read as Windows-1252, the first {shown} "
            f"on line {line}"
        )
        escaped = escaped.translate(_FROM_ESCAPES)
    return Decoded(_mend_twice(escaped, mended), "utf-8")


def _read_bytes(data: bytes, declared: str | None, mended: list[str]) -> Decoded:
    """Read bytes that aren't UTF-8 in the charset declared, or in the likeliest one."""
    if declared not in (None, "utf-8", "cp1252"):
        assert declared is not None
        try:
            return Decoded(data.decode(declared), declared)
        except UnicodeError:
            pass
    if declared == "cp1252":
        return Decoded(_decode_cp1252(data), "cp1252")
    sample = b"\n".join(islice((match.group() for match in re.finditer(_AROUND, data)), _SAMPLES))
    shares = {codec: _share_odd(sample, codec) for codec in _GUESSED}
    codec = min(shares, key=shares.__getitem__)
    if shares[codec] > _MOST_ODD:
        best = from_bytes(sample, enable_fallback=False).best()
        codec = codecs.lookup(best.encoding).name if best else "cp1252"
    if codec == "cp1252":
        return Decoded(_decode_cp1252(data), "cp1252")
    try:
        text = data.decode(codec)
    except UnicodeError:
        return Decoded(_decode_cp1252(data), "cp1252")
    mended.append(f"in no charset that is declared, and taken for {codec}")
    return Decoded(text, codec)


def _decode_cp1252(data: bytes) -> str:
    """Read Windows-1252 with the five bytes that it leaves out as in Latin-1."""
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1").translate(_FROM_LATIN)


def _share_odd(sample: bytes, codec: str) -> float:
    text = _decode_cp1252(sample) if codec == "cp1252" else sample.decode(codec)
    odd = sum(1 for _ in _ODD.finditer(text))
    return odd / sum(1 for _ in _NOT_ASCII.finditer(text))


def _check(decoded: Decoded, data: bytes, origin: str) -> Decoded:
    controls = sum(1 for _ in _CONTROL.finditer(decoded.text))
    if controls > _MOST_CONTROLS * len(decoded.text):
        reason = f"not a text file: {controls:,} of {len(decoded.text):,} characters are controls"
        raise ArticleError(origin, reason)
    return decoded


def _say_cut_short(count: int) -> str:
    return f"the last character is cut short: its {_count(count, 'byte')} left out"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' if number > 1 else ''}"


def _join_pair(match: re.Match[str]) -> str:
    data = match.group().encode("utf-8", "surrogateescape")
    return data.decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16")


_FROM_ESCAPES: Final = {
    0xDC00 + byte: _FROM_LATIN.get(byte, chr(byte)) for byte in range(0x80, 0x100)
}


# "Ã©" for "é": UTF-8 read as Windows-1252 and written as UTF-8 again.


def _find_twice(text: str) -> Iterator[tuple[int, int]]:
    """Yield where characters are encoded twice, for certain, in order.

    In a line where no accented letter stands as it should, and where at least one such sequence is
    a part of a word or has three characters: "Ã©" alone, or next to "é", may be meant.
    """
    if _TWICE.search(text) is None:
        return
    for line in _LINE.finditer(text):
        if _TWICE.search(text, *line.span()) is not None and _is_encoded_twice(text, *line.span()):
            yield from (match.span() for match in _iterate_twice(text, *line.span()))


def _iterate_twice(text: str, start: int, end: int) -> Iterator[re.Match[str]]:
    for match in _TWICE.finditer(text, start, end):
        if _decode_again(match.group()):
            yield match


def _is_encoded_twice(text: str, start: int, end: int) -> bool:
    certain = False
    for match in _iterate_twice(text, start, end):
        if _PROPER_LETTER.search(text, start, match.start()):
            return False
        start = match.end()
        certain = certain or _is_certain(text, match)
    return certain and _PROPER_LETTER.search(text, start, end) is None


def _is_certain(text: str, match: re.Match[str]) -> bool:
    around = text[max(0, match.start() - 1) : match.start()] + text[match.end() : match.end() + 1]
    return match.end() - match.start() > 2 or any(
        character.isascii() and character.isalpha() for character in around
    )


@lru_cache(10_000)
def _decode_again(sequence: str) -> str:
    """Return the character that a sequence stands for, or nothing if none that is written."""
    try:
        data = bytes(_TO_BYTE.get(ord(character), ord(character)) for character in sequence)
        character = data.decode("utf-8")
    except (UnicodeDecodeError, ValueError):
        return ""
    return character if _WORTH_MENDING.fullmatch(character) else ""


def _mend_twice(text: str, mended: list[str]) -> str:
    pieces = []
    position = count = 0
    example = ""
    for start, end in _find_twice(text):
        character = _decode_again(text[start:end])
        if not count:
            line = text.count("\n", 0, start) + 1
            example = f'the first on line {line}: "{text[start:end]}" for "{character}"'
        pieces += [text[position:start], character]
        position = end
        count += 1
    if not count:
        return text
    mended.append(f"{_count(count, 'character')} encoded twice, {example}")
    return "".join([*pieces, text[position:]])


# Offsets, backwards.


def _undo(offsets: Sequence[int], spans: Iterable[tuple[int, int]]) -> list[int]:
    """Return where sorted `offsets` were before each of `spans` was replaced by one character."""
    found = []
    remaining = iter(spans)
    span = next(remaining, None)
    shift = 0
    for offset in offsets:
        while span is not None and span[0] < offset + shift:
            shift += span[1] - span[0] - 1
            span = next(remaining, None)
        found.append(offset + shift)
    return found


def _count_bytes(text: str, offsets: Sequence[int], measure: Callable[[str], int]) -> list[int]:
    found = []
    position = total = 0
    for offset in offsets:
        total += measure(text[position:offset])
        position = offset
        found.append(total)
    return found


def _follow(data: bytes, codec: str, offsets: Sequence[int]) -> list[int]:
    """Find the bytes of characters by decoding byte by byte, for charsets of varying width."""
    decoder = codecs.getincrementaldecoder(codec)()
    found: list[int] = []
    position = place = 0
    for offset in offsets:
        while position < offset:
            position += len(decoder.decode(data[place : place + 1]))
            place += 1
        found.append(place)
    return found
