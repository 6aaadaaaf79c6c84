import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from massilia.corpus.article import Article, Language
from massilia.corpus.embedded import LOCATION, list_embedded_articles
from massilia.index import library as library_module
from massilia.index.change import Outcome
from massilia.index.dense import DenseRanker
from massilia.index.encoder import Advance, Encoder
from massilia.index.errors import LibraryError, name_library
from massilia.index.library import LOCK, Library
from massilia.index.ranker import EncodedQuestion
from massilia.index.retriever import Retriever
from massilia.ingest.document import Document

HOLD_LOCK = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""
BUILD = """
import runpy, sys
from pathlib import Path
from massilia.index.library import Library
encoder = runpy.run_path(sys.argv[1])["WordEncoder"]()
library = Library.open(Path(sys.argv[2]))
print(library.build(encoder).id)
library.close()
"""
KILL_IN_PUT = """
import os, runpy, signal, sys
from dataclasses import replace
from pathlib import Path
from massilia.index import article_rows
from massilia.index.library import Library
library = Library.open(Path(sys.argv[1]))
articles = [library.store.article(each.id) for each in library.store.entries()]
original = article_rows._insert_split

def kill(connection, article, split):
    original(connection, article, split)
    connection.execute("PRAGMA cache_spill = 1")
    if article.id == articles[-1].id:
        os.kill(os.getpid(), signal.SIGKILL)

article_rows._insert_split = kill
library.put(article_rows.Document(replace(each, text="Autre. " * 999), "x") for each in articles)
"""
CONFTEST = Path(__file__).with_name("conftest.py")


def make_document(article_id: str, text: str) -> Document:
    article = Article(article_id, Language.FRENCH, "", text, f"{article_id}.txt")
    return Document(article, f"/nowhere/{article_id}.txt")


PORT = make_document("port", "Le port vit. La mer dort.")
VILLE = make_document("ville", "La ville bouge.")


def find(library: Library, encoder: Encoder, question: str) -> list[str]:
    """Return the texts of the sentences found, those that share no word left out."""
    generation = library.generation()
    if generation is None:
        return []
    asked = EncodedQuestion.encode(question, Language.FRENCH, encoder)
    ranker = DenseRanker(generation.index)
    retriever = Retriever(library.store, generation, ranker)
    found = []
    with library.store.reading():
        for each in retriever.rank_sentences(asked, retriever.retrieve(asked, 10)):
            article = library.store.article(each.sentence.article_id)
            assert article is not None
            if each.score > 0:
                found.append(article.text[each.sentence.start : each.sentence.end])
    return found


