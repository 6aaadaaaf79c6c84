import io
import os
import re
import select
from collections.abc import Iterator
from typing import TextIO

import pytest

from massilia.service.progress import show_progress, show_progress_if_any


class Terminal:
    """Stand between a pseudo-terminal's two ends: `stream` is written to, `read` says what came."""

    def __init__(self) -> None:
        self._master, slave = os.openpty()
        self.stream: TextIO = os.fdopen(slave, "w")

    def read(self) -> str:
        self.stream.flush()
        shown = b""
        # The kernel hands over what was written in pieces.
        while select.select([self._master], [], [], 0.5)[0]:
            shown += os.read(self._master, 65_536)
        return shown.decode()

    def close(self) -> None:
        self.stream.close()
        os.close(self._master)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    opened = Terminal()
    yield opened
    opened.close()


def test_a_terminal_gets_a_bar_with_the_counts(terminal: Terminal) -> None:
    with show_progress("Encoding the library", 8, terminal.stream) as advance:
        advance(3)
        advance(5)
    shown = terminal.read()
    assert "Encoding the library" in shown
    assert "8/8" in shown
    assert "━" in shown
    assert "of 8" not in shown


def test_a_bar_gives_the_cursor_back_when_the_step_fails(terminal: Terminal) -> None:
    with (
        pytest.raises(RuntimeError, match="disk"),
        show_progress("Encoding", 8, terminal.stream) as advance,
    ):
        advance(3)
        raise RuntimeError("disk")
    shown = terminal.read()
    hidden, given_back = "\x1b[?25l", "\x1b[?25h"
    assert shown.rindex(given_back) > shown.index(hidden)


@pytest.mark.parametrize(
    ("total", "parts", "lines"),
    [
        (8, [1] * 8, ["2 of 8", "4 of 8", "6 of 8", "8 of 8"]),
        (8, [3, 5], ["3 of 8", "8 of 8"]),
        (219, [8] * 27 + [3], ["56 of 219", "112 of 219", "168 of 219", "219 of 219"]),
        (1, [1], ["1 of 1"]),
        (3, [0, 0, 3], ["3 of 3"]),
        (8, [1], []),
        (0, [], []),
    ],
)
def test_elsewhere_a_step_writes_at_most_four_plain_lines(
    total: int, parts: list[int], lines: list[str]
) -> None:
    stream = io.StringIO()
    with show_progress("Asking", total, stream) as advance:
        for count in parts:
            advance(count)
    assert stream.getvalue().splitlines() == [f"Asking: {line}" for line in lines]
    assert re.search(r"[\x00-\x09\x0b-\x1f]", stream.getvalue()) is None


def test_progress_goes_to_standard_error_and_nothing_to_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with show_progress("Asking", 4) as advance:
        advance(4)
    with show_progress_if_any("Preparing") as report:
        report(10, 10)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "Asking: 4 of 4\nPreparing: 10 of 10\n"


def test_a_step_that_was_done_already_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress_if_any("Preparing"):
        pass
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_a_step_that_reports_where_it_stands_is_shown_from_its_first_report(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is told totals, not parts: 4 then 6 of 8 are 4 and 2 more."""
    with show_progress_if_any("Preparing") as report:
        report(0, 8)
        report(4, 8)
        report(6, 8)
        report(8, 8)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"Preparing: {done} of 8" for done in (4, 6, 8)]


def test_without_a_standard_error_a_step_goes_on_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    with show_progress("Asking", 1) as advance:
        advance(1)
