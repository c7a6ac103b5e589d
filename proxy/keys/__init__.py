"""Credentials of the gateway's own: keys for tools that can hold nothing else, and sessions."""
