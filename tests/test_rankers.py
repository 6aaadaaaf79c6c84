from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from math import log, sqrt
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from massilia.corpus.article import Article, Heading, Language
from massilia.index.dense import DenseRanker
from massilia.index.encoder import Advance, Encoder, ModelError, TokenVectors, Vectors
from massilia.index.fused import FusedRanker
from massilia.index.generation import Generation, compose_passage
from massilia.index.late import LateRanker
from massilia.index.lexical import LexicalRanker
from massilia.index.library import Library
from massilia.index.packaged_model import ensure_packaged_model
from massilia.index.ranker import EncodedQuestion, Ranker, RankerName
from massilia.index.rankers import open_ranker
from massilia.index.sentence_encoder import SentenceEncoder
from massilia.index.store import IndexedText
from massilia.index.vectors import Hit, VectorIndex
from massilia.ingest.documents import Document

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH


class WordTokenEncoder:
    """Give the toy encoder of words vectors of tokens too: what stands between spaces is a token.

    The cosine of a token with another is that of the sets of their words: 1 for the same, 0 for
    others, and 1/sqrt(2) for "mer" and "mer-ville".
    """

    name = "word tokens"
    fingerprint = "word-tokens-1"

    def __init__(self, words: Encoder) -> None:
        self._words = words
        self.dimension = words.dimension

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        return self._words.encode_questions(questions)

    def encode_passages(self, passages: Sequence[str], advance: Advance | None = None) -> Vectors:
        return self._words.encode_passages(passages, advance)

    def encode_question_tokens(self, question: str) -> TokenVectors:
        tokens = question.lower().split()
        ids = np.array([crc32(token.encode()) for token in tokens], dtype=np.int64)
        if not tokens:
            return TokenVectors(ids, np.zeros((0, self.dimension), dtype=np.float32))
        return TokenVectors(ids, self._words.encode_questions(tokens))

    def encode_passage_tokens(
        self, passages: Sequence[str], advance: Advance | None = None
    ) -> Iterator[TokenVectors]:
        for passage in passages:
            yield self.encode_question_tokens(passage)
            if advance is not None:
                advance(1)


class FixedRanker:
    """Rank the same passages for every question, and remember what it was asked."""

    def __init__(self, *hits: Hit) -> None:
        self._hits = list(hits)
        self.asked: list[tuple[int, Language | None]] = []

    def rank(
        self, question: EncodedQuestion, limit: int, language: Language | None = None
    ) -> list[Hit]:
        self.asked.append((limit, language))
        return self._hits[:limit]


@pytest.fixture
def token_encoder(toy_encoder: Encoder) -> WordTokenEncoder:
    return WordTokenEncoder(toy_encoder)


def read(
    passage_id: int,
    text: str,
    language: Language = FRENCH,
    *,
    title: str = "",
    heading: str | None = None,
) -> IndexedText:
    return IndexedText(passage_id, language, title, heading, text)


def ask(text: str, language: Language = FRENCH) -> EncodedQuestion:
    """Make a question for a ranker that doesn't look at the vector."""
    return EncodedQuestion(text, language, np.zeros(1, dtype=np.float32))


def approximate(hits: Sequence[tuple[int, float]], tolerance: float = 1e-9) -> list[object]:
    """Make something that is equal to hits with about these scores."""
    return [(passage_id, pytest.approx(score, abs=tolerance)) for passage_id, score in hits]


def pairs(hits: Sequence[Hit]) -> list[tuple[int, float]]:
    return [(hit.id, hit.score) for hit in hits]


def ids(hits: Sequence[Hit]) -> list[int]:
    return [hit.id for hit in hits]


# Five passages of 3, 4, 2, 1 and 5 terms: 3 on average.
HARBOUR = [
    read(10, "bateau bateau bleu"),
    read(20, "bateau mer calme vent"),
    read(30, "vélo rouge"),
    read(40, "rue"),
    read(50, "phare port quai grue digue"),
]


