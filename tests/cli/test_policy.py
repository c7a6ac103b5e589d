from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
KEY = "AKIAIOSFODNN7EXAMPLE"


def abeyance(*arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        input=said,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_shipped_catalog_is_valid_and_its_examples_do_what_they_say() -> None:
    checked = abeyance("policy", "check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "every example does what it says" in checked.stdout


def test_a_bad_catalog_is_told_with_file_line_and_field(tmp_path: Path) -> None:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "mine.yaml").write_text("- id: x\n  title: X\n  then: perhaps\n")
    checked = abeyance("policy", "check", str(tmp_path))
    assert checked.returncode == 2
    assert "mine.yaml:3" in checked.stderr
    assert "then" in checked.stderr
    assert "Traceback" not in checked.stderr


def test_an_example_that_does_not_fire_fails_the_check(tmp_path: Path) -> None:
    rule = {
        "id": "x",
        "title": "X",
        "on": "request",
        "when": {"prompt": {"words": ["kites"]}},
        "then": "deny",
        "risk": "low",
        "explain": "No.",
        "examples": {"match": ["boats"], "skip": ["kites"]},
    }
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "mine.yaml").write_text(json.dumps([rule]))
    checked = abeyance("policy", "check", str(tmp_path))
    assert checked.returncode == 1
    assert "boats" in checked.stdout
    assert "kites" in checked.stdout


@pytest.mark.parametrize("options", [(), ("--chunks", "1"), ("--chunks", "2")])
def test_text_is_masked_however_it_is_cut(options: tuple[str, ...]) -> None:
    masked = abeyance("policy", "mask", *options, said=f"my key is {KEY}, thanks\n")
    assert masked.stdout == "my key is [aws-access-key-id], thanks\n"


def test_lines_of_json_are_masked_one_by_one_with_their_findings() -> None:
    lines = [json.dumps({"text": f"a {KEY}"}), json.dumps({"text": "nothing"})]
    masked = abeyance("policy", "mask", "--jsonl", said="\n".join(lines) + "\n")
    first, second = map(json.loads, masked.stdout.splitlines())
    assert first["text"] == "a [aws-access-key-id]"
    assert first["findings"][0]["detector"] == "aws-access-key-id"
    assert second == {"text": "nothing", "findings": []}


def test_half_of_a_character_goes_through_as_it_came() -> None:
    masked = abeyance("policy", "mask", "--jsonl", said=r'{"text": "a\ud800b"}' + "\n")
    assert masked.returncode == 0, masked.stderr
    assert json.loads(masked.stdout) == {"text": "a\ud800b", "findings": []}


def test_a_line_that_is_no_such_json_is_named_and_loses_no_other() -> None:
    lines = ['{"text": "a"}', '{"words": "b"}', "no", '{"text": 5}', '{"text": "Grüße"}']
    masked = abeyance("policy", "mask", "--jsonl", said="\n".join(lines) + "\n")
    assert masked.returncode == 2
    assert "line 2 is not" in masked.stderr
    assert "3 of the lines could not be read" in masked.stderr
    first, *bad, last = map(json.loads, masked.stdout.splitlines())
    assert (first["text"], last["text"]) == ("a", "Grüße")
    assert [row["error"] for row in bad] == [f'line {n} is not {{"text": "…"}}' for n in (2, 3, 4)]


def explained(tmp_path: Path, prompt: str, *options: str) -> str:
    body = {"model": "gpt-5", "messages": [{"role": "user", "content": prompt}]}
    (tmp_path / "body.json").write_text(json.dumps(body))
    told = abeyance("policy", "explain", "--file", str(tmp_path / "body.json"), *options)
    assert told.returncode == 0, told.stderr
    return told.stdout


def test_a_request_is_explained_with_the_words_that_fired_and_no_secret(tmp_path: Path) -> None:
    told = explained(tmp_path, f"deploy to production with {KEY}")
    assert told.startswith("HOLD  openai · gpt-5")
    assert "● production-needs-a-manager (hold)" in told
    assert "/messages/0/content: deploy to «production» with [aws-access-key-id]" in told
    assert "«[aws-access-key-id]»" in told
    assert KEY not in told
    assert "no-private-keys" not in told
    assert "decided on: this passage, covered until unused for 1 h, 8 h at most" in told
    assert "/messages/0/content: a turn that a person typed" in told
    assert "○ no-private-keys (deny)" in explained(tmp_path, "hello", "--all")


