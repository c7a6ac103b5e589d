"""`abeyance login` and `abeyance logout`: a sign-in that is kept, and renews its tokens itself.

Tools run `abeyance login --print` again and again, so what only a sign-in needs is imported there.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from app.errors import NotAuthenticated, NotPermitted
from workstation.sign_in.claims import claims_of
from workstation.sign_in.tokens import tokens_of
from workstation.workplace import (
    AUDIENCE,
    CLIENT_ID,
    Workplace,
    ask_workplace,
    find_workplace,
    gateway_url,
    save_workplace,
    saved_gateway,
)

if TYPE_CHECKING:
    from workstation.sign_in.session import SignInSession

Issuer = Annotated[
    str,
    typer.Option(
        help="Your identity provider, if not the one that the gateway names.",
        envvar="ABEYANCE_LOGIN_ISSUER",
    ),
]
ClientId = Annotated[
    str, typer.Option(help="The client registered there.", envvar="ABEYANCE_LOGIN_CLIENT_ID")
]
Audience = Annotated[
    str, typer.Option(help="What the token is for.", envvar="ABEYANCE_LOGIN_AUDIENCE")
]
GatewayArgument = Annotated[
    str,
    typer.Argument(
        help="The gateway's URL; if not given, the one that you signed in to last.",
        envvar="ABEYANCE_GATEWAY_URL",
    ),
]


def login(
    gateway: GatewayArgument = "",
    issuer: Issuer = "",
    client_id: ClientId = "",
    audience: Audience = "",
    print_token: Annotated[  # noqa: FBT002
        bool,
        typer.Option(
            "--print",
            help="Print an access token that is good now, and nothing else: for scripts, and for "
            "`export OPENAI_API_KEY=$(abeyance login --print)`.",
        ),
    ] = False,
    device: Annotated[  # noqa: FBT002
        bool, typer.Option("--device", help="Sign in with a browser on another machine.")
    ] = False,
) -> None:
    """Sign in. Tokens are renewed by themselves until you sign out."""
    # Only a token goes to standard output, so that the shell can take it.
    console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
    workplace = workplace_of(gateway, issuer, client_id, audience, asked=not print_token)
    if print_token:
        typer.echo(_good_now(workplace, console, device=device))
        return
    session = _sign_in(workplace, console, device=device)
    console.print(_welcome(workplace, session.access_token))
    if not session.refresh_token and not session.in_keyring:
        console.print(
            "Your identity provider gave no refresh token, so this ends when the token does: ask "
            f"its administrator to let the client {workplace.client_id} have `offline_access`."
        )


def logout(
    gateway: GatewayArgument = "",
    issuer: Issuer = "",
    client_id: ClientId = "",
    audience: Audience = "",
) -> None:
    """Sign out: forget the sign-in, and end it at the identity provider."""
    console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
    workplace = workplace_of(gateway, issuer, client_id, audience)
    from workstation.sign_in.signing_in import sign_out  # noqa: PLC0415

    there = sign_out(workplace)
    console.print("You are signed out." if there else "You were not signed in.")


def workplace_of(
    gateway: str, issuer: str, client_id: str, audience: str, *, asked: bool = False
) -> Workplace:
    """Return where to sign in, as the options say; each fills in what is not given.

    `asked` goes by what the gateway says now, not by what it said last time. Without a gateway, an
    issuer will do: it gives tokens for any tool that can hold one.
    """
    if issuer:
        url = gateway or saved_gateway()
        found = Workplace(url and gateway_url(url), issuer, CLIENT_ID, AUDIENCE)
    else:
        found = find_workplace(gateway)
        if asked:
            found = ask_workplace(found.gateway)
    return replace(
        found, client_id=client_id or found.client_id, audience=audience or found.audience
    )


def _good_now(workplace: Workplace, console: Console, *, device: bool) -> str:
    """Return a token; whoever is not signed in signs in, if there is a person to do it."""
    try:
        return tokens_of(workplace).current().value
    except NotAuthenticated:
        if not sys.stderr.isatty():
            raise
    return _sign_in(workplace, console, device=device).access_token


def _sign_in(workplace: Workplace, console: Console, *, device: bool) -> SignInSession:
    from workstation.sign_in.signing_in import sign_in  # noqa: PLC0415

    session = sign_in(workplace, console.print, device=device)
    if workplace.gateway:
        save_workplace(workplace)
    return session


def _welcome(workplace: Workplace, token: str) -> str:
    """Say who has signed in, as the gateway sees it. Raises NotAuthenticated where it does not."""
    if not workplace.gateway:
        advice = _advice(workplace, token)
        return f"You are signed in. {advice}" if advice else "You are signed in."
    from cli.gateway import Gateway  # noqa: PLC0415

    with Gateway(workplace.gateway, token) as gateway:
        try:
            who = gateway.ask("GET", "/-/whoami")
        except NotPermitted as error:
            advice = _advice(workplace, token)
            raise NotAuthenticated(f"You signed in, but {error} {advice}".strip()) from error
    return f"You are signed in to {workplace.gateway} as {who['name']}."


def _advice(workplace: Workplace, token: str) -> str:
    """Say what is wrong with a token, as far as it shows."""
    claims = claims_of(token)
    wanted = workplace.audience
    if claims is None:
        return (
            "Your identity provider gave an opaque access token: text that only the provider can "
            "read, and that it gives where it knows of no API that the token is for. Register the "
            f"API “{wanted}” there, or name another with --audience (ABEYANCE_LOGIN_AUDIENCE; a "
            "URI is sent as `resource` too). Or let the gateway ask the provider about tokens: "
            "`introspection_client_id` in ABEYANCE_ISSUERS."
        )
    audience = claims.get("aud", [])
    audiences = [audience] if isinstance(audience, str) else list(audience)
    if wanted not in audiences:
        named = ", ".join(map(str, audiences)) or "nobody"
        return (
            f"The token is for {named}, not for {wanted}: name the API with --audience "
            "(ABEYANCE_LOGIN_AUDIENCE)."
        )
    return ""
