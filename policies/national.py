"""Check digits of national numbers, by the rules that the issuing offices publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def _digits(text: str) -> list[int]:
    return [int(ch) for ch in text if ch.isdigit()]


def _weighted(digits: Sequence[int], weights: Sequence[int]) -> int:
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=False))


def us_social_security(text: str) -> bool:
    """Areas 000, 666 and 900 up, group 00 and serial 0000 were never given out."""
    digits = "".join(map(str, _digits(text)))
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return area not in {"000", "666"} and area < "900" and group != "00" and serial != "0000"


def us_routing(text: str) -> bool:
    """American Bankers Association: weights 3, 7, 1; the sum ends in 0."""
    digits = _digits(text)
    return len(digits) == 9 and any(digits) and _weighted(digits, (3, 7, 1) * 3) % 10 == 0


def uk_nhs(text: str) -> bool:
    """Weights 10 down to 2; the last digit makes the sum a multiple of 11."""
    digits = _digits(text)
    return _weighted(digits, range(10, 0, -1)) % 11 == 0 and len(set(digits)) > 1


def german_tax_id(text: str) -> bool:
    """ISO 7064, mod 11,10; one of the first ten digits stands twice or three times."""
    digits = _digits(text)
    product = 10
    for digit in digits[:-1]:
        product = ((digit + product) % 10 or 10) * 2 % 11
    repeats = 10 - len(set(digits[:-1]))
    return (11 - product) % 10 == digits[-1] and 1 <= repeats <= 2


def french_social_security(text: str) -> bool:
    """97 less the rest of the first 13 digits by 97."""
    digits = "".join(map(str, _digits(text)))
    return int(digits[13:]) == 97 - int(digits[:13]) % 97


def spanish_identity(text: str) -> bool:
    """Give the letter at the rest of the number by 23; a leading X, Y, Z counts 0, 1, 2."""
    plain = text.upper().replace("-", "").translate(str.maketrans("XYZ", "012", ""))
    head = text.upper().replace("-", "")
    number = plain[:-1] if head[0] in "XYZ" else head[:-1]
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == head[-1]


_ODD_PLACES: tuple[int, ...] = (
    1,
    0,
    5,
    7,
    9,
    13,
    15,
    17,
    19,
    21,
    2,
    4,
    18,
    20,
    11,
    3,
    6,
    8,
    12,
    14,
    16,
    10,
)
_ODD_PLACES += (22, 25, 24, 23)
_ODD = dict(zip("0123456789", _ODD_PLACES[:10], strict=True))
_ODD |= dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", _ODD_PLACES, strict=True))


def italian_fiscal_code(text: str) -> bool:
    """Characters at odd places count by a table of their own; the sum by 26 is a letter."""
    plain = text.upper()
    total = sum(_ODD[ch] for ch in plain[:15:2])
    total += sum(int(ch) if ch.isdigit() else ord(ch) - 65 for ch in plain[1:15:2])
    return chr(65 + total % 26) == plain[15]


def dutch_citizen(text: str) -> bool:
    """Weights 9 down to 2, then -1; the sum is a multiple of 11."""
    digits = _digits(text)
    return _weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0 and any(digits)


def polish_national(text: str) -> bool:
    """Weights 1, 3, 7, 9; with the last digit the sum ends in 0."""
    digits = _digits(text)
    return _weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0 and any(digits)


def finnish_identity(text: str) -> bool:
    """Give the character at the rest of all nine digits by 31."""
    digits = "".join(ch for ch in text[:-1] if ch.isdigit())
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(digits) % 31] == text[-1].upper()


def norwegian_identity(text: str) -> bool:
    """Two check digits, each by 11."""
    digits = _digits(text)
    first = _weighted(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11
    second = _weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11
    return first == 0 and second == 0 and any(digits)


def brazilian_person(text: str) -> bool:
    """Two check digits, each from all digits before it, by 11."""
    digits = _digits(text)
    return len(set(digits)) > 1 and all(
        _weighted(digits, range(at + 1, 1, -1)) * 10 % 11 % 10 == digits[at] for at in (9, 10)
    )


def brazilian_company(text: str) -> bool:
    """As for a person, with weights that go round from 9 to 2."""
    digits = _digits(text)
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    return len(set(digits)) > 1 and all(
        _weighted(digits, weights[13 - at :]) * 10 % 11 % 10 == digits[at] for at in (12, 13)
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
    for place, digit in enumerate(reversed(_digits(text))):
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
    digits = _digits(text)
    return _weighted(digits, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0 and any(digits)


def belgian_national(text: str) -> bool:
    """97 less the rest by 97; births since 2000 count with a 2 before the number."""
    digits = "".join(map(str, _digits(text)))
    check = int(digits[9:])
    return check in {97 - int(head + digits[:9]) % 97 for head in ("", "2")}


def ean13(text: str) -> bool:
    """Weights 1 and 3 in turn, which Switzerland's AHV number uses too."""
    return _weighted(_digits(text), (1, 3) * 7) % 10 == 0


