"""The evidence of a sentence: each figure by hand, on a library of four words."""

from collections.abc import Sequence
from math import log, log1p, sqrt
from pathlib import Path

import numpy as np
import pytest

from massilia.corpus.article import Article, Language
from massilia.index.background import Spread
from massilia.index.lexical_index import LexicalIndex
from massilia.index.retriever import LateScores, ScoredPassage, ScoredSentence
from massilia.index.store import IndexedText, StoredPassage, StoredSentence
from massilia.service.asking import read_asking
from massilia.service.evidence import (
    FIGURES,
    QUESTION_FIGURES,
    describe_question,
    gather_evidence,
)
from massilia.service.known_names import NameFindings, NameReason

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH
TEXTS = ["cable lands", "cable cost", "harbour", "Medusa"]
# Of four passages two have "cable": log(1 + 2.5 / 2.5); one has each of the others.
CABLE, RARE = log(2), log(1 + 3.5 / 1.5)
# (0.7 - 0.5) / 0.1 deviations, of which the best of 60 by chance takes sqrt(2 ln 60).
SPREAD = Spread(0.5, 0.1, 60, 0.2, 0.05)
COST = "What did the Medusa cable cost in 2022?"


@pytest.fixture
def index(tmp_path: Path) -> LexicalIndex:
    passages = [
        IndexedText(number, ENGLISH, "", None, text, ()) for number, text in enumerate(TEXTS)
    ]
    return LexicalIndex.build(tmp_path, passages)


def weigh(
    index: LexicalIndex,
    question: str,
    sentences: Sequence[str],
    *,
    language: Language = ENGLISH,
    article_language: Language | None = None,
    asked_in: Language = ENGLISH,
    title: str = "Title",
    late: LateScores | None = None,
) -> list[dict[str, float]]:
    """Return the figures of each sentence of an article, by name."""
    text = "Ünë. " + " ".join(sentences)
    article = Article("a", article_language or language, title, text, "a.md")
    passage = ScoredPassage(StoredPassage(1, "a", 0, len(text), 0, len(sentences), language), 0.9)
    scored = []
    for number, sentence in enumerate(sentences):
        start = text.index(sentence)
        place = StoredSentence(number, "a", start, start + len(sentence))
        scored.append(ScoredSentence(place, passage, 0.8, 0.7, late, (place,)))
    spreads = dict.fromkeys(Language, SPREAD)
    asking = read_asking(question, asked_in)
    evidence = gather_evidence(asking, scored, {"a": article}, spreads, index)
    assert evidence.shape == (len(sentences), len(FIGURES))
    assert evidence.dtype == np.float32
    return [dict(zip(FIGURES, row, strict=True)) for row in evidence.tolist()]


def weigh_one(
    index: LexicalIndex, question: str, sentence: str, **more: object
) -> dict[str, float]:
    (figures,) = weigh(index, question, [sentence], **more)  # type: ignore[arg-type]
    return figures


def test_a_sentence_counts_in_the_language_of_its_passage(index: LexicalIndex) -> None:
    asked = "How many cables does the landing station at Marseille connect?"
    sentence = "The landing stations connected 16 cables in 2024."
    title = "Connecting the stations"
    own = weigh_one(index, asked, sentence, title=title)
    assert own["terms"] > 0 < own["kind"]
    assert own == weigh_one(index, asked, sentence, title=title, article_language=FRENCH)
    assert own != weigh_one(index, asked, sentence, title=title, language=FRENCH)


def test_every_figure_by_hand(index: LexicalIndex) -> None:
    late = LateScores(own=0.3, led=0.4, near=0.6)
    sentence = "In 2022 the cable was worth 342 million euros."
    figures = weigh_one(index, COST, sentence, title="Medusa", late=late)
    # "2022" is in no passage: log(1 + 4.5 / 0.5).
    year = log(10)
    total = CABLE + 2 * RARE + year
    assert figures == pytest.approx(
        {
            "similarity": 0.7,
            "passage_similarity": 0.8,
            "passage_score": 0.9,
            "exceeds_chance": 2 - sqrt(2 * log(60)),
            "exceeds_reference": 10,
            "late": 0.4,
            "own": 0.3,
            "near": 0.6,
            "terms": (CABLE + year) / total,
            "terms_or_title": (CABLE + year + RARE) / total,
            "names": 0,
            "names_or_title": 1,
            "kind": 1,
            "no_kind": 0,
            "span": 1,
            "year": 1,
            "other_year": 0,
            "length": log1p(len(sentence)),
            "other_language": 0,
        },
        rel=1e-6,
    )
    assert list(figures) == list(FIGURES)


def test_where_no_tokens_are_held_late_interaction_says_nothing(index: LexicalIndex) -> None:
    figures = weigh_one(index, COST, "It waits.")
    assert (figures["late"], figures["own"], figures["near"]) == (0, 0, 0)


def test_without_sentences_the_figures_are_none(index: LexicalIndex) -> None:
    assert weigh(index, COST, []) == []


def test_each_sentence_has_a_row_of_its_own(index: LexicalIndex) -> None:
    rows = weigh(index, COST, ["It waits.", "Medusa cost 3 euros.", "In 2019 it was 4."])
    assert [row["kind"] for row in rows] == [0, 1, 0]
    assert [row["names"] for row in rows] == [0, 1, 0]
    assert [row["other_year"] for row in rows] == [0, 0, 1]


def test_what_has_no_term_of_the_question_has_no_share_of_them(index: LexicalIndex) -> None:
    figures = weigh_one(index, COST, "It waits.")
    assert figures["terms"] == figures["terms_or_title"] == 0
    # A question of marks has no term to have a share of.
    assert weigh_one(index, "?!", "It waits.")["terms"] == 0


