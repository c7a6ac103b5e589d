"""Real tokens of a real provider on a socket; every bad one is a no, and looks like any other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import httpx
import pytest

from app.clock import SystemClock
from app.domain.identity import IdentityKind
from app.errors import IssuerUnavailable, NotAuthenticated, NotPermitted
from app.settings import IssuerSettings
from proxy.oidc.identity import identity_of
from proxy.oidc.verify import TokenVerifier
from sandbox.idp.driver import IdpDriver
from sandbox.idp.server import make_app
from sandbox.serving import listen, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

FAR = 4_102_444_800  # the year 2100; fixed, so that every process collects the same tests


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the keys are kept, which take long to make."""
    return tmp_path_factory.mktemp("idp")


@pytest.fixture
async def idp(data: Path) -> AsyncIterator[IdpDriver]:
    listener = listen(0)
    async with running(make_app(listener.url, data), listener) as url, IdpDriver(url) as driver:
        yield driver


@pytest.fixture
async def verifier(idp: IdpDriver) -> AsyncIterator[TokenVerifier]:
    issuers = [
        IssuerSettings(issuer=idp.issuer),
        IssuerSettings(issuer=idp.ci_issuer, kind="workload", repositories=("acme/*",)),
    ]
    async with httpx.AsyncClient() as http:
        yield TokenVerifier(issuers, http, SystemClock())


async def test_a_person_is_known_by_subject_address_and_groups(
    idp: IdpDriver, verifier: TokenVerifier
) -> None:
    identity = identity_of(await verifier.verify(await idp.token("maria")))
    assert identity.kind is IdentityKind.PERSON
    assert (identity.issuer, identity.email) == (idp.issuer, "maria@acme.example")
    assert identity.subject != identity.email
    assert "managers" in identity.groups
    assert identity.provenance is None


async def test_a_ci_job_names_repository_commit_and_actor(
    idp: IdpDriver, verifier: TokenVerifier
) -> None:
    token = await idp.ci_token(sha="c0ffee", ref="refs/heads/release")
    identity = identity_of(await verifier.verify(token))
    assert identity.kind is IdentityKind.WORKLOAD
    assert identity.provenance is not None
    assert identity.provenance.repository == "acme/payments"
    assert (identity.provenance.commit, identity.provenance.ref) == ("c0ffee", "refs/heads/release")
    assert identity.provenance.verified


async def test_an_address_that_the_issuer_does_not_vouch_for_is_dropped(
    idp: IdpDriver, verifier: TokenVerifier
) -> None:
    token = await idp.mint(claims={"email": "maria@acme.example", "email_verified": False})
    assert not identity_of(await verifier.verify(token)).email


async def test_groups_left_out_for_their_number_are_never_read_as_none(
    idp: IdpDriver, verifier: TokenVerifier
) -> None:
    token = await idp.mint(claims={"groups": None, "_claim_names": {"groups": "src1"}})
    verified = await verifier.verify(token)
    with pytest.raises(NotPermitted, match="too many"):
        identity_of(verified)


@pytest.mark.parametrize("repository", ["evil/payments", "acme", "acme-evil/x", ""])
async def test_a_job_of_a_repository_that_nobody_listed_is_refused(
    idp: IdpDriver, verifier: TokenVerifier, repository: str
) -> None:
    token = await idp.ci_token(repository=repository) if repository else await idp.mint(issuer="ci")
    verified = await verifier.verify(token)
    if not repository:
        verified = replace(verified, issuer=verified.issuer.model_copy(update={"repositories": ()}))
    with pytest.raises(NotPermitted, match="may not ask here"):
        identity_of(verified)


@pytest.mark.parametrize(
    "order",
    [
        {"key": "none", "header": {"alg": "none"}},
        {"key": "hs256", "header": {"alg": "HS256"}},
        {"key": "other"},
        {"header": {"kid": "unheard-of"}},
        {"header": {"kid": None}},
        {"header": {"crit": ["x"], "x": 1}},
        {"header": {"b64": False}},
        {"header": {"typ": "secevent+jwt"}},
        {"claims": {"iss": "https://elsewhere.example"}},
        {"claims": {"iss": None}},
        {"claims": {"aud": "something-else"}},
        {"claims": {"aud": None}},
        {"claims": {"exp": None}},
        {"claims": {"exp": FAR}},
        {"claims": {"exp": "soon"}},
        {"claims": {"sub": None}},
        {"claims": {"nonce": "of-an-id-token"}},
        {"claims": {"nbf": FAR}},
        {"expires_in": -120},
    ],
    ids=str,
)
async def test_a_token_with_any_flaw_is_refused(
    idp: IdpDriver, verifier: TokenVerifier, order: dict[str, Any]
) -> None:
    assert await verifier.verify(await idp.mint())
    token = await idp.mint(**order)
    with pytest.raises(NotAuthenticated):
        await verifier.verify(token)


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c", "....", "é.é.é", "e30.e30.", "\ud800"])
async def test_what_is_no_token_at_all_is_refused(verifier: TokenVerifier, token: str) -> None:
    with pytest.raises(NotAuthenticated):
        await verifier.verify(token)


