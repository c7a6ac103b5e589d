"""The master keys that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.errors import BadSettings
from app.sealing.local import HOW, LocalMasterKeys, keys_of_vault, parsed_keys
from app.sealing.master import Succession

if TYPE_CHECKING:
    from pathlib import Path

    from app.sealing.master import MasterKeys
    from app.settings import Settings


def master_keys(settings: Settings) -> MasterKeys:
    """Return the keys of the settings. Raises BadSettings where there is none, or one is wrong.

    A key service wraps where there is one, else the first of the keys that are given, else a key
    derived from the vault's. What any of the others wrapped still opens.
    """
    keys = _local_keys(settings)
    if settings.transit_url:
        # A key service is spoken to over HTTP, which few commands need.
        from app.sealing.transit import transit_keys  # noqa: PLC0415

        service = transit_keys(settings)
        return Succession(service, LocalMasterKeys(keys)) if keys else service
    if not keys:
        raise BadSettings(
            "missing ABEYANCE_RECORD_KEYS (or ABEYANCE_RECORD_KEYS_FILE, ABEYANCE_TRANSIT_URL, or "
            f"ABEYANCE_VAULT_KEY): the keys that seal the record; {HOW}."
        )
    return LocalMasterKeys(keys)


def has_master_keys(settings: Settings) -> bool:
    """Whether the settings name any."""
    given = (settings.record_keys, settings.vault_key)
    beside = settings.record_keys_file is not None or settings.transit_url
    return bool(beside or any(key.get_secret_value() for key in given))


def _local_keys(settings: Settings) -> dict[str, bytes]:
    text = settings.record_keys.get_secret_value()
    if settings.record_keys_file is not None:
        text = f"{text}\n{_read(settings.record_keys_file)}"
    keys = parsed_keys(text)
    if vault_key := settings.vault_key.get_secret_value():
        keys |= keys_of_vault(vault_key)
    return keys


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(
            f"ABEYANCE_RECORD_KEYS_FILE: {path} cannot be read ({type(error).__name__})."
        ) from None