# BM25 of a term that occurs f times among the d terms of a passage, and in n of N passages:
# log((N - n + 0.5) / (n + 0.5)) * f * 2.2 / (f + 1.2 * (0.25 + 0.75 * d / average)).
# "bateau" is in 2 of 5. In 10: 2 * 2.2 / (2 + 1.2) = 1.375. In 20: 2.2 / (1 + 1.2 * 1.25) = 0.88.
# "mer" is in 1 of 5, "grue" too. In 50: 2.2 / (1 + 1.2 * 1.5) = 2.2 / 2.8.
@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("bateau", [(10, log(3.5 / 2.5) * 1.375), (20, log(3.5 / 2.5) * 0.88)]),
        (
            "le bateau en mer",
            [(20, (log(3.5 / 2.5) + log(4.5 / 1.5)) * 0.88), (10, log(3.5 / 2.5) * 1.375)],
        ),
        (
            "grue vélo",
            # In 30: 2.2 / (1 + 1.2 * 0.75) = 2.2 / 1.9.
            [(30, log(4.5 / 1.5) * 2.2 / 1.9), (50, log(4.5 / 1.5) * 2.2 / 2.8)],
        ),
        ("bateau, bateau, des bateaux", [(10, log(3.5 / 2.5) * 1.375), (20, log(1.4) * 0.88)]),
        ("avion", []),
        ("Où sont-ils ?", []),
        ("", []),
    ],
)
def test_lexical_scores_are_those_of_bm25(question: str, expected: list[tuple[int, float]]) -> None:
    ranker = LexicalRanker.build(HARBOUR)
    assert pairs(ranker.rank(ask(question), 10)) == approximate(expected)


def test_no_more_are_found_by_words_than_are_asked_for() -> None:
    ranker = LexicalRanker.build(HARBOUR)
    assert ids(ranker.rank(ask("le bateau en mer"), 1)) == [20]
    assert ranker.rank(ask("mer"), 0) == ranker.rank(ask("mer"), -1) == []


def test_a_term_is_searched_for_as_it_is() -> None:
    """The French stemmer leaves "running": another may not take its end."""
    ranker = LexicalRanker.build([*HARBOUR, read(60, "running")])
    assert ids(ranker.rank(ask("running"), 10)) == [60]
    assert ranker.rank(ask("run"), 10) == []


def test_title_heading_and_text_are_searched_for_words() -> None:
    passages = [
        read(1, "mer", title="Bateau", heading="Quai"),
        *(read(number, "rue") for number in (2, 3, 4)),
    ]
    ranker = LexicalRanker.build(passages)
    for word in ("mer", "bateau", "quai"):
        assert ids(ranker.rank(ask(word), 10)) == [1]


def test_each_language_has_its_own_statistics() -> None:
    english = [read(number, "boat bateau", ENGLISH) for number in range(60, 90)]
    alone = LexicalRanker.build(HARBOUR).rank(ask("bateau"), 10)
    together = LexicalRanker.build([*HARBOUR, *english]).rank(ask("bateau"), 40, FRENCH)
    assert together == alone


def test_a_question_has_the_terms_of_each_passage_s_language() -> None:
    """The French stemmer takes the end of "2africa", the English one leaves it."""
    french = [read(number, "rue") for number in (1, 2, 3)]
    english = [read(number, "road", ENGLISH) for number in (4, 5, 6)]
    passages = [*french, *english, read(7, "Câble 2Africa"), read(8, "2Africa cable", ENGLISH)]
    ranker = LexicalRanker.build(passages)
    for language in Language:
        assert ids(ranker.rank(ask("2Africa", language), 10)) == [7, 8]
        assert ids(ranker.rank(ask("2Africa", language), 10, FRENCH)) == [7]
        assert ids(ranker.rank(ask("2Africa", language), 10, ENGLISH)) == [8]


