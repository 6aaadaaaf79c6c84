import unicodedata
import zlib
from datetime import date

import pytest

from massilia.corpus.article import Heading, Language
from massilia.corpus.errors import ArticleError
from massilia.ingest.extraction import Certainty, DocumentKind, Dropped, Extraction, Found
from massilia.ingest.pdf import extract_pdf
from massilia.ingest.pdf_line import clean_characters
from massilia.ingest.pdf_reader import MAX_PAGES
from tests.made_documents import (
    SENTENCE,
    encrypt_pdf,
    make_deep_pages,
    make_looping_pages,
    make_million_pages,
    make_object_stream_bomb,
    make_pdf,
    make_scanned_pdf,
    make_stream,
    write_line,
    write_lines,
)

# 44 letters of Times at 11 points: about 190 points wide, all within 10 of each other.
PROSE = [
    "Le premier câble relie Marseille à Bizerte,",
    "et le second va de la Corse à la Sardaigne,",
    "puis de là à la Sicile et aux trois îles Égades.",
    "Tous deux ont été posés en 2025 par navire.",
]
JOINED = " ".join(PROSE)


def extract(*contents: bytes, **options: bytes) -> Extraction:
    return extract_pdf(make_pdf(*contents, **options), "a.pdf")


def refuse(data: bytes) -> str:
    with pytest.raises(ArticleError) as caught:
        extract_pdf(data, "a.pdf")
    assert caught.value.origin == "a.pdf"
    return caught.value.reason


def list_headings(extraction: Extraction) -> list[tuple[int, str]]:
    return [(each.level, extraction.text[each.start : each.end]) for each in extraction.headings]


def make_font(*names: str, first: int = 65) -> bytes:
    """Return a font whose codes from `first` on show the characters of these glyph names."""
    differences = "/".join(["", *names])
    return (
        b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman/Encoding<</Type/Encoding/Differences"
        b"[%d %s]>>>>" % (first, differences.encode())
    )


def test_the_lines_of_a_paragraph_are_joined_and_paragraphs_are_parted() -> None:
    spaced = extract(write_lines([*PROSE, "", *PROSE]))
    assert spaced.text == f"{JOINED}\n\n{JOINED}"
    indented = extract(
        write_lines(PROSE) + write_line(PROSE[0], 84, 714) + write_line("Et après.", 72, 700)
    )
    assert indented.text == f"{JOINED}\n\n{PROSE[0]} Et après."
    short = extract(write_lines([*PROSE[:3], "Tous deux.", *PROSE]))
    assert short.text == " ".join([*PROSE[:3], "Tous deux."]) + f"\n\n{JOINED}"
    assert (spaced.kind, spaced.runs) == (DocumentKind.PDF, ())
    assert spaced.language == Found(Language.FRENCH, "the words of the text", Certainty.LIKELY)


def test_items_of_a_list_stand_alone_with_what_hangs_below_them() -> None:
    lines = ["• Le premier relie Marseille à Tunis,", "• Le second va de la Corse à la Sardaigne."]
    content = (
        write_line(lines[0])
        + write_line("puis à Bizerte.", 80, 756)
        + write_line(lines[1], 72, 742)
    )
    assert extract(content).text == f"{lines[0]} puis à Bizerte.\n\n{lines[1]}"


def test_an_item_begins_a_paragraph_though_the_line_before_it_is_full() -> None:
    lines = ["• Le premier câble relie Marseille à Tunis", "• Le second va à Bizerte"]
    assert extract(write_lines(lines)).text == "\n\n".join(lines)


