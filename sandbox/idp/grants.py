"""The two ways to sign in: code with PKCE (RFC 7636), and device (RFC 8628); what follows them."""

import time
from typing import Any

from authlib.oauth2 import OAuth2Request
from authlib.oauth2.rfc6749 import AuthorizationCodeGrant, ClientMixin, InvalidRequestError
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint, DeviceCodeGrant
from authlib.oidc.core import OpenIDCode, OpenIDToken, UserInfo
from joserfc.jwk import RSAKey

from sandbox.idp.authority import Authority
from sandbox.idp.claims import ACCESS_LIFETIME_S, profile
from sandbox.idp.directory import Directory
from sandbox.idp.endings import Introspection, RefreshGrant, Revocation
from sandbox.idp.given import Given, SignedIn
from sandbox.idp.issuer import Issuer
from sandbox.idp.pending import Code, DeviceRequest, Pending
from sandbox.people import Person


class CodeGrant(AuthorizationCodeGrant):
    """Authorization code, kept in the authority's `pending`."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("none", "client_secret_basic")
    server: Authority

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        asked = request.payload.data if request.payload else {}
        person = request.user
        if not isinstance(person, Person):
            raise TypeError("A code is for a person; Authlib gave none.")
        self.server.pending.add_code(
            Code(
                code=code,
                client_id=asked["client_id"],
                redirect_uri=asked["redirect_uri"],
                scope=request.scope,
                person=person,
                code_challenge=asked["code_challenge"],
                code_challenge_method=asked["code_challenge_method"],
                nonce=asked.get("nonce"),
                audience=self.server.audience(request),
            )
        )

    def query_authorization_code(self, code: str, client: ClientMixin) -> Code | None:
        return self.server.pending.find_code(code, client.get_client_id())

    def delete_authorization_code(self, authorization_code: Code) -> None:
        self.server.pending.drop_code(authorization_code.code)

    def authenticate_user(self, authorization_code: Code) -> SignedIn:
        audience = self.server.audience(self.request) or authorization_code.audience
        return SignedIn(authorization_code.person, authorization_code.get_auth_time(), audience)


class RequiredS256(CodeChallenge):
    """PKCE that cannot be left out, and not by the `plain` method."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]  # noqa: RUF012  Authlib's attribute

    def validate_code_challenge(self, grant: AuthorizationCodeGrant, redirect_uri: str) -> None:
        asked = grant.request.payload.data if grant.request.payload else {}
        if not asked.get("code_challenge") or asked.get("code_challenge_method") != "S256":
            raise InvalidRequestError(
                "Send a 'code_challenge' with 'code_challenge_method=S256'.",
                redirect_uri=redirect_uri,
            )
        super().validate_code_challenge(grant, redirect_uri)


class DeviceGrant(DeviceCodeGrant):
    """The polling side of the device flow."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)
    server: Authority

    def query_device_credential(self, device_code: str) -> DeviceRequest | None:
        return self.server.pending.find_device(device_code)

    def query_user_grant(self, user_code: str) -> tuple[SignedIn | None, bool] | None:
        device = self.server.pending.find_device_by_user_code(user_code)
        if device is None or device.approved is None:
            return None
        if device.person is None:
            return None, False
        audience = self.server.audience(self.request)
        return SignedIn(device.person, device.decided_at, audience), device.approved

    def should_slow_down(self, credential: DeviceRequest) -> bool:
        return credential.polls_too_fast()


class DeviceEndpoint(DeviceAuthorizationEndpoint):
    """The starting side of the device flow."""

    CLIENT_AUTH_METHODS = ("none",)

    def __init__(self, server: Authority, pending: Pending, verification_uri: str) -> None:
        super().__init__(server)
        self._pending = pending
        self._verification_uri = verification_uri

    def get_verification_uri(self) -> str:
        return self._verification_uri

    def save_device_credential(
        self, client_id: str, scope: str | None, data: dict[str, Any]
    ) -> None:
        self._pending.add_device(
            DeviceRequest(
                client_id=client_id,
                scope=scope,
                device_code=data["device_code"],
                user_code=data["user_code"],
                expires_at=time.time() + data["expires_in"],
                interval=data["interval"],
            )
        )


class _IdToken:
    """What Authlib asks of us to make an ID token, for either way."""

    issuer: Issuer

    def resolve_client_private_key(self, _client: ClientMixin) -> RSAKey:
        return self.issuer.keys.signing

    def get_encode_header(self, _client: ClientMixin) -> dict[str, object]:
        return self.issuer.header("JWT")

    def get_client_claims(self, client: ClientMixin) -> dict[str, object]:
        now = int(time.time())
        return {
            "iss": self.issuer.url,
            "aud": client.get_client_id(),
            "iat": now,
            "exp": now + ACCESS_LIFETIME_S,
        }

    def generate_user_info(self, user: SignedIn, scope: str) -> UserInfo:
        del scope  # the sandbox tells all it knows to whoever asks for `openid`
        return UserInfo(profile(user.person), auth_time=user.auth_time)


class CodeIdToken(_IdToken, OpenIDCode):
    """Adds `id_token` to the answer of the code flow, with the nonce that was sent."""

    def __init__(self, issuer: Issuer) -> None:
        super().__init__(require_nonce=False)
        self.issuer = issuer

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:  # noqa: ARG002
        # A person may go back and choose someone else: the same nonce comes twice, in good faith.
        return False


class PlainIdToken(_IdToken, OpenIDToken):
    """Adds `id_token` to the answer of the device flow, and of a refresh."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer


def make_authority(issuer: Issuer, directory: Directory, given: Given) -> Authority:
    """Build the authority with all that it does registered."""
    pending = Pending()
    authority = Authority(issuer, pending, directory, given)
    authority.register_grant(CodeGrant, [RequiredS256(), CodeIdToken(issuer)])
    authority.register_grant(DeviceGrant, [PlainIdToken(issuer)])
    authority.register_grant(RefreshGrant, [PlainIdToken(issuer)])
    authority.register_endpoint(Revocation)
    authority.register_endpoint(Introspection)
    device = DeviceEndpoint(authority, pending, f"{issuer.url}/device")
    authority.register_endpoint(device)  # type: ignore[arg-type]  # the stubs forget this endpoint
    return authority