def test_passages_of_both_languages_are_merged_by_score() -> None:
    """A word that one passage in seven has weighs more than one that one in three has."""
    french = [read(1, "mrs3"), *(read(number, "rue") for number in (2, 3))]
    english = [read(4, "mrs3", ENGLISH), *(read(n, "road", ENGLISH) for n in range(5, 11))]
    hits = LexicalRanker.build([*french, *english]).rank(ask("mrs3"), 10)
    # All passages of a language are of one length, so only the first factor counts.
    assert pairs(hits) == approximate([(4, log(6.5 / 1.5)), (1, log(2.5 / 1.5))])
    assert ids(LexicalRanker.build([*french, *english]).rank(ask("mrs3"), 1)) == [4]


def test_passages_that_share_as_much_with_the_question_come_in_the_order_of_their_ids() -> None:
    passages = [read(number, "mer") for number in (70, 30, 50)]
    passages += [read(number, "rue") for number in range(1, 6)]
    ranker = LexicalRanker.build(passages)
    assert ids(ranker.rank(ask("mer"), 10)) == [30, 50, 70]
    assert ids(ranker.rank(ask("mer"), 2)) == [30, 50]


def test_words_of_the_search_language_are_words() -> None:
    passages = [read(1, "near", ENGLISH), *(read(n, "road", ENGLISH) for n in (2, 3, 4))]
    ranker = LexicalRanker.build(passages)
    for question in ('NEAR AND "road" NOT', "near(", "terms: near*", "-near + ^"):
        assert 1 in ids(ranker.rank(ask(question, ENGLISH), 10))


def test_a_question_of_thousands_of_words_is_ranked() -> None:
    question = " ".join(f"mot{number}" for number in range(5000)) + " grue"
    assert ids(LexicalRanker.build(HARBOUR).rank(ask(question), 10)) == [50]


def test_no_passages_rank_nothing(token_encoder: WordTokenEncoder) -> None:
    nothing = FixedRanker()
    for ranker in (
        LexicalRanker.build([]),
        LateRanker.build([], token_encoder, nothing),
        FusedRanker([nothing, nothing]),
    ):
        assert ranker.rank(ask("mer"), 10) == []


def test_threads_share_a_lexical_ranker() -> None:
    passages = [
        read(number, f"mer mot{number % 7} {'rue ' * (number % 5)}") for number in range(99)
    ]
    ranker = LexicalRanker.build([*passages, *(read(n, "quai") for n in range(100, 250))])
    questions = [ask(f"mer mot{number % 7}") for number in range(200)]
    expected = [ranker.rank(question, 20) for question in questions]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda question: ranker.rank(question, 20), questions)) == expected


SHORE = [read(1, "mer"), read(2, "ville"), read(3, "mer ville"), read(4, "mer-ville")]
ANY_ORDER = FixedRanker(Hit(2, 0.9), Hit(3, 0.8), Hit(1, 0.7), Hit(4, 0.6))


# "mer" is in 2 of the 4 passages and weighs log(5 / 2.5); "mer-ville" is in 1: log(5 / 1.5). A
# token of the question finds its best match in a passage, with a cosine of 1, 1/sqrt(2) or 0.
def test_late_scores_are_weighted_means_of_the_best_cosines(
    token_encoder: WordTokenEncoder,
) -> None:
    ranker = LateRanker.build(SHORE, token_encoder, ANY_ORDER)
    mer, both = log(5 / 2.5), log(5 / 1.5)
    total, half = mer + both, 1 / sqrt(2)
    assert pairs(ranker.rank(ask("mer mer-ville"), 10)) == approximate(
        [
            (4, (mer * half + both) / total),
            (1, (mer + both * half) / total),
            (3, (mer + both * half) / total),
            (2, both * half / total),
        ],
        tolerance=1e-3,  # half precision
    )


def test_a_token_that_no_passage_has_weighs_most(token_encoder: WordTokenEncoder) -> None:
    ranker = LateRanker.build(SHORE, token_encoder, ANY_ORDER)
    mer, unknown = log(5 / 2.5), log(5 / 0.5)
    (first, *_) = ranker.rank(ask("mer avion"), 10)
    assert pairs([first]) == approximate([(1, mer / (mer + unknown))], tolerance=1e-3)


