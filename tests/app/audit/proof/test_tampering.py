"""Whatever is changed in a bundle is found, and the place is told."""

from __future__ import annotations

import hashlib
import json
import os
import random
from bisect import bisect_right
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

import pytest
import rfc8785

from app.audit.proof.bundle import catalog_record
from app.audit.proof.heads import Keyring, rotation
from app.audit.proof.notes import PrivateKey
from app.audit.proof.offline import verify_bundle
from app.audit.seals import seal
from app.domain.event import EventKind
from app.domain.record.stored_catalog import files_digest
from tests.app.audit.proof.ledgers import (
    KEY,
    ORIGIN,
    SmallLedger,
    a_ledger,
    faults,
    lines,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.audit.proof.bundle import Record

    Change = Callable[[list[Record]], object]

FUZZ = int(os.environ.get("ABEYANCE_FUZZ", "0"))
FLIPS = 500 * FUZZ or 300
BUNDLE = a_ledger().bundle()
NEXT = PrivateKey(ORIGIN, bytes(32))


def at(records: list[Record], kind: str, number: int = 0) -> int:
    return [index for index, record in enumerate(records) if record["type"] == kind][number]


def swap(records: list[Record], kind: str, number: int) -> None:
    one, other = at(records, kind, number), at(records, kind, number + 1)
    records[one], records[other] = records[other], records[one]


def test_a_bundle_as_it_was_exported_is_in_order() -> None:
    verified = verify_bundle(lambda: BUNDLE, Keyring([KEY.public]))
    assert verified.faults == []
    assert (verified.entries, verified.chains, verified.heads) == (14, 3, 3)
    assert (verified.forwarded, verified.contents) == (3, 3)


def places(number: int, line: bytes) -> tuple[str, ...]:
    """Return how the place of a line may be told; what only the end covers is told there."""
    record, here = json.loads(line), f"line {number}: "
    match record["type"]:
        case "manifest":
            # Its origin is told where the first head has another one.
            return here, "line 2: the head is of ", f"line {len(BUNDLE)}: the lines before it "
        case "head":
            return here, f"the head of {record['note'].splitlines()[1]} entries: "
        case "entry":
            entry = record["entry"]
            own = f"(chain {entry['chain']}, number {entry['seq']}): "
            return here, own, f"entry {record['index']} of the tree "
        case "session":
            return here, f"session {record['session']}: "
        case _:
            return (here,)


def test_every_flipped_bit_is_found_and_its_place_is_told() -> None:
    whole = b"".join(BUNDLE)
    begins = list(accumulate(map(len, BUNDLE[:-1]), initial=0))
    chance = random.Random(19)  # noqa: S311 - the same places in each run
    for _ in range(FLIPS):
        place = chance.randrange(len(whole))
        flipped = bytearray(whole)
        flipped[place] ^= 1 << chance.randrange(8)
        first = faults(bytes(flipped).splitlines(keepends=True))[:1]
        assert first, f"byte {place} was changed and nothing was found"
        number = bisect_right(begins, place)
        told = places(number, BUNDLE[number - 1])
        if BUNDLE[number - 1].startswith(b'{"note":'):
            told += ("the head of ",)  # Its size may have been changed, by which it is named.
        assert any(one in first[0] for one in told), f"line {number} was changed: {first[0]}"


# Somebody who changes a bundle can write its last line anew: that is no obstacle.
CHANGES: dict[str, tuple[Change, str]] = {
    "an entry is dropped": (
        lambda records: records.pop(at(records, "entry", 4)),
        "entry 5 of the tree (chain bot/1, number 0): it is where entry 4 of the tree should be",
    ),
    "two entries are swapped": (
        lambda records: swap(records, "entry", 4),
        "entry 5 of the tree (chain bot/1, number 0): it is where entry 4 of the tree should be",
    ),
    "an entry comes twice": (
        lambda records: records.insert(at(records, "entry", 5), records[at(records, "entry", 5)]),
        "entry 5 of the tree (chain bot/1, number 0): it is where entry 6 of the tree should be",
    ),
    "the last entries are cut off": (
        lambda records: records.__delitem__(slice(at(records, "entry", 9), None)),
        "the end, after 9 entries: the head of 14 entries tells of 14: the rest was cut off",
    ),
    "the last entries are cut off with their head": (
        lambda records: [records.pop(at(records, "head", 2)), records[0].update(heads=2)],
        "entries 7 to 13 of the tree: no head was signed over them",
    ),
    "all heads are dropped": (
        lambda records: [records.pop(at(records, "head")) for _ in range(3)],
        "the heads: there is none: nothing of it is signed",
    ),
    "a request is another one": (
        lambda records: records[at(records, "session", 1)].update(body="e30="),
        "session s-held: its request was changed: it has another digest than the ledger names",
    ),
    "an answer is another one": (
        lambda records: records[at(records, "session", 1)].update(answer="e30="),
        "session s-held: its answer was changed: it has another digest than the ledger names",
    ),
    "the content of a session is dropped": (
        lambda records: records.pop(at(records, "session", 1)),
        "session s-held: its content is missing, and no tombstone says why",
    ),
    "the caller is another one": (
        lambda records: records[at(records, "session", 1)].update(identity="mallory"),
        "session s-held: its caller or connection is not the one that the ledger names",
    ),
    "the size in the manifest is another one": (
        lambda records: records[0].update(size=13),
        "line 1: it tells of 13 entries, and there are 14",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_who_changes_a_bundle_and_closes_it_again_is_found(change: str) -> None:
    records, (alter, told) = a_ledger().records(), CHANGES[change]
    alter(records)
    assert faults(lines(records))[0].rstrip(".") == told


@pytest.mark.parametrize(
    ("written", "instead"),
    [(b'"index":4,', b'"index": 4,'), (b'"index":4,', b'"index":9,"index":4,')],
    ids=["a blank", "a name that comes twice"],
)
def test_nothing_hides_in_the_way_a_line_is_spelt(written: bytes, instead: bytes) -> None:
    *found, _ = [line.replace(written, instead) for line in BUNDLE]
    digest = hashlib.sha256(b"".join(found)).hexdigest()
    end = rfc8785.dumps({"type": "end", "lines": len(found), "sha256": digest}) + b"\n"
    assert faults([*found, end]) == [
        "line 10: it is not written as an export writes it: it was changed."
    ]


def test_who_seals_a_changed_entry_again_is_found_by_the_signed_root() -> None:
    ledger = a_ledger()
    heads = ledger.heads()
    changed = ledger.entries[-1]
    event = replace(changed.event, data={**changed.event.data, "status": 500})
    forged = replace(changed, event=event)
    ledger.entries[-1] = replace(forged, hash=seal(forged))
    records = ledger.records()
    for number, head in enumerate(heads):
        records[at(records, "head", number)]["note"] = head
    [told] = faults(lines(records))
    assert told.startswith("entries 7 to 13 of the tree: they are not the ones")


def test_another_key_is_not_trusted() -> None:
    told = faults(a_ledger().bundle(NEXT))
    assert told[0].startswith("the head of 3 entries: no key that you trust has signed it")


@pytest.mark.parametrize("trusted", [KEY, NEXT], ids=["old", "new"])
def test_a_bundle_over_a_change_of_keys_is_verified_with_either(trusted: PrivateKey) -> None:
    records = a_ledger().records()
    records[at(records, "head", 2)]["note"] = a_ledger().heads(NEXT)[2]
    assert faults(lines(records), key=trusted)[0].startswith("the head of ")
    records.insert(1, {"type": "rotation", "note": rotation(7, KEY, NEXT)})
    assert faults(lines(records), key=trusted) == []


def test_who_holds_the_key_and_writes_the_ledger_anew_is_found_by_an_anchor() -> None:
    anchors = "".join(a_ledger().heads())
    rewritten = SmallLedger()
    for entry in a_ledger().entries:
        data = {**entry.event.data, "rewritten": 1}
        rewritten.write(entry.chain, entry.event.kind, entry.event.session_id, **data)
    rewritten.sizes = [3, 7, 14]
    assert faults(rewritten.bundle()) == []
    told = faults(rewritten.bundle(), anchors)
    assert told[0].startswith("entries 0 to 2 of the tree: they are not the ones that anchor 1")


def test_who_holds_the_key_and_cuts_off_the_end_is_found_by_an_anchor() -> None:
    anchors, cut = "".join(a_ledger().heads()), a_ledger()
    cut.entries, cut.sizes = cut.entries[:7], cut.sizes[:2]
    assert faults(cut.bundle()) == []
    told = faults(cut.bundle(), anchors)
    assert told == [
        "the end, after 7 entries: anchor 3, of 14 entries tells of 14: the rest was cut off."
    ]


def test_a_chain_that_the_next_one_names_and_that_is_gone_is_missed() -> None:
    ledger = SmallLedger()
    ledger.write("bot/1", EventKind.RULE_MARKED)
    ledger.write("bot/2", EventKind.RULE_MARKED)
    del ledger.entries[0]
    ledger.sign()
    [told] = faults(ledger.bundle())
    assert told.startswith("the chains: one begins after an entry that is not there")


GRANT = (5, 6)
"""The indexes of the entries that approve a hold and give its grant."""


def test_one_session_is_proved_with_what_released_it_and_nothing_else() -> None:
    bundle = lines(a_ledger().picked("s-covered", *GRANT))
    verified = verify_bundle(lambda: bundle, Keyring([KEY.public]))
    assert verified.faults == []
    assert (verified.entries, verified.forwarded, verified.contents) == (6, 1, 1)
    assert not verified.is_whole


PICKS: dict[str, tuple[Change, str]] = {
    "what released it is left out": (
        lambda records: [records.pop(at(records, "entry", 1)), records[0].update(size=5)],
        "session s-covered: it used grant g-1, and no entry says that it was given",
    ),
    "an entry has the place of another": (
        lambda records: records[at(records, "entry", 2)].update(index=9),
        (
            "entry 9 of the tree (chain gateway/2, number 0): the tree of 14 entries that was "
            "signed does not have it"
        ),
    ),
    "an entry was made up, with its seal": (
        lambda records: records[at(records, "entry", 2)]["entry"]["data"].update(action="allow"),
        (
            "entry 10 of the tree (chain gateway/2, number 0): its content was changed: it does "
            "not fit its seal"
        ),
    ),
    "its answer is another one": (
        lambda records: records[at(records, "session")].update(answer="e30="),
        "session s-covered: its answer was changed: it has another digest than the ledger names",
    ),
}


@pytest.mark.parametrize("change", PICKS)
def test_who_changes_the_proof_of_one_session_is_found(change: str) -> None:
    records, (alter, told) = a_ledger().picked("s-covered", *GRANT), PICKS[change]
    alter(records)
    assert faults(lines(records))[0].rstrip(".") == told


def test_an_anchor_of_the_same_size_must_have_the_same_root() -> None:
    bundle = lines(a_ledger().picked("s-covered", *GRANT))
    other = a_ledger()
    other.entries[0], other.entries[1] = other.entries[1], other.entries[0]
    assert faults(bundle, a_ledger().heads()[-1]) == []
    [told] = faults(bundle, other.heads()[-1])
    assert told == "anchor 1, of 14 entries: it has another root than the head in the bundle."


FILES = {"catalog/rule.yaml": "- id: prod"}


def with_catalog() -> list[Record]:
    ledger = a_ledger()
    digest = files_digest(FILES)
    ledger.write("gateway/1", EventKind.CATALOG_STORED, catalog="r1", digest=digest)
    ledger.sign()
    return [*ledger.records(), catalog_record("r1", FILES)]


CATALOGS: dict[str, tuple[Change, list[str]]] = {
    "nothing": (lambda _: None, []),
    "it is dropped": (
        lambda records: records.pop(),
        ["catalog r1: an entry names it, and it is missing."],
    ),
    "it is changed": (
        lambda records: records[-1].update(files={"catalog/rule.yaml": "- id: other"}),
        [("catalog r1: its files were changed: they have another digest than the ledger names.")],
    ),
    "it is another one": (
        lambda records: records.append(catalog_record("r2", FILES)),
        ["line 25: no entry before it names this catalog."],
    ),
    "an older version had none": (
        lambda records: [records.pop(), records[0].pop("catalogs")],
        [],
    ),
}


@pytest.mark.parametrize("change", CATALOGS)
def test_a_catalog_that_is_not_the_one_that_the_ledger_names_is_told(change: str) -> None:
    records, (alter, told) = with_catalog(), CATALOGS[change]
    alter(records)
    assert faults(lines(records)) == told
