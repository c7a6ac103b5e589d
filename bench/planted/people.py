"""Personal numbers with right check digits, by the rules that the issuing offices publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.planted.made import ALPHABETS, base58check, draw

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence


def digits(rng: random.Random, count: int) -> str:
    """Return digits that do not begin with 0."""
    return rng.choice("123456789") + "".join(rng.choices("0123456789", k=count - 1))


def luhn(body: str) -> str:
    total = 0
    for at, ch in enumerate(reversed(body)):
        value = int(ch) * (2 if at % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def weighted(text: str, weights: Sequence[int]) -> int:
    return sum(int(ch) * weight for ch, weight in zip(text, weights, strict=False))


def grouped(text: str, sizes: Sequence[int], sign: str) -> str:
    out, at = [], 0
    for size in sizes:
        out.append(text[at : at + size])
        at += size
    return sign.join(part for part in out if part)


def card(rng: random.Random) -> str:
    """Return a payment card of one of seven brands, with or without spaces."""
    head, length = rng.choice(
        (("4", 16), ("51", 16), ("2221", 16), ("6011", 16), ("3528", 16), ("34", 15), ("37", 15))
    )
    body = head + "".join(rng.choices("0123456789", k=length - len(head) - 1))
    number = body + luhn(body)
    sizes = (4, 6, 5) if length == 15 else (4, 4, 4, 4)
    return grouped(number, sizes, rng.choice(("", " ", "-")))


def iban(rng: random.Random) -> str:
    """Return an account of one of ten countries (ISO 13616)."""
    country, form = rng.choice(
        (
            ("DE", "d18"),
            ("GB", "U4d14"),
            ("FR", "d23"),
            ("NL", "U4d10"),
            ("ES", "d20"),
            ("IT", "U1d22"),
            ("CH", "d17"),
            ("AT", "d16"),
            ("BE", "d12"),
            ("PL", "d24"),
        )
    )
    body = "".join(rng.choices(ALPHABETS["U"], k=int(form[1]))) if form[0] == "U" else ""
    body += "".join(rng.choices("0123456789", k=int(form.rpartition("d")[2])))
    number = int("".join(str(int(ch, 36)) for ch in body + country + "00"))
    plain = f"{country}{98 - number % 97:02}{body}"
    return rng.choice((plain, grouped(plain, [4] * 9, " ")))


def social_security(rng: random.Random) -> str:
    area = rng.choice([n for n in range(100, 900) if n != 666])
    return f"{area}-{rng.randint(10, 99)}-{rng.randint(1000, 9999)}"


def routing(rng: random.Random) -> str:
    body = f"{rng.randint(1, 12):02}{digits(rng, 6)}"
    return body + str(-weighted(body, (3, 7, 1, 3, 7, 1, 3, 7)) % 10)


def nhs(rng: random.Random) -> str:
    while True:
        body = digits(rng, 9)
        check = -weighted(body, range(10, 1, -1)) % 11
        if check < 10:
            number = body + str(check)
            return rng.choice((number, grouped(number, (3, 3, 4), " ")))


def national_insurance(rng: random.Random) -> str:
    sign = rng.choice(("", " "))
    pair = rng.choice(("AB", "CE", "JM", "NX", "PW", "SR", "YL"))
    return sign.join([pair, *(f"{rng.randint(10, 99)}" for _ in range(3)), rng.choice("ABCD")])


def german_tax(rng: random.Random) -> str:
    chosen = rng.sample("123456789", 9)
    body = "".join([*chosen, rng.choice(chosen)])
    product = 10
    for ch in body:
        product = ((int(ch) + product) % 10 or 10) * 2 % 11
    return body + str((11 - product) % 10)


def french_insee(rng: random.Random) -> str:
    body = f"{rng.choice('12')}{rng.randint(50, 99)}{rng.randint(1, 12):02}{rng.randint(10, 95)}"
    body += f"{rng.randint(1, 900):03}{rng.randint(1, 999):03}"
    number = body + f"{97 - int(body) % 97:02}"
    return rng.choice((number, grouped(number, (1, 2, 2, 2, 3, 3, 2), " ")))


def spanish_dni(rng: random.Random) -> str:
    number = rng.randint(10_000_000, 99_999_999)
    return f"{number}{rng.choice(('', '-'))}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}"


def spanish_nie(rng: random.Random) -> str:
    lead, number = rng.randint(0, 2), rng.randint(1_000_000, 9_999_999)
    rest = (lead * 10_000_000 + number) % 23
    return f"{'XYZ'[lead]}{number}{'TRWAGMYFPDXBNJZSQVHLCKE'[rest]}"


def italian_code(rng: random.Random) -> str:
    letters = "BCDFGLMNPRSTV"
    body = "".join(rng.choices(letters, k=6)) + f"{rng.randint(40, 99)}"
    body += f"{rng.choice('ABCDEHLMPRST')}{rng.randint(1, 28):02}{rng.choice('ABCDEFGHIL')}"
    body += f"{rng.randint(100, 999)}"
    odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25]
    odd += [24, 23]
    total = 0
    for at, ch in enumerate(body):
        value = int(ch) if ch.isdigit() else ord(ch) - 65
        total += odd[value] if at % 2 == 0 else value
    return body + chr(65 + total % 26)


def dutch_bsn(rng: random.Random) -> str:
    while True:
        body = digits(rng, 8)
        check = weighted(body, range(9, 1, -1)) % 11
        if check < 10:
            return body + str(check)


def belgian_national(rng: random.Random) -> str:
    body = f"{rng.randint(40, 99)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
    body += f"{rng.randint(1, 997):03}"
    number = body + f"{97 - int(body) % 97:02}"
    dotted = f"{number[:2]}.{number[2:4]}.{number[4:6]}-{number[6:9]}.{number[9:]}"
    return rng.choice((number, dotted))


def polish_pesel(rng: random.Random) -> str:
    body = f"{rng.randint(40, 99)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}{digits(rng, 4)}"
    return body + str(-weighted(body, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10)


def swedish_number(rng: random.Random) -> str:
    day = f"{rng.randint(40, 99)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
    serial = f"{rng.randint(1, 999):03}"
    return f"{rng.choice(('', '19'))}{day}-{serial}{luhn(day + serial)}"


def finnish_hetu(rng: random.Random) -> str:
    day = f"{rng.randint(1, 28):02}{rng.randint(1, 12):02}{rng.randint(40, 99)}"
    serial = f"{rng.randint(2, 899):03}"
    return f"{day}-{serial}{'0123456789ABCDEFHJKLMNPRSTUVWXY'[int(day + serial) % 31]}"


def norwegian_number(rng: random.Random) -> str:
    while True:
        body = f"{rng.randint(1, 28):02}{rng.randint(1, 12):02}{rng.randint(40, 99)}"
        body += f"{rng.randint(0, 499):03}"
        one = -weighted(body, (3, 7, 6, 1, 8, 9, 4, 5, 2)) % 11
        two = -weighted(f"{body}{one}", (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
        if one < 10 and two < 10:
            return f"{body}{one}{two}"


def swiss_ahv(rng: random.Random) -> str:
    body = "756" + digits(rng, 9)
    number = body + str(-weighted(body, (1, 3) * 6) % 10)
    return f"{number[:3]}.{number[3:7]}.{number[7:11]}.{number[11:]}"


def portuguese_nif(rng: random.Random) -> str:
    body = rng.choice("12") + "".join(rng.choices("0123456789", k=7))
    rest = weighted(body, range(9, 1, -1)) % 11
    return body + str(0 if rest < 2 else 11 - rest)


def brazilian_cpf(rng: random.Random) -> str:
    body = digits(rng, 9)
    for weights in (range(10, 1, -1), range(11, 1, -1)):
        rest = weighted(body, weights) % 11
        body += str(0 if rest < 2 else 11 - rest)
    dotted = f"{body[:3]}.{body[3:6]}.{body[6:9]}-{body[9:]}"
    return rng.choice((body, dotted))


def canadian_sin(rng: random.Random) -> str:
    body = digits(rng, 8)
    return grouped(body + luhn(body), (3, 3, 3), rng.choice((" ", "-", "")))


def australian_tfn(rng: random.Random) -> str:
    while True:
        body = digits(rng, 9)
        if weighted(body, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0:
            return rng.choice((body, grouped(body, (3, 3, 3), " ")))


def indian_aadhaar(rng: random.Random) -> str:
    body = rng.choice("23456789") + "".join(rng.choices("0123456789", k=10))
    number = body + next(d for d in "0123456789" if verhoeff(body + d) == 0)
    return rng.choice((number, grouped(number, (4, 4, 4), " ")))


def verhoeff(text: str) -> int:
    """Return the check of Verhoeff's dihedral code: 0 where the number is right."""
    turn = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
    total = 0
    for at, ch in enumerate(reversed(text)):
        value = int(ch)
        for _ in range(at % 8):
            value = turn[value]
        total = _dihedral(total, value)
    return total


