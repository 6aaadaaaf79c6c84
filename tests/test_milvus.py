import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from massilia.corpus.article import Language
from massilia.index import milvus
from massilia.index.encoder import Vectors
from massilia.index.errors import LibraryError
from massilia.index.filter import Filter
from massilia.index.milvus import EncodedPassage, MilvusIndex, name_collection
from massilia.index.passage_table import PassageRow

HANGING_SECONDS = 60
"""After this long a call counts as one that never ends."""
needs_milvus = pytest.mark.skipif(
    not (find_spec("pymilvus") and find_spec("milvus_lite")),
    reason='Milvus Lite is not installed: pip install "massilia[milvus]"',
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the file of a Milvus Lite that the tests of this module share."""
    from milvus_lite.server_manager import server_manager_instance

    file = str(tmp_path_factory.mktemp("milvus") / "passages.db")
    yield file
    server_manager_instance.release_server(file)


@pytest.fixture(scope="module")
def index(path: str) -> MilvusIndex:
    return MilvusIndex.build(path, "shared", 4, make_passages(7), token_counts={3: 2})


def make_passages(count: int) -> list[EncodedPassage]:
    """Make passages 1 to `count`, nearer to (1, 0, 0, 0) the later they come."""
    return [
        EncodedPassage(
            PassageRow(
                number,
                f"article-{number}",
                Language.FRENCH,
                kind="odd" if number % 2 else "even",
                date_published=date(2024, 1, 1),
            ),
            f"câble n{number}",
            point(number, 1, 0, 0),
            None,
        )
        for number in range(1, count + 1)
    ]


def point(*numbers: float) -> Vectors:
    return np.array(numbers, dtype=np.float32)


def find(index: MilvusIndex, limit: int = 100) -> list[int]:
    return [hit.id for hit in index.search_vectors(point(1, 0, 0, 0), limit)]


def connect(path: str) -> Any:  # noqa: ANN401 # pymilvus has no types
    from pymilvus import MilvusClient

    return MilvusClient(path, timeout=HANGING_SECONDS)


def test_collections_are_named_after_generations() -> None:
    assert name_collection("gen-0123456789abcdef") == "massilia_gen_0123456789abcdef"


def test_importing_it_loads_nothing() -> None:
    code = (
        "import sys, massilia.index.milvus\n"
        "print(sorted({'pymilvus', 'milvus_lite', 'grpc', 'pandas'} & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert printed.stdout.decode().strip() == "[]"


@pytest.mark.parametrize(
    ("missing", "uri"), [("pymilvus", "http://127.0.0.1:19530"), ("milvus_lite", "passages.db")]
)
def test_what_to_install_is_said(monkeypatch: pytest.MonkeyPatch, missing: str, uri: str) -> None:
    if missing == "milvus_lite":
        pytest.importorskip("pymilvus")
    monkeypatch.setitem(sys.modules, missing, None)
    message = rf'the package {missing}, which isn.t installed: pip install "massilia\[milvus\]"'
    with pytest.raises(LibraryError, match=message):
        MilvusIndex.open(uri, "massilia_1")


@needs_milvus
def test_a_generation_stays_when_milvus_is_restarted(tmp_path: Path) -> None:
    from milvus_lite.server_manager import server_manager_instance

    file = str(tmp_path / "passages.db")
    MilvusIndex.build(file, "massilia_1", 4, make_passages(3), token_counts={3: 2})
    server_manager_instance.release_server(file)
    index = MilvusIndex.open(file, "massilia_1")
    assert find(index) == [3, 2, 1]
    assert [hit.id for hit in index.search_terms("n2", 5)] == [2]
    assert index.count_passages_with([3]) == {3: 2}
    server_manager_instance.release_server(file)


@needs_milvus
def test_generations_stand_side_by_side(path: str, index: MilvusIndex) -> None:
    other = MilvusIndex.build(path, "other", 2, [], token_counts={3: 1})
    assert (len(index), len(other)) == (7, 0)
    assert (index.dimension, other.dimension) == (4, 2)
    assert index.count_passages_with([3]) == {3: 2}
    MilvusIndex.drop(path, "other")
    assert find(MilvusIndex.open(path, "shared")) == [7, 6, 5, 4, 3, 2, 1]
    with pytest.raises(LibraryError, match="the collection other is missing"):
        MilvusIndex.open(path, "other")
    MilvusIndex.drop(path, "other")


@needs_milvus
def test_a_build_replaces_what_was_there(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MilvusIndex.build(path, "replaced", 4, make_passages(5), token_counts={3: 2, 4: 1})
    # In batches, of which the last is not full.
    monkeypatch.setattr(milvus, "_BATCH", 2)
    told: list[int] = []
    passages = make_passages(3)
    index = MilvusIndex.build(path, "replaced", 4, passages, None, {3: 1}, told.append)
    assert told == [2, 1]
    assert len(index) == 3
    assert find(index) == [3, 2, 1]
    assert index.count_passages_with([3, 4]) == {3: 1, 4: 0}


class Broken(list[EncodedPassage]):
    """Hold passages that can be counted, and can't all be read a second time."""

    def __iter__(self) -> Iterator[EncodedPassage]:
        if hasattr(self, "read"):
            yield self[0]
            raise ZeroDivisionError("a fault of the caller's")
        self.read = True
        yield from super().__iter__()


@needs_milvus
def test_a_build_that_fails_leaves_nothing(path: str) -> None:
    with pytest.raises(ZeroDivisionError, match="a fault of the caller's"):
        MilvusIndex.build(path, "failed", 4, Broken(make_passages(3)))
    with pytest.raises(LibraryError, match="the collection failed is missing"):
        MilvusIndex.open(path, "failed")
    assert not connect(path).has_collection("failed")


@needs_milvus
def test_a_vector_that_does_not_fit_is_refused(path: str) -> None:
    with pytest.raises(LibraryError, match="the collection bad can't be written"):
        MilvusIndex.build(path, "bad", 5, make_passages(1))
    assert not connect(path).has_collection("bad")


@needs_milvus
def test_a_collection_that_is_not_whole_is_refused(path: str) -> None:
    client = connect(path)
    MilvusIndex.build(path, "damaged", 4, make_passages(3))
    client.delete("damaged", ids=[2])
    with pytest.raises(LibraryError, match="the collection damaged has 2 passages, not 3"):
        MilvusIndex.open(path, "damaged")
    client.delete("damaged_tokens", ids=[-1])
    with pytest.raises(LibraryError, match="the collection damaged is not one of Massilia"):
        MilvusIndex.open(path, "damaged")
    client.drop_collection("damaged_tokens")
    with pytest.raises(LibraryError, match="the collection damaged_tokens is missing"):
        MilvusIndex.open(path, "damaged")


@needs_milvus
def test_a_collection_of_another_program_is_refused(path: str) -> None:
    client = connect(path)
    for name in ("foreign", "foreign_tokens"):
        client.create_collection(name, dimension=4)
    with pytest.raises(LibraryError, match="foreign"):
        MilvusIndex.open(path, "foreign")


@needs_milvus
@pytest.mark.parametrize("shape", [(3,), (5,), (1, 4), ()])
def test_a_question_of_another_dimension_is_refused(
    index: MilvusIndex, shape: tuple[int, ...]
) -> None:
    with pytest.raises(LibraryError, match="vectors of 4 numbers, the question one of"):
        index.search_vectors(np.ones(shape, dtype=np.float32), 3)


@needs_milvus
def test_more_than_milvus_gives_is_not_asked_for(
    index: MilvusIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pymilvus import MilvusClient

    asked = []
    search = MilvusClient.search

    def watch(client: MilvusClient, *arguments: object, **named: Any) -> object:  # noqa: ANN401
        asked.append(named["limit"])
        return search(client, *arguments, **named)

    monkeypatch.setattr(MilvusClient, "search", watch)
    monkeypatch.setattr(milvus, "MOST_HITS", 3)
    assert find(index, 2) == [7, 6]
    assert find(index, 100) == [7, 6, 5]
    # All of them are equal: nothing tells where to stop.
    assert len(index.search_vectors(point(0, 1, 0, 0), 2)) == 2
    assert asked == [3, 3, 3]


@needs_milvus
def test_much_is_read_in_parts(
    path: str, index: MilvusIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(milvus, "_READ", 2)
    vectors = index.read_vectors([5, 1, 7, 3, 2])
    assert vectors[:, 0].tolist() == [5, 1, 7, 3, 2]
    monkeypatch.setattr(milvus, "MOST_HITS", 2)
    assert MilvusIndex.open(path, "shared").ids.tolist() == [1, 2, 3, 4, 5, 6, 7]


@needs_milvus
def test_a_large_collection_is_searched_by_its_graph(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(milvus, "MOST_EXACT", 100)
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(2_000, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    passages = [
        EncodedPassage(PassageRow(number, str(number % 20), Language.ENGLISH), "", vector, None)
        for number, vector in enumerate(vectors)
    ]
    index = MilvusIndex.build(path, "large", 16, passages)
    assert connect(path).describe_index("large", "vector")["index_type"] == "HNSW"
    selected = np.arange(7, 2_000, 20)
    within = Filter(articles=frozenset({"7"}))
    found = 0
    for question in vectors[::100]:
        right = np.argsort(-(vectors @ question))[:10]
        found += len({hit.id for hit in index.search_vectors(question, 10)} & set(right.tolist()))
        own = selected[np.argsort(-(vectors[selected] @ question))[:10]]
        hits = {hit.id for hit in index.search_vectors(question, 10, within)}
        assert hits <= set(selected.tolist())
        found += len(hits & set(own.tolist()))
    assert found >= 0.95 * 20 * 20


@needs_milvus
def test_threads_share_an_index(index: MilvusIndex) -> None:
    def ask(number: int) -> tuple[list[int], list[int]]:
        terms = [hit.id for hit in index.search_terms(f"n{number}", 3)]
        return terms, find(index, number)

    numbers = [1, 2, 3, 4, 5, 6, 7] * 6
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, numbers))
    assert answers == [([number], [7, 6, 5, 4, 3, 2, 1][:number]) for number in numbers]


def run_to_its_end(call: Callable[[], object]) -> None:
    """Call what must raise `LibraryError`, and fail where it never does."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(HANGING_SECONDS)
    assert not thread.is_alive(), "it hangs"
    assert raised, "it raised nothing"
    raise raised[0]


@needs_milvus
@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("http://127.0.0.1:9", r"Milvus at http://127\.0\.0\.1:9 can't be reached"),
        ("http://no.such.host.invalid:19530", "can't be reached"),
        ("ftp://127.0.0.1", "can't be reached"),
        ("http://[", "can't be reached"),
        ("passages", "can't be reached"),
        ("", "can't be reached"),
        ("/no/such/folder/passages.db", "can't be reached, or another process has it open"),
    ],
)
def test_an_engine_that_is_down_is_named(uri: str, reason: str) -> None:
    with pytest.raises(LibraryError, match=reason):
        run_to_its_end(lambda: MilvusIndex.open(uri, "massilia_1"))
    with pytest.raises(LibraryError, match=reason):
        run_to_its_end(lambda: MilvusIndex.build(uri, "massilia_1", 4, make_passages(1)))


@needs_milvus
def test_an_engine_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(milvus, "CALL_SECONDS", 1)
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(LibraryError, match=f"Milvus at http://{address} ") as raised:
            run_to_its_end(lambda: MilvusIndex.open(f"http://editor:secret@{address}", "massilia"))
    assert "secret" not in str(raised.value)


@needs_milvus
def test_a_file_that_another_process_has_open_is_named(path: str, index: MilvusIndex) -> None:
    code = (
        "import sys\n"
        "from massilia.index.errors import LibraryError\n"
        "from massilia.index.milvus import MilvusIndex\n"
        "try:\n"
        "    MilvusIndex.open(sys.argv[1], 'shared')\n"
        "except LibraryError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    assert f"Milvus at {path} can't be reached, or another process has it open" in done.stdout
    assert done.stderr == ""


class Line:
    """Pass on what is said between a client and a server, until it is held or cut."""

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        self._open = threading.Event()
        self._open.set()
        self._ends: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    def cut(self) -> None:
        # The thread that waits in `accept` is woken only by this.
        self._listening.shutdown(socket.SHUT_RDWR)
        for end in (self._listening, *self._ends):
            end.close()
        self._open.set()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            self._ends += [client, server]
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while content := source.recv(65_536):
                self._open.wait()
                target.sendall(content)
        except OSError:
            pass


@needs_milvus
def test_an_engine_that_falls_silent_is_given_up_and_found_again(
    path: str, index: MilvusIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    from milvus_lite.server_manager import server_manager_instance

    port = int(server_manager_instance.start_and_get_uri(path).rpartition(":")[2])
    line = Line(port)
    uri = f"http://127.0.0.1:{line.port}"
    far = MilvusIndex.open(uri, "shared")
    assert find(far) == [7, 6, 5, 4, 3, 2, 1]
    monkeypatch.setattr(milvus, "CALL_SECONDS", 1)
    calls: Sequence[Callable[[], object]] = [
        lambda: find(far),
        lambda: far.search_terms("n1", 3),
        lambda: far.read_vectors([1]),
        lambda: far.count_passages_with([3]),
        lambda: far.ids,
        lambda: MilvusIndex.open(uri, "shared"),
        lambda: MilvusIndex.drop(uri, "shared"),
    ]
    line.hold()
    for call in calls:
        with pytest.raises(LibraryError, match=f"Milvus at {uri}"):
            run_to_its_end(call)
    line.release()
    assert find(far) == [7, 6, 5, 4, 3, 2, 1]
    line.cut()
    for call in calls:
        with pytest.raises(LibraryError, match=f"Milvus at {uri}"):
            run_to_its_end(call)
    assert find(index) == [7, 6, 5, 4, 3, 2, 1]
