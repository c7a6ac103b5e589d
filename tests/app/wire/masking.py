"""The real masker with two rules, for tests of how the wire formats use it."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from policies.matching.masker import Masker
from policies.matching.plan import Plan
from policies.matching.target import Target
from policies.patterns.pattern import parse
from policies.patterns.words import literal_pattern

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.wire.base import AnswerMasker, TextMasker

SECRET = "AKIAZ7QXMPLK3J9TWVBD"
MASK = "[aws-access-key-id]"
KEY_BLOCK = "-----BEGIN PRIVATE KEY-----\nMIIBVgIBADANBgkq\n-----END PRIVATE KEY-----"
KEY_MASK = "[private-key]"
CREDENTIAL = "sk-live/0123456789abcdef+credential=="
CREDENTIAL_MASK = "[upstream-credential]"
_TARGET = Target("credential", literal_pattern(CREDENTIAL))
_CREDENTIAL = Plan([_TARGET])
_PLAN = Plan(
    [
        Target("aws", parse("AKIA[0-9A-Z]{16}")),
        Target(
            "key",
            parse(r"-----BEGIN PRIVATE KEY-----[A-Za-z0-9+/=\s]*(?:-----END PRIVATE KEY-----)?"),
        ),
        _TARGET,
    ]
)
_MASKS = (MASK, KEY_MASK, CREDENTIAL_MASK)
_AWS = re.compile(r"AKIA[0-9A-Z]{16}")


class RealMasking:
    """Fits `app.wire.base.Masking`."""

    def __init__(self) -> None:
        self.masked = 0

    def stream(self) -> TextMasker:
        return Masker(_PLAN, self._label)

    def whole(self, text: str) -> str:
        masker = self.stream()
        return masker.feed(text) + masker.finish()

    def note_dropped(self) -> None:
        pass

    def credential(self) -> TextMasker:
        return Masker(_CREDENTIAL, self._credential_label)

    def _credential_label(self, _target: int) -> str:
        self.masked += 1
        return CREDENTIAL_MASK

    def _label(self, target: int) -> str:
        self.masked += 1
        return _MASKS[target]


def whole(text: str) -> str:
    return RealMasking().whole(text)


def leaks(data: bytes) -> bool:
    return _AWS.search(data.decode("utf-8", "replace")) is not None


def through(answer: AnswerMasker, pieces: list[bytes]) -> bytes:
    return b"".join([*(answer.feed(piece) for piece in pieces), answer.finish()])


def cut(data: bytes, places: list[int]) -> list[bytes]:
    bounds = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in itertools.pairwise(bounds)]


def answered(
    make: Callable[[str, RealMasking], AnswerMasker], content_type: str, pieces: list[bytes]
) -> bytes:
    return through(make(content_type, RealMasking()), pieces)