def test_a_token_that_stands_twice_in_a_passage_or_in_the_question(
    token_encoder: WordTokenEncoder,
) -> None:
    """Passages are counted once each, a question's tokens as often as they stand in it."""
    ranker = LateRanker.build(
        [read(1, "mer mer mer"), read(2, "ville")], token_encoder, FixedRanker(Hit(1, 0), Hit(2, 0))
    )
    mer, ville = log(3 / 1.5), log(3 / 1.5)
    assert pairs(ranker.rank(ask("mer ville ville"), 10)) == approximate(
        [(2, 2 * ville / (mer + 2 * ville)), (1, mer / (mer + 2 * ville))], tolerance=1e-3
    )


def test_title_heading_and_text_give_tokens(token_encoder: WordTokenEncoder) -> None:
    passages = [read(1, "rue"), read(2, "mer", title="Bateau", heading="Quai")]
    ranker = LateRanker.build(passages, token_encoder, FixedRanker(Hit(1, 0), Hit(2, 0)))
    for word in ("mer", "bateau", "quai"):
        assert ids(ranker.rank(ask(word), 1)) == [2]


def test_fifty_candidates_are_ranked_anew_and_the_others_follow_them(
    token_encoder: WordTokenEncoder,
) -> None:
    """The fiftieth and the fifty-first are those that have the word."""
    candidates = [Hit(number, 1 - number / 100) for number in range(1, 54)]
    passages = [read(hit.id, "mer ville" if hit.id in (50, 51) else "ville") for hit in candidates]
    ranker = LateRanker.build(passages, token_encoder, FixedRanker(*candidates))
    hits = ranker.rank(ask("mer"), 100)
    assert ids(hits) == [50, *range(1, 50), 51, 52, 53]
    # The last of the fifty has nothing of the question: the first of the others is 1 below it.
    assert pairs(hits[49:]) == approximate([(49, 0), (51, -1), (52, -1.01), (53, -1.02)])
    assert ranker.rank(ask("mer"), 1) == hits[:1]
    assert ranker.rank(ask("mer"), 52) == hits[:52]
    assert ranker.rank(ask("mer"), 0) == ranker.rank(ask("mer"), -1) == []


def test_a_passage_that_went_before_its_tokens_were_encoded_comes_after_the_others(
    token_encoder: WordTokenEncoder,
) -> None:
    ranker = LateRanker.build(SHORE[2:], token_encoder, ANY_ORDER)
    hits = ranker.rank(ask("ville"), 10)
    assert ids(hits) == [3, 4, 2, 1]
    # By candidate scores, 2 is 0.9 and 1 is 0.7.
    assert pairs(hits[2:]) == approximate([(2, hits[1].score - 1), (1, hits[1].score - 1.2)])
    assert ids(LateRanker.build([], token_encoder, ANY_ORDER).rank(ask("mer"), 10)) == [2, 3, 1, 4]


def test_nothing_to_match_leaves_the_order_or_a_score_of_0(
    token_encoder: WordTokenEncoder,
) -> None:
    ranker = LateRanker.build([*SHORE[:3], read(4, "")], token_encoder, ANY_ORDER)
    assert ids(ranker.rank(ask(" "), 10)) == [2, 3, 1, 4]
    assert ids(ranker.rank(ask(" "), 2)) == [2, 3]
    assert ranker.rank(ask(" "), -1) == []
    hits = ranker.rank(ask("mer"), 10)
    assert ids(hits) == [1, 3, 2, 4]
    assert pairs(hits[2:]) == [(2, 0), (4, 0)]


def test_candidates_are_asked_for_in_the_language(token_encoder: WordTokenEncoder) -> None:
    candidates = FixedRanker(Hit(1, 0))
    ranker = LateRanker.build(SHORE, token_encoder, candidates)
    ranker.rank(ask("mer"), 3, ENGLISH)
    ranker.rank(ask("mer"), 70)
    assert candidates.asked == [(50, ENGLISH), (70, None)]


def test_an_encoder_without_vectors_of_tokens_is_named(toy_encoder: Encoder) -> None:
    with pytest.raises(ModelError, match=r"^the model words gives no vectors of single tokens$"):
        LateRanker.build(SHORE, toy_encoder, ANY_ORDER)


