"""The shapes of the JSON interface."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from massilia.corpus.article import Article, Language, Source
from massilia.index.store import ArticleEntry
from massilia.service.answer import Answer, Bucket, Citation, SkippedReason
from massilia.service.answerer import MAX_QUOTES

OFFSETS = (
    "0-based, end-exclusive, in Unicode code points of the article's stored text (NFC), whose "
    "SHA-256 in UTF-8 is `text_sha256`"
)
MAX_TOP_K = 10


class AnswerRequest(BaseModel):
    """Ask a question."""

    model_config = ConfigDict(extra="forbid")

    question: Annotated[
        StrictStr, Field(description="At most 500 characters.", examples=["Who landed 2Africa?"])
    ]
    language: Annotated[
        Language | None, Field(description="Language of the answer; detected where not given.")
    ] = None
    top_k: Annotated[
        StrictInt, Field(ge=1, le=MAX_TOP_K, description="The most quotes to return.")
    ] = MAX_QUOTES


class SourceJson(BaseModel):
    """A document that stands behind a quoted sentence."""

    id: str
    title: str
    publisher: str | None
    url: str | None
    date: str | None
    language: str | None
    licence: str | None

    @classmethod
    def of(cls, source: Source) -> "SourceJson":
        """Return the JSON shape of a source."""
        return cls(
            id=source.id,
            title=source.title,
            publisher=source.publisher,
            url=source.url,
            date=source.date,
            language=source.language,
            licence=source.licence,
        )


class CitationJson(BaseModel):
    """Where a quote stands."""

    id: str
    type: Literal["char_location"] = "char_location"
    cited_text: str
    document_id: str
    document_title: str
    origin: Annotated[str, Field(description="File name or URL that the article was read from.")]
    start_char_index: Annotated[int, Field(description=OFFSETS)]
    end_char_index: Annotated[int, Field(description=OFFSETS)]
    offset_unit: Literal["codepoint"] = "codepoint"
    text_sha256: str
    url: str | None
    reader_path: Annotated[str, Field(description="Our own page with the quote marked.")]
    publisher: str | None
    date_published: date | None
    in_language: Language
    sources: list[SourceJson]

    @classmethod
    def of(cls, citation: Citation) -> "CitationJson":
        """Return the JSON shape of a citation."""
        return cls(
            id=citation.id,
            cited_text=citation.cited_text,
            document_id=citation.article_id,
            document_title=citation.title,
            origin=citation.origin,
            start_char_index=citation.start,
            end_char_index=citation.end,
            text_sha256=citation.text_sha256,
            url=citation.url,
            reader_path=(
                f"/articles/{citation.article_id}?start={citation.start}&end={citation.end}#quote"
            ),
            publisher=citation.publisher,
            date_published=citation.date_published,
            in_language=citation.language,
            sources=[SourceJson.of(source) for source in citation.sources],
        )


class QuoteJson(BaseModel):
    """A quote that answers, with its estimated probability of answering."""

    text: str
    score: Annotated[float, Field(ge=0, le=1)]
    citation_ids: list[str]


class ConfidenceJson(BaseModel):
    """The estimated probability that the first quote answers."""

    value: Annotated[float, Field(ge=0, le=1)]
    bucket: Bucket


class IndexJson(BaseModel):
    """The generation of the library that the answer was found with; null when there is none."""

    id: str | None


class AnswerJson(BaseModel):
    """An answer: quotes, best first, or none and the reasons why."""

    id: str
    object: Literal["answer"] = "answer"
    question: str
    language: Language
    abstained: bool
    answer_skipped_reasons: list[SkippedReason]
    confidence: ConfidenceJson
    answers: list[QuoteJson]
    citations: list[CitationJson]
    index: IndexJson
    timings_ms: dict[str, float]

    @classmethod
    def of(cls, answer: Answer) -> "AnswerJson":
        """Return the JSON shape of an answer."""
        timings = answer.timings
        return cls(
            id=answer.id,
            question=answer.question.text,
            language=answer.question.language,
            abstained=answer.abstained,
            answer_skipped_reasons=list(answer.skipped_reasons),
            confidence=ConfidenceJson(
                value=round(answer.confidence.value, 4), bucket=answer.confidence.bucket
            ),
            answers=[
                QuoteJson(
                    text=quote.text,
                    score=round(quote.score, 4),
                    citation_ids=[quote.citation.id],
                )
                for quote in answer.quotes
            ],
            citations=[CitationJson.of(quote.citation) for quote in answer.quotes],
            index=IndexJson(id=answer.generation_id),
            timings_ms={
                "encode": round(timings.encode, 2),
                "retrieve": round(timings.retrieve, 2),
                "quote": round(timings.quote, 2),
                "total": round(timings.total, 2),
            },
        )


class ArticleEntryJson(BaseModel):
    """An article of the library, without its text."""

    id: str
    title: str
    origin: str
    language: Language
    publisher: str | None
    date_published: date | None
    date_modified: date | None
    url: str | None
    translation_of: str | None
    text_sha256: str

    @classmethod
    def of(cls, entry: ArticleEntry) -> "ArticleEntryJson":
        """Return the JSON shape of an article's description."""
        return cls.model_validate(entry, from_attributes=True)


class ArticleListJson(BaseModel):
    """Every article of the library, in the order of the ids."""

    articles: list[ArticleEntryJson]


class MarkJson(BaseModel):
    """A place in the text that a source stands behind: just after the sentence's last character."""

    position: int
    source_id: str


class ArticleJson(ArticleEntryJson):
    """An article of the library, whole."""

    authors: list[str]
    licence: str | None
    text: Annotated[str, Field(description="NFC; citations' offsets count its code points.")]
    sources: list[SourceJson]
    marks: list[MarkJson]

    @classmethod
    def of_article(cls, article: Article) -> "ArticleJson":
        """Return the JSON shape of an article."""
        return cls(
            id=article.id,
            title=article.title,
            origin=article.origin,
            language=article.language,
            publisher=article.publisher,
            date_published=article.date_published,
            date_modified=article.date_modified,
            url=article.url,
            translation_of=article.translation_of,
            text_sha256=article.text_sha256,
            authors=list(article.authors),
            licence=article.licence,
            text=article.text,
            sources=[SourceJson.of(source) for source in article.sources],
            marks=[
                MarkJson(position=mark.position, source_id=mark.source_id) for mark in article.marks
            ],
        )


class HealthJson(BaseModel):
    """Whether questions can be answered."""

    status: Literal["ok"] = "ok"
    version: str
    articles: int
    index: IndexJson
