"""An upstream that answers as none should: nothing crosses, nothing leaks, nothing crashes."""

from __future__ import annotations

import asyncio
import gzip
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from app.domain.record.session import SessionState
from app.search import SessionFilter
from tests.conftest import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.domain.record.session import Session
    from sandbox.idp.driver import IdpDriver
    from tests.flows.house import House

CREDENTIAL = "sk-upstream-0123456789abcdef"
KEY = "AKIAIOSFODNN7EXAMPLE"


class RawUpstream:
    """Answers each request with the bytes it is told, and keeps the heads that came."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self.answers: list[bytes | None] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                text = head.decode("latin-1")
                length = [line for line in text.lower().split("\r\n") if "content-length" in line]
                await reader.readexactly(int(length[0].split(":")[1]) if length else 0)
                self.heads.append(text)
                answer = self.answers.pop(0)
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def raw_upstream(house: House, name: str) -> AsyncIterator[RawUpstream]:
    upstream = RawUpstream()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await house.register(name, f"http://127.0.0.1:{port}/base", CREDENTIAL)
    try:
        yield upstream
    finally:
        server.close()


@pytest.fixture
async def upstream(house: House) -> AsyncIterator[RawUpstream]:
    async with raw_upstream(house, "raw") as upstream:
        yield upstream


def answer(body: bytes = b"{}", *headers: str, kind: str = "application/json") -> bytes:
    lines = ["HTTP/1.1 200 OK", f"content-type: {kind}", f"content-length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def test_a_cookie_of_one_caller_never_reaches_the_next(
    house: House, idp: IdpDriver, upstream: RawUpstream
) -> None:
    upstream.answers = [answer(b"{}", "set-cookie: sid=alices; path=/"), answer()]
    for person in ("alice", "dana"):
        async with house.http(await idp.token(person)) as http:
            given = await http.get("/raw/v1/thing")
        assert "set-cookie" not in given.headers
    assert "cookie" not in upstream.heads[1].lower()


async def test_headers_of_one_hop_end_here_in_both_directions(
    house: House, idp: IdpDriver, upstream: RawUpstream
) -> None:
    of_a_hop = {
        "te": "trailers",
        "trailer": "x-late",
        "keep-alive": "timeout=9",
        "proxy-connection": "keep-alive",
        "proxy-authenticate": "Basic",
        "forwarded": "for=10.0.0.1",
        "x-forwarded-host": "internal.example",
        "x-private": "of this hop",
    }
    lines = [f"{name}: {value}" for name, value in of_a_hop.items()]
    upstream.answers = [answer(b"{}", "connection: x-private, x-request-id", *lines)]
    async with house.http(await idp.token("alice")) as http:
        given = await http.get("/raw/v1/thing", headers={"connection": "x-private", **of_a_hop})
    assert given.status_code == 200
    sent = [line.partition(":")[0] for line in upstream.heads[0].lower().split("\r\n")]
    assert not set(of_a_hop).intersection(sent)
    assert not set(of_a_hop).intersection(given.headers)


async def test_a_redirect_is_not_followed_and_its_place_is_withheld(
    house: House, idp: IdpDriver, upstream: RawUpstream
) -> None:
    upstream.answers = [
        b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/x\r\ncontent-length: 0\r\n\r\n"
    ]
    async with house.http(await idp.token("alice")) as http:
        given = await http.get("/raw/v1/thing")
    assert given.status_code == 302
    assert "location" not in given.headers
    assert len(upstream.heads) == 1


async def test_an_answer_that_is_compressed_all_the_same_is_not_passed_on(
    house: House, idp: IdpDriver, upstream: RawUpstream
) -> None:
    upstream.answers = [answer(gzip.compress(KEY.encode()), "content-encoding: gzip")]
    async with house.http(await idp.token("alice")) as http:
        given = await http.get("/raw/v1/thing")
    assert given.status_code == 502
    assert "accept-encoding: identity" in upstream.heads[0].lower()


@pytest.mark.parametrize("depth", [255, 1023])
async def test_an_event_nested_too_deep_ends_the_stream_with_an_error(
    house: House, idp: IdpDriver, upstream: RawUpstream, depth: int
) -> None:
    nested = b"data: " + b'{"a":' * depth + b"1" + b"}" * depth + b"\n\n"
    upstream.answers = [answer(nested + b"data: [DONE]\n\n", kind="text/event-stream")]
    async with house.http(await idp.token("alice")) as http:
        given = await http.post("/raw/v1/chat/completions", json={"messages": []})
    assert given.status_code == 200
    assert '"error":' in given.text
    assert "nests deeper than" in given.text


async def test_log_probabilities_are_left_out_of_a_masked_answer_and_the_header_says_so(
    house: House, idp: IdpDriver, upstream: RawUpstream
) -> None:
    choice = '{"message":{"content":"%s"},"logprobs":{"content":[{"token":"k"}]}}'
    bodies = [('{"choices":[%s]}' % (choice % text)).encode() for text in ("clean", KEY)]
    upstream.answers = [answer(body) for body in bodies]
    async with house.http(await idp.token("alice")) as http:
        clean = await http.post("/raw/v1/chat/completions", json={})
        masked = await http.post("/raw/v1/chat/completions", json={})
    assert clean.content == bodies[0]
    assert "abeyance-dropped" not in clean.headers
    assert masked.json()["choices"][0]["logprobs"] is None
    assert masked.headers["abeyance-dropped"] == "logprobs"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
async def test_a_request_that_may_have_been_read_is_not_sent_again(
    house: House, idp: IdpDriver, upstream: RawUpstream, method: str
) -> None:
    upstream.answers = [answer(), None, answer()]
    async with house.http(await idp.token("alice")) as http:
        assert (await http.request(method, "/raw/v1/thing")).status_code == 200
        assert (await http.request(method, "/raw/v1/thing")).status_code == 502
    assert len(upstream.heads) == 2


async def only_session(house: House, connection: str) -> tuple[Session, list[str]]:
    """Return the one session of a connection once it has ended, and the kinds of its events."""
    storage = house.storage()
    found: tuple[Session, ...] = ()
    while not found or found[0].state is SessionState.OPEN:
        found = await storage.sessions.search(SessionFilter(connection=connection), limit=2)
    [session] = found
    entries = await storage.ledger.entries(session.id)
    storage.close()
    return session, [entry.event.kind.value for entry in entries]


HELLO = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}


async def test_a_request_that_was_read_and_never_answered_says_so(
    house: House, idp: IdpDriver
) -> None:
    async with (
        raw_upstream(house, "silent") as upstream,
        house.http(await idp.token("alice")) as http,
    ):
        upstream.answers = [None]
        refused = await http.post("/silent/v1/chat/completions", json=HELLO)
        assert refused.status_code == 502
        session, events = await only_session(house, "silent")
    assert session.state is SessionState.INDETERMINATE
    assert "does not answer" in session.reason
    assert events[-1] == "session.ended"


async def test_a_request_whose_client_left_while_the_model_was_thinking_says_so(
    house: House, idp: IdpDriver
) -> None:
    async with (
        raw_upstream(house, "thinking") as upstream,
        house.http(await idp.token("alice")) as http,
    ):
        upstream.answers = [b""]
        asking = asyncio.ensure_future(http.post("/thinking/v1/chat/completions", json=HELLO))
        while not upstream.heads:
            await http.get("/-/healthz")
        asking.cancel()
        session, events = await only_session(house, "thinking")
    assert session.state is SessionState.INDETERMINATE
    assert session.reason.startswith("the client left")
    assert events[-1] == "session.ended"


async def test_a_request_that_could_not_be_sent_says_so(house: House, idp: IdpDriver) -> None:
    await house.register("nobody", f"http://127.0.0.1:{free_port()}", CREDENTIAL)
    async with house.http(await idp.token("alice")) as http:
        refused = await http.post("/nobody/v1/chat/completions", json=HELLO)
    session, events = await only_session(house, "nobody")
    assert (refused.status_code, session.state) == (502, SessionState.CLOSED)
    assert events[-1] == "request.refused"


@pytest.mark.parametrize(
    "broken",
    [
        b"HTTP/9 what\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nbad header {CREDENTIAL}: a\r\n\r\n".encode(),
        b"HTTP/1.1 200 OK\r\nx-long: " + b"a" * 20_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\nzz",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=lambda broken: broken[:30].decode("latin-1").strip(),
)
async def test_an_answer_that_is_no_http_is_told_as_an_upstream_fault_and_quoted_nowhere(
    house: House, idp: IdpDriver, upstream: RawUpstream, broken: bytes
) -> None:
    upstream.answers = [broken]
    async with house.http(await idp.token("alice")) as http:
        given = await http.get("/raw/v1/thing")
    assert given.status_code == 502, given.text
    assert given.json()["error"]["message"]
    log = house.gateway.log.read_text()
    assert CREDENTIAL not in log
    assert "Traceback" not in log


async def test_headers_are_masked_and_what_tells_our_credential_is_not_passed_on(
    house: House, idp: IdpDriver, upstream: RawUpstream
) -> None:
    upstream.answers = [
        answer(
            b"{}",
            f"x-request-id: {KEY}",
            f"request-id: {CREDENTIAL}",
            f"openai-{CREDENTIAL}: x",
            "openai-motto: gr\u00fc\u00df",
        )
    ]
    async with house.http(await idp.token("alice")) as http:
        given = await http.get("/raw/v1/thing")
    assert given.headers["x-request-id"] == "[aws-access-key-id]"
    assert CREDENTIAL not in str(given.headers)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"a": "' + b"x" * 20_000_000 + b'"}'),
        ("text/event-stream", b'data: {"a": "' + b"x" * 18_000_000 + b'"}\n\n'),
        ("application/json", b'{"a": NaN, "b": 123456789012345678901234567890, "k": "%s"}'),
        ("text/event-stream", b'event: x\ndata: {"type": ["a"], "index": {"a": 1}}\n\n'),
    ],
    ids=["large", "large event", "odd numbers", "odd keys"],
)
async def test_an_odd_body_passes_or_is_refused_but_never_crashes_the_gateway(
    house: House, idp: IdpDriver, upstream: RawUpstream, kind: str, body: bytes
) -> None:
    upstream.answers = [answer(body.replace(b"%s", KEY.encode()), kind=kind)]
    async with house.http(await idp.token("alice")) as http:
        given = await http.get("/raw/v1/thing")
    assert given.status_code in (200, 502)
    assert KEY not in given.text
    assert "Traceback" not in house.gateway.log.read_text()


@pytest.mark.parametrize(
    "target",
    [
        "/raw/v1/a%2fb",
        "/raw/v1/%zz",
        "/raw/v1/..;/x",
        "/raw/v1/x?q=a#frag",
        "/raw/v1/x?q=\u00fc",
    ],
)
async def test_a_target_with_two_readings_is_refused(
    house: House, idp: IdpDriver, upstream: RawUpstream, target: str
) -> None:
    host, _, port = house.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    token = await idp.token("alice")
    head = f"GET {target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n"
    writer.write(head.encode())
    assert b" 400 " in await reader.readline()
    writer.close()
    assert upstream.heads == []


async def test_what_is_checked_is_spelt_as_what_is_sent(
    house: House, idp: IdpDriver, upstream: RawUpstream
) -> None:
    upstream.answers = [answer()]
    host, _, port = house.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    token = await idp.token("alice")
    head = f"GET /raw/v1/ch%61t?q=%41b HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n"
    writer.write(head.encode())
    assert b" 200 " in await reader.readline()
    writer.close()
    assert upstream.heads[0].startswith("GET /base/v1/chat?q=Ab HTTP/1.1")
    storage = house.storage()
    [session] = await storage.sessions.search(SessionFilter(connection="raw"), limit=1)
    assert (session.request.path, session.request.query) == ("v1/chat", "q=Ab")
    storage.close()


async def test_a_refused_request_closes_the_connection_so_nothing_hides_behind_it(
    house: House, idp: IdpDriver, upstream: RawUpstream
) -> None:
    host, _, port = house.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    token = await idp.token("alice")
    smuggled = (
        f"POST /raw/v1/smuggled HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n"
        "content-length: 2\r\n\r\n{}"
    )
    writer.write(
        b"POST /raw/v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n"
        b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled.encode()
    )
    everything = await reader.read()
    assert everything.startswith(b"HTTP/1.1 400")
    assert everything.count(b"HTTP/1.1") == 1
    assert upstream.heads == []
    writer.close()


async def test_a_secret_in_the_address_is_refused_since_it_cannot_be_masked_there(
    house: House, idp: IdpDriver, upstream: RawUpstream
) -> None:
    async with house.http(await idp.token("alice")) as http:
        given = await http.get("/raw/v1/thing", params={"q": KEY})
        assert given.status_code == 403
        assert "query" in given.json()["error"]["message"]
        assert (await http.get(f"/raw/v1/{KEY}")).status_code == 403
    assert upstream.heads == []
