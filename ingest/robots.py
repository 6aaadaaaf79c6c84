"""What a site's robots.txt allows us (RFC 9309)."""

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from protego import Protego

from massilia.ingest.network import Unreachable
from massilia.ingest.pace import Clock

ROBOTS_BYTES: Final = 512_000
"""How much of a robots.txt is read: the least that RFC 9309 (2.5) asks for, 500 KiB."""

AGENT: Final = "Massilia"
"""The name that a robots.txt calls us by."""

# RFC 9309 (2.4): a day; a site whose rules can't be read may be mended sooner.
_KEPT_SECONDS: Final = 86_400.0
_FAULT_SECONDS: Final = 600.0
# Each line of a group makes a rule for each of its agents, some 100 bytes. 500 KiB can hold 10,000
# agents and 25,000 lines; newspapers name two hundred agents and write a few hundred lines.
_MAX_RULES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Robots:
    """Hold the rules of a site.

    `delay` is the seconds between two requests that it asks for ("Crawl-delay", which no standard
    knows and many sites write), 0 where it asks for none.
    """

    _rules: Protego
    delay: float

    def allows(self, url: str) -> bool:
        """Tell whether we may fetch `url`."""
        return self._rules.can_fetch(url, AGENT)


def parse_robots(data: bytes) -> Robots:
    """Return the rules in a robots.txt; lines that are no rules are skipped.

    Raises `ValueError` for one that would take too much memory.
    """
    if len(data) > ROBOTS_BYTES:
        # The rule that is cut would be another one.
        data = data[:ROBOTS_BYTES].rpartition(b"\n")[0]
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = text.splitlines()
    agents = sum("agent" in line.lower() for line in lines)
    if agents * (len(lines) - agents) > _MAX_RULES:
        raise ValueError(f"its rules for {agents:,} agents are too many")
    rules = Protego.parse(text)
    return Robots(rules, rules.crawl_delay(AGENT) or 0.0)


class RobotsCache:
    """Keep the rules of each origin for a day, and what was wrong with them for ten minutes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._found: dict[str, tuple[float, Robots | str]] = {}

    def find(self, origin: str, load: Callable[[], Robots]) -> Robots:
        """Return the rules of `origin`, from `load` when they aren't known or are too old.

        Raises `Unreachable` when they can't be read, and `Forbidden` as `load` does.
        """
        with self._lock:
            lock = self._locks[origin]
        # Threads that want the same rules wait for the first.
        with lock:
            expiry, found = self._found.get(origin, (self._clock(), ""))
            if expiry <= self._clock():
                try:
                    found, kept = load(), _KEPT_SECONDS
                except Unreachable as error:
                    found, kept = str(error), _FAULT_SECONDS
                self._found[origin] = self._clock() + kept, found
        if isinstance(found, str):
            raise Unreachable(found)
        return found
