"""Questions asked in a run, those of a conversation in the light of its earlier turns."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from massilia.eval.question_set import ExpectedAnswer
from massilia.index.filter import EVERYTHING, Filter
from massilia.service.answer import Answer
from massilia.service.answerer import Answerer
from massilia.service.composition import compose_answer
from massilia.service.conversation import resume
from massilia.service.finding import Finding
from massilia.service.negation import asks_for_what_is_not
from massilia.service.question import MAX_CHARACTERS, Question, read_question
from massilia.service.question_check import check_question
from massilia.service.question_dates import DateSpan, read_date_spans
from massilia.service.question_parts import split_questions
from massilia.service.turns import Resumed, Turn


@dataclass(frozen=True, slots=True)
class Asked:
    """Hold a question as it was searched with, what was found for it, and its answer.

    `resumed` says what it took from the turns before it, None for one of no conversation.
    """

    question: Question
    resumed: Resumed | None
    finding: Finding
    answer: Answer


class Conversations:
    """Ask questions of a library; a turn of a conversation follows all those before it.

    What it leans on are the system's own answers to them, right or wrong, as a reader has them
    before his eyes. Dates are counted from `today`; without it none is read.
    """

    def __init__(
        self,
        answerer: Answerer,
        questions: Sequence[ExpectedAnswer],
        within: Filter = EVERYTHING,
        today: date | None = None,
    ) -> None:
        self._answerer = answerer
        self._within = within
        self._today = today
        self._turns: dict[str, Turn | None] = {}
        self._conversations: dict[str, list[ExpectedAnswer]] = defaultdict(list)
        for each in questions:
            if each.conversation is not None and each.turn is not None:
                self._conversations[each.conversation].append(each)
        for turns in self._conversations.values():
            turns.sort(key=_number)

    def list_earlier(self, expected: ExpectedAnswer) -> list[ExpectedAnswer]:
        """Return the questions of the same conversation with lower turns, the first of them first.

        There are none before a question that belongs to no conversation.
        """
        if expected.conversation is None or expected.turn is None:
            return []
        turns = self._conversations[expected.conversation]
        return [each for each in turns if _number(each) < expected.turn]

    def ask(self, expected: ExpectedAnswer) -> Asked:
        """Ask one question; earlier turns that haven't been asked yet are asked before it."""
        question = self._read(expected)
        if expected.conversation is None or expected.turn is None:
            return self._find(question, None)
        if check_question(question.text) is not None:
            self._turns[expected.id] = None
            return self._find(question, None)
        turns = [self._recall(each) for each in self.list_earlier(expected)]
        leaned_on = [each for each in turns if each is not None]
        # What follows is what `service.dialogue.Dialogue` does, which gives no finding.
        resumed = resume(question.text, question.language, leaned_on)
        if resumed.rewritten:
            dates = self._read_dates(resumed.text, expected)
            question = replace(question, text=resumed.text, dates=dates)
        asked = self._find(question, resumed)
        self._turns[expected.id] = _make_turn(asked.answer, resumed)
        return asked

    def _recall(self, expected: ExpectedAnswer) -> Turn | None:
        if expected.id not in self._turns:
            self.ask(expected)
        return self._turns[expected.id]

    def _find(self, question: Question, resumed: Resumed | None) -> Asked:
        finding = self._answerer.find(question)
        return Asked(question, resumed, finding, answer_finding(self._answerer, finding))

    def _read(self, expected: ExpectedAnswer) -> Question:
        text, language = expected.question, expected.language
        # Foreign data sets have questions that the service would refuse for their length.
        if len(text) > MAX_CHARACTERS:
            return Question(text, language, self._within, self._read_dates(text, expected))
        return read_question(text, language, self._within, self._today)

    def _read_dates(self, text: str, expected: ExpectedAnswer) -> tuple[DateSpan, ...]:
        return read_date_spans(text, expected.language, self._today) if self._today else ()


def answer_finding(answerer: Answerer, finding: Finding) -> Answer:
    """Return what `answerer` answers to the question of a finding, without finding it again.

    It does so for the few that it answers otherwise than from what is found for their text: what
    asks nothing, what asks for what is not, and what asks two questions.
    """
    text = finding.question.text
    if check_question(text) or asks_for_what_is_not(text) or len(split_questions(text)) > 1:
        return answerer.answer(finding.question)
    return compose_answer(finding)


def _number(expected: ExpectedAnswer) -> int:
    assert expected.turn is not None
    return expected.turn


def _make_turn(answer: Answer, resumed: Resumed) -> Turn:
    """Return what later questions may lean on."""
    first = answer.quotes[0] if answer.quotes else None
    return Turn(
        question=resumed.asked,
        text=resumed.text,
        language=answer.question.language,
        names=resumed.names,
        quote=first.text if first else None,
        title=first.citation.title if first else None,
    )