@pytest.mark.parametrize(
    ("options", "verdict", "told"),
    [
        (["--as", "bo@acme.example", "--group", "sre"], "ALLOW", "✗ unless_groups: ['sre']"),
        (["--as", "bo@acme.example"], "DENY", "✓ unless_groups: ['sre']"),
        (["--model", "tiny-1"], "ALLOW", "✗ models: ['gpt-*']"),
    ],
)
def test_a_rule_that_nearly_fired_says_what_was_missing(
    tmp_path: Path, options: list[str], verdict: str, told: str
) -> None:
    rule = {
        "id": "kites",
        "title": "Kites",
        "on": "request",
        "when": {"unless_groups": ["sre"], "models": ["gpt-*"], "prompt": {"words": ["kites"]}},
        "then": "deny",
        "risk": "low",
        "explain": "No.",
        "examples": {"match": ["kites"], "skip": ["boats"]},
    }
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "mine.yaml").write_text(json.dumps([rule]))
    shown = explained(tmp_path, "fly kites", "--catalog", str(tmp_path), *options)
    assert shown.startswith(verdict)
    assert told in shown
    assert ("nearly fired: this does not hold" in shown) == (verdict == "ALLOW")


@pytest.mark.parametrize(
    ("when", "options"),
    [
        ({"methods": ["GET"]}, ["--method", "get"]),
        ({"paths": ["/v1/files/*"]}, ["--path", "/v1/files/7?x=1"]),
        ({"condition": "query == 'x=1'"}, ["--path", "/v1/files/7?x=1"]),
        ({"users": ["u-17"]}, ["--subject", "u-17"]),
        ({"condition": "identity.issuer == 'https://id'"}, ["--issuer", "https://id"]),
        ({"repositories": ["acme/*"]}, ["--repository", "acme/pay"]),
        ({"refs": ["refs/heads/*"]}, ["--repository", "a/b", "--ref", "refs/heads/main"]),
        ({"workflows": ["deploy"]}, ["--repository", "a/b", "--workflow", "deploy"]),
        (
            {"condition": "identity.provenance.actor == 'bo'"},
            ["--repository", "a/b", "--actor", "bo", "--commit", "c0ffee"],
        ),
        (
            {"times": {"zone": "Europe/Berlin", "days": ["fri"], "from": "22:00"}},
            ["--at", "2026-11-27T21:30Z"],
        ),
    ],
    ids=str,
)
def test_whatever_a_rule_can_ask_about_can_be_given(
    tmp_path: Path, when: dict[str, object], options: list[str]
) -> None:
    rule = {"id": "it", "title": "It", "on": "request", "when": when, "then": "deny"}
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "mine.yaml").write_text(json.dumps([rule | {"explain": "No."}]))
    catalog = ("--catalog", str(tmp_path))
    assert explained(tmp_path, "hello", *catalog, *options).startswith("DENY")
    assert explained(tmp_path, "hello", *catalog).startswith("ALLOW")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--file", "none.json"], "none.json cannot be read"),
        (["--at", "tonight"], "--at tonight: write date, time and zone"),
        (["--at", "2026-11-27T22:00"], "write date, time and zone"),
        (["--ref", "refs/heads/main"], "--ref is of a CI job: name its --repository"),
        (["--method", "FETCH"], "GET, POST, PUT"),
        (["--path", "/v1/../x"], "dot segments"),
        (["--wire", "x"], "There is no wire format x"),
    ],
)
def test_a_request_that_cannot_be_is_told(options: list[str], told: str) -> None:
    shown = abeyance("policy", "explain", *options)
    assert shown.returncode == 2
    assert told in shown.stderr


RULES = """
- id: removal
  title: Removal
  explain: No.
  on: response
  when: {tool_call: {name: ["@shell"], arguments: {regex: ['rm -rf'], paths: [command]}}}
  then: hold
  approval: {from: [managers]}
  examples: {match: [rm -rf x], skip: [{tool: Bash, arguments: {note: rm -rf}}]}
- id: keys
  title: Keys
  explain: No.
  on: response
  when: {tool_call: {arguments: {detectors: [aws-access-key-id]}}}
  then: mask
  examples: {match: [AKIAIOSFODNN7EXAMPLE], skip: [x]}
"""


def test_a_tool_call_is_explained(tmp_path: Path) -> None:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "mine.yaml").write_text(RULES)
    of_call = ("policy", "explain", "--catalog", str(tmp_path), "--tool", "Bash")
    arguments = json.dumps({"command": f"rm -rf x {KEY}"})
    explained = abeyance(*of_call, "--arguments", arguments)
    assert explained.returncode == 0, explained.stderr
    told = explained.stdout
    assert told.startswith('HOLD  openai · Bash {"command":"rm -rf x [aws-access-key-id]"}\n')
    assert "● removal (hold)" in told
    assert "✓ tool_call.name: ['@shell']" in told
    assert "tool call Bash, command: «rm -rf» x [aws-access-key-id]" in told
    assert "the tool and its exact arguments" in told
    assert 'sent on as: {"command":"rm -rf x [aws-access-key-id]"}' in told
    assert KEY not in told
    other = abeyance(*of_call[:-1], "Read", "--arguments", arguments, "--all").stdout
    assert "○ removal" in other or "◐ removal" in other
    assert "✗ tool_call.name: ['@shell']" in other


def test_arguments_without_a_tool_are_refused() -> None:
    explained = abeyance("policy", "explain", "--arguments", "{}")
    assert explained.returncode == 2
    assert "name the --tool, too" in explained.stderr
