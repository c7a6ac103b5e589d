"""`abeyance stream`: what is recorded in the ledger, for a SIEM."""

from __future__ import annotations

from app.logs import set_up_logs
from app.stream_settings import load_stream_settings
from cli.here import settings_here
from cli.processes.running import serve_until_stopped
from notary.stream.main import run_stream

_STOP_SECONDS = 15.0


def stream() -> None:
    """Send the ledger's events to a file or an address, as OCSF events (docs/siem.md)."""
    settings, own = settings_here(), load_stream_settings()
    set_up_logs(settings.log_level)
    serve_until_stopped(
        "stream",
        lambda stop, announce: run_stream(settings, own, stop, announce),
        _STOP_SECONDS,
    )
