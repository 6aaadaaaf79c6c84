"""A conversation: each question answered in the light of those before it, without any memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from massilia.corpus.article import Language
from massilia.service.answer import Answer, Quote
from massilia.service.answerer import Answerer
from massilia.service.composition import MAX_QUOTES
from massilia.service.question import Question, QuestionError, read_question
from massilia.service.question_check import check_question, strip_markup
from massilia.service.question_dates import read_date_spans
from massilia.service.turns import Resumed, Turn

MAX_EARLIER = 10
"""How many earlier questions may be given with one."""
MAX_SHORT_WORDS = 4
"""How many words and marks may be of either language: "Et en 2016 ?"."""
_LOOKED_BACK = 4
"""How many of them are answered again, to know their quotes: rules look at those of the last only.
What the others ask is read all the same, for those that lean on them."""


@dataclass(frozen=True, slots=True)
class Understood:
    """Hold a question as it is searched for, and what of it comes from those before it.

    `resumed` is None for a text that asks nothing, such as a greeting, which leans on nothing.
    """

    question: Question
    resumed: Resumed | None


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
        understood = self.understand(question)
        answer = self._answerer.answer(understood.question, top_k)
        if understood.resumed is None:
            return answer
        self._keep(understood.resumed, question.language, next(iter(answer.quotes), None))
        return replace(answer, resumed=understood.resumed)

    def understand(self, question: Question) -> Understood:
        """Return a question made to stand alone, which is no turn yet."""
        if check_question(question.text) is not None:
            # A greeting leans on nothing, and is no turn that a question leans on.
            return Understood(question, None)
        resumed = self._resume(question)
        if resumed.rewritten:
            dates = (
                read_date_spans(resumed.text, question.language, self._today) if self._today else ()
            )
            question = replace(question, text=resumed.text, dates=dates)
        return Understood(question, resumed)

    def recall(self, question: Question) -> None:
        """Take a question in as one of the turns, without the quote that would answer it."""
        if check_question(question.text) is None:
            self._keep(self._resume(question), question.language, None)

    def _resume(self, question: Question) -> Resumed:
        """Return the question made to stand alone; rules read it without its markup."""
        # Imported here: its patterns take a while to compile, and most questions stand alone.
        from massilia.service.conversation import resume

        resumed = resume(strip_markup(question.text), question.language, self._turns)
        text = resumed.text if resumed.rewritten else question.text
        return replace(resumed, asked=question.text, text=text)

    def _keep(self, resumed: Resumed, language: Language, quote: Quote | None) -> None:
        self._turns.append(
            Turn(
                question=strip_markup(resumed.asked),
                text=strip_markup(resumed.text),
                language=language,
                names=resumed.names,
                quote=quote.text if quote else None,
                title=quote.citation.title if quote else None,
            )
        )


def answer_in_turn(
    answerer: Answerer,
    question: Question,
    earlier: Sequence[str] = (),
    today: date | None = None,
    top_k: int = MAX_QUOTES,
) -> Answer:
    """Return the answer to a question that follows `earlier` ones, the first of them first.

    Raises what `understand_in_turn` does.
    """
    understood = understand_in_turn(answerer, question, earlier, today)
    return replace(answerer.answer(understood.question, top_k), resumed=understood.resumed)


def answer_parts(
    answerer: Answerer, understood: Understood, top_k: int = MAX_QUOTES
) -> Iterator[Answer]:
    """Yield the answer to what `understand_in_turn` returned, as it grows; see `Answerer`.

    The last is what `answer_in_turn` returns.
    """
    for answer in answerer.answer_parts(understood.question, top_k):
        yield replace(answer, resumed=understood.resumed)


def understand_in_turn(
    answerer: Answerer,
    question: Question,
    earlier: Sequence[str] = (),
    today: date | None = None,
) -> Understood:
    """Return a question that follows `earlier` ones, made to stand alone; nothing is found yet.

    The last of `earlier` are answered again, within the same filter. Raises `QuestionError` where
    there are more than `MAX_EARLIER` or one can't be asked, and `LibraryError`.
    """
    if len(earlier) > MAX_EARLIER:
        raise QuestionError(
            "too_many_earlier",
            f"There are {len(earlier)} earlier questions; the limit is {MAX_EARLIER}.",
            count=len(earlier),
            limit=MAX_EARLIER,
        )
    if not earlier and check_question(question.text) is None:
        # Nothing to lean on, and nothing that will lean on it.
        return Understood(question, Resumed(question.text, question.text, new_topic=True))
    dialogue = Dialogue(answerer, today)
    asked = []
    for number, text in enumerate(earlier):
        language = guess_language(text, earlier[:number])
        each = read_question(text, language, question.within, today)
        if check_question(each.text) is None:
            asked.append(each)
    for each in asked[:-_LOOKED_BACK]:
        dialogue.recall(each)
    for each in asked[-_LOOKED_BACK:]:
        dialogue.ask(each, 1)
    return dialogue.understand(question)


def guess_language(text: str, earlier: Sequence[str]) -> Language | None:
    """Return the language of a question that is too short to tell its own: that of those before.

    None where it is to be told from the question itself.
    """
    for number, each in reversed(list(enumerate([*earlier, text]))):
        if len(each.split()) > MAX_SHORT_WORDS:
            return None if number == len(earlier) else read_question(each).language
    return None
