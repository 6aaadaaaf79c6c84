import subprocess
import sys
from pathlib import Path

import faiss
import numpy as np
import pytest

from massilia.index.encoder import Vectors
from massilia.index.vectors import Hit, VectorIndex

IDS = [30, 10, 20]
AXES: Vectors = np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
"""Under `IDS`: 30 lies on the first axis, 10 on the second, 20 between them."""

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


@pytest.mark.parametrize(("limit", "found"), [(-1, 0), (0, 0), (1, 1), (2, 2), (3, 3), (99, 3)])
def test_a_limit_is_never_exceeded_nor_filled_up(
    index: VectorIndex, limit: int, found: int
) -> None:
    assert len(index.search(question(0, 1), limit)) == found


def test_an_id_of_more_than_32_bits_is_kept_whole() -> None:
    index = VectorIndex.build([2**51 + 1], AXES[:1])
    assert index.search(question(1, 0), 1) == [Hit(2**51 + 1, 1.0)]
    assert index.ids == {2**51 + 1}


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
    with pytest.raises(RuntimeError, match="77"):
        index.vectors([10, 77])


def test_an_index_knows_its_ids_size_and_dimension(index: VectorIndex) -> None:
    assert (index.ids, len(index), index.dimension) == (frozenset(IDS), 3, 2)


def test_an_empty_index_has_a_dimension_and_finds_nothing() -> None:
    index = VectorIndex.build([], np.zeros((0, 5), dtype=np.float32))
    assert (len(index), index.dimension) == (0, 5)
    assert index.search(np.ones(5, dtype=np.float32), 3) == []


def test_as_many_ids_as_vectors_are_asked_for() -> None:
    with pytest.raises(ValueError, match="2 ids for 3 vectors"):
        VectorIndex.build([1, 2], AXES)


@pytest.mark.parametrize("rows", [0, 3])
def test_a_saved_index_is_the_same_when_loaded(tmp_path: Path, rows: int) -> None:
    saved = VectorIndex.build(IDS[:rows], AXES[:rows])
    path = tmp_path / "où?.faiss"
    saved.save(path)
    loaded = VectorIndex.load(path)
    assert (loaded.ids, loaded.dimension) == (saved.ids, 2)
    assert loaded.search(question(0.6, 0.8), 3) == saved.search(question(0.6, 0.8), 3)
    assert np.array_equal(loaded.vectors(IDS[:rows]), AXES[:rows])


def test_an_index_of_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "foreign.faiss"
    faiss.write_index(faiss.IndexFlatIP(2), str(path))
    with pytest.raises(RuntimeError, match=r"foreign\.faiss holds a IndexFlat"):
        VectorIndex.load(path)


@pytest.mark.parametrize("content", [b"", b"not an index", None])
def test_a_file_that_is_no_index_is_refused_by_name(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.faiss"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RuntimeError, match=r"broken\.faiss"):
        VectorIndex.load(path)


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
