"""The ids of an answer's citations, by which pages, programs and receipts tell them apart."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from massilia.service.answer import Answer, DatedValue, Quote


def number_citations(answer: Answer) -> Answer:
    """Return the answer with an id for each citation that no other of its citations has.

    Those of quotes are c1, c2 and so on, in the answer to the second question too; those of near
    passages n1, and those of dated values s1. Two citations of one place keep an id each.
    """
    return _number(answer, _name("c"), _name("n"), _name("s"))


def _number(
    answer: Answer, quoted: Iterator[str], near: Iterator[str], dated: Iterator[str]
) -> Answer:
    series = answer.series
    return replace(
        answer,
        quotes=tuple(_rename(quote, next(quoted)) for quote in answer.quotes),
        near=tuple(_rename(quote, next(near)) for quote in answer.near),
        series=series
        and replace(
            series, values=tuple(_rename_dated(value, next(dated)) for value in series.values)
        ),
        second=answer.second and _number(answer.second, quoted, near, dated),
    )


def _rename(quote: Quote, name: str) -> Quote:
    return replace(quote, citation=replace(quote.citation, id=name))


def _rename_dated(value: DatedValue, name: str) -> DatedValue:
    return replace(value, citation=replace(value.citation, id=name))


def _name(letter: str) -> Iterator[str]:
    return (f"{letter}{number}" for number in count(1))
