"""What `abeyance notary` and `abeyance witness` need besides; see docs/record.md."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.settings import loaded


class NotarySettings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="ABEYANCE_", env_file=None, frozen=True, extra="ignore"
    )

    notary_folder: Path = Path(".abeyance/notary")
    """Where the tree and its signed heads are written. Nothing in it is secret."""
    notary_name: str = Field(default="abeyance", pattern=r"^[^\s+]+$")
    """Of a new key, and so of the ledger in every signed head: a URL without its scheme."""
    notary_key: SecretStr = SecretStr("")
    """The private key itself (PRIVATE+KEY+…), where it is not in a file."""
    notary_key_file: Path | None = None
    """Default: the folder's name with `.key` after it. It is made at the first start."""
    notary_seconds: float = Field(default=10.0, gt=0)
    """Between two heads, where something is new."""
    notary_entries: int = Field(default=1000, gt=0)
    """How many new entries are signed without waiting for that."""
    notary_anchor_seconds: float = Field(default=600.0, gt=0)
    """Between two heads that are sent to the URL and the channel."""
    notary_anchor_file: Path | None = None
    """Where each head is appended besides; on another machine, or on what cannot be rewritten."""
    notary_anchor_url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    notary_witnesses_file: Path | None = None
    """The witnesses that sign heads: the key of each (`abeyance witness key`) and its address, a
    line each. They are asked as often as the URL and the channel get a head."""
    notary_anchor_channel: str = ""
    """A channel in Slack, by its id."""


class WitnessSettings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="ABEYANCE_", env_file=None, frozen=True, extra="ignore"
    )

    witness_folder: Path = Path(".abeyance/witness")
    """Where the head of each ledger that was signed last is kept."""
    witness_name: str = Field(default="abeyance-witness", pattern=r"^[^\s+]+$")
    """Of a new key: a URL without its scheme."""
    witness_key_file: Path | None = None
    """Default: the folder's name with `.key` after it. It is made at the first start."""
    witness_ledgers_file: Path | None = None
    """The public keys of the notaries whose heads are signed, one a line."""
    witness_host: str = "127.0.0.1"
    witness_port: int = Field(default=8477, ge=0, le=65535)
    log_level: str = Field(default="INFO", pattern="(?i)^(debug|info|warning|error)$")


def load_notary_settings() -> NotarySettings:
    """Raises BadSettings."""
    return loaded(NotarySettings)


def load_witness_settings() -> WitnessSettings:
    """Raises BadSettings."""
    return loaded(WitnessSettings)
