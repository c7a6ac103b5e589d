"""Files beside this package's bytecode: what takes long to make, and is the same each time.

They are trusted as bytecode is: whoever can write there can change the code as well. Like bytecode
they may be made by one user, such as the one that builds an image, and read by another. A file that
is damaged counts as none, and a folder that cannot be written costs time at each start, and nothing
else.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

KEPT = Path(__file__).parent / "__pycache__"
_CODE = Path(__file__).parent.parent
_DIGEST_BYTES = hashlib.sha256().digest_size


def read(file: Path) -> bytes | None:
    """Return what is kept; None where there is nothing, or nothing whole."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    digest, data = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if hashlib.sha256(data).digest() != digest:
        return None
    with suppress(OSError):
        os.utime(file)
    return data


def write(file: Path, data: bytes, most: int) -> None:
    """Keep it, with the latest so many whose names are alike up to the hyphen."""
    with suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as written:
            written.write(hashlib.sha256(data).digest() + data)
            Path(written.name).chmod(0o644)
        # Others who start at the same time see the whole file or none.
        Path(written.name).replace(file)
        alike = f"{file.name.partition('-')[0]}-*{file.suffix}"
        for old in sorted(file.parent.glob(alike), key=_used)[:-most]:
            old.unlink(missing_ok=True)


@cache
def code_digest() -> str:
    """Return a digest of this code: what other code has made is not read."""
    digest = hashlib.sha256()
    for file in sorted(_CODE.rglob("*.py")):
        digest.update(b"%d %s\n" % (file.stat().st_size, file.name.encode()))
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _used(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0
