"""A real gateway, a real identity provider, and a browser that keeps cookies and sends forms."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from app.domain.event import EventKind
from tests.proxy.linking import Browser, Place, action, hidden

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_link_from_slack_and_a_sign_in_and_a_yes_link_the_account_once(
    place: Place,
) -> None:
    link = await place.link()
    async with Browser() as browser:
        first = await browser.get(link)
        assert first.status_code == 200
        assert "Maria Lopez (U0MARIA001)" in first.text
        asked = await browser.sign_in(link)
        assert asked.url == f"{place.url}/-/link/confirm"
        assert "Is the Slack account “<bdi>Maria Lopez (U0MARIA001)</bdi>” yours?" in asked.text
        assert "maria@acme.example" in asked.text
        assert not await place.linked()
        done = await browser.send_form(asked, answer="yes")
        assert "click again" in done.text
        identity = await place.linked()
        assert identity.startswith(place.idp.issuer)
        known = await place.storage.people.get(identity)
        assert known is not None
        assert known.groups == {"managers", "security"}
        # Neither the page nor the link does it a second time.
        for used in (await browser.send_form(asked, answer="yes"), await browser.get(link)):
            assert used.status_code in (400, 404)
            assert "click again" in used.text
    linked = {"account": place.account, "name": "Maria Lopez", "identity": identity}
    assert await place.events() == [(EventKind.ACCOUNT_LINKED, linked)]


async def test_programs_that_look_at_a_link_do_not_use_it_up(place: Place) -> None:
    link = await place.link()
    async with httpx.AsyncClient(follow_redirects=True) as unfurler:
        for _ in range(3):
            assert (await unfurler.get(link)).status_code == 200
            assert (await unfurler.head(link)).status_code == 200
            assert (await unfurler.get(f"{link}/sign-in")).status_code == 405
            assert (await unfurler.get(f"{place.url}/-/sign-in/callback")).status_code == 400
            assert (await unfurler.get(f"{place.url}/-/link/confirm")).status_code == 400
        assert not unfurler.cookies
    async with Browser() as browser:
        await browser.send_form(await browser.sign_in(link), answer="yes")
    assert await place.linked()


async def test_whoever_says_no_is_not_linked_and_the_link_is_used_up(place: Place) -> None:
    link = await place.link(label="Mallory")
    async with Browser() as browser:
        asked = await browser.sign_in(link)
        # What Enter presses, and what stands first, is the no.
        assert re.findall(r"<button[^>]*value=\"(\w+)\"", asked.text) == ["no", "yes"]
        assert re.search(r'value="no" autofocus', asked.text)
        assert "in your name" in re.sub(r"<[^>]+>", "", asked.text)
        refused = await browser.send_form(asked, answer="no")
        assert "Nothing was linked" in refused.text
        assert (await browser.get(link)).status_code == 404
    assert not await place.linked()
    ((kind, data),) = await place.events()
    assert kind is EventKind.ACCOUNT_DISOWNED
    assert (data["name"], data["account"]) == ("Mallory", place.account)


async def test_a_form_without_an_answer_is_a_no(place: Place) -> None:
    async with Browser() as browser:
        await browser.send_form(await browser.sign_in(await place.link()))
    assert not await place.linked()


async def test_a_sign_in_is_refused_when_another_browser_comes_back_from_it(place: Place) -> None:
    """An attacker who has signed in sends the last step to somebody else, or the other way."""
    link = await place.link()
    async with Browser() as mallory, Browser() as maria:
        mallory.follow_redirects = False
        sent = await mallory.send_form(await mallory.get(link))
        agreed = await mallory.post(sent.headers["location"], data={"person": "dana"})
        back = agreed.headers["location"]
        without = await maria.get(back)
        assert without.status_code == 400
        assert "Slack" in without.text
        # With a sign-in of her own under way it is not hers either.
        maria.follow_redirects = False
        await maria.send_form(await maria.get(link))
        assert (await maria.get(back)).status_code == 400
        assert (await maria.get(f"{place.url}/-/link/confirm")).status_code == 400
        # In the browser that began it, it goes on; and not a second time.
        assert (await mallory.get(back)).status_code == 303
        assert (await mallory.get(back)).status_code == 400
    assert not await place.linked()


@pytest.mark.parametrize(
    "changed",
    [
        {"state": ["another"]},
        {"state": []},
        {"iss": ["https://login.elsewhere.example"]},
        {"code": ["another"]},
        {"code": []},
    ],
)
async def test_an_answer_that_is_not_the_one_asked_for_signs_nobody_in(
    place: Place, changed: dict[str, list[str]]
) -> None:
    async with Browser() as browser:
        browser.follow_redirects = False
        sent = await browser.send_form(await browser.get(await place.link()))
        agreed = await browser.post(sent.headers["location"], data={"person": "maria"})
        back = urlsplit(agreed.headers["location"])
        given = parse_qs(back.query) | changed
        answer = await browser.get(f"{place.url}{back.path}", params=given)
        assert answer.status_code in (400, 403)
        assert "text/html" in answer.headers["content-type"]
        assert "abeyance-link=" not in str(answer.headers)


async def test_what_is_sent_to_the_provider_binds_the_answer_to_this_browser(
    place: Place,
) -> None:
    async with Browser() as browser:
        browser.follow_redirects = False
        link = await place.link()
        sent = [await browser.send_form(await browser.get(link)) for _ in range(2)]
    asked, again = (parse_qs(urlsplit(answer.headers["location"]).query) for answer in sent)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{place.url}/-/sign-in/callback"]
    assert asked["response_type"] == ["code"]
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name][0]) >= 43
        assert asked[name] != again[name]
    assert link.rpartition("/")[2] not in sent[0].headers["location"]
    cookie = sent[0].headers["set-cookie"]
    for wanted in ("HttpOnly", "SameSite=Lax", "Max-Age=600", "Path=/"):
        assert wanted in cookie
    assert asked["state"][0] not in cookie
    assert sent[0].status_code == 303


async def test_a_link_that_is_too_old_says_so_at_every_step(place: Place) -> None:
    old = await place.link(minutes=-1)
    async with Browser() as browser:
        told = await browser.get(old)
        assert told.status_code == 404
        assert "used up or too old" in told.text
        assert (await browser.post(f"{old}/sign-in")).status_code == 404
        # An offer that is replaced while somebody signs in is over as well.
        asked = await browser.sign_in(await place.link())
        await place.link()
        late = await browser.send_form(asked, answer="yes")
        assert late.status_code == 404
        assert "click again" in late.text
    assert not await place.linked()


async def test_a_form_of_another_site_does_nothing(place: Place) -> None:
    link = await place.link()
    foreign = {"sec-fetch-site": "cross-site"}
    async with Browser() as browser:
        assert (await browser.post(f"{link}/sign-in", headers=foreign)).status_code == 400
        asked = await browser.sign_in(link)
        yes = {"answer": "yes"}
        for data, headers in (
            (yes, {}),
            (yes | {"form": "guessed"}, {}),
            (yes | hidden(asked), foreign),
        ):
            told = await browser.post(action(asked), data=data, headers=headers)
            assert told.status_code == 400
        assert not await place.linked()
        await browser.send_form(asked, answer="yes")
    assert await place.linked()


async def test_a_cookie_that_we_did_not_seal_or_for_another_step_is_nobody(place: Place) -> None:
    async with Browser() as browser:
        browser.follow_redirects = False
        await browser.send_form(await browser.get(await place.link()))
        going = browser.cookies["abeyance-going"]
    for forged in (going, going[:-4] + "AAAA", "", "ñ", "x" * 3000):
        cookie = f"abeyance-link={forged}".encode()
        async with httpx.AsyncClient(headers={b"cookie": cookie}) as http:
            assert (await http.get(f"{place.url}/-/link/confirm")).status_code == 400


async def test_a_sign_in_for_one_purpose_is_nobody_for_another(place: Place) -> None:
    """What somebody agreed to for a Slack account must not make keys in their name."""
    async with Browser() as browser:
        form = hidden(await browser.sign_in(await place.link()))
        sealed = browser.cookies["abeyance-link"]
    cookie = f"abeyance-keys={sealed}; abeyance-device={sealed}; abeyance-new-key={sealed}"
    async with httpx.AsyncClient(headers={"cookie": cookie}) as http:
        keys = await http.get(f"{place.url}/-/keys")
        assert keys.status_code == 303
        assert keys.headers["location"].startswith(f"{place.idp.issuer}/authorize?")
        assert (await http.post(f"{place.url}/-/keys/create", data=form)).status_code == 400


async def test_no_page_runs_scripts_is_framed_kept_or_tells_where_one_comes_from(
    place: Place,
) -> None:
    hostile = "<script>alert(1)</script>\"'&{{7*7}}"
    link = await place.link(label=hostile)
    async with Browser() as browser:
        first = await browser.get(link)
        asked = await browser.sign_in(link)
        done = await browser.send_form(asked, answer="yes")
        problem = await browser.get(link)
    for page in (first, asked, done, problem):
        policy = page.headers["content-security-policy"]
        for wanted in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
            assert wanted in policy
        assert "unsafe" not in policy
        assert "script-src" not in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert "<script" not in page.text
    assert asked.headers["content-security-policy"].endswith("form-action 'self'")
    for page in (first, asked, done):
        # Both kinds of quotes are escaped too, in the digits that the templates use.
        shown = html.unescape(re.sub(r"<[^>]+>", "", page.text))
        assert f"{hostile} (U0MARIA001)" in shown


async def test_behind_https_the_cookies_are_of_this_host_and_secure(place: Place) -> None:
    outside = "https://gateway.example.com"
    async with place.gateway(public_url=outside) as fresh, httpx.AsyncClient() as http:
        link = await fresh.link()
        inside = f"http://127.0.0.1:{fresh.settings.port}"
        code = link.rpartition("/")[2]
        sent = await http.post(f"{inside}/-/link/{code}/sign-in")
        page = await http.get(f"{inside}/-/link/{code}")
    assert sent.headers["set-cookie"].startswith("__Host-abeyance-going=")
    assert "Secure" in sent.headers["set-cookie"]
    asked = parse_qs(urlsplit(sent.headers["location"]).query)
    assert asked["redirect_uri"] == ["https://gateway.example.com/-/sign-in/callback"]
    assert action(page) == f"{link}/sign-in"


async def test_the_command_still_links_by_its_token_and_is_answered_in_json(place: Place) -> None:
    link = await place.link()
    headers = {"authorization": f"Bearer {await place.idp.token('maria')}"}
    async with httpx.AsyncClient(headers=headers) as command:
        assert (await command.get(link)).json() == {"account": "Maria Lopez (U0MARIA001)"}
        assert (await command.post(link)).json() == {"linked": "Maria Lopez (U0MARIA001)"}
        assert "used up" in (await command.get(link)).json()["error"]["message"]
    assert await place.linked()
    assert [kind for kind, _ in await place.events()] == [EventKind.ACCOUNT_LINKED]


async def test_without_a_place_for_browsers_there_are_no_pages(place: Place) -> None:
    async with place.gateway(public_url="") as fresh, httpx.AsyncClient() as http:
        inside = f"http://127.0.0.1:{fresh.settings.port}"
        code = (await fresh.link()).rpartition("/")[2]
        assert (await http.get(f"{inside}/-/link/{code}")).status_code == 401
        assert (await http.post(f"{inside}/-/link/{code}/sign-in")).status_code == 404
