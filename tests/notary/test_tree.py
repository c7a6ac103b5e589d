from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.audit.proof.merkle import Frontier, consistency_proof, consistent, leaf_hash
from app.errors import BadSettings
from notary.tree import TreeFiles, leaves

if TYPE_CHECKING:
    from pathlib import Path

LEAVES = [f"chain:{number:012} {'ab' * 32}".encode() for number in range(600)]


def root_of(size: int, first: int = 0) -> bytes:
    tree = Frontier()
    for leaf in LEAVES[first:size]:
        tree.append(leaf_hash(leaf))
    return tree.root()


def grown(folder: Path, *sizes: int) -> TreeFiles:
    tree = TreeFiles(folder)
    for size in sizes:
        for leaf in LEAVES[tree.size : size]:
            tree.append(leaf)
        tree.flush()
    return tree


def test_a_tree_lies_in_the_files_that_its_specification_names(tmp_path: Path) -> None:
    grown(tmp_path, 100, 600)
    files = sorted(
        str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()
    )
    assert files == [
        "tile/0/000",
        "tile/0/001",
        "tile/0/002.p/88",
        "tile/1/000.p/2",
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/88",
    ]
    assert (tmp_path / "tile/0/001").read_bytes()[:32] == leaf_hash(LEAVES[256])
    assert (tmp_path / "tile/1/000.p/2").read_bytes()[32:] == root_of(512, 256)
    assert (tmp_path / "tile/entries/000").read_bytes()[2:].startswith(LEAVES[0])


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 599])
def test_a_tree_is_taken_up_at_each_size_that_was_flushed(tmp_path: Path, size: int) -> None:
    grown(tmp_path, *([size] if size else []), 600)
    tree = TreeFiles(tmp_path, size)
    assert tree.frontier.root() == root_of(size)
    for leaf in LEAVES[size:]:
        tree.append(leaf)
    assert tree.frontier.root() == root_of(600)
    assert list(leaves(tmp_path, 600, 250)) == LEAVES[250:]


@pytest.mark.parametrize("old", [1, 5, 256, 300, 512, 599])
def test_its_files_prove_that_it_begins_with_an_older_one(tmp_path: Path, old: int) -> None:
    tree = grown(tmp_path, 600)
    proof = consistency_proof(old, 600, tree.subtree)
    assert consistent(old, root_of(old), 600, root_of(600), proof)


def test_a_tree_of_which_a_part_is_gone_is_not_taken_up(tmp_path: Path) -> None:
    grown(tmp_path, 600)
    (tmp_path / "tile/entries/001").write_bytes(b"")
    with pytest.raises(BadSettings, match="600 entries are signed, and 256 are there"):
        TreeFiles(tmp_path, 600)
