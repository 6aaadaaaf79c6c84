"""Documents parsed in child processes, with limits: a bad one costs nothing but itself.

Parsers of PDF and XML are libraries in C, which a document can crash, keep busy for ever, or make
fill the memory. So they run in processes of their own: fresh interpreters, each of which parses one
document after another, not forks, which would copy the threads' locks of whoever calls. The limits
keep accidents and bombs in bounds; a child may still do all that its user may.
"""

import json
import os
import pickle
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from massilia.corpus.errors import MassiliaError
from massilia.ingest.confined_worker import HEADER, Status, measure_peak

START_SECONDS: Final = 60
"""How long a child may take to start: 0.1 s where nothing else runs."""
MAX_WAITING_BYTES: Final = 256_000_000
"""How many bytes of documents and results may lie here, for an earlier one to be done."""
MAX_WAITING: Final = 32
"""How many results a child may be ahead of the one that is waited for."""

_PIECE = 1 << 20
_REAP_SECONDS = 1.0
# How often is looked at how much memory the children have, while they are waited for.
_LOOK_SECONDS = 0.05
# A child that needed so much of what it may have didn't crash for another reason.
_MOST_OF_MEMORY = 0.5
# By the kernel, and by libraries in C.
_ENDS_FOR_WANT_OF_MEMORY = frozenset([-signal.SIGKILL, -signal.SIGABRT, -signal.SIGTRAP])
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from massilia.ingest.confined_worker import serve; serve(*map(int, sys.argv[2:]))"
)

J = TypeVar("J")
T = TypeVar("T")


class ConfinementError(MassiliaError):
    """The processes that documents are parsed in can't be started."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Hold what one document may cost: seconds, and bytes of memory and of what it gives.

    `memory` is address space, on top of what the child has when the document arrives.
    """

    seconds: float = 30.0
    memory: int = 1_000_000_000
    output: int = 200_000_000


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Confined(Generic[J, T]):
    """Hold what came of a job: `result` is None where `fault`, which doesn't name it, says why.

    `seconds` counts from the moment when the child has all of the job; `memory` is the most bytes
    that the child had at once meanwhile, or 0 where that isn't known.
    """

    job: J
    result: T | None
    fault: str | None
    seconds: float
    memory: int


