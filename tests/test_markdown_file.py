"""Markdown that isn't one of our article files."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massilia.corpus.article import Certainty, Heading, Language
from massilia.corpus.errors import ArticleError
from massilia.ingest.extraction import DocumentKind, Extraction, Found
from massilia.ingest.markdown_file import extract_markdown, names_itself


def extract(*fields: str, body: str = "The quay.") -> Extraction:
    return extract_markdown("\n".join(["---", *fields, "---", body]), "quay.md")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("---\nid: quay\n---\nThe quay.", True),
        ("---  \nid: 5\n---\nThe quay.", True),
        ("---\ntitle: Quay\n---\nid: quay", False),
        ("The quay.\n---\nid: quay\n---\n", False),
        ("", False),
    ],
)
def test_an_article_file_of_ours_gives_its_id(text: str, told: bool) -> None:
    assert names_itself(text, "quay.md") is told


def test_a_front_matter_that_cannot_be_read_is_told_with_its_line() -> None:
    for read in (names_itself, extract_markdown):
        with pytest.raises(ArticleError, match=r"^quay\.md, line 3: not valid YAML"):
            read("---\ntitle: Quay\ntags: [\n---\nThe quay.", "quay.md")


@pytest.mark.parametrize(
    ("markdown", "title", "headings"),
    [
        ("Un.\n\n## Le *port*\n\nDeux.", "Le port", (Heading(2, 5, 12),)),
        ("Le port  \nvit\n===\n\nUn.", "Le port vit", (Heading(1, 0, 11),)),
        ("# " + "a " * 300, ("a " * 100).strip(), (Heading(1, 0, 599),)),
    ],
)
def test_the_title_is_the_first_heading(
    markdown: str, title: str, headings: tuple[Heading, ...]
) -> None:
    extraction = extract_markdown(markdown, "port.md")
    assert extraction.title == Found(title, "the first heading", Certainty.LIKELY)
    assert (extraction.headings, extraction.kind) == (headings, DocumentKind.MARKDOWN)


def test_without_a_heading_there_is_no_title() -> None:
    assert extract_markdown("The quay.", "quay.md").title is None


def test_the_front_matter_has_the_last_word() -> None:
    extraction = extract("Title: ' The   old quay '", body="# The quay\n\nIt is long.")
    assert extraction.title == Found("The old quay", "front matter 'title'", Certainty.STATED)
    assert extraction.text == "The quay\n\nIt is long."


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("site_name: The Daily", "publisher", "The Daily"),
        ("Author: Ada Lovelace", "authors", ("Ada Lovelace",)),
        ("authors: [Ada, ' ', 5, Bob]", "authors", ("Ada", "Bob")),
        ("by: []", "authors", None),
        ("lang: fr_FR", "language", Language.FRENCH),
        ("locale: EN-gb", "language", Language.ENGLISH),
        ("language: de", "language", None),
        ("date: 2022-04-01", "date_published", date(2022, 4, 1)),
        ("date: 2022-04-01T12:24:00+02:00", "date_published", date(2022, 4, 1)),
        ("pubDate: '2022-04-01 12:24'", "date_published", date(2022, 4, 1)),
        ("date: 1 April 2022", "date_published", None),
        ("date: 20220401", "date_published", None),
        ("lastmod: 2022-11-04", "date_modified", date(2022, 11, 4)),
        ("permalink: https://example.org/quay", "url", "https://example.org/quay"),
        ("url: /quay/", "url", None),
        ("link: javascript:alert(1)", "url", None),
        ("canonical: [https://example.org/]", "url", None),
        ("title: 1959", "title", None),
        ('title: "a\\0b"', "title", None),
        ("title: ' '", "title", None),
    ],
)
def test_fields_are_read_as_others_name_them(line: str, field: str, value: object) -> None:
    found: Found[Any] | None = getattr(extract(line), field)
    assert (found and found.value) == value
    if found is not None:
        key = line.partition(":")[0].lower()
        assert (found.how, found.certainty) == (f"front matter {key!r}", Certainty.STATED)


def test_the_first_name_of_a_field_that_can_be_read_counts() -> None:
    extraction = extract("date: soon", "published: 2022-04-01", "created: 2021-01-01")
    assert extraction.date_published == Found(
        date(2022, 4, 1), "front matter 'published'", Certainty.STATED
    )


def test_footnote_marks_stay_text_and_unknown_fields_are_nothing() -> None:
    extraction = extract(
        "tags: {a: [b]}", "draft: true", body="The port grew.[^1]\n\n[^1]: As told in 2016."
    )
    assert extraction.text.startswith("The port grew.[^1]")


@pytest.mark.parametrize("body", ["", " \n\u00a0\t", "<!-- nothing -->"])
def test_a_text_of_white_space_is_refused(body: str) -> None:
    with pytest.raises(ArticleError, match=r"^quay\.md: the file holds no text$"):
        extract("title: Quay", body=body)


def test_the_runs_lead_to_the_file_with_its_front_matter() -> None:
    text = "---\ntitle: The old quay\n---\n# The *old* quay\n\nIt is long.\n"
    extraction = extract_markdown(text, "quay.md")
    assert [
        (extraction.text[run.start : run.end], text[run.original_start : run.original_end])
        for run in extraction.runs
    ] == [(words, words) for words in ("The", "old", "quay\n\nIt is long.")]
    assert extraction.runs[0].original_start == text.index("# The") + 2


@given(st.text("ab #*_-\n[]()|`>é", max_size=60))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    try:
        extraction = extract_markdown(text, "x.md")
    except ArticleError:
        return
    assert extraction.text.strip()
    for run in extraction.runs:
        assert extraction.text[run.start : run.end] == text[run.original_start : run.original_end]
