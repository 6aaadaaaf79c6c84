"""The events of an answer that is streamed, and the lines of a batch of them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import BaseModel, Field

from massilia.corpus.article import Language
from massilia.service.answer import Answer, SkippedReason
from massilia.service.dialogue import Understood
from massilia.service.messages import load_messages
from massilia.service.question_check import Remark
from massilia.service.wire import (
    AnswerJson,
    CarriedJson,
    CitationJson,
    HintJson,
    QuestionDateJson,
    QuoteJson,
    SeriesJson,
)
from massilia.service.wire_problem import ProblemJson
from massilia.service.wire_request import FiltersJson

PART = "1, or 2 for what answers the other question, where the text asks two."


class UnderstoodJson(BaseModel):
    """What was understood of the question, before anything is looked for."""

    question: Annotated[str, Field(description="As it is searched with.")]
    asked: Annotated[str, Field(description="As it was asked, white space aside.")]
    carried: list[CarriedJson]
    new_topic: bool
    language: Annotated[Language, Field(description="Language of the answer.")]
    other_language: str | None
    filters: FiltersJson
    question_dates: Annotated[
        list[QuestionDateJson],
        Field(description="As they were read; the answer says how they were used."),
    ]

    @classmethod
    def of(cls, understood: Understood) -> "UnderstoodJson":
        """Return the JSON shape of a question that was understood."""
        question, resumed = understood.question, understood.resumed
        return cls(
            question=question.text,
            asked=resumed.asked if resumed else question.text,
            carried=[CarriedJson.of(each) for each in resumed.carried] if resumed else [],
            new_topic=bool(resumed and resumed.new_topic),
            language=question.language,
            other_language=question.other_language,
            filters=FiltersJson.of(question.within),
            question_dates=[QuestionDateJson.of(span) for span in question.dates],
        )


class StreamedQuoteJson(BaseModel):
    """A quote that answers, with its citation."""

    part: Annotated[int, Field(description=PART)]
    answer: QuoteJson
    citation: CitationJson


class StreamedSeriesJson(BaseModel):
    """The values of what is asked through time."""

    part: Annotated[int, Field(description=PART)]
    series: SeriesJson


class AbstentionJson(BaseModel):
    """That there is no answer, with the reasons why, and what comes near."""

    part: Annotated[int, Field(description=PART)]
    answer_skipped_reasons: list[SkippedReason]
    remark: Remark | None
    hints: list[HintJson]
    near: list[CitationJson]

    @classmethod
    def of(cls, answer: Answer, part: int) -> "AbstentionJson":
        """Return the JSON shape of an abstention whose citations are numbered."""
        messages = load_messages(answer.question.language)
        return cls(
            part=part,
            answer_skipped_reasons=list(answer.skipped_reasons),
            remark=answer.remark,
            hints=[HintJson.of(hint, messages) for hint in answer.hints],
            near=[CitationJson.of(quote.citation) for quote in answer.near],
        )


class BatchLineJson(BaseModel):
    """What became of one line of a batch: its answer, or what is wrong with it."""

    line: Annotated[int, Field(description="Which line of the body, from 1.")]
    id: Annotated[str | int | None, Field(description="As it was given.")]
    answer: AnswerJson | None
    problem: ProblemJson | None


EVENTS: Final[Mapping[str, tuple[type[BaseModel], str]]] = MappingProxyType(
    {
        "understood": (UnderstoodJson, "once, before anything is looked for"),
        "quote": (StreamedQuoteJson, "for each quote"),
        "series": (StreamedSeriesJson, "for the values of what is asked through time"),
        "abstained": (AbstentionJson, "in place of quotes, where there is no answer"),
        "answer": (AnswerJson, "once, last: all of it, as without `stream`"),
        "error": (ProblemJson, "last, in place of `answer`, where something goes wrong"),
    }
)
"""The events of a streamed answer by name, with the shape of their data and when they are sent."""
