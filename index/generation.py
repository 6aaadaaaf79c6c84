"""Generations: what is computed from a library's articles, each in a folder of its own.

A generation is built aside, its `manifest.json` is written last, the folder is moved into place,
and only then is the pointer file switched to it. Whatever moment a build is stopped at, the
pointer names a complete generation, or there is none yet.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern
from massilia.index.background import Background, read_reference_sentences
from massilia.index.checkpoint import Checkpoint
from massilia.index.encoder import Advance, Encoder, TokenEncoder, Vectors
from massilia.index.encoder_input import EncoderInput, compose_passage, compose_sentence
from massilia.index.engine import LOCAL, Engine
from massilia.index.errors import LibraryError, OutdatedError, name_library
from massilia.index.local import LocalIndex
from massilia.index.passage_index import PassageIndex
from massilia.index.store import IndexedText, Snapshot
from massilia.index.token_codec import TokenCodec, learn_codec
from massilia.index.token_store import TokenStore
from massilia.index.vectors import VectorIndex

FORMAT = 3
"""Raised when the files change, or what the encoder is given for a text."""
FOLDER = "generations"
POINTER = "CURRENT"
MANIFEST = "manifest.json"
SENTENCES = "sentences.faiss"
BACKGROUND = "background.npz"
HASHED_BYTES = 64 * 1024 * 1024
"""Of a larger file only the length is compared when a generation is opened: at a million passages
hashing the tokens would take a minute. They are checked as they are read."""
REMEDY = "run `massilia build`"
UNFINISHED = "unfinished"
_ID = Pattern("gen-[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class FileSeal:
    """Say what a file of a generation must be."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Describe a complete generation; `id` is a hash of all the rest.

    `library_state` is the state of the articles that it was built from (see `Store.state`), and
    `engine` names what it is searched in.
    """

    format: int
    id: str
    built_at: str
    encoder_name: str
    encoder_fingerprint: str
    dimension: int
    library_state: str
    engine: str
    passages: int
    sentences: int
    files: dict[str, FileSeal]


@dataclass(frozen=True, slots=True)
class Generation:
    """Hold a complete generation, opened.

    `index` is what its passages are searched in; `local` is that of its own files.
    """

    manifest: Manifest
    local: LocalIndex
    index: PassageIndex
    sentences: VectorIndex
    background: Background

    @property
    def id(self) -> str:
        """Name the generation."""
        return self.manifest.id


def current_generation_id(library: Path) -> str | None:
    """Return the id that the pointer of the library names, or None before the first build."""
    pointer = library / POINTER
    with name_library(library):
        try:
            generation_id = pointer.read_text(encoding="utf-8", errors="replace").strip()
        except FileNotFoundError:
            return None
    if not _ID.fullmatch(generation_id):
        raise LibraryError(f"{pointer} names no generation: {generation_id!r}: {REMEDY}.")
    return generation_id


def open_generation(library: Path, generation_id: str, engine: Engine = LOCAL) -> Generation:
    """Open a generation after checking every file of it against its manifest.

    Raises `LibraryError`, naming the file, when one is missing or isn't what was written: a
    generation is never mended, only built anew. Raises `OutdatedError` for one that an earlier
    version built, or that was built for another engine.
    """
    generation = read_generation(library, generation_id)
    built_for = generation.manifest.engine
    if built_for != engine.name:
        raise OutdatedError(
            f"The library {library} was built for the engine {built_for!r}, not {engine.name!r}: "
            f"{REMEDY}."
        )
    return replace(generation, index=engine.open(generation_id, generation.local))


def read_generation(library: Path, generation_id: str) -> Generation:
    """Open a generation's own files, whatever engine it was built for.

    Raises errors as `open_generation` does.
    """
    folder = library / FOLDER / generation_id
    manifest = _read_manifest(folder)
    for name, seal in manifest.files.items():
        _check_file(folder / name, seal)
    try:
        local = LocalIndex.open(folder)
        return Generation(
            manifest=manifest,
            local=local,
            index=local,
            sentences=VectorIndex.load(folder / SENTENCES),
            background=Background.load(folder / BACKGROUND),
        )
    except (RuntimeError, OSError, ValueError, KeyError, BadZipFile) as error:
        raise LibraryError(f"The generation {folder} can't be opened: {error}") from error


def build_generation(
    library: Path,
    snapshot: Snapshot,
    encoder: Encoder,
    previous: Generation | None = None,
    advance: Advance | None = None,
    engine: Engine = LOCAL,
) -> Manifest:
    """Build a generation from what a library holds, and switch to it.

    What the files of `previous` hold is taken over where its encoder is the same, and so is what a
    build that was stopped has encoded. The caller holds the library's write lock.
    """
    # Not after hours of encoding.
    engine.check()
    if previous and previous.manifest.encoder_fingerprint != encoder.fingerprint:
        previous = None
    checkpoint = Checkpoint(library, encoder)
    codec = _choose_codec(encoder, previous, checkpoint)
    vectors, tokens = _encode(
        checkpoint,
        "passages",
        [compose_passage(passage) for passage in snapshot.passages],
        previous.local.passage_vectors if previous else None,
        codec,
        advance,
    )
    if previous and previous.local.tokens:
        tokens.append(previous.local.tokens)
    inputs = [compose_sentence(sentence) for sentence in snapshot.sentences]
    sentence_vectors, _ = _encode(
        checkpoint, "sentences", inputs, previous.sentences if previous else None, None, advance
    )
    sentences = VectorIndex.build([text.id for text in inputs], sentence_vectors)
    background = _build_background(
        snapshot.sentences, sentences, encoder, previous.background.references if previous else {}
    )
    with name_library(library):
        generations = library / FOLDER
        generations.mkdir(exist_ok=True)
        with _unfinished_folder(generations, engine) as folder:
            LocalIndex.build(
                folder,
                snapshot.rows,
                snapshot.passages,
                vectors,
                tokens,
                codec,
                previous.local if previous else None,
            )
            sentences.save(folder / SENTENCES)
            background.save(folder / BACKGROUND)
            manifest = Manifest(
                format=FORMAT,
                id="",
                built_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                encoder_name=encoder.name,
                encoder_fingerprint=encoder.fingerprint,
                dimension=encoder.dimension,
                library_state=snapshot.state,
                engine=engine.name,
                passages=len(snapshot.passages),
                sentences=len(snapshot.sentences),
                files={
                    path.relative_to(folder).as_posix(): _seal_file(path)
                    for path in sorted(folder.rglob("*"))
                    if path.is_file()
                },
            )
            manifest = replace(manifest, id=_hash_manifest(manifest))
            _write_file(folder / MANIFEST, json.dumps(asdict(manifest), indent=2))
            _sync_folder(folder)
            # After the manifest, which says what to drop if this is stopped half-way.
            engine.fill(manifest.id, snapshot, LocalIndex.open(folder))
            folder.rename(generations / manifest.id)
            _sync_folder(generations)
        # The generation before it is kept too, for going back without a build.
        kept = {manifest.id}
        with suppress(LibraryError):
            kept.add(current_generation_id(library) or manifest.id)
        _switch_pointer(library, manifest.id)
        _prune(generations, kept, engine)
    checkpoint.clear()
    return manifest


def _choose_codec(
    encoder: Encoder, previous: Generation | None, checkpoint: Checkpoint
) -> TokenCodec | None:
    """Return what makes bytes of tokens, unless the encoder has none: what was used before."""
    if not isinstance(encoder, TokenEncoder):
        return None
    used = previous.local.codec if previous else None
    return used or checkpoint.codec() or learn_codec(encoder)


def _encode(
    checkpoint: Checkpoint,
    kind: str,
    inputs: Sequence[EncoderInput],
    known: VectorIndex | None,
    codec: TokenCodec | None,
    advance: Advance | None,
) -> tuple[Vectors, list[TokenStore]]:
    """Return the vectors of texts, and stores that hold the tokens of those that weren't known."""
    vectors: Vectors = np.zeros((len(inputs), checkpoint.dimension), dtype=np.float32)
    rows = {text.id: row for row, text in enumerate(inputs)}
    held = set() if known is None else set(known.ids.tolist())
    old = [text.id for text in inputs if text.id in held]
    if known is not None and old:
        vectors[[rows[each] for each in old]] = known.vectors(old)
        if advance is not None:
            advance(len(old))
    new = [rows[each] for each in rows.keys() - set(old)]
    stores = []
    for chunk in checkpoint.encode(kind, [inputs[row] for row in sorted(new)], codec, advance):
        vectors[[rows[each] for each in chunk.ids.tolist()]] = chunk.vectors
        if chunk.tokens is not None:
            stores.append(chunk.tokens)
    return vectors, stores


