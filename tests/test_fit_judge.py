"""How the judge is fitted and described, on made cases; and how cases are made of what is found."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from massilia.corpus.article import Article, Language
from massilia.eval import fit_judge as module
from massilia.eval.fit_judge import (
    FOLDS,
    HEADINGS,
    WHOLE,
    Case,
    Judged,
    Rows,
    ask_questions,
    choose_threshold,
    describe_judge,
    describe_judged,
    fit_judge,
    judge_by_folds,
)
from massilia.eval.fitting import JudgedList
from massilia.eval.question_set import ExpectedAnswer, Judgement
from massilia.index.filter import Filter
from massilia.index.library import Library
from massilia.ingest.document import Document
from massilia.service import judge
from massilia.service.answerer import Answerer
from massilia.service.evidence import FIGURES, QUESTION_FIGURES
from massilia.service.judge import (
    CONFIDENCE_FIGURES,
    RANKING_FIGURES,
    FittedJudge,
    Linear,
    SimilarityJudge,
    open_judge,
)
from massilia.service.question import read_question
from tests.conftest import WordTokenEncoder

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH
LATE, KIND = FIGURES.index("late"), FIGURES.index("kind")


def make_case(
    group: str = "topic",
    direction: str = WHOLE,
    *,
    answerable: bool = True,
    right: Sequence[bool] = (True, False, False, False),
    seed: int = 0,
) -> Case:
    """Draw evidence, of which "late" tells which sentences are right, though not always."""
    generator = np.random.default_rng(seed)
    evidence = generator.standard_normal((len(right), len(FIGURES))).astype(np.float32)
    evidence[:, LATE] += 2 * np.array(right)
    described = generator.standard_normal(len(QUESTION_FIGURES)).astype(np.float32)
    return Case(group, direction, answerable, evidence, described, np.array(right))


def draw_cases(topics: int = 15) -> list[Case]:
    """Draw three cases of each topic: one that is answered, one that isn't, one of an article."""
    return [
        make_case(f"topic {topic}", direction, answerable=any(right), right=right, seed=seed)
        for topic in range(topics)
        for seed, (direction, right) in enumerate(
            [
                (WHOLE, (False, True, False, False, True)),
                (WHOLE, (False, False, False, False)),
                ("alone", (True, False, False)),
            ],
            start=3 * topic,
        )
    ]


def make_judged(
    probability: float,
    right: Sequence[bool],
    *,
    answerable: bool = True,
    direction: str = WHOLE,
) -> Judged:
    """Make a case whose sentences are ranked in the order they are in."""
    case = make_case(direction=direction, answerable=answerable, right=right)
    return Judged(case, -np.arange(len(right), dtype=np.float64), probability)


def make_linear(names: Sequence[str], intercept: float) -> Linear:
    """Make a function that is the same whatever the figures."""
    return Linear(np.zeros(len(names)), np.ones(len(names)), np.zeros(len(names)), intercept)


@dataclass
class Fits:
    """Keep what is fitted instead of fitting it: each function gives its number, from 0.

    `rankings` and `confidences` are the topics that each was fitted on, and `rows` those that the
    last confidence was.
    """

    rankings: list[set[int]] = field(default_factory=list)
    confidences: list[set[int]] = field(default_factory=list)
    rows: list[Rows] = field(default_factory=list)

    def fit_ranking(self, lists: Sequence[JudgedList], penalty: float) -> Linear:
        self.rankings.append({int(each.figures[0, KIND]) for each in lists})
        return make_linear(RANKING_FIGURES, len(self.rankings) - 1)

    def fit_confidence(self, rows: Iterable[Rows]) -> Linear:
        self.rows = list(rows)
        self.confidences.append({int(each.figures[0, KIND]) for each in self.rows})
        return make_linear(CONFIDENCE_FIGURES, len(self.confidences) - 1)


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> Fits:
    kept = Fits()
    monkeypatch.setattr(module, "fit_ranking", kept.fit_ranking)
    monkeypatch.setattr(module, "_fit_confidence", kept.fit_confidence)
    return kept


def draw_numbered_cases() -> list[Case]:
    """Draw cases whose evidence says their topic."""
    cases = draw_cases()
    for case in cases:
        case.evidence[:, KIND] = number_topic(case)
    return cases


def number_topic(case: Case) -> int:
    return int(case.group.removeprefix("topic "))


def test_no_topic_is_judged_by_what_was_fitted_on_it(fits: Fits) -> None:
    cases = draw_numbered_cases()
    judged = judge_by_folds(cases)

    assert [each.case for each in judged] == cases
    for each in judged:
        topic = number_topic(each.case)
        number = int(each.scores[0])
        assert topic not in fits.rankings[number]
        assert each.probability == pytest.approx(1 / (1 + np.exp(-number)))
        assert topic not in fits.confidences[number]
    # Nothing else is left out: each topic once.
    for fitted in (fits.rankings, fits.confidences):
        assert len(fitted) == FOLDS
        left_out = [topic for each in fitted for topic in set(range(15)) - each]
        assert sorted(left_out) == list(range(15))


