"""Whether the gateway can be used from this machine: address, clock, sign-in."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from app.errors import AbeyanceError
from workstation.doctor.findings import CheckResult, CheckState, Machine
from workstation.setup.connections import usable
from workstation.sign_in.tokens import tokens_of
from workstation.workplace import find_workplace

if TYPE_CHECKING:
    from workstation.workplace import Workplace

_SECONDS = 10.0
_CLOCK_SECONDS = 60


def examine(gateway: str = "") -> tuple[Machine, list[CheckResult]]:
    """Return what tools should use, and what was found. Raises nothing of its own."""
    try:
        workplace = find_workplace(gateway)
    except AbeyanceError as error:
        unknown = CheckResult(
            "gateway", CheckState.BAD, str(error), "run `abeyance login <gateway>`"
        )
        return Machine((gateway.rstrip("/"),) if gateway else ()), [unknown]
    found = _reached(workplace)
    machine = Machine((workplace.gateway,))
    try:
        token = tokens_of(workplace).current()
    except AbeyanceError as error:
        return machine, [
            *found,
            CheckResult("sign-in", CheckState.BAD, str(error), "run `abeyance login`"),
        ]
    found.append(
        CheckResult("sign-in", CheckState.GOOD, f"your token is good until {_at(token.expires_at)}")
    )
    try:
        connections = usable(workplace)
    except AbeyanceError as error:
        bad = CheckResult("connections", CheckState.BAD, str(error), "run `abeyance login`")
        return machine, [*found, bad]
    names = ", ".join(known.name for known in connections) or "none"
    found.append(CheckResult("connections", CheckState.GOOD, f"you may use {names}"))
    return Machine((workplace.gateway, *(known.url for known in connections))), found


def _reached(workplace: Workplace) -> list[CheckResult]:
    import httpx2  # noqa: PLC0415  it loads slowly

    try:
        answer = httpx2.get(f"{workplace.gateway}/-/healthz", timeout=_SECONDS)
    except httpx2.HTTPError as error:
        remedy = "check the address, the network and proxy settings"
        said = f"{workplace.gateway} does not answer ({error!r})"
        return [CheckResult("gateway", CheckState.BAD, said, remedy)]
    if answer.status_code != 200:
        said = f"{workplace.gateway} answers with status {answer.status_code}"
        return [CheckResult("gateway", CheckState.BAD, said, "check the address")]
    return [
        CheckResult("gateway", CheckState.GOOD, f"{workplace.gateway} answers"),
        *clock(answer.headers.get("date", ""), time.time()),
    ]


def clock(said: str, now: float) -> list[CheckResult]:
    try:
        off = now - parsedate_to_datetime(said).timestamp()
    except ValueError:
        return []
    if abs(off) <= _CLOCK_SECONDS:
        return [CheckResult("clock", CheckState.GOOD, "agrees with the gateway's")]
    found = f"this machine's clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} "
    return [
        CheckResult("clock", CheckState.BAD, f"{found}the gateway's", "set it by a time server")
    ]


def _at(seconds: float) -> str:
    if seconds == float("inf"):
        return "an unknown time"
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone():%Y-%m-%d %H:%M}"
