"""Who verified claims are about."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING, Any

import pytest

from app.domain.identity import IdentityKind, Provenance
from app.errors import NotAuthenticated, NotPermitted
from app.settings import IssuerSettings
from proxy.oidc.identity import identity_of
from proxy.oidc.verify import VerifiedClaims

if TYPE_CHECKING:
    from app.domain.identity import Identity

ISSUER = "https://id.acme.example"


def person(**claims: Any) -> Identity:  # noqa: ANN401 - claims as a token may have them
    return identity_of(VerifiedClaims(IssuerSettings(issuer=ISSUER), {"sub": "u-1", **claims}))


def job(*repositories: str, **claims: Any) -> Identity:  # noqa: ANN401 - the same
    issuer = IssuerSettings(issuer=ISSUER, kind="workload", repositories=repositories or ("**",))
    return identity_of(VerifiedClaims(issuer, {"sub": "job-1", **claims}))


def test_a_person_is_named_by_name_address_or_subject() -> None:
    vouched = {"email": "Maria@Acme.example", "email_verified": True}
    maria = person(name="Maria Lopez", **vouched)
    assert (maria.issuer, maria.subject, maria.kind) == (ISSUER, "u-1", IdentityKind.PERSON)
    assert (maria.name, maria.email) == ("Maria Lopez", "maria@acme.example")
    assert maria.provenance is None
    assert person(**vouched).name == "maria@acme.example"
    assert person().name == "u-1"
    assert (person().email, person().manager, person().groups) == ("", "", frozenset())
    assert person(jti="x" * 201).token_id == "x" * 200


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_only_an_address_that_the_issuer_vouches_for_counts(verified: object) -> None:
    assert person(email="maria@acme.example", email_verified=verified).email == ""


def test_groups_and_the_manager_are_read() -> None:
    maria = person(groups=["sre", "managers"], manager=" Boss@Acme.example ")
    assert maria.groups == {"sre", "managers"}
    assert maria.manager == "boss@acme.example"


@pytest.mark.parametrize("groups", ["sre", {"sre": True}, None, 1])
def test_groups_that_are_no_list_are_refused(groups: object) -> None:
    with pytest.raises(NotAuthenticated, match="groups are not a list"):
        person(groups=groups)


@pytest.mark.parametrize(
    "claims",
    [
        {"hasgroups": True},
        {"hasgroups": True, "_claim_names": {}},
        {"_claim_names": {"groups": "s"}},
    ],
)
def test_groups_left_out_for_their_number_are_refused(claims: dict[str, object]) -> None:
    with pytest.raises(NotPermitted, match="too many"):
        person(**claims)


@pytest.mark.parametrize("elsewhere", [{"address": "s"}, "groups", None])
def test_other_claims_may_be_elsewhere(elsewhere: object) -> None:
    assert person(hasgroups=False, _claim_names=elsewhere).groups == frozenset()


PLATFORMS: dict[str, tuple[dict[str, object], Provenance]] = {
    "GitHub Actions": (
        {
            "repository": "acme/pay",
            "repository_id": 42,
            "sha": "c0ffee",
            "ref": "refs/heads/main",
            "workflow_ref": "acme/pay/.github/workflows/x.yml@refs/heads/main",
            "run_id": "7",
            "actor": "dana",
        },
        Provenance(
            "acme/pay",
            "42",
            "c0ffee",
            "refs/heads/main",
            "acme/pay/.github/workflows/x.yml@refs/heads/main",
            "7",
            "dana",
        ),
    ),
    "GitLab": (
        {
            "project_path": "acme/pay",
            "project_id": "42",
            "sha": "c0ffee",
            "ref": "main",
            "ci_config_ref_uri": "gitlab.example/acme/pay//.gitlab-ci.yml@refs/heads/main",
            "pipeline_id": "7",
            "user_login": "dana",
        },
        Provenance(
            "acme/pay",
            "42",
            "c0ffee",
            "main",
            "gitlab.example/acme/pay//.gitlab-ci.yml@refs/heads/main",
            "7",
            "dana",
        ),
    ),
    "Buildkite": (
        {
            "pipeline_slug": "pay",
            "build_commit": "c0ffee",
            "build_branch": "main",
            "step_key": "deploy",
            "build_number": 7,
        },
        Provenance("pay", "", "c0ffee", "main", "deploy", "7"),
    ),
    "CircleCI": (
        {
            "oidc.circleci.com/project-id": "42",
            "oidc.circleci.com/vcs-origin": "github.com/acme/pay",
            "oidc.circleci.com/vcs-ref": "refs/heads/main",
        },
        Provenance("github.com/acme/pay", "42", "", "refs/heads/main"),
    ),
}


@pytest.mark.parametrize(("claims", "expected"), PLATFORMS.values(), ids=PLATFORMS)
def test_each_platform_says_where_a_job_comes_from(
    claims: dict[str, object], expected: Provenance
) -> None:
    found = job("*", **claims)
    assert found.provenance == expected
    assert (found.kind, found.name) == (IdentityKind.WORKLOAD, expected.repository)


def test_a_person_has_no_provenance_whatever_the_token_claims() -> None:
    claims, _ = PLATFORMS["GitHub Actions"]
    assert person(**claims).provenance is None


@pytest.mark.parametrize("repository", ["evil/pay", "acme", "ACME/pay", "acme-evil/pay"])
def test_a_job_of_a_repository_that_is_not_listed_is_refused(repository: str) -> None:
    claims = {"repository": repository, "repository_id": "1"}
    with pytest.raises(NotPermitted, match=f"“{repository}”"):
        job("other/*", "acme/*", **claims)
    assert job("other/*", repository, **claims).name == repository


def test_a_job_of_no_known_platform_needs_a_list_of_everything() -> None:
    assert job("*").provenance is None
    assert job("*").name == "job-1"
    with pytest.raises(NotPermitted, match="“”"):
        job("acme/*")


def test_claims_once_verified_are_never_changed_in_place() -> None:
    verified = VerifiedClaims(IssuerSettings(issuer=ISSUER), {})
    with pytest.raises(FrozenInstanceError):
        verified.claims = {}  # type: ignore[misc]
    assert not hasattr(verified, "__dict__")
