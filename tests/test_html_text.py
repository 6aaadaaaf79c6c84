import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massilia.ingest import html_text
from massilia.ingest.html_blocks import read_page
from massilia.ingest.html_text import PlacedText, TextBuilder, join_texts, make_runs

WORDS = [
    "mot", "été", "e\u0301", "\u0301", "a", "«\u00a0", "\u202f;", "A\u030a", "\u212b",
    "\u1100\u1161", "\U0001f1eb",
]  # fmt: skip
BLANKS = [" ", "\n", "\t\r\n", "  ", "\u00a0", "\u2009", "\u00ad", "\u200b", "\x01", "\ufeff"]
REFERENCES = [
    "&eacute;", "&amp;", "&nbsp;", "&shy;", "&#10;", "&#x301;", "&#xD800;", "&ampmot", "&non;", "&",
]  # fmt: skip
TAGS = [
    "<b>", "</b>", "<a href=x>", "</a>", "<br>", "<p>", "</p>", "<div>", "</div>", "<li>", "<td>",
    "<table>", "</table>", "<pre>", "</pre>", "<time>", "</time>", "<!-- -->", "<",
    "<script>x</script>",
]  # fmt: skip
FRAGMENTS = [*WORDS, *BLANKS, *REFERENCES, *TAGS]


def build(*stretches: str) -> PlacedText:
    """Return the text of stretches of a source between which there are tags."""
    source = "<b>".join(stretches)
    builder = TextBuilder(source)
    position = 0
    for stretch in stretches:
        builder.add(position, position + len(stretch))
        position += len(stretch) + len("<b>")
    (placed,) = builder.finish()
    check_pieces(placed, source)
    return placed


def check_pieces(placed: PlacedText, source: str) -> None:
    """Check that pieces are in order, and that those of equal length are copies."""
    position = 0
    for start, end, original, original_end in placed.pieces:
        assert position <= start < end <= len(placed.text)
        assert 0 <= original < original_end <= len(source)
        if end - start == original_end - original:
            assert placed.text[start:end] == source[original:original_end]
        position = end


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=60).map("".join))
def test_every_run_leads_back_to_what_it_copies(source: str) -> None:
    for block in read_page(source).blocks:
        check_pieces(block.placed, source)
        assert block.text == unicodedata.normalize("NFC", block.text)
        assert block.text.strip() == block.text != ""
        assert not any(unicodedata.category(character) == "Cs" for character in block.text)


@given(st.text(st.characters(exclude_characters="<&"), max_size=80))
def test_any_text_is_kept_but_for_white_space_and_what_shows_nothing(source: str) -> None:
    kept = [
        character
        for block in read_page(source).blocks
        for character in block.text
        if not character.isspace()
    ]
    composed = unicodedata.normalize("NFC", source)
    unseen = "\u00ad\u200b\u2060\ufeff\ufffe\uffff"
    wanted = [
        character
        for character in composed
        if not character.isspace()
        and unicodedata.category(character) not in ("Cc", "Cs")
        and character not in unseen
    ]
    assert sorted(unicodedata.normalize("NFD", "".join(kept))) == sorted(
        unicodedata.normalize("NFD", "".join(wanted))
    )


def test_white_space_is_collapsed_across_tags_and_no_break_spaces_are_kept() -> None:
    assert build("  Un \n\t mot ", " et", "\n", "deux\u00a0:\u202f«\u2009x» ").text == (
        "Un mot et deux\u00a0:\u202f« x»"
    )


def test_preformatted_text_keeps_its_spaces_and_its_lines() -> None:
    source = "<pre>a\r\n  b\tc\u2009d&#13;e&#10;f</pre>"
    (block,) = read_page(source).blocks
    check_pieces(block.placed, source)
    assert block.text == "a\n  b\tc d e\nf"


def test_a_reference_is_a_run_whose_sides_differ() -> None:
    assert build("th&eacute; noir") == PlacedText(
        "thé noir", ((0, 2, 0, 2), (2, 3, 2, 10), (3, 8, 10, 15))
    )


def test_white_space_of_one_character_that_is_no_space_has_no_run() -> None:
    assert build("un\nmot") == PlacedText("un mot", ((0, 2, 0, 2), (3, 6, 3, 6)))
    assert build("un \n mot").pieces == ((0, 2, 0, 2), (2, 3, 2, 5), (3, 6, 5, 8))


def test_a_reference_without_its_semicolon_ends_where_its_name_does() -> None:
    assert build("A&ampB &eacutet &non; R&D").text == "A&B ét &non; R&D"


def test_a_letter_and_its_accent_are_composed_even_across_tags() -> None:
    assert build("e\u0301te", "\u0301!") == PlacedText(
        "été!", ((0, 1, 0, 2), (1, 2, 2, 3), (2, 3, 3, 8), (3, 4, 8, 9))
    )


def test_what_shows_nothing_is_left_out() -> None:
    assert build("au\u00addi\u200bto&shy;rium\x00&#x1F;\ud800").text == "auditorium"


def test_two_breaks_part_paragraphs_and_one_parts_lines() -> None:
    source = "unABdeuxABtrois"
    builder = TextBuilder(source)
    builder.add(0, 2)
    builder.add_break()
    builder.add(4, 8)
    for _ in range(3):
        builder.add_break()
    builder.add(10, 15)
    assert [placed.text for placed in builder.finish()] == ["un\ndeux", "trois"]
    assert list(builder.finish()) == []


def test_too_many_decomposed_letters_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_text, "MAX_COMPOSED", 3)
    assert build("e\u0301" * 3).text == "ééé"
    with pytest.raises(ValueError, match="more than 3 letters apart from their accents"):
        build("e\u0301" * 4)


def test_joined_texts_keep_their_runs_and_separators_have_none() -> None:
    one, other = PlacedText("ab", ((0, 2, 10, 12),)), PlacedText("c", ((0, 1, 3, 4),))
    joined = join_texts([one, other], ["; "])
    assert joined == PlacedText("ab; c", ((0, 2, 10, 12), (4, 5, 3, 4)))
    assert [(run.start, run.original_end) for run in make_runs(joined.pieces)] == [(0, 12), (4, 4)]
