import codecs
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massilia.corpus.errors import ArticleError
from massilia.ingest.decoding import Decoded, byte_offsets, decode_bytes

PORT = "Le préfet a visité l’hôpital de Marseille, où l’été dernier ça chauffait déjà.\n"
PLAIN = PORT.replace("’", "'")
TWICE = PLAIN.encode().decode("cp1252").encode()


def refuse(data: bytes, charset: str | None = None) -> ArticleError:
    with pytest.raises(ArticleError) as caught:
        decode_bytes(data, charset, origin="port.txt")
    return caught.value


def follow(data: bytes, decoded: Decoded) -> list[bytes]:
    """Return the bytes of each character, as the offsets of all of them tell."""
    ends = [*byte_offsets(data, decoded, range(len(decoded.text) + 1))]
    return [data[start:end] for start, end in pairwise(ends)]


@pytest.mark.parametrize(
    ("charset", "read_as"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16-le"),
        ("utf-32", "utf-32-le"),
        ("cp1252", "cp1252"),
        ("mac-roman", "mac-roman"),
        ("cp850", "cp850"),
        ("iso8859-15", "iso8859-15"),
    ],
)
def test_a_text_is_read_in_its_charset_without_being_told(charset: str, read_as: str) -> None:
    text = "Une œuvre de sœur, " + PLAIN if charset == "iso8859-15" else PLAIN
    decoded = decode_bytes(text.encode(charset))
    assert (decoded.text, decoded.charset) == (text, read_as)
    guessed = read_as in ("mac-roman", "cp850", "iso8859-15")
    taken = f"in no charset that is declared, and taken for {read_as}"
    assert decoded.mended == ((taken,) if guessed else ())


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE])
def test_a_byte_order_mark_decides_over_what_is_declared(mark: bytes) -> None:
    codec = "utf-16-be" if len(mark) == 2 else "utf-32-be"
    data = mark + PORT.encode(codec)
    decoded = decode_bytes(data, "utf-8")
    assert (decoded.text, decoded.charset) == (PORT, codec)
    assert byte_offsets(data, decoded, [0, 1]) == [len(mark), 2 * len(mark)]


@pytest.mark.parametrize(
    ("data", "declared", "charset", "mended"),
    [
        (PORT.encode(), "iso-8859-1", "utf-8", ("declared as cp1252, but is utf-8",)),
        (PORT.encode("cp1252"), "utf-8", "cp1252", ("declared as utf-8, but is cp1252",)),
        (PORT.encode("cp1252"), "latin-1", "cp1252", ()),
        (PORT.encode(), " UTF8; ", "utf-8", ()),
        (PORT.encode("utf-16-be"), "utf-16be", "utf-16-be", ()),
        (PORT.encode("utf-16-le"), "utf-16", "utf-16-le", ()),
        (b"plain", "utf-16", "utf-8", ("declared as utf-16-le, but is not",)),
        (b"plain", "latin-1", "utf-8", ()),
        (
            PORT.encode(),
            "x-none",
            "utf-8",
            ("declared as 'x-none', which is no charset that is read",),
        ),
        (
            PORT.encode(),
            "rot13",
            "utf-8",
            ("declared as 'rot13', which is no charset that is read",),
        ),
        (
            PORT.encode(),
            "utf-7",
            "utf-8",
            ("declared as 'utf-7', which is no charset that is read",),
        ),
        (PORT.encode(), "", "utf-8", ()),
    ],
)
def test_a_declared_charset_is_believed_where_the_bytes_agree(
    data: bytes, declared: str, charset: str, mended: tuple[str, ...]
) -> None:
    decoded = decode_bytes(data, declared)
    assert (decoded.charset, decoded.mended) == (charset, mended)
    assert decoded.text in (PORT, "plain")


def test_a_charset_of_varying_width_is_read_where_it_is_declared() -> None:
    data = "港 and port".encode("shift_jis")
    decoded = decode_bytes(data, "shift_jis")
    assert decoded == Decoded("港 and port", "shift_jis")
    assert follow(data, decoded)[:3] == ["港".encode("shift_jis"), b" ", b"a"]


def test_bytes_of_windows_inside_utf8_are_read_alone_and_said() -> None:
    data = PORT.encode() + PORT.encode("cp1252") + PORT.encode()
    decoded = decode_bytes(data)
    assert (decoded.text, decoded.charset) == (PORT * 3, "utf-8")
    bad = sum(byte >= 0x80 for byte in PORT.encode("cp1252"))
    said = f"{bad} bytes not in UTF-8 read as Windows-1252, the first 0xe9 on line 2"
    assert decoded.mended == (said,)
    pieces = follow(data, decoded)
    assert b"".join(pieces) == data
    assert (pieces[5], pieces[len(PORT) + 5]) == ("é".encode(), b"\xe9")


def test_capitals_before_guillemets_dont_make_a_windows_text_utf8() -> None:
    # 0xC9 0xBB, "É»", is U+027B in UTF-8.
    data = "Le « CAFÉ» est fermé, l’ÉTÉ».".encode("cp1252")
    assert decode_bytes(data) == Decoded("Le « CAFÉ» est fermé, l’ÉTÉ».", "cp1252")


def test_the_five_bytes_that_windows_leaves_out_are_kept() -> None:
    data = b"caf\xe9 \x81\x8d \x93oui\x94"
    assert decode_bytes(data, "cp1252").text == "café \x81\x8d “oui”"


