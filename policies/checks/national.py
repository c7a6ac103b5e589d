"""Check digits that python-stdnum does not know, or not as they are given out.

It refuses Norway's numbers of patients, Sweden's of people who are not registered and New Zealand's
newer ones, and it takes some that Argentina does not give. `published` has all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stdnum import luhn
from stdnum.cn import ric

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def digits_of(text: str) -> list[int]:
    return [int(ch) for ch in text if ch.isdigit()]


def weighted(digits: Sequence[int], weights: Sequence[int]) -> int:
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=False))


def norwegian_identity(text: str) -> bool:
    """Two check digits, each by 11."""
    digits = digits_of(text)
    first = weighted(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11
    second = weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11
    return first == 0 and second == 0 and any(digits)


def german_pension(text: str) -> bool:
    """Weights 2, 1, 2, 5, 7 and 1, 2 in turn, the letter as two digits; sums of digits by 10."""
    plain = "".join(ch for ch in text.upper() if ch.isalnum())
    digits = digits_of(f"{plain[:8]}{ord(plain[8]) - 64:02}{plain[9:]}")
    products = (
        digit * weight
        for digit, weight in zip(digits, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=False)
    )
    return sum(sum(divmod(product, 10)) for product in products) % 10 == digits[12]


def hungarian_tax(text: str) -> bool:
    """Weights 1 to 9; the last digit is the rest by 11."""
    digits = digits_of(text)
    return weighted(digits[:9], range(1, 10)) % 11 == digits[9]


def hungarian_health(text: str) -> bool:
    """Weights 3 and 7 in turn; the last digit is the rest by 10."""
    digits = digits_of(text)
    return weighted(digits[:8], (3, 7) * 4) % 10 == digits[8] and any(digits)


def russian_insurance(text: str) -> bool:
    """Weights 9 down to 1; the last two digits are the rest by 101, 0 for 100."""
    digits = digits_of(text)
    return weighted(digits[:9], range(9, 0, -1)) % 101 % 100 == digits[9] * 10 + digits[10]


def swedish_personal(text: str) -> bool:
    """Luhn's check over the last ten digits: the century does not count."""
    return luhn.is_valid("".join(filter(str.isdigit, text))[-10:])


def chinese_resident(text: str) -> bool:
    """ISO 7064, mod 11-2, and a date of birth. The list of places is never complete."""
    return bool(ric.get_birth_date(text)) and ric.calc_check_digit(text) == text[-1].upper()


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


NATIONAL: dict[str, Callable[[str], bool]] = {
    "ar-tax": argentine_tax,
    "au-medicare": australian_medicare,
    "cn-resident": chinese_resident,
    "de-pension": german_pension,
    "hk-identity": hong_kong_identity,
    "hu-health": hungarian_health,
    "hu-tax": hungarian_tax,
    "identity-card-lines": identity_card_lines,
    "identity-document": identity_document,
    "kz-person": kazakh_person,
    "machine-readable": machine_readable,
    "no-identity": norwegian_identity,
    "nz-tax": new_zealand_tax,
    "passport-lines": passport_lines,
    "ru-insurance": russian_insurance,
    "se-personal": swedish_personal,
    "sg-identity": singaporean_identity,
    "tw-identity": taiwanese_identity,
    "us-prescriber": us_prescriber,
    "uy-identity": uruguayan_identity,
    "vehicle": vehicle,
}
"""Names that a detector's `checks` may use."""
