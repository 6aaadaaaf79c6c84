from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from math import log, sqrt
from typing import Protocol

import numpy as np
import pytest
from numpy.typing import NDArray

from massilia.corpus.article import Article, Heading, Language
from massilia.index.dense import DenseRanker
from massilia.index.encoder import Encoder, TokenEncoder, TokenVectors, Vectors
from massilia.index.filter import EVERYTHING, Filter
from massilia.index.fused import DEPTH, FusedRanker
from massilia.index.generation import Generation
from massilia.index.hybrid import DENSE_CANDIDATES, LEXICAL_CANDIDATES, HybridRanker
from massilia.index.late import RERANKED, LateRanker, score_candidates, score_passage_sentences
from massilia.index.lexical import LexicalRanker
from massilia.index.library import Library
from massilia.index.ranker import EncodedQuestion, Ranker, RankerName
from massilia.index.rankers import open_ranker
from massilia.index.token_codec import TokenCodec
from massilia.index.token_store import LEAD, PassageTokens
from massilia.index.vectors import Hit
from massilia.ingest.document import Document

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH
IN_FRENCH = Filter(languages=frozenset({FRENCH}))


class WordTokenEncoder(TokenEncoder, Protocol):
    """Type the toy encoder of tokens, which is in a module that can't be imported."""

    passes: int


class FixedRanker:
    """Rank the same passages for every question, and remember what it was asked."""

    def __init__(self, *hits: Hit) -> None:
        self._hits = list(hits)
        self.asked: list[tuple[int, Filter]] = []

    def rank(self, question: EncodedQuestion, limit: int, within: Filter = EVERYTHING) -> list[Hit]:
        self.asked.append((limit, within))
        return self._hits[: max(limit, 0)]


# The vectors of tokens have four numbers here, each of which can have four values. A question's
# token lies on one axis, so that its product with a passage's token is 1, 1/3, -1/3 or -1.
LEVELS = {"-1": 0, "-1/3": 1, "1/3": 2, "1": 3}
CODEC = TokenCodec(
    np.zeros(4, dtype=np.float32), np.full(4, 2 / 3, dtype=np.float32), np.zeros(0, dtype=np.int64)
)


def make_tokens(*tokens: str, sentences: Sequence[int] | None = None) -> PassageTokens:
    """Make a passage of tokens whose products are named, with the question's tokens 0, 1, 2..."""
    rows = [[LEVELS[each] for each in token.split()] for token in tokens]
    packed = [sum(level << 2 * axis for axis, level in enumerate(row)) for row in rows]
    places = [0] * len(tokens) if sentences is None else sentences
    return PassageTokens(
        np.arange(len(tokens), dtype=np.int32),
        np.array(packed, dtype=np.uint8).reshape(-1, 1),
        np.array(places, dtype=np.uint8),
    )


@dataclass(frozen=True)
class FixedPassage:
    """Say how well a passage of a `FixedIndex` suits every question; None: not at all."""

    id: int
    tokens: PassageTokens | None = None
    similarity: float | None = None
    shared: float | None = None
    language: Language = FRENCH


class FixedIndex:
    """Find the same passages for every question, and remember what it was asked."""

    def __init__(
        self,
        *passages: FixedPassage,
        counts: Mapping[int, int] | None = None,
        codec: TokenCodec | None = CODEC,
    ) -> None:
        self._passages = {passage.id: passage for passage in passages}
        self._counts = counts or {}
        self.codec = codec
        self.asked: list[tuple[str, int, Filter]] = []
        self.read: list[int] = []

    def __len__(self) -> int:
        return len(self._passages)

    @property
    def ids(self) -> NDArray[np.int64]:
        return np.array(sorted(self._passages), dtype=np.int64)

    def check(self) -> None:
        raise NotImplementedError

    def search_vectors(
        self, question: Vectors, limit: int, within: Filter = EVERYTHING
    ) -> list[Hit]:
        self.asked.append(("vectors", limit, within))
        scores = {each.id: each.similarity for each in self._passages.values()}
        return self._rank(scores, limit, within)

    def search_terms(self, question: str, limit: int, within: Filter = EVERYTHING) -> list[Hit]:
        self.asked.append((question, limit, within))
        scores = {each.id: each.shared for each in self._passages.values()}
        return self._rank(scores, limit, within)

    def read_vectors(self, ids: Sequence[int]) -> Vectors:
        raise NotImplementedError

    def read_tokens(self, ids: Sequence[int]) -> list[PassageTokens | None]:
        self.read += ids
        return [self._passages[each].tokens for each in ids]

    def count_passages_with(self, token_ids: Sequence[int]) -> Mapping[int, int]:
        return {each: self._counts.get(each, 0) for each in token_ids}

    def _rank(self, scores: Mapping[int, float | None], limit: int, within: Filter) -> list[Hit]:
        hits = [
            Hit(passage_id, score)
            for passage_id, score in scores.items()
            if score is not None
            and (not within.languages or self._passages[passage_id].language in within.languages)
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))[: max(limit, 0)]


