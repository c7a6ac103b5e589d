"""Asking the gateway: one request, and its answer line by line until somebody has decided."""

from __future__ import annotations

import http.client
import json
import time
from urllib.parse import urlsplit

from workstation.hook.answer import GatewayVerdict, HookQuestion

_PATH = "/-/evaluate"
_CONNECT_SECONDS = 10.0
_SILENT_SECONDS = 35.0
"""The gateway gives a sign of life every ten seconds."""
_TRIES = 3
_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0
_LAST_WORDS_SECONDS = 5.0
"""What is left of the hook's time for an answer after the gateway's patience has ended."""
_PASSING = ("restarting", "unavailable")
_HELP = "If it stays like this, run `abeyance doctor --workstation`."


class Unanswered(Exception):
    """There is no verdict; the message says why and what to do."""


class _Interrupted(Exception):
    """The connection ended, or the gateway restarts: asking again finds the same hold."""

    def __init__(self, why: str, *, waited: bool, pause: float = 0.0) -> None:
        super().__init__(why)
        self.waited = waited
        self.pause = pause


def ask(url: str, token: str, question: HookQuestion, deadline: float) -> GatewayVerdict:
    """Return the verdict. `deadline` is a time of the monotonic clock. Raises Unanswered."""
    failures = 0
    while True:
        patience = deadline - time.monotonic() - _LAST_WORDS_SECONDS
        try:
            return _ask_once(url, token, question | {"patience": max(0, int(patience))})
        except _Interrupted as error:
            failures = 0 if error.waited else failures + 1
            pause = error.pause or _PAUSE_SECONDS * 2**failures
            if failures >= _TRIES or patience < pause:
                raise Unanswered(
                    f"Abeyance's gateway at {url} did not answer ({error}), so this is blocked. "
                    f"Try again. {_HELP}"
                ) from error
            time.sleep(min(pause, _LONGEST_PAUSE_SECONDS))


def _ask_once(url: str, token: str, question: HookQuestion) -> GatewayVerdict:
    connection, path = _connection(url)
    waited = False
    try:
        headers = {
            "authorization": f"Bearer {token}",
            "content-type": "application/json",
            "accept": "application/x-ndjson",
        }
        body = json.dumps(question).encode()
        connection.request("POST", path, body, headers)
        if connection.sock is not None:
            connection.sock.settimeout(_SILENT_SECONDS)
        response = connection.getresponse()
        if response.status != http.client.OK:
            raise _refusal(response.status, response.read(65536), response.getheader("retry-after"))
        while line := response.readline():
            said = json.loads(line) if line.strip() else {}
            if said.get("state") == "decided":
                return _verdict(said)
            if said.get("state") == "failed":
                raise _failure(said["error"], waited=waited)
            waited = waited or said.get("state") == "waiting"
    except (OSError, http.client.HTTPException) as error:
        raise _Interrupted(str(error) or type(error).__name__, waited=waited) from error
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise Unanswered(
            f"{url} does not answer as Abeyance's gateway does ({error!r}), so this is blocked. "
            "Check the gateway's address with `abeyance doctor --workstation`."
        ) from error
    finally:
        connection.close()
    raise _Interrupted("it ended its answer without a decision", waited=waited)


def _connection(url: str) -> tuple[http.client.HTTPConnection, str]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    host = parts.hostname or ""
    return kind(host, parts.port, timeout=_CONNECT_SECONDS), parts.path.rstrip("/") + _PATH


def _refusal(status: int, body: bytes, retry_after: str | None) -> Exception:
    try:
        said = json.loads(body)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        said = f"status {status}"
    if status in (502, 503, 504):
        pause = float(retry_after) if retry_after and retry_after.isdigit() else 0.0
        return _Interrupted(said, waited=False, pause=pause)
    if status == 401:
        return Unanswered(
            f"{said} Sign in again with `abeyance login`; until then this is blocked."
        )
    return Unanswered(f"Abeyance could not check this, so it is blocked: {said}")


def _failure(error: dict[str, object], *, waited: bool) -> Exception:
    """Tell what passes when it is asked again from what does not."""
    if error["code"] in _PASSING:
        return _Interrupted(str(error["message"]), waited=waited)
    return Unanswered(f"Abeyance could not check this, so it is blocked: {error['message']}")


def _verdict(said: dict[str, object]) -> GatewayVerdict:
    decision, changed = said["decision"], said.get("arguments")
    if decision not in ("allow", "deny") or not isinstance(changed, dict | None):
        raise ValueError(said)
    return GatewayVerdict(
        allowed=decision == "allow",
        message=str(said.get("message") or "Abeyance does not allow this."),
        changed=changed,
        by_person=bool(said.get("card")),
    )
