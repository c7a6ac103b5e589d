"""What a hook is told with its answer: it shows that to a person, or to the model. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.ids import short
from policies.approvals.approval import asked

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from app.domain.verdict import FiredRule


def still_waiting(hold: Hold) -> str:
    """Say of a tool call that people have not decided when the hook's patience ends."""
    approvers = ", ".join(asked(hold, hold.created_at))
    return (
        f"⏳ This call is still waiting for approval by {approvers} in Slack (card "
        f"{short(hold.id)}), so it was not run. Make the same call again later: a decision made "
        "in the meantime counts for it. Do not try another way."
    )


def cannot_be_masked(fired: FiredRule) -> str:
    """Say that a rule would mask a part, where nothing of ours stands on the way to do it."""
    return (
        f"{fired.title} (rule {fired.rule}). {fired.explain.strip()} This tool's requests don't "
        "pass the gateway, so it can't be masked on the way: leave it out, and send it again."
    )


def left_to_the_gateway(fired: FiredRule) -> str:
    """Say that a rule holds it when it comes over the wire, where people are asked once."""
    return (
        f"{fired.title} (rule {fired.rule}). The gateway asks for approval when it is sent to the "
        "model."
    )
