"""What auditors do on a session: legal holds, and false alarms. Each is a form of our own page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quart import Response, request

from app.domain.record.legal_hold import HoldScope
from app.errors import BadRequest, NotPermitted
from app.marking import Marking
from app.retention.legal_holds import LegalHolds
from policies.approvals.approval import Objection, Voter, is_requester
from policies.approvals.membership import AUDITORS
from proxy.browser.pages import see_other
from proxy.replay.access import AUDITORS_ALONE, Access, for_senders

if TYPE_CHECKING:
    from app.domain.record.session import Session
    from proxy.replay.viewers import Viewer

_REASON_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Acting:
    access: Access
    legal_holds: LegalHolds
    marking: Marking

    @for_senders
    async def legal_hold(self, viewer: Viewer, session_id: str) -> Response:
        """Place a legal hold on a session or on its conversation, or lift it."""
        session, _, _ = await self.access.allowed(
            viewer, session_id, "legal hold", AUDITORS_ALONE, noted=False
        )
        form = await request.form
        reason = self.access.catalog().mask(form.get("reason", "").strip()[:_REASON_LENGTH])
        if not reason:
            raise BadRequest("Say why: the reason stays in the ledger. Go back and try again.")
        scope, target = _target(session, form.get("scope", ""))
        by = viewer.identity.email or viewer.identity.key
        if form.get("do") == "lift":
            await self.legal_holds.lift(scope, target, reason, by)
        else:
            await self.legal_holds.place(scope, target, reason, by)
        return see_other(f"{self.access.root}/{session.id}")

    @for_senders
    async def mark(self, viewer: Viewer, session_id: str) -> Response:
        """Call a rule that fired a false alarm, or take that back."""
        session, _, _ = await self.access.allowed(
            viewer, session_id, "false alarm", AUDITORS_ALONE, noted=False
        )
        form = await request.form
        rule = form.get("rule", "")
        if rule not in session.fired_rules:
            raise BadRequest("This rule did not fire in the session. Load its page again.")
        approver = viewer.approver
        voter = Voter(approver.person, approver.identities, member_of=frozenset({AUDITORS}))
        if is_requester(session.identity, voter):
            raise NotPermitted(Objection.OWN_RULES.value)
        wrong = form.get("do") != "take back"
        note = form.get("note", "").strip()[:_REASON_LENGTH]
        await self.marking.say(session, rule, approver.person, wrong=wrong, note=note)
        return see_other(f"{self.access.root}/{session.id}")


def _target(session: Session, scope: str) -> tuple[HoldScope, str]:
    """Return what the form is about. Raises BadRequest."""
    if scope == HoldScope.SESSION.value:
        return HoldScope.SESSION, session.id
    if scope == HoldScope.CONVERSATION.value and session.conversation:
        return HoldScope.CONVERSATION, session.conversation.id
    raise BadRequest("The page is out of date. Load it again.")