def run_confined(
    parse: Callable[[J], T],
    jobs: Iterable[J],
    workers: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Generator[Confined[J, T], None, None]:
    """Yield what `parse` gives for each job, in their order, from several processes at once.

    `parse` is a module's function; it, its jobs and results can be pickled. What it raises is the
    fault of its job alone, and so are a crash, too much time or memory: the child is replaced.
    There are as many `workers` as processors that this process may use, unless it is said. Jobs are
    taken when they can be done, at most MAX_WAITING a child before the one that is yielded.
    Closing the iterator, which whatever ends this thread does too, ends the children. Raises
    `ConfinementError` where they can't be started.
    """
    pool = _Pool(parse, iter(jobs), workers or len(os.sched_getaffinity(0)), limits)
    try:
        yield from pool.run()
    finally:
        pool.close()


class ConfinedReader(Generic[J, T]):
    """Parse documents in one process, each when it is asked for, as `run_confined` does many.

    It is started for the first of them and kept for the others, until this is closed.
    """

    def __init__(self, parse: Callable[[J], T], limits: Limits = DEFAULT_LIMITS) -> None:
        self._pool: _Pool[J, T] = _Pool(parse, iter(()), 1, limits)

    def read(self, job: J) -> Confined[J, T]:
        """Return what came of a job; raises `ConfinementError` as `run_confined` does."""
        return self._pool.run_one(job)

    def close(self) -> None:
        """End the process, where there is one."""
        self._pool.close()


@dataclass(slots=True)
class _Task(Generic[J]):
    """Hold a job from when it is taken until what came of it is yielded."""

    job: J
    message: memoryview
    size: int
    started: float = 0.0
    seconds: float = 0.0
    memory: int = 0
    pickled: bytes | None = None
    fault: str | None = None
    done: bool = False


@dataclass(slots=True, eq=False)
class _Child(Generic[J]):
    """Hold a process, the socket that leads to it, and what it is doing.

    `floor` is how much memory the kernel says that it had when it was started, which is what this
    process had; `peak` is what was last seen while it worked.
    """

    process: subprocess.Popen[bytes]
    channel: socket.socket
    deadline: float
    ready: bool = False
    floor: int = 0
    peak: int = 0
    task: _Task[J] | None = None
    answer: bytearray = field(default_factory=bytearray)


class _Pool(Generic[J, T]):
    def __init__(
        self, parse: Callable[[J], T], jobs: Iterator[J], workers: int, limits: Limits
    ) -> None:
        self._parse = parse
        self._jobs = jobs
        self._workers = workers
        self._limits = limits
        self._children: list[_Child[J]] = []
        self._selector = selectors.DefaultSelector()
        # In the order of the jobs.
        self._tasks: deque[_Task[J]] = deque()
        self._exhausted = False

    def run(self) -> Iterator[Confined[J, T]]:
        while True:
            self._take_jobs()
            self._attend(wait=bool(self._tasks) and not self._tasks[0].done)
            if self._tasks and self._tasks[0].done:
                # Its child is given more to do before whoever asks is.
                self._take_jobs()
                yield self._finish(self._tasks.popleft())
            elif not self._tasks and self._exhausted:
                return

    def run_one(self, job: J) -> Confined[J, T]:
        """Return what came of one job more; the children wait for others."""
        self._jobs = iter((job,))
        self._exhausted = False
        return next(self.run())

    def close(self) -> None:
        for child in self._children:
            child.process.kill()
        for child in [*self._children]:
            self._remove(child)
        self._selector.close()

    def _take_jobs(self) -> None:
        """Give jobs to children that have none, while there are any and not too many wait."""
        while not self._exhausted and self._has_room():
            child = next((each for each in self._children if each.task is None), None)
            if child is None and len(self._children) >= self._workers:
                return
            try:
                job = next(self._jobs)
            except StopIteration:
                self._exhausted = True
                return
            if child is not None and _has_ended(child.process):
                self._bury(child)
                child = None
            self._give(child or self._start(), job)

    def _has_room(self) -> bool:
        waiting = sum(task.size for task in self._tasks)
        return len(self._tasks) < MAX_WAITING * self._workers and waiting < MAX_WAITING_BYTES

    def _give(self, child: _Child[J], job: J) -> None:
        pickled = pickle.dumps((self._parse, job), pickle.HIGHEST_PROTOCOL)
        message = HEADER.pack(len(pickled)) + pickled
        task = _Task(job, memoryview(message), len(message))
        self._tasks.append(task)
        child.task = task
        if child.ready:
            self._start_clock(child)
        self._send(child)

    def _start(self) -> _Child[J]:
        ours, theirs = socket.socketpair()
        with theirs:
            arguments = (theirs.fileno(), os.getpid(), self._limits.memory, self._limits.output)
            process = subprocess.Popen(
                [sys.executable, "-c", _START, json.dumps(sys.path), *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                # Several children are what keeps the processors busy.
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
                # An interrupt from the keyboard is for this process, which ends them all.
                process_group=0,
            )
        ours.setblocking(False)
        child: _Child[J] = _Child(process, ours, time.monotonic() + START_SECONDS)
        self._children.append(child)
        self._selector.register(ours, selectors.EVENT_READ, child)
        return child

    def _attend(self, *, wait: bool) -> None:
        """Send and receive what can be; see whose time is over."""
        timeout = 0.0
        if wait:
            busy = [each for each in self._children if each.task is not None]
            deadline = min((each.deadline for each in busy), default=0.0)
            timeout = min(max(deadline - time.monotonic(), 0.0), _LOOK_SECONDS)
        for key, events in self._selector.select(timeout):
            child: _Child[J] = key.data
            if events & selectors.EVENT_WRITE:
                self._send(child)
            if events & selectors.EVENT_READ:
                self._receive(child)
        for child in [*self._children]:
            if child.task is not None and time.monotonic() >= child.deadline:
                self._end_late(child)
            elif child.task is not None and timeout == _LOOK_SECONDS:
                child.peak = max(child.peak, measure_peak(child.process.pid))

    def _send(self, child: _Child[J]) -> None:
        """Send what is left of a child's job, as far as it takes it."""
        task = child.task
        if task is None:
            return
        try:
            while task.message:
                sent = child.channel.send(task.message[:_PIECE])
                task.message = task.message[sent:]
                self._start_clock(child)
        except BlockingIOError:
            pass
        except ConnectionError:
            # It has ended, which is met with when it is read from.
            task.message = memoryview(b"")
        events = selectors.EVENT_READ
        if task.message:
            events |= selectors.EVENT_WRITE
        self._selector.modify(child.channel, events, child)

    def _start_clock(self, child: _Child[J]) -> None:
        """Count a child's time from now; until it is ready, it has other things to do."""
        if child.ready and child.task is not None:
            child.task.started = time.monotonic()
            child.deadline = child.task.started + self._limits.seconds

    def _receive(self, child: _Child[J]) -> None:
        """Read what a child has sent, and take its answer once it is whole."""
        try:
            while piece := child.channel.recv(_PIECE):
                child.answer += piece
                self._take_answer(child)
                if child.task is None:
                    return
        except BlockingIOError:
            # What it sends may have waited for us.
            if child.answer:
                child.deadline = time.monotonic() + self._limits.seconds
            return
        except ConnectionError:
            pass
        self._bury(child)

    def _take_answer(self, child: _Child[J]) -> None:
        if not child.ready and len(child.answer) >= HEADER.size:
            (child.floor,) = HEADER.unpack_from(child.answer)
            child.ready = True
            del child.answer[: HEADER.size]
            self._start_clock(child)
        if len(child.answer) < HEADER.size:
            return
        (length,) = HEADER.unpack_from(child.answer)
        task = child.task
        if task is None or len(child.answer) < HEADER.size + length:
            return
        # A view: the answer may be large, and is held twice already.
        with memoryview(child.answer) as answer, answer[HEADER.size :] as pickled:
            status, payload, memory, is_last = pickle.loads(pickled)
        child.answer = bytearray()
        self._settle(child, memory, self._describe(status, payload))
        if status is Status.VALUE:
            task.pickled = payload
            task.size += len(payload)
        if is_last:
            self._remove(child)

    def _describe(self, status: Status, payload: Any) -> str | None:  # noqa: ANN401 # by status
        """Return the fault that a child reports; None where it has a value."""
        match status:
            case Status.VALUE:
                return None
            case Status.REFUSED:
                reason, line = payload
                return reason if line is None else f"line {line}: {reason}"
            case Status.OUT_OF_MEMORY:
                return self._out_of_memory
            case Status.TOO_LARGE:
                limit = self._limits.output // 1_000_000
                return f"gives {payload // 1_000_000:,} MB, more than the limit of {limit:,} MB"
            case _:
                return f"its reader failed: {payload}"

    @property
    def _out_of_memory(self) -> str:
        return f"needed more than {self._limits.memory // 1_000_000:,} MB of memory"

    def _settle(self, child: _Child[J], memory: int, fault: str | None) -> None:
        """Note what came of a child's job."""
        task = child.task
        assert task is not None
        task.done = True
        task.fault = fault
        task.memory = memory
        task.seconds = time.monotonic() - task.started if task.started else 0.0
        task.message = memoryview(b"")
        child.task = None
        child.peak = 0

    def _end_late(self, child: _Child[J]) -> None:
        if not child.ready:
            raise ConfinementError(f"a reader of documents hasn't started in {START_SECONDS} s")
        memory = measure_peak(child.process.pid)
        child.process.kill()
        self._settle(child, memory, f"took more than {self._limits.seconds:g} s to read")
        self._remove(child)

    def _bury(self, child: _Child[J]) -> None:
        """See what a child that has ended died of, and note it for its job."""
        code, memory = _reap(child.process)
        if not child.ready:
            raise ConfinementError(f"a reader of documents can't start: exit status {code}")
        if child.task is not None:
            if memory <= child.floor:
                memory = child.peak
            if memory > _MOST_OF_MEMORY * self._limits.memory:
                fault = self._out_of_memory
            else:
                fault = f"its reader crashed ({_name_end(code)})"
                if code in _ENDS_FOR_WANT_OF_MEMORY:
                    fault += ", for want of memory perhaps"
            self._settle(child, memory, fault)
        self._remove(child)

    def _remove(self, child: _Child[J]) -> None:
        self._children.remove(child)
        self._selector.unregister(child.channel)
        child.channel.close()
        _reap(child.process)

    def _finish(self, task: _Task[J]) -> Confined[J, T]:
        result: T | None = None
        fault = task.fault
        if task.pickled is not None:
            try:
                result = pickle.loads(task.pickled)
            except Exception as error:
                fault = f"its reader failed: {type(error).__name__}: {error}"
        return Confined(task.job, result, fault, task.seconds, task.memory)


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _reap(process: subprocess.Popen[bytes]) -> tuple[int, int]:
    """Wait for a child that is ending; return its status, and the most memory it had, in bytes."""
    if process.returncode is not None:
        return process.returncode, 0
    end = time.monotonic() + _REAP_SECONDS
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage.ru_maxrss * 1024
        if time.monotonic() > end:
            # It has closed its socket and lives on.
            process.kill()
        time.sleep(0.001)


def _name_end(code: int) -> str:
    if code >= 0:
        return f"exit status {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
