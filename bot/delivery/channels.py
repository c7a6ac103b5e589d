"""In which channel the card of a hold is posted, or whether it goes to each approver. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.settings import RouteSettings
from policies.glob import any_of

if TYPE_CHECKING:
    from app.domain.hold import Hold

DIRECT = "dm"
"""In place of a channel: each approver gets the card in a direct message."""


@dataclass(frozen=True, slots=True)
class Places:
    """`channel` is where cards go that nothing sends elsewhere; `audit` hears of broken glass.

    A rule's own channel goes before `routes`, of which the first that fits counts.
    """

    channel: str
    audit: str = ""
    routes: tuple[RouteSettings, ...] = ()

    def of(self, hold: Hold) -> str:
        approval = hold.verdict.approval
        own = approval.channel if approval else ""
        routed = (route.channel for route in self.routes if _fits(route, hold))
        return (own or next(routed, "")).removeprefix("#") or self.channel


def _fits(route: RouteSettings, hold: Hold) -> bool:
    # What a client says of itself must not choose who is asked.
    proven = hold.requester.proven
    repository = proven.repository if proven is not None else ""
    wanted = (
        (route.connections, [hold.connection]),
        (route.repositories, [repository]),
        (route.groups, hold.requester.groups),
    )
    return all(not globs or any(map(any_of(globs), names)) for globs, names in wanted)
