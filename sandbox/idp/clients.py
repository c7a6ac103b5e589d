"""The applications that people may sign in to, all on this machine; one keeps a secret."""

import hmac
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc8628 import DEVICE_CODE_GRANT_TYPE

from sandbox.idp.claims import ALL_SCOPES, SCOPES

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
GATEWAY_CLIENT = "abeyance-gateway"
# Odd characters on purpose: they must be escaped on their way (RFC 6749, section 2.3.1).
GATEWAY_SECRET = "sandbox:secret/of%2Bthe+gateway"


@dataclass(frozen=True, slots=True)
class Client(ClientMixin):
    """An application. One without a secret is proved by PKCE alone (RFC 8252, section 8.1)."""

    client_id: str
    title: str
    grant_types: tuple[str, ...]
    secret: str = ""
    redirect_path: str = ""
    """Where people are sent back to; empty: anywhere on this machine."""

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        return ""

    def get_allowed_scope(self, scope: Collection[str] | str | None) -> str:
        """Narrow what is asked for to what there is; nothing asked means everything."""
        asked = scope.split() if isinstance(scope, str) else list(scope or SCOPES)
        return " ".join(each for each in asked if each in ALL_SCOPES)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Allow any port of the loopback interface (RFC 8252, section 7.3)."""
        try:
            target = urlsplit(redirect_uri)
        except ValueError:
            return False
        plain = not (target.username or target.password or target.fragment)
        expected = not self.redirect_path or target.path == self.redirect_path
        return target.scheme == "http" and target.hostname in LOOPBACK and plain and expected

    def check_client_secret(self, client_secret: str) -> bool:
        return bool(self.secret) and hmac.compare_digest(
            self.secret.encode(), client_secret.encode()
        )

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002  Authlib's signature
        return method == ("client_secret_basic" if self.secret else "none")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grant_types


CLIENTS = {
    client.client_id: client
    for client in (
        Client(
            "abeyance-cli",
            "the abeyance command",
            ("authorization_code", "refresh_token", DEVICE_CODE_GRANT_TYPE),
        ),
        Client("abeyance-console", "the Abeyance console", ("authorization_code",)),
        Client(
            GATEWAY_CLIENT,
            "Abeyance",
            ("authorization_code", "refresh_token"),
            secret=GATEWAY_SECRET,
            redirect_path="/-/sign-in/callback",
        ),
    )
}
