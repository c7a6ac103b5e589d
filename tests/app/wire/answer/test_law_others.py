"""The law of an answer, for other formats: 25,000 cuts of each; a million in `make fuzz`."""

from __future__ import annotations

import pytest

from tests.app.wire.law import Format, prove
from tests.app.wire.law_others import FORMATS


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_however_an_answer_is_cut_each_text_is_what_brute_force_gives(form: Format) -> None:
    prove(form)
