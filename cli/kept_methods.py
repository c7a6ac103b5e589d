"""The methods of dataclasses, compiled once and kept from one start to the next.

`dataclasses` writes the methods of each class as text and has it compiled: `__init__`, `__eq__`,
`__hash__` and so on, for a gateway two thousand of them, which is a tenth of its start. The same
text makes the same code, so what it makes is kept, under a digest of the text, with the other
things that take long to make (see `policies/matching/kept`).

It relies on nothing but that `dataclasses` calls `exec`, for which it looks among its own names
first. Where it does not, in another version of Python, it compiles as ever and nothing is kept.
"""

from __future__ import annotations

import builtins
import dataclasses
import hashlib
import marshal
from contextlib import contextmanager
from importlib.util import MAGIC_NUMBER
from typing import TYPE_CHECKING, Any

from policies.matching import kept

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import CodeType

_MOST_KEPT = 2
"""Files of each process: one of another version of Python may be there as well."""


@contextmanager
def methods_kept(process: str, folder: Path = kept.KEPT) -> Iterator[None]:
    """Take the methods of dataclasses that are made in it from the folder, and keep new ones.

    Each kind of process has a file of its own: it makes other classes than the next one.
    """
    file = folder / f"{process}_methods-{MAGIC_NUMBER.hex()}.marshal"
    data = kept.read(file)
    known: dict[bytes, CodeType] = {} if data is None else marshal.loads(data)  # noqa: S302 - ours
    used: dict[bytes, CodeType] = {}

    def run(text: str, *names: dict[str, Any]) -> None:
        key = hashlib.blake2b(text.encode(), digest_size=16).digest()
        code = known.get(key) or compile(text, "<string>", "exec", dont_inherit=True)
        used[key] = code
        builtins.exec(code, *names)  # noqa: S102 - of what the standard library wrote

    vars(dataclasses)["exec"] = run
    try:
        yield
    finally:
        del vars(dataclasses)["exec"]
    if not used.keys() <= known.keys():
        kept.write(file, marshal.dumps(used), _MOST_KEPT)
