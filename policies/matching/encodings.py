"""Encoded runs of a text, decoded: where each stands, and what it says."""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING

import re2  # type: ignore[import-untyped]

from policies.matching.hyperscan import PatternDatabase
from policies.matching.runs import FEWEST
from policies.patterns.places import places

if TYPE_CHECKING:
    from collections.abc import Iterator

Run = tuple[int, int, str]

_CHARACTER = "[A-Za-z0-9+/_-]"
_PADDED = rf"(?:{_CHARACTER}{{4}})*(?:{_CHARACTER}{{2}}==|{_CHARACTER}{{3}}=)"
# From one line to the next there may stand what quotes or indents it; a break may be written.
# What was encoded piece by piece has padding within; a short run is told by it.
_BASE64 = re2.compile(
    (
        rf"\b(?:{_PADDED})+{_CHARACTER}{{2,}}={{0,2}}"
        rf"|{_CHARACTER}{{16,}}"
        rf"(?:(?:\r?\n|\\r\\n|\\n)[ \t>]{{0,8}}{_CHARACTER}+)*={{0,2}}"
        rf"|\b{_CHARACTER}{{4}}{_PADDED}"
    ).encode()
)
_PIECE = re.compile(rb"[A-Za-z0-9+/_-]+={0,2}")
_A_LONG_RUN = 16
_BREAKS = re.compile(rb"\\[rn]|[\s>]")
_BASE32 = re2.compile(rb"(?:[A-Z2-7]{16,}|[a-z2-7]{16,})={0,6}")
_LETTERS_OF_BASE32 = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghijklmnopqrstuv"
)
_DIGITS_OF_BASE32 = re.compile(rb"[2-7]")
_WITH_DIGITS = 64
"""Letters. So long a run without a digit is not base32 but once in half a million."""
_BETWEEN = r"(?:[ ,;:|/\r\n\t-]{1,3}|\)[ +.&|]{0,4}[A-Za-z]{2,4}\()"
"""What stands between numbers: `112, 114`, `112 114`, `chr(112) + chr(114)`."""
_NUMBERS = re2.compile(rf"\b(?:0o)?[0-9]{{2,3}}(?:{_BETWEEN}(?:0o)?[0-9]{{2,3}}\b){{5,}}".encode())
_NUMBER = re.compile(rb"[0-9]{2,3}")
_OCTAL = re.compile(rb"[01][0-7][0-7]")
_BITS = re2.compile(rb"\b(?:0b)?[01]{7,8}(?:[ ,;:|\r\n\t_-]{0,3}(?:0b)?[01]{7,8}){5,}\b")
_SOME_BITS = re.compile(rb"[01]+")
_A_BYTE = 8
_HEX = re2.compile(
    rb"[0-9A-Fa-f]{16,}"
    rb"|(?:0x)?[0-9A-Fa-f]{2}(?:[ :,;\r\n-]{1,3}(?:0x)?[0-9A-Fa-f]{2}\b){7,}"
    rb"|[0-9A-Fa-f]{4}(?:[ \n][0-9A-Fa-f]{4}\b){3,}"
)
_READABLE = 6  # characters in a row
_STRETCH = re.compile(
    rb"(?:[\t\n\r -~]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}"
    rb"|[\xf0-\xf4][\x80-\xbf]{3}){%d,}" % _READABLE
)
"""What reads as text among bytes that are none."""
_BYTES = re2.Options()
_BYTES.encoding = re2.Options.Encoding.LATIN1
_STRETCHES = re2.compile(_STRETCH.pattern, _BYTES)
_LONG = 64
_MOSTLY = 0.75
_NOISE = 2 * FEWEST // 3  # bytes that an opaque run decodes to, at least
_LONG_STRETCH = 20  # what reads as text in the bytes of a picture is that by chance, if shorter
_STANDARD = bytes.maketrans(b"-_", b"+/")
_HEX_ONLY = re.compile(r"0x|\\x|[^0-9A-Fa-f]")


def _base64_runs(data: bytes) -> list[Run]:
    found: list[Run] = []
    # A program repeats its long names.
    known: dict[bytes, list[str]] = {}
    for ((start, end),) in places(_BASE64, data):
        written = data[start:end]
        # Encoded text always mixes cases; words and hexadecimal numbers seldom do.
        if written.islower() or written.isupper():
            continue
        if written not in known:
            known[written] = _from_base64(written)
        found += [(start, end, text) for text in known[written]]
    return found


def _from_base64(written: bytes) -> list[str]:
    pieces = _PIECE.findall(_BREAKS.sub(b"", written).translate(_STANDARD))
    texts: list[str] = []
    if len(pieces) > 1 or len(pieces[0]) < _A_LONG_RUN:
        padded = (piece for piece in pieces if len(piece) % 4 == 0)
        texts += _readable(b"".join(map(binascii.a2b_base64, padded)))
    for piece in pieces:
        if len(piece) >= _A_LONG_RUN:
            texts += _in_all_alignments(piece.rstrip(b"="))
    return texts


