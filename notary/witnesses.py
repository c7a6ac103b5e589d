"""Has witnesses sign the newest head, and keeps their cosignatures with it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx

from app.audit.proof.heads import Head
from app.audit.proof.merkle import consistency_proof
from app.audit.proof.notes import BadNote, Note
from app.audit.proof.witnesses import cosigned_by
from notary.anchors import AnchorUnavailable
from notary.witness.asking import PATH, SIZE_TYPE, written

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.audit.proof.witnesses import Witness
    from notary.book import OpenBook

_SECONDS = 10.0
_MOST_BYTES = 16 * 1024
_REFUSED = {
    403: "it does not trust the key that signed the head",
    404: "it does not know this ledger",
    422: "the tree does not begin with the one that it signed before: find out who changed it",
}


class WitnessAnchor:
    """An Anchor. Those that answer count, whatever becomes of the others."""

    def __init__(self, witnesses: Sequence[Witness], book: OpenBook) -> None:
        self._witnesses = witnesses
        self._book = book
        self._sizes: dict[Witness, int] = {}
        """Of the head that each is known to have signed last."""

    async def keep(self, checkpoint: str, at: datetime) -> None:  # noqa: ARG002 - it has its own time
        head = Head.parse(checkpoint)
        async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False) as http:
            asking = [self._ask(http, witness, head) for witness in self._witnesses]
            done = await asyncio.gather(*asking, return_exceptions=True)
        if lines := [line for line in done if isinstance(line, str)]:
            self._book.witness(checkpoint, lines)
        faults = [fault for fault in done if isinstance(fault, BaseException)]
        if unforeseen := [each for each in faults if not isinstance(each, AnchorUnavailable)]:
            raise unforeseen[0]
        if faults:
            raise AnchorUnavailable("; ".join(map(str, faults)))

    async def _ask(self, http: httpx.AsyncClient, witness: Witness, head: Head) -> str:
        """Return the line of a witness's signature. Raises AnchorUnavailable."""
        answer = await self._sent(http, witness, head)
        if answer.status_code == httpx.codes.CONFLICT:
            self._sizes[witness] = _size_in(answer, witness, head)
            answer = await self._sent(http, witness, head)
        if answer.status_code != httpx.codes.OK:
            known = f"it answered {answer.status_code}"
            raise _fault(witness, _REFUSED.get(answer.status_code, known))
        for line in answer.text[:_MOST_BYTES].splitlines(keepends=True):
            try:
                if cosigned_by(Note.parse(f"{head.note.text}\n{line}"), witness.key):
                    self._sizes[witness] = head.size
                    return line
            except BadNote as error:
                raise _fault(witness, str(error)) from None
        raise _fault(witness, "its answer has no signature of its key")

    async def _sent(self, http: httpx.AsyncClient, witness: Witness, head: Head) -> httpx.Response:
        old = self._sizes.get(witness, 0)
        proof = consistency_proof(old, head.size, self._book.tree.subtree)
        body = written(old, proof, head.checkpoint)
        try:
            return await http.post(f"{witness.url}{PATH}", content=body.encode())
        except httpx.HTTPError as error:
            raise _fault(witness, f"it does not answer ({type(error).__name__})") from None


def _size_in(answer: httpx.Response, witness: Witness, head: Head) -> int:
    """Return the size of the head that a witness signed last. Raises AnchorUnavailable."""
    said = answer.text.removesuffix("\n")
    if answer.headers.get("content-type") != SIZE_TYPE or not said.isdecimal():
        raise _fault(witness, "it does not say which head it has signed")
    if int(said) > head.size:
        raise _fault(
            witness,
            f"it has signed {int(said)} entries, and here are {head.size}: another notary signs "
            "with this key, or this folder is an old copy",
        )
    return int(said)


def _fault(witness: Witness, why: str) -> AnchorUnavailable:
    return AnchorUnavailable(f"witness {witness.key.short}: {why}")
