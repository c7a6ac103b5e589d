"""Who is this Slack account, and what may they do, read anew at each click."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from app.domain.hold import Person
from bot.slack import SlackRefused
from policies.approval import Voter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.storage.ports import PeopleStore
    from bot.slack import Account, Slack, Workspace
    from policies.compiled import ApproverSet

AUDITORS = "auditors"
_HANDLES_SECONDS = 60.0
_LOOKUP_SECONDS = 300.0
_log = structlog.get_logger(__name__)


class People:
    """Rights are read at the click; only ids that go with a name are kept for a while."""

    def __init__(
        self,
        slack: Slack,
        store: PeopleStore,
        approvers: Mapping[str, ApproverSet],
        workspace: Workspace,
    ) -> None:
        self._slack = slack
        self._store = store
        self._approvers = approvers
        self._workspace = workspace
        self._handles: dict[str, str] = {}
        self._handles_until = 0.0
        self._found: dict[str, tuple[str, float]] = {}

    async def voter(self, slack_user: str, sets: Iterable[str]) -> Voter:
        """Find out who clicked and in which of these approver sets they are at this moment.

        Raises SlackUnavailable, SlackRefused or StorageUnavailable where it can't be told.
        """
        wanted = [found for name in sets if (found := self._approvers.get(name))]
        async with _together() as tasks:
            account = tasks.create_task(self._slack.account(slack_user, self._workspace))
            groups = tasks.create_task(self._groups_of(slack_user, wanted))
        person = _person(account.result())
        identities = await self._store.by_email(person.email) if person.email else ()
        member = frozenset(
            approvers.name
            for approvers in wanted
            if _listed(person, approvers) or groups.result().intersection(approvers.slack_groups)
        )
        return Voter(person, identities, member)

    async def all_sets(self, slack_user: str) -> Voter:
        """Find out who this is, with every approver set they are in."""
        return await self.voter(slack_user, self._approvers)

    async def slack_user(self, email: str) -> str:
        """Return the Slack user id that goes with an address; empty where there is none."""
        now = asyncio.get_running_loop().time()
        found, until = self._found.get(email, ("", 0.0))
        if not email or now < until:
            return found
        found = await self._slack.find_by_email(email)
        self._found[email] = (found, now + _LOOKUP_SECONDS)
        return found

    async def _groups_of(self, slack_user: str, sets: list[ApproverSet]) -> frozenset[str]:
        """Return the handles of those groups of the sets that the user is in."""
        handles = sorted({handle for approvers in sets for handle in approvers.slack_groups})
        if not handles:
            return frozenset()
        ids = await self._group_ids(handles)
        async with _together() as tasks:
            read = {h: tasks.create_task(self._members(ids[h])) for h in handles if h in ids}
        return frozenset(handle for handle, task in read.items() if slack_user in task.result())

    async def _members(self, group: str) -> frozenset[str]:
        try:
            return await self._slack.members(group)
        except SlackRefused as refused:
            # A group that was taken away has nobody in it.
            _log.warning("user group can't be read", group=group, reason=refused.code)
            self._handles_until = 0.0
            return frozenset()

    async def _group_ids(self, handles: list[str]) -> dict[str, str]:
        now = asyncio.get_running_loop().time()
        if now >= self._handles_until:
            self._handles = await self._slack.groups()
            self._handles_until = now + _HANDLES_SECONDS
        for handle in handles:
            if handle not in self._handles:
                _log.warning("no such user group in Slack", handle=handle)
        return self._handles


class _together(asyncio.TaskGroup):  # noqa: N801 - reads as a verb: async with _together()
    """A group whose first failure comes out as itself, so that callers can catch it by name."""

    async def __aexit__(self, *exc: object) -> None:
        try:
            await super().__aexit__(*exc)  # type: ignore[arg-type]
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from group


def _person(account: Account) -> Person:
    return Person(account.id, account.email, account.name)


def _listed(person: Person, approvers: ApproverSet) -> bool:
    emails = {email.casefold() for email in approvers.emails}
    return bool(person.email) and person.email.casefold() in emails
