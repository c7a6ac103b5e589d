from __future__ import annotations

import pytest

from app.audit.proof.merkle import (
    EMPTY,
    Frontier,
    consistency_proof,
    consistent,
    included,
    inclusion_proof,
    leaf_hash,
    node_hash,
)

LEAVES = [leaf_hash(bytes([number])) for number in range(40)]
# The roots of trees of 1 to 8 leaves of Certificate Transparency's own tests.
KNOWN_DATA = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "60616263646566676869",
]
KNOWN_DATA[-1] += "6a6b6c6d6e6f"
KNOWN_ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def by_definition(low: int, high: int) -> bytes:
    """Return the hash of some of the leaves, as RFC 6962 defines it."""
    if high - low < 2:
        return LEAVES[low] if high > low else EMPTY
    half = 1
    while half * 2 < high - low:
        half *= 2
    return node_hash(by_definition(low, low + half), by_definition(low + half, high))


def root_of(size: int) -> bytes:
    tree = Frontier()
    for leaf in LEAVES[:size]:
        tree.append(leaf)
    return tree.root()


@pytest.mark.parametrize("size", KNOWN_ROOTS)
def test_the_roots_are_those_that_others_compute(size: int) -> None:
    tree = Frontier()
    for data in KNOWN_DATA[:size]:
        tree.append(leaf_hash(bytes.fromhex(data)))
    assert tree.root().hex() == KNOWN_ROOTS[size]


def test_a_growing_tree_has_the_root_that_is_defined() -> None:
    assert [root_of(size) for size in range(41)] == [by_definition(0, n) for n in range(41)]


def test_a_leaf_is_proved_in_its_place_and_in_no_other() -> None:
    for size in range(1, 41):
        root = root_of(size)
        for index in range(size):
            proof = inclusion_proof(index, size, by_definition)
            proved = [included(LEAVES[index], at, size, root, proof) for at in range(size)]
            assert proved == [at == index for at in range(size)]
            assert not included(LEAVES[index - 1] if size > 1 else EMPTY, index, size, root, proof)
            assert not included(LEAVES[index], index, size, root, [*proof, EMPTY])


def test_a_tree_is_consistent_with_each_smaller_one_and_with_nothing_else() -> None:
    for size in range(1, 41):
        root = root_of(size)
        for old in range(1, size + 1):
            proof = consistency_proof(old, size, by_definition)
            assert consistent(old, root_of(old), size, root, proof)
            assert not consistent(old, EMPTY, size, root, proof)
            assert not consistent(old, root_of(old), size, EMPTY, proof)
            assert not consistent(old, root_of(old), size, root, [*proof, EMPTY])
