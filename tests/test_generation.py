import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from massilia.corpus.article import Article, Language
from massilia.index.background import read_reference_sentences
from massilia.index.dense import DenseRanker
from massilia.index.encoder import Encoder
from massilia.index.encoder_input import EncoderInput, compose_passage, compose_sentence
from massilia.index.errors import LibraryError
from massilia.index.generation import (
    BACKGROUND,
    MANIFEST,
    POINTER,
    SENTENCES,
    current_generation_id,
    open_generation,
)
from massilia.index.library import Library
from massilia.index.local import TABLE, TERMS, VECTORS
from massilia.index.ranker import EncodedQuestion
from massilia.index.retriever import Retriever
from massilia.index.store import IndexedText
from massilia.ingest.document import Document


class WordEncoder(Encoder, Protocol):
    """Type the toy encoder, which is in a module that can't be imported."""

    encoded: list[str]
    fingerprint: str


CONFTEST = Path(__file__).with_name("conftest.py")
START = f"""
import json, os, resource, runpy, shutil, signal, sys
from pathlib import Path
from massilia.index.errors import LibraryError
from massilia.index.library import Library
encoder = runpy.run_path({str(CONFTEST)!r})["WordEncoder"]()
"""
KILL_AT_EVERY_STEP = """
steps = []
left = 0

def hook(module, name, at=lambda *arguments: ""):
    original = getattr(module, name)
    def hooked(*arguments, **options):
        global left
        steps.append(f"{name} {at(*arguments)}")
        left -= 1
        if left == 0:
            Path(sys.argv[2]).joinpath(str(number), "step").write_text(steps[-1])
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **options)
    setattr(module, name, hooked)

def file_name(path, *_):
    return Path(os.readlink(f"/proc/self/fd/{path}") if isinstance(path, int) else path).name

# Each child is killed just before its step, so just after the one before.
for number in range(1, 100):
    folder = Path(sys.argv[2], str(number))
    shutil.copytree(sys.argv[1], folder / "library")
    child = os.fork()
    if child == 0:
        left = number
        library = Library.open(folder / "library")
        hook(encoder, "encode_passages")
        hook(os, "mkdir", file_name)
        hook(os, "fsync", file_name)
        hook(os, "rename", file_name)
        hook(os, "replace", file_name)
        hook(shutil, "rmtree", file_name)
        library.build(encoder)
        library.close()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if not os.WIFSIGNALED(status):
        sys.exit(os.waitstatus_to_exitcode(status))
    assert os.WTERMSIG(status) == signal.SIGKILL
"""
BUILD_WITH_LIMIT = """
library = Library.open(Path(sys.argv[1]))
library.generation()
limit = (int(sys.argv[2]), resource.RLIM_INFINITY)
resource.setrlimit(resource.RLIMIT_FSIZE, limit)
try:
    library.build(encoder)
except LibraryError as error:
    print(error)
"""

PORT = "Le port vit. La mer dort."
VILLE = "La ville bouge."


def make_document(article_id: str, text: str, title: str = "") -> Document:
    article = Article(article_id, Language.FRENCH, title, text, f"{article_id}.txt")
    return Document(article, f"/nowhere/{article_id}.txt")