def test_columns_are_read_one_after_the_other() -> None:
    left = [
        "Le premier câble relie Marseille à Bizerte,",
        "et le second va de la Corse et du Cap à",
    ]
    right = ["la Sardaigne, puis de là à la Sicile et", "aux îles Égades, qui sont trois."]
    content = write_lines(left, y=300) + write_lines(right, x=320, y=300)
    assert extract(content).text == " ".join([*left, *right])


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("Les câbles sous-mari-", "ns arrivent", "Les câbles sous-marins arrivent"),
        ("Le por-", "tuaire entre", "Le portuaire entre"),
        ("La métropole Aix-", "Marseille est", "La métropole Aix-Marseille est"),
        ("De 2021-", "2022 on sait", "De 2021-2022 on sait"),
        ("Que dit-", "il des câbles ?", "Que dit-il des câbles ?"),
        ("Vers l'après-", "midi", "Vers l'après-midi"),
        ("Un non-", "lieu a été rendu", "Un non-lieu a été rendu"),
        ("Il va -", "mais tard", "Il va - mais tard"),
        ("Un câblier. Le câ-", "blier part", "Un câblier. Le câblier part"),
        ("Un bien-être, dit-on. Le bien-", "être est", "Un bien-être, dit-on. Le bien-être est"),
        ("Par ici, fois par fois, par-", "fois", "Par ici, fois par fois, parfois"),
        ("SeaMeWe. Le Sea-", "MeWe part", "SeaMeWe. Le SeaMeWe part"),
    ],
)
def test_words_hyphenated_at_the_end_of_a_line_are_mended(
    first: str, second: str, expected: str
) -> None:
    assert extract(write_lines([first, second])).text == expected


def test_a_hyphen_that_stands_only_at_ends_of_lines_is_none_of_a_word() -> None:
    font = make_font("A", "i", "x", "uni2010")
    lines = [("ABCD", 770), ("ABC", 756)]
    content = b"".join(write_line(text, 72, y, font="F2") for text, y in lines)
    assert extract(content, font=font).text == "AixAix"
    within = content + write_line("ADA", 72, 742, font="F2")
    assert extract(within, font=font).text == "Aix-Aix A-A"


def test_ligatures_and_symbols_become_the_letters_that_they_stand_for() -> None:
    font = make_font("fi", "fl", "ff", "ffi", "ffl", "f", "o")
    content = write_line("ABCDEFG", font="F2")
    assert extract(content, font=font).text == "fiflffffifflfo"


def test_characters_are_made_those_of_a_text() -> None:
    # What PDFium gives in one way on one system, it may give in another elsewhere.
    for given, expected in [
        ("ﬁn, ﬂot, eﬀet, aﬃche, souﬄe", "fin, flot, effet, affiche, souffle"),
        ("cafe\u0301", "café"),
        ("\u0301cafe", "cafe"),
        ("so\u00adfa\u0000\ue000\ufffd\ufffe", "sofa"),
        ("a\u2028b\t c", "a b c"),
        ("10\u202f%\u00a0!", "10\u202f%\u00a0!"),
        ("\uf0b7 un", "• un"),
        ("Aix\u2010Marseille", "Aix-Marseille"),
    ]:
        assert clean_characters(given) == expected


def test_accents_are_composed() -> None:
    text = extract(write_line("Deux câbles à Évry, où l'œuvre naît.")).text
    assert text == "Deux câbles à Évry, où l'œuvre naît."
    assert unicodedata.is_normalized("NFC", text)


def make_pages(count: int) -> list[bytes]:
    """Return pages with a header, a footer with a number, and two lines of text that differ."""
    return [
        write_line("Revue du port - numéro 12", 200, 810, 9)
        + write_lines([f"Câble {word} : il va de Marseille à la Corse.", f"Il a {word} ans."])
        + write_line(f"page {number} sur {count}", 280, 30, 9)
        for number, word in enumerate(["un", "deux", "trois", "quatre"][:count], start=1)
    ]


def test_running_lines_and_page_numbers_are_dropped_and_told_once() -> None:
    extraction = extract(*make_pages(4))
    assert "Revue" not in extraction.text
    assert "page" not in extraction.text
    assert extraction.text.count("Câble") == 4
    assert extraction.dropped == (
        Dropped("Revue du port - numéro 12", "a running line, on 4 pages"),
        Dropped("page 1 sur 4", "a page number"),
    )