def ask(text: str = "", tokens: int = 0, language: Language = FRENCH) -> EncodedQuestion:
    """Make a question whose tokens lie on the first axes, one each."""
    numbers = np.arange(tokens)
    vectors = np.eye(4, dtype=np.float32)[:tokens]
    found = TokenVectors(numbers, vectors, numbers + 1)
    return EncodedQuestion(text, language, np.zeros(1, dtype=np.float32), found)


def approximate(hits: Sequence[tuple[int, float]]) -> list[object]:
    """Make something that is equal to hits with about these scores."""
    return [(passage_id, pytest.approx(score, abs=1e-5)) for passage_id, score in hits]


def pairs(hits: Sequence[Hit]) -> list[tuple[int, float]]:
    return [(hit.id, hit.score) for hit in hits]


def ids(hits: Sequence[Hit]) -> list[int]:
    return [hit.id for hit in hits]


def test_a_question_is_encoded_with_its_tokens_in_one_pass(
    token_encoder: WordTokenEncoder, toy_encoder: Encoder
) -> None:
    question = EncodedQuestion.encode("Le port ?", FRENCH, token_encoder)
    assert token_encoder.passes == 1
    assert (question.text, question.language) == ("Le port ?", FRENCH)
    assert np.array_equal(question.vector, toy_encoder.encode_questions(["Le port ?"])[0])
    assert question.tokens is not None
    assert question.tokens.ends.tolist() == [2, 7, 9]


def test_a_question_has_no_tokens_where_the_encoder_gives_none(toy_encoder: Encoder) -> None:
    question = EncodedQuestion.encode("Le port ?", ENGLISH, toy_encoder)
    assert (question.language, question.tokens) == (ENGLISH, None)
    assert np.array_equal(question.vector, toy_encoder.encode_questions(["Le port ?"])[0])


# Ranks count from 1: 3 is first in one, 5 second, 2 third there and first in the other, 4 second.
def test_fused_scores_are_sums_of_reciprocal_ranks() -> None:
    one = FixedRanker(Hit(3, 99), Hit(5, 98), Hit(2, -1))
    other = FixedRanker(Hit(2, 0.2), Hit(4, 0.1))
    ranker = FusedRanker([one, other])
    expected = [(2, 1 / 63 + 1 / 61), (3, 1 / 61), (4, 1 / 62), (5, 1 / 62)]
    assert pairs(ranker.rank(ask(), 10)) == approximate(expected)
    assert ids(ranker.rank(ask(), 1)) == [2]


def test_a_hundred_of_each_ranking_are_fused_or_as_many_as_are_asked_for() -> None:
    one = FixedRanker(*(Hit(number, 0) for number in range(1, 151)))
    other = FixedRanker(*(Hit(number, 0) for number in range(150, 0, -1)))
    ranker = FusedRanker([one, other])
    # 1 is first in one ranking and the 150th in the other; 150 the other way round.
    assert pairs(ranker.rank(ask(), 2, IN_FRENCH)) == approximate([(1, 1 / 61), (150, 1 / 61)])
    assert one.asked == other.asked == [(DEPTH, IN_FRENCH)] == [(100, IN_FRENCH)]
    assert pairs(ranker.rank(ask(), 150)[:2]) == approximate(
        [(1, 1 / 61 + 1 / 210), (150, 1 / 210 + 1 / 61)]
    )


# Of 3 passages, the first token is in 1 and weighs log(4 / 1.5), the second in none: log(4 / 0.5).
FIRST, SECOND = log(4 / 1.5), log(4 / 0.5)
SHORE = (
    FixedPassage(7, make_tokens("-1 -1 1 1", "1/3 -1/3 1 1", "-1/3 1/3 1 1"), 0.9),
    FixedPassage(5, make_tokens("1 -1 1 1"), 0.8),
    FixedPassage(3, make_tokens("-1 1 1 1"), 0.7),
)


