"""The law of bytes: what is no text passes through every place an API has for it, unchanged."""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.wire.request.body import parse_body
from policies.matching.masker import Masker
from policies.matching.plan import Plan
from policies.matching.target import Target
from policies.patterns.pattern import parse
from tests.app.wire.chance import Chance
from tests.app.wire.masking import cut, through
from tests.app.wire.opaque_places import DOCUMENTS, EVENTS, PLAIN, REQUESTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.wire.base import TextMasker

_HUNGRY = Plan([Target("hungry", parse("Q[A-Za-z0-9+/]"))])
"""Finds something in most of what is searched at all: the law is about what is not."""
PER_PLACE = int(os.environ.get("ABEYANCE_BLOBS", "15"))
LARGE = 997
"""One blob among so many is a megabyte: a prime, so that each place has its turn."""
PLACES = [
    *(("request", *place) for place in REQUESTS),
    *(("document", *place) for place in DOCUMENTS),
    *(("stream", *place) for place in EVENTS),
]


class Hungry:
    """Fits `app.wire.base.Masking`."""

    masked = 0

    def stream(self) -> TextMasker:
        return Masker(_HUNGRY, lambda _: "[found]")

    def whole(self, text: str) -> str:
        masker = self.stream()
        return masker.feed(text) + masker.finish()

    def note_dropped(self) -> None:
        pass

    def credential(self) -> TextMasker:
        return Masker(Plan([]), lambda _: "")


def blob(chance: Chance, number: int) -> bytes:
    """Make random bytes, of 64 at least and mostly few."""
    if number % LARGE == LARGE - 1:
        return chance.randbytes(1 << 20)
    return chance.randbytes(int(64 * (2 ** (14 * chance.random() ** 9))))


def spelt(chance: Chance, blob: bytes) -> str:
    plain = base64.b64encode(blob).decode()
    safe = base64.urlsafe_b64encode(blob).decode().rstrip("=")
    return str(chance.one(plain, plain.rstrip("="), safe, blob.hex()))


@pytest.mark.parametrize("kind", ["request", "document", "stream"])
def test_random_bytes_pass_every_opaque_place_of_every_api_unchanged(kind: str) -> None:
    chance = Chance(17)
    places = [(wire, place) for of, wire, place in PLACES if of == kind]
    for number in range(PER_PLACE * len(places)):
        wire, place = places[number % len(places)]
        raw = json.dumps(place, separators=(",", ":")).encode()
        raw = raw.replace(b"@", spelt(chance, blob(chance, number)).encode())
        if kind == "request":
            out = parse_body("application/json", raw).rewritten(wire, Hungry().whole)
        elif kind == "document":
            out = through(wire.answer("application/json", Hungry()), [raw])
        else:
            raw = b"data: %s\n\n" % raw
            pieces = cut(raw, chance.places(len(raw), 2))
            out = through(wire.answer("text/event-stream", Hungry()), pieces)
        assert out == raw, (wire.name, place)


HEADS = (b"{", b'["', b"data: ", b"\xff\xfe", b"\xef\xbb\xbf", b"\0", b"PK\x03\x04", b")]}'", b"")
"""What bytes may begin with by chance, and text by its nature."""


@pytest.mark.parametrize(
    "label", ["application/octet-stream", "image/png", "audio/mpeg", "video/mp4", ""]
)
def test_random_bytes_pass_as_an_answer_and_as_a_request(label: str) -> None:
    chance = Chance(label)
    for number in range(max(200, PER_PLACE)):
        raw = bytes(chance.one(*HEADS)) + blob(chance, number)
        pieces = cut(raw, chance.places(len(raw), 3))
        assert through(PLAIN.answer(label, Hungry()), pieces) == raw, raw[:80]
        assert parse_body(label, raw).rewritten(PLAIN, Hungry().whole) == raw, raw[:80]


@pytest.mark.parametrize("label", ["application/octet-stream", ""])
def test_random_bytes_that_spell_printable_characters_by_chance_are_no_text(label: str) -> None:
    spelt = [chr(0x4E00 + 61 * at) for at in range(20)] + ["\u3d4f", "\ua123", "\ud7a0" * 20]
    raw = b"\xff\xfe" + "".join(spelt).encode("utf-16-le") + b"\\"
    assert through(PLAIN.answer(label, Hungry()), [raw]) == raw


@given(st.lists(st.integers(0, 400)))
def test_text_among_bytes_is_masked_however_it_is_cut(places: list[int]) -> None:
    noise = Chance(3).randbytes(100)
    raw = noise + f"caf\u00e9 {'x' * 20} Qa \u20ac".encode() + b"\xff" + noise
    answer = PLAIN.answer("application/octet-stream", Hungry())
    assert through(answer, cut(raw, places)) == raw.replace(b"Qa", b"[found]")
    assert answer.uninspected == ("application/octet-stream",)


TEXT = "caf\u00e9 ?>~ and so on, for as long as it takes to Qa be told from a word"


@pytest.mark.parametrize("spell", [base64.b64encode, base64.urlsafe_b64encode, base64.b16encode])
def test_text_in_an_opaque_place_is_read_and_encoded_again(
    spell: Callable[[bytes], bytes],
) -> None:
    for kind, wire, place in PLACES:
        body = json.dumps(place)
        if (kind, '"signature"' in body) == ("document", True):
            continue  # its signature is left out, see test_sealed
        in_url = ";base64,@" in body
        raw, clean = (
            body.replace("@", (base64.b64encode if in_url else spell)(text.encode()).decode())
            for text in (TEXT, TEXT.replace("Qa", "[found]"))
        )
        if kind == "request":
            out = parse_body("application/json", raw.encode()).rewritten(wire, Hungry().whole)
        elif kind == "document":
            out = through(wire.answer("application/json", Hungry()), [raw.encode()])
        else:
            answer = wire.answer("text/event-stream", Hungry())
            out = through(answer, [b"data: %s\n\n" % raw.encode()])
        found = json.loads(out.removeprefix(b"data: "))
        assert found == json.loads(clean), (kind, wire.name, place)
