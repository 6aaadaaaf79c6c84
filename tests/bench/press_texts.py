"""Print what the cleaner makes of plain texts that were scraped from the web.

    python -m tests.bench.press_texts [DIR]

DIR holds .txt files; by default the five press texts that lie beside the checkout, which are in
copyright and not shipped. For each: its metadata and how it was found, its characters before and
after, and each line left out with the reason.
"""

import argparse
import os
import time
from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from massilia.corpus.errors import ArticleError
from massilia.ingest.decoding import decode_bytes
from massilia.ingest.extraction import Extraction, Found
from massilia.ingest.scraped_text import extract_text

ROOT = Path(__file__).parents[2]
FIELDS = ("title", "publisher", "authors", "date_published", "date_modified", "language", "url")
SHOWN_CHARACTERS = 70


def main() -> None:
    shared = Path(os.environ.get("MASSILIA_SHARED") or ROOT.parent / "shared")
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=shared / "articles", metavar="DIR")
    parser.add_argument("--text", action="store_true", help="print the cleaned texts too")
    options = parser.parse_args()
    paths = sorted(options.folder.glob("*.txt"))
    if not paths:
        parser.exit(2, f"Error: no .txt file in {options.folder}\n")
    console = Console(width=160, highlight=False)
    console.print(f"As of {datetime.now(UTC):%Y-%m-%d}, {len(paths)} texts of {options.folder}")
    for path in paths:
        data = path.read_bytes()
        started = time.perf_counter()
        try:
            found = extract_text(data, path.name, today=date.today())
        except ArticleError as error:
            console.print(f"\n{error}", markup=False)
            continue
        spent = (time.perf_counter() - started) * 1000
        before = len(decode_bytes(data).text)
        console.print()
        console.print(_tabulate(path.name, found, before, spent))
        if options.text:
            console.print(found.text, markup=False, soft_wrap=True)


def _tabulate(name: str, found: Extraction, before: int, spent: float) -> Table:
    title = f"{name}: {before:,} characters, {len(found.text):,} after ({spent:.0f} ms)"
    table = Table("what", "value", "certainty", "how", title=title, title_justify="left")
    for field in FIELDS:
        value: Found[object] | None = getattr(found, field)
        if value is None:
            table.add_row(field, "-", "", "")
        else:
            shown = ", ".join(value.value) if isinstance(value.value, tuple) else str(value.value)
            table.add_row(field, shown, value.certainty, value.how)
    for heading in found.headings:
        table.add_row(f"heading {heading.level}", found.text[heading.start : heading.end], "", "")
    table.add_section()
    for dropped in found.dropped:
        line = " ".join(dropped.line.split())
        cut = line if len(line) <= SHOWN_CHARACTERS else line[: SHOWN_CHARACTERS - 1] + "…"
        table.add_row("left out", cut, "", dropped.reason)
    return table


if __name__ == "__main__":
    main()
