"""What every `PassageIndex` must do, asked of each; the brute-force index says what is right."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from importlib.util import find_spec
from itertools import count
from math import log
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from numpy.typing import NDArray

from massilia.corpus.article import Language
from massilia.index.analysis import analyse
from massilia.index.encoder import Encoder, TokenVectors, Vectors
from massilia.index.encoder_input import compose_passage
from massilia.index.filter import EVERYTHING, Filter
from massilia.index.library import Library
from massilia.index.local import LocalIndex
from massilia.index.milvus import EncodedPassage, MilvusIndex
from massilia.index.passage_index import PassageIndex
from massilia.index.passage_table import PassageRow, PassageTable
from massilia.index.store import IndexedText
from massilia.index.token_codec import TokenCodec
from massilia.index.token_store import PassageTokens, TokenStore, TokenWriter
from massilia.index.vectors import Hit

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH
QUESTIONS = Path(__file__).parent.parent / "corpus" / "questions" / "dev.jsonl"
STRANGE_NAMES = [
    'L\'Usine "Nouvelle"',
    "back\\slash\\",
    "100 % {x} $y",
    "deux\nlignes",
    "日本経済新聞 🐟",
    "article in [1] or id >= 0",
    "",
]


class BruteForceIndex:
    """Look at every passage for every question, in the plainest way there is."""

    def __init__(self, passages: Sequence[EncodedPassage], store: TokenStore | None) -> None:
        self._passages = {passage.row.id: passage for passage in passages}
        self._store = store
        self._table = PassageTable.build([passage.row for passage in passages])
        self._terms = {
            passage.row.id: Counter(analyse(passage.text, passage.row.language))
            for passage in passages
        }

    @property
    def ids(self) -> NDArray[np.int64]:
        return np.array(sorted(self._passages), dtype=np.int64)

    @property
    def codec(self) -> TokenCodec | None:
        return self._store.codec if self._store else None

    def search_vectors(
        self, question: Vectors, limit: int, within: Filter = EVERYTHING
    ) -> list[Hit]:
        scores = {each: float(self._passages[each].vector @ question) for each in self._passages}
        return self._rank(scores, limit, within)

    def search_terms(self, question: str, limit: int, within: Filter = EVERYTHING) -> list[Hit]:
        scores: Counter[int] = Counter()
        for language in Language:
            own = {
                passage_id: self._terms[passage_id]
                for passage_id, passage in self._passages.items()
                if passage.row.language is language
            }
            for term in set(analyse(question, language)):
                having = {each: terms for each, terms in own.items() if term in terms}
                idf = log(1 + (len(own) - len(having) + 0.5) / (len(having) + 0.5))
                for passage_id, terms in having.items():
                    length = terms.total() / (sum(map(Counter.total, own.values())) / len(own))
                    scores[passage_id] += (  # type: ignore[assignment]
                        idf * terms[term] * 2.2 / (terms[term] + 1.2 * (0.25 + 0.75 * length))
                    )
        return self._rank(scores, limit, within)

    def read_vectors(self, ids: Sequence[int]) -> Vectors:
        return np.array([self._passages[each].vector for each in ids])

    def read_tokens(self, ids: Sequence[int]) -> list[PassageTokens | None]:
        return self._store.read(ids) if self._store else [None] * len(ids)

    def count_passages_with(self, token_ids: Sequence[int]) -> Mapping[int, int]:
        return self._store.count_passages_with(token_ids) if self._store else {}

    def _rank(self, scores: Mapping[int, float], limit: int, within: Filter) -> list[Hit]:
        selected = self._table.select(within)
        hits = [
            Hit(passage_id, score)
            for passage_id, score in scores.items()
            if selected is None or passage_id in selected
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))[: max(limit, 0)]


class Build(Protocol):
    """Build an index, whose tokens are those of the store."""

    def __call__(
        self,
        passages: Sequence[EncodedPassage],
        store: TokenStore | None = None,
        dimension: int = 4,
    ) -> PassageIndex: ...


def build_brute_force(
    passages: Sequence[EncodedPassage], store: TokenStore | None = None, dimension: int = 4
) -> PassageIndex:
    return BruteForceIndex(passages, store)


@pytest.fixture(scope="module")
def build_local(tmp_path_factory: pytest.TempPathFactory) -> Build:
    def build(
        passages: Sequence[EncodedPassage], store: TokenStore | None = None, dimension: int = 4
    ) -> PassageIndex:
        folder = tmp_path_factory.mktemp("local")
        vectors = np.zeros((len(passages), dimension), dtype=np.float32)
        for position, passage in enumerate(passages):
            vectors[position] = passage.vector
        LocalIndex.build(
            folder,
            [passage.row for passage in passages],
            [
                IndexedText(passage.row.id, passage.row.language, "", None, passage.text, ())
                for passage in passages
            ],
            vectors,
            [store] if store else [],
            store.codec if store else None,
        )
        return LocalIndex.open(folder)

    return build


@pytest.fixture(scope="module")
def build_milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Build]:
    if not (find_spec("pymilvus") and find_spec("milvus_lite")):
        pytest.skip('Milvus Lite is not installed: pip install "massilia[milvus]"')
    from milvus_lite.server_manager import server_manager_instance

    path = str(tmp_path_factory.mktemp("milvus") / "passages.db")
    numbers = count()

    def build(
        passages: Sequence[EncodedPassage], store: TokenStore | None = None, dimension: int = 4
    ) -> PassageIndex:
        ids = [passage.row.id for passage in passages]
        tokens = store.read(ids) if store else [None] * len(ids)
        return MilvusIndex.build(
            path,
            f"massilia_{next(numbers)}",
            dimension,
            [replace(passage, tokens=own) for passage, own in zip(passages, tokens, strict=True)],
            store.codec if store else None,
            store.count_passages_with(range(VOCABULARY)) if store else {},
        )

    yield build
    server_manager_instance.release_server(path)


@pytest.fixture(scope="module", params=["brute force", "local", "Milvus Lite"])
def build(request: pytest.FixtureRequest) -> Build:
    if request.param == "brute force":
        return build_brute_force
    name = {"local": "build_local", "Milvus Lite": "build_milvus"}[request.param]
    found: Build = request.getfixturevalue(name)
    return found


def encode(
    passage_id: int,
    text: str = "",
    vector: Sequence[float] = (1, 0, 0, 0),
    *,
    article: str | None = None,
    language: Language = FRENCH,
    publisher: str | None = None,
    kind: str | None = None,
    published: date | None = None,
) -> EncodedPassage:
    row = PassageRow(
        passage_id, article or f"article-{passage_id}", language, publisher, kind, published
    )
    return EncodedPassage(row, text, np.array(vector, dtype=np.float32), None)


def ids(hits: Sequence[Hit]) -> list[int]:
    return [hit.id for hit in hits]


def point(*numbers: float) -> Vectors:
    return np.array(numbers, dtype=np.float32)


BIG_ID = 2**53 + 1
VOCABULARY = 1_000
PASSAGES = [
    # Not in the order of their ids, nor the ids without gaps.
    encode(
        30, "Un câble sous-marin atterrit à Marseille.", (0.5, 0.5, 0, 0),
        publisher="La Provence", kind="press", published=date(2024, 5, 1),
    ),
    encode(
        10, "Le câble, le câble encore et toujours le câble.", (1, 0, 0, 0),
        publisher="Made in Marseille", kind="press", published=date(2024, 5, 2),
    ),
    encode(
        20, "Une école forme des développeurs.", (0, 1, 0, 0),
        article="école", kind="overview", published=date(2023, 1, 1),
    ),
    encode(
        21, "Elle se trouve à La Plateforme.", (0, 0.75, 0.25, 0), article="école",
        kind="overview", published=date(2023, 1, 1),
    ),
    encode(
        40, "A cable lands in Marseille.", (0.75, 0.25, 0, 0), language=ENGLISH,
        publisher="LA PROVENCE", kind="Press", published=date(2024, 5, 1),
    ),
    encode(50, "The school trains developers.", (0, 0.5, 0.5, 0), language=ENGLISH),
    encode(60, "The harbour.", (-1, 0, 0, 0), language=ENGLISH),
    encode(BIG_ID, "", (0, 0, 0, 1)),
]  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> TokenStore:
    """Hold tokens of three passages: few, none, and more than fit into one text of Milvus."""
    path = tmp_path_factory.mktemp("tokens") / "passages.tokens"
    generator = np.random.default_rng(0)
    codec = TokenCodec.fit(make_unit_vectors(generator, 100), np.array([7, 8]))
    with TokenWriter(path, codec) as writer:
        for passage_id, count in ((10, 30), (20, 0), (60, 20_000)):
            token_ids = generator.integers(0, VOCABULARY, count)
            ends = np.arange(count) + 1
            tokens = TokenVectors(token_ids, make_unit_vectors(generator, count), ends)
            writer.append(passage_id, tokens, 3, [10, count + 11])
    return TokenStore.open(path)


def make_unit_vectors(generator: np.random.Generator, count: int) -> Vectors:
    vectors = generator.normal(size=(count, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


@pytest.fixture(scope="module")
def index(build: Build, store: TokenStore) -> PassageIndex:
    return build(PASSAGES, store)


@pytest.fixture(scope="module")
def strangely_named(build: Build) -> PassageIndex:
    """Give an index where passage n has the strange name n in every field that has names."""
    return build(
        [
            encode(number, "câble", article=f"{name}?", publisher=name, kind=name)
            for number, name in enumerate(STRANGE_NAMES)
        ],
    )


@pytest.fixture(scope="module")
def empty(build: Build) -> PassageIndex:
    return build([])


def test_the_ids_are_sorted(index: PassageIndex, empty: PassageIndex) -> None:
    expected = np.array([10, 20, 21, 30, 40, 50, 60, BIG_ID], dtype=np.int64)
    np.testing.assert_array_equal(index.ids, expected, strict=True)
    assert index.ids.tolist()[-1] == BIG_ID
    assert len(empty.ids) == 0


def test_vectors_rank_by_inner_product(index: PassageIndex) -> None:
    hits = index.search_vectors(point(1, 0.5, 0, 0), 8)
    assert [(hit.id, round(hit.score, 6)) for hit in hits] == [
        (10, 1.0),
        (40, 0.875),
        (30, 0.75),
        (20, 0.5),
        (21, 0.375),
        (50, 0.25),
        (BIG_ID, 0.0),
        (60, -1.0),
    ]


def test_longer_vectors_score_higher(build: Build) -> None:
    index = build([encode(1, "", (1, 0, 0, 0)), encode(2, "", (2, 2, 0, 0))])
    assert index.search_vectors(point(1, 0, 0, 0), 2) == [Hit(2, 2.0), Hit(1, 1.0)]


@pytest.mark.parametrize(("limit", "expected"), [(3, 3), (1, 1), (0, 0), (-1, 0), (1_000_000, 8)])
def test_no_more_vectors_than_asked_for(index: PassageIndex, limit: int, expected: int) -> None:
    everything = index.search_vectors(point(1, 0.5, 0, 0), 8)
    assert index.search_vectors(point(1, 0.5, 0, 0), limit) == everything[:expected]


def test_equal_scores_come_in_the_order_of_ids(build: Build) -> None:
    # Put in backwards, after one that is better and before one that is worse.
    numbers = range(60, 0, -1)
    passages = [
        encode(99, "câble câble", (1, 1, 0, 0)),
        *(encode(number, "un câble bleu") for number in numbers),
        encode(98, "rien", (0, 0, 0, 0)),
    ]
    index = build(passages)
    for limit in (1, 3, 10, 50):
        expected = [99, *range(1, limit)]
        assert ids(index.search_vectors(point(1, 1, 0, 0), limit)) == expected
        assert ids(index.search_terms("câble", limit)) == expected


def test_terms_are_stems_without_accents(index: PassageIndex) -> None:
    assert ids(index.search_terms("une ECOLE", 8)) == [20]
    assert ids(index.search_terms("des DÉVELOPPEUR", 8)) == [20]
    assert ids(index.search_terms("harbours", 8)) == [60]


def test_more_shared_terms_rank_higher(index: PassageIndex) -> None:
    assert ids(index.search_terms("un câble atterrit", 8, Filter(frozenset({FRENCH})))) == [30, 10]


def test_a_term_that_comes_more_often_ranks_higher(index: PassageIndex) -> None:
    assert ids(index.search_terms("câble", 8, Filter(frozenset({FRENCH})))) == [10, 30]


def test_a_question_finds_passages_of_both_languages(index: PassageIndex) -> None:
    assert set(ids(index.search_terms("câble cable", 8))) == {10, 30, 40}


def test_a_question_is_read_in_the_language_of_the_passage(index: PassageIndex) -> None:
    # "Cabling" is a form of "cable" in English alone.
    assert ids(index.search_terms("cabling", 8)) == [40]


def test_the_languages_have_statistics_of_their_own(build: Build) -> None:
    # "train" is rare in French here, and in all of the English passages.
    french = [encode(number, f"mer ville {number}") for number in range(1, 9)]
    english = [encode(number, f"train {number}", language=ENGLISH) for number in range(11, 40)]
    index = build([*french, encode(9, "train 9"), *english])
    hits = index.search_terms("train", 40)
    assert hits[0].id == 9
    assert len(hits) == 30
    assert hits[0].score > 5 * hits[1].score
    # The English passages change nothing for a French question.
    alone = build([*french, encode(9, "train 9")])
    assert alone.search_terms("train", 1)[0].score == pytest.approx(hits[0].score, rel=1e-5)


def test_shorter_passages_rank_higher(build: Build) -> None:
    index = build([encode(1, "câble bleu mer vent rue"), encode(2, "câble bleu")])
    assert ids(index.search_terms("câble", 2)) == [2, 1]


@pytest.mark.parametrize("question", ["", " ", "?!", "le la les the of", "zzzyx", '"', "'; DROP"])
def test_nothing_is_found_without_a_shared_term(index: PassageIndex, question: str) -> None:
    assert index.search_terms(question, 8) == []


@pytest.mark.parametrize("limit", [-1, 0, 1, 2, 100])
def test_no_more_passages_by_terms_than_asked_for(index: PassageIndex, limit: int) -> None:
    everything = index.search_terms("câble", 8)
    assert ids(everything) == [10, 40, 30]
    assert index.search_terms("câble", limit) == everything[: max(limit, 0)]


FILTERS = [
    (Filter(), {10, 20, 21, 30, 40, 50, 60, BIG_ID}),
    (Filter(languages=frozenset({ENGLISH})), {40, 50, 60}),
    (Filter(languages=frozenset(Language)), {10, 20, 21, 30, 40, 50, 60, BIG_ID}),
    (Filter(articles=frozenset({"école"})), {20, 21}),
    (Filter(articles=frozenset({"école", "article-50", "unknown"})), {20, 21, 50}),
    (Filter(articles=frozenset({"Ecole"})), set()),
    (Filter(articles=frozenset({"unknown"})), set()),
    (Filter(publishers=frozenset({"la provence"})), {30, 40}),
    (Filter(publishers=frozenset({"Là  Prôvence", "MADE IN MARSEILLE"})), {10, 30, 40}),
    (Filter(publishers=frozenset({""})), set()),
    (Filter(kinds=frozenset({"press"})), {10, 30, 40}),
    (Filter(kinds=frozenset({" PRÉSS"})), {10, 30, 40}),
    (Filter(kinds=frozenset({"none", "None"})), set()),
    (Filter(published_from=date(2024, 5, 1)), {10, 30, 40}),
    (Filter(published_from=date(2024, 5, 2)), {10}),
    (Filter(published_to=date(2024, 5, 1)), {20, 21, 30, 40}),
    (Filter(published_to=date(2024, 4, 30)), {20, 21}),
    (Filter(published_from=date(2023, 1, 2), published_to=date(2024, 5, 1)), {30, 40}),
    (Filter(published_from=date(2024, 5, 3), published_to=date(2024, 5, 1)), set()),
    (Filter(published_from=date.min, published_to=date.max), {10, 20, 21, 30, 40}),
    (Filter(frozenset({FRENCH}), kinds=frozenset({"press"})), {10, 30}),
    (
        Filter(
            frozenset({FRENCH}),
            frozenset({"article-30", "article-10", "article-40"}),
            frozenset({"la provence"}),
            frozenset({"press"}),
            date(2024, 5, 1),
            date(2024, 5, 1),
        ),
        {30},
    ),
]


@pytest.mark.parametrize(("within", "expected"), FILTERS)
def test_only_what_passes_the_filter_is_found(
    index: PassageIndex, within: Filter, expected: set[int]
) -> None:
    ranked = ids(index.search_vectors(point(1, 0.5, 0, 0), 8))
    hits = index.search_vectors(point(1, 0.5, 0, 0), 8, within)
    assert ids(hits) == [each for each in ranked if each in expected]
    ranked = ids(index.search_terms("câble cable école school", 8))
    hits = index.search_terms("câble cable école school", 8, within)
    assert ids(hits) == [each for each in ranked if each in expected]


def test_filters_apply_before_ranking(build: Build) -> None:
    better = [encode(number, "câble câble", (1, 0, 0, 0)) for number in range(1, 300)]
    worse = encode(999, "un câble dans la ville", (0.1, 0, 0, 0), kind="report")
    index = build([*better, worse])
    within = Filter(kinds=frozenset({"report"}))
    assert ids(index.search_vectors(point(1, 0, 0, 0), 1, within)) == [999]
    assert ids(index.search_terms("câble", 1, within)) == [999]


def test_scores_are_the_same_with_and_without_a_filter(index: PassageIndex) -> None:
    within = Filter(kinds=frozenset({"press"}))
    unfiltered = {hit.id: hit.score for hit in index.search_terms("câble cable", 8)}
    for hit in index.search_terms("câble cable", 8, within):
        assert hit.score == pytest.approx(unfiltered[hit.id], rel=1e-6)


@pytest.mark.parametrize(("number", "name"), list(enumerate(STRANGE_NAMES)))
def test_a_name_is_compared_as_it_is(strangely_named: PassageIndex, number: int, name: str) -> None:
    for within in (
        Filter(articles=frozenset({f"{name}?"})),
        Filter(publishers=frozenset({name})),
        Filter(kinds=frozenset({name})),
    ):
        assert ids(strangely_named.search_vectors(point(1, 0, 0, 0), 9, within)) == [number]
        assert ids(strangely_named.search_terms("câble", 9, within)) == [number]


@pytest.mark.parametrize(
    "name",
    [
        '" or id >= 0 or publisher == "',
        "'] or id >= 0 or publisher in ['",
        "0] or id >= 0 or id in [0",
        "\\",
        "%",
        "{}",
        "\0",
    ],
)
def test_a_name_is_never_read_as_a_condition(strangely_named: PassageIndex, name: str) -> None:
    for within in (
        Filter(articles=frozenset({name})),
        Filter(publishers=frozenset({name})),
        Filter(kinds=frozenset({name})),
    ):
        assert strangely_named.search_vectors(point(1, 0, 0, 0), 9, within) == []
        assert strangely_named.search_terms("câble", 9, within) == []


def test_an_empty_index_finds_nothing(empty: PassageIndex) -> None:
    assert empty.search_vectors(point(1, 0, 0, 0), 5) == []
    assert empty.search_terms("câble", 5) == []
    assert empty.search_terms("câble", 5, Filter(frozenset({FRENCH}))) == []


def test_tokens_come_back_as_they_were(index: PassageIndex, store: TokenStore) -> None:
    asked = [60, 20, 999, 10, 30, 60]
    found = index.read_tokens(asked)
    assert [tokens is None for tokens in found] == [False, False, True, False, True, False]
    for tokens, expected in zip(found, store.read(asked), strict=True):
        assert (tokens is None) == (expected is None)
        if tokens is not None and expected is not None:
            for name in ("ids", "vectors", "sentences"):
                read, written = getattr(tokens, name), getattr(expected, name)
                assert read.dtype == written.dtype
                np.testing.assert_array_equal(read, written, strict=True)


def test_the_codec_of_the_tokens_is_held(index: PassageIndex, store: TokenStore) -> None:
    assert index.codec is not None
    assert index.codec.equals(store.codec)


def test_no_tokens_are_read_of_no_passages(index: PassageIndex) -> None:
    assert index.read_tokens([]) == []
    assert index.read_tokens([-1, 2**62]) == [None, None]


def test_tokens_are_counted(index: PassageIndex, store: TokenStore) -> None:
    everything = range(VOCABULARY)
    counts = index.count_passages_with(everything)
    assert counts == store.count_passages_with(everything)
    # A dropped one is among them.
    assert counts[7] == 1
    assert index.count_passages_with([VOCABULARY, 7, -1, 7]) == {VOCABULARY: 0, 7: 1, -1: 0}
    assert index.count_passages_with([]) == {}


def test_an_index_without_tokens_says_so(empty: PassageIndex) -> None:
    assert empty.codec is None
    assert empty.read_tokens([1, 2]) == [None, None]
    assert empty.count_passages_with([1]).get(1, 0) == 0


def test_vectors_come_back_as_they_were(index: PassageIndex) -> None:
    vectors = {passage.row.id: passage.vector for passage in PASSAGES}
    asked = [BIG_ID, 10, 40, 10]
    np.testing.assert_array_equal(
        index.read_vectors(asked), np.array([vectors[each] for each in asked]), strict=True
    )
    assert index.read_vectors([]).size == 0
    with pytest.raises(KeyError):
        index.read_vectors([10, 11])


def test_real_questions_find_what_brute_force_finds(
    build: Build, corpus_path: Path, encoder: Encoder
) -> None:
    library = Library.open(corpus_path)
    generation, snapshot = library.generation(), library.store.snapshot()
    library.close()
    assert generation is not None
    texts = {text.id: compose_passage(text).text for text in snapshot.passages}
    vectors = generation.index.read_vectors([row.id for row in snapshot.rows])
    passages = [
        EncodedPassage(row, texts[row.id], vector, None)
        for row, vector in zip(snapshot.rows, vectors, strict=True)
    ]
    index = build(passages, generation.index.tokens, encoder.dimension)
    right = BruteForceIndex(passages, generation.index.tokens)
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines()[::12]
    questions = [json.loads(line)["question"] for line in lines]
    found: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    for question, vector in zip(questions, encoder.encode_questions(questions), strict=True):
        for name, hits, expected in (
            ("vectors", index.search_vectors(vector, 10), right.search_vectors(vector, 10)),
            ("terms", index.search_terms(question, 10), right.search_terms(question, 10)),
        ):
            found[name] += len(set(ids(hits)) & set(ids(expected)))
            wanted[name] += len(expected)
    assert wanted["vectors"] == 10 * len(questions)
    assert wanted["terms"] > 5 * len(questions)
    assert found["vectors"] >= 0.95 * wanted["vectors"]
    assert found["terms"] >= 0.95 * wanted["terms"]
