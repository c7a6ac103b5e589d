"""Check digits by python-stdnum, which keeps the published rules of some two hundred numbers."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING

from stdnum.iban import is_valid as has_form_of_its_country
from stdnum.iso7064 import mod_97_10

if TYPE_CHECKING:
    from collections.abc import Callable

    Check = Callable[[str], bool]

_PARTED_BY = str.maketrans("", "", " ./()")
"""Not the hyphen: in Finland it tells the century, elsewhere the modules let go of it."""
# Countries that give out IBANs without a place in SWIFT's registry, which the library has.
_UNREGISTERED = re.compile("AO|B[FJ]|C[FGIMV]|DZ|G[AQW]|IR|KM|M[AGLZ]|NE|SN|T[DG]")


def guarded(check: Check) -> Check:
    """Return the check that is False where the given one fails, on what it did not expect."""

    def holds(text: str) -> bool:
        try:
            return check(text)
        except Exception:  # noqa: BLE001 - a rule of others may raise anything
            return False

    return holds


def published(names: str) -> Check:
    """Return a check that one of the modules takes a number, such as `ee.ik|lt.asmens`.

    Raises ValueError for a module that `stdnum` does not have.
    """
    rules = [guarded(_rule(name)) for name in names.split("|")]

    def check(text: str) -> bool:
        plain = text.translate(_PARTED_BY)
        alike = len({ch for ch in plain if ch.isdigit()}) == 1
        return not alike and any(rule(plain) for rule in rules)

    return check


def _rule(name: str) -> Check:
    try:
        rule: Check = import_module(f"stdnum.{name}").is_valid
    except (ImportError, AttributeError):
        raise ValueError(f"python-stdnum has no check {name!r}") from None
    return rule


@guarded
def iban(text: str) -> bool:
    """Check an IBAN (ISO 13616) and, where it is registered, the form that its country gives it."""
    plain = "".join(filter(str.isalnum, text)).upper()
    if _UNREGISTERED.match(plain):
        return mod_97_10.is_valid(plain[4:] + plain[:4])
    return has_form_of_its_country(plain, check_country=False)
