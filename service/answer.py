"""The nouns of an answer: quotes, citations, confidence, reasons for having none."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from massilia.corpus.article import Language, Source
from massilia.service.question import Question
from massilia.service.question_dates import DateSpan


class Bucket(StrEnum):
    """Put a confidence in words, by the names that Amazon Kendra gives them."""

    VERY_HIGH = "VERY_HIGH"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
    NOT_AVAILABLE = "NOT_AVAILABLE"


class SkippedReason(StrEnum):
    """Say why there is no answer, by the names of Google's `answer_skipped_reasons`."""

    NO_RELEVANT_CONTENT = "NO_RELEVANT_CONTENT"
    LOW_GROUNDED_ANSWER = "LOW_GROUNDED_ANSWER"
    NO_MATCHING_ARTICLES = "NO_MATCHING_ARTICLES"


@dataclass(frozen=True, slots=True)
class Confidence:
    """Estimate the probability, 0 to 1, that the first quote answers the question."""

    value: float
    bucket: Bucket


@dataclass(frozen=True, slots=True)
class Citation:
    """Say where a quote stands: `article.text[start:end] == cited_text`, in code points.

    `text_sha256` is the hash of the text that the offsets count in; `sources` are those whose
    marks stand within the quote.
    """

    id: str
    article_id: str
    title: str
    origin: str
    language: Language
    cited_text: str
    start: int
    end: int
    text_sha256: str
    url: str | None
    publisher: str | None
    date_published: date | None
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """Pair a quoted text with its probability of answering and its citation."""

    text: str
    score: float
    citation: Citation


@dataclass(frozen=True, slots=True)
class Timings:
    """Say how long each step of an answer took, in milliseconds."""

    encode: float
    retrieve: float
    quote: float
    total: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold the quotes that answer a question, best first, or the reasons why there are none.

    `ranked_article_ids` names the articles of the passages that were found, best first, whether or
    not they are quoted. `dates` are those of the question, as they were used: one that would have
    left nothing to answer from is a preference.
    """

    id: str
    question: Question
    quotes: tuple[Quote, ...]
    confidence: Confidence
    skipped_reasons: tuple[SkippedReason, ...]
    ranked_article_ids: tuple[str, ...]
    generation_id: str | None
    timings: Timings
    dates: tuple[DateSpan, ...] = ()

    @property
    def abstained(self) -> bool:
        """Tell whether nothing is quoted."""
        return not self.quotes
