"""Check digits of national numbers beyond Europe, of passports and vehicles, by published rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.checks.national.digits import digits_of, weighted

if TYPE_CHECKING:
    from collections.abc import Callable


def us_social_security(text: str) -> bool:
    """Areas 000, 666 and 900 up, group 00 and serial 0000 were never given out."""
    digits = "".join(map(str, digits_of(text)))
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return area not in {"000", "666"} and area < "900" and group != "00" and serial != "0000"


def us_routing(text: str) -> bool:
    """American Bankers Association: weights 3, 7, 1; the sum ends in 0."""
    digits = digits_of(text)
    return len(digits) == 9 and any(digits) and weighted(digits, (3, 7, 1) * 3) % 10 == 0


def brazilian_person(text: str) -> bool:
    """Two check digits, each from all digits before it, by 11."""
    digits = digits_of(text)
    return len(set(digits)) > 1 and all(
        weighted(digits, range(at + 1, 1, -1)) * 10 % 11 % 10 == digits[at] for at in (9, 10)
    )


def brazilian_company(text: str) -> bool:
    """As for a person, with weights that go round from 9 to 2."""
    digits = digits_of(text)
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    return len(set(digits)) > 1 and all(
        weighted(digits, weights[13 - at :]) * 10 % 11 % 10 == digits[at] for at in (12, 13)
    )


def _dihedral(one: int, two: int) -> int:
    """Multiply in the group of the symmetries of a pentagon."""
    if one < 5:
        return (one + two) % 5 if two < 5 else (one + two - 5) % 5 + 5
    return (one - two - 5) % 5 + 5 if two < 5 else (one - two) % 5


_SHUFFLE = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def verhoeff(text: str) -> bool:
    """Verhoeff's check, which India's Aadhaar uses."""
    total = 0
    for place, digit in enumerate(reversed(digits_of(text))):
        shuffled = digit
        for _ in range(place % 8):
            shuffled = _SHUFFLE[shuffled]
        total = _dihedral(total, shuffled)
    return total == 0


def chinese_resident(text: str) -> bool:
    """ISO 7064, mod 11-2; X stands for 10. The date of birth must be one."""
    values = [10 if ch in "xX" else int(ch) for ch in text]
    total = sum(value * pow(2, 17 - place, 11) for place, value in enumerate(values))
    return total % 11 == 1 and "01" <= text[10:12] <= "12" and "01" <= text[12:14] <= "31"


def australian_tax_file(text: str) -> bool:
    """Weights 1, 4, 3, 7, 5, 8, 6, 9, 10; the sum is a multiple of 11."""
    digits = digits_of(text)
    return weighted(digits, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0 and any(digits)


def korean_resident(text: str) -> bool:
    """Weights 2 to 9 and on; month and day must be ones."""
    digits = digits_of(text)
    total = weighted(digits[:12], (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5))
    return (11 - total % 11) % 10 == digits[12] and "01" <= text[2:4] <= "12"


def singaporean_identity(text: str) -> bool:
    """Weights 2, 7, 6, 5, 4, 3, 2 and an offset by series; the rest by 11 is a letter."""
    head, letter = text[0].upper(), text[-1].upper()
    total = weighted(digits_of(text), (2, 7, 6, 5, 4, 3, 2))
    if head == "M":
        return "KLJNPQRTUWX"[10 - (total + 3) % 11] == letter
    total += 4 if head in "TG" else 0
    return ("JZIHGFEDCBA" if head in "ST" else "XWUTRQPNMLK")[total % 11] == letter


_VIN = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), 1, 2, 3, 4, 5, 7, 9, *range(2, 10)), strict=True)
)


def vehicle(text: str) -> bool:
    """ISO 3779 with the check digit of North America at the ninth place."""
    values = [_VIN.get(ch, 0) if ch.isalpha() else int(ch) for ch in text.upper()]
    rest = weighted(values, (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return text[8].upper() == "0123456789X"[rest]


def australian_medicare(text: str) -> bool:
    """Weights 1, 3, 7, 9 twice; the ninth digit is the rest by 10."""
    digits = digits_of(text)
    return weighted(digits[:8], (1, 3, 7, 9) * 2) % 10 == digits[8]


def chilean_tax(text: str) -> bool:
    """Weights 2 to 7 from the right, again and again; 11 less the rest by 11, K for 10."""
    digits, last = digits_of(text[:-1]), text[-1].upper()
    rest = 11 - weighted(digits[::-1], (2, 3, 4, 5, 6, 7, 2, 3)) % 11
    return last == {10: "K", 11: "0"}.get(rest, str(rest))


def argentine_tax(text: str) -> bool:
    """Weights 5, 4, 3, 2, 7 down to 2; 11 less the rest by 11 is the last digit, 0 for 11."""
    digits = digits_of(text)
    return (11 - weighted(digits[:10], (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11) % 11 == digits[10]


_PASSPORT_LINE = 44


def machine_readable(text: str) -> bool:
    """ICAO 9303: weights 7, 3, 1 over a field; letters count from 10, the last digit checks."""
    *field, last = (int(ch, 36) if ch.isalnum() else 0 for ch in text.upper() if ch not in " -")
    return weighted(field, (7, 3, 1) * len(field)) % 10 == last


def passport_lines(text: str) -> bool:
    """The second line, if it is there: number, birth and expiry, each alone and all together."""
    if text.startswith("P<") and len(text) <= _PASSPORT_LINE:
        return True  # the first line alone: names, which nothing checks
    line = text[-_PASSPORT_LINE:]
    fields = (line[:10], line[13:20], line[21:28])
    return all(map(machine_readable, (*fields, line[:10] + line[13:20] + line[21:])))


def identity_card_lines(text: str) -> bool:
    """The date of birth and the day of expiry in the second line, if it is there."""
    second = text[:7].isdigit()
    return not second or (machine_readable(text[:7]) and machine_readable(text[8:15]))


def identity_document(text: str) -> bool:
    """A number of nine characters with letters among digits, or ten of which the last checks."""
    mixed = any(map(str.isdigit, text)) and any(map(str.isalpha, text))
    return machine_readable(text) if len(text) == 10 else mixed


def colombian_tax(text: str) -> bool:
    """Weights 3, 7, 13, 17, 19, 23, 29, 37, 41 from the right; 11 less the rest from 2 up."""
    *digits, last = digits_of(text)
    rest = weighted(digits[::-1], (3, 7, 13, 17, 19, 23, 29, 37, 41, 43)) % 11
    return last == (rest if rest < 2 else 11 - rest)


def indian_business(text: str) -> bool:
    """A digit of base 36: weights 1 and 2 in turn, the sum of both places of each product."""
    values = [int(ch, 36) for ch in text.upper()]
    total = sum(sum(divmod(value * (1 + at % 2), 36)) for at, value in enumerate(values[:14]))
    return (36 - total % 36) % 36 == values[14]


def japanese_person(text: str) -> bool:
    """Weights 6 to 2 and 7 to 2; 11 less the rest by 11 is the last digit, 0 from 10 up."""
    digits = digits_of(text)
    rest = weighted(digits[:11], (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return digits[11] == (0 if rest < 2 else 11 - rest) and any(digits)


_SERIES = "ABCDEFGHJKLMNPQRSTUVXYWZIO"


def taiwanese_identity(text: str) -> bool:
    """The letter counts as two digits; weights 1, 9 down to 1 and 1; the sum ends in 0."""
    digits = digits_of(str(_SERIES.index(text[0].upper()) + 10) + text[1:])
    return weighted(digits, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)) % 10 == 0


def hong_kong_identity(text: str) -> bool:
    """Weights 9 down to 2, a missing first letter as 36; with the last digit 11 divides the sum."""
    plain = "".join(ch for ch in text.upper() if ch.isalnum())
    values = [36] * (9 - len(plain)) + [int(ch, 36) for ch in plain[:-1]]
    last = 10 if plain[-1] == "A" else int(plain[-1], 36)
    return (weighted(values, range(9, 1, -1)) + last) % 11 == 0


def thai_identity(text: str) -> bool:
    """Weights 13 down to 2; 11 less the rest by 11 ends with the last digit."""
    digits = digits_of(text)
    return (11 - weighted(digits[:12], range(13, 1, -1)) % 11) % 10 == digits[12]


def australian_business(text: str) -> bool:
    """Weights 10, 1, 3, 5 to 19, one taken from the first digit; 89 divides the sum."""
    first, *digits = digits_of(text)
    return weighted([first - 1, *digits], (10, *range(1, 20, 2))) % 89 == 0


def new_zealand_tax(text: str) -> bool:
    """Weights 3, 2, 7, 6, 5, 4, 3, 2, or 7, 4, 3, 2, 5, 2, 7, 6 where the first leave 10."""
    digits = digits_of(text)
    digits = [0] * (9 - len(digits)) + digits
    for weights in ((3, 2, 7, 6, 5, 4, 3, 2), (7, 4, 3, 2, 5, 2, 7, 6)):
        check = -weighted(digits[:8], weights) % 11
        if check < 10:
            return check == digits[8] and any(digits)
    return False


def kazakh_person(text: str) -> bool:
    """Weights 1 to 11, the rest by 11; where that is 10, weights 3 to 11, 1 and 2."""
    digits = digits_of(text)
    check = weighted(digits, range(1, 12)) % 11
    if check == 10:
        check = weighted(digits, (*range(3, 12), 1, 2)) % 11
    return check == digits[11]


def uruguayan_identity(text: str) -> bool:
    """Weights 2, 9, 8, 7, 6, 3, 4; with the last digit the sum ends in 0."""
    digits = digits_of(text)
    return weighted(digits, (2, 9, 8, 7, 6, 3, 4, 1)) % 10 == 0


def us_prescriber(text: str) -> bool:
    """Every second digit counts twice; the sum of six ends with the seventh (DEA)."""
    digits = digits_of(text)
    return weighted(digits, (1, 2, 1, 2, 1, 2)) % 10 == digits[6]


WORLD: dict[str, Callable[[str], bool]] = {
    "ar-tax": argentine_tax,
    "au-business": australian_business,
    "au-medicare": australian_medicare,
    "au-tax-file": australian_tax_file,
    "br-company": brazilian_company,
    "br-person": brazilian_person,
    "cl-tax": chilean_tax,
    "cn-resident": chinese_resident,
    "co-tax": colombian_tax,
    "hk-identity": hong_kong_identity,
    "identity-document": identity_document,
    "identity-card-lines": identity_card_lines,
    "in-business": indian_business,
    "jp-person": japanese_person,
    "kr-resident": korean_resident,
    "kz-person": kazakh_person,
    "machine-readable": machine_readable,
    "nz-tax": new_zealand_tax,
    "passport-lines": passport_lines,
    "sg-identity": singaporean_identity,
    "th-identity": thai_identity,
    "tw-identity": taiwanese_identity,
    "us-prescriber": us_prescriber,
    "us-routing": us_routing,
    "us-social-security": us_social_security,
    "uy-identity": uruguayan_identity,
    "vehicle": vehicle,
    "verhoeff": verhoeff,
}
