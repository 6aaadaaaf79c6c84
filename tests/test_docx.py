import io
import zipfile
from datetime import date

import pytest
from docx import Document

from massilia.corpus.article import Language
from massilia.corpus.errors import ArticleError
from massilia.ingest.docx import extract_docx
from massilia.ingest.docx_package import MAX_PART_BYTES
from massilia.ingest.extraction import Certainty, DocumentKind, Dropped, Extraction, Found
from tests.made_documents import (
    MEGABYTE,
    SENTENCE,
    make_docx,
    make_zip_bomb,
    write_billion_laughs,
    write_document,
    write_paragraph,
    write_part,
    write_table,
    zip_parts,
)

OTHER = "Trois autres partent de Bizerte."
P = write_paragraph
STYLES = write_part(
    "styles",
    '<w:style w:type="paragraph" w:styleId="Titre1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Titre"><w:name w:val="Title"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Chapitre"><w:name w:val="Chapitre"/>'
    '<w:basedOn w:val="Titre1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Plan"><w:name w:val="Plan"/>'
    '<w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="TM1"><w:name w:val="toc 1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Boucle"><w:name w:val="Boucle"/>'
    '<w:basedOn w:val="Boucle"/></w:style>'
    '<w:style w:type="table" w:styleId="Grille"><w:name w:val="Grille"/>'
    '<w:tblStylePr w:type="firstRow"/></w:style>',
)
HEADED = '<w:tblStyle w:val="Grille"/><w:tblLook w:val="04A0"/>'


def extract(body: str, core: str = "", styles: str = STYLES, **parts: str) -> Extraction:
    data = make_docx(write_document(body), core, {"styles": styles} | parts)
    return extract_docx(data, "a.docx")


def refuse(data: bytes) -> str:
    with pytest.raises(ArticleError) as caught:
        extract_docx(data, "a.docx")
    assert caught.value.origin == "a.docx"
    return caught.value.reason


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def list_headings(extraction: Extraction) -> list[tuple[int, str]]:
    return [(each.level, extraction.text[each.start : each.end]) for each in extraction.headings]


def test_a_document_that_python_docx_makes_is_read() -> None:
    document = Document()
    document.add_heading("Le port", 0)
    document.add_heading("Les câbles", 1)
    document.add_paragraph(SENTENCE)
    document.add_paragraph("un", style="List Bullet")
    document.add_paragraph("deux", style="List Number")
    document.add_heading("Leurs longueurs", 2)
    table = document.add_table(0, 2)
    for row in [["Câble", "Longueur"], ["Medusa", "8 760 km"], ["2Africa", "45 000 km"]]:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    document.sections[0].header.paragraphs[0].text = "Revue du port"
    file = io.BytesIO()
    document.save(file)
    extraction = extract_docx(file.getvalue(), "a.docx")
    assert extraction.text == (
        f"Le port\n\nLes câbles\n\n{SENTENCE}\n\nun\n\ndeux\n\nLeurs longueurs\n\n"
        "Câble\u00a0: Medusa\u00a0; Longueur\u00a0: 8 760 km.\n\n"
        "Câble\u00a0: 2Africa\u00a0; Longueur\u00a0: 45 000 km."
    )
    assert list_headings(extraction) == [(1, "Le port"), (1, "Les câbles"), (2, "Leurs longueurs")]
    assert extraction.title == Found("Le port", "the style Title", Certainty.STATED)
    # Neither who nor when is that of the document.
    assert (extraction.authors, extraction.date_published, extraction.date_modified) == (None,) * 3
    assert extraction.dropped == (Dropped("Revue du port", "a header"),)
    assert (extraction.kind, extraction.runs, extraction.pages) == (DocumentKind.DOCX, (), ())
    assert extraction.language == Found(Language.FRENCH, "the words of the text", Certainty.LIKELY)


def test_headings_are_those_of_styles_whatever_these_are_called() -> None:
    outlined = P("Par le plan", properties='<w:outlineLvl w:val="0"/>')
    plain = P("Un corps", "Titre1", '<w:outlineLvl w:val="9"/>')
    extraction = extract(
        P("Un", "Titre1")
        + P(SENTENCE)
        + P("Deux", "Chapitre")
        + P("Trois", "Plan")
        + outlined
        + plain
        + P("Quatre", "Boucle")
        + P("Cinq", "Inconnu")
        + P("Six", "Titre 2")
    )
    assert list_headings(extraction) == [
        (1, "Un"),
        (1, "Deux"),
        (3, "Trois"),
        (1, "Par le plan"),
        (2, "Six"),
    ]


