from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app import errors
from app.errors import AbeyanceError, Reason, Refused, Superseded
from proxy.refusals import refusal_for, refusal_headers

if TYPE_CHECKING:
    from collections.abc import Iterator


def kinds(root: type[AbeyanceError] = AbeyanceError) -> Iterator[type[AbeyanceError]]:
    for kind in root.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield kind
            yield from kinds(kind)


def an(kind: type[AbeyanceError]) -> AbeyanceError:
    if issubclass(kind, Refused):
        return kind(Reason.POLICY_DENIED, "no", rule="r")
    if issubclass(kind, errors.BadCatalog):
        return kind(["a.yaml:1: id: give one"])
    if issubclass(kind, Superseded):
        return kind.__new__(kind)
    return kind("in words")


@pytest.mark.parametrize("kind", list(kinds()))
def test_every_error_of_the_tree_has_a_status(kind: type[AbeyanceError]) -> None:
    refusal = refusal_for(an(kind))
    assert 400 <= refusal.status < 600
    assert refusal.code


def test_a_refusal_says_its_reason_and_forbids_the_retry() -> None:
    refusal = refusal_for(Refused(Reason.APPROVAL_DENIED, "Maria said no", rule="r"), "s1")
    assert (refusal.status, refusal.code, refusal.session_id) == (403, "approval_denied", "s1")
    headers = dict(refusal_headers(refusal, "denied", "r"))
    assert headers["x-should-retry"] == "false"
    assert headers["abeyance-decision"] == "denied"
    assert headers["abeyance-rule"] == "r"


def test_all_bad_tokens_get_the_same_words() -> None:
    first = refusal_for(errors.NotAuthenticated("the signature does not hold"))
    second = refusal_for(errors.NotAuthenticated("unknown issuer"))
    assert first == second


def test_what_may_pass_by_itself_may_be_retried() -> None:
    refusal = refusal_for(errors.StorageUnavailable("away"))
    assert "x-should-retry" not in dict(refusal_headers(refusal, "", ""))
