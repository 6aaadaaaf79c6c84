import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from massilia.index import vectors as module
from massilia.index.encoder import Vectors
from massilia.index.vectors import Hit, VectorIndex

IDS = [30, 10, 20]
AXES: Vectors = np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
"""Under `IDS`: 30 lies on the first axis, 10 on the second, 20 between them."""

MANY = 6_000
FIRST = 1_763_945_600_000_000
"""Where the ids of a library begin: a time in microseconds."""
MANY_IDS: NDArray[np.int64] = FIRST + np.cumsum(
    np.random.default_rng(2).choice([1, 1, 1, 2, 40, 10**7], size=MANY)
)
"""Ids with gaps, as after the removal of articles."""

SAVE_WITH_LIMIT = """
import resource, sys
from pathlib import Path
import numpy as np
from massilia.index.vectors import VectorIndex
index = VectorIndex.build([1, 2, 3], np.eye(3, 384, dtype=np.float32))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    index.save(Path(sys.argv[1]))
except OSError as error:
    print(error.strerror)
"""


@pytest.fixture
def index() -> VectorIndex:
    return VectorIndex.build(IDS, AXES)


@pytest.fixture(scope="module")
def cloud() -> Vectors:
    return make_cloud(MANY, seed=4)


@pytest.fixture(scope="module")
def coded(cloud: Vectors, tmp_path_factory: pytest.TempPathFactory) -> VectorIndex:
    """Build an index of more vectors than are all compared, in a mixed order, and load it."""
    order = np.random.default_rng(6).permutation(MANY)
    path = tmp_path_factory.mktemp("coded") / "many.faiss"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST_EXACT", MANY - 1)
        patch.setattr(module, "_CHUNK", 999)
        VectorIndex.build(MANY_IDS[order].tolist(), cloud[order]).save(path)
    return VectorIndex.load(path)


def make_cloud(count: int, seed: int) -> Vectors:
    """Make vectors that lie as an encoder's do: at cosines near .8, those of a subject at .9."""
    generator = np.random.default_rng(seed)
    common = np.random.default_rng(0).standard_normal(48)
    subjects = np.random.default_rng(1).standard_normal((60, 48))
    vectors = 2 * common + subjects[generator.integers(60, size=count)]
    vectors = vectors + 0.7 * generator.standard_normal((count, 48))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32)


def find_nearest(
    vectors: Vectors, asked: Vectors, limit: int, ids: NDArray[np.int64] = MANY_IDS
) -> list[int]:
    """Return the ids of the nearest vectors, found in double precision."""
    products = vectors.astype(np.float64) @ asked.astype(np.float64)
    nearest: list[int] = ids[np.argsort(-products, kind="stable")[:limit]].tolist()
    return nearest


def measure_recall(found: Sequence[Hit], nearest: Sequence[int]) -> float:
    return len({hit.id for hit in found} & set(nearest)) / len(nearest)


def question(*values: float) -> Vectors:
    return np.array(values, dtype=np.float32)


def test_scores_are_inner_products_best_first(index: VectorIndex) -> None:
    hits = index.search(question(1, 0), 3)
    assert [hit.id for hit in hits] == [30, 20, 10]
    assert [hit.score for hit in hits] == pytest.approx([1.0, 0.6, 0.0])


def test_search_agrees_with_a_product_of_matrices_on_a_thousand_vectors() -> None:
    generator = np.random.default_rng(7)
    vectors = generator.standard_normal((1000, 48)).astype(np.float32)
    ids = generator.permutation(5000)[:1000].tolist()
    asked = generator.standard_normal(48).astype(np.float32)
    products = vectors @ asked
    order = np.argsort(-products)
    hits = VectorIndex.build(ids, vectors).search(asked, 1000)
    assert [hit.id for hit in hits] == [ids[row] for row in order]
    assert [hit.score for hit in hits] == pytest.approx(products[order].tolist(), abs=1e-4)


def test_equally_near_vectors_come_in_the_order_of_their_ids() -> None:
    index = VectorIndex.build([3, 9, 1, 7], np.ones((4, 2), dtype=np.float32))
    assert [hit.id for hit in index.search(question(1, 1), 4)] == [1, 3, 7, 9]