def test_without_styles_headings_are_looked_for_as_in_plain_text() -> None:
    body = P("Les câbles du port") + P(f"{SENTENCE} {SENTENCE} {SENTENCE}")
    assert [text for _, text in list_headings(extract(body))] == ["Les câbles du port"]


def test_a_paragraph_is_put_together_from_its_runs() -> None:
    pieces = [
        run("Deux câ"),
        run("bles,"),
        "<w:r><w:tab/></w:r>",
        run("dont "),
        f'<w:hyperlink w:anchor="a">{run("un")}</w:hyperlink>',
        run(" vieux\u00ad, A\u0301"),
        "<w:r><w:noBreakHyphen/><w:t>B</w:t></w:r>",
        "<w:r><w:instrText>PAGE</w:instrText></w:r>",
        f'<w:fldSimple w:instr="DATE">{run(" en 2026")}</w:fldSimple>',
        f"<w:sdt><w:sdtContent>{run(' (oui)')}</w:sdtContent></w:sdt>",
        "<m:oMath><m:f><m:num><m:r><m:t> 2x</m:t></m:r></m:num></m:f></m:oMath>",
        f"<w:r><w:ruby><w:rt>{run('bas')}</w:rt><w:rubyBase>{run('haut')}</w:rubyBase></w:ruby></w:r>",
        "<w:r><w:br/></w:r>",
        run("  Fin\u00a0!  "),
    ]
    assert extract(f"<w:p>{''.join(pieces)}</w:p>").text == (
        "Deux câbles, dont un vieux, Á-B en 2026 (oui) 2xhaut\nFin\u00a0!"
    )


def delete(text: str) -> str:
    return f"<w:del><w:r><w:delText>{text}</w:delText></w:r></w:del>"


def test_tracked_insertions_are_text_and_deletions_are_not() -> None:
    first = run("Deux ") + delete("trois ") + f"<w:ins>{run('câbles ')}{delete('neufs ')}</w:ins>"
    second = f"<w:moveFrom>{run('partent')}</w:moveFrom><w:moveTo>{run('arrivent.')}</w:moveTo>"
    blocks = f"<w:ins>{P('Une ligne.')}</w:ins><w:moveFrom>{P('Ailleurs.')}</w:moveFrom>"
    table = write_table([["a", "b"], ["c", "d"]], first_row="<w:del/>")
    extraction = extract(f"<w:p>{first}{second}</w:p>{blocks}{table}")
    assert extraction.text == "Deux câbles arrivent.\n\nUne ligne.\n\nc\n\nd"
    assert extraction.dropped == (
        Dropped("trois neufs partent", "a tracked deletion"),
        Dropped("Ailleurs.", "a tracked deletion"),
    )


def box(content: str) -> str:
    return f"<w:txbxContent>{content}</w:txbxContent>"


def test_text_boxes_follow_their_anchor_once() -> None:
    new = f"<w:drawing><wps:txbx>{box(P('Encadré.'))}</wps:txbx></w:drawing>"
    old = f"<w:pict><v:textbox>{box(P('Encadré.'))}</v:textbox></w:pict>"
    both = (
        f'<w:r><mc:AlternateContent><mc:Choice Requires="wps">{new}</mc:Choice>'
        f"<mc:Fallback>{old}</mc:Fallback></mc:AlternateContent></w:r>"
    )
    inner = f"<w:p><w:r>{old}</w:r></w:p>"
    nested = f"<w:r><w:drawing>{box(P('Dehors.') + inner)}</w:drawing></w:r>"
    paragraphs = [both + run(SENTENCE), f"<w:r>{old}</w:r>", nested]
    extraction = extract("".join(f"<w:p>{each}</w:p>" for each in paragraphs))
    assert extraction.text.split("\n\n") == [
        SENTENCE,
        "Encadré.",
        "Encadré.",
        "Dehors.",
        "Encadré.",
    ]


