from __future__ import annotations

import pytest

from proxy.http.peer import address_of


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
    assert address_of("10.0.0.1", headers, proxies) == address
