"""A turn of the conversation, told as it is found: server-sent events that carry pieces of HTML.

The pieces are made by the macros that the page is made of. In this order: `turn` holds the question
and how it was understood; `scope` what was looked in, again each time that it changes; `piece`
what stands below what came before, and `quote` one more of the last list of quotes; `next` the
parameters that go with the next question. `end` says in words what was found; `failed` instead of
it that nothing can be said.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from fastapi import Request

from massilia.corpus.article import Article, Language
from massilia.index.errors import LibraryError
from massilia.service.answer import Answer
from massilia.service.answer_page import (
    Thread,
    describe_hints,
    describe_scope,
    link_related,
)
from massilia.service.messages import load_messages
from massilia.service.page_rendering import Macros, load_macros
from massilia.service.question import QuestionError

MEDIA_TYPE = "text/event-stream"
HEADERS = {
    "Cache-Control": "no-store",
    # nginx would keep all of it until it is complete.
    "X-Accel-Buffering": "no",
}


@dataclass(frozen=True, slots=True)
class TurnStream:
    """Write the events of one turn in a page's language.

    `number` counts the turns of the page, so that no two of its elements have the same id; `values`
    are what the templates ask for beside the answer.
    """

    request: Request
    language: Language
    number: int
    thread: Thread
    relate: Callable[[Answer], Answer]
    find_nearest: Callable[[Answer], list[Article]]
    values: Mapping[str, object]

    def write(self, answers: Iterator[Answer]) -> Iterator[str]:
        """Yield the events of an answer that comes as `Answerer.answer_parts` yields it."""
        try:
            yield from self._write(answers)
        except QuestionError as error:
            yield write_event("failed", self._load("fault.html").make("fault", error))
        except LibraryError:
            yield write_event("failed", self._load("fault.html").make("failure"))

    def _write(self, answers: Iterator[Answer]) -> Iterator[str]:
        macros = self._load("turn.html")
        yield write_event("turn", macros.make("turn_shell", self.thread, 2, self._place))
        shown: Answer | None = None
        for answer in answers:
            # Both questions' dates are told in one place.
            if shown is None or (answer.second and answer.second.dates):
                scope = describe_scope(self.request, answer, self.language)
                yield write_event("scope", macros.make("turn_scope", scope, self._place))
            if shown is None:
                yield from self._write_part(answer, "", 1, 3)
            elif answer.second:
                yield write_event("piece", macros.make("second_heading", 3, self._place))
                first = len(answer.quotes) + 1
                yield from self._write_part(answer.second, "second-", first, 4)
            shown = answer
        assert shown is not None
        yield from self._write_end(macros, shown)

    def _write_part(self, answer: Answer, part: str, first: int, level: int) -> Iterator[str]:
        macros = self._load("quotes.html")
        prefix = f"{self._place}{part}"
        yield write_event(
            "piece", macros.make("part_start", answer, level, prefix, self._place, first)
        )
        if answer.remark is None:
            for number, quote in enumerate(answer.quotes, start=first):
                item = macros.make("quote_item", quote, number, level + 1, self._place)
                yield write_event("quote", item)

    def _write_end(self, macros: Macros, answer: Answer) -> Iterator[str]:
        answer = self.relate(answer)
        related = link_related(self.request, answer, self.language)
        scope = describe_scope(self.request, answer, self.language)
        nearest = self.find_nearest(answer)
        thread = self.thread
        yield write_event(
            "piece",
            macros.make("turn_end", answer, thread, scope, nearest, related, 3, self._place),
        )
        yield write_event("next", macros.make("hidden_fields", thread.following))
        yield write_event("end", describe_outcome(answer, self.language))

    @property
    def _place(self) -> str:
        return f"t{self.number}-"

    def _load(self, template: str) -> Macros:
        return load_macros(
            self.request,
            template,
            self.language,
            describe_hints=self._describe_hints,
            **self.values,
        )

    def _describe_hints(self, answer: Answer) -> object:
        return describe_hints(self.request, answer, self.language)


def describe_outcome(answer: Answer, language: Language) -> str:
    """Return what a screen reader is to say when an answer is complete."""
    messages = load_messages(language)
    if answer.remark:
        return messages.text(f"remark.{answer.remark.value}")
    found = len(answer.quotes) + (len(answer.second.quotes) if answer.second else 0)
    if found:
        return messages.text("answer.found", count=found)
    return messages.text("abstention.heading")


def write_event(name: str, data: str) -> str:
    """Return a server-sent event (HTML standard, section 9.2): a line `data:` for each of its own.

    A carriage return would end a line too: HTML has another way to write it.
    """
    lines = "".join(f"data: {line}\n" for line in data.replace("\r", "&#13;").split("\n"))
    return f"event: {name}\n{lines}\n"
