"""What the provider gave to one caller is no use to another who shares its account."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from proxy.http.account_ids import ids_given, ids_named, lists, may_give
from tests.proxy.http.conftest import answer

if TYPE_CHECKING:
    import httpx

    from tests.proxy.http.conftest import Here

pytestmark = pytest.mark.asyncio(loop_scope="module")

CREATED = b'data: {"type":"response.created","response":{"id":"resp_2"}}\n\n'
PART = [{"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}]
SOURCE = [{"role": "user", "content": [{"type": "document", "source": {"file_id": "file_1"}}]}]


async def ask(here: Here, person: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401
    method = options.pop("method", "POST")
    async with here.http(authorization=f"Bearer {await here.token(person)}") as http:
        return await http.request(method, f"/it/{path}", **options)


@pytest.mark.parametrize(
    ("made", "given", "used", "body"),
    [
        ("v1/responses", "resp_1", "v1/responses", {"previous_response_id": "resp_1"}),
        ("v1/responses", "resp_1", "v1/responses/resp_1", None),
        ("v1/responses", "resp_1", "v1/responses/resp_1/input_items", None),
        ("v1/files", "file-1", "v1/files/file-1/content", None),
        ("v1/files", "file-1", "v1/responses", {"input": PART}),
        ("v1/files", "file-1", "v1/batches", {"input_file_id": "file-1"}),
        ("v1/files", "file_1", "v1/messages", {"messages": SOURCE}),
        ("v1/batches", "batch_1", "v1/batches/batch_1/cancel", {}),
        ("v1/messages/batches", "msgbatch_1", "v1/messages/batches/msgbatch_1/results", None),
        ("v1/conversations", "conv_1", "v1/responses", {"conversation": {"id": "conv_1"}}),
    ],
)
async def test_an_id_is_taken_from_whoever_received_it_and_from_nobody_else(
    here: Here,
    made: str,
    given: str,
    used: str,
    body: Any,  # noqa: ANN401
) -> None:
    here.upstream.answers = [answer(json.dumps({"id": given, "object": "x"}).encode())]
    assert (await ask(here, "alice", made, json={})).status_code == 200
    how = {"method": "GET"} if body is None else {"json": body}
    assert (await ask(here, "alice", used, **how)).status_code == 200
    sent = len(here.upstream.received)
    refused = await ask(here, "dana", used, **how)
    assert refused.status_code == 404
    assert "did not receive" in refused.text
    assert len(here.upstream.received) == sent


async def test_the_id_of_a_stream_counts_before_the_stream_ends(here: Here) -> None:
    stream = "content-type: text/event-stream"
    here.upstream.answers = [answer(CREATED + b"data: [DONE]\n\n", stream)]
    await ask(here, "alice", "v1/responses", json={"stream": True})
    follow = {"json": {"previous_response_id": "resp_2"}}
    assert (await ask(here, "alice", "v1/responses", **follow)).status_code == 200
    assert (await ask(here, "dana", "v1/responses", **follow)).status_code == 404


async def test_what_follows_an_answer_by_its_id_is_of_its_conversation(here: Here) -> None:
    ids = ("resp_1", "resp_2", "resp_3", "resp_4")
    here.upstream.answers = [answer(json.dumps({"id": one}).encode()) for one in ids]
    asked: list[dict[str, Any]] = [{"input": "hi"}]
    asked += [{"input": "go on", "previous_response_id": one} for one in ("resp_1", "resp_2")]
    asked += [{"input": [{"role": "user", "content": "bye"}]}]
    talks = []
    for body in asked:
        told = await ask(here, "alice", "v1/responses", json=body)
        session = await here.place.storage.sessions.get(told.headers["abeyance-session"])
        assert session is not None
        talks.append(session.conversation)
    assert talks[0] is not None
    assert talks[1:3] == [talks[0]] * 2
    assert talks[3] != talks[0]


async def test_a_batchs_results_are_its_owners(here: Here) -> None:
    ended = {"id": "batch_2", "output_file_id": "file-out"}
    here.upstream.answers = [answer(b'{"id": "batch_2"}'), answer(json.dumps(ended).encode())]
    await ask(here, "alice", "v1/batches", json={})
    await ask(here, "alice", "v1/batches/batch_2", method="GET")
    results = ("v1/files/file-out/content",)
    assert (await ask(here, "alice", *results, method="GET")).status_code == 200
    assert (await ask(here, "dana", *results, method="GET")).status_code == 404


async def test_what_a_caller_writes_into_an_answer_gives_them_nothing(here: Here) -> None:
    theirs = b'{"id": "file-theirs"}'
    here.upstream.answers = [
        answer(b'{"id": "file-mine"}'),
        answer(theirs),  # the content of a file of theirs
        answer(b'{"id": "vs_1", "name": "files/file-theirs"}'),
        answer(b'{"id": "chatcmpl-1", "choices": [{"message": {"content": "file-theirs"}}]}'),
    ]
    await ask(here, "alice", "v1/files", json={})
    await ask(here, "alice", "v1/files/file-mine/content", method="GET")
    await ask(here, "alice", "v1/vector_stores", json={"name": "files/file-theirs"})
    await ask(here, "alice", "v1/chat/completions", json={})
    assert (await ask(here, "alice", "v1/files/file-theirs", method="GET")).status_code == 404


async def test_an_mcp_session_is_its_owners(here: Here) -> None:
    here.upstream.answers = [answer(b"{}", "mcp-session-id: s-1")]
    begun = await ask(
        here, "alice", "mcp", json={"jsonrpc": "2.0", "id": 1, "method": "initialize"}
    )
    session = {"mcp-session-id": begun.headers["mcp-session-id"]}
    call = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
    assert (await ask(here, "alice", "mcp", json=call, headers=session)).status_code == 200
    assert here.upstream.last.headers["mcp-session-id"] == "s-1"
    assert (await ask(here, "dana", "mcp", json=call, headers=session)).status_code == 404
    assert (await ask(here, "dana", "mcp", method="DELETE", headers=session)).status_code == 404
    assert (await ask(here, "alice", "mcp", method="DELETE", headers=session)).status_code == 200


LISTS = (
    *("v1/files", "v1/files/", "v1/batches", "v1/responses", "v1/messages/batches", "v1beta/files"),
    *("v1/chat/completions", "openai/files", "v1beta/cachedContents"),
)


@pytest.mark.parametrize("path", LISTS)
async def test_a_list_of_the_account_is_closed_until_an_administrator_opens_it(
    here: Here, path: str
) -> None:
    refused = await ask(here, "alice", path, method="GET")
    assert refused.status_code == 403
    assert "abeyance connection change it --open-lists" in refused.text
    assert here.upstream.received == []
    await here.connect(open_lists=True)
    assert (await ask(here, "alice", path, method="GET")).status_code == 200


async def test_another_api_may_use_the_same_names(here: Here) -> None:
    await here.connect(wire="plain")
    for path in ("v1/files", "v1/files/readme.md"):
        assert (await ask(here, "alice", path, method="GET")).status_code == 200


async def test_models_and_the_arguments_of_tools_are_free() -> None:
    arguments = {"messages": [{"content": [{"type": "tool_use", "input": {"file_id": "F024"}}]}]}
    assert ids_named("v1/messages", arguments) == frozenset()
    assert lists("GET", "v1/models") == ""
    assert lists("POST", "v1/files") == ""
    assert not may_give("GET", "v1/models/m")
    google = {
        "contents": [{"parts": [{"fileData": {"fileUri": "https://g.example/v1beta/files/a"}}]}]
    }
    assert ids_named("v1beta/models/g:generateContent", google) == {"a"}
    assert ids_given(b'{"file": {"name": "files/a"}}') == {"a"}
    assert ids_given(b'{"id": "resp_1", ') is None


async def test_an_idempotency_key_is_each_callers_own(here: Here) -> None:
    sent = []
    for person in ("alice", "alice", "dana"):
        given = await ask(
            here, person, "v1/responses", json={}, headers={"idempotency-key": "stainless-1"}
        )
        sent.append(here.upstream.last.headers["idempotency-key"])
        session = await here.place.storage.sessions.get(given.headers["abeyance-session"])
        assert session is not None
        assert ("idempotency-key", sent[-1]) in session.request.headers
    assert sent[0] == sent[1] != sent[2]
    assert "stainless" not in "".join(sent)
