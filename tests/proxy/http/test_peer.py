from __future__ import annotations

from ipaddress import ip_network

import pytest

from proxy.http.peer import Addresses


@pytest.mark.parametrize(
    ("sent", "proxies", "address"),
    [
        ([], 0, "10.0.0.1"),
        (["192.168.7.7"], 0, "10.0.0.1"),
        (["192.168.7.7"], 1, "192.168.7.7"),
        (["1.1.1.1, 192.168.7.7"], 1, "192.168.7.7"),
        (["1.1.1.1", "192.168.7.7"], 1, "192.168.7.7"),
        (["1.1.1.1, 192.168.7.7, 10.0.0.2"], 2, "192.168.7.7"),
        (["192.168.7.7"], 2, "10.0.0.1"),
        (["x" * 500], 1, "x" * 45),
    ],
    ids=["direct", "made-up", "one", "made-up-before", "twice", "two", "missing", "long"],
)
def test_an_address_is_taken_from_our_own_proxies_alone(
    sent: list[str], proxies: int, address: str
) -> None:
    headers = tuple(("x-forwarded-for", value) for value in sent)
    assert Addresses(proxies).of("10.0.0.1", headers) == address


@pytest.mark.parametrize(
    ("peer", "sent", "address"),
    [
        ("203.0.113.9", "1.1.1.1", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "<b>", "<b>"),
    ],
    ids=["past-the-proxies", "one", "two", "from-within", "of-a-proxy", "no-address"],
)
def test_a_proxy_is_known_by_its_network(peer: str, sent: str, address: str) -> None:
    known = Addresses(0, (ip_network("10.0.0.0/8"),))
    assert known.of(peer, (("x-forwarded-for", sent),)) == address
