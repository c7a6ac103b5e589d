"""`/abeyance`: what waits, what is granted, who am I here, help. Answers are private notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from app.errors import AbeyanceError
from bot.slack import blocks, text
from bot.slack.blocks import Block
from bot.slack.text import Markup
from bot.views import coverage, phrases, together
from policies.approvals.approval import shares

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slack_bolt.async_app import AsyncAck, AsyncRespond

    from app.clock import Clock
    from app.domain.hold import Hold
    from app.storage.ports import HoldStore, NoticeStore
    from bot.grants import Grants
    from bot.handlers.home import Home
    from bot.people.people import People
    from bot.slack.links import Links
    from policies.approvals.approval import Voter

Body: TypeAlias = dict[str, Any]
_MOST = 12
_FAILED = text.ours("I can't look that up right now. Please try again in a moment.")
_HELP = text.ours(
    "`/abeyance pending` – pending requests: yours and the ones you can approve\n"
    "`/abeyance grants` – active grants: yours and the ones you can revoke\n"
    "`/abeyance whoami` – your account and approver groups\n"
    "`/replay` – for auditors: find and replay sessions, for example "
    "`/replay alice since:1d decision:denied` or `/replay tool:Bash call:denied`"
)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is said, and the blocks that show it where there is something to press."""

    said: Markup
    drawn: tuple[Block, ...] = ()


class Commands:
    def __init__(
        self,
        people: People,
        grants: Grants,
        holds: HoldStore,
        notices: NoticeStore,
        links: Links,
        home: Home,
        clock: Clock,
    ) -> None:
        self._people = people
        self._grants = grants
        self._holds = holds
        self._notices = notices
        self._links = links
        self._home = home
        self._clock = clock

    async def abeyance(self, ack: AsyncAck, body: Body, respond: AsyncRespond) -> None:
        await ack()
        try:
            answer = await self._answer(str(body.get("text", "")).strip(), str(body["user_id"]))
        except AbeyanceError:
            answer = _Answer(_FAILED)
        drawn = [*answer.drawn] or None
        await respond(text=answer.said, blocks=drawn, response_type="ephemeral")

    async def _answer(self, asked: str, user: str) -> _Answer:
        match asked.split():
            case ["pending"]:
                return await self._pending(user)
            case ["grants"]:
                return _Answer(await self._granted(user))
            case ["whoami"]:
                return _Answer(_whoami(await self._people.all_sets(user)))
            case [] | ["help"]:
                return _Answer(_HELP)
            case _:
                unknown = text.join(text.ours("I don't recognize "), text.code(asked, 80))
                return _Answer(text.join(unknown, text.ours(". Try:\n"), _HELP))

    async def _pending(self, user: str) -> _Answer:
        pending = await self._holds.pending()
        voter = await self._people.all_sets(user, pending)
        shown = map(self._home.masked, pending)
        own, theirs, _ = shares(shown, voter, self._clock.now())
        if not (own or theirs):
            return _Answer(
                text.ours("Nothing needs your approval, and none of your requests are waiting.")
            )
        linked = await self._linked(user, own[:_MOST], theirs[:_MOST])
        decide = "For you to decide, the oldest first"
        parts = [
            *_part(decide, theirs, linked, "Open my Home tab to review them."),
            *_part("Yours, waiting for others", own, linked, "Withdraw one in my Home tab."),
        ]
        groups = self._home.groups(theirs)
        drawn = [*(blocks.section(line) for line in parts), *together.offers(groups)]
        return _Answer(text.join(*parts, by="\n"), tuple(drawn) if groups else ())

    async def _linked(
        self, user: str, own: Sequence[Hold], theirs: Sequence[Hold]
    ) -> dict[str, str]:
        """Return where the card of each hold is found, as far as this person can open it."""
        mine = {hold.id for hold in own}
        links: dict[str, str] = {}
        for card in await self._notices.cards(hold.id for hold in (*own, *theirs)):
            for_all = card.hold_id in mine
            link = (
                await self._links.for_all(card) if for_all else self._links.for_reader(card, user)
            )
            links |= {card.hold_id: link} if link else {}
        return links

    async def _granted(self, user: str) -> Markup:
        voter = await self._people.all_sets(user)
        found = [hold for hold, _ in await self._grants.concerning(voter)]
        if not found:
            return text.ours("No grant of yours, and none that you could revoke, is active.")
        how = text.ours("To revoke one, press the button on its card or in my Home tab.")
        return text.join(*_listed([_granted(hold) for hold in found]), how, by="\n")


def _part(title: str, holds: list[Hold], linked: Mapping[str, str], how: str) -> list[Markup]:
    if not holds:
        return []
    head = text.ours(f"*{title}* ({len(holds)})")
    lines = [_line(hold, linked.get(hold.id, "")) for hold in holds]
    return [head, *_listed(lines), text.ours(how)]


def _listed(lines: list[Markup]) -> list[Markup]:
    more = len(lines) - _MOST
    return [*lines[:_MOST], *([text.ours(f"… and {more} more")] if more > 0 else [])]


def _granted(hold: Hold) -> Markup:
    return text.join(
        text.ours(f"*{phrases.name(hold)}* "),
        text.words(hold.requester.name, 80),
        phrases.passes(hold),
        text.ours(" · "),
        coverage.grant(hold.granted, hold) if hold.granted else text.ours("ends"),
    )


def _line(hold: Hold, card: str) -> Markup:
    name = phrases.name(hold)
    return text.join(
        text.ours(f"*{text.link(card, name) if card else name}*"),
        text.ours(" "),
        text.words(hold.requester.name, 80),
        phrases.waits(hold),
    )


def _whoami(voter: Voter) -> Markup:
    person = voter.person
    verified = text.code(person.email, 120) if person.email else text.ours("no verified address")
    known = [text.code(f"{i.name} at {i.issuer}", 200) for i in voter.identities]
    sets = text.words(", ".join(sorted(voter.member_of)) or "none", 300)
    return text.join(
        text.join(text.mention(person.slack_user), text.ours(" · "), verified),
        text.join(text.ours("Gateway sign-in: "), _or_never(known)),
        text.join(text.ours("Approver groups: "), sets),
        by="\n",
    )


def _or_never(known: list[Markup]) -> Markup:
    return text.join(*known[:5], by=", ") if known else text.ours("never")
