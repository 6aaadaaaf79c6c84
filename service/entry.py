"""Where the commands start, before anything that they load."""

import os
from typing import NoReturn

_THREADS = "OPENBLAS_NUM_THREADS"


def main() -> NoReturn:
    """Run `massilia`."""
    limit_threads()
    from massilia.service.cli import main as run

    run()


def limit_threads() -> None:
    """Let NumPy multiply in one thread, unless the user says otherwise.

    Its threads wait by spinning: where other processes keep two cores busy, a question takes ten
    times as long with two as with one. NumPy reads this once, when it is loaded.
    """
    os.environ.setdefault(_THREADS, "1")
