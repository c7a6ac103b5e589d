"""Slack itself: its API, sockets, webhook, blocks and limits."""
