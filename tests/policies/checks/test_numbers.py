"""Numbers that are given out pass, and the same with another digit do not."""

from __future__ import annotations

from importlib import import_module
from random import Random
from typing import TYPE_CHECKING

import pytest
import yaml

from policies.checks.national import NATIONAL
from policies.checks.published import guarded, iban
from policies.checks.validators import build
from policies.loader import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator

# What the issuing offices, or their standards, publish as samples, or what follows their rules.
NUMBERS = {
    "ar-tax": "20-35992783-6",
    "au-medicare": "5441 85140 4",
    "cn-resident": "11010519491231002X",
    "de-pension": "82 221204 D 513",
    "hk-identity": "P835847(1)",
    "hu-health": "184 779 468",
    "hu-tax": "8507981070",
    "identity-card-lines": "0101284M3302211D<<<<<<<<<<<<<6",
    "identity-document": "TMYXV6CXT5",
    "machine-readable": "TMYXV6CXT5",
    "no-identity": "01019098415",
    "nz-tax": "122-759-180",
    "passport-lines": "3463321802POL6003302M2708126<<<<<<<<<<<<<<00",
    "ru-insurance": "189-548-472 44",
    "se-personal": "19811218-9876",
    "sg-identity": "S1234567D",
    "stdnum:at.vnr": "8295181174",
    "stdnum:au.abn": "98 918 205 930",
    "stdnum:au.tfn": "123456782",
    "stdnum:be.ssn": "85.07.30-033.28",
    "stdnum:bg.egn": "9201243360",
    "stdnum:br.cnpj": "11.222.333/0001-81",
    "stdnum:br.cpf": "529.982.247-25",
    "stdnum:ch.ssn": "756.9217.0769.85",
    "stdnum:cl.rut": "14.956.095-5",
    "stdnum:co.nit": "808.586.913-5",
    "stdnum:cz.rc": "590120/4771",
    "stdnum:de.idnr": "24170586492",
    "stdnum:dk.cpr": "170542-1260",
    "stdnum:ee.ik|lt.asmens": "49403136515",
    "stdnum:es.dni|es.nie": "12345678Z",
    "stdnum:fi.hetu": "131052-308T",
    "stdnum:fr.nir": "185057800604137",
    "stdnum:fr.siren|fr.siret": "746 919 661 00114",
    "stdnum:gb.nhs": "6091390996",
    "stdnum:gb.utr": "14323 68223",
    "stdnum:gr.amka": "11107279843",
    "stdnum:gr.vat": "179414770",
    "stdnum:hr.oib": "24650917878",
    "stdnum:ie.pps": "0795381E",
    "stdnum:il.idnr": "154928220",
    "stdnum:in_.aadhaar": "602067970168",
    "stdnum:in_.gstin": "05TOYCF6301F1Z9",
    "stdnum:is_.kennitala": "070543-8699",
    "stdnum:it.codicefiscale": "RSSMRA85T10A562S",
    "stdnum:jp.in_": "7307 4848 3525",
    "stdnum:kr.rrn": "850730-1002390",
    "stdnum:lv.pvn": "261197-18075",
    "stdnum:mx.rfc": "HUPS600622AG9",
    "stdnum:my.nric": "860324-09-1717",
    "stdnum:nl.bsn": "111222333",
    "stdnum:pl.nip": "683-614-36-49",
    "stdnum:pl.pesel": "44051401359",
    "stdnum:pt.nif": "123456789",
    "stdnum:ro.cnp": "2870102031806",
    "stdnum:ru.inn": "660495360248",
    "stdnum:si.emso": "0401968500699",
    "stdnum:th.pin": "2-4561-12158-98-4",
    "stdnum:tr.tckimlik": "10000000146",
    "stdnum:ua.rntrc": "2915472833",
    "stdnum:us.rtn": "021000021",
    "stdnum:us.ssn": "536-90-4399",
    "stdnum:za.idnr": "8001015009087",
    "tw-identity": "T137087574",
    "us-prescriber": "AE7222920",
    "uy-identity": "5.963.748-4",
    "vehicle": "1M8GDM9AXKP042788",
}
WITHOUT_CHECK_DIGIT = {"stdnum:dk.cpr", "stdnum:mx.rfc", "stdnum:my.nric", "stdnum:us.ssn"}


def holds(name: str, text: str) -> bool:
    check = build([name])
    assert check is not None
    return check(text)


def test_each_check_of_a_number_has_a_sample() -> None:
    detectors = yaml.safe_load((SHIPPED / "detectors/national-numbers.yaml").read_text("utf-8"))
    used = {check for each in detectors["detectors"] for check in each.get("checks", [])}
    assert {name for name in used if name.startswith("stdnum:")} | set(NATIONAL) <= {
        *NUMBERS,
        "kz-person",
    }


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_right_and_with_another_digit_wrong(name: str) -> None:
    number = NUMBERS[name]
    assert holds(name, number)
    at = next(place for place in range(len(number) - 2, 0, -1) if number[place].isdigit())
    others = [digit for digit in "0123456789" if digit != number[at]]
    changed = [number[:at] + digit + number[at + 1 :] for digit in others]
    taken = sum(holds(name, text) for text in changed)
    assert taken <= 1 or name in WITHOUT_CHECK_DIGIT


