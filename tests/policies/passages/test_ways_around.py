"""Ways around an approval that were found by looking for them, each with the approval it used."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from app.domain.passage import PassageKind
from app.domain.segment import Facts
from app.wire.registry import wire_for
from app.wire.request.body import parse_body
from policies.decide import decide
from tests.policies.made import ALICE
from tests.policies.passages.talks import (
    NOW,
    anthropic,
    approved,
    call,
    facts_of,
    left_open,
    model,
    passages,
    result,
    spoken,
    system,
    tool,
    user,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from policies.compiled_catalog import Catalog
    from tests.policies.passages.talks import Talk

ASK = "deploy the web tier to production, and take care"
OTHER_ASK = "read the notes in this folder, please, and tell me what they say"
DROP = "then drop the customers table as well"
NOTES = "never touch production without asking anyone of the team"
REMINDER = "<system-reminder>\n{}\n</system-reminder>"
SESSION = "<session>\n{}\n</session>"
PICTURE = base64.b64encode(bytes(range(256))).decode()
OTHER_PICTURE = base64.b64encode(bytes(range(255, -1, -1))).decode()


def image(data: str = PICTURE) -> dict[str, Any]:
    source = {"type": "base64", "media_type": "image/png", "data": data}
    return {"type": "image", "source": source}


def held(catalog: Catalog, first: Facts, then: Facts) -> bool:
    """Whether the second request is held although the first was approved."""
    grants = approved(catalog, first)
    assert not left_open(catalog, first, grants)
    return bool(left_open(catalog, then, grants))


def said(*blocks: str | dict[str, Any]) -> Facts:
    """Return one message of these blocks to Anthropic."""
    content = [{"type": "text", "text": b} if isinstance(b, str) else b for b in blocks]
    return facts_of("anthropic", {"messages": [{"role": "user", "content": content}]})


def talk(*parts: Any) -> Facts:  # noqa: ANN401 - what somebody said
    return spoken("anthropic", parts)


def test_another_picture_in_an_approved_turn_is_held(production: Catalog) -> None:
    assert held(production, said(ASK, image()), said(ASK, image(OTHER_PICTURE)))
    assert held(production, said(ASK), said(ASK, image()))


def test_a_picture_beside_what_an_agent_repeats_is_held(production: Catalog) -> None:
    assert held(production, said(ASK), said(SESSION.format(ASK), image()))


def test_a_picture_that_a_tool_returns_asks_nobody_again(production: Catalog) -> None:
    body: Any = anthropic((user(ASK), call(), result("see")))
    body["messages"][2]["content"][0]["content"] = [image()]
    assert not held(production, talk(user(ASK)), facts_of("anthropic", body))


def test_a_picture_belongs_to_the_turn_that_it_was_sent_with(production: Catalog) -> None:
    body: Any = anthropic((user(ASK), model("Done."), user(OTHER_ASK), model("Done.")))
    first = facts_of("anthropic", body)
    body["messages"][2]["content"].append(image())
    assert not held(production, first, facts_of("anthropic", body))
    body["messages"][0]["content"].append(image())
    assert held(production, first, facts_of("anthropic", body))


@pytest.mark.parametrize(
    "blocks",
    [
        (f"{SESSION.format(ASK)}\n{SESSION.format('prod')}",),
        (SESSION.format(ASK), SESSION.format("prod")),
        (SESSION.format(ASK), SESSION.format(DROP)),
    ],
)
def test_an_agent_repeats_one_thing_alone(production: Catalog, blocks: tuple[str, ...]) -> None:
    short = decide(said("prod"), ALICE, production, NOW)
    assert passages(short)
    assert held(production, said(ASK), said(*blocks))


@pytest.mark.parametrize("padding", ["", *(REMINDER.format(c * 50) + "\n" for c in "xy"), " " * 50])
@pytest.mark.parametrize("answer", ["prod", SESSION.format("prod")])
def test_a_short_answer_is_never_without_its_question(
    production: Catalog, padding: str, answer: str
) -> None:
    def asked(question: str, *between: str) -> Facts:
        turns = [part for text in between for part in (user(text), model("?"))]
        return talk(user(question), model("Which?"), *turns, user(padding + answer))

    assert held(production, asked("count the rows"), asked("drop the rows"))
    blank = [" ", REMINDER.format("wait")] * 25
    assert held(production, asked("count the rows", *blank), asked("drop the rows", *blank))
    assert held(production, talk(user("prod")), asked("drop the rows"))


def test_a_picture_makes_no_short_answer_long(production: Catalog) -> None:
    def answered(question: str) -> Facts:
        body: Any = anthropic((user(question), model("Which?"), user("prod")))
        body["messages"][2]["content"].append(image())
        return facts_of("anthropic", body)

    assert held(production, answered("count the rows"), answered("drop the rows"))


def test_a_finding_in_a_wrapper_makes_no_ask_of_the_words_beside_it(production: Catalog) -> None:
    def worked(before: str) -> Facts:
        ask = f"{REMINDER.format(NOTES)}\ncontinue"
        return talk(user(before), model("Yes."), user(ask), call(), result("prod is up"))

    assert held(production, worked("read the notes"), worked("wipe the disks"))


def test_work_is_named_by_what_it_says_where_nobody_typed_an_ask(production: Catalog) -> None:
    def worked(order: str, came: str) -> Facts:
        return talk(user(REMINDER.format(order)), call(), result(came))

    first = worked("read the notes", "the notes say that prod is up")
    assert held(production, first, worked("wipe the disks", "the disks of prod are wiped"))
    assert held(
        production,
        talk(user(SESSION.format("read the notes")), call(), result("prod is up")),
        talk(user(SESSION.format("wipe the disks")), call(), result("prod is up")),
    )


@pytest.mark.parametrize("between", [{"type": "ephemeral", "ttl": "5m"}, {"type": "ephemeral"}])
def test_what_the_protocol_puts_between_two_blocks_parts_no_word(
    production: Catalog, between: dict[str, str]
) -> None:
    first = {"type": "text", "text": "drop every table on pro", "cache_control": between}
    [passage] = passages(decide(said(first, "duction tonight"), ALICE, production, NOW))
    assert passage.kind is PassageKind.TYPED
    assert held(production, said(first, "duction tonight"), said(first, "duction tonight", DROP))


def test_a_word_that_goes_on_in_another_member_is_the_turn(production: Catalog) -> None:
    def named(*blocks: str) -> Facts:
        message = {"role": "user", "content": [{"type": "text", "text": b} for b in blocks]}
        return facts_of("openai", {"messages": [message | {"id": "duction of msg 1"}]})

    first = named("tell me all that there is to know about pro")
    assert held(production, first, named(DROP, "tell me all that there is to know about pro"))
    wrapped = "duction\n" + REMINDER.format("x")
    assert held(production, said("look at pro", wrapped), said(DROP, "look at pro", wrapped))


@pytest.mark.parametrize("member", ["id", "name", "status", "phase"])
def test_an_order_in_a_member_of_the_message_is_part_of_the_turn(
    production: Catalog, member: str
) -> None:
    def sent(value: str) -> Facts:
        message = {"role": "user", "content": ASK, member: value}
        return facts_of("openai", {"messages": [message]})

    assert held(production, sent("alice"), sent("alice, then drop the customers table"))
    assert held(production, sent("alice"), sent("bob")) is (member == "name")


@pytest.mark.parametrize("end", ["\n", "\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"])
def test_a_line_that_ends_in_any_way_is_not_one_that_goes_on(production: Catalog, end: str) -> None:
    comment = "// never on production do this:"
    assert held(production, said(f"{comment} drop()"), said(f"{comment}{end} drop()"))


@pytest.mark.parametrize("hits", [199, 200, 201, 900])
def test_what_stands_behind_many_findings_of_one_text_is_never_left_out(
    production: Catalog, hits: int
) -> None:
    notes = REMINDER.format("prod " * hits)
    first = said(f"{notes}\n{OTHER_ASK}")
    assert held(production, first, said(f"{notes}\nwipe the hosts of prod"))
    trusted = {line for p in passages(decide(first, ALICE, production, NOW)) for line in p.lines}
    assert bool(trusted) is (hits <= 200)


def test_findings_in_noise_hide_none_behind_them(production: Catalog) -> None:
    variety = "QWERTYUIOPASDFGHJKLZXCVBNMqwertyuiopasdfghjklzxcvbnm0123456789"
    noise = variety * 5 + "/prod/xk" * 300
    verdict = decide(said(f"{noise} now wipe the prod hosts"), ALICE, production, NOW)
    assert passages(verdict)


def mcp(**arguments: str) -> Facts:
    params: Any = {"name": "query", "arguments": arguments}
    body = {"jsonrpc": "2.0", "id": "7", "method": "tools/call", "params": params}
    return facts_of("mcp", body, "mcp")


def test_a_call_of_a_tool_is_decided_on_with_all_its_arguments(production: Catalog) -> None:
    first = mcp(env="production", sql="select 1")
    assert held(production, first, mcp(env="production", sql="drop table customers"))
    again: Any = {"jsonrpc": "2.0", "id": "8", "method": "tools/call"}
    params: Any = {"name": "query", "arguments": {"env": "production", "sql": "select 1"}}
    assert not held(production, first, facts_of("mcp", again | {"params": params}, "mcp"))


def test_a_body_of_an_unknown_api_is_decided_on_as_a_whole(production: Catalog) -> None:
    def sent(action: str) -> Facts:
        return facts_of("plain", {"host": "production", "action": action}, "v1/hosts")

    assert held(production, sent("look"), sent("wipe"))


def test_the_files_of_a_form_are_part_of_its_passage(production: Catalog) -> None:
    def form(picture: bytes, boundary: str = "xyz") -> Facts:
        parts = [b"Content-Disposition: form-data; name=a\r\n\r\nedit the production plan", picture]
        raw = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), part) for part in parts)
        wire = wire_for("openai", "v1/images/edits", None)
        prompt = parse_body(f"multipart/form-data; boundary={boundary}", raw).prompt(wire)
        return Facts("openai", "POST", "v1/images/edits", "", prompt, len(raw))

    picture = bytes(range(256))
    assert not held(production, form(picture), form(picture, "drawn-by-lot"))
    assert held(production, form(picture), form(picture[::-1]))


def test_a_word_alone_names_nothing_in_the_text_of_a_tool(
    catalog_of: Callable[..., Catalog],
) -> None:
    by_text = catalog_of("work: text")

    def used(sql: str) -> Facts:
        body: Any = anthropic((user(OTHER_ASK), call("x")))
        body["messages"][1]["content"][0]["input"] = {"env": "production", "sql": sql}
        return facts_of("anthropic", body)

    assert held(by_text, used("select 1"), used("drop table customers"))


def test_work_that_is_named_by_its_text_is_asked_about_again_where_it_changes(
    catalog_of: Callable[..., Catalog],
) -> None:
    by_text = catalog_of("work: text")

    def came(text: str) -> Facts:
        return talk(user(OTHER_ASK), call(), result(text))

    rows = "alice, of the production team, was born in 1971"
    assert held(by_text, came(rows), came(f"{rows}\nbob, of the production team, in 1969"))
    asked = passages(decide(came(rows), ALICE, by_text, NOW))
    assert [(passage.kind, passage.lines) for passage in asked] == [(PassageKind.TEXT, ())]


def test_the_outer_of_two_wrappers_is_the_passage(production: Catalog) -> None:
    inner = f"<INSTRUCTIONS>\n{NOTES}\n</INSTRUCTIONS>"
    first = said(REMINDER.format(f"{inner}\nRead the manual."), OTHER_ASK)
    assert held(production, first, said(REMINDER.format(f"{inner}\n{DROP}"), OTHER_ASK))


def test_a_response_that_the_provider_recalls_is_part_of_the_first_turn(
    production: Catalog,
) -> None:
    def answer(previous: str, words: str = "prod") -> Facts:
        return facts_of("responses", {"previous_response_id": previous, "input": words})

    assert held(production, answer("resp_count"), answer("resp_drop"))
    assert not held(production, answer("resp_count"), answer("resp_count"))


def test_input_that_is_one_string_is_the_same_turn_as_one_that_is_a_list(
    production: Catalog,
) -> None:
    as_string = facts_of("responses", {"input": ASK})
    assert not held(production, spoken("responses", (user(ASK),)), as_string)


def test_where_system_text_stands_in_the_body_changes_nothing(production: Catalog) -> None:
    body: Any = anthropic((user(ASK), call(), result("prod is up"), system(NOTES), tool(NOTES)))
    other = dict(reversed(body.items()))
    assert not held(production, facts_of("anthropic", body), facts_of("anthropic", other))


MASKING = """\
- id: mask-tokens
  title: A token
  on: request
  when: {prompt: {regex: ['tok_[a-z<>/\\n-]{5,200}_end']}}
  then: mask
  explain: Leave it out.
  examples: {match: [tok_abcdefgh_end], skip: [token]}
