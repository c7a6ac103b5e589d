"""Telling a webhook that an agent's status has changed."""

import asyncio
import hashlib
import hmac
from dataclasses import dataclass

import httpx

from sandbox.model.refusals import Fault, JsonObject, Refusal
from sandbox.model.sending import compact

TRIES = 3
PAUSE_S = 0.2
SHORTEST_SECRET = 32


@dataclass(frozen=True, slots=True)
class Hook:
    """Where to tell it, and what to sign with."""

    url: str
    secret: str = ""


class Hooks(dict[str, Hook]):
    """Those of the agents, by their ids."""


def hook_of(webhook: object) -> Hook | None:
    """Read the member of a launch. Raises Refusal for what the API would not take."""
    if webhook is None:
        return None
    if not isinstance(webhook, dict) or not isinstance(webhook.get("url"), str):
        raise Refusal(Fault.BAD_BODY, "'webhook' must have a 'url'.", "webhook")
    secret = webhook.get("secret", "")
    if not isinstance(secret, str) or (secret and len(secret) < SHORTEST_SECRET):
        raise Refusal(Fault.BAD_BODY, "'secret' has 32 characters at least.", "webhook.secret")
    return Hook(webhook["url"], secret)


def signature(secret: str, body: bytes) -> str:
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


async def tell(hook: Hook, webhook_id: str, document: JsonObject) -> None:
    """Post it, again where the receiver does not take it; no time is signed."""
    body = compact(document)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Cursor-Agent-Webhook/1.0",
        "X-Webhook-Event": "statusChange",
        "X-Webhook-ID": webhook_id,
    }
    if hook.secret:
        headers["X-Webhook-Signature"] = signature(hook.secret, body)
    async with httpx.AsyncClient(timeout=10) as http:
        for attempt in range(TRIES):
            await asyncio.sleep(PAUSE_S * attempt)
            try:
                answer = await http.post(hook.url, content=body, headers=headers)
            except httpx.HTTPError:
                continue
            if answer.is_success:
                return