# Ranks count from 1: 3 is first in one, 5 second, 2 third there and first in the other, 4 second.
def test_fused_scores_are_sums_of_reciprocal_ranks() -> None:
    one = FixedRanker(Hit(3, 99), Hit(5, 98), Hit(2, -1))
    other = FixedRanker(Hit(2, 0.2), Hit(4, 0.1))
    ranker = FusedRanker([one, other])
    expected = [(2, 1 / 63 + 1 / 61), (3, 1 / 61), (4, 1 / 62), (5, 1 / 62)]
    assert pairs(ranker.rank(ask(""), 10)) == approximate(expected)
    assert ids(ranker.rank(ask(""), 1)) == [2]
    assert ranker.rank(ask(""), -1) == []


def test_a_hundred_of_each_ranking_are_fused_or_as_many_as_are_asked_for() -> None:
    one = FixedRanker(*(Hit(number, 0) for number in range(1, 151)))
    other = FixedRanker(*(Hit(number, 0) for number in range(150, 0, -1)))
    ranker = FusedRanker([one, other])
    # 1 is first in one ranking and the 150th in the other; 150 the other way round.
    assert pairs(ranker.rank(ask(""), 2, ENGLISH)) == approximate([(1, 1 / 61), (150, 1 / 61)])
    assert one.asked == other.asked == [(100, ENGLISH)]
    assert pairs(ranker.rank(ask(""), 150)[:2]) == approximate(
        [(1, 1 / 61 + 1 / 210), (150, 1 / 210 + 1 / 61)]
    )


def make_document(
    article_id: str, language: Language, title: str, heading: str, text: str
) -> Document:
    article = Article(
        article_id,
        language,
        title,
        f"{heading}\n\n{text}",
        article_id,
        headings=(Heading(2, 0, len(heading)),),
    )
    return Document(article, article_id)


@pytest.fixture
def generation(library: Library, token_encoder: WordTokenEncoder) -> Generation:
    """Build a generation of three French passages and three English ones."""
    library.put(
        make_document(f"{language}-{name}", language, title, "quai", text)
        for language in Language
        for name, title, text in (
            ("mer", "Bateau", "Le port mrs3 ."),
            ("ville", "Rue", "Une place et le port ."),
            ("ciel", "Avion", "Un vol ."),
        )
    )
    library.build(token_encoder)
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
        (RankerName.DEFAULT, DenseRanker),
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
    ranker = open_ranker(name, library.store, generation, token_encoder)
    assert type(ranker) is kind
    hits = ranker.rank(encode("bateau mrs3", token_encoder), 2)
    assert set(name_articles(library, hits)) == {"fr-mer", "en-mer"}


def test_dense_and_lexical_rankings_are_fused(
    library: Library, generation: Generation, token_encoder: WordTokenEncoder
) -> None:
    """The words are the encoder's too, so what has them both is first in both rankings."""
    ranker = open_ranker(RankerName.FUSED, library.store, generation, token_encoder)
    (first, *_) = ranker.rank(encode("bateau mrs3", token_encoder), 10, FRENCH)
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
    ranker = open_ranker(name, library.store, generation, token_encoder)
    question = encode("bateau mrs3", token_encoder, asked_in)
    assert name_articles(library, ranker.rank(question, 1, language)) == [f"{language}-mer"]
    found = name_articles(library, ranker.rank(question, 6, language))
    assert all(each.startswith(language) for each in found)


@pytest.mark.parametrize("name", RankerName)
def test_only_what_the_generation_holds_is_ranked(
    library: Library, generation: Generation, token_encoder: WordTokenEncoder, name: RankerName
) -> None:
    library.put([make_document("new", FRENCH, "Bateau", "quai", "Le port mrs3 .")])
    ranker = open_ranker(name, library.store, generation, token_encoder)
    hits = ranker.rank(encode("bateau mrs3", token_encoder), 10)
    assert set(ids(hits)) <= generation.passages.ids
    assert "new" not in name_articles(library, hits)