def test_a_line_at_the_top_of_two_pages_goes_only_if_it_is_the_same_or_counts_on() -> None:
    def make(*lines: str) -> Extraction:
        return extract(
            *(
                write_line(line, 72, 810) + write_lines([f"{SENTENCE} {word}."])
                for word, line in zip(["Un", "Deux"], lines, strict=True)
            )
        )

    assert make("Le port", "Le port").dropped == (Dropped("Le port", "a running line, on 2 pages"),)
    assert make("Les câbles 7", "Les câbles 8").dropped == (
        Dropped("Les câbles 7", "a running line, on 2 pages"),
    )
    assert make("En 2021 : 17 câbles", "En 2022 : 14 câbles").dropped == ()
    assert make("Le port", "La ville").dropped == ()


def test_a_title_of_a_single_page_goes_with_the_number_that_all_pages_have_there() -> None:
    heads = ["Les ports 3", "Les ports 4", "Les ports 5", "Les gares 6", "1 906 habitants"]
    pages = (
        write_line(head, 72, 810) + write_lines([f"{SENTENCE} {word}."])
        for word, head in zip(["Un", "Deux", "Trois", "Quatre", "Cinq"], heads, strict=True)
    )
    extraction = extract(*pages)
    assert [each.line for each in extraction.dropped] == ["Les ports 3", "Les gares 6"]
    assert "1 906 habitants" in extraction.text


def test_the_same_line_at_another_height_stays() -> None:
    pages = [
        write_line("Le port", 72, height) + write_line(f"{SENTENCE} {word}.", 72, height - 40)
        for height, word in [(810, "Un"), (700, "Deux")]
    ]
    assert extract(*pages).text.count("Le port") == 2


def test_the_same_words_elsewhere_on_a_page_stay() -> None:
    content = [*PROSE, "Le port", *PROSE, "Il est grand.", *PROSE, "Tous deux."]
    extraction = extract(*[write_lines(content)] * 2)
    assert extraction.text.count("Le port") == 2


def test_lines_of_a_table_of_contents_are_dropped() -> None:
    lines = ["1 Les câbles . . . . . . . . 3", "2 Le port......... xi", SENTENCE]
    extraction = extract(write_lines(lines))
    assert extraction.text == SENTENCE
    assert {each.reason for each in extraction.dropped} == {"a line of a table of contents"}


def test_pages_are_placed_in_the_text() -> None:
    extraction = extract(
        write_lines([SENTENCE, *PROSE[:2]]),
        b"",
        write_lines(["et encore la Corse, où il arrive.", "", SENTENCE]),
        b"",
    )
    text = extraction.text
    third = text.index("et encore")
    assert extraction.pages == (0, third, third, len(text))
    # What goes on overleaf is one paragraph.
    assert text[third - 1] == " "


@pytest.mark.parametrize(
    ("last", "first", "is_one"),
    [
        ("et le second va de la Corse au Cap", "Bon, puis à Bizerte.", True),
        ("et le second", "va à Bizerte.", True),
        ("et le second va de la Corse au cap.", "Puis il va à Bizerte.", False),
        ("et le second", "Les câbles du port", False),
        ("et le second va de la Corse à ceux-ci ;", "Celui de Bizerte.", False),
        ("et le second va de la Corse à ceux-ci ;", "celui de Bizerte.", True),
        ("et le second va de la Corse à Biz-", "erte.", True),
    ],
)
def test_a_paragraph_goes_on_overleaf_unless_it_ends(last: str, first: str, is_one: bool) -> None:
    text = extract(write_lines([*PROSE[:2], last]), write_lines([first])).text
    assert ("\n\n" not in text) is is_one


def test_headings_are_told_by_the_size_of_their_letters() -> None:
    content = (
        write_lines(["Le port de Marseille", "et ses câbles"], y=800, size=24, leading=28)
        + write_lines(PROSE, y=730)
        + write_line("Bizerte", y=660, size=14)
        + write_lines(PROSE, y=640)
        + write_line("Un texte plus grand, mais qui finit.", y=560, size=14)
        + write_line("La Corse", y=530, size=14)
        + write_lines(PROSE, y=510)
    )
    extraction = extract(content)
    assert list_headings(extraction) == [
        (1, "Le port de Marseille et ses câbles"),
        (2, "Bizerte"),
        (2, "La Corse"),
    ]
    assert extraction.title == Found(
        "Le port de Marseille et ses câbles",
        "the largest letters of its first page",
        Certainty.LIKELY,
    )


