"""`abeyance gateway` and `abeyance bot`: the processes of production."""

from __future__ import annotations

from app.logs import set_up_logs
from app.settings import load_settings
from cli.processes.running import serve_until_stopped

_GATEWAY_SECONDS = 8.0
_BOT_SECONDS = 12.0
"""What the end of each may take beside the drain: the last calls, records and closings."""


def gateway() -> None:
    """Run the gateway: the one point on the wire."""
    from proxy.main import run_gateway  # noqa: PLC0415 - other commands start faster without it

    settings = load_settings()
    set_up_logs(settings.log_level)
    serve_until_stopped(
        "gateway",
        lambda stop, announce: run_gateway(settings, stop, announce),
        settings.drain_seconds + _GATEWAY_SECONDS,
    )


def bot() -> None:
    """Run the Slack bot: it posts cards and takes decisions."""
    from bot.main import run_bot  # noqa: PLC0415 - other commands start faster without it

    settings = load_settings()
    set_up_logs(settings.log_level)
    serve_until_stopped(
        "bot", lambda stop, announce: run_bot(settings, stop, announce), _BOT_SECONDS
    )
