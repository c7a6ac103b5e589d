"""What a card says of a request that went out."""

from __future__ import annotations

import pytest

from proxy.record.outcome import told


@pytest.mark.parametrize(
    ("status", "error", "seconds", "tokens", "said"),
    [
        (200, "", 4.24, 1204, "finished in 4.2 s, 1,204 tokens"),
        (200, "", 0.04, 1, "finished in 0.0 s, 1 token"),
        (200, "", 59.94, None, "finished in 59.9 s"),
        (200, "", 135.4, None, "finished in 2 min 15 s"),
        (200, "", 179.7, None, "finished in 3 min 0 s"),
        (404, "", 1.0, None, "failed after 1.0 s: the model API answered 404"),
        (500, "", 1.0, 3, "failed after 1.0 s: the model API answered 500"),
        (None, "It does not answer.", 5.0, None, "failed after 5.0 s: It does not answer"),
        (None, "", 5.0, None, "failed after 5.0 s: no answer was seen"),
        (200, "This answer is withheld.", 2.0, 9, "failed after 2.0 s: This answer is withheld"),
        (200, "cut off: the client left", 2.0, 9, "cut off after 2.0 s: the client left"),
    ],
)
def test_an_outcome(
    status: int | None, error: str, seconds: float, tokens: int | None, said: str
) -> None:
    assert told(status, error, seconds, tokens) == said
