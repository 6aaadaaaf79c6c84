"""The shapes of the MCP server's tools: what they are given, and what they return."""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictStr

from massilia.corpus.article import Article, Language, Source
from massilia.service.answer import Answer, Bucket, Citation, Quote, SkippedReason
from massilia.service.answer_text import describe_hint
from massilia.service.dialogue import MAX_EARLIER
from massilia.service.links import Links
from massilia.service.messages import load_messages
from massilia.service.offsets import OFFSETS
from massilia.service.wire_request import FiltersJson
from massilia.service.written_answer import Marker, place_citation


def _read_json(value: object) -> object:
    """Read a list or an object that comes as a string of JSON, as some clients send them."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


class AskInput(BaseModel):
    """Ask a question."""

    model_config = ConfigDict(extra="forbid")

    question: Annotated[
        StrictStr,
        Field(
            description="One question in French or English, of 500 characters at most, in full.",
            examples=["Who owns Atlas Offshore?"],
        ),
    ]
    language: Annotated[
        Language | None,
        Field(description="Language of the words around the quotes; that of the question if null."),
    ] = None
    history: Annotated[
        list[StrictStr],
        BeforeValidator(_read_json),
        Field(
            max_length=MAX_EARLIER,
            description=(
                "Earlier questions of the conversation, oldest first, for a question that leans on "
                'them ("And in 2016?").'
            ),
        ),
    ] = []
    filters: Annotated[
        FiltersJson,
        BeforeValidator(_read_json),
        Field(description="Which articles are searched; all where not given."),
    ] = FiltersJson()


class SearchInput(BaseModel):
    """Search the library."""

    model_config = ConfigDict(extra="forbid")

    query: Annotated[
        StrictStr,
        Field(description="A question or key words, of 500 characters at most."),
    ]


class FetchInput(BaseModel):
    """Fetch an article."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[
        StrictStr, Field(description="As `id` in a result of search, or `document_id` of a quote.")
    ]


class CitedQuote(BaseModel):
    """A quote, to the letter, and where it stands."""

    number: Annotated[int | None, Field(description="As in the text; null for what is near.")]
    text: Annotated[str, Field(description="To the letter: not to be changed in any way.")]
    answering_words: Annotated[
        str | None, Field(description="The words of it that answer, where they are sure.")
    ]
    speaker: Annotated[str | None, Field(description="Who speaks, where the quote leaves it out.")]
    document_id: Annotated[str, Field(description="As `fetch` takes it.")]
    document_title: str
    url: Annotated[str, Field(description="Where it opens; never empty.")]
    publisher: str | None
    date_published: date | None
    in_language: Language
    start_char_index: Annotated[int, Field(description=OFFSETS)]
    end_char_index: Annotated[int, Field(description=OFFSETS)]
    offset_unit: Literal["codepoint"] = "codepoint"
    text_sha256: str
    page_number: int | None
    sources: Annotated[list[str], Field(description="Documents that stand behind it.")]

    @classmethod
    def of(
        cls,
        citation: Citation,
        links: Links,
        number: int | None = None,
        answering_words: str | None = None,
        speaker: str | None = None,
    ) -> "CitedQuote":
        """Return the shape of what is cited."""
        return cls(
            number=number,
            text=citation.cited_text,
            answering_words=answering_words,
            speaker=speaker,
            document_id=citation.article_id,
            document_title=citation.title,
            url=links.find_citation(citation),
            publisher=citation.publisher,
            date_published=citation.date_published,
            in_language=citation.language,
            start_char_index=citation.start,
            end_char_index=citation.end,
            text_sha256=citation.text_sha256,
            page_number=citation.page,
            sources=[_name_source(source) for source in citation.sources],
        )


class CitedValue(BaseModel):
    """One value of what is asked, the days that it is of, and the sentence that gives it."""

    value: str
    start: Annotated[date, Field(description="First day.")]
    end: Annotated[date, Field(description="Last day, included.")]
    quote: CitedQuote


class AnsweredPart(BaseModel):
    """The answer to one question: quotes, best first, or none and the reasons why."""

    question: Annotated[str, Field(description="As it was searched with: made to stand alone.")]
    abstained: bool
    reasons: Annotated[list[SkippedReason], Field(description="Why nothing is quoted.")]
    hints: Annotated[list[str], Field(description="What would help to get an answer.")]
    confidence: Annotated[
        float, Field(ge=0, le=1, description="Probability that the first quote answers.")
    ]
    confidence_bucket: Bucket
    quotes: list[CitedQuote]
    near: Annotated[
        list[CitedQuote], Field(description="What comes near without answering: not an answer.")
    ]
    series: Annotated[
        list[CitedValue], Field(description="The values of what is asked through time.")
    ]

    @classmethod
    def of(cls, answer: Answer, markers: Sequence[Marker], links: Links) -> "AnsweredPart":
        """Return the shape of the answer to one question, with the numbers of `markers`."""
        return cls.model_validate(_describe_part(answer, markers, links))


