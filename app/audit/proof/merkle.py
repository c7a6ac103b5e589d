"""Merkle trees as in RFC 6962, section 2: one hash commits to all leaves and their order.

A leaf is hashed as SHA-256(0x00 ‖ data), a node as SHA-256(0x01 ‖ left ‖ right). A tree of n leaves
splits at the largest power of two below n. `Frontier` computes the root while leaves are added. The
two proofs are short lists of hashes: that a leaf is in a tree (inclusion), and that a larger tree
begins with all the leaves of a smaller one (consistency).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Subtree: TypeAlias = "Callable[[int, int], bytes]"
    """Returns the hash of the leaves from one index up to another, without that one."""

EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the full subtrees that a growing tree consists of, the largest first."""

    def __init__(self, size: int = 0, nodes: Sequence[bytes] = ()) -> None:
        """Take up a tree where another frontier left off. Raises ValueError."""
        if len(nodes) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} full subtrees")
        self.size = size
        self.nodes = list(nodes)

    def append(self, leaf: bytes) -> None:
        """Add the hash of a leaf."""
        node, size = leaf, self.size
        while size & 1:
            node, size = node_hash(self.nodes.pop(), node), size >> 1
        self.nodes.append(node)
        self.size += 1

    def root(self) -> bytes:
        if not self.nodes:
            return EMPTY
        *others, root = self.nodes
        for node in reversed(others):
            root = node_hash(node, root)
        return root


def split(size: int) -> int:
    """Return where a tree of at least two leaves splits."""
    return 1 << (size - 1).bit_length() - 1


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """Return the hashes beside the way from a leaf up to the root (RFC 6962, 2.1.1)."""
    proof, low, high = list[bytes](), 0, size
    while high - low > 1:
        middle = low + split(high - low)
        if index < middle:
            proof.append(subtree(middle, high))
            high = middle
        else:
            proof.append(subtree(low, middle))
            low = middle
    return proof[::-1]


def included(leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Return whether a proof leads from the hash of a leaf to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, at, last = leaf, index, size - 1
    for beside in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = node_hash(beside, node)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, beside)
        at, last = at >> 1, last >> 1
    return last == 0 and node == root


def consistency_proof(old: int, size: int, subtree: Subtree) -> list[bytes]:
    """Return what proves that a tree begins with the leaves of an older one (RFC 6962, 2.1.2)."""
    if not 0 < old < size:
        return []
    proof, low, high, known = list[bytes](), 0, size, True
    while old - low != high - low:
        middle = low + split(high - low)
        if old <= middle:
            proof.append(subtree(middle, high))
            high = middle
        else:
            proof.append(subtree(low, middle))
            low, known = middle, False
    if not known:
        proof.append(subtree(low, high))
    return proof[::-1]


def consistent(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Return whether a proof leads from an old root to a new one (RFC 9162, 2.1.4.2)."""
    if old == size:
        return old_root == root and not proof
    if not 0 <= old < size:
        return False
    if old == 0:
        return not proof
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = path[0]
    for beside in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = node_hash(beside, first), node_hash(beside, second)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, beside)
        at, last = at >> 1, last >> 1
    return last == 0 and first == old_root and second == root