def test_characters_encoded_twice_are_mended_where_that_is_certain() -> None:
    decoded = decode_bytes(TWICE)
    assert decoded.text == PLAIN
    count = sum(character > "\x7f" for character in PLAIN)
    first = f'{count} characters encoded twice, the first on line 1: "Ã©" for "é"'
    assert decoded.mended == (first,)
    pieces = follow(TWICE, decoded)
    assert b"".join(pieces) == TWICE
    assert pieces[5] == "Ã©".encode()
    assert decode_bytes("It’s".encode().decode("cp1252").encode()).text == "It’s"
    assert decode_bytes("cœur".encode().decode("cp1252").encode()).text == "cœur"


@pytest.mark.parametrize(
    "text",
    [
        'La page affiche "Ã©" au lieu de "é".',  # a proper letter beside it
        'On lit "Ã©" ici.',  # no part of a word
        "Il a déjà écrit dÃ©jÃ\u00a0 ainsi.",
        "João viu AMANHÃ\u00a0: não",
    ],
)
def test_what_may_be_meant_is_not_taken_for_encoded_twice(text: str) -> None:
    assert decode_bytes(text.encode()) == Decoded(text, "utf-8")


def test_lines_encoded_twice_are_mended_among_lines_that_are_not() -> None:
    assert decode_bytes(PLAIN.encode() + TWICE).text == PLAIN * 2


def test_a_last_character_that_is_cut_short_is_left_out_and_said() -> None:
    for charset, count in [("utf-8", "1 byte"), ("utf-16", "1 byte")]:
        data = "été".encode(charset)[:-1]
        decoded = decode_bytes(data)
        assert decoded.text == "ét"
        assert decoded.mended == (f"the last character is cut short: its {count} left out",)
    # A last byte like those before it is of their charset.
    assert decode_bytes("à l".encode() + b"'\xe9t\xe9").text == "à l'été"


def test_a_pair_of_surrogates_is_one_character() -> None:
    data = b"\xed\xa0\xbd\xed\xb8\x80 ok"
    decoded = decode_bytes(data)
    assert decoded.text == "😀 ok"
    assert decoded.mended == ("1 character written as two surrogates",)
    assert byte_offsets(data, decoded, [0, 1, 4]) == [0, 6, 9]


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"a\nb\n\0", 3, "not a text file: it holds a NUL byte"),
        (PORT.encode("utf-16-le"), 1, "not a text file: it holds a NUL byte"),
        (b"a\n\xed\xa0\x80 b", 2, "not UTF-8 text: half a surrogate pair, 0xed 0xa0 0x80"),
        (b"a\n\xed\xb0\x80", 2, "not UTF-8 text: half a surrogate pair, 0xed 0xb0 0x80"),
        (
            codecs.BOM_UTF16_LE + b"a\0\n\0\0\xd8b\0",
            2,
            "not utf-16-le text: illegal UTF-16 surrogate at offset 6",
        ),
        (
            codecs.BOM_UTF16_LE + "a\n\0".encode("utf-16-le"),
            2,
            "not a text file: it holds a NUL character",
        ),
        (b"\x01\x02\x03abc", None, "not a text file: 3 of 6 characters are controls"),
    ],
)
def test_what_is_no_text_is_refused_with_its_line(
    data: bytes, line: int | None, reason: str
) -> None:
    error = refuse(data)
    assert (error.origin, error.line, error.reason) == ("port.txt", line, reason)


def test_offsets_are_returned_in_the_order_they_are_asked_for() -> None:
    data = "é’x".encode()
    decoded = decode_bytes(data)
    assert byte_offsets(data, decoded, [3, 0, 2, 0, 1]) == [6, 0, 5, 0, 2]
    with pytest.raises(ValueError, match="the offset 4 lies outside of the text, which has 3"):
        byte_offsets(data, decoded, [4])


@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.one_of(
            st.text(st.sampled_from("aé’ œ€😀\nÃ©Â ")),
            st.binary(max_size=4).map(lambda data: data.decode("latin-1")),
        ),
        max_size=8,
    ),
    st.sampled_from(["utf-8", "cp1252", "utf-16", "mac-roman"]),
    st.binary(max_size=6),
)
def test_every_byte_belongs_to_a_character_and_reading_again_gives_the_same(
    pieces: list[str], charset: str, noise: bytes
) -> None:
    data = "".join(pieces).encode(charset, "ignore") + noise
    try:
        decoded = decode_bytes(data)
    except ArticleError:
        return
    again = decode_bytes(data, decoded.charset)
    assert (again.text, again.charset) == (decoded.text, decoded.charset)
    offsets = byte_offsets(data, decoded, range(len(decoded.text) + 1))
    assert offsets == sorted(set(offsets))
    # UTF-16 that begins with a NUL reads as UTF-32.
    marks = (codecs.BOM_UTF8, codecs.BOM_UTF32_LE, codecs.BOM_UTF16_LE)
    mark = next((len(mark) for mark in marks if data.startswith(mark)), 0)
    assert offsets[0] == (mark if decoded.charset.startswith("utf") else 0)
    cut = any("cut short" in said for said in decoded.mended)
    assert offsets[-1] == len(data) or cut
    assert not any(unicodedata.category(character) == "Cs" for character in decoded.text)
