import json
import stat
import time
from base64 import urlsafe_b64decode
from pathlib import Path

import httpx
import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from sandbox.idp.driver import IdpDriver, IssuerName
from sandbox.idp.server import make_app
from sandbox.serving import listen, running


async def key_set(idp: IdpDriver, path: str = "") -> KeySet:
    described = await idp.http.get(f"{path}/.well-known/openid-configuration")
    keys = await idp.http.get(described.json()["jwks_uri"])
    return KeySet.import_key_set(keys.json())


def header_of(token: str) -> dict[str, object]:
    part = token.partition(".")[0]
    header: dict[str, object] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return header


async def test_an_access_token_follows_rfc_9068_and_verifies_by_the_published_keys(
    idp: IdpDriver,
) -> None:
    token = jwt.decode(await idp.token("maria"), await key_set(idp), algorithms=["RS256"])

    assert token.header["typ"] == "at+jwt"
    claims = token.claims
    assert claims["iss"] == idp.issuer
    assert claims["aud"] == "abeyance"
    assert claims["exp"] - claims["iat"] == 3600
    assert {"jti", "client_id", "scope"} <= claims.keys()
    assert claims["email"] == "maria@acme.example"
    assert claims["email_verified"] is True
    assert claims["name"] == "Maria Lopez"
    assert claims["groups"] == ["managers", "security"]
    assert "@" not in claims["sub"]


async def test_a_ci_token_is_shaped_like_one_of_github_actions(idp: IdpDriver) -> None:
    sha = "0" * 40
    compact = await idp.ci_token(ref="refs/tags/v1.2", sha=sha)
    token = jwt.decode(compact, await key_set(idp, "/ci"), algorithms=["RS256"])

    assert token.header["typ"] == "JWT"
    claims = token.claims
    assert claims["iss"] == idp.ci_issuer
    assert claims["aud"] == "abeyance"
    assert claims["sub"] == "repo:acme/payments:ref:refs/tags/v1.2"
    assert (claims["ref"], claims["ref_type"], claims["sha"]) == ("refs/tags/v1.2", "tag", sha)
    assert claims["repository_owner"] == "acme"
    assert claims["workflow_ref"].endswith("release.yml@refs/tags/v1.2")
    assert all(
        isinstance(claims[name], str)
        for name in (
            "repository_id",
            "actor",
            "actor_id",
            "workflow",
            "job_workflow_ref",
            "run_id",
            "run_number",
            "run_attempt",
            "event_name",
            "runner_environment",
        )
    )


async def test_the_two_issuers_share_no_key(idp: IdpDriver) -> None:
    with pytest.raises((JoseError, ValueError)):
        jwt.decode(await idp.token(), await key_set(idp, "/ci"), algorithms=["RS256"])


async def test_tokens_and_keys_outlive_a_restart_and_the_key_file_is_private(
    tmp_path: Path,
) -> None:
    first = listen(0)
    async with running(make_app(first.url, tmp_path), first) as url, IdpDriver(url) as idp:
        compact = await idp.token()

    second = listen(0)
    async with running(make_app(second.url, tmp_path), second) as url, IdpDriver(url) as idp:
        assert jwt.decode(compact, await key_set(idp), algorithms=["RS256"]).claims["name"]

    files = sorted((tmp_path / "idp").iterdir())
    assert [file.name for file in files] == ["ci.json", "people.json"]
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)


@pytest.mark.parametrize(
    ("key", "algorithm"), [("other", "RS256"), ("hs256", "HS256"), ("none", "none")]
)
async def test_odd_keys_make_tokens_that_do_not_verify(
    idp: IdpDriver, key: str, algorithm: str
) -> None:
    compact = await idp.mint(key=key)  # type: ignore[arg-type]  # the parameters are the choices

    assert header_of(compact)["alg"] == algorithm
    with pytest.raises((JoseError, ValueError)):
        jwt.decode(compact, await key_set(idp), algorithms=["RS256"])


async def test_claims_and_header_of_a_minted_token_are_as_ordered(idp: IdpDriver) -> None:
    compact = await idp.mint(
        person="dana",
        claims={"aud": "elsewhere", "groups": None},
        header={"typ": "JWT", "kid": None},
        expires_in=-60,
    )
    token = jwt.decode(compact, (await key_set(idp)).keys[0], algorithms=["RS256"])

    assert token.header == {"alg": "RS256", "typ": "JWT"}
    assert token.claims["aud"] == "elsewhere"
    assert "groups" not in token.claims
    assert token.claims["email"] == "dana@acme.example"
    assert token.claims["exp"] < time.time()


@pytest.mark.parametrize("issuer", ["people", "ci"])
async def test_the_key_set_can_fail_and_recover_and_its_fetches_are_counted(
    idp: IdpDriver, issuer: IssuerName
) -> None:
    path = "/.well-known/jwks.json" if issuer == "people" else "/ci/.well-known/jwks.json"
    await idp.set_jwks("error", issuer)
    failed = await idp.http.get(path)
    await idp.set_jwks("ok", issuer)
    recovered = await idp.http.get(path)

    assert (failed.status_code, recovered.status_code) == (500, 200)
    assert await idp.jwks_fetches(issuer) == 2


async def test_a_stalled_key_set_says_nothing_until_it_is_released(idp: IdpDriver) -> None:
    await idp.set_jwks("stall")
    with pytest.raises(httpx.ReadTimeout):
        await idp.http.get("/.well-known/jwks.json", timeout=0.2)
    await idp.set_jwks("ok")

    assert (await idp.http.get("/.well-known/jwks.json")).status_code == 200


async def test_rotation_signs_with_a_new_key_and_may_withdraw_the_old(idp: IdpDriver) -> None:
    before = await idp.token()
    await idp.rotate_keys()
    assert jwt.decode(before, await key_set(idp), algorithms=["RS256"])
    assert header_of(before)["kid"] != header_of(await idp.token())["kid"]

    await idp.rotate_keys(keep_old=False)
    assert len((await key_set(idp)).keys) == 1
    with pytest.raises((JoseError, ValueError)):
        jwt.decode(before, await key_set(idp), algorithms=["RS256"])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/sandbox/token/bob", None),
        ("GET", "/sandbox/token/ci?colour=red", None),
        ("POST", "/sandbox/token", {"issuer": "martians"}),
        ("POST", "/sandbox/token", {"expires": 3}),
        ("PUT", "/sandbox/jwks", {"mode": "sulk"}),
    ],
)
async def test_a_mistaken_order_is_told_what_would_do(
    idp: IdpDriver, method: str, path: str, body: dict[str, object] | None
) -> None:
    answer = await idp.http.request(method, path, json=body)

    assert answer.status_code in {400, 404}
    assert len(answer.text) > 20
