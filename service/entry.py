"""Where the commands start, before anything that they load."""

import gc
import os
from typing import NoReturn

_THREADS = "OPENBLAS_NUM_THREADS"


def main() -> NoReturn:
    """Run `massilia`."""
    limit_threads()
    # What is loaded stays: to look through it for garbage, now and at the end, takes 0.05 s of an
    # answer's 0.55.
    gc.disable()
    from massilia.service.cli import main as run

    gc.freeze()
    gc.enable()
    run()


def limit_threads() -> None:
    """Let NumPy multiply in one thread, unless the user says otherwise.

    Its threads wait by spinning: where other processes keep two cores busy, a question takes ten
    times as long with two as with one. NumPy reads this once, when it is loaded.
    """
    os.environ.setdefault(_THREADS, "1")
