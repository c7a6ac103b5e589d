"""Settings: read from the environment once, checked together, frozen.

Each process asks for what it needs (`require`), so that one message names all that is missing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self, TypeVar

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.errors import BadSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

S = TypeVar("S", bound=BaseSettings)
_MIB = 1024 * 1024
# A sign-in over plain HTTP could be read on the way, except on this machine.
_PUBLIC_URL = (
    r"^(https://[\w.-]+(:\d+)?|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)(/[\w./-]*)?$|^$"
)
POLICIES = Path(__file__).parent.parent / "policies"


class SlackMode(StrEnum):
    SOCKET = "socket"
    HTTP = "http"


class IssuerSettings(BaseModel):
    """An identity provider that we trust, chosen by the exact `iss` of a token."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str
    audience: str = "abeyance"
    kind: str = Field(default="person", pattern="^(person|workload)$")
    jwks_uri: str = ""
    """Where its keys are, if not where its discovery document says."""
    scopes: tuple[str, ...] = ()
    """What is asked for besides at a sign-in, where the issuer gives tokens for an API by a scope,
    such as `api://abeyance/.default`."""
    introspection_client_id: str = ""
    introspection_client_secret: SecretStr = SecretStr("")
    """The client as which the gateway asks the issuer about opaque tokens (RFC 7662); without it,
    a token is a JSON Web Token."""
    signed_in_by: str = Field(default="auth_time", pattern="^(auth_time|iat)$")
    """The claim that says when a person signed in, for decisions that need a recent sign-in. `iat`
    is only for issuers that renew no tokens: it is new in each that is renewed."""
    repositories: tuple[str, ...] = ()
    """Of a workload issuer: whose jobs may ask, such as `acme/*`; everybody's CI shares it."""

    @model_validator(mode="after")
    def _introspects_with_a_secret(self) -> Self:
        if bool(self.introspection_client_id) != bool(
            self.introspection_client_secret.get_secret_value()
        ):
            raise ValueError("introspection needs a client's id and its secret")
        return self

    @model_validator(mode="after")
    def _names_repositories(self) -> Self:
        if self.kind == "workload" and not self.repositories:
            raise ValueError("a workload issuer names the repositories whose jobs may ask")
        return self


