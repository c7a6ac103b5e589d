"""Auditors see in Slack what became of each tool call of an answer."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.domain.record.session import Chunk, Decision, RecordedAnswer, RecordedCall
from tests.bot.handlers.test_replay import replay
from tests.written import append_chunks, change_session

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from sandbox.slack.people.driver import SeenView
    from tests.bot.conftest import Office

HOLD = "01m7hr0000000000000019pm4by"
SHELL = "\U0001f6e0\ufe0f *Bash* · "


async def called(
    office: Office, *calls: RecordedCall, chunks: tuple[Chunk, ...] = ()
) -> tuple[str, SeenView]:
    """Record an answer with these calls; return its session, and what an auditor sees of it."""
    held: Hold = await office.hold()
    began, stream = held.created_at, (("content-type", "text/event-stream"),)
    answer = RecordedAnswer(200, stream, began, began + timedelta(seconds=1), 9, calls=calls)
    await append_chunks(office.storage, held.session_id, chunks)
    await change_session(office.storage, held.session_id, answer=answer)
    async with office.bot():
        view = await replay(await office.slack.user("ines"), held.session_id, "Page 1 of")
    return held.session_id, view


def call(
    decision: Decision,
    *rules: str,
    command: str = "make build",
    tool: str = "Bash",
    **more: Any,  # noqa: ANN401 - fields of the record
) -> RecordedCall:
    return RecordedCall(tool, json.dumps({"command": command}), decision, rules, **more)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (call(Decision.ALLOWED), f"{SHELL}went on\n`make build`"),
        (call(Decision.MASKED, "no-keys"), f"{SHELL}went on, masked · rule `no-keys`\n"),
        (
            call(Decision.APPROVED, "deploys", hold_id=HOLD, by="Maria Lopez", waited_ms=61_000),
            f"{SHELL}approved · by Maria Lopez · after 1 min · rule `deploys` · card `9PM4BY`",
        ),
        (
            call(Decision.APPROVED, "deploys", by="Maria", changed='{"command": "make test"}'),
            "`make build`\nChanged by the approver, it ran as `make test`",
        ),
        (
            call(Decision.MASKED, "no-keys", changed='{"command": "make test"}'),
            "`make build`\nMasked by a rule, it ran as `make test`",
        ),
        (
            call(Decision.WITHDRAWN, "deploys", by="Maria", changed='{"command": "make test"}'),
            "`make build`\nChanged by the approver, it would have run as `make test`",
        ),
        (call(Decision.GRANTED, "deploys"), f"{SHELL}went on: approved before · rule `deploys`\n"),
        (call(Decision.DENIED, "a", "b"), f"{SHELL}denied: it was not made · rule `a, b`\n"),
        (call(Decision.EXPIRED, "deploys"), f"{SHELL}expired: it was not made · "),
        (call(Decision.WITHDRAWN, "deploys"), f"{SHELL}withdrawn: it was not made · "),
        (call(Decision.PENDING, "deploys"), f"{SHELL}not decided: it was not made · "),
        (
            call(Decision.ALLOWED, tool="web_search", by_provider=True),
            "*webˍsearch* · run by the provider itself\n",
        ),
        (
            call(Decision.DENIED, "no-searches", by_provider=True),
            f"{SHELL}run by the provider itself; the answer was denied · rule `no-searches`\n",
        ),
    ],
    ids=[
        *("allowed", "masked", "approved", "changed", "masked, changed", "withdrawn, changed"),
        *("granted", "denied", "expired"),
        *("withdrawn", "pending", "by provider", "by provider, denied"),
    ],
)
async def test_each_call_is_shown_with_what_became_of_it(
    office: Office, made: RecordedCall, told: str
) -> None:
    _, seen = await called(office, made)
    assert told in seen.words


async def test_calls_on_which_a_rule_fired_come_first_and_the_rest_is_counted(
    office: Office,
) -> None:
    plain = [call(Decision.ALLOWED, command=f"plain {at}") for at in range(22)]
    _, seen = await called(office, *plain, call(Decision.DENIED, "no-destroy", command="destroy"))
    assert (
        seen.words.index("`destroy`")
        < seen.words.index("`plain 0`")
        < seen.words.index("`plain 18`")
    )
    assert "`plain 19`" not in seen.words
    assert "… and 3 more tool calls" in seen.words


async def test_rules_that_fired_on_calls_alone_are_named_so_and_may_be_marked(
    office: Office,
) -> None:
    session, seen = await called(office, call(Decision.ALLOWED, "in-shadow"))
    assert "Rule `in-shadow` fired on a tool call in the answer" in seen.words
    async with office.bot():
        ines = await office.slack.user("ines")
        found = await replay(ines, "rule:in-shadow tool:bash call:allowed", "Filter: ")
        assert session in found.words
        none = await replay(ines, "tool:bash call:denied", "Filter: ")
        assert session not in none.words


async def test_nothing_that_a_call_says_is_markup_or_hides(office: Office) -> None:
    hostile = "echo `id` <!channel> *b* \u202e :tada:\nrm -rf /\n\n" + "x" * 4000
    _, seen = await called(
        office,
        call(Decision.DENIED, "deploys", command=hostile, tool="<!here>*Bash*", by="<@U0MARIA001>"),
    )
    assert "*<!here>∗Bash∗* · denied: it was not made · by <@U0MARIA001> · rule" in seen.words
    assert "`echo ˋidˋ <!channel> *b* ⟨U+202E⟩ :tada:`\n`rm -rf /`\n" in seen.words
    assert "… and 3,840 more characters" in seen.words
    sent = json.dumps(seen.raw)
    assert not any(sign in sent for sign in ("<!here>", "<!channel>", "<@U0MARIA001>"))


async def test_a_call_in_the_answer_is_shown_as_people_read_it(office: Office) -> None:
    said = {"command": "make build\nmake test", "timeout": 5}
    function = {"name": "Bash", "arguments": json.dumps(said)}
    event = {
        "choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": function}]}}]
    }
    chunks = (Chunk(0, 5, f"data: {json.dumps(event)}\n\n".encode()),)
    _, seen = await called(office, call(Decision.ALLOWED), chunks=chunks)
    assert "assistant · tool call · Bash" in seen.words
    assert "make build\nmake test\ntimeout: 5" in seen.words
