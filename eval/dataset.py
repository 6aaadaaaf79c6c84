"""Data sets: a foreign corpus, its questions and its judgements, whatever files they came in."""

import re
from dataclasses import dataclass

from massilia.corpus.article import Article, Language, normalise_text
from massilia.corpus.document import normalise_line
from massilia.corpus.errors import MassiliaError, show_value
from massilia.eval.question_set import ExpectedAnswer

# Control characters other than tab and line feed, and halves of surrogate pairs: Unicode's
# categories Cc and Cs.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class DatasetError(MassiliaError):
    """A data set can't be read; the message names every fault by file and line."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Hold the articles of a corpus and the questions asked of it.

    `unjudged` counts the questions that the files hold and nobody has judged an article for:
    usually those of another split. They aren't asked.
    """

    name: str
    articles: tuple[Article, ...]
    questions: tuple[ExpectedAnswer, ...]
    unjudged: int = 0


def check_id(value: object, key: str) -> str:
    """Return the id that stands under `key`.

    Raises `ValueError` where there is none, and for one that holds white space or a control
    character, which no file of TREC's can.
    """
    text = _check_text(value, key)
    if not text:
        raise ValueError(f"{key!r} is empty")
    if _CONTROL.search(text) or any(character.isspace() for character in text):
        raise ValueError(f"{key!r} holds white space or a control character: {show_value(text)}")
    return text


def check_language(value: object) -> Language:
    """Return the language of a code; raises `ValueError` for one that Massilia doesn't speak."""
    try:
        return Language(value)  # type: ignore[arg-type] # whatever else it is, is refused
    except ValueError:
        known = " or ".join(Language)
        raise ValueError(f"the language must be {known}, not {show_value(value)}") from None


def clean_text(value: object, key: str) -> str:
    """Return the text under `key` in the form that is stored (see `normalise_text`).

    Raises `ValueError` for what is no text, or holds a control character other than tab and line
    end, or half a surrogate pair.
    """
    text = normalise_text(_check_text(value, key))
    if found := _CONTROL.search(text):
        name = f"U+{ord(found.group()):04X}"
        raise ValueError(f"{key!r} holds the control character {name} at position {found.start()}")
    return text


def clean_title(value: object, key: str) -> str:
    """Return the title under `key` as one line (see `normalise_line`); None is an empty one.

    Raises `ValueError` as `clean_text` does.
    """
    return "" if value is None else normalise_line(clean_text(value, key)) or ""


def clean_line(value: object, key: str) -> str:
    """Return the question, or the like, under `key` in NFC, runs of white space as one space.

    It may be of any length. Raises `ValueError` as `clean_text` does, and where it is empty.
    """
    line = clean_text(" ".join(_check_text(value, key).split()), key)
    if not line:
        raise ValueError(f"{key!r} is empty")
    return line


def clean_filled_text(value: object, key: str) -> str:
    """Return a text as `clean_text` does; raises `ValueError` for a blank one too."""
    text = clean_text(value, key)
    if not text.strip():
        raise ValueError(f"{key!r} is empty")
    return text


def _check_text(value: object, key: str) -> str:
    if value is None:
        raise ValueError(f"no {key!r}")
    if not isinstance(value, str):
        raise ValueError(f"{key!r} must be a text, not {show_value(value)}")
    return value