def test_what_stands_beside_the_text_is_left_out_and_told() -> None:
    note = f'<w:footnote w:id="1">{P("Une note.")}</w:footnote>'
    shown = run(" Vu.", '<w:vanish w:val="0"/>')
    hidden = f"<w:p>{run(SENTENCE)}{run(' Caché.', '<w:vanish/>')}{shown}</w:p>"
    contents = (
        "<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val='Table of Contents'/></w:docPartObj>"
        f"</w:sdtPr><w:sdtContent>{P('Sommaire')}</w:sdtContent></w:sdt>"
    )
    extraction = extract(
        contents + hidden + P("Les câbles 3", "TM1") + P(OTHER),
        footnotes=write_part("footnotes", note),
        endnotes=write_part("endnotes", f"<w:endnote>{P('Une fin.')}</w:endnote>"),
        comments=write_part("comments", f"<w:comment>{P('À revoir')}</w:comment>"),
        header1=write_part("hdr", P("Revue du port") + P("")),
        footer1=write_part("ftr", P("page 3")),
    )
    assert extraction.text == f"{SENTENCE} Vu.\n\n{OTHER}"
    assert set(extraction.dropped) == {
        Dropped("Sommaire", "a table of contents"),
        Dropped("Caché.", "hidden text"),
        Dropped("Les câbles 3", "a line of a table of contents"),
        Dropped("Une note.", "a footnote"),
        Dropped("Une fin.", "an endnote"),
        Dropped("À revoir", "a comment"),
        Dropped("Revue du port", "a header"),
        Dropped("page 3", "a footer"),
    }


ROWS = [["Ville", "Pays"], ["Bizerte", "Tunisie"], ["Alger", "Algérie"]]
NAMED = (
    "Ville\u00a0: Bizerte\u00a0; Pays\u00a0: Tunisie.\n\n"
    "Ville\u00a0: Alger\u00a0; Pays\u00a0: Algérie."
)
UNNAMED = "Ville\u00a0; Pays.\n\nBizerte\u00a0; Tunisie.\n\nAlger\u00a0; Algérie."


def bold(text: str) -> str:
    return f"<w:p>{run(text, '<w:b/>')}</w:p>"


def shaded(text: str) -> str:
    return f'<w:tcPr><w:shd w:fill="CCCCCC"/></w:tcPr>{P(text)}'


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (write_table(ROWS), UNNAMED),
        (write_table(ROWS, first_row="<w:tblHeader/>"), NAMED),
        (write_table(ROWS, first_row='<w:tblHeader w:val="false"/>'), UNNAMED),
        (write_table(ROWS, HEADED), NAMED),
        (write_table(ROWS, HEADED.replace("04A0", "0480")), UNNAMED),
        (write_table(ROWS, '<w:tblStyle w:val="Grille"/><w:tblLook w:firstRow="1"/>'), NAMED),
        (write_table(ROWS, '<w:tblLook w:val="04A0"/>'), UNNAMED),
        (write_table([[bold(text) for text in ROWS[0]], *ROWS[1:]]), NAMED),
        (write_table([[bold(text) for text in row] for row in ROWS]), UNNAMED),
        (write_table([[shaded(text) for text in ROWS[0]], *ROWS[1:]]), NAMED),
    ],
)
def test_rows_name_their_columns_where_something_shows_that_they_have_names(
    table: str, expected: str
) -> None:
    text = extract(P(SENTENCE) + table).text
    assert text == f"{SENTENCE}\n\n{expected}"


def test_words_above_numbers_name_their_column() -> None:
    table = write_table([["Câble", "km"], ["Medusa", "8 760"], ["Atlas", "1 634,5"]])
    assert extract(P(SENTENCE) + table).text.endswith(
        "Câble\u00a0: Medusa\u00a0; km\u00a0: 8 760.\n\n"
        "Câble\u00a0: Atlas\u00a0; km\u00a0: 1 634,5."
    )
    table = write_table([["Medusa", "8 760"], ["Atlas", "1 634"]])
    assert extract(P(SENTENCE) + table).text.endswith("Medusa\u00a0; 8 760.\n\nAtlas\u00a0; 1 634.")


def test_english_sets_no_space_before_a_colon() -> None:
    body = P("Two submarine cables arrive in Marseille, and three others leave from Bizerte.")
    table = write_table([["City", "Country"], ["Bizerte", "Tunisia"]], HEADED)
    assert extract(body + table).text.endswith("\n\nCity: Bizerte; Country: Tunisia.")


