"""Where the lines of a text stand in the source that it was rendered from."""

from collections.abc import Iterator
from typing import Final

from massilia.corpus.pattern import Pattern
from massilia.ingest.extraction import Run

REACH: Final = 2_000
"""How far behind the last word the next one is looked for: further off, it is another."""
_LINE: Final = Pattern(r"[^\n]+")
# Without the signs around it: a source may have marks in between ("*quay*.").
_WORD: Final = Pattern(r"\w+")


def align_text(text: str, source: str, start: int = 0) -> tuple[Run, ...]:
    """Return runs that are the same in a text and its source, in the order of both.

    What stands before `start` in the source is not looked at. A line is looked for whole, then word
    by word: between words a source may have marks of its own ("**", "[", "](https://...)"). What
    isn't found has no run.
    """
    runs: list[Run] = []
    for run in _find_runs(text, source, start):
        last = runs[-1] if runs else None
        if last and _are_joined(last, run, text, source):
            runs[-1] = Run(last.start, run.end, last.original_start, run.original_end)
        else:
            runs.append(run)
    return tuple(runs)


def _find_runs(text: str, source: str, position: int) -> Iterator[Run]:
    for line in _LINE.finditer(text):
        start, end = line.span()
        place = _find(line[0], source, position)
        if place >= 0:
            position = place + end - start
            yield Run(start, end, place, position)
            continue
        for run in _find_words(text, start, end, source, position):
            position = run.original_end
            yield run


def _find_words(text: str, start: int, end: int, source: str, position: int) -> Iterator[Run]:
    while word := _WORD.search(text, start, end):
        start = word.end()
        place = _find(word[0], source, position)
        if place < 0:
            continue
        position = place + len(word[0])
        while (
            start < end and not text[start].isspace() and source.startswith(text[start], position)
        ):
            start += 1
            position += 1
        yield Run(word.start(), start, place, position)


def _find(text: str, source: str, position: int) -> int:
    return source.find(text, position, position + REACH + len(text))


def _are_joined(first: Run, second: Run, text: str, source: str) -> bool:
    """Tell whether the same stands between two runs in the text and in its source."""
    between = text[first.end : second.start]
    return between == source[first.original_end : second.original_start]
