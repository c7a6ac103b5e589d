"""What `abeyance stream` needs besides; see docs/siem.md."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - pydantic reads it at run time

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.errors import BadSettings
from app.settings import loaded
from app.webhook_signature import signing_key


class StreamSettings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="ABEYANCE_", env_file=None, frozen=True, extra="ignore"
    )

    stream_name: str = Field(default="siem", pattern=r"^[a-z0-9-]{1,40}$")
    """Under which its position is kept: another name begins at the beginning."""
    stream_file: Path | None = None
    """Where each event is appended, a line of JSON each."""
    stream_url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    """Where they are posted."""
    stream_secret: SecretStr = SecretStr("")
    """What signs each post: whsec_ and 24 to 64 bytes in base64."""
    stream_authorization: SecretStr = SecretStr("")
    """The header Authorization of each post, such as `Splunk …`."""
    stream_batch: int = Field(default=100, gt=0, le=1000)
    """Events in one post at the most."""
    stream_seconds: float = Field(default=1.0, gt=0)
    """Between two looks at the ledger, where nothing is new."""

    @field_validator("stream_secret")
    @classmethod
    def _signs(cls, given: SecretStr) -> SecretStr:
        if secret := given.get_secret_value():
            signing_key(secret)
        return given

    @property
    def wanted(self) -> bool:
        return bool(self.stream_file or self.stream_url)


def load_stream_settings() -> StreamSettings:
    """Raises BadSettings."""
    settings = loaded(StreamSettings)
    if settings.stream_url and not settings.stream_secret.get_secret_value():
        raise BadSettings(
            "missing ABEYANCE_STREAM_SECRET: what signs what is posted "
            "(`echo whsec_$(openssl rand -base64 32)`)"
        )
    if settings.stream_url and settings.stream_file:
        raise BadSettings(
            "Set ABEYANCE_STREAM_FILE or ABEYANCE_STREAM_URL, and not both: run one stream for "
            "each, with a name of its own (ABEYANCE_STREAM_NAME)."
        )
    return settings
