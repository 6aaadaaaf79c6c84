import socket
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from massilia.ingest.addresses import (
    MAX_URL_CHARACTERS,
    WebAddress,
    find_objection,
    hide_credentials,
    is_allowed_port,
    join_address,
    parse_address,
)


def refuse(url: str, base: str | None = None) -> str:
    with pytest.raises(ValueError) as caught:
        parse_address(url) if base is None else join_address(parse_address(base), url)
    return str(caught.value)


@pytest.mark.parametrize(
    ("spelled", "url"),
    [
        ("http://port.example", "http://port.example/"),
        (" HTTPS://Port.EXAMPLE.:443/a/../b#part \n", "https://port.example/b"),
        ("http://port.example:080/?q=é&x=[1]", "http://port.example/?q=%C3%A9&x=[1]"),
        ("https://port.example:80/", "https://port.example:80/"),
        ("http://münchen.example/ß x", "http://xn--mnchen-3ya.example/%C3%9F%20x"),
        ("http://a_b.example/%zz%E9", "http://a_b.example/%zz%E9"),
        ("http://8.8.8.8./", "http://8.8.8.8/"),
        ("http://127。0。0。1/", "http://127.0.0.1/"),
        ("http://[2606:4700:0:0::1111]:8080/", "http://[2606:4700::1111]:8080/"),
        ("http://localhost.:8000", "http://localhost:8000/"),
    ],
)
def test_a_url_has_one_form_however_it_is_spelled(spelled: str, url: str) -> None:
    address = parse_address(spelled)
    assert address.url == url
    assert parse_address(url) == address


def test_an_address_says_what_is_connected_to_and_what_is_sent() -> None:
    assert parse_address("https://Port.example/a?b#c") == WebAddress(
        "https", "port.example", 443, "/a?b"
    )
    address = parse_address("http://[::1]:8000/a?b")
    assert (address.host, address.port) == ("::1", 8000)
    assert (address.origin, address.authority) == ("http://[::1]:8000", "[::1]:8000")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://port.example/", "only http and https URLs are fetched, not 'ftp'"),
        ("file:///etc/passwd", "only http and https URLs are fetched, not 'file'"),
        ("javascript:alert(1)", "only http and https URLs are fetched, not 'javascript'"),
        ("//port.example/", "only http and https URLs are fetched, not a URL without scheme"),
        ("", "only http and https URLs are fetched, not a URL without scheme"),
        ("http:///a", "the URL names no host"),
        ("http:a", "the URL names no host"),
        ("http://me:word@port.example/", "the URL holds a user name or password"),
        ("http://port.example\\@other.example/", "the URL holds a user name or password"),
        ("http://port.example:0/", "there is no port 0"),
        ("http://port.example:65536/", "there is no port 65536"),
        ("http://port.example:x/", "not a valid URL: Invalid port: 'x'"),
        ("http://intranet/", "'intranet' is no public host name: it has no dot"),
        ("http://port..example/", "'port..example' is no valid host name"),
        ("http://-port.example/", "'-port.example' is no valid host name"),
        ("http://port.example../", "'port.example.' is no valid host name"),
        ("http://po%72t.example/", "'po%72t.example' is no valid host name"),
        ("http://po rt.example/", "'po%20rt.example' is no valid host name"),
        (f"http://{'a' * 64}.example/", f"'{'a' * 64}.example' is no valid host name"),
        (f"http://{'a.' * 127}example/", "is no valid host name"),
        ("http://[fe80::1%25eth0]/", "'fe80::1%25eth0' is no valid host name"),
        ("http://port.example/a\nb", "not a valid URL: Invalid non-printable ASCII character"),
        ("http://port.example/\ud800", "not a valid URL"),
        ("http://\ud800.example/", "not a valid URL"),
        ("http://[::1/", "not a valid URL"),
        ("http://port.example/" + "a" * MAX_URL_CHARACTERS, "a URL of 8,020 characters"),
    ],
)
def test_what_is_no_url_of_a_public_site_is_refused(url: str, reason: str) -> None:
    assert reason in refuse(url)


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "127.1",
        "1.2.3",
        "0177.0.0.1",
        "port.1",
        "0x",
        "1.0xff",
    ],
)
def test_ip_addresses_in_unusual_spellings_are_refused(host: str) -> None:
    reason = refuse(f"http://{host}/")
    assert "an unusual spelling of an IP address" in reason or "Invalid IPv4 address" in reason


NUMBERS = st.sampled_from([str, hex, "0{:o}".format, "{:03d}".format, "0x{:08X}".format])


@given(
    st.ip_addresses(v=4),
    st.integers(1, 4),
    st.lists(NUMBERS, min_size=4, max_size=4),
    st.sampled_from(["", "."]),
)
def test_no_spelling_of_a_number_names_another_address_than_its_own(
    ip: IPv4Address, count: int, write: list, dot: str
) -> None:
    first = list(ip.packed[: count - 1])
    last = int.from_bytes(ip.packed[count - 1 :], "big")
    spelled = ".".join(form(part) for form, part in zip(write, [*first, last], strict=False))
    try:
        host = parse_address(f"http://{spelled}{dot}/").host
    except ValueError:
        return
    # What the C library takes it for, which is what a careless client would connect to.
    assert host == spelled == socket.inet_ntoa(socket.inet_aton(spelled))


