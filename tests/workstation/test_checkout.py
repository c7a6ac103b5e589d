"""Where somebody works, as we read it, is what git itself says."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from workstation.checkout import Checkout, checkout_of
from workstation.origin import repository_of

if TYPE_CHECKING:
    from pathlib import Path

REMOTE = "https://alice:secret@git.example.com/acme/shop.git"


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    done = subprocess.run(
        ["git", "-C", folder, *who, *words], check=False, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    shop = tmp_path / "shop"
    shop.mkdir()
    git(shop, "init", "--initial-branch=fix/ü")
    git(shop, "commit", "--allow-empty", "--message=one")
    git(shop, "remote", "add", "other", "https://git.example.com/other/shop")
    git(shop, "remote", "add", "origin", REMOTE)
    return shop


@pytest.mark.parametrize(
    "change", ["none", "pack-refs", "checkout", "worktree", "folder", "no remote", "no commit"]
)
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
        case "no remote":
            git(shop, "remote", "remove", "origin")
        case "no commit":
            git(shop, "checkout", "--orphan", "new")
    assert checkout_of(folder) == Checkout(
        repository="acme/shop" if git(folder, "remote", "get-url", "origin") else "shop",
        commit=git(folder, "rev-parse", "--verify", "--quiet", "HEAD"),
        branch=git(folder, "symbolic-ref", "--quiet", "--short", "HEAD"),
    )


def test_git_is_asked_where_it_keeps_references_in_a_table(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop / ".git" / "HEAD").write_text("ref: refs/heads/.invalid\n")
    program = tmp_path / "git"
    program.write_text('#!/bin/sh\n[ "$3" = rev-parse ] && echo 0123456789 || echo main\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checkout_of(shop) == Checkout("acme/shop", "0123456789", "main")
    program.unlink()
    assert checkout_of(shop) == Checkout("acme/shop")


def test_a_folder_without_git_says_nothing(tmp_path: Path) -> None:
    assert checkout_of(tmp_path) == Checkout()
    (tmp_path / ".git").write_bytes(b"gitdir: \xff")
    assert checkout_of(tmp_path) == Checkout()


@pytest.mark.parametrize(
    ("remote", "repository"),
    [
        ("https://github.com/acme/shop.git", "acme/shop"),
        ("https://user:ghp_secret@github.com/acme/shop", "acme/shop"),
        ("ssh://git@gitlab.example.com:2222/group/sub/shop.git", "group/sub/shop"),
        ("git@github.com:acme/shop.git", "acme/shop"),
        ("github.com:acme/shop", "acme/shop"),
        ("/srv/git/shop.git", ""),
        ("../shop", ""),
        ("file:///srv/git/shop.git", ""),
        ("C:\\shop", ""),
        ("", ""),
    ],
)
def test_a_repository_is_named_by_its_remote_without_host_and_password(
    remote: str, repository: str
) -> None:
    assert repository_of(remote) == repository


def test_it_is_sent_in_headers_of_ascii() -> None:
    assert Checkout("acme/shop", "0123456789", "fix/ü").headers == (
        ("abeyance-repository", "acme/shop"),
        ("abeyance-commit", "0123456789"),
        ("abeyance-branch", "UTF-8''fix%2F%C3%BC"),
    )


def test_a_name_that_the_gateway_would_refuse_is_left_out() -> None:
    assert Checkout("a repository").headers == ()
    assert Checkout("acme/shop", "HEAD", "a`b").headers == (("abeyance-repository", "acme/shop"),)
