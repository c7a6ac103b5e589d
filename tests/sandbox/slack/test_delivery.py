"""How the workspace reaches the app: sockets that come and go, and signed HTTP."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.signature import Clock as SlackClock
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import APP_TOKEN, SIGNING_SECRET
from sandbox.slack.people.driver import Refused, SlackDriver
from tests.sandbox.slack.bad_blocks import actions, button
from tests.sandbox.slack.conftest import Clock


async def new_socket(
    session: aiohttp.ClientSession, base_url: str
) -> aiohttp.ClientWebSocketResponse:
    client = AsyncWebClient(token=APP_TOKEN, base_url=f"{base_url}/api/")
    opened = await client.apps_connections_open(app_token=APP_TOKEN)
    return await session.ws_connect(opened["url"], autoping=False)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_a_socket_says_hello_and_answers_pings(
    session: aiohttp.ClientSession, base_url: str
) -> None:
    async with await new_socket(session, base_url) as socket:
        hello = await socket.receive_json()
        assert hello["type"] == "hello"
        assert hello["num_connections"] == 1
        await socket.ping(b"still there?")
        pong = await socket.receive()
        assert (pong.type, pong.data) == (aiohttp.WSMsgType.PONG, b"still there?")


async def test_a_link_is_good_once(session: aiohttp.ClientSession, base_url: str) -> None:
    client = AsyncWebClient(token=APP_TOKEN, base_url=f"{base_url}/api/")
    opened = await client.apps_connections_open(app_token=APP_TOKEN)
    async with session.ws_connect(opened["url"]):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(opened["url"])


async def test_an_eleventh_connection_is_sent_away(
    session: aiohttp.ClientSession, base_url: str
) -> None:
    sockets = [await new_socket(session, base_url) for _ in range(10)]
    assert [(await socket.receive_json())["type"] for socket in sockets] == ["hello"] * 10
    late = await new_socket(session, base_url)
    assert (await late.receive_json())["reason"] == "too_many_websockets"
    assert (await late.receive()).type is aiohttp.WSMsgType.CLOSE


async def test_an_envelope_goes_to_one_connection_each_in_its_turn(
    session: aiohttp.ClientSession, base_url: str, slack: SlackDriver
) -> None:
    first, second = await new_socket(session, base_url), await new_socket(session, base_url)
    await first.receive_json()
    await second.receive_json()
    ines = await slack.user("ines")
    got = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(ines.act("command", channel="general", command="/replay", text="1"))
        got.append(await first.receive_json())
        await first.send_json({"envelope_id": got[0]["envelope_id"]})
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(ines.act("command", channel="general", command="/replay", text="2"))
        got.append(await second.receive_json())
        await second.send_json({"envelope_id": got[1]["envelope_id"]})
    assert [envelope["payload"]["text"] for envelope in got] == ["1", "2"]
    assert [envelope["type"] for envelope in got] == ["slash_commands"] * 2


async def test_an_app_that_is_away_or_slow_is_told_to_the_person(
    app: AsyncApp, slack: SlackDriver, client: AsyncWebClient
) -> None:
    ines = await slack.user("ines")
    with pytest.raises(Refused) as away:
        await ines.command("/replay")
    assert away.value.code == "dispatch_failed"

    @app.command("/replay")
    async def never(ack: AsyncAck) -> None:
        """Forget to acknowledge."""

    await slack.settings(ack_seconds=0.05)
    handler = AsyncSocketModeHandler(app, APP_TOKEN)
    await handler.connect_async()
    await slack.wait_for_app()
    with pytest.raises(Refused) as slow:
        await ines.command("/replay")
    assert slow.value.code == "operation_timeout"
    assert ines.messages()[-1].text == '/replay failed with the error "operation_timeout"'
    await handler.close_async()


async def test_a_doubled_envelope_runs_the_handler_twice(
    app: AsyncApp, connected: AsyncSocketModeHandler, slack: SlackDriver
) -> None:
    runs = asyncio.Queue[str]()

    @app.command("/replay")
    async def replay(ack: AsyncAck, command: dict[str, Any]) -> None:
        await ack()
        runs.put_nowait(command["text"])

    await slack.faults(duplicate_envelopes=True)
    ines = await slack.user("ines")
    await ines.act("command", channel="general", command="/replay", text="once")
    assert [await runs.get(), await runs.get()] == ["once", "once"]


@pytest.mark.parametrize("reason", ["drop", "refresh_requested"])
async def test_the_app_comes_back_after_its_socket_is_cut(
    app: AsyncApp, connected: AsyncSocketModeHandler, slack: SlackDriver, reason: str
) -> None:
    @app.command("/replay")
    async def replay(ack: AsyncAck) -> None:
        await ack("still here")

    await slack.disconnect_app(reason)
    await slack.wait_for_app()
    ines = await slack.user("ines")
    assert (await ines.command("/replay")).words == "still here"


async def test_connections_are_refused_while_the_switch_is_on(
    session: aiohttp.ClientSession, base_url: str, slack: SlackDriver
) -> None:
    await slack.faults(refuse_connections=True)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await new_socket(session, base_url)
    assert refused.value.status == 503
    await slack.clear_faults()
    async with await new_socket(session, base_url) as socket:
        assert (await socket.receive_json())["type"] == "hello"


async def test_a_paused_slack_answers_when_it_goes_on(
    client: AsyncWebClient, slack: SlackDriver
) -> None:
    await slack.faults(paused=True)
    async with asyncio.TaskGroup() as tasks:
        call = tasks.create_task(client.auth_test())
        await slack.settings()
        assert not call.done()
        await slack.faults(paused=False)
    assert call.result()["ok"] is True


@dataclass
class Receiver:
    """An app in HTTP mode that checks signatures with Slack's own verifier."""

    url: str = ""
    answer: Any = None
    status: int = 200
    # A clock of its own: the default one is shared by all verifiers of a process.
    clock: SlackClock = field(default_factory=SlackClock)
    received: "asyncio.Queue[tuple[Any, dict[str, str], bool]]" = field(
        default_factory=asyncio.Queue
    )

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.text()
        verifier = SignatureVerifier(SIGNING_SECRET, self.clock)
        is_valid = verifier.is_valid_request(body, dict(request.headers))
        content = await request.json() if request.content_type == "application/json" else None
        payload = content if content is not None else dict(await request.post())
        self.received.put_nowait((payload, dict(request.headers), is_valid))
        return web.json_response(self.answer, status=self.status)


