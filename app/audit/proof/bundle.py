"""The bundle of `abeyance audit export`: one file, a line of canonical JSON for each record.

{"type": "manifest", …}   which ledger, when it was exported, and how much is in the file
{"type": "rotation", …}   each change of the notary's key, signed by the old and the new one
{"type": "head", …}       each signed head of the tree, by size
{"type": "entry", …}      each entry of the ledger, in the order of the tree
{"type": "catalog", …}    after the entry that names it: the files of a catalog
{"type": "session", …}    after the entry that ends a session: what was sent and answered
{"type": "end", …}        how many lines there are before, and their SHA-256
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any, TypeAlias

import rfc8785

from app.audit.seals import content

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from app.domain.event import Entry

Record: TypeAlias = "dict[str, Any]"
FORMAT = "abeyance-audit/1"


class BadLine(Exception):
    """A line of a bundle is not what an export writes; `str()` says what is wrong with it."""

    def __init__(self, number: int, what: str, *, is_end: bool = False) -> None:
        """`is_end`: all records before the end were read."""
        super().__init__(what)
        self.number = number
        self.is_end = is_end


def manifest(
    origin: str, at: str, *, size: int, heads: int, contents: bool, whole: bool = True
) -> Record:
    """Return the first record.

    `size` is the number of entries in it, `contents` whether sessions and catalogs are. One that is
    not `whole` has some of the entries alone, each with the proof that the last head covers it.
    """
    return {
        "type": "manifest",
        "format": FORMAT,
        "origin": origin,
        "at": at,
        "size": size,
        "heads": heads,
        "contents": contents,
        "catalogs": contents,
        "whole": whole,
    }


def entry_record(index: int, entry: Entry) -> Record:
    return {"type": "entry", "index": index, "entry": content(entry), "hash": entry.hash}


def picked_record(index: int, entry: Entry, proof: Iterable[bytes]) -> Record:
    """Return an entry with the proof that it is in the tree of the last head."""
    path = [base64.b64encode(node).decode() for node in proof]
    return entry_record(index, entry) | {"proof": path}


def session_record(
    session: str, identity: str, head: Sequence[str], body: bytes, answer: bytes | None
) -> Record:
    """Return what a session contains; `head` as `request_digest` takes it."""
    return {
        "type": "session",
        "session": session,
        "identity": identity,
        "head": list(head),
        "body": base64.b64encode(body).decode(),
        "answer": None if answer is None else base64.b64encode(answer).decode(),
    }


def catalog_record(revision: str, files: Mapping[str, str]) -> Record:
    return {"type": "catalog", "catalog": revision, "files": dict(files)}


class Lines:
    """Turns records into the lines of a bundle; `end` gives the last one."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._count = 0

    def line(self, record: Record) -> bytes:
        line = _line(record)
        self._digest.update(line)
        self._count += 1
        return line

    def end(self) -> bytes:
        return _line({"type": "end", "lines": self._count, "sha256": self._digest.hexdigest()})


def read(found: Iterable[bytes]) -> Iterator[Record]:
    """Read lines back into records, without the last one. Raises BadLine.

    Each line must be exactly as it was written: nothing can hide in the way it is spelt.
    """
    digest, number, ended = hashlib.sha256(), 0, False
    for number, line in enumerate(found, 1):
        if ended:
            raise BadLine(number, "there is something after the end")
        record = _record(number, line)
        if record["type"] == "end":
            ended = True
            _check_end(record, number, digest.hexdigest())
        else:
            digest.update(line)
            yield record
    if not ended:
        raise BadLine(number + 1, "the file was cut off: it has no last line", is_end=True)


def _check_end(record: Record, number: int, digest: str) -> None:
    if (told := record.get("lines")) != number - 1:
        what = f"it tells of {told} lines before it, and there are {number - 1}"
        raise BadLine(number, what, is_end=True)
    if record.get("sha256") != digest:
        raise BadLine(number, "the lines before it have another digest", is_end=True)


def _line(record: Record) -> bytes:
    return rfc8785.dumps(record) + b"\n"


def _record(number: int, line: bytes) -> Record:
    try:
        record = json.loads(line)
        exact = _line(record) == line
    except (ValueError, RecursionError, rfc8785.CanonicalizationError):
        raise BadLine(number, "it is not JSON: it was changed, or cut off") from None
    if not exact or not isinstance(record, dict) or not isinstance(record.get("type"), str):
        raise BadLine(number, "it is not written as an export writes it: it was changed")
    return record
