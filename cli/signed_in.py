"""Commands that ask the gateway for somebody who has signed in a moment ago."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import typer

from cli.gateway import Gateway, signed_in
from cli.login import workplace_of

Json: TypeAlias = dict[str, Any]
Token = Annotated[
    str,
    typer.Option(
        help="A token from a sign-in of the last 15 minutes, so that you sign in once for "
        "several commands.",
        envvar="ABEYANCE_TOKEN",
    ),
]


@dataclass(frozen=True, slots=True)
class SigningIn:
    """What the command line and the environment say of the gateway, and of who types."""

    gateway: str
    issuer: str
    client_id: str
    audience: str
    token: str

    def ask(self, method: str, path: str, body: Json | None = None) -> Json:
        """Send a request to the gateway as the person who has signed in. Raises AbeyanceError."""
        workplace = workplace_of(self.gateway, self.issuer, self.client_id, self.audience)
        # Who decides has signed in a moment ago: agents may get at a token that was kept.
        token = self.token or signed_in(workplace, lately=True)
        with Gateway(workplace.gateway, token) as gateway:
            return gateway.ask(method, path, body)