def test_names_in_a_bold_first_column_stand_before_their_values() -> None:
    table = write_table([[bold("Lieu"), "Bizerte"], [bold("Pays"), "Tunisie"]])
    text = extract(P(SENTENCE) + table).text
    assert text.endswith("Lieu\u00a0: Bizerte.\n\nPays\u00a0: Tunisie.")


def test_what_is_merged_is_said_in_each_row_and_column() -> None:
    def cell(properties: str, text: str) -> str:
        return f"<w:tcPr>{properties}</w:tcPr>{P(text)}"

    start, goes_on = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    wide = '<w:gridSpan w:val="2"/>'
    table = write_table(
        [
            ["Ville", cell(wide, "Câbles")],
            [cell(start, "Bizerte"), "un", "deux"],
            [cell(goes_on, ""), "", "trois."],
        ],
        HEADED,
    )
    assert extract(P(SENTENCE) + table).text.endswith(
        "Ville\u00a0: Bizerte\u00a0; Câbles\u00a0: un\u00a0; Câbles\u00a0: deux.\n\n"
        "Ville\u00a0: Bizerte\u00a0; Câbles\u00a0: trois."
    )


def test_a_table_for_the_layout_is_read_cell_by_cell() -> None:
    inner = write_table([["Ville", "km"], ["Bizerte", "850"]])
    for rows in (
        [[SENTENCE, OTHER]],
        [[SENTENCE], [OTHER]],
        [[P(SENTENCE), P("Le port", "Titre1")], [OTHER, ""]],
        [[SENTENCE, inner], [OTHER, ""]],
        [[SENTENCE, "mot " * 70], [OTHER, ""]],
    ):
        texts = extract(write_table(rows, HEADED)).text.split("\n\n")
        assert {SENTENCE, OTHER} <= set(texts)
    nested = extract(write_table([[SENTENCE, inner], [OTHER, ""]])).text
    assert "Ville\u00a0: Bizerte\u00a0; km\u00a0: 850." in nested


def test_core_properties_are_no_more_than_likely() -> None:
    core = (
        "<dc:title>Les îles</dc:title><dc:creator>Ana Roux;Léa Petit</dc:creator>"
        "<dcterms:created>2026-03-12T08:00:00Z</dcterms:created>"
        "<dcterms:modified>2026-04-02T08:00:00Z</dcterms:modified>"
    )
    found = extract(P(SENTENCE), core)
    assert found.title == Found("Les îles", "core properties, title", Certainty.LIKELY)
    assert found.authors == Found(
        ("Ana Roux", "Léa Petit"), "core properties, creator", Certainty.LIKELY
    )
    assert found.date_published == Found(
        date(2026, 3, 12), "core properties, created", Certainty.LIKELY
    )
    assert found.date_modified == Found(
        date(2026, 4, 2), "core properties, modified", Certainty.LIKELY
    )
    said = extract(P("Les îles") + P(f"Par Ana Roux et Léa Petit. {SENTENCE}"), core)
    assert said.title and said.title.certainty is Certainty.STATED
    assert said.authors and said.authors.certainty is Certainty.STATED


def test_the_title_is_looked_for_where_it_is_surest() -> None:
    core = "<dc:title>Modèle</dc:title>"
    styled = extract(P("Le port", "Titre") + P(SENTENCE), core).title
    assert styled == Found("Le port", "the style Title", Certainty.STATED)
    assert list_headings(extract(P("Le port", "Titre") + P(SENTENCE))) == [(1, "Le port")]
    first = extract(P("Le port", "Titre1") + P(SENTENCE)).title
    assert first == Found("Le port", "the heading that it begins with", Certainty.LIKELY)
    assert extract(P(SENTENCE), "<dc:title>Document1</dc:title>").title is None


def test_the_strict_form_and_a_missing_part_are_read() -> None:
    data = make_docx(write_document(P("Un", "Heading1") + P(SENTENCE)))
    strict = make_docx(
        write_document(P(SENTENCE)).replace(
            "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
            "http://purl.oclc.org/ooxml/wordprocessingml/main",
        )
    )
    assert list_headings(extract_docx(data, "a.docx")) == [(1, "Un")]
    assert extract_docx(strict, "a.docx").text == SENTENCE
    bare = zip_parts({"word/document.xml": write_document(P(SENTENCE))})
    assert extract_docx(bare, "a.docx").text == SENTENCE


