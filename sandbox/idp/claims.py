"""What the tokens say, for people and for CI jobs."""

from dataclasses import asdict
from secrets import token_urlsafe

from sandbox.people import CiJob, Person

AUDIENCE = "abeyance"
ACCESS_LIFETIME_S = 3600
CI_LIFETIME_S = 600
SCOPES = ("openid", "profile", "email", "groups")
OFFLINE = "offline_access"
ALL_SCOPES = (*SCOPES, OFFLINE)

Claims = dict[str, object]


def profile(person: Person) -> Claims:
    """Give the claims about a person, the same in tokens and at the userinfo endpoint."""
    return {
        "sub": person.sub,
        "name": person.name,
        "email": person.email,
        "email_verified": True,
        "groups": list(person.groups),
    }


def access_claims(
    issuer: str, person: Person, now: int, client_id: str = "abeyance-cli", scope: str = ""
) -> Claims:
    """Fill an access token for the gateway (RFC 9068, section 2.2)."""
    return {
        "iss": issuer,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + ACCESS_LIFETIME_S,
        "auth_time": now,
        "jti": token_urlsafe(12),
        "client_id": client_id,
        "scope": scope or " ".join(SCOPES),
        **profile(person),
    }


def ci_claims(issuer: str, job: CiJob, now: int) -> Claims:
    """Fill a workload identity token with the claim names and string values of GitHub Actions."""
    said = {name: value for name, value in asdict(job).items() if name != "workflow_file"}
    workflow_ref = f"{job.repository}/{job.workflow_file}@{job.ref}"
    return {
        "iss": issuer,
        "aud": AUDIENCE,
        "iat": now,
        "nbf": now,
        "exp": now + CI_LIFETIME_S,
        "jti": token_urlsafe(12),
        "sub": f"repo:{job.repository}:ref:{job.ref}",
        **said,
        "ref_type": job.ref_type,
        "workflow_ref": workflow_ref,
        "workflow_sha": job.sha,
        "job_workflow_ref": workflow_ref,
        "job_workflow_sha": job.sha,
    }
