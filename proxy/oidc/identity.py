"""Verified claims to an identity, with what each CI platform says of a job's origin."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from app.domain.identity import Identity, IdentityKind, Provenance
from app.errors import NotAuthenticated, NotPermitted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proxy.oidc.verify import VerifiedClaims


_ID_LENGTH = 200


@dataclass(frozen=True, slots=True)
class _Platform:
    """The names of a platform's claims; `tell` is the one by which we know the platform."""

    tell: str
    repository: str
    repository_id: str = ""
    commit: str = ""
    ref: str = ""
    workflow: str = ""
    run: str = ""
    actor: str = ""


# Source: each platform's documentation of its OIDC tokens.
_PLATFORMS = (
    _Platform(  # GitHub Actions
        tell="repository_id",
        repository="repository",
        repository_id="repository_id",
        commit="sha",
        ref="ref",
        workflow="workflow_ref",
        run="run_id",
        actor="actor",
    ),
    _Platform(  # GitLab
        tell="project_path",
        repository="project_path",
        repository_id="project_id",
        commit="sha",
        ref="ref",
        workflow="ci_config_ref_uri",
        run="pipeline_id",
        actor="user_login",
    ),
    _Platform(  # Buildkite
        tell="pipeline_slug",
        repository="pipeline_slug",
        commit="build_commit",
        ref="build_branch",
        workflow="step_key",
        run="build_number",
    ),
    _Platform(  # CircleCI
        tell="oidc.circleci.com/project-id",
        repository="oidc.circleci.com/vcs-origin",
        repository_id="oidc.circleci.com/project-id",
        ref="oidc.circleci.com/vcs-ref",
    ),
)


def identity_of(verified: VerifiedClaims) -> Identity:
    """Return who the claims are about.

    Raises NotPermitted where the issuer left the groups out for their number ('overage'), which
    must never be read as 'in no group', and for a job of a repository that nobody listed.
    """
    claims = verified.claims
    elsewhere = claims.get("_claim_names")
    if claims.get("hasgroups") or (isinstance(elsewhere, dict) and "groups" in elsewhere):
        raise NotPermitted(
            "The identity provider left your groups out because there are too many; "
            "ask its administrator to send only the groups assigned to this application."
        )
    subject = str(claims["sub"])
    provenance = None
    if verified.issuer.kind == "workload":
        provenance = _provenance(claims)
        _check_repository(provenance, verified.issuer.repositories)
    # An address that the issuer does not vouch for must not link to anybody's Slack account.
    email = _text(claims, "email").lower() if claims.get("email_verified") is True else ""
    name = _text(claims, "name") or (provenance.repository if provenance else email) or subject
    return Identity(
        issuer=verified.issuer.issuer,
        subject=subject,
        kind=IdentityKind(verified.issuer.kind),
        name=name,
        email=email,
        groups=_groups(claims),
        provenance=provenance,
        manager=_text(claims, "manager").strip().lower(),
        token_id=_text(claims, "jti")[:_ID_LENGTH],
    )


def _check_repository(provenance: Provenance | None, listed: Sequence[str]) -> None:
    """Refuse jobs of strangers: a CI platform signs tokens for everybody's repositories."""
    repository = provenance.repository if provenance else ""
    if not any(fnmatchcase(repository, pattern) for pattern in listed):
        raise NotPermitted(
            f"Jobs of the repository “{repository}” may not ask here; an administrator lists "
            "repositories in ABEYANCE_ISSUERS."
        )


def _provenance(claims: Mapping[str, Any]) -> Provenance | None:
    platform = next((platform for platform in _PLATFORMS if platform.tell in claims), None)
    if platform is None:
        return None
    return Provenance(
        repository=_text(claims, platform.repository),
        repository_id=_text(claims, platform.repository_id),
        commit=_text(claims, platform.commit),
        ref=_text(claims, platform.ref),
        workflow=_text(claims, platform.workflow),
        run=_text(claims, platform.run),
        actor=_text(claims, platform.actor),
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    return str(claims.get(name, "")) if name else ""


def _groups(claims: Mapping[str, Any]) -> frozenset[str]:
    groups = claims.get("groups", [])
    if not isinstance(groups, list):
        raise NotAuthenticated("The token's groups are not a list.")
    return frozenset(str(group) for group in groups)
