"""What the library keeps of the places that articles are read from."""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from massilia.corpus.article import Article, Language
from massilia.index.article_rows import is_there
from massilia.index.change import Change, Outcome
from massilia.index.errors import LibraryError
from massilia.index.readings import Copy, KnownPlace
from massilia.index.store import Store
from massilia.ingest.document import Document, Original, Reading, Refusal, Validators
from massilia.ingest.extraction import DocumentKind, Run
from massilia.ingest.job import Same
from tests.other_user import as_nobody, lock_folder


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.create(tmp_path / "library")
    yield opened
    opened.close()


def make_document(place: str, name: str, text: str, named: bool = False) -> Document:
    article = Article(name, Language.ENGLISH, name.title(), text, f"{name}.txt")
    return Document(article, place, (Run(0, len(text), 0, len(text)),), named=named)


def make_reading(place: Path | str, text: str, name: str | None = None) -> Reading:
    data = text.encode()
    original = Original(sha256(data).hexdigest(), DocumentKind.TEXT, "utf-8", zlib.compress(data))
    document = make_document(str(place), name or Path(place).stem, text)
    return Reading(str(place), "stamp", sha256(data).hexdigest(), (document,), original=original)


def put(store: Store, *readings: Reading) -> list[tuple[str, Outcome]]:
    return [(each.article_id, each.outcome) for each in store.put_readings(readings)]


def write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_a_place_is_remembered_with_what_it_gave(store: Store) -> None:
    reading = replace(
        make_reading("https://example.org/quay", "The quay is long."),
        validators=Validators('"v1"', "Sat, 28 Nov 2026 08:00:00 GMT"),
    )
    assert put(store, reading) == [("quay", Outcome.ADDED)]
    assert store.known_places() == {
        reading.place: KnownPlace("stamp", reading.sha256, ("quay",), validators=reading.validators)
    }
    store.stamp_places([Same(reading.place, "later", Validators('"v2"'))])
    known = store.known_places()[reading.place]
    assert (known.stamp, known.validators) == ("later", Validators('"v2"'))
    assert put(store, reading) == [("quay", Outcome.UNCHANGED)]


def test_the_original_is_kept_with_the_places_of_the_text(store: Store) -> None:
    reading = make_reading("/nowhere/quay.txt", "The quay is long.")
    put(store, reading)
    original = store.original("quay")
    assert original is not None
    assert original.data == b"The quay is long."
    assert (original.kind, original.charset) == (DocumentKind.TEXT, "utf-8")
    assert original.runs == (Run(0, 17, 0, 17),)
    assert store.original("ferry") is None


def test_a_damaged_original_is_told(store: Store) -> None:
    put(store, make_reading("/nowhere/quay.txt", "The quay is long."))
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute("UPDATE documents SET original = ?", (zlib.compress(b"Other"),))
        connection.commit()
    with pytest.raises(LibraryError, match="The original of 'quay' is not the one"):
        store.original("quay")


def test_what_a_place_holds_no_more_is_removed(store: Store) -> None:
    place = "/nowhere/lines.jsonl"
    documents = [
        make_document(f"{place}#{name}", name, f"The {name} is old.")
        for name in ("quay", "ferry", "crane")
    ]
    reading = Reading(place, "1", "a", tuple(documents))
    assert [outcome for _, outcome in put(store, reading)] == [Outcome.ADDED] * 3
    refusal = Refusal(f"{place}#2", "lines.jsonl, line 2: not JSON")
    fewer = Reading(place, "2", "b", (documents[0],), (refusal,))
    assert store.put_readings([fewer]) == [
        Change("quay", f"{place}#quay", Outcome.UNCHANGED),
        Change("crane", f"{place}#crane", Outcome.REMOVED),
        Change("ferry", f"{place}#ferry", Outcome.REMOVED),
        Change("", f"{place}#2", Outcome.REFUSED, refusal.reason),
    ]
    assert store.known_places()[place] == KnownPlace("2", "b", ("quay",), refusals=(refusal,))