@pytest.mark.parametrize("name", RankerName)
@pytest.mark.parametrize("before", [True, False])
def test_what_is_removed_keeps_no_other_passage_from_being_found(
    library: Library,
    generation: Generation,
    token_encoder: WordTokenEncoder,
    name: RankerName,
    before: bool,
) -> None:
    if before:
        library.remove(["fr-mer"])
    ranker = open_ranker(name, library.store, generation, token_encoder)
    library.remove(["fr-mer"])
    hits = ranker.rank(encode("bateau mrs3", token_encoder), 6)
    assert name_articles(library, hits)[0] == "en-mer"


def test_progress_is_told_of_every_passage_that_is_encoded(
    library: Library, generation: Generation, token_encoder: WordTokenEncoder
) -> None:
    totals, advances = [], []

    @contextmanager
    def progress(total: int) -> Iterator[Advance]:
        totals.append(total)
        yield advances.append
        totals.append(-1)

    open_ranker(RankerName.LATE, library.store, generation, token_encoder, progress)
    assert (totals, advances) == ([6, -1], [1] * 6)
    open_ranker(RankerName.FUSED, library.store, generation, token_encoder, progress)
    assert totals == [6, -1]


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
PASSAGES = [read(number, text, title=title) for number, (title, text) in enumerate(TEXTS)]


@pytest.fixture(scope="module")
def rankers(
    encoder: SentenceEncoder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[RankerName, Ranker]]:
    """Open every ranker over `PASSAGES`, with the real model."""
    library = Library.create(tmp_path_factory.mktemp("rankers") / "library")
    vectors = encoder.encode_passages([compose_passage(each) for each in PASSAGES])
    index = VectorIndex.build([each.id for each in PASSAGES], vectors)
    dense = DenseRanker(library.store, index)
    lexical = LexicalRanker.build(PASSAGES)
    yield {
        RankerName.DENSE: dense,
        RankerName.LEXICAL: lexical,
        RankerName.FUSED: FusedRanker([dense, lexical]),
        RankerName.LATE: LateRanker.build(PASSAGES, encoder, dense),
    }
    library.close()


@pytest.mark.parametrize("name", [name for name in RankerName if name is not RankerName.DEFAULT])
def test_every_ranker_finds_what_is_asked_for_by_its_name(
    rankers: dict[RankerName, Ranker], encoder: SentenceEncoder, name: RankerName
) -> None:
    for question, expected in (
        ("Qu'est-ce que l'Épopée ?", 0),
        ("Où se trouve MRS3 ?", 2),
        ("Qui prête aux artisans ?", 8),
    ):
        assert ids(rankers[name].rank(encode(question, encoder), 1)) == [expected], question


def test_words_find_a_name_however_it_is_typed(
    rankers: dict[RankerName, Ranker], encoder: SentenceEncoder
) -> None:
    for question, expected in (
        ("C’EST QUOI L’EPOPEE", 0),
        ("a qui est l'epopée de sainte marthe", 0),
        ("ou passe le cable sea me we 5", 1),
        ("les eleves de 10 ans", 4),
    ):
        assert ids(rankers[RankerName.LEXICAL].rank(encode(question, encoder), 1)) == [expected]


def test_vectors_find_what_is_asked_for_in_other_words_and_words_do_not(
    rankers: dict[RankerName, Ranker], encoder: SentenceEncoder
) -> None:
    for question, expected in (
        ("À quel âge les enfants apprennent-ils à coder ?", 4),
        ("Where can children learn coding?", 4),
        ("Quel véhicule autonome roule en ville ?", 11),
    ):
        encoded = encode(question, encoder)
        for name in (RankerName.DENSE, RankerName.LATE):
            assert ids(rankers[name].rank(encoded, 1)) == [expected], (name, question)
        assert expected not in ids(rankers[RankerName.LEXICAL].rank(encoded, 10))


