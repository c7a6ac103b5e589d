from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from workstation.launch.environment import prepared
from workstation.launch.shells import Shell, lines_for
from workstation.tools.base import Start, Tool

if TYPE_CHECKING:
    from pathlib import Path

TOOL = Tool("tool", "Tool", ("openai",), lambda _, __, ___: Start({}), conflicting=("OLD", "URL"))
ODD = 'it\'s $HOME "`x`" \\ end'
START = Start({"URL": "http://a", "ODD": ODD}, ("-c", f'key="{ODD}"'))


def test_a_shell_reads_what_is_printed_as_it_is_meant(tmp_path: Path) -> None:
    program = tmp_path / "tool"
    program.write_text('#!/bin/sh\nprintf "%s|" "$@" "$URL" "$ODD" "${OLD-unset}"\n')
    program.chmod(0o700)
    lines = "\n".join(lines_for(Shell.SH, TOOL, START))
    done = subprocess.run(
        ["/bin/sh", "-c", f"{lines}\ntool own"],
        env={"PATH": f"{tmp_path}:/bin:/usr/bin", "OLD": "1", "URL": "elsewhere"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == f'-c|key="{ODD}"|own|http://a|{ODD}|unset|'


@pytest.mark.parametrize(
    ("shell", "lines"),
    [
        (
            Shell.FISH,
            [
                "set -e OLD",
                "set -gx URL 'http://a'",
                "set -gx ODD 'it\\'s $HOME \"`x`\" \\\\ end'",
            ],
        ),
        (
            Shell.POWERSHELL,
            [
                "Remove-Item Env:OLD -ErrorAction SilentlyContinue",
                "$env:URL = 'http://a'",
                "$env:ODD = 'it''s $HOME \"`x`\" \\ end'",
            ],
        ),
    ],
)
def test_other_shells_quote_in_their_own_way(shell: Shell, lines: list[str]) -> None:
    assert list(lines_for(shell, TOOL, START))[:3] == lines


def test_a_tool_gets_no_token_of_the_person_and_nothing_that_leads_past() -> None:
    given = {"PATH": "/bin", "OLD": "1", "URL": "", "ABEYANCE_TOKEN": "secret"}
    ready = prepared(TOOL, Start({"URL": "http://a"}), given)
    assert ready.variables == {"PATH": "/bin", "URL": "http://a"}
    assert ready.removed == ("OLD",)


def test_requests_to_this_machine_go_to_no_proxy() -> None:
    given = {"https_proxy": "http://proxy:3128", "no_proxy": "localhost, .acme.example"}
    listed = "localhost,.acme.example,127.0.0.1"
    assert prepared(TOOL, Start({}), given).variables == {
        "https_proxy": "http://proxy:3128",
        "no_proxy": listed,
        "NO_PROXY": listed,
    }