def test_late_scores_are_weighted_means_of_the_best_products() -> None:
    index = FixedIndex(*SHORE, counts={0: 1})
    above = (SECOND - FIRST) / (FIRST + SECOND)
    expected = [(3, above), (7, 1 / 3), (5, -above)]
    ranker = LateRanker(index, DenseRanker(index))
    assert pairs(ranker.rank(ask(tokens=2), 10)) == approximate(expected)
    # Whatever finds the candidates, only they are ranked.
    few = LateRanker(index, FixedRanker(Hit(5, 0), Hit(7, 0)))
    assert pairs(few.rank(ask(tokens=2), 10)) == approximate(expected[1:])
    assert LateRanker(index, FixedRanker()).rank(ask(tokens=2), 10) == []
    # In the order asked for.
    found = score_candidates(index, ask(tokens=2), [5, 3])
    assert pairs(found) == approximate([expected[2], expected[0]])


def test_passages_that_match_as_well_come_in_the_order_of_their_ids() -> None:
    tokens = make_tokens("1 1 1 1")
    passages = [FixedPassage(number, tokens, number / 100) for number in (70, 30, 50)]
    index = FixedIndex(*passages, FixedPassage(10, make_tokens("1/3 1 1 1"), 0.5))
    for ranker in (LateRanker(index, DenseRanker(index)), HybridRanker(index)):
        assert ids(ranker.rank(ask(tokens=1), 10)) == [30, 50, 70, 10]
        assert ids(ranker.rank(ask(tokens=1), 2)) == [30, 50]


def make_row(count: int, best: Sequence[int]) -> list[FixedPassage]:
    """Make passages numbered from 1, whose similarities fall by 0.01; those named match."""
    return [
        FixedPassage(
            number, make_tokens("1 1 1 1" if number in best else "-1 1 1 1"), 1 - number / 100
        )
        for number in range(1, count + 1)
    ]


@pytest.mark.parametrize(
    ("kind", "ranked"), [(LateRanker, RERANKED), (HybridRanker, DENSE_CANDIDATES)]
)
def test_so_many_are_ranked_anew_and_the_others_follow_them(
    kind: type[Ranker], ranked: int
) -> None:
    """The last of them matches, and so does the next."""
    index = FixedIndex(*make_row(ranked + 3, [ranked, ranked + 1]))
    ranker = LateRanker(index, DenseRanker(index)) if kind is LateRanker else HybridRanker(index)
    hits = ranker.rank(ask(tokens=1), 100)
    others = [ranked + 1, ranked + 2, ranked + 3]
    assert ids(hits) == [ranked, *range(1, ranked), *others]
    assert pairs(hits[:1]) == approximate([(ranked, 1)])
    # The last that is ranked has a score of -1: the first of the others is 1 below it.
    expected = [(ranked - 1, -1), *zip(others, (-2, -2.01, -2.02), strict=True)]
    assert pairs(hits[ranked - 1 :]) == approximate(expected)
    for limit in (1, ranked, ranked + 2):
        assert ranker.rank(ask(tokens=1), limit) == hits[:limit]


@pytest.mark.parametrize("kind", [LateRanker, HybridRanker])
def test_passages_whose_tokens_are_not_held_come_after_the_others(kind: type[Ranker]) -> None:
    index = FixedIndex(
        FixedPassage(1, None, 0.9),
        FixedPassage(2, make_tokens("-1/3 1 1 1"), 0.8),
        FixedPassage(3, None, 0.7),
        FixedPassage(4, make_tokens("1/3 1 1 1"), 0.6),
    )
    ranker = LateRanker(index, DenseRanker(index)) if kind is LateRanker else HybridRanker(index)
    expected = [(4, 1 / 3), (2, -1 / 3), (1, -4 / 3), (3, -4 / 3 - 0.2)]
    assert pairs(ranker.rank(ask(tokens=1), 10)) == approximate(expected)


