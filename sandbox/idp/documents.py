"""Discovery and key sets, for each issuer."""

from quart import Blueprint, Response, jsonify

from sandbox.idp.claims import ALL_SCOPES
from sandbox.idp.issuer import ALGORITHM, Issuer, JwksMode

DISCOVERY = "/.well-known/openid-configuration"
JWKS = "/.well-known/jwks.json"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def document_routes(issuer: Issuer, *, signs_people_in: bool) -> Blueprint:
    """Routes below the issuer's own path, as OpenID Connect Discovery 1.0 (section 4) wants."""
    routes = Blueprint(f"{issuer.name}-documents", __name__)

    @routes.get(DISCOVERY)
    async def discovery() -> Response:
        issuer.fetches["discovery"] += 1
        return jsonify(_describe(issuer, signs_people_in=signs_people_in))

    @routes.get(JWKS)
    async def jwks() -> tuple[Response, int]:
        issuer.fetches["jwks"] += 1
        await issuer.stall()
        if issuer.mode is JwksMode.ERROR:
            return jsonify(error="server_error"), 500
        return jsonify(issuer.keys.published()), 200

    return routes


def _describe(issuer: Issuer, *, signs_people_in: bool) -> dict[str, object]:
    common: dict[str, object] = {
        "issuer": issuer.url,
        "jwks_uri": f"{issuer.url}{JWKS}",
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "subject_types_supported": ["public"],
    }
    if not signs_people_in:
        return {**common, "response_types_supported": ["id_token"], "scopes_supported": ["openid"]}
    return {
        **common,
        "authorization_endpoint": f"{issuer.url}/authorize",
        "device_authorization_endpoint": f"{issuer.url}/device_authorization",
        "token_endpoint": f"{issuer.url}/token",
        "userinfo_endpoint": f"{issuer.url}/userinfo",
        "revocation_endpoint": f"{issuer.url}/revoke",
        "introspection_endpoint": f"{issuer.url}/introspect",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", DEVICE_GRANT],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
        "scopes_supported": list(ALL_SCOPES),
        "claims_supported": ["sub", "name", "email", "email_verified", "groups"],
    }
