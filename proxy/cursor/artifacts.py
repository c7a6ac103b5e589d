"""What a cloud agent leaves, fetched through the gateway: its address is replaced by one of ours.

Cursor answers with an address that is good for fifteen minutes, for whoever has it. SDKs fetch it
without a credential, so ours is such an address too: sealed, good for as long, and of no use to
anybody once its agent is not its caller's any more.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp

from app.domain.record.session import Decision
from app.errors import BadRequest, BadSettings, NotFound, Reason, Refused, UpstreamUnavailable
from app.wire import strict_json
from proxy.cursor.beside import Beside
from proxy.cursor.lists import whole
from proxy.cursor.webhooks.targets import Targets
from proxy.http.shared_account import SharedAccount
from proxy.work.answers import AnswerBody, Masked

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.clock import Clock
    from app.vault import Vault
    from proxy.record.recording import Recording
    from proxy.upstream import UpstreamAnswer

PATH = "/-/cursor/artifacts/"
_PLACE = "cursor artifact"
_GOOD_FOR = timedelta(minutes=15)
_LIMIT = 32 * 1024 * 1024
_PIECE = 256 * 1024
_TIMEOUT = aiohttp.ClientTimeout(total=900, connect=10)


@dataclass(frozen=True, slots=True)
class ArtifactLink:
    """An artifact of an agent: where Cursor keeps it, and for whom. `query` names it."""

    connection: str
    owner: str
    agent: str
    path: str
    query: str
    url: str
    until: float


class ArtifactLinks:
    """Seals links into addresses, and opens them."""

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock

    def until(self) -> float:
        return (self._clock.now() + _GOOD_FOR).timestamp()

    def sealed(self, link: ArtifactLink) -> str:
        sealed = self._vault.seal(_PLACE, json.dumps(asdict(link)))
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def opened(self, token: str) -> ArtifactLink:
        """Raises NotFound for one that is not ours, or is not good any more."""
        try:
            sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            link = ArtifactLink(**json.loads(self._vault.open(_PLACE, sealed)))
        except (BadSettings, binascii.Error, ValueError):
            raise NotFound(_GONE) from None
        if link.until < self._clock.now().timestamp():
            raise NotFound(_GONE)
        return link


_GONE = "This address of an artifact is not good any more. Ask for another one."


class Readdressed:
    """The answer with an artifact's address, which becomes one of ours."""

    def __init__(
        self, link: Callable[[str], ArtifactLink], links: ArtifactLinks, base_url: str
    ) -> None:
        self._link = link
        self._links = links
        self._base = base_url

    async def of(self, answer: UpstreamAnswer) -> UpstreamAnswer:
        """Raises UpstreamUnavailable where there is no address to be found."""
        if answer.status != HTTPStatus.OK:
            return answer
        try:
            document = strict_json.parse_loosely(await whole(answer))
        except ValueError:
            document = None
        url = document.get("url") if isinstance(document, dict) else None
        if not isinstance(document, dict) or not isinstance(url, str):
            raise UpstreamUnavailable(
                "The address of this artifact cannot be read, and it may not lead past the gateway."
            )
        ours = f"{self._base}{PATH}{self._links.sealed(self._link(url))}"
        return answer.with_body(strict_json.dump({**document, "url": ours}), "application/json")


@dataclass(frozen=True, slots=True)
class Fetched:
    status: int
    content_type: str
    pieces: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Fetching:
    links: ArtifactLinks
    account: SharedAccount
    beside: Beside

    async def fetch(self, token: str) -> Fetched:
        """Return an artifact, masked and recorded as it is read.

        Raises NotFound, UpstreamUnavailable, StorageUnavailable.
        """
        link = self.links.opened(token)
        identity = await self.beside.people.get(link.owner)
        connection = await self.beside.connections.find(link.connection)
        agent = frozenset({link.agent})
        if identity is None or not await self.account.held(identity, connection, agent):
            raise NotFound(_GONE)
        begun = await self.beside.open(identity, connection, link.path, link.query, _LIMIT)
        recording, recorder = begun.recording, self.beside.recorder
        # Where Cursor itself is on this machine, as in a sandbox, so are its files.
        targets = Targets(private=connection.base_url.startswith("http:"))
        async with AsyncExitStack() as stack:
            stack.callback(recorder.done, recording, "the artifact was not read to its end")
            await recording.forwarding(Decision.ALLOWED)
            answer = await _opened(stack, targets, link.url)
            content_type = answer.headers.get("content-type", "")
            await recording.start_answer(answer.status, (("content-type", content_type),))
            masker = AnswerBody(begun.answering, content_type, begun.catalog)
            pieces = _pieces(stack.pop_all(), answer, masker, recording)
        return Fetched(answer.status, content_type, pieces)


def _check(masked: Masked) -> None:
    """Raise where nothing of it may be shown any more."""
    if masked.tally.denied is not None:
        rule = masked.tally.denied.rule
        message = f"The rest of this artifact is withheld (rule {rule})."
        raise Refused(Reason.POLICY_DENIED, message, rule=rule)
    if masked.fault is not None:
        raise masked.fault


async def _opened(stack: AsyncExitStack, targets: Targets, url: str) -> aiohttp.ClientResponse:
    try:
        await targets.check(url)
        connector = aiohttp.TCPConnector(resolver=targets.resolver(), use_dns_cache=False)
        http = aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT)
        await stack.enter_async_context(http)
        return await stack.enter_async_context(http.get(url, allow_redirects=False))
    except (aiohttp.ClientError, OSError, TimeoutError, BadRequest):
        raise UpstreamUnavailable("The artifact cannot be fetched from where it is kept.") from None


async def _pieces(
    stack: AsyncExitStack,
    answer: aiohttp.ClientResponse,
    masker: AnswerBody,
    recording: Recording,
) -> AsyncIterator[bytes]:
    """Yield what may be shown, recorded before. Raises Refused where a rule denies the rest."""
    async with stack:
        size, error, tally = 0, "cut off", None
        try:
            async for piece in answer.content.iter_chunked(_PIECE):
                masked = await asyncio.to_thread(masker.feed, piece)
                tally = masked.tally
                _check(masked)
                if masked.data:
                    await recording.chunks.sent(masked.data)
                    size += len(masked.data)
                    yield masked.data
            masked = await asyncio.to_thread(masker.finish)
            tally = masked.tally
            _check(masked)
            if masked.data:
                await recording.chunks.sent(masked.data, at_once=True)
                size += len(masked.data)
                yield masked.data
            error = ""
        finally:
            recording.keep(await asyncio.to_thread(masker.originals))
            await recording.end_answer(
                body_bytes=size,
                masked=tally.masked if tally else 0,
                rules=tuple(rule for rule, _ in tally.findings) if tally else (),
                error=error,
            )
