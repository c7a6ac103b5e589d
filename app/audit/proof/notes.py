"""Signed notes with Ed25519 keys, as specified in https://c2sp.org/signed-note.

A note is a text, an empty line, and a line for each signature:

    — ledger.example.com/abeyance Az3grlgtzPICa5OS8npVmf1Myq…

The base64 has four bytes that name the key, then the signature of the text. A key is written in one
line, with its name and those bytes before it: `name+2c1a9f03+base64`; a private one begins with
`PRIVATE+KEY+`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNER = b"\x01"
"""The kind of a key that signs notes, with Ed25519."""
COSIGNER = b"\x04"
"""The kind of a key that cosigns heads, with Ed25519 (https://c2sp.org/tlog-cosignature)."""
_KEY_BYTES = 32
_ID_BYTES = 4
_NAME = r"[^\s+]+"
_KEY_LINE = re.compile(rf"(PRIVATE\+KEY\+)?({_NAME})\+([0-9a-f]{{8}})\+([A-Za-z0-9+/]+=*)")
_SIGNATURE = re.compile(rf"— ({_NAME}) ([A-Za-z0-9+/]+=*)")
NAME = re.compile(_NAME)


class BadNote(Exception):
    """A note or a key cannot be read, or a signature is wrong; `str()` says which."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    name: str
    raw: bytes
    kind: bytes = SIGNER

    @property
    def id(self) -> bytes:
        named = self.name.encode() + b"\n" + self.kind + self.raw
        return hashlib.sha256(named).digest()[:_ID_BYTES]

    @classmethod
    def parse(cls, line: str, kind: bytes = SIGNER) -> PublicKey:
        """Read `name+id+base64`. Raises BadNote."""
        return cls(*_key(line, kind, private=False), kind)

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_base64(self.kind + self.raw)}"

    @property
    def short(self) -> str:
        """Return what people tell it apart by."""
        return f"{self.name}+{self.id.hex()}"

    def verify(self, text: str, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True, repr=False)
class PrivateKey:
    name: str
    seed: bytes
    kind: bytes = SIGNER

    @classmethod
    def new(cls, name: str, kind: bytes = SIGNER) -> PrivateKey:
        return cls(name, os.urandom(_KEY_BYTES), kind)

    @classmethod
    def parse(cls, line: str, kind: bytes = SIGNER) -> PrivateKey:
        """Read `PRIVATE+KEY+name+id+base64`. Raises BadNote."""
        key = cls(*_key(line, kind, private=True), kind)
        if f"+{key.public.id.hex()}+" not in line:
            raise BadNote("the id in the private key is not that of the key")
        return key

    @property
    def public(self) -> PublicKey:
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        return PublicKey(self.name, key.public_key().public_bytes_raw(), self.kind)

    def line(self) -> str:
        """Return the key as it is stored. It is a secret."""
        key_id = self.public.id.hex()
        return f"PRIVATE+KEY+{self.name}+{key_id}+{_base64(self.kind + self.seed)}"

    def sign(self, text: str) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())

    def signature(self, text: str) -> str:
        """Return the line of a note that has the signature of its text."""
        return signature_line(self.public, self.sign(text))


@dataclass(frozen=True, slots=True)
class Note:
    """`signatures` has the name, the key's id and the bytes of each."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    @classmethod
    def parse(cls, note: str) -> Note:
        """Raises BadNote."""
        text, gap, signed = note.rpartition("\n\n")
        lines = signed.split("\n")
        if not gap or lines.pop() != "" or not lines:
            raise BadNote("it is not a signed note")
        return cls(text + "\n", tuple(_signature(line) for line in lines))

    def signed_by(self, key: PublicKey) -> bool:
        """Return whether a key has signed it. Raises BadNote where its signature is wrong."""
        found = [
            sig for name, key_id, sig in self.signatures if (name, key_id) == (key.name, key.id)
        ]
        if not all(key.verify(self.text, signature) for signature in found):
            raise BadNote(f"the signature of {key.short} is wrong")
        return bool(found)


def signed(text: str, *keys: PrivateKey) -> str:
    """Return the note of a text that ends in a newline."""
    return f"{text}\n{''.join(key.signature(text) for key in keys)}"


def signature_line(key: PublicKey, signature: bytes) -> str:
    """Return the line of a note that has a signature."""
    return f"— {key.name} {_base64(key.id + signature)}\n"


def _signature(line: str) -> tuple[str, bytes, bytes]:
    found = _SIGNATURE.fullmatch(line)
    raw = exact_base64(found[2]) if found else b""
    if found is None or len(raw) <= _ID_BYTES:
        raise BadNote("a signature line cannot be read")
    return found[1], raw[:_ID_BYTES], raw[_ID_BYTES:]


def _key(line: str, kind: bytes, *, private: bool) -> tuple[str, bytes]:
    found = _KEY_LINE.fullmatch(line.strip())
    if found is None or bool(found[1]) is not private:
        form = "PRIVATE+KEY+name+id+base64" if private else "name+id+base64"
        raise BadNote(f"a key is written as {form}")
    raw = exact_base64(found[4])
    if raw[:1] != kind or len(raw) != 1 + _KEY_BYTES:
        whose = "a notary's" if kind == SIGNER else "a witness's"
        raise BadNote(f"it is not {whose} Ed25519 key")
    if not private and PublicKey(found[2], raw[1:], kind).id.hex() != found[3]:
        raise BadNote(f"the id in the key of {found[2]} is not that of the key")
    return found[2], raw[1:]


def exact_base64(text: str) -> bytes:
    """Decode base64 that is written in the one right way. Raises BadNote."""
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        raw = b""
    if _base64(raw) != text:
        raise BadNote("it is not base64")
    return raw


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
