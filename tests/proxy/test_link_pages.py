"""A real gateway, a real identity provider, and a browser that keeps cookies and sends forms."""

from __future__ import annotations

import asyncio
import hashlib
import html
import re
import secrets
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio

from app.clock import SystemClock
from app.errors import BadSettings
from app.settings import Settings
from app.storage.ports import EventKind, Link
from app.storage.store import MongoStorage
from app.vault import Vault
from proxy.main import run_gateway
from proxy.signing_in import client_of
from sandbox.idp.clients import GATEWAY_SECRET
from sandbox.idp.driver import IdpDriver
from sandbox.idp.server import make_app
from sandbox.serving import listen, running
from tests.conftest import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


RULE = """
- id: none
  title: A prompt that nobody sends
  on: request
  when: {prompt: {words: [xyzzy]}}
  then: deny
  risk: low
  explain: Say something else.
  examples: {match: ["xyzzy"], skip: ["plugh"]}
"""
pytestmark = pytest.mark.asyncio(loop_scope="module")
CLOCK = SystemClock()


@dataclass
class Place:
    """A gateway, and what it meets in."""

    settings: Settings
    storage: MongoStorage
    idp: IdpDriver
    account: str = field(default_factory=lambda: f"E0/T{secrets.token_hex(4)}/U0MARIA001")
    """Of its own for each test; they share the rest."""

    @property
    def url(self) -> str:
        return self.settings.public_url

    async def link(self, *, label: str = "Maria Lopez", minutes: float = 10) -> str:
        """Make an offer as the bot does, and return its page."""
        code = secrets.token_hex(12)
        digest = hashlib.sha256(code.encode()).hexdigest()
        until = CLOCK.now() + timedelta(minutes=minutes)
        await self.storage.links.offer(Link(self.account, label, digest, until))
        return f"{self.url}/-/link/{code}"

    async def linked(self) -> str:
        found = await self.storage.links.of(self.account)
        return found.identity_key if found else ""

    async def events(self) -> list[tuple[EventKind, dict[str, Any]]]:
        events = [entry.event for entry in await self.storage.ledger.entries("")]
        return [(e.kind, dict(e.data)) for e in events if e.data["account"] == self.account]

    @asynccontextmanager
    async def gateway(self, **changes: object) -> AsyncIterator[Place]:
        """Another gateway for the length of a block, with other settings."""
        port = free_port()
        moved = {"port": port, "public_url": f"http://127.0.0.1:{port}"}
        settings = Settings(**self.settings.model_dump() | moved | changes)
        async with gateway(settings):
            yield replace(self, settings=settings)


class Browser(httpx.AsyncClient):
    """Keeps cookies, follows redirects, and sends the form that it looks at."""

    def __init__(self) -> None:
        super().__init__(follow_redirects=True, timeout=30)

    async def send_form(self, page: httpx.Response, **answers: str) -> httpx.Response:
        return await self.post(action(page), data=hidden(page) | answers)

    async def sign_in(self, link: str, person: str = "maria") -> httpx.Response:
        """Go from the link in Slack to the page after the sign-in."""
        choice = await self.send_form(await self.get(link))
        assert "Who are you?" in choice.text
        return await self.post(choice.url, data={"person": person})


def action(page: httpx.Response) -> str:
    found = re.search(r'<form method="post" action="([^"]+)"', page.text)
    assert found, page.text
    return html.unescape(found[1])


def hidden(page: httpx.Response) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))


@asynccontextmanager
async def gateway(settings: Settings) -> AsyncIterator[None]:
    stop, ready = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run_gateway(settings, stop, lambda _: ready.set()))
        await ready.wait()
        try:
            yield
        finally:
            stop.set()


