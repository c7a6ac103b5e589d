"""A tool call that a request of MCP makes, as people decide on it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.record.session import MOST_ARGUMENTS
from app.domain.tool_call import HeldCall
from policies.calls.arguments import TooDeep, shortened
from policies.calls.judge import LookedAt, safe
from policies.patterns.effort import TooDense

if TYPE_CHECKING:
    from app.domain.tool_call import ToolCall
    from policies.compiled_catalog import Catalog
    from policies.conditions import ConditionInput


def requested_call(
    call: ToolCall, asked: ConditionInput, conversation: str, catalog: Catalog
) -> HeldCall:
    """Return the call, safe to show. An approver cannot change it: its server has the last word."""
    try:
        shown = LookedAt(call, asked, catalog, ()).shown
    except (TooDense, TooDeep):
        shown = safe(call.arguments, catalog)
    return HeldCall(
        tool=catalog.mask_name(call.tool),
        arguments=shortened(shown, MOST_ARGUMENTS),
        conversation=conversation,
        editable=False,
        is_request=True,
    )
