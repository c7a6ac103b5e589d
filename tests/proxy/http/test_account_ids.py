"""Where the body of a request names ids of the account: at these places, and at no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from proxy.http.account_ids import ids_named

if TYPE_CHECKING:
    from app.wire.base import Json

BLOCKS = ("messages[].content[]", "messages[].content[].content[]")
PLACES = (
    *("previous_response_id", "conversation", "conversation.id", "cachedContent"),
    *("cached_content", "file_id", "file_ids[]", "input_file_id", "training_file"),
    *("validation_file", "messages[].content[].file.file_id", "tools[].vector_store_ids[]"),
    *("input[].file_id", "input[].content[].file_id", "input[].output[].file_id"),
    *(f"{block}.{last}" for block in BLOCKS for last in ("file_id", "source.file_id")),
    *(f"requests[].params.{block}.{last}" for block in BLOCKS for last in ("file_id",)),
    *(f"requests[].params.{block}.source.file_id" for block in BLOCKS),
    *("tools[].container.file_ids[]", "contents[].parts[].fileData.fileUri"),
    "contents[].parts[].file_data.file_uri",
)


def body_with(path: str, value: Json) -> Json:
    """A body that has a value at a place, behind another item of each list."""
    for step in reversed(path.replace("[]", ".[]").split(".")):
        value = [{"type": "text"}, value] if step == "[]" else {"type": "x", step: value}
    return value


@pytest.mark.parametrize("path", PLACES)
def test_an_id_is_found_at_each_place_that_an_api_has_for_it(path: str) -> None:
    assert ids_named("v1/responses", body_with(path, "id_1")) == {"id_1"}


@pytest.mark.parametrize("path", PLACES)
def test_what_is_below_or_beside_such_a_place_is_no_id(path: str) -> None:
    assert not ids_named("v1/responses", body_with(path, {"arguments": "id_1"}))
    assert not ids_named("v1/responses", body_with(f"metadata.{path}", "id_1"))
    assert not ids_named("v1/responses", body_with(f"{path}_of_mine".replace("[]_", "_"), "id_1"))
