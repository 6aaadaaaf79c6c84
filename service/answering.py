"""From the request of a program to its answer."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from massilia.service.answer import Answer
from massilia.service.answerer import Answerer
from massilia.service.dialogue import (
    Understood,
    answer_in_turn,
    answer_parts,
    guess_language,
    understand_in_turn,
)
from massilia.service.question import Question, read_question
from massilia.service.suggestions import Suggestions
from massilia.service.wire_request import AskRequest


class Answering:
    """Answer requests with an answerer; without suggestions no questions are related to them.

    Every method raises `QuestionError` for what can't be asked, and `LibraryError`.
    """

    def __init__(self, answerer: Answerer, suggestions: Suggestions | None = None) -> None:
        self._answerer = answerer
        self._suggestions = suggestions

    def answer(self, request: AskRequest) -> Answer:
        """Return the answer to a request."""
        question, today = _read(request)
        return self._relate(
            answer_in_turn(self._answerer, question, request.history, today, request.top_k)
        )

    def answer_parts(self, request: AskRequest) -> Iterator[Understood | Answer]:
        """Yield what was understood, then the answer as it grows: the last is `answer`'s."""
        question, today = _read(request)
        understood = understand_in_turn(self._answerer, question, request.history, today)
        yield understood
        last: Answer | None = None
        for last in answer_parts(self._answerer, understood, request.top_k):
            yield last
        if self._suggestions is not None and last is not None:
            yield self._relate(last)

    def _relate(self, answer: Answer) -> Answer:
        if self._suggestions is None:
            return answer
        return replace(answer, related=self._suggestions.relate(answer))


def _read(request: AskRequest) -> tuple[Question, date | None]:
    today = date.today() if request.use_question_dates else None
    language = request.language or guess_language(request.question, request.history)
    within = request.filters.to_filter()
    return read_question(request.question, language, within, today), today
