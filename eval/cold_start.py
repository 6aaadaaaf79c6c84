"""Cold starts: what the first answer of a new process costs."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from massilia.corpus.article import Language
from massilia.corpus.errors import MassiliaError
from massilia.service.settings import ENCODER_VARIABLE

_ASK = "from massilia.service.entry import main; main()"
_KIBIBYTES_A_MEBIBYTE = 1024


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Say what `massilia ask` took: seconds on the clock, and its memory at the most."""

    seconds: float
    peak_mebibytes: float


def measure_cold_start(
    library: Path, question: str, language: Language, encoder: str | None
) -> ColdStart:
    """Run `massilia ask` in a process of its own, from its start to its end.

    The files that it reads are likely to be in the system's cache. Raises `MassiliaError` when it
    fails.
    """
    environ = dict(os.environ)
    environ.pop(ENCODER_VARIABLE, None)
    if encoder is not None:
        environ[ENCODER_VARIABLE] = encoder
    words = ["ask", "--language", language, "--library", str(library), "--json", "--", question]
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", _ASK, *words],
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    with process:
        assert process.stderr is not None
        told = process.stderr.read()
        # Not `wait`: only this call tells how much memory this one child had.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    if process.returncode:
        lines = told.decode("utf-8", errors="replace").strip().splitlines()
        raise MassiliaError(f"`massilia ask` failed: {lines[-1] if lines else 'it said nothing'}")
    return ColdStart(seconds, usage.ru_maxrss / _KIBIBYTES_A_MEBIBYTE)