def _in_all_alignments(piece: bytes) -> list[str]:
    """Decode base64 in all four alignments: letters before it may have shifted it."""
    texts = []
    for shift in range(4):
        usable = (len(piece) - shift) // 4 * 4
        tail = piece[shift + usable :]
        read = binascii.a2b_base64(piece[shift : shift + usable])
        if len(tail) > 1:
            read += binascii.a2b_base64(tail + b"=" * (4 - len(tail)))
        if 2 * read.count(0) > len(read) - 2:
            read = read.replace(b"\0", b"")  # letters of two bytes each
        texts += _readable(read)
    return texts


def _base32_runs(data: bytes) -> list[Run]:
    """Decode in all eight alignments, as in base64."""
    found: list[Run] = []
    known: dict[bytes, list[str]] = {}
    for ((start, end),) in places(_BASE32, data):
        written = data[start:end].upper().rstrip(b"=")
        if len(written) >= _WITH_DIGITS and not _DIGITS_OF_BASE32.search(written):
            continue
        if written not in known:
            known[written] = _from_base32(written)
        found += [(start, end, text) for text in known[written]]
    return found


def _from_base32(written: bytes) -> list[str]:
    digits = written.translate(_LETTERS_OF_BASE32)
    texts: list[str] = []
    for shift in range(8):
        size = (len(digits) - shift) * 5 // 8
        bits = int(digits[shift:], 32) >> (len(digits) - shift) * 5 % 8
        texts += _readable(bits.to_bytes(size, "big"))
    return texts


def _number_runs(data: bytes) -> list[Run]:
    """Decode the numbers of characters, written in decimal or octal digits."""
    found: list[Run] = []
    for run in _NUMBERS.finditer(data):
        numbers = _NUMBER.findall(run[0])
        base = 8 if b"o" in run[0][:2] or all(map(_OCTAL.fullmatch, numbers)) else 10
        read = bytes(code if (code := int(number, base)) < 256 else 0 for number in numbers)
        found += [(run.start(), run.end(), text) for text in _readable(read)]
    return found


def _bit_runs(data: bytes) -> list[Run]:
    """Decode the numbers of characters, written in binary digits: seven, or eight of each."""
    found: list[Run] = []
    for run in _BITS.finditer(data):
        numbers = _SOME_BITS.findall(run[0].replace(b"0b", b" "))
        if any(len(number) > _A_BYTE for number in numbers):
            bits = b"".join(numbers)
            numbers = [bits[at : at + _A_BYTE] for at in range(0, len(bits), _A_BYTE)]
        read = bytes(int(number, 2) for number in numbers)
        found += [(run.start(), run.end(), text) for text in _readable(read)]
    return found


def _hex_runs(data: bytes) -> list[Run]:
    found: list[Run] = []
    for ((start, end),) in places(_HEX, data):
        digits = _HEX_ONLY.sub("", data[start:end].decode())
        for shift in range(2):
            usable = (len(digits) - shift) // 2 * 2
            read = bytes.fromhex(digits[shift : shift + usable])
            found += [(start, end, text) for text in _readable(read)]
    return found


def _readable(read: bytes) -> list[str]:
    """Return the text that bytes are, or only what reads as text where the most of them is noise.

    A name of a program and the bytes of a picture decode to noise, in which nothing can be read:
    to look through it would take many times as long as the text that it was decoded from.
    """
    # RE2 takes longer to begin.
    if len(read) > _LONG:
        stretches = [read[start:end] for ((start, end),) in places(_STRETCHES, read)]
    else:
        stretches = _STRETCH.findall(read)
    if len(read) >= _NOISE and sum(map(len, stretches)) < _MOSTLY * len(read):
        stretches = [stretch for stretch in stretches if len(stretch) >= _LONG_STRETCH]
    if not stretches:
        return []
    if sum(map(len, stretches)) >= _MOSTLY * len(read):
        return [read.decode("utf-8", "replace")]
    return [stretch.decode("utf-8", "replace") for stretch in stretches]


def encoded_runs(data: bytes) -> Iterator[tuple[str, list[Run]]]:
    """Yield the runs of each encoding with its name; `data` is one byte for each character."""
    if runs := _base64_runs(data):
        yield "base64", runs
    for number in _RARE.hits(data):
        how, _, find = _RARE_ENCODINGS[number]
        if runs := find(data):
            yield how, runs


_RARE_ENCODINGS = (
    ("base32", _BASE32, _base32_runs),
    ("hexadecimal", _HEX, _hex_runs),
    ("character codes", _NUMBERS, _number_runs),
    ("binary", _BITS, _bit_runs),
)
_RARE = PatternDatabase(
    lambda: [(at, each.pattern) for at, (_, each, _) in enumerate(_RARE_ENCODINGS)],
    sources=[repr(each.pattern) for _, each, _ in _RARE_ENCODINGS],
)
"""Tells faster that there are none than RE2 does, which finds where."""
