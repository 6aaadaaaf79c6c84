"""Regular expressions that are compiled when they are first used."""

import re
from collections.abc import Callable, Iterator
from typing import Final

_METHODS: Final = ("finditer", "findall", "fullmatch", "match", "search", "split", "sub")


class Pattern:
    """Match as `re.compile(pattern, flags)` does, which the first use of a method calls.

    All the patterns of a command take 0.04 s to compile, and a question needs half of them.
    """

    __slots__ = ("_flags", "pattern", *_METHODS)

    finditer: Callable[..., Iterator[re.Match[str]]]
    findall: Callable[[str], list[str]]
    fullmatch: Callable[..., re.Match[str] | None]
    match: Callable[..., re.Match[str] | None]
    search: Callable[..., re.Match[str] | None]
    split: Callable[..., list[str]]
    sub: Callable[..., str]

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Callable[..., object]:
        # Called for what isn't set, as a method is until now.
        if name not in _METHODS:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        compiled = re.compile(self.pattern, self._flags)
        for method in _METHODS:
            setattr(self, method, getattr(compiled, method))
        found: Callable[..., object] = getattr(compiled, name)
        return found