@pytest.mark.parametrize("limit", [1, 2, 3, 10, 40, 60, 61, 62, 99])
def test_of_those_as_near_as_the_last_the_lowest_ids_are_kept(limit: int) -> None:
    """Put in backwards, after one that is nearer and before one that is farther."""
    vectors = np.ones((62, 2), dtype=np.float32)
    vectors[0], vectors[-1] = (2, 2), (0, 0)
    index = VectorIndex.build([99, *range(60, 0, -1), 98], vectors)
    expected = [99, *range(1, 61), 98]
    assert [hit.id for hit in index.search(question(1, 1), limit)] == expected[:limit]
    among = np.array([*range(2, 61, 2), 98, 99])
    expected = [99, *range(2, 61, 2), 98]
    assert [hit.id for hit in index.search(question(1, 1), limit, among)] == expected[:limit]


def test_ties_are_broken_by_ids_wherever_they_are() -> None:
    """The products are whole numbers of few values, so that most are shared by many."""
    generator = np.random.default_rng(17)
    vectors = generator.integers(-2, 3, (400, 3)).astype(np.float32)
    ids = generator.permutation(900)[:400]
    index = VectorIndex.build(ids.tolist(), vectors)
    for count in (1, 7, 150, 400):
        rows = np.sort(generator.choice(400, count, replace=False))
        for asked in generator.integers(-2, 3, (5, 3)).astype(np.float32):
            ranked = sorted((-float(vectors[row] @ asked), int(ids[row])) for row in rows)
            for limit in (1, 5, 99, 100, 101, 400):
                hits = index.search(asked, limit, np.sort(ids[rows]))
                expected = [Hit(each, -score) for score, each in ranked[:limit]]
                assert hits == expected


@pytest.mark.parametrize(("limit", "found"), [(-1, 0), (0, 0), (1, 1), (2, 2), (3, 3), (99, 3)])
def test_a_limit_is_never_exceeded_nor_filled_up(
    index: VectorIndex, limit: int, found: int
) -> None:
    assert len(index.search(question(0, 1), limit)) == found


def test_an_id_of_more_than_32_bits_is_kept_whole() -> None:
    index = VectorIndex.build([2**51 + 1], AXES[:1])
    assert index.search(question(1, 0), 1) == [Hit(2**51 + 1, 1.0)]
    assert index.ids.tolist() == [2**51 + 1]


def test_known_ids_are_scored_in_the_order_asked_and_unknown_ones_left_out(
    index: VectorIndex,
) -> None:
    hits = index.score(question(0, 1), [20, 77, 30, -1])
    assert [hit.id for hit in hits] == [20, 30]
    assert [hit.score for hit in hits] == pytest.approx([0.8, 0.0])
    assert index.score(question(0, 1), [77]) == []
    assert index.score(question(0, 1), []) == []


def test_vectors_are_given_back_as_they_were_in_the_order_asked(index: VectorIndex) -> None:
    assert np.array_equal(index.vectors([20, 30]), AXES[[2, 0]])
    assert index.vectors([]).shape == (0, 2)


def test_the_vector_of_an_unknown_id_is_an_error(index: VectorIndex) -> None:
    with pytest.raises(KeyError, match="no vector has the id 77'"):
        index.vectors([10, 77, 78])


def test_an_index_knows_its_ids_size_and_dimension(index: VectorIndex) -> None:
    assert (index.ids.tolist(), len(index), index.dimension) == (sorted(IDS), 3, 2)


def test_an_empty_index_has_a_dimension_and_finds_nothing() -> None:
    index = VectorIndex.build([], np.zeros((0, 5), dtype=np.float32))
    assert (len(index), index.dimension) == (0, 5)
    assert index.search(np.ones(5, dtype=np.float32), 3) == []


def test_two_vectors_under_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^two vectors have the id 30$"):
        VectorIndex.build([30, 10, 30], AXES)


