"""The pages of tests/pages, against what is known to be in them and against trafilatura alone."""

from datetime import date
from typing import Any

import pytest

from massilia.ingest.decoding import decode_bytes
from massilia.ingest.extraction import Extraction, Found
from massilia.ingest.html_page import extract_html, find_charset
from tests.bench.html import (
    OURS,
    PAGES,
    THEIRS,
    TODAY,
    Score,
    read_expected,
    read_page_bytes,
    score_page,
)

EXPECTED = read_expected()
# A post scriptum after the article's own element is lost.
MIN_RECALL = 0.95
# Of a page with large tables, whose names of columns are said again on each row.
MIN_PRECISION = 0.8


def read(name: str) -> Extraction:
    return extract_html(read_page_bytes(name), name, today=TODAY)


def show(found: Found[Any] | None) -> object:
    """Return a value as expected.json writes it."""
    if found is None:
        return None
    value = found.value
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def test_every_page_has_what_is_known_of_it() -> None:
    assert {path.stem for path in PAGES.glob("*.html")} == set(EXPECTED)
    assert len(EXPECTED) >= 20


@pytest.mark.parametrize("name", EXPECTED)
def test_the_metadata_of_a_page_are_right(name: str) -> None:
    extraction, expected = read(name), EXPECTED[name]
    fields = (
        "title", "publisher", "authors", "language", "date_published", "date_modified", "url",
    )  # fmt: skip
    found = {field: show(getattr(extraction, field)) for field in fields}
    assert found == {field: expected[field] for field in fields}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_headings_of_a_page_are_right(name: str) -> None:
    extraction = read(name)
    headings = [extraction.text[each.start : each.end] for each in extraction.headings]
    assert headings == EXPECTED[name]["headings"]


@pytest.mark.parametrize("name", EXPECTED)
def test_the_runs_of_a_page_lead_back_to_it(name: str) -> None:
    data = read_page_bytes(name)
    extraction = read(name)
    source = decode_bytes(data, find_charset(data)).text
    covered = position = 0
    for run in extraction.runs:
        assert position <= run.start < run.end <= len(extraction.text)
        position = run.end
        covered += run.end - run.start
        if run.end - run.start == run.original_end - run.original_start:
            copied = source[run.original_start : run.original_end]
            assert extraction.text[run.start : run.end] == copied
    added = sum(character in "\n :;." for character in extraction.text)
    assert covered > 0.7 * len(extraction.text) - added


def test_ours_is_at_least_as_good_as_trafilatura_alone() -> None:
    totals = {OURS: Score(), THEIRS: Score()}
    for name, expected in EXPECTED.items():
        scores = score_page(name, expected)
        assert scores[OURS].recall >= MIN_RECALL, name
        assert scores[OURS].precision >= MIN_PRECISION, name
        assert scores[OURS].dated == 1, name
        for side, score in scores.items():
            totals[side] += score
    assert totals[OURS].precision >= totals[THEIRS].precision
    assert totals[OURS].recall >= totals[THEIRS].recall