def _dihedral(one: int, two: int) -> int:
    if one < 5:
        return (one + two) % 5 + (0 if two < 5 else 5)
    return (one - two) % 5 + (5 if two < 5 else 0)


def indian_pan(rng: random.Random) -> str:
    lead = "".join(rng.choices(ALPHABETS["U"], k=3))
    return f"{lead}P{rng.choice('KMRST')}{rng.randint(1000, 9999)}{rng.choice('ABCFGHKL')}"


def chinese_resident(rng: random.Random) -> str:
    body = f"{rng.choice((110101, 310104, 440305))}19{rng.randint(50, 99)}"
    body += f"{rng.randint(1, 12):02}{rng.randint(1, 28):02}{rng.randint(1, 999):03}"
    weights = [2**power % 11 for power in range(17, 0, -1)]
    return body + "10X98765432"[weighted(body, weights) % 11]


def korean_number(rng: random.Random) -> str:
    body = f"{rng.randint(50, 99)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
    body += f"{rng.choice('12')}{rng.randint(10000, 99999)}"
    check = (11 - weighted(body, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10
    return f"{body[:6]}-{body[6:]}{check}"


def south_african(rng: random.Random) -> str:
    body = f"{rng.randint(50, 99)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
    body += f"{rng.randint(0, 9999):04}08"
    return body + luhn(body)


def turkish_identity(rng: random.Random) -> str:
    body = digits(rng, 9)
    ten = (weighted(body, (7, -1) * 5)) % 10
    return f"{body}{ten}{(sum(map(int, body)) + ten) % 10}"


def singapore_nric(rng: random.Random) -> str:
    body = digits(rng, 7)
    return f"S{body}{'JZIHGFEDCBA'[weighted(body, (2, 7, 6, 5, 4, 3, 2)) % 11]}"


def imei(rng: random.Random) -> str:
    body = "35" + digits(rng, 12)
    return body + luhn(body)


def bitcoin(rng: random.Random) -> str:
    return base58check(b"\0" + rng.randbytes(20))


def email(rng: random.Random) -> str:
    name = rng.choice(("dana.whitfield", "j.okafor", "maria_lopez", "tomasz", "li.wei"))
    return f"{name}{rng.randint(1, 99)}@{draw(rng, ALPHABETS['l'], 7)}.{rng.choice(('com', 'de'))}"


def phone(rng: random.Random) -> str:
    lead = rng.choice(("+49 151 ", "+44 7700 ", "+1 415-", "+33 6 "))
    return f"{lead}{rng.randint(200, 999)}{rng.choice((' ', '-'))}{rng.randint(1000, 9999)}"


PERSONAL: dict[str, tuple[Callable[[random.Random], str], str]] = {
    "payment-card": (card, "card number"),
    "iban": (iban, "iban"),
    "us-social-security": (social_security, "ssn"),
    "us-routing": (routing, "routing number"),
    "uk-nhs": (nhs, "nhs number"),
    "uk-national-insurance": (national_insurance, "national insurance"),
    "german-tax-id": (german_tax, "steuer-id"),
    "french-insee": (french_insee, "numéro sécurité sociale"),
    "spanish-dni": (spanish_dni, "dni"),
    "spanish-nie": (spanish_nie, "nie"),
    "italian-codice-fiscale": (italian_code, "codice fiscale"),
    "dutch-bsn": (dutch_bsn, "bsn"),
    "belgian-national": (belgian_national, "national number"),
    "polish-pesel": (polish_pesel, "pesel"),
    "swedish-personnummer": (swedish_number, "personnummer"),
    "finnish-hetu": (finnish_hetu, "henkilötunnus"),
    "norwegian-number": (norwegian_number, "fødselsnummer"),
    "swiss-ahv": (swiss_ahv, "ahv"),
    "portuguese-nif": (portuguese_nif, "nif"),
    "brazilian-cpf": (brazilian_cpf, "cpf"),
    "canadian-sin": (canadian_sin, "sin"),
    "australian-tfn": (australian_tfn, "tfn"),
    "indian-aadhaar": (indian_aadhaar, "aadhaar"),
    "indian-pan": (indian_pan, "pan number"),
    "chinese-resident": (chinese_resident, "身份证"),
    "korean-rrn": (korean_number, "resident registration number"),
    "south-african-id": (south_african, "id number"),
    "turkish-identity": (turkish_identity, "tc kimlik no"),
    "singapore-nric": (singapore_nric, "nric"),
    "imei": (imei, "imei"),
    "bitcoin-address": (bitcoin, "wallet"),
    "email": (email, "e-mail"),
    "phone": (phone, "phone"),
}
