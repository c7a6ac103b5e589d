"""Cursor's cloud agents: whose they are, and what leads past the gateway."""
