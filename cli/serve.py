"""`abeyance gateway` and `abeyance bot`: the processes of production."""

from __future__ import annotations

from functools import partial

from app.logs import set_up_logs
from app.settings import load_settings
from cli.running import announce, run_until_stopped


def gateway() -> None:
    """Run the gateway: the one point on the wire."""
    from proxy.main import run_gateway  # noqa: PLC0415 - other commands start faster without it

    settings = load_settings()
    set_up_logs(settings.log_level)
    run_until_stopped(lambda stop: run_gateway(settings, stop, partial(announce, "gateway")))


def bot() -> None:
    """Run the Slack bot: it posts cards and takes decisions."""
    from bot.main import run_bot  # noqa: PLC0415 - other commands start faster without it

    settings = load_settings()
    set_up_logs(settings.log_level)
    run_until_stopped(lambda stop: run_bot(settings, stop, partial(announce, "bot")))
