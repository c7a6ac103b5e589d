"""A masked conversation is the same bytes from turn to turn, or a provider's prompt cache is lost.

There is one exception. A value that a later turn calls a secret is masked wherever it was said
before, so the earlier turns change once: to what they were, with that value masked.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain.connection import Connection, CredentialScheme
from app.wire import strict_json
from proxy.inspection import Incoming, inspect
from tests.policies.made import ALICE

if TYPE_CHECKING:
    from policies.compiled_catalog import Catalog
    from policies.matching.known import Known

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
CONNECTION = Connection("openai", "https://up.example", CredentialScheme.BEARER, b"", "openai")
VALUE = "Xk93!!mmPq0zT"
PARTS = [
    "look at ",
    f"password = '{VALUE}' ",
    f" {VALUE} ",
    "AKIAIOSFODNN7EXAMPLE ",
    "AKIA\u200bIOSFODNN7EXAMPLE ",
    "QUtJQUlPU0ZPRE5ON0VYQU1QTEU= ",
    "“naïve” 🌙\n",
]
messages = st.builds(
    lambda role, parts: {"role": role, "content": "".join(parts)},
    st.sampled_from(["system", "user", "assistant"]),
    st.lists(st.sampled_from(PARTS), max_size=4),
)
conversations = st.lists(messages, min_size=2, max_size=7)


def said(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def forwarded(conversation: list[dict[str, str]], catalog: Catalog) -> tuple[bytes, Known]:
    """Return the bytes that go upstream, and the values that were masked in them."""
    body = strict_json.dump({"model": "m", "messages": conversation})
    headers = (("content-type", "application/json"),)
    path = "v1/chat/completions"
    incoming = Incoming(CONNECTION, "POST", path, "", headers, body, ALICE)
    seen = inspect(incoming, NOW, catalog)
    assert seen.fault is None
    return seen.whole(incoming).request.body, seen.inquiry.known


def contents(body: bytes) -> list[str]:
    read: Any = strict_json.parse(body)
    return [message["content"] for message in read["messages"]]


@settings(max_examples=60)
@given(conversation=conversations)
@example(
    conversation=[
        said(f" {VALUE} "),
        said("look at "),
        said(f"password = '{VALUE}' "),
        said(f" {VALUE} "),
    ]
)
def test_each_turn_is_forwarded_with_the_bytes_of_the_turn_before(
    shipped: Catalog, conversation: list[dict[str, str]]
) -> None:
    before, known_before = forwarded(conversation[:1], shipped)
    for length in range(2, len(conversation) + 1):
        now, known = forwarded(conversation[:length], shipped)
        if known.values == known_before.values:
            assert now.startswith(before.removesuffix(b"]}"))
        else:
            assert known_before.values.items() <= known.values.items()
            expected = [known.mask(text) for text in contents(before)]
            assert contents(now)[: length - 1] == expected
        before, known_before = now, known
