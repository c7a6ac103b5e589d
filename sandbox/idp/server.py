"""The identity provider as one server: people at its root, CI below `/ci`."""

import asyncio
from pathlib import Path

from quart import Quart, Response, render_template

from sandbox.idp.conveniences import Issuers, fault_routes, token_routes
from sandbox.idp.directory import Directory
from sandbox.idp.documents import document_routes
from sandbox.idp.given import Given
from sandbox.idp.grants import make_authority
from sandbox.idp.issuer import Issuer
from sandbox.idp.keys import KeyRing
from sandbox.idp.personnel import personnel_routes
from sandbox.idp.sign_in import code_routes, device_routes, ending_routes, userinfo_routes
from sandbox.serving import Listener, serve

CI_PATH = "/ci"


def make_app(url: str, data: Path) -> Quart:
    """Build the provider for the address `url`; its keys are kept in `data`/idp."""
    people = Issuer("people", url, KeyRing(data / "idp" / "people.json"))
    ci = Issuer("ci", f"{url}{CI_PATH}", KeyRing(data / "idp" / "ci.json"))
    app = Quart(__name__)
    app.register_blueprint(document_routes(people, signs_people_in=True))
    app.register_blueprint(document_routes(ci, signs_people_in=False), url_prefix=CI_PATH)
    directory, given, issuers = Directory(), Given(), Issuers(people, ci)
    authority = make_authority(people, directory, given)
    app.register_blueprint(code_routes(authority))
    app.register_blueprint(device_routes(authority))
    app.register_blueprint(userinfo_routes(authority))
    app.register_blueprint(ending_routes(authority))
    app.register_blueprint(token_routes(issuers, directory, given))
    app.register_blueprint(personnel_routes(directory, given))
    app.register_blueprint(fault_routes(issuers))

    @app.get("/")
    async def home() -> str:
        return await render_template(
            "home.html", people=directory.people, issuer=url, ci_issuer=ci.url
        )

    @app.after_request
    async def forbid_framing(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    return app


async def run(listener: Listener, data: Path, shutdown: asyncio.Event) -> None:
    """Serve until `shutdown` is set."""
    await serve(make_app(listener.url, data), listener, shutdown)
