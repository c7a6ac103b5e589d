"""Makes values out of templates: `ghp_{w36}` is a prefix and 36 letters and digits.

No template holds a value, so no scanner of a source host has anything to find in this folder.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import uuid
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

_DIGITS = "0123456789"
_LOWER = "abcdefghijklmnopqrstuvwxyz"
_UPPER = _LOWER.upper()

ALPHABETS = {
    "d": _DIGITS,
    "h": _DIGITS + "abcdef",
    "H": _DIGITS + "ABCDEF",
    "l": _LOWER,
    "U": _UPPER,
    "n": _LOWER + _DIGITS,
    "N": _UPPER + _DIGITS,
    "w": _LOWER + _UPPER + _DIGITS,
    "u": _LOWER + _UPPER + _DIGITS + "-_",
    "v": _LOWER + _UPPER + _DIGITS + "_",
    "b": _LOWER + _UPPER + _DIGITS + "+/",
    "B": _UPPER + "234567",
    "c": _LOWER + "234567",
    "s": "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
    "x": "qpzry9x8gf2tvdw0s3jn54khce6mua7l".upper(),
}
_SLOT = re.compile(r"\{([a-zA-Z])(\d+)(?:-(\d+))?\}|\{([a-z]\w+)\}")
_BASE62 = _DIGITS + _UPPER + _LOWER
_WORDS = ("amber", "falcon", "Winter", "copper", "Rocket", "violet", "Badger", "harbor", "tiger")


def fill(template: str, rng: random.Random) -> str:
    """Return the template with every slot made; a word in braces that is no slot stays."""
    return _SLOT.sub(lambda slot: _made(slot, rng), template)


def _made(slot: re.Match[str], rng: random.Random) -> str:
    kind, low, high, name = slot.groups()
    if name:
        return _NAMED[name](rng) if name in _NAMED else slot[0]
    if kind not in ALPHABETS:
        return slot[0]
    return draw(rng, ALPHABETS[kind], rng.randint(int(low), int(high or low)))


def draw(rng: random.Random, alphabet: str, length: int) -> str:
    """Return random characters; from twelve on no kind of them is missing, as in real tokens."""
    while True:
        text = "".join(rng.choices(alphabet, k=length))
        mixed = any(c.isdigit() for c in text) and any(c.isalpha() for c in text)
        if length < 12 or mixed or not (set(_DIGITS) & set(alphabet) and alphabet != _DIGITS):
            return text


def github(rng: random.Random) -> str:
    """Return 30 characters and their CRC-32 in six digits of base 62, as GitHub tells."""
    body = draw(rng, ALPHABETS["w"], 30)
    number, check = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        check = _BASE62[digit] + check
    return body + check


def password(rng: random.Random) -> str:
    """Return one as people choose it, or as a manager of passwords does."""
    word, other = rng.sample(_WORDS, 2)
    styles = (
        f"{word}{rng.choice('!#@')}{rng.randint(100, 9999)}",
        f"{word}-{other}-{rng.randint(10, 99)}",
        f"{word[0].upper()}{word[1:]}{rng.randint(1950, 2030)}{rng.choice('!$*')}",
        f"{draw(rng, _LOWER, 3)}{rng.randint(10, 99)}{draw(rng, _UPPER, 3)}{rng.choice('!#%&^*')}x",
        draw(rng, ALPHABETS["w"], 16),
        draw(rng, ALPHABETS["w"] + "!#^*-_", 20),
    )
    return rng.choice(styles)


def url_password(rng: random.Random) -> str:
    """Return a password that needs no escape in an address."""
    word = rng.choice(_WORDS)
    return rng.choice(
        (
            f"{word}{rng.randint(1000, 9999)}",
            draw(rng, ALPHABETS["w"], 18),
            f"{word}-{draw(rng, ALPHABETS['n'], 6)}",
            f"{word}_{draw(rng, ALPHABETS['w'], 8)}!",
            f"{draw(rng, ALPHABETS['w'], 7)}%21{draw(rng, ALPHABETS['w'], 5)}",
        )
    )


def jwt(rng: random.Random) -> str:
    """Return a signed token with random claims (RFC 7519)."""
    head = {"alg": rng.choice(("HS256", "RS256", "ES256")), "typ": "JWT"}
    claims = {"sub": draw(rng, _DIGITS, 10), "iat": rng.randint(1_600_000_000, 1_700_000_000)}
    return ".".join((_coded(head), _coded(claims), draw(rng, ALPHABETS["u"], 43)))


def jwe(rng: random.Random) -> str:
    """Return an encrypted token of five parts (RFC 7516)."""
    head = _coded({"alg": "RSA-OAEP-256", "enc": "A256GCM"})
    return ".".join((head, *(draw(rng, ALPHABETS["u"], n) for n in (171, 16, 64, 22))))


def _coded(value: object) -> str:
    plain = json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(plain).decode().rstrip("=")


def basic(rng: random.Random) -> str:
    pair = f"{rng.choice(('svc', 'deploy', 'dana'))}:{password(rng)}"
    return base64.b64encode(pair.encode()).decode()


def snowflake(rng: random.Random) -> str:
    """Return the base64 of a number of 18 digits, with which Discord's tokens begin."""
    return base64.b64encode(draw(rng, _DIGITS, 18).encode()).decode()


