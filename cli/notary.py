"""`abeyance notary`: signs the ledger, so that nobody can change it unnoticed."""

from __future__ import annotations

import typer
from rich.console import Console

from app.audit.proof.notes import PrivateKey
from app.errors import BadSettings
from app.logs import set_up_logs
from app.notary_settings import load_notary_settings
from cli.here import settings_here
from cli.processes.running import serve_until_stopped
from notary.book import Book, OpenBook, has_book, write_key
from notary.main import key_file, key_of, run_notary

_STOP_SECONDS = 15.0
app = typer.Typer(help="Sign the ledger, so that changes to it are noticed.")


@app.callback(invoke_without_command=True)
def run(context: typer.Context) -> None:
    """Run the notary: a process of its own, with a key of its own."""
    if context.invoked_subcommand:
        return
    settings, own = settings_here(), load_notary_settings()
    set_up_logs(settings.log_level)
    serve_until_stopped(
        "notary",
        lambda stop, announce: run_notary(settings, own, stop, announce),
        _STOP_SECONDS,
    )


@app.command()
def key() -> None:
    """Print the public keys, for those who verify; make the key where there is none."""
    own = load_notary_settings()
    if not has_book(own.notary_folder):
        OpenBook(own.notary_folder, key_of(own)).close()
    typer.echo(Book(own.notary_folder).keys(), nl=False)


@app.command()
def rotate() -> None:
    """Sign with a new key from here on; the old one signs that it is so."""
    own = load_notary_settings()
    if own.notary_key.get_secret_value():
        raise BadSettings("Keep the key in a file (ABEYANCE_NOTARY_KEY_FILE) to change it.")
    old, path = key_of(own), key_file(own)
    new = PrivateKey.new(old.name)
    beside = path.with_name(f"{path.name}.new")
    write_key(beside, new)
    book = OpenBook(own.notary_folder, old)
    book.rotate(new)
    book.close()
    beside.replace(path)
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{new.public.short}[/] signs all heads above {book.size} entries.")
    console.print("The old key was overwritten. Give auditors the new public key:")
    typer.echo(str(new.public))
