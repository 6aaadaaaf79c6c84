"""The evidence that a sentence answers a question: named figures, of which the rest is fitted."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from massilia.corpus.article import Article, Language
from massilia.index.analysis import find_terms, split_words
from massilia.index.background import Spread
from massilia.index.lexical_index import LexicalIndex
from massilia.index.retriever import LateScores, ScoredSentence
from massilia.service.answer_kind import AnswerKind
from massilia.service.answer_span import NAME_KINDS, VALUE_KINDS, mark_answer
from massilia.service.asking import Asking
from massilia.service.known_names import NameFindings, NameReason
from massilia.service.names import NameKind
from massilia.service.sentence_reading import SentenceReading, read_sentence
from massilia.service.values import ValueKind

Matrix: TypeAlias = NDArray[np.float32]

FIGURES: Final = (
    "similarity",  # of the sentence's vector and the question's
    "passage_similarity",
    "passage_score",  # what the passage's ranker says
    "exceeds_chance",  # see `Spread`
    "exceeds_reference",
    "late",  # late interaction, with title and heading
    "own",  # late interaction by its own tokens
    "near",  # share of the question's tokens that one of its own comes near
    "terms",  # share of the question's terms in it, by their idf
    "terms_or_title",  # or in its article's title
    "names",  # share of the question's names in it
    "names_or_title",
    "kind",  # it holds what is asked for: a value of that kind, a name, a reason
    "no_kind",  # it doesn't, where that can be told
    "span",  # the words that answer can be marked in it
    "year",  # a year of the question is in it
    "other_year",  # years are in it, none of them asked for
    "length",  # logarithm of its characters
    "other_language",
)
"""The names of the columns of a sentence's evidence."""
QUESTION_FIGURES: Final = (
    "name_not_found",
    "year_not_with_names",
    "out_of_date_range",
    "asked_terms",  # logarithm of the number of the question's terms
    "asked_names",  # whether it has any
    "asked_years",
    "kind_is_known",
)
"""The names of the columns of what is known of a question, whatever is found."""

_REASONS: Final = (
    *("parce", "car ", "because", "afin", "pour ", " to ", "due", "faute", "en raison", "grace"),
    *("since", "puisque", "so that", "cause"),
)
_WANTED_NAMES: Final[Mapping[AnswerKind, frozenset[NameKind]]] = {
    AnswerKind.PERSON: frozenset({NameKind.PERSON}),
    AnswerKind.ORGANISATION: frozenset({NameKind.ORGANISATION, NameKind.OTHER}),
    AnswerKind.WHO: frozenset({NameKind.PERSON, NameKind.ORGANISATION, NameKind.OTHER}),
    AnswerKind.PLACE: frozenset({NameKind.PLACE, NameKind.OTHER}),
    AnswerKind.NAME: frozenset(NameKind),
}
_NO_LATE: Final = LateScores(0.0, 0.0, 0.0)


def gather_evidence(
    asking: Asking,
    sentences: Sequence[ScoredSentence],
    articles: Mapping[str, Article],
    spreads: Mapping[Language, Spread],
    index: LexicalIndex,
) -> Matrix:
    """Return the evidence of each sentence, of shape (sentences, len(FIGURES)).

    `articles` holds the article of each, by id; `index` says how rare the question's terms are.
    """
    weights = {
        language: {term: index.weigh(term, language) for term in terms}
        for language, terms in asking.terms.items()
    }
    # A question's terms are those of the passage's language, and a title's have to match them.
    titles = {
        (article_id, language): _read_title(articles[article_id].title, language)
        for article_id, language in {
            (each.sentence.article_id, each.passage.passage.language) for each in sentences
        }
    }
    rows = []
    for scored in sentences:
        place = scored.sentence
        article = articles[place.article_id]
        language = scored.passage.passage.language
        text = article.text[place.start : place.end]
        reading = read_sentence(text, language)
        title_words, title_terms = titles[place.article_id, language]
        spread, late = spreads[language], scored.late or _NO_LATE
        terms = weights[language]
        total = sum(terms.values()) or 1.0
        kind = _holds_kind(asking, reading)
        dated = bool(asking.years) and bool(reading.years)
        agrees = not asking.years.isdisjoint(reading.years)
        rows.append(
            (
                scored.score,
                scored.passage_score,
                scored.passage.score,
                spread.exceed_chance(scored.score),
                spread.exceed_reference(scored.score),
                late.led,
                late.own,
                late.near,
                _sum_known(terms, reading.terms) / total,
                _sum_known(terms, reading.terms | title_terms) / total,
                _share_names(asking, reading.words),
                _share_names(asking, reading.words | title_words),
                kind is True,
                kind is False,
                kind is True and _is_marked(asking, text, language),
                dated and agrees,
                dated and not agrees,
                math.log1p(len(text)),
                language is not asking.language,
            )
        )
    return np.array(rows, dtype=np.float32).reshape(len(rows), len(FIGURES))


def describe_question(asking: Asking, findings: NameFindings) -> NDArray[np.float32]:
    """Return what is known of a question, of shape (len(QUESTION_FIGURES),)."""
    return np.array(
        [
            NameReason.NAME_NOT_FOUND in findings.reasons,
            NameReason.YEAR_NOT_WITH_NAMES in findings.reasons,
            NameReason.OUT_OF_DATE_RANGE in findings.reasons,
            math.log1p(len(asking.terms[asking.language])),
            bool(asking.names),
            bool(asking.years),
            asking.asked.kind in VALUE_KINDS or asking.asked.kind in NAME_KINDS,
        ],
        dtype=np.float32,
    )


def _holds_kind(asking: Asking, reading: SentenceReading) -> bool | None:
    """Tell whether a sentence holds what is asked for; None where that can't be told."""
    kind = asking.asked.kind
    if kind in VALUE_KINDS:
        values = [value for value in reading.values if value.key not in asking.values]
        if units := asking.asked.units:
            # As they are marked, of whatever kind: a latency is a measure written as a duration.
            return any(value.unit in units for value in values)
        if kind is AnswerKind.AMOUNT:
            return any(value.kind is not ValueKind.DATE for value in values)
        return any(value.kind is VALUE_KINDS[kind] for value in values)
    if kind in NAME_KINDS:
        names = [(name.kind, reading.folded[name.start : name.end]) for name in reading.names]
        return any(
            (
                found in _WANTED_NAMES[kind]
                or (kind is AnswerKind.PERSON and _may_be_person(found, name))
            )
            and name not in asking.folded
            for found, name in names
        )
    if kind is AnswerKind.REASON:
        return True if any(each in reading.folded for each in _REASONS) else None
    return None


def _may_be_person(kind: NameKind, folded: str) -> bool:
    # Not all first names are listed, but a person has two names.
    return kind is NameKind.OTHER and " " in folded


def _is_marked(asking: Asking, text: str, language: Language) -> bool:
    span = mark_answer(asking.text, asking.asked, text, asking.language, language)
    return span is not None


@lru_cache(1_024)
def _read_title(title: str, language: Language) -> tuple[frozenset[str], frozenset[str]]:
    words = split_words(title)
    return frozenset(words), frozenset(term for term in find_terms(words, language) if term)


def _sum_known(weights: Mapping[str, float], terms: frozenset[str]) -> float:
    return sum(weight for term, weight in weights.items() if term in terms)


def _share_names(asking: Asking, words: frozenset[str]) -> float:
    if not asking.names:
        return 0.0
    return sum(words.issuperset(name.words) for name in asking.names) / len(asking.names)
