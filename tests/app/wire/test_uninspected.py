"""What no rule can read is counted, wherever it stands."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from app.domain.segment import Attachment, Role
from app.wire.request.body import parse_body
from tests.app.wire.request.test_prompts import CASES

UNINSPECTED = {
    "chat": (
        "/messages/1/content/1/image_url",
        "/messages/1/content/2/file",
        "/messages/1/content/3/input_audio",
    ),
    "responses": ("/previous_response_id", "/prompt"),
    "anthropic": (
        "/messages/2/content/1/source",
        "/messages/2/content/2/source",
    ),
    "cursor": ("/prompt/images",),
    "gemini": ("/contents/0/parts/1/inlineData",),
}


@pytest.mark.parametrize(("name", "places"), UNINSPECTED.items(), ids=UNINSPECTED)
def test_what_no_rule_can_read_is_named(name: str, places: tuple[str, ...]) -> None:
    wire, body, _ = CASES[name]
    prompt = wire.read(body)
    assert prompt.uninspected == places
    assert not any("A" * 300 in segment.text for segment in prompt.segments)


def test_a_number_in_place_of_an_image_is_named_too() -> None:
    image = {"type": "image_url", "image_url": 7}
    prompt = CASES["chat"][0].read({"messages": [{"role": "user", "content": [image]}]})
    assert prompt.uninspected == ("/messages/0/content/0/image_url",)


def test_words_in_place_of_an_image_are_read_all_the_same() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:text/plain,to production"}}
    body = {"messages": [{"role": "user", "content": [image]}]}
    texts = [segment.text for segment in CASES["chat"][0].read(body).segments]
    assert "data:text/plain,to production" in texts


PICTURE = base64.b64encode(bytes(range(256))).decode()


@pytest.mark.parametrize(
    ("written", "counted"),
    [
        (PICTURE, True),
        (f"data:image/png;base64,{PICTURE}", True),
        ("\n".join(PICTURE[at : at + 76] for at in range(0, len(PICTURE), 76)), True),
        (PICTURE.replace("+", "-").replace("/", "_").rstrip("="), True),
        (base64.b64encode(b"to production " * 20).decode(), False),
        ("words without any end " * 20, False),
        ("x" * 255, False),
    ],
)
def test_the_base64_of_a_file_is_uninspected_wherever_it_stands(
    written: str, *, counted: bool
) -> None:
    call = {"name": "see", "arguments": {"picture": written}}
    found = CASES["mcp"][0].read({"method": "tools/call", "params": call})
    assert found.uninspected == (("/params/arguments/picture",) if counted else ())
    read = [segment.text for segment in found.segments]
    assert (written in read) is not written.startswith("data:")


def test_words_under_a_name_that_may_hold_bytes_are_not_counted() -> None:
    body = {"embedding": "a-model", "images": 2, "bytes": [1, 2], "blob": {"name": "to production"}}
    prompt = CASES["plain"][0].read(body)
    assert prompt.uninspected == ()
    assert "to production" in [segment.text for segment in prompt.segments]
    assert CASES["plain"][0].read({"images": ["see", PICTURE]}).uninspected == ("/images/1",)


def test_token_ids_in_place_of_words_are_named_as_uninspected() -> None:
    assert CASES["completions"][0].read({"prompt": [1, 2, 3]}).uninspected == ("/prompt",)
    assert CASES["completions"][0].read({"prompt": [[1], [2]]}).uninspected == (
        "/prompt/0",
        "/prompt/1",
    )


def test_a_part_that_no_rule_can_read_is_told_by_who_sends_it_and_by_its_digest() -> None:
    def body(picture: str) -> dict[str, Any]:
        source = {"type": "base64", "media_type": "image/png", "data": picture}
        image = {"type": "image", "source": source}
        result = {"type": "tool_result", "tool_use_id": "t1", "content": [image]}
        return {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "look"}, image]},
                {"role": "assistant", "content": "I do"},
                {"role": "user", "content": [result]},
            ]
        }

    def attached(picture: str) -> tuple[Attachment, ...]:
        return CASES["anthropic"][0].read(body(picture)).attachments

    typed, returned = attached(PICTURE)
    assert (typed.role, typed.at) == (Role.USER, 3)
    assert (returned.role, returned.at) == (Role.TOOL, 7)
    assert typed.digest == returned.digest
    assert typed.digest != attached(PICTURE[:-4] + "AAA=")[0].digest


def test_text_that_a_provider_recalls_is_attached_by_its_name() -> None:
    def recalled(response: str) -> str:
        [attachment] = CASES["responses"][0].read({"previous_response_id": response}).attachments
        return attachment.digest

    assert recalled("resp_1") != recalled("resp_2")


def test_the_parts_of_a_form_are_attached_whatever_its_boundary_is() -> None:
    def attached(boundary: str, picture: bytes) -> tuple[Attachment, ...]:
        parts = [b"Content-Disposition: form-data; name=a\r\n\r\nlook", picture]
        marked = [b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts]
        kind = f"multipart/form-data; boundary={boundary}"
        return parse_body(kind, b"".join(marked)).prompt(CASES["plain"][0]).attachments

    picture = b"Content-Type: image/png\r\n\r\n" + bytes(range(256))
    assert len(attached("xyz", picture)) == 1
    assert attached("xyz", picture) == attached("abc", picture)
    assert attached("xyz", picture) != attached("xyz", picture + b"1")


def test_a_place_does_not_grow_with_the_names_in_a_body() -> None:
    deep: Any = {f"{at}": "word" for at in range(9)}
    for _ in range(99):
        deep = {"a long name " * 99: deep}
    segments = CASES["plain"][0].read({"messages": deep}).segments
    assert max(len(segment.place) for segment in segments) <= 400