def test_sizes_are_those_seen_whatever_makes_them() -> None:
    scaled = b"q 2 0 0 2 0 0 cm " + write_line("Bizerte", 36, 400, 11) + b"Q "
    matrix = b"BT /F1 1 Tf 22 0 0 22 72 760 Tm (La Corse) Tj ET "
    extraction = extract(scaled + matrix + write_lines(PROSE, y=700))
    assert [level for level, _ in list_headings(extraction)] == [1, 1]


def test_without_larger_letters_headings_are_looked_for_as_in_plain_text() -> None:
    lines = ["Les câbles du port", "", *PROSE, "", "Une seconde route vers la Corse", "", *PROSE]
    extraction = extract(write_lines(lines))
    assert [text for _, text in list_headings(extraction)] == [
        "Les câbles du port",
        "Une seconde route vers la Corse",
    ]
    assert all(isinstance(each, Heading) for each in extraction.headings)


def test_a_large_first_letter_belongs_to_its_word() -> None:
    content = write_line("L", 72, 745, 40) + write_lines(["es câbles arrivent.", SENTENCE], x=100)
    assert extract(content).text.startswith("Les câbles arrivent.")


def test_text_at_an_angle_is_dropped_unless_all_of_it_is() -> None:
    side = b"BT /F1 9 Tf 0 1 -1 0 20 100 Tm (tir \xe0 part) Tj ET "
    stamp = b"BT /F1 60 Tf 0.7 0.7 -0.7 0.7 100 100 Tm (BROUILLON) Tj ET "
    extraction = extract(side + stamp + write_lines(PROSE))
    assert extraction.text == JOINED
    reason = "text that stands at an angle to the rest of its page"
    assert {each.line for each in extraction.dropped} == {"tir à part", "BROUILLON"}
    assert {each.reason for each in extraction.dropped} == {reason}
    turned = b"q 0 1 -1 0 800 0 cm " + write_lines([*PROSE, "", SENTENCE]) + b"Q"
    assert extract(turned, page=b"/Rotate 90").text == f"{JOINED}\n\n{SENTENCE}"


def make_informed(information: str, packet: bytes = b"", text: str = SENTENCE) -> Extraction:
    objects = [f"<<{information}>>".encode("cp1252"), make_stream(packet, b"/Type/Metadata")]
    data = make_pdf(write_line(text), extra=objects, trailer=b"/Info 6 0 R")
    return extract_pdf(data, "a.pdf")


def test_what_the_document_information_says_is_no_more_than_likely() -> None:
    found = make_informed(
        "/Title(Les câbles de la Corse)/Author(Ana Roux; Léa Petit)"
        "/CreationDate(D:20260312101500+01'00')/ModDate(D:20260402)"
    )
    assert found.title == Found(
        "Les câbles de la Corse", "document information, Title", Certainty.LIKELY
    )
    assert found.authors == Found(
        ("Ana Roux", "Léa Petit"), "document information, Author", Certainty.LIKELY
    )
    assert found.date_published == Found(
        date(2026, 3, 12), "document information, CreationDate", Certainty.LIKELY
    )
    assert found.date_modified == Found(
        date(2026, 4, 2), "document information, ModDate", Certainty.LIKELY
    )


def test_what_the_first_page_says_too_is_stated() -> None:
    found = make_informed("/Title(Deux câbles)/Author(Ana Roux)", text=f"{SENTENCE} Par Ana Roux.")
    assert found.title and found.title.certainty is Certainty.STATED
    assert found.authors and found.authors.certainty is Certainty.STATED


def test_what_programs_write_by_themselves_is_passed_over() -> None:
    found = make_informed("/Title(Microsoft Word - cables v3.docx)/Author(Utilisateur)")
    assert (found.title, found.authors) == (None, None)
    for title in ["untitled", "Sans titre", "cables.indd", "", " ", "a" * 400]:
        assert make_informed(f"/Title({title})").title is None
    named = make_informed("/Title(Microsoft Word - Les câbles)").title
    assert named and named.value == "Les câbles"