def test_the_judge_is_fitted_on_all_its_confidence_by_rankings_of_other_topics(
    fits: Fits,
) -> None:
    cases = draw_numbered_cases()
    fitted = fit_judge(cases, 0.25)

    assert fits.rankings[int(fitted.ranking.intercept)] == set(range(15))
    assert fits.confidences == [set(range(15))]
    assert len(fits.rows) == len(cases)
    for each in fits.rows:
        number = int(each.figures[0, CONFIDENCE_FIGURES.index("score")])
        assert int(each.figures[0, KIND]) not in fits.rankings[number]


def test_the_confidence_is_in_line_with_the_first_sentences_of_the_whole_library() -> None:
    generator = np.random.default_rng(8)

    def draw_rows(share: float, is_whole: bool) -> Rows:
        right = generator.random(3) < share
        figures = generator.standard_normal((3, len(CONFIDENCE_FIGURES)))
        figures[:, LATE] += right
        return Rows(figures, right, np.array([1.0, 0.25, 0.25]), is_whole)

    whole = [draw_rows(0.6, is_whole=True) for _ in range(200)]
    parts = [draw_rows(0.1, is_whole=False) for _ in range(400)]
    fitted = module._fit_confidence([*whole, *parts])
    logits = fitted.apply(np.concatenate([each.first.figures for each in whole]))
    right = np.concatenate([each.first.right for each in whole])
    # So it is where a logistic regression with an intercept is at its best.
    assert np.mean(1 / (1 + np.exp(-logits))) == pytest.approx(right.mean(), abs=1e-3)


def test_what_is_right_in_a_topic_does_not_change_the_scores_of_its_own_sentences() -> None:
    cases = draw_cases()
    changed = [
        replace(case, right=case.right[::-1]) if case.group == "topic 3" else case for case in cases
    ]
    before, after = judge_by_folds(cases), judge_by_folds(changed)
    same = {
        one.case.group: bool(np.array_equal(one.scores, other.scores))
        for one, other in zip(before, after, strict=True)
    }
    assert same["topic 3"]
    assert not all(same.values())


def test_most_cases_are_judged_right_where_the_evidence_tells() -> None:
    judged = judge_by_folds(draw_cases(40))
    answerable = [each for each in judged if each.case.answerable]
    assert np.mean([each.is_right for each in answerable]) > 0.7
    assert all(0 < each.probability < 1 for each in judged)
    sure = [each.probability for each in judged if each.is_right]
    unsure = [each.probability for each in judged if not each.is_right]
    assert np.mean(sure) > np.mean(unsure) + 0.1


