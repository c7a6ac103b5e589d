"""Answers with tool calls in them, as the providers send them, good and odd."""
