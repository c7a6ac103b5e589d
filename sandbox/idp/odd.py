"""Tokens that no honest issuer signs, for the tests of who must refuse them.

Signed by hand: a JOSE library rightly declines to make most of these.
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import RSAKey

from sandbox.idp.issuer import Issuer
from sandbox.idp.keys import new_key


class KeyChoice(StrEnum):
    """What signs: the issuer's key, a stranger's, the public key as an HMAC secret, nothing."""

    OK = "ok"
    OTHER = "other"
    HS256 = "hs256"
    NONE = "none"


def sign_oddly(
    issuer: Issuer, header: Mapping[str, object], claims: Mapping[str, object], choice: KeyChoice
) -> str:
    """Give a compact JWS over exactly this header and these claims, whatever they say."""
    signing_input = f"{_encode(header)}.{_encode(claims)}".encode()
    signature = _sign(issuer.keys.signing, choice, signing_input)
    return f"{signing_input.decode()}.{_base64(signature)}"


def _sign(key: RSAKey, choice: KeyChoice, signing_input: bytes) -> bytes:
    match choice:
        case KeyChoice.OK:
            return _rs256(key, signing_input)
        case KeyChoice.OTHER:
            return _rs256(new_key(), signing_input)
        case KeyChoice.HS256:
            public = key.as_pem(private=False)
            return hmac.new(public, signing_input, hashlib.sha256).digest()
        case KeyChoice.NONE:
            return b""


def _rs256(key: RSAKey, signing_input: bytes) -> bytes:
    private = key.private_key
    if not isinstance(private, RSAPrivateKey):
        raise TypeError("The issuer's key file holds no private RSA key; delete it to make one.")
    return private.sign(signing_input, PKCS1v15(), SHA256())


def _encode(part: Mapping[str, object]) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
