"""Who may see which session: auditors all, anyone their own, approvers what they decided on.

Whoever is in a group for which an original is kept may see its session, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from app.domain.identity import Identity
from policies.approvals.membership import AUDITORS, is_member
from proxy.terminal.voters import Approver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from app.domain.hold import Hold
    from app.domain.record.original import KeptOriginal
    from app.domain.record.session import Session
    from policies.compiled_catalog import ApproverSet
    from proxy.terminal.voters import Voters


class Right(StrEnum):
    AUDITOR = "auditor"
    OWN = "own"
    DECIDED = "decided"
    SEALED_FOR = "sealed_for"
    """An original in it is kept for a group of theirs."""


@dataclass(frozen=True, slots=True)
class Viewer:
    identity: Identity
    approver: Approver
    groups: frozenset[str]
    """The approver sets that they are in, as far as the gateway can know."""
    form: str = ""
    """What a form of theirs has to bring along."""

    @property
    def is_auditor(self) -> bool:
        return AUDITORS in self.groups

    def may_open(self, original: KeptOriginal) -> bool:
        return not self.groups.isdisjoint(original.sealed_for)

    def right_to(self, session: Session, holds: Iterable[Hold]) -> Right | None:
        """Return why they may see a session; None where they may not. `holds` are all in it."""
        if self.is_auditor:
            return Right.AUDITOR
        if session.identity.key == self.identity.key:
            return Right.OWN
        if any(map(self._decided, holds)):
            return Right.DECIDED
        return None

    def _decided(self, hold: Hold) -> bool:
        return any(self.names & vote.by.names for vote in hold.votes)

    @property
    def names(self) -> frozenset[str]:
        """What their votes are known by: their identity, and the address that is vouched for."""
        return frozenset({self.identity.key, self.identity.email.lower()} - {""})


class Viewers:
    def __init__(self, voters: Voters, sets: Callable[[], Mapping[str, ApproverSet]]) -> None:
        """`sets` gives the approver sets that are in force at the moment."""
        self._voters = voters
        self._sets = sets

    async def viewer(self, identity: Identity, form: str = "") -> Viewer:
        """Return what somebody may see, by their groups of now. Raises StorageUnavailable.

        Membership of Slack's user groups is not known here.
        """
        approver = await self._voters.approver(identity)
        groups = frozenset(
            name
            for name, members in self._sets().items()
            if is_member(members, approver.person, (identity,))
        )
        return Viewer(identity, approver, groups, form)
