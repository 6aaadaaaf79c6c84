"""A verification in words, a line a quote."""

import unicodedata

from massilia.service.messages import Messages
from massilia.service.printing import QUOTATION_MARKS
from massilia.service.verification import Place, Reason, Verdict, Verification, VerifiedQuote


def describe_verification(verification: Verification, messages: Messages) -> list[str]:
    """Return a line for each quote, or the one that says that there is none."""
    if not verification.quotes:
        return [messages.text("verification.nothing")]
    return [_describe_quote(each, messages) for each in verification.quotes]


def _describe_quote(verified: VerifiedQuote, messages: Messages) -> str:
    quote = verified.quote
    verdict = messages.text(f"verification.{verified.verdict}")
    position = messages.text("answer.position", start=str(quote.start), end=str(quote.end))
    place = f"{_write_on_a_line(quote.title)}, {position}"
    line = f"{verdict:<10} {_quote(quote.text, messages)} ({place})"
    notes = []
    if verified.reason:
        notes.append(messages.text(f"verification.{verified.reason}"))
    if verified.now and verified.verdict in (Verdict.MOVED, Verdict.CHANGED):
        notes.append(_describe_place(verified.now, verified, messages))
    if verified.elsewhere:
        articles = ", ".join(verified.elsewhere)
        notes.append(messages.text("verification.elsewhere", articles=articles))
    return messages.text("scope.separator").join([line, *notes])


def _describe_place(now: Place, verified: VerifiedQuote, messages: Messages) -> str:
    place = messages.text("verification.now", start=str(now.start), end=str(now.end))
    # What differs in its spaces or its encoding alone looks the same on a line.
    if verified.reason in (Reason.WORDING, Reason.REPLACED):
        return f"{place} {_quote(now.text, messages)}"
    return place


def _quote(text: str, messages: Messages) -> str:
    opening, closing = QUOTATION_MARKS[messages.language]
    return f"{opening}{_write_on_a_line(text)}{closing}"


def _write_on_a_line(text: str) -> str:
    # A receipt may come from anyone; a control character would be a command to the terminal.
    return "".join(
        "\ufffd" if unicodedata.category(each) == "Cc" else each for each in " ".join(text.split())
    )
