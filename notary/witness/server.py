"""The HTTP side of a witness."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog
from quart import Quart, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from app.audit.proof.notes import BadNote
from app.audit.proof.witnesses import cosignature
from app.errors import BadSettings
from notary.witness.asking import PATH, Asked
from notary.witness.deciding import WitnessRefusal, refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.audit.proof.notes import PrivateKey, PublicKey
    from app.clock import Clock
    from notary.witness.memory import Memory

_MOST_BYTES = 64 * 1024
_log = structlog.get_logger(__name__)


def witness_app(
    key: PrivateKey, ledgers: Sequence[PublicKey], memory: Memory, clock: Clock
) -> Quart:
    """Return the server that signs heads of these ledgers."""
    app = Quart(__name__)
    app.config["MAX_CONTENT_LENGTH"] = _MOST_BYTES
    one_at_a_time = asyncio.Lock()

    @app.post(PATH)
    async def add_checkpoint() -> Response:
        try:
            asked = Asked.parse(str(await request.get_data(as_text=True)))
        except BadNote as error:
            return _refused(WitnessRefusal(400, f"This cannot be read: {error}.\n"))
        except RequestEntityTooLarge:
            return _refused(WitnessRefusal(413, "This is larger than any head with its proof.\n"))
        async with one_at_a_time:
            try:
                said = await asyncio.to_thread(_decided, asked)
            except (OSError, BadSettings) as error:
                _log.error("nothing signed", reason=str(error))
                said = WitnessRefusal(
                    503, "This witness cannot read or write what it has signed.\n"
                )
        if isinstance(said, WitnessRefusal):
            _log.warning("refused", origin=asked.head.origin, status=said.status)
            return _refused(said)
        return Response(said, 200, content_type="text/plain; charset=utf-8")

    def _decided(asked: Asked) -> str | WitnessRefusal:
        head = asked.head
        if no := refusal(asked, memory.last(head.origin), ledgers):
            return no
        memory.keep(head)
        _log.info("signed", origin=head.origin, entries=head.size)
        return cosignature(head.note.text, int(clock.now().timestamp()), key)

    return app


def _refused(said: WitnessRefusal) -> Response:
    return Response(said.said, said.status, content_type=said.content_type)
