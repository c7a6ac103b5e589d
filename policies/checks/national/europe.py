"""Check digits of national numbers of Europe, by the rules that the issuing offices publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.checks.national.digits import digits_of, weighted

if TYPE_CHECKING:
    from collections.abc import Callable


def uk_nhs(text: str) -> bool:
    """Weights 10 down to 2; the last digit makes the sum a multiple of 11."""
    digits = digits_of(text)
    return weighted(digits, range(10, 0, -1)) % 11 == 0 and len(set(digits)) > 1


def german_tax_id(text: str) -> bool:
    """ISO 7064, mod 11,10; one of the first ten digits stands twice or three times."""
    return mod_11_10(text) and 1 <= 10 - len(set(digits_of(text)[:-1])) <= 2


def french_social_security(text: str) -> bool:
    """97 less the rest of the first 13 digits by 97; Corsica's 2A and 2B count as 19 and 18."""
    plain = text.upper().replace("2A", "19").replace("2B", "18")
    digits = "".join(map(str, digits_of(plain)))
    return int(digits[13:]) == 97 - int(digits[:13]) % 97


def spanish_identity(text: str) -> bool:
    """Give the letter at the rest of the number by 23; a leading X, Y, Z counts 0, 1, 2."""
    head = "".join(ch for ch in text.upper() if ch.isalnum())
    plain = head.translate(str.maketrans("XYZ", "012"))
    number = plain[:-1] if head[0] in "XYZ" else head[:-1]
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == head[-1]


_ODD_PLACES = (
    *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18),
    *(20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
)
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
    digits = digits_of(text)
    return weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0 and any(digits)


def polish_national(text: str) -> bool:
    """Weights 1, 3, 7, 9; with the last digit the sum ends in 0."""
    digits = digits_of(text)
    return weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0 and any(digits)


def finnish_identity(text: str) -> bool:
    """Give the character at the rest of all nine digits by 31."""
    digits = "".join(ch for ch in text[:-1] if ch.isdigit())
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(digits) % 31] == text[-1].upper()


