from __future__ import annotations

import math

import pytest

from app.domain.connection import Connection, CredentialScheme, Waiting
from app.domain.segment import Facts, Prompt
from proxy.calls.watching import held_for
from proxy.holds.waiting import WaitMode, patience_of, pulse_of, waiting_mode

STREAM, ORDINARY = Prompt((), "m", streamed=True), Prompt((), "m")
GEMINI = "v1beta/models/g:streamGenerateContent"


def facts(prompt: Prompt, path: str = "v1/chat/completions", query: str = "") -> Facts:
    return Facts("c", "POST", path, query, prompt, 0)


def connection(waiting: Waiting = Waiting.AUTO, patience: float = 0.0) -> Connection:
    return Connection(
        "c", "https://c.example", CredentialScheme.BEARER, b"", "auto", waiting, patience
    )


@pytest.mark.parametrize(
    ("waiting", "prefer", "prompt", "mode"),
    [
        (Waiting.AUTO, "", ORDINARY, WaitMode.SILENT),
        (Waiting.AUTO, "", STREAM, WaitMode.KEEP_ALIVE),
        (Waiting.AUTO, "handling=lenient, Respond-Async", STREAM, WaitMode.ASYNC),
        (Waiting.AUTO, "respond-async; wait=10", ORDINARY, WaitMode.ASYNC),
        (Waiting.AUTO, "respond-asynchronously", ORDINARY, WaitMode.SILENT),
        (Waiting.AUTO, "wait=30", STREAM, WaitMode.KEEP_ALIVE),
        (Waiting.AUTO, "wait=0", STREAM, WaitMode.SILENT),
        (Waiting.SILENT, "", STREAM, WaitMode.SILENT),
        (Waiting.SILENT, "respond-async", STREAM, WaitMode.ASYNC),
        (Waiting.ASYNC, "", ORDINARY, WaitMode.ASYNC),
        (Waiting.ASYNC, "", STREAM, WaitMode.ASYNC),
    ],
)
def test_a_caller_waits_as_it_prefers_and_else_as_its_connection_says(
    waiting: Waiting, prefer: str, prompt: Prompt, mode: WaitMode
) -> None:
    assert waiting_mode((("prefer", prefer),), facts(prompt), connection(waiting)) is mode


@pytest.mark.parametrize(
    ("query", "mode"), [("alt=sse", WaitMode.KEEP_ALIVE), ("", WaitMode.SILENT)]
)
def test_only_a_stream_of_events_is_begun_before_its_answer(query: str, mode: WaitMode) -> None:
    assert waiting_mode((), facts(STREAM, GEMINI, query), connection()) is mode


@pytest.mark.parametrize(
    "name", ["x-stainless-read-timeout", "x-stainless-timeout", "x-server-timeout"]
)
@pytest.mark.parametrize(
    ("stainless", "prefer", "patience", "seconds"),
    [
        ("", "", 0.0, None),
        ("600", "", 0.0, 540.0),
        ("600", "wait=30", 0.0, 30.0),
        ("600", "wait = 30", 55.0, 30.0),
        ("", "wait=300", 55.0, 55.0),
        ("10", "", 55.0, 9.0),
        ("inf", "wait=nan", 0.0, None),
        ("-1", "wait=-1, wait=x", 0.0, None),
        ("0", "", 0.0, None),
        ("600", "wait=0", 55.0, 0.0),
    ],
)
def test_the_shortest_patience_counts(
    name: str, stainless: str, prefer: str, patience: float, seconds: float | None
) -> None:
    headers = ((name, stainless), ("prefer", prefer))
    assert patience_of(headers, connection(patience=patience), WaitMode.SILENT) == seconds


def test_on_a_stream_that_is_kept_alive_only_a_stated_preference_counts() -> None:
    announced = (("x-stainless-read-timeout", "10"),)
    stated = (*announced, ("prefer", "wait=30"))
    assert patience_of(announced, connection(patience=5), WaitMode.KEEP_ALIVE) is None
    assert patience_of(stated, connection(patience=5), WaitMode.KEEP_ALIVE) == 30
    # Google's is for the whole answer.
    whole = (("x-server-timeout", "10"),)
    assert patience_of(whole, connection(patience=5), WaitMode.KEEP_ALIVE) == 9


@pytest.mark.parametrize("mode", [WaitMode.KEEP_ALIVE, WaitMode.SILENT])
def test_a_call_is_held_in_one_answer_for_nine_minutes_or_for_what_the_caller_says(
    mode: WaitMode,
) -> None:
    assert held_for((), connection(), mode) == 540
    assert held_for((("prefer", "wait=900"),), connection(), mode) == 540
    assert held_for((("prefer", "wait=1"),), connection(), mode) == 1
    announced = (("x-stainless-timeout", "100"),)
    assert held_for(announced, connection(), mode) == (90 if mode is WaitMode.SILENT else 540)


@pytest.mark.parametrize(
    ("announced", "seconds"),
    [("", 10), ("600", 10), ("6", 2), ("0.001", 0.5), ("0", 10), ("-1", 10), ("nan", 10)],
)
def test_a_client_gets_signs_of_life_before_its_own_timeout(announced: str, seconds: float) -> None:
    assert pulse_of((("x-stainless-timeout", announced),), 10) == seconds


def test_a_gateway_that_gives_them_more_often_does_so_to_all() -> None:
    assert pulse_of((("x-stainless-timeout", "600"),), 0.2) == 0.2
    assert pulse_of((), 0.2, WaitMode.SILENT) == math.inf
    assert pulse_of((("x-stainless-timeout", "0.1"),), 0.2) == 0.2
