"""The notary's folder: the tree, every head that was signed, and the keys that signed them."""

from __future__ import annotations

import fcntl
import json
import os
from typing import TYPE_CHECKING, BinaryIO

from app.audit.proof.heads import Head, Keyring, checkpoint, rotation
from app.audit.proof.notes import SIGNER, BadNote, PrivateKey, PublicKey
from app.errors import BadSettings
from notary.tree import TreeFiles, leaves, write_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

_HEADS, _ROTATIONS, _KEYS = "heads.jsonl", "rotations.jsonl", "keys"
_WITNESSED = "witnessed.jsonl"
_ANCHORED = "anchored.json"


class Book:
    """What was signed so far, for those who read it. A book that is open for writing is `OpenBook`.

    Its files can be copied or served as they are: nothing in them is secret.
    """

    def __init__(self, folder: Path) -> None:
        """Raises BadSettings where there is none."""
        self.folder = folder
        if not has_book(folder):
            raise BadSettings(
                f"There is no notary's folder at {folder}: set ABEYANCE_NOTARY_FOLDER to that of "
                "the notary, or to a copy of it. `abeyance notary` makes one."
            )

    def heads(self) -> Iterator[str]:
        """Yield all signed heads, by size, with what witnesses have signed of them."""
        cosigned = {line["of"]: line["checkpoint"] for line in _lines(self.folder / _WITNESSED)}
        for line in _lines(self.folder / _HEADS):
            yield cosigned.get(line["checkpoint"], line["checkpoint"])

    def rotations(self) -> Iterator[str]:
        yield from (line["note"] for line in _lines(self.folder / _ROTATIONS))

    def keys(self) -> str:
        """Return the file of public keys."""
        return (self.folder / _KEYS).read_text()

    def last(self) -> Head | None:
        """Return the newest head. Raises BadSettings where no key of the folder has signed it."""
        head = None
        for head in self.heads():  # noqa: B007 - the last one is wanted
            pass
        if head is None:
            return None
        try:
            ring = Keyring.parse(self.keys())
            for note in self.rotations():
                ring.add(note)
            last = Head.parse(head)
            ring.check(last)
        except BadNote as error:
            raise BadSettings(f"The last head in {self.folder} is not good: {error}.") from error
        return last

    def leaves(self, size: int, first: int = 0) -> Iterator[tuple[str, int, str]]:
        """Yield chain, number and hash of the entries in the tree, from one on."""
        return (_read_leaf(leaf) for leaf in leaves(self.folder, size, first))


class OpenBook:
    """A book that one notary writes. Close it at the end."""

    def __init__(self, folder: Path, key: PrivateKey) -> None:
        """Begin a book, or take up one. Raises BadSettings where that cannot be done safely."""
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = locked(folder)
        self._key = key
        try:
            self.book, self.tree = _taken_up(folder, key)
        except BaseException:
            self.close()
            raise
        self.size, self.newest = self.tree.size, _newest(folder / _HEADS)
        """How many entries are signed, and the head over them; empty before the first."""
        self._anchored = _read_anchored(folder / _ANCHORED)

    @property
    def key(self) -> PublicKey:
        """The key that signs."""
        return self._key.public

    def sign(self, at: datetime) -> str:
        """Write the tree as it is now, and its head; return that. Raises OSError."""
        self.tree.flush()
        head = checkpoint(self.tree.size, self.tree.frontier.root(), self._key)
        append_line(self.book.folder / _HEADS, {"at": at.isoformat(), "checkpoint": head})
        write_file(self.book.folder / "checkpoint", head.encode())
        self.size, self.newest = self.tree.size, head
        return head

    def witness(self, head: str, lines: Iterable[str]) -> None:
        """Keep what witnesses have signed of a head, as the lines of their signatures."""
        cosigned = head + "".join(lines)
        append_line(self.book.folder / _WITNESSED, {"of": head, "checkpoint": cosigned})
        if head == self.newest:
            write_file(self.book.folder / "checkpoint", cosigned.encode())

    def anchored(self, kind: str) -> str:
        """Return the head that an anchor of a kind has taken last; empty where none is known."""
        return self._anchored.get(kind, "")

    def note_anchored(self, kind: str, head: str) -> None:
        """Raises OSError."""
        self._anchored[kind] = head
        write_file(self.book.folder / _ANCHORED, json.dumps(self._anchored).encode())

    def rotate(self, new: PrivateKey) -> None:
        """Have another key sign everything from here on."""
        note = rotation(self.size, self._key, new)
        append_line(self.book.folder / _ROTATIONS, {"note": note})
        keys = f"{self.book.keys().rstrip()}\n{new.public}\n"
        write_file(self.book.folder / _KEYS, keys.encode())
        self._key = new

    def close(self) -> None:
        self._lock.close()


