"""A client's webhook, in whose place Cursor is given the gateway's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Webhook:
    """`id` is the last part of the address that Cursor is given; it cannot be guessed.

    `owner` is the key of the identity that launched with it. `sealed` opens, with the vault's key,
    to the client's address and secret.
    """

    id: str
    connection: str
    owner: str
    sealed: bytes


class DeliveryState(StrEnum):
    DUE = "due"
    DONE = "done"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event of a webhook on its way to the client, masked as an answer is.

    `id` names what Cursor signed, so that it is delivered once however often it comes;
    `event_id` is Cursor's own name of it, which is not signed.
    """

    id: str
    webhook: str
    event_id: str
    event: str
    body: bytes
    due: datetime
    until: datetime
    """The database forgets it then."""
    attempts: int = 0
    state: DeliveryState = DeliveryState.DUE
