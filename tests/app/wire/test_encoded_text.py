"""Text that is encoded is read wherever it stands, masked and encoded again; or it is counted."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from app.wire import archive
from app.wire.registry import wire_for
from app.wire.request.body import parse_body
from tests.app.wire.answer.test_choose import ANTHROPIC, CHAT, GEMINI, PLAIN, RESPONSES, SSE, masked
from tests.app.wire.chance import Chance
from tests.app.wire.masking import MASK, SECRET, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.domain.segment import Prompt
    from app.wire.base import WireFormat

    Make = Callable[[str], Any]

MCP = wire_for("mcp", "mcp", None)
TEXT = f"caf\u00e9: the key is {SECRET}, and this is a text that goes on for long enough"
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def user(block: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [block]}]}


def inline(data: str) -> dict[str, Any]:
    return {"inlineData": {"mimeType": "text/plain", "data": data}}


FILES: dict[str, tuple[WireFormat, Make]] = {
    "chat file": (CHAT, lambda b: user({"type": "file", "file": {"file_data": b}})),
    "chat image": (
        CHAT,
        lambda b: user({"type": "image_url", "image_url": {"url": f"data:text/plain;base64,{b}"}}),
    ),
    "svg": (
        CHAT,
        lambda b: user(
            {"type": "image_url", "image_url": {"url": f"data:image/svg+xml;base64,{b}"}}
        ),
    ),
    "input file": (
        RESPONSES,
        lambda b: {
            "input": [
                {"content": [{"type": "input_file", "file_data": f"data:text/csv;base64,{b}"}]}
            ]
        },
    ),
    "document": (
        ANTHROPIC,
        lambda b: user(
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "text/plain", "data": b},
            }
        ),
    ),
    "inline data": (
        GEMINI,
        lambda b: {
            "contents": [{"parts": [{"inlineData": {"mimeType": "text/plain", "data": b}}]}]
        },
    ),
    "argument": (
        MCP,
        lambda b: {
            "method": "tools/call",
            "params": {"name": "f", "arguments": {"x1": f"data:text/plain;base64,{b}"}},
        },
    ),
}


def sent(wire: WireFormat, body: Any) -> tuple[Prompt, str]:  # noqa: ANN401 - any JSON
    """Return what is read of a body, and the body after it was masked."""
    parsed = parse_body("application/json", json.dumps(body).encode())
    return parsed.prompt(wire), json.dumps(json.loads(parsed.rewritten(wire, whole)))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("wire", "make"), FILES.values(), ids=FILES)
def test_a_file_that_is_text_is_read_and_encoded_again(
    wire: WireFormat,
    make: Make,
    encoding: str,
) -> None:
    prompt, out = sent(wire, make(b64(TEXT.encode(encoding))))
    assert TEXT in [segment.text for segment in prompt.segments]
    assert prompt.uninspected == ()
    clean = TEXT.replace(SECRET, MASK)
    assert out == json.dumps(make(b64(clean.encode(encoding))))


@pytest.mark.parametrize(("wire", "make"), FILES.values(), ids=FILES)
def test_a_file_that_is_no_text_is_counted(wire: WireFormat, make: Make) -> None:
    prompt, out = sent(wire, make(b64(bytes(range(256)))))
    assert len(prompt.uninspected) == 1
    assert out == json.dumps(make(b64(bytes(range(256)))))


def test_a_token_in_the_place_of_a_picture_is_read() -> None:
    for token in (SECRET, f"data:image/png;base64,{SECRET}"):
        prompt, out = sent(*_file(token))
        assert token in [segment.text for segment in prompt.segments]
        assert SECRET not in out
    url = {"any": f"data:;base64,{SECRET}"}
    assert SECRET.encode() not in masked(PLAIN, "application/json", json.dumps(url).encode())


def test_lines_and_alphabet_of_base64_stay_as_they_were() -> None:
    written = base64.encodebytes(TEXT.encode() * 3).decode()
    _, out = sent(*_file(written))
    found = json.loads(out)["messages"][0]["content"][0]["file"]["file_data"]
    assert found == base64.encodebytes(TEXT.replace(SECRET, MASK).encode() * 3).decode()
    safe = base64.urlsafe_b64encode(f"??>>{TEXT}".encode()).decode().rstrip("=")
    _, out = sent(*_file(safe))
    found = json.loads(out)["messages"][0]["content"][0]["file"]["file_data"]
    clean = f"??>>{TEXT}".replace(SECRET, MASK)
    assert found == base64.urlsafe_b64encode(clean.encode()).decode().rstrip("=")


def _file(data: str) -> tuple[WireFormat, Any]:
    wire, make = FILES["chat file"]
    return wire, make(data)


def test_letters_of_two_bytes_without_a_mark_need_three_of_four_to_be_ascii() -> None:
    mixed = "".join(f"{ch}\u0416" for ch in "production")
    prompt, _ = sent(*_file(b64((mixed * 4).encode("utf-16-le"))))
    assert len(prompt.uninspected) == 1
    prompt, _ = sent(*_file(b64(("production: " + mixed[:6]).encode("utf-16-le") * 4)))
    assert prompt.uninspected == ()


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_body_in_letters_of_two_bytes_without_a_mark_is_read_and_masked(encoding: str) -> None:
    body = parse_body("application/octet-stream", TEXT.encode(encoding))
    assert TEXT in [segment.text for segment in body.prompt(PLAIN).segments]
    assert body.rewritten(PLAIN, whole) == TEXT.replace(SECRET, MASK).encode(encoding)


def packed(
    method: int = zipfile.ZIP_DEFLATED, files: dict[str, bytes] | None = None, comment: bytes = b""
) -> bytes:
    """Pack an office document."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as office:
        office.comment = comment
        for name, data in (files or {}).items():
            office.writestr(name, data)
    return out.getvalue()


