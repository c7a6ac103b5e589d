"""Where somebody works, as a hook reads it, is what git itself says."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from workstation.forwarder.repository import place_of
from workstation.hook.checkout import origin_of

if TYPE_CHECKING:
    from pathlib import Path

REMOTE = "https://alice:secret@git.example.com/acme/shop.git"


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run(["git", "-C", folder, *who, *words], check=True, capture_output=True)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    shop = tmp_path / "shop"
    shop.mkdir()
    git(shop, "init", "--initial-branch=fix/login")
    git(shop, "commit", "--allow-empty", "--message=one")
    git(shop, "remote", "add", "other", "https://git.example.com/other/shop")
    git(shop, "remote", "add", "origin", REMOTE)
    return shop


@pytest.mark.parametrize("change", ["none", "pack-refs", "checkout", "worktree", "folder"])
def test_it_is_what_git_says(change: str, shop: Path) -> None:
    folder = shop
    match change:
        case "pack-refs":
            git(shop, "pack-refs", "--all")
        case "checkout":
            git(shop, "checkout", "--detach")
        case "worktree":
            folder = shop.parent / "tree"
            git(shop, "worktree", "add", "-b", "feature", str(folder))
        case "folder":
            folder = shop / "src" / "deep"
            folder.mkdir(parents=True)
    place = place_of(folder)
    said = {"repository": place.repository, "commit": place.commit, "branch": place.branch}
    assert origin_of(str(folder)) == {name: value for name, value in said.items() if value}
    assert place.repository == "acme/shop"


def test_a_folder_without_git_says_nothing(tmp_path: Path) -> None:
    assert origin_of(str(tmp_path)) == {}
    assert origin_of("") == {}
    (tmp_path / ".git").write_bytes(b"gitdir: \xff")
    assert origin_of(str(tmp_path)) == {}