class RouteSettings(BaseModel):
    """Where the cards of some requests go; all that is given must fit, by globs.

    `channel` is a name or an id, or `dm`: each approver by themselves.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: str = Field(min_length=1)
    connections: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """Teams of the requester, as the identity provider names them."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="ABEYANCE_", env_file=None, frozen=True, extra="ignore", populate_by_name=True
    )

    mongodb_uri: SecretStr = Field(
        default=SecretStr(""),
        validation_alias=AliasChoices("MONGODB_URI", "ABEYANCE_MONGODB_URI"),
    )
    mongodb_database: str = "abeyance"
    vault_key: SecretStr = SecretStr("")
    record_keys: SecretStr = SecretStr("")
    """What seals the record, as `id:key`, the newest first; else a key derived from the vault's."""
    record_keys_file: Path | None = None
    """The same in a file, one a line."""
    transit_url: str = Field(default="", pattern=_PUBLIC_URL)
    """A key service that seals the record: Vault or OpenBao, with its Transit engine."""
    transit_mount: str = Field(default="transit", pattern=r"^\w[\w/.-]*$")
    """The path that the engine is mounted at."""
    transit_key: str = Field(default="abeyance", pattern=r"^\w[\w.-]*$")
    transit_namespace: str = Field(default="", pattern=r"^[\w/.-]*$")
    transit_token_file: Path | None = None
    """It is read for each call, so the token may be renewed there."""
    transit_ca_file: Path | None = None
    """Who vouches for the certificate of the service, if no public authority does."""
    retention_days: int = Field(default=0, ge=0)
    """How long content of connections is kept that say nothing of it; 0: for ever."""
    issuers: Annotated[tuple[IssuerSettings, ...], NoDecode] = ()
    catalog: Path = POLICIES
    log_level: str = Field(default="INFO", pattern="(?i)^(debug|info|warning|error)$")

    host: str = "127.0.0.1"
    port: int = Field(default=8470, ge=0, le=65535)
    body_limit: int = Field(default=32 * _MIB, gt=0, le=64 * _MIB)
    """Bytes of a request body, and of an answer (or an event of one) that is masked as a whole."""

    keep_alive_seconds: float = Field(default=10.0, gt=0)
    """Between the signs of life that keep the stream of a held request open."""
    away_seconds: float = Field(default=20.0, gt=0)
    """How long Slack may be away before requests that no one was asked about are given back."""
    pending_limit: int = Field(default=5, gt=0)
    """How many requests of one person may wait for approval at a time."""
    answer_seconds: float = Field(default=3600.0, gt=0)
    """How long an answer may take from its head to its end."""
    stalled_seconds: float = Field(default=120.0, ge=1)
    """How long a caller may take nothing of what is sent before the connection is closed."""
    idle_seconds: float = Field(default=75.0, gt=0)
    """How long a connection may idle: longer than a load balancer in front keeps it (often 60)."""

    connections_seconds: float = Field(default=1.0, ge=0, le=60)
    """How long a connection is used as it was read last; 0 reads it for each request."""
    drain_seconds: float = Field(default=30.0, ge=0)
    """How long streams and held callers may go on once the gateway is told to stop."""

    proxies: int = Field(default=0, ge=0, le=5)
    """How many of our own stand before the gateway, and say in X-Forwarded-For who called them."""
    trusted_proxies: Annotated[tuple[IPvAnyNetwork, ...], NoDecode] = ()
    """The networks of those proxies, with commas between them; then their number does not count."""
    access_seconds: float = Field(default=3600.0, ge=1, le=3600)
    """How long an access token lasts that a program with a sign-in of its own gets."""

    public_url: str = Field(default="", pattern=_PUBLIC_URL)
    """Where browsers reach the gateway; empty: Slack accounts are linked in a terminal."""
    webhook_private: bool = False
    """Whether webhooks of clients may lead into a private network, by http too."""
    login_issuer: str = ""
    """Who signs people in there: one of the issuers of people; empty: the only one there is."""
    login_client_id: str = "abeyance-gateway"
    login_client_secret: SecretStr = SecretStr("")
    """Of that client; empty for one that proves itself by PKCE alone."""
    workstation_client_id: str = "abeyance-cli"
    """The public client, registered at the same issuer, that `abeyance login` is."""

    slack_bot_token: SecretStr = SecretStr("")
    slack_app_token: SecretStr = SecretStr("")
    slack_signing_secret: SecretStr = SecretStr("")
    slack_mode: SlackMode = SlackMode.SOCKET
    slack_channel: str = "approvals"
    slack_routes: Annotated[tuple[RouteSettings, ...], NoDecode] = ()
    """The first that fits counts; a channel that a rule names goes before."""
    slack_audit_channel: str = ""
    """Where broken glass is told besides; empty: where the cards are."""
    slack_api_url: str = "https://slack.com/api/"
    slack_team: str = Field(default="", pattern="^(T[A-Z0-9]+)?$")
    """Of an app that is installed in a whole organisation: where channel and groups are."""
    slack_manager_field: str = "Manager"
    """What the workspace calls the profile field that names a person's manager."""
    slack_post_seconds: float = Field(default=1.0, gt=0)
    """Between two messages in one channel: Slack takes about one a second."""
    tell_after_seconds: float = Field(default=10.0, ge=0)
    """How long a request waits before a message in Slack tells its requester so."""
    slack_http_port: int = Field(default=8475, ge=0, le=65535)

    @field_validator("public_url", "transit_url")
    @classmethod
    def _no_last_slash(cls, given: str) -> str:
        return given.rstrip("/")

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _from_commas(cls, given: object) -> object:
        if not isinstance(given, str):
            return given
        return [one.strip() for one in given.split(",") if one.strip()]

    @field_validator("issuers", "slack_routes", mode="before")
    @classmethod
    def _from_json(cls, given: object) -> object:
        # Decoded here, so that a slip of the pen is one fault among the others.
        return json.loads(given) if isinstance(given, str) and given else given or ()


