"""What is searched where: a library on this machine, in Milvus, and on the way between them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
from starlette.testclient import TestClient

from massilia.corpus.article import Article, Language
from massilia.corpus.embedded import list_embedded_articles
from massilia.index import parallel_encoding
from massilia.index.dense import DenseRanker
from massilia.index.encoder import Encoder, Vectors
from massilia.index.errors import LibraryError, OutdatedError
from massilia.index.generation import MANIFEST, UNFINISHED, current_generation_id
from massilia.index.library import Library
from massilia.index.local import LocalIndex
from massilia.index.milvus import MilvusIndex, name_collection
from massilia.index.milvus_engine import MilvusEngine
from massilia.index.parallel_encoding import ParallelEncoder
from massilia.index.passage_index import PassageIndex
from massilia.index.ranker import EncodedQuestion
from massilia.index.retriever import Retriever
from massilia.index.store import Snapshot
from massilia.ingest.document import Document
from massilia.ingest.documents import read_article
from massilia.service.answer import Answer
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.cli import cli, open_answerer, run_command_line
from massilia.service.question import Question
from massilia.service.settings import Settings

CONFTEST = Path(__file__).with_name("conftest.py")
DEVELOPMENT = Path(__file__).parent.parent / "corpus" / "questions" / "dev.jsonl"
TOPICS = {"cable-2africa", "gemalto", "hub-rank", "medinsoft", "seamewe"}
MASSILIA = Path(sys.executable).with_name("massilia")
CLOSED = "http://127.0.0.1:9"
needs_milvus = pytest.mark.skipif(
    not (find_spec("pymilvus") and find_spec("milvus_lite")),
    reason='Milvus Lite is not installed: pip install "massilia[milvus]"',
)
needs_ray = pytest.mark.skipif(
    not find_spec("ray"), reason='Ray is not installed: pip install "massilia[ray]"'
)
BUILD = """
import os, runpy, signal, sys
from pathlib import Path
from massilia.index.library import Library
module = runpy.run_path(sys.argv[1])
class Killed(module["FolderEngine"]):
    def fill(self, generation_id, snapshot, local):
        super().fill(generation_id, snapshot, local)
        os.kill(os.getpid(), signal.SIGKILL)
library = Library.open(Path(sys.argv[3]), Killed(Path(sys.argv[4])))
library.build(runpy.run_path(sys.argv[2])["WordEncoder"]())
"""
LIST_MODULES = """
import sys
from massilia.service.cli import cli
cli(sys.argv[1:], standalone_mode=False)
print(sorted({"pymilvus", "milvus_lite", "grpc", "ray"} & set(sys.modules)))
"""


class WordEncoder(Encoder, Protocol):
    """Type the toy encoder, which is in a module that can't be imported."""

    encoded: list[str]
    fingerprint: str


class FolderEngine:
    """Hold each generation as a file of a folder; without the folder it can't be reached."""

    name = "folder"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def held(self) -> set[str]:
        return {path.name for path in self._folder.iterdir()}

    def check(self) -> None:
        if not self._folder.is_dir():
            raise LibraryError("the engine is down")

    def fill(self, generation_id: str, snapshot: Snapshot, local: LocalIndex) -> None:
        self.check()
        assert [passage.id for passage in snapshot.passages] == local.ids.tolist()
        (self._folder / generation_id).touch()

    def open(self, generation_id: str, local: LocalIndex) -> PassageIndex:
        self.check()
        assert generation_id in self.held()
        return local

    def drop(self, generation_id: str) -> None:
        self.check()
        (self._folder / generation_id).unlink(missing_ok=True)


def make_document(article_id: str, text: str) -> Document:
    article = Article(article_id, Language.FRENCH, "", text, f"{article_id}.txt")
    return Document(article, f"/nowhere/{article_id}.txt")


PORT = make_document("port", "Le port vit. La mer dort.")
VILLE = make_document("ville", "La ville bouge.")


def find(library: Library, encoder: Encoder, question: str) -> list[str]:
    """Return the texts of the sentences found, those that share no word left out."""
    generation = library.generation()
    assert generation is not None
    asked = EncodedQuestion.encode(question, Language.FRENCH, encoder)
    retriever = Retriever(library.store, generation, DenseRanker(generation.index))
    found = []
    for each in retriever.rank_sentences(asked, retriever.retrieve(asked, 10)):
        article = library.store.article(each.sentence.article_id)
        assert article is not None
        if each.score > 0:
            found.append(article.text[each.sentence.start : each.sentence.end])
    return found


