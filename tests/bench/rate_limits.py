"""Measure what a rate limit costs a request: counted in one process, and by several together.

    python -m tests.bench.rate_limits [--processes 2] [--requests 20000] [--clients 100]

Each process asks without pause, which is many times as often as questions can be answered. Prints
the mean, the median and the slowest of each hundred and thousand, in milliseconds.
"""

import argparse
import multiprocessing
import time
from functools import partial

import numpy as np

from massilia.service.rate_limits import RateLimit, RateLimiter
from massilia.service.shared_counts import CountsFile, keep_counts

LIMIT = RateLimit(120, 60)


def main() -> None:
    """Print the times of each way of counting."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--clients", type=int, default=100)
    options = parser.parse_args()
    ask = partial(measure, requests=options.requests, clients=options.clients)
    print(f"in one process        {describe(ask(None))}")
    with keep_counts() as file:
        print(f"in a file             {describe(ask(file))}")
    with (
        keep_counts() as file,
        multiprocessing.get_context("spawn").Pool(options.processes) as pool,
    ):
        found = pool.map(ask, [file] * options.processes, chunksize=1)
    for times in found:
        print(f"one of {options.processes} processes    {describe(times)}")


def measure(file: CountsFile | None, requests: int, clients: int) -> list[float]:
    """Return the milliseconds that each of so many requests took to be counted."""
    limiter = RateLimiter(LIMIT, file)
    times = []
    for number in range(requests):
        start = time.perf_counter()
        limiter.take(f"192.0.2.{number % clients}")
        times.append((time.perf_counter() - start) * 1e3)
    return times


def describe(times: list[float]) -> str:
    """Write times in a line."""
    slow = np.percentile(times, (50, 99, 99.9))
    return (
        f"mean {np.mean(times):.4f}, median {slow[0]:.4f}, p99 {slow[1]:.4f}, p99.9 {slow[2]:.4f}"
    )


if __name__ == "__main__":
    main()
