"""A legal hold: what it covers is not purged and not erased, however old it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.domain.record.session import Session


class HoldScope(StrEnum):
    SESSION = "session"
    PERSON = "person"
    CONVERSATION = "conversation"


@dataclass(frozen=True, slots=True)
class LegalHold:
    """`target` is the id of a session, the key of an identity, or the id of a conversation."""

    id: str
    scope: HoldScope
    target: str
    reason: str
    by: str
    at: datetime

    def covers(self, session: Session) -> bool:
        match self.scope:
            case HoldScope.SESSION:
                return session.id == self.target
            case HoldScope.PERSON:
                return session.identity.key == self.target
            case HoldScope.CONVERSATION:
                told = session.conversation
                return told is not None and told.id == self.target


def legal_hold_id(scope: HoldScope, target: str) -> str:
    return f"{scope.value}:{target}"
