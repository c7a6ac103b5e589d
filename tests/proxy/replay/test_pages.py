"""Who sees which session, and that nothing in one is anything but text."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from app.domain.event import Event, EventKind
from app.domain.record.legal_hold import HoldScope, LegalHold
from app.retention.legal_holds import LegalHolds
from tests.proxy.linking import CLOCK, Browser
from tests.proxy.replay.browsing import chromium, sign_in
from tests.proxy.replay.conftest import identity_of, recorded

if TYPE_CHECKING:
    import httpx

    from tests.proxy.linking import Place

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAUGHTY = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg/onload=alert(3)> {{7*7}}"
TAGS = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "script",
        "body",
        "a",
        "header",
        "form",
        "label",
        "input",
        "button",
        "span",
        "small",
        "main",
        "nav",
        "h1",
        "h2",
        "h3",
        "h4",
        "details",
        "summary",
        "dl",
        "dt",
        "dd",
        "code",
        "table",
        "caption",
        "thead",
        "tr",
        "th",
        "tbody",
        "td",
        "time",
        "p",
        "footer",
        "bdi",
        "div",
        "figure",
        "svg",
        "rect",
        "g",
        "path",
        "text",
        "figcaption",
        "b",
        "section",
        "article",
        "aside",
        "output",
        "datalist",
        "select",
        "option",
        "pre",
        "mark",
        "ul",
        "li",
        "ol",
        "blockquote",
        "progress",
        "noscript",
        "em",
        "strong",
        "br",
        "hr",
        "s",
    ]
)


def body(text: str) -> dict[str, object]:
    return {
        "model": "m",
        "system": text,
        "tools": [{"name": text, "description": text}],
        "messages": [
            {
                "role": "user",
                "content": f"{text}\n\n[x](javascript:alert(4))\n```{text}\n{text}\n```",
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": text},
                    {"type": "tool_use", "id": text, "name": text, "input": {text: text}},
                    {
                        "type": "tool_use",
                        "id": "e",
                        "name": "Edit",
                        "input": {"path": text, "old_string": text, "new_string": "b"},
                    },
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": text, "content": text},
                    {"type": text},
                ],
            },
        ],
    }


async def signed_in(browser: Browser, place: Place, person: str, path: str = "") -> httpx.Response:
    choice = await browser.get(f"{place.url}/-/replay{path}")
    assert "Who are you?" in choice.text
    return await browser.post(choice.url, data={"person": person})


async def held_of(place: Place, session_id: str) -> list[LegalHold]:
    return [h for h in await place.storage.legal_holds.all() if h.target == session_id]


class Silent:
    """A ledger for what a test is not about."""

    async def append(self, event: Event) -> None:
        pass


class Elements(HTMLParser):
    """Collects what a browser would do something with."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.active: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        links = [value or "" for name, value in attrs if name in {"href", "src", "action"}]
        foreign = [link for link in links if not re.match(r"http://127\.0\.0\.1:\d+/-/|[?#]", link)]
        odd = [name for name, _ in attrs if name.startswith("on") or name in {"style", "srcdoc"}]
        if tag not in TAGS or foreign or odd:
            self.active.append(f"{tag} {attrs}")

    def handle_data(self, data: str) -> None:
        self.text += data


async def test_whatever_somebody_wrote_is_text_on_every_page(place: Place) -> None:
    session = await recorded(place, identity_of(place, "alice"), body(NAUGHTY), NAUGHTY, NAUGHTY)
    holds = LegalHolds(place.storage.legal_holds, Silent(), CLOCK)
    async with Browser() as browser:
        await signed_in(browser, place, "ines")
        await holds.place(HoldScope.SESSION, session.id, NAUGHTY, NAUGHTY)
        views = ("", "/conversation", "/seal", "/today")
        for path in ("", "?q=" + "%3Cscript%3E", *(f"/{session.id}{view}" for view in views)):
            page = await browser.get(f"{place.url}/-/replay{path}")
            elements = Elements(page.text)
            assert elements.active == []
            if session.id in path and not path.endswith(("/seal", "/today")):
                assert NAUGHTY in elements.text
            policy = page.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'")
            assert "unsafe" not in policy
            script = r"http://[\d.:]+/-/replay/(suggest|player|seal|images)\.js"
            seal = rf"; connect-src http://[\d.:]+/-/replay/{session.id}/seal"
            image = rf"; img-src http://[\d.:]+/-/replay/{session.id}/image"
            assert re.search(rf"script-src {script}( {script})*({seal})?({image})?$", policy)
        page = await browser.get(f"{place.url}/-/replay/{session.id}")
        assert "waited 5 ms" in Elements(page.text).text
        assert "Changed by the approver, it ran as" in Elements(page.text).text
        raw = await browser.get(f"{place.url}/-/replay/{session.id}/raw")
        assert raw.headers["content-type"].startswith("text/plain")
        assert raw.headers["content-security-policy"] == "default-src 'none'; sandbox"
        export = await browser.get(f"{place.url}/-/replay/{session.id}/export")
        assert export.headers["content-disposition"].startswith("attachment")
        told = json.loads(export.text)
        assert told["session"]["id"] == session.id
        assert "tool_use" in told["answer_body"]


