"""Receipts: answers as they were given, with what it takes to verify each quote later."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
    StrictInt,
    StrictStr,
    TypeAdapter,
    ValidationError,
)

from massilia.corpus.article import Language, hash_text
from massilia.corpus.errors import SHOWN_CHARACTERS, MassiliaError, show_value
from massilia.index.library import Library
from massilia.service.answer import Answer, Citation, Quote
from massilia.service.answer_text import place_dates, read_searched
from massilia.service.citation_ids import number_citations
from massilia.service.offsets import OFFSETS
from massilia.service.whole_number import WHOLE

FORMAT = 1
"""Raised when what a receipt holds changes its meaning."""
MAX_BYTES = 1_000_000
MAX_QUOTES = 50
"""An answer to two questions has twenty at most, and a sentence for each value of its series; each
costs a search of its article."""
CONTEXT = 32
"""How many characters before and after a quote are kept."""


class ReceiptError(MassiliaError):
    """A text can't be read as a receipt."""


def _check_format(value: int) -> int:
    if value != FORMAT:
        raise ValueError(f"this version of Massilia reads format {FORMAT} only")
    return value


Offset = Annotated[StrictInt, Field(ge=0, description=OFFSETS), WHOLE]
Sha256 = Annotated[StrictStr, Field(pattern="^[0-9a-f]{64}$")]
Context = Annotated[StrictStr, Field(max_length=CONTEXT)]


@dataclass(frozen=True, slots=True)
class CitedQuote:
    """Hold a quote and where it stood: code point offsets in a text with the hash `text_sha256`.

    `prefix` and `suffix` are the `CONTEXT` characters on either side, fewer at an end of the
    article. They and the quote's own hash are None where the answer's own JSON is the receipt.
    """

    id: StrictStr
    text: Annotated[StrictStr, Field(alias="cited_text", min_length=1)]
    article_id: Annotated[StrictStr, Field(alias="document_id")]
    title: Annotated[StrictStr, Field(alias="document_title")]
    url: StrictStr | None
    start: Annotated[Offset, Field(alias="start_char_index")]
    end: Annotated[Offset, Field(alias="end_char_index")]
    text_sha256: Sha256
    cited_text_sha256: Sha256 | None = None
    prefix: Context | None = None
    suffix: Context | None = None
    offset_unit: Literal["codepoint"] = "codepoint"


