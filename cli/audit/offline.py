"""Verifies a bundle from a file; needs nothing of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.audit.proof.heads import Keyring
from app.audit.proof.notes import BadNote
from app.audit.proof.offline import verify_bundle
from app.audit.proof.witnesses import Quorum, read_witnesses
from app.errors import BadSettings
from cli.audit.report import progress, report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def verify_file(
    bundle: Path, keys: Path | None, anchors: Path | None, quorum: Quorum | None
) -> int:
    """Return the code to end with. Raises BadSettings."""
    if keys is None:
        raise BadSettings(
            "Give the notary's public keys with --keys FILE; get them from whoever runs the "
            "notary, and not together with the bundle."
        )
    ring, kept = read_keys(keys), read_text(anchors) if anchors else ""
    try:
        size = bundle.stat().st_size
        with progress("verifying") as bar:
            task = bar.add_task("", total=size)
            verified = verify_bundle(
                lambda: _lines(bundle), ring, kept, lambda done: bar.advance(task, done), quorum
            )
    except OSError as error:
        raise BadSettings(f"{bundle} cannot be read: {error.strerror}.") from error
    if anchors and not verified.anchors:
        raise BadSettings(f"There is no signed head of this ledger in {anchors}.")
    return report(verified)


def read_keys(path: Path) -> Keyring:
    """Raises BadSettings."""
    try:
        return Keyring.parse(read_text(path))
    except BadNote as error:
        raise BadSettings(f"{path}: {error}.") from error


def read_quorum(witnesses: Path | None, least: int | None) -> Quorum | None:
    """Return how many witnesses have to have signed; by default more than half of those given.

    Raises BadSettings.
    """
    if witnesses is None:
        if least is not None:
            raise BadSettings("--quorum counts witnesses: give their keys with --witnesses FILE.")
        return None
    try:
        keys = tuple(witness.key for witness in read_witnesses(read_text(witnesses)))
    except BadNote as error:
        raise BadSettings(f"{witnesses}: {error}.") from error
    least = least if least is not None else len(keys) // 2 + 1
    if least > len(keys):
        raise BadSettings(f"--quorum {least} is more than the {len(keys)} witnesses in the file.")
    return Quorum(least, keys)


def read_text(path: Path) -> str:
    """Raises BadSettings."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise BadSettings(f"{path} cannot be read: {error}.") from error


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file
