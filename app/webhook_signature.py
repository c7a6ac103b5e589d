"""Signs what is posted, as Standard Webhooks 1.0.0 says: by a secret that both sides know.

Source: https://www.standardwebhooks.com
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

_PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)


def signing_key(secret: str) -> bytes:
    """Return the key in a secret. Raises ValueError where it is none."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if len(key) not in _KEY_BYTES:
        raise ValueError("the secret is whsec_ and 24 to 64 bytes in base64")
    return key


def signed_headers(secret: str, message: str, seconds: int, body: bytes) -> dict[str, str]:
    """Return the headers of a message: its id, when it was sent (Unix time), and its signature."""
    content = f"{message}.{seconds}.".encode() + body
    signature = hmac.digest(signing_key(secret), content, hashlib.sha256)
    return {
        "webhook-id": message,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }
