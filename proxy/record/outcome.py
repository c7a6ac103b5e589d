"""What became of a request that people released, in a few words for its card."""

from __future__ import annotations

from http import HTTPStatus

CUT_OFF = "cut off"
"""What an error begins with where nothing failed, and the answer was not passed on to its end."""
_MINUTE = 60


def told(status: int | None, error: str, seconds: float, tokens: int | None) -> str:
    """Say whether it finished, how long that took and how many tokens, if that is known.

    `status` is of the upstream's answer, None where none was seen. `error` is why the answer
    ended early, as a sentence; empty where it did not.
    """
    whole, rest = divmod(round(seconds), _MINUTE)
    took = f"{seconds:.1f} s" if seconds < _MINUTE else f"{whole} min {rest} s"
    if error.startswith(CUT_OFF):
        return f"{CUT_OFF} after {took}{error.removeprefix(CUT_OFF)}"
    why = error.rstrip(".") or _failure(status)
    if why:
        return f"failed after {took}: {why}"
    used = f", {tokens:,} token{'' if tokens == 1 else 's'}" if tokens is not None else ""
    return f"finished in {took}{used}"


def _failure(status: int | None) -> str:
    if status is None:
        return "no answer was seen"
    return f"the model API answered {status}" if status >= HTTPStatus.BAD_REQUEST else ""
