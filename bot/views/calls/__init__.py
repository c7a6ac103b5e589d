"""Held tool calls, as people see, decide and change them."""
