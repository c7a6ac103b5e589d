"""Deciding on the terminal: for `abeyance hold`, when Slack itself is down."""
