"""The known tools of agents, in groups, so that a rule is written once for all clients.

Names differ in case only by chance, so case does not count. Sources, as of 2026:

- Claude Code: code.claude.com/docs/en/tools-reference, and the API's own tools of the same kind:
  platform.claude.com/docs/en/agents-and-tools/tool-use
- Codex: github.com/openai/codex, codex-rs/core/src/tools
- Gemini CLI: github.com/google-gemini/gemini-cli, docs/tools
- opencode: opencode.ai/docs/tools
- Cursor: cursor.com/docs/agent/tools names no identifiers; these are what its agent calls
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.glob import any_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MCP = "@mcp"

GROUPS: dict[str, dict[str, tuple[str, ...]]] = {
    "@shell": {
        "Claude Code": ("Bash", "PowerShell", "Monitor", "bash_code_execution"),
        "Codex": (
            *("shell", "shell_command", "local_shell", "container.exec", "exec_command"),
            *("write_stdin", "unified_exec", "exec", "js_repl"),
        ),
        "Gemini CLI": ("run_shell_command",),
        "opencode": ("bash",),
        "Cursor": ("run_terminal_cmd", "run_terminal_command*", "Shell", "write_shell_stdin"),
    },
    "@write": {
        "Claude Code": (
            *("Write", "Edit", "MultiEdit", "NotebookEdit"),
            *("str_replace_based_edit_tool", "str_replace_editor"),
        ),
        "Codex": ("apply_patch",),
        "Gemini CLI": ("write_file", "replace"),
        "opencode": ("write", "edit", "multiedit", "patch", "apply_patch"),
        "Cursor": (
            *("edit_file*", "search_replace", "StrReplace", "Write", "delete_file", "Delete"),
            *("edit_notebook", "reapply", "apply_agent_diff"),
        ),
    },
    "@read": {
        "Claude Code": (
            "Read",
            "NotebookRead",
            "Grep",
            "Glob",
            "LS",
            "str_replace_based_edit_tool",
        ),
        "Codex": ("read_file", "list_dir", "grep_files", "view_image"),
        "Gemini CLI": (
            *("read_file", "read_many_files", "list_directory", "glob"),
            *("search_file_content", "grep_search"),
        ),
        "opencode": ("read", "grep", "glob", "list"),
        "Cursor": (
            *("read_file*", "list_dir*", "grep", "grep_search", "codebase_search", "file_search"),
            *("glob_file_search", "ripgrep*"),
        ),
    },
    "@network": {
        "Claude Code": ("WebFetch", "WebSearch", "web_fetch", "web_search"),
        "Codex": ("web_search",),
        "Gemini CLI": ("web_fetch", "google_web_search"),
        "opencode": ("webfetch", "websearch", "codesearch"),
        "Cursor": ("web_search", "WebSearch", "WebFetch", "fetch_pull_request"),
    },
    MCP: {
        "Claude Code": ("mcp__*", "ReadMcpResourceTool"),
        "Codex": ("mcp__*", "read_mcp_resource"),
        "Gemini CLI": ("mcp_*",),
        "Cursor": ("mcp_*", "MCP:*", "CallMcpTool", "call_mcp_tool", "FetchMcpResource"),
    },
}
"""For each group, what each client calls its tools. opencode names a tool of MCP by its server
(`github_create_issue`), so no group can know it: name the server."""


def members(names: Iterable[str]) -> list[str]:
    """Return names with each group in them replaced by the names of its tools."""
    found: dict[str, None] = {}
    for name in names:
        clients = GROUPS.get(name)
        tools = (tool for group in clients.values() for tool in group) if clients else (name,)
        found |= dict.fromkeys(tools)
    return list(found)


def fits(names: Sequence[str] | None) -> Callable[[str], bool]:
    """Return whether a tool has one of the names; None: any tool.

    In the name of a tool a slash parts nothing: `*` is any characters.
    """
    if names is None:
        return lambda _tool: True
    return any_of([_whole(name) for name in members(names)])


def _whole(name: str) -> str:
    return name.replace("**", "*").replace("*", "**")
