"""Ids of a run's events, signed, so that a stream resumes only after an event that was sent.

Cursor's ids can be guessed. A client that resumes between two events that were held back together
would read the end of a secret whose beginning no rule sees then; so each id goes out with a
signature over the stream that it belongs to, and comes back with it.
"""

from __future__ import annotations

import base64
import hmac
import re
from typing import TYPE_CHECKING

from app.errors import BadEventId
from app.keys import derived_key

if TYPE_CHECKING:
    from proxy.front import Headers

LAST_EVENT_ID = "last-event-id"
_ID = re.compile(rb"(?:\A|(?<=[\r\n]))id: ?([^\r\n]+)")
_SIGNATURE_CHARACTERS = 22


class EventIds:
    def __init__(self, vault_key: str) -> None:
        self._key = derived_key(vault_key, "abeyance ids of events")

    def signed(self, events: bytes, stream: str) -> bytes:
        """Return whole events with their ids signed; `stream` names the one they are of."""
        if b"id:" not in events:
            return events
        return _ID.sub(lambda found: b"id: " + self._sign(found[1], stream), events)

    def opened(self, headers: Headers, stream: str) -> Headers:
        """Return the headers of a request with the id as Cursor gave it. Raises BadEventId."""
        return tuple(
            (name, self._open(value, stream) if name == LAST_EVENT_ID and value else value)
            for name, value in headers
        )

    def _open(self, signed: str, stream: str) -> str:
        event_id, _, _ = signed.rpartition(".")
        wanted = self._sign(event_id.encode(), stream)
        if not hmac.compare_digest(wanted, signed.encode()):
            raise BadEventId(
                "No event of this run that you received has this id. Resume after the id of one "
                "that you did, or read the stream from its beginning."
            )
        return event_id

    def _sign(self, event_id: bytes, stream: str) -> bytes:
        mac = hmac.digest(self._key, stream.encode() + b"\0" + event_id, "sha256")
        signature = base64.urlsafe_b64encode(mac)[:_SIGNATURE_CHARACTERS]
        return event_id + b"." + signature
