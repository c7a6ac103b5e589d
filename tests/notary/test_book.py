from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.audit.proof.heads import Head, Keyring
from app.audit.proof.notes import PrivateKey
from app.clock import SystemClock
from app.errors import BadSettings
from notary.book import Book, OpenBook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY, NEXT = (PrivateKey("ledger.example/one", bytes([n]) * 32) for n in (1, 2))
NOW = SystemClock().now()


@pytest.fixture
def book(tmp_path: Path) -> Iterator[OpenBook]:
    """A book with two heads, of two entries and of three."""
    book = OpenBook(tmp_path, KEY)
    write(book, 2)
    write(book, 1)
    yield book
    book.close()


def write(book: OpenBook, count: int) -> None:
    for number in range(book.size, book.size + count):
        book.tree.append(f"bot/1:{number:012} {'ab' * 32}".encode())
    book.sign(NOW)


def test_a_book_is_taken_up_where_it_ended(book: OpenBook, tmp_path: Path) -> None:
    book.close()
    again = OpenBook(tmp_path, KEY)
    write(again, 1)
    heads = [Head.parse(head).size for head in again.book.heads()]
    assert heads == [2, 3, 4]
    assert (tmp_path / "checkpoint").read_text() == list(again.book.heads())[-1]
    assert list(again.book.leaves(4, 3)) == [("bot/1", 3, "ab" * 32)]
    again.close()


def test_what_was_being_written_when_it_died_counts_for_nothing(
    book: OpenBook, tmp_path: Path
) -> None:
    book.close()
    with (tmp_path / "heads.jsonl").open("a") as heads:
        heads.write('{"at": "2026-')
    again = OpenBook(tmp_path, KEY)
    assert again.size == 3
    write(again, 1)
    assert len(list(again.book.heads())) == 3
    again.close()


def test_two_notaries_do_not_write_one_book(book: OpenBook, tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="Another notary"):
        OpenBook(tmp_path, KEY)


def test_a_book_whose_files_were_changed_is_not_written_on(book: OpenBook, tmp_path: Path) -> None:
    book.close()
    leaves = tmp_path / "tile/entries/000.p/3"
    leaves.write_bytes(leaves.read_bytes().replace(b"abab", b"cdcd", 1))
    with pytest.raises(BadSettings, match="its files were changed"):
        OpenBook(tmp_path, KEY)


def test_another_key_does_not_write_on(book: OpenBook, tmp_path: Path) -> None:
    book.close()
    with pytest.raises(BadSettings, match="does not sign the book"):
        OpenBook(tmp_path, NEXT)


def test_after_a_rotation_the_new_key_signs_and_the_old_one_vouches_for_it(
    book: OpenBook, tmp_path: Path
) -> None:
    book.rotate(NEXT)
    write(book, 1)
    book.close()
    with pytest.raises(BadSettings, match="does not sign the book"):
        OpenBook(tmp_path, KEY)
    OpenBook(tmp_path, NEXT).close()
    ring = Keyring([KEY.public])
    for note in Book(tmp_path).rotations():
        ring.add(note)
    for head in Book(tmp_path).heads():
        ring.check(Head.parse(head))
