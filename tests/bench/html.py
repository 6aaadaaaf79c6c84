"""Compare what is read of web pages with what trafilatura alone reads of them.

    python -m tests.bench.html [--bad]

The pages of tests/pages mimic layouts of the press; what they say is known (expected.json). Words
are compared as multisets, without case; a line that is the title counts for neither side, nor
against it. Names of columns, which we repeat on each row of a table, count against us. trafilatura
gives one date, that of publication; ours are right only if that of modification is right too.

Half of the pages were written before there was a rule, and 13 after all was tuned on the first: at
first sight these had P 0.9493, R 0.9851 (trafilatura 0.9275, 0.9655). Rules were then mended on
them too; four more, written after that, had P 0.9289, R 0.9895 at first sight (0.8516, 0.9789).

With --bad, each page of tests/made_pages.py is read in a process of its own, and the time and the
peak of its memory are printed.
"""

import argparse
import json
import logging
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import trafilatura

from massilia.corpus.errors import ArticleError
from massilia.ingest.html_article import fold_words
from massilia.ingest.html_page import extract_html
from tests.made_pages import BAD_PAGES, make_bad_page

PAGES = Path(__file__).parent.parent / "pages"
TODAY = date(2025, 1, 1)
OURS, THEIRS = "massilia", "trafilatura"


@dataclass(frozen=True, slots=True)
class Score:
    """Count the words that two texts share, and those of each; and pages with the right dates."""

    common: int = 0
    found: int = 0
    wanted: int = 0
    dated: int = 0
    pages: int = 0

    @property
    def precision(self) -> float:
        return self.common / max(self.found, 1)

    @property
    def recall(self) -> float:
        return self.common / max(self.wanted, 1)

    @property
    def f1(self) -> float:
        return 2 * self.common / max(self.found + self.wanted, 1)

    def __add__(self, other: "Score") -> "Score":
        return Score(
            self.common + other.common,
            self.found + other.found,
            self.wanted + other.wanted,
            self.dated + other.dated,
            self.pages + other.pages,
        )

    def __str__(self) -> str:
        figures = f"P {self.precision:.4f}  R {self.recall:.4f}  F1 {self.f1:.4f}"
        return f"{figures}  dates {self.dated}/{self.pages}"


def main() -> None:
    """Print a line for each page and side, and one for all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bad", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        measure_bad_page(options.one)
    elif options.bad:
        for name in BAD_PAGES:
            subprocess.run([sys.executable, "-m", "tests.bench.html", "--one", name], check=True)
    else:
        compare()


def compare() -> None:
    logging.getLogger("trafilatura").addHandler(logging.NullHandler())
    totals: dict[tuple[str, str], Score] = {}
    for name, expected in read_expected().items():
        for side, score in score_page(name, expected).items():
            print(f"{name:<22} {side:<12} {score}")
            for group in (expected["written"], "in all"):
                totals[group, side] = totals.get((group, side), Score()) + score
    print()
    for (group, side), score in sorted(totals.items()):
        print(f"{group:<22} {side:<12} {score}")


def read_expected() -> Mapping[str, Mapping[str, Any]]:
    expected: Mapping[str, Mapping[str, Any]] = json.loads(
        (PAGES / "expected.json").read_text(encoding="utf-8")
    )
    return expected


def read_page_bytes(name: str) -> bytes:
    return (PAGES / f"{name}.html").read_bytes()


def score_page(name: str, expected: Mapping[str, Any]) -> dict[str, Score]:
    """Return how each side does on one page."""
    data = read_page_bytes(name)
    ours = extract_html(data, name, today=TODAY)
    dates = [
        found and found.value.isoformat() for found in (ours.date_published, ours.date_modified)
    ]
    text = trafilatura.extract(data, favor_recall=False) or ""
    document = trafilatura.bare_extraction(data, with_metadata=True)
    published = document.date if document else None
    return {
        OURS: _score(
            ours.text, expected, dates == [expected["date_published"], expected["date_modified"]]
        ),
        THEIRS: _score(text, expected, published == expected["date_published"]),
    }


def _score(text: str, expected: Mapping[str, Any], is_dated: bool) -> Score:
    lines = text.split("\n")
    if expected["title"] in lines:
        lines.remove(expected["title"])
    found, wanted = (Counter(_list_words(each)) for each in (lines, expected["paragraphs"]))
    common = (found & wanted).total()
    return Score(common, found.total(), wanted.total(), int(is_dated), 1)


def _list_words(lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield from fold_words(line)


def measure_bad_page(name: str) -> None:
    """Print what becomes of a page, in how many seconds, and the peak of the memory in MB."""
    data = make_bad_page(name)
    extract_html(b"<p>Le port de Marseille ferme ce soir.</p>", "first.html", today=TODAY)
    start = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        extraction = extract_html(data, "page.html", today=TODAY)
        outcome = f"{len(extraction.text):,} characters, {len(extraction.runs):,} runs"
    except ArticleError as error:
        outcome = f"refused: {error.reason}"
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{name:<48} {len(data) / 1e6:5.1f} MB  {seconds:5.1f} s  {peak / 1e3:5.0f} MB at most "
        f"(+{(peak - before) / 1e3:.0f})  {outcome}",
        flush=True,
    )


if __name__ == "__main__":
    main()
