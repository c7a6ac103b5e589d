"""The options of `abeyance connection` that open what is closed for giving out credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.errors import BadRequest
from proxy.http.closed_endpoints import CLOSED, NAMES

if TYPE_CHECKING:
    from app.domain.connection import Connection

Open = Annotated[
    list[str] | None,
    typer.Option(
        "--open",
        help=f"Endpoints to open that give out credentials or administer the account: "
        f"{', '.join(NAMES)}. May be given several times.",
    ),
]
Close = Annotated[
    list[str] | None, typer.Option("--close", help="Endpoints to close again; `all` closes all.")
]
_ALL = "all"


def endpoint_changes(
    known: Connection, opened: list[str] | None, closed: list[str] | None
) -> dict[str, object]:
    """Return the field of a connection that changes. Raises BadRequest for a name of none."""
    if not opened and not closed:
        return {}
    if unknown := {*(opened or ()), *(closed or ())} - {*NAMES, _ALL} | (
        {_ALL} & {*(opened or ())}
    ):
        known_ones = "\n".join(f"  {each.name}: it {each.why}" for each in CLOSED)
        raise BadRequest(f"“{min(unknown)}” cannot be opened or closed; these can:\n{known_ones}")
    before = () if _ALL in (closed or ()) else known.open_endpoints
    after = {*before, *(opened or ())} - {*(closed or ())}
    return {"open_endpoints": tuple(name for name in NAMES if name in after)}
