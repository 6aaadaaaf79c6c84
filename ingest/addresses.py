"""Which addresses of the web may be asked: URLs read strictly, and the IP addresses behind them."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

import httpx2

from massilia.corpus.errors import show_value
from massilia.corpus.pattern import Pattern

MAX_URL_CHARACTERS: Final = 8_000
"""What RFC 9110 (4.1) asks everyone to support at least; the longest of a sitemap is 2,048."""

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
MAX_PORT: Final = 65_535

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = Pattern(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
# What the C library and browsers take for an IPv4 address: a last part that is a number. They then
# read "2130706433", "0x7f.1" and "017700000001" as 127.0.0.1.
_ENDS_IN_NUMBER = Pattern(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_CREDENTIALS = Pattern(r"(?<=//)[^/?#]*@")

# The registries of special addresses (RFC 6890, as IANA keeps them), in words; `ipaddress` tells
# many of them too, but differently from one patch of Python to the next.
_LOOPBACK: Final = "a loopback address"
_V4_RANGES: Final = (
    ("0.0.0.0/8", "an unspecified address"),
    ("10.0.0.0/8", "a private address"),
    ("100.64.0.0/10", "an address within a provider's network"),
    ("127.0.0.0/8", _LOOPBACK),
    # Azure's own services answer here, on an address that is public by its number.
    ("168.63.129.16/32", "a cloud's metadata address"),
    ("169.254.0.0/16", "a link-local address"),
    ("172.16.0.0/12", "a private address"),
    ("192.0.0.0/24", "a reserved address"),
    ("192.0.2.0/24", "an address for documentation"),
    ("192.88.99.0/24", "a relay's address"),
    ("192.168.0.0/16", "a private address"),
    ("198.18.0.0/15", "an address for measurements"),
    ("198.51.100.0/24", "an address for documentation"),
    ("203.0.113.0/24", "an address for documentation"),
    ("224.0.0.0/4", "a multicast address"),
    ("240.0.0.0/4", "a reserved address"),
)
_V6_RANGES: Final = (
    ("::/128", "an unspecified address"),
    ("::1/128", _LOOPBACK),
    ("::ffff:0:0/96", "an IPv4 address within IPv6"),
    ("::/96", "an IPv4 address within IPv6"),
    ("2001::/32", "a tunnel's address"),
    ("2001::/23", "a reserved address"),
    ("2001:db8::/32", "an address for documentation"),
    ("2002::/16", "a tunnel's address"),
    ("3fff::/20", "an address for documentation"),
    ("fc00::/7", "a private address"),
    ("fe80::/10", "a link-local address"),
    ("fec0::/10", "a private address"),
    ("ff00::/8", "a multicast address"),
)
# DNS64 gives sites that have IPv4 alone an address here, where a network has IPv6 alone (RFC 6052).
_NAT64: Final = "64:ff9b::/96"
_GLOBAL_UNICAST: Final = "2000::/3"


@dataclass(frozen=True, slots=True)
class WebAddress:
    """Name what a URL asks for, and of whom.

    `host` is in ASCII and lower case, without the brackets of IPv6 or a final dot; `target` is the
    path and the query, percent-encoded. The fragment is left out: it is never sent.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> str:
        """Write scheme, host and port, the latter only where it isn't the scheme's own."""
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """Write host and port as the `Host` field of a request does."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """Write the URL in one form, however it was spelled."""
        return f"{self.origin}{self.target}"


def parse_address(url: str) -> WebAddress:
    """Return the address that `url` names.

    Raises `ValueError`, with a reason for people, for anything but an absolute http or https URL
    without credentials whose host is a name with a dot, "localhost", or an IP address as it is
    usually written.
    """
    return _check_url(_read_url(url))


def join_address(base: WebAddress, reference: str) -> WebAddress:
    """Return the address that `reference` names when it is found at `base` (RFC 3986, 5.2).

    Raises `ValueError` as `parse_address` does.
    """
    return _check_url(_read_url(reference, base))


def find_objection(address: str, *, allow_loopback: bool = False) -> str | None:
    """Say what an IP address is that a web site can't have, or return None for one it can have.

    Objected to are private, loopback, link-local, multicast, reserved and documentation addresses,
    those of clouds' metadata services, and IPv6 addresses that stand for IPv4 addresses: 6to4,
    Teredo and mapped ones all, those of NAT64 where the IPv4 address is objected to.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return "no IP address"
    if isinstance(ip, IPv6Address) and ip in ip_network(_NAT64):
        return _look_up(IPv4Address(int(ip) & 0xFFFFFFFF), _V4_RANGES)
    objection = _look_up(ip, _V4_RANGES if isinstance(ip, IPv4Address) else _V6_RANGES)
    if objection == _LOOPBACK and allow_loopback:
        return None
    return objection


