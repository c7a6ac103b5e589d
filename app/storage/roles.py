"""What each process may do in the database; docs/database.md has the same in words."""

from __future__ import annotations

_KEEP = ("find", "insert")
_CHANGE = ("find", "insert", "update")

SERVING: dict[str, tuple[str, ...]] = {
    "ledger": _KEEP,
    "pieces": _KEEP,
    "rejections": _KEEP,
    "data_keys": _KEEP,
    "catalogs": _KEEP,
    "originals": _KEEP,
    "chunks": ("find", "insert", "remove"),
    **dict.fromkeys(
        (
            *("sessions", "pages", "notices", "leases", "grants", "people", "statements"),
            *("links", "receipts", "tools", "tool_versions", "tool_views", "issued", "devices"),
            *("webhooks", "deliveries", "counts"),
        ),
        _CHANGE,
    ),
    "gateways": (*_CHANGE, "remove"),
    "connections": (*_CHANGE, "remove"),
    "false_positives": (*_CHANGE, "remove"),
    "legal_holds": (*_CHANGE, "remove"),
    "holds": (*_CHANGE, "changeStream"),
}
"""Of gateway and bot, by collection: what is in the ledger cannot be changed."""
OF_EACH = ("createIndex", "killCursors")
"""What gateway and bot may do with each of these collections besides."""
PURGING: dict[str, tuple[str, ...]] = {
    "ledger": (*_KEEP, "killCursors"),
    "data_keys": (*_CHANGE, "killCursors"),
    "legal_holds": (*_CHANGE, "remove", "killCursors"),
    **dict.fromkeys(("connections", "people"), ("find", "killCursors")),
    **dict.fromkeys(
        (
            *("sessions", "chunks", "pieces", "pages", "originals"),
            *("holds", "notices", "statements", "grants"),
        ),
        ("find", "remove", "killCursors"),
    ),
    "false_positives": ("find", "remove", "killCursors"),
}
"""Of `abeyance purge`, `person`, `record` and legal holds: what ends content."""
NOTARY: dict[str, tuple[str, ...]] = {"ledger": ("find", "killCursors")}
AUDITOR: dict[str, tuple[str, ...]] = dict.fromkeys(
    (
        *("ledger", "sessions", "rejections", "catalogs", "chunks", "pieces", "data_keys"),
        *("holds", "grants"),
    ),
    ("find", "killCursors"),
)
STREAM: dict[str, tuple[str, ...]] = {
    "ledger": ("find", "killCursors"),
    "streams": (*_CHANGE, *OF_EACH),
}
"""Of `abeyance stream`; gateway and bot cannot move its position, and so keep events from it."""
