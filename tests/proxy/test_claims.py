from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.identity import Provenance
from app.errors import BadRequest
from proxy.claims import claimed_provenance, headers_claimed, with_claim
from proxy.record.conversations import CONVERSATION_HEADERS
from tests.policies.made import ALICE, JOB
from workstation.checkout import Checkout
from workstation.forwarder import requests

CLAIM = Provenance("acme/shop", commit="c0ffee1", ref="refs/heads/fix/ü", verified=False)


def as_is(text: str) -> str:
    return text


def test_what_a_person_claims_is_marked_as_claimed_and_masked() -> None:
    headers = (
        ("abeyance-repository", "acme/shop"),
        ("abeyance-commit", "c0ffee1"),
        ("abeyance-branch", "UTF-8''fix%2F%C3%BC"),
    )
    assert headers_claimed(headers) == CLAIM
    claimed = with_claim(ALICE, CLAIM, lambda text: text.replace("shop", "***"))
    assert claimed == replace(ALICE, provenance=replace(CLAIM, repository="acme/***"))
    assert claimed.proven is None


def test_without_a_repository_nothing_is_claimed() -> None:
    assert claimed_provenance("", "c0ffee1", "main") is None
    assert with_claim(ALICE, None, as_is) == ALICE


def test_a_claim_does_not_take_the_place_of_what_a_token_proves() -> None:
    assert with_claim(JOB, CLAIM, as_is) == JOB
    assert with_claim(replace(JOB, provenance=None), CLAIM, as_is).provenance is None


@pytest.mark.parametrize(
    ("repository", "commit", "branch"),
    [
        ("https://user:secret@host/acme/shop", "", ""),
        ("acme/shop <!channel>", "", ""),
        ("acme/shop\n", "", ""),
        ("/".join("x" * 101), "", ""),
        ("a" * 201, "", ""),
        ("acme/shop", "HEAD", ""),
        ("acme/shop", "c0ffee1 ", ""),
        ("acme/shop", "", "a branch"),
        ("acme/shop", "", "\u202emain"),
        ("acme/shop", "", "`main`"),
    ],
)
def test_a_claim_that_git_would_not_make_is_refused(
    repository: str, commit: str, branch: str
) -> None:
    with pytest.raises(BadRequest):
        claimed_provenance(repository, commit, branch)


@given(*[st.text(max_size=250) | st.from_regex(r"[a-z./~#-]{0,210}", fullmatch=True)] * 3)
@example("acme/shop", "c0ffee1", "fix/ü")
@example("a" * 201, "c0ffee1", "main")
@example("shop", "C0FFEE1", "x" * 201)
def test_what_a_workstation_says_of_itself_is_never_refused(
    repository: str, commit: str, branch: str
) -> None:
    claimed = headers_claimed(Checkout(repository, commit, branch).headers)
    assert claimed is None or claimed.repository == repository


def test_the_forwarder_knows_the_conversations_that_the_gateway_knows() -> None:
    """Else it would put its own name beside one that the gateway goes by."""
    assert frozenset(CONVERSATION_HEADERS) == requests.CONVERSATIONS