async def test_each_sees_what_is_theirs_and_the_ledger_has_it_first(place: Place) -> None:
    session = await recorded(place, identity_of(place, "alice"), body("hello"), "world")
    halves = ("", "/conversation", "/raw", "/export")
    expected = {
        "ines": (200,) * 4,
        "alice": (200,) * 4,
        "maria": (200, 404, 404, 404),
        "dana": (404,) * 4,
    }
    for person, statuses in expected.items():
        async with Browser() as browser:
            mine = await signed_in(browser, place, person)
            answers = [
                await browser.get(f"{place.url}/-/replay/{session.id}{half}") for half in halves
            ]
            assert tuple(answer.status_code for answer in answers) == statuses, person
            assert (session.id in mine.text) == (person in {"ines", "alice"})
            decided = await browser.get(f"{place.url}/-/replay?view=decided")
            assert (session.id in decided.text) == (person in {"ines", "maria"})
            if person == "dana":
                assert "hello" not in "".join(answer.text for answer in (*answers, mine, decided))
    events = [entry.event for entry in await place.storage.ledger.entries(session.id)]
    told = [
        (e.kind, e.data["email"].split("@")[0], e.data["what"], e.data.get("right", ""))
        for e in events
    ]
    what = ("session", "conversation", "raw", "export")
    assert told == [
        *((EventKind.REPLAY_SHOWN, "ines", one, "auditor") for one in what),
        *((EventKind.REPLAY_SHOWN, "alice", one, "own") for one in what),
        (EventKind.REPLAY_SHOWN, "maria", "session", "decided"),
        *((EventKind.REPLAY_REFUSED, "maria", one, "") for one in what[1:]),
        *((EventKind.REPLAY_REFUSED, "dana", one, "") for one in what),
    ]


async def test_an_auditor_holds_a_session_and_marks_a_false_alarm(place: Place) -> None:
    session = await recorded(place, identity_of(place, "alice"), body("a"), "b", "some-rule")
    async with chromium() as (page, complaints):
        await sign_in(page, place, "Ines Roth", f"/{session.id}")
        await expect(page.get_by_text("✗ Not intact")).to_be_visible()
        await page.get_by_text("Hold this session…").click()
        await page.get_by_label("Why?").first.fill("case 7, key AKIAIOSFODNN7EXAMPLQ")
        await page.get_by_role("button", name="Place the hold").first.click()
        await expect(page.get_by_text("case 7, key [aws-access-key-id]").first).to_be_visible()
        [held] = await held_of(place, session.id)
        assert held.by == "ines@acme.example"
        await page.get_by_text("Lift the hold on this session…").click()
        await page.get_by_label("Why?").first.fill("closed")
        await page.get_by_role("button", name="Lift the hold").click()
        await expect(page.get_by_text("Nothing keeps it")).to_be_visible()
        assert await held_of(place, session.id) == []
        await page.get_by_role("button", name="Mark as a false alarm").first.click()
        await expect(page.get_by_text("by ines@acme.example").first).to_be_visible()
        [mark] = await place.storage.marks.of_session(session.id)
        assert (mark.rule, mark.by) == ("some-rule", "ines@acme.example")
        await page.get_by_role("button", name="Undo false alarm").first.click()
        await expect(page.get_by_role("button", name="Undo false alarm")).to_have_count(0)
    assert complaints == []
    kinds = [entry.event.kind for entry in await place.storage.ledger.entries(session.id)]
    told = [kind for kind in kinds if kind is not EventKind.REPLAY_SHOWN]
    assert told == [
        EventKind.LEGAL_HOLD_PLACED,
        EventKind.LEGAL_HOLD_LIFTED,
        EventKind.RULE_MARKED,
        EventKind.RULE_MARKED,
    ]


