import json
from datetime import date

import pytest

from massilia.corpus.article import Certainty, Language
from massilia.ingest.datelines import Datelines
from massilia.ingest.extraction import Found
from massilia.ingest.html_blocks import read_page
from massilia.ingest.html_dates import Stamp, find_page_dates, read_stamp
from massilia.ingest.html_metadata import Metadata

TODAY = date(2025, 1, 1)
FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH


@pytest.mark.parametrize(
    ("written", "language", "stamp"),
    [
        ("2022-04-01", FRENCH, Stamp(date(2022, 4, 1))),
        ("2022-04-01T00:30:00+02:00", FRENCH, Stamp(date(2022, 4, 1))),
        ("2022-04-01T23:30:00-0500", FRENCH, Stamp(date(2022, 4, 1))),
        ("2022-03-31T22:30:00.000Z", FRENCH, Stamp(date(2022, 3, 31), is_utc=True)),
        ("2022-03-31 22:30:00 UTC", FRENCH, Stamp(date(2022, 3, 31), is_utc=True)),
        ("20220401", FRENCH, Stamp(date(2022, 4, 1))),
        ("20220401T003000", FRENCH, Stamp(date(2022, 4, 1))),
        ("2022/04/01", FRENCH, Stamp(date(2022, 4, 1))),
        ("01/04/2022", FRENCH, Stamp(date(2022, 4, 1))),
        ("01/04/2022", ENGLISH, None),
        ("21/04/2022", ENGLISH, Stamp(date(2022, 4, 21))),
        ("04/21/2022", ENGLISH, Stamp(date(2022, 4, 21))),
        ("Fri, 01 Apr 2022 10:00:00 GMT", ENGLISH, Stamp(date(2022, 4, 1), is_utc=True)),
        ("2022-02-30", FRENCH, None),
        ("1970-01-01T00:00:00Z", FRENCH, None),
        ("0001-01-01", FRENCH, None),
        ("2022", FRENCH, None),
        ("avril", FRENCH, None),
        ("9" * 5_000, FRENCH, None),
        ("", FRENCH, None),
        (None, FRENCH, None),
    ],
)
def test_a_day_is_the_one_that_is_written(
    written: str | None, language: Language, stamp: Stamp | None
) -> None:
    assert read_stamp(written, language) == stamp


def find(
    head: str = "", body: str = "", visible: Datelines | None = None, language: Language = FRENCH
) -> tuple[tuple[str, str] | None, tuple[str, str] | None]:
    """Return the day and the place of each date of a page whose first block is its title."""
    page = read_page(f"<head>{head}</head><body>{body}<p>Texte.</p>")
    metadata = Metadata(page, None)
    dates = find_page_dates(
        page,
        metadata.data,
        metadata.node,
        visible=visible or Datelines(),
        span=range(0, len(page.blocks)),
        language=language,
        today=TODAY,
    )
    return tuple(  # type: ignore[return-value]
        found and (found.value.isoformat(), found.how)
        for found in (dates.published, dates.modified)
    )


def script(*nodes: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(nodes)}</script>'


def article(published: str | None, modified: str | None = None) -> dict[str, object]:
    return {"@type": "Article", "datePublished": published, "dateModified": modified}


def test_published_and_modified_are_never_mixed_up() -> None:
    head = script(article(None, "2022-04-02"))
    assert find(head) == (None, ("2022-04-02", "JSON-LD dateModified"))
    assert find("<meta property=og:updated_time content=2022-04-02>") == (
        None,
        ("2022-04-02", "meta og:updated_time"),
    )
    body = "<p>Mis à jour le <time datetime=2022-04-02>2 avril</time></p>"
    assert find(body=body) == (None, ("2022-04-02", "time element"))
    assert find(body="<time class=updated datetime=2022-04-02>2 avril</time>")[0] is None


@pytest.mark.parametrize(
    ("head", "body", "published"),
    [
        (
            script(article("2022-04-01")) + "<meta name=date content=2020-01-01>",
            "",
            ("2022-04-01", "JSON-LD datePublished"),
        ),
        (
            "<meta name=date content=2020-01-01>"
            "<meta property=article:published_time content=2022-04-01>",
            "",
            ("2022-04-01", "meta article:published_time"),
        ),
        ("<meta name=date content=2020-01-01>", "", ("2020-01-01", "meta date")),
        (
            "",
            "<p itemprop=datePublished content=2022-04-01></p>",
            ("2022-04-01", "itemprop datepublished"),
        ),
        (
            script(article(None), {"@type": "WebPage", "datePublished": "2022-04-01"}),
            "",
            ("2022-04-01", "JSON-LD datePublished"),
        ),
        (
            "",
            "<time datetime=2021-01-01></time><time class=entry-date datetime=2022-04-01></time>",
            ("2022-04-01", "time element"),
        ),
        ("", "<p><time>2022-04-01</time></p>", ("2022-04-01", "time element")),
        ("", "<div class=comments><time datetime=2022-04-01>1</time></div>", None),
        (script(article("2025-06-01")), "", None),
        (script(article("1970-01-01T00:00:00Z")), "", None),
    ],
)
def test_the_date_of_publication_is_taken_from_where_it_is_surest(
    head: str, body: str, published: tuple[str, str] | None
) -> None:
    assert find(head, body)[0] == published


def test_nothing_is_modified_before_it_is_published() -> None:
    head = script(article("2022-04-01", "2022-03-30"))
    assert find(head) == (("2022-04-01", "JSON-LD datePublished"), None)
    same = script(article("2022-04-01", "2022-04-01"))
    assert find(same)[1] == ("2022-04-01", "JSON-LD dateModified")


def dateline(day: date, certainty: Certainty = Certainty.STATED) -> Datelines:
    return Datelines(Found(day, "line: Publié", certainty))


def test_the_day_that_readers_see_outweighs_its_neighbour_in_utc() -> None:
    in_utc = script(article("2022-03-31T22:30:00Z"))
    assert find(in_utc, visible=dateline(date(2022, 4, 1)))[0] == (
        "2022-04-01",
        "line: Publié; JSON-LD datePublished is in UTC",
    )
    assert find(in_utc, visible=dateline(date(2022, 4, 2)))[0] == (
        "2022-03-31",
        "JSON-LD datePublished",
    )
    local = script(article("2022-03-31T22:30:00+02:00"))
    assert find(local, visible=dateline(date(2022, 4, 1)))[0] == (
        "2022-03-31",
        "JSON-LD datePublished",
    )


def test_what_a_line_says_outweighs_what_is_only_likely() -> None:
    likely = "<meta name=date content=2020-01-01>"
    seen = dateline(date(2022, 4, 1))
    assert find(likely, visible=seen)[0] == ("2022-04-01", "line: Publié")
    unsure = dateline(date(2022, 4, 1), Certainty.LIKELY)
    assert find(likely, visible=unsure)[0] == ("2020-01-01", "meta date")
    assert find(visible=unsure)[0] == ("2022-04-01", "line: Publié")