def test_what_a_place_held_stays_where_it_cannot_be_read_any_more(store: Store) -> None:
    put(store, make_reading("/nowhere/quay.txt", "The quay is long."))
    refusal = Refusal("/nowhere/quay.txt", "quay.txt: not a text file")
    damaged = Reading("/nowhere/quay.txt", None, None, refusals=(refusal,))
    assert put(store, damaged) == [("", Outcome.REFUSED)]
    assert store.article("quay") is not None


def test_a_text_that_is_there_already_is_kept_as_a_copy(store: Store, tmp_path: Path) -> None:
    first, second = write(tmp_path / "first.txt"), write(tmp_path / "second.txt")
    assert put(store, make_reading(first, "The quay.")) == [("first", Outcome.ADDED)]
    (change,) = store.put_readings([make_reading(second, "The quay.")])
    assert change == Change(
        "first",
        str(second),
        Outcome.DUPLICATE,
        "second.txt: the article 'first' has the same text",
    )
    assert store.count_articles() == 1
    assert store.copies(["first"]) == {"first": (Copy("Second", "second.txt", None, None, None),)}
    assert store.known_places()[str(second)].copies == ("first",)
    # Read again, it is a copy still, and one alone.
    assert put(store, make_reading(second, "The quay.")) == [("first", Outcome.DUPLICATE)]
    assert len(store.copies(["first"])["first"]) == 1


def test_a_copy_that_says_something_else_becomes_an_article(store: Store, tmp_path: Path) -> None:
    first, second = write(tmp_path / "first.txt"), write(tmp_path / "second.txt")
    put(store, make_reading(first, "The quay."), make_reading(second, "The quay."))
    assert put(store, make_reading(second, "The ferry.")) == [("second", Outcome.ADDED)]
    assert store.copies(["first"]) == {}


def test_an_article_that_becomes_a_copy_is_one_no_more(store: Store, tmp_path: Path) -> None:
    first, second = write(tmp_path / "first.txt"), write(tmp_path / "second.txt")
    put(store, make_reading(first, "The quay."), make_reading(second, "The ferry."))
    assert put(store, make_reading(second, "The quay.")) == [("first", Outcome.DUPLICATE)]
    assert store.article("second") is None


@pytest.mark.parametrize("how", ["changed", "removed", "forgotten"])
def test_a_copy_is_read_anew_once_its_article_has_another_text(
    store: Store, tmp_path: Path, how: str
) -> None:
    first, second = write(tmp_path / "first.txt"), write(tmp_path / "second.txt")
    put(store, make_reading(first, "The quay."), make_reading(second, "The quay."))
    if how == "changed":
        put(store, make_reading(first, "The ferry."))
    elif how == "removed":
        store.remove(["first"])
    else:
        store.forget_places([str(first)])
    assert str(second) not in store.known_places()
    assert store.copies(["first"]) == {}
    assert put(store, make_reading(second, "The quay.")) == [("second", Outcome.ADDED)]


def test_a_moved_file_takes_its_article_along(store: Store, tmp_path: Path) -> None:
    first, second = write(tmp_path / "first.txt"), write(tmp_path / "second.txt")
    put(store, make_reading(first, "The quay."))
    first.unlink()
    assert put(store, make_reading(second, "The quay.")) == [("second", Outcome.ADDED)]
    assert store.known_places().keys() == {str(second)}
    assert store.count_articles() == 1


def test_what_is_behind_a_locked_folder_is_taken_to_be_there() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        locked, gone = write(folder / "locked" / "first.txt"), folder / "gone.txt"
        assert is_there(str(locked))
        lock_folder(locked.parent)
        with as_nobody():
            assert is_there(str(locked))
            assert not is_there(str(gone))
            assert not is_there(str(gone / "x"))
        locked.parent.chmod(0o700)
        assert not is_there(str(locked.parent))
        locked.unlink()
        assert not is_there(str(locked))
        assert not is_there(str(write(gone) / "x"))
    for place in ("https://example.org/a", "-0123456789abcdef", "massilia:corpus/fr/port.md"):
        assert is_there(place)


