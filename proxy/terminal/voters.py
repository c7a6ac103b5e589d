"""Who decides on the terminal, and what of their rights can be known without Slack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.hold import Person
from app.domain.identity import Identity
from policies.approvals.approval import Voter, asked, concerned
from policies.approvals.membership import is_member, only_slack_knows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from app.domain.hold import Hold
    from app.storage.ports import PeopleStore
    from policies.compiled_catalog import ApproverSet


@dataclass(frozen=True, slots=True)
class Approver:
    """Somebody who has signed in, under each identity that has their verified address."""

    person: Person
    identities: tuple[Identity, ...]


class Voters:
    def __init__(self, people: PeopleStore, sets: Callable[[], Mapping[str, ApproverSet]]) -> None:
        """`sets` gives the approver sets that are in force at the moment."""
        self._people = people
        self._sets = sets

    async def approver(self, identity: Identity) -> Approver:
        """Return who an identity is. Raises StorageUnavailable."""
        others = await self._people.by_email(identity.email.lower()) if identity.email else ()
        identities = (identity, *(other for other in others if other.key != identity.key))
        keys = tuple(known.key for known in identities)
        person = Person("", identity.email or identity.key, identity.name, keys)
        return Approver(person, identities)

    def voter(self, approver: Approver, hold: Hold) -> Voter:
        """Say which of a hold's approver sets somebody is in, as far as no one must ask Slack."""
        known = [found for name in concerned(hold) if (found := self._sets().get(name))]
        named = {f.name for f in known if is_member(f, approver.person, approver.identities)}
        return Voter(
            approver.person,
            approver.identities,
            member_of=frozenset(named),
            manager_of_requester=frozenset(f.name for f in known if f.requesters_manager),
        )

    def only_slack_knows(self, hold: Hold, now: datetime) -> tuple[str, ...]:
        """Say, as clauses, what else than can be known here may let somebody decide on a hold."""
        known = [found for name in asked(hold, now) if (found := self._sets().get(name))]
        told = (clause for found in known for clause in only_slack_knows(found, hold.requester))
        return tuple(dict.fromkeys(told))
