"""What an answer says beyond its quotes, in words: its question and dates, hints, series."""

from dataclasses import replace

from massilia.service.answer import Answer, DatedSeries, DatedValue, Hint
from massilia.service.messages import Messages
from massilia.service.question_dates import DateSpan
from massilia.service.scope import describe_period


def read_searched(answer: Answer) -> str:
    """Return the text that was searched with, whole where it asks two questions."""
    return answer.resumed.text if answer.resumed else answer.question.text


def place_dates(answer: Answer) -> tuple[DateSpan, ...]:
    """Return the dates of an answer with their places in the text that was searched with.

    The part of a double question that is answered second has other words in another order.
    """
    text = read_searched(answer)
    placed = []
    for span in answer.dates:
        start = span.text_start
        if text[start : span.text_end] != span.text:
            start = text.find(span.text)
        if start >= 0:
            placed.append(replace(span, text_start=start, text_end=start + len(span.text)))
    return tuple(placed)


def list_dates(answer: Answer) -> tuple[DateSpan, ...]:
    """Return the dates of both questions where two are asked, for what doesn't tell them apart."""
    return answer.dates + (list_dates(answer.second) if answer.second else ())


def describe_hint(hint: Hint, messages: Messages) -> str:
    """Return the text of a hint; lists in its values are written with commas."""
    values = {
        # Only a count is written as a number: of years, 2016 is not 2,016.
        name: value if name == "count" else write_value(value)
        for name, value in hint.values.items()
    }
    return messages.text(f"hint.{hint.name}", **values)


def describe_time(value: DatedValue, messages: Messages) -> str:
    """Return the days that a value is of, as shortly as they can be written."""
    return describe_period(value.first, value.last, messages)


def describe_disagreements(series: DatedSeries, messages: Messages) -> str | None:
    """Return a sentence that says for which times the sources differ, or None where they don't."""
    positions = sorted({place for pair in series.disagreements for place in pair})
    times = dict.fromkeys(describe_time(series.values[place], messages) for place in positions)
    if not times:
        return None
    separator = messages.text("scope.separator")
    return messages.text("series.differ", times=separator.join(times))


def write_value(value: object) -> str:
    """Write one value of a hint: a list with commas, and anything else as it is."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)
