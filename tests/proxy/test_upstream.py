"""Where a request is sent: the URL that was built is looked at once more."""

from __future__ import annotations

import pytest

from app.domain.connection import Connection, CredentialScheme
from app.domain.session import RecordedRequest
from app.errors import BadRequest
from proxy.upstream import upstream_url

BASE = "https://up.example/base"


def url(path: str, query: str = "", base: str = BASE) -> str:
    connection = Connection("it", base, CredentialScheme.BEARER, b"")
    return str(upstream_url(connection, RecordedRequest("GET", path, query, (), b"", "")))


def test_the_path_goes_below_the_base() -> None:
    assert url("v1/chat") == f"{BASE}/v1/chat"
    assert url("v1/chat", "a=b&c=d%20e") == f"{BASE}/v1/chat?a=b&c=d%20e"
    assert url("v1/chat", base="https://up.example") == "https://up.example/v1/chat"


@pytest.mark.parametrize(
    "path",
    [
        "../admin",
        "v1/../../admin",
        "v1/./chat",
        "v1/%2e%2e/%2e%2e/admin",
        "v1/..",
        "v1/%41",
        "v1/a b",
        "v1/x?y",
        "v1/x#y",
        "v1/\u00fc",
    ],
)
def test_a_path_that_leads_out_or_would_be_sent_otherwise_is_refused(path: str) -> None:
    with pytest.raises(BadRequest, match="leads out of the connection, or can be read in two ways"):
        url(path)
