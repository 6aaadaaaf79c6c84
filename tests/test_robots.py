import pytest

from massilia.ingest.network import Forbidden, Unreachable
from massilia.ingest.robots import ROBOTS_BYTES, Robots, RobotsCache, parse_robots

SITE = "https://port.example"


def allows(text: str, *paths: str) -> list[bool]:
    robots = parse_robots(text.encode())
    return [robots.allows(SITE + path) for path in paths]


def test_the_rules_for_massilia_count_before_those_for_all() -> None:
    text = "User-agent: *\nDisallow: /\n\nUser-agent: massilia\nDisallow: /private\n"
    assert allows(text, "/", "/private/a", "/privately") == [True, False, False]
    text = "User-agent: *\nDisallow: /private\n\nUser-agent: MASSILIA\nDisallow: /\n"
    assert allows(text, "/", "/private") == [False, False]
    assert allows("User-agent: GPTBot\nDisallow: /\n", "/") == [True]
    assert allows("User-agent: *\nDisallow: /\nUser-agent: Massilia\nDisallow:\n", "/a") == [True]


def test_the_longest_rule_decides_and_wildcards_count() -> None:
    text = "User-agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /*.pdf$\nDisallow: /*?print="
    paths = ["/a", "/a/b/c", "/x.pdf", "/x.pdf?y", "/x?print=1", "/robots.txt"]
    assert allows(text, *paths) == [False, True, False, True, False, True]


def test_rules_are_compared_as_percent_encoded() -> None:
    assert allows("User-agent: *\nDisallow: /été\n", "/%C3%A9t%C3%A9/1", "/ete") == [False, True]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<!DOCTYPE html><html><body>Not found</body></html>",
        b"\xff\xfe\x00",
        b"Disallow: /\n",
        bytes(range(256)) * 10,
    ],
)
def test_what_holds_no_rules_allows_all(data: bytes) -> None:
    robots = parse_robots(data)
    assert robots.allows(f"{SITE}/a")
    assert robots.delay == 0


def test_a_byte_order_mark_hides_no_rule() -> None:
    assert allows("\ufeffUser-agent: *\r\nDisallow: /\r\n", "/") == [False]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("2.5", 2.5), ("10", 10), ("0", 0), ("-1", 0), ("nan", 0), ("inf", 0), ("1e999", 0), ("x", 0)],
)
def test_the_delay_is_a_number_of_seconds_or_none(value: str, seconds: float) -> None:
    assert parse_robots(f"User-agent: *\nCrawl-delay: {value}\n".encode()).delay == seconds


def test_a_rule_that_lies_beyond_500_kib_is_not_cut_into_another() -> None:
    head = b"User-agent: *\n"
    start = head + b"#" * (ROBOTS_BYTES - len(head) - 12) + b"\n"
    robots = parse_robots(start + b"Disallow: /archive\n")
    assert robots.allows(f"{SITE}/a") and robots.allows(f"{SITE}/archive")
    assert not parse_robots(start[:-20] + b"\nDisallow: /archive\n").allows(f"{SITE}/archive")


def test_rules_that_would_fill_the_memory_are_refused() -> None:
    agents = b"".join(b"User-agent: a%d\n" % number for number in range(10_000))
    with pytest.raises(ValueError, match=r"its rules for 10,000 agents are too many"):
        parse_robots(agents + b"Disallow: /x\n" * 20_000)
    parse_robots(agents[:10_000] + b"Disallow: /x\n" * 100)


class Site:
    """Give rules, or fail, and count how often that was asked for."""

    def __init__(self) -> None:
        self.asked = 0
        self.failure: Exception | None = None

    def load(self) -> Robots:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return parse_robots(b"User-agent: *\nDisallow: /a\n")


def test_rules_are_kept_for_a_day_and_faults_for_ten_minutes() -> None:
    now = -5.0
    cache = RobotsCache(lambda: now)
    site = Site()
    assert not cache.find(SITE, site.load).allows(f"{SITE}/a")
    now += 86_399
    site.failure = Unreachable("the server is silent for 20 s")
    assert not cache.find(SITE, site.load).allows(f"{SITE}/a")
    assert site.asked == 1
    now += 1
    for _ in range(2):
        with pytest.raises(Unreachable, match="the server is silent for 20 s"):
            cache.find(SITE, site.load)
    assert site.asked == 2
    site.failure = None
    now += 600
    assert not cache.find(SITE, site.load).allows(f"{SITE}/a")
    assert site.asked == 3
    cache.find("http://port.example", site.load)
    assert site.asked == 4


def test_what_is_forbidden_is_not_kept() -> None:
    cache = RobotsCache(lambda: 0.0)
    site = Site()
    site.failure = Forbidden("127.0.0.1 is a loopback address")
    for asked in (1, 2):
        with pytest.raises(Forbidden):
            cache.find(SITE, site.load)
        assert site.asked == asked
