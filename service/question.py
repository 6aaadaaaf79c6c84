"""A question, checked before anything is looked for."""

import unicodedata
from dataclasses import dataclass

from massilia.corpus.article import Language
from massilia.corpus.errors import MassiliaError
from massilia.ingest.language import detect_language

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
    """Hold a question as it is searched for, and the language that it is answered in."""

    text: str
    language: Language


def read_question(text: str, language: Language | None = None) -> Question:
    """Return the question in `text`; its language is detected where none is given.

    Line ends, tabs and runs of white space count as one space. Raises `QuestionError` for a text
    that is empty, too long, or holds control characters or half a surrogate pair.
    """
    for position, character in enumerate(text):
        category = unicodedata.category(character)
        if category == "Cs" or (category == "Cc" and not character.isspace()):
            name = f"U+{ord(character):04X}"
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
    return Question(question, language or detect_language(question))
