"""Answers that are something else than their label says."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import UpstreamUnavailable
from tests.app.wire import streams
from tests.app.wire.answer.test_choose import CHAT, PLAIN, SSE, masked
from tests.app.wire.masking import MASK, SECRET, RealMasking, cut, through

HIDDEN = SECRET.replace("A", "\\u0041")
DOCUMENT = f'{{"a": "{HIDDEN}"}}'
CLEAN = f'{{"a":"{MASK}"}}'
LABELS = [
    *("text/plain", "", "application/json", "application/json-seq", "application/octet-stream"),
    *("text/html; charset=utf-8", "image/png", "application/pdf", "application/javascript"),
]
SPELT: dict[str, tuple[str, str]] = {
    "json": (DOCUMENT, CLEAN),
    "spaces": (f" \r\n {DOCUMENT}", f" \r\n {CLEAN}"),
    "mark": (f"\ufeff{DOCUMENT}", f"\ufeff{CLEAN}"),
    "guard": (f")]}}'\n{DOCUMENT}", f")]}}'\n{CLEAN}"),
    "other guards": (f"for (;;);{DOCUMENT}", f"for (;;);{CLEAN}"),
    "two documents": (f"{DOCUMENT}{DOCUMENT}\n", f"{CLEAN}{CLEAN}\n"),
    "lines": (f"{{}}\n{DOCUMENT}\n[1]", f"{{}}\n{CLEAN}\n[1]"),
    "sequence": (f"\x1e{DOCUMENT}\n\x1e{{}}\n", f"\x1e{CLEAN}\n\x1e{{}}\n"),
    "scalar": (f'"{HIDDEN}"', f'"{MASK}"'),
}


@pytest.mark.parametrize("label", [*LABELS, SSE])
@pytest.mark.parametrize(("spelt", "clean"), SPELT.values(), ids=SPELT)
def test_json_is_masked_as_json_whatever_it_is_called(spelt: str, clean: str, label: str) -> None:
    assert masked(PLAIN, label, spelt.encode()).decode() == clean
    fine = spelt.replace(HIDDEN, "caf\u00e9 \\u0041")
    assert masked(PLAIN, label, fine.encode()).decode() == fine


@given(st.sampled_from(list(SPELT.values())), st.lists(st.integers(0, 99)))
def test_what_an_answer_is_does_not_hang_on_how_it_is_cut(
    spelt: tuple[str, str], places: list[int]
) -> None:
    answer = PLAIN.answer("text/plain", RealMasking())
    assert through(answer, cut(spelt[0].encode(), places)).decode() == spelt[1]


@pytest.mark.parametrize("label", LABELS)
def test_a_text_split_over_documents_is_masked_whatever_they_are_called(label: str) -> None:
    lines = "".join(
        json.dumps({"response": part}) + "\n" for part in ("a ", SECRET[:9], SECRET[9:], " AKIA")
    )
    out = masked(PLAIN, label, lines.encode()).decode()
    assert "".join(json.loads(line)["response"] for line in out.split("\n") if line) == (
        f"a {MASK} AKIA"
    )


@pytest.mark.parametrize("label", ["application/json", "application/x-ndjson", "text/plain", ""])
@pytest.mark.parametrize(
    "broken",
    [
        '{"a":"%s",}',
        '{"a":"%s"',
        "{'a':'%s'}",
        '{"a":"%s"} and more',
        '["\\\\u0041 {\\"b\\":\\"%s\\"}"',
    ],
)
def test_what_is_nearly_json_is_withheld_where_escapes_hide_what_has_to_be_masked(
    broken: str, label: str
) -> None:
    with pytest.raises(UpstreamUnavailable, match="escapes"):
        masked(PLAIN, label, (broken % HIDDEN).encode())
    assert MASK.encode() in masked(PLAIN, label, (broken % SECRET).encode())
    fine = (broken % "a\\nb").encode()
    assert masked(PLAIN, label, fine).strip() == fine


def test_an_event_that_is_nearly_json_is_withheld_where_escapes_hide_a_secret() -> None:
    with pytest.raises(UpstreamUnavailable, match="escapes"):
        masked(CHAT, SSE, f'data: {{"a":"{HIDDEN}",}}\n\n'.encode())
    fine = b'data: {"a":"x\\ny",}\n\n'
    assert masked(CHAT, SSE, fine) == fine


@pytest.mark.parametrize("label", [*LABELS[:5], "application/x-ndjson", "image/png"])
@pytest.mark.parametrize("head", ["", ": hi\n\n", "event: x\nid: 7\n"])
def test_events_are_masked_as_events_whatever_they_are_called(head: str, label: str) -> None:
    parts = [streams.chunk({"content": part}) for part in ("a ", SECRET[:9], SECRET[9:])]
    stream = head.encode() + b"".join(parts) + streams.DONE
    out = masked(CHAT, label, stream).decode()
    assert MASK in out
    assert SECRET[9:] not in out
    words = masked(CHAT, label, f"data: {SECRET[:9]}\n\ndata: {SECRET[9:]}\n\n".encode())
    assert SECRET[9:].encode() not in words


@pytest.mark.parametrize("head", ["{", "[1,", '"', ")]}'\n{", "{}\n\n: hi\n"])
def test_events_after_what_looks_like_json_are_masked_as_events(head: str) -> None:
    parts = [streams.chunk({"content": part}) for part in ("a ", SECRET[:9], SECRET[9:])]
    stream = f"{head}\n\n".encode() + b"".join(parts) + streams.DONE
    out = masked(CHAT, SSE, stream).decode()
    assert MASK in out
    assert SECRET[9:] not in out
    assert out.endswith("[DONE]\n\n")


def test_a_stream_waits_for_nothing_to_be_told_from_json() -> None:
    answer = CHAT.answer(SSE, RealMasking())
    assert answer.feed(b": hi\n") == b": hi\n"
    assert answer.feed(b"data: {}\n\n") == b"data: {}\n\n"
    spaced = CHAT.answer(SSE, RealMasking())
    assert spaced.feed(b"\n\n\n") + spaced.feed(b"event: x\n") == b"\n\n\n"


@pytest.mark.parametrize("text", ["id: 5\nname: x\n\nmore", "data\n", "event:", "[see] it", "f"])
def test_other_text_comes_through_as_it_is(text: str) -> None:
    assert masked(CHAT, "text/plain", text.encode()).decode() == text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
@pytest.mark.parametrize("label", ["text/plain", "application/json", "", "application/x-y"])
@pytest.mark.parametrize(
    "text", ["the key is %s, and so on, and so on", '{"a":"%s"}', "\ua78c the key is %s, and so on"]
)
def test_text_in_a_wide_encoding_is_masked_also_where_the_label_does_not_say(
    encoding: str, label: str, text: str
) -> None:
    out = masked(PLAIN, label, (text % SECRET).encode(encoding))
    assert out.decode(encoding) == text % MASK


def test_json_says_what_it_says_in_the_charset_of_its_label() -> None:
    label = "application/json; charset=utf-16"
    assert masked(PLAIN, label, DOCUMENT.encode("utf-16")) == CLEAN.encode("utf-16")


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-7", "cp037", "utf-32"])
@pytest.mark.parametrize("media", ["text/plain", "application/json", "application/x-ndjson", SSE])
def test_a_charset_that_the_answer_is_not_in_hides_nothing(charset: str, media: str) -> None:
    label = f"{media}; charset={charset}"
    with pytest.raises(UpstreamUnavailable, match="checked"):
        masked(PLAIN, label, f'{{"a":"\u20ac {SECRET}"}}'.encode())


@pytest.mark.parametrize("mark", [b"\0", b"\xff\xfe", b"\xfe\xff", b"e\0\0\0"])
@pytest.mark.parametrize("label", ["text/plain", "application/json", "", "application/x-y"])
def test_no_zero_or_mark_at_the_beginning_hides_a_secret_in_single_bytes(
    label: str, mark: bytes
) -> None:
    answer = mark + f"event: the key is {SECRET}, and more".encode()
    for places in ([], [70], list(range(len(answer)))):
        masker = PLAIN.answer(label, RealMasking())
        gone = b""
        with contextlib.suppress(UpstreamUnavailable):
            for piece in cut(answer, places):
                gone += masker.feed(piece)
            gone += masker.finish()
        assert SECRET[:4].encode() not in gone


def test_lines_and_events_in_a_wide_encoding_are_withheld() -> None:
    for label, text in (("application/jsonl", '{"a":1}\n'), ("text/plain", "data: {}\n\n")):
        with pytest.raises(UpstreamUnavailable, match="utf-16"):
            masked(PLAIN, label, text.encode("utf-16-le"))


DOUBLED = [
    "text/plain, application/json",
    "image/png,text/event-stream",
    "text/plain; charset=utf-8, text/plain; charset=utf-16",
    "text/plain; charset=utf-8; charset=latin-1",
]


@pytest.mark.parametrize("label", DOUBLED)
def test_an_answer_that_is_called_two_things_is_not_passed_on(label: str) -> None:
    with pytest.raises(UpstreamUnavailable, match="two different"):
        PLAIN.answer(label, RealMasking())


def test_an_answer_that_is_called_the_same_twice_is_that() -> None:
    label = 'application/json; charset="utf-8", application/json;charset=UTF-8'
    assert masked(PLAIN, label, DOCUMENT.encode()).decode() == CLEAN
    quoted = 'text/plain; title="a, b"'
    assert masked(PLAIN, quoted, SECRET.encode()).decode() == MASK
