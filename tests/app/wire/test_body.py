from __future__ import annotations

import pytest

from app.domain.segment import Role, Segment
from app.errors import BadRequest, Unsupported
from app.wire.body import parse_body
from app.wire.registry import wire_for
from tests.app.wire.masking import MASK, SECRET, whole

PLAIN = wire_for("plain", "POST", "x", None)


@pytest.mark.parametrize(
    "label", ["application/json", "application/vnd.x+json", "text/plain", "", "image/png"]
)
def test_json_is_read_as_json_whatever_it_is_called(label: str) -> None:
    body = parse_body(label, b' {"a":"\\u0041KIA"}')
    assert body.json == {"a": "AKIA"}
    assert [segment.text for segment in body.prompt(PLAIN).segments] == ["a", "AKIA"]


@pytest.mark.parametrize("label", ["application/json", "text/plain", ""])
def test_a_duplicate_key_is_refused_whatever_the_body_is_called(label: str) -> None:
    with pytest.raises(BadRequest, match="twice"):
        parse_body(label, b'{"a":1,"a":2}')


def test_a_body_without_findings_is_forwarded_byte_for_byte() -> None:
    raw = b'{ "a" : 1.50, "b":"caf\\u00e9" }'
    assert parse_body("application/json", raw).rewritten(PLAIN, whole) == raw


def test_a_body_with_a_finding_is_written_anew() -> None:
    raw = f'{{ "a" : "{SECRET}" }}'.encode()
    assert parse_body("application/json", raw).rewritten(PLAIN, whole) == (
        f'{{"a":"{MASK}"}}'.encode()
    )


def test_text_and_forms_are_one_segment() -> None:
    for label in ("text/plain; charset=UTF-8", "application/x-www-form-urlencoded", ""):
        body = parse_body(label, f"say {SECRET}".encode())
        assert body.prompt(PLAIN).segments == (Segment(f"say {SECRET}", Role.OTHER, "body"),)
        assert body.rewritten(PLAIN, whole) == f"say {MASK}".encode()


def test_text_that_starts_like_json_and_is_not_is_text() -> None:
    assert parse_body("text/plain", b"[see above]").text == "[see above]"


@pytest.mark.parametrize("label", ["image/png", "application/octet-stream", "multipart/form-data"])
def test_what_cannot_be_read_is_named_and_kept(label: str) -> None:
    body = parse_body(label, b"\x89PNG\xff")
    assert body.prompt(PLAIN).uninspected == ("body",)
    assert body.rewritten(PLAIN, whole) == b"\x89PNG\xff"


def test_bytes_without_a_label_that_are_no_text_are_uninspected() -> None:
    assert parse_body("", b"\xff\xfa").prompt(PLAIN).uninspected == ("body",)


def test_an_empty_body_says_nothing() -> None:
    assert parse_body("application/json", b"").prompt(PLAIN).segments == ()
    assert parse_body("", b"").prompt(PLAIN).uninspected == ()


def test_json_null_is_json() -> None:
    body = parse_body("application/json", b"null")
    assert body.prompt(PLAIN).segments == ()
    assert body.rewritten(PLAIN, whole) == b"null"


@pytest.mark.parametrize("label", ["application/json; charset=utf-16", "text/plain;charset=utf-7"])
def test_another_charset_is_not_supported(label: str) -> None:
    with pytest.raises(Unsupported, match="UTF-8"):
        parse_body(label, b"{}")


@pytest.mark.parametrize("raw", [b"\xff\xfeh\0i\0", b"\xef\xbb\xbfhi", b"caf\xe9"])
def test_text_in_another_encoding_than_it_says_is_refused(raw: bytes) -> None:
    with pytest.raises(BadRequest, match="UTF-8"):
        parse_body("text/plain", raw)
