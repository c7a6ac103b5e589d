"""`abeyance witness`: signs the heads of other people's ledgers, and no second history."""

from __future__ import annotations

import typer

from app.logs import set_up_logs
from app.notary_settings import load_witness_settings
from cli.processes.running import serve_until_stopped
from notary.witness.main import key_of, run_witness

_STOP_SECONDS = 15.0
app = typer.Typer(help="Witness ledgers, so that their notaries cannot show two histories.")


@app.callback(invoke_without_command=True)
def run(context: typer.Context) -> None:
    """Run a witness: with a key of its own, and best by somebody who does not run the notary."""
    if context.invoked_subcommand:
        return
    own = load_witness_settings()
    set_up_logs(own.log_level)
    serve_until_stopped(
        "witness", lambda stop, announce: run_witness(own, stop, announce), _STOP_SECONDS
    )


@app.command()
def key() -> None:
    """Print the public key, for notaries and auditors; make it where there is none."""
    typer.echo(str(key_of(load_witness_settings()).public))
