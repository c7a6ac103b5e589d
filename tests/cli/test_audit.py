from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from app.clock import SystemClock
from app.errors import BadSettings
from app.storage.roles import OF_EACH, SERVING
from cli.audit.exporting import export_to
from cli.audit.roles import script
from notary.book import OpenBook
from tests.app.audit.proof.ledgers import KEY, a_ledger

if TYPE_CHECKING:
    from pathlib import Path

VERIFY = """
import sys
from pathlib import Path
from cli.audit.commands import app
app(["verify", sys.argv[1], "--keys", sys.argv[2]], standalone_mode=False)
"""


def servers_modules() -> set[str]:
    """Return the modules that only the extras install."""
    base, left = set[str](), ["abeyance"]
    while left:
        name = left.pop()
        for line in metadata.requires(name) or ():
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                left += {needed.name} - base
                base.add(needed.name)
    installed = metadata.packages_distributions()
    return {
        module
        for module, distributions in installed.items()
        if module.isidentifier()
        and module[0] != "_"
        and not {canonicalize_name(found) for found in distributions}
        & {canonicalize_name(name) for name in [*base, "abeyance", "pip", "setuptools"]}
    }


def test_a_bundle_is_verified_with_nothing_of_the_server(tmp_path: Path) -> None:
    bundle, keys = tmp_path / "bundle.jsonl", tmp_path / "keys"
    bundle.write_bytes(b"".join(a_ledger().bundle()))
    keys.write_text(str(KEY.public))
    forbid = f"import sys\nsys.modules.update(dict.fromkeys({sorted(servers_modules())}))\n"
    command = [sys.executable, "-c", forbid + VERIFY, str(bundle), str(keys)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "The record is in order." in done.stdout


def test_an_anchor_that_cannot_be_read_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = OpenBook(tmp_path / "notary", KEY)
    book.tree.append(f"bot/1:{0:012} {'ab' * 32}".encode())
    book.sign(SystemClock().now())
    book.close()
    anchors = tmp_path / "anchors"
    anchors.write_text(f"{KEY.name}\n1\n{'A' * 43}=\n\n— {KEY.name} AAAA\n")
    monkeypatch.setenv("ABEYANCE_NOTARY_FOLDER", str(tmp_path / "notary"))
    with pytest.raises(BadSettings, match="file of anchors cannot be read"):
        export_to(tmp_path / "bundle", ["a-session"], anchors, contents=False)


def test_the_roles_let_nobody_change_the_ledger() -> None:
    assert set(SERVING["ledger"]) | set(OF_EACH) == {"find", "insert", "createIndex", "killCursors"}
    lines = [line for line in script("acme").splitlines() if '"ledger"' in line]
    assert len(lines) == 5
    assert all('"acme"' in line and "update" not in line and "remove" not in line for line in lines)
