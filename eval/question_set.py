"""Question sets: one JSON object a line, each a question and what its answer must hold."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from massilia.corpus.article import Language
from massilia.corpus.errors import MassiliaError
from massilia.service.question import QuestionError, read_question

_REQUIRED = ("id", "language", "question", "answerable", "article_ids", "answers")
_OPTIONAL_TEXTS = (
    "need",
    "topic",
    "type",
    "form",
    "difficulty",
    "split",
    "unanswerable_kind",
    "conversation",
)


class QuestionSetError(MassiliaError):
    """A question set can't be read; the message names every faulty line."""


@dataclass(frozen=True, slots=True)
class GoldSpan:
    """Place a sentence that answers: code point offsets into its article's text."""

    article_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """Say how relevant an article is to a question: 0 is not at all."""

    article_id: str
    relevance: int = 1


@dataclass(frozen=True, slots=True)
class ExpectedAnswer:
    """Hold a question and its gold: the articles judged, and strings a quote may hold.

    `answers` is empty where a set of questions only says which articles are relevant, and `gold`
    where it doesn't say which sentences. An unanswerable question has none of the three;
    `unanswerable_kind` then says what is amiss with it. A `need` is asked in several languages,
    about one `topic`. `conversation` and `turn`, from 1, say where a question stands among others
    that lean on it.
    """

    id: str
    language: Language
    question: str
    answerable: bool
    qrels: tuple[Judgement, ...]
    answers: tuple[str, ...]
    gold: tuple[GoldSpan, ...] = ()
    need: str | None = None
    topic: str | None = None
    type: str | None = None
    form: str | None = None
    difficulty: str | None = None
    split: str | None = None
    unanswerable_kind: str | None = None
    conversation: str | None = None
    turn: int | None = None

    @property
    def article_ids(self) -> tuple[str, ...]:
        """Name the articles that answer."""
        return tuple(each.article_id for each in self.qrels if each.relevance > 0)


def read_question_set(
    path: Path, lengths: Mapping[str, int] | None = None
) -> tuple[ExpectedAnswer, ...]:
    """Return the questions of a JSONL file; fields other than those of the gold are left alone.

    Given the `lengths` of the library's articles by id, an article or a place that isn't there is
    a fault too. Raises `QuestionSetError`, with every fault of the file, before anything is run.
    """
    try:
        # Not `splitlines`: a JSON text may hold U+2028 and other ends of lines as they are.
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise QuestionSetError(f"{path} is not UTF-8 text: {error.reason}.") from error
    except OSError as error:
        raise QuestionSetError(f"{path} can't be read: {error.strerror}.") from error
    questions: dict[str, ExpectedAnswer] = {}
    faults: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            question = _parse_line(line)
            if lengths is not None:
                _check_places(question, lengths)
            if question.id in questions:
                raise ValueError(f"the id {question.id!r} stands on an earlier line too")
            questions[question.id] = question
        except (ValueError, QuestionError) as error:
            faults.append(f"{path.name}, line {number}: {error}")
    if not questions and not faults:
        faults.append(f"{path.name} holds no question")
    if faults:
        raise QuestionSetError("\n".join(faults))
    return tuple(questions.values())


def _check_places(question: ExpectedAnswer, lengths: Mapping[str, int]) -> None:
    for article_id in question.article_ids:
        if article_id not in lengths:
            raise ValueError(f"the library has no article {article_id!r}")
    for span in question.gold:
        if span.article_id not in lengths:
            raise ValueError(f"the library has no article {span.article_id!r}")
        if span.end > lengths[span.article_id]:
            raise ValueError(
                f"'gold' ends at {span.end}, and {span.article_id!r} has "
                f"{lengths[span.article_id]:,} characters"
            )


def _parse_line(line: str) -> ExpectedAnswer:
    try:
        values = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"not valid JSON: {error.msg}") from error
    except RecursionError as error:
        raise ValueError("not valid JSON: nested too deep") from error
    if not isinstance(values, dict):
        raise ValueError("not a JSON object")
    missing = [key for key in _REQUIRED if key not in values]
    if missing:
        raise ValueError(f"no {', '.join(missing)}")
    answerable = values["answerable"]
    if not isinstance(answerable, bool):
        raise ValueError(f"'answerable' must be true or false, not {answerable!r}")
    question = ExpectedAnswer(
        id=_text(values, "id"),
        language=_language(values),
        question=_text(values, "question"),
        answerable=answerable,
        qrels=tuple(map(Judgement, _texts(values, "article_ids"))),
        answers=_texts(values, "answers"),
        gold=_gold(values),
        turn=_turn(values),
        **{key: _optional_text(values, key) for key in _OPTIONAL_TEXTS},
    )
    if answerable and not (question.article_ids and question.answers):
        raise ValueError("an answerable question needs article_ids and answers")
    if not answerable and (question.article_ids or question.answers or question.gold):
        raise ValueError("an unanswerable question has no article_ids, no answers and no gold")
    # Raises for one that can't be asked.
    read_question(question.question, question.language)
    return question


def _language(values: Mapping[str, object]) -> Language:
    try:
        return Language(_text(values, "language"))
    except ValueError as error:
        known = " or ".join(Language)
        raise ValueError(f"'language' must be {known}, not {values['language']!r}") from error


def _gold(values: Mapping[str, object]) -> tuple[GoldSpan, ...]:
    spans = values.get("gold", [])
    try:
        # A span of another shape fails here, whatever is wrong with it.
        gold = [GoldSpan(**span) for span in spans]  # type: ignore[attr-defined]
    except TypeError as error:
        raise ValueError(f"'gold' must list article_id, start and end, not {spans!r}") from error
    for span in gold:
        ids = isinstance(span.article_id, str) and type(span.start) is type(span.end) is int
        if not ids or not 0 <= span.start < span.end:
            raise ValueError(f"'gold' must list article_id, start and end, not {span}")
    return tuple(gold)


def _turn(values: Mapping[str, object]) -> int | None:
    turn = values.get("turn")
    if turn is not None and (type(turn) is not int or turn < 1):
        raise ValueError(f"'turn' must count from 1, not {turn!r}")
    return turn


def _optional_text(values: Mapping[str, object], key: str) -> str | None:
    return None if values.get(key) is None else _text(values, key)


def _text(values: Mapping[str, object], key: str) -> str:
    value = values[key]
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key!r} must be a text, not {value!r}")
    return value


def _texts(values: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = values[key]
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise ValueError(f"{key!r} must be a list of texts, not {value!r}")
    return tuple(value)
