"""The questions asked before one, as they are given with it."""

from collections.abc import Iterable

from massilia.service.dialogue import MAX_EARLIER
from massilia.service.question import QuestionError, read_question


class EarlierError(QuestionError):
    """An earlier question can't be given as it stands."""


def read_earlier(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the earlier questions in `texts`, the first of them first; blank ones are left out.

    Raises `EarlierError` where there are more than `MAX_EARLIER`, and for one that is too long or
    holds control characters.
    """
    given = [text for text in texts if text.strip()]
    if len(given) > MAX_EARLIER:
        raise EarlierError(
            "too_many_earlier",
            f"There are {len(given)} earlier questions; the limit is {MAX_EARLIER}.",
            count=len(given),
            limit=MAX_EARLIER,
        )
    return tuple(_read(text, number) for number, text in enumerate(given, start=1))


def _read(text: str, number: int) -> str:
    try:
        return read_question(text).text
    except QuestionError as error:
        raise EarlierError(
            f"earlier_{error.code}",
            f"Earlier question {number} can't be read: {error}",
            number=number,
            **error.values,
        ) from error
