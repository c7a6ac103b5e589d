"""What an approval is bound to: every part of what would be forwarded, and who asks."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from app.domain.connection import Connection, CredentialScheme
from app.domain.identity import Identity, IdentityKind
from app.errors import BadRequest
from policies.decide import decide
from policies.loader import SHIPPED, load_catalog
from proxy.facts import Inquiry, read_inquiry
from proxy.front import Headers
from proxy.holds.holding import hold_key

BODY = b'{"model": "m", "messages": [{"role": "user", "content": "deploy to production"}]}'
ALICE = Identity("https://id.example", "alice", IdentityKind.PERSON, "Alice", "a@acme.example")


@dataclass(frozen=True)
class Sent:
    connection: str = "openai"
    method: str = "POST"
    path: str = "v1/chat/completions"
    query: str = ""
    headers: Headers = (("content-type", "application/json"),)
    body: bytes = BODY

    def read(self) -> Inquiry:
        upstream = Connection(self.connection, "https://up.example", CredentialScheme.BEARER, b"")
        return read_inquiry(upstream, self.method, self.path, self.query, self.headers, self.body)


@pytest.mark.parametrize(
    "changed",
    [
        {"connection": "other"},
        {"method": "PUT"},
        {"path": "v1/chat/completions/x"},
        {"query": "beta=1"},
        {"headers": (("content-type", "application/json; charset=utf-8"),)},
        {"headers": (("content-type", "application/json"), ("openai-beta", "x"))},
        {"body": BODY + b" "},
        {"path": "v1/chat", "query": "completions"},
    ],
)
def test_each_part_of_what_is_forwarded_makes_another_digest(changed: dict[str, object]) -> None:
    sent = Sent()
    assert sent.read().request.digest == Sent().read().request.digest
    assert replace(sent, **changed).read().request.digest != sent.read().request.digest  # type: ignore[arg-type]


def test_no_two_requests_share_a_digest_by_where_their_parts_meet() -> None:
    one, other = Sent(path="v1/models", query="a=1"), Sent(path="v1/model", query="sa=1")
    assert one.read().request.digest != other.read().request.digest
    one, other = Sent(connection="openai", method="POST"), Sent(connection="openaiP", method="OST")
    assert one.read().request.digest != other.read().request.digest


@pytest.mark.parametrize("value", ["content-type", "keep-alive, Content-Type"])
def test_a_header_that_goes_on_cannot_be_called_a_matter_of_this_hop(value: str) -> None:
    sent = Sent()
    with pytest.raises(BadRequest, match="Connection names the header 'content-type'"):
        replace(sent, headers=(*sent.headers, ("connection", value))).read()
    ordinary = replace(sent, headers=(*sent.headers, ("connection", "keep-alive, TE")))
    assert ordinary.read().request == sent.read().request


@pytest.mark.parametrize(
    "header", ["abeyance-reason", "traceparent", "x-client-request-id", "x-stainless-retry-count"]
)
def test_what_is_not_forwarded_or_changes_with_each_attempt_changes_nothing(header: str) -> None:
    sent = Sent()
    retried = replace(sent, headers=(*sent.headers, (header, "another")))
    assert retried.read().request.digest == sent.read().request.digest


def test_a_hold_is_one_of_its_caller_its_request_and_its_terms() -> None:
    catalog = load_catalog(SHIPPED)
    inquiry = Sent().read().named()
    verdict = decide(inquiry.facts, ALICE, catalog, datetime(2026, 11, 23, tzinfo=UTC))
    assert verdict.approval is not None
    other = Sent(body=BODY.replace(b"production", b"production now")).read().named()
    stricter = replace(verdict, approval=replace(verdict.approval, quorum=2))
    keys = {
        hold_key(ALICE, inquiry, verdict),
        hold_key(replace(ALICE, subject="bob"), inquiry, verdict),
        hold_key(replace(ALICE, issuer="https://other.example"), inquiry, verdict),
        hold_key(ALICE, other, verdict),
        hold_key(ALICE, inquiry, stricter),
    }
    assert len(keys) == 5
    renamed = replace(ALICE, name="A. Chen")
    assert hold_key(renamed, inquiry, verdict) == hold_key(ALICE, inquiry, verdict)


def test_a_retry_is_known_however_its_json_is_written() -> None:
    def same(body: bytes) -> str:
        return Sent(body=body).read().named().sameness

    first = same(b'{"model": "m", "seed": 1.0, "messages": [{"role": "user", "content": "a"}]}')
    assert first == same(
        b'{"model": "m", "seed": 1.0, "messages": [{"role": "user", "content": "a"}], '
        b'"stream": true, "stream_options": {"include_usage": true}}'
    )
    assert first == same(
        b'{"messages":[{"content":"\\u0061","role":"user"}],"stream":true,"seed":1.0,"model":"m"}'
    )
    for other in (
        b'{"model": "m", "seed": 1, "messages": [{"role": "user", "content": "a"}]}',
        b'{"model": "m", "seed": 1.0, "messages": [{"role": "user", "content": "a", "stream": 1}]}',
        b'{"model": "m", "seed": 1.0, "messages": [{"role": "user", "content": "b"}]}',
    ):
        assert same(other) != first


def test_a_retry_is_known_by_any_version_of_its_client() -> None:
    def same(**headers: str) -> str:
        named = {"content-type": "application/json", **headers}
        return (
            Sent(headers=tuple((n.replace("_", "-"), v) for n, v in named.items()))
            .read()
            .named()
            .sameness
        )

    old = {"user_agent": "claude-cli/2.1.197 (external, cli)", "x_stainless_package_version": "1"}
    new = {"user_agent": "claude-cli/2.1.198 (external, cli)", "x_stainless_package_version": "2"}
    assert same(**old) == same(**new)
    assert same(**old) != same(**old, openai_beta="x")
    texts = [s.text for s in Sent(headers=(("user-agent", "a word"),)).read().facts.prompt.segments]
    assert "a word" in texts  # it goes upstream, so rules read it


def a_form(
    boundary: str, *parts: bytes, label: str = "multipart/form-data; boundary={}"
) -> Inquiry:
    marked = [b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts]
    raw = b"".join(marked) + b"--" + boundary.encode() + b"--\r\n"
    headers = (("content-type", label.format(boundary)),)
    return Sent(path="v1/images/edits", headers=headers, body=raw).read().named()


def test_a_retry_of_a_form_is_known_whatever_its_boundary_is_and_goes_on_as_it_came() -> None:
    asked = b'content-disposition: form-data; name="prompt"\r\n\r\nthe production plan'
    picture = b'content-disposition: form-data; name="image"\r\n\r\n\x89PNG\xff\x00'
    first, again = a_form("a1b2", asked, picture), a_form("c3d4", asked, picture)
    assert first.sameness == again.sameness
    assert [s.text for s in first.facts.prompt.segments if "plan" in s.text] == [
        s.text for s in again.facts.prompt.segments if "plan" in s.text
    ]
    assert b"--a1b2\r\n" in first.request.body
    assert b"--c3d4\r\n" in again.request.body
    assert first.request.digest != again.request.digest
    for other in (
        a_form("c3d4", picture, asked),
        a_form("c3d4", asked + b"s", picture),
        a_form("c3d4", asked, picture.replace(b"image", b"mask")),
        a_form("c3d4", asked + b"\r\n--a1b2\r\n" + picture),
        a_form("c3d4", asked, picture, label="multipart/mixed; boundary={}"),
        a_form("c3d4", asked, picture, label="multipart/form-data; boundary={}; charset=utf-8"),
        a_form("c3d4", asked, picture, label="multipart/form-data; boundary=; of={}"),
    ):
        assert other.sameness != first.sameness


CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
TOLD = CALL | {"params": {"name": "get", "_meta": {"progressToken": 1}}}


@pytest.mark.parametrize(
    ("body", "accept", "streamed"),
    [
        (TOLD, "application/json, text/event-stream", True),
        (TOLD, "application/json", False),
        (CALL | {"params": {"name": "get"}}, "application/json, text/event-stream", False),
    ],
)
def test_a_call_is_told_of_while_it_waits_where_its_client_asks_for_progress(
    body: dict[str, object], accept: str, *, streamed: bool
) -> None:
    headers = (("content-type", "application/json"), ("accept", accept))
    inquiry = Sent(path="mcp", headers=headers, body=json.dumps(body).encode()).read()
    assert inquiry.facts.prompt.streamed is streamed
    assert inquiry.mcp.tools == ("get",)
