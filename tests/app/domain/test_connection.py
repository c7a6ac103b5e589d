from __future__ import annotations

import pytest

from app.domain.connection import Connection, ConnectionKind, CredentialScheme


@pytest.mark.parametrize(
    ("name", "url", "wire", "kind"),
    [
        ("models", "https://api.anthropic.com", "auto", ConnectionKind.ANTHROPIC),
        ("openai", "https://api.anthropic.com", "auto", ConnectionKind.ANTHROPIC),
        ("anthropic", "https://evil-openai.com", "auto", ConnectionKind.ANTHROPIC),
        ("team-openai", "https://proxy.example.com/v1", "auto", ConnectionKind.OPENAI),
        ("work", "https://generativelanguage.googleapis.com", "auto", ConnectionKind.GEMINI),
        ("openai", "https://api.openai.com", "plain", ConnectionKind.OTHER),
        ("tickets", "https://tickets.example.com/mcp", "mcp", ConnectionKind.MCP),
        ("own", "http://127.0.0.1:8000", "auto", ConnectionKind.OTHER),
    ],
)
def test_a_connection_is_of_the_kind_of_its_wire_host_or_name(
    name: str, url: str, wire: str, kind: ConnectionKind
) -> None:
    assert Connection(name, url, CredentialScheme.BEARER, b"", wire).kind is kind
