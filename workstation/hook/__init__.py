"""`abeyance hook`: the gateway's verdict on what an agent is about to do, in the agent's words.

Cursor, Claude Code and Codex start it for each prompt and each tool call. It has to begin fast and
runs thousands of times a day, so everything that it imports is the standard library.
"""
