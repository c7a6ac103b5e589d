"""An error may cross from one process to another, with all that it says."""

from __future__ import annotations

import pickle

import pytest

from app import errors
from app.errors import AbeyanceError, AnswerUnrecorded, BadCatalog, Reason, Refused, WorkerLost


@pytest.mark.parametrize(
    "error",
    [
        errors.BadRequest("no JSON"),
        Refused(Reason.POLICY_DENIED, "no", rule="r"),
        BadCatalog(["a.yaml:1: id: give one"]),
        AnswerUnrecorded("no disk"),
        WorkerLost(),
    ],
)
def test_an_error_is_the_same_after_it_was_sent(error: AbeyanceError) -> None:
    sent = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert isinstance(sent, AbeyanceError)
    assert (type(sent), str(sent), vars(sent)) == (type(error), str(error), vars(error))
