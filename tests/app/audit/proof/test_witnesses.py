"""A bundle is verified by how many witnesses have signed its heads."""

from __future__ import annotations

import pytest

from app.audit.proof.heads import Head, Keyring
from app.audit.proof.notes import COSIGNER, PrivateKey
from app.audit.proof.offline import Verified, verify_bundle
from app.audit.proof.witnesses import Quorum, cosignature
from tests.app.audit.proof.ledgers import KEY, a_ledger, lines

ONE, TWO = (PrivateKey(f"witness.example/{n}", bytes([n]) * 32, COSIGNER) for n in (1, 2))


def verified(least: int, *, damaged: bool = False) -> Verified:
    """Verify a ledger whose second head the first witness has signed."""
    records = a_ledger().records()
    heads = [record for record in records if record["type"] == "head"]
    signed, other = (Head.parse(heads[n]["note"]).note.text for n in (1, 2))
    heads[1]["note"] += cosignature(other if damaged else signed, 1_700_000_000, ONE)
    bundle, quorum = lines(records), Quorum(least, (ONE.public, TWO.public))
    return verify_bundle(lambda: bundle, Keyring([KEY.public]), quorum=quorum)


def test_the_newest_head_that_enough_witnesses_signed_is_told() -> None:
    found = verified(1)
    assert found.faults == []
    assert found.witnessed == a_ledger().sizes[1]
    assert found.witnessed < found.entries


@pytest.mark.parametrize(
    ("least", "damaged", "fault"),
    [
        (2, False, "the heads: none of them is signed by 2 of 2 witnesses."),
        (1, True, "the cosignature of witness.example/1"),
    ],
    ids=["too few", "of another head"],
)
def test_too_few_or_wrong_cosignatures_are_told(least: int, damaged: bool, fault: str) -> None:  # noqa: FBT001
    assert any(fault in str(each) for each in verified(least, damaged=damaged).faults)
