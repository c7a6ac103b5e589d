"""What a card shows, and that Slack takes it whatever is in it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.hold import GrantSummary, Hold, HoldState, Marked
from app.domain.hook import Hook, HookEvent, HookTool
from app.domain.identity import Identity, IdentityKind, Provenance
from app.domain.passage import Excerpt, Passage, PassageKind
from app.domain.segment import Role
from app.domain.verdict import Approval, Question, Risk
from bot.people.approvers import Audience
from bot.slack.button_signer import ButtonSigner
from bot.views import cards
from bot.views.quotes import passages, quotes
from sandbox.slack.blockkit import check_blocks, length_of
from tests.bot.calls import BASH
from tests.bot.values import DANA, JOB, MARCUS, MARIA, NOW, fired, hold, vote
from tests.policies.passages.questions import passage

if TYPE_CHECKING:
    from bot.slack.blocks import Message

LATER = NOW + timedelta(minutes=2)
PENDING_BUTTONS = [cards.APPROVE, cards.DENY, cards.VIEW, cards.MORE]

naughty = st.text(max_size=300) | st.sampled_from(
    ["<!channel>", "*b* _i_ `c`", "\u202e\u200b", "\ud800", "x" * 4000, "&" * 4000, "😀" * 3000, ""]
)


def draw(held: Hold, requester: str = "U0DANA0001", warning: str = "") -> Message:
    return cards.card(
        held, requester=requester, value=ButtonSigner("xoxb-1").sign(held), warning=warning
    )


def words(message: Message) -> str:
    return json.dumps([message.summary, message.blocks], ensure_ascii=False)


def buttons(message: Message) -> list[str]:
    rows = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    return [button["action_id"] for row in rows for button in row]  # type: ignore[attr-defined]


def test_a_card_says_which_hook_asks_and_where_it_claims_to_work() -> None:
    hook = Hook(HookTool.CLAUDE_CODE, HookEvent.PROMPT, "/home/dana/`shop`\u202e")
    shown = words(draw(hold(hook=hook)))
    assert "Asked by a hook of Claude Code in `/home/dana/ˋshopˋ⟨U+202E⟩` _claimed_" in shown
    of_call = words(draw(hold(hook=hook, tool=BASH)))
    assert "Asked by a hook of Claude Code" in of_call
    assert "_claimed_" not in of_call


def test_a_pending_card_has_what_a_decision_takes() -> None:
    shown = words(draw(hold()))
    for part in (
        '"Dana Reyes → gpt-4o: production"',
        "🟧 High risk · 6F5A4B · rule `production-needs-a-manager`. Production names",
        "Use the staging name.",
        "*Prompts that name production*",
        "> deploy this to *production* with key [aws]",
        "(+1 more)",
        "<@U0DANA0001> `dana@acme.example` ✓ verified → `gpt-4o` via `openai`",
        "*Approvers:* managers · auto-denied <!date^",
        "the requester can't approve",
    ):
        assert part in shown
    assert "0 of 1" not in shown, "one approval decides, so there is nothing to count"
    assert "0 of 2 approvals" in words(draw(hold(quorum=2)))
    for technical in ("12.3 KB", "abababababab", "c0ffee123456", "/v1/chat/completions"):
        assert technical not in shown
    assert buttons(draw(hold())) == PENDING_BUTTONS
    record = draw(hold()).blocks[-1]["accessory"]
    assert isinstance(record, dict)
    assert record["value"] == "01jd8m3k7f3a2b9c8d7e6f5a4c"


def test_a_ci_job_names_repository_commit_ref_and_run() -> None:
    where = "acme/payments/.github/workflows/release.yml@refs/heads/main"
    origin = replace(JOB.provenance, workflow=where, run="17482093365")
    shown = words(draw(hold(requester=replace(JOB, provenance=origin)), requester=""))
    for part in (
        "CI job acme/payments · Release started by alice@acme.example → `gpt-4o` via `openai`",
        "`acme/payments@5f0c2b9` ✓ verified · `main` · release.yml · run 17482093365",
    ):
        assert part in shown


def quoted(*excerpts: Excerpt, findings: int = 0) -> list[str]:
    return list(quotes(fired(excerpts=excerpts, findings=findings or len(excerpts))))


def test_findings_that_overlap_are_one_line_with_both_marked() -> None:
    whole = "Write a job that copies the orders table from prod-db to the analytics cluster"
    prod, table = whole.index("prod-db"), whole.index("orders")
    lines = quoted(
        Excerpt(whole[:prod], "prod", whole[prod + 4 :], "/messages/0"),
        Excerpt(whole[5:prod], "prod-db", whole[prod + 7 : -8], "/messages/0"),
        Excerpt(whole[:table], "orders", whole[table + 6 :], "/messages/0"),
    )
    assert lines == [
        "> Write a job that copies the *orders* table from *prod-db* to the analytics cluster"
    ]


def test_a_passage_marks_all_that_was_found_in_what_is_shown_of_it() -> None:
    place = "/messages/0"
    first = Excerpt("drop ", "prod-db", " and the live database", place)
    second = Excerpt("drop prod-db and the ", "live database", "", place)
    newest = Passage("n", PassageKind.TYPED, Role.USER, place, excerpt=first)
    rule = fired(excerpts=(first, second), question=Question("law", GRANTABLE, (newest,)))
    [line] = passages(rule, 5)
    assert line == "> drop *prod-db* and the *live database*\u200b  _(typed)_"


def test_the_same_words_in_another_place_are_another_line() -> None:
    lines = quoted(
        Excerpt("a ", "prod", " b", "/messages/0"), Excerpt("a ", "prod", " b", "/messages/1")
    )
    assert len(lines) == 2


def test_findings_beyond_three_lines_are_counted() -> None:
    many = [Excerpt(f"{n} ", "prod", " b", f"/messages/{n}") for n in range(5)]
    lines = quoted(*many, findings=9)
    assert len(lines) == 3
    assert lines[0].startswith("> 0 *prod*")
    assert lines[-1].endswith("_(+6 more)_")


def test_an_origin_that_nobody_vouches_for_is_claimed_and_never_ticked() -> None:
    claimed = replace(DANA, provenance=Provenance("acme/payments", verified=False))
    who, origin = words(draw(hold(requester=claimed))).partition("_claimed_")[::2]
    assert who.endswith("`acme/payments` ")
    assert (who.count("✓"), origin.count("✓")) == (1, 0)


def test_a_person_is_ticked_only_where_slack_and_their_issuer_vouch_for_one_address() -> None:
    assert "`dana@acme.example` ✓ verified" in words(draw(hold()))
    assert "✓" not in words(cards.card(hold(), requester="", value="v"))


GRANTABLE = Approval(("managers",), grant_up_to=timedelta(hours=1))


def grantable(**changes: Any) -> Hold:  # noqa: ANN401 - fields to replace
    made = hold(**changes)
    return replace(made, verdict=replace(made.verdict, approval=GRANTABLE))


def test_a_person_without_a_repository_gets_no_empty_line_about_it() -> None:
    assert "not told" not in words(draw(hold()))


def test_a_grant_is_offered_with_what_it_covers_and_never_at_critical_risk() -> None:
    offered = [cards.APPROVE, cards.GRANT, cards.DENY, cards.VIEW, cards.MORE]
    assert buttons(draw(grantable())) == offered
    [row] = [block for block in draw(grantable()).blocks if block["type"] == "actions"]
    confirm = row["elements"][1]["confirm"]["text"]["text"]  # type: ignore[index]
    assert "Approve for 1 h" in json.dumps(row)
    for part in ("For 1 h", "Dana Reyes", "openai", "production-needs-a-manager", "revoke"):
        assert part in confirm
    assert cards.GRANT not in buttons(draw(grantable(rule=fired(risk=Risk.CRITICAL))))


def test_a_grant_shows_its_uses_and_can_be_revoked_until_it_is_over() -> None:
    given = GrantSummary(("g1",), 3600, LATER, uses=3)
    held = grantable(state=HoldState.RELEASED, votes=(vote(MARIA),), granted=given)
    shown = draw(held)
    assert "*Granted 1 h* until <!date^" in words(shown)
    assert "*Approved* by <@U0MARIA001>" in words(shown)
    assert "used 3 times" in words(shown)
    assert cards.REVOKE in words(shown)
    for part in ({"revoked_by": "Maria Lopez"}, {}):
        over = draw(replace(held, granted=replace(given, over=True, **part)))
        assert cards.REVOKE not in words(over)
        assert part.get("revoked_by", "over") in words(over)


def test_broken_glass_is_told_in_loud_words() -> None:
    alone = vote(MARIA, broke_glass=True, reason="checkout is down")
    shown = words(draw(hold(state=HoldState.APPROVED, votes=(alone,), keep_until=LATER)))
    assert "🚨 *BREAK-GLASS* by <@U0MARIA001>" in shown
    assert "checkout is down" in shown


def test_no_menu_of_a_card_has_more_options_than_slack_takes() -> None:
    asks = replace(fired(), question=Question("law", GRANTABLE, (passage("p"),)))
    long = replace(GRANTABLE, grant_up_to=timedelta(hours=8))
    held = hold(rule=asks)
    held = replace(held, verdict=replace(held.verdict, approval=long))
    message = cards.card(held, requester="", value="v", glass=True)
    assert check_blocks(list(message.blocks)) == []
    for label in ("only this request", "with a note…", "Approve for…", "Break glass…"):
        assert label in words(message)


def test_the_glass_stands_behind_the_dots_only_where_somebody_may_break_it() -> None:
    def glass(*, there: bool) -> str:
        return words(cards.card(hold(), requester="", value="v", glass=there))

    assert "Break glass…" in glass(there=True)
    assert "Break glass…" not in glass(there=False)


def test_a_false_alarm_can_be_told_before_the_decision_and_after_it() -> None:
    for state in HoldState:
        shown = words(draw(hold(state=state, decided_at=LATER, keep_until=LATER)))
        assert shown.count("This was a false alarm…") == 1
    nameless = hold(rule=fired(enforced=False))
    assert "false alarm" not in words(draw(nameless))


def test_a_mark_is_told_quietly_with_its_rule_where_there_are_several() -> None:
    marked = (Marked("production-needs-a-manager", MARIA.slack_user),)
    held = hold(marked=marked)
    told = "✗ Marked as a false alarm by <@U0MARIA001>"
    assert f'"{told}"' in words(draw(held))
    two = (fired(), fired(rule="large-prompts"))
    several = replace(held, verdict=replace(held.verdict, fired=two))
    assert f"{told}: `production-needs-a-manager`" in words(draw(several))


def test_the_notification_line_says_who_what_and_until_when() -> None:
    summary = draw(hold()).summary
    assert summary.startswith("Approval needed: Dana Reyes → gpt-4o: production. Expires <!date^")
    denied = hold(state=HoldState.DENIED, decided_at=LATER, votes=(vote(MARIA, approve=False),))
    assert draw(denied).summary == "⛔ Denied: Dana Reyes → gpt-4o: production"


CALLED = Audience(("S0MANAGERS", "U0MARIA001"), ("security",))


def test_who_is_called_is_mentioned_in_a_section_and_only_while_it_waits() -> None:
    called = cards.card(hold(), requester="", value="v", audience=CALLED)
    [line] = [block for block in called.blocks if "*Approvers:*" in str(block)]
    assert line["type"] == "section"
    assert "*Approvers:* <!subteam^S0MANAGERS>, <@U0MARIA001>, security · auto-denied" in str(line)
    over = hold(state=HoldState.EXPIRED)
    assert "S0MANAGERS" not in words(cards.card(over, requester="", value="v", audience=CALLED))


AGAINST = vote(MARCUS, approve=False, category="Other", reason="too broad")


def test_the_card_tells_each_vote_that_its_outcome_does_not() -> None:
    said = "⛔ <@U0MARCUS01> was against it: Other – too broad"
    terms = Approval(("managers",), quorum=2, majority_denies=True)
    held = replace(hold(), verdict=replace(hold().verdict, approval=terms), votes=(AGAINST,))
    assert said in words(draw(held))
    both = (AGAINST, vote(MARIA), vote(replace(MARIA, slack_user="U0LENA0001")))
    assert said in words(draw(replace(held, state=HoldState.RELEASED, votes=both)))
    half = replace(held, state=HoldState.EXPIRED, votes=(vote(MARIA),))
    assert "✅ <@U0MARIA001> approved" in words(draw(half))
    broken = (vote(MARIA), vote(MARCUS, broke_glass=True, reason="it burns"))
    alone = words(draw(replace(held, state=HoldState.RELEASED, votes=broken)))
    assert "✅ <@U0MARIA001> approved" in alone
    assert alone.count("it burns") == 1
    denied = words(draw(replace(held, state=HoldState.DENIED, decided_at=LATER)))
    assert said not in denied
    assert denied.count("too broad") == 1


def test_ten_long_reasons_fit_on_the_card() -> None:
    people = [replace(MARCUS, slack_user=f"U0MARCUS{n:02}") for n in range(10)]
    long = tuple(vote(person, approve=False, reason="&" * 600) for person in people)
    for state in HoldState:
        message = draw(hold(state=state, decided_at=LATER, keep_until=LATER, votes=long))
        assert check_blocks(list(message.blocks)) == []


def test_a_vote_short_of_the_quorum_shows_who_and_keeps_the_buttons() -> None:
    message = draw(hold(quorum=2, votes=(vote(MARIA),), revision=1))
    assert "1 of 2 approvals by <@U0MARIA001>" in words(message)
    assert buttons(message) == PENDING_BUTTONS


OUTCOMES = {
    "being released": hold(state=HoldState.APPROVED, votes=(vote(MARIA),), keep_until=LATER),
    "valid for a retry until <!date^": hold(
        state=HoldState.APPROVED, votes=(vote(MARIA),), keep_until=LATER, attached=False
    ),
    "*Approved* by <@U0MARIA001>, <@U0MARCUS01> at ": hold(
        quorum=2, state=HoldState.RELEASED, votes=(vote(MARIA), vote(MARCUS))
    ),
    "released · upstream answered 200": hold(
        state=HoldState.RELEASED, votes=(vote(MARIA),), outcome="upstream answered 200"
    ),
    "*Denied* by <@U0MARIA001> at ": hold(
        state=HoldState.DENIED, decided_at=LATER, votes=(vote(MARIA, approve=False),)
    ),
    ": Sensitive data – use staging": hold(
        state=HoldState.DENIED,
        decided_at=LATER,
        votes=(vote(MARIA, approve=False, category="Sensitive data", reason="use staging"),),
    ),
    "*Expired* at <!date^": hold(state=HoldState.EXPIRED, decided_at=LATER),
    "no one answered": hold(state=HoldState.EXPIRED, decided_at=LATER),
    "1 of 2 approvals came": hold(quorum=2, state=HoldState.EXPIRED, votes=(vote(MARIA),)),
    "but never used": hold(state=HoldState.LAPSED, decided_at=LATER, votes=(vote(MARIA),)),
    "*Withdrawn* at ": hold(state=HoldState.WITHDRAWN, decided_at=LATER),
    "No one can approve this": hold(state=HoldState.WITHDRAWN, note="No one can approve this."),
}


@pytest.mark.parametrize(("part", "held"), OUTCOMES.items(), ids=list(OUTCOMES))
def test_after_the_decision_the_outcome_stands_where_the_buttons_were(
    part: str, held: Hold
) -> None:
    message = draw(held)
    assert part in words(message)
    assert buttons(message) == []


@pytest.mark.parametrize("state", HoldState)
def test_every_state_has_a_card_that_slack_takes(state: HoldState) -> None:
    message = draw(hold(state=state, decided_at=LATER, keep_until=LATER, votes=(vote(MARIA),)))
    assert check_blocks(list(message.blocks)) == []


def test_who_left_and_what_managers_should_know_stand_on_the_card() -> None:
    shown = words(draw(hold(attached=False), warning="They are not in Slack."))
    assert "it applies when they retry" in shown
    assert "They are not in Slack." in shown


def test_the_same_hold_gives_the_same_fingerprint_and_a_vote_another() -> None:
    before = draw(hold(quorum=2))
    assert before.fingerprint == draw(hold(quorum=2)).fingerprint
    assert before.fingerprint != draw(hold(quorum=2, votes=(vote(MARIA),))).fingerprint


holds = st.builds(
    lambda s, state, risk, quorum: hold(
        quorum=quorum,
        rule=fired(
            rule=s[0] or "r",
            title=s[1],
            explain=s[2],
            risk=risk,
            excerpts=(Excerpt(s[3], s[4], s[5], "/x"),) * 4,
        ),
        requester=Identity(
            s[0], s[1], IdentityKind.PERSON, s[2], s[3], provenance=Provenance(s[4], commit=s[5])
        ),
        state=state,
        reason=s[5],
        model=s[4],
        connection=s[3],
        path=s[2],
        outcome=s[1],
        digest=s[0],
        votes=(vote(replace(MARIA, slack_user=s[1]), approve=False, reason=s[2]),),
    ),
    st.lists(naughty, min_size=6, max_size=6),
    st.sampled_from(HoldState),
    st.sampled_from(Risk),
    st.integers(min_value=1, max_value=3),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(holds, naughty)
def test_slack_takes_the_card_whatever_stands_in_the_request(held: Hold, requester: str) -> None:
    message = draw(held, requester, warning=requester)
    spelt = words(message)
    assert check_blocks(json.loads(json.dumps(message.blocks))) == []
    assert length_of(list(message.blocks)) <= 13_200
    assert len(message.summary) <= 4_000
    assert "<!channel" not in spelt
    spelt.encode()


def test_a_button_is_read_by_any_bot_with_the_same_token_and_no_other() -> None:
    held = hold(revision=3)
    value = ButtonSigner("xoxb-1").sign(held)
    assert ButtonSigner("xoxb-1").read(value) == held.id
    assert ButtonSigner("xoxb-2").read(value) is None


@pytest.mark.parametrize("forged", ["", ".", "a.b.c", "01jd8m3k7f3a2b9c8d7e6f5a4b.3.", "\ud800.x"])
def test_a_forged_button_names_no_hold(forged: str) -> None:
    assert ButtonSigner("xoxb-1").read(forged) is None


def test_of_several_rules_the_highest_risk_is_shown_and_each_says_what_it_found() -> None:
    low = fired(rule="koalas", title="Koalas", risk=Risk.LOW)
    critical = fired(rule="keys", title="Keys of the vault", risk=Risk.CRITICAL)
    held = hold()
    shown = words(draw(replace(held, verdict=replace(held.verdict, fired=(low, critical)))))
    assert "Critical risk" in shown
    assert shown.index("Keys of the vault") < shown.index("Koalas")