def read_manifest(library: Library) -> dict[str, Any]:
    folder = library.path / "generations" / str(current_generation_id(library.path))
    values: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    return values


def list_generations(library: Library) -> set[str]:
    return {path.name for path in (library.path / "generations").iterdir()}


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the file of a Milvus Lite that the tests of this module share."""
    if not (find_spec("pymilvus") and find_spec("milvus_lite")):
        pytest.skip('Milvus Lite is not installed: pip install "massilia[milvus]"')
    from milvus_lite.server_manager import server_manager_instance

    file = str(tmp_path_factory.mktemp("milvus") / "passages.db")
    yield file
    server_manager_instance.release_server(file)


def list_collections(uri: str) -> set[str]:
    from pymilvus import MilvusClient

    return set(MilvusClient(uri).list_collections())


def name_both(generation_ids: set[str]) -> set[str]:
    names = {name_collection(each) for each in generation_ids}
    return names | {f"{name}_tokens" for name in names}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    """Give a library of some embedded articles, built for this machine with the real encoder."""
    folder = tmp_path_factory.mktemp("local")
    library = Library.create(folder / "library")
    paths = [path for path in list_embedded_articles() if path.stem in TOPICS]
    assert {path.stem for path in paths} == TOPICS
    library.put([Document(read_article(path), str(path)) for path in paths])
    library.build(encoder)
    library.close()
    return library.path


@pytest.fixture
def copied(tmp_path: Path, local: Path) -> Path:
    return shutil.copytree(local, tmp_path / "copied")


@pytest.fixture(scope="module")
def moved(
    tmp_path_factory: pytest.TempPathFactory, local: Path, uri: str, encoder: Encoder
) -> Iterator[Library]:
    """Give that library built for Milvus."""
    path = shutil.copytree(local, tmp_path_factory.mktemp("moved") / "library")
    library = Library.open(path, MilvusEngine(uri))
    library.build(encoder)
    yield library
    library.close()


@pytest.fixture
def run(
    tmp_path: Path,
    cache_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str, str]]:
    """Run `massilia` with some words in this process; gives status, output and errors."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in ("MASSILIA_LIBRARY", "MASSILIA_ENCODER", "MASSILIA_MILVUS_URI"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["massilia", *map(str, words)])
        with pytest.raises(SystemExit) as ending:
            run_command_line(cli, "massilia")
        printed = capsys.readouterr()
        return int(ending.value.code or 0), printed.out, printed.err

    return run