@pytest.fixture(scope="module")
def settings(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    data = tmp_path_factory.mktemp("gateway")
    (data / "catalog").mkdir()
    (data / "catalog" / "rule.yaml").write_text(RULE)
    port = free_port()
    given: dict[str, Any] = {
        "mongodb_uri": mongodb_uri,
        "mongodb_database": f"test-{secrets.token_hex(6)}",
        "vault_key": Vault.new_key(),
        "catalog": data,
        "port": port,
        "public_url": f"http://127.0.0.1:{port}",
        "login_client_secret": GATEWAY_SECRET,
    }
    return Settings(**given)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def company(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Place]:
    storage = MongoStorage.connect(
        settings.mongodb_uri.get_secret_value(), settings.mongodb_database
    )
    listener = listen(0)
    idp_app = make_app(listener.url, tmp_path_factory.mktemp("idp"))
    async with running(idp_app, listener) as url, IdpDriver(url) as idp:
        issuers = [
            {"issuer": idp.issuer},
            {"issuer": idp.ci_issuer, "kind": "workload", "repositories": ["acme/*"]},
        ]
        settings = Settings(**settings.model_dump() | {"issuers": issuers})
        async with gateway(settings):
            yield Place(settings, storage, idp)
    storage.close()


@pytest.fixture
def place(company: Place) -> Place:
    return Place(company.settings, company.storage, company.idp)


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
            assert (await unfurler.get(f"{place.url}/-/link/callback")).status_code == 400
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
        assert "signed-in" not in str(answer.headers)


async def test_what_is_sent_to_the_provider_binds_the_answer_to_this_browser(
    place: Place,
) -> None:
    async with Browser() as browser:
        browser.follow_redirects = False
        link = await place.link()
        sent = [await browser.send_form(await browser.get(link)) for _ in range(2)]
    asked, again = (parse_qs(urlsplit(answer.headers["location"]).query) for answer in sent)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{place.url}/-/link/callback"]
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


async def test_a_no_at_the_identity_provider_is_told_with_the_way_back(place: Place) -> None:
    link = await place.link()
    async with Browser() as browser:
        told = await browser.sign_in(link, person="")
        assert told.status_code == 403
        assert "Not signed in" in told.text
        assert f'href="{link}"' in told.text
        await browser.send_form(await browser.sign_in(link), answer="yes")
    assert await place.linked()


async def test_an_identity_provider_that_is_away_is_told_and_the_link_stays_good(
    place: Place,
) -> None:
    async with place.gateway() as fresh, Browser() as browser:
        link = await fresh.link()
        await place.idp.set_jwks("error")
        try:
            told = await browser.sign_in(link)
        finally:
            await place.idp.set_jwks("ok")
        assert told.status_code == 503
        assert "does not answer" in told.text
        assert f'href="{link}"' in told.text
        assert (await browser.get(link)).status_code == 200
    assert not await place.linked()


async def test_a_provider_that_is_not_there_at_all_is_told_before_anybody_is_sent_away(
    place: Place,
) -> None:
    issuers = [{"issuer": f"http://127.0.0.1:{free_port()}"}]
    async with place.gateway(issuers=issuers) as fresh, Browser() as browser:
        told = await browser.send_form(await browser.get(await fresh.link()))
    assert told.status_code == 503
    assert "does not answer" in told.text


async def test_a_wrong_secret_of_the_gateway_signs_nobody_in(place: Place) -> None:
    async with place.gateway(login_client_secret="another") as fresh, Browser() as browser:
        told = await browser.sign_in(await fresh.link())
    assert told.status_code == 403
    assert "administrator" in told.text
    assert not await place.linked()


async def test_a_public_client_proves_itself_by_pkce_alone(place: Place) -> None:
    public = {"login_client_secret": "", "login_client_id": "abeyance-console"}
    async with place.gateway(**public) as fresh, Browser() as browser:
        await browser.send_form(await browser.sign_in(await fresh.link()), answer="yes")
    assert await place.linked()


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
        cookie = f"abeyance-signed-in={forged}".encode()
        async with httpx.AsyncClient(headers={b"cookie": cookie}) as http:
            assert (await http.get(f"{place.url}/-/link/confirm")).status_code == 400


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
    assert asked["redirect_uri"] == ["https://gateway.example.com/-/link/callback"]
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


async def test_who_signs_people_in_is_a_trusted_issuer_of_people(place: Place) -> None:
    given = place.settings.model_dump()
    people, jobs = place.settings.issuers
    client = client_of(place.settings)
    assert client is not None
    assert client.issuer == people.issuer
    two = {"issuers": [*given["issuers"], {"issuer": "https://login.example.com"}]}
    for wrong in (
        two,
        {"login_issuer": jobs.issuer},
        {"login_issuer": "https://login.elsewhere.example"},
    ):
        with pytest.raises(BadSettings, match="ABEYANCE_LOGIN_ISSUER"):
            client_of(Settings(**given | wrong))
    client = client_of(Settings(**given | two | {"login_issuer": "https://login.example.com"}))
    assert client is not None
    assert client.issuer == "https://login.example.com"