@given(st.text(), st.text(alphabet="/\\:@#?[]%.-_ aA1é\u3002\u00ad\u200b", max_size=40))
@example("http", "//a@b")
@example("http://", "a.b:80\\@c.d/")
def test_any_text_is_refused_or_has_one_form(start: str, rest: str) -> None:
    for text in (start, f"http://{rest}", f"http://port.example{rest}", start + rest):
        try:
            address = parse_address(text)
        except ValueError:
            continue
        assert parse_address(address.url) == address
        assert address.url.isascii() and " " not in address.url
        assert not set(address.host) & set("/\\@#?%[]")


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("../c?d", "https://port.example/c?d"),
        ("?d", "https://port.example/a/b?d"),
        ("", "https://port.example/a/b?q"),
        ("//other.example", "https://other.example/"),
        ("/\\other.example", "https://port.example/\\other.example"),
        ("HTTP://other.example/é", "http://other.example/%C3%A9"),
    ],
)
def test_a_reference_is_resolved_where_it_was_found(reference: str, url: str) -> None:
    assert join_address(parse_address("https://port.example/a/b?q#part"), reference).url == url


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("file:///etc/passwd", "not 'file'"),
        ("//me@other.example/", "a user name or password"),
        ("//2130706433/", "an unusual spelling"),
        ("http:c", "names no host"),
        ("//port.example:x/", "not a valid URL"),
        ("a" * (MAX_URL_CHARACTERS + 1), "a URL of 8,001 characters"),
    ],
)
def test_a_reference_to_what_is_no_public_site_is_refused(reference: str, reason: str) -> None:
    assert reason in refuse(reference, "https://port.example/a")


@pytest.mark.parametrize(
    ("addresses", "objection"),
    [
        ("0.0.0.0 0.255.255.255 ::", "an unspecified address"),
        ("127.0.0.1 127.255.255.255 ::1", "a loopback address"),
        ("10.0.0.0 172.16.0.1 172.31.255.255 192.168.255.255", "a private address"),
        ("fc00::1 fd00:ec2::254 fec0::1", "a private address"),
        ("169.254.169.254 fe80::1 fe80::1%eth0", "a link-local address"),
        ("100.64.0.0 100.100.100.200 100.127.255.255", "an address within a provider's network"),
        ("168.63.129.16", "a cloud's metadata address"),
        ("224.0.0.1 239.255.255.255 ff02::1", "a multicast address"),
        ("240.0.0.1 255.255.255.255 192.0.0.192 2001:1::1 64:ff9b:1::1", "a reserved address"),
        ("100::1 5f00::1 4000::1", "a reserved address"),
        ("192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 3fff::1", "an address for documentation"),
        ("198.18.0.1 198.19.255.255", "an address for measurements"),
        ("::ffff:8.8.8.8 ::ffff:127.0.0.1 ::8.8.8.8", "an IPv4 address within IPv6"),
        ("2002:7f00:1::1 2002:808:808::1 2001:0:1::1", "a tunnel's address"),
        ("64:ff9b::127.0.0.1", "a loopback address"),
        ("64:ff9b::169.254.169.254", "a link-local address"),
        ("port.example 1.2.3 ::g", "no IP address"),
    ],
)
def test_addresses_that_no_public_site_has_are_objected_to(addresses: str, objection: str) -> None:
    for address in addresses.split():
        assert find_objection(address) == objection, address


def test_public_addresses_are_not_objected_to() -> None:
    public = "1.1.1.1 8.8.8.8 9.255.255.255 100.63.255.255 100.128.0.0 172.15.0.1 172.32.0.1"
    for address in [*public.split(), "2606:4700::1111", "2a00::1", "64:ff9b::8.8.8.8"]:
        assert find_objection(address) is None, address


def test_loopback_alone_can_be_allowed() -> None:
    allow = partial(find_objection, allow_loopback=True)
    assert [allow(each) for each in ("127.0.0.1", "127.9.9.9", "::1", "8.8.8.8")] == [None] * 4
    for address in ["0.0.0.0", "10.0.0.1", "::", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1"]:
        assert allow(address) is not None, address


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6), st.ip_addresses(v=6, network="::/16")))
def test_whatever_is_not_objected_to_is_global_for_python_too(
    ip: IPv4Address | IPv6Address,
) -> None:
    nat64 = int(ip) >> 32 == int(ip_address("64:ff9b::")) >> 32 and ip.version == 6
    if find_objection(str(ip)) is None and not nat64:
        assert ip.is_global and not ip.is_multicast


def test_few_ports_are_asked() -> None:
    assert all(map(is_allowed_port, [80, 443, 8000, 8080, 8443, 8999]))
    assert not any(map(is_allowed_port, [1, 22, 25, 79, 81, 442, 3306, 6379, 7999, 9000, 9200]))


def test_credentials_are_not_shown() -> None:
    assert hide_credentials("http://me:word@port.example/@a") == "http://port.example/@a"
    assert hide_credentials("http://a@b@port.example?x") == "http://port.example?x"
    assert hide_credentials("http://port.example/a@b") == "http://port.example/a@b"
