"""The signing keys of one issuer, kept in a file so that tokens outlive a restart."""

import json
import os
from pathlib import Path

from joserfc.jwk import KeySet, RSAKey

KEY_BITS = 2048


class KeyRing:
    """Keys of one issuer, newest first; the newest signs, all are published."""

    def __init__(self, path: Path) -> None:
        """Read the keys at `path`, or make the first one there (mode 0600)."""
        self._path = path
        self._keys = self._read() if path.exists() else []
        if not self._keys:
            self._keys = [new_key()]
            self._write()

    @property
    def signing(self) -> RSAKey:
        return self._keys[0]

    def published(self) -> dict[str, object]:
        """Give the public halves, as a JSON Web Key Set (RFC 7517)."""
        return {"keys": [key.as_dict(private=False) for key in self._keys]}

    def public_set(self) -> KeySet:
        return KeySet.import_key_set({"keys": [key.as_dict(private=False) for key in self._keys]})

    def rotate(self, *, keep_old: bool) -> None:
        """Sign with a new key from now on; without `keep_old` the former keys are withdrawn."""
        self._keys = [new_key(), *(self._keys if keep_old else [])]
        self._write()

    def _read(self) -> list[RSAKey]:
        document = json.loads(self._path.read_text())
        return [RSAKey.import_key(each) for each in document["keys"]]

    def _write(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        document = {"keys": [key.as_dict(private=True) for key in self._keys]}
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(document, file)
        fresh.replace(self._path)


def new_key() -> RSAKey:
    """Make an RSA key whose id is its RFC 7638 thumbprint."""
    return RSAKey.generate_key(KEY_BITS, {"use": "sig", "alg": "RS256"}, auto_kid=True)