def _build_background(
    sentences: Sequence[IndexedText],
    index: VectorIndex,
    encoder: Encoder,
    previous: Mapping[Language, Vectors],
) -> Background:
    vectors, references = {}, {}
    for language in Language:
        ids = [sentence.id for sentence in sentences if sentence.language is language]
        if not ids:
            continue
        vectors[language] = index.vectors(ids)
        references[language] = (
            previous[language]
            if language in previous
            else encoder.encode_passages(read_reference_sentences(language))
        )
    return Background.build(vectors, references)


def _read_manifest(folder: Path) -> Manifest:
    manifest = _parse_manifest(folder)
    if folder.name != manifest.id:
        raise LibraryError(f"{folder / MANIFEST} is not the manifest that was written: {REMEDY}.")
    return manifest


def _parse_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["format"] != FORMAT:
            raise OutdatedError(
                f"{path} has format {values['format']!r}, this version of Massilia reads "
                f"{FORMAT}: {REMEDY}."
            )
        files = {name: FileSeal(**seal) for name, seal in values.pop("files").items()}
        manifest = Manifest(**values, files=files)
    except FileNotFoundError as error:
        raise LibraryError(
            f"The generation {folder} is incomplete: no {MANIFEST}: {REMEDY}."
        ) from error
    except OSError as error:
        raise LibraryError(f"{path} can't be read: {error.strerror}.") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise LibraryError(f"{path} is not a manifest: {error!r}: {REMEDY}.") from error
    if manifest.id != _hash_manifest(manifest):
        raise LibraryError(f"{path} is not the manifest that was written: {REMEDY}.")
    return manifest