def test_files_of_one_name_have_ids_of_their_own(store: Store, tmp_path: Path) -> None:
    paths = [write(tmp_path / name / "index.txt") for name in "abc"]
    readings = [make_reading(path, f"The {path.parent.name}.") for path in paths]
    ids = [article_id for article_id, _ in put(store, *readings)]
    suffix = sha256(str(paths[1]).encode()).hexdigest()[:8]
    assert ids[:2] == ["index", f"index-{suffix}"]
    assert len(set(ids)) == 3
    # An id stays a file's own, whichever others come and go.
    paths[0].unlink()
    changed = replace(
        readings[1], documents=(make_document(str(paths[1]), "index", "Another text."),)
    )
    assert put(store, changed) == [(ids[1], Outcome.CHANGED)]
    newcomer = write(tmp_path / "d" / "index.txt")
    assert put(store, make_reading(newcomer, "The d.")) == [("index", Outcome.CHANGED)]


def test_a_named_id_is_refused_to_another_file(store: Store, tmp_path: Path) -> None:
    first, second = write(tmp_path / "first.md"), write(tmp_path / "second.md")
    for path, text in ((first, "The quay."), (second, "The ferry.")):
        reading = Reading(str(path), "1", text, (make_document(str(path), "port", text, True),))
        (change,) = store.put_readings([reading])
    assert change.outcome is Outcome.REFUSED
    assert change.reason == f"port.txt: {first} has the id 'port' too"


def test_an_id_longer_than_allowed_is_cut_for_its_suffix(store: Store, tmp_path: Path) -> None:
    name = "a" * 100
    for folder in ("a", "b"):
        path = write(tmp_path / folder / "x.txt")
        ((article_id, _),) = put(store, make_reading(path, f"The {folder}.", name))
    assert len(article_id) == 100


def test_forgetting_a_place_removes_all_of_it(store: Store, tmp_path: Path) -> None:
    first, second = write(tmp_path / "first.txt"), write(tmp_path / "second.txt")
    put(store, make_reading(first, "The quay."), make_reading(second, "The ferry."))
    assert store.forget_places([str(first), str(second)]) == [
        Change("first", str(first), Outcome.REMOVED),
        Change("second", str(second), Outcome.REMOVED),
    ]
    assert store.known_places() == {}
    assert store.original("first") is None
    assert b"The quay." not in store.path.read_bytes()


def test_a_refused_place_is_forgotten_too(store: Store) -> None:
    refusal = Refusal("/nowhere/x.pdf", "x.pdf: damaged")
    put(store, Reading("/nowhere/x.pdf", "1", "a", refusals=(refusal,)))
    assert store.forget_places(["/nowhere/x.pdf"]) == [
        Change("", "/nowhere/x.pdf", Outcome.REMOVED)
    ]


def test_places_read_by_another_version_are_read_again(store: Store) -> None:
    put(store, make_reading("/nowhere/quay.txt", "The quay."))
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute("UPDATE documents SET reader = reader - 1")
        connection.commit()
    assert store.known_places() == {}


def test_readings_are_put_all_or_none(store: Store) -> None:
    good = make_reading("/nowhere/quay.txt", "The quay.")
    bad = replace(good, place="/nowhere/x", documents=(replace(good.documents[0], location=""),))
    object.__setattr__(bad, "stamp", object())
    with pytest.raises(LibraryError):
        store.put_readings([good, bad])
    assert store.known_places() == {}
    assert store.count_articles() == 0


def test_a_copy_of_the_store_holds_what_it_holds(store: Store, tmp_path: Path) -> None:
    put(store, make_reading("/nowhere/quay.txt", "The quay."))
    folder = tmp_path / "copy"
    folder.mkdir()
    store.copy_to(folder)
    with closing(Store.open(folder)) as copy:
        assert copy.article("quay") == store.article("quay")
        copy.remove(["quay"])
    assert store.article("quay") is not None