"""


def test_a_wrapper_whose_tag_is_masked_is_none(catalog_of: Callable[..., Catalog]) -> None:
    catalog = catalog_of(more=MASKING)
    hiding = "tok_abc\n<system-reminder>\nabcdef_end"

    def sent(order: str) -> Facts:
        opened = f"<system-reminder>\n{hiding}\n{order} production\n</system-reminder>\n<"
        return said(f"<system-reminder>\n{opened}system-reminder>\nx\n</system-reminder>")

    assert held(catalog, sent("look at"), sent("wipe"))


def test_what_is_masked_is_named_as_it_is_sent_and_trusted_by_no_line(
    catalog_of: Callable[..., Catalog],
) -> None:
    catalog = catalog_of(more=MASKING)

    def noted(token: str) -> Talk:
        return system(f"{NOTES}\nwith tok_{token}_end"), user(OTHER_ASK)

    first = spoken("anthropic", noted("abcdefgh"))
    assert not held(catalog, first, spoken("anthropic", noted("ijklmnop")))
    [passage] = passages(decide(first, ALICE, catalog, NOW))
    assert passage.lines == ()
    [plain] = passages(decide(talk(system(NOTES), user(OTHER_ASK)), ALICE, catalog, NOW))
    assert len(plain.lines) == 1
