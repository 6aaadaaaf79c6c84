"""Measure how soon `massilia ask` answers, and the memory that `massilia serve` needs.

    python -m tests.bench.start

The first is compared with a bare import of the libraries that it can't do without, in turns: it
should take at most three times as long. A server that has answered fifty questions from the
embedded library should have needed at most 700 MB, and must not have loaded torch.

Both commands find their modules compiled, as pip leaves those of what it installs: where
PYTHONDONTWRITEBYTECODE is set, a checkout's own would be compiled anew by each command.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import Request, urlopen

from tests.bench.embedded import open_embedded_library, read_memory, read_questions

MASSILIA = str(Path(sys.executable).with_name("massilia"))
IMPORTS = [sys.executable, "-c", "import onnxruntime, tokenizers, numpy, faiss"]
ASK = [MASSILIA, "ask", "Combien de câbles sous-marins arrivent à Marseille ?"]
REPETITIONS = 11
QUESTIONS = 50


def main() -> None:
    """Measure both and print them."""
    with open_embedded_library():
        pass  # what is only done the first time is done now
    compare_starts()
    measure_server()


def compare_starts() -> None:
    """Print how long an answer takes from the start of the process, and the bare imports."""
    imports, answers = [], []
    with TemporaryDirectory() as folder:
        environ = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        for command in (IMPORTS, ASK):
            _time(command, environ)
        for _ in range(REPETITIONS):
            imports.append(_time(IMPORTS, environ))
            answers.append(_time(ASK, environ))
    for name, pick in (("median", statistics.median), ("min", min)):
        bare, answered = pick(imports), pick(answers)
        print(f"ask {answered:.2f} s, imports {bare:.2f} s: {answered / bare:.2f} times ({name})")


def measure_server() -> None:
    """Print the peak memory of a server after some questions, and whether torch is loaded."""
    command = [MASSILIA, "serve", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        address = re.search(r"http://\S+?(?=/?\s)", server.stdout.readline())
        assert address is not None
        for question in read_questions(QUESTIONS):
            body = json.dumps({"question": question.question}).encode()
            headers = {"Content-Type": "application/json"}
            with urlopen(Request(f"{address[0]}/v1/answer", body, headers)) as response:
                response.read()
        memory = read_memory(str(server.pid))
        torch = "torch" in Path("/proc", str(server.pid), "maps").read_text()
        print(
            f"serve: {memory['VmHWM']:.0f} MB at its peak after {QUESTIONS} questions, "
            f"torch {'IS' if torch else 'is not'} loaded"
        )
    finally:
        server.terminate()
        server.wait()


def _time(command: list[str], environ: Mapping[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True, env=environ)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
