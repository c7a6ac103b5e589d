"""`abeyance login` on a machine without a keyring, against a real gateway and a real issuer."""

from __future__ import annotations

import asyncio
import re
import stat
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jws import extract_compact

from tests.workstation.sign_in.machine import Machine

if TYPE_CHECKING:
    from pathlib import Path

    from tests.proxy.linking import Place

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def whoami(place: Place, token: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=place.url) as http:
        return await http.get("/-/whoami", headers={"authorization": f"Bearer {token}"})


async def test_one_sign_in_in_a_browser_gives_good_tokens_from_then_on(
    place: Place, machine: Machine
) -> None:
    machine.person = "dana"
    said = await machine.run("login", place.url)
    assert said.out == ""
    assert said.err.splitlines()[-1] == f"You are signed in to {place.url} as Dana Reyes."
    # Nothing needs to be said again: not the gateway, not the issuer, and no browser opens.
    machine.person = ""
    token = await machine.token()
    assert (await whoami(place, token)).json()["email"] == "dana@acme.example"
    assert await machine.token() == token


async def test_without_a_browser_the_person_signs_in_elsewhere(
    place: Place, machine: Machine
) -> None:
    process = await machine.start("login", place.url)
    assert process.stderr is not None
    told = (await process.stderr.readline()).decode()
    assert f"{place.idp.issuer}/device" in told
    await place.idp.approve_device(told.split()[-1], "ines")
    _, err = await process.communicate()
    assert err.decode().strip() == f"You are signed in to {place.url} as Ines Roth."


async def test_what_is_kept_is_for_its_owner_alone(place: Place, machine: Machine) -> None:
    machine.person = "alice"
    await machine.run("login", place.url)
    (path,) = machine.files
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert machine.session()["refresh_token"].startswith("rt-")
    # What is no secret has nothing that is.
    config = (machine.home / "config" / "abeyance" / "workplaces.json").read_text()
    assert machine.session()["refresh_token"] not in config
    assert machine.session()["access_token"] not in config


async def test_a_token_is_renewed_at_four_fifths_of_its_life_and_not_before(
    place: Place, machine: Machine
) -> None:
    machine.person = "alice"
    await machine.run("login", place.url)
    first, now = await machine.token(), time.time()
    machine.change(issued_at=now - 78, expires_at=now + 22)
    assert await machine.token() == first
    machine.change(issued_at=now - 82, expires_at=now + 18)
    second = await machine.token()
    assert second != first
    assert (await whoami(place, second)).status_code == 200
    assert machine.session()["signed_in_at"] <= now


async def test_processes_that_renew_at_once_do_not_lose_the_sign_in(
    place: Place, machine: Machine
) -> None:
    """The issuer takes a refresh token once; a second use would end everything."""
    machine.person = "alice"
    await machine.run("login", place.url)
    for _ in range(2):
        machine.change(expires_at=time.time() - 1)
        tokens = await asyncio.gather(*(machine.token() for _ in range(4)))
        assert len(set(tokens)) == 1
        assert (await whoami(place, tokens[0])).status_code == 200


async def test_whoever_has_left_is_told_to_sign_in_and_gets_no_token(
    place: Place, machine: Machine
) -> None:
    machine.person = "marcus"
    await machine.run("login", place.url)
    await place.idp.leave("marcus")
    try:
        machine.change(expires_at=time.time() - 1)
        said = await machine.run("login", "--print", code=2)
    finally:
        await place.idp.change_groups("marcus", "managers")
    assert said.out == ""
    assert "Your sign-in has ended: run `abeyance login`" in said.err


async def test_a_token_that_is_good_is_used_while_the_issuer_is_away(
    place: Place, machine: Machine
) -> None:
    machine.person = "alice"
    await machine.run("login", place.url)
    token, now = await machine.token(), time.time()
    await place.idp.set_away(away=True)
    try:
        machine.change(issued_at=now - 90, expires_at=now + 60)
        assert await machine.token() == token
        machine.change(issued_at=now - 90, expires_at=now - 1)
        said = await machine.run("login", "--print", code=2)
    finally:
        await place.idp.set_away(away=False)
    assert "does not answer" in said.err


async def test_signing_out_ends_the_sign_in_at_the_issuer_too(
    place: Place, machine: Machine
) -> None:
    machine.person = "alice"
    await machine.run("login", place.url)
    refresh_token = machine.session()["refresh_token"]
    assert "signed out" in (await machine.run("logout")).err
    assert machine.files == []
    form = {
        "grant_type": "refresh_token",
        "client_id": "abeyance-cli",
        "refresh_token": refresh_token,
    }
    refused = await place.idp.http.post("/token", data=form)
    assert refused.json()["error"] == "invalid_grant"
    assert "run `abeyance login`" in (await machine.run("login", "--print", code=2)).err
    assert "not signed in" in (await machine.run("logout")).err