def test_a_document_without_text_is_refused() -> None:
    assert refuse(make_docx(write_document(P(" ")))) == "the document holds no text"
    assert refuse(make_docx("<w:document xmlns:w='w'/>")) == "the document holds no text"
    assert refuse(make_docx(None)) == "damaged: it has no word/document.xml"


def test_nothing_outside_the_file_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse_to_connect(*_: object) -> None:
        raise AssertionError("a connection")

    monkeypatch.setattr("socket.socket.connect", refuse_to_connect)
    document = write_document(P(SENTENCE))
    relations = (
        '<Relationships><Relationship Type="x/footnotes" TargetMode="External" '
        'Target="notes.xml"/>'
        '<Relationship Type="x/comments" Target="../../../etc/passwd"/></Relationships>'
    )
    notes = write_part("footnotes", P("Une note."))
    data = zip_parts(
        {
            "word/document.xml": document,
            "word/_rels/document.xml.rels": relations,
            "word/notes.xml": notes,
        }
    )
    extraction = extract_docx(data, "a.docx")
    assert (extraction.text, extraction.dropped) == (SENTENCE, ())
    external = '<!DOCTYPE w:document SYSTEM "http://example.org/a.dtd">' + document
    reason = "damaged: word/document.xml: it has a document type, which may declare entities"
    assert refuse(make_docx(external)) == reason
    entity = '<!DOCTYPE w:document [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    assert refuse(make_docx(entity + write_document(P("&a;")))) == reason


def test_encrypted_and_foreign_files_are_refused() -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64) + "EncryptedPackage".encode("utf-16-le")
    assert refuse(ole) == "it is an encrypted Office document: save it without a password"
    assert refuse(b"Deux") == "it is no DOCX file"
    data = bytearray(zip_parts({"word/document.xml": write_document(P(SENTENCE))}))
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    assert refuse(bytes(data)) == "encrypted: its parts need a password"


def test_damaged_files_are_refused() -> None:
    data = make_docx(write_document(P(SENTENCE)))
    assert refuse(data[:-40]) == "damaged: it is cut off before its directory, at the end"
    assert refuse(make_docx("<w:document>")).startswith("damaged: word/document.xml: ")
    place = data.index(b"word/document.xml") + 30
    assert refuse(data[:place] + bytes(20) + data[place + 20 :]).startswith("damaged: word/")
    packed = zip_parts({"word/document.xml": write_document(P(SENTENCE))}, zipfile.ZIP_LZMA)
    assert refuse(packed) == "damaged: word/document.xml is packed in a way of its own"


def test_bombs_are_refused_for_what_they_are() -> None:
    assert refuse(make_zip_bomb()).startswith("unpacks to 4,294,968,0")
    part = f"word/document.xml unpacks to more than {MAX_PART_BYTES:,} bytes"
    assert refuse(make_zip_bomb(gigabytes=1, claimed=1024 * MEGABYTE)) == part
    assert refuse(make_zip_bomb(gigabytes=1, claimed=MEGABYTE)).startswith("damaged: word/")
    many = zip_parts({f"word/{number}.xml": b"" for number in range(5_001)})
    assert refuse(many) == "more than 5,000 parts: it is no document"
    laughs = refuse(make_docx(write_billion_laughs()))
    assert laughs.startswith("damaged: word/document.xml: ")
    for depth in (300, 100_000):
        deep = write_document("<w:p>" * depth + "</w:p>" * depth)
        assert "Excessive depth" in refuse(make_docx(deep))
    wide = write_document("<w:p/>" * 2_000_001)
    assert refuse(make_docx(wide)) == "damaged: word/document.xml: more than 2,000,000 elements"


def test_what_is_never_read_may_unpack_to_what_it_likes() -> None:
    picture = make_zip_bomb("word/media/image1.bmp", 1, 1024 * MEGABYTE)
    assert refuse(picture) == "the document holds no text"


def test_tables_nested_as_deep_as_can_be_are_read() -> None:
    table = P(SENTENCE)
    for _ in range(60):
        table = f"<w:tbl><w:tr><w:tc>{table}</w:tc></w:tr></w:tbl>"
    assert extract(table).text == SENTENCE
