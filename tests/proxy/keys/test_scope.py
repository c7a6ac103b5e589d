from __future__ import annotations

import pytest

from app.domain.issued import Scope
from app.errors import NotPermitted
from proxy.http.models import models_named
from proxy.keys.scope import check_connection, check_models

LIMITED = Scope(("openai",), ("gpt-5*", "o4-mini"))


def test_a_key_is_for_its_connections() -> None:
    check_connection(LIMITED, "openai")
    check_connection(Scope(), "anthropic")
    with pytest.raises(
        NotPermitted, match="This key is for openai only, not for the connection an"
    ):
        check_connection(LIMITED, "anthropic")


@pytest.mark.parametrize(
    ("path", "query", "body", "named"),
    [
        ("v1/chat/completions", "", {"model": "gpt-5"}, {"gpt-5"}),
        ("v1/chat/completions", "", {"model": "a", "models": ["b", "c"]}, {"a", "b", "c"}),
        ("v1/x", "", {"model": "a", "fallbacks": [{"model": "b"}, "c"]}, {"a", "b", "c"}),
        ("v1/responses", "", {"model": "a", "tools": [{"model": "b"}]}, {"a", "b"}),
        ("v1/agents", "", {"model": {"id": "a"}}, {"a"}),
        ("v1/messages/batches", "", {"requests": [{"params": {"model": "a"}}]}, {"a"}),
        ("v1/realtime", "model=a", {"session": {"model": "b"}}, {"a", "b"}),
        ("v1beta/models/a:generateContent", "", {"model": "models/b"}, {"a", "models/b"}),
        ("v1beta/Models/a%20b:streamGenerateContent", "", {}, {"a b"}),
        ("openai/deployments/a/chat/completions", "", {"model": "b"}, {"a", "b"}),
        ("v1/publishers/google/models/a:predict", "", None, {"a"}),
        # What a person or a tool says of models names none.
        ("v1/messages", "", {"messages": [{"content": [{"input": {"model": "T"}}]}]}, set()),
        ("v1/models", "", None, set()),
    ],
)
def test_a_request_names_models_in_many_places(
    path: str, query: str, body: object, named: set[str]
) -> None:
    assert models_named(path, query, body) == named  # type: ignore[arg-type]


@pytest.mark.parametrize("models", [["gpt-5"], ["gpt-5-mini", "o4-mini"], ["", "o4-mini"]])
def test_a_key_is_for_its_models(models: list[str]) -> None:
    check_models(LIMITED, "POST", "v1/responses", models)


@pytest.mark.parametrize(
    ("models", "why"),
    [
        (["gpt-4"], "for gpt-5\\* or o4-mini only, not for the model gpt-4"),
        (["gpt-5", "gpt-4"], "not for the model gpt-4"),
        ([], "this request names no model"),
        ([""], "this request names no model"),
    ],
)
def test_a_key_is_for_no_other_models_and_for_nothing_without_one(
    models: list[str], why: str
) -> None:
    with pytest.raises(NotPermitted, match=why):
        check_models(LIMITED, "POST", "v1/files", models)


def test_a_list_of_models_is_open_to_a_key_with_models() -> None:
    check_models(LIMITED, "GET", "v1/models", [])
    with pytest.raises(NotPermitted):
        check_models(LIMITED, "POST", "v1/models", [])
    with pytest.raises(NotPermitted):
        check_models(LIMITED, "GET", "v1/files", [])


def test_a_key_without_models_is_for_all_of_them() -> None:
    check_models(Scope(("openai",)), "POST", "v1/files", [])
