"""Answers sent as they are found: server-sent events, each a whole thing, never half a sentence."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from massilia.service.answer import Answer
from massilia.service.citation_ids import number_citations
from massilia.service.dialogue import Understood
from massilia.service.wire import AnswerJson, CitationJson, QuoteJson, SeriesJson
from massilia.service.wire_problem import ProblemJson
from massilia.service.wire_stream import (
    AbstentionJson,
    StreamedQuoteJson,
    StreamedSeriesJson,
    UnderstoodJson,
)

HEARTBEAT_SECONDS = 10.0
"""How long nothing is sent before a comment is: proxies close what is silent for a minute or so."""

Event = tuple[str, BaseModel]
Item = TypeVar("Item")


class _End:
    """Stand for the end of an iterator: StopIteration can't pass from a thread to a coroutine."""


_END = _End()


def list_events(parts: Iterator[Understood | Answer]) -> Iterator[Event]:
    """Yield the events of an answer as it grows, and last the whole of it."""
    told = 0
    answer: Answer | None = None
    for part in parts:
        if isinstance(part, Understood):
            yield "understood", UnderstoodJson.of(part)
            continue
        answer = part
        numbered = number_citations(part)
        grown = [each for each in (numbered, numbered.second) if each is not None]
        for number, each in enumerate(grown[told:], start=told + 1):
            yield from _list_part(each, number)
        told = len(grown)
    if answer is not None:
        yield "answer", AnswerJson.of(answer)


def _list_part(answer: Answer, part: int) -> Iterator[Event]:
    if answer.abstained:
        yield "abstained", AbstentionJson.of(replace(answer, second=None), part)
    for quote in answer.quotes:
        yield (
            "quote",
            StreamedQuoteJson(
                part=part, answer=QuoteJson.of(quote), citation=CitationJson.of(quote.citation)
            ),
        )
    if answer.series is not None:
        yield "series", StreamedSeriesJson(part=part, series=SeriesJson.of(answer.series))


async def send_events(
    events: Iterator[Event],
    tell: Callable[[BaseException], ProblemJson],
    seconds: float,
    heartbeat: float = HEARTBEAT_SECONDS,
) -> AsyncIterator[bytes]:
    """Yield events as they are written on the wire, with a comment where none comes for a while.

    What goes wrong, or takes longer than `seconds` between two events, is the last event, `error`.
    Whoever stops taking them stops the work at the next event.
    """
    number = 0
    try:
        async for event in take_from_thread(events, seconds, heartbeat):
            if event is None:
                yield KEEPALIVE_COMMENT
                continue
            name, data = event
            number += 1
            yield format_sse_event(event=name, data_str=data.model_dump_json(), id=str(number))
    except Exception as error:
        problem = tell(error).model_dump_json(exclude_defaults=True)
        yield format_sse_event(event="error", data_str=problem)


async def take_from_thread(
    items: Iterator[Item], seconds: float, heartbeat: float
) -> AsyncIterator[Item | None]:
    """Yield what an iterator gives, each worked out in a thread; None each `heartbeat` seconds.

    Raises `TimeoutError` where one takes longer than `seconds`. A thread can't be ended: what is
    being worked out when nobody waits for it any longer is finished, and nothing after it begun.
    """
    while True:
        task = asyncio.create_task(_take(items))
        waited = 0.0
        while not task.done():
            pause = min(heartbeat, seconds - waited)
            await asyncio.wait({task}, timeout=pause)
            waited += pause
            if task.done():
                break
            if waited >= seconds:
                task.add_done_callback(_forget)
                raise TimeoutError
            yield None
        item = task.result()
        if isinstance(item, _End):
            return
        yield item


async def _take(items: Iterator[Item]) -> Item | _End:
    return await run_in_threadpool(next, items, _END)


def _forget(task: "asyncio.Task[object]") -> None:
    if not task.cancelled():
        # Asked for, or asyncio would print it.
        task.exception()