def coded_password(rng: random.Random) -> str:
    return base64.b64encode((password(rng) + draw(rng, ALPHABETS["w"], 4)).encode()).decode()


def a_uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def lines(rng: random.Random, alphabet: str, width: int, count: int, last: str) -> str:
    body = [draw(rng, alphabet, width) for _ in range(count)]
    return "\n".join([*body, last])


def key_body(rng: random.Random) -> str:
    """Return the base64 of a private key in lines of 64."""
    return lines(rng, ALPHABETS["b"], 64, rng.randint(3, 24), draw(rng, ALPHABETS["b"], 38) + "==")


def long_body(rng: random.Random) -> str:
    """Return the base64 of an OpenSSH key in lines of 70."""
    return lines(rng, ALPHABETS["b"], 70, rng.randint(5, 30), draw(rng, ALPHABETS["b"], 23) + "=")


def seed_phrase(rng: random.Random) -> str:
    """Return twelve words out of the list of BIP-39."""
    words = "abandon ability able about above absent absorb abstract absurd abuse access accident "
    words += "zebra zero zone wolf woman wonder wood wool word work world worry velvet vendor venue"
    return " ".join(rng.choices(words.split(), k=12))


def wallet_key(rng: random.Random) -> str:
    """Return a compressed private key in the import format of Bitcoin's wallets."""
    return base58check(b"\x80" + rng.randbytes(32) + b"\x01")


def base58check(data: bytes) -> str:
    """Return the data and four bytes of its double SHA-256, in base 58."""
    data += hashlib.sha256(hashlib.sha256(data).digest()).digest()[:4]
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        text = ALPHABETS["s"][rest] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def failing_card(rng: random.Random) -> str:
    """Return 16 digits like a card's whose last one is wrong."""
    body = "4" + "".join(rng.choices(_DIGITS, k=14))
    doubled = "".join(str(int(ch) * (2 - at % 2)) for at, ch in enumerate(body))
    right = -sum(map(int, doubled)) % 10
    return body + str((right + rng.randint(1, 9)) % 10)


_NAMED: dict[str, Callable[[random.Random], str]] = {
    "badcard": failing_card,
    "basic": basic,
    "coded": coded_password,
    "github": github,
    "jwe": jwe,
    "jwt": jwt,
    "keybody": key_body,
    "longbody": long_body,
    "pw": password,
    "pwurl": url_password,
    "seed": seed_phrase,
    "snowflake": snowflake,
    "uuid": a_uuid,
    "wif": wallet_key,
}
