"""The errors that people are shown."""


class MassiliaError(Exception):
    """Say what is wrong, naming the thing and the value, in words that are shown as they are."""


class ArticleError(MassiliaError):
    """A file cannot be read as an article."""

    def __init__(self, origin: str, reason: str, line: int | None = None) -> None:
        place = origin if line is None else f"{origin}, line {line}"
        super().__init__(f"{place}: {reason}")
        self.origin = origin
        self.reason = reason
        self.line = line