class AskOutput(AnsweredPart):
    """An answer; `second` is that to the other question, where two are asked."""

    asked: Annotated[str, Field(description="As it was asked, white space aside.")]
    language: Language
    second: AnsweredPart | None
    library: Annotated[str | None, Field(description="Id of the generation that was searched.")]

    @classmethod
    def of(cls, answer: Answer, markers: Sequence[Marker], links: Links) -> "AskOutput":
        """Return the shape of an answer, with the numbers of `markers`."""
        return cls(
            **_describe_part(answer, markers, links),
            asked=answer.resumed.asked if answer.resumed else answer.question.text,
            language=answer.question.language,
            second=AnsweredPart.of(answer.second, markers, links) if answer.second else None,
            library=answer.generation_id,
        )


class FoundArticle(BaseModel):
    """An article that has something to do with what is searched for."""

    id: Annotated[str, Field(description="As `fetch` takes it.")]
    title: str
    url: Annotated[str, Field(description="Where it opens; never empty.")]


class SearchOutput(BaseModel):
    """Articles, the most relevant first."""

    results: list[FoundArticle]

    @classmethod
    def of(cls, articles: Iterable[Article], links: Links) -> "SearchOutput":
        """Return the shape of what was found."""
        return cls(
            results=[
                FoundArticle(
                    id=each.id, title=each.title, url=links.find_article(each.id, each.url)
                )
                for each in articles
            ]
        )


class FetchOutput(BaseModel):
    """An article, whole."""

    id: str
    title: str
    text: Annotated[str, Field(description="NFC; offsets of quotes count its code points.")]
    url: Annotated[str, Field(description="Where it opens; never empty.")]
    metadata: Annotated[dict[str, str], Field(description="What is known of it.")]

    @classmethod
    def of(cls, article: Article, links: Links) -> "FetchOutput":
        """Return the shape of an article."""
        published, modified = article.date_published, article.date_modified
        known = {
            "language": str(article.language),
            "publisher": article.publisher,
            "authors": ", ".join(article.authors),
            "date_published": published and published.isoformat(),
            "date_modified": modified and modified.isoformat(),
            "kind": article.kind,
            "licence": article.licence,
            "translation_of": article.translation_of,
            "origin": article.origin,
            "sources": "; ".join(map(_name_source, article.sources)),
            "text_sha256": article.text_sha256,
        }
        return cls(
            id=article.id,
            title=article.title,
            text=article.text,
            url=links.find_article(article.id, article.url),
            metadata={name: value for name, value in known.items() if value},
        )


def _describe_part(answer: Answer, markers: Sequence[Marker], links: Links) -> dict[str, Any]:
    numbers = {place_citation(marker.citation): marker.number for marker in markers}
    messages = load_messages(answer.question.language)

    def describe(quote: Quote) -> CitedQuote:
        number = numbers.get(place_citation(quote.citation))
        return CitedQuote.of(quote.citation, links, number, quote.mark_text, quote.speaker_text)

    values = answer.series.values if answer.series else ()
    return {
        "question": answer.question.text,
        "abstained": answer.abstained,
        "reasons": list(answer.skipped_reasons),
        "hints": [describe_hint(hint, messages) for hint in answer.hints],
        "confidence": round(answer.confidence.value, 4),
        "confidence_bucket": answer.confidence.bucket,
        "quotes": [describe(quote) for quote in answer.quotes],
        # What doesn't answer has no words that do.
        "near": [CitedQuote.of(quote.citation, links) for quote in answer.near],
        "series": [
            CitedValue(
                value=each.value_text,
                start=each.first,
                end=each.last,
                quote=CitedQuote.of(
                    each.citation,
                    links,
                    numbers.get(place_citation(each.citation)),
                    each.value_text,
                    each.speaker,
                ),
            )
            for each in values
        ],
    }


def _name_source(source: Source) -> str:
    facts = (source.title, source.publisher, source.date, source.url)
    return ", ".join(fact for fact in facts if fact)
