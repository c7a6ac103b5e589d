"""Long runs of base64 in free text: what only seems to stand in them is left alone."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

import pytest

from policies.loader import SHIPPED, load_catalog
from policies.matching.findings import Finder, Inspected
from policies.matching.masker import Masker
from policies.matching.matcher import Matcher, Scannable
from policies.matching.plan import Plan
from policies.matching.redactions import Redaction, joined
from policies.matching.runs import FEWEST, opaque_runs
from policies.matching.scanner import in_order
from policies.matching.target import Target
from policies.patterns.pattern import parse
from tests.app.wire.chance import Chance
from tests.policies.made import AWS_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable

TARGETS = [
    Target("hungry", parse("Q[A-Za-z0-9]{2,30}")),
    Target("named", parse("[A-Za-z0-9+/_-]{20,600}"), context=parse("key=")),
    Target("armour", parse(r"-----BEGIN KEY-----[A-Za-z0-9+/=\s]*(?:-----END KEY-----)?")),
]
PLAN = Plan(TARGETS)
MATCHER = Matcher(TARGETS)
FINDER = Finder([MATCHER], TARGETS)


def streamed(pieces: Iterable[str]) -> str:
    masker = Masker(PLAN, lambda target: f"[{TARGETS[target].id}]")
    return "".join([*map(masker.feed, pieces), masker.finish()])


def whole(text: str) -> str:
    return FINDER.mask(text, lambda target: f"[{target.id}]")


def as_it_stands(text: str) -> str:
    """Mask a whole text without its other readings, which a stream does not have."""
    spans = MATCHER.all_spans(Scannable(text), range(len(TARGETS)))
    redactions = [
        Redaction(span.start, span.end, TARGETS[span.target])
        for span in sorted(spans, key=in_order)
    ]
    out, at = "", 0
    for redaction in joined(redactions):
        out += text[at : redaction.start] + f"[{redaction.target.id}]"
        at = redaction.end
    return out + text[at:]


def run(chance: Chance, size: int) -> str:
    """Make base64 in which something is found, though not where it begins."""
    encode = chance.one(base64.b64encode, base64.urlsafe_b64encode)
    return "x" * 16 + encode(chance.randbytes(size)).decode()[: size - 16].replace("/", "Q")


@pytest.mark.parametrize("around", ["%s", "see %s, so", "![a](data:image/png;base64,%s)", '"%s"'])
def test_nothing_is_found_within_a_long_run_of_base64(around: str) -> None:
    chance = Chance(around)
    for _ in range(60):
        text = around % run(chance, int(FEWEST * 2 ** (5 * chance.random())))
        assert whole(text) == text
        assert streamed(chance.pieces(text, 9)) == text
        assert FINDER.find(Inspected(text)) == []


def test_a_run_that_is_shorter_is_searched() -> None:
    text = f"see {run(Chance(1), FEWEST - 1)}, so"
    assert "[hungry]" in whole(text)
    assert streamed([text]) == whole(text)


def test_what_begins_where_a_run_begins_is_found_however_long_it_is() -> None:
    token = run(Chance(2), 500)
    assert whole(f"key={token} so") == streamed([f"key={token} so"]) == "key=[named] so"
    assert whole(f"Qab{token}").startswith("[hungry]")
    assert streamed(["Q", "ab", *token]).startswith("[hungry]")


def test_a_key_in_armour_right_behind_a_run_is_found() -> None:
    text = f"{run(Chance(3), 400).replace('=', '')}-----BEGIN KEY-----\nMII=\n-----END KEY----- Qab"
    assert whole(text).endswith("[armour] [hungry]")
    assert streamed(text) == whole(text)


def test_a_piece_well_within_a_run_is_followed_to_what_begins_right_behind_it() -> None:
    before, within = run(Chance(3), FEWEST * 2), run(Chance(4), FEWEST).replace("-", "Q")
    for behind in (" Qabc", "=key=" + "Q" * 20, "-----BEGIN KEY-----\nabc", " ", "="):
        pieces = [before, within, behind, " so"]
        assert streamed(pieces) == streamed("".join(pieces)), behind


def test_a_stream_masks_as_the_whole_does_however_it_is_cut() -> None:
    chance = Chance(4)
    for _ in range(300):
        parts = [
            chance.one("", " ", "Qab ", "key=", ", so\u200b", "\u0410Qcd", "\n")
            + run(chance, FEWEST + chance.randrange(-60, 60))
            for _ in range(chance.some())
        ]
        text = "".join([*parts, chance.one("", " ", "\u200b", ".Qef ")])
        expected = as_it_stands(text)
        for most in (1, 4, 30, 300):
            assert streamed(chance.pieces(text, most)) == expected, text
        assert streamed(text) == expected, text


def test_runs_are_where_a_regular_expression_finds_them() -> None:
    chance = Chance(6)
    for _ in range(300):
        text = "".join(
            chance.one(" ", "=", "\n", "é", "") + run(chance, chance.randrange(17, 2 * FEWEST))
            for _ in range(chance.some())
        )
        long = re.finditer(rf"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{{{FEWEST},}}", text)
        assert opaque_runs(text) == [found.span() for found in long]


def test_names_without_end_are_no_base64() -> None:
    text = "/".join(["home", "user", "project", "src"] * 20) + "/Qab"
    assert whole(text) == streamed(text) == text[:-3] + "[hungry]"


def test_keys_of_a_known_form_or_name_that_are_base64_themselves_are_still_found() -> None:
    catalog, chance = load_catalog(SHIPPED), Chance(5)
    storage = base64.b64encode(chance.randbytes(64)).decode()
    short = base64.b64encode(chance.randbytes(32)).decode()
    picture = base64.b64encode(chance.randbytes(20_000)).decode()
    for told in (f"AccountKey={storage}", f"encryption_key: {short}", AWS_KEY):
        masked = catalog.mask(f"![a](data:image/png;base64,{picture})\n{told}\n")
        assert picture in masked
        assert told not in masked
