"""A tool call that a request of MCP makes, as people decide on it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.record.session import MOST_ARGUMENTS
from app.domain.tool_call import HeldCall
from policies.calls.arguments import TooDeep, shortened
from policies.calls.judge import LookedAt, safe
from policies.calls.voting import read
from policies.patterns.effort import TooDense

if TYPE_CHECKING:
    from app.domain.tool_call import ToolCall
    from policies.compiled_catalog import Catalog
    from policies.conditions import ConditionInput


def requested_call(
    call: ToolCall, asked: ConditionInput, conversation: str, catalog: Catalog
) -> HeldCall:
    """Return the call, safe to show.

    An approver may change it where its arguments are shown as they are, and an object as MCP wants.
    """
    try:
        looked = LookedAt(call, asked, catalog, ())
        shown, as_it_is = looked.shown, not looked.is_masked
    except (TooDense, TooDeep):
        shown, as_it_is = safe(call.arguments, catalog), False
    whole = len(shown) <= MOST_ARGUMENTS
    return HeldCall(
        tool=catalog.mask_name(call.tool),
        arguments=shortened(shown, MOST_ARGUMENTS),
        conversation=conversation,
        editable=as_it_is and whole and isinstance(read(shown), dict),
        is_request=True,
    )
