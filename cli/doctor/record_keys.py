"""`abeyance doctor`: whether the record can be sealed, and what is sealed be opened."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from app.errors import BadSettings, KeysUnavailable, StorageUnavailable
from app.sealing.choosing import master_keys
from app.storage.store import MongoStorage
from bot.doctor import CheckResult

if TYPE_CHECKING:
    from app.settings import Settings

_POINT = "record keys"
_SERVICE = (
    "until the service answers, nothing is forwarded for people whose data key is not open; the "
    "policy of the token needs `update` on encrypt/KEY and decrypt/KEY, and `read` on keys/KEY"
)


async def record_keys_finding(settings: Settings) -> CheckResult:
    """Have the newest master key wrap and unwrap a data key, and each open what it wrapped."""
    try:
        master = master_keys(settings)
        newest, *others = await master.ids()
        uri, database = settings.mongodb_uri.get_secret_value(), settings.mongodb_database
        with closing(MongoStorage.connect(uri, database, master)) as storage:
            await storage.data_keys.check()
    except KeysUnavailable as error:
        return CheckResult(_POINT, str(error), _SERVICE)
    except BadSettings as bad:
        return CheckResult(_POINT, "the record does not open", str(bad))
    except StorageUnavailable as error:
        return CheckResult(_POINT, "they could not be tried", str(error))
    opens = f"; {', '.join(others)} only open what they wrapped" if others else ""
    return CheckResult(_POINT, f"“{newest}” seals what is recorded{opens}")