def norwegian_identity(text: str) -> bool:
    """Two check digits, each by 11."""
    digits = digits_of(text)
    first = weighted(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11
    second = weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11
    return first == 0 and second == 0 and any(digits)


def belgian_national(text: str) -> bool:
    """97 less the rest by 97; births since 2000 count with a 2 before the number."""
    digits = "".join(map(str, digits_of(text)))
    check = int(digits[9:])
    return check in {97 - int(head + digits[:9]) % 97 for head in ("", "2")}


def ean13(text: str) -> bool:
    """Weights 1 and 3 in turn, which Switzerland's AHV number uses too."""
    return weighted(digits_of(text), (1, 3) * 7) % 10 == 0


def swedish_personal(text: str) -> bool:
    """Luhn's check over the last ten digits: the century does not count."""
    doubled = [digit * (2 - at % 2) for at, digit in enumerate(digits_of(text)[-10:])]
    return sum(sum(divmod(value, 10)) for value in doubled) % 10 == 0


def portuguese_tax(text: str) -> bool:
    """Weights 9 down to 2; the last digit is 11 less the rest, 0 for 10 and 11."""
    digits = digits_of(text)
    check = 11 - weighted(digits[:8], range(9, 1, -1)) % 11
    return digits[8] == (0 if check > 9 else check)


def turkish_identity(text: str) -> bool:
    """Give the tenth digit by the odd and even places, the last one by the sum of all others."""
    digits = digits_of(text)
    tenth = (7 * sum(digits[0:9:2]) - sum(digits[1:8:2])) % 10
    return digits[9] == tenth and digits[10] == sum(digits[:10]) % 10


def romanian_personal(text: str) -> bool:
    """Weights 2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9; the last digit is the rest by 11, 1 for 10."""
    digits = digits_of(text)
    rest = weighted(digits[:12], (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return digits[12] == (1 if rest == 10 else rest)


def czech_birth(text: str) -> bool:
    """Ten digits that 11 divides, or whose first nine leave 10 before a 0 (until 1985)."""
    digits = "".join(map(str, digits_of(text)))
    month = int(digits[2:4]) % 50
    known = 1 <= (month - 20 if month > 20 else month) <= 12 and 1 <= int(digits[4:6]) <= 31
    return known and int(digits[:9]) % 11 % 10 == int(digits[9])


def irish_service(text: str) -> bool:
    """Weights 8 down to 2, and 9 for a second letter; the first letter is the rest by 23."""
    total = weighted(digits_of(text), range(8, 1, -1))
    if len(text) > 8:
        total += 9 * (ord(text[8].upper()) - ord("A") + 1)
    return text[7].upper() == "WABCDEFGHIJKLMNOPQRSTUV"[total % 23]


def mod_11_10(text: str) -> bool:
    """ISO 7064, mod 11,10, which Germany and Croatia use."""
    *digits, last = digits_of(text)
    product = 10
    for digit in digits:
        product = ((digit + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == last


def german_pension(text: str) -> bool:
    """Weights 2, 1, 2, 5, 7 and 1, 2 in turn, the letter as two digits; sums of digits by 10."""
    plain = "".join(ch for ch in text.upper() if ch.isalnum())
    digits = digits_of(f"{plain[:8]}{ord(plain[8]) - 64:02}{plain[9:]}")
    products = (
        digit * weight
        for digit, weight in zip(digits, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=False)
    )
    return sum(sum(divmod(product, 10)) for product in products) % 10 == digits[12]


def austrian_insurance(text: str) -> bool:
    """Weights 3, 7, 9, 0, 5, 8, 4, 2, 1, 6; the fourth digit is the rest by 11."""
    digits = digits_of(text)
    return weighted(digits, (3, 7, 9, 0, 5, 8, 4, 2, 1, 6)) % 11 == digits[3]


def british_tax(text: str) -> bool:
    """Weights 6, 7, 8, 9, 10, 5, 4, 3, 2 after the first digit, which the rest by 11 gives."""
    digits = digits_of(text)
    return int("21987654321"[weighted(digits[1:], (6, 7, 8, 9, 10, 5, 4, 3, 2)) % 11]) == digits[0]


def polish_tax(text: str) -> bool:
    """Weights 6, 5, 7, 2 to 7; the last digit is the rest by 11."""
    digits = digits_of(text)
    return weighted(digits, (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11 == digits[9] and any(digits)


def bulgarian_person(text: str) -> bool:
    """Weights 2, 4, 8, 5, 10, 9, 7, 3, 6; the last digit is the rest by 11, 0 for 10."""
    digits = digits_of(text)
    return weighted(digits, (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10 == digits[9] and any(digits)


def baltic_person(text: str) -> bool:
    """Weights 1 to 9 and 1; 3 to 9 and 1 to 3 where the rest by 11 is 10: Estonia, Lithuania."""
    digits = digits_of(text)
    rest = weighted(digits[:10], (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if rest == 10:
        rest = weighted(digits[:10], (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return rest == digits[10] and any(digits)


def latvian_person(text: str) -> bool:
    """Weights 1, 6, 3, 7, 9, 10, 5, 8, 4, 2 taken from 1101, by 11; numbers with 32 have none."""
    digits = digits_of(text)
    rest = (1101 - weighted(digits[:10], (1, 6, 3, 7, 9, 10, 5, 8, 4, 2))) % 11 % 10
    return digits[:2] == [3, 2] or rest == digits[10]


def hungarian_tax(text: str) -> bool:
    """Weights 1 to 9; the last digit is the rest by 11."""
    digits = digits_of(text)
    return weighted(digits[:9], range(1, 10)) % 11 == digits[9]


def hungarian_health(text: str) -> bool:
    """Weights 3 and 7 in turn; the last digit is the rest by 10."""
    digits = digits_of(text)
    return weighted(digits[:8], (3, 7) * 4) % 10 == digits[8] and any(digits)


def yugoslav_person(text: str) -> bool:
    """Weights 7 down to 2 twice; 11 less the rest by 11 is the last digit, 0 for 11."""
    digits = digits_of(text)
    return (11 - weighted(digits[:12], (7, 6, 5, 4, 3, 2) * 2) % 11) % 11 == digits[12]


def greek_tax(text: str) -> bool:
    """Powers of two, 256 down to 2; the last digit is the rest by 11, 0 for 10."""
    digits = digits_of(text)
    return weighted(digits[:8], [2**at for at in range(8, 0, -1)]) % 11 % 10 == digits[8] and any(
        digits
    )


def russian_tax(text: str) -> bool:
    """Two check digits of a person's number, each the rest by 11, 0 for 10."""
    digits = digits_of(text)
    first = weighted(digits[:10], (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10
    second = weighted(digits[:11], (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10
    return digits[10:] == [first, second] and any(digits)


def russian_insurance(text: str) -> bool:
    """Weights 9 down to 1; the last two digits are the rest by 101, 0 for 100."""
    digits = digits_of(text)
    return weighted(digits[:9], range(9, 0, -1)) % 101 % 100 == digits[9] * 10 + digits[10]


def icelandic_person(text: str) -> bool:
    """Weights 3, 2, 7, 6, 5, 4, 3, 2 over eight digits; 11 less the rest by 11 is the ninth."""
    digits = digits_of(text)
    return -weighted(digits[:8], (3, 2, 7, 6, 5, 4, 3, 2)) % 11 == digits[8]


def ukrainian_tax(text: str) -> bool:
    """Weights -1, 5, 7, 9, 4, 6, 10, 5, 7; the rest by 11 ends with the last digit."""
    digits = digits_of(text)
    return weighted(digits, (-1, 5, 7, 9, 4, 6, 10, 5, 7)) % 11 % 10 == digits[9]


EUROPE: dict[str, Callable[[str], bool]] = {
    "at-insurance": austrian_insurance,
    "baltic-person": baltic_person,
    "be-national": belgian_national,
    "bg-person": bulgarian_person,
    "cz-birth": czech_birth,
    "de-pension": german_pension,
    "de-tax-id": german_tax_id,
    "ean13": ean13,
    "es-identity": spanish_identity,
    "fi-identity": finnish_identity,
    "fr-social-security": french_social_security,
    "gr-tax": greek_tax,
    "hu-health": hungarian_health,
    "hu-tax": hungarian_tax,
    "ie-service": irish_service,
    "is-person": icelandic_person,
    "it-fiscal-code": italian_fiscal_code,
    "lv-person": latvian_person,
    "mod-11-10": mod_11_10,
    "nl-citizen": dutch_citizen,
    "no-identity": norwegian_identity,
    "pl-national": polish_national,
    "pl-tax": polish_tax,
    "pt-tax": portuguese_tax,
    "ro-personal": romanian_personal,
    "ru-insurance": russian_insurance,
    "ru-tax": russian_tax,
    "se-personal": swedish_personal,
    "tr-identity": turkish_identity,
    "ua-tax": ukrainian_tax,
    "uk-nhs": uk_nhs,
    "uk-tax": british_tax,
    "yu-person": yugoslav_person,
}
