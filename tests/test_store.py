import gc
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from massilia.corpus.article import Article, Heading, Language, Source, SourceMark
from massilia.index import schema
from massilia.index import store as store_module
from massilia.index.article_rows import fingerprint_article
from massilia.index.change import Outcome
from massilia.index.errors import LibraryError
from massilia.index.library import Library
from massilia.index.passage_table import PassageRow
from massilia.index.store import FILE_NAME, Store
from massilia.ingest.document import Document

TABLES = ("articles", "headings", "marks", "meta", "passages", "sentences", "sources")
HOLD_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.create(tmp_path / "library")
    yield opened
    opened.close()


def make_document(article_id: str, text: str, location: str | Path | None = None) -> Document:
    """Make a document with a heading, a source and a mark; `text` begins with the heading."""
    heading = text.split("\n")[0]
    article = Article(
        id=article_id,
        language=Language.FRENCH,
        title=f"Titre de {article_id}",
        text=text,
        origin=f"{article_id}.md",
        publisher="Made in Marseille",
        authors=("Zoé", "Ali"),
        date_published=date(2025, 3, 1),
        date_modified=date(2026, 11, 22),
        url="https://example.org/port",
        licence="CC BY 4.0",
        kind="overview",
        translation_of="harbour",
        sources=(Source("s1", heading, "Insee", "https://insee.fr", "2024", "fr", "LO"),),
        marks=(SourceMark(len(text), "s1"),),
        headings=(Heading(2, 0, len(heading)),),
    )
    return Document(article, str(location or f"/nowhere/{article_id}"))


PORT = make_document("port", "Le port\n\nLe port vit. La mer dort.")
VILLE = make_document("ville", "La ville\n\nLa ville bouge.")
NEW_PORT = make_document("port", "Le grand port\n\nLe port a changé. Il est plus grand.")


