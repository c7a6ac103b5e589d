"""The pages and endpoints through which a person signs in and is told apart."""

import time

from authlib.oauth2 import OAuth2Error
from joserfc import jwt
from joserfc.errors import JoseError
from quart import Blueprint, Response, jsonify, render_template, request

from sandbox.idp.authority import Authority, Incoming, Reply
from sandbox.idp.claims import AUDIENCE, profile
from sandbox.idp.clients import CLIENTS
from sandbox.idp.issuer import ALGORITHM


def code_routes(authority: Authority) -> Blueprint:
    """Sign-in by authorization code, and the token endpoint of both ways."""
    routes = Blueprint("code", __name__)

    @routes.get("/authorize")
    async def choose() -> Response | tuple[str, int]:
        incoming = await _incoming()
        try:
            grant = authority.get_consent_grant(incoming)  # type: ignore[no-untyped-call]
        except OAuth2Error as error:
            return await _refuse(authority, incoming, error)
        page = await render_template(
            "sign_in.html", people=authority.directory.people, client=grant.client
        )
        return Response(page)

    @routes.post("/authorize")
    async def chosen() -> Response | tuple[str, int]:
        incoming = await _incoming()
        person = authority.directory.find(incoming.form.get("person", ""))
        try:
            grant = authority.get_consent_grant(incoming, person)  # type: ignore[no-untyped-call]
        except OAuth2Error as error:
            return await _refuse(authority, incoming, error)
        return _answer(authority.create_authorization_response(incoming, person, grant))

    @routes.post("/token")
    async def token() -> Response:
        return _answer(authority.create_token_response(await _incoming()))

    return routes


def device_routes(authority: Authority) -> Blueprint:
    """Sign-in of a device, by a person with a browser elsewhere (RFC 8628)."""
    routes = Blueprint("device", __name__)

    @routes.post("/device_authorization")
    async def device_authorization() -> Response:
        incoming = await _incoming()
        reply = authority.create_endpoint_response(  # type: ignore[no-untyped-call]
            "device_authorization", incoming
        )
        return _answer(reply)

    @routes.get("/device")
    async def device() -> str:
        return await _device_page(authority, request.args.get("user_code", ""))

    @routes.post("/device")
    async def decide() -> tuple[str, int]:
        form = await request.form
        waiting = authority.pending.find_device_by_user_code(form.get("user_code", ""))
        person = authority.directory.find(form.get("person", ""))
        if waiting is None or waiting.approved is not None:
            problem = "No device waits with this code. Check it, or start again on the device."
            return await _device_page(authority, "", problem), 400
        waiting.person, waiting.approved = person, person is not None
        waiting.decided_at = int(time.time())
        return await render_template("done.html", person=person), 200

    return routes


def userinfo_routes(authority: Authority) -> Blueprint:
    """Who the bearer of an access token is (OpenID Connect Core 1.0, section 5.3)."""
    routes = Blueprint("userinfo", __name__)

    @routes.route("/userinfo", methods=["GET", "POST"])
    async def userinfo() -> tuple[Response, int, dict[str, str]]:
        scheme, _, presented = request.headers.get("Authorization", "").partition(" ")
        subject = _subject(authority, presented) if scheme.lower() == "bearer" else None
        person = authority.directory.with_subject(subject) if subject else None
        if person is None:
            challenge = 'Bearer error="invalid_token"'
            return jsonify(error="invalid_token"), 401, {"WWW-Authenticate": challenge}
        return jsonify(profile(person)), 200, {}

    return routes


def ending_routes(authority: Authority) -> Blueprint:
    """What becomes of tokens that were given out (RFC 7009, RFC 7662)."""
    routes = Blueprint("endings", __name__)

    @routes.post("/revoke")
    async def revoke() -> Response:
        incoming = await _incoming()
        return _answer(
            authority.create_endpoint_response("revocation", incoming)  # type: ignore[no-untyped-call]
        )

    @routes.post("/introspect")
    async def introspect() -> Response:
        incoming = await _incoming()
        return _answer(
            authority.create_endpoint_response("introspection", incoming)  # type: ignore[no-untyped-call]
        )

    return routes


async def _incoming() -> Incoming:
    return Incoming(
        request.method, request.url, request.args, await request.form, dict(request.headers)
    )


async def _refuse(
    authority: Authority, incoming: Incoming, error: OAuth2Error
) -> Response | tuple[str, int]:
    """Tell the client by redirect where its address is proven, else the person, by a page."""
    reply = authority.handle_error_response(incoming, error)
    if isinstance(reply, Reply) and reply.status == 302:
        return _answer(reply)
    reason = error.description or error.error
    return await render_template("refused.html", reason=reason), 400


def _answer(reply: object) -> Response:
    if not isinstance(reply, Reply):
        raise TypeError("Authlib answered with something that Authority did not make.")
    response = Response(reply.body) if isinstance(reply.body, str) else jsonify(reply.body)
    response.status_code = reply.status
    for name, value in reply.headers:
        response.headers[name] = value
    return response


async def _device_page(authority: Authority, user_code: str, problem: str = "") -> str:
    waiting = authority.pending.find_device_by_user_code(user_code) if user_code else None
    if user_code and waiting is None:
        problem = "No device waits with this code. Check it, or start again on the device."
    client = CLIENTS[waiting.client_id] if waiting else None
    return await render_template(
        "device.html",
        people=authority.directory.people,
        waiting=waiting,
        client=client,
        problem=problem,
    )


def _subject(authority: Authority, presented: str) -> str | None:
    """Read whose access token this is; None when it is not a good one of ours."""
    kept, issuer = authority.given.access(presented), authority.issuer
    if kept is not None and not kept.revoked and not kept.is_expired():
        return str(kept.claims["sub"])
    try:
        token = jwt.decode(presented, issuer.keys.public_set(), algorithms=[ALGORITHM])
        jwt.JWTClaimsRegistry(
            now=int(time.time()),
            iss={"essential": True, "value": issuer.url},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
        ).validate(token.claims)
    except (JoseError, ValueError):
        return None
    return str(token.claims["sub"]) if token.header.get("typ") == "at+jwt" else None
