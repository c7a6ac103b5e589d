"""What no real provider has: tokens for the asking, odd tokens, faults. All below `/sandbox/`."""

import time
from dataclasses import asdict, fields, replace
from secrets import token_urlsafe

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from quart import Blueprint, Response, jsonify, request

from sandbox.idp.claims import Claims, access_claims, ci_claims
from sandbox.idp.directory import Directory
from sandbox.idp.given import Given
from sandbox.idp.issuer import Issuer, JwksMode
from sandbox.idp.odd import KeyChoice, sign_oddly
from sandbox.people import CiJob

CI_FIELDS = frozenset(field.name for field in fields(CiJob))


class Order(BaseModel):
    """A token to make. A claim or header member set to null is left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    issuer: str = "people"
    person: str = "alice"
    claims: dict[str, object] = Field(default_factory=dict)
    header: dict[str, object] = Field(default_factory=dict)
    expires_in: int | None = None
    key: KeyChoice = KeyChoice.OK
    opaque: bool = False


class Switch(BaseModel):
    """How one issuer's key set answers from now on."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    issuer: str = "people"
    mode: JwksMode


class Rotation(BaseModel):
    """Which issuer takes a new key, and whether the former stays published."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    issuer: str = "people"
    keep_old: bool = True


class Mistake(Exception):
    """The caller asked for something that is not there; the text says what is."""


class Issuers:
    """The issuers by their names, `people` and `ci`."""

    def __init__(self, *issuers: Issuer) -> None:
        self.all = {issuer.name: issuer for issuer in issuers}

    def named(self, name: str) -> Issuer:
        """Find one; raises Mistake when there is none of this name."""
        if name not in self.all:
            raise Mistake(f"No issuer {name!r}; there are: {', '.join(self.all)}.")
        return self.all[name]


def token_routes(issuers: Issuers, directory: Directory, given: Given) -> Blueprint:
    """Tokens for the asking: good ones by GET, any other by POST."""
    routes = _blueprint("tokens")

    @routes.get("/token/ci")
    async def ci_token() -> Response:
        issuer = issuers.named("ci")
        claims = ci_claims(issuer.url, _job(request.args.to_dict()), int(time.time()))
        return _text(issuer.sign(claims, "JWT"))

    @routes.get("/token/<person>")
    async def person_token(person: str) -> Response:
        issuer = issuers.named("people")
        return _text(issuer.sign(_about(issuer, directory, person), "at+jwt"))

    @routes.post("/token")
    async def odd_token() -> Response:
        order = Order.model_validate_json(await request.get_data() or b"{}")
        return _text(_mint(issuers.named(order.issuer), order, directory, given))

    @routes.get("/people")
    async def people() -> Response:
        return jsonify([asdict(person) for person in directory.people])

    return routes


def fault_routes(issuers: Issuers) -> Blueprint:
    """Faults of the key set, key rotation, and how often each document was fetched."""
    routes = _blueprint("faults")

    @routes.put("/jwks")
    async def switch() -> Response:
        wanted = Switch.model_validate_json(await request.get_data())
        issuers.named(wanted.issuer).set_mode(wanted.mode)
        return jsonify(wanted.model_dump())

    @routes.post("/keys/rotate")
    async def rotate() -> Response:
        wanted = Rotation.model_validate_json(await request.get_data() or b"{}")
        issuer = issuers.named(wanted.issuer)
        issuer.keys.rotate(keep_old=wanted.keep_old)
        return jsonify(kid=issuer.keys.signing.kid)

    @routes.get("/fetches")
    async def fetches() -> Response:
        return jsonify({name: dict(issuer.fetches) for name, issuer in issuers.all.items()})

    return routes


def _blueprint(name: str) -> Blueprint:
    routes = Blueprint(name, __name__, url_prefix="/sandbox")

    @routes.errorhandler(ValidationError)
    async def misread(error: ValidationError) -> tuple[Response, int]:
        return _text(str(error)), 400

    @routes.errorhandler(Mistake)
    async def mistaken(error: Mistake) -> tuple[Response, int]:
        return _text(str(error)), 404

    return routes


def _about(issuer: Issuer, directory: Directory, key: str) -> Claims:
    person = directory.find(key)
    if person is None:
        keys = ", ".join(each.key for each in directory.people)
        raise Mistake(f"No person {key!r}; there are: {keys}.")
    return access_claims(issuer.url, person, int(time.time()))


def _job(changes: dict[str, str]) -> CiJob:
    unknown = changes.keys() - CI_FIELDS
    if unknown:
        raise Mistake(f"A CI job has no {sorted(unknown)}; it has: {', '.join(sorted(CI_FIELDS))}.")
    return replace(CiJob(), **changes)


def _mint(issuer: Issuer, order: Order, directory: Directory, given: Given) -> str:
    now = int(time.time())
    typ = "JWT" if issuer.name == "ci" else "at+jwt"
    if issuer.name == "ci":
        claims = ci_claims(issuer.url, CiJob(), now)
    else:
        claims = _about(issuer, directory, order.person)
    if order.expires_in is not None:
        claims["exp"] = now + order.expires_in
    if order.opaque:
        token, claims = f"at-{token_urlsafe(24)}", _merge(claims, order.claims)
        given.keep_access(token, str(claims.get("client_id", "")), claims)
        return token
    header = issuer.header(typ)
    if order.key is KeyChoice.HS256:
        header["alg"] = "HS256"
    elif order.key is KeyChoice.NONE:
        header["alg"] = "none"
    return sign_oddly(issuer, _merge(header, order.header), _merge(claims, order.claims), order.key)


def _merge(base: dict[str, object], changes: dict[str, object]) -> dict[str, object]:
    merged = {**base, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def _text(body: str) -> Response:
    return Response(body, content_type="text/plain; charset=utf-8")