@pytest.mark.parametrize("kind", [LateRanker, HybridRanker])
@pytest.mark.parametrize("tokens", [0, None])
def test_a_question_without_tokens_leaves_the_order(kind: type[Ranker], tokens: int | None) -> None:
    index = FixedIndex(*SHORE)
    ranker = LateRanker(index, DenseRanker(index)) if kind is LateRanker else HybridRanker(index)
    question = ask(tokens=0)
    if tokens is None:
        question = EncodedQuestion("", FRENCH, question.vector, None)
    expected = [Hit(7, 0.9), Hit(5, 0.8), Hit(3, 0.7)]
    for limit in (0, 2, 10):
        assert ranker.rank(question, limit) == expected[:limit]


def test_a_passage_without_tokens_scores_0() -> None:
    index = FixedIndex(*SHORE, FixedPassage(9, make_tokens(), 0.1))
    hits = LateRanker(index, DenseRanker(index)).rank(ask(tokens=1), 10)
    assert pairs(hits) == approximate([(5, 1), (7, 1 / 3), (9, 0), (3, -1)])


def test_candidates_are_asked_for_as_many_as_are_ranked_anew_or_wanted() -> None:
    candidates = FixedRanker(Hit(5, 0))
    ranker = LateRanker(FixedIndex(*SHORE), candidates)
    ranker.rank(ask(tokens=1), 3, IN_FRENCH)
    ranker.rank(ask(tokens=1), RERANKED + 20)
    ranker.rank(ask(tokens=1), -1)
    assert candidates.asked == [
        (RERANKED, IN_FRENCH),
        (RERANKED + 20, EVERYTHING),
        (RERANKED, EVERYTHING),
    ]


def test_sentences_are_scored_by_their_tokens_and_by_those_that_lead_them() -> None:
    passages = (
        FixedPassage(
            1,
            make_tokens("1/3 -1 1 1", "-1 1 1 1", "1 -1/3 1 1", sentences=[LEAD, 0, 2]),
        ),
        FixedPassage(2, None),
        FixedPassage(3, make_tokens("1 1 1 1")),
    )
    index = FixedIndex(*passages, counts={0: 1})
    scores = score_passage_sentences(index, ask(tokens=2), [3, 2, 1])
    assert list(scores) == [3, 1]
    total = FIRST + SECOND
    first, last = (FIRST / 3 + SECOND) / total, (FIRST - SECOND / 3) / total
    assert scores[3].led == pytest.approx([1])
    assert scores[1].led == pytest.approx([first, 0, last], abs=1e-6)
    assert score_passage_sentences(index, ask(), [3, 1]) == {}
    unheld = FixedIndex(FixedPassage(1, None), codec=None)
    assert score_passage_sentences(unheld, ask(tokens=2), [1]) == {}


def test_a_passage_is_compared_once_for_a_question_and_anew_for_another_or_in_another_index() -> (
    None
):
    one, other = make_tokens("1 1 1 1"), make_tokens("-1 1 1 1")
    index = FixedIndex(FixedPassage(1, one), FixedPassage(2, other), counts={0: 1})
    question, again = ask(tokens=2), ask(tokens=1)
    first = score_candidates(index, question, [1])
    assert score_candidates(index, question, [2, 1])[1] == first[0]
    score_passage_sentences(index, question, [1, 2])
    assert index.read == [1, 2]
    assert score_candidates(index, again, [2]) != score_candidates(index, question, [2])
    assert index.read == [1, 2, 2, 2]
    exchanged = FixedIndex(FixedPassage(2, one), counts={0: 1})
    assert score_candidates(exchanged, question, [2])[0].score == pytest.approx(first[0].score)


def test_the_default_ranks_what_vectors_and_words_find_together() -> None:
    """What only words find can be first, and so can what only vectors do."""
    found = make_tokens("1 -1 1 1")
    for similarity, shared in ((0.1, None), (None, 0.1)):
        index = FixedIndex(
            *make_row(DENSE_CANDIDATES - 1, []),
            FixedPassage(98, found, similarity, shared),
            FixedPassage(99, make_tokens("-1 1 1 1"), None, 9.0),
        )
        hits = HybridRanker(index).rank(ask("quai", tokens=1), 100)
        assert hits[0].id == 98
        assert sorted(ids(hits)) == [*range(1, DENSE_CANDIDATES), 98, 99]


