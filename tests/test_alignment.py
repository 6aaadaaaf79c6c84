"""Where a text stands in the source that it was rendered from."""

from hypothesis import given
from hypothesis import strategies as st

from massilia.ingest.alignment import REACH, align_text
from massilia.ingest.extraction import Run


def test_a_line_that_stands_in_the_source_is_one_run() -> None:
    assert align_text("The quay\n\nIt is long.", "# The quay\n\n\nIt is long.\n") == (
        Run(0, 8, 2, 10),
        Run(10, 21, 13, 24),
    )


def test_lines_with_the_same_between_them_are_one_run() -> None:
    assert align_text("One.\nTwo.", "  One.\nTwo.") == (Run(0, 9, 2, 11),)


def test_words_are_found_between_marks() -> None:
    text, source = (
        "The old quay of Marseille is long.",
        "The **old** [quay](https://x) of\nMarseille is long.",
    )
    runs = align_text(text, source)
    assert [text[run.start : run.end] for run in runs] == [
        "The",
        "old",
        "quay",
        "of",
        "Marseille is long.",
    ]


def test_signs_beside_a_marked_word_are_no_part_of_it() -> None:
    text, source = "The old quay. It (still) is!", "The old [quay](x). It *(still)* is!"
    runs = align_text(text, source)
    assert [text[run.start : run.end] for run in runs] == ["The old", "quay", "It", "still)", "is!"]


def test_the_words_of_a_line_stand_behind_those_of_the_line_before() -> None:
    text, source = "one two\ntwo one", "*one* two\n*two* one"
    runs = align_text(text, source)
    assert [run.original_start for run in runs] == [1, 6, 11, 16]


def test_what_stands_before_the_start_is_another() -> None:
    source = "title: The quay\n---\nThe *quay*"
    assert align_text("The quay", source) == (Run(0, 8, 7, 15),)
    runs = align_text("The quay", source, source.index("---"))
    assert runs == (Run(0, 3, 20, 23), Run(4, 8, 25, 29))


def test_a_word_out_of_reach_is_another() -> None:
    source = "quay" + "x" * (REACH + 1) + " ferry"
    assert align_text("quay ferry", source) == (Run(0, 4, 0, 4),)


@given(st.text("ab \n*é"), st.text("ab \n*é"))
def test_both_sides_of_a_run_are_the_same_and_in_order(text: str, source: str) -> None:
    end = original_end = 0
    for run in align_text(text, source):
        assert text[run.start : run.end] == source[run.original_start : run.original_end] != ""
        assert run.start >= end and run.original_start >= original_end
        end, original_end = run.end, run.original_end
