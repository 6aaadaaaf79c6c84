"""The shapes of what the JSON interface is asked."""

from datetime import date
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    model_validator,
)
from pydantic_core import PydanticCustomError

from massilia.corpus.article import Language
from massilia.index.filter import Filter
from massilia.service.answerer import MAX_TOP_K
from massilia.service.composition import MAX_QUOTES
from massilia.service.dialogue import MAX_EARLIER
from massilia.service.earlier import read_earlier
from massilia.service.filters import (
    MAX_NAME_CHARACTERS,
    MAX_NAMES,
    FilterError,
    check_filter,
    read_date,
)
from massilia.service.passage_search import MAX_FOUND
from massilia.service.question import MAX_CHARACTERS, QuestionError
from massilia.service.whole_number import WHOLE

MAX_ID_CHARACTERS = 200
DEFAULT_FOUND = 10


def _read_day(value: object) -> date:
    if not isinstance(value, str):
        raise _no_day()
    try:
        return read_date(value)
    except ValueError:
        raise _no_day() from None


def _no_day() -> PydanticCustomError:
    return PydanticCustomError("day", "not a date written YYYY-MM-DD")


# Left to itself, pydantic takes a number for the seconds since 1970.
Day = Annotated[date, BeforeValidator(_read_day)]

_CONTROLS = "\\u0000-\\u0008\\u000e-\\u001b\\u007f-\\u0084\\u0086-\\u009f"
_READABLE = f"^[^{_CONTROLS}]*$"
_NOT_BLANK = f"^[^{_CONTROLS}]*[^\\u0000-\\u0020\\u007f-\\u00a0\\s][^{_CONTROLS}]*$"
# Only said here: what is wrong with a text is found and told by what reads it.
Name = Annotated[
    StrictStr, Field(max_length=MAX_NAME_CHARACTERS, json_schema_extra={"pattern": _READABLE})
]
Names = Annotated[list[Name], Field(max_length=MAX_NAMES)]
QuestionText = Annotated[
    StrictStr,
    Field(
        description=(
            "White space at its ends is left out, and within it counts as one space. No control "
            "characters."
        ),
        examples=["Who owns Atlas Offshore?"],
        json_schema_extra={"minLength": 1, "maxLength": MAX_CHARACTERS, "pattern": _NOT_BLANK},
    ),
]
EarlierText = Annotated[
    StrictStr, Field(json_schema_extra={"maxLength": MAX_CHARACTERS, "pattern": _READABLE})
]


def _check_history(texts: list[str]) -> list[str]:
    try:
        return list(read_earlier(texts))
    except QuestionError as error:
        raise ValueError(str(error)) from error


class FiltersJson(BaseModel):
    """Which articles are searched: those that pass every condition that is given.

    An empty list lets every article pass.
    """

    model_config = ConfigDict(extra="forbid")

    languages: Annotated[
        list[Language], Field(max_length=MAX_NAMES, description="Languages of the articles.")
    ] = []
    articles: Annotated[Names, Field(description="Ids of articles.")] = []
    publishers: Annotated[
        Names, Field(description="Publishers, whatever the case and the accents.")
    ] = []
    kinds: Annotated[
        Names, Field(description="Kinds of article, whatever the case and the accents.")
    ] = []
    published_from: Annotated[
        Day | None,
        Field(description="First day of publication. Articles without a date don't pass."),
    ] = None
    published_to: Annotated[Day | None, Field(description="Last day of publication, included.")] = (
        None
    )

    @model_validator(mode="after")
    def _check(self) -> "FiltersJson":
        try:
            check_filter(self.to_filter())
        except FilterError as error:
            raise ValueError(str(error)) from error
        return self

    @classmethod
    def of(cls, within: Filter) -> "FiltersJson":
        """Return the JSON shape of a filter."""
        # Not checked again: a program's own filter has no limits.
        return cls.model_construct(
            languages=sorted(within.languages),
            articles=sorted(within.articles),
            publishers=sorted(within.publishers),
            kinds=sorted(within.kinds),
            published_from=within.published_from,
            published_to=within.published_to,
        )

    def to_filter(self) -> Filter:
        """Return the filter that has this shape."""
        return Filter(
            languages=frozenset(self.languages),
            articles=frozenset(self.articles),
            publishers=frozenset(self.publishers),
            kinds=frozenset(self.kinds),
            published_from=self.published_from,
            published_to=self.published_to,
        )


class QuestionRequest(BaseModel):
    """Hold a question, where to look, and in which language to answer."""

    model_config = ConfigDict(extra="forbid")

    question: QuestionText
    language: Annotated[
        Language | None, Field(description="Language of the answer; detected where not given.")
    ] = None
    filters: Annotated[
        FiltersJson, Field(description="Which articles are searched; all where not given.")
    ] = FiltersJson()


class AskRequest(QuestionRequest):
    """Ask a question."""

    top_k: Annotated[
        StrictInt, Field(ge=1, le=MAX_TOP_K, description="The most quotes to return."), WHOLE
    ] = MAX_QUOTES
    use_question_dates: Annotated[
        StrictBool,
        Field(description="Whether dates that the question names are made use of."),
    ] = True
    history: Annotated[
        list[EarlierText],
        Field(
            max_length=MAX_EARLIER,
            description=(
                "Earlier questions of the conversation, oldest first: what the question takes "
                "from them is told in `carried`."
            ),
        ),
        AfterValidator(_check_history),
    ] = []


class AnswerRequest(AskRequest):
    """Ask a question, and say how to be answered."""

    stream: Annotated[
        StrictBool,
        Field(description="Whether to send what is found as it is found: server-sent events."),
    ] = False


class BatchRequest(AskRequest):
    """Ask one of many questions: one line of the body."""

    id: Annotated[
        Annotated[StrictStr, Field(max_length=MAX_ID_CHARACTERS)] | StrictInt | None,
        Field(description="Given back with the answer, as it is."),
    ] = None


class SearchRequest(QuestionRequest):
    """Ask for passages."""

    top_k: Annotated[
        StrictInt, Field(ge=1, le=MAX_FOUND, description="The most passages to return."), WHOLE
    ] = DEFAULT_FOUND