@pytest.fixture
async def receiver(slack: SlackDriver, clock: Clock) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    receiver.clock.now = lambda: clock.now
    server = web.Application()
    server.router.add_post("/slack/events", receiver.handle)
    runner = web.AppRunner(server)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    await slack.settings(request_url=receiver.url, retry_delays=[0, 0, 0])
    yield receiver
    await runner.cleanup()


async def test_http_mode_signs_what_it_sends_and_takes_the_answer(
    slack: SlackDriver, receiver: Receiver
) -> None:
    receiver.answer = {"text": "by HTTP"}
    ines = await slack.user("ines")
    assert (await ines.command("/replay", "a&b=c")).words == "by HTTP"
    payload, headers, is_valid = await receiver.received.get()
    assert is_valid
    assert payload["text"] == "a&b=c"
    assert "X-Slack-Retry-Num" not in headers
    altered = SignatureVerifier("another secret").is_valid_request("", headers)
    assert not altered


async def test_http_mode_delivers_clicks_as_a_form(
    slack: SlackDriver, client: AsyncWebClient, receiver: Receiver
) -> None:
    blocks = [actions(button(action_id="go"))]
    await client.chat_postMessage(channel="C0APPROVAL", text="x", blocks=blocks)
    maria = await slack.user("maria")
    await maria.click(await maria.wait_for_message("x"), "go")
    payload, _, is_valid = await receiver.received.get()
    assert is_valid
    assert '"block_actions"' in payload["payload"]
    receiver.status = 500
    with pytest.raises(Refused) as refusal:
        await maria.click(maria.messages()[-1], "go")
    assert refusal.value.code == "http_500"


async def test_an_event_that_fails_is_tried_three_times_more(
    slack: SlackDriver, receiver: Receiver
) -> None:
    receiver.status = 500
    await (await slack.user("maria")).act("open_home")
    tries = [await receiver.received.get() for _ in range(4)]
    assert all(is_valid for _, _, is_valid in tries)
    retries = [headers.get("X-Slack-Retry-Num") for _, headers, _ in tries]
    assert retries == [None, "1", "2", "3"]
    assert tries[1][1]["X-Slack-Retry-Reason"] == "http_error"
    assert len({payload["event_id"] for payload, _, _ in tries}) == 1


async def test_other_web_sites_and_hosts_are_kept_out(
    session: aiohttp.ClientSession, base_url: str
) -> None:
    form = {"user": "maria", "do": "say", "channel": "approvals", "text": "x"}
    async with session.post(f"{base_url}/sandbox/act", data=form) as reply:
        assert (await reply.json())["error"] == "invalid_json"
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        async with session.get(f"{base_url}/sandbox/people", headers=headers) as reply:
            assert reply.status == 403
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await session.ws_connect(
            f"{base_url}/sandbox/live?user=maria", origin="https://evil.example"
        )
