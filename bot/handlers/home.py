"""The App Home and the queue: what stands on them, and what happens when their pages are turned."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from app.search import SessionFilter
from bot.views.home_tab import QUEUE, HomeTabContents, Pages, home, queue
from bot.views.together import Group, by_requester
from policies.approvals.approval import shares
from policies.approvals.membership import AUDITORS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slack_bolt.async_app import AsyncAck

    from app.clock import Clock
    from app.domain.grant import Grant
    from app.domain.hold import Hold
    from app.domain.record.session import Session
    from app.storage.ports import HoldStore
    from app.storage.record.session_store import SessionStore
    from bot.grants import Grants
    from bot.people.people import People
    from bot.slack.api import Slack
    from bot.slack.button_signer import ButtonSigner
    from bot.trusts import Trusts
    from policies.approvals.approval import Voter

Body: TypeAlias = dict[str, Any]
_MOST_HOLDS = 12
_MOST_SESSIONS = 10
_MOST_GRANTS = 12


class Home:
    """Published when its owner opens it, and after they decided there."""

    def __init__(  # noqa: PLR0913 - the composition root names each of them
        self,
        slack: Slack,
        people: People,
        grants: Grants,
        trusts: Trusts,
        holds: HoldStore,
        sessions: SessionStore,
        signer: ButtonSigner,
        *,
        clock: Clock,
        mask: Callable[[str], str],
    ) -> None:
        self._slack = slack
        self._people = people
        self._grants = grants
        self._trusts = trusts
        self._holds = holds
        self._sessions = sessions
        self._signer = signer
        self._clock = clock
        self._mask = mask

    async def opened(self, event: Body) -> None:
        if event.get("tab") == "home":
            await self.publish(str(event["user"]))

    async def publish(self, user: str, pages: Pages = Pages()) -> None:  # noqa: B008 - frozen
        """Show the tab as things stand now."""
        await self._slack.publish_home(user, home(await self._shown(user, pages)))

    async def open_queue(self, ack: AsyncAck, body: Body) -> None:
        """Open the queue, for whoever has no time to wait for its cards."""
        await ack()
        # The trigger is short-lived: the modal comes first, and then what stands in it.
        view_id = await self._slack.open_view(body, queue(None))
        await self.update_queue(view_id, str(body["user"]["id"]))

    async def update_queue(self, view_id: str, user: str, pages: Pages = Pages()) -> None:  # noqa: B008
        await self._slack.update_view(view_id, queue(await self._shown(user, pages)))

    async def turn_page(self, ack: AsyncAck, body: Body) -> None:
        """Show the pages that the button names."""
        await ack()
        await self._show(body, Pages.read(str(body["actions"][0].get("value", ""))))

    async def refresh(self, body: Body) -> None:
        """Show the tab or the queue anew, where something was clicked on it."""
        view = body.get("view") or {}
        await self._show(body, Pages.read(str(view.get("private_metadata", ""))))

    async def _show(self, body: Body, pages: Pages) -> None:
        user, view = str(body["user"]["id"]), body.get("view") or {}
        if view.get("type") == "home":
            await self.publish(user, pages)
        elif view.get("callback_id") == QUEUE:
            await self.update_queue(str(view["id"]), user, pages)

    async def _shown(self, user: str, pages: Pages) -> HomeTabContents:
        pending = await self._holds.pending()
        voter = await self._people.all_sets(user, pending)
        own, theirs, foreign = shares(pending, voter, self._clock.now())
        others = foreign if voter.may_break_glass else []
        first = _first(pages.queue, len(theirs))
        mine, mine_before = await self._mine(voter, pages.before, {hold.session_id for hold in own})
        concerning = await self._grants.concerning(voter)
        # Grants for a whole rule come before covers of a single task.
        wholes = sorted(concerning, key=lambda one: any(_is_narrow(g) for g in one[1]))
        granted = [hold for hold, _ in wholes]
        trusts = await self._trusts.concerning(voter)
        return HomeTabContents(
            pages=replace(pages, queue=first // _MOST_HOLDS),
            queue=self._stamped(theirs[first : first + _MOST_HOLDS]),
            first=first,
            waiting=len(theirs),
            groups=self.groups(theirs),
            others=self._stamped(others[:_MOST_HOLDS]),
            other_waiting=len(others),
            grants=self._stamped(granted[:_MOST_GRANTS]),
            trusts=tuple(
                (trust, hold, self._signer.sign_id(trust.id))
                for trust, hold in trusts[:_MOST_GRANTS]
            ),
            other_trusts=len(trusts[_MOST_GRANTS:]),
            own=self._stamped([] if pages.before else own[:_MOST_HOLDS]),
            mine=mine,
            mine_before=mine_before,
            auditor=AUDITORS in voter.member_of,
            glass=voter.may_break_glass,
            approver=_decides(voter),
            known=bool(voter.person.email),
        )

    async def beside(self, hold_id: str, user: str) -> tuple[tuple[Hold, str], ...]:
        """Return what the requester of a hold has waiting for this reader, as it may be shown.

        Raises as Slack and the storage do.
        """
        pending = await self._holds.pending()
        voter = await self._people.all_sets(user, pending)
        _, theirs, _ = shares(pending, voter, self._clock.now())
        key = next((hold.requester.key for hold in pending if hold.id == hold_id), None)
        if key is None and (known := await self._holds.get(hold_id)):
            key = known.requester.key
        return self._stamped([hold for hold in theirs if hold.requester.key == key])

    def groups(self, theirs: Sequence[Hold]) -> tuple[Group, ...]:
        """Return the requesters of whom several requests are among these."""
        return tuple(
            Group(holds[0].requester.name, len(holds), self._signer.sign(holds[0]))
            for holds in by_requester(theirs)
        )

    async def _mine(
        self, voter: Voter, before: str, waiting: set[str]
    ) -> tuple[tuple[Session, ...], str]:
        """Return a page of somebody's sessions, and the id that the next page comes before."""
        if not voter.person.email:
            return (), ""
        wanted = SessionFilter(user=voter.person.email.lower())
        found = await self._sessions.search(wanted, limit=_MOST_SESSIONS + 1, before=before)
        page = found[:_MOST_SESSIONS]
        shown = tuple(session for session in page if session.id not in waiting)
        return shown, page[-1].id if len(found) > _MOST_SESSIONS else ""

    def _stamped(self, holds: Sequence[Hold]) -> tuple[tuple[Hold, str], ...]:
        """Return each hold as it may be shown, with the value of its buttons."""
        return tuple((self.masked(hold), self._signer.sign(hold)) for hold in holds)

    def masked(self, hold: Hold) -> Hold:
        """Return the hold as it may be shown."""
        return replace(hold, reason=self._mask(hold.reason), model=self._mask(hold.model))


def _first(page: int, count: int) -> int:
    """Return where a page begins, or the last one where there are fewer by now."""
    last = max(0, count - 1) // _MOST_HOLDS
    return min(page, last) * _MOST_HOLDS


def _is_narrow(grant: Grant) -> bool:
    return bool(grant.covers.passages or grant.covers.tool)


def _decides(voter: Voter) -> bool:
    return bool(voter.member_of - {AUDITORS} or voter.manages or voter.may_break_glass)
