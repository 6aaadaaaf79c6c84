"""The nouns of an answer: quotes, citations, confidence, reasons for having none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from massilia.corpus.article import Language, Source
from massilia.index.ranker import EncodedQuestion
from massilia.index.readings import Copy
from massilia.ingest.sentences import Span
from massilia.service.question import Question
from massilia.service.question_check import Remark
from massilia.service.question_dates import DateSpan
from massilia.service.turns import Resumed


class Bucket(StrEnum):
    """Put a confidence in words, by the names that Amazon Kendra gives them."""

    VERY_HIGH = "VERY_HIGH"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
    NOT_AVAILABLE = "NOT_AVAILABLE"


class SkippedReason(StrEnum):
    """Say why there is no answer, in the manner of Google's `answer_skipped_reasons`."""

    NOT_A_QUESTION = "NOT_A_QUESTION"
    """The text asks nothing of a library; the answer's `remark` says what it is."""
    ASKS_WHAT_IS_NOT = "ASKS_WHAT_IS_NOT"
    """It asks for all that do not, of which passages near it tell the opposite."""
    NO_MATCHING_ARTICLES = "NO_MATCHING_ARTICLES"
    """No article passes the filter."""
    NAME_NOT_FOUND = "NAME_NOT_FOUND"
    """A name of the question is in no article, nor is one that is spelt much like it."""
    OUT_OF_DATE_RANGE = "OUT_OF_DATE_RANGE"
    """The question is of years before or after all that articles speak of."""
    OUT_OF_DOMAIN = "OUT_OF_DOMAIN"
    """The question has nothing to do with what the library is about."""
    NO_RELEVANT_CONTENT = "NO_RELEVANT_CONTENT"
    """No sentence comes near enough to the question."""
    WEAK_EVIDENCE = "WEAK_EVIDENCE"
    """Some sentences come near, but none answers surely enough."""


@dataclass(frozen=True, slots=True)
class Confidence:
    """Estimate the probability, 0 to 1, that the first quote answers the question."""

    value: float
    bucket: Bucket


@dataclass(frozen=True, slots=True)
class Citation:
    """Say where a quote stands: `article.text[start:end] == cited_text`, in code points.

    `language` is that of the quoted words, `title_language` that of the title, where
    it is known. `text_sha256` is the
    hash of the text that the offsets count in; `sources` are those whose marks stand within the
    quote. `page`, from 1, is that on which the quote begins in a paged document; `also_in` says
    where else the article stands, or nearly so. `deep_link` is `url` with a text fragment: it
    opens the publisher's page at the quote.
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
    page: int | None = None
    also_in: tuple[Copy, ...] = ()
    title_language: Language | None = None
    deep_link: str | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """Pair a quoted text with its probability of answering and its citation.

    `mark` places the words within it that answer, where they are sure; `speaker` the words outside
    it that say who speaks, where the quote is spoken and leaves them out. Both are offsets in the
    article, in code points.
    """

    text: str
    score: float
    citation: Citation
    mark: Span | None = None
    speaker: Span | None = None
    speaker_text: str | None = None

    @property
    def mark_text(self) -> str | None:
        """Cut the words that answer out of the quote."""
        if self.mark is None:
            return None
        start = self.citation.start
        return self.text[self.mark.start - start : self.mark.end - start]


@dataclass(frozen=True, slots=True)
class DatedValue:
    """Hold one value of a series, the days that it is of, and the sentence that gives it.

    `value` and `when` place the value and its date in the article, inside the citation; `speaker`
    is who gives it, where the sentence says so. The value reads as `amount` of `unit`.
    """

    value: Span
    value_text: str
    when: Span
    first: date
    last: date
    speaker: str | None
    citation: Citation
    amount: Decimal | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class DatedSeries:
    """Hold the values of one thing through time, oldest first.

    `disagreements` are the pairs of positions in `values` of those that differ for the same time.
    """

    values: tuple[DatedValue, ...]
    disagreements: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Hint:
    """Hold what would help to get an answer, as the text `hint.NAME` with its values.

    `articles` are the ids and titles of those that it speaks of.
    """

    name: str
    values: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    articles: tuple[tuple[str, str], ...] = ()


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
    left nothing to answer from is a preference. `near` are quotes that come near without
    answering, of an abstention only. `series` are the values of what is asked through time.
    `resumed` says what the question took from those before it; of a text that asks two questions,
    `second` answers the other one. `encoded` holds the question's vectors, where it was
    searched with.
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
    remark: Remark | None = None
    hints: tuple[Hint, ...] = ()
    near: tuple[Quote, ...] = ()
    series: DatedSeries | None = None
    resumed: Resumed | None = None
    related: tuple[str, ...] = ()
    second: "Answer | None" = None
    encoded: EncodedQuestion | None = field(default=None, compare=False, repr=False)

    @property
    def abstained(self) -> bool:
        """Tell whether nothing is quoted."""
        return not self.quotes
