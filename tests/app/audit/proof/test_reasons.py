"""Nothing goes out without a reason that is its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.audit.digests import request_digest
from app.audit.proof.heads import Keyring
from app.audit.proof.offline import verify_bundle
from app.domain.event import EventKind
from tests.app.audit.proof.ledgers import (
    ALICE,
    BODY,
    KEY,
    SmallLedger,
    a_ledger,
    faults,
    head_of,
    later,
)

if TYPE_CHECKING:
    from collections.abc import Callable

USED = {"grant": "g-1", "rule": "prod"}
COVER = {"grant": "g-2", "names": "p1"}
REASONS: dict[str, tuple[Callable[[SmallLedger], object], str]] = {
    "held and not approved": (
        lambda ledger: [
            ledger.open("gateway/3", "s", "hold"),
            ledger.forward("gateway/3", "s", "allowed"),
        ],
        "it needed approval, and went out without an approved hold or a grant",
    ),
    "denied by a rule": (
        lambda ledger: [
            ledger.open("gateway/3", "s", "deny"),
            ledger.forward("gateway/3", "s", "allowed"),
        ],
        "a rule denied it, and it went out",
    ),
    "released by a hold that nobody approved": (
        lambda ledger: [
            ledger.open("gateway/3", "s", "hold"),
            ledger.write("gateway/3", EventKind.REQUEST_FORWARDING, "s", hold="s"),
            ledger.forward("gateway/3", "s", "approved"),
        ],
        "it was released by hold s, and no entry says that it was approved",
    ),
    "covered by a grant that nobody gave": (
        lambda ledger: [
            ledger.open("gateway/3", "s", "hold"),
            ledger.write("gateway/3", EventKind.GRANT_USED, "s", grant="g-9"),
            ledger.forward("gateway/3", "s", "granted"),
        ],
        "it used grant g-9, and no entry says that it was given",
    ),
    "a call released by a hold that nobody approved": (
        lambda ledger: [
            ledger.open("gateway/3", "s", "allow"),
            ledger.write("gateway/3", EventKind.CALL_DECIDED, "s", decision="approved", hold="h-9"),
        ],
        "it was released by hold h-9, and no entry says that it was approved",
    ),
    "a call released by a hold that was only given back": (
        lambda ledger: [
            ledger.open("gateway/3", "s", "hold"),
            ledger.write(
                "gateway/3",
                EventKind.HOLD_MOVING,
                "s",
                hold="h-9",
                state="approved",
                word="give_back",
            ),
            ledger.release("gateway/3", "s", "h-9"),
            ledger.write("gateway/3", EventKind.CALL_DECIDED, "s", decision="approved", hold="h-9"),
        ],
        "it was released by hold h-9, and no entry says that it was approved",
    ),
    "a hook told yes as if people had approved": (
        lambda ledger: [
            ledger.open("gateway/3", "s", "hold"),
            ledger.write(
                "gateway/3",
                EventKind.HOOK_ALLOWED,
                "s",
                digest=request_digest(head_of("s"), BODY),
                decision="approved",
            ),
        ],
        "it needed approval, and went out without an approved hold or a grant",
    ),
    "released by a hold that nobody opened": (
        lambda ledger: [
            ledger.open("gateway/3", "s", "hold"),
            ledger.write("bot/1", EventKind.VOTE_CAST, "s", hold="s", state="approved"),
            ledger.release("gateway/3", "s", "s"),
        ],
        "it was released by hold s, and no entry says that it was opened",
    ),
    "released by a hold of somebody else": (
        lambda ledger: [
            ledger.open("gateway/3", "s", "hold", identity="https://id.example mallory"),
            ledger.release("gateway/3", "s", "s-held"),
        ],
        "it was released by hold s-held, which is somebody else's",
    ),
    "released by a hold whose opening names nobody, of somebody else": (
        lambda ledger: [
            ledger.open("gateway/3", "s-other", "hold"),
            ledger.hold("gateway/3", "s-other", identity=""),
            ledger.open("gateway/3", "s", "hold", identity="https://id.example mallory"),
            ledger.release("gateway/3", "s", "s-other"),
        ],
        "it was released by hold s-other, which is somebody else's",
    ),
    "released by a hold of another connection": (
        lambda ledger: [
            ledger.open("gateway/3", "s", "hold", connection="anthropic"),
            ledger.release("gateway/3", "s", "s-held"),
        ],
        "it was released by hold s-held, which is for another connection",
    ),
    "released by a hold of another request": (
        lambda ledger: [
            ledger.open("gateway/3", "s", "hold"),
            ledger.release("gateway/3", "s", "s-held", key="k s", names="p1 p3"),
        ],
        "it was released by hold s-held, which is of another request",
    ),
    "released by a hold of another request, of which no passages are told": (
        lambda ledger: [
            ledger.open("gateway/3", "s", "hold"),
            ledger.release("gateway/3", "s", "s-held", key="k s", names=""),
        ],
        "it was released by hold s-held, which is of another request",
    ),
    "released with another digest": (
        lambda ledger: [
            ledger.open("gateway/3", "s", "hold"),
            ledger.release("gateway/3", "s", "s-held", digest="another"),
        ],
        "what was to go out has another digest than what was checked",
    ),
    "a tool call released by a hold of another one": (
        lambda ledger: [
            ledger.open("gateway/3", "s", "allow"),
            ledger.write(
                "gateway/3", EventKind.CALL_RELEASING, "s", hold="s-held", digest="another"
            ),
        ],
        "it was released by hold s-held, which is of another tool call",
    ),
    **{
        f"covered by a grant {what}": (
            lambda ledger, opened=opened, used=used: [
                ledger.give("s-held", "g-p", passages=2, names="p1 p2"),
                ledger.open("gateway/3", "s", "hold", **opened),
                ledger.write("gateway/3", EventKind.GRANT_USED, "s", **USED | used),
                ledger.forward("gateway/3", "s", "granted"),
            ],
            f"it used grant {used.get('grant', 'g-1')}{told}",
        )
        for what, opened, used, told in (
            (
                "of somebody else",
                {"identity": "https://id.example mallory"},
                {},
                ", which is somebody else's",
            ),
            (
                "for another connection",
                {"connection": "anthropic"},
                {},
                ", which is for another connection",
            ),
            ("for another rule", {}, {"rule": "other"}, ", which is for another rule"),
            (
                "for other passages",
                {},
                {"grant": "g-p", "names": "p1 p3"},
                " for passages that it does not cover",
            ),
        )
    },
    "covered by the grant of a repository that it is not from": (
        lambda ledger: [
            ledger.give("s-held", "g-2", identity="repository https://id.example 7 acme/shop"),
            ledger.open("gateway/3", "s", "hold", repository="repository https://id.example 8 x/y"),
            ledger.write("gateway/3", EventKind.GRANT_USED, "s", grant="g-2", rule="prod"),
        ],
        "it used grant g-2, which is somebody else's",
    ),
    "covered by a grant of a hold that nobody approved": (
        lambda ledger: [
            ledger.give("s-other", "g-2"),
            ledger.open("gateway/3", "s", "hold"),
            ledger.write("gateway/3", EventKind.GRANT_USED, "s", grant="g-2", rule="prod"),
        ],
        "it used grant g-2 of hold s-other, and no entry says that that was approved",
    ),
    "covered by a grant that had been revoked": (
        lambda ledger: [
            ledger.write("bot/1", EventKind.GRANT_REVOKED, "s-held", grant="g-1"),
            ledger.open("gateway/3", "s", "hold"),
            ledger.wait(minutes=5),
            ledger.write("gateway/3", EventKind.GRANT_USED, "s", **USED),
        ],
        "it used grant g-1 after that was revoked",
    ),
    "covered by a grant that had ended": (
        lambda ledger: [
            ledger.open("gateway/3", "s", "hold"),
            ledger.wait(minutes=35),
            ledger.write("gateway/3", EventKind.GRANT_USED, "s", **USED),
        ],
        "it used grant g-1 after its end",
    ),
    "covered by a grant after the end that no use prolongs": (
        lambda ledger: [
            ledger.give("s-held", "g-2", idle=60, most=later(hours=8), passages=1),
            ledger.open("gateway/3", "s", "hold"),
            ledger.wait(hours=9),
            ledger.write("gateway/3", EventKind.GRANT_USED, "s", grant="g-2", rule="prod"),
        ],
        "it used grant g-2 after its end",
    ),
    "never opened": (
        lambda ledger: ledger.forward("gateway/3", "s", "allowed"),
        "it went out, and no entry says that it was opened",
    ),
}


@pytest.mark.parametrize("reason", REASONS)
def test_what_went_out_without_its_reason_is_told(reason: str) -> None:
    ledger, (write, told) = a_ledger(), REASONS[reason]
    write(ledger)
    ledger.sign()
    assert faults(ledger.bundle()) == [f"session s: {told}."]


IN_ORDER: dict[str, Callable[[SmallLedger], object]] = {
    "a retry of the same": lambda ledger: [
        ledger.open("gateway/3", "s", "hold"),
        ledger.release("gateway/3", "s", "s-held"),
        ledger.forward("gateway/3", "s", "approved"),
    ],
    "some of the passages that people approved": lambda ledger: [
        ledger.open("gateway/3", "s", "hold"),
        ledger.release("gateway/3", "s", "s-held", key="k s", names="p2"),
        ledger.forward("gateway/3", "s", "approved"),
    ],
    "a trust for everyone, by a hold that is not decided": lambda ledger: [
        ledger.give("s-other", "g-2", identity="everyone", lines=1, names="p1"),
        ledger.open("gateway/3", "s", "hold", identity="https://id.example mallory"),
        ledger.write("gateway/3", EventKind.GRANT_USED, "s", **USED | COVER),
        ledger.forward("gateway/3", "s", "granted"),
    ],
    "a grant of its repository": lambda ledger: [
        ledger.give("s-held", "g-2", identity="repository https://id.example 7 acme/shop"),
        ledger.open(
            "gateway/3", "s", "hold", repository="repository https://id.example 7 acme/shop"
        ),
        ledger.write("gateway/3", EventKind.GRANT_USED, "s", grant="g-2", rule="prod"),
        ledger.forward("gateway/3", "s", "granted"),
    ],
    "a cover that its uses have prolonged": lambda ledger: [
        ledger.give("s-held", "g-2", idle=60, most=later(hours=8), passages=2, names="p1 p2"),
        ledger.wait(hours=7),
        ledger.open("gateway/3", "s", "hold"),
        ledger.write("gateway/3", EventKind.GRANT_USED, "s", **USED | COVER),
        ledger.forward("gateway/3", "s", "granted"),
    ],
}


@pytest.mark.parametrize("reason", IN_ORDER)
def test_what_went_out_with_its_reason_is_in_order(reason: str) -> None:
    ledger = a_ledger()
    IN_ORDER[reason](ledger)
    ledger.sign()
    bundle = ledger.bundle()
    verified = verify_bundle(lambda: bundle, Keyring([KEY.public]))
    assert (verified.faults, verified.untold) == ([], 0)


def test_what_an_older_version_did_not_write_down_is_no_fault_and_is_counted() -> None:
    ledger = SmallLedger()
    ledger.open("gateway/1", "s-held", "hold")
    hold = {"hold": "s-held", "digest": "as it was ordered at first"}
    ledger.write("gateway/1", EventKind.HOLD_OPENED, "s-held", **hold)
    ledger.write("bot/1", EventKind.VOTE_CAST, "s-held", hold="s-held", state="approved")
    ledger.release("gateway/1", "s-held", "s-held", key="", names="")
    ledger.forward("gateway/1", "s-held", "approved")
    ledger.answer("gateway/1", "s-held")
    cover = {"identity": ALICE, "connection": "openai", "rule": "prod", "hold": "s-held"}
    until = later(minutes=30)
    ledger.write(
        "bot/1", EventKind.GRANT_GIVEN, "s-held", grant="g", passages=1, until=until, **cover
    )
    ledger.wait(hours=2)
    ledger.open("gateway/1", "s", "hold")
    ledger.write("gateway/1", EventKind.GRANT_USED, "s", grant="g", rule="prod")
    ledger.forward("gateway/1", "s", "granted")
    ledger.sign()
    bundle = ledger.bundle()
    verified = verify_bundle(lambda: bundle, Keyring([KEY.public]))
    assert (verified.faults, verified.untold) == ([], 2)
