"""A word and a key that are broken up or spelled otherwise, each as a decision and as a mask."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from app.domain.verdict import Action
from policies.decide import decide
from policies.matching.findings import Inspected
from tests.policies.made import ALICE, AWS_KEY, facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from policies.compiled_catalog import Catalog

    Disguise = Callable[[str], str]

WORD = "production"


def cut(glue: str) -> Disguise:
    return lambda text: text[:3] + glue + text[3:]


def around(before: str, after: str) -> Disguise:
    """Put something around both halves."""
    return lambda text: before + text[:3] + after + before + text[3:] + after


def inside(before: str, after: str) -> Disguise:
    """Put something around the middle."""
    return lambda text: text[:3] + before + text[3:6] + after + text[6:]


def strings(between: str) -> Disguise:
    """Put quotes around both halves, and something between them."""
    return lambda text: f'"{text[:3]}"{between}"{text[3:]}"'


def each(form: str, between: str = " ") -> Disguise:
    return lambda text: between.join(format(ord(ch), form) for ch in text)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def pieces(size: int) -> Disguise:
    """Encode piece by piece."""
    return lambda text: " + ".join(
        f'"{encoded(text[at : at + size])}"' for at in range(0, len(text), size)
    )


GLUED: dict[str, Disguise] = {
    "two strings": strings(""),
    "two strings with a space": strings(" "),
    "plus": strings(" + "),
    "a dot": strings(" . "),
    "two dots": strings(" .. "),
    "an ampersand": strings(" & "),
    "bars": strings(" || "),
    "plus and a line": strings(" +\n    "),
    "a line": strings("\n    "),
    "a line that goes on": strings(" \\\n    "),
    "plus between all letters": lambda text: " + ".join(f"'{ch}'" for ch in text),
    "quotes within a string": lambda text: f'\\"{text[:3]}\\" + \\"{text[3:]}\\"',
    "double quotes, empty": cut('""'),
    "quotes, empty": cut("''"),
    "one half in quotes": lambda text: f'"{text[:3]}"{text[3:]}',
    "the other half in quotes": lambda text: f"{text[:3]}'{text[3:]}'",
    "the middle in quotes": inside("'", "'"),
    "different quotes": lambda text: f"'{text[:3]}'\"{text[3:]}\"",
    "braces, empty": cut("{}"),
    "brackets, empty": cut("[]"),
    "parentheses, empty": cut("()"),
    "in braces": around("{", "}"),
    "in brackets": around("[", "]"),
    "in parentheses": around("(", ")"),
    "the middle in braces": inside("{", "}"),
    "the middle in brackets": inside("[", "]"),
    "the middle in parentheses": inside("(", ")"),
    "a letter in brackets": lambda text: f"[{text[0]}]{text[1:]}",
    "a variable": cut("${x}"),
    "no variable": cut("${}"),
    "a command": cut("$(true)"),
    "no command": cut("$()"),
    "arguments": cut("$@"),
    "a Ruby expression": cut("#{x}"),
    "a template": cut("{{ x }}"),
    "a comment of a template": cut("{# x #}"),
    "a server page": cut("<%= x %>"),
    "a comment": cut("<!-- x -->"),
    "a comment of two lines": cut("<!-- x\ny -->"),
    "a comment of C": cut("/* x */"),
    "tags": inside("<b>", "</b>"),
    "tags around": around("<span class='x'>", "</span>"),
    "a tag": cut("<wbr/>"),
    "a link": lambda text: f"[{text[:3]}](http://x){text[3:]}",
    "links": around("[", "](http://x)"),
    "a link in the middle": inside("[", "](x)"),
    "a link of nothing": cut("[](x)"),
    "a picture": cut("![](x)"),
    "a footnote": cut("[^1]"),
    "colours": inside("\x1b[31m", "\x1b[0m"),
    "colours between all letters": "\x1b[0m".join,
    "colours, written": inside("\\x1b[1;31m", "\\x1b[0m"),
    "colours, in octal": inside("\\033[31m", "\\033[0m"),
    "colours, in a shell": inside("\\e[31m", "\\e[0m"),
    "colours without an escape": inside("[0;31m", "[0m"),
    "a link of a terminal": cut("\x1b]8;;http://x\x07"),
    "two kinds": lambda text: f'"{text[:2]}" + "{text[2:4]}<b>{text[4:]}</b>"',
}
SPELLED: dict[str, Disguise] = {
    "code points": each("d"),
    "code points with zeros": each("03d"),
    "code points in a list": each("d", ", "),
    "code points in lines": each("d", "\n"),
    "characters of code points": lambda text: "+".join(f"chr({ord(ch)})" for ch in text),
    "octal code points": each("03o"),
    "octal code points, marked": lambda text: ", ".join(f"0o{ord(ch):o}" for ch in text),
    "U+": lambda text: " ".join(f"U+{ord(ch):04X}" for ch in text),
    "backslash u in braces": lambda text: "".join(f"\\u{{{ord(ch):x}}}" for ch in text),
    "backslash u in one pair of braces": lambda text: f"\\u{{{each('x')(text)}}}",
    "backslash x in braces": lambda text: "".join(f"\\x{{{ord(ch):x}}}" for ch in text),
    "HTML": lambda text: "".join(f"&#{ord(ch)};" for ch in text),
    "binary": each("08b"),
    "binary of seven digits": each("07b"),
    "binary in one": each("08b", ""),
    "binary, marked": lambda text: ", ".join(f"0b{ord(ch):08b}" for ch in text),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "base32 in small letters": lambda text: base64.b32encode(text.encode()).decode().lower(),
    "base32 of more": lambda text: base64.b32encode(f"go to {text}".encode()).decode(),
    "base32 behind a letter": lambda text: "A" + base64.b32encode(text.encode()).decode(),
    "short base64": encoded,
    "base64 in two strings": lambda text: strings(" + ")(encoded(text)),
    "base64 of two pieces": lambda text: f'"{encoded(text[:2])}" + "{encoded(text[2:])}"',
    "base64 of pieces": pieces(3),
    "base64 of padded pieces": pieces(4),
}


def letters(first: str) -> Disguise:
    """Write each letter as the sign that is as far behind `first` as the letter behind `A`."""
    return lambda text: "".join(
        chr(ord(first) + ord(ch) - ord("A")) if ch.isalpha() else ch for ch in text.upper()
    )


SMALL_CAPITALS = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWYZ", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ", strict=True))
DRAWN: dict[str, Disguise] = {
    "small capitals": lambda text: text.upper().translate(str.maketrans(SMALL_CAPITALS)),
    "halves of flags": letters("🇦"),
    "black squares": letters("🅰"),
    "black circles": letters("🅐"),
    "parentheses in one sign": letters("🄐"),
    "Cherokee letters": lambda text: text.translate(str.maketrans("crPAESM", "ꮯꮁᏢᎪᎬᏚᎷ")),
    "one black square": lambda text: text.replace("o", "🅾").replace("O", "🅾"),
}
BOTH = GLUED | SPELLED | DRAWN


@pytest.mark.parametrize("disguise", BOTH.values(), ids=BOTH)
def test_a_disguised_word_is_held(shipped: Catalog, now: datetime, disguise: Disguise) -> None:
    verdict = decide(facts(f"go to {disguise(WORD)} now"), ALICE, shipped, now)
    assert verdict.action is Action.HOLD


@pytest.mark.parametrize("disguise", BOTH.values(), ids=BOTH)
def test_a_disguised_key_is_masked_where_it_is(
    shipped: Catalog, now: datetime, disguise: Disguise
) -> None:
    asked = f"this line is {disguise(AWS_KEY)} and it fails"
    verdict = decide(facts(asked), ALICE, shipped, now)
    assert "mask-secrets-in-prompts" in [fired.rule for fired in verdict.fired]
    sent = shipped.request_mask(verdict)(asked)
    assert "[aws-access-key-id]" in sent
    assert disguise(AWS_KEY) not in sent
    left = sent.replace("[aws-access-key-id]", "")
    assert left.startswith("this line is ")
    assert left.endswith(" and it fails")
    assert not any(AWS_KEY[at : at + 4] in left for at in range(len(AWS_KEY)))


@pytest.mark.parametrize("sign", ["🇺🇸", "🅿"])
def test_a_sign_beside_a_word_does_not_hide_it(shipped: Catalog, now: datetime, sign: str) -> None:
    verdict = decide(facts(f"go to {sign}{WORD}{sign} now"), ALICE, shipped, now)
    assert verdict.action is Action.HOLD


CODE = {
    "a call with brackets": 'print(table["pro"][0], duction)',
    "a list of strings": 'parts = ["pro", "duction"]',
    "pairs of JSON": '{"pro": "duction", "AKIA": "IOSFODNN7EXAMPLE"}',
    "an apostrophe": "it's the pro's duct, ion by ion",
    "cells of numbers": "<td>4111</td><td>1111</td><td>1111</td><td>1111</td>",
    "strings of numbers": '"4111" "1111" "1111" "1111"',
    "numbers in brackets": "[4111][1111][1111][1111]",
}


@pytest.mark.parametrize("text", CODE.values(), ids=CODE)
def test_quotes_and_brackets_join_nothing_that_no_program_joins(
    shipped: Catalog, now: datetime, text: str
) -> None:
    assert decide(facts(text), ALICE, shipped, now).action is Action.ALLOW
    assert shipped.everything.mask(text, shipped.label) == text


def test_only_the_lines_with_glue_are_read_again() -> None:
    before, after = "an ordinary line\n" * 100, "another\n" * 100
    text = f"{before}x = 1\ny = 'a' + 'b'\n{after}"
    [(_, _), (joined, _)] = Inspected(text).readings
    assert joined.how == "joined"
    assert joined.text == "x = 1\ny = 'ab'\3"


def test_what_was_found_without_glue_is_shown_as_it_was_read(
    shipped: Catalog, now: datetime
) -> None:
    verdict = decide(facts('say "pro" + "<b>duct</b>ion" now'), ALICE, shipped, now)
    assert verdict.decisive is not None
    excerpt = verdict.decisive.excerpts[0]
    assert (excerpt.words, excerpt.place) == ("production", "/messages/0/content (joined)")
    assert (excerpt.before, excerpt.after) == ('say "', '" now')