@pytest.fixture
def held_lock(library: Library) -> Iterator[None]:
    """Let another process hold the library's write lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_LOCK, str(library.path / LOCK)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield
        holder.communicate()


def test_an_empty_library_is_built_and_finds_nothing(
    library: Library, toy_encoder: Encoder
) -> None:
    assert library.generation() is None
    assert not library.is_built()
    manifest = library.build(toy_encoder)
    assert (manifest.passages, manifest.sentences) == (0, 0)
    assert library.is_built()
    assert find(library, toy_encoder, "le port") == []


def test_articles_are_found_after_the_build_that_follows(
    library: Library, toy_encoder: Encoder
) -> None:
    library.put([PORT])
    library.build(toy_encoder)
    library.put([VILLE])
    library.close()
    # As after a crash between the two: what was built answers, and it is known to be behind.
    opened = Library.open(library.path)
    assert not opened.is_built()
    assert find(opened, toy_encoder, "ville") == []
    assert find(opened, toy_encoder, "mer") == ["La mer dort."]
    opened.build(toy_encoder)
    assert opened.is_built()
    assert find(opened, toy_encoder, "ville") == ["La ville bouge."]
    opened.close()


def test_a_removed_article_is_not_found_even_before_a_build(
    library: Library, toy_encoder: Encoder
) -> None:
    library.put([PORT, VILLE])
    library.build(toy_encoder)
    assert library.remove(["port", "mer"]) == ["mer"]
    assert find(library, toy_encoder, "le port la ville") == ["La ville bouge."]
    assert not library.is_built()


def test_an_article_removed_and_put_again_is_found_after_the_next_build(
    library: Library, toy_encoder: Encoder
) -> None:
    library.put([PORT])
    library.build(toy_encoder)
    library.remove(["port"])
    library.put([PORT])
    assert not library.is_built()
    library.build(toy_encoder)
    assert find(library, toy_encoder, "mer") == ["La mer dort."]


def test_a_changed_article_is_never_quoted_as_it_was(
    library: Library, toy_encoder: Encoder
) -> None:
    library.put([PORT])
    library.build(toy_encoder)
    library.put([make_document("port", "La mer brille. Le port dort.")])
    assert find(library, toy_encoder, "mer") == []
    library.build(toy_encoder)
    assert find(library, toy_encoder, "mer") == ["La mer brille."]


def test_a_running_library_follows_a_build_made_by_another_process(
    library: Library, toy_encoder: Encoder
) -> None:
    library.put([PORT])
    first = library.build(toy_encoder).id
    other = Library.open(library.path)
    generation = other.generation()
    assert generation is not None
    assert generation is other.generation()  # opened once
    library.put([VILLE])
    command = [sys.executable, "-c", BUILD, str(CONFTEST), str(library.path)]
    second = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    assert second != first
    for followed in (library, other):
        generation = followed.generation()
        assert generation is not None
        assert generation.id == second
        assert followed.is_built()
        assert find(followed, toy_encoder, "ville") == ["La ville bouge."]
    other.close()


def test_progress_is_told_of_every_text_whether_taken_over_or_encoded(
    library: Library, toy_encoder: Encoder
) -> None:
    told: list[tuple[int, list[int]]] = []

    @contextmanager
    def progress(total: int) -> Iterator[Advance]:
        told.append((total, []))
        yield told[-1][1].append

    library.put([PORT])
    library.build(toy_encoder, progress)
    library.put([VILLE])
    library.build(toy_encoder, progress)
    # A passage and two sentences, then another passage with one sentence.
    assert [(total, sum(steps)) for total, steps in told] == [(3, 3), (5, 5)]


def test_a_library_being_written_is_an_error_that_names_it_and_can_be_read(
    library: Library, toy_encoder: Encoder, monkeypatch: pytest.MonkeyPatch, held_lock: None
) -> None:
    monkeypatch.setattr(library_module, "LOCK_SECONDS", 0.2)
    reason = rf"The library {library.path} is being written .* 0\.2 s for .*{LOCK}"
    for write in (
        lambda: library.put([PORT]),
        lambda: library.remove(["port"]),
        lambda: library.build(toy_encoder),
        library.put_embedded_corpus,
    ):
        with pytest.raises(LibraryError, match=reason):
            write()
    for opened in (Library.open(library.path), Library.create(library.path)):
        assert opened.store.count_articles() == 0
        opened.close()


def test_a_library_is_made_under_the_lock(
    library: Library, monkeypatch: pytest.MonkeyPatch, held_lock: None
) -> None:
    """Two that make the same file at once would now and then find it locked by the other."""
    monkeypatch.setattr(library_module, "LOCK_SECONDS", 0.2)
    library.close()
    library.store.path.unlink()
    with pytest.raises(LibraryError, match=f"{library.path} is being written by another process"):
        Library.create(library.path)
    assert not library.store.path.exists()


def test_a_lock_is_given_back_after_an_error(library: Library, toy_encoder: Encoder) -> None:
    with pytest.raises(ValueError, match="broken"):
        library.put(iter_and_fail())
    library.put([PORT])
    assert library.build(toy_encoder).passages == 1


def iter_and_fail() -> Iterator[Document]:
    yield PORT
    raise ValueError("broken")


def test_a_put_that_is_killed_changes_nothing(library: Library, toy_encoder: Encoder) -> None:
    library.put([PORT, VILLE])
    library.build(toy_encoder)
    state = library.store.state()
    library.close()
    command = [sys.executable, "-c", KILL_IN_PUT, str(library.path)]
    assert subprocess.run(command).returncode == -9
    opened = Library.open(library.path)
    assert (opened.store.state(), opened.is_built()) == (state, True)
    assert opened.store.article("port") == PORT.article
    assert [change.outcome for change in opened.put([PORT, VILLE])] == [Outcome.UNCHANGED] * 2
    opened.close()


def test_eight_threads_may_make_the_same_library_at_once(tmp_path: Path) -> None:
    start = threading.Barrier(8)

    def make(folder: Path) -> int:
        start.wait()
        made = Library.create(folder)
        count = made.store.count_articles()
        made.close()
        return count

    with ThreadPoolExecutor(8) as pool:
        for number in range(8):
            folders = [tmp_path / str(number)] * 8
            assert list(pool.map(make, folders)) == [0] * 8


def test_readers_in_eight_threads_never_see_a_torn_result(
    library: Library, toy_encoder: Encoder
) -> None:
    """Whatever is written and built meanwhile, a quote is a whole sentence of a whole article."""
    texts = {
        # The same words at other places: offsets of one text cut nonsense out of the other.
        "Le port vit. La mer dort.",
        "Aujourd'hui encore, la mer brille. On dit que le port dort.",
    }
    sentences = {"Le port vit.", "La mer dort.", "Aujourd'hui encore, la mer brille."}
    sentences.add("On dit que le port dort.")
    library.put([VILLE, *(make_document("port", text) for text in sorted(texts)[:1])])
    library.build(toy_encoder)
    stop = threading.Event()

    def read() -> int:
        found = 0
        while not stop.is_set():
            quotes = find(library, toy_encoder, "la mer le port")
            assert set(quotes) <= sentences | {"La ville bouge."}
            assert len(quotes) == len(set(quotes))
            assert sum(quote in sentences for quote in quotes) in (0, 2)
            found += len(quotes)
        return found

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read) for _ in range(8)]
        try:
            for _ in range(6):
                for text in sorted(texts):
                    library.put([make_document("port", text)])
                    library.build(toy_encoder)
                library.remove(["port"])
        finally:
            stop.set()
        assert all(reader.result() > 0 for reader in readers)


def test_the_embedded_corpus_is_put_once(library: Library) -> None:
    assert not library.holds_embedded_corpus()
    changes = library.put_embedded_corpus()
    assert len(changes) == len(list_embedded_articles()) > 0
    assert {change.outcome for change in changes} == {Outcome.ADDED}
    assert library.holds_embedded_corpus()
    state = library.store.state()
    assert {change.outcome for change in library.put_embedded_corpus()} == {Outcome.UNCHANGED}
    assert library.store.state() == state


def test_the_embedded_corpus_is_brought_up_to_date(library: Library) -> None:
    """What an earlier version of the package brought is replaced or removed, nothing else."""
    library.put_embedded_corpus()
    state = library.store.state()
    name, location = sorted(library.store.locations().items())[0]
    article = library.store.article(name)
    assert article is not None
    library.put(
        [
            Document(replace(article, text="Un texte ancien.", headings=(), marks=()), location),
            replace(VILLE, location=f"{LOCATION}articles/fr/ville.md"),
            PORT,
        ]
    )
    changes = {change.article_id: change.outcome for change in library.put_embedded_corpus()}
    assert changes.pop(name) is Outcome.CHANGED
    assert set(changes.values()) <= {Outcome.UNCHANGED}
    assert library.store.article(name) == article
    assert library.store.article("ville") is None
    assert library.store.article("port") == PORT.article
    library.remove(["port"])
    assert library.store.state() != state  # the passages that were replaced have other ids


def test_locations_in_the_embedded_corpus_do_not_depend_on_where_it_is_installed(
    library: Library,
) -> None:
    library.put_embedded_corpus()
    languages = {Language.FRENCH: "fr", Language.ENGLISH: "en"}
    for entry in library.store.entries():
        expected = f"massilia:corpus/articles/{languages[entry.language]}/{entry.origin}"
        assert library.store.locations()[entry.id] == expected


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(28, "No space left on device"), "The library here: No space left on device."),
        (
            FileNotFoundError(2, "No such file or directory", "x.md"),
            "The library here: No such file or directory (x.md).",
        ),
        (OSError("odd"), "The library here: odd."),
        (LibraryError("already named"), "already named"),
    ],
)
def test_an_error_of_a_file_names_the_library(error: Exception, message: str) -> None:
    with pytest.raises(LibraryError) as caught, name_library(Path("here")):
        raise error
    assert str(caught.value) == message


def test_an_error_that_is_not_of_files_keeps_its_kind() -> None:
    with pytest.raises(ValueError, match="mine"), name_library(Path("here")):
        raise ValueError("mine")
