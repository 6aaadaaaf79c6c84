"""What readers thought of answers, as question sets and as relevance judgements."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from massilia.corpus.article import Article, Language
from massilia.index.store import Store
from massilia.service.feedback import JudgedPlace, Judgement, Reason, Thumb


@dataclass(frozen=True, slots=True)
class JudgedQuestion:
    """Hold a question with what was thought of its quotes: thumbs up less thumbs down for each.

    `abstention` is the same of answers that quoted nothing, and rightly so or not.
    """

    id: str
    language: Language
    question: str
    votes: dict[JudgedPlace, int]
    abstention: int


def collect_questions(judgements: Iterable[Judgement]) -> list[JudgedQuestion]:
    """Return the questions that were judged, each once, in the order of their first judgement."""
    votes: dict[tuple[Language, str], Counter[JudgedPlace]] = {}
    abstentions: defaultdict[tuple[Language, str], int] = defaultdict(int)
    for each in judgements:
        question = (each.language, each.question)
        counted = votes.setdefault(question, Counter())
        vote = 1 if each.verdict is Thumb.UP else -1
        if each.place is not None:
            counted[each.place] += vote
        elif each.reason is Reason.RIGHT_TO_ABSTAIN:
            abstentions[question] += vote
        elif each.reason is Reason.LIBRARY_HAS_IT:
            abstentions[question] -= 1
    return [
        JudgedQuestion(
            id=f"feedback-{hashlib.sha256(f'{language}:{text}'.encode()).hexdigest()[:12]}",
            language=language,
            question=text,
            votes=dict(counted),
            abstention=abstentions[language, text],
        )
        for (language, text), counted in votes.items()
    ]


def write_judgement(judgement: Judgement) -> dict[str, object]:
    """Return all that is kept of a judgement, as it is written on a line."""
    place = judgement.place
    return {
        "day": judgement.day.isoformat() if judgement.day else None,
        "answer_id": judgement.answer_id,
        "generation_id": judgement.generation_id,
        "question": judgement.question,
        "language": judgement.language,
        "verdict": judgement.verdict,
        "reason": judgement.reason,
        "comment": judgement.comment,
        "citation": place
        and {
            "document_id": place.article_id,
            "start_char_index": place.start,
            "end_char_index": place.end,
            "text_sha256": place.text_sha256,
        },
    }


def make_question_set(questions: Iterable[JudgedQuestion], store: Store) -> list[dict[str, object]]:
    """Return the lines of a question set: what was judged to be answered, and what rightly wasn't.

    A question is answered by the places with more thumbs up than down, as far as their articles are
    as they were; one without any is left out, unless it was judged right to abstain from. These are
    judgements of what was shown: what the library says elsewhere nobody was asked about.
    """
    lines = []
    for each in questions:
        places = [place for place, votes in each.votes.items() if votes > 0]
        gold = [place for place in places if _cut(store, place) is not None]
        if not gold and (places or each.abstention <= 0):
            continue
        lines.append(
            {
                "id": each.id,
                "language": each.language,
                "question": each.question,
                "answerable": bool(gold),
                "article_ids": list(dict.fromkeys(place.article_id for place in gold)),
                "gold": [
                    {"article_id": place.article_id, "start": place.start, "end": place.end}
                    for place in gold
                ],
                "answers": list(dict.fromkeys(_cut(store, place) for place in gold)),
            }
        )
    return lines


def make_qrels(questions: Iterable[JudgedQuestion]) -> list[str]:
    """Return the lines of TREC's judgements: 1 for an article with a quote that was found good.

    One whose quotes were found bad is 0. White space in an id, which TREC's fields can't hold, is
    written as an underscore.
    """
    lines = []
    for each in questions:
        relevance: dict[str, int] = {}
        for place, votes in each.votes.items():
            if votes:
                good = int(votes > 0)
                relevance[place.article_id] = max(relevance.get(place.article_id, 0), good)
        lines += [
            f"{each.id} 0 {'_'.join(article_id.split())} {good}"
            for article_id, good in relevance.items()
        ]
    return lines


def _cut(store: Store, place: JudgedPlace) -> str | None:
    """Return the text at a place, or None where its article is gone or has changed."""
    article: Article | None = store.article(place.article_id)
    if article is None or article.text_sha256 != place.text_sha256:
        return None
    return article.text[place.start : place.end]


def count_verdicts(judgements: Sequence[Judgement]) -> Counter[Thumb]:
    """Return how many thumbs are up, and how many down."""
    return Counter(each.verdict for each in judgements)
