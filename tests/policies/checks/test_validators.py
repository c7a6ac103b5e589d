"""Checksums and randomness: what is right passes, and one changed character does not."""

from __future__ import annotations

import pytest

from policies.checks.validators import base58check, build, luhn


def test_checksums_of_banks_and_wallets() -> None:
    assert luhn("4111 1111 1111 1111")
    assert not luhn("4111 1111 1111 1112")
    assert not luhn("0000 0000 0000 0000")
    assert base58check("5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ")
    assert not base58check("5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTK")


@pytest.mark.parametrize(
    ("text", "random"),
    [
        ("q8Zk3vN7xP2mL9rT5wB1", True),
        ("7f3e9a2b8c1d4e6f0a5b", True),
        ("9b2f1c3e-77aa-4d01-8e5f-0c6d2b9a4e31", True),
        ("settings.payment_provider.secret_name", False),
        ("getUserFromAuthenticationToken", False),
        ("my-application-secrets-2024", False),
        ("YOUR_API_KEY_GOES_HERE_42", False),
        ("${SECRET_FROM_ELSEWHERE_1a2b}", False),
        ("xxxxxxxxxxxxxxxxxxxxxxxx", False),
        ("0123456789abcdefghijklmnopqrstuvwxyz", False),
        ("kqzvtxjwbpmdhgfc", True),
        ("authenticationmiddleware", False),
    ],
)
def test_randomness_tells_tokens_from_names(text: str, *, random: bool) -> None:
    check = build(["random", "entropy:3.0"])
    assert check is not None
    assert check(text) == random


@pytest.mark.parametrize(
    ("name", "text", "right"),
    [
        ("mailbox", "dana@example.com", True),
        ("mailbox", "git@example.com", False),
        ("phrase", "maple-falcon-river", True),
        ("phrase", "maple.falcon_river", False),
        ("phrase", "reset-your-password", False),
        ("phrase", "maple-falcon", False),
        ("ip-address", "203.0.113.7", True),
        ("mailbox", "noreply@example.com", False),
        ("ip-address", "120.0.0.0", False),
        ("ip-address", "169.254.169.254", False),
        ("ip-address", "2001:db8::7334", True),
        ("ip-address", "d3:7b:ab:65:fc:c3:29:b5", False),
        ("numbered", "VZB-8457", True),
        ("numbered", "LOST-2", False),
        ("phone", "00 49 30 901820", True),
        ("phone", "0063 0073", False),
        ("passport-lines", "P<POLHANSEN<<OLIVIA<MARKUS<<<<<<<<<<<<<<<<<<", True),
        ("identity-card-lines", "IDD<<PFNN07X3F6<<<<<<<<<<<<<<<", True),
        ("identity-document", "L01X00T47", True),
        ("identity-document", "123456789", False),
        ("random", "b9504262819216a92df88cfe21514585", True),
        ("random", "17000000000000000000000000000042", False),
        ("password", "%DB_PASSWORD%", False),
        ("password", "hunter2%", True),
        ("password", "really?", False),
        ("password", "iloveyou", True),
        ("password", "loveletters", False),
        ("scattered", "Tr0ub4dor&3", True),
        ("scattered", "AIhq5Xyb1Gga9Q0", True),
        ("scattered", "TokenV2Response", False),
        ("scattered", "manager-v2", False),
        ("mixed", "q8Zk3vN7xP2m", True),
        ("mixed", "hghKrzPhedQctfUx", True),
        ("mixed", "accountIdentifier", False),
        ("base64", "cGFzc3dvcmQ=", True),
        ("base64", "cGFzc3dvcmQ", False),
        ("base64", "/wD/AP8A", False),
    ],
)
def test_what_is_nobodys_and_what_is_somebodys(name: str, text: str, *, right: bool) -> None:
    check = build([name])
    assert check is not None
    assert check(text) == right


@pytest.mark.parametrize("name", ["lun", "entropy", "entropy:high", "luhn:2"])
def test_a_check_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"no check|number of bits"):
        build([name])