def test_late_scores_lie_in_order_below_1(
    rankers: dict[RankerName, Ranker], encoder: SentenceEncoder
) -> None:
    hits = rankers[RankerName.LATE].rank(encode("Où se trouve MRS3 ?", encoder), 100)
    assert sorted(ids(hits)) == list(range(len(PASSAGES)))
    scores = [hit.score for hit in hits]
    assert all(first >= second for first, second in pairwise(scores))
    assert 0 < scores[-1] < scores[0] < 1


@pytest.fixture(scope="module")
def hidden_states(model_cache: Path) -> "HiddenStates":
    return HiddenStates(ensure_packaged_model(model_cache))


class HiddenStates:
    """Run the packaged model with transformers alone, one text at a time."""

    def __init__(self, folder: Path) -> None:
        from transformers import AutoTokenizer, BertModel

        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._model = BertModel.from_pretrained(folder, add_pooling_layer=False)

    def read(self, text: str, prefix: int) -> TokenVectors:
        """Return the unit states of the tokens between the first `prefix` and the last."""
        import torch

        encoded = self._tokenizer(text, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            states = self._model(**encoded).last_hidden_state[0, prefix:-1].numpy()
        lengths = np.linalg.norm(states, axis=1, keepdims=True)
        return TokenVectors(encoded["input_ids"][0, prefix:-1].numpy(), states / lengths)


def assert_same_tokens(found: TokenVectors, expected: TokenVectors) -> None:
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_allclose(found.vectors, expected.vectors, atol=1e-4)
    assert found.vectors.dtype == np.float32


# Before the text of a question stand "<s>", "▁que", "ry" and ":"; of a passage, "<s>", "▁passage"
# and ":".
def test_tokens_are_those_of_the_text_alone_read_under_its_prefix(
    encoder: SentenceEncoder, hidden_states: HiddenStates
) -> None:
    for text in ("Où est la mer ?", "ꙮ le port"):
        expected = hidden_states.read(f"query: {text}", 4)
        assert_same_tokens(encoder.encode_question_tokens(text), expected)
    text = "Le port\nde Marseille."
    (found,) = encoder.encode_passage_tokens([text])
    assert_same_tokens(found, hidden_states.read(f"passage: {text}", 3))


def test_a_text_without_tokens_and_one_that_is_cut(
    encoder: SentenceEncoder,
) -> None:
    for text in ("", " ", "</s>"):
        tokens = encoder.encode_question_tokens(text)
        assert (tokens.ids.shape, tokens.vectors.shape) == ((0,), (0, 384))
    # 512 are read: "<s>", "passage", ":" and "</s>" among them.
    (tokens,) = encoder.encode_passage_tokens(["a " * 600])
    assert (tokens.ids.shape, tokens.vectors.shape) == ((508,), (508, 384))


def test_passages_come_in_their_order_and_are_encoded_as_they_are_asked_for(
    encoder: SentenceEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("massilia.index.sentence_encoder.WINDOW", 4)
    monkeypatch.setattr("massilia.index.sentence_encoder.BATCH_SIZE", 3)
    texts = [f"port {'mer ' * number}{number}" for number in (3, 0, 9, 1, 7, 2)]
    advances: list[int] = []
    encoded = encoder.encode_passage_tokens(texts, advances.append)
    assert advances == []
    found = [next(encoded)]
    assert advances == [3, 1]
    found += encoded
    assert advances == [3, 1, 2]
    for text, tokens in zip(texts, found, strict=True):
        (alone,) = encoder.encode_passage_tokens([text])
        assert_same_tokens(tokens, alone)


def test_a_model_that_keeps_no_vectors_of_tokens_is_named() -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import StaticEmbedding
    from tokenizers import Tokenizer, models

    tokenizer = Tokenizer(models.WordLevel({"mer": 0, "?": 1}, unk_token="?"))
    static = StaticEmbedding(tokenizer, embedding_dim=4)
    model = SentenceTransformer(modules=[static], device="cpu")
    encoder = SentenceEncoder(model, name="static", fingerprint="static")
    with pytest.raises(ModelError, match=r"^the model static gives no vectors of single tokens$"):
        encoder.encode_question_tokens("mer")