@pytest.mark.parametrize(
    ("created", "modified", "published", "changed"),
    [
        ("D:20260312", "D:20260312110000", date(2026, 3, 12), None),
        ("", "D:20260312", None, date(2026, 3, 12)),
        ("D:20261399", "soon", None, None),
        ("D:19700101", "D:2026", None, None),
        ("2026-03-12T10:00:00", "2026-03-01", date(2026, 3, 12), None),
    ],
)
def test_the_day_of_a_change_is_never_that_of_publication(
    created: str, modified: str, published: date | None, changed: date | None
) -> None:
    found = make_informed(f"/CreationDate({created})/ModDate({modified})")
    assert (found.date_published and found.date_published.value) == published
    assert (found.date_modified and found.date_modified.value) == changed


XMP = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/" xmp:CreateDate="2026-03-14T08:00:00Z">
<dc:format>{format}</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Les îles câblées</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>Ana Roux</rdf:li><rdf:li>Léa Petit</rdf:li></rdf:Seq></dc:creator>
<dc:publisher><rdf:Bag><rdf:li>La Revue du port</rdf:li></rdf:Bag></dc:publisher>
<prism:url>{url}</prism:url>{more}
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def make_xmp(url: str = "https://example.org/iles", more: str = "", format: str = "") -> bytes:  # noqa: A002
    filled = XMP.replace("{url}", url).replace("{more}", more)
    return filled.replace("{format}", format or "application/pdf").encode()


def test_xmp_is_believed_before_the_document_information() -> None:
    found = make_informed("/Title(Autre)/Author(Autre)", make_xmp())
    assert found.title == Found("Les îles câblées", "XMP dc:title", Certainty.LIKELY)
    assert found.authors == Found(("Ana Roux", "Léa Petit"), "XMP dc:creator", Certainty.LIKELY)
    assert found.publisher == Found("La Revue du port", "XMP dc:publisher", Certainty.STATED)
    assert found.url == Found("https://example.org/iles", "XMP prism:url", Certainty.STATED)
    assert found.date_published == Found(date(2026, 3, 14), "XMP xmp:CreateDate", Certainty.LIKELY)


def test_only_a_date_of_publication_is_stated_as_one() -> None:
    more = "<prism:publicationDate>2026-03-20</prism:publicationDate>"
    found = make_informed("/CreationDate(D:20260101)", make_xmp(more=more))
    assert found.date_published == Found(
        date(2026, 3, 20), "XMP prism:publicationDate", Certainty.STATED
    )


def test_the_xmp_of_a_picture_or_of_a_bomb_is_passed_over() -> None:
    assert make_informed("", make_xmp(format="image/jpeg")).title is None
    last = make_informed("", make_xmp() + make_xmp(format="image/jpeg")).title
    assert last and last.value == "Les îles câblées"
    assert make_informed("", make_xmp(url="javascript:alert(1)")).url is None
    assert make_informed("", make_xmp().replace(b"</rdf:RDF>", b"")).title is None
    entity = b'<x:xmpmeta><!DOCTYPE a [<!ENTITY b "c">]>' + make_xmp()
    assert make_informed("", entity).title is not None
    deep = make_xmp(more="<a>" * 300 + "</a>" * 300)
    assert make_informed("", deep).title is None


def test_an_encrypted_file_is_read_where_it_opens_without_a_password() -> None:
    content = write_line(SENTENCE)
    assert extract_pdf(encrypt_pdf(content), "a.pdf").text == SENTENCE
    reason = "encrypted: it can't be opened without its password"
    assert refuse(encrypt_pdf(content, "secret")) == reason
    other = encrypt_pdf(content).replace(b"/Filter/Standard", b"/Filter/Unknown_")
    assert refuse(other) == "encrypted in a way that isn't read"


def test_pages_that_are_images_alone_are_refused_or_told() -> None:
    assert refuse(make_scanned_pdf(2)) == "page images without text: run OCR first"
    pixels = make_stream(
        zlib.compress(b"\xff" * 100),
        b"/Type/XObject/Subtype/Image/Width 10/Height 10/ColorSpace/DeviceGray"
        b"/BitsPerComponent 8/Filter/FlateDecode",
    )
    mixed = extract(write_line(SENTENCE), b"q 99 0 0 99 0 0 cm /X Do Q", form=pixels)
    assert mixed.text == SENTENCE
    assert mixed.dropped == (Dropped("page 2", "a page image without text"),)


