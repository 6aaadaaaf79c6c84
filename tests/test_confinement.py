import gc
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from massilia.ingest import confinement
from massilia.ingest.confinement import (
    MAX_WAITING,
    Confined,
    ConfinedReader,
    ConfinementError,
    Limits,
    run_confined,
)
from tests import confined_jobs
from tests.conftest import ROOT
from tests.made_documents import BOMBS, SENTENCE, make_pdf, read_made, write_line

PATIENT = Limits(seconds=30)
HASTY = Limits(seconds=1, memory=200_000_000, output=1_000_000)


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the children import the tests' modules, as they do this process's path."""
    monkeypatch.syspath_prepend(str(ROOT))


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    # What other tests left behind is closed first, or it would be in the middle.
    gc.collect()
    before = list_children(), len(os.listdir("/proc/self/fd"))
    yield
    gc.collect()
    assert (list_children(), len(os.listdir("/proc/self/fd"))) == before


def list_children() -> set[int]:
    own = Path("/proc", str(os.getpid()), "task", str(os.getpid()), "children")
    return {int(child) for child in own.read_text().split()}


def wait_until(happens: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not happens() and time.monotonic() < end:
        time.sleep(0.02)
    return happens()


def is_alive(process: int) -> bool:
    """Tell whether a process runs; one that has ended may wait to be taken note of."""
    try:
        return ") Z " not in Path("/proc", str(process), "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def misbehave(*jobs: str, workers: int = 1, limits: Limits = HASTY) -> list[tuple[object, str]]:
    """Return the result and the fault of each job."""
    confined = list(run_confined(confined_jobs.misbehave, jobs, workers, limits))
    assert [each.job for each in confined] == list(jobs)
    assert all((each.fault is None) or each.result is None for each in confined)
    return [(each.result, each.fault or "") for each in confined]


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_in_the_order_of_the_jobs(workers: int) -> None:
    jobs = [f"job {number}" * (1 + number % 7 * 9_000) for number in range(200)]
    confined = list(run_confined(confined_jobs.echo, jobs, workers, PATIENT))
    assert [each.job for each in confined] == jobs
    assert [each.result for each in confined] == jobs
    assert all(each.fault is None and each.memory > 0 for each in confined)


def test_without_jobs_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert list(run_confined(confined_jobs.echo, [], 2)) == []


def test_no_more_children_are_started_than_there_are_jobs_or_workers() -> None:
    for jobs, workers, expected in [(1, 4, 1), (40, 3, 3), (40, 1, 1)]:
        results = run_confined(confined_jobs.name_process, range(jobs), workers, PATIENT)
        assert len({each.result for each in results}) <= expected


def test_children_work_at_the_same_time(tmp_path: Path) -> None:
    confined = list(run_confined(confined_jobs.wait_for_others, [tmp_path] * 2, 2, PATIENT))
    assert len({each.result for each in confined}) == 2


def test_large_jobs_and_results_pass_through() -> None:
    jobs = [os.urandom(20_000_000), b"", os.urandom(300_000)]
    assert [each.result for each in run_confined(confined_jobs.echo, jobs, 2, PATIENT)] == jobs


def count_taken_while_one_sleeps(size: int, workers: int = 2) -> int:
    """Return how many jobs are taken until the first, which takes a second, is done."""
    taken = count()

    def jobs() -> Iterator[str]:
        yield "sleep 1"
        while next(taken) < 100_000:
            yield "1" * size

    with closing(run_confined(confined_jobs.misbehave, jobs(), workers, PATIENT)) as results:
        next(results)
        return next(taken)


def test_few_jobs_are_taken_before_the_one_that_is_waited_for() -> None:
    taken = count_taken_while_one_sleeps(10)
    assert MAX_WAITING < taken <= 2 * MAX_WAITING + 2


def test_large_jobs_wait_until_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confinement, "MAX_WAITING_BYTES", 10_000_000)
    # Each is counted with its result.
    assert 1 <= count_taken_while_one_sleeps(1_500_000) <= 6


@pytest.mark.parametrize(
    ("job", "fault"),
    [
        ("spin", "took more than 1 s to read"),
        ("claim", "needed more than 200 MB of memory"),
        ("fill", "needed more than 200 MB of memory"),
        ("fill-and-abort 150000000", "needed more than 200 MB of memory"),
        ("abort", "its reader crashed (SIGABRT), for want of memory perhaps"),
        ("dangle", "its reader crashed (SIGSEGV)"),
        ("die", "its reader crashed (SIGKILL), for want of memory perhaps"),
        ("exit 3", "its reader crashed (exit status 3)"),
        ("leave 4", "its reader crashed (exit status 4)"),
        ("fail", "its reader failed: KeyError: '/Root'"),
        ("recurse", "its reader failed: RecursionError: maximum recursion depth exceeded"),
        ("refuse", "no good"),
        ("refuse 3", "line 3: no good"),
        ("answer 3000000", "gives 3 MB, more than the limit of 1 MB"),
    ],
)
def test_a_bad_document_costs_no_other(job: str, fault: str) -> None:
    first, bad, *others = misbehave("one", job, "two", "three")
    assert bad[0] is None
    assert bad[1].startswith(fault)
    assert [first, *others] == [("one", ""), ("two", ""), ("three", "")]


def test_what_cannot_be_brought_over_is_a_fault() -> None:
    (found,) = misbehave("lambda")
    assert found[1].startswith("its reader failed: ")
    with pytest.raises((AttributeError, TypeError), match=r"pickle|local"):
        list(run_confined(lambda job: job, [1], 1))


def test_bad_documents_among_good_ones_leave_the_order_as_it_is() -> None:
    bad = ["spin", "die", "dangle", "fail", "claim", "exit 1", "abort"]
    jobs = [each for name in bad for each in (f"good {name}", name)] * 2
    found = misbehave(*jobs, workers=2)
    assert [result for result, _ in found] == [None if job in bad else job for job in jobs]
    assert [bool(fault) for _, fault in found] == [job in bad for job in jobs]


def test_time_and_memory_are_told() -> None:
    small, large, late = run_confined(
        confined_jobs.misbehave, ["x", "answer 90000000", "spin"], 1, Limits(seconds=1)
    )
    assert 0 < small.memory < 60e6 < 90e6 < large.memory < 400e6
    assert small.seconds < late.seconds
    assert late.seconds >= 1
    # What the one before needed isn't counted.
    assert 0 < late.memory < 60e6


def test_memory_is_counted_on_top_of_what_a_child_has() -> None:
    jobs = [60_000_000, 60_000_000, 60_000_000, 60_000_000]
    confined = list(run_confined(confined_jobs.grow, jobs, 1, HASTY))
    assert [each.fault for each in confined] == [None] * 4
    # One that has grown by half of what it may is replaced.
    processes = [each.result for each in confined]
    assert processes[0] == processes[1] != processes[2] == processes[3]


def test_a_child_that_ends_between_two_documents_is_replaced() -> None:
    def jobs() -> Iterator[str]:
        yield "one"
        while not children:
            yield "more"
        os.kill(children[0], signal.SIGKILL)
        assert wait_until(lambda: not is_alive(children[0]))
        yield "two"

    children: list[int] = []
    results = run_confined(confined_jobs.echo, jobs(), 1, PATIENT)
    assert next(results).result == "one"
    children += list_children()
    rest = list(results)
    assert rest[-1] == Confined("two", "two", None, rest[-1].seconds, rest[-1].memory)


def test_time_that_whoever_asks_takes_is_not_a_childs() -> None:
    jobs = ["one", "answer 900000", "three", "answer 900000"]
    results = run_confined(confined_jobs.misbehave, jobs, 2, HASTY)
    found = []
    for each in results:
        time.sleep(1.5)
        found.append(each.fault)
    assert found == [None] * 4


def test_a_child_is_limited_and_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    (confined,) = run_confined(confined_jobs.describe_process, [1], 1, HASTY)
    described = confined.result
    assert described is not None
    assert described["core"] == (0, 0)
    assert isinstance(described["space"], int)
    assert HASTY.memory < described["space"] < HASTY.memory + 300_000_000
    assert described["group"] and described["interrupt"]
    assert (described["threads"], described["score"]) == ("1", "1000")
    # Nothing of this process's but the socket; the last is that of the listing.
    assert len(described["files"]) == 5  # type: ignore[arg-type]
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY


def test_a_reader_keeps_its_process_until_that_ends_or_it_is_closed() -> None:
    before = list_children()
    reader = ConfinedReader(confined_jobs.grow, HASTY)
    assert list_children() == before
    first, second, third = (reader.read(60_000_000).result for _ in range(3))
    # One that has grown by half of what it may is replaced.
    assert first == second != third
    assert list_children() - before == {third}
    assert third is not None
    os.kill(third, signal.SIGKILL)
    assert wait_until(lambda: not is_alive(third))
    fourth = reader.read(1)
    assert fourth.fault is None and fourth.result != third
    reader.close()
    assert list_children() == before


def test_what_is_bad_costs_a_reader_no_other_document() -> None:
    reader = ConfinedReader(confined_jobs.misbehave, HASTY)
    jobs = ["one", "spin", "die", "answer 3000000", "refuse 3", "fill", "two"]
    found = [reader.read(job) for job in jobs]
    assert [each.job for each in found] == jobs
    assert [each.result for each in found] == ["one", *[None] * 5, "two"]
    assert [str(each.fault).partition(" ")[0] for each in found[1:-1]] == [
        *("took", "its", "gives", "line", "needed")
    ]
    reader.close()


def test_closing_early_ends_the_children() -> None:
    results = run_confined(confined_jobs.misbehave, ["one", "spin", "spin"], 2, PATIENT)
    assert next(results).result == "one"
    children = list_children()
    assert len(children) == 2
    results.close()
    assert not any(map(is_alive, children))


def test_what_the_jobs_raise_ends_the_children_and_goes_on() -> None:
    def jobs() -> Iterator[str]:
        yield "one"
        yield "spin"
        raise ZeroDivisionError

    results = run_confined(confined_jobs.misbehave, jobs(), 3, PATIENT)
    with pytest.raises(ZeroDivisionError):
        list(results)


def test_children_that_cannot_start_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ConfinementError, match="can't start: exit status 1"):
        list(run_confined(confined_jobs.echo, [1, 2, 3], 2))


def test_children_that_start_for_ever_are_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sleeper = tmp_path / "sleeper"
    sleeper.write_text("#!/bin/sh\nexec sleep 60\n")
    sleeper.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(sleeper))
    monkeypatch.setattr(confinement, "START_SECONDS", 0.3)
    with pytest.raises(ConfinementError, match=r"hasn't started in 0\.3 s"):
        list(run_confined(confined_jobs.echo, [1], 1))


SPINNING = """
import sys
from massilia.ingest.confinement import Limits, run_confined
from tests import confined_jobs
jobs = (["spin"] * 2 if sys.argv[1] == "spin" else map(str, range(10**9)))
parse = confined_jobs.misbehave
for each in run_confined(parse, jobs, 2, Limits(seconds=60)):
    pass
