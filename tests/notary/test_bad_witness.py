"""What a notary does with a witness that answers badly, and what either says of bad settings."""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from app.audit.proof.heads import Head
from app.audit.proof.notes import COSIGNER, PrivateKey
from app.audit.proof.witnesses import Quorum, Witness
from app.errors import BadSettings
from app.notary_settings import NotarySettings, WitnessSettings
from app.settings import load_settings
from notary.anchors import AnchorUnavailable
from notary.book import OpenBook, has_book
from notary.main import run_notary
from notary.witness.asking import SIZE_TYPE
from notary.witness.main import run_witness
from notary.witnesses import WitnessAnchor
from tests.conftest import NOBODY
from tests.notary.test_witness import CLOCK, KEY, settings, witnessing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

WITNESS = PrivateKey("witness.example/bad", bytes(32), COSIGNER)


class BadWitness:
    """Answers what it is told to."""

    def __init__(self) -> None:
        self.url = ""
        self.answer = (200, "", "text/plain")

    async def take(self, _: web.Request) -> web.Response:
        status, text, kind = self.answer
        return web.Response(status=status, body=text.encode(), headers={"content-type": kind})


@pytest.fixture
async def bad() -> AsyncIterator[BadWitness]:
    bad, app = BadWitness(), web.Application()
    app.router.add_post("/{path:.*}", bad.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    bad.url = f"http://{host}:{port}"
    yield bad
    await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "text", "kind", "fault"),
    [
        (403, "", "text/plain", "does not trust the key"),
        (404, "", "text/plain", "does not know this ledger"),
        (422, "", "text/plain", "find out who changed it"),
        (500, "", "text/plain", "it answered 500"),
        (409, "0\n", "text/plain", "does not say which head"),
        (409, "many\n", SIZE_TYPE, "does not say which head"),
        (409, "0\n", SIZE_TYPE, "it answered 409"),
        (200, "", "text/plain", "no signature of its key"),
        (200, "no signature\n", "text/plain", "a signature line cannot be read"),
        (
            200,
            f"\u2014 {WITNESS.public.name} AAAA\n",
            "text/plain",
            "a signature line cannot be read",
        ),
    ],
    ids=str,
)
async def test_a_bad_answer_of_a_witness_is_named_and_is_no_signature(
    bad: BadWitness, status: int, text: str, kind: str, fault: str, tmp_path: Path
) -> None:
    bad.answer = status, text, kind
    with closing(OpenBook(tmp_path / "notary", KEY)) as book:
        book.tree.append(b"bot/1:%012d %064d" % (0, 7))
        signed = book.sign(CLOCK.now())
        anchor = WitnessAnchor((Witness(WITNESS.public, bad.url),), book)
        with pytest.raises(AnchorUnavailable, match=fault):
            await anchor.keep(signed, CLOCK.now())
        [kept] = book.book.heads()
        assert not Quorum(1, (WITNESS.public,)).met(Head.parse(kept).note)


async def test_the_signature_of_another_witness_does_not_count_as_its_own(tmp_path: Path) -> None:
    async with witnessing(settings(tmp_path)) as other:
        posing = Witness(WITNESS.public, other.url)
        with closing(OpenBook(tmp_path / "notary", KEY)) as book:
            book.tree.append(b"bot/1:%012d %064d" % (0, 7))
            anchor, signed = WitnessAnchor((posing,), book), book.sign(CLOCK.now())
            with pytest.raises(AnchorUnavailable, match="no signature of its key"):
                await anchor.keep(signed, CLOCK.now())


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (None, "cannot be read"),
        ("nonsense", "cannot be read"),
        (f"{WITNESS.public}\n", "no address for witness.example/bad"),
    ],
    ids=["missing", "nonsense", "no address"],
)
async def test_a_notary_does_not_start_without_the_witnesses_that_it_is_to_ask(
    text: str | None, fault: str, tmp_path: Path
) -> None:
    path = tmp_path / "witnesses"
    if text is not None:
        path.write_text(text)
    own = NotarySettings(notary_folder=tmp_path / "notary", notary_witnesses_file=path)
    with pytest.raises(BadSettings, match=fault):
        await run_notary(load_settings({"mongodb_uri": NOBODY}), own, asyncio.Event(), print)
    assert not has_book(own.notary_folder)


def keyless(own: WitnessSettings) -> WitnessSettings:
    own.witness_folder.mkdir()
    (own.witness_folder / "sizes").touch()
    return own


def no_ledger(own: WitnessSettings) -> WitnessSettings:
    return own.model_copy(update={"witness_ledgers_file": None})


def unreadable(own: WitnessSettings) -> WitnessSettings:
    assert own.witness_ledgers_file is not None
    own.witness_ledgers_file.write_text("nonsense")
    return own


def empty(own: WitnessSettings) -> WitnessSettings:
    assert own.witness_ledgers_file is not None
    own.witness_ledgers_file.write_text("# none yet\n")
    return own


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (keyless, "key is not at"),
        (no_ledger, "missing ABEYANCE_WITNESS_LEDGERS_FILE"),
        (unreadable, "cannot be read"),
        (empty, "There is no key in"),
    ],
)
async def test_a_witness_that_lost_its_key_or_knows_no_ledger_does_not_start(
    spoil: Callable[[WitnessSettings], WitnessSettings], fault: str, tmp_path: Path
) -> None:
    with pytest.raises(BadSettings, match=fault):
        await run_witness(spoil(settings(tmp_path)), asyncio.Event(), print)


async def test_a_witness_whose_port_is_taken_says_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        own = settings(tmp_path).model_copy(update={"witness_port": port})
        with pytest.raises(BadSettings, match=f"ABEYANCE_WITNESS_PORT={port}: cannot listen"):
            await run_witness(own, asyncio.Event(), print)
