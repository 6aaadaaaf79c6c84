"""Five real press texts come out as they were read by eye, line by line, before and after.

The texts are in copyright and not shipped: nothing of them stands here but what they say of
themselves, and the hashes of what is left of them.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from massilia.corpus.article import Certainty, Language, hash_text, normalise_text
from massilia.ingest.boilerplate import read_wording
from massilia.ingest.decoding import decode_bytes
from massilia.ingest.extraction import Extraction, Found
from massilia.ingest.scraped_text import extract_text
from massilia.ingest.sentences import split_sentences

TODAY = date(2026, 1, 1)
STATED, LIKELY, INFERRED = Certainty.STATED, Certainty.LIKELY, Certainty.INFERRED


def read(folder: Path) -> dict[str, tuple[bytes, Extraction]]:
    texts = {}
    for path in sorted(folder.glob("*.txt")):
        data = path.read_bytes()
        texts[path.name[:3]] = data, extract_text(data, path.name, today=TODAY)
    return texts


@pytest.fixture(scope="module")
def texts(press_texts: Path) -> Mapping[str, tuple[bytes, Extraction]]:
    return read(press_texts)


def hash_short(text: str) -> str:
    return hash_text(text)[:16]


def test_the_five_texts_are_what_was_read_by_eye(
    texts: Mapping[str, tuple[bytes, Extraction]],
) -> None:
    """Each was compared line by line with its original: no sentence is lost, no line is left over.

    A caption that is a sentence (002) and one that names the people of a picture (004) are kept.
    """
    seen = {
        name: (len(decode_bytes(data).text), len(found.text), hash_short(found.text))
        for name, (data, found) in texts.items()
    }
    assert seen == {
        "000": (5961, 5706, "03707bc18fecee6e"),
        "001": (2478, 2186, "17a1bdc8db34e1ae"),
        "002": (7696, 6942, "5644626bd6a27b22"),
        "003": (3256, 2523, "e398fe25eecf5386"),
        "004": (4535, 4105, "9c288e0c049ee5a4"),
    }


def test_the_lines_left_out_are_counted_by_their_reasons(
    texts: Mapping[str, tuple[bytes, Extraction]],
) -> None:
    reasons = {
        name: dict(Counter(dropped.reason for dropped in found.dropped))
        for name, (_, found) in texts.items()
    }
    assert reasons == {
        "000": {"title": 2, "menu": 1, "date": 1},
        "001": {
            **{"title": 1, "date": 1, "credit": 2, "author": 1, "name of a picture": 1},
            **{"related articles": 2, "menu": 1},
        },
        "002": {"title": 1, "repeated": 1, "author": 1, "related articles": 3, "comments": 7},
        "003": {
            **{"advertisement": 3, "title": 3, "credit": 2, "date": 1, "author": 2},
            **{"related articles": 4, "name of a picture": 3},
        },
        "004": {"title": 2, "name of a picture": 2, "author": 1, "tags": 1, "comments": 2},
    }


def show(found: Found[date] | None) -> tuple[str, Certainty] | None:
    return None if found is None else (str(found.value), found.certainty)


def test_their_dates_are_found_and_how_sure_they_are(
    texts: Mapping[str, tuple[bytes, Extraction]],
) -> None:
    dates = {
        name: (show(found.date_published), show(found.date_modified))
        for name, (_, found) in texts.items()
    }
    assert dates == {
        "000": (("2021-10-27", LIKELY), None),
        "001": (("2022-04-01", STATED), ("2022-11-04", STATED)),
        "002": (("2014-06-12", INFERRED), None),
        "003": (("2016-06-29", STATED), None),
        "004": (None, None),  # it names days of events alone
    }
    inferred = texts["002"][1].date_published
    assert inferred is not None
    assert inferred.how.startswith("line 5: ")
    assert inferred.how.endswith(
        "; the year 2014 is the one of 1997, 2003, 2008, 2014, 2025 that is near 2013, "
        "which the text names"
    )


def test_their_titles_publishers_and_authors_are_found(
    texts: Mapping[str, tuple[bytes, Extraction]],
) -> None:
    titles = {
        name: (hash_short(found.title.value), found.title.how)
        for name, (_, found) in texts.items()
        if found.title is not None
    }
    assert titles == {
        "000": ("af870a87bed49a3e", "line 1, repeated on line 4"),
        "001": ("cf4a6a6747e8a4f6", "line 1, above the text"),
        "002": ("d509f5fd6ee9db1c", "line 1, above the text"),
        "003": ("dc5064918589a132", "line 3, repeated on lines 5, 11"),
        "004": ("17f1284aadac61a3", "line 4, repeated on line 1"),
    }
    publishers = {
        name: None
        if found.publisher is None
        else (found.publisher.value, found.publisher.certainty)
        for name, (_, found) in texts.items()
    }
    site = ("MediaTic Info", LIKELY)
    assert publishers == {"000": None, "001": None, "002": None, "003": None, "004": site}
    authors = {
        name: None if found.authors is None else (found.authors.value, found.authors.certainty)
        for name, (_, found) in texts.items()
    }
    assert authors == {
        "000": None,
        "001": (("Joël BARCY",), STATED),
        "002": (("A.D",), LIKELY),
        "003": (("Paul Molga",), LIKELY),
        "004": (("Jean-Pierre Enaut",), LIKELY),
    }
    languages = {found.language and found.language.value for _, found in texts.values()}
    assert languages == {Language.FRENCH}


def test_each_kept_line_stands_in_the_original_and_none_is_worded_as_boilerplate(
    texts: Mapping[str, tuple[bytes, Extraction]],
) -> None:
    for data, found in texts.values():
        original = normalise_text(decode_bytes(data).text)
        for line in filter(str.strip, found.text.split("\n")):
            assert line.strip() in original
            assert read_wording(line) is None
        position = 0
        for run in found.runs:
            assert run.start == position
            copied = original[run.original_start : run.original_end]
            if len(copied) == run.end - run.start:
                assert found.text[run.start : run.end] == copied
            position = run.end
        assert position == len(found.text)


def test_no_sentence_of_theirs_is_lost_but_the_damaged_copy_of_a_lead(
    texts: Mapping[str, tuple[bytes, Extraction]],
) -> None:
    lost = {}
    for name, (data, found) in texts.items():
        original = normalise_text(decode_bytes(data).text)
        dropped = {each.line for each in found.dropped if each.reason != "repeated"}
        sentences = split_sentences(original, Language.FRENCH)
        missing = [original[each.start : each.end] for each in sentences]
        lost[name] = sum(
            sentence not in found.text and not any(sentence in line for line in dropped)
            for sentence in missing
        )
    # In 001 a byline and the name of a picture were cut off the last line, in one piece.
    assert lost == {"000": 0, "001": 1, "002": 2, "003": 0, "004": 0}
