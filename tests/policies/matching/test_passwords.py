"""A password goes wholly, whatever signs it is made of and however a language writes them."""

from __future__ import annotations

import json
import random
import shlex
import string
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import yaml

from policies.files.fields import DetectorKind
from policies.matching.masker import Masker
from policies.matching.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from policies.compiled_catalog import Catalog

EACH = 250
LONGEST_LEFT = 3


def _passwords(seed: int, without: str = "") -> list[str]:
    """Return passwords as generators make them: of all kinds, in any order."""
    rng = random.Random(seed)  # noqa: S311 - the same passwords in each run
    signs = "".join(ch for ch in string.punctuation if ch not in without)
    alphabet = string.ascii_letters + string.digits + signs * 2
    kinds = (string.ascii_uppercase, string.ascii_lowercase, string.digits, signs, signs)
    made = []
    for _ in range(EACH):
        picked = [*map(rng.choice, kinds), *rng.choices(alphabet, k=rng.randint(7, 19))]
        rng.shuffle(picked)
        made.append("".join(picked))
    return made


PLACES: dict[str, tuple[Callable[[str], str], str]] = {
    "double quotes": (lambda p: f"password = {json.dumps(p)}", ""),
    "a literal of Python": (lambda p: f"PASSWORD = {p!r}", ""),
    "JSON": (lambda p: json.dumps({"user": "dana", "db_password": p, "port": 5432}), ""),
    "JSON in a string of JSON": (lambda p: json.dumps(json.dumps({"password": p, "a": 1})), ""),
    "YAML": (lambda p: yaml.safe_dump({"db": {"password": p, "port": 5432}}, width=1000), ""),
    "YAML as people write it": (lambda p: f"db:\n  password: {p}\n  port: 5432\n", "\"'"),
    "an env file": (lambda p: f"USER=dana\nDB_PASSWORD={p}\nPORT=5432\n", "\"'"),
    "an env file, in quotes": (lambda p: f"DB_PASSWORD={shlex.quote(p)}\nPORT=5432\n", ""),
    "an option": (lambda p: f"deploy --user dana --password {shlex.quote(p)} --now", ""),
    "an option with a sign": (lambda p: f"deploy --db-password={shlex.quote(p)} --now", ""),
    "an address": (lambda p: f"psql postgres://dana:{quote(p, safe='')}@db.example/shop", ""),
    "an address as people write it": (lambda p: f"use amqp://dana:{p}@mq.example/", '/"'),
    "SQL": (lambda p: "ALTER USER dana PASSWORD '{}';".format(p.replace("'", "''")), ""),
}


def _left(secret: str, text: str) -> list[str]:
    runs = {secret[at : at + LONGEST_LEFT + 1] for at in range(len(secret) - LONGEST_LEFT)}
    return sorted(run for run in runs if run in text)


@pytest.mark.parametrize("place", PLACES)
def test_a_password_of_any_signs_goes_wholly(shipped: Catalog, place: str) -> None:
    written, without = PLACES[place]
    lost = []
    for password in _passwords(sum(map(ord, place)), without):
        text = written(password)
        inside = written("").strip()
        masked = shipped.mask(text)
        if any(run not in inside for run in _left(password, masked)):
            lost.append((text, masked))
    assert not lost, f"{len(lost)} of {EACH}: {lost[:12]}"


@pytest.mark.parametrize("place", PLACES)
def test_quotes_end_alike_in_a_stream_and_in_a_whole(shipped: Catalog, place: str) -> None:
    written, without = PLACES[place]
    plan = Plan(shipped.everything.targets)
    for password in _passwords(7, without)[:20]:
        text = written(password)
        whole = Masker(plan, lambda at: shipped.label(plan.targets[at]))
        expected = whole.feed(text) + whole.finish()
        masker = Masker(plan, lambda at: shipped.label(plan.targets[at]))
        assert "".join(map(masker.feed, text)) + masker.finish() == expected


BESIDE = {
    "postgres://app:falcon-92@db.example.com/a": "postgres://app:[url-password]@db.example.com/a",
    "redis://:falcon-92@cache:6379/0": "redis://:[url-password]@cache:6379/0",
    "amqp://app:fal@con-92@mq.example/": "amqp://app:[url-password]@mq.example/",
    "sqlplus scott/falcon92@XE": "sqlplus scott/[oracle-password]@XE",
    'CREATE USER a IDENTIFIED BY "falcon-92"': 'CREATE USER a IDENTIFIED BY "[sql-password]"',
    "CREATE USER a IDENTIFIED BY 'falcon-92'": "CREATE USER a IDENTIFIED BY '[sql-password]'",
    "a:\n    CREATE LOGIN etl WITH PASSWORD = N'Rocket-44';": (
        "a:\n    CREATE LOGIN etl WITH PASSWORD = N'[sql-password]';"
    ),
    "10:12:31 a | auth-user-pass>\n10:12:31 a | vpn\n10:12:31 a | A06EgASqxuJn\n10:12:31 a |": (
        "10:12:31 a | auth-user-pass>\n10:12:31 a | vpn\n"
        "10:12:31 a | [command-line-password]\n10:12:31 a |"
    ),
    "see http://localhost:8080": "see http://localhost:8080",
}


@pytest.mark.parametrize(("text", "expected"), BESIDE.items())
def test_what_ends_a_password_is_not_masked(shipped: Catalog, text: str, expected: str) -> None:
    assert shipped.mask(text) == expected
    secrets = [d.target for d in shipped.detectors if d.kind is DetectorKind.SECRET]
    assert shipped.finder(secrets).mask(text, shipped.label) == expected
    plan = Plan(shipped.everything.targets)
    masker = Masker(plan, lambda at: shipped.label(plan.targets[at]))
    assert "".join(map(masker.feed, text)) + masker.finish() == expected


PHRASES = [
    'ADMIN_PASSWORD="kettle river biscuit falcon"',
    '{"password": "thunder mango copper harbor"}',
    "password: 'olive tractor 42 window'",
    'db.setPassword("silver pocket lemon tiger")',
    "unlock --passphrase 'meadow cactus ribbon stone'",
    "passphrase = `amber violin cloud ladder`",
]
TALK = [
    'password: "Enter the new password again"',
    'password = "The passwords do not match."',
    '"password": "Mot de passe"',
    '"passwordHint": "at least eight letters and a digit"',
    "password: 'Bitte geben Sie Ihr Passwort ein'",
    'password: "{type: String, required: true}"',
    'password="Forgot your password?" class="x"',
]


@pytest.mark.parametrize("text", PHRASES)
def test_a_passphrase_with_blanks_goes_wholly(shipped: Catalog, text: str) -> None:
    masked = shipped.mask(text)
    assert "[" in masked
    assert not any(
        word in masked for word in ("river", "mango", "tractor", "lemon", "cactus", "cloud")
    )


@pytest.mark.parametrize("text", TALK)
def test_what_is_said_of_a_password_stays(shipped: Catalog, text: str) -> None:
    assert shipped.mask(text) == text
