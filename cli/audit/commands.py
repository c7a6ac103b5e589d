"""`abeyance audit`: prove that the record was not changed, also where nothing of it is.

Verifying a bundle imports nothing of the server: an auditor installs this package alone.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.server_parts import imported_for

app = typer.Typer(help="Verify and export the record.", no_args_is_help=True)

_Keys = Annotated[
    Path | None,
    typer.Option("--keys", help="The notary's public keys (`abeyance notary key`), one a line."),
]
_Anchors = Annotated[
    Path | None,
    typer.Option("--anchors", help="Signed heads that were kept elsewhere, in any text."),
]
_Witnesses = Annotated[
    Path | None,
    typer.Option("--witnesses", help="The keys of witnesses (`abeyance witness key`), one a line."),
]
_Quorum = Annotated[
    int | None,
    typer.Option("--quorum", min=1, help="How many of them have to have signed; default: most."),
]


@app.command()
def verify(  # noqa: PLR0913 - each is an option of the command
    bundle: Annotated[
        Path | None, typer.Argument(help="What `abeyance audit export` wrote.")
    ] = None,
    keys: _Keys = None,
    anchors: _Anchors = None,
    witnesses: _Witnesses = None,
    quorum: _Quorum = None,
    *,
    contents: Annotated[
        bool, typer.Option(help="Look at what is stored of each session, too.")
    ] = True,
    decisions: Annotated[
        bool, typer.Option(help="Decide recorded requests again; of the database alone.")
    ] = True,
    resume: Annotated[bool, typer.Option(help="Go on where the last run was interrupted.")] = True,
) -> None:
    """Verify a bundle, or the database where none is given.

    Ends with 0 if all is in order, with 1 if something is wrong, and with 2 if it could not look.
    """
    from cli.audit.offline import read_quorum, verify_file  # noqa: PLC0415 - only where needed

    needed = read_quorum(witnesses, quorum)
    if bundle is not None:
        sys.exit(verify_file(bundle, keys, anchors, needed))
    with imported_for("`abeyance audit verify` without a bundle"):
        from cli.audit.online import verify_database  # noqa: PLC0415
    sys.exit(
        verify_database(
            keys, anchors, needed, contents=contents, resume=resume, decisions=decisions
        )
    )


@app.command()
def export(
    bundle: Annotated[Path, typer.Argument(help="The file to write.")],
    session: Annotated[
        list[str] | None,
        typer.Option("--session", help="Only this session, and what released it. Repeatable."),
    ] = None,
    anchors: Annotated[
        Path | None,
        typer.Option(help="Prove single sessions by the newest head in this file."),
    ] = None,
    *,
    contents: Annotated[
        bool, typer.Option(help="Put what was sent and answered into it, too.")
    ] = True,
) -> None:
    """Write the record into one file, which `abeyance audit verify` takes anywhere."""
    with imported_for("`abeyance audit export`"):
        from cli.audit.exporting import export_to  # noqa: PLC0415
    export_to(bundle, session or [], anchors, contents=contents)


@app.command()
def roles() -> None:
    """Print the database roles with which nobody can change the ledger, for `mongosh`."""
    with imported_for("`abeyance audit roles`"):
        from cli.audit.roles import print_script  # noqa: PLC0415
    print_script()
