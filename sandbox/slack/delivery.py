"""How the workspace reaches the app: over Socket Mode, or by signed POST."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from urllib.parse import urlencode

import aiohttp

from sandbox.slack.errors import Unanswered
from sandbox.slack.faults import Faults
from sandbox.slack.sockets import Sockets
from sandbox.slack.state import seed
from sandbox.slack.state.model import Json

RETRY_DELAYS = (0.0, 60.0, 300.0)
_FORM = "application/x-www-form-urlencoded"


class Delivery:
    """`request_url` unset means Socket Mode. Events are tried again; people's acts are not."""

    def __init__(self, sockets: Sockets, faults: Faults, clock: Callable[[], float]) -> None:
        self._sockets = sockets
        self._faults = faults
        self._clock = clock
        self.request_url: str | None = None
        self.enterprise: str = ""
        """The organisation that has the app installed as a whole; empty: one workspace has."""
        self.altered: Json = {}
        """Members put over those of each payload: as of another workspace, or for another app."""
        self.retry_delays: tuple[float, ...] = RETRY_DELAYS
        self._failed: asyncio.Queue[tuple[Json, str]] = asyncio.Queue()

    async def interaction(self, payload: Json) -> Json:
        """Deliver a click, a submission or a closing. Returns what the ack carried."""
        await self._faults.wait_while_paused()
        if self.enterprise:
            enterprise = {"id": self.enterprise, "name": "Acme Organisation"}
            payload = payload | {"enterprise": enterprise, "is_enterprise_install": True}
        payload = payload | self.altered
        if self.request_url is None:
            extra = {"accepts_response_payload": True}
            return await self._sockets.deliver("interactive", payload, extra)
        body = urlencode({"payload": json.dumps(payload)})
        return await self._post(body, _FORM)

    async def command(self, payload: Json) -> Json:
        await self._faults.wait_while_paused()
        if self.enterprise:
            named = {"enterprise_id": self.enterprise, "enterprise_name": "Acme Organisation"}
            payload = payload | named | {"is_enterprise_install": "true"}
        payload = payload | self.altered
        if self.request_url is None:
            extra = {"accepts_response_payload": True}
            return await self._sockets.deliver("slash_commands", payload, extra)
        return await self._post(urlencode(payload), _FORM)

    async def event(self, payload: Json) -> None:
        """Deliver an event once; what is not acknowledged is left to `retry_events`."""
        await self._faults.wait_while_paused()
        if self.enterprise:
            by = payload["authorizations"][0] | {
                "enterprise_id": self.enterprise,
                "is_enterprise_install": True,
            }
            payload = payload | {"enterprise_id": self.enterprise, "authorizations": [by]}
        try:
            await self._event_once(payload, 0, "")
        except Unanswered as failure:
            self._failed.put_nowait((payload, _retry_reason(failure.reason)))

    async def retry_events(self) -> None:
        """Runs beside the server, for as long as it does."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                payload, reason = await self._failed.get()
                tasks.create_task(self._retry(payload, reason))

    async def _retry(self, payload: Json, reason: str) -> None:
        for attempt, delay in enumerate(self.retry_delays, start=1):
            await asyncio.sleep(delay)
            try:
                await self._event_once(payload, attempt, reason)
            except Unanswered as failure:
                reason = _retry_reason(failure.reason)
            else:
                return

    async def _event_once(self, payload: Json, attempt: int, reason: str) -> None:
        if self.request_url is None:
            extra = {
                "accepts_response_payload": False,
                "retry_attempt": attempt,
                "retry_reason": reason,
            }
            await self._sockets.deliver("events_api", payload, extra)
            return
        retry = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason}
        await self._post(json.dumps(payload), "application/json", retry if attempt else {})

    async def _post(
        self, body: str, content_type: str, headers: dict[str, str] | None = None
    ) -> Json:
        raw = body.encode()
        signed = signature_headers(raw, int(self._clock())) | {"Content-Type": content_type}
        sends = 2 if self._faults.duplicate_envelopes else 1
        try:
            async with aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._sockets.ack_seconds)
            ) as session:
                answers = [
                    await self._post_once(session, raw, signed | (headers or {}))
                    for _ in range(sends)
                ]
        except TimeoutError:
            raise Unanswered("operation_timeout") from None
        except aiohttp.ClientError:
            raise Unanswered("dispatch_failed") from None
        return answers[0]

    async def _post_once(
        self, session: aiohttp.ClientSession, raw: bytes, headers: dict[str, str]
    ) -> Json:
        assert self.request_url is not None  # noqa: S101 (only HTTP mode comes here)
        async with session.post(self.request_url, data=raw, headers=headers) as reply:
            if reply.status != 200:
                raise Unanswered(f"http_{reply.status}")
            text = await reply.text()
        try:
            answer = json.loads(text) if text else {}
        except ValueError:
            answer = {"text": text}
        return answer if isinstance(answer, dict) else {}


def signature_headers(raw: bytes, timestamp: int) -> dict[str, str]:
    """Slack's v0 signature: HMAC-SHA256 over version, timestamp and the raw body."""
    base = b"v0:%d:%s" % (timestamp, raw)
    digest = hmac.new(seed.SIGNING_SECRET.encode(), base, hashlib.sha256).hexdigest()
    return {
        "X-Slack-Request-Timestamp": str(timestamp),
        "X-Slack-Signature": f"v0={digest}",
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
    }


def _retry_reason(reason: str) -> str:
    if reason == "operation_timeout":
        return "http_timeout"
    return "http_error" if reason.startswith("http_") else "connection_failed"
