"""A misspelt name in an expression is told, though trying the expression would not reach it."""

from __future__ import annotations

import pytest

from policies.cel.expression import expression
from policies.cel.names import unknown_names

KNOWN = {"connection": "openai", "tools": [], "identity": {"email": "", "provenance": {"ref": ""}}}


@pytest.mark.parametrize(
    ("source", "unknown"),
    [
        ("connection == 'openai' || modell == 'x'", ["modell"]),
        ("identity.provenance.repo == 'x'", ["identity.provenance.repo"]),
        ("identity.emal == ''", ["identity.emal"]),
        ("tools.exists(t, t.startWith('sh'))", ["startWith()"]),
        ("lenght(tools) > 1", ["lenght()"]),
        ("tools.exists(t, u == 'sh')", ["u"]),
    ],
)
def test_what_nobody_knows_is_named(source: str, unknown: list[str]) -> None:
    assert list(unknown_names(source, KNOWN)) == unknown
    with pytest.raises(ValueError, match="is not known; the names known here are"):
        expression(source)


@pytest.mark.parametrize(
    "source",
    [
        "connection == 'modell' && true",
        'identity.email.endsWith("@acme.example") || identity.provenance.ref != r"\\d"',
        "tools.filter(t, t.startsWith('sh')).size() > 0",
        "tools.all(t, t in ['a', \"it's\"]) ? size(tools) > 1 : false",
        "'sh' in tools",
        "1u + 2u == 3u && 0x1F > 1 && 1.5e3 > 1.0",
    ],
)
def test_what_the_language_knows_is_left_alone(source: str) -> None:
    assert list(unknown_names(source, KNOWN)) == []
