"""Refreshing, revoking and asking about tokens (RFC 6749 section 6, RFC 7009, RFC 7662)."""

from typing import Any

from authlib.oauth2 import OAuth2Request
from authlib.oauth2.rfc6749 import ClientMixin, RefreshTokenGrant
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from sandbox.idp.authority import Authority
from sandbox.idp.clients import GATEWAY_CLIENT
from sandbox.idp.given import Access, Family, SignedIn


class RefreshGrant(RefreshTokenGrant):
    """Renews what a person has signed in for, until they have left."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("none", "client_secret_basic")
    INCLUDE_NEW_REFRESH_TOKEN = True
    server: Authority

    def authenticate_refresh_token(  # type: ignore[override]  # Authlib reads None as no token
        self, refresh_token: str
    ) -> Family | None:
        family = self.server.given.family(refresh_token)
        # Authlib asks for the person too late: then it is no `invalid_grant`.
        return family if family and self.server.directory.find(family.person) else None

    def authenticate_user(self, refresh_token: Family) -> SignedIn | None:
        person = self.server.directory.find(refresh_token.person)
        if person is None:
            return None
        audience = self.server.audience(self.request) or refresh_token.audience
        return SignedIn(person, refresh_token.auth_time, audience, refresh_token)

    def revoke_old_credential(self, refresh_token: object) -> None:
        """Nothing: the family knows which of its tokens is the last."""


class Revocation(RevocationEndpoint):
    """Ends a refresh token with its family, or one access token."""

    CLIENT_AUTH_METHODS = ("none", "client_secret_basic")
    server: Authority

    def query_token(self, token_string: str, token_type_hint: str | None) -> Family | Access | None:
        del token_type_hint
        given = self.server.given
        return given.family(token_string) or given.access(token_string)

    def revoke_token(self, token: Family | Access, request: OAuth2Request) -> None:
        del request
        token.revoked = True


class Introspection(IntrospectionEndpoint):
    """Tells the gateway, and nobody else, what an access token says."""

    CLIENT_AUTH_METHODS = ("client_secret_basic",)
    server: Authority

    def check_permission(self, token: Access, client: ClientMixin, request: OAuth2Request) -> bool:
        del token, request
        return client.get_client_id() == GATEWAY_CLIENT

    def query_token(self, token_string: str, token_type_hint: str | None) -> Access | None:
        del token_type_hint
        return self.server.given.access(token_string)

    def introspect_token(self, token: Access) -> dict[str, Any]:
        self.server.issuer.fetches["introspection"] += 1
        return {"active": True, "token_type": "Bearer", **token.claims}