def test_the_default_asks_words_for_so_many() -> None:
    index = FixedIndex(
        *(
            FixedPassage(number, make_tokens("-1 1 1 1"), None, 1 / number)
            for number in range(1, LEXICAL_CANDIDATES + 1)
        ),
        FixedPassage(99, make_tokens("1 1 1 1"), None, 1e-3),
    )
    hits = HybridRanker(index).rank(ask("quai", tokens=1), 100)
    assert sorted(ids(hits)) == [*range(1, LEXICAL_CANDIDATES + 1)]
    assert {text for text, *_ in index.asked} == {"vectors", "quai"}


def test_of_passages_whose_tokens_match_as_well_shared_words_put_one_first() -> None:
    tokens = make_tokens("1/3 1 1 1")
    shared = {1: None, 2: 1.0, 3: 4.0, 4: 2.0}
    index = FixedIndex(*(FixedPassage(each, tokens, 0.5, shared[each]) for each in shared))
    assert ids(HybridRanker(index).rank(ask(tokens=1), 10)) == [3, 4, 2, 1]
    # Tokens say more: words make up for no more than a part of what parts the best from the worst.
    better = FixedPassage(9, make_tokens("1 1 1 1"), 0.1)
    index = FixedIndex(better, *(FixedPassage(each, tokens, 0.5, shared[each]) for each in shared))
    assert ids(HybridRanker(index).rank(ask(tokens=1), 10)) == [9, 3, 4, 2, 1]


@pytest.mark.parametrize("asked_in", Language)
def test_the_default_searches_within_the_filter_alone(asked_in: Language) -> None:
    tokens = make_tokens("1 1 1 1")
    index = FixedIndex(
        FixedPassage(1, tokens, 0.9, 2.0, ENGLISH), FixedPassage(2, tokens, 0.5, 1.0, FRENCH)
    )
    within = Filter(languages=frozenset({FRENCH}), kinds=frozenset({"press"}))
    hits = HybridRanker(index).rank(ask(tokens=1, language=asked_in), 10, within)
    assert ids(hits) == [2]
    for _, _, asked in index.asked:
        assert asked == within


def make_document(
    article_id: str, language: Language, title: str, heading: str, text: str, kind: str = "press"
) -> Document:
    article = Article(
        article_id,
        language,
        title,
        f"{heading}\n\n{text}",
        article_id,
        headings=(Heading(2, 0, len(heading)),),
        kind=kind,
    )
    return Document(article, article_id)


DOCUMENTS = [
    make_document(f"{language}-{name}", language, title, "quai", text, kind)
    for language in Language
    for name, title, text, kind in (
        ("mer", "Bateau", "Le port mrs3.", "press"),
        ("ville", "Rue", "Une place et le port.", "press"),
        ("ciel", "Avion", "Un vol.", "report"),
    )
]


@pytest.fixture
def generation(library: Library, token_encoder: WordTokenEncoder) -> Generation:
    """Build a generation of three French passages and three English ones."""
    return build(library, token_encoder, DOCUMENTS)


def build(library: Library, encoder: Encoder, documents: Sequence[Document]) -> Generation:
    library.put(documents)
    library.build(encoder)
    opened = library.generation()
    assert opened is not None
    return opened


def name_articles(library: Library, hits: Sequence[Hit]) -> list[str]:
    return [each.article_id for each in library.store.passages(ids(hits))]


def encode(question: str, encoder: Encoder, language: Language = FRENCH) -> EncodedQuestion:
    return EncodedQuestion.encode(question, language, encoder)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (RankerName.DEFAULT, HybridRanker),
        (RankerName.DENSE, DenseRanker),
        (RankerName.LEXICAL, LexicalRanker),
        (RankerName.FUSED, FusedRanker),
        (RankerName.LATE, LateRanker),
    ],
)
def test_rankers_open_by_name_and_rank_the_library(
    library: Library,
    generation: Generation,
    token_encoder: WordTokenEncoder,
    name: RankerName,
    kind: type[Ranker],
) -> None:
    ranker = open_ranker(name, generation.index)
    assert type(ranker) is kind
    hits = ranker.rank(encode("bateau mrs3", token_encoder), 2)
    assert set(name_articles(library, hits)) == {"fr-mer", "en-mer"}


# "bateau quai le port mrs3" is 5 words, two of which are the question's.
def test_dense_scores_are_similarities(
    library: Library, generation: Generation, token_encoder: WordTokenEncoder
) -> None:
    ranker = open_ranker(RankerName.DENSE, generation.index)
    hits = ranker.rank(encode("bateau mrs3", token_encoder), 6, IN_FRENCH)
    assert name_articles(library, hits)[0] == "fr-mer"
    assert [hit.score for hit in hits] == pytest.approx([2 / sqrt(2 * 5), 0, 0])
    assert ids(hits)[1:] == sorted(ids(hits)[1:])