@pytest.mark.parametrize("act", ["legal-hold", "mark"])
async def test_nothing_is_done_for_others_or_for_a_form_of_another_site(
    place: Place, act: str
) -> None:
    session = await recorded(place, identity_of(place, "alice"), body("a"), "b", "some-rule")
    address = f"{place.url}/-/replay/{session.id}"
    filled = {"scope": "session", "reason": "x", "rule": "some-rule"}
    for person in ("alice", "maria", "ines"):
        async with Browser() as browser:
            shown = await signed_in(browser, place, person)
            if person == "ines":
                shown = await browser.get(address)
            found = re.search(r'name="form" value="([^"]+)"', shown.text)
            assert (found is not None) == (person == "ines")
            form = found[1] if found else ""
            strange = await browser.post(f"{address}/{act}", data=filled | {"form": form + "x"})
            assert strange.status_code == 400
            cross = await browser.post(
                f"{address}/{act}",
                data=filled | {"form": form},
                headers={"sec-fetch-site": "cross-site"},
            )
            assert cross.status_code == 400
            assert await held_of(place, session.id) == []
            assert await place.storage.marks.of_session(session.id) == ()
            if person == "ines":
                sent = await browser.post(f"{address}/{act}", data=filled | {"form": form})
                assert sent.status_code == 200
                marks = await place.storage.marks.of_session(session.id)
                assert [*await held_of(place, session.id), *marks]


async def test_nobody_joins_another_person_s_conversation(place: Place) -> None:
    """A client may claim any name of a conversation."""
    own = await recorded(
        place, identity_of(place, "alice"), body("mine"), "one", "shared-name-1234"
    )
    await recorded(place, identity_of(place, "dana"), body("not mine"), "two", "shared-name-1234")
    async with Browser() as browser:
        await signed_in(browser, place, "ines")
        page = await browser.get(f"{place.url}/-/replay/{own.id}/conversation")
    assert "mine" in page.text
    assert "not mine" not in page.text


async def test_a_search_is_in_the_address_and_a_wrong_word_is_named(place: Place) -> None:
    alice = await recorded(place, identity_of(place, "alice"), body("a"), "a")
    dana = await recorded(place, identity_of(place, "dana"), body("d"), "d")
    async with Browser() as browser:
        # The address survives the sign-in.
        found = await signed_in(browser, place, "ines", "?q=user:dana")
        assert dana.id in found.text
        assert alice.id not in found.text
        wrong = await browser.get(f"{place.url}/-/replay?q=colour:red")
        assert "recognize “colour:red”" in wrong.text
        assert 'value="colour:red"' in wrong.text


async def test_a_text_is_searched_as_one_watches_and_words_are_suggested(place: Place) -> None:
    alice = identity_of(place, "alice")
    await recorded(place, alice, body("the quick\nbrown fox"), "ran", NAUGHTY)
    await recorded(place, alice, body("another"), "thing")
    async with chromium() as (page, complaints):
        await sign_in(page, place, "Ines Roth")
        field = page.get_by_label("Search sessions")
        await field.press_sequentially("con")
        await field.press("ArrowDown")
        await expect(page.get_by_role("option", name="connection:")).to_be_visible()
        await field.press("Enter")
        await expect(field).to_have_value("connection:")
        await field.fill('since:1d "Quick  brown"')
        await field.press("Enter")
        await expect(page.get_by_text("1 found. That is all there is.")).to_be_visible()
        rows = page.locator("table.sessions tbody tr")
        await expect(rows).to_have_count(1)
        await rows.get_by_role("link").click()
        said = page.get_by_role("paragraph").filter(has_text="the quick brown fox")
        await expect(said.first).to_be_visible()
    assert complaints == []


async def test_who_sees_only_their_own_finds_no_text_of_others(place: Place) -> None:
    mine = await recorded(place, identity_of(place, "alice"), body("platypus"), "yes")
    other = await recorded(place, identity_of(place, "dana"), body("platypus"), "no")
    async with Browser() as browser:
        await signed_in(browser, place, "alice")
        found = await browser.get(f"{place.url}/-/replay/search?q=text:platypus")
    assert mine.id in found.text
    assert other.id not in found.text


async def test_an_auditor_plays_a_session_with_the_keyboard(place: Place) -> None:
    session = await recorded(place, identity_of(place, "alice"), body(NAUGHTY), "The end", NAUGHTY)
    async with chromium() as (page, complaints):
        await sign_in(page, place, "Ines Roth", f"/{session.id}")
        end = page.get_by_text("The end")
        await expect(end).to_be_visible()
        await page.get_by_label("Position").press("Home")
        await expect(end).to_be_hidden()
        await page.get_by_label("Speed").select_option("4")
        await page.get_by_role("button", name="Play").press("Enter")
        await expect(end).to_be_visible()
        await expect(page.get_by_role("button", name="Play")).to_be_visible()
        await page.get_by_text(re.compile("moments$")).press("Enter")
        await page.get_by_role("button", name="The request was held").press("Enter")
        await expect(end).to_be_hidden()
    assert complaints == []
