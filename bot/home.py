"""The App Home: what a manager can decide, oldest first, and what became of one's requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from app.search import SessionFilter
from bot import blocks, cards, phrases, text
from bot.blocks import Button
from policies.approval import is_requester, may_decide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.hold import Hold
    from app.domain.session import Session
    from app.storage.ports import HoldStore, SessionStore
    from bot.blocks import Block
    from bot.people import People
    from bot.seal import Seal
    from bot.slack import Slack

Body: TypeAlias = dict[str, Any]
_MOST_HOLDS = 15
_MOST_SESSIONS = 10


class Home:
    """Published when its owner opens it, and after they decided there."""

    def __init__(
        self, slack: Slack, people: People, holds: HoldStore, sessions: SessionStore, seal: Seal
    ) -> None:
        self._slack = slack
        self._people = people
        self._holds = holds
        self._sessions = sessions
        self._seal = seal

    async def opened(self, event: Body) -> None:
        if event.get("tab") == "home":
            await self.publish(str(event["user"]))

    async def publish(self, user: str) -> None:
        """Show the tab as things stand now."""
        voter = await self._people.all_sets(user)
        pending = await self._holds.pending()
        queue = [
            hold
            for hold in pending
            if may_decide(hold, voter) and not is_requester(hold.requester, voter)
        ]
        mine: tuple[Session, ...] = ()
        if voter.person.email:
            wanted = SessionFilter(user=voter.person.email.lower())
            mine = await self._sessions.search(wanted, limit=_MOST_SESSIONS)
        waiting = {hold.session_id for hold in pending}
        values = [(hold, self._seal.stamp(hold)) for hold in queue[:_MOST_HOLDS]]
        await self._slack.publish_home(user, home(values, len(queue), mine, waiting))


def home(
    queue: Sequence[tuple[Hold, str]], waiting: int, mine: Sequence[Session], held: set[str]
) -> Block:
    """Draw the tab; `queue` is each hold with the value of its buttons. Pure."""
    shown = [blocks.header("Waiting for your decision")]
    for hold, value in queue:
        shown += _hold(hold, value)
    if not queue:
        shown.append(blocks.section(text.ours("Nothing waits for you. 🌿")))
    if waiting > len(queue):
        shown.append(blocks.context(text.ours(f"… and {waiting - len(queue)} more")))
    shown += [blocks.divider(), blocks.header("Your requests")]
    shown += [_session(session, held) for session in mine]
    if not mine:
        shown.append(blocks.section(text.ours("No request of yours went through the gateway yet.")))
    return {"type": "home", "blocks": shown}


def _hold(hold: Hold, value: str) -> list[Block]:
    line = text.join(
        text.ours(f"{phrases.risk(hold)} · "),
        text.bold(hold.requester.name, 80),
        text.ours(" → "),
        text.words(hold.model or hold.connection, 80),
        text.ours(" · "),
        text.code(phrases.rule_name(hold), 80),
        text.ours(" · expires "),
        text.moment(hold.deadline),
    )
    buttons = [
        Button("Approve once", cards.APPROVE, value, style="primary"),
        Button("Deny…", cards.DENY, value, style="danger"),
        Button("View full", cards.VIEW, value),
    ]
    return [blocks.section(line), blocks.actions(f"home:{hold.id}", buttons)]


def _session(session: Session, held: set[str]) -> Block:
    state = "waits for an approval" if session.id in held else session.decision.value
    line = text.join(
        text.moment(session.started_at, day=True),
        text.ours(" → "),
        text.words(session.model or session.connection, 80),
        text.ours(f" · *{state}* · "),
        text.code(session.id, 60),
    )
    return blocks.section(line)
