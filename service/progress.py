"""Progress of long steps, on standard error: a bar on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TextIO

from massilia.index.encoder import Advance

PLAIN_STEPS = 4
"""How many lines a long step writes where there is no terminal."""


@contextmanager
def show_progress(label: str, total: int, stream: TextIO | None = None) -> Iterator[Advance]:
    """Show how far a step of `total` parts has come; yields what is called as parts are done."""
    stream = stream or sys.stderr
    # Python has no standard error where its caller closed it.
    if stream is None:
        yield lambda count: None
        return
    if not stream.isatty():
        yield _PlainProgress(label, total, stream).advance
        return
    # Imported here: it takes a twentieth of a second, and most commands draw nothing.
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=stream)) as progress:
        task = progress.add_task(label, total=total)
        yield lambda count: progress.advance(task, count)


@contextmanager
def show_progress_if_any(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show a step that may turn out to be done already, from when it first says how far it is.

    Yields what is called with how much is done and the total.
    """
    with ExitStack() as stack:
        advance: Advance | None = None
        last = 0

        def report(done: int, total: int) -> None:
            nonlocal advance, last
            if advance is None:
                advance = stack.enter_context(show_progress(label, total))
            advance(done - last)
            last = done

        yield report


@dataclass(slots=True)
class _PlainProgress:
    label: str
    total: int
    stream: TextIO
    done: int = 0

    def advance(self, count: int) -> None:
        before = self.done * PLAIN_STEPS // max(self.total, 1)
        self.done += count
        if self.done * PLAIN_STEPS // max(self.total, 1) > before:
            self.stream.write(f"{self.label}: {self.done} of {self.total}\n")
            self.stream.flush()