async def test_signing_in_again_ends_the_sign_in_before(place: Place, machine: Machine) -> None:
    machine.person = "alice"
    await machine.run("login", place.url)
    first = machine.session()["refresh_token"]
    machine.person = "dana"
    await machine.run("login")
    form = {"grant_type": "refresh_token", "client_id": "abeyance-cli", "refresh_token": first}
    refused = await place.idp.http.post("/token", data=form)
    assert refused.json()["error"] == "invalid_grant"
    assert (await whoami(place, await machine.token())).json()["name"] == "Dana Reyes"


async def test_an_opaque_token_is_told_with_what_mends_it(place: Place, machine: Machine) -> None:
    machine.person = "alice"
    await place.idp.set_minting(opaque=True)
    try:
        said = await machine.run("login", place.url, code=2)
    finally:
        await place.idp.set_minting()
    for words in ("opaque", "“abeyance”", "--audience", "introspection_client_id"):
        assert words in said.err


async def test_a_token_for_something_else_is_told_with_what_it_is_for(
    place: Place, tmp_path: Path
) -> None:
    wanted = "https://gateway.example.com"
    issuers = [{"issuer": place.idp.issuer, "audience": "of-another-api"}]
    async with place.gateway(issuers=issuers) as fresh:
        machine = Machine(tmp_path, fresh.url, "alice")
        said = await machine.run("login", fresh.url, code=2)
    assert "The token is for abeyance, not for of-another-api" in said.err
    # A URI goes as `resource` too, which this issuer goes by.
    issuers = [{"issuer": place.idp.issuer, "audience": wanted}]
    async with place.gateway(issuers=issuers) as fresh:
        await machine.run("login", fresh.url)
        claims = extract_compact((await machine.token()).encode()).payload
    assert wanted.encode() in claims


async def test_scopes_of_the_gateway_are_asked_for_besides(place: Place, tmp_path: Path) -> None:
    scopes = ["api://abeyance/.default"]
    async with place.gateway(issuers=[{"issuer": place.idp.issuer, "scopes": scopes}]) as fresh:
        machine = Machine(tmp_path, fresh.url, variables={"BROWSER": "true"})
        process = await machine.start("login", fresh.url)
        assert process.stderr is not None
        told = (await process.stderr.readline()).decode()
        process.terminate()
        await process.communicate()
    (url,) = re.findall(r"http\S+/authorize\?\S+", told)
    (asked,) = parse_qs(urlsplit(url).query)["scope"]
    assert asked == "openid profile email groups offline_access api://abeyance/.default"


async def test_without_a_gateway_an_issuer_will_do(place: Place, machine: Machine) -> None:
    machine.person = "alice"
    machine.variables = {"ABEYANCE_LOGIN_ISSUER": place.idp.issuer}
    assert (await machine.run("login")).err.endswith("You are signed in.")
    assert (await whoami(place, await machine.token())).status_code == 200


async def test_a_token_of_the_environment_is_used_as_it_is(place: Place, machine: Machine) -> None:
    machine.variables = {"ABEYANCE_TOKEN": "of-the-ci", "ABEYANCE_GATEWAY_URL": place.url}
    assert await machine.token() == "of-the-ci"


@pytest.mark.parametrize(
    ("gateway", "why"),
    [
        ("http://gateway.example.com", "in the clear"),
        ("gateway.example.com", "not the URL of a gateway"),
        ("https://user@host", "not the URL of a gateway"),
        ("https://h?q", "not the URL of a gateway"),
    ],
)
async def test_a_gateway_to_which_a_token_must_not_go_is_refused(
    machine: Machine, gateway: str, why: str
) -> None:
    assert why in (await machine.run("login", gateway, code=2)).err


async def test_a_gateway_that_says_it_is_another_is_not_signed_in_to(
    place: Place, machine: Machine
) -> None:
    """Else it could have tokens sent to it that are meant for the other (RFC 9728, 3.3)."""
    machine.person = "alice"
    other = place.url.replace("127.0.0.1", "localhost")
    said = await machine.run("login", other, code=2)
    assert f"says that it is {place.url}" in said.err
    assert machine.files == []


async def test_a_slack_account_is_linked_by_the_sign_in_that_is_kept(
    place: Place, machine: Machine
) -> None:
    machine.person = "maria"
    await machine.run("login", place.url)
    machine.person = ""
    code = (await place.link()).rpartition("/")[2]
    assert "is linked to you" in (await machine.run("link", code, "--yes")).err
    assert (await place.linked()).startswith(place.idp.issuer)