"""


@pytest.fixture(params=["spin", "echo"])
def busy(request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Start a process with two children at work, in a group of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", SPINNING, request.param],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )
    try:
        listing = Path("/proc", str(process.pid), "task", str(process.pid), "children")
        assert wait_until(lambda: len(listing.read_text().split()) == 2)
        # Until they are at work.
        time.sleep(0.5)
        yield process, [int(child) for child in listing.read_text().split()]
    finally:
        process.kill()
        process.communicate()


def test_no_child_outlives_its_parent_however_that_ends(
    busy: tuple[subprocess.Popen[str], list[int]],
) -> None:
    process, children = busy
    assert all(map(is_alive, children))
    process.kill()
    assert wait_until(lambda: not any(map(is_alive, children)))


def test_an_interrupt_from_the_keyboard_ends_all_at_once_and_quietly(
    busy: tuple[subprocess.Popen[str], list[int]],
) -> None:
    process, children = busy
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT
    assert output.count("Traceback") == 1
    assert output.rstrip().endswith("KeyboardInterrupt")
    assert not any(map(is_alive, children))


EXPECTED = {
    "DOCX, 10 GB of text": "unpacks to 4,294,968,0",
    "DOCX, 10 GB of text that claims 1 MB": "damaged: word/document.xml: Bad CRC-32",
    "DOCX, 10 GB of picture": "unpacks to 4,294,968,",
    "DOCX, a billion laughs": "damaged: word/document.xml: ",
    "DOCX, 100,000 elements deep": "damaged: word/document.xml: Excessive depth",
    "DOCX, 6 million elements": "damaged: word/document.xml: more than 2,000,000 elements",
    "DOCX, a million words in one cell": "docx, 4,000,0",
    "DOCX, 100,000 parts": "more than 5,000 parts",
    "DOCX, ZIPs in a ZIP": "it is a ZIP archive: unpack it",
    "PDF, 1 GB of text": "needed more than 1,000 MB of memory",
    "PDF, 10 GB of text, packed twice": "needed more than 1,000 MB of memory",
    "PDF, 10 GB of text, packed thrice": "needed more than 1,000 MB of memory",
    "PDF, 1 GB of cross-references": "damaged: no PDF can be read in it",
    "PDF, a page of 10^10 forms": "needed more than 1,000 MB of memory",
    "PDF, a million pages": "1,000,000 pages, more than the limit of 5,000",
    "PDF, pages that loop": "damaged: none of its pages can be read",
    "PDF, pages 100,000 deep": "damaged: none of its pages can be read",
    "PDF, a million brackets": "its pages show no text",
    "PDF, a million saved states": "pdf, 45 characters",
    "PDF, a page of 50,000 lines": "pdf, 19",
    "PDF, a title of 19 MB": "pdf, 45 characters",
    "JSON lines, 20 MB of brackets": "1 articles",
    "JSON lines, a million brackets deep": "made, line 1: not valid JSON: nested too deep",
}


def test_bombs_cost_what_they_may_and_no_other_document() -> None:
    good = make_pdf(write_line(SENTENCE))
    names = [name for name in BOMBS for _ in range(2)]
    jobs = (good if number % 2 else BOMBS[name]() for number, name in enumerate(names))
    outcomes: dict[str, str] = {}
    # Slow machines are no reason to fail.
    limits = Limits(seconds=120)
    for number, confined in enumerate(run_confined(read_made, jobs, 1, limits)):
        if number % 2:
            assert confined.result == "pdf, 45 characters", names[number]
        else:
            outcomes[names[number]] = confined.fault or str(confined.result)
            # What a child may need, and what it has with all that it imports.
            assert confined.memory < limits.memory + 300_000_000, names[number]
    assert outcomes.keys() == EXPECTED.keys()
    wrong = {
        name: outcome
        for name, outcome in outcomes.items()
        if not outcome.startswith(EXPECTED[name])
    }
    assert wrong == {}