OFFICE = {
    "[Content_Types].xml": b"<Types/>",
    "word/document.xml": f"<w:t>{TEXT}</w:t>".encode(),
    "word/media/image1.png": bytes(range(256)),
}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_files_in_an_archive_are_read_and_masked_and_the_archive_is_counted(
    method: int,
) -> None:
    prompt, out = sent(*_file(b64(packed(method, OFFICE, b"so"))))
    assert any(TEXT in segment.text for segment in prompt.segments)
    assert prompt.uninspected == ("/messages/0/content/0/file",)
    data = json.loads(out)["messages"][0]["content"][0]["file"]["file_data"]
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(data))) as office:
        found = {info.filename: office.read(info) for info in office.infolist()}
        assert office.comment == b"so"
        assert {info.compress_type for info in office.infolist()} == {method}
    assert found == {
        **OFFICE,
        "word/document.xml": f"<w:t>{TEXT.replace(SECRET, MASK)}</w:t>".encode(),
    }


def test_an_archive_in_which_nothing_is_masked_keeps_its_very_bytes() -> None:
    clean = packed(files={"a.txt": b"so it is", "b.bin": bytes(range(256))})
    wire, body = _file(b64(clean))
    assert sent(wire, body)[1] == json.dumps(body)


def _encrypted() -> bytes:
    data = bytearray(packed(files={"a.txt": TEXT.encode()}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


NOT_OPENED = {
    "bomb": packed(files={"a.xml": b" " * (archive.MOST_BYTES + 1)}),
    "small bomb": packed(files={"a.xml": b" " * 100_000}),
    "many": packed(files={f"{at}": b"" for at in range(archive.MOST_MEMBERS + 1)}),
    "another method": packed(zipfile.ZIP_BZIP2, {"a.txt": TEXT.encode()}),
    "encrypted": _encrypted(),
    "cut off": packed(files={"a.txt": TEXT.encode()})[:-30],
    "no archive": b"PK\x03\x04" + bytes(range(256)),
}


@pytest.mark.parametrize("data", NOT_OPENED.values(), ids=NOT_OPENED)
def test_an_archive_that_cannot_be_opened_within_the_limits_is_counted(data: bytes) -> None:
    wire, body = _file(b64(data))
    prompt, out = sent(wire, body)
    assert prompt.uninspected == ("/messages/0/content/0/file",)
    assert out == json.dumps(body)


def test_many_archives_together_unpack_no_more_than_one_may() -> None:
    large = b64(packed(files={"a.txt": Chance(1).randbytes(1_600_000).hex().encode()}))
    wire, make = FILES["chat file"]
    blocks = [make(large)["messages"][0]["content"][0] for _ in range(4)]
    prompt, _ = sent(wire, {"messages": [{"role": "user", "content": blocks}]})
    assert sum(len(segment.text) > 10_000 for segment in prompt.segments) == 2
    assert len(prompt.uninspected) == 4


@pytest.mark.parametrize("label", ["application/json", SSE])
def test_text_that_is_encoded_in_an_answer_is_masked_and_encoded_again(label: str) -> None:
    part = inline(b64(TEXT.encode("utf-16")))
    clean = TEXT.replace(SECRET, MASK).encode("utf-16")
    frame = "data: %s\n\n" if label == SSE else "%s"
    body = {"candidates": [{"content": {"parts": [part]}}]}
    out = masked(GEMINI, label, (frame % json.dumps(body)).encode()).decode()
    assert b64(clean) in out


def test_a_data_url_with_text_in_an_answer_is_masked_wherever_it_stands() -> None:
    body = {"any": {"thing": f"data:text/html;base64,{b64(TEXT.encode())}"}}
    out = json.loads(masked(PLAIN, "application/json", json.dumps(body).encode()))
    clean = TEXT.replace(SECRET, MASK)
    assert out["any"]["thing"] == f"data:text/html;base64,{b64(clean.encode())}"
