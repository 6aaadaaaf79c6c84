"""How often a host is asked."""

import threading
from collections.abc import Callable

Clock = Callable[[], float]
"""Count seconds from any moment on, never backwards."""


class Pace:
    """Keep requests to a host apart, over all threads, and away from it when it says so."""

    def __init__(self, clock: Clock, sleep: Callable[[float], object]) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._last: dict[str, float] = {}
        self._closed_until: dict[str, float] = {}

    def wait(self, host: str, interval: float) -> None:
        """Wait until `interval` seconds have passed since the last request to `host` began."""
        with self._lock:
            now = self._clock()
            turn = max(
                now,
                self._last.get(host, now - interval) + interval,
                self._closed_until.get(host, now),
            )
            self._last[host] = turn
        if turn > now:
            self._sleep(turn - now)

    def stay_away(self, host: str, seconds: float) -> None:
        """Let no request to `host` have its turn for some seconds."""
        with self._lock:
            until = self._clock() + seconds
            self._closed_until[host] = max(until, self._closed_until.get(host, until))

    def measure_absence(self, host: str) -> float:
        """Return for how many seconds we are still to stay away from `host`, 0 if we aren't."""
        with self._lock:
            now = self._clock()
            return max(0.0, self._closed_until.get(host, now) - now)
