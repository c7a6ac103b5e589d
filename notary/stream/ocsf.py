"""Entries of the ledger in the Open Cybersecurity Schema Framework, version 1.9.0. Pure.

Each is an event of the class API Activity (6003). What the schema has no attribute for is in
`unmapped`, as the ledger has it. Source: https://schema.ocsf.io/1.9.0/classes/api_activity
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from app.domain.event import EventKind

if TYPE_CHECKING:
    from app.domain.event import Entry

OcsfEvent: TypeAlias = "dict[str, Any]"
VERSION = "1.9.0"
_CATEGORY, _CLASS = 6, 6003
_KNOWN = ("identity", "email", "by", "credential", "connection", "model", "status", "reason")


class _Activity(IntEnum):
    CREATE = 1
    READ = 2
    UPDATE = 3
    DELETE = 4


class _Severity(IntEnum):
    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4


class _Status(IntEnum):
    SUCCESS = 1
    FAILURE = 2


_ACTIVITIES = {
    _Activity.CREATE: {
        EventKind.SESSION_OPENED,
        EventKind.HOLD_OPENED,
        EventKind.VOTE_CAST,
        EventKind.GRANT_GIVEN,
        EventKind.ACCOUNT_LINKED,
        EventKind.CREDENTIAL_ISSUED,
        EventKind.REQUEST_FORWARDED,
        EventKind.REQUEST_FORWARDING,
    },
    _Activity.READ: {
        EventKind.REPLAY_SHOWN,
        EventKind.REPLAY_REFUSED,
        EventKind.ORIGINAL_OPENED,
    },
    _Activity.DELETE: {
        EventKind.GRANT_REVOKED,
        EventKind.GRANTS_PURGED,
        EventKind.ACCOUNT_DISOWNED,
        EventKind.CREDENTIAL_ENDED,
    },
}
_SEVERITIES = {
    _Severity.LOW: {
        EventKind.REQUEST_REFUSED,
        EventKind.HOOK_DENIED,
        EventKind.VOTE_REFUSED,
        EventKind.SESSION_SWEPT,
        EventKind.SERVER_ASK_REFUSED,
    },
    _Severity.MEDIUM: {
        EventKind.ORIGINAL_OPENED,
        EventKind.REPLAY_REFUSED,
        EventKind.TOOL_CHANGED,
        EventKind.CONNECTION_CHANGED,
        EventKind.ACCOUNT_DISOWNED,
    },
    _Severity.HIGH: {EventKind.BREAK_GLASS},
}
_FAILURES = {
    EventKind.REQUEST_REFUSED,
    EventKind.HOOK_DENIED,
    EventKind.VOTE_REFUSED,
    EventKind.REPLAY_REFUSED,
    EventKind.SERVER_ASK_REFUSED,
}


def event_of(entry: Entry, product_version: str) -> OcsfEvent:
    """Return an entry as one event; its `metadata.uid` is the same each time it is sent."""
    event, data = entry.event, entry.event.data
    activity = _among(_ACTIVITIES, event.kind, _Activity.UPDATE)
    at = int(event.at.timestamp() * 1000)
    told: OcsfEvent = {
        "activity_id": activity.value,
        "activity_name": activity.name.capitalize(),
        "category_uid": _CATEGORY,
        "class_uid": _CLASS,
        "type_uid": _CLASS * 100 + activity.value,
        "severity_id": _among(_SEVERITIES, event.kind, _Severity.INFORMATIONAL).value,
        "status_id": (_Status.FAILURE if _failed(entry) else _Status.SUCCESS).value,
        "time": at,
        "message": event.kind.value,
        "metadata": {
            "version": VERSION,
            "product": {
                "name": "Abeyance",
                "vendor_name": "Abeyance",
                "version": product_version,
            },
            "uid": entry.place,
            "event_code": event.kind.value,
            "sequence": entry.seq,
            "log_name": entry.chain,
            "original_time": event.at.isoformat(timespec="milliseconds"),
        },
        "actor": {"user": _user(entry)},
        "api": {"operation": event.kind.value, "service": {"name": "Abeyance"}},
        "src_endpoint": {
            "svc_name": entry.chain.partition("/")[0],
            "instance_uid": entry.chain,
        },
        "unmapped": {
            **{name: value for name, value in data.items() if name not in _KNOWN},
            "seal": entry.hash,
            "previous": entry.previous,
        },
    }
    if event.session_id:
        told["metadata"]["correlation_uid"] = event.session_id
    if connection := str(data.get("connection", "")):
        told["dst_endpoint"] = {"svc_name": connection}
        told["resources"] = [{"name": connection, "type": "connection"}]
    if model := str(data.get("model", "")):
        told["metadata"]["profiles"] = ["ai_operation"]
        told["ai_model"] = {"model_name": model, "ai_provider": connection or "unknown"}
    if isinstance(status := data.get("status"), int):
        told["http_response"] = {"code": status}
    if reason := str(data.get("reason", "")):
        told["status_detail"] = reason
    return told


def _user(entry: Entry) -> dict[str, str]:
    data = entry.event.data
    named = {
        "uid": data.get("identity") or data.get("by"),
        "email_addr": data.get("email"),
        "credential_uid": data.get("credential"),
    }
    user = {name: str(value) for name, value in named.items() if value}
    return user or {"name": "unknown"}


def _failed(entry: Entry) -> bool:
    return entry.event.kind in _FAILURES or bool(entry.event.data.get("error"))


def _among(table: dict[Any, set[EventKind]], kind: EventKind, other: Any) -> Any:  # noqa: ANN401
    return next((value for value, kinds in table.items() if kind in kinds), other)
