"""How often one client may ask, counted over a moving window: here, or by several processes."""

import logging
import math
import time
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from massilia.corpus.errors import MassiliaError, show_value
from massilia.service.shared_counts import CountsError, CountsFile, SharedCounts

SHARED_PREFIX = 64
"""How many bits of an IPv6 address count: a provider gives each customer all that share them."""
_MOST_REQUESTS: Final = 1_000_000
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Let one client ask `requests` times within `seconds`."""

    requests: int
    seconds: int

    @property
    def policy(self) -> str:
        """Write the limit as the header `RateLimit-Policy` has it."""
        return f'"default";q={self.requests};w={self.seconds}'

    def __str__(self) -> str:
        return f"{self.requests}/{self.seconds} s"


@dataclass(frozen=True, slots=True)
class Allowance:
    """Say what is left to a client, and in how many seconds all of it comes back."""

    granted: bool
    remaining: int
    reset_seconds: int


def read_rate_limit(text: str) -> RateLimit | None:
    """Return the limit that is written "60/minute" or "1000 per 2 hours"; None for "none".

    Raises `MassiliaError` for anything else.
    """
    if text.strip().lower() == "none":
        return None
    try:
        item = parse(text.strip())
    except ValueError:
        item = None
    if item is None or not 0 < item.amount <= _MOST_REQUESTS or ";" in text or item.multiples < 1:
        raise MassiliaError(
            f'A rate limit is written "60/minute", or "none", not {show_value(text)}.'
        )
    return RateLimit(item.amount, item.get_expiry())


class RateLimiter:
    """Count what each client asks; safe to use from several threads.

    Given a file, all processes that are given it count together. Where it can't be read or written,
    each goes on by itself: who is served matters more than how exactly they are counted.
    """

    def __init__(self, limit: RateLimit, file: CountsFile | None = None) -> None:
        self.limit = limit
        self._item: RateLimitItem = parse(f"{limit.requests} per {limit.seconds} second")
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._shared = SharedCounts(file, limit.seconds) if file else None

    def take(self, client: str, cost: int = 1) -> Allowance:
        """Take `cost` requests from what is left to a client, or nothing where that is less."""
        if self._shared is not None:
            try:
                count = self._shared.take(client, cost, self.limit.requests)
                return self._allow(count.granted, count.used, count.reset_seconds)
            except CountsError as error:
                _LOG.warning("%s Each process counts for itself.", error)
        granted = self._limiter.hit(self._item, client, cost=cost)
        stats = self._limiter.get_window_stats(self._item, client)
        used = self.limit.requests - stats.remaining
        return self._allow(granted, used, stats.reset_time - time.time())

    def _allow(self, granted: bool, used: int, seconds: float) -> Allowance:
        reset = min(max(math.ceil(seconds), 1), self.limit.seconds)
        return Allowance(granted, max(self.limit.requests - used, 0), reset)


def name_client(host: str) -> str:
    """Return what requests from an address are counted under."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return f"{IPv6Address(int(address) >> SHARED_PREFIX << SHARED_PREFIX)}/{SHARED_PREFIX}"
    return str(address)
