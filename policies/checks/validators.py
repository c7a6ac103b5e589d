"""What a pattern cannot say of a match: checksums, randomness, words that give a sample away."""

from __future__ import annotations

import binascii
import hashlib
import ipaddress
import math
import re
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

from policies.checks.national import NATIONAL
from policies.checks.published import guarded, iban, published
from policies.checks.randomness import (
    chosen,
    jumbled,
    no_placeholder,
    no_sample,
    password,
    phrase,
    random,
    scattered,
    varied,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Check: TypeAlias = "Callable[[str], bool]"


def build(names: Sequence[str]) -> Check | None:
    """Return one check for all that are named, such as `luhn` or `entropy:3.5`; None for none.

    Raises ValueError for a name or an argument that is not known.
    """
    checks = tuple(_build_one(name) for name in names)
    if not checks:
        return None
    return checks[0] if len(checks) == 1 else lambda text: all(check(text) for check in checks)


def _build_one(name: str) -> Check:
    head, colon, argument = name.partition(":")
    if head == "entropy" and colon:
        return _entropy_at_least(_number(argument))
    if head == "stdnum" and colon:
        return published(argument)
    if head in _PLAIN and not colon:
        return _PLAIN[head]
    known = ", ".join(sorted([*_PLAIN, "entropy:3.5", "stdnum:nl.bsn"]))
    raise ValueError(f"{name!r} is no check; use {known}")


def _number(argument: str) -> float:
    try:
        return float(argument)
    except ValueError:
        raise ValueError(f"entropy needs a number of bits, not {argument!r}") from None


def _entropy_at_least(bits: float) -> Check:
    return lambda text: entropy(text) >= bits


def entropy(text: str) -> float:
    """Return Shannon's entropy in bits a character, by how often each one occurs."""
    total = len(text)
    counts = Counter(text).values()
    return -sum(count / total * math.log2(count / total) for count in counts) if total else 0.0


def luhn(text: str) -> bool:
    """Check the last digit of a card number (ISO/IEC 7812-1); other characters are skipped."""
    digits = [int(ch) for ch in reversed(text) if ch.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return len(digits) > 1 and len(set(digits)) > 1 and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def mixed(text: str) -> bool:
    """Say whether there are letters and digits, as names seldom have, or letters in no order."""
    letters = any(ch.isalpha() for ch in text)
    return letters and (any(ch.isdigit() for ch in text) or random(text))


def numbered(text: str) -> bool:
    """Say whether it has two digits at least, as codes have and words have not."""
    return sum(map(str.isdigit, text)) > 1


_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def base58check(text: str) -> bool:
    """Check the four bytes that end a Base58Check text: a double SHA-256 of the rest."""
    number = 0
    for ch in text:
        if ch not in _BASE58:
            return False
        number = number * 58 + _BASE58.index(ch)
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    data = b"\0" * (len(text) - len(text.lstrip("1"))) + data
    digest = hashlib.sha256(hashlib.sha256(data[:-4]).digest()).digest()
    return len(data) > 4 and digest[:4] == data[-4:]


_FEWEST_GROUPS = 3
_PAIRS = re.compile(r"(?:[0-9A-Fa-f]{2}:){7}[0-9A-Fa-f]{2}")


def ip_address(text: str) -> bool:
    """Check an address of the Internet, of either version; the machine's own is nobody's.

    Nor are `120.0.0.0`, a version or a network, `255.255.255.0`, a mask, `169.254.169.254`, where
    clouds tell a machine about itself, and eight pairs of digits, a serial number. With fewer than
    three groups, version 6 is told from no slice: `x[1::2]`.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if ":" in text and sum(map(bool, text.split(":"))) < _FEWEST_GROUPS:
        return False
    if text.endswith(".0.0") or text.startswith(("255.", "169.254.")) or _PAIRS.fullmatch(text):
        return False
    return not (address.is_loopback or address.is_unspecified or address.is_multicast)


def base64_text(text: str) -> bool:
    """Say whether it is base64 of something that a person can read."""
    try:
        read = binascii.a2b_base64(text, strict_mode=True).decode()
    except ValueError:
        return False
    return read.replace("\n", "").isprintable()


_FILES = {
    *("png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "ts", "json", "html", "txt", "yaml"),
    *("service", "socket", "timer", "target", "mount"),
}


def mailbox(text: str) -> bool:
    """Say whether a person may read it: `git@` is how repositories are cloned, `noreply@` says no.

    Nor do they where the name of a file ends: `logo@2x.png`, `getty@tty1.service`.
    """
    name, _, host = text.lower().partition("@")
    return (
        name not in {"git", "hg", "svn", "noreply", "no-reply"}
        and host.rpartition(".")[2] not in _FILES
    )


def phone(text: str) -> bool:
    """Check the number of digits (ITU-T E.164), and that they are not all alike.

    The two zeros that begin a call to another country are none of them.
    """
    digits = [ch for ch in text.removeprefix("00") if ch.isdigit()]
    return 8 <= len(digits) <= 15 and len(set(digits)) > 2


_PLAIN: dict[str, Check] = {
    **{name: guarded(check) for name, check in NATIONAL.items()},
    "base58check": base58check,
    "base64": base64_text,
    "chosen": chosen,
    "iban": iban,
    "ip-address": ip_address,
    "jumbled": jumbled,
    "luhn": luhn,
    "mailbox": mailbox,
    "mixed": mixed,
    "no-placeholder": no_placeholder,
    "no-sample": no_sample,
    "numbered": numbered,
    "password": password,
    "phone": phone,
    "phrase": phrase,
    "random": random,
    "scattered": scattered,
    "varied": varied,
}
