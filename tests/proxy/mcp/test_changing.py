"""A tool call over MCP as an approver changed it: what is known of it beside its new body."""

from __future__ import annotations

import json
from dataclasses import replace

from app.domain.connection import Connection, CredentialScheme
from app.domain.record.original import Keeping, Original
from policies.loader import SHIPPED, load_catalog
from proxy.inspection import Incoming, inspect
from proxy.mcp.changing import as_changed, with_change
from tests.policies.calls.made import NOW
from tests.policies.calls.test_voting import DELETE, approved, vote
from tests.policies.made import ALICE

CATALOG = load_catalog(SHIPPED)
TOOLS = Connection("tools", "https://up.example", CredentialScheme.BEARER, b"", "mcp")
PASSWORD, TYPED = "Tr0ub4dor&35", "c0rrectH0rse!"
CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {
        "name": "deploy",
        "arguments": {"target": "moon"},
        "_meta": {"note": f'DB_PASSWORD = "{PASSWORD}"'},
    },
}


def kept(value: str) -> Original:
    return Original(Keeping("passwords", ("legal",)), "params._meta.note", "[password]", value)


def test_what_was_masked_in_the_request_as_it_came_is_known_of_the_changed_one() -> None:
    headers = (("content-type", "application/json"),)
    raw = json.dumps(CALL).encode()
    incoming = Incoming(TOOLS, "POST", "mcp", "", headers, raw, ALICE)
    inspected = inspect(incoming, NOW, CATALOG)
    first = replace(inspected.whole(incoming), originals=(kept(PASSWORD),))
    change = json.dumps({"target": f'staging, password = "{TYPED}"'})
    changed = with_change(incoming, first, approved(DELETE, vote(change=change)))
    assert PASSWORD.encode() not in changed.body
    again = inspect(changed, NOW, CATALOG).whole(changed)
    again = replace(again, originals=(kept(PASSWORD), kept(TYPED)))
    goes_out = as_changed(again, first, "as-it-came")
    masked = goes_out.known.mask(f"connected with {PASSWORD} or {TYPED} as root")
    assert (PASSWORD in masked, TYPED in masked) == (False, False)
    assert masked.endswith("] as root")
    assert [one.value for one in goes_out.originals] == [PASSWORD, TYPED]
    assert (goes_out.received, goes_out.request) == ("as-it-came", again.request)
