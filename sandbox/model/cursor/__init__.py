"""Cursor's Cloud Agents API, versions 1 and 0, as its official SDKs call it."""
