"""What runs in a child process that `run_confined` starts: it parses one document after another."""

import ctypes
import os
import pickle
import resource
import signal
import socket
import struct
from contextlib import suppress
from enum import StrEnum
from typing import Any, Final

from massilia.corpus.errors import ArticleError

HEADER: Final = struct.Struct("!Q")
"""The length, in bytes, of the message that follows it."""

_PR_SET_PDEATHSIG = 1
# Of all processes, the one that parses is to be ended first where the machine's memory runs out.
_OUT_OF_MEMORY_SCORE = "1000"
_PAGE_BYTES = resource.getpagesize()
# A worker that has grown by such a part of what a document may need is replaced.
_GROWTH = 0.5


class Status(StrEnum):
    """Say what came of a document: its value, or why there is none."""

    VALUE = "value"
    REFUSED = "refused"
    FAILED = "failed"
    OUT_OF_MEMORY = "memory"
    TOO_LARGE = "output"


def serve(descriptor: int, parent: int, memory: int, output: int) -> None:
    """Parse documents that arrive on a socket until it is closed, and answer with what they gave.

    `memory` and `output` are bytes, those of `Limits`. Ends at once when the process `parent` does.
    """
    # Whoever is interrupted at the keyboard ends its children itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with(parent)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write(_OUT_OF_MEMORY_SCORE)
    with socket.socket(fileno=descriptor) as channel, channel.makefile("rb") as stream:
        # The process that started this one counts towards what the kernel says at the end.
        usage = resource.getrusage(resource.RUSAGE_SELF)
        channel.sendall(HEADER.pack(usage.ru_maxrss * 1024))
        start = _measure_size()
        while len(header := stream.read(HEADER.size)) == HEADER.size:
            message = stream.read(*HEADER.unpack(header))
            status, payload = _parse(message, memory, output)
            grown = _measure_size() - start > _GROWTH * memory
            is_last = grown or status is Status.OUT_OF_MEMORY
            answer = pickle.dumps((status, payload, measure_peak(), is_last))
            channel.sendall(HEADER.pack(len(answer)))
            channel.sendall(answer)
            # What is large is no part of what the next document needs.
            del message, payload, answer
            if is_last:
                break
    # Without the clean-up of libraries that may have been led astray.
    os._exit(0)


def _die_with(parent: int) -> None:
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # It may have ended before.
    if os.getppid() != parent:
        os._exit(1)


def _parse(message: bytes, memory: int, output: int) -> tuple[Status, Any]:
    """Return what the parser in a message gives, pickled, or the words for why it gives nothing."""
    _forget_peak()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_measure_size() + memory, hard))
    try:
        parse, job = pickle.loads(message)
        pickled = pickle.dumps(parse(job), pickle.HIGHEST_PROTOCOL)
        if len(pickled) > output:
            return Status.TOO_LARGE, len(pickled)
        return Status.VALUE, pickled
    except ArticleError as error:
        return Status.REFUSED, (error.reason, error.line)
    except MemoryError:
        return Status.OUT_OF_MEMORY, None
    except Exception as error:
        return Status.FAILED, f"{type(error).__name__}: {error}"
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _measure_size() -> int:
    """Return the bytes of address space that this process has."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[0]) * _PAGE_BYTES


def _forget_peak() -> None:
    # Not every kernel has it.
    with suppress(OSError), open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def measure_peak(process: int | str = "self") -> int:
    """Return the most bytes of memory that a process has had at once; 0 where it has ended."""
    try:
        with open(f"/proc/{process}/status", "rb") as file:
            lines = file.read().split(b"\n")
    except OSError:
        return 0
    peak = next((line for line in lines if line.startswith(b"VmHWM:")), b"VmHWM: 0 kB")
    return int(peak.split()[1]) * 1024