def _taken_up(folder: Path, key: PrivateKey) -> tuple[Book, TreeFiles]:
    if not has_book(folder):
        write_file(folder / _KEYS, f"{key.public}\n".encode())
    book = Book(folder)
    newest = book.keys().split()[-1]
    if str(key.public) != newest:
        raise BadSettings(
            f"The key {key.public.short} does not sign the book in {folder}: that is for "
            f"{PublicKey.parse(newest).short}. Give the notary that key (a rotation that was cut "
            "short leaves it beside the old one, in a file that ends in .new)."
        )
    _mend(folder / _HEADS)
    _mend(folder / _WITNESSED)
    last = book.last()
    tree = TreeFiles(folder, last.size if last else 0)
    if last and tree.frontier.root() != last.root:
        raise BadSettings(
            f"The tree in {folder} is not the one that was signed: its files were changed. "
            "Restore the folder from a backup, and find out who changed them."
        )
    return book, tree


def has_book(folder: Path) -> bool:
    return (folder / _KEYS).exists()


def append_line(path: Path, value: dict[str, str]) -> None:
    """Add a line of JSON to a file, durably. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(json.dumps(value, ensure_ascii=False).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_key(path: Path, kind: bytes = SIGNER) -> PrivateKey:
    """Raises BadSettings."""
    try:
        return PrivateKey.parse(path.read_text(), kind)
    except (OSError, UnicodeError, BadNote) as error:
        raise BadSettings(f"The key in {path} cannot be read: {error}.") from error


def write_key(path: Path, key: PrivateKey) -> None:
    """Write a private key for its owner alone. Raises BadSettings where the file is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BadSettings(f"{path} is there already, and is not written over.") from None
    with os.fdopen(file, "w") as opened:
        opened.write(key.line() + "\n")


def _read_leaf(leaf: bytes) -> tuple[str, int, str]:
    place, _, hashed = leaf.decode().rpartition(" ")
    chain, _, seq = place.rpartition(":")
    return chain, int(seq), hashed


def _lines(path: Path) -> Iterator[dict[str, str]]:
    if path.exists():
        with path.open(encoding="utf-8") as file:
            yield from (json.loads(line) for line in file if line.endswith("\n"))


def _newest(heads: Path) -> str:
    head = ""
    for line in _lines(heads):
        head = line["checkpoint"]
    return head


def _read_anchored(path: Path) -> dict[str, str]:
    """Return what each kind of anchor has taken last: where it is not known, it is taken again."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(kind): str(head) for kind, head in found.items()} if isinstance(found, dict) else {}


def _mend(path: Path) -> None:
    """Take away a line that was being written when the notary died: its head went nowhere."""
    data = path.read_bytes() if path.exists() else b""
    if data and not data.endswith(b"\n"):
        write_file(path, data[: data.rfind(b"\n") + 1])


def locked(folder: Path) -> BinaryIO:
    lock = (folder / "lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise BadSettings(
            f"Another notary or witness is writing in {folder}: stop it first."
        ) from None
    return lock
