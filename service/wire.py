"""The shapes of an answer and of its verification in the JSON interface."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from massilia.corpus.article import Language, Source
from massilia.index.readings import Copy
from massilia.ingest.sentences import Span
from massilia.service.answer import (
    Answer,
    Bucket,
    Citation,
    DatedSeries,
    DatedValue,
    Hint,
    Quote,
    SkippedReason,
)
from massilia.service.answer_text import (
    describe_hint,
    place_dates,
    read_searched,
    write_value,
)
from massilia.service.citation_ids import number_citations
from massilia.service.messages import Messages, load_messages
from massilia.service.offsets import OFFSETS
from massilia.service.question_check import Remark
from massilia.service.question_dates import DateSpan, DateUse
from massilia.service.turns import Carried, CarriedKind
from massilia.service.verification import Place, Reason, Verdict, Verification, VerifiedQuote
from massilia.service.wire_request import FiltersJson

QUESTION_OFFSETS = "0-based, end-exclusive, in Unicode code points of `question` as returned"


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


class CopyJson(BaseModel):
    """Where else the text of an article stands, or nearly so."""

    document_id: Annotated[
        str | None, Field(description="None for an exact copy, which is no article of its own.")
    ]
    title: str
    origin: str
    publisher: str | None
    url: str | None
    date_published: date | None

    @classmethod
    def of(cls, copy: Copy) -> "CopyJson":
        """Return the JSON shape of a copy."""
        return cls(
            document_id=copy.article_id,
            title=copy.title,
            origin=copy.origin,
            publisher=copy.publisher,
            url=copy.url,
            date_published=copy.date_published,
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
    page_number: Annotated[
        int | None, Field(description="Page, from 1, of a paged document on which it begins.")
    ]
    text_sha256: str
    url: str | None
    deep_link: Annotated[
        str | None,
        Field(description="`url` with a text fragment, at which a browser scrolls to the quote."),
    ]
    reader_path: Annotated[str, Field(description="Our own page with the quote marked.")]
    publisher: str | None
    date_published: date | None
    in_language: Language
    sources: list[SourceJson]
    also_in: Annotated[list[CopyJson], Field(description="Not counted as sources of their own.")]

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
            page_number=citation.page,
            text_sha256=citation.text_sha256,
            url=citation.url,
            deep_link=citation.deep_link,
            reader_path=make_reader_path(citation.article_id, citation.start, citation.end),
            publisher=citation.publisher,
            date_published=citation.date_published,
            in_language=citation.language,
            sources=[SourceJson.of(source) for source in citation.sources],
            also_in=[CopyJson.of(copy) for copy in citation.also_in],
        )


class PlacedTextJson(BaseModel):
    """Words of an article, and where they stand in it."""

    text: str
    start_char_index: Annotated[int, Field(description=OFFSETS)]
    end_char_index: Annotated[int, Field(description=OFFSETS)]

    @classmethod
    def of(cls, text: str | None, span: Span | None) -> "PlacedTextJson | None":
        """Return the JSON shape of words and their place, if there are any."""
        if text is None or span is None:
            return None
        return cls(text=text, start_char_index=span.start, end_char_index=span.end)


class QuoteJson(BaseModel):
    """A quote that answers, with its estimated probability of answering."""

    text: str
    score: Annotated[float, Field(ge=0, le=1)]
    citation_ids: list[str]
    mark: Annotated[
        PlacedTextJson | None,
        Field(description="The words of the quote that answer, where they are sure."),
    ]
    speaker: Annotated[
        PlacedTextJson | None,
        Field(description="Words outside the quote that say who speaks, where it leaves them out."),
    ]

    @classmethod
    def of(cls, quote: Quote) -> "QuoteJson":
        """Return the JSON shape of a quote."""
        return cls(
            text=quote.text,
            score=round(quote.score, 4),
            citation_ids=[quote.citation.id],
            mark=PlacedTextJson.of(quote.mark_text, quote.mark),
            speaker=PlacedTextJson.of(quote.speaker_text, quote.speaker),
        )


class DatedValueJson(BaseModel):
    """A value, the days that it is of, and the sentence that gives it."""

    value: str
    value_start_char_index: Annotated[int, Field(description=OFFSETS)]
    value_end_char_index: Annotated[int, Field(description=OFFSETS)]
    start: Annotated[date, Field(description="First day.")]
    end: Annotated[date, Field(description="Last day, included.")]
    date_start_char_index: Annotated[int, Field(description=OFFSETS)]
    date_end_char_index: Annotated[int, Field(description=OFFSETS)]
    speaker: Annotated[str | None, Field(description="Who gives it, where the sentence says so.")]
    citation: CitationJson

    @classmethod
    def of(cls, dated: DatedValue) -> "DatedValueJson":
        """Return the JSON shape of a dated value."""
        return cls(
            value=dated.value_text,
            value_start_char_index=dated.value.start,
            value_end_char_index=dated.value.end,
            start=dated.first,
            end=dated.last,
            date_start_char_index=dated.when.start,
            date_end_char_index=dated.when.end,
            speaker=dated.speaker,
            citation=CitationJson.of(dated.citation),
        )


class SeriesJson(BaseModel):
    """The values of one thing through time, oldest first."""

    values: list[DatedValueJson]
    disagreements: Annotated[
        list[tuple[int, int]],
        Field(description="Pairs of positions in `values` that differ for the same time."),
    ]

    @classmethod
    def of(cls, series: DatedSeries) -> "SeriesJson":
        """Return the JSON shape of a series."""
        return cls(
            values=[DatedValueJson.of(each) for each in series.values],
            disagreements=list(series.disagreements),
        )


class HintArticleJson(BaseModel):
    """An article that a hint speaks of."""

    id: str
    title: str


class HintJson(BaseModel):
    """What would help to get an answer."""

    code: str
    text: Annotated[str, Field(description="In the language of the answer.")]
    values: Annotated[
        dict[str, str | int], Field(description="What the text says, for a text of your own.")
    ]
    articles: list[HintArticleJson]

    @classmethod
    def of(cls, hint: Hint, messages: Messages) -> "HintJson":
        """Return the JSON shape of a hint, in the language of `messages`."""
        return cls(
            code=hint.name,
            text=describe_hint(hint, messages),
            values={
                name: value if isinstance(value, int) else write_value(value)
                for name, value in hint.values.items()
            },
            articles=[HintArticleJson(id=each, title=title) for each, title in hint.articles],
        )


class CarriedJson(BaseModel):
    """What the question takes from those before it."""

    kind: CarriedKind
    text: str
    start_char_index: Annotated[int, Field(description=QUESTION_OFFSETS)]
    end_char_index: Annotated[int, Field(description=QUESTION_OFFSETS)]
    instead: Annotated[str, Field(description="What stood there in `asked`; empty if nothing.")]

    @classmethod
    def of(cls, carried: Carried) -> "CarriedJson":
        """Return the JSON shape of what is carried."""
        return cls(
            kind=carried.kind,
            text=carried.text,
            start_char_index=carried.start,
            end_char_index=carried.end,
            instead=carried.instead,
        )


class ConfidenceJson(BaseModel):
    """The estimated probability that the first quote answers."""

    value: Annotated[float, Field(ge=0, le=1)]
    bucket: Bucket


class IndexJson(BaseModel):
    """The generation of the library that the answer was found with; null when there is none."""

    id: str | None


class QuestionDateJson(BaseModel):
    """A date that the question names, and the use that was made of it."""

    text: str
    start_char_index: Annotated[int, Field(description=QUESTION_OFFSETS)]
    end_char_index: Annotated[int, Field(description=QUESTION_OFFSETS)]
    start: Annotated[date | None, Field(description="First day; null where that side is open.")]
    end: Annotated[
        date | None, Field(description="Last day, included; null where that side is open.")
    ]
    use: Annotated[
        DateUse,
        Field(
            description=(
                "preference: passages that mention a day of it, or were published within it, come "
                "first; filter: only articles published within it are searched; newest: what is "
                "dated latest comes first. A filter that would leave nothing is a preference."
            )
        ),
    ]

    @classmethod
    def of(cls, span: DateSpan) -> "QuestionDateJson":
        """Return the JSON shape of a date of a question."""
        return cls(
            text=span.text,
            start_char_index=span.text_start,
            end_char_index=span.text_end,
            start=span.start,
            end=span.end,
            use=span.use,
        )


class AnswerJson(BaseModel):
    """An answer: quotes, best first, or none and the reasons why."""

    id: str
    object: Literal["answer"] = "answer"
    question: Annotated[
        str,
        Field(
            description=(
                "As it was searched with: made to stand alone; whole where it asks two questions."
            )
        ),
    ]
    asked: Annotated[str, Field(description="As it was asked, white space aside.")]
    carried: Annotated[
        list[CarriedJson],
        Field(description="What `question` takes from `history`: what tells it from `asked`."),
    ]
    new_topic: Annotated[
        bool, Field(description="Whether the question stands alone, taking nothing from `history`.")
    ]
    language: Annotated[Language, Field(description="Language of the answer.")]
    other_language: Annotated[
        str | None,
        Field(
            description=(
                "ISO 639-1 code of the question's language, where that is certainly neither French "
                "nor English; else null."
            )
        ),
    ]
    filters: Annotated[FiltersJson, Field(description="As they were applied.")]
    question_dates: list[QuestionDateJson]
    abstained: bool
    answer_skipped_reasons: list[SkippedReason]
    remark: Annotated[
        Remark | None, Field(description="What the text is, where it asks nothing of a library.")
    ]
    hints: Annotated[list[HintJson], Field(description="What would help to get an answer.")]
    confidence: ConfidenceJson
    answers: list[QuoteJson]
    citations: Annotated[
        list[CitationJson],
        Field(
            description=(
                "Those of `answers`. No two citations of an answer have the same id, those of "
                "`near`, `series` and `second` included."
            )
        ),
    ]
    near: Annotated[
        list[CitationJson],
        Field(description="Passages that come near without answering; of an abstention only."),
    ]
    series: Annotated[
        SeriesJson | None, Field(description="The values of what is asked through time.")
    ]
    related_questions: Annotated[
        list[str], Field(description="Questions near this one that the library answers.")
    ]
    second: Annotated[
        "AnswerJson | None",
        Field(description="The answer to the other question, where the text asks two."),
    ]
    index: IndexJson
    timings_ms: dict[str, float]

    @classmethod
    def of(cls, answer: Answer) -> "AnswerJson":
        """Return the JSON shape of an answer."""
        return cls._of_numbered(number_citations(answer))

    @classmethod
    def _of_numbered(cls, answer: Answer) -> "AnswerJson":
        timings, resumed = answer.timings, answer.resumed
        messages = load_messages(answer.question.language)
        return cls(
            id=answer.id,
            question=read_searched(answer),
            asked=resumed.asked if resumed else answer.question.text,
            carried=[CarriedJson.of(each) for each in resumed.carried] if resumed else [],
            new_topic=bool(resumed and resumed.new_topic),
            language=answer.question.language,
            other_language=answer.question.other_language,
            filters=FiltersJson.of(answer.question.within),
            question_dates=[QuestionDateJson.of(span) for span in place_dates(answer)],
            abstained=answer.abstained,
            answer_skipped_reasons=list(answer.skipped_reasons),
            remark=answer.remark,
            hints=[HintJson.of(hint, messages) for hint in answer.hints],
            confidence=ConfidenceJson(
                value=round(answer.confidence.value, 4), bucket=answer.confidence.bucket
            ),
            answers=[QuoteJson.of(quote) for quote in answer.quotes],
            citations=[CitationJson.of(quote.citation) for quote in answer.quotes],
            near=[CitationJson.of(quote.citation) for quote in answer.near],
            series=SeriesJson.of(answer.series) if answer.series else None,
            related_questions=list(answer.related),
            second=cls._of_numbered(answer.second) if answer.second else None,
            index=IndexJson(id=answer.generation_id),
            timings_ms={
                "encode": round(timings.encode, 2),
                "retrieve": round(timings.retrieve, 2),
                "quote": round(timings.quote, 2),
                "total": round(timings.total, 2),
            },
        )


class PlaceJson(BaseModel):
    """Where a verified quote, or what is nearest to it, stands now."""

    text: str
    start_char_index: Annotated[int, Field(description=OFFSETS)]
    end_char_index: Annotated[int, Field(description=OFFSETS)]
    text_sha256: str
    reader_path: Annotated[str, Field(description="Our own page with the place marked.")]

    @classmethod
    def of(cls, place: Place, article_id: str) -> "PlaceJson":
        """Return the JSON shape of a place in the article named."""
        return cls(
            text=place.text,
            start_char_index=place.start,
            end_char_index=place.end,
            text_sha256=place.text_sha256,
            reader_path=make_reader_path(article_id, place.start, place.end),
        )


class VerifiedQuoteJson(BaseModel):
    """What has become of a quote."""

    citation_id: str
    verdict: Annotated[
        Verdict,
        Field(
            description=(
                "intact: the same text at the same place; moved: the same text elsewhere in the "
                "article; changed: `now` is what is nearest; gone: nothing like it in the article, "
                "or no article; forged: the receipt contradicts itself, or the library on a text "
                "that hasn't changed."
            )
        ),
    ]
    reason: Annotated[Reason | None, Field(description="More of the verdict, where there is more.")]
    cited_text: str
    document_id: str
    document_title: str
    url: str | None
    now: Annotated[PlaceJson | None, Field(description="Null for what is gone or forged.")]
    elsewhere: Annotated[
        list[str], Field(description="Other articles that hold the text of a quote that is gone.")
    ]

    @classmethod
    def of(cls, verified: VerifiedQuote) -> "VerifiedQuoteJson":
        """Return the JSON shape of a verified quote."""
        quote, now = verified.quote, verified.now
        return cls(
            citation_id=quote.id,
            verdict=verified.verdict,
            reason=verified.reason,
            cited_text=quote.text,
            document_id=quote.article_id,
            document_title=quote.title,
            url=quote.url,
            now=PlaceJson.of(now, quote.article_id) if now else None,
            elsewhere=list(verified.elsewhere),
        )


class VerificationJson(BaseModel):
    """What has become of the quotes of an answer; none, where it abstained."""

    id: Annotated[str, Field(description="That of the answer.")]
    object: Literal["verification"] = "verification"
    question: str
    intact: Annotated[bool, Field(description="Whether every quote is.")]
    quotes: list[VerifiedQuoteJson]

    @classmethod
    def of(cls, verification: Verification) -> "VerificationJson":
        """Return the JSON shape of a verification."""
        return cls(
            id=verification.receipt.id,
            question=verification.receipt.question,
            intact=verification.intact,
            quotes=[VerifiedQuoteJson.of(each) for each in verification.quotes],
        )


def make_reader_path(article_id: str, start: int, end: int) -> str:
    """Return the path of our own page with a place in an article marked."""
    return f"/articles/{article_id}?start={start}&end={end}#quote"