def dump(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Read every row of every table, past the store."""
    connection = sqlite3.connect(store.path)
    try:
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in TABLES}
    finally:
        connection.close()


def raw_bytes(store: Store) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(store.folder.iterdir()))


def indexed_ids(store: Store) -> set[tuple[str, int]]:
    return {("passage", text.id) for text in store.indexed_passages()} | {
        ("sentence", text.id) for text in store.indexed_sentences()
    }


def count_open(folder: Path) -> int:
    """Count this process's open files in `folder`."""
    gc.collect()
    targets = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            targets.append(os.readlink(link))
        except FileNotFoundError:
            continue
    return sum(target.startswith(str(folder)) for target in targets)


def test_an_article_comes_back_as_it_was_put(store: Store) -> None:
    store.put([PORT])
    assert store.article("port") == PORT.article
    assert store.article("ville") is None
    (entry,) = store.entries()
    assert (entry.id, entry.title, entry.date_published) == (
        "port",
        "Titre de port",
        date(2025, 3, 1),
    )
    assert (entry.text_sha256, entry.translation_of) == (PORT.article.text_sha256, "harbour")
    assert entry.kind == "overview"
    assert store.locations() == {"port": "/nowhere/port"}
    assert store.count_articles() == 1


def test_passages_are_described_by_their_articles(store: Store) -> None:
    store.put([PORT, VILLE])
    rows = store.passage_rows()
    assert [row.id for row in rows] == [text.id for text in store.indexed_passages()]
    assert rows[0] == PassageRow(
        id=rows[0].id,
        article_id="port",
        language=Language.FRENCH,
        publisher="Made in Marseille",
        kind="overview",
        date_published=date(2025, 3, 1),
        translation_of="harbour",
    )


def test_translations_are_one_work(store: Store) -> None:
    ville = replace(VILLE.article, translation_of=None, language=Language.ENGLISH)
    store.put([PORT, Document(ville, "x")])
    assert store.works(["port", "ville", "nowhere"]) == {
        "port": ("harbour", Language.FRENCH),
        "ville": ("ville", Language.ENGLISH),
    }


def test_sentences_end_within_their_passage(store: Store) -> None:
    store.put([PORT, VILLE])
    (port, ville) = store.indexed_passages()
    assert (port.text, port.sentence_ends) == ("Le port vit. La mer dort.", (12, 25))
    assert (ville.text, ville.sentence_ends) == ("La ville bouge.", (15,))
    assert [text.sentence_ends for text in store.indexed_sentences()] == [(12,), (12,), (15,)]


@pytest.mark.parametrize("method", [Store.create, Store.open])
def test_a_library_of_the_first_version_is_brought_up_to_date(
    tmp_path: Path, method: Callable[[Path], Store]
) -> None:
    article = replace(PORT.article, kind=None, sources=(), marks=(), headings=())
    make_sqlite(
        tmp_path / FILE_NAME,
        schema._ARTICLES,
        *schema._OTHERS,
        f"PRAGMA application_id = {schema.APPLICATION_ID}",
        "PRAGMA user_version = 1",
    )
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    values = (
        article.id,
        article.language,
        article.title,
        article.text,
        article.text_sha256,
        article.origin,
        "port.md",
        article.publisher,
        json.dumps(article.authors),
        str(article.date_published),
        article.date_modified and str(article.date_modified),
        article.url,
        article.licence,
        article.translation_of,
        fingerprint_article(article),
    )
    connection.execute(f"INSERT INTO articles VALUES ({', '.join('?' * len(values))})", values)
    connection.commit()
    connection.close()
    for _ in range(2):
        opened = method(tmp_path)
        try:
            assert opened.article("port") == article
            assert opened.put([Document(article, "port.md")])[0].outcome is Outcome.UNCHANGED
            opened.put([VILLE])
        finally:
            opened.close()


@pytest.mark.parametrize("method", [Store.create, Store.open])
def test_a_library_of_the_third_version_has_passages_in_the_language_of_their_articles(
    store: Store, method: Callable[[Path], Store]
) -> None:
    store.put([PORT, Document(replace(VILLE.article, language=Language.ENGLISH), "x")])
    passages, state = store.indexed_passages(), store.state()
    store.close()
    make_sqlite(store.path, "ALTER TABLE passages DROP COLUMN language", "PRAGMA user_version = 3")
    for _ in range(2):
        opened = method(store.folder)
        try:
            assert (opened.indexed_passages(), opened.state()) == (passages, state)
            stored = opened.passages([each.id for each in passages])
            assert [each.language for each in stored] == [Language.FRENCH, Language.ENGLISH]
            assert [row.language for row in opened.passage_rows()] == ["fr", "en"]
        finally:
            opened.close()


def test_what_is_encoded_is_cut_from_the_text_under_its_heading(store: Store) -> None:
    text = "Avant. Encore.\n\nLe port\n\nIl vit."
    article = replace(PORT.article, text=text, headings=(Heading(2, 16, 23),), marks=())
    store.put([Document(article, "x")])
    passages = [(each.title, each.heading, each.text) for each in store.indexed_passages()]
    assert passages == [
        ("Titre de port", None, "Avant. Encore."),
        ("Titre de port", "Le port", "Il vit."),
    ]
    assert [(each.heading, each.text) for each in store.indexed_sentences()] == [
        (None, "Avant."),
        (None, "Encore."),
        ("Le port", "Il vit."),
    ]


def test_putting_twice_changes_nothing(store: Store) -> None:
    documents = [PORT, VILLE]
    assert [change.outcome for change in store.put(documents)] == [Outcome.ADDED] * 2
    rows, content, state = dump(store), hashlib.sha256(raw_bytes(store)).digest(), store.state()
    assert [change.outcome for change in store.put(documents)] == [Outcome.UNCHANGED] * 2
    assert (dump(store), store.state()) == (rows, state)
    assert hashlib.sha256(raw_bytes(store)).digest() == content


def test_a_changed_article_replaces_itself(store: Store) -> None:
    store.put([PORT, VILLE])
    before, kept = indexed_ids(store), dump(store)
    (change,) = store.put([NEW_PORT])
    assert change.outcome is Outcome.CHANGED
    assert store.article("port") == NEW_PORT.article
    assert store.article("ville") == VILLE.article
    rows = dump(store)
    assert {name: len(rows[name]) for name in TABLES} == {name: len(kept[name]) for name in TABLES}
    assert len(indexed_ids(store) - before) == 3  # a passage and its two sentences


@pytest.mark.parametrize("change", ["replaced", "removed", "made anew", "restored"])
def test_an_id_never_comes_back_for_another_text(tmp_path: Path, change: str) -> None:
    folder, copy = tmp_path / "library", tmp_path / "copy.sqlite"
    store = Store.create(folder)
    store.close()
    shutil.copy(folder / FILE_NAME, copy)
    store = Store.open(folder)
    store.put([PORT])
    before = indexed_ids(store)
    if change == "removed":
        store.remove(["port"])
    elif change in ("made anew", "restored"):
        store.close()
        store.path.unlink()
        if change == "restored":
            shutil.copy(copy, folder / FILE_NAME)
        store = Store.create(folder)
    store.put([NEW_PORT])
    assert len(before) == len(indexed_ids(store)) == 3
    assert not before & indexed_ids(store)
    store.close()


def test_another_file_with_the_same_id_is_refused_while_the_first_is_there(
    store: Store, tmp_path: Path
) -> None:
    first = tmp_path / "first.md"
    first.touch()
    store.put([replace(PORT, location=str(first))])
    rows = dump(store)
    second = replace(NEW_PORT, location=str(tmp_path / "second.md"))
    (change,) = store.put([second])
    assert change.outcome is Outcome.REFUSED
    assert change.reason == f"port.md: {first} has the id 'port' too"
    assert dump(store) == rows
    first.unlink()
    assert [change.outcome for change in store.put([second])] == [Outcome.CHANGED]
    assert store.locations() == {"port": second.location}


def test_the_first_file_may_change_as_it_likes(store: Store, tmp_path: Path) -> None:
    first = tmp_path / "first.md"
    first.touch()
    store.put([replace(PORT, location=str(first))])
    (change,) = store.put([replace(NEW_PORT, location=str(first))])
    assert change.outcome is Outcome.CHANGED


def test_removing_leaves_no_row_and_says_what_was_not_there(store: Store) -> None:
    store.put([VILLE])
    alone = dump(store)
    store.put([PORT])
    assert store.remove(["port", "mer"]) == ["mer"]
    assert dump(store) == alone
    assert store.article("port") is None


@pytest.mark.parametrize("reopened", [False, True])
def test_removed_text_is_gone_from_the_files(store: Store, reopened: bool) -> None:
    marker = "OURSIN7391"
    text = f"Titre {marker}\n\n" + f"Le mot {marker} est ici. " * 2000
    store.put([VILLE, make_document("port", text.strip())])
    assert marker.encode() in raw_bytes(store)
    if reopened:
        store.close()
        store = Store.open(store.folder)
    store.remove(["port"])
    assert marker.encode() not in raw_bytes(store)
    assert VILLE.article.title.encode() in raw_bytes(store)
    store.close()


def test_a_reader_that_keeps_removed_text_in_the_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "BUSY_MILLISECONDS", 50)
    store = Store.create(tmp_path / "library")
    store.put([PORT])
    reader = sqlite3.connect(store.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM articles").fetchall()
    with pytest.raises(LibraryError, match="library: the articles are removed, but a reader"):
        store.remove(["port"])
    assert store.article("port") is None
    reader.close()
    assert store.remove(["port"]) == ["port"]
    assert b"La mer dort" not in raw_bytes(store)
    store.close()


def test_documents_are_put_all_or_none(store: Store) -> None:
    store.put([VILLE])
    rows = dump(store)
    outside = replace(PORT.article, id="rade", headings=(Heading(1, 0, 999),))
    with pytest.raises(ValueError, match="heading"):
        store.put([PORT, Document(outside, "x")])
    assert dump(store) == rows
    assert [change.outcome for change in store.put([PORT])] == [Outcome.ADDED]


def test_an_error_in_reading_documents_is_not_blamed_on_the_library(store: Store) -> None:
    def read() -> Iterator[Document]:
        yield PORT
        raise PermissionError(13, "Permission denied", "port.md")

    with pytest.raises(PermissionError, match=r"port\.md"):
        store.put(read())
    assert store.count_articles() == 0


def test_the_state_changes_with_the_articles_and_only_with_them(store: Store) -> None:
    def remember() -> None:
        store.remember("key", "value")

    steps: list[tuple[Callable[[], object], bool]] = [
        (lambda: store.put([PORT]), True),
        (lambda: store.put([PORT]), False),
        (remember, False),
        (lambda: store.put([VILLE]), True),
        (lambda: store.put([NEW_PORT]), True),
        (lambda: store.remove(["ville"]), True),
        (lambda: store.remove(["port"]), True),
    ]
    for number, (step, changes) in enumerate(steps):
        before = store.state()
        step()
        assert (store.state() != before) is changes, number


def test_the_state_changes_when_an_article_is_removed_and_put_again(store: Store) -> None:
    store.put([PORT])
    before = store.state()
    store.remove(["port"])
    store.put([PORT])
    assert store.state() != before


def test_what_is_remembered_is_recalled(store: Store) -> None:
    assert store.recall("key") is None
    store.remember("key", "one")
    store.remember("key", "two")
    assert store.recall("key") == "two"


def test_passages_come_in_the_order_asked_without_those_that_are_gone(store: Store) -> None:
    store.put([PORT, VILLE])
    port, ville = (text.id for text in store.indexed_passages())
    found = store.passages([ville, 5, port])
    assert [(each.id, each.article_id) for each in found] == [(ville, "ville"), (port, "port")]
    sentences = store.sentences(found[1])
    assert [PORT.article.text[each.start : each.end] for each in sentences] == [
        "Le port vit.",
        "La mer dort.",
    ]


def test_what_many_passages_and_articles_hold_is_read_at_once(store: Store) -> None:
    store.put([PORT, VILLE])
    port, ville = store.passages([text.id for text in store.indexed_passages()])
    gone = replace(port, id=99, article_id="gone")
    sentences = store.sentences_of([ville, gone, port])
    assert list(sentences) == [ville.id, 99, port.id]
    assert sentences[99] == ()
    for passage in (port, ville):
        assert sentences[passage.id] == store.sentences(passage) != ()
        assert {each.article_id for each in sentences[passage.id]} == {passage.article_id}
    articles = store.articles(["ville", "gone", "port"])
    assert list(articles.items()) == [("ville", VILLE.article), ("port", PORT.article)]


def test_any_number_of_passages_can_be_asked_for(store: Store) -> None:
    store.put([PORT])
    (port,) = (text.id for text in store.indexed_passages())
    assert len(store.passages([*range(300_000), port])) == 1


def make_sqlite(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE recipes (name TEXT)"],
        ["CREATE TABLE articles (id TEXT)", "PRAGMA user_version = 1"],
        ["CREATE TABLE recipes (name TEXT)", "PRAGMA application_id = 7"],
    ],
)
@pytest.mark.parametrize("method", [Store.create, Store.open])
def test_a_database_of_another_program_is_refused_and_left_as_it_is(
    tmp_path: Path, statements: list[str], method: Callable[[Path], Store]
) -> None:
    path = tmp_path / FILE_NAME
    make_sqlite(path, *statements)
    content = path.read_bytes()
    with pytest.raises(
        LibraryError, match=r"library\.sqlite is not a library of Massilia"
    ) as caught:
        method(tmp_path)
    assert path.read_bytes() == content
    assert [each.name for each in tmp_path.iterdir()] == [FILE_NAME]
    assert count_open(tmp_path) == 0
    # The error, and the frames it came through, live on: no file is open for their sake.
    assert caught.value.__traceback__ is not None


