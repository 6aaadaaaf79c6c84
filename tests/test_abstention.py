"""Why nothing is quoted, and what would help: by hand, and with the real model."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from massilia.corpus.article import Article, Language
from massilia.index.encoder import Encoder
from massilia.index.filter import EVERYTHING, Filter
from massilia.index.library import Library
from massilia.index.retriever import ScoredPassage, ScoredSentence
from massilia.index.store import StoredPassage, StoredSentence
from massilia.ingest.document import Document
from massilia.service import answerer as answerer_module
from massilia.service.abstention import MIN_REFERENCE, WEAK_SHARE, explain_abstention
from massilia.service.answer import Answer, Hint, SkippedReason, Timings
from massilia.service.answerer import Answerer
from massilia.service.asking import read_asking
from massilia.service.evidence import FIGURES, QUESTION_FIGURES, Matrix
from massilia.service.finding import Candidate, Finding, Findings
from massilia.service.judge import Judgement
from massilia.service.known_names import MOST_ARTICLES, KnownName, NameFindings, NameReason
from massilia.service.messages import load_messages
from massilia.service.question import Question, read_question

ENGLISH, FRENCH = Language.ENGLISH, Language.FRENCH
THRESHOLD = 0.25
MISSING, OUTSIDE, APART = (
    NameReason.NAME_NOT_FOUND,
    NameReason.OUT_OF_DATE_RANGE,
    NameReason.YEAR_NOT_WITH_NAMES,
)
TRAXENS = (("traxens", "Traxens and the port"),)
SENTENCE = StoredSentence(1, "a", 0, 9)
PASSAGE = ScoredPassage(StoredPassage(1, "a", 0, 9, 0, 1, ENGLISH), 0.5)
CANDIDATE = Candidate(
    Article("a", ENGLISH, "A", "It waits.", "a.md"),
    ScoredSentence(SENTENCE, PASSAGE, 0.5, 0.5, None, (SENTENCE,)),
    1.0,
    0.0,
)


def known(text: str, passages: int = 0, *nearest: str) -> KnownName:
    return KnownName(text, 0, len(text), passages, nearest)


def explain(
    probabilities: Sequence[float] = (0.01,),
    names: Sequence[KnownName] = (),
    reasons: Sequence[NameReason] = (),
    *,
    works: int | None = None,
    years: tuple[int, ...] = (),
    reference: float = 9.0,
    within: Filter = EVERYTHING,
    searched: bool = True,
) -> tuple[tuple[SkippedReason, ...], tuple[Hint, ...]]:
    evidence = np.zeros((len(probabilities), len(FIGURES)), dtype=np.float32)
    # The best decides, wherever it stands.
    evidence[-1:, FIGURES.index("exceeds_reference")] = reference
    findings = Findings(
        candidates=tuple(
            Candidate(CANDIDATE.article, CANDIDATE.scored, 1.0, each) for each in probabilities
        ),
        evidence=evidence,
        described=np.zeros(len(QUESTION_FIGURES), dtype=np.float32),
        names=NameFindings(tuple(names), years, tuple(reasons), works, (), (1905, 2032)),
        known_articles=TRAXENS,
    )
    return explain_abstention(
        Finding(
            question=Question("Anything?", ENGLISH, within),
            asking=read_asking("Anything?", ENGLISH),
            dates=(),
            encoded=None,
            generation_id=None,
            passages=(PASSAGE,) if searched else (),
            findings=findings if searched else None,
            threshold=THRESHOLD,
            timings=Timings(0, 0, 0, 0),
        )
    )


@pytest.mark.parametrize(
    ("probabilities", "reason"),
    [
        ((WEAK_SHARE * THRESHOLD,), SkippedReason.WEAK_EVIDENCE),
        ((WEAK_SHARE * THRESHOLD - 1e-6,), SkippedReason.NO_RELEVANT_CONTENT),
        ((0.0, 0.9), SkippedReason.WEAK_EVIDENCE),
        ((), SkippedReason.NO_RELEVANT_CONTENT),
    ],
)
def test_evidence_is_weak_or_there_is_none(
    probabilities: Sequence[float], reason: SkippedReason
) -> None:
    assert explain(probabilities) == ((reason,), ())


def test_an_empty_library_and_one_that_a_filter_leaves_empty() -> None:
    within = Filter(articles=frozenset({"gone"}))
    assert explain(searched=False) == ((SkippedReason.NO_RELEVANT_CONTENT,), ())
    assert explain(searched=False, within=within) == ((SkippedReason.NO_MATCHING_ARTICLES,), ())
    # A filter that leaves something is no reason.
    assert explain(within=within)[0] == (SkippedReason.NO_RELEVANT_CONTENT,)


@pytest.mark.parametrize(
    ("reference", "names", "out"),
    [
        (MIN_REFERENCE - 0.1, (), True),
        (MIN_REFERENCE, (), False),
        # A name that the library knows is of its subject.
        (MIN_REFERENCE - 0.1, (known("Marseille", 3),), False),
        (MIN_REFERENCE - 0.1, (known("Ulaanbaatar"),), True),
    ],
)
def test_what_is_near_nothing_is_out_of_the_domain(
    reference: float, names: Sequence[KnownName], out: bool
) -> None:
    reasons, _ = explain((0.0, 0.2), names, reference=reference)
    assert reasons == ((SkippedReason.OUT_OF_DOMAIN if out else SkippedReason.WEAK_EVIDENCE),)


def test_a_missing_name_is_named() -> None:
    reasons, hints = explain((0.2,), [known("Zorglubox")], [MISSING])
    assert reasons == (SkippedReason.NAME_NOT_FOUND,)
    assert hints == (Hint("name_not_found", {"name": "Zorglubox"}),)


def test_a_name_that_stands_twice_is_named_once() -> None:
    _, hints = explain((0.2,), [known("Zorglubox"), known("Zorglubox")], [MISSING])
    assert hints == (Hint("name_not_found", {"name": "Zorglubox"}),)


def test_the_nearest_name_is_offered() -> None:
    reasons, hints = explain((0.2,), [known("Traxenz", 0, "traxens", "trax")])
    assert reasons == (SkippedReason.WEAK_EVIDENCE,)
    assert hints == (Hint("nearest", {"name": "traxens", "asked": "Traxenz"}),)


def test_beside_a_name_that_is_missing_the_known_ones_are_not_told() -> None:
    names = [known("Traxens", 4), known("Zorglubox"), known("Traxenz", 0, "traxens")]
    _, hints = explain((0.2,), names, [MISSING], works=1)
    assert [hint.name for hint in hints] == ["name_not_found", "nearest"]


def test_years_that_nothing_is_told_of() -> None:
    reasons, hints = explain((0.2,), reasons=[OUTSIDE])
    assert reasons == (SkippedReason.OUT_OF_DATE_RANGE,)
    assert hints == (Hint("out_of_date_range", {"first": "1905", "last": "2032"}),)


def test_several_reasons_are_told_the_names_first() -> None:
    reasons, _ = explain((0.2,), [known("Zorglubox")], [MISSING, OUTSIDE], reference=0.0)
    assert reasons == (
        SkippedReason.NAME_NOT_FOUND,
        SkippedReason.OUT_OF_DATE_RANGE,
        SkippedReason.OUT_OF_DOMAIN,
    )


def test_the_articles_with_all_the_names_are_told() -> None:
    names = [known("Traxens", 4), known("Marseille", 90), known("Traxens", 4)]
    _, hints = explain((0.2,), names, works=2)
    assert hints == (Hint("known_names", {"count": 2, "names": "Traxens, Marseille"}, TRAXENS),)
    # None has them all; or they are everywhere.
    assert explain((0.2,), names, works=0)[1] == explain((0.2,), names)[1] == ()


def test_a_year_that_is_not_with_the_names_is_told() -> None:
    reasons, hints = explain((0.2,), [known("Traxens", 4)], [APART], works=1, years=(2019, 2020))
    assert reasons == (SkippedReason.WEAK_EVIDENCE,)
    values = {"count": 1, "names": "Traxens", "years": "2019, 2020"}
    assert hints == (Hint("year_not_with_names", values, TRAXENS),)


@pytest.mark.parametrize("language", Language)
def test_every_hint_is_worded(language: Language) -> None:
    messages = load_messages(language)
    for hint in (
        *explain(names=[known("Zorglubox"), known("Traxenz", 0, "traxens")], reasons=[MISSING])[1],
        *explain(reasons=[OUTSIDE])[1],
    ):
        assert str(next(iter(hint.values.values()))) in messages.text(
            f"hint.{hint.name}", **hint.values
        )


def test_with_the_toy_encoder_an_answerer_tells_the_nearest_name(
    library: Library, toy_encoder: Encoder
) -> None:
    text = "Traxens was founded in 2012. It equips containers."
    library.put([Document(Article("traxens", ENGLISH, "Traxens", text, "t.md"), "t.md")])
    library.build(toy_encoder)
    answer = Answerer(library, toy_encoder).answer(read_question("Why does Traxenz whistle?"))
    assert answer.abstained
    assert Hint("nearest", {"name": "traxens", "asked": "Traxenz"}) in answer.hints


class SecondSurest:
    """Be surest of the sentence that ranks last."""

    threshold = 0.5

    def judge(self, evidence: Matrix, question: NDArray[np.float32]) -> Judgement:
        places = np.arange(len(evidence), dtype=np.float64)
        return Judgement(-places, np.where(places > 0, 0.9, 0.1))


def test_the_articles_are_told_where_the_first_sentence_is_unsure_whatever_the_others(
    library: Library, toy_encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answerer_module, "open_judge", lambda fingerprint: SecondSurest())
    text = "Traxens was founded in 2012. It equips containers."
    library.put([Document(Article("traxens", ENGLISH, "Traxens", text, "t.md"), "t.md")])
    library.build(toy_encoder)
    answer = Answerer(library, toy_encoder).answer(read_question("Why does Traxens whistle?"))
    assert answer.skipped_reasons == (SkippedReason.WEAK_EVIDENCE,)
    assert answer.hints == (
        Hint("known_names", {"count": 1, "names": "Traxens"}, (("traxens", "Traxens"),)),
    )


# What users see


def ask(answerer: Answerer, text: str, within: Filter = EVERYTHING) -> Answer:
    answer = answerer.answer(read_question(text, within=within))
    assert answer.abstained
    for quote in answer.near:
        article = answerer.store.article(quote.citation.article_id)
        assert article is not None
        assert quote.text == article.text[quote.citation.start : quote.citation.end]
    return answer


@pytest.mark.parametrize(
    ("question", "reason", "hint"),
    [
        (
            "Qui a fondé Zorglubox ?",
            SkippedReason.NAME_NOT_FOUND,
            Hint("name_not_found", {"name": "Zorglubox"}),
        ),
        (
            "How many people work for Digital Realty in Lisbon?",
            SkippedReason.NAME_NOT_FOUND,
            Hint("name_not_found", {"name": "Lisbon"}),
        ),
        (
            "How much did Traxenz pay for Zorglubox?",
            SkippedReason.NAME_NOT_FOUND,
            Hint("nearest", {"name": "traxens", "asked": "Traxenz"}),
        ),
        (
            "Quel sera le chiffre d'affaires de Medusa en 2095 ?",
            SkippedReason.OUT_OF_DATE_RANGE,
            None,
        ),
        ("How long should an egg boil?", SkippedReason.OUT_OF_DOMAIN, None),
        ("Quelle est la recette de la ratatouille ?", SkippedReason.OUT_OF_DOMAIN, None),
    ],
)
def test_the_reason_that_users_are_told(
    answerer: Answerer, question: str, reason: SkippedReason, hint: Hint | None
) -> None:
    answer = ask(answerer, question)
    assert answer.skipped_reasons == (reason,)
    assert hint is None or hint in answer.hints
    assert answer.near


def test_users_are_told_the_years_that_there_are(answerer: Answerer) -> None:
    (hint,) = (
        each
        for each in ask(answerer, "Que fera Medusa en 2095 ?").hints
        if each.name == "out_of_date_range"
    )
    first, last = int(str(hint.values["first"])), int(str(hint.values["last"]))
    assert 1800 < first < 2000 < last < 2095


def test_a_filter_that_nothing_passes_is_told(answerer: Answerer) -> None:
    answer = ask(answerer, "Qui a fondé Traxens ?", Filter(publishers=frozenset({"Nobody"})))
    assert answer.skipped_reasons == (SkippedReason.NO_MATCHING_ARTICLES,)
    assert (answer.hints, answer.near, answer.ranked_article_ids) == ((), (), ())


@pytest.mark.parametrize(
    "question",
    [
        "Who is the president of France?",
        "when was 2Africa announced?",
    ],
)
def test_a_known_name_without_an_answer_leads_to_its_articles(
    answerer: Answerer, question: str
) -> None:
    asked = read_question(question)
    answer = ask(answerer, question)
    finding = answerer.find(asked)
    best = max(each.probability for each in finding.candidates)
    weak = best >= WEAK_SHARE * finding.threshold
    assert answer.skipped_reasons == (
        SkippedReason.WEAK_EVIDENCE if weak else SkippedReason.NO_RELEVANT_CONTENT,
    )
    (hint,) = answer.hints
    assert hint.name == "known_names"
    assert hint.articles
    assert len(hint.articles) == min(int(str(hint.values["count"])), MOST_ARTICLES)
    languages = []
    for article_id, title in hint.articles:
        article = answerer.store.article(article_id)
        assert article is not None
        assert article.title == title
        languages.append(article.language)
    # Those in the language of the question first; few are in the other alone.
    assert languages[0] is asked.language
    assert languages == sorted(languages, key=lambda each: each is not asked.language)
