import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from sandbox.model.driver import ModelDriver
from sandbox.model.intake import CREDENTIAL

BASIC = {"Authorization": f"Basic {b64encode(f'{CREDENTIAL}:'.encode()).decode()}"}
KEY = "AKIAIOSFODNN7EXAMPLE"


@dataclass(frozen=True, slots=True)
class Seen:
    """One event, as a client reads it."""

    id: str | None
    name: str
    data: dict[str, Any]


def read_events(text: str) -> list[Seen]:
    events = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        events.append(Seen(fields.get("id"), fields["event"], json.loads(fields["data"])))
    return events


def spoken(events: list[Seen]) -> list[str]:
    return [event.data["text"] for event in events if event.name == "assistant"]


async def launch(
    model: ModelDriver, text: str = "Add a README", *, name: str = "cursor-sandbox", **headers: str
) -> dict[str, Any]:
    body = {
        "prompt": {"text": text},
        "model": {"id": name},
        "repos": [{"url": "https://github.com/acme/payments", "startingRef": "main"}],
    }
    answer = await model.http.post("/cursor/v1/agents", json=body, headers={**BASIC, **headers})
    launched: dict[str, Any] = answer.raise_for_status().json()
    return launched


def run_path(launched: dict[str, Any]) -> str:
    return f"/cursor/v1/agents/{launched['agent']['id']}/runs/{launched['run']['id']}"


async def get(model: ModelDriver, path: str, **headers: str) -> httpx.Response:
    return await model.http.get(path, headers={**BASIC, **headers})


async def test_an_agent_runs_and_its_text_is_the_same_in_run_stream_and_conversation(
    model: ModelDriver,
) -> None:
    launched = await launch(model)
    run = (await get(model, run_path(launched))).json()
    events = read_events((await get(model, f"{run_path(launched)}/stream")).text)
    agent_id = launched["agent"]["id"]
    talk = (await get(model, f"/cursor/v0/agents/{agent_id}/conversation")).json()

    assert run["status"] == "FINISHED"
    assert "Add a README" in run["result"]
    assert [events[0].name, events[-2].name, events[-1].name] == ["status", "result", "done"]
    assert len(spoken(events)) > 3
    assert "".join(spoken(events)) == events[-2].data["text"] == run["result"]
    assert [each["type"] for each in talk["messages"]] == ["user_message", "assistant_message"]
    assert talk["messages"][1]["text"] == run["result"]


async def test_a_stream_resumes_after_the_last_event_id(model: ModelDriver) -> None:
    launched = await launch(model)
    every = read_events((await get(model, f"{run_path(launched)}/stream")).text)
    first, second, *others = every
    assert (first.name, first.id) == ("status", None)  # comes again with each reconnect
    assert [second.id, others[0].id] == [second.id, second.id]  # one step, told twice
    rest = await resume(model, launched, others[0].id)

    assert rest[1:] == others[1:]
    assert (rest[0].name, rest[0].id) == ("status", None)


async def test_a_broken_stream_can_be_resumed_to_the_end(model: ModelDriver) -> None:
    launched = await launch(model, name="cursor-midfail")
    path = f"{run_path(launched)}/stream"
    got: list[str] = []
    async with model.http.stream("GET", path, headers=BASIC) as answer:
        with pytest.raises(httpx.RemoteProtocolError):
            await collect(answer, got)
    first = read_events("".join(got))
    rest = await resume(model, launched, first[-3].id)

    assert rest[-1].name == "done"
    assert "".join(spoken(first[:-2] + rest)) == rest[-2].data["text"]


async def resume(model: ModelDriver, launched: dict[str, Any], after: str | None) -> list[Seen]:
    path, headers = f"{run_path(launched)}/stream", {"Last-Event-ID": str(after)}
    return read_events((await get(model, path, **headers)).text)


async def collect(answer: httpx.Response, into: list[str]) -> None:
    async for part in answer.aiter_text():
        into.append(part)  # noqa: PERF401  what came before the break counts