async def test_keys_are_never_shared_between_issuers(
    idp: IdpDriver, verifier: TokenVerifier
) -> None:
    forged = await idp.mint(issuer="ci", claims={"iss": idp.issuer})
    with pytest.raises(NotAuthenticated):
        await verifier.verify(forged)


async def test_random_key_ids_cause_at_most_two_fetches(
    idp: IdpDriver, verifier: TokenVerifier
) -> None:
    for number in range(50):
        token = await idp.mint(header={"kid": f"random-{number}"})
        with pytest.raises(NotAuthenticated):
            await verifier.verify(token)
    assert await idp.jwks_fetches() <= 2


async def test_an_issuer_away_is_told_apart_from_a_bad_token(
    idp: IdpDriver, verifier: TokenVerifier
) -> None:
    await idp.set_jwks("error")
    token = await idp.token()
    with pytest.raises(IssuerUnavailable):
        await verifier.verify(token)


async def test_known_keys_stay_in_use_while_the_issuer_is_away(
    idp: IdpDriver, verifier: TokenVerifier
) -> None:
    await verifier.verify(await idp.token("alice"))
    await idp.set_jwks("error")
    assert await verifier.verify(await idp.token("dana"))


CLIENT, NONCE = "abeyance-gateway", "n-0S6_WzA2Mj"
SIGNED_IN: dict[str, Any] = {"aud": CLIENT, "nonce": NONCE, "client_id": None, "scope": None}


async def test_an_id_token_that_answers_our_own_sign_in_says_who_it_is(
    idp: IdpDriver, verifier: TokenVerifier
) -> None:
    for aud, azp in ((CLIENT, None), ([CLIENT], CLIENT), ([CLIENT, "another"], CLIENT)):
        claims = SIGNED_IN | {"aud": aud, "azp": azp}
        token = await idp.mint(person="maria", claims=claims, header={"typ": "JWT"})
        verified = await verifier.verify_sign_in(
            token, issuer=idp.issuer, client_id=CLIENT, nonce=NONCE
        )
        assert identity_of(verified).email == "maria@acme.example"
        # It opens nothing but the page that it was asked for.
        with pytest.raises(NotAuthenticated):
            await verifier.verify(token)


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "of-another-sign-in"},
        {"nonce": None},
        {"nonce": "ñ"},
        {"nonce": ["n-0S6_WzA2Mj"]},
        {"aud": "abeyance"},
        {"aud": [CLIENT, "another"]},
        {"azp": "another"},
        {"exp": 1},
        {"exp": FAR},
        {"sub": None},
        {"iss": "https://login.elsewhere.example"},
    ],
)
async def test_an_id_token_of_another_sign_in_client_or_time_is_refused(
    idp: IdpDriver, verifier: TokenVerifier, wrong: dict[str, object]
) -> None:
    token = await idp.mint(claims=SIGNED_IN | wrong, header={"typ": "JWT"})
    with pytest.raises(NotAuthenticated):
        await verifier.verify_sign_in(token, issuer=idp.issuer, client_id=CLIENT, nonce=NONCE)


@pytest.mark.parametrize("key", ["other", "hs256", "none"])
async def test_an_id_token_that_the_issuer_did_not_sign_is_refused(
    idp: IdpDriver, verifier: TokenVerifier, key: Literal["other", "hs256", "none"]
) -> None:
    token = await idp.mint(claims=SIGNED_IN, header={"typ": "JWT"}, key=key)
    with pytest.raises(NotAuthenticated):
        await verifier.verify_sign_in(token, issuer=idp.issuer, client_id=CLIENT, nonce=NONCE)


async def test_a_trusted_issuer_does_not_answer_for_the_one_that_was_asked(
    idp: IdpDriver, verifier: TokenVerifier
) -> None:
    token = await idp.mint(claims=SIGNED_IN, header={"typ": "JWT"})
    of_jobs = await idp.mint(issuer="ci", claims=SIGNED_IN)
    for given, issuer in ((token, idp.ci_issuer), (of_jobs, idp.ci_issuer), (of_jobs, idp.issuer)):
        with pytest.raises(NotAuthenticated):
            await verifier.verify_sign_in(given, issuer=issuer, client_id=CLIENT, nonce=NONCE)


@dataclass
class SetClock:
    at: datetime

    def now(self) -> datetime:
        return self.at


async def test_a_token_that_was_good_is_refused_once_it_has_expired(idp: IdpDriver) -> None:
    clock = SetClock(SystemClock().now())
    token = await idp.mint(expires_in=300)
    async with httpx.AsyncClient() as http:
        verifier = TokenVerifier([IssuerSettings(issuer=idp.issuer)], http, clock)
        assert await verifier.verify(token) == await verifier.verify(token)
        clock.at += timedelta(seconds=400)
        with pytest.raises(NotAuthenticated):
            await verifier.verify(token)
