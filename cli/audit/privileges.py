"""Whether gateway and bot may do what they need in the database, and nothing to the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.errors import StorageUnavailable
from bot.doctor import CheckResult

if TYPE_CHECKING:
    from app.storage.privileges import Privileges
    from app.storage.store import MongoStorage

_POINT = "MongoDB roles"
_REMEDY = (
    "create the roles that `abeyance audit roles` prints, and give this user abeyanceServing alone"
)


async def privileges_finding(storage: MongoStorage) -> CheckResult:
    try:
        privileges = await storage.privileges()
    except StorageUnavailable as error:
        return CheckResult(_POINT, str(error), "let this user run connectionStatus")
    return judged(privileges)


def judged(privileges: Privileges) -> CheckResult:
    if not privileges.users:
        said = (
            "cannot be checked here: nobody signs in at this server (the embedded one has no "
            "users), so whoever reaches it may change the ledger"
        )
        return CheckResult(_POINT, said)
    user = ", ".join(privileges.users)
    if changing := privileges.over_ledger:
        found = f"{user} may change what is in the ledger: {', '.join(changing)}"
        return CheckResult(_POINT, found, _REMEDY)
    if missing := privileges.missing:
        found = f"{user} may not do what gateway and bot need: {', '.join(missing)}"
        return CheckResult(_POINT, found, _REMEDY)
    return CheckResult(_POINT, f"{user} can add to the ledger, and change nothing in it")
