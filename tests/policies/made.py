"""Values that many of these tests need."""

from __future__ import annotations

from urllib.parse import unquote_plus

from app.domain.identity import Identity, IdentityKind, Provenance
from app.domain.segment import Facts, Prompt, Role, Segment

RULE_HEAD = """\
- id: one
  title: One
  explain: Because.
"""

AWS_KEY = "AKIAIOSFODNN7EXAMPLE"

KEPT_KEYS = """\
- id: keys
  title: Keys
  explain: Because.
  on: both
  when: {text: {detectors: [aws-access-key-id]}}
  then: mask
  keep_original: {sealed_for: [responders]}
  examples: {match: [AKIAQZ7KW3MHT5VJ2RBX], skip: [AKIA]}
"""
"""A rule that masks keys, and keeps them for these people."""
RESPONDERS = "- {name: responders, idp_groups: [ir]}\n"

ALICE = Identity(
    "https://idp.example",
    "alice-1",
    IdentityKind.PERSON,
    "Alice",
    "alice@example.com",
    frozenset({"developers", "sre"}),
)
JOB = Identity(
    "https://ci.example",
    "repo:acme/shop",
    IdentityKind.WORKLOAD,
    "shop",
    provenance=Provenance("acme/shop", "42", "c0ffee", "refs/heads/main", "deploy.yml"),
)


def facts(*texts: str, role: Role = Role.USER, query: str = "", model: str = "gpt-5") -> Facts:
    """Return the facts of a chat request with one message for each text."""
    segments = [Segment(text, role, f"/messages/{at}/content") for at, text in enumerate(texts)]
    if query:
        segments.append(Segment(unquote_plus(query), Role.OTHER, "query"))
    prompt = Prompt(tuple(segments), model)
    return Facts("openai", "POST", "v1/chat/completions", query, prompt, sum(map(len, texts)))