@pytest.mark.parametrize("method", [Store.create, Store.open])
def test_a_newer_schema_is_refused(store: Store, method: Callable[[Path], Store]) -> None:
    store.close()
    make_sqlite(store.path, "PRAGMA user_version = 5")
    with pytest.raises(LibraryError, match=r"library\.sqlite has schema version 5.* reads 4"):
        method(store.folder)


@pytest.mark.parametrize("method", [Store.create, Store.open])
def test_a_text_file_is_refused_and_left_as_it_is(
    tmp_path: Path, method: Callable[[Path], Store]
) -> None:
    (tmp_path / FILE_NAME).write_text("not SQLite, " * 500)
    with pytest.raises(LibraryError, match=f"{tmp_path}: file is not a database"):
        method(tmp_path)
    assert (tmp_path / FILE_NAME).read_text() == "not SQLite, " * 500


def test_a_file_cut_short_anywhere_is_an_error_that_names_the_library(store: Store) -> None:
    store.put([PORT, make_document("long", "Titre\n\n" + "Une phrase. " * 3000)])
    store.close()
    content = store.path.read_bytes()
    for size in range(0, len(content) - 4096, len(content) // 25):
        store.path.write_bytes(content[:size])
        with pytest.raises(LibraryError, match=str(store.folder)):
            opened = Store.open(store.folder)
            try:
                for article_id in ("long", "port"):
                    assert opened.article(article_id) is not None
                opened.snapshot()
            finally:
                opened.close()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("absent", "No library at .*absent: there is no such folder"),
        ("empty", "No library at .*empty: it has no library.sqlite"),
        ("file", "No library at .*file: there is no such folder"),
        ("a" * 300, "The library .*aaa: File name too long"),
    ],
)
def test_a_missing_library_is_named(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(LibraryError, match=reason):
        Store.open(tmp_path / name)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["empty", "file"]


@pytest.mark.parametrize("name", ["file", "file/library", "a" * 300])
def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LibraryError, match=f"The library .*{name}: [A-Z].*"):
        Store.create(tmp_path / name)


