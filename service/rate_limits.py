"""How often one client may ask, counted in this process over a moving window."""

import math
import time
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from massilia.corpus.errors import MassiliaError, show_value

SHARED_PREFIX = 64
"""How many bits of an IPv6 address count: a provider gives each customer all that share them."""
_MOST_REQUESTS: Final = 1_000_000


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
    """Count what each client asks; safe to use from several threads of one process."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self._item: RateLimitItem = parse(f"{limit.requests} per {limit.seconds} second")
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def take(self, client: str, cost: int = 1) -> Allowance:
        """Take `cost` requests from what is left to a client, or nothing where that is less."""
        granted = self._limiter.hit(self._item, client, cost=cost)
        stats = self._limiter.get_window_stats(self._item, client)
        reset = math.ceil(stats.reset_time - time.time())
        return Allowance(granted, max(stats.remaining, 0), min(max(reset, 1), self.limit.seconds))


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
