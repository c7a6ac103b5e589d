"""Ways past a naive filter; each line of docs/evasion.md that has a treatment is tried here."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from app.domain.verdict import Action
from policies.decide import decide
from policies.matching.masker import Masker
from policies.matching.plan import Plan
from tests.policies.made import ALICE, AWS_KEY, facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from policies.compiled_catalog import Catalog

_RAW = AWS_KEY.encode()


def _base64(shift: int) -> str:
    return base64.b64encode(b"?" * shift + _RAW + b"?" * shift).decode()


ENCODED: dict[str, str] = {
    "base64": _base64(0),
    "base64 after one byte": _base64(1),
    "base64 after two bytes": _base64(2),
    "base64 without padding": _base64(0).rstrip("="),
    "base64 after a letter of its own alphabet": "x" + _base64(0),
    "base64 after three letters": "xYz" + _base64(0),
    "base64url": base64.urlsafe_b64encode(b"\xff\xfe" + _RAW).decode(),
    "base64 in lines": "\n".join([_base64(0)[:16], _base64(0)[16:]]),
    "base64 with a short last line": "\n".join([_base64(0)[:26], _base64(0)[26:]]),
    "base64 in indented lines": "\n    ".join([_base64(0)[:16], _base64(0)[16:]]),
    "base64 in quoted lines": "\r\n> ".join([_base64(0)[:16], _base64(0)[16:]]),
    "base64 with a written line break": "\\n".join([_base64(0)[:16], _base64(0)[16:]]),
    "base64 of letters of two bytes": base64.b64encode(AWS_KEY.encode("utf-16-le")).decode(),
    "base64 twice": base64.b64encode(_base64(0).encode()).decode(),
    "hexadecimal": _RAW.hex(),
    "hexadecimal in capitals": _RAW.hex().upper(),
    "hexadecimal after half a byte": "f" + _RAW.hex(),
    "hexadecimal in pairs": _RAW.hex(" "),
    "hexadecimal with colons": _RAW.hex(":"),
    "hexadecimal with dashes": _RAW.hex("-"),
    "hexadecimal in lines": "\n".join([_RAW[:8].hex(" "), _RAW[8:].hex(" ")]),
    "hexadecimal in groups of four": _RAW.hex(" ", -2),
    "a list of bytes": ", ".join(f"0x{byte:02x}" for byte in _RAW),
    "backslash x": "".join(f"\\x{byte:02x}" for byte in _RAW),
    "backslash u": "".join(f"\\u{byte:04x}" for byte in _RAW),
    "octal": "".join(f"\\{byte:03o}" for byte in _RAW),
    "octal with two digits": "".join(f"\\{byte:o}" for byte in b"&1>") + AWS_KEY,
    "backslash U": "".join(f"\\U{byte:08x}" for byte in _RAW),
    "HTML, without an end": "".join(f"&#{byte}" for byte in _RAW),
    "quoted-printable": "".join(f"={byte:02X}" for byte in _RAW),
    "quoted-printable, wrapped": f"class=3D{AWS_KEY[:9]}=\n{AWS_KEY[9:]}",
    "a URL": "".join(f"%{byte:02X}" for byte in _RAW),
    "a URL twice": "".join(f"%25{byte:02X}" for byte in _RAW),
    "a URL in part": AWS_KEY.replace("K", "%4B").replace("E", "%45"),
    "HTML, decimal": "".join(f"&#{byte};" for byte in _RAW),
    "HTML, hexadecimal": "".join(f"&#x{byte:x};" for byte in _RAW),
    "markdown": f"{AWS_KEY[:6]}`{AWS_KEY[6:]}`",
    "bold": f"**{AWS_KEY[:4]}**{AWS_KEY[4:]}",
    "zero-width characters": "\u200b".join(AWS_KEY),
    "soft hyphens": "\u00ad".join(AWS_KEY),
    "variation selectors": "\ufe0f".join(AWS_KEY),
    "tag characters": "\U000e0041".join(AWS_KEY),
    "direction marks": f"\u202e{AWS_KEY[:9]}\u202c{AWS_KEY[9:]}",
    "full width": "".join(chr(ord(ch) + 0xFEE0) for ch in AWS_KEY),
    "mathematical letters": "".join(
        chr(0x1D400 + ord(ch) - ord("A")) if ch.isalpha() else ch for ch in AWS_KEY
    ),
    "Cyrillic letters": AWS_KEY.translate(str.maketrans("AKIOSEXMPLT", "АКІОЅЕХМРLТ")),
    "Greek letters": AWS_KEY.translate(str.maketrans("AKIOENXMP", "ΑΚΙΟΕΝΧΜΡ")),
    "combining marks": "\u0301".join(AWS_KEY),
}


@pytest.mark.parametrize("text", ENCODED.values(), ids=ENCODED.keys())
def test_a_disguised_secret_is_found_and_masked(shipped: Catalog, now: datetime, text: str) -> None:
    asked = f"this line is {text} and it fails"
    verdict = decide(facts(asked), ALICE, shipped, now)
    assert "mask-secrets-in-prompts" in [fired.rule for fired in verdict.fired]
    sent = shipped.request_mask(verdict)(asked)
    assert sent.startswith("this line is ")
    assert "[aws-access-key-id]" in sent
    assert text not in sent


KEY = "glpat-jFneEJ-3RNyHizyUcgPP"
SEAMS: dict[str, str] = {
    "a written line break": f"key:\\n{KEY}\\nkeep it",
    "a colour of the terminal": f"\x1b[0;32m{KEY}\x1b[0m",
    "a colour, written": f"\\u001b[33m{KEY}",
    "a code of a URL": f"token%3D{KEY}",
    "a code of a URL within a URL": f"token%253D{KEY}",
    "a written code": f"a\\u003d{KEY}",
    "a written byte": f"a\\x20{KEY}",
    "a written byte, in octal": f"a\\075{KEY}",
}


@pytest.mark.parametrize("text", SEAMS.values(), ids=SEAMS.keys())
def test_what_ends_in_a_letter_and_parts_two_words_hides_no_secret(
    shipped: Catalog, now: datetime, text: str
) -> None:
    verdict = decide(facts(text), ALICE, shipped, now)
    assert "mask-secrets-in-prompts" in [fired.rule for fired in verdict.fired]
    assert KEY not in shipped.request_mask(verdict)(text)
    masker = Masker(Plan(shipped.everything.targets), lambda _: "[masked]")
    streamed = "".join(map(masker.feed, text)) + masker.finish()
    assert KEY not in streamed
    assert "[masked]" in streamed


WORDS: dict[str, str] = {
    "spaces": "p r o d u c t i o n",
    "dots": "p.r.o.d.u.c.t.i.o.n",
    "a short word with dots": "p.r.o.d",
    "a short word beside a sign": "_p r o d",
    "a short word between others": "x y z)p r o d(s t",
    "hyphens": "pro-duc-tion",
    "bold": "**prod**uction",
    "code": "pro`duction`",
    "accents": "pröductïon",
    "combining accents": "pro\u0301duction",
    "capitals": "PrOdUcTiOn",
    "Cyrillic letters": "рrоduсtіоn",
    "zero-width": "pro\u200bduction",
    "base64": base64.b64encode(b"go to production").decode(),
    "hexadecimal": b"production".hex(),
    "a URL": "p%72oduction",
}


@pytest.mark.parametrize("text", WORDS.values(), ids=WORDS.keys())
def test_a_disguised_word_is_found(shipped: Catalog, now: datetime, text: str) -> None:
    assert decide(facts(f"deploy to {text} now"), ALICE, shipped, now).action is Action.HOLD


@pytest.mark.parametrize(
    "text",
    ["reproduction", "productions", "productive", "pro d", "p rod", "producible", "prod­uct"],
)
def test_a_longer_word_is_another_word(shipped: Catalog, now: datetime, text: str) -> None:
    assert decide(facts(f"about {text} here"), ALICE, shipped, now).action is Action.ALLOW


def test_what_is_split_over_the_parts_of_a_message_is_found(
    shipped: Catalog, now: datetime
) -> None:
    verdict = decide(facts("deploy to prod", "", "uct", "ion now"), ALICE, shipped, now)
    assert verdict.decisive is not None
    assert verdict.decisive.rule == "production-needs-a-manager"
    assert verdict.decisive.excerpts[0].place == "/messages/0/content"


def test_an_encoded_word_is_shown_decoded_with_how_it_was_read(
    shipped: Catalog, now: datetime
) -> None:
    text = base64.b64encode(f"{AWS_KEY} in production".encode()).decode()
    verdict = decide(facts(f"run {text} now"), ALICE, shipped, now)
    assert verdict.decisive is not None
    excerpt = verdict.decisive.excerpts[0]
    assert (excerpt.words, excerpt.place) == ("production", "/messages/0/content (base64)")
    assert (excerpt.before, excerpt.after) == ("run ", " now")


@pytest.mark.parametrize(
    "flood",
    [
        lambda size: "AKIA" * (size // 4),
        lambda size: "AKIAIOSFODNN7EXAMPL_" * (size // 20),
        lambda size: "\u200b" * size + AWS_KEY,
        lambda size: "-----BEGIN PRIVATE KEY-----" * (size // 27),
        lambda size: "password=password=" * (size // 18),
        lambda size: "4111 " * (size // 5),
        lambda size: "eyAAAAAAAAAAAAAAAAAAAA.ey" * (size // 25),
        lambda size: "%25" * (size // 3),
        lambda size: "QUtJ" * (size // 4),
        lambda size: "p r o d u c t i o " * (size // 18),
    ],
)
def test_a_flood_is_decided_and_masked_like_any_text(
    shipped: Catalog, now: datetime, flood: Callable[[int], str]
) -> None:
    """That it takes long is not asserted: the suite's patience is."""
    text = flood(60_000)
    verdict = decide(facts(text), ALICE, shipped, now)
    assert AWS_KEY not in shipped.request_mask(verdict)(text)
    assert AWS_KEY not in shipped.answer_masking(facts(), ALICE, "", now).whole(text)
