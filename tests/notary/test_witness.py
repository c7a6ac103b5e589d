"""A witness signs what follows and nothing else; a notary has those sign whom it names."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from app.audit.proof.heads import Head, checkpoint
from app.audit.proof.merkle import Frontier, consistency_proof, leaf_hash
from app.audit.proof.notes import COSIGNER, BadNote, Note, PrivateKey, PublicKey
from app.audit.proof.witnesses import Quorum, Witness, cosigned_by, read_witnesses
from app.clock import SystemClock
from app.errors import BadSettings
from app.notary_settings import WitnessSettings
from notary.anchors import AnchorUnavailable
from notary.book import OpenBook
from notary.witness.asking import written
from notary.witness.main import key_of, run_witness
from notary.witnesses import WitnessAnchor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

KEY = PrivateKey("ledger.example/one", bytes(32))
CLOCK = SystemClock()


def root(low: int, high: int, salt: bytes = b"") -> bytes:
    tree = Frontier()
    for number in range(low, high):
        tree.append(leaf_hash(salt + bytes([number])))
    return tree.root()


def head(size: int, key: PrivateKey = KEY, salt: bytes = b"") -> str:
    return checkpoint(size, root(0, size, salt), key)


def asked(old: int, size: int, **changes: bytes) -> str:
    return written(old, consistency_proof(old, size, root), head(size, **changes))


def settings(folder: Path, name: str = "witness.example/one") -> WitnessSettings:
    ledgers = folder / "ledgers"
    ledgers.write_text(f"{KEY.public}  # ours\n")
    return WitnessSettings(
        witness_folder=folder / name.replace("/", "-"),
        witness_name=name,
        witness_ledgers_file=ledgers,
        witness_port=0,
    )


@asynccontextmanager
async def witnessing(own: WitnessSettings) -> AsyncIterator[Witness]:
    stop, up = asyncio.Event(), asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run_witness(own, stop, up.set_result))
        yield Witness(key_of(own).public, await up)
        stop.set()


async def test_it_signs_what_follows_and_refuses_all_else(tmp_path: Path) -> None:
    own = settings(tmp_path)
    stranger = PrivateKey("ledger.example/two", bytes(32))
    thief = PrivateKey(KEY.name, bytes([1]) * 32)
    async with witnessing(own) as witness, httpx.AsyncClient(base_url=witness.url) as http:

        async def sent(body: str) -> tuple[int, str]:
            answer = await http.post("/add-checkpoint", content=body.encode())
            return answer.status_code, answer.text

        assert (await sent(asked(0, 5)))[0] == 200
        for body, status in (
            (written(0, (), head(5, stranger)), 404),
            (written(5, (), head(5, thief)), 403),
            (written(7, (), head(6)), 400),
            ("old 05\n\n" + head(6), 400),
            ("old 5\nAAAA\n\n" + head(6), 400),
            ("x" * 100_000, 413),
            (asked(4, 6), 409),
            (written(5, (), head(5, salt=b"!")), 409),
            (written(5, consistency_proof(5, 9, root), head(9, salt=b"!")), 422),
            (written(5, (), head(9)), 422),
        ):
            assert (await sent(body))[0] == status, body[:80]
        assert await sent(asked(0, 9)) == (409, "5\n")
        status, line = await sent(asked(5, 9))
        assert status == 200
        assert cosigned_by(Note.parse(head(9) + line), witness.key)
        forged = head(9) + line.replace(line[-20:-10], "A" * 10)
        with pytest.raises(BadNote):
            cosigned_by(Note.parse(forged), witness.key)
        with pytest.raises(BadSettings, match="Another notary or witness"):
            await run_witness(own, asyncio.Event(), print)
    async with witnessing(own) as again, httpx.AsyncClient(base_url=again.url) as http:
        body = asked(0, 10).encode()
        assert (await http.post("/add-checkpoint", content=body)).text == "9\n"


async def test_a_notary_keeps_what_witnesses_sign_and_names_who_does_not(tmp_path: Path) -> None:
    book = OpenBook(tmp_path / "notary", KEY)
    nobody = Witness(PrivateKey.new("witness.example/away", COSIGNER).public, "http://127.0.0.1:1")
    async with (
        witnessing(settings(tmp_path)) as one,
        witnessing(settings(tmp_path, "witness.example/two")) as two,
    ):
        anchor = WitnessAnchor((one, two), book)
        for size in (3, 300):
            while book.tree.size < size:
                book.tree.append(b"bot/1:%012d %064d" % (book.tree.size, 7))
            await anchor.keep(book.sign(CLOCK.now()), CLOCK.now())
        book.tree.append(b"bot/1:%012d %064d" % (300, 7))
        newest = book.sign(CLOCK.now())
        with pytest.raises(AnchorUnavailable, match=r"away.* does not answer"):
            await WitnessAnchor((one, nobody), book).keep(newest, CLOCK.now())
        heads = [Head.parse(each) for each in book.book.heads()]
        keys = (one.key, two.key, nobody.key)
        met = [[Quorum(least, keys).met(head.note) for least in (1, 2, 3)] for head in heads]
        assert met == [[True, True, False], [True, True, False], [True, False, False]]
        assert (tmp_path / "notary/checkpoint").read_text() == heads[-1].checkpoint
        assert book.book.last() == heads[-1]
        book.close()
        # A notary that was set back, as from an old copy of its folder.
        older = OpenBook(tmp_path / "older", KEY)
        older.tree.append(b"bot/1:%012d %064d" % (0, 7))
        with pytest.raises(AnchorUnavailable, match="another notary signs with this key"):
            await WitnessAnchor((one,), older).keep(older.sign(CLOCK.now()), CLOCK.now())
        older.close()


def test_a_file_of_witnesses_is_read_or_its_fault_is_told() -> None:
    key = PrivateKey("witness.example/one", bytes(32), COSIGNER).public
    found = read_witnesses(f"# ours\n{key} https://w.example/\n")
    assert found == (Witness(key, "https://w.example"),)
    for text, fault in (
        ("", "no witness"),
        (f"{key}\n{key}\n", "twice"),
        (f"{key} ftp://w.example", "address"),
        (str(KEY.public), "witness's"),
    ):
        with pytest.raises(BadNote, match=fault):
            read_witnesses(text)
    with pytest.raises(BadNote, match="notary's"):
        PublicKey.parse(str(key))