# BM25 of terms that 1 of 3 passages has, in one of 4 terms where the mean is 10 / 3.
def test_lexical_scores_are_those_of_bm25(
    library: Library, generation: Generation, token_encoder: WordTokenEncoder
) -> None:
    ranker = open_ranker(RankerName.LEXICAL, generation.index)
    (hit,) = ranker.rank(encode("bateau mrs3", token_encoder), 6, IN_FRENCH)
    assert name_articles(library, [hit]) == ["fr-mer"]
    share = 2.2 / (1 + 1.2 * (0.25 + 0.75 * 4 / (11 / 3)))
    assert hit.score == pytest.approx(2 * log(1 + 2.5 / 1.5) * share, rel=1e-5)


def test_late_scores_lie_above_those_of_other_words(
    library: Library, generation: Generation, token_encoder: WordTokenEncoder
) -> None:
    """Two bits for a number leave about .88 of the cosine of a token with itself."""
    ranker = open_ranker(RankerName.LATE, generation.index)
    hits = ranker.rank(encode("bateau mrs3", token_encoder), 6, IN_FRENCH)
    assert name_articles(library, hits)[0] == "fr-mer"
    assert hits[0].score == pytest.approx(0.88, abs=0.05)
    assert all(abs(hit.score) < 0.25 for hit in hits[1:])


def test_title_heading_and_text_give_tokens(
    library: Library, generation: Generation, token_encoder: WordTokenEncoder
) -> None:
    library.put([make_document("fr-gare", FRENCH, "Gare", "voie", "Un wagon.")])
    built = build(library, token_encoder, [])
    for name in (RankerName.LATE, RankerName.DEFAULT):
        ranker = open_ranker(name, built.index)
        for word in ("gare", "voie", "wagon"):
            hits = ranker.rank(encode(word, token_encoder), 1)
            assert name_articles(library, hits) == ["fr-gare"]


def test_dense_and_lexical_rankings_are_fused(
    generation: Generation, token_encoder: WordTokenEncoder
) -> None:
    """The words are the encoder's too, so what has them both is first in both rankings."""
    ranker = open_ranker(RankerName.FUSED, generation.index)
    (first, *_) = ranker.rank(encode("bateau mrs3", token_encoder), 10, IN_FRENCH)
    assert first.score == pytest.approx(1 / 61 + 1 / 61)


@pytest.mark.parametrize("name", RankerName)
@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("asked_in", Language)
def test_a_language_is_chosen_before_passages_are_ranked(
    library: Library,
    generation: Generation,
    token_encoder: WordTokenEncoder,
    name: RankerName,
    language: Language,
    asked_in: Language,
) -> None:
    ranker = open_ranker(name, generation.index)
    question = encode("bateau mrs3", token_encoder, asked_in)
    within = Filter(languages=frozenset({language}))
    assert name_articles(library, ranker.rank(question, 1, within)) == [f"{language}-mer"]
    found = name_articles(library, ranker.rank(question, 6, within))
    assert all(each.startswith(language) for each in found)


@pytest.mark.parametrize("name", RankerName)
@pytest.mark.parametrize(
    ("within", "expected"),
    [
        (Filter(kinds=frozenset({"report"})), {"fr-ciel", "en-ciel"}),
        (Filter(articles=frozenset({"en-ville", "fr-ville"})), {"fr-ville", "en-ville"}),
        (Filter(languages=frozenset({ENGLISH}), kinds=frozenset({"report"})), {"en-ciel"}),
        (Filter(kinds=frozenset({"thesis"})), set()),
    ],
)
def test_only_what_passes_the_filter_is_ranked(
    library: Library,
    generation: Generation,
    token_encoder: WordTokenEncoder,
    name: RankerName,
    within: Filter,
    expected: set[str],
) -> None:
    ranker = open_ranker(name, generation.index)
    question = encode("quai bateau mrs3", token_encoder)
    assert set(name_articles(library, ranker.rank(question, 6, within))) == expected


