"""Compare the packaged encoder run by onnxruntime with sentence-transformers, in one run.

    python -m tests.bench.encoding

Both encode the same passages of the embedded corpus in turns, so that what else the machine does
slows both; sentence-transformers has its default settings. More passages and rounds tell more
exactly: `--passages 1000 --rounds 5`.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from platformdirs import user_cache_path

from massilia.corpus.embedded import list_embedded_articles
from massilia.index.onnx_encoder import OnnxEncoder, open_onnx_encoder
from massilia.index.packaged_model import ensure_packaged_model
from massilia.ingest.documents import read_article
from massilia.ingest.passages import split_passages

STARTS = 5
QUESTION = "Combien de câbles sous-marins arrivent à Marseille ?"
IMPORTS = "import faiss, numpy, onnxruntime, tokenizers"
FIRST_QUESTION = """
import faiss, sys
from pathlib import Path
from platformdirs import user_cache_path

from massilia.corpus.embedded import list_embedded_articles
from massilia.index.onnx_encoder import open_onnx_encoder
open_onnx_encoder(Path(sys.argv[1])).encode_question_tokens("la mer")
"""
MEMORY = """
import sys
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from platformdirs import user_cache_path

from massilia.corpus.embedded import list_embedded_articles
from massilia.index.onnx_encoder import open_onnx_encoder
encoder = open_onnx_encoder(Path(sys.argv[1]))
for number in range(50):
    encoder.encode_question_tokens(f"Que s'est-il passé à Marseille en {1970 + number} ?")
print(getrusage(RUSAGE_SELF).ru_maxrss // 1024)
"""


def measure(call: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def run_python(code: str, cache: Path) -> str:
    command = [sys.executable, "-c", code, str(cache)]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def compare_starts(cache: Path) -> None:
    imports, starts = [], []
    for _ in range(STARTS):
        imports.append(measure(lambda: run_python(IMPORTS, cache)))
        starts.append(measure(lambda: run_python(FIRST_QUESTION, cache)))
    for name, pick in (("median", statistics.median), ("min", min)):
        first, imported = pick(starts), pick(imports)
        print(f"first question {first:.2f} s, {first / imported:.2f} times the imports ({name})")
    print(f"peak memory after 50 questions: {run_python(MEMORY, cache).strip()} MB")


def time_questions(encoder: OnnxEncoder) -> None:
    def ask(_: int = 0) -> None:
        encoder.encode_question_tokens(QUESTION)

    alone = statistics.median(measure(ask) for _ in range(100))
    with ThreadPoolExecutor(4) as threads:
        taken = measure(lambda: list(threads.map(ask, range(200))))
    print(f"question: {1000 * alone:.1f} ms alone, {200 / taken:.0f} a second from four threads")


def compare_passages(
    encoder: OnnxEncoder, cache: Path, passages: Sequence[str], rounds: int
) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(ensure_packaged_model(cache)), local_files_only=True)
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(measure(lambda: model.encode(passages, prompt="passage: ")))
        ours.append(measure(lambda: encoder.encode_passages(passages)))
    rates = [len(passages) / statistics.median(each) for each in (ours, theirs)]
    print(f"passages a second: {rates[0]:.1f} and {rates[1]:.1f}: {rates[0] / rates[1]:.2f}")


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--passages", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    cache = user_cache_path("massilia")
    encoder = open_onnx_encoder(cache)
    compare_starts(cache)
    time_questions(encoder)
    compare_passages(encoder, cache, read_passages(arguments.passages), arguments.rounds)


def read_passages(number: int) -> list[str]:
    """Return the texts of so many passages from all parts of the embedded corpus."""
    articles = [read_article(path) for path in list_embedded_articles()]
    texts = [
        article.text[passage.start : passage.end]
        for article in articles
        for passage in split_passages(article).passages
    ]
    return texts[:: max(len(texts) // number, 1)][:number]


if __name__ == "__main__":
    main()