def _hash_manifest(manifest: Manifest) -> str:
    content = json.dumps(asdict(replace(manifest, id="")), sort_keys=True)
    return f"gen-{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def _check_file(path: Path, seal: FileSeal) -> None:
    try:
        size = path.stat().st_size
        changed = size <= HASHED_BYTES and _seal_file(path) != seal
    except OSError as error:
        raise LibraryError(f"{path} can't be read: {error.strerror}: {REMEDY}.") from error
    if size != seal.bytes:
        raise LibraryError(f"{path} has {size:,} bytes, not {seal.bytes:,}: {REMEDY}.")
    if changed:
        raise LibraryError(f"{path} is not the file that was written: {REMEDY}.")


def _seal_file(path: Path) -> FileSeal:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return FileSeal(file.tell(), digest)


@contextmanager
def _unfinished_folder(generations: Path, engine: Engine) -> Iterator[Path]:
    """Make a folder to build in, after deleting what a build that was stopped left of its own."""
    folder = generations / UNFINISHED
    _delete(folder, engine)
    folder.mkdir()
    try:
        yield folder
    finally:
        # After a rename there is nothing left here; after an error, all of it.
        with suppress(LibraryError):
            _delete(folder, engine)


def _delete(folder: Path, engine: Engine) -> None:
    """Delete a generation and what the engine holds of it; raises `LibraryError`.

    Where the engine can't be reached, the folder stays, to be deleted by a later build.
    """
    try:
        manifest = _parse_manifest(folder)
    except LibraryError:
        # Without a whole manifest the engine was never asked to hold it.
        manifest = None
    if manifest and manifest.engine == engine.name:
        engine.drop(manifest.id)
    shutil.rmtree(folder, ignore_errors=True)


def _switch_pointer(library: Path, generation_id: str) -> None:
    new = library / f"{POINTER}.new"
    _write_file(new, f"{generation_id}\n")
    new.replace(library / POINTER)
    _sync_folder(library)


def _prune(generations: Path, kept: set[str], engine: Engine) -> None:
    for folder in generations.glob("gen-*"):
        if folder.name not in kept:
            with suppress(LibraryError):
                _delete(folder, engine)


def _write_file(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    # A rename lasts through a power cut only once its folder is on the disk too.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
