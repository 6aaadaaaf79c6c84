"""Kill an ingest at random moments, let it go on, and compare the library with an undisturbed one.

    python -m tests.bench.kill [--files 1000] [--kills 20]

Each kill is a SIGKILL at a moment drawn evenly from the time that the whole takes. An ingest is
killed once, or in every second round twice; then it is run to its end.
"""

import argparse
import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.press_files import write_files

MASSILIA = str(Path(sys.executable).with_name("massilia"))
TABLES = ("articles", "headings", "sources", "marks", "copies", "documents")
SPLIT = ("sentences", "passages")
"""Their ids count on from the clock."""
Rows = dict[str, list[tuple[object, ...]]]


def main() -> None:
    """Kill so many ingests and print what came of each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        equal = kill_ingests(Path(folder), options.files, options.kills)
    print(f"{sum(equal)} of {len(equal)} libraries equal the undisturbed one, byte for byte")
    sys.exit(0 if all(equal) else 1)


def kill_ingests(folder: Path, files: int, kills: int, seed: int = 7) -> list[bool]:
    """Return for each killed ingest whether its library ended as the undisturbed one did."""
    press = folder / "press"
    write_files(press, files)
    time.sleep(2.5)
    undisturbed = folder / "undisturbed"
    start = time.perf_counter()
    _start(press, undisturbed).wait()
    whole = time.perf_counter() - start
    expected = dump_library(undisturbed)
    draw = random.Random(seed)
    equal = []
    for number in range(kills):
        library = folder / f"killed-{number}"
        left = []
        for _ in range(1 + number % 2):
            moment = draw.uniform(0, whole)
            process = _start(press, library)
            time.sleep(moment)
            process.send_signal(signal.SIGKILL)
            process.wait()
            left.append(f"{moment:.2f} s: {_count_articles(library)} articles")
        ended = _start(press, library).wait()
        found = dump_library(library)
        equal.append(ended == 0 and found == expected)
        print(f"killed after {' and '.join(left)}; then {'equal' if equal[-1] else 'OTHER'}")
        if not equal[-1]:
            print(f"    exit status {ended}, {_describe_difference(found, expected)}")
        sys.stdout.flush()
    return equal


def _describe_difference(found: Rows, expected: Rows) -> str:
    """Return how many rows of each table are of one library only, and the first of them."""
    only = {
        name: [*(set(found[name]) - set(rows)), *(set(rows) - set(found[name]))]
        for name, rows in expected.items()
    }
    return "; ".join(
        f"{name}: {len(rows)} rows, {str(rows[0])[:300]}" for name, rows in only.items() if rows
    )


def dump_library(folder: Path) -> Rows:
    """Return the rows of a library, without the ids of sentences and passages."""
    with closing(sqlite3.connect(folder / "library.sqlite")) as connection:
        dumped = {
            table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
            for table in TABLES
        }
        for table in SPLIT:
            rows = connection.execute(f"SELECT * FROM {table}").fetchall()
            dumped[table] = sorted(row[1:] for row in rows)
    return dumped


def _start(press: Path, library: Path) -> subprocess.Popen[bytes]:
    command = [MASSILIA, "ingest", str(press), "--no-build", "--library", str(library)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _count_articles(library: Path) -> int:
    if not (library / "library.sqlite").exists():
        return 0
    ended = subprocess.run(
        [MASSILIA, "articles", "--json", "--library", str(library)], capture_output=True
    )
    return len(json.loads(ended.stdout)["articles"]) if ended.returncode == 0 else 0


if __name__ == "__main__":
    main()