def test_a_file_without_text_is_refused() -> None:
    assert refuse(make_pdf(b"0 0 99 99 re f")) == "its pages show no text"
    refuse(encrypt_pdf(b"", "secret"))
    assert refuse(make_pdf()) == "damaged: no PDF can be read in it"
    lines = [write_line(f"page {number}", 280, 30) for number in range(1, 4)]
    assert refuse(make_pdf(*lines)) == "its pages show nothing but page numbers and running lines"


def test_fonts_that_do_not_say_what_they_show_are_refused() -> None:
    font = (
        b"<</Type/Font/Subtype/Type3/FontBBox[0 0 10 10]/FontMatrix[.1 0 0 .1 0 0]"
        b"/CharProcs<</a1 6 0 R/a2 6 0 R>>/Encoding<</Type/Encoding/Differences[65/a1/a2]>>"
        b"/FirstChar 65/LastChar 66/Widths[10 10]>>"
    )
    shape = [make_stream(b"10 0 0 0 9 9 d1 0 0 9 9 re f")]
    reason = "its fonts don't say which characters they show: run OCR first"
    assert refuse(make_pdf(write_line("AB" * 30, font="F2"), font=font, extra=shape)) == reason
    some = write_lines(PROSE) + write_line("ABA", 72, 600, font="F2")
    assert extract_pdf(make_pdf(some, font=font, extra=shape), "a.pdf").text == JOINED


def test_damaged_files_are_refused() -> None:
    data = make_pdf(write_line(SENTENCE))
    reason = "damaged: no PDF can be read in it"
    for damaged in [b"%PDF-1.7\n", data[:300], b"%PDF-1.7\n" + bytes(range(256)) * 9]:
        assert refuse(damaged) == reason
    # What can be found again is read.
    assert extract_pdf(data.replace(b"startxref\n", b"startxref\n9"), "a.pdf").text == SENTENCE


def test_a_page_that_is_damaged_costs_no_other() -> None:
    data = make_pdf(write_line("Une page."), write_line(SENTENCE))
    broken = data.replace(b"/Kids[6 0 R 7 0 R]", b"/Kids[1 0 R 7 0 R]")
    extraction = extract_pdf(broken, "a.pdf")
    assert extraction.text == SENTENCE
    assert extraction.dropped == (Dropped("page 1", "the page is damaged"),)
    assert extraction.pages == (0, 0)


def test_bombs_that_can_be_seen_are_refused() -> None:
    limit = f"more than the limit of {MAX_PAGES:,}"
    assert refuse(make_million_pages()) == f"1,000,000 pages, {limit}"
    assert refuse(make_looping_pages()) == "damaged: none of its pages can be read"
    assert refuse(make_deep_pages(5_000)) == "damaged: none of its pages can be read"
    assert refuse(make_object_stream_bomb()) == "damaged: no PDF can be read in it"


def test_a_text_of_more_characters_than_may_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("massilia.ingest.pdf_reader.MAX_CHARACTERS", 60)
    assert extract(write_line(SENTENCE)).text == SENTENCE
    assert refuse(make_pdf(*[write_line(SENTENCE)] * 2)) == "more than 60 characters of text"


def test_halves_of_surrogate_pairs_and_controls_are_left_out() -> None:
    unicode_map = (
        b"/CIDInit /ProcSet findresource begin begincmap\n"
        b"1 begincodespacerange <00> <ff> endcodespacerange\n"
        b"4 beginbfchar <57> <d800> <58> <0000> <59> <d83cdf0a> <5a> <0007> endbfchar\n"
        b"endcmap"
    )
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman/ToUnicode 6 0 R>>"
    data = make_pdf(
        write_line(f"W{SENTENCE}XYZ", font="F2"), font=font, extra=[make_stream(unicode_map)]
    )
    text = extract_pdf(data, "a.pdf").text
    assert text.startswith(SENTENCE)
    assert text.encode()
    assert text.removeprefix(SENTENCE) in {"", "\U0001f30a"}
