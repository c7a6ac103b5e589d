from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from workstation.forwarder.repository import Place, place_of, repository_of

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    done = subprocess.run(
        ["git", "-C", folder, *who, *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


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


def test_git_is_asked_for_repository_commit_and_branch(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    assert place_of(shop) == Place()
    git(shop, "init", "--quiet", "--initial-branch=fix/ü")
    assert place_of(shop) == Place("shop", "", "fix/ü")
    git(shop, "commit", "--quiet", "--allow-empty", "--message=One")
    git(shop, "remote", "add", "origin", "git@github.com:acme/shop.git")
    (shop / "deep").mkdir()
    commit = git(shop, "rev-parse", "HEAD")
    place = place_of(shop / "deep")
    assert place == Place("acme/shop", commit, "fix/ü")
    assert dict(place.headers) == {
        "abeyance-repository": "acme/shop",
        "abeyance-commit": commit,
        "abeyance-branch": "UTF-8''fix%2F%C3%BC",
    }


def test_a_name_that_the_gateway_would_refuse_is_left_out() -> None:
    assert Place("a repository").headers == ()
    assert Place("acme/shop", "HEAD", "a`b").headers == (("abeyance-repository", "acme/shop"),)