def test_any_folder_name_will_do(tmp_path: Path) -> None:
    folder = tmp_path / "à la? 100 %#mode=ro"
    store = Store.create(folder)
    store.put([PORT])
    store.close()
    store = Store.open(folder)
    assert store.count_articles() == 1
    store.close()


def test_making_a_library_twice_keeps_what_is_in_it(store: Store) -> None:
    store.put([PORT])
    again = Store.create(store.folder)
    assert again.article("port") == PORT.article
    again.close()


def test_a_write_lock_held_by_another_process_is_an_error_that_names_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "BUSY_MILLISECONDS", 50)
    store = Store.create(tmp_path / "library")
    store.put([PORT])
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_LOCK, str(store.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(LibraryError, match=f"The library {store.folder}: database is locked"):
            store.put([VILLE])
        assert store.article("port") == PORT.article  # reading goes on
        holder.communicate()
    assert [change.outcome for change in store.put([VILLE])] == [Outcome.ADDED]
    store.close()


def test_a_library_that_vanishes_is_an_error_and_is_not_made_anew(store: Store) -> None:
    store.path.unlink()
    with ThreadPoolExecutor(1) as pool:
        counting = pool.submit(store.count_articles)
    with pytest.raises(LibraryError, match=f"{store.folder}: unable to open database file"):
        counting.result()
    assert not store.path.exists()


def test_an_article_is_never_half_old_and_half_new(store: Store) -> None:
    """Headings, sources and marks belong to the text that they come with."""
    short, long = PORT, make_document("port", "Le très grand port\n\n" + "Le port vit. " * 40)
    store.put([short])
    stop = threading.Event()

    def read() -> int:
        count = 0
        while not stop.is_set():
            assert store.article("port") in (short.article, long.article)
            snapshot = store.snapshot()
            passages, sentences = snapshot.passages, snapshot.sentences
            assert {each.heading for each in passages} == {each.heading for each in sentences}
            count += 1
        return count

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read) for _ in range(8)]
        try:
            for number in range(150):
                store.put([short if number % 2 else long])
        finally:
            stop.set()
        assert all(reader.result() > 0 for reader in readers)