@pytest.mark.parametrize("name", RankerName)
@pytest.mark.parametrize("limit", [-1, 0, 1, 3, 1000])
def test_no_more_are_ranked_than_are_asked_for(
    generation: Generation, token_encoder: WordTokenEncoder, name: RankerName, limit: int
) -> None:
    ranker = open_ranker(name, generation.index)
    question = encode("quai bateau mrs3", token_encoder)
    everything = ranker.rank(question, 6)
    assert len(everything) == len(set(ids(everything))) == 6
    assert [hit.score for hit in everything] == sorted(
        (hit.score for hit in everything), reverse=True
    )
    assert ranker.rank(question, limit) == everything[: max(limit, 0)]


@pytest.mark.parametrize("name", RankerName)
@pytest.mark.parametrize("question", ["", " ", "?!", "… ꙮ"])
def test_a_question_without_a_word_ranks_without_an_error(
    generation: Generation, token_encoder: WordTokenEncoder, name: RankerName, question: str
) -> None:
    hits = open_ranker(name, generation.index).rank(encode(question, token_encoder), 10)
    # Nothing is nearer than anything else, so that all come in the order of their ids, or none.
    if not question.strip():
        expected = [] if name is RankerName.LEXICAL else generation.index.ids.tolist()
        assert ids(hits) == expected


@pytest.mark.parametrize("name", RankerName)
def test_a_question_of_thousands_of_words_is_ranked(
    generation: Generation, token_encoder: WordTokenEncoder, name: RankerName
) -> None:
    question = "bateau " + " ".join(f"quai{number}" for number in range(2000)) + " mrs3"
    hits = open_ranker(name, generation.index).rank(encode(question, token_encoder), 10)
    assert 2 <= len(hits) == len(set(ids(hits))) <= 6


@pytest.mark.parametrize("name", RankerName)
@pytest.mark.parametrize("with_tokens", [False, True])
def test_an_empty_library_ranks_nothing(
    library: Library,
    toy_encoder: Encoder,
    token_encoder: WordTokenEncoder,
    name: RankerName,
    with_tokens: bool,
) -> None:
    encoder: Encoder = token_encoder if with_tokens else toy_encoder
    generation = build(library, encoder, [])
    assert open_ranker(name, generation.index).rank(encode("bateau", encoder), 10) == []


@pytest.mark.parametrize(
    ("name", "fallback"),
    [(RankerName.LATE, RankerName.DENSE), (RankerName.DEFAULT, RankerName.FUSED)],
)
@pytest.mark.parametrize("question", ["bateau mrs3", "la place du port", "quai", "vol", ""])
def test_without_tokens_another_ranking_stands_in(
    library: Library,
    toy_encoder: Encoder,
    name: RankerName,
    fallback: RankerName,
    question: str,
) -> None:
    generation = build(library, toy_encoder, DOCUMENTS)
    encoded = encode(question, toy_encoder)
    for within in (EVERYTHING, IN_FRENCH):
        hits = open_ranker(name, generation.index).rank(encoded, 10, within)
        expected = open_ranker(fallback, generation.index).rank(encoded, 10, within)
        assert ids(hits) == ids(expected)


@pytest.mark.parametrize("name", RankerName)
def test_only_what_the_generation_holds_is_ranked(
    library: Library, generation: Generation, token_encoder: WordTokenEncoder, name: RankerName
) -> None:
    library.put([make_document("new", FRENCH, "Bateau", "quai", "Le port mrs3.")])
    hits = open_ranker(name, generation.index).rank(encode("bateau mrs3", token_encoder), 10)
    assert set(ids(hits)) <= set(generation.index.ids.tolist())
    assert "new" not in name_articles(library, hits)


@pytest.mark.parametrize("name", RankerName)
def test_threads_share_a_ranker(
    generation: Generation, token_encoder: WordTokenEncoder, name: RankerName
) -> None:
    ranker = open_ranker(name, generation.index)
    texts = ["bateau", "la place du port", "quai mrs3", "un vol"] * 10
    questions = [encode(text, token_encoder) for text in texts]
    expected = [ranker.rank(question, 6) for question in questions]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda question: ranker.rank(question, 6), questions)) == expected


