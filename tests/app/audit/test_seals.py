"""The canonical JSON of an entry of the ledger."""

from __future__ import annotations

from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from app.audit.seals import canonical

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
_VALUES = st.recursive(
    _TEXTS | st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans() | st.floats(-1e9, 1e9),
    lambda inner: st.dictionaries(_TEXTS, inner) | st.lists(inner),
    max_leaves=10,
)


@given(st.dictionaries(_TEXTS, _VALUES))
def test_an_entry_is_written_as_rfc_8785_says(entry: dict[str, Any]) -> None:
    assert canonical(entry) == rfc8785.dumps(entry)


@pytest.mark.parametrize(
    "entry",
    [
        {"\U0001f600": 1, "\ufb33": 2},  # in UTF-16 the first is the lower one
        {"data": {"a": "".join(map(chr, range(300))), "A": "\u2028\u2029"}},
        {"data": {"n": 0.5, "whole": 1.0, "yes": True}},
    ],
    ids=["order", "escapes", "numbers"],
)
def test_what_two_encoders_write_differently_is_written_as_rfc_8785_says(
    entry: dict[str, Any],
) -> None:
    assert canonical(entry) == rfc8785.dumps(entry)


@pytest.mark.parametrize("entry", [{"n": 2**53}, {"half": "\ud800"}], ids=["large", "half"])
def test_what_has_no_canonical_form_is_refused(entry: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        canonical(entry)
