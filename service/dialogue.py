"""A conversation: each question answered in the light of those before it, without any memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from massilia.corpus.article import Language
from massilia.service.answer import Answer
from massilia.service.answerer import Answerer
from massilia.service.composition import MAX_QUOTES
from massilia.service.conversation import Turn, resume
from massilia.service.question import Question, QuestionError, read_question
from massilia.service.question_check import check_question
from massilia.service.question_dates import read_date_spans

MAX_EARLIER = 10
"""How many earlier questions may be given with one; each is answered again, to know its quote."""
MAX_SHORT_WORDS = 4
"""How many words and marks may be of either language: "Et en 2016 ?"."""
_LOOKED_BACK = 4
"""How many of them are answered again: rules look at the last turns only."""


class Dialogue:
    """Answer questions that may lean on those asked before; for one conversation, in one thread."""

    def __init__(self, answerer: Answerer, today: date | None = None) -> None:
        self._answerer = answerer
        self._today = today
        self._turns: list[Turn] = []

    def ask(self, question: Question, top_k: int = MAX_QUOTES) -> Answer:
        """Return the answer to a question, made to stand alone; it is one of the turns from now on.

        Raises `LibraryError` and, for what can't be asked, `QuestionError`.
        """
        if check_question(question.text) is not None:
            # A greeting leans on nothing, and is no turn that a question leans on.
            return self._answerer.answer(question, top_k)
        resumed = resume(question.text, question.language, self._turns)
        if resumed.rewritten:
            dates = (
                read_date_spans(resumed.text, question.language, self._today) if self._today else ()
            )
            question = replace(question, text=resumed.text, dates=dates)
        answer = replace(self._answerer.answer(question, top_k), resumed=resumed)
        first = answer.quotes[0] if answer.quotes else None
        self._turns.append(
            Turn(
                question=resumed.asked,
                text=resumed.text,
                language=question.language,
                names=resumed.names,
                quote=first.text if first else None,
                title=first.citation.title if first else None,
            )
        )
        return answer


def answer_in_turn(
    answerer: Answerer,
    question: Question,
    earlier: Sequence[str] = (),
    today: date | None = None,
    top_k: int = MAX_QUOTES,
) -> Answer:
    """Return the answer to a question that follows `earlier` ones, the first of them first.

    They are answered again, within the same filter. Raises `QuestionError` where there are more
    than `MAX_EARLIER` or one can't be asked, and `LibraryError`.
    """
    if len(earlier) > MAX_EARLIER:
        raise QuestionError(
            "too_many_earlier",
            f"There are {len(earlier)} earlier questions; the limit is {MAX_EARLIER}.",
            count=len(earlier),
            limit=MAX_EARLIER,
        )
    dialogue = Dialogue(answerer, today)
    for number in range(max(0, len(earlier) - _LOOKED_BACK), len(earlier)):
        text = earlier[number]
        language = guess_language(text, earlier[:number])
        dialogue.ask(read_question(text, language, question.within, today), 1)
    return dialogue.ask(question, top_k)


def guess_language(text: str, earlier: Sequence[str]) -> Language | None:
    """Return the language of a question that is too short to tell its own: that of those before.

    None where it is to be told from the question itself.
    """
    for number, each in reversed(list(enumerate([*earlier, text]))):
        if len(each.split()) > MAX_SHORT_WORDS:
            return None if number == len(earlier) else read_question(each).language
    return None
