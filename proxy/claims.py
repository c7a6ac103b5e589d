"""What a client says of where its request comes from: shown as claimed, and nothing goes by it.

A person's token proves no repository. `abeyance exec` and hooks say in which one she works, so that
approvers see it. It is text of a caller who may be lying, so it is bounded, and of few characters.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from app.domain.identity import IdentityKind, Provenance
from app.errors import BadRequest
from proxy.front import decoded, header

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.domain.identity import Identity
    from proxy.front import Headers

_REPOSITORY = re.compile(r"[\w.~+-]+(?:/[\w.~+-]+){0,9}")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
# What git allows in the name of a branch, without what only a trick would need.
_BRANCH = re.compile(r"[\w.+/#@%=,!()-]+")
_LONGEST = 200


def headers_claimed(headers: Headers) -> Provenance | None:
    """Read what the headers say. Raises BadRequest."""
    said = (header(headers, f"abeyance-{name}") for name in ("repository", "commit", "branch"))
    repository, commit, branch = (decoded(value) for value in said)
    return claimed_provenance(repository, commit, branch)


def claimed_provenance(repository: str, commit: str, branch: str) -> Provenance | None:
    """Return what somebody claims; None where no repository is named.

    Raises BadRequest where something is too long or is no such name.
    """
    for name, value, pattern in (
        ("repository", repository, _REPOSITORY),
        ("commit", commit, _COMMIT),
        ("branch", branch, _BRANCH),
    ):
        if value and (len(value) > _LONGEST or not pattern.fullmatch(value)):
            raise BadRequest(
                f"What is given as the {name} is too long or is no {name}: leave it out, or send "
                "it as git tells it."
            )
    if not repository:
        return None
    ref = f"refs/heads/{branch}" if branch else ""
    return Provenance(repository, commit=commit, ref=ref, verified=False)


def with_claim(
    identity: Identity, claim: Provenance | None, mask: Callable[[str], str]
) -> Identity:
    """Return a person with what she claims; what a workload's token proves stays as it is."""
    if claim is None or identity.kind is not IdentityKind.PERSON or identity.provenance:
        return identity
    shown = replace(
        claim, repository=mask(claim.repository), commit=mask(claim.commit), ref=mask(claim.ref)
    )
    return replace(identity, provenance=shown)
