"""Generations: what is computed from a library's articles, each in a folder of its own.

A generation is built aside, its `manifest.json` is written last, the folder is moved into place,
and only then is the pointer file switched to it. Whatever moment a build is stopped at, the
pointer names a complete generation, or there is none yet.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from massilia.corpus.article import Language
from massilia.index.background import Background, read_reference_sentences
from massilia.index.encoder import Advance, Encoder, Vectors
from massilia.index.errors import LibraryError, name_library
from massilia.index.store import IndexedText
from massilia.index.vectors import VectorIndex

FORMAT = 1
"""Raised when the files change, or what the encoder is given for a text."""
FOLDER = "generations"
POINTER = "CURRENT"
MANIFEST = "manifest.json"
PASSAGES = "passages.faiss"
SENTENCES = "sentences.faiss"
BACKGROUND = "background.npz"
REMEDY = "run `massilia build`"
UNFINISHED = "unfinished"
_ID = re.compile("gen-[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class FileSeal:
    """Say what a file of a generation must be."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Describe a complete generation; `id` is a hash of all the rest.

    `library_state` is the state of the articles that it was built from (see `Store.state`).
    """

    format: int
    id: str
    built_at: str
    encoder_name: str
    encoder_fingerprint: str
    dimension: int
    library_state: str
    passages: int
    sentences: int
    files: dict[str, FileSeal]


@dataclass(frozen=True, slots=True)
class Generation:
    """Hold a complete generation, opened."""

    manifest: Manifest
    passages: VectorIndex
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


def open_generation(library: Path, generation_id: str) -> Generation:
    """Open a generation after checking every file of it against its manifest.

    Raises `LibraryError`, naming the file, when one is missing or isn't what was written: a
    generation is never mended, only built anew.
    """
    folder = library / FOLDER / generation_id
    manifest = _read_manifest(folder)
    for name, seal in manifest.files.items():
        _check_file(folder / name, seal)
    try:
        return Generation(
            manifest=manifest,
            passages=VectorIndex.load(folder / PASSAGES),
            sentences=VectorIndex.load(folder / SENTENCES),
            background=Background.load(folder / BACKGROUND),
        )
    except (RuntimeError, OSError, ValueError, KeyError, BadZipFile) as error:
        raise LibraryError(f"The generation {folder} can't be opened: {error}") from error


def build_generation(
    library: Path,
    snapshot: tuple[str, Sequence[IndexedText], Sequence[IndexedText]],
    encoder: Encoder,
    previous: Generation | None = None,
    advance: Advance | None = None,
) -> Manifest:
    """Build a generation from the state, passages and sentences of a library, and switch to it.

    Vectors that `previous` holds are taken over where its encoder is the same. The caller holds
    the library's write lock.
    """
    state, passages, sentences = snapshot
    if previous and previous.manifest.encoder_fingerprint != encoder.fingerprint:
        previous = None
    # Before anything is written: what goes wrong in the encoder is no error of the library's.
    indexes = {
        name: _index_texts(texts, compose, encoder, old, advance)
        for name, texts, compose, old in (
            (PASSAGES, passages, compose_passage, previous.passages if previous else None),
            (SENTENCES, sentences, compose_sentence, previous.sentences if previous else None),
        )
    }
    background = _build_background(
        sentences, indexes[SENTENCES], encoder, previous.background.references if previous else {}
    )
    with name_library(library):
        generations = library / FOLDER
        generations.mkdir(exist_ok=True)
        with _unfinished_folder(generations) as folder:
            for name, index in indexes.items():
                index.save(folder / name)
            background.save(folder / BACKGROUND)
            manifest = Manifest(
                format=FORMAT,
                id="",
                built_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                encoder_name=encoder.name,
                encoder_fingerprint=encoder.fingerprint,
                dimension=encoder.dimension,
                library_state=state,
                passages=len(passages),
                sentences=len(sentences),
                files={
                    name: _seal_file(folder / name) for name in (PASSAGES, SENTENCES, BACKGROUND)
                },
            )
            manifest = replace(manifest, id=_hash_manifest(manifest))
            _write_file(folder / MANIFEST, json.dumps(asdict(manifest), indent=2))
            _sync_folder(folder)
            folder.rename(generations / manifest.id)
            _sync_folder(generations)
        # The generation before it is kept too, for going back without a build.
        kept = {manifest.id}
        with suppress(LibraryError):
            kept.add(current_generation_id(library) or manifest.id)
        _switch_pointer(library, manifest.id)
        _prune(generations, kept)
    return manifest


def compose_passage(passage: IndexedText) -> str:
    """Return what the encoder reads for a passage: its article's title and heading lead it."""
    return "\n".join(part for part in (passage.title, passage.heading, passage.text) if part)


def compose_sentence(sentence: IndexedText) -> str:
    """Return what the encoder reads for a sentence: the heading it stands under leads it.

    The heading often names what the sentence calls "it" or "the company".
    """
    return "\n".join(part for part in (sentence.heading or sentence.title, sentence.text) if part)


def _index_texts(
    texts: Sequence[IndexedText],
    compose: Callable[[IndexedText], str],
    encoder: Encoder,
    previous: VectorIndex | None,
    advance: Advance | None,
) -> VectorIndex:
    vectors: Vectors = np.zeros((len(texts), encoder.dimension), dtype=np.float32)
    known = previous.ids if previous is not None else frozenset()
    old = [row for row, text in enumerate(texts) if text.id in known]
    new = [row for row, text in enumerate(texts) if text.id not in known]
    if previous is not None and old:
        vectors[old] = previous.vectors([texts[row].id for row in old])
        if advance is not None:
            advance(len(old))
    if new:
        vectors[new] = encoder.encode_passages([compose(texts[row]) for row in new], advance)
    return VectorIndex.build([text.id for text in texts], vectors)


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
    path = folder / MANIFEST
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["format"] != FORMAT:
            raise LibraryError(
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
    if not folder.name == manifest.id == _hash_manifest(manifest):
        raise LibraryError(f"{path} is not the manifest that was written: {REMEDY}.")
    return manifest


def _hash_manifest(manifest: Manifest) -> str:
    content = json.dumps(asdict(replace(manifest, id="")), sort_keys=True)
    return f"gen-{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def _check_file(path: Path, seal: FileSeal) -> None:
    try:
        found = _seal_file(path)
    except OSError as error:
        raise LibraryError(f"{path} can't be read: {error.strerror}: {REMEDY}.") from error
    if found.bytes != seal.bytes:
        raise LibraryError(f"{path} has {found.bytes:,} bytes, not {seal.bytes:,}: {REMEDY}.")
    if found.sha256 != seal.sha256:
        raise LibraryError(f"{path} is not the file that was written: {REMEDY}.")


def _seal_file(path: Path) -> FileSeal:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return FileSeal(file.tell(), digest)


@contextmanager
def _unfinished_folder(generations: Path) -> Iterator[Path]:
    """Make a folder to build in, after deleting what a build that was stopped left of its own."""
    folder = generations / UNFINISHED
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        # After a rename there is nothing left here; after an error, all of it.
        shutil.rmtree(folder, ignore_errors=True)


def _switch_pointer(library: Path, generation_id: str) -> None:
    new = library / f"{POINTER}.new"
    _write_file(new, f"{generation_id}\n")
    new.replace(library / POINTER)
    _sync_folder(library)


def _prune(generations: Path, kept: set[str]) -> None:
    for folder in generations.glob("gen-*"):
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)


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