@pytest.fixture
def built(library: Library, toy_encoder: WordEncoder) -> Library:
    """Give a library with one generation, of one article."""
    library.put([make_document("port", PORT)])
    library.build(toy_encoder)
    return library


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a folder on a disk of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "massilia-test", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("mounting a small disk is not permitted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def generation_names(library: Library) -> set[str]:
    return {path.name for path in (library.path / "generations").iterdir()}


def current_folder(library: Library) -> Path:
    return library.path / "generations" / str(current_generation_id(library.path))


def find(library: Library, encoder: Encoder, question: str) -> list[str]:
    """Return the texts of the sentences found, those that share no word left out."""
    generation = library.generation()
    assert generation is not None
    ranker = DenseRanker(generation.index)
    retriever = Retriever(library.store, generation, ranker)
    asked = EncodedQuestion.encode(question, Language.FRENCH, encoder)
    found = []
    for each in retriever.rank_sentences(asked, retriever.retrieve(asked, 10)):
        article = library.store.article(each.sentence.article_id)
        assert article is not None
        if each.score > 0:
            found.append(article.text[each.sentence.start : each.sentence.end])
    return found


def run_python(code: str, *arguments: object) -> str:
    command = [sys.executable, "-c", START + code, *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


@pytest.mark.parametrize(
    ("title", "heading", "passage", "sentence"),
    [
        ("Titre", "Le port", "Titre\nLe port\nIl vit.", "Le port\nIl vit."),
        ("Titre", None, "Titre\nIl vit.", "Titre\nIl vit."),
    ],
)
def test_what_the_encoder_reads_is_led_by_title_and_heading(
    title: str, heading: str | None, passage: str, sentence: str
) -> None:
    text = IndexedText(7, Language.FRENCH, title, heading, "Il vit. Vit.", (7, 12))
    for compose, expected in ((compose_passage, passage), (compose_sentence, sentence)):
        composed = compose(text)
        start = len(expected) - len("Il vit.")
        assert composed == EncoderInput(7, f"{expected} Vit.", start, (start + 7, start + 12))


def test_a_generation_is_a_folder_that_says_what_it_was_built_from(
    built: Library, toy_encoder: WordEncoder
) -> None:
    folder = current_folder(built)
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {BACKGROUND, MANIFEST, VECTORS, SENTENCES, TABLE} < files
    assert {name.split("/")[0] for name in files if "/" in name} == {TERMS}
    values = json.loads((folder / MANIFEST).read_text())
    assert (values["passages"], values["sentences"], values["dimension"]) == (1, 2, 4096)
    assert (values["encoder_name"], values["encoder_fingerprint"]) == ("words", "words-1")
    assert values["library_state"] == built.store.state()
    assert values["id"] == folder.name
    assert set(values["files"]) == files - {MANIFEST}
    assert all(
        seal["bytes"] == (folder / name).stat().st_size for name, seal in values["files"].items()
    )
    assert sorted(path.name for path in built.path.iterdir() if path.is_dir()) == ["generations"]
    assert not (built.path / f"{POINTER}.new").exists()


def test_a_generation_may_be_read_by_whom_the_library_may(built: Library) -> None:
    assert current_folder(built).stat().st_mode == built.path.stat().st_mode


def test_the_previous_generation_is_kept_and_older_ones_are_not(
    built: Library, toy_encoder: WordEncoder
) -> None:
    ids = [current_folder(built).name]
    # The time on a folder says nothing: copies and restored backups have any.
    os.utime(current_folder(built), (0, 0))
    for _ in range(3):
        ids.append(built.build(toy_encoder).id)
        assert generation_names(built) == set(ids[-2:])
        assert current_generation_id(built.path) == ids[-1]
        os.utime(current_folder(built), (2**31, 2**31))
    assert len(set(ids)) == 4


def take_encoded(encoder: WordEncoder) -> list[str]:
    """Empty the list of what was encoded; the reference sentences are not the library's."""
    references = read_reference_sentences(Language.FRENCH)
    encoded = [text for text in encoder.encoded if text not in references]
    encoder.encoded.clear()
    return encoded


def test_a_build_encodes_only_what_is_new(built: Library, toy_encoder: WordEncoder) -> None:
    assert take_encoded(toy_encoder) == [PORT, "Le port vit.", "La mer dort."]
    built.build(toy_encoder)
    assert take_encoded(toy_encoder) == []
    built.put([make_document("ville", VILLE)])
    built.build(toy_encoder)
    assert take_encoded(toy_encoder) == [VILLE, VILLE]
    assert find(built, toy_encoder, "mer") == ["La mer dort."]
    assert find(built, toy_encoder, "ville") == [VILLE]


def test_another_encoder_encodes_everything_anew(built: Library, toy_encoder: WordEncoder) -> None:
    take_encoded(toy_encoder)
    toy_encoder.fingerprint = "words-2"
    assert built.build(toy_encoder).encoder_fingerprint == "words-2"
    assert take_encoded(toy_encoder) == [PORT, "Le port vit.", "La mer dort."]


def test_vectors_are_not_taken_over_for_the_texts_of_a_library_made_anew(
    built: Library, toy_encoder: WordEncoder
) -> None:
    built.close()
    built.store.path.unlink()
    anew = Library.create(built.path)
    anew.put([make_document("ville", "La ville bouge. Le tram roule.")])
    assert not anew.is_built()
    assert find(anew, toy_encoder, "port") == []
    anew.build(toy_encoder)
    assert find(anew, toy_encoder, "tram") == ["Le tram roule."]
    anew.close()


def test_an_error_of_the_encoder_is_not_blamed_on_the_library(
    built: Library, toy_encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error", "model.bin")

    monkeypatch.setattr(toy_encoder, "encode_passages", fail)
    built.put([make_document("ville", VILLE)])
    before = generation_names(built)
    with pytest.raises(OSError, match=r"model\.bin"):
        built.build(toy_encoder)
    assert generation_names(built) == before


def read_files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "truncated":
        path.write_bytes(content[:-1])
    elif how == "emptied":
        path.write_bytes(b"")
    else:
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])


@pytest.mark.parametrize("how", ["changed", "truncated", "emptied", "missing"])
@pytest.mark.parametrize(
    "name", [BACKGROUND, MANIFEST, VECTORS, SENTENCES, TABLE, f"{TERMS}/fr/rows.npy"]
)
def test_a_damaged_file_is_refused_by_name_and_left_alone(
    built: Library, toy_encoder: WordEncoder, name: str, how: str
) -> None:
    folder = current_folder(built)
    damage(folder / name, how)
    left = read_files(folder)
    opened = Library.open(built.path)
    with pytest.raises(LibraryError, match=rf"{folder}.*{name}.*run `massilia build`\.$"):
        opened.generation()
    if how == "truncated" and name != MANIFEST:
        size = len(left[folder / name])
        with pytest.raises(LibraryError, match=f"{name} has {size:,} bytes, not {size + 1:,}"):
            opened.generation()
    opened.build(toy_encoder)
    assert read_files(folder) == left
    assert find(opened, toy_encoder, "mer") == ["La mer dort."]
    opened.close()


def test_every_byte_of_a_manifest_counts(built: Library) -> None:
    """A changed byte is refused by name, unless the values it stands for are the same."""
    path = current_folder(built) / MANIFEST
    content = path.read_bytes()
    before = json.loads(content)
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= 1
        path.write_bytes(changed)
        try:
            same = json.loads(changed) == before
        except ValueError:
            same = False
        if not same:
            with pytest.raises(LibraryError, match=MANIFEST):
                open_generation(built.path, before["id"])


def test_a_generation_under_another_name_is_refused(built: Library) -> None:
    copy = f"gen-{0:016x}"
    shutil.copytree(current_folder(built), built.path / "generations" / copy)
    (built.path / POINTER).write_text(copy)
    with pytest.raises(LibraryError, match=f"{copy}.*is not the manifest that was written"):
        built.generation()


@pytest.mark.parametrize("version", [0, 2, 4, "3", None])
def test_a_manifest_of_another_format_is_refused_whatever_else_it_says(
    built: Library, version: object
) -> None:
    path = current_folder(built) / MANIFEST
    path.write_text(json.dumps({"format": version, "novelty": 1}))
    reason = rf"{path} has format {version!r}, this version of Massilia reads 3"
    with pytest.raises(LibraryError, match=reason):
        Library.open(built.path).generation()


@pytest.mark.parametrize("content", ["[]", "{}", "1", "\0", '{"format": 3}', '{"format": 3,'])
def test_a_file_that_is_no_manifest_is_refused(built: Library, content: str) -> None:
    path = current_folder(built) / MANIFEST
    path.write_text(content)
    with pytest.raises(LibraryError, match=f"{path} is not a manifest"):
        open_generation(built.path, path.parent.name)


@pytest.mark.parametrize(
    ("pointer", "reason"),
    [
        (f"gen-{0:016x}".encode(), "gen-0000000000000000 is incomplete: no manifest.json"),
        (b"", "CURRENT names no generation: ''"),
        (b"../elsewhere", "CURRENT names no generation: '../elsewhere'"),
        (b"gen-\0", "CURRENT names no generation"),
        (b"\xff\xfe", "CURRENT names no generation"),
    ],
)
def test_a_pointer_that_names_no_generation_is_refused_until_the_next_build(
    built: Library, toy_encoder: WordEncoder, pointer: bytes, reason: str
) -> None:
    (built.path / POINTER).write_bytes(pointer)
    opened = Library.open(built.path)
    with pytest.raises(LibraryError, match=reason):
        opened.generation()
    opened.build(toy_encoder)
    assert find(opened, toy_encoder, "mer") == ["La mer dort."]
    opened.close()


def test_a_build_killed_at_any_step_leaves_a_library_that_answers(
    built: Library, toy_encoder: WordEncoder, tmp_path: Path
) -> None:
    """Between the pointer's old and new generation there is nothing: one of them answers."""
    first = str(current_generation_id(built.path))
    built.put([make_document("ville", VILLE)])
    built.close()
    folders = tmp_path / "killed"
    run_python(KILL_AT_EVERY_STEP, built.path, folders)
    steps = []
    switched = []
    for number in range(1, len(list(folders.iterdir()))):
        step = (folders / str(number) / "step").read_text()
        library = Library.open(folders / str(number) / "library")
        current = library.generation()
        assert current is not None, step
        old = current.id == first
        assert find(library, toy_encoder, "mer") == ["La mer dort."], step
        assert find(library, toy_encoder, "ville") == ([] if old else [VILLE]), step
        assert library.is_built() is not old, step
        new = library.build(toy_encoder)
        assert generation_names(library) == {current.id, new.id}, step
        assert find(library, toy_encoder, "ville") == [VILLE], step
        steps.append(step)
        switched.append(not old)
        library.close()
    names = [step.rsplit(" ", 1)[0] for step in steps]
    assert {"encode_passages", "mkdir", "fsync", "rename", "replace", "rmtree"} <= set(names)
    # Only what comes after the pointer was replaced sees the new generation.
    assert switched == [index > names.index("replace") for index in range(len(steps))]
    assert any(switched)
    order = [f"fsync {name}" for name in (TABLE, VECTORS, SENTENCES, BACKGROUND, MANIFEST)]
    order += ["rename unfinished", f"fsync {POINTER}.new", f"replace {POINTER}.new"]
    assert [step for step in steps if step in order] == order


@pytest.mark.parametrize("limit", [0, 100, 20_000, 35_000, 60_000, 900_000])
def test_a_build_that_can_not_write_its_files_loses_nothing(
    built: Library, toy_encoder: WordEncoder, limit: int
) -> None:
    """A passage's vector has 16,384 bytes: each limit stops the build at another byte."""
    built.put([make_document("ville", VILLE)])
    before = generation_names(built)
    output = run_python(BUILD_WITH_LIMIT, built.path, limit)
    assert output == f"The library {built.path}: File too large.\n"
    assert generation_names(built) == before
    assert find(built, toy_encoder, "mer") == ["La mer dort."]
    built.build(toy_encoder)
    assert find(built, toy_encoder, "ville") == [VILLE]


def test_a_full_disk_loses_nothing(full_disk: Path, toy_encoder: WordEncoder) -> None:
    library = Library.create(full_disk / "library")
    library.put([make_document("port", PORT)])
    library.build(toy_encoder)
    library.put([make_document("ville", VILLE)])
    before = generation_names(library)
    ballast = full_disk / "ballast"
    for room in (0, 4_096, 40_960, 90_112, 200_704):
        ballast.write_bytes(bytes(shutil.disk_usage(full_disk).free - room))
        with pytest.raises(LibraryError, match=f"{library.path}: No space left on device"):
            library.build(toy_encoder)
        with pytest.raises(LibraryError, match=f"{library.path}: (database or )?disk"):
            library.put([make_document("mer", "La mer dort. " * 20_000)])
        assert generation_names(library) == before
        assert find(library, toy_encoder, "mer") == ["La mer dort."]
        opened = Library.open(library.path)
        assert find(opened, toy_encoder, "mer") == ["La mer dort."]
        opened.close()
        ballast.unlink()
    library.build(toy_encoder)
    assert find(library, toy_encoder, "ville") == [VILLE]
    assert library.store.article("mer") is None
    library.close()