def test_reading_shows_one_state_until_it_ends(store: Store) -> None:
    store.put([PORT])
    with ThreadPoolExecutor(1) as pool, store.reading():
        state = store.state()
        pool.submit(store.put, [NEW_PORT]).result()
        assert pool.submit(store.state).result() != state
        with store.reading():
            assert store.article("port") == PORT.article
        assert (store.article("port"), store.state()) == (PORT.article, state)
    assert store.article("port") == NEW_PORT.article


def test_an_error_inside_reading_is_not_blamed_on_the_library(store: Store) -> None:
    with pytest.raises(FileNotFoundError), store.reading():
        store.count_articles()
        raise FileNotFoundError(2, "No such file or directory", "port.md")
    assert [change.outcome for change in store.put([PORT])] == [Outcome.ADDED]


def test_threads_that_have_ended_keep_no_file_open(store: Store) -> None:
    for _ in range(40):
        thread = threading.Thread(target=store.count_articles)
        thread.start()
        thread.join()
    assert count_open(store.folder) < 12


def test_a_closed_store_is_an_error_in_every_thread(store: Store) -> None:
    store.put([PORT])
    store.close()
    store.close()
    with ThreadPoolExecutor(1) as pool:
        for call in (store.state, lambda: pool.submit(store.state).result()):
            with pytest.raises(LibraryError, match=f"{store.folder} has been closed"):
                call()
    assert count_open(store.folder) == 0


def test_a_file_whose_id_changes_takes_its_old_article_with_it(
    library: Library, tmp_path: Path
) -> None:
    path = tmp_path / "note.txt"
    path.touch()
    old, new = (
        Document(Article(name, Language.ENGLISH, "Note", "It rained.", path.name), str(path))
        for name in ("old", "new")
    )
    library.put([old])
    assert [change.outcome for change in library.put([new])] == [Outcome.CHANGED]
    assert [entry.id for entry in library.store.entries()] == ["new"]


def test_a_text_that_was_changed_in_the_file_is_not_served(library: Library) -> None:
    library.put([Document(Article("a", Language.ENGLISH, "A", "It rained.", "a"), "a")])
    with closing(sqlite3.connect(library.store.path)) as connection, connection:
        connection.execute("UPDATE articles SET text = 'It snowed.'")
    with pytest.raises(LibraryError, match=r"'a'.*not the one that was stored"):
        library.store.article("a")


def test_an_embedded_article_keeps_its_id_from_other_files(library: Library) -> None:
    library.put_embedded_corpus()
    entry = library.store.entries()[0]
    mine = Article(entry.id, Language.ENGLISH, "Mine", "It rained.", "mine.md")
    assert library.put([Document(mine, "mine.md")])[0].outcome is Outcome.REFUSED