def is_allowed_port(port: int) -> bool:
    """Tell whether a web site may be asked at `port`: 80, 443, or 8000 to 8999.

    On other ports other services listen, mail and databases among them, that should not get our
    requests because a feed's link says so; nearly all articles are at the first two.
    """
    return port in DEFAULT_PORTS.values() or 8000 <= port <= 8999


def hide_credentials(url: str) -> str:
    """Return `url` without a user name and password, so that it can be shown."""
    return _CREDENTIALS.sub("", url)


def _read_url(url: str, base: WebAddress | None = None) -> httpx2.URL:
    url = url.strip()
    if len(url) > MAX_URL_CHARACTERS:
        raise ValueError(f"a URL of {len(url):,} characters, more than {MAX_URL_CHARACTERS:,}")
    try:
        return httpx2.URL(url) if base is None else httpx2.URL(base.url).join(url)
    # UnicodeError: half a surrogate pair.
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise ValueError(f"not a valid URL: {hide_credentials(str(error))}") from error


def _check_url(url: httpx2.URL) -> WebAddress:
    if url.scheme not in DEFAULT_PORTS:
        shown = show_value(url.scheme) if url.scheme else "a URL without scheme"
        raise ValueError(f"only http and https URLs are fetched, not {shown}")
    if url.userinfo:
        raise ValueError("the URL holds a user name or password, which is never sent")
    host = url.raw_host.decode("ascii").removesuffix(".")
    if not host:
        raise ValueError("the URL names no host")
    port = DEFAULT_PORTS[url.scheme] if url.port is None else url.port
    if not 0 < port <= MAX_PORT:
        raise ValueError(f"there is no port {port}")
    # Scoped addresses ("fe80::1%eth0") are link-local, and `ip_address` would take them.
    ip = None if "%" in host else _read_ip(host)
    if ip is None:
        _check_name(host)
    return WebAddress(url.scheme, str(ip or host), port, url.raw_path.decode("ascii"))


def _check_name(host: str) -> None:
    if _ENDS_IN_NUMBER.fullmatch(host):
        raise ValueError(f"{show_value(host)} is an unusual spelling of an IP address")
    if not _NAME.fullmatch(host):
        raise ValueError(f"{show_value(host)} is no valid host name")
    # The resolver completes a name without dot with the domain of the local network.
    if "." not in host and host != "localhost":
        raise ValueError(f"{show_value(host)} is no public host name: it has no dot")


def is_number(host: str) -> bool:
    """Tell whether a host is given as an IP address."""
    return _read_ip(host) is not None


def _read_ip(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _look_up(ip: IPv4Address | IPv6Address, ranges: tuple[tuple[str, str], ...]) -> str | None:
    for network, objection in ranges:
        if ip in ip_network(network):
            return objection
    # All that has been given out of IPv6 lies here.
    if isinstance(ip, IPv6Address) and ip not in ip_network(_GLOBAL_UNICAST):
        return "a reserved address"
    return None