async def test_a_stalled_run_keeps_its_agent_busy_until_it_is_cancelled(
    model: ModelDriver,
) -> None:
    launched = await launch(model, name="cursor-stalling")
    runs = f"/cursor/v1/agents/{launched['agent']['id']}/runs"
    more = {"prompt": {"text": "And a licence"}, "model": {"id": "cursor-sandbox"}}
    busy = await model.http.post(runs, json=more, headers=BASIC)
    cancelled = await model.http.post(f"{run_path(launched)}/cancel", headers=BASIC)
    events = read_events((await get(model, f"{run_path(launched)}/stream")).text)
    again = await model.http.post(f"{run_path(launched)}/cancel", headers=BASIC)
    started = await model.http.post(runs, json=more, headers=BASIC)
    listed = (await get(model, runs)).json()["items"]

    assert (busy.status_code, busy.json()["error"]["code"]) == (409, "agent_busy")
    assert cancelled.status_code == 200
    assert [event.name for event in events[-3:]] == ["status", "result", "done"]
    assert again.status_code == 409
    assert started.status_code == 201
    assert [run["status"] for run in listed] == ["FINISHED", "CANCELLED"]


async def test_a_stalled_stream_goes_on_when_released(model: ModelDriver) -> None:
    launched = await launch(model, name="cursor-stalling")
    assert (await get(model, run_path(launched))).json()["status"] == "RUNNING"
    got, released = "", 0
    async with model.http.stream("GET", f"{run_path(launched)}/stream", headers=BASIC) as answer:
        async for part in answer.aiter_text():
            got += part
            if "event: assistant" in got and not released:
                released = await model.release()

    assert released == 1
    assert read_events(got)[-1].name == "done"
    assert (await get(model, run_path(launched))).json()["status"] == "FINISHED"


async def test_a_slow_run_ends_by_itself(model: ModelDriver) -> None:
    launched = await launch(model, name="cursor-slow5")
    events = read_events((await get(model, f"{run_path(launched)}/stream")).text)

    assert events[-1].name == "done"


async def test_a_leaky_run_leaks_in_text_tool_call_and_result(model: ModelDriver) -> None:
    launched = await launch(model, "Please call the tool", name="cursor-leaky")
    events = read_events((await get(model, f"{run_path(launched)}/stream")).text)

    assert KEY in "".join(spoken(events))
    assert not any(KEY in part for part in spoken(events))
    calls = [event.data for event in events if event.name == "tool_call"]
    assert KEY in calls[0]["args"]["command"]
    assert KEY in calls[1]["result"]["success"]["stdout"]
    assert KEY in events[-2].data["text"]


async def test_an_idempotency_key_makes_one_agent(model: ModelDriver) -> None:
    first = await launch(model, **{"Idempotency-Key": "k1"})
    second = await launch(model, **{"Idempotency-Key": "k1"})
    third = await launch(model, **{"Idempotency-Key": "k2"})

    assert first == second
    assert third["agent"]["id"] != first["agent"]["id"]
    assert len((await get(model, "/cursor/v1/agents")).json()["items"]) == 2


async def test_version_0_launches_follows_up_and_tells_the_conversation(
    model: ModelDriver,
) -> None:
    made = await model.http.post(
        "/cursor/v0/agents",
        json={
            "prompt": {"text": "Add tests"},
            "source": {"repository": "https://github.com/acme/payments", "ref": "main"},
        },
        headers=BASIC,
    )
    path = f"/cursor/v0/agents/{made.json()['id']}"
    followed = await model.http.post(
        f"{path}/followup", json={"prompt": {"text": "And docs"}}, headers=BASIC
    )
    talk = (await get(model, f"{path}/conversation")).json()

    assert made.status_code == 201
    assert (await get(model, path)).json()["status"] == "FINISHED"
    assert followed.json() == {"id": made.json()["id"]}
    assert [each["text"] for each in talk["messages"]][::2] == ["Add tests", "And docs"]


