from __future__ import annotations

import pytest

from app.errors import BadRequest, MethodNotAllowed
from proxy.front import Headers, check_front, stated_reason

GOOD: Headers = (("host", "gw"), ("content-type", "application/json"), ("content-length", "2"))


@pytest.mark.parametrize(
    "target", ["/openai/v1/chat/completions", "/cursor/v0/agents/bc_1", "/gemini/v1/m:generate"]
)
def test_an_ordinary_request_passes(target: str) -> None:
    check_front("POST", target, "", GOOD)


@pytest.mark.parametrize(
    "target",
    [
        "/openai/v1/../admin",
        "/openai/..",
        "/openai/./v1",
        "/openai//v1",
        "//openai/v1",
        "/openai/%2e%2e/admin",
        "/openai/v1%2fadmin",
        "/openai/v1%5cadmin",
        "/openai/%252e%252e/admin",
        "/openai/v1%00",
        "/openai/v1%0d%0ax",
        "/openai/v1\\admin",
        "/openai/v1 x",
        "http://elsewhere.example/openai/v1",
        "openai/v1",
        "*",
        "/openai/" + "a" * 5000,
    ],
)
def test_a_path_that_reads_two_ways_is_refused(target: str) -> None:
    with pytest.raises(BadRequest):
        check_front("POST", target, "", GOOD)


@pytest.mark.parametrize(
    "more",
    [
        (("transfer-encoding", "chunked"),),
        (("content-type", "text/plain"),),
        (("content-length", "3"),),
        (("x-much", "a" * 70_000),),
    ],
    ids=lambda more: more[0][0],
)
def test_headers_that_a_smuggler_needs_are_refused(more: Headers) -> None:
    with pytest.raises(BadRequest):
        check_front("POST", "/openai/v1", "", (*GOOD, *more))


@pytest.mark.parametrize("encoding", ["xchunked", "gzip, chunked", "identity"])
def test_an_odd_transfer_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(BadRequest):
        check_front("POST", "/openai/v1", "", (("transfer-encoding", encoding),))


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "OPTIONS", "HEAD", "get", "BREW"])
def test_a_method_that_is_not_served_is_refused(method: str) -> None:
    with pytest.raises(MethodNotAllowed):
        check_front(method, "/openai/v1", "", GOOD)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("hotfix for INC-4711", "hotfix for INC-4711"),
        ("für Müller".encode().decode("latin-1"), "für Müller"),
        ("障害対応".encode().decode("latin-1"), "障害対応"),
        ("UTF-8''f%C3%BCr%20M%C3%BCller", "für Müller"),
        ("50% of %41", "50% of %41"),
    ],
)
def test_a_reason_may_be_stated_in_any_language(sent: str, read: str) -> None:
    headers = (*GOOD, ("abeyance-reason", sent))
    check_front("POST", "/openai/v1/chat", "", headers)
    assert stated_reason(headers) == read


@pytest.mark.parametrize("sent", ["f\xfcr", "UTF-8''f%FCr"])
def test_a_reason_in_another_encoding_is_refused_with_the_way_to_send_it(sent: str) -> None:
    with pytest.raises(BadRequest, match="is not UTF-8"):
        stated_reason((("abeyance-reason", sent),))


@pytest.mark.parametrize("sent", ["why " * 500, "UTF-8''" + "w%20" * 500], ids=["plain", "encoded"])
def test_a_reason_that_nobody_would_read_to_its_end_is_cut(sent: str) -> None:
    assert len(stated_reason((("abeyance-reason", sent),))) == 500