@dataclass(frozen=True, slots=True)
class GivenQuote:
    """Hold a text as the answer showed it, with the citations that stand behind it."""

    text: StrictStr
    score: Annotated[float, Field(strict=True, ge=0, le=1)]
    citation_ids: Annotated[tuple[StrictStr, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Receipt:
    """Hold an answer as it was given, under the names of the answer's own JSON.

    What verification doesn't need is kept as it was told: `filters`, `question_dates`,
    `confidence` and `index` (the generation). Of an answer's own JSON, `format`, `created` (ISO
    8601), `version` (Massilia's) and `encoder_fingerprint` are None.

    Nothing is signed: who rewrites a receipt together with its hashes is found out only where
    they contradict the library.
    """

    id: StrictStr
    kind: Annotated[Literal["answer", "receipt"], Field(alias="object")]
    question: StrictStr
    language: Language
    filters: Mapping[str, object]
    question_dates: tuple[Mapping[str, object], ...]
    confidence: Mapping[str, object]
    answers: tuple[GivenQuote, ...]
    citations: Annotated[tuple[CitedQuote, ...], Field(max_length=MAX_QUOTES)]
    index: Mapping[str, object]
    format: (
        Annotated[
            StrictInt,
            AfterValidator(_check_format),
            Field(json_schema_extra={"const": FORMAT}),
            WHOLE,
        ]
        | None
    ) = None
    created: StrictStr | None = None
    version: StrictStr | None = None
    encoder_fingerprint: StrictStr | None = None

    def __post_init__(self) -> None:
        ids = {citation.id for citation in self.citations}
        if len(ids) < len(self.citations):
            raise ValueError("two of the citations have the same id")
        for number, answer in enumerate(self.answers):
            for missing in set(answer.citation_ids) - ids:
                raise ValueError(
                    f"answers.{number}.citation_ids: there is no citation {show_value(missing)}"
                )


_RECEIPT = TypeAdapter(Receipt)


def make_receipt(answer: Answer, library: Library) -> Receipt:
    """Return the receipt of an answer that has just been given from `library`.

    It holds the quotes of both answers to a double question, and the sentences behind dated values,
    but no near passages: they answer nothing, and are not claimed to. Where an article has changed
    since, its quotes have no context. Raises `LibraryError`.
    """
    answer = number_citations(answer)
    within = answer.question.within
    quotes = _list_quotes(answer)
    cited = [*(quote.citation for quote in quotes), *_list_dated(answer)]
    generation = library.generation()
    fingerprint = None
    if generation is not None and generation.id == answer.generation_id:
        fingerprint = generation.manifest.encoder_fingerprint
    with library.store.reading():
        citations = tuple(_cite(each, library) for each in cited[:MAX_QUOTES])
    return Receipt(
        id=answer.id,
        kind="receipt",
        question=read_searched(answer),
        language=answer.question.language,
        filters={
            "languages": sorted(within.languages),
            "articles": sorted(within.articles),
            "publishers": sorted(within.publishers),
            "kinds": sorted(within.kinds),
            "published_from": _write_date(within.published_from),
            "published_to": _write_date(within.published_to),
        },
        question_dates=tuple(
            {
                "text": span.text,
                "start_char_index": span.text_start,
                "end_char_index": span.text_end,
                "start": _write_date(span.start),
                "end": _write_date(span.end),
                "use": span.use,
            }
            for span in place_dates(answer)
        ),
        confidence={
            "value": round(answer.confidence.value, 4),
            "bucket": answer.confidence.bucket,
        },
        answers=tuple(
            GivenQuote(quote.text, round(quote.score, 4), (quote.citation.id,)) for quote in quotes
        ),
        citations=citations,
        index={"id": answer.generation_id},
        format=FORMAT,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=version("massilia"),
        encoder_fingerprint=fingerprint,
    )


def write_receipt(receipt: Receipt) -> str:
    """Return a receipt as JSON."""
    return _RECEIPT.dump_json(receipt, by_alias=True, indent=2).decode() + "\n"


def read_receipt(text: str | bytes) -> Receipt:
    """Return the receipt that `write_receipt` wrote, or that an answer's own JSON is.

    Fields with other names are passed over. Raises `ReceiptError`, which names the first field
    that is wrong and its value.
    """
    size = len(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise ReceiptError(f"A receipt has at most {MAX_BYTES:,} bytes; this has more.")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReceiptError(f"Not a receipt: it is not valid JSON: {error}.") from error
    try:
        return _RECEIPT.validate_python(content)
    except ValidationError as error:
        raise ReceiptError(f"Not a receipt: {_describe(error)}.") from error


def _describe(error: ValidationError) -> str:
    first = error.errors()[0]
    if first["type"] == "value_error" and not first["loc"]:
        return str(first["ctx"]["error"])
    place = ".".join(map(str, first["loc"]))[:SHOWN_CHARACTERS] or "the whole"
    if first["type"] == "missing":
        return f"{place} is missing"
    return f"{place}: {first['msg']}, found {show_value(first['input'])}"


def _list_quotes(answer: Answer) -> tuple[Quote, ...]:
    return answer.quotes + (_list_quotes(answer.second) if answer.second else ())


def _list_dated(answer: Answer) -> tuple[Citation, ...]:
    dated = answer.series.values if answer.series else ()
    return (
        *(value.citation for value in dated),
        *(_list_dated(answer.second) if answer.second else ()),
    )


def _cite(citation: Citation, library: Library) -> CitedQuote:
    article = library.store.article(citation.article_id)
    prefix = suffix = None
    if article is not None and article.text_sha256 == citation.text_sha256:
        prefix = article.text[max(0, citation.start - CONTEXT) : citation.start]
        suffix = article.text[citation.end : citation.end + CONTEXT]
    return CitedQuote(
        id=citation.id,
        text=citation.cited_text,
        article_id=citation.article_id,
        title=citation.title,
        url=citation.url,
        start=citation.start,
        end=citation.end,
        text_sha256=citation.text_sha256,
        cited_text_sha256=hash_text(citation.cited_text),
        prefix=prefix,
        suffix=suffix,
    )


def _write_date(value: date | None) -> str | None:
    return value.isoformat() if value else None