class LocalSettings(BaseSettings):
    """Where `abeyance up` puts what it starts beside the product, on this machine only.

    Ports that are not given follow the gateway's.
    """

    model_config = SettingsConfigDict(
        env_prefix="ABEYANCE_", env_file=None, frozen=True, extra="ignore"
    )

    data: Path = Path(".abeyance")
    sandbox_slack_port: int | None = Field(default=None, ge=1, le=65535)
    sandbox_idp_port: int | None = Field(default=None, ge=1, le=65535)
    sandbox_model_port: int | None = Field(default=None, ge=1, le=65535)
    embedded_mongodb_port: int | None = Field(default=None, ge=1, le=65535)


@dataclass(frozen=True, slots=True)
class _Need:
    field: str
    why: str


_NEEDS = {
    "mongodb": _Need("mongodb_uri", "MONGODB_URI: where sessions and holds are kept"),
    "vault": _Need(
        "vault_key",
        "ABEYANCE_VAULT_KEY: 32 bytes in base64 that open the upstream credentials "
        "(`openssl rand -base64 32`)",
    ),
    "issuers": _Need(
        "issuers",
        "ABEYANCE_ISSUERS: who may sign tokens, as JSON, for example "
        '[{"issuer": "https://login.example.com", "audience": "abeyance"}]',
    ),
    "slack_bot_token": _Need(
        "slack_bot_token", "ABEYANCE_SLACK_BOT_TOKEN: the app's bot token (xoxb-…)"
    ),
    "slack_app_token": _Need(
        "slack_app_token",
        "ABEYANCE_SLACK_APP_TOKEN: the app-level token (xapp-…) that Socket Mode connects with",
    ),
    "slack_signing_secret": _Need(
        "slack_signing_secret",
        "ABEYANCE_SLACK_SIGNING_SECRET: what Slack signs its HTTP requests with",
    ),
}


def load_settings(beside: Mapping[str, str] | None = None) -> Settings:
    """Read the environment. Raises BadSettings with every fault, a line each.

    `beside` has values for fields that the environment leaves out.
    """
    given = loaded(Settings)
    if not beside:
        return given
    missing = {name: beside[name] for name in beside if name not in given.model_fields_set}
    return loaded(partial(Settings, **missing))  # type: ignore[arg-type]


def load_local_settings() -> LocalSettings:
    """Read what `abeyance up` needs besides. Raises BadSettings."""
    return loaded(LocalSettings)


def loaded(kind: Callable[[], S]) -> S:
    """Read settings of some kind. Raises BadSettings with every fault, a line each."""
    try:
        return kind()
    except ValidationError as error:
        # The value itself may be a secret: only its name is told.
        faults = [f"{_variable(f['loc'])}: give {_advice(f['loc'])}." for f in error.errors()]
        raise BadSettings("\n".join(faults)) from None


def require(settings: Settings, *needs: str) -> None:
    """Raise BadSettings naming all of the needed settings that are not there."""
    missing = [_NEEDS[need].why for need in needs if not _given(settings, _NEEDS[need].field)]
    if missing:
        raise BadSettings("\n".join(f"missing {why}" for why in missing))


def _given(settings: Settings, field: str) -> bool:
    value = getattr(settings, field)
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)


_ADVICE = {
    "issuers": '[{"issuer": "https://login.example.com", "audience": "abeyance", '
    '"kind": "person"}, …] as JSON; kind is person or workload, and a workload issuer names the '
    '"repositories" whose jobs may ask, such as ["acme/*"]',
    "trusted_proxies": "addresses or networks with commas between them, such as 10.0.0.0/8",
    "log_level": "debug, info, warning or error",
    "slack_mode": "socket or http",
    "body_limit": "a number of bytes from 1 to 67108864 (64 MiB)",
    "notary_name": "a name without blanks and plus signs, such as ledger.example.com/abeyance",
    "public_url": "https://… without a query (http:// only for this machine, such as "
    "http://127.0.0.1:8470)",
    "transit_url": "https://… without a query (http:// only for this machine, such as "
    "http://127.0.0.1:8200)",
}


def _advice(place: tuple[int | str, ...]) -> str:
    field = str(place[0]).lower()
    if field.endswith("port"):
        return "a port number, up to 65535"
    if field.endswith("seconds"):
        return "a number of seconds above 0"
    return _ADVICE.get(field, "a value that can be read")


def _variable(place: tuple[int | str, ...]) -> str:
    first, *rest = place
    name = str(first)
    variable = name if name.isupper() else f"ABEYANCE_{name.upper()}"
    return variable + "".join(f"[{part}]" for part in rest)