def read_questions(count: int) -> list[Question]:
    lines = map(json.loads, DEVELOPMENT.read_text().splitlines())
    asked = [
        Question(each["question"], Language(each["language"]))
        for each in lines
        if each["topic"] in TOPICS and each["answerable"]
    ]
    return asked[:: len(asked) // count][:count]


def list_quotes(answer: Answer) -> list[tuple[str, str]]:
    return [(quote.citation.article_id, quote.text) for quote in answer.quotes]


@needs_milvus
def test_real_questions_are_answered_alike(local: Path, moved: Library, encoder: Encoder) -> None:
    library = Library.open(local)
    here, there = Answerer(library, encoder), Answerer(moved, encoder)
    there.check()
    generation = moved.generation()
    assert generation is not None
    assert isinstance(generation.index, MilvusIndex)
    assert len(generation.index) == len(generation.local) == generation.manifest.passages > 0
    answered = 0
    for question in read_questions(20):
        expected, found = here.answer(question), there.answer(question)
        assert list_quotes(found) == list_quotes(expected), question.text
        # A passage's score is evidence: Milvus's BM25 differs, and corrects no misspelt word.
        assert found.confidence.value == pytest.approx(expected.confidence.value, abs=0.02)
        # Misspelt words are corrected on this machine alone: what ranks lower may differ.
        assert found.ranked_article_ids[:1] == expected.ranked_article_ids[:1]
        answered += bool(found.quotes)
    assert answered >= 10
    library.close()


@needs_milvus
def test_the_command_line_moves_a_library_to_milvus_and_back(
    run: Callable[..., tuple[int, str, str]],
    copied: Path,
    uri: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    question = "What is the design capacity of 2Africa?"
    ask = ("ask", question, "--json", "--library", copied)
    _, before, _ = run(*ask)
    quoted = [each["cited_text"] for each in json.loads(before)["citations"]]
    assert any("180 Tbit/s" in each for each in quoted)

    monkeypatch.setenv("MASSILIA_MILVUS_URI", uri)
    remedy = "run `massilia build`.\n"
    status, output, errors = run(*ask)
    assert (status, output) == (2, "")
    assert errors == (
        f"Error: The library {copied} was built for the engine 'local', not 'milvus': {remedy}"
    )
    assert run("build", "--library", copied)[0] == 0
    found = json.loads(run(*ask)[1])
    assert [each["cited_text"] for each in found["citations"]] == quoted
    assert name_both({found["index"]["id"]}) <= list_collections(uri)

    monkeypatch.delenv("MASSILIA_MILVUS_URI")
    status, output, errors = run(*ask)
    assert (status, output) == (2, "")
    assert f"was built for the engine 'milvus', not 'local': {remedy}" in errors
    # What adds articles brings the library up to date, nothing new or not.
    (tmp := copied.parent / "lighthouse.txt").write_text("Planier is a lighthouse of 1959.\n")
    assert "Built gen-" in run("ingest", tmp, "--library", copied)[2]
    found = json.loads(run(*ask)[1])
    assert [each["cited_text"] for each in found["citations"]] == quoted


def test_without_the_setting_milvus_is_not_even_loaded(
    run: Callable[..., tuple[int, str, str]], local: Path
) -> None:
    command = [sys.executable, "-c", LIST_MODULES, "ask", "What is 2Africa?", "--library", local]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert printed.splitlines()[-1] == "[]"


@needs_milvus
def test_what_was_encoded_is_taken_over_by_another_engine(
    library: Library, toy_encoder: WordEncoder, uri: str
) -> None:
    library.put([PORT, VILLE])
    library.build(toy_encoder)
    toy_encoder.encoded.clear()
    moved = Library.open(library.path, MilvusEngine(uri))
    with pytest.raises(OutdatedError, match="built for the engine 'local', not 'milvus'"):
        moved.generation()
    assert not moved.is_built()
    moved.build(toy_encoder)
    assert moved.is_built()
    assert read_manifest(moved)["engine"] == "milvus"
    assert find(moved, toy_encoder, "ville") == ["La ville bouge."]
    assert not library.is_built()
    library.build(toy_encoder)
    assert read_manifest(library)["engine"] == "local"
    assert find(library, toy_encoder, "ville") == ["La ville bouge."]
    assert toy_encoder.encoded == []
    moved.close()


@needs_milvus
def test_a_removed_article_is_gone_from_milvus_after_the_next_build(
    tmp_path: Path, toy_encoder: WordEncoder, uri: str
) -> None:
    library = Library.create(tmp_path / "library", MilvusEngine(uri))
    library.put([PORT, VILLE])
    library.build(toy_encoder)
    library.remove(["port"])
    assert find(library, toy_encoder, "le port la ville") == ["La ville bouge."]
    library.build(toy_encoder)
    assert find(library, toy_encoder, "le port la ville") == ["La ville bouge."]
    generation = library.generation()
    assert generation is not None
    assert len(generation.index) == 1
    library.remove(["ville"])
    library.build(toy_encoder)
    assert find(library, toy_encoder, "le port la ville") == []
    library.close()


@needs_milvus
def test_words_of_titles_are_found_in_milvus_too(
    tmp_path: Path, toy_encoder: WordEncoder, uri: str
) -> None:
    library = Library.create(tmp_path / "library", MilvusEngine(uri))
    titled = Article("phare", Language.FRENCH, "Planier", "Le phare brille.", "phare.txt")
    library.put([PORT, VILLE, Document(titled, "/nowhere/phare.txt")])
    library.build(toy_encoder)
    generation = library.generation()
    assert generation is not None
    (expected,) = generation.local.search_terms("Planier", 5)
    (found,) = generation.index.search_terms("Planier", 5)
    assert found.id == expected.id
    assert found.score == pytest.approx(expected.score, abs=1e-5)
    library.close()


@needs_milvus
def test_two_generations_are_kept_in_milvus(
    tmp_path: Path, toy_encoder: WordEncoder, uri: str
) -> None:
    others = list_collections(uri)
    library = Library.create(tmp_path / "library", MilvusEngine(uri))
    library.put([PORT])
    ids = [library.build(toy_encoder).id for _ in range(3)]
    assert list_generations(library) == set(ids[1:])
    # Another library's, in the same Milvus, are left alone.
    assert list_collections(uri) - others == name_both(set(ids[1:]))
    library.close()


@needs_milvus
def test_a_build_that_fails_leaves_milvus_as_it_was(
    tmp_path: Path, toy_encoder: WordEncoder, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library.create(tmp_path / "library", MilvusEngine(uri))
    library.put([PORT])
    library.build(toy_encoder)
    before = list_collections(uri), list_generations(library)
    library.put([VILLE])
    rename = Path.rename

    def fail(path: Path, target: Path) -> Path:
        if path.name != UNFINISHED:
            return rename(path, target)
        assert list_collections(uri) > before[0]
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", fail)
        with pytest.raises(LibraryError, match="No space left on device"):
            library.build(toy_encoder)
    assert (list_collections(uri), list_generations(library)) == before
    assert find(library, toy_encoder, "la ville la mer") == ["La mer dort."]
    library.build(toy_encoder)
    assert find(library, toy_encoder, "ville") == ["La ville bouge."]
    library.close()


@needs_milvus
def test_a_collection_that_is_gone_is_told_with_the_remedy(
    tmp_path: Path, toy_encoder: WordEncoder, uri: str
) -> None:
    engine = MilvusEngine(uri)
    library = Library.create(tmp_path / "library", engine)
    library.put([PORT])
    generation_id = library.build(toy_encoder).id
    generation = library.generation()
    assert generation is not None
    generation.index.check()
    engine.drop(generation_id)
    with pytest.raises(LibraryError, match=name_collection(generation_id)):
        generation.index.check()
    opened = Library.open(library.path, engine)
    with pytest.raises(LibraryError, match=r"is missing.*run `massilia build`\.$"):
        opened.generation()
    toy_encoder.encoded.clear()
    opened.build(toy_encoder)
    assert find(opened, toy_encoder, "mer") == ["La mer dort."]
    assert toy_encoder.encoded == []
    opened.close()
    library.close()


@needs_milvus
def test_a_service_whose_milvus_fails_answers_503(
    tmp_path: Path, toy_encoder: WordEncoder, uri: str
) -> None:
    engine = MilvusEngine(uri)
    library = Library.create(tmp_path / "library", engine)
    library.put([PORT])
    generation_id = library.build(toy_encoder).id
    client = TestClient(create_app(Answerer(library, toy_encoder)))
    asked = {"question": "Que fait la mer ?"}
    assert client.post("/v1/answer", json=asked).status_code == 200
    engine.drop(generation_id)
    response = client.post("/v1/answer", json=asked)
    assert response.status_code == 503
    assert response.headers["Content-Type"] == "application/problem+json"
    assert name_collection(generation_id) in response.json()["detail"]
    assert client.get("/readyz").status_code == 503
    library.close()


@needs_milvus
def test_a_milvus_that_is_down_is_told_before_anything_is_encoded(
    run: Callable[..., tuple[int, str, str]],
    library: Library,
    toy_encoder: WordEncoder,
    copied: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library.put([PORT])
    down = Library.open(library.path, MilvusEngine(CLOSED))
    with pytest.raises(LibraryError, match=f"Milvus at {CLOSED} can't be reached"):
        down.build(toy_encoder)
    assert toy_encoder.encoded == []
    down.close()
    # As a library that was built while Milvus answered.
    moved = Library.open(copied, FolderEngine(copied.parent))
    monkeypatch.setattr(FolderEngine, "name", "milvus")
    moved.build(toy_encoder)
    moved.close()
    monkeypatch.setenv("MASSILIA_MILVUS_URI", CLOSED)
    for words in (("ask", "What is 2Africa?"), ("serve", "--port", 0), ("build",)):
        status, output, errors = run(*words, "--library", copied)
        assert (status, output) == (2, "")
        assert errors.startswith(f"Error: Milvus at {CLOSED} can't be reached")
        assert len(errors.splitlines()) == 1


def test_an_engine_is_asked_to_drop_what_is_pruned(
    tmp_path: Path, toy_encoder: WordEncoder
) -> None:
    (tmp_path / "held").mkdir()
    engine = FolderEngine(tmp_path / "held")
    library = Library.create(tmp_path / "library", engine)
    library.put([PORT])
    ids = [library.build(toy_encoder).id for _ in range(3)]
    assert engine.held() == list_generations(library) == set(ids[1:])
    library.close()


def test_what_can_not_be_dropped_is_dropped_by_a_later_build(
    tmp_path: Path, toy_encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "held").mkdir()
    engine = FolderEngine(tmp_path / "held")
    library = Library.create(tmp_path / "library", engine)
    library.put([PORT])

    def fail(generation_id: str) -> None:
        raise LibraryError("the engine is down")

    with monkeypatch.context() as patched:
        patched.setattr(engine, "drop", fail)
        ids = {library.build(toy_encoder).id for _ in range(3)}
    assert engine.held() == list_generations(library) == ids
    last = library.build(toy_encoder).id
    assert last in engine.held()
    assert len(engine.held()) == 2
    assert engine.held() == list_generations(library)
    library.close()


def test_what_another_engine_holds_is_not_dropped_by_this_one(
    tmp_path: Path, library: Library, toy_encoder: WordEncoder
) -> None:
    library.put([PORT])
    ids = [library.build(toy_encoder).id for _ in range(2)]
    (tmp_path / "held").mkdir()
    for each in ids:
        (tmp_path / "held" / each).touch()
    moved = Library.open(library.path, FolderEngine(tmp_path / "held"))
    kept = {moved.build(toy_encoder).id for _ in range(2)}
    assert list_generations(moved) == kept
    assert FolderEngine(tmp_path / "held").held() == kept | set(ids)
    moved.close()


def test_a_build_that_was_killed_is_dropped_by_the_next_one(
    tmp_path: Path, toy_encoder: WordEncoder
) -> None:
    (tmp_path / "held").mkdir()
    engine = FolderEngine(tmp_path / "held")
    library = Library.create(tmp_path / "library", engine)
    library.put([PORT])
    first = library.build(toy_encoder).id
    command = [sys.executable, "-c", BUILD, __file__, CONFTEST, library.path, tmp_path / "held"]
    assert subprocess.run(command).returncode == -9
    assert len(engine.held()) == 2
    assert list_generations(library) == {first, UNFINISHED}
    assert find(library, toy_encoder, "mer") == ["La mer dort."]
    second = library.build(toy_encoder).id
    assert engine.held() == list_generations(library) == {first, second}
    library.close()


def test_an_engine_that_fails_leaves_the_generation_before(
    tmp_path: Path, toy_encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "held").mkdir()
    engine = FolderEngine(tmp_path / "held")
    library = Library.create(tmp_path / "library", engine)
    library.put([PORT])
    first = library.build(toy_encoder).id
    library.put([VILLE])
    fill = engine.fill

    def fill_half(generation_id: str, snapshot: Snapshot, local: LocalIndex) -> None:
        fill(generation_id, snapshot, local)
        raise LibraryError("the engine went down")

    with monkeypatch.context() as patched:
        patched.setattr(engine, "fill", fill_half)
        with pytest.raises(LibraryError, match="the engine went down"):
            library.build(toy_encoder)
    assert engine.held() == list_generations(library) == {first}
    assert find(library, toy_encoder, "la ville la mer") == ["La mer dort."]
    # What the failed build encoded isn't encoded again.
    toy_encoder.encoded.clear()
    library.build(toy_encoder)
    assert "La ville bouge." not in toy_encoder.encoded
    assert find(library, toy_encoder, "ville") == ["La ville bouge."]
    library.close()


def test_the_default_library_is_built_anew_where_it_is_outdated(
    tmp_path: Path, toy_encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("massilia.service.cli.prepare_encoder", lambda _: toy_encoder)
    few = list_embedded_articles()[:2]
    monkeypatch.setattr("massilia.index.library.list_embedded_articles", lambda: few)
    settings = Settings(tmp_path / "library", named=False, cache=tmp_path, encoder=None)

    def open_twice() -> str:
        """Return the id of the generation that is opened; the second time nothing is built."""
        ids = []
        for _ in range(2):
            with open_answerer(settings) as answerer:
                generation = answerer.library.generation()
                assert generation is not None
                assert generation.manifest.encoder_fingerprint == toy_encoder.fingerprint
                ids.append(generation.id)
        assert ids[0] == ids[1]
        return ids[0]

    first = open_twice()
    path = settings.library / "generations" / first / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 1}))
    second = open_twice()
    toy_encoder.fingerprint = "words-2"
    third = open_twice()
    assert len({first, second, third}) == 3
    # One that the user named is left as it is.
    toy_encoder.fingerprint = "words-3"
    named = Settings(settings.library, named=True, cache=tmp_path, encoder=None)
    with pytest.raises(LibraryError, match="run `massilia build`"), open_answerer(named):
        pass
    assert current_generation_id(settings.library) == third


def test_a_damaged_default_library_is_not_built_over(
    tmp_path: Path, toy_encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library.create(tmp_path / "library")
    library.put([PORT])
    generation_id = library.build(toy_encoder).id
    (library.path / "generations" / generation_id / "passages.faiss").unlink()
    opened = Library.open(library.path)
    with pytest.raises(LibraryError, match=r"passages\.faiss can't be read"):
        opened.is_built()
    opened.close()
    library.close()


@needs_ray
def test_workers_build_what_one_encoder_does(
    run: Callable[..., tuple[int, str, str]], cache_home: Path, tmp_path: Path
) -> None:
    (tmp_path / "lighthouse.txt").write_text("Planier is a lighthouse of 1959. It stands at sea.\n")
    library = Library.create(tmp_path / "library")
    path = tmp_path / "lighthouse.txt"
    library.put([Document(read_article(path), str(path))])
    # In a library of its own the texts would have other ids.
    other = Library.open(shutil.copytree(library.path, tmp_path / "other"))
    # A process of its own: Ray forks when it starts, and a fork may hang on the threads that other
    # tests have left in this one.
    built = subprocess.run(
        [MASSILIA, "build", "--workers", "1", "--library", library.path],
        env={**os.environ, "XDG_CACHE_HOME": str(cache_home)},
        capture_output=True,
        text=True,
    )
    assert (built.returncode, "Built gen-" in built.stderr) == (0, True), built.stderr
    parallel = library.generation()
    assert run("build", "--library", other.path)[0] == 0
    alone = other.generation()
    assert parallel is not None
    assert alone is not None
    assert parallel.manifest.encoder_fingerprint == alone.manifest.encoder_fingerprint
    assert parallel.manifest.files == alone.manifest.files
    library.close()
    other.close()


def test_a_cluster_needs_a_number_of_workers(
    run: Callable[..., tuple[int, str, str]], local: Path
) -> None:
    status, _, errors = run("build", "--ray", "127.0.0.1:6379", "--library", local)
    assert status == 2
    assert "--ray needs --workers" in errors


@needs_ray
def test_a_cluster_that_is_not_there_is_told(
    run: Callable[..., tuple[int, str, str]], local: Path
) -> None:
    status, _, errors = run("build", "--workers", 2, "--ray", "127.0.0.1:9", "--library", local)
    assert status == 2
    assert errors.startswith("Error: no Ray at 127.0.0.1:9")


def test_a_few_passages_are_shared_by_all_workers(
    toy_encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[int] = []

    class Worker:
        """Encode nothing, and note how many passages it is given."""

        encode_passages = property(lambda self: self)

        def remote(self, passages: Sequence[str]) -> Vectors:
            given.append(len(passages))
            return np.zeros((len(passages), toy_encoder.dimension), dtype=np.float32)

    monkeypatch.setattr(parallel_encoding, "_fetch", lambda results: results)
    parallel = ParallelEncoder(toy_encoder, [Worker() for _ in range(4)])  # type: ignore[arg-type]
    for count, expected in ((10, [3, 3, 3, 1]), (1, [1]), (0, []), (300, [64, 64, 64, 64, 44])):
        given.clear()
        assert len(parallel.encode_passages(["Port."] * count)) == count
        assert given == expected