@pytest.mark.parametrize("version", ["v0", "v1"])
async def test_me_and_models_answer_basic_and_bearer_alike(
    model: ModelDriver, version: str
) -> None:
    for headers in (BASIC, {"Authorization": f"Bearer {CREDENTIAL}"}):
        me = await model.http.get(f"/cursor/{version}/me", headers=headers)
        models = await model.http.get(f"/cursor/{version}/models", headers=headers)
        assert me.json()["apiKeyName"] == "sandbox"
        assert "cursor-sandbox" in models.text


async def test_refusals_have_cursor_s_shape(model: ModelDriver) -> None:
    prompt = {"prompt": {"text": "x"}}
    cases: list[tuple[dict[str, Any], dict[str, str], int, str]] = [
        (prompt, {}, 401, "unauthorized"),
        (prompt, {"Authorization": "Bearer else"}, 401, "unauthorized"),
        ({"prompt": "x"}, BASIC, 400, "validation_error"),
        ({"prompt": {"text": ""}}, BASIC, 400, "validation_error"),
        ({**prompt, "model": {"id": "x-failing"}}, BASIC, 500, "internal_error"),
        ({**prompt, "model": {"id": "x-ratelimited"}}, BASIC, 429, "rate_limit_exceeded"),
    ]
    for body, headers, status, code in cases:
        answer = await model.http.post("/cursor/v1/agents", json=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    unknown = await get(model, "/cursor/v1/agents/bc-nobody")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "not_found")


async def test_an_agent_of_the_clients_own_id_is_paged_archived_and_deleted(
    model: ModelDriver,
) -> None:
    chosen = "bc-5f8e8af5-3f0a-4683-aff7-28554450e05d"
    body = {"prompt": {"text": "x"}, "agentId": chosen}
    made = await model.http.post("/cursor/v1/agents", json=body, headers=BASIC)
    again = await model.http.post("/cursor/v1/agents", json=body, headers=BASIC)
    second = (await launch(model))["agent"]["id"]
    page = (await get(model, "/cursor/v1/agents?limit=1")).json()
    rest = (await get(model, f"/cursor/v1/agents?cursor={page['nextCursor']}")).json()
    path = f"/cursor/v1/agents/{chosen}"
    await model.http.post(f"{path}/archive", headers=BASIC)
    left = (await get(model, "/cursor/v1/agents")).json()
    whole = (await get(model, "/cursor/v1/agents?includeArchived=true")).json()
    await model.http.delete(path, headers=BASIC)

    assert made.json()["agent"]["id"] == chosen
    assert (again.status_code, again.json()["error"]["code"]) == (409, "agent_id_conflict")
    assert [each["id"] for each in page["items"] + rest["items"]] == [second, chosen]
    assert "nextCursor" not in rest
    assert [len(each["items"]) for each in (left, whole)] == [1, 2]
    assert (await get(model, path)).status_code == 404


async def test_artifacts_lie_at_another_host_and_need_no_credential(model: ModelDriver) -> None:
    launched = await launch(model)
    path = f"/cursor/v1/agents/{launched['agent']['id']}"
    [artifact] = (await get(model, f"{path}/artifacts")).json()["items"]
    given = (await get(model, f"{path}/artifacts/download?path={artifact['path']}")).json()
    usage = (await get(model, f"{path}/usage")).json()

    assert not given["url"].startswith(str(model.http.base_url))
    assert len((await model.http.get(given["url"])).content) == artifact["sizeBytes"]
    assert (await model.http.get(given["url"].replace("report", "other"))).status_code == 403
    assert usage["runs"] == [{"id": launched["run"]["id"], "usage": usage["totalUsage"]}]


@pytest.mark.parametrize(
    ("switch", "last", "expected"),
    [
        ("expired", "", (410, "stream_expired")),
        ("sandbox", "1-1", (400, "invalid_last_event_id")),
    ],
)
async def test_a_stream_that_cannot_be_resumed_says_so(
    model: ModelDriver, switch: str, last: str, expected: tuple[int, str]
) -> None:
    path = f"{run_path(await launch(model, name=f'cursor-{switch}'))}/stream"
    answer = await get(model, path, **({"Last-Event-ID": last} if last else {}))
    assert (answer.status_code, answer.json()["error"]["code"]) == expected
