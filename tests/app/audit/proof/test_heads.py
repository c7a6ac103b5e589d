from __future__ import annotations

import json

import pytest

from app.audit.proof.heads import Head, Keyring, checkpoint, checkpoints_in, rotation
from app.audit.proof.merkle import EMPTY
from app.audit.proof.notes import BadNote, Note, PrivateKey, PublicKey

OLD, NEW, OTHER = (PrivateKey("log.example/one", bytes([n]) * 32) for n in range(3))
# The example in the documentation of Go's package for signed notes.
THEIR_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
THEIR_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb"
    "6KE6RyyBwJnAM=\n"
)


def head(size: int, key: PrivateKey) -> Head:
    return Head.parse(checkpoint(size, EMPTY, key))


def test_a_note_that_others_signed_is_read() -> None:
    key = PublicKey.parse(THEIR_KEY)
    assert str(key) == THEIR_KEY
    assert Note.parse(THEIR_NOTE).signed_by(key)
    with pytest.raises(BadNote, match="signature of PeterNeumann"):
        Note.parse(THEIR_NOTE.replace("answer", "solution")).signed_by(key)


def test_a_private_key_is_read_as_it_was_written_and_shows_itself_nowhere() -> None:
    assert PrivateKey.parse(OLD.line()) == OLD
    assert OLD.line().rpartition("+")[2] not in repr(OLD)


def test_a_head_counts_only_with_a_key_that_is_trusted() -> None:
    ring = Keyring.parse(f"# the notary\n{OLD.public}\n")
    ring.check(head(7, OLD))
    with pytest.raises(BadNote, match="no key that you trust"):
        ring.check(head(7, OTHER))


@pytest.mark.parametrize("trusted", [OLD, NEW], ids=["old", "new"])
def test_a_rotation_leads_from_one_key_to_the_other_at_its_size(trusted: PrivateKey) -> None:
    ring = Keyring([trusted.public])
    ring.add(rotation(5, OLD, NEW))
    ring.check(head(5, OLD))
    ring.check(head(6, NEW))
    for size, key in ((6, OLD), (5, NEW)):
        with pytest.raises(BadNote, match="was not the notary's key at that size"):
            ring.check(head(size, key))


def test_of_two_keys_a_rotation_must_say_which_signs_when() -> None:
    ring = Keyring([OLD.public, NEW.public])
    with pytest.raises(BadNote, match="no rotation says which of these keys signs when"):
        ring.check(head(6, OLD))
    ring.add(rotation(5, OLD, NEW))
    ring.check(head(5, OLD))


def test_a_rotation_needs_both_keys_and_one_that_is_trusted() -> None:
    text = rotation(5, OLD, NEW).partition("\n\n")[0] + "\n"
    with pytest.raises(BadNote, match="by the old key and by the new one"):
        Keyring([OLD.public]).add(f"{text}\n{NEW.signature(text)}")
    with pytest.raises(BadNote, match="is a key that you trust"):
        Keyring([OTHER.public]).add(rotation(5, OLD, NEW))


def test_anchors_are_found_in_lines_of_json_and_between_the_words_of_a_channel() -> None:
    first, second = checkpoint(3, EMPTY, OLD), checkpoint(4, EMPTY, OLD)
    line = json.dumps({"at": "2026-11-30T00:00:00Z", "checkpoint": first})
    assert checkpoints_in(f"{line}\nAbeyance notary, 12:01\n{second}see you\n") == [first, second]
