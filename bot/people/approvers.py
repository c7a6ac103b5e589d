"""Who is in an approver set, whom to call, and why no one can decide, where that is so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.slack.failures import SlackRefused
from policies.approvals.approval import concerned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from app.domain.hold import Hold
    from app.storage.ports import PeopleStore
    from bot.people.groups import Groups
    from bot.people.people import People
    from bot.slack.accounts import Match
    from policies.compiled_catalog import ApproverSet

_LATELY_SECONDS = 60.0
# Requests are given back on what was read so recently at worst.
_FRESH_SECONDS = 10.0
_MOST_CAUSES = 3


@dataclass(frozen=True, slots=True)
class Members:
    """The Slack users of a set, and a clause for each reason why others of it are not known."""

    people: frozenset[str] = frozenset()
    unknown: tuple[str, ...] = ()

    def __or__(self, other: Members) -> Members:
        return Members(self.people | other.people, (*self.unknown, *other.unknown))


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a message is for: Slack ids to mention, and sets that want to be named only."""

    ids: tuple[str, ...] = ()
    quiet: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.ids or self.quiet)


@dataclass(frozen=True, slots=True)
class Lack:
    """Why no one can release a hold, as a clause. It is `sure` where everybody was looked up."""

    why: str
    sure: bool


class Approvers:
    """Resolves the approver sets of a hold to people. Every method may raise SlackUnavailable."""

    def __init__(
        self,
        people: People,
        groups: Groups,
        store: PeopleStore,
        sets: Callable[[], Mapping[str, ApproverSet]],
    ) -> None:
        """`sets` gives the approver sets that are in force at the moment."""
        self._people = people
        self._groups = groups
        self._store = store
        self._sets = sets

    @property
    def glass(self) -> bool:
        """Whether there is a set whose members may break it."""
        return any(known.break_glass for known in self._sets().values())

    async def lack(self, hold: Hold) -> Lack | None:
        """Say why no one can release the hold; None where people can."""
        found = await self._lack(hold, _LATELY_SECONDS)
        return found and await self._lack(hold, _FRESH_SECONDS)

    async def _lack(self, hold: Hold, within: float) -> Lack | None:
        approval = hold.verdict.approval
        if approval is None:
            return Lack("no rule says who may approve it", sure=True)
        asker = await self._people.slack_user(hold.requester.email)
        named = concerned(hold)
        found = {name: await self._look(name, hold, within) for name in named}
        others = {name: members.people - {asker} for name, members in found.items()}
        everybody = frozenset[str]().union(*others.values())
        if not everybody:
            return _lack(f"{_sets(named)} {_have(named)} no other members", found, named)
        for name in approval.each_of:
            if not others[name]:
                empty = f"it needs someone from {_sets((name,))}, which has no other members"
                return _lack(empty, found, (name,))
        if len(everybody) < approval.quorum:
            few = f"it takes {approval.quorum} people, and only {len(everybody)} may decide"
            return _lack(few, found, named)
        return None

    async def members(self, name: str, hold: Hold) -> frozenset[str]:
        """Return the Slack users of a set, as it was a minute ago at worst."""
        return (await self._look(name, hold, _LATELY_SECONDS)).people

    async def _look(self, name: str, hold: Hold, within: float) -> Members:
        known = self._sets().get(name)
        if known is None:
            return Members(unknown=(f"approvers.yaml no longer has the set {name}",))
        found = await self._in_groups(known.slack_groups, within)
        for email in sorted(known.emails):
            found |= _matched(email, await self._people.matched(email))
        if known.requesters_manager:
            found |= await self._manager(hold)
        if known.idp_groups:
            found |= await self._provided(known.idp_groups)
        return found

    async def _in_groups(self, handles: Iterable[str], within: float) -> Members:
        ids = await self._groups.ids(handles)
        found = Members()
        for handle in handles:
            if handle not in ids:
                found |= Members(unknown=(f"Slack has no user group @{handle}",))
                continue
            try:
                found |= Members(await self._groups.members(ids[handle], within))
            except SlackRefused as refused:
                why = f"Slack does not tell who is in @{handle} ({_said(refused)})"
                found |= Members(unknown=(why,))
        return found

    async def _provided(self, groups: Iterable[str]) -> Members:
        """Look up who was in a group of the identity provider when they last used the gateway."""
        found = Members()
        identities = await self._store.in_groups(groups)
        for email in sorted({identity.email for identity in identities} - {""}):
            found |= _matched(email, await self._people.matched(email))
        if not identities:
            listed = ", ".join(groups)
            why = f"no one of the identity provider's group {listed} has used the gateway yet"
            found = Members(unknown=(why,))
        return found

    async def _manager(self, hold: Hold) -> Members:
        """Look up the requester's manager, if they could decide: by a verified address."""
        if email := hold.requester.manager:
            return _matched(email, await self._people.matched(email))
        user = await self._people.slack_manager(hold.requester, lately=True)
        if not user:
            why = "neither the identity provider nor Slack names the requester's manager"
            return Members(unknown=(why,))
        try:
            account = await self._people.account(user)
        except SlackRefused as refused:
            why = f"Slack does not tell who the requester's manager is ({_said(refused)})"
            return Members(unknown=(why,))
        if account.email:
            return Members(frozenset({user}))
        return Members(unknown=("Slack does not vouch for the address of the requester's manager",))

    async def audience(self, names: Iterable[str], hold: Hold) -> Audience:
        """Return whom to mention for some sets: a group as such, people outside it one by one.

        Empty where no one is in any of the sets.
        """
        ids: dict[str, None] = {}
        quiet: list[str] = []
        for name in names:
            known, people = self._sets().get(name), await self.members(name, hold)
            if known is None or not people:
                continue
            if known.quiet:
                quiet.append(name)
                continue
            groups = await self._groups.ids(known.slack_groups)
            inside = await self._in_groups(groups, _LATELY_SECONDS)
            asker = await self._people.slack_user(hold.requester.email)
            alone = sorted(people - inside.people - {asker})
            ids.update(dict.fromkeys((*groups.values(), *alone)))
        return Audience(tuple(ids), tuple(quiet))


def _matched(email: str, match: Match) -> Members:
    if match.user:
        return Members(frozenset({match.user}))
    if match.unvouched:
        return Members(unknown=(f"Slack does not vouch for the address {email}",))
    return Members(unknown=(f"{email} is not in Slack",))


def _lack(why: str, found: Mapping[str, Members], names: Iterable[str]) -> Lack:
    """Say what is lacking, or rather why people could not be found, where that may be the cause."""
    causes = list(dict.fromkeys(cause for name in names for cause in found[name].unknown))
    if not causes:
        return Lack(why, sure=True)
    told = "; ".join(causes[:_MOST_CAUSES])
    return Lack(f"not every approver in {_sets(names)} could be found ({told})", sure=False)


def _said(refused: SlackRefused) -> str:
    return refused.code.replace("_", " ")


def _sets(names: Iterable[str]) -> str:
    listed = ", ".join(names)
    return f"the approver set {listed}" if "," not in listed else f"the approver sets {listed}"


def _have(names: Iterable[str]) -> str:
    return "have" if len(tuple(names)) > 1 else "has"
