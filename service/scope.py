"""What an answer was looked for in, in words: the dates of the question, and the filter."""

from dataclasses import dataclass
from datetime import date, timedelta

from massilia.index.filter import Filter
from massilia.service.messages import Messages
from massilia.service.question_dates import DateSpan, DateUse


@dataclass(frozen=True, slots=True)
class Condition:
    """Hold one condition of a filter in words, and the parameters of an address that make it.

    A parameter is its name, with its value where the name may stand for several conditions.
    """

    text: str
    parameters: tuple[str | tuple[str, str], ...]


def describe_dates(dates: tuple[DateSpan, ...], messages: Messages) -> list[str]:
    """Return what each date of a question was read as, and what for; each thing once."""
    return list(dict.fromkeys(_describe_date(span, messages) for span in dates))


def describe_filter(within: Filter, messages: Messages) -> list[Condition]:
    """Return the conditions of a filter."""
    conditions = [
        Condition(
            messages.text("scope.language", language=messages.text(f"languages.{language}")),
            (("in", language),),
        )
        for language in sorted(within.languages)
    ]
    for parameter, names in (
        ("publisher", within.publishers),
        ("kind", within.kinds),
        ("article", within.articles),
    ):
        for name in sorted(names):
            written = messages.article_kind(name) if parameter == "kind" else name
            text = messages.text(f"scope.{parameter}", name=written)
            conditions.append(Condition(text, ((parameter, name),)))
    if within.published_from or within.published_to:
        period = describe_period(within.published_from, within.published_to, messages)
        text = messages.text("scope.published", period=period)
        conditions.append(Condition(text, ("from", "to")))
    return conditions


def describe_period(start: date | None, end: date | None, messages: Messages) -> str:
    """Write the days from `start` to `end`, one of them at least given, as shortly as they can be.

    Whole years are written as years, a whole month as a month.
    """
    if start is None:
        assert end is not None
        if _ends_year(end):
            return messages.text("period.to_year", year=str(end.year))
        return messages.text("period.to_day", day=messages.date(end))
    if end is None:
        if _starts_year(start):
            return messages.text("period.from_year", year=str(start.year))
        return messages.text("period.from_day", day=messages.date(start))
    if start == end:
        return messages.date(start)
    if _starts_year(start) and _ends_year(end):
        if start.year == end.year:
            return str(start.year)
        return messages.text("period.years", first=str(start.year), last=str(end.year))
    if (start.year, start.month, start.day) == (end.year, end.month, 1) and _ends_month(end):
        return messages.source_date(start.isoformat()[:7])
    return messages.text("period.days", first=messages.date(start), last=messages.date(end))


def _describe_date(span: DateSpan, messages: Messages) -> str:
    if span.use is DateUse.NEWEST:
        return messages.text("scope.newest", words=span.text)
    period = describe_period(span.start, span.end, messages)
    if span.use is DateUse.FILTER:
        return messages.text("scope.published", period=period)
    return messages.text("scope.preferred", period=period)


def _starts_year(day: date) -> bool:
    return (day.month, day.day) == (1, 1)


def _ends_year(day: date) -> bool:
    return (day.month, day.day) == (12, 31)


def _ends_month(day: date) -> bool:
    return day == date.max or (day + timedelta(days=1)).day == 1
