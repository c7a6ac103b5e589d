"""The database roles of each process, as a script for `mongosh`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from app.settings import load_settings
from app.storage.roles import AUDITOR, NOTARY, OF_EACH, PURGING, SERVING, STREAM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HEAD = """\
// The roles of Abeyance. Run it as an administrator: mongosh URI roles.js
// With the role of gateway and bot, what is in the ledger cannot be changed or deleted.
// Only the role of `abeyance purge` removes content; its tombstones stay in the ledger.
// The notary and `abeyance audit` only read.
"""


def print_script() -> None:
    """Raises BadSettings."""
    typer.echo(script(load_settings().mongodb_database), nl=False)


def script(database: str) -> str:
    serving = {name: (*actions, *OF_EACH) for name, actions in SERVING.items()}
    roles = {
        "abeyanceServing": serving,
        "abeyancePurging": PURGING,
        "abeyanceNotary": NOTARY,
        "abeyanceAuditor": AUDITOR,
        "abeyanceStream": STREAM,
    }
    parts = [_role(database, name, collections) for name, collections in roles.items()]
    return _HEAD + "".join(parts)


def _role(database: str, name: str, collections: Mapping[str, Sequence[str]]) -> str:
    privileges = ",\n".join(
        f"    {{resource: {{db: {json.dumps(database)}, collection: {json.dumps(collection)}}}, "
        f"actions: {json.dumps(list(actions))}}}"
        for collection, actions in collections.items()
    )
    return (
        f"\ndb.getSiblingDB({json.dumps(database)}).createRole({{\n"
        f'  role: "{name}", roles: [], privileges: [\n{privileges}\n  ]\n}})\n'
    )