def korean_resident(text: str) -> bool:
    """Weights 2 to 9 and on; month and day must be ones."""
    digits = _digits(text)
    total = _weighted(digits[:12], (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5))
    return (11 - total % 11) % 10 == digits[12] and "01" <= text[2:4] <= "12"


def singaporean_identity(text: str) -> bool:
    """Weights 2, 7, 6, 5, 4, 3, 2 and an offset by series; the rest by 11 is a letter."""
    head, letter = text[0].upper(), text[-1].upper()
    total = _weighted(_digits(text), (2, 7, 6, 5, 4, 3, 2))
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
    rest = _weighted(values, (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return text[8].upper() == "0123456789X"[rest]


def swedish_personal(text: str) -> bool:
    """Luhn's check over the last ten digits: the century does not count."""
    doubled = [digit * (2 - at % 2) for at, digit in enumerate(_digits(text)[-10:])]
    return sum(sum(divmod(value, 10)) for value in doubled) % 10 == 0


def portuguese_tax(text: str) -> bool:
    """Weights 9 down to 2; the last digit is 11 less the rest, 0 for 10 and 11."""
    digits = _digits(text)
    check = 11 - _weighted(digits[:8], range(9, 1, -1)) % 11
    return digits[8] == (0 if check > 9 else check)


def turkish_identity(text: str) -> bool:
    """Give the tenth digit by the odd and even places, the last one by the sum of all others."""
    digits = _digits(text)
    tenth = (7 * sum(digits[0:9:2]) - sum(digits[1:8:2])) % 10
    return digits[9] == tenth and digits[10] == sum(digits[:10]) % 10


def australian_medicare(text: str) -> bool:
    """Weights 1, 3, 7, 9 twice; the ninth digit is the rest by 10."""
    digits = _digits(text)
    return _weighted(digits[:8], (1, 3, 7, 9) * 2) % 10 == digits[8]


def chilean_tax(text: str) -> bool:
    """Weights 2 to 7 from the right, again and again; 11 less the rest by 11, K for 10."""
    digits, last = _digits(text[:-1]), text[-1].upper()
    rest = 11 - _weighted(digits[::-1], (2, 3, 4, 5, 6, 7, 2, 3)) % 11
    return last == {10: "K", 11: "0"}.get(rest, str(rest))


def romanian_personal(text: str) -> bool:
    """Weights 2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9; the last digit is the rest by 11, 1 for 10."""
    digits = _digits(text)
    rest = _weighted(digits[:12], (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return digits[12] == (1 if rest == 10 else rest)


def czech_birth(text: str) -> bool:
    """Ten digits that 11 divides, or whose first nine leave 10 before a 0 (until 1985)."""
    digits = "".join(map(str, _digits(text)))
    month = int(digits[2:4]) % 50
    known = 1 <= (month - 20 if month > 20 else month) <= 12 and 1 <= int(digits[4:6]) <= 31
    return known and int(digits[:9]) % 11 % 10 == int(digits[9])


def irish_service(text: str) -> bool:
    """Weights 8 down to 2, and 9 for a second letter; the first letter is the rest by 23."""
    total = _weighted(_digits(text), range(8, 1, -1))
    if len(text) > 8:
        total += 9 * (ord(text[8].upper()) - ord("A") + 1)
    return text[7].upper() == "WABCDEFGHIJKLMNOPQRSTUV"[total % 23]


def argentine_tax(text: str) -> bool:
    """Weights 5, 4, 3, 2, 7 down to 2; 11 less the rest by 11 is the last digit, 0 for 11."""
    digits = _digits(text)
    return (11 - _weighted(digits[:10], (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11) % 11 == digits[10]


CHECKS: dict[str, Callable[[str], bool]] = {
    "ar-tax": argentine_tax,
    "au-medicare": australian_medicare,
    "au-tax-file": australian_tax_file,
    "be-national": belgian_national,
    "br-company": brazilian_company,
    "br-person": brazilian_person,
    "cl-tax": chilean_tax,
    "cn-resident": chinese_resident,
    "cz-birth": czech_birth,
    "de-tax-id": german_tax_id,
    "ean13": ean13,
    "es-identity": spanish_identity,
    "fi-identity": finnish_identity,
    "fr-social-security": french_social_security,
    "ie-service": irish_service,
    "it-fiscal-code": italian_fiscal_code,
    "kr-resident": korean_resident,
    "nl-citizen": dutch_citizen,
    "no-identity": norwegian_identity,
    "pl-national": polish_national,
    "pt-tax": portuguese_tax,
    "ro-personal": romanian_personal,
    "se-personal": swedish_personal,
    "sg-identity": singaporean_identity,
    "tr-identity": turkish_identity,
    "uk-nhs": uk_nhs,
    "us-routing": us_routing,
    "us-social-security": us_social_security,
    "vehicle": vehicle,
    "verhoeff": verhoeff,
}
"""Names that a detector's `checks` may use."""
