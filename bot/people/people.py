"""Who is this Slack account, and what may they do, read anew at each click."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from app.domain.hold import Person
from bot.people.groups import NOT_FOUND_SECONDS, Groups, together
from bot.slack.accounts import Match
from policies.approvals.approval import Voter, concerned
from policies.approvals.membership import is_member

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from app.domain.hold import Hold
    from app.domain.identity import Identity
    from app.storage.links import LinkStore
    from app.storage.ports import PeopleStore
    from bot.people.managers import Managers
    from bot.slack.accounts import Account, Workspace
    from bot.slack.api import Slack
    from policies.compiled_catalog import ApproverSet

_LOOKUP_SECONDS = 300.0


class People:
    """Rights are read at the click; only ids that go with a name are kept for a while."""

    def __init__(
        self,
        slack: Slack,
        groups: Groups,
        store: PeopleStore,
        links: LinkStore,
        sets: Callable[[], Mapping[str, ApproverSet]],
        workspace: Workspace,
        managers: Managers,
    ) -> None:
        """`sets` gives the approver sets that are in force at the moment."""
        self._slack = slack
        self._groups = groups
        self._store = store
        self._links = links
        self._sets = sets
        self._workspace = workspace
        self._managers = managers
        self._found: dict[str, tuple[Match, float]] = {}

    async def voter(
        self,
        slack_user: str,
        sets: Iterable[str],
        asker: Identity | None = None,
        *,
        lately: bool = False,
    ) -> Voter:
        """Find out who clicked and in which of these approver sets they are at this moment.

        `asker` is whose request it is about. With `lately` the groups may be those of a minute
        ago: for what is shown, never for what is decided. Raises SlackUnavailable, SlackRefused or
        StorageUnavailable where it can't be told.
        """
        in_force = self._sets()
        wanted = [found for name in sets if (found := in_force.get(name))]
        glass = [found for found in in_force.values() if found.break_glass]
        handles = [handle for found in (*wanted, *glass) for handle in found.slack_groups]
        of_manager = frozenset(found.name for found in wanted if found.requesters_manager)
        async with together() as tasks:
            known = tasks.create_task(self._known(slack_user))
            read = tasks.create_task(self._groups.of(slack_user, handles, lately=lately))
            named = tasks.create_task(self._manager(asker if of_manager else None))
        (person, identities), groups = known.result(), read.result()
        in_them = {f.name for f in (*wanted, *glass) if is_member(f, person, identities, groups)}
        return Voter(
            person,
            identities,
            member_of=frozenset(found.name for found in wanted if found.name in in_them),
            manager_of_requester=of_manager,
            manages=frozenset({asker.key} if asker and named.result() == slack_user else ()),
            may_break_glass=any(found.name in in_them for found in glass),
        )

    async def all_sets(self, slack_user: str, pending: Iterable[Hold] = ()) -> Voter:
        """Find out who this is, with every approver set they are in.

        It is for what they are shown: their rights are as of a minute ago at worst.
        """
        voter = await self.voter(slack_user, self._sets(), lately=True)
        if not voter.manager_of_requester:
            return voter
        askers = {h.requester.key: h.requester for h in pending if self._asks_manager(h)}
        manages = [
            key
            for key, asker in askers.items()
            if await self.slack_manager(asker, lately=True) == slack_user
        ]
        return replace(voter, manages=frozenset(manages))

    async def slack_manager(self, asker: Identity, *, lately: bool = False) -> str:
        """Return whom Slack names as the manager of whoever asks, as a user id, or nothing.

        The identity provider goes before: where it names one, Slack is not asked.
        """
        user = "" if asker.manager else await self.slack_user(asker.email)
        if not user:
            return ""
        return await (self._managers.lately(user) if lately else self._managers.of(user))

    def _asks_manager(self, hold: Hold) -> bool:
        known = self._sets()
        sets = [known[name] for name in concerned(hold) if name in known]
        return any(found.requesters_manager for found in sets)

    async def _manager(self, asker: Identity | None) -> str:
        return await self.slack_manager(asker) if asker else ""

    async def account(self, slack_user: str) -> Account:
        return await self._slack.account(slack_user, self._workspace)

    async def slack_user(self, email: str) -> str:
        """Return the Slack user id that goes with an address; empty where there is none."""
        return (await self.matched(email)).user

    async def matched(self, email: str) -> Match:
        """Look up an address, as of five minutes ago at worst; what was not found, ten seconds."""
        now = asyncio.get_running_loop().time()
        found, until = self._found.get(email, (Match(), 0.0))
        if not email or now < until:
            return found
        found = await self._slack.find_by_email(email, self._workspace)
        self._found[email] = (found, now + (_LOOKUP_SECONDS if found.user else NOT_FOUND_SECONDS))
        return found

    async def _known(self, slack_user: str) -> tuple[Person, tuple[Identity, ...]]:
        """Return the person, and whom the identity provider says they are.

        A link that they made by signing in counts beside the address that Slack vouches for.
        """
        account = await self.account(slack_user)
        person = Person(account.id, account.email, account.name)
        async with together() as tasks:
            known = tasks.create_task(self._by_email(account.email.lower()))
            linked = tasks.create_task(self._linked(account.key))
        identities, link = known.result(), linked.result()
        if link is not None:
            identities = tuple(dict.fromkeys((*identities, link)))
            person = replace(person, email=person.email or link.email or link.key)
        return replace(person, identities=tuple(i.key for i in identities)), identities

    async def _by_email(self, email: str) -> tuple[Identity, ...]:
        return await self._store.by_email(email) if email else ()

    async def _linked(self, account: str) -> Identity | None:
        link = await self._links.of(account)
        return await self._store.get(link.identity_key) if link and link.identity_key else None