@pytest.mark.parametrize(
    ("sentence", "share"),
    [
        ("Medusa and the harbour of Toulon.", 1),
        ("Medusa waits.", 0.5),
        ("It waits.", 0),
        ("Medusas in toulon.", 0.5),
    ],
)
def test_the_share_of_the_names_that_a_sentence_has(
    index: LexicalIndex, sentence: str, share: float
) -> None:
    assert weigh_one(index, "Does Medusa land in Toulon?", sentence)["names"] == share


@pytest.mark.parametrize(
    ("question", "sentence", "holds"),
    [
        # values: of the kind, none that the question has
        (COST, "Medusa cost 342 million euros.", True),
        (COST, "Medusa is 342 km long.", False),
        ("Did it cost 5 euros, or how much?", "It cost 5 euros.", False),
        ("How much did Medusa cost in dollars?", "It cost 342 million euros.", False),
        ("How much did Medusa cost in dollars?", "It cost 342 million dollars.", True),
        ("When did Medusa land?", "It landed on 8 October 2025.", True),
        ("When did Medusa land?", "It landed late.", False),
        ("What percentage is lost?", "A loss of 12%.", True),
        ("What is the length of Medusa?", "It is 8,700 km long.", True),
        ("What is the length of Medusa?", "It draws 8 MW.", False),
        # a latency is written as a duration is
        ("What is the latency to Mumbai?", "It is of 95 ms.", True),
        ("What is the latency to Mumbai?", "It is of 95 km.", False),
        # names: of the kind, none that the question has
        ("Who founded Traxens?", "It was founded by Michel Fallah.", True),
        ("Who founded Traxens?", "Traxens was founded in a garage.", False),
        ("Who founded Traxens with Michel Fallah?", "Michel Fallah waits.", False),
        ("In which city is it?", "It is in Toulon.", True),
        ("In which city is it?", "It is on a hill.", False),
        # a reason is told by a word, or can't be told
        ("Why did it close?", "It closed because of the heat.", True),
        ("Why did it close?", "It closed.", None),
        # what is no kind of value or name can't be told either
        ("Tell of Medusa.", "It cost 5 euros.", None),
    ],
)
def test_whether_a_sentence_holds_what_is_asked_for(
    index: LexicalIndex, question: str, sentence: str, holds: bool | None
) -> None:
    figures = weigh_one(index, question, sentence)
    assert (figures["kind"], figures["no_kind"]) == (holds is True, holds is False)
    if holds is not True:
        assert figures["span"] == 0


def test_a_span_is_only_where_the_words_that_answer_can_be_told(index: LexicalIndex) -> None:
    assert weigh_one(index, "What did it cost?", "It was worth 5 euros or 6 euros.")["kind"] == 1
    assert weigh_one(index, "What did it cost?", "It was worth 5 euros or 6 euros.")["span"] == 0


@pytest.mark.parametrize(
    ("question", "sentence", "same", "other"),
    [
        (COST, "It cost much in 2022.", 1, 0),
        (COST, "It cost much from 2021 to 2023.", 0, 1),
        (COST, "It cost much in 2021 and in 2022.", 1, 0),
        (COST, "It cost much in 2021.", 0, 1),
        (COST, "It cost much.", 0, 0),
        ("What did it cost?", "It cost much in 2021.", 0, 0),
    ],
)
def test_the_years_of_a_sentence_beside_those_asked_for(
    index: LexicalIndex, question: str, sentence: str, same: int, other: int
) -> None:
    figures = weigh_one(index, question, sentence)
    assert (figures["year"], figures["other_year"]) == (same, other)


def test_a_sentence_in_the_other_language_is_read_in_its_own(index: LexicalIndex) -> None:
    figures = weigh_one(
        index,
        "Combien coûte Medusa ?",
        "Medusa is worth 342 million euros.",
        asked_in=FRENCH,
    )
    assert figures["other_language"] == 1
    assert (figures["kind"], figures["span"]) == (1, 1)
    # In English the unknown words weigh log 10 each: "combien", "cout".
    assert figures["terms"] == pytest.approx(RARE / (RARE + 2 * log(10)))


# Questions


def make_findings(*reasons: NameReason) -> NameFindings:
    return NameFindings(names=(), years=(), reasons=reasons, works=None, passages=())


def describe(question: str, *reasons: NameReason) -> dict[str, float]:
    described = describe_question(read_asking(question, ENGLISH), make_findings(*reasons))
    assert described.dtype == np.float32
    return dict(zip(QUESTION_FIGURES, described.tolist(), strict=True))


def test_what_is_known_of_a_question() -> None:
    assert describe(COST) == pytest.approx(
        {
            "name_not_found": 0,
            "year_not_with_names": 0,
            "out_of_date_range": 0,
            "asked_terms": log1p(4),  # Medusa, cable, cost, 2022
            "asked_names": 1,
            "asked_years": 1,
            "kind_is_known": 1,
        }
    )
    plain = describe("tell of the sea")
    assert (plain["asked_names"], plain["asked_years"], plain["kind_is_known"]) == (0, 0, 0)
    assert describe("Who founded it?")["kind_is_known"] == 1


@pytest.mark.parametrize("reason", NameReason)
def test_each_reason_of_the_names_has_its_figure(reason: NameReason) -> None:
    described = describe("tell of the sea", reason)
    names = ("name_not_found", "year_not_with_names", "out_of_date_range")
    assert {name for name in names if described[name]} == {reason.value.lower()}
