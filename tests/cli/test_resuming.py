"""A verification that was interrupted goes on only where it had looked at the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.audit.proof.heads import Keyring, checkpoint
from cli.audit.online import Run
from notary.book import Book
from tests.app.retention.test_purging import recorded, writing
from tests.notary.test_notary import KEY, notary_at

if TYPE_CHECKING:
    from pathlib import Path

    from app.storage.store import MongoStorage

SESSIONS = 3


class Cut(Exception):
    """Stands for Ctrl-C."""


async def signed(storage: MongoStorage, folder: Path) -> Book:
    """Record some sessions, of two entries each, and have each signed by a head."""
    async with notary_at(folder, storage) as notary, writing(storage) as ledger:
        for _ in range(SESSIONS):
            await recorded(storage, ledger)
            await notary.sign()
    return Book(folder / "notary")


def a_run(book: Book, anchors: str = "", *, contents: bool = True) -> Run:
    run = Run(book, Keyring([KEY.public]), None, contents=contents)
    run.expect(anchors)
    return run


async def interrupted(run: Run, storage: MongoStorage, kept: Path, after: int) -> None:
    def step() -> None:
        if run.verifier.progress.tree.size == after:
            raise Cut

    with pytest.raises(Cut):
        await run.look(storage, kept, step)
    run.put_down(kept)


async def gone_on(run: Run, storage: MongoStorage, kept: Path) -> int:
    """Take up what was interrupted and look at the rest; return how many entries that were."""
    steps: list[int] = []
    run.take_up(kept)
    await run.look(storage, kept, lambda: steps.append(1))
    return len(steps)


@pytest.mark.parametrize("after", [3, 4], ids=["in a session", "before its content"])
async def test_it_goes_on_and_looks_at_all_of_the_rest(
    storage: MongoStorage, tmp_path: Path, after: int
) -> None:
    book, kept = await signed(storage, tmp_path), tmp_path / "kept"
    await interrupted(a_run(book), storage, kept, after)
    run = a_run(book, "".join(book.heads()))
    assert await gone_on(run, storage, kept) == 2 * SESSIONS - after
    found = run.verified()
    assert found.faults == []
    assert (found.entries, found.contents, found.anchors) == (2 * SESSIONS, SESSIONS, SESSIONS)


async def test_an_anchor_that_is_new_to_it_is_compared(
    storage: MongoStorage, tmp_path: Path
) -> None:
    book, kept = await signed(storage, tmp_path), tmp_path / "kept"
    await interrupted(a_run(book), storage, kept, 4)
    run = a_run(book, checkpoint(2, bytes(32), KEY))
    assert await gone_on(run, storage, kept) == 2 * SESSIONS
    [fault] = run.verified().faults
    assert str(fault).startswith("entries 0 to 1 of the tree: they are not the ones that anchor 1")


async def test_contents_that_it_left_out_are_looked_at(
    storage: MongoStorage, tmp_path: Path
) -> None:
    book, kept = await signed(storage, tmp_path), tmp_path / "kept"
    await interrupted(a_run(book, contents=False), storage, kept, 4)
    run = a_run(book)
    assert await gone_on(run, storage, kept) == 2 * SESSIONS
    assert run.verified().contents == SESSIONS


async def test_what_was_wrong_before_and_after_is_told(
    storage: MongoStorage, tmp_path: Path
) -> None:
    book, kept = await signed(storage, tmp_path), tmp_path / "kept"
    before = a_run(book)
    before.verifier.fault("entry 0", "it is wrong")
    await interrupted(before, storage, kept, 4)
    run = a_run(book)
    run.verifier.fault("anchor 1", "it is not signed")
    await gone_on(run, storage, kept)
    places = [fault.place for fault in run.verified().faults]
    assert places == ["anchor 1", "entry 0"]
