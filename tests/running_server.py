"""`massilia serve` as a process, for tests of what programs and people meet."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MASSILIA = Path(sys.executable).with_name("massilia")
SECONDS = 120


@dataclass(frozen=True, slots=True)
class RunningServer:
    """Hold a server that answers; `address` is as http://127.0.0.1:41234, without a slash."""

    address: str
    errors: list[str]


def make_environment(home: Path, model_cache: Path) -> dict[str, str]:
    """Return an environment in which nothing of this user's is touched but the converted model."""
    (home / "massilia").symlink_to(model_cache)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MASSILIA_")}
    return kept | {"HOME": str(home), "XDG_CACHE_HOME": str(home), "XDG_DATA_HOME": str(home)}


@contextmanager
def run_server(
    library: Path, environment: Mapping[str, str], *options: str
) -> Iterator[RunningServer]:
    """Serve a library on a free port; it must end well, and without a traceback."""
    process = subprocess.Popen(
        [MASSILIA, "serve", "--port", "0", "--library", library, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(environment),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    errors: list[str] = []
    # Read all the time: a full pipe would stop the server.
    reader = threading.Thread(target=errors.extend, args=(process.stderr,), daemon=True)
    reader.start()
    try:
        announced = process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+(?=/$)", announced)
        assert address, (announced, errors)
        yield RunningServer(address[0], errors)
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0
        # All that it said has been read.
        reader.join(SECONDS)
        assert not any("Traceback" in line for line in errors), errors
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()
        process.stderr.close()
