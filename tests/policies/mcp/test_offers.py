from __future__ import annotations

import pytest

from app.domain.connection import Connection, CredentialScheme
from app.domain.verdict import Action
from policies.mcp.offers import not_offered, offers


def tools(allow: tuple[str, ...] = (), deny: tuple[str, ...] = ()) -> Connection:
    scheme = CredentialScheme.BEARER
    return Connection(
        "ops", "https://ops.example", scheme, b"", "mcp", allow_tools=allow, deny_tools=deny
    )


@pytest.mark.parametrize(
    ("allow", "deny", "tool", "offered"),
    [
        ((), (), "delete_user", True),
        ((), (), "", True),
        (("get_*",), (), "get_user", True),
        (("get_*",), (), "delete_user", False),
        (("get_*", "list"), (), "list", True),
        (("get_*",), (), "", False),
        ((), ("delete_*",), "get_user", True),
        ((), ("delete_*",), "delete_user", False),
        ((), ("delete_*",), "DELETE_user", False),
        ((), ("delete_*",), "", False),
        (("*",), ("delete_*",), "delete_user", False),
        (("delete_user",), ("delete_*",), "delete_user", False),
        (("**",), (), "files/read", True),
        (("*",), (), "files/read", False),
    ],
)
def test_a_tool_is_offered_where_it_is_allowed_and_not_denied(
    allow: tuple[str, ...], deny: tuple[str, ...], tool: str, *, offered: bool
) -> None:
    connection = tools(allow, deny)
    assert offers(connection)(tool) is offered
    assert (not_offered(connection, [tool]) is None) is offered


def test_one_tool_of_several_is_enough_to_deny_all_of_a_request() -> None:
    fired = not_offered(tools(deny=("delete_*",)), ["get_user", "delete_user"])
    assert fired is not None
    assert (fired.action, fired.findings, fired.enforced) == (Action.DENY, 1, True)
    assert "abeyance connection change ops" in fired.explain
