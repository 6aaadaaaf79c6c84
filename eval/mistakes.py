"""The worst answers of a run: what to look at first."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from massilia.corpus.article import Language
from massilia.eval.question_set import ExpectedAnswer, GoldSpan
from massilia.eval.run import Outcome, PassagePlace
from massilia.eval.run_file import Run, name_passage

SHOWN = 20


class MistakeKind(StrEnum):
    """Say what is wrong with an outcome."""

    ANSWERED_UNANSWERABLE = "answered_unanswerable"
    WRONG_QUOTE = "wrong_quote"
    REFUSED = "refused"
    NOT_FIRST = "not_first"


@dataclass(frozen=True, slots=True)
class GoldSentence:
    """Hold a sentence that answers; `text` is None where the run doesn't hold it."""

    article_id: str
    language: Language | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Mistake:
    """Hold an outcome that is wrong, and what would have been right.

    `rank` is that of the first article that answers, from 1, among those that the run keeps.
    """

    outcome: Outcome
    kind: MistakeKind
    rank: int | None
    gold: tuple[GoldSentence, ...]


def list_mistakes(run: Run, most: int = SHOWN) -> list[Mistake]:
    """Return the worst outcomes of a run.

    First come the questions that are answered wrongly, the surest first, whether they have no
    answer or the first quote doesn't hold it. Then those that are refused though they have one,
    and those of which only the articles are judged and the first isn't one that answers; the
    deeper the right article lies, the worse.
    """
    found = [
        (kind, outcome) for outcome in run.outcomes if (kind := judge_outcome(outcome)) is not None
    ]
    worst = sorted(found, key=lambda each: _grade(*each))[:most]
    languages = tell_languages(run)
    texts = _PassageTexts(run)
    return [
        Mistake(
            outcome=outcome,
            kind=kind,
            rank=find_rank(outcome),
            gold=_cut_gold(outcome.expected, languages, texts),
        )
        for kind, outcome in worst
    ]


def judge_outcome(outcome: Outcome) -> MistakeKind | None:
    """Tell what is wrong with an outcome, if anything is that its question lets one judge."""
    expected = outcome.expected
    if not expected.answerable:
        return None if outcome.abstained else MistakeKind.ANSWERED_UNANSWERABLE
    if not expected.answers:
        return None if find_rank(outcome) == 1 else MistakeKind.NOT_FIRST
    if outcome.abstained:
        return MistakeKind.REFUSED
    return None if outcome.best_is_right else MistakeKind.WRONG_QUOTE


def find_rank(outcome: Outcome) -> int | None:
    """Return the rank of the first article that answers, or None where none was found."""
    right = set(outcome.expected.article_ids)
    ranks = (rank for rank, each in enumerate(outcome.ranking, start=1) if each.article_id in right)
    return next(ranks, None)


def tell_languages(run: Run) -> dict[str, Language]:
    """Return the languages of the articles by id, as far as a run tells them."""
    languages: dict[str, Language] = {}
    for direction, outcomes in run.directions.items():
        searched = Language(direction.rpartition("-")[2])
        for outcome in outcomes:
            languages |= dict.fromkeys((each.article_id for each in outcome.ranking), searched)
    for outcome in run.outcomes:
        if run.corpus_language is not None:
            ids = [*(each.article_id for each in outcome.ranking), *outcome.expected.article_ids]
            languages |= dict.fromkeys(ids, run.corpus_language)
        languages |= {quote.article_id: quote.language for quote in outcome.quotes}
    return languages


def _grade(kind: MistakeKind, outcome: Outcome) -> tuple[int, float, str]:
    """Return what outcomes are sorted by, the worst first; the id decides between equals."""
    if kind in (MistakeKind.ANSWERED_UNANSWERABLE, MistakeKind.WRONG_QUOTE):
        return 0, -outcome.confidence, outcome.expected.id
    rank = find_rank(outcome)
    depth = float("inf") if rank is None else rank
    return 1, -depth, outcome.expected.id


def _cut_gold(
    expected: ExpectedAnswer, languages: Mapping[str, Language], texts: "_PassageTexts"
) -> tuple[GoldSentence, ...]:
    """Return the gold sentences in the question's language, or all of them if there are none.

    Where a question has no gold sentences, they are its articles without a text.
    """
    if expected.gold:
        gold = [
            GoldSentence(span.article_id, languages.get(span.article_id), texts.cut(span))
            for span in expected.gold
        ]
    else:
        gold = [GoldSentence(each, languages.get(each), None) for each in expected.article_ids]
    own = [each for each in gold if each.language is expected.language]
    return tuple(own or gold)


class _PassageTexts:
    """Find the texts of spans in the passages that a run holds."""

    def __init__(self, run: Run) -> None:
        self._texts = run.passages
        self._places: dict[str, set[PassagePlace]] = defaultdict(set)
        for outcomes in (run.outcomes, *run.directions.values()):
            for outcome in outcomes:
                for place in outcome.passages:
                    self._places[place.article_id].add(place)

    def cut(self, span: GoldSpan) -> str | None:
        """Return the text of a span that lies within one passage."""
        for place in self._places.get(span.article_id, ()):
            text = self._texts.get(name_passage(place))
            if text is not None and place.start <= span.start and span.end <= place.end:
                return text[span.start - place.start : span.end - place.start]
        return None