@pytest.fixture
def coefficients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Name the file that the judge is read from, instead of the packaged one."""
    monkeypatch.setattr(judge, "files", lambda package: tmp_path)
    judge._read_coefficients.cache_clear()
    yield tmp_path / judge.COEFFICIENTS
    judge._read_coefficients.cache_clear()


def check_same(read: Linear, written: Linear) -> None:
    assert_allclose(read.means, written.means, atol=5e-6)
    assert_allclose(read.deviations, written.deviations, atol=5e-6)
    assert_allclose(read.weights, written.weights, atol=5e-5)
    assert read.intercept == pytest.approx(written.intercept, abs=5e-5)


def test_a_fitted_judge_is_read_back_as_it_was_written(coefficients: Path) -> None:
    cases = draw_cases()
    fitted = fit_judge(cases, 0.25)
    coefficients.write_text(json.dumps(describe_judge(fitted, "words-1")), encoding="utf-8")

    assert isinstance(open_judge("words-2"), SimilarityJudge)
    read = open_judge("words-1")
    assert isinstance(read, FittedJudge)
    assert read.threshold == 0.25
    check_same(read.ranking, fitted.ranking)
    check_same(read.confidence, fitted.confidence)
    for case in cases:
        one, other = (each.judge(case.evidence, case.described) for each in (read, fitted))
        assert_allclose(one.scores, other.scores, atol=2e-3)
        assert_allclose(one.probabilities, other.probabilities, atol=2e-3)


def test_a_judge_that_was_fitted_on_other_figures_is_refused(coefficients: Path) -> None:
    described = describe_judge(fit_judge(draw_cases(), 0.25), "words-1")
    content = json.dumps(described).replace('"similarity"', '"nearness"', 1)
    coefficients.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="other figures than similarity"):
        open_judge("words-1")


def test_the_command_prints_a_row_for_each_direction_and_writes_the_judge(
    coefficients: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = draw_cases()
    monkeypatch.setattr(module, "ask_questions", lambda paths, folder: (cases, "words-1"))
    monkeypatch.setattr(sys, "argv", ["fit_judge", "dev.jsonl", "--output", str(coefficients)])
    module.main()

    header, *rows = (line.split() for line in capsys.readouterr().out.splitlines())
    assert tuple(header) == HEADINGS
    assert [row[:2] for row in rows] == [["alone", "15"], ["whole", "30"]]
    # Every question that is asked of one article alone is answered by it.
    assert [row[HEADINGS.index("false@80")] == "–" for row in rows] == [True, False]
    threshold = choose_threshold(judge_by_folds(cases))
    written = json.loads(coefficients.read_text(encoding="utf-8"))
    assert written == describe_judge(fit_judge(cases, threshold), "words-1")


def test_the_threshold_lets_four_fifths_of_the_answerable_questions_through() -> None:
    right = (True, False)
    judged = [make_judged(each, right) for each in (0.9, 0.2, 0.4, 0.6, 0.8, 0.5)]
    judged += [make_judged(0.01, right, answerable=False)] * 5
    judged += [make_judged(0.99, right, direction="alone")] * 5
    # Five of six reach it.
    assert choose_threshold(judged) == 0.4


ANSWERABLE = [
    make_judged(0.9, (True, False, False)),
    make_judged(0.8, (True, False, False)),
    make_judged(0.7, (False, False, True)),
    make_judged(0.6, (True, True, False)),
    make_judged(0.2, (False, False, False, True)),
]
UNANSWERABLE = [
    make_judged(0.55, (False, False), answerable=False),
    make_judged(0.1, (False, False), answerable=False),
]


def describe(judged: Sequence[Judged]) -> dict[str, str]:
    return dict(zip(HEADINGS, describe_judged("part", judged), strict=True))


def test_judged_cases_are_described() -> None:
    assert describe([*UNANSWERABLE, *ANSWERABLE]) == {
        "direction": "part",
        "questions": "7",
        "hit@1": "0.600",
        "hit@3": "0.800",
        # Of .9, .8 and .6 against .7, .55, .2 and .1, only .6 loses, once.
        "AUC": f"{11 / 12:.3f}",
        # In order right, right, wrong, right, and three that are wrong.
        "AURC": f"{(0 + 0 + 1 / 3 + 1 / 4 + 2 / 5 + 3 / 6 + 4 / 7) / 7:.3f}",
        # Each is in a bin of its own.
        "ECE": f"{(0.1 + 0.2 + 0.7 + 0.4 + 0.55 + 0.2 + 0.1) / 7:.3f}",
        # All but the one of .2 are above the threshold.
        "false@80": "0.500",
        "wrong@80": "0.250",
    }


def test_where_all_questions_are_answerable_none_is_answered_falsely() -> None:
    described = describe(ANSWERABLE)
    assert described["false@80"] == "–"
    assert described["wrong@80"] == "0.250"
    assert "–" not in set(described.values()) - {described["false@80"]}


def test_where_no_question_is_answerable_little_can_be_said() -> None:
    described = describe(UNANSWERABLE)
    undefined = [name for name, value in described.items() if value == "–"]
    assert undefined == ["hit@1", "hit@3", "AUC", "false@80", "wrong@80"]
    assert described["AURC"] == "1.000"
    assert described["ECE"] == "0.325"


def test_where_all_are_right_none_can_be_told_from_others() -> None:
    assert describe(ANSWERABLE[:2])["AUC"] == "–"


ARTICLES = {
    "mer-fr": FRENCH,
    "port-en": ENGLISH,
    "port-fr": FRENCH,
    "sea-en": ENGLISH,
    "ville-fr": FRENCH,
}


def make_question(
    question_id: str = "q1", gold: Sequence[str] = (), answers: Sequence[str] = ()
) -> ExpectedAnswer:
    qrels = tuple(map(Judgement, gold))
    return ExpectedAnswer(question_id, FRENCH, "Où ?", bool(gold), qrels, tuple(answers))


def list_parts(question: ExpectedAnswer) -> dict[str, Filter]:
    parts = list(module._list_parts(question, ARTICLES))
    assert len(parts) == len(dict(parts))
    return dict(parts)


def test_a_question_is_asked_of_parts_of_the_library() -> None:
    parts = list_parts(make_question(gold=["port-fr", "port-en"]))
    (elsewhere,) = parts.pop("elsewhere").articles
    assert elsewhere in {"mer-fr", "ville-fr"}
    assert parts == {
        "fr-fr": Filter(languages=frozenset([FRENCH])),
        "fr-en": Filter(languages=frozenset([ENGLISH])),
        "alone": Filter(articles=frozenset(["port-fr"])),
        "without": Filter(articles=frozenset(["mer-fr", "sea-en", "ville-fr"])),
    }


def test_a_question_that_no_article_in_its_language_answers_is_asked_of_none_alone() -> None:
    for gold in ([], ["port-en"]):
        assert list(list_parts(make_question(gold=gold))) == ["fr-fr", "fr-en", "elsewhere"]


def test_questions_are_asked_elsewhere_of_articles_that_differ_but_stay_the_same() -> None:
    first, again = (
        [list_parts(make_question(f"q{number}", ["port-fr"]))["elsewhere"] for number in range(20)]
        for _ in range(2)
    )
    assert first == again
    assert {article for each in first for article in each.articles} == {"mer-fr", "ville-fr"}


PORT = "Le port compte douze quais en eau profonde. La digue du large mesure sept kilomètres."
MER = "La rade abrite douze quais. Les marées sont faibles en Méditerranée."
VILLE = "La ville compte seize arrondissements."


@pytest.fixture
def answerer(library: Library, token_encoder: WordTokenEncoder) -> Answerer:
    library.put(list_documents())
    library.build(token_encoder)
    return Answerer(library, token_encoder)


def list_documents() -> list[Document]:
    texts = {"port": PORT, "mer": MER, "ville": VILLE}
    return [Document(Article(name, FRENCH, name, text, name), name) for name, text in texts.items()]


def make_found_case(
    answerer: Answerer, direction: str, articles: Sequence[str], answers: Sequence[str]
) -> tuple[Case, NDArray[np.str_]]:
    within = Filter(articles=frozenset(articles))
    finding = answerer.find(read_question("Combien de quais ?", FRENCH, within))
    expected = make_question(gold=["port"] if answers else [], answers=answers)
    case = module._make_case(finding, expected, direction)
    return case, np.array([each.text for each in finding.candidates])


def test_a_sentence_is_right_if_it_holds_an_accepted_answer(answerer: Answerer) -> None:
    case, texts = make_found_case(answerer, WHOLE, [], ["12 quais", "douze quais"])
    assert sorted(texts[case.right]) == [
        "La rade abrite douze quais.",
        "Le port compte douze quais en eau profonde.",
    ]
    assert len(texts) == len(case.evidence) == 5
    assert case.group == "q1"
    assert case.answerable


@pytest.mark.parametrize(
    ("direction", "articles", "answers", "answerable"),
    [
        ("alone", ["port"], ["douze quais"], True),
        # What is found doesn't hold it, but should have been.
        ("fr-fr", ["ville"], ["douze quais"], True),
        ("without", ["mer", "ville"], ["douze quais"], True),
        ("without", ["mer", "ville"], ["eau profonde"], False),
        ("elsewhere", ["ville"], ["douze quais"], False),
        (WHOLE, [], [], False),
    ],
)
def test_without_its_articles_a_question_is_answerable_if_what_is_left_answers(
    answerer: Answerer,
    direction: str,
    articles: list[str],
    answers: list[str],
    answerable: bool,
) -> None:
    case, _ = make_found_case(answerer, direction, articles, answers)
    assert case.answerable is answerable
    assert case.direction == direction


def test_questions_are_asked_of_the_whole_library_and_of_its_parts(
    tmp_path: Path, token_encoder: WordTokenEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "prepare_encoder", lambda settings: token_encoder)
    monkeypatch.setattr(
        Library, "put_embedded_corpus", lambda library: library.put(list_documents())
    )
    lines = [
        {
            "id": "q1",
            "topic": "port",
            "language": "fr",
            "question": "Combien de quais compte le port ?",
            "answerable": True,
            "article_ids": ["port"],
            "answers": ["douze quais"],
        },
        {
            "id": "q2",
            "language": "fr",
            "question": "Combien de phares compte le port ?",
            "answerable": False,
            "article_ids": [],
            "answers": [],
        },
    ]
    questions = tmp_path / "questions.jsonl"
    questions.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")

    cases, fingerprint = ask_questions([questions], tmp_path / "fit")

    assert fingerprint == token_encoder.fingerprint
    # Of the library's English part there is nothing, and nothing to judge.
    assert [(case.group, case.direction, case.answerable, len(case.right)) for case in cases] == [
        ("port", WHOLE, True, 5),
        ("port", "fr-fr", True, 5),
        ("port", "alone", True, 2),
        ("port", "without", True, 3),
        ("port", "elsewhere", cases[4].right.any(), len(cases[4].right)),
        ("q2", WHOLE, False, 5),
        ("q2", "fr-fr", False, 5),
        ("q2", "elsewhere", False, len(cases[7].right)),
    ]
    assert [case.weight for case in cases[:3]] == [1, 0.5, 0.5]
