"""Check digits and randomness: what is right passes, and one changed character does not."""

from __future__ import annotations

import pytest

from policies.checks.national import CHECKS
from policies.checks.validators import base58check, build, luhn, mod97

# Numbers that the issuing offices, or their standards, publish as samples, or made by their rules.
NUMBERS = {
    "ar-tax": "20-35992783-6",
    "at-insurance": "8295181174",
    "au-business": "98 918 205 930",
    "au-medicare": "5441 85140 4",
    "au-tax-file": "123456782",
    "baltic-person": "49403136515",
    "be-national": "85.07.30-033.28",
    "bg-person": "9201243360",
    "br-company": "11.222.333/0001-81",
    "br-person": "529.982.247-25",
    "cl-tax": "14.956.095-5",
    "cn-resident": "11010519491231002X",
    "co-tax": "808.586.913-5",
    "cz-birth": "590120/4771",
    "de-pension": "82 221204 D 513",
    "de-tax-id": "24170586492",
    "ean13": "756.9217.0769.85",
    "es-identity": "12345678Z",
    "fi-identity": "131052-308T",
    "fr-social-security": "185057800604137",
    "gr-tax": "179414770",
    "hk-identity": "P835847(1)",
    "hu-health": "184 779 468",
    "hu-tax": "8507981070",
    "identity-card-lines": "0101284M3302211D<<<<<<<<<<<<<6",
    "identity-document": "TMYXV6CXT5",
    "ie-service": "0795381E",
    "in-business": "05TOYCF6301F1Z9",
    "is-person": "070543-8699",
    "it-fiscal-code": "RSSMRA85T10A562S",
    "jp-person": "7307 4848 3525",
    "kr-resident": "850730-1002390",
    "lv-person": "261197-18075",
    "machine-readable": "TMYXV6CXT5",
    "mod-11-10": "24650917878",
    "nl-citizen": "111222333",
    "no-identity": "01019098415",
    "nz-tax": "122-759-180",
    "passport-lines": "3463321802POL6003302M2708126<<<<<<<<<<<<<<00",
    "pl-national": "44051401359",
    "pl-tax": "683-614-36-49",
    "pt-tax": "123456789",
    "ro-personal": "2870102031806",
    "ru-insurance": "189-548-472 44",
    "ru-tax": "660495360248",
    "se-personal": "19811218-9876",
    "sg-identity": "S1234567D",
    "th-identity": "2-4561-12158-98-4",
    "tr-identity": "10000000146",
    "tw-identity": "T137087574",
    "ua-tax": "2915472833",
    "uk-nhs": "6091390996",
    "uk-tax": "14323 68223",
    "us-prescriber": "AE7222920",
    "us-routing": "021000021",
    "uy-identity": "5.963.748-4",
    "vehicle": "1M8GDM9AXKP042788",
    "verhoeff": "602067970168",
    "yu-person": "0401968500699",
}


@pytest.mark.parametrize("name", sorted(set(CHECKS) - {"us-social-security", "kz-person"}))
def test_a_national_number_is_right_and_with_another_digit_wrong(name: str) -> None:
    number = NUMBERS[name]
    assert CHECKS[name](number)
    at = next(place for place in range(len(number) - 2, 0, -1) if number[place].isdigit())
    others = [digit for digit in "0123456789" if digit != number[at]]
    changed = [number[:at] + digit + number[at + 1 :] for digit in others]
    assert sum(map(CHECKS[name], changed)) <= 1


@pytest.mark.parametrize(
    ("number", "right"),
    [("219-09-9999", True), ("000-09-9999", False), ("666-09-9999", False), ("900-09-9999", False)],
)
def test_areas_that_were_never_given_out_are_no_social_security_numbers(
    number: str, *, right: bool
) -> None:
    assert CHECKS["us-social-security"](number) == right


def test_checksums_of_banks_and_wallets() -> None:
    assert luhn("4111 1111 1111 1111")
    assert not luhn("4111 1111 1111 1112")
    assert not luhn("0000 0000 0000 0000")
    assert mod97("GB82 WEST 1234 5698 7654 32")
    assert not mod97("GB82 WEST 1234 5698 7654 33")
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
        ("kz-person", "550711318567", True),
        ("kz-person", "550711318568", False),
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