# From here on with the real model.
TEXTS = [
    ("L'Épopée", "Ce village d'entreprises a pris la place d'une ancienne usine de Sainte-Marthe."),
    ("Câbles", "Le câble SEA-ME-WE 5 se pose à Toulon, 2Africa et PEACE à Marseille."),
    ("Centres", "MRS3 occupe une base de sous-marins que l'armée allemande n'a jamais finie."),
    ("Centres", "MRS2 a ouvert sur le port en 2015, dans un bâtiment de la réparation navale."),
    ("Écoles", "Des élèves de dix ans écrivent leurs premiers programmes le mercredi."),
    ("Écoles", "Une formation gratuite accueille ceux qui ont quitté le lycée sans diplôme."),
    ("Chaleur", "L'eau de la mer refroidit les serveurs, puis chauffe des immeubles voisins."),
    ("Argent", "La jeune pousse a levé douze millions d'euros auprès de trois fonds."),
    ("Argent", "La Région prête jusqu'à 50 000 euros sans intérêt aux artisans."),
    ("Ports", "Des capteurs comptent les navires qui entrent dans la rade, jour et nuit."),
    ("Santé", "Un logiciel lit les radios du poumon et signale ce que le médecin doit revoir."),
    ("Transports", "Une navette sans conducteur relie la gare à l'hôpital depuis l'automne."),
    ("Recherche", "Le laboratoire étudie les poissons du golfe avec des robots silencieux."),
    ("Musique", "Le festival prend fin dimanche par un concert au bord de l'eau."),
    ("Sport", "Le club a vendu tous les billets du match en une heure."),
    ("Cuisine", "La soupe de roche se sert avec des croûtons, de l'ail et du safran."),
]


@pytest.fixture(scope="module")
def texts(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Generation:
    """Build a generation of `TEXTS` with the real model, a passage each, in their order."""
    library = Library.create(tmp_path_factory.mktemp("rankers") / "library")
    articles = [
        Article(f"{number:02}", FRENCH, title, text, "texts")
        for number, (title, text) in enumerate(TEXTS)
    ]
    generation = build(library, encoder, [Document(each, each.id) for each in articles])
    library.close()
    assert len(generation.index.ids) == len(TEXTS)
    return generation


def find(
    generation: Generation, name: RankerName, question: EncodedQuestion, limit: int
) -> list[int]:
    """Return the numbers of the texts found."""
    hits = open_ranker(name, generation.index).rank(question, limit)
    rows: list[int] = np.searchsorted(generation.index.ids, ids(hits)).tolist()
    return rows


@pytest.mark.parametrize("name", RankerName)
def test_every_ranker_finds_what_is_asked_for_by_its_name(
    texts: Generation, encoder: Encoder, name: RankerName
) -> None:
    for question, expected in (
        ("Qu'est-ce que l'Épopée ?", 0),
        ("Où se trouve MRS3 ?", 2),
        ("Qui prête aux artisans ?", 8),
    ):
        assert find(texts, name, encode(question, encoder), 1) == [expected], question


def test_words_find_a_name_however_it_is_typed(texts: Generation, encoder: Encoder) -> None:
    for question, expected in (
        ("C’EST QUOI L’EPOPEE", 0),
        ("a qui est l'epopée de sainte marthe", 0),
        ("ou passe le cable sea me we 5", 1),
        ("les eleves de 10 ans", 4),
    ):
        assert find(texts, RankerName.LEXICAL, encode(question, encoder), 1) == [expected]


def test_vectors_find_what_is_asked_for_in_other_words_and_words_do_not(
    texts: Generation, encoder: Encoder
) -> None:
    for question, language, expected in (
        ("À quel âge les enfants apprennent-ils à coder ?", FRENCH, 4),
        ("Where can children learn coding?", ENGLISH, 4),
        ("Quel véhicule roule sans chauffeur ?", FRENCH, 11),
    ):
        encoded = encode(question, encoder, language)
        for name in (RankerName.DENSE, RankerName.LATE, RankerName.DEFAULT):
            assert find(texts, name, encoded, 1) == [expected], (name, question)
        assert expected not in find(texts, RankerName.LEXICAL, encoded, 10)


def test_late_scores_lie_in_order_below_1(texts: Generation, encoder: Encoder) -> None:
    ranker = open_ranker(RankerName.LATE, texts.index)
    hits = ranker.rank(encode("Où se trouve MRS3 ?", encoder), 100)
    assert sorted(ids(hits)) == texts.index.ids.tolist()
    scores = [hit.score for hit in hits]
    assert all(first >= second for first, second in pairwise(scores))
    assert 0 < scores[-1] < scores[0] < 1
