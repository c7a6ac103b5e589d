"""The `abeyance` command.

Each command is imported when it is asked for: whoever signs in loads nothing of the server, which
need not be installed on a workstation.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module, metadata
from typing import Annotated

import typer

from cli.failures import told_in_words
from cli.server_parts import imported_for


@dataclass(frozen=True, slots=True)
class Command:
    """Where a command stands: a function, or a group of commands where it is called `app`."""

    place: str
    help: str
    starts_another: bool = False
    """Whether what follows its own options belongs to another program."""


COMMANDS = {
    "up": Command("cli.processes.up:up", "Start everything on this machine and say what to try."),
    "fleet": Command(
        "cli.workstation.fleet:fleet", "Print the managed files for all machines of a company."
    ),
    "gateway": Command("cli.processes.serve:gateway", "Run the gateway."),
    "audit": Command("cli.audit.commands:app", "Verify and export the record."),
    "bot": Command("cli.processes.serve:bot", "Run the Slack bot."),
    "doctor": Command("cli.doctor.commands:doctor", "Look at everything that must be there."),
    "login": Command("cli.login:login", "Sign in; tokens renew themselves from then on."),
    "logout": Command("cli.login:logout", "Sign out."),
    "link": Command("cli.link:link", "Link your Slack account to your sign-in."),
    "connection": Command("cli.connection.commands:app", "Manage the upstreams."),
    "env": Command("cli.workstation.env:env", "Print what a tool needs, for a shell."),
    "exec": Command(
        "cli.workstation.exec:exec_", "Run a tool through the gateway.", starts_another=True
    ),
    "grant": Command("cli.holds.grant:app", "See and end grants: approvals for a time."),
    "hold": Command("cli.holds.hold:app", "See and decide on held requests in a terminal."),
    "hook": Command(
        "cli.workstation.hook:app", "Ask the gateway before an agent acts, by its hooks."
    ),
    "key": Command("cli.keys.key:app", "Make keys for tools that can hold nothing else."),
    "notary": Command("cli.notary:app", "Sign the ledger, so that changes to it are noticed."),
    "person": Command("cli.retention.person:app", "Erase what is recorded of a person."),
    "purge": Command("cli.retention.purge:purge", "Remove content that is past its time."),
    "record": Command("cli.retention.record:app", "Manage the keys that seal the record."),
    "policy": Command("cli.policy.commands:app", "Check, try and rehearse the rules."),
    "session": Command("cli.sessions.commands:app", "Find and read recorded sessions."),
    "setup": Command(
        "cli.workstation.setup:setup", "Configure a tool to use the gateway for good."
    ),
    "slack": Command("cli.slack:app", "Connect a Slack workspace."),
    "stream": Command("cli.stream:stream", "Send the ledger's events to a SIEM."),
    "witness": Command("cli.witness:app", "Witness other people's ledgers."),
    "trust": Command("cli.holds.trust:app", "See and end trusted texts."),
}


def main() -> None:
    """Run the command; what went wrong is told in words, without a traceback."""
    with told_in_words():
        command_line(sys.argv[1:])()


def command_line(arguments: list[str]) -> typer.Typer:
    """Return the commands, of which only the one that is asked for is loaded."""
    app = typer.Typer(
        name="abeyance",
        help="Hold risky requests to AI model APIs until a manager says yes.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # To import Rich takes longer than all else that `--help` does.
    )
    app.callback()(_options)
    asked = next((word for word in arguments if not word.startswith("-")), "")
    for name, command in COMMANDS.items():
        if name == asked:
            _add(app, name, command)
        else:
            app.command(name=name, help=command.help)(_nothing)
    return app


def _add(app: typer.Typer, name: str, command: Command) -> None:
    module, _, member = command.place.partition(":")
    with imported_for(f"`abeyance {name}`"):
        found = getattr(import_module(module), member)
    if isinstance(found, typer.Typer):
        app.add_typer(found, name=name)
    else:
        settings = {"allow_interspersed_args": False} if command.starts_another else None
        app.command(name=name, context_settings=settings)(found)


def _show_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"abeyance {metadata.version('abeyance')}")
        raise typer.Exit


_Version = Annotated[
    bool,
    typer.Option(
        "--version",
        callback=lambda wanted: _show_version(wanted=wanted),
        is_eager=True,
        help="Show the version and exit.",
    ),
]


def _options(*, version: _Version = False) -> None:
    """Take the options that stand before a command."""


def _nothing() -> None:
    pass
