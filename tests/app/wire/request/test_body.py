from __future__ import annotations

import pytest

from app.domain.segment import Role, Segment
from app.errors import BadRequest, Unsupported
from app.wire.registry import wire_for
from app.wire.request.body import parse_body
from tests.app.wire.masking import MASK, SECRET, whole

PLAIN = wire_for("plain", "x", None)


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


def test_text_in_another_encoding_than_it_says_is_refused() -> None:
    with pytest.raises(BadRequest, match="UTF-8"):
        parse_body("text/plain", b"caf\xe9")


LABELS = [
    *("text/plain", "application/x-ndjson", "multipart/form-data", "application/graphql"),
    *("application/javascript", "application/octet-stream", "application/foo", "image/svg+xml", ""),
]
HIDDEN = {
    "plain words": f"say {SECRET}",
    "lines of json": f'{{"a":1}}\n{{"a":"{SECRET}"}}\n',
    "a trailing comma": f'{{"a":"{SECRET}",}}',
    "a scalar": f'"{SECRET}"',
    "json": f'{{"a":"{SECRET}"}}',
}


@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN)
@pytest.mark.parametrize("label", LABELS)
def test_text_is_read_and_masked_whatever_it_is_called(label: str, text: str) -> None:
    body = parse_body(label, text.encode())
    prompt = body.prompt(PLAIN)
    assert SECRET in "".join(segment.text for segment in prompt.segments)
    assert prompt.uninspected == ()
    assert body.rewritten(PLAIN, whole).decode() == text.replace(SECRET, MASK)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("label", ["text/plain", "application/octet-stream"])
def test_text_with_a_byte_order_mark_is_read_and_keeps_its_encoding(
    label: str, encoding: str
) -> None:
    body = parse_body(label, f"say {SECRET} caf\u00e9".encode(encoding))
    assert body.prompt(PLAIN).segments == (Segment(f"say {SECRET} caf\u00e9", Role.OTHER, "body"),)
    assert body.rewritten(PLAIN, whole) == f"say {MASK} caf\u00e9".encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("label", ["application/json", "application/octet-stream", "text/plain"])
def test_json_with_a_byte_order_mark_is_refused(label: str, encoding: str) -> None:
    with pytest.raises(BadRequest, match="UTF-8"):
        parse_body(label, '{"a":"b"}'.encode(encoding))


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_a_byte_order_mark_hides_no_text_in_single_bytes(mark: bytes) -> None:
    body = parse_body("text/plain", mark + f"the keys are {SECRET}.".encode())
    assert SECRET in "".join(segment.text for segment in body.prompt(PLAIN).segments)
    with pytest.raises(BadRequest, match="without a mark"):
        body.rewritten(PLAIN, whole)


def test_a_stray_byte_hides_no_text_and_is_named() -> None:
    raw = f"to production with {SECRET}".encode() + b"\xff"
    body = parse_body("application/octet-stream", raw)
    assert body.prompt(PLAIN).uninspected == ("body",)
    assert "to production" in body.prompt(PLAIN).segments[0].text
    assert body.rewritten(PLAIN, whole) == raw.replace(SECRET.encode(), MASK.encode())
    with pytest.raises(BadRequest, match="UTF-8"):
        parse_body("application/octet-stream", b'{"a":"production"}'.replace(b"a", b"\xff"))


def test_json_in_letters_of_two_bytes_is_refused_and_other_zeros_count_as_uninspected() -> None:
    with pytest.raises(BadRequest, match="UTF-8"):
        parse_body("application/octet-stream", '{"a":"production"}'.encode("utf-16-le"))
    body = parse_body("application/octet-stream", "\0".join("to production").encode() + b"x\0\0y")
    assert body.prompt(PLAIN).uninspected == ("body",)


ESCAPED = '{"a":"\\u0041KIA' + SECRET[4:] + '",}'


@pytest.mark.parametrize(
    "text", [ESCAPED, ESCAPED.replace("\\", "\\\\"), f"{{}}\n{ESCAPED[:-2]}}}"]
)
def test_what_escapes_hide_is_read_and_what_cannot_be_masked_is_refused(text: str) -> None:
    body = parse_body("application/octet-stream", text.encode())
    assert any(SECRET in segment.text for segment in body.prompt(PLAIN).segments)
    assert body.rewritten(PLAIN, lambda found: found) == text.encode()
    with pytest.raises(BadRequest, match="escapes"):
        body.rewritten(PLAIN, whole)


def test_a_form_is_read_with_its_percent_signs_undone() -> None:
    label = "application/x-www-form-urlencoded"
    body = parse_body(label, b"a=to+produc%74ion&k=%41KIA" + SECRET[4:].encode())
    assert f"a=to production&k={SECRET}" in [s.text for s in body.prompt(PLAIN).segments]
    with pytest.raises(BadRequest, match="percent"):
        body.rewritten(PLAIN, whole)
    plain = parse_body(label, f"a=b+c&k={SECRET}".encode())
    assert plain.rewritten(PLAIN, whole) == f"a=b+c&k={MASK}".encode()


PICTURE = b"\x89PNG\xff\xfe\x00"
MULTIPART = (
    b"--xx\r\ncontent-disposition: form-data; name=q\r\n\r\nto production with %s\r\n"
    b"--xx\r\ncontent-disposition: form-data; name=f; filename=a.png\r\n\r\n%s\r\n"
    b'--xx\r\ncontent-type: application/json\r\n\r\n{"a":"%s"}\r\n--xx--\r\n'
)


def test_the_texts_of_a_multipart_body_are_read_and_masked_and_its_files_are_named() -> None:
    filled = MULTIPART % (SECRET.encode(), PICTURE, SECRET.encode())
    body = parse_body('multipart/form-data; boundary="xx"', filled)
    prompt = body.prompt(PLAIN)
    assert prompt.uninspected == ("body/2",)
    assert [s.place for s in prompt.segments if SECRET in s.text] == ["body/1", "body/3"]
    assert body.rewritten(PLAIN, whole) == MULTIPART % (MASK.encode(), PICTURE, MASK.encode())
    assert body.rewritten(PLAIN, lambda text: text) == filled


def test_a_part_that_goes_on_in_the_line_of_its_boundary_is_read_with_it() -> None:
    sent = b"before --xx\r\n\r\nfirst--xx\xff\xfep\0r\0o\0d\0--xx--"
    body = parse_body("multipart/form-data; boundary=xx", sent)
    prompt = body.prompt(PLAIN)
    assert [s.text for s in prompt.segments][:2] == ["before ", "\r\n\r\nfirst"]
    assert prompt.uninspected == ("body/2",)
    assert body.rewritten(PLAIN, lambda text: text) == sent


@pytest.mark.parametrize("label", ["multipart/form-data", "multipart/x; boundary=a; boundary=xx"])
def test_a_multipart_body_without_a_sure_boundary_is_read_as_one(label: str) -> None:
    assert parse_body(label, MULTIPART % (b"", PICTURE, b"")).prompt(PLAIN).uninspected == ("body",)
    text = MULTIPART % (b"", b"", SECRET.encode())
    assert parse_body(label, text).rewritten(PLAIN, whole) == text.replace(
        SECRET.encode(), MASK.encode()
    )


def test_a_part_that_is_spelt_in_another_way_than_its_bytes_is_named() -> None:
    part = b"--xx\r\nContent-Transfer-Encoding: base64\r\n\r\ncHJvZHVjdGlvbg==\r\n--xx--"
    assert parse_body("multipart/mixed; boundary=xx", part).prompt(PLAIN).uninspected == ("body/1",)
