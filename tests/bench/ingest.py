"""Measure the ingest: articles a second, how it grows, and a second run over the same files.

    python -m tests.bench.ingest [--size 1000 --size 5000 --size 20000] [--encode]

With `--encode` the index is built too, the first time and the second.
"""

import argparse
import resource
import time
from contextlib import closing
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from platformdirs import user_cache_path

from massilia.index.change import Outcome
from massilia.index.library import Library
from massilia.service.cli import prepare_encoder
from massilia.service.ingestion import IngestOptions, ingest_inputs
from massilia.service.progress import show_progress
from massilia.service.settings import Settings
from tests.bench.press_files import write_files

SETTLED = 2.5
"""Seconds after which a file's stamp is trusted."""


def main() -> None:
    """Measure each size and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", type=int, action="append", help="files; may be repeated")
    parser.add_argument("--encode", action="store_true", help="build the index too")
    options = parser.parse_args()
    for size in options.size or (1_000, 5_000, 20_000):
        with TemporaryDirectory() as folder:
            measure(Path(folder), size, options.encode)


def measure(folder: Path, size: int, encode: bool) -> None:
    """Ingest so many files twice and print what it took."""
    write_files(folder / "press", size)
    time.sleep(SETTLED)
    with closing(Library.create(folder / "library")) as library:
        first, put = _ingest(library, folder / "press")
        assert put[Outcome.ADDED] == size, put
        second, left = _ingest(library, folder / "press")
        assert left[Outcome.UNCHANGED] == size, left
        megabytes = library.store.path.stat().st_size / 1e6
        print(
            f"{size} files: {first:.1f} s, {size / first:.0f} articles a second, "
            f"library {megabytes:.1f} MB; again, unchanged: {second:.2f} s, "
            f"{first / second:.0f} times as fast; peak {_read_peak():.0f} MB",
            flush=True,
        )
        if encode:
            encoder = prepare_encoder(Settings(folder, True, user_cache_path("massilia"), None))
            start = time.perf_counter()
            library.build(encoder)
            built = time.perf_counter() - start
            start = time.perf_counter()
            _ingest(library, folder / "press")
            built_already = library.is_built(encoder)
            again = time.perf_counter() - start
            assert built_already
            print(
                f"    encoded and built: {built:.1f} s, {size / (first + built):.1f} articles a "
                f"second with the reading; again: {(first + built) / again:.0f} times as fast",
                flush=True,
            )


def _ingest(library: Library, folder: Path) -> tuple[float, dict[Outcome, int]]:
    start = time.perf_counter()
    options = IngestOptions(date.today())
    ingested = ingest_inputs(library, [str(folder)], options, show_progress)
    seconds = time.perf_counter() - start
    counts = {
        outcome: sum(each.outcome is outcome for each in ingested.changes) for outcome in Outcome
    }
    return seconds, counts


def _read_peak() -> float:
    """Return the peak memory of this process and of the largest of its children, in MB."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(resource.getrusage(each).ru_maxrss for each in who) / 1024


if __name__ == "__main__":
    main()