def varied(sample: str) -> Iterator[str]:
    """Make numbers of the form of a sample: some of its digits by chance, each last one."""
    chance = Random(sample)  # noqa: S311 - the same each time
    places = [at for at, ch in enumerate(sample) if ch.isdigit()]
    for _ in range(1000):
        number = list(sample)
        for at in (*chance.sample(places, chance.randint(1, 4)), places[-1]):
            number[at] = chance.choice("0123456789")
        yield "".join(number)


LAXER = {
    "no-identity": "no.fodselsnummer",
    "nz-tax": "nz.ird",
    "se-personal": "se.personnummer",
    "cn-resident": "cn.ric",
}
"""Ours also take what the library lacks: patients, newer numbers, who is not registered, places."""
STRICTER = {"ar-tax": "ar.cuit"}


@pytest.mark.parametrize("name", [*LAXER, *STRICTER])
def test_a_check_of_ours_differs_from_the_library_only_where_it_says_so(name: str) -> None:
    library = guarded(import_module(f"stdnum.{(LAXER | STRICTER)[name]}").is_valid)
    found = [
        (holds(name, text), library(text))
        for text in varied(NUMBERS[name])
        # Of which kind a number is, its detector's pattern tells.
        if name in LAXER or text.startswith(NUMBERS[name][:2])
    ]
    assert (True, True) in found
    assert ((False, True) if name in LAXER else (True, False)) not in found


@pytest.mark.parametrize("name", [name for name in NUMBERS if name.startswith("stdnum:")])
def test_a_check_by_the_library_is_the_librarys_and_raises_nothing(name: str) -> None:
    rules = [import_module(f"stdnum.{rule}") for rule in name.partition(":")[2].split("|")]
    plain = NUMBERS[name].translate(str.maketrans("", "", " ./()"))
    for text in varied(plain):
        expected = any(guarded(rule.is_valid)(text) for rule in rules)
        alike = len({ch for ch in text if ch.isdigit()}) == 1
        assert holds(name, text) == (expected and not alike), text
    for odd in ("", "x", "9" * 40, "\u0663" * len(plain), plain[:-1], f"{plain}0", "-", "\0"):
        assert holds(name, odd) in {True, False}


@pytest.mark.parametrize(
    ("name", "text", "right"),
    [
        ("stdnum:us.ssn", "000-09-9999", False),
        ("stdnum:us.ssn", "666-09-9999", False),
        ("stdnum:us.ssn", "900-09-9999", False),
        ("stdnum:dk.cpr", "310242-1260", False),
        ("stdnum:my.nric", "860324-00-1717", False),
        ("stdnum:gb.nhs", "000 000 0000", False),
        ("stdnum:us.ssn", "536 90 4399", True),
        ("stdnum:es.dni|es.nie", "12.345.678-Z", True),
        ("stdnum:nl.bsn", "1112.22.333", True),
        ("stdnum:es.dni|es.nie", "X-1234567-L", True),
        ("stdnum:ee.ik|lt.asmens", "33309240064", True),
        ("stdnum:fi.hetu", "131052A308T", True),
        ("kz-person", "550711318567", True),
        ("kz-person", "550711318568", False),
        ("stdnum:us.ssn", "219-09-9999", False),
        ("no-identity", "90596024520", True),
        ("se-personal", "811278-9873", True),
        ("cn-resident", "11010519491331002X", False),
        ("cn-resident", "not a number", False),
        ("stdnum:cn.ric", "350358197809181073", False),
    ],
)
def test_whose_number_it_may_be(name: str, text: str, *, right: bool) -> None:
    assert holds(name, text) == right


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("GB82 WEST 1234 5698 7654 32", True),
        ("GB82 WEST 1234 5698 7654 33", False),
        ("DL58IG4A OPOY IICDXJ7", False),
        ("DE25 3704 0044 0532 01", False),
        ("MA64 0115 1900 0001 2050 0053 4921", True),
        ("MA65 0115 1900 0001 2050 0053 4921", False),
        ("ES91 2100 0418 4502 0005 1332", True),
        ("", False),
    ],
)
def test_an_iban_has_the_form_of_its_country(text: str, *, right: bool) -> None:
    assert iban(text) == right


@pytest.mark.parametrize("name", ["nl.nothing", "nowhere.bsn", "util", "", "../os"])
def test_a_rule_that_the_library_lacks_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no check"):
        build([f"stdnum:{name}"])
