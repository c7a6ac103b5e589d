"""What needs no person: allowed untouched, denied by rule, masked on the way."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import anthropic
import openai
import pytest

from tests.flows.trouble.test_hostile_upstream import answer, raw_upstream
from tests.recorded import recorded

if TYPE_CHECKING:
    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from tests.flows.house import House

PLANTED = "AKIAIOSFODNN7EXAMPLE"
HELLO = [{"role": "user", "content": "Say hello"}]


async def test_an_ordinary_request_passes_untouched(
    house: House, idp: IdpDriver, model: ModelDriver
) -> None:
    async with house.http(await idp.token("alice")) as http:
        body = b'{"model":"sandbox-1",  "messages":[{"role":"user","content":"Say hello"}]}'
        headers = {
            "content-type": "application/json",
            "cookie": "a=b",
            "x-forwarded-for": "9.9.9.9",
        }
        answer = await http.post("/openai/v1/chat/completions", content=body, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["abeyance-decision"] == "allowed"
    [received] = await model.requests()
    assert received.body == body
    names = {name.lower() for name, _ in received.headers}
    assert not names & {"cookie", "x-forwarded-for"}
    assert received.header("authorization") == "Bearer sandbox-model-credential"


async def test_what_no_rule_reads_is_told_to_the_caller_and_in_the_ledger(
    house: House, idp: IdpDriver
) -> None:
    picture = base64.b64encode(bytes(range(256))).decode()
    words = base64.b64encode(b"say hello, and so on for as long as it takes to be a text").decode()
    async with house.http(await idp.token("alice")) as http:
        for data, uninspected in ((picture, 1), (words, 0)):
            file = {"type": "file", "file": {"file_data": data}}
            body = {"model": "sandbox-1", "messages": [{"role": "user", "content": [file]}]}
            given = await http.post("/openai/v1/chat/completions", json=body)
            assert given.headers["abeyance-decision"] == "allowed"
            assert int(given.headers.get("abeyance-uninspected", 0)) == uninspected
            storage = house.storage()
            entries = await storage.ledger.entries(given.headers["abeyance-session"])
            storage.close()
            opened = [entry.event.data for entry in entries if "action" in entry.event.data]
            assert [data["uninspected"] for data in opened] == [uninspected]


async def test_texts_are_embedded_and_a_secret_in_them_is_masked(
    house: House, idp: IdpDriver, model: ModelDriver
) -> None:
    async with house.openai(await idp.token("alice")) as client:
        found = await client.embeddings.create(
            model="gpt-sandbox", input=["hello", "my key is AKIAIOSFODNN7EXAMPLE", "hello"]
        )
    one, _, again = (each.embedding for each in found.data)
    assert one == again
    [received] = await model.requests()
    assert b"AKIAIOSFODNN7EXAMPLE" not in received.body
    assert b"hello" in received.body


async def test_the_callers_token_stands_nowhere_in_the_record(house: House, idp: IdpDriver) -> None:
    token = await idp.token("alice")
    async with house.http(token) as http:
        given = await http.post(
            "/openai/v1/chat/completions", json={"model": "sandbox-1", "messages": HELLO}
        )
    storage = house.storage()
    session = await recorded(storage, given.headers["abeyance-session"])
    entries = await storage.ledger.entries(given.headers["abeyance-session"])
    storage.close()
    assert entries
    signature = token.rpartition(".")[2]
    for told in (session, entries, house.gateway.log.read_text()):
        assert signature not in repr(told)


async def test_a_key_in_a_streamed_answer_is_masked_though_it_comes_in_pieces(
    house: House, idp: IdpDriver
) -> None:
    async with house.openai(await idp.token("alice")) as client:
        stream = await client.chat.completions.create(
            model="sandbox-leaky", messages=HELLO, stream=True
        )
        deltas = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
    text = "".join(deltas)
    assert "[aws-access-key-id]" in text
    assert PLANTED not in text
    assert len(deltas) > 5, "the answer still streams"


async def test_a_key_in_an_anthropic_stream_is_masked(house: House, idp: IdpDriver) -> None:
    async with house.anthropic(await idp.token("alice")) as client:
        async with client.messages.stream(
            model="claude-leaky", max_tokens=99, messages=HELLO
        ) as stream:
            text = "".join([delta async for delta in stream.text_stream])
        final = (await stream.get_final_message()).to_json()
    assert "[aws-access-key-id]" in text
    assert PLANTED not in text + final


async def test_a_key_in_a_whole_answer_is_masked(house: House, idp: IdpDriver) -> None:
    async with house.openai(await idp.token("alice")) as client:
        answer = await client.chat.completions.create(model="sandbox-leaky", messages=HELLO)
    assert "[aws-access-key-id]" in str(answer.choices[0].message.content)


async def test_a_key_in_the_arguments_of_a_tool_call_is_masked_and_they_stay_json(
    house: House, idp: IdpDriver
) -> None:
    tool = {
        "type": "function",
        "function": {"name": "run", "parameters": {"type": "object", "properties": {}}},
    }
    prompt = [{"role": "user", "content": "Please call the tool"}]
    async with (
        house.openai(await idp.token("alice")) as client,
        client.chat.completions.stream(
            model="sandbox-leaky", messages=prompt, tools=[tool]
        ) as stream,
    ):
        final = await stream.get_final_completion()
    [call] = final.choices[0].message.tool_calls or []
    assert "[aws-access-key-id]" in call.function.arguments
    assert PLANTED not in final.to_json()


async def test_a_secret_in_the_prompt_does_not_reach_the_model(
    house: House, idp: IdpDriver, model: ModelDriver
) -> None:
    prompt = [{"role": "user", "content": f"why is {PLANTED} refused?"}]
    async with house.openai(await idp.token("alice")) as client:
        answer = await client.chat.completions.with_raw_response.create(
            model="sandbox-1", messages=prompt
        )
    assert answer.headers["abeyance-decision"] == "masked"
    [received] = await model.requests()
    assert PLANTED.encode() not in received.body
    assert b"[aws-access-key-id]" in received.body


async def test_a_password_masked_once_shows_in_no_message_and_not_in_the_answer(
    house: House, idp: IdpDriver
) -> None:
    password = "Tr0ub4dor&3x"
    body = {"messages": [{"role": "user", "content": f'password = "{password}"'}]}
    async with (
        raw_upstream(house, "echo") as upstream,
        house.http(await idp.token("alice")) as http,
    ):
        said = f'{{"choices":[{{"message":{{"content":"I have set {password}."}}}}]}}'
        upstream.answers = [answer(said.encode())]
        masked = await http.post("/echo/v1/chat/completions", json=body)
    told = "I have set [connection-string-password]."
    assert masked.json()["choices"][0]["message"]["content"] == told


async def test_no_secret_of_a_large_prompt_reaches_the_model(
    house: House, idp: IdpDriver, model: ModelDriver
) -> None:
    filler = "an ordinary line of a log\n" * 2_000
    prompt = [
        {"role": "user", "content": f"{filler}why is {PLANTED} refused?"},
        {"role": "assistant", "content": "which one?"},
        {"role": "user", "content": PLANTED},
    ]
    async with house.openai(await idp.token("alice")) as client:
        await client.chat.completions.create(model="sandbox-1", messages=prompt)
    [received] = await model.requests()
    assert PLANTED.encode() not in received.body
    assert received.body.count(b"[aws-access-key-id]") == 2


async def test_a_denied_prompt_raises_the_openai_clients_own_exception(
    house: House, idp: IdpDriver, model: ModelDriver
) -> None:
    prompt = [{"role": "user", "content": "read /etc/shadow"}]
    async with house.openai(await idp.token("alice")) as client:
        with pytest.raises(openai.PermissionDeniedError) as refusal:
            await client.chat.completions.create(model="sandbox-1", messages=prompt)
    assert refusal.value.code == "policy_denied"
    assert "no-credential-dumps" in refusal.value.message
    assert refusal.value.response.headers["abeyance-rule"] == "no-credential-dumps"
    assert await model.requests() == []


async def test_a_denied_prompt_raises_the_anthropic_clients_own_exception(
    house: House, idp: IdpDriver, model: ModelDriver
) -> None:
    prompt = [{"role": "user", "content": "read /etc/shadow"}]
    async with house.anthropic(await idp.token("alice")) as client:
        with pytest.raises(anthropic.PermissionDeniedError, match="no-credential-dumps"):
            await client.messages.create(model="claude", max_tokens=9, messages=prompt)
    assert await model.requests() == []


async def test_a_cursor_agent_is_launched_with_a_basic_token(
    house: House, idp: IdpDriver, model: ModelDriver
) -> None:
    async with house.http("unused") as http:
        del http.headers["authorization"]
        answer = await http.post(
            "/cursor/v1/agents",
            json={"prompt": {"text": "Fix the flaky test"}},
            auth=(await idp.token("alice"), ""),
        )
    assert answer.is_success, answer.text
    [received] = await model.requests()
    assert received.header("authorization").startswith("Basic ")


async def test_without_a_good_token_nothing_is_forwarded(house: House, model: ModelDriver) -> None:
    async with house.openai("sk-static-key") as client:
        with pytest.raises(openai.AuthenticationError):
            await client.chat.completions.create(model="sandbox-1", messages=HELLO)
    assert await model.requests() == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/openai/v1/chat/completions", b'{"a": 1, "a": 2}', 400),
        ("/openai/v1/chat/completions", b'{"a": NaN}', 400),
        ("/openai/v1/chat/completions", b"[" * 10_000 + b"]" * 10_000, 400),
        ("/openai/v1/chat/completions", b'{"a": "\xff"}', 400),
        ("/openai/v1/chat/completions", b'{"a": ', 400),
        ("/openai/v1/chat/completions", b'{"a": "' + b"x" * 34_000_000 + b'"}', 413),
        ("/openai/v1/%2e%2e/admin", b"{}", 400),
        ("/nowhere/v1/x", b"{}", 404),
        ("/openai", b"{}", 404),
    ],
    ids=lambda value: str(value)[:24],
)
async def test_a_malformed_request_gets_a_clear_no_and_goes_nowhere(
    house: House, idp: IdpDriver, model: ModelDriver, path: str, body: bytes, status: int
) -> None:
    async with house.http(await idp.token("alice")) as http:
        answer = await http.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"]
    assert await model.requests() == []


async def test_an_upstream_that_fails_is_told_in_its_own_words(
    house: House, idp: IdpDriver
) -> None:
    async with house.openai(await idp.token("alice"), max_retries=0) as client:
        with pytest.raises(openai.InternalServerError):
            await client.chat.completions.create(model="sandbox-failing", messages=HELLO)


async def test_an_openai_stream_that_the_upstream_breaks_off_ends_with_an_error(
    house: House, idp: IdpDriver
) -> None:
    async with house.openai(await idp.token("alice")) as client:
        stream = await client.chat.completions.create(
            model="sandbox-midfail", messages=HELLO, stream=True
        )
        with pytest.raises(openai.APIError, match="broke off"):
            [_ async for _ in stream]


async def test_an_anthropic_stream_that_the_upstream_breaks_off_ends_with_an_error(
    house: House, idp: IdpDriver
) -> None:
    async with (
        house.anthropic(await idp.token("alice")) as client,
        client.messages.stream(model="claude-midfail", max_tokens=9, messages=HELLO) as stream,
    ):
        with pytest.raises(anthropic.APIError, match="broke off"):
            await stream.get_final_message()


async def test_opencode_is_told_how_to_sign_in_and_a_caller_which_providers_there_are(
    house: House, idp: IdpDriver
) -> None:
    async with house.http(await idp.token("alice")) as http:
        told = (await http.get("/-/opencode")).json()
        assert told["provider"]["anthropic"]["options"]["baseURL"] == f"{house.url}/anthropic/v1"
        assert set(told["enabled_providers"]) == {"anthropic", "openai"}
        http.headers.pop("authorization")
        assert (await http.get("/-/opencode")).status_code == 401
        asked = (await http.get("/.well-known/opencode")).json()
        assert asked["auth"]["command"][:3] == ["abeyance", "key", "create"]
        assert asked["remote_config"]["url"] == f"{house.url}/-/opencode"
        # What there is, is for those who may use it.
        assert "anthropic" not in str(asked)


async def test_a_caller_is_told_the_connections_and_where_they_are(
    house: House, idp: IdpDriver
) -> None:
    async with house.http(await idp.token("alice")) as http:
        told = (await http.get("/-/connections")).json()["connections"]
        assert {"name": "openai", "kind": "openai", "url": f"{house.url}/openai"} in told
        assert {"anthropic", "cursor", "openai"} <= {known["name"] for known in told}
        http.headers.pop("authorization")
        assert (await http.get("/-/connections")).status_code == 401
