"""A question, checked before anything is looked for."""

import unicodedata
from dataclasses import dataclass
from datetime import date

from massilia.corpus.article import Language
from massilia.corpus.errors import MassiliaError
from massilia.index.filter import EVERYTHING, Filter
from massilia.ingest.question_language import detect_question_language
from massilia.service.question_dates import DateSpan, read_date_spans

MAX_CHARACTERS = 500
"""About 120 words. The encoder reads 512 tokens, and no character makes more than one of them
but for a few compatibility signs, so nothing of a question is cut off unread."""

MAX_BEFORE_NORMALISING = 4 * MAX_CHARACTERS
"""No letter of French or English is written with more than four code points, marks included."""


class QuestionError(MassiliaError):
    """A question can't be asked as it stands.

    `code` names the fault for programs and translations, `values` what the message says of it.
    """

    def __init__(self, code: str, message: str, **values: object) -> None:
        super().__init__(message)
        self.code = code
        self.values = values


@dataclass(frozen=True, slots=True)
class Question:
    """Hold a question as it is searched for, the language it is answered in, and where to look.

    `dates` are those it names, to be made use of. `other_language` is the ISO 639-1 code of the
    language it is in, where that is certainly none of those that Massilia speaks.
    """

    text: str
    language: Language
    within: Filter = EVERYTHING
    dates: tuple[DateSpan, ...] = ()
    other_language: str | None = None


def read_question(
    text: str,
    language: Language | None = None,
    within: Filter = EVERYTHING,
    today: date | None = None,
) -> Question:
    """Return the question in `text`; its language is detected where none is given.

    Line ends, tabs and runs of white space count as one space. Given `today`, the question's dates
    are read; without it, it has none. Raises `QuestionError` for a text that is empty, too long,
    or holds control characters or half a surrogate pair.
    """
    if unreadable := find_unreadable(text):
        name, position = unreadable
        raise QuestionError(
            "control_character",
            f"The question holds the control character {name} at position {position}.",
            character=name,
            position=position,
        )
    question = " ".join(text.split())
    # Ordering a run of combining marks takes a time that grows with its square.
    if len(question) <= MAX_BEFORE_NORMALISING:
        question = unicodedata.normalize("NFC", question)
    if not question:
        raise QuestionError("empty", "The question is empty.")
    if len(question) > MAX_CHARACTERS:
        raise QuestionError(
            "too_long",
            f"The question has {len(question):,} characters; the limit is {MAX_CHARACTERS}.",
            length=len(question),
            limit=MAX_CHARACTERS,
        )
    detected = detect_question_language(question)
    language = language or detected.language
    dates = read_date_spans(question, language, today) if today else ()
    return Question(question, language, within, dates, detected.other)


def find_unreadable(text: str) -> tuple[str, int] | None:
    """Return the name (U+0007) and place of the first control character or half surrogate pair.

    White space of any kind isn't counted as such.
    """
    for position, character in enumerate(text):
        category = unicodedata.category(character)
        if category == "Cs" or (category == "Cc" and not character.isspace()):
            return f"U+{ord(character):04X}", position
    return None