def test_vectors_of_the_same_score_differ_in_nothing_but_their_ids() -> None:
    # Where they stand in a batch of products must not show in the last digit.
    vectors = np.repeat(make_cloud(1, seed=8), 301, axis=0)
    asked = make_cloud(1, seed=9)[0]
    index = VectorIndex.build(list(range(301)), vectors)
    scores = [hit.score for hit in index.score(asked, range(301))]
    assert scores == [scores[0]] * 301
    assert [hit.id for hit in index.search(asked, 301)] == list(range(301))


SELECTED = [0, 1, 2, 49, 60, 300, 600, 3000, 5400, 6000]
"""How many of 6,000 a filter leaves."""


def select(count: int) -> NDArray[np.int64]:
    """Return the rows that a filter leaves, at random, sorted."""
    return np.sort(np.random.default_rng(count).choice(MANY, count, replace=False))


@pytest.mark.parametrize("count", SELECTED)
def test_a_filter_is_applied_before_ranking(cloud: Vectors, count: int) -> None:
    index = VectorIndex.build(MANY_IDS.tolist(), cloud)
    rows = select(count)
    for asked in make_cloud(5, seed=count):
        hits = index.search(asked, 50, MANY_IDS[rows])
        nearest = find_nearest(cloud[rows], asked, 50, MANY_IDS[rows])
        assert {hit.id for hit in hits} == set(nearest)
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_ids_of_a_filter_that_an_index_lacks_count_for_nothing(
    index: VectorIndex, coded: VectorIndex, cloud: Vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = np.array([-5, 10, 11, 30, 2**60])
    assert [hit.id for hit in index.search(question(1, 0), 5, asked)] == [30, 10]
    assert index.search(question(1, 0), 5, np.array([7, 31])) == []
    for compared in (0, MANY):
        monkeypatch.setattr(module, "MOST_COMPARED", compared)
        some = np.array([0, *MANY_IDS[10:13].tolist(), 2**60])
        found = coded.search(cloud[11], 50, some)
        assert {hit.id for hit in found} == set(MANY_IDS[10:13].tolist())
        assert found[0].id == MANY_IDS[11]
        assert coded.search(cloud[11], 50, np.array([0, 2**60])) == []


def test_of_many_nearly_all_of_the_nearest_are_found(coded: VectorIndex, cloud: Vectors) -> None:
    recalls = []
    for asked in make_cloud(40, seed=11):
        hits = coded.search(asked, 50)
        assert len(hits) == 50
        recalls.append(measure_recall(hits, find_nearest(cloud, asked, 50)))
    assert np.mean(recalls) >= 0.98


@pytest.mark.parametrize(
    ("probed", "refined", "least", "most"),
    [(0.01, 12, 0.02, 0.97), (1, 1, 0.2, 0.98), (1, 40, 1, 1)],
)
def test_the_more_is_searched_the_more_of_the_nearest_are_found(
    coded: VectorIndex,
    cloud: Vectors,
    probed: float,
    refined: int,
    least: float,
    most: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PROBED", probed)
    monkeypatch.setattr(module, "REFINED", refined)
    monkeypatch.setattr(module, "MOST_COMPARED", 0)
    kept = cloud.astype(np.float16)
    for among in (None, MANY_IDS):
        recalls = [
            measure_recall(coded.search(asked, 50, among), find_nearest(kept, asked, 50))
            for asked in make_cloud(10, seed=16)
        ]
        assert least <= np.mean(recalls) <= most


@pytest.mark.parametrize(
    ("count", "compared"),
    [*((count, 700) for count in SELECTED), (0, 0), (1, 0), (600, 0)],
)
def test_of_many_that_a_filter_leaves_nearly_all_of_the_nearest_are_found(
    coded: VectorIndex,
    cloud: Vectors,
    count: int,
    compared: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_COMPARED", compared)
    rows = select(count)
    among = MANY_IDS[rows]
    kept = cloud.astype(np.float16)
    recalls = [1.0]
    for asked in make_cloud(20, seed=count):
        hits = coded.search(asked, 50, among)
        assert len(hits) == min(50, count)
        assert {hit.id for hit in hits} <= set(among.tolist())
        if count:
            recalls.append(measure_recall(hits, find_nearest(kept[rows], asked, 50, among)))
    assert np.mean(recalls) >= 0.98
    if 0 < count <= compared:
        assert min(recalls) == 1


def test_a_filter_of_one_subject_far_from_the_question_fills_the_limit(
    coded: VectorIndex, cloud: Vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Those selected lie in the lists that would be searched last.
    monkeypatch.setattr(module, "MOST_COMPARED", 0)
    asked = cloud[0]
    rows = np.sort(np.argsort(cloud @ asked)[:200])
    hits = coded.search(asked, 50, MANY_IDS[rows])
    assert len(hits) == 50
    assert measure_recall(hits, find_nearest(cloud[rows], asked, 50, MANY_IDS[rows])) >= 0.9


@pytest.mark.parametrize("limit", [0, 1, 50, 3_000, MANY - 1, MANY, MANY + 9])
def test_of_many_as_many_are_found_as_asked_for(
    coded: VectorIndex, cloud: Vectors, limit: int
) -> None:
    hits = coded.search(cloud[7], limit)
    assert len(hits) == len({hit.id for hit in hits}) == min(limit, MANY)


def test_near_ties_come_in_their_order(cloud: Vectors, monkeypatch: pytest.MonkeyPatch) -> None:
    # Twenty vectors whose scores lie closer together than a code can tell, above all others.
    monkeypatch.setattr(module, "MOST_EXACT", 1_000)
    asked = make_cloud(1, seed=12)[0]
    across = make_cloud(1, seed=13)[0]
    across = across - (across @ asked) * asked
    across = across / np.linalg.norm(across)
    cosines = 0.995 - 5e-4 * np.arange(20)
    planted = cosines[:, None] * asked + np.sqrt(1 - cosines[:, None] ** 2) * across
    vectors = cloud.copy()
    rows = np.random.default_rng(14).choice(MANY, 20, replace=False)
    vectors[rows] = planted
    index = VectorIndex.build(MANY_IDS.tolist(), vectors)
    hits = index.search(asked, 20)
    assert [hit.id for hit in hits] == MANY_IDS[rows].tolist()
    assert [hit.score for hit in hits] == pytest.approx(cosines.tolist(), abs=2e-4)


def test_of_many_equally_near_those_found_come_in_the_order_of_their_ids(
    coded: VectorIndex, cloud: Vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_EXACT", 1_000)
    index = VectorIndex.build(MANY_IDS.tolist(), np.repeat(cloud[:2000], 3, axis=0))
    for among in (None, MANY_IDS[:4_500], MANY_IDS[:300]):
        hits = index.search(cloud[3], 30, among)
        assert {hit.id for hit in hits[:3]} == set(MANY_IDS[9:12].tolist())
        for one, other in pairwise(hits):
            assert (-one.score, one.id) < (-other.score, other.id)


def test_vectors_of_many_are_kept_to_the_precision_of_16_bits(
    coded: VectorIndex, cloud: Vectors
) -> None:
    rows = [5, 5_999, 0]
    kept = coded.vectors(MANY_IDS[rows].tolist())
    assert np.array_equal(kept, cloud[rows].astype(np.float16).astype(np.float32))
    hits = coded.score(cloud[0], [*MANY_IDS[rows].tolist(), 1])
    assert [hit.id for hit in hits] == MANY_IDS[rows].tolist()
    assert [hit.score for hit in hits] == pytest.approx((kept @ cloud[0]).tolist(), abs=1e-6)


def test_an_index_built_anew_from_its_vectors_is_no_worse(
    coded: VectorIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_EXACT", 1_000)
    ids = MANY_IDS.tolist()
    vectors = coded.vectors(ids)
    assert np.array_equal(VectorIndex.build(ids, vectors).vectors(ids), vectors)
    fewer = VectorIndex.build(ids[:900], vectors[:900])
    assert np.array_equal(fewer.vectors(ids[:900]), vectors[:900])


def test_threads_that_search_at_once_find_what_each_finds_alone(
    coded: VectorIndex, cloud: Vectors
) -> None:
    asked = make_cloud(40, seed=15)
    filters = [None, MANY_IDS[::2], MANY_IDS[:30]]
    searches = [(each, filters[number % 3]) for number, each in enumerate(asked)]
    alone = [coded.search(each, 20, among) for each, among in searches]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda search: coded.search(search[0], 20, search[1]), searches))
    assert together == alone


def test_a_search_keeps_to_the_thread_that_it_is_called_in(index: VectorIndex) -> None:
    def search() -> int:
        faiss.omp_set_num_threads(7)
        index.search(question(1, 0), 1)
        return int(faiss.omp_get_max_threads())

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(search).result() == 1


def test_as_many_ids_as_vectors_are_asked_for() -> None:
    with pytest.raises(ValueError, match="2 ids for 3 vectors"):
        VectorIndex.build([1, 2], AXES)


@pytest.mark.parametrize("rows", [0, 3])
def test_a_saved_index_is_the_same_when_loaded(tmp_path: Path, rows: int) -> None:
    saved = VectorIndex.build(IDS[:rows], AXES[:rows])
    path = tmp_path / "où?.faiss"
    saved.save(path)
    loaded = VectorIndex.load(path)
    assert (loaded.ids.tolist(), loaded.dimension) == (sorted(IDS[:rows]), 2)
    assert loaded.search(question(0.6, 0.8), 3) == saved.search(question(0.6, 0.8), 3)
    assert np.array_equal(loaded.vectors(IDS[:rows]), AXES[:rows])


def test_an_index_of_another_program_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "foreign.faiss"
    faiss.write_index(faiss.IndexFlatIP(2), str(path))
    with pytest.raises(RuntimeError, match=r"foreign\.faiss is not an index, or not the whole"):
        VectorIndex.load(path)


def test_a_file_that_was_cut_is_refused_by_name(coded: VectorIndex, tmp_path: Path) -> None:
    path = tmp_path / "cut.faiss"
    for whole in (coded, VectorIndex.build(IDS, AXES)):
        whole.save(path)
        content = path.read_bytes()
        for kept in [0, 1, 4, 30, *np.linspace(50, len(content) - 1, 25).astype(int).tolist()]:
            if kept < len(content):
                path.unlink()
                path.write_bytes(content[:kept])
                with pytest.raises(
                    RuntimeError, match=r"cut\.faiss is not an index, or not the whole of one"
                ):
                    VectorIndex.load(path)


def test_an_index_outlives_the_name_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "pruned.faiss"
    VectorIndex.build(IDS, AXES).save(path)
    loaded = VectorIndex.load(path)
    path.unlink()
    assert [hit.id for hit in loaded.search(question(1, 0), 3)] == [30, 20, 10]


@pytest.mark.parametrize("content", [b"", b"not an index", b"not an index at all, but longer"])
def test_a_file_that_is_no_index_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.faiss"
    path.write_bytes(content)
    with pytest.raises(RuntimeError, match=r"broken\.faiss"):
        VectorIndex.load(path)


def test_a_file_that_lacks_its_middle_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "holed.faiss"
    VectorIndex.build(IDS, AXES).save(path)
    content = path.read_bytes()
    path.write_bytes(content[:40] + content[-60:])
    with pytest.raises(RuntimeError, match=r"holed\.faiss is not an index, or not the whole"):
        VectorIndex.load(path)


def test_an_index_that_faiss_can_not_read_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "newer.faiss"
    VectorIndex.build(IDS, AXES).save(path)
    path.write_bytes(b"Ix??" + path.read_bytes()[4:])
    with pytest.raises(RuntimeError, match=r"newer\.faiss can't be read by this version of FAISS"):
        VectorIndex.load(path)


def test_a_missing_file_is_an_error_of_the_file_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        VectorIndex.load(tmp_path / "missing.faiss")


# 4,096 bytes is what C buffers: what follows is written as the file is closed, where FAISS's own
# writer doesn't look for an error.
@pytest.mark.parametrize("limit", [0, 10, 4096, 4600])
def test_a_file_that_can_not_be_written_whole_is_an_error(tmp_path: Path, limit: int) -> None:
    path = tmp_path / "cut.faiss"
    run = subprocess.run(
        [sys.executable, "-c", SAVE_WITH_LIMIT, str(path), str(limit)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "File too large\n"
    assert path.stat().st_size <= limit
